//! Pages: rendered on the server, with no script but where a check or a passkey needs one and a few lines against forms
//! that are sent twice; texts from the catalogue, every value escaped by the engine.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use http::StatusCode;
use minijinja::context;
use minijinja::value::{Kwargs, Value};
use usermgmt_service::core::port::BotPurpose;
use usermgmt_service::core::secret::{Bearer, BearerKind};
use usermgmt_service::{UserMgmt, Usernames};

use crate::cookies::CookieName;
use crate::csrf;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

pub(crate) mod ago;
mod bot_check;
#[cfg(test)]
mod catalogue;
pub(crate) mod device;
mod error;
mod once;
pub(crate) mod organization;
mod reach;
mod templates;

pub use error::error;
pub(crate) use reach::text_for_all as text;

/// The style sheet. Themed by the custom properties at its top.
pub const STYLE: &str = include_str!("../../assets/style.css");

const HTML: &str = "text/html; charset=utf-8";

/// What a page shows besides its texts.
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// Values of the form's fields, as entered; never a password.
    pub values: Vec<(&'a str, &'a str)>,
    /// What went wrong with the last entry.
    pub problem: Option<&'a Problem>,
    /// Name of a text that says what has just happened.
    pub notice: Option<&'a str>,
    /// What only this page needs.
    pub data: Value,
    /// What the form is for, if a bot check may be asked for it.
    pub purpose: Option<BotPurpose>,
}

/// Renders a page with a form token of this browser, which gets a name if it has none.
#[must_use]
pub fn page(context: &Context<'_>, template: &str, page: Page<'_>) -> Response {
    let (auth, language) = (context.auth, context.language.as_str());
    let (browser, fresh) = match &context.client.browser {
        Some(browser) => (browser.clone(), false),
        None => match Bearer::mint(BearerKind::Browser, auth.random()) {
            Ok(browser) => (browser, true),
            Err(_) => return error(auth, language, &Problem::INTERNAL, None),
        },
    };
    let status = page.problem.map_or(StatusCode::OK, |problem| problem.status);
    let fields = page.problem.map(|problem| fields(context, problem)).unwrap_or_default();
    let return_to = page.values.iter().find(|(name, _)| *name == "return_to").map_or("", |(_, value)| *value);
    let values = page.values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    let me = context.client.principal.as_ref();
    let about = page.data.get_attr("email").ok().filter(|_| reach::ABOUT_ONE.contains(&template));
    let by = reach::by(auth, about.as_ref().and_then(Value::as_str));
    // Many a page leads back to the sign-in by showing it.
    let purpose = page.purpose.or((template == "sign_in.html").then_some(BotPurpose::SignIn));
    let check = purpose.and_then(|purpose| bot_check::on_page(context, purpose, page.problem));
    let shown = context! {
        bot_check => check.as_ref().map(|(shown, _)| shown),
        csrf => csrf::token(auth.keys(), &browser),
        once => Value::from_safe_string(once::SCRIPT.to_owned()),
        values => Value::from(values.collect::<BTreeMap<_, _>>()),
        first_error => fields.first().map(|(name, _)| name.clone()),
        errors => Value::from(fields.into_iter().collect::<BTreeMap<_, _>>()),
        problem => page.problem.map(|problem| problem.title(auth, language)),
        code => page.problem.map(|problem| problem.code),
        notice => page.notice.map(|id| reach::text(auth, language, by, id, &[])),
        data => page.data,
        contact_type => reach::input_type(auth),
        me => me.map(|me| context! { name => me.name(), email => me.email() }),
        onward_query => onward(return_to),
        password_min => password_min(context),
        by_mail => by_mail(auth),
        passwords => auth.settings().has_passwords(),
        passkeys => has_passkeys(auth),
        totp => cfg!(feature = "totp"),
        passkey_sign_up => auth.settings().has_passkey_sign_up(),
        usernames => usernames(auth),
        suggestions => page.problem.map(suggestions).unwrap_or_default(),
    };
    let mut response = match render(auth, language, by, template, shown) {
        Ok(html) => {
            let mut response = wire::response(status, HTML, html);
            let mut more = vec![("script-src", once::SOURCE.as_str())];
            more.extend(check.iter().flat_map(|(_, widget)| widget.policy));
            if has_passkeys(auth) && ASK_AUTHENTICATORS.contains(&template) {
                more.extend([("script-src", "'self'"), ("connect-src", "'self'")]);
            }
            wire::allow(&mut response, &more);
            response
        }
        Err(error) => {
            tracing::error!(%error, template, "a page could not be rendered");
            return Problem::INTERNAL.to_json(auth);
        }
    };
    if fresh {
        context.set_cookie(&mut response, CookieName::Browser, browser.expose(), None);
    }
    match page.problem {
        Some(problem) => problem.add_headers(response),
        None => response,
    }
}

