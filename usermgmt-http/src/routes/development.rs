//! The development mailbox: exists on a localhost origin only.

use minijinja::{context, value::Serde};

use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::Response;

pub(super) async fn mailbox(context: &Context<'_>) -> Result<Response, Problem> {
    let mails = context.auth.dev_mailbox().ok_or(Problem::NOT_FOUND)?.mails();
    let data = context! { mails => Serde(mails) };
    Ok(pages::page(context, "mailbox.html", Page { data, ..Page::default() }))
}

pub(super) async fn mail(context: &Context<'_>) -> Result<Response, Problem> {
    let mailbox = context.auth.dev_mailbox().ok_or(Problem::NOT_FOUND)?;
    let mail = context.request.param("mail").and_then(|id| mailbox.mail(id)).ok_or(Problem::NOT_FOUND)?;
    // The text in pieces, so that links can be shown as links.
    let origin = context.auth.settings().origin.as_str();
    let lines: Vec<_> = mail.text.lines().map(|line| (line.starts_with(origin), line.to_owned())).collect();
    let data = context! { to => mail.to, subject => mail.subject, lines };
    Ok(pages::page(context, "mail.html", Page { data, ..Page::default() }))
}
