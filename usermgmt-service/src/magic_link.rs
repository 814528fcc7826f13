//! Sign-in by a mailed link or code, or by one that is sent to a phone.

use time::OffsetDateTime;
use usermgmt_core::error::{Error, FieldError, Refused};
use usermgmt_core::flow::{magic_link, mailed};
use usermgmt_core::model::{AddressPurpose, AuditKind, IdentifierKind, Method, Token, TokenKind};
use usermgmt_core::port::BotPurpose;
use usermgmt_core::secret::{Bearer, Digest};
use usermgmt_core::store::StoreErrorKind;
use usermgmt_core::text;
use usermgmt_core::username::SignInName;

use crate::builder::Builder;
use crate::client::Client;
use crate::commit::Tries;
use crate::limits::Meter;
use crate::sign_up::{Accepted, Secret};
use crate::verify_email::AddressProof;
use crate::{SignInOutcome, UserMgmt};

/// What a mail that signs in carries, and where it works. Both live ten minutes and work once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MagicLink {
    link: bool,
    code: bool,
    bound: bool,
    alone: bool,
}

impl MagicLink {
    /// A link, and a code of eight digits for whoever reads mail on another device.
    #[must_use]
    pub const fn link_and_code() -> Self {
        Self { link: true, code: true, bound: false, alone: false }
    }

    /// A link alone.
    #[must_use]
    pub const fn link_only() -> Self {
        Self { code: false, ..Self::link_and_code() }
    }

    /// A code alone. It works only in the browser that asked for it.
    #[must_use]
    pub const fn code_only() -> Self {
        Self { link: false, ..Self::link_and_code() }
    }

    /// Lets the link work only in the browser that asked for it, as the code does. Otherwise it may be opened elsewhere:
    /// the page then says when and on which device it was asked for, and signs in where its button is pressed.
    #[must_use]
    pub const fn same_browser_only(self) -> Self {
        Self { bound: true, ..self }
    }

    /// Takes passwords away: people sign up without one, and all sign in by mail. The mail of the sign-up proves the
    /// address and signs in at once. As there is nothing else to ask for, sensitive actions take a recent mail for a proof.
    /// Passwords that are stored stay, and are good for nothing as long as this is set.
    #[must_use]
    pub const fn without_passwords(self) -> Self {
        Self { alone: true, ..self }
    }

    /// Whether there are no passwords.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        self.alone
    }

    /// Whether the mail carries a link.
    #[must_use]
    pub const fn has_link(&self) -> bool {
        self.link
    }

    /// Whether the mail carries a code.
    #[must_use]
    pub const fn has_code(&self) -> bool {
        self.code
    }
}

impl Builder {
    /// Lets people sign in by a link or a code that is mailed to them, beside their password or without any. Whoever
    /// reads the mail comes in, so sensitive actions want another proof besides: see [`UserMgmt::step_up`]. Default: off.
    pub fn magic_link(mut self, what: MagicLink) -> Self {
        if let Ok(settings) = &mut self.settings {
            settings.magic_link = Some(what);
        }
        self
    }
}

/// What a link is about, before it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPreview {
    /// The address whose account it signs in to.
    pub email: String,
    /// When it was asked for.
    pub asked_at: OffsetDateTime,
    /// What the device that asked for it calls itself.
    pub label: Option<String>,
    /// Whether this browser asked for it.
    pub same_browser: bool,
    /// Whether it works in this browser.
    pub works_here: bool,
}

/// What somebody presents who signs in by mail.
#[derive(Clone, Copy, Debug)]
pub struct SignInByMail<'a> {
    /// The link or the code.
    pub proof: AddressProof<'a>,
    /// Whether to stay signed in when the browser closes.
    pub remember: bool,
}

