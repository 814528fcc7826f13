//! The templates of the pages.

use std::sync::OnceLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// Name, source, and the text that is the page's title.
pub(super) const TEMPLATES: &[(&str, &str, Option<&str>)] = &[
    ("layout.html", include_str!("../../templates/layout.html"), None),
    ("fields.html", include_str!("../../templates/fields.html"), None),
    ("sign_up.html", include_str!("../../templates/sign_up.html"), Some("sign-up-title")),
    ("check_mail.html", include_str!("../../templates/check_mail.html"), Some("check-mail-title")),
    ("sign_in.html", include_str!("../../templates/sign_in.html"), Some("sign-in-title")),
    ("verify.html", include_str!("../../templates/verify.html"), Some("verify-title")),
    ("choose_organization.html", include_str!("../../templates/choose_organization.html"), Some("choose-title")),
    ("step_up.html", include_str!("../../templates/step_up.html"), Some("step-up-title")),
    ("account.html", include_str!("../../templates/account.html"), Some("account-title")),
    ("mailbox.html", include_str!("../../templates/mailbox.html"), Some("mailbox-title")),
    ("mail.html", include_str!("../../templates/mail.html"), Some("mailbox-title")),
    ("error.html", include_str!("../../templates/error.html"), Some("error-title")),
];

/// The text that is the title of this page.
pub(super) fn title(template: &str) -> Option<&'static str> {
    TEMPLATES.iter().find(|(name, ..)| *name == template).and_then(|(_, _, title)| *title)
}

/// Templates that a page can be rendered from.
pub(super) fn environment() -> &'static Environment<'static> {
    static PAGES: OnceLock<Environment<'static>> = OnceLock::new();
    PAGES.get_or_init(|| {
        let mut pages = Environment::new();
        pages.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        pages.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source, _) in TEMPLATES {
            if let Err(error) = pages.add_template(name, source) {
                tracing::error!(%error, name, "a page template is malformed");
            }
        }
        pages
    })
}