/// Pages that ask an authenticator, where there are passkeys.
const ASK_AUTHENTICATORS: [&str; 7] = [
    "sign_in.html",
    "second_factor.html",
    "step_up.html",
    "account_factors.html",
    "enrol_factor.html",
    "enrol_passkey.html",
    "passkey_offer.html",
];

/// Whether people may sign in by passkeys.
fn has_passkeys(auth: &UserMgmt) -> bool {
    #[cfg(feature = "passkeys")]
    return auth.settings().passkeys.is_some();
    #[cfg(not(feature = "passkeys"))]
    {
        let _ = auth;
        false
    }
}

/// What mails that sign in carry, for pages that offer them: `link`, `code` or `both`; nothing if there are none.
fn by_mail(auth: &UserMgmt) -> Option<&'static str> {
    #[cfg(feature = "phones")]
    if auth.settings().magic_link.is_none() && auth.settings().has_sign_in_texts() {
        return Some("code");
    }
    #[cfg(feature = "magic-link")]
    return auth.settings().magic_link.map(|set| match (set.has_link(), set.has_code()) {
        (true, true) => "both",
        (true, false) => "link",
        (false, _) => "code",
    });
    #[cfg(not(feature = "magic-link"))]
    {
        let _ = auth;
        None
    }
}

/// Whether people have usernames, for forms that ask for one: `optional`, `required`; nothing if there are none.
fn usernames(auth: &UserMgmt) -> Option<&'static str> {
    match auth.settings().usernames {
        Usernames::Off => None,
        Usernames::Optional => Some("optional"),
        Usernames::Required => Some("required"),
    }
}

/// What would do in place of what is wrong, as one text.
fn suggestions(problem: &Problem) -> String {
    let free = problem.challenge.as_ref().and_then(|challenge| challenge.get("suggestions")?.as_array());
    let free = free.into_iter().flatten().filter_map(|name| name.as_str());
    free.collect::<Vec<_>>().join(", ")
}

/// The query that carries where to go afterwards from page to page; nothing if there is nowhere in particular.
#[must_use]
pub fn onward(return_to: &str) -> String {
    if return_to.is_empty() {
        return String::new();
    }
    url::form_urlencoded::Serializer::for_suffix(String::from("?"), 1).append_pair("return_to", return_to).finish()
}

/// The shortest password that whoever looks can be sure to get through with.
fn password_min(context: &Context<'_>) -> usize {
    let has_second_factor = context.client.principal.as_ref().is_some_and(|me| me.factors().is_asked());
    context.auth.settings().password_rules.shortest(has_second_factor)
}

/// Fields that are wrong, each with its text: the field's own for this code, if there is one.
fn fields(context: &Context<'_>, problem: &Problem) -> Vec<(String, String)> {
    let texts = context.auth.texts();
    let min = password_min(context).to_string();
    let text = |field: &str, code: &str| {
        let code = code.replace('_', "-");
        let own = format!("field-{}-{code}", field.replace('_', "-"));
        let id = if texts.knows(&own) { own } else { format!("field-{code}") };
        self::text(context.auth, &context.language, &id, &[("min", &min)])
    };
    problem.fields.iter().map(|error| (error.field.to_owned(), text(error.field, error.code))).collect()
}

/// Changes whenever the style sheet does, so that browsers do not keep an old one.
fn style() -> String {
    let mut hasher = DefaultHasher::new();
    STYLE.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn render(
    auth: &UserMgmt,
    language: &str,
    by: &'static str,
    template: &str,
    shown: Value,
) -> Result<String, minijinja::Error> {
    let (texts, product) = (auth.clone(), auth.settings().product.clone());
    let in_language = language.to_owned();
    let say = move |id: &str, values: Kwargs| -> Result<String, minijinja::Error> {
        let mut given = vec![("product".to_owned(), product.clone())];
        for name in values.args() {
            given.push((name.to_owned(), values.get::<Value>(name)?.to_string()));
        }
        let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(reach::text(&texts, &in_language, by, id, &given))
    };
    let shown = context! {
        t => Value::from_function(say),
        language,
        product => auth.settings().product.as_str(),
        prefix => auth.prefix(),
        home => auth.settings().home.as_str(),
        several_accounts => auth.settings().several_accounts,
        development => auth.dev_mailbox().is_some(),
        style => style(),
        ..shown
    };
    templates::environment().get_template(template)?.render(shown)
}