impl UserMgmt {
    /// Asks for a mail that signs in.
    ///
    /// Costs one commit and answers the same, whether the address is known or not.
    ///
    /// # Errors
    /// An invalid `email`, too many attempts (one mail a minute, five an hour), a bot check that was not passed,
    /// [`Refused::NotFound`] where
    /// [`Builder::magic_link`] was not called, or an outage.
    pub async fn request_sign_in_mail(&self, client: &Client, email: &str) -> Result<Accepted, Error> {
        self.has_messages()?;
        let name = self.sign_in_name("email", email)?;
        if self.sent_to(name.kind()).is_none() {
            let is_phone = name.kind() == IdentifierKind::Phone;
            let code = if is_phone { FieldError::MALFORMED } else { FieldError::MALFORMED_NUMBER };
            return Err(FieldError::new("email", code).into());
        }
        self.sign_in_mail_to(client, name, true).await
    }

    /// Asks for another mail to the address of a link that is over. Whoever has the link has had the mail.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`] for what was never such a link, or was one a week ago; else as
    /// [`request_sign_in_mail`](Self::request_sign_in_mail).
    pub async fn request_another_sign_in_mail(&self, client: &Client, link: Secret<'_>) -> Result<Accepted, Error> {
        self.has_messages()?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let token = self.link_over(client, link).await?;
        let contact = token.contact().ok_or(Refused::LinkInvalid)?;
        self.sign_in_mail_to(client, SignInName::Contact(contact), false).await
    }

    async fn sign_in_mail_to(&self, client: &Client, name: SignInName, checked: bool) -> Result<Accepted, Error> {
        let meter = Meter::new(self, client);
        let mails = meter.messages(name.canonical());
        let mut charges = vec![meter.sign_up()];
        charges.extend_from_slice(&mails);
        meter.take(&charges, self.now()).await?;
        if checked {
            self.pass_bot_check(client, &meter, BotPurpose::SignIn, &mails).await?;
        }
        let label = client.label.as_deref().and_then(text::label);
        // Where no mail signs in but the first one of an account, only who still waits for that one gets it again.
        let purpose = if self.settings().has_sign_in_messages(name.kind()) {
            AddressPurpose::SignIn { label }
        } else {
            AddressPurpose::Verify
        };
        self.request_by_name(client, name, purpose).await
    }

    /// Whether a link was one that signs in, however long it is over. Changes nothing.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`], or an outage.
    pub async fn was_sign_in_link(&self, client: &Client, link: Secret<'_>) -> Result<(), Error> {
        self.link_over(client, link).await.map(drop)
    }

    async fn link_over(&self, client: &Client, link: Secret<'_>) -> Result<Token, Error> {
        let link = Bearer::parse(TokenKind::SignIn.bearer(), link.0).ok_or(Refused::LinkInvalid)?;
        magic_link::over(&self.flow(client), &link).await
    }

    /// What a link is about. Changes nothing: mail scanners may look as often as they like.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`], too many attempts, [`Refused::NotFound`] where [`Builder::magic_link`] was not called,
    /// or an outage.
    pub async fn preview_sign_in_link(&self, client: &Client, link: Secret<'_>) -> Result<LinkPreview, Error> {
        self.has_messages()?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let (token, settings) = self.sign_in_token(client, AddressProof::Link(link)).await?;
        let token = magic_link::found(&self.flow(client), token).await?.token;
        let same_browser = asked_here(client, &token);
        Ok(LinkPreview {
            email: token.display,
            asked_at: token.created_at,
            label: token.label,
            same_browser,
            works_here: same_browser || !settings.bound,
        })
    }

