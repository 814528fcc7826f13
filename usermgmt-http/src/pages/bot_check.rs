//! The bot check on a page.

use minijinja::context;
use minijinja::value::Value;
use usermgmt_service::core::port::{BotPurpose, BotScript, BotWidget};

use crate::problem::Problem;
use crate::serve::Context;

/// What the template needs, and the widget; `None` if the check is not asked for here. By risk, a refusal says that it
/// is.
pub(super) fn on_page<'a>(
    context: &'a Context<'_>,
    purpose: BotPurpose,
    problem: Option<&Problem>,
) -> Option<(Value, &'a BotWidget)> {
    let was_asked = problem.is_some_and(|problem| problem.code.starts_with("bot_check_"));
    let (auth, client) = (context.auth, &context.client);
    let expected = auth.expected_bot_check(client, purpose);
    let widget = expected.or_else(|| auth.bot_check(purpose).filter(|_| was_asked))?;
    let at = |script: &str| context.path(&format!("/bot-check/{script}"));
    let (is_own, script) = match &widget.script {
        BotScript::Own(name) => (true, at(name)),
        BotScript::At(url) => (false, url.clone()),
    };
    let worker = widget.own.iter().map(|(name, _)| at(name)).find(|path| *path != script);
    let shown = context! {
        is_own,
        script,
        worker,
        challenge => context.path(&format!("/bot-check?purpose={}", purpose.as_str())),
        purpose => purpose.as_str(),
        class => widget.class,
        attributes => widget.attributes.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect::<Vec<_>>(),
    };
    Some((shown, widget))
}
