//! Mails are written when they are sent: links and codes are derived then, and stand nowhere before.

use std::sync::Arc;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use usermgmt_core::address::EmailAddress;
use usermgmt_core::contact::Contact;
use usermgmt_core::id::OutboxId;
use usermgmt_core::model::{MailKind, TokenKind};
use usermgmt_core::port::Mail;
use usermgmt_core::secret::{Bearer, Code};

use crate::UserMgmt;

const HTML: &str = include_str!("../templates/mail.html");
const TEXT: &str = include_str!("../templates/mail.txt");

/// How mails look, and what they lead to beside the matter itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// Address of a picture above the mail, an `https` URL.
    pub logo: Option<String>,
    /// Colour of buttons, as `#rrggbb`. Dark enough for white letters.
    pub color: Option<String>,
    /// A line below every mail: the company and its address, as some countries ask.
    pub footer: Option<String>,
    /// Where to report what looks wrong, an `https` URL. Shown in mails about the safety of the account.
    pub report_incident: Option<String>,
    /// Advice on keeping an account safe, an `https` URL. Shown in the same mails.
    pub security_tips: Option<String>,
}

impl Brand {
    /// Whether the URLs are `https` and the colour is one.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let urls = [&self.logo, &self.report_incident, &self.security_tips];
        let https = |url: &String| url::Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        let color = |color: &String| {
            color
                .strip_prefix('#')
                .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        urls.into_iter().flatten().all(https) && self.color.as_ref().is_none_or(color)
    }
}

/// Where a mail leads and what stands below it.
pub(crate) struct Shape {
    /// Path below the prefix.
    pub(crate) path: &'static str,
    /// Kind of token in the link, if the mail carries one.
    token: Option<TokenKind>,
    /// Whether the mail carries a code.
    pub(crate) code: bool,
    /// Whether it is about the safety of the account.
    notice: bool,
}

pub(crate) const fn shape(kind: MailKind) -> Shape {
    let (path, token, code, notice) = match kind {
        MailKind::VerifyEmail => ("/verify", Some(TokenKind::VerifyEmail), true, false),
        MailKind::AlreadyRegistered => ("/sign-in", None, false, false),
        MailKind::ResetPassword => ("/reset", Some(TokenKind::ResetPassword), true, false),
        MailKind::ApproveEmail => ("/emails/approve", Some(TokenKind::ApproveEmail), false, true),
        MailKind::AddEmail => ("/emails/verify", Some(TokenKind::AddEmail), true, false),
        MailKind::SignIn => ("/sign-in/mailed", Some(TokenKind::SignIn), true, false),
        MailKind::SecondFactorCode => ("/second-factor", Some(TokenKind::SecondFactor), true, false),
        MailKind::AccountLocked | MailKind::PasswordVoided => ("/forgot", None, false, true),
        MailKind::ForgottenUsername => ("/sign-in", None, false, false),
        MailKind::EmailTaken | MailKind::PhoneTaken => ("/sign-in", None, false, true),
        MailKind::MemberAdded => ("/sign-in", None, false, true),
        MailKind::RemoveFactors => ("/factors/remove", Some(TokenKind::RemoveFactors), false, true),
        MailKind::PasswordChanged
        | MailKind::FactorAdded
        | MailKind::FactorRemoved
        | MailKind::RecoveryCodesMade
        | MailKind::RecoveryCodeUsed
        | MailKind::SecondFactorGuessed
        | MailKind::FactorResetBegun
        | MailKind::FactorsRemoved
        | MailKind::SessionStolen
        | MailKind::ApiKeyMade
        | MailKind::NewDevice
        | MailKind::NewCountry
        | MailKind::SupportReset
        | MailKind::UsernameChanged
        | MailKind::EmailAdded
        | MailKind::EmailRemoved
        | MailKind::PhoneAdded
        | MailKind::PhoneRemoved
        | MailKind::PrimaryEmailChanged => ("/secure", Some(TokenKind::SecureAccount), false, true),
    };
    Shape { path, token, code, notice }
}

