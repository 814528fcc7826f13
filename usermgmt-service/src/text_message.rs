//! Texts to phones, in place of the mails that go to an address: short, and without links but where there is nothing
//! else.

use usermgmt_core::model::MailKind;
use usermgmt_core::phone::PhoneNumber;
use usermgmt_core::port::{MailError, Sms, SmsError};
use usermgmt_core::secret::Code;

use crate::UserMgmt;
use crate::mail::{Draft, shape};
use crate::worker::timed;

impl UserMgmt {
    /// Hands a text over; nothing where its code is over by now.
    pub(crate) async fn text(&self, to: PhoneNumber, draft: &Draft<'_>) -> Result<(), MailError> {
        let Some(sender) = &self.0.parts.sms_sender else {
            return Err(MailError::Permanent("the application sends no texts".to_owned()));
        };
        let Some(text) = self.write_text(draft) else { return Ok(()) };
        let sms = Sms::new(draft.id, to, text);
        let handing = async {
            sender.send(&sms).await.map_err(|error| match error {
                SmsError::Temporary(reason) => MailError::Temporary(reason),
                error => MailError::Permanent(error.to_string()),
            })
        };
        timed(draft.kind, handing).await
    }

    /// What a text says; `None` where it would carry a code and that is over.
    fn write_text(&self, draft: &Draft<'_>) -> Option<String> {
        let (settings, shape) = (self.settings(), shape(draft.kind));
        let kind = draft.kind.as_str().replace('_', "-");
        let product = ("product", settings.product.as_str());
        let say = |id: &str, values: &[(&str, &str)]| self.texts().get(draft.language, id, values);
        let (link, code) = draft.secrets.as_ref().map_or((None, None), |(link, code)| (Some(link), code.as_ref()));
        if shape.code {
            let code = code.map(Code::expose)?;
            let said = say(&format!("text-{kind}"), &[product, ("code", code)]);
            // By this line the phone offers the code to pages of this host and to no others (WICG, "Origin-bound one-time
            // codes delivered via SMS").
            let host = settings.origin.host().split(':').next().unwrap_or_default();
            return Some(format!("{said}\n\n@{host} #{code}"));
        }
        let told = say(&format!("mail-{kind}.subject"), &[product, ("about", draft.about.unwrap_or_default())]);
        // What only tells has no link: texts with links are what people are warned of.
        let link = link.filter(|_| draft.kind == MailKind::RemoveFactors).map(|link| {
            format!("\n{}{}{}?token={}", settings.origin.as_str(), self.prefix(), shape.path, link.expose())
        });
        Some(told + &link.unwrap_or_default())
    }
}
