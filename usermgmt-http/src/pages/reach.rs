//! By what people are reached: pages speak of mails, of texts, or of both.
//!
//! A text of the catalogue has variants as attributes, where it has to: `.phone` where it is about a phone, `.either` where
//! it may be about a mail or a text. Where there are no phones it is said as it stands.

use usermgmt_service::UserMgmt;
use usermgmt_service::core::phone;

/// Where only mails go out.
const EMAIL: &str = "email";

/// Pages about the one address or number that stands in their `data.email`.
pub(super) const ABOUT_ONE: [&str; 5] =
    ["check_mail.html", "sign_in_mailed.html", "verify.html", "reset.html", "mailed.html"];

/// What a page speaks of, given to whom the message goes, if that is known: `email`, `phone` or `either`.
pub(super) fn by(auth: &UserMgmt, to: Option<&str>) -> &'static str {
    let to = to.filter(|to| !to.is_empty());
    match (of_all(auth), to) {
        (EMAIL, _) => EMAIL,
        (all, None) => all,
        (_, Some(to)) if phone::is_meant(to) => "phone",
        (_, Some(_)) => EMAIL,
    }
}

/// The type of a field for what people are reached by (HTML, section 4.10.5.1).
pub(super) fn input_type(auth: &UserMgmt) -> &'static str {
    match of_all(auth) {
        "phone" => "tel",
        "either" => "text",
        _ => "email",
    }
}

/// The text, in its variant for what people are reached by, where it has one.
pub(super) fn text(auth: &UserMgmt, language: &str, by: &'static str, id: &str, values: &[(&str, &str)]) -> String {
    let variant = Some(format!("{id}.{by}")).filter(|variant| by != EMAIL && auth.texts().knows(variant));
    auth.texts().get(language, variant.as_deref().unwrap_or(id), values)
}

/// The same where nothing is known of whom it is about.
pub(crate) fn text_for_all(auth: &UserMgmt, language: &str, id: &str, values: &[(&str, &str)]) -> String {
    text(auth, language, of_all(auth), id, values)
}

#[cfg(feature = "phones")]
fn of_all(auth: &UserMgmt) -> &'static str {
    match &auth.settings().phones {
        None => EMAIL,
        Some(phones) if phones.is_only() => "phone",
        Some(_) => "either",
    }
}

#[cfg(not(feature = "phones"))]
const fn of_all(_: &UserMgmt) -> &'static str {
    EMAIL
}