    /// Signs in by a mailed link or code. Of any number of simultaneous uses exactly one succeeds. An address that was
    /// not proven yet is by this; a password that another browser had set for it is void then.
    ///
    /// Whoever offers a link that was opened in another browser than the one that asked shows the
    /// [preview](Self::preview_sign_in_link) first, and calls this when its reader has pressed a button.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`] or [`Refused::CodeInvalid`]; [`Refused::OtherBrowser`] if links are bound to the browser
    /// that asked; too many attempts; [`Refused::NotFound`] where [`Builder::magic_link`] was not called; or an outage.
    pub async fn sign_in_by_mail(&self, client: &Client, input: SignInByMail<'_>) -> Result<SignInOutcome, Error> {
        self.has_messages()?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let dead = input.proof.dead();
        let (mut token, settings) = self.sign_in_token(client, input.proof).await?;
        if settings.bound && !asked_here(client, &token) {
            self.refusals().note(AuditKind::VerificationRefused, client, Refused::OtherBrowser.code(), self.now());
            return Err(Refused::OtherBrowser.into());
        }
        let browser = client.browser.as_ref().map_or(Digest::of(b""), Bearer::digest);
        let mut tries = Tries::default();
        let (user, canonical) = loop {
            let flow = self.flow(client);
            let found = magic_link::found(&flow, token).await.map_err(|error| or_dead(error, &dead))?;
            let changes = magic_link::plan(&flow, &found, browser, self.settings().has_passwords())?;
            match self.commit_raw(changes).await {
                Ok(_) => {
                    self.release(client, found.entered()).await;
                    break (found.token.user, found.token.canonical);
                }
                // Somebody was faster.
                Err(error) if matches!(error.kind(), StoreErrorKind::Refused(_)) => return Err(dead.into()),
                // A code was compared and counted already.
                Err(error) if tries.again(&error) => {
                    token = mailed::again(&self.flow(client), &found.token, dead.clone()).await?;
                }
                Err(error) => return Err(error.into()),
            }
        };
        let kind = IdentifierKind::signs_in_by(&canonical);
        let record = mailed::known(&self.flow(client), &canonical).await?;
        let record = record.filter(|record| record.user.id == user).ok_or(dead)?;
        let method = if kind == IdentifierKind::Phone { Method::Sms } else { Method::Email };
        self.begin(client, record, method, input.remember).await
    }

    /// What messages that sign in carry, where they go to this kind of name; `None` if there are none.
    fn sent_to(&self, kind: IdentifierKind) -> Option<MagicLink> {
        #[cfg(feature = "phones")]
        if kind == IdentifierKind::Phone {
            let is_any = self.settings().has_sign_in_texts() || self.settings().has_passkey_sign_up();
            return is_any.then(MagicLink::code_only);
        }
        self.settings().mailed_sign_in().filter(|_| kind != IdentifierKind::Phone)
    }

    /// Whether there are messages that sign in, be it only the first one of an account that is made without a password.
    #[must_use]
    pub fn has_sign_in_messages(&self) -> bool {
        [IdentifierKind::Email, IdentifierKind::Phone].into_iter().any(|kind| self.sent_to(kind).is_some())
    }

    fn has_messages(&self) -> Result<(), Refused> {
        if self.has_sign_in_messages() { Ok(()) } else { Err(Refused::NotFound) }
    }

    /// The live token behind a link or code, as far as its message carries it: what is not sent cannot be right.
    async fn sign_in_token(&self, client: &Client, proof: AddressProof<'_>) -> Result<(Token, MagicLink), Error> {
        let token = self.mailed(client, TokenKind::SignIn, proof).await?;
        let carried = self.sent_to(IdentifierKind::signs_in_by(&token.canonical)).filter(|set| match proof {
            AddressProof::Link(_) => set.link,
            AddressProof::Code(_) => set.code,
        });
        let Some(carried) = carried else {
            self.refusals().note(AuditKind::VerificationRefused, client, "not sent", self.now());
            return Err(proof.dead().into());
        };
        Ok((token, carried))
    }
}

/// Whether the client's browser is the one that asked.
fn asked_here(client: &Client, token: &Token) -> bool {
    let here = client.browser.as_ref().map(Bearer::digest);
    token.browser.zip(here).is_some_and(|(asked, here)| asked.matches(&here))
}

/// The refusal in the words of what was presented.
fn or_dead(error: Error, dead: &Refused) -> Error {
    if matches!(error, Error::Refused(_)) { dead.clone().into() } else { error }
}