/// What a mail is written from.
pub(crate) struct Draft<'a> {
    pub(crate) id: OutboxId,
    pub(crate) kind: MailKind,
    pub(crate) to: Contact,
    pub(crate) name: &'a str,
    /// The address that the mail is about, where that is not the one it goes to.
    pub(crate) about: Option<&'a str>,
    pub(crate) language: &'a str,
    /// Link and code of the token; the code only while it lives.
    pub(crate) secrets: Option<(Bearer, Option<Code>)>,
}

/// A template of the application is malformed.
#[derive(Debug, thiserror::Error)]
#[error("the mail template `{name}` is malformed: {source}")]
pub struct TemplateError {
    name: String,
    source: minijinja::Error,
}

/// The templates of all mails: one for HTML, one for text, and those that the application has put in their place.
#[derive(Clone)]
pub(crate) struct Templates(Arc<Environment<'static>>);

impl Templates {
    /// The library's templates with those of the application over them: `mail.html` and `mail.txt` for all mails, or
    /// `<kind>.html` and `<kind>.txt` for one. Each is rendered once, so that a mistake shows at the start.
    pub(crate) fn new(overrides: &[(String, String)]) -> Result<Self, TemplateError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates
            .set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        let own = [("mail.html", HTML), ("mail.txt", TEXT)].map(|(name, text)| (name.to_owned(), text.to_owned()));
        for (name, source) in own.iter().chain(overrides) {
            let failed = |source| TemplateError { name: name.clone(), source };
            templates.add_template_owned(name.clone(), source.clone()).map_err(failed)?;
        }
        let nothing = context! {
            language => "en", subject => "", greeting => "", intro => "", button => "", link => "", code => "",
            code_intro => "", notes => Vec::<String>::new(), farewell => "", links => Vec::<(String, String)>::new(),
            brand => context! { logo => "", color => "", footer => "" },
        };
        for (name, _) in overrides {
            let failed = |source| TemplateError { name: name.clone(), source };
            if !is_written_from(name) {
                let what = "expected `mail` or a kind of mail, with `.html` or `.txt`";
                return Err(failed(minijinja::Error::new(minijinja::ErrorKind::TemplateNotFound, what)));
            }
            templates.get_template(name).and_then(|template| template.render(&nothing)).map_err(failed)?;
        }
        Ok(Self(Arc::new(templates)))
    }

    /// Renders the template of this kind of mail, or the one for all.
    fn render(&self, kind: MailKind, form: &str, values: &minijinja::Value) -> Result<String, minijinja::Error> {
        let own = self.0.get_template(&format!("{}.{form}", kind.as_str()));
        own.or_else(|_| self.0.get_template(&format!("mail.{form}")))?.render(values)
    }
}

/// Whether there are mails that a template of this name is for: a misspelt one would never be used.
fn is_written_from(name: &str) -> bool {
    let stem = name.strip_suffix(".html").or_else(|| name.strip_suffix(".txt"));
    stem.is_some_and(|stem| stem == "mail" || MailKind::from_word(stem).is_some())
}

/// A name as it stands in a mail. Whoever signs up chooses it, and the mail goes to whatever address they have entered:
/// mail programs must find nothing in it that they make a link of.
fn unlinked(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        text.push(letter);
        let joins = matches!(letter, '.' | ':' | '。' | '．' | '｡');
        if joins && letters.peek().is_some_and(|next| !next.is_whitespace()) {
            text.push(' ');
        }
    }
    text
}

impl UserMgmt {
    /// Whether mails of this kind carry a link, and a code: those that sign in as the application has set it.
    fn carried(&self, kind: MailKind) -> (bool, bool) {
        #[cfg(feature = "magic-link")]
        if let Some(set) = self.settings().magic_link.filter(|_| kind == MailKind::SignIn) {
            return (set.has_link(), set.has_code());
        }
        (kind != MailKind::SecondFactorCode, shape(kind).code)
    }

