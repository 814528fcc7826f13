//! Mails are written when they are sent: links and codes are derived then, and stand nowhere before.

use minijinja::{Environment, UndefinedBehavior, context};
use usermgmt_core::address::EmailAddress;
use usermgmt_core::id::OutboxId;
use usermgmt_core::model::MailKind;
use usermgmt_core::port::Mail;
use usermgmt_core::secret::{Bearer, Code};

use crate::UserMgmt;

const TEMPLATE: &str = include_str!("../templates/mail.html");

/// What a mail is written from.
pub(crate) struct Draft<'a> {
    pub(crate) id: OutboxId,
    pub(crate) kind: MailKind,
    pub(crate) to: EmailAddress,
    pub(crate) name: &'a str,
    pub(crate) language: &'a str,
    pub(crate) secrets: Option<(Bearer, Code)>,
}

impl UserMgmt {
    /// Writes a mail.
    pub(crate) fn write_mail(&self, draft: Draft<'_>) -> Result<Mail, minijinja::Error> {
        let product = self.settings().product.as_str();
        let values = [("product", product), ("name", draft.name)];
        let say = |id: &str| self.texts().get(draft.language, id, &values);
        let base = format!("{}{}", self.settings().origin.as_str(), self.prefix());
        let message = match draft.kind {
            MailKind::VerifyEmail => "mail-verify-email",
            MailKind::AlreadyRegistered => "mail-already-registered",
        };
        let of = |part: &str| say(&format!("{message}.{part}"));
        let (link, code, notes) = match (draft.kind, &draft.secrets) {
            (MailKind::VerifyEmail, Some((link, code))) => (
                format!("{base}/verify?token={}", link.expose()),
                Some(code.expose()),
                vec![of("expiry"), say("mail-unexpected")],
            ),
            (MailKind::VerifyEmail | MailKind::AlreadyRegistered, _) => {
                (format!("{base}/sign-in"), None, vec![of("note")])
            }
        };
        let (subject, greeting, intro, button) = (of("subject"), say("mail-greeting"), of("intro"), of("button"));
        let (code_intro, farewell) = (code.map(|_| of("code")), say("mail-farewell"));

        let mut text = format!("{greeting}\n\n{intro}\n\n{link}\n\n");
        if let (Some(intro), Some(code)) = (&code_intro, code) {
            text.push_str(&format!("{intro}\n\n    {code}\n\n"));
        }
        for note in &notes {
            text.push_str(note);
            text.push_str("\n\n");
        }
        text.push_str(&farewell);
        text.push('\n');

        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.add_template("mail.html", TEMPLATE)?;
        let html = templates.get_template("mail.html")?.render(context! {
            language => draft.language, subject => &subject, greeting, intro, button, link, code, code_intro, notes, farewell,
        })?;
        Ok(Mail::new(draft.id, draft.to, subject, text, Some(html)))
    }
}
