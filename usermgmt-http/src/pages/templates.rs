//! The templates of the pages.

use std::sync::OnceLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// Name and source of each.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("layout.html", include_str!("../../templates/layout.html")),
    ("fields.html", include_str!("../../templates/fields.html")),
    ("bot_check.html", include_str!("../../templates/bot_check.html")),
    ("passkey.html", include_str!("../../templates/passkey.html")),
    ("sign_up.html", include_str!("../../templates/sign_up.html")),
    ("check_mail.html", include_str!("../../templates/check_mail.html")),
    ("sign_in.html", include_str!("../../templates/sign_in.html")),
    ("sign_in_mail.html", include_str!("../../templates/sign_in_mail.html")),
    ("sign_in_mailed.html", include_str!("../../templates/sign_in_mailed.html")),
    ("verify.html", include_str!("../../templates/verify.html")),
    ("forgot.html", include_str!("../../templates/forgot.html")),
    ("forgot_username.html", include_str!("../../templates/forgot_username.html")),
    ("account_username.html", include_str!("../../templates/account_username.html")),
    ("reset.html", include_str!("../../templates/reset.html")),
    ("mailed.html", include_str!("../../templates/mailed.html")),
    ("new_password.html", include_str!("../../templates/new_password.html")),
    ("account_profile.html", include_str!("../../templates/account_profile.html")),
    ("account_emails.html", include_str!("../../templates/account_emails.html")),
    ("account_password.html", include_str!("../../templates/account_password.html")),
    ("choose_account.html", include_str!("../../templates/choose_account.html")),
    ("choose_organization.html", include_str!("../../templates/choose_organization.html")),
    ("organization.html", include_str!("../../templates/organization.html")),
    ("organization_members.html", include_str!("../../templates/organization_members.html")),
    ("organization_member.html", include_str!("../../templates/organization_member.html")),
    ("organization_roles.html", include_str!("../../templates/organization_roles.html")),
    ("organization_role.html", include_str!("../../templates/organization_role.html")),
    ("organization_audit.html", include_str!("../../templates/organization_audit.html")),
    ("organization_audit_check.html", include_str!("../../templates/organization_audit_check.html")),
    ("api_keys.html", include_str!("../../templates/api_keys.html")),
    ("second_factor.html", include_str!("../../templates/second_factor.html")),
    ("enrol_factor.html", include_str!("../../templates/enrol_factor.html")),
    ("enrol_passkey.html", include_str!("../../templates/enrol_passkey.html")),
    ("passkey_offer.html", include_str!("../../templates/passkey_offer.html")),
    ("enrol_code.html", include_str!("../../templates/enrol_code.html")),
    ("sent_code.html", include_str!("../../templates/sent_code.html")),
    ("enrol_totp.html", include_str!("../../templates/enrol_totp.html")),
    ("recovery_codes.html", include_str!("../../templates/recovery_codes.html")),
    ("account_factors.html", include_str!("../../templates/account_factors.html")),
    ("step_up.html", include_str!("../../templates/step_up.html")),
    ("account.html", include_str!("../../templates/account.html")),
    ("mailbox.html", include_str!("../../templates/mailbox.html")),
    ("mail.html", include_str!("../../templates/mail.html")),
    ("error.html", include_str!("../../templates/error.html")),
];

/// Templates that a page can be rendered from.
pub(super) fn environment() -> &'static Environment<'static> {
    static PAGES: OnceLock<Environment<'static>> = OnceLock::new();
    PAGES.get_or_init(|| {
        let mut pages = Environment::new();
        pages.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        pages.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source) in TEMPLATES {
            if let Err(error) = pages.add_template(name, source) {
                tracing::error!(%error, name, "a page template is malformed");
            }
        }
        pages
    })
}