    /// Writes a mail.
    pub(crate) fn write_mail(&self, to: EmailAddress, draft: &Draft<'_>) -> Result<Mail, minijinja::Error> {
        let settings = self.settings();
        let name = unlinked(draft.name);
        let values =
            [("product", settings.product.as_str()), ("name", &name), ("about", draft.about.unwrap_or_default())];
        let say = |id: &str| self.texts().get(draft.language, id, &values);
        let shape = shape(draft.kind);
        let message = format!("mail-{}", draft.kind.as_str().replace('_', "-"));
        let of = |part: &str| Some(format!("{message}.{part}")).filter(|id| self.texts().knows(id)).map(|id| say(&id));

        let base = format!("{}{}{}", settings.origin.as_str(), self.prefix(), shape.path);
        let link = match (&draft.secrets, shape.token) {
            (Some((link, _)), Some(_)) => Some(format!("{base}?token={}", link.expose())),
            // The undo of this change is another mail's: this one only tells.
            (None, Some(_)) => None,
            (_, None) => Some(base),
        };
        let (has_link, has_code) = self.carried(draft.kind);
        let link = link.filter(|_| has_link);
        let code = draft.secrets.as_ref().and_then(|(_, code)| code.as_ref()).map(Code::expose).filter(|_| has_code);
        let mut notes: Vec<_> = ["expiry", "note"].into_iter().filter_map(of).collect();
        if shape.notice {
            notes.extend(link.as_ref().and_then(|_| of("undo")));
        } else {
            notes.push(say("mail-unexpected"));
        }
        let brand = &settings.brand;
        let help = [("mail-report-incident", &brand.report_incident), ("mail-security-tips", &brand.security_tips)];
        let links: Vec<_> = help
            .into_iter()
            .filter(|_| shape.notice)
            .filter_map(|(id, url)| url.as_ref().map(|url| (say(id), url.clone())))
            .collect();
        let subject = of("subject").unwrap_or_default();
        let values = context! {
            language => draft.language,
            subject => &subject,
            greeting => say("mail-greeting"),
            intro => of(if has_link { "intro" } else { "intro-code" }),
            button => of("button"),
            link,
            code,
            code_intro => code.and_then(|_| of(if has_link { "code" } else { "code-alone" })),
            notes,
            farewell => say("mail-farewell"),
            links,
            brand => context! {
                logo => &brand.logo,
                color => brand.color.as_deref().unwrap_or("#1d4ed8"),
                footer => &brand.footer,
            },
        };
        let templates = &self.0.parts.templates;
        let text = templates.render(draft.kind, "txt", &values)?;
        let html = templates.render(draft.kind, "html", &values)?;
        Ok(Mail::new(draft.id, to, subject, text, Some(html)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_link() {
        for (name, written) in [
            ("Zoë Quill", "Zoë Quill"),
            ("J.R.R. Tolkien", "J. R. R. Tolkien"),
            ("Ann Quill jr.", "Ann Quill jr."),
            ("win at https://evil.example/x", "win at https: //evil. example/x"),
            ("www.evil.example", "www. evil. example"),
            ("call tel:0900", "call tel: 0900"),
            ("evil。example", "evil。 example"),
        ] {
            assert_eq!(unlinked(name), written);
        }
    }

    #[test]
    fn a_template_is_for_all_mails_or_for_one_kind() {
        for (name, source, fits) in [
            ("mail.html", "{{ intro }}", true),
            ("reset_password.txt", "{{ intro }}", true),
            ("resetpassword.txt", "{{ intro }}", false),
            ("reset_password", "{{ intro }}", false),
            ("mail.txt", "{{ intro", false),
            ("mail.txt", "{{ nonsense }}", false),
            ("mail.txt", "{% for line in link %}", false),
        ] {
            assert_eq!(Templates::new(&[(name.to_owned(), source.to_owned())]).is_ok(), fits, "{name}: {source}");
        }
    }
}
