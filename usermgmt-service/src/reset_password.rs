//! A forgotten password.

use usermgmt_core::error::{Error, FieldError, Refused};
use usermgmt_core::flow::Flow;
use usermgmt_core::flow::reset_password::{self, Found};
use usermgmt_core::flow::{mailed, secure_account};
use usermgmt_core::limits;
use usermgmt_core::model::{AddressPurpose, AuditKind, PasswordCredential, Token, TokenKind};
use usermgmt_core::password::{Password, PasswordHash};
use usermgmt_core::port::BotPurpose;
use usermgmt_core::secret::Bearer;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};
use usermgmt_core::username::SignInName;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::Tries;
use crate::limits::Meter;
use crate::second_factor::Typed;
use crate::sign_up::{Accepted, Secret};
use crate::verify_email::AddressProof;

/// The hashes that the history rule looks at, the present one first.
pub(crate) fn previous(former: Option<&PasswordCredential>) -> Vec<PasswordHash> {
    former.into_iter().flat_map(|former| std::iter::once(&former.hash).chain(&former.previous)).cloned().collect()
}

impl UserMgmt {
    /// Asks for a mail that sets a new password.
    ///
    /// Costs one commit and answers the same, whether the address is known or not. Where there are phone
    /// numbers, one may stand in its place, and a text goes there. Where there are usernames, one may, too; the mail goes to
    /// the primary address of its holder.
    ///
    /// # Errors
    /// An invalid `email`, too many attempts (one mail a minute, five an hour), a bot check that was not passed, or
    /// an outage.
    pub async fn request_password_reset(&self, client: &Client, email: &str) -> Result<Accepted, Error> {
        self.settings().passwords()?;
        let name = self.sign_in_name("email", email)?;
        let meter = Meter::new(self, client);
        let mails = meter.messages(name.canonical());
        let mut charges = vec![meter.sign_up()];
        charges.extend_from_slice(&mails);
        meter.take(&charges, self.now()).await?;
        self.pass_bot_check(client, &meter, BotPurpose::Forgot, &mails).await?;
        self.request_by_name(client, name, AddressPurpose::Reset).await
    }

    /// Whose password a link sets: the address. Changes nothing: mail scanners may look as often as they like.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`], too many attempts, or an outage.
    pub async fn preview_reset(&self, client: &Client, link: Secret<'_>) -> Result<String, Error> {
        self.preview_mailed(client, TokenKind::ResetPassword, link).await
    }

    /// What a link of this kind is about: an address. Changes nothing.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`], too many attempts, or an outage.
    pub async fn preview_mailed(&self, client: &Client, kind: TokenKind, link: Secret<'_>) -> Result<String, Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        Ok(self.mailed_link(client, kind, link).await?.display)
    }

    /// Sets a new password with a mailed link or code. Every session and everything else that was begun with the old
    /// one ends; nobody is signed in by it. Of any number of simultaneous uses of one link exactly one succeeds.
    ///
    /// `second_factor` is a code of the account's second factor, if it has one: the mail alone sets no password there.
    ///
    /// # Errors
    /// An invalid `password` or `second_factor`, which does not use the link up; [`Refused::SecondFactorRequired`];
    /// [`Refused::LinkInvalid`] or [`Refused::CodeInvalid`]; too many attempts; or an outage.
    pub async fn reset_password(
        &self,
        client: &Client,
        proof: AddressProof<'_>,
        password: Secret<'_>,
        second_factor: Option<Secret<'_>>,
    ) -> Result<(), Error> {
        self.settings().passwords()?;
        let password = Password::new(password.0).map_err(|error| FieldError::password("password", error))?;
        let typed = second_factor.map(|code| Typed::parse("second_factor", code.0)).transpose()?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let dead = proof.dead();
        let mut token = self.mailed(client, TokenKind::ResetPassword, proof).await?;
        let mut hash = None;
        let guesses = typed.as_ref().map(|_| meter.wrong_second_factor(token.user));
        let mut counted = false;
        let mut tries = Tries::default();
        loop {
            let flow = self.flow(client);
            let found: Found = reset_password::found(&flow, token).await?;
            if hash.is_none() {
                let contact = found.token.contact().ok_or(Refused::LinkInvalid)?;
                let previous = previous(found.password.as_ref());
                self.check_new_password(
                    "password",
                    &password,
                    Some(&contact),
                    &found.user.name,
                    &previous,
                    found.user.factors,
                )
                .await?;
            }
            let second = match &typed {
                Some(typed) if found.user.factors.is_asked() => {
                    if !counted {
                        self.charge_codes(client, &meter, found.user.id).await?;
                        counted = true;
                    }
                    let all = self.store().factors(found.user.id).await?;
                    // No code is sent for this: two messages are one proof where they reach one reader.
                    let shown = self.shown(&flow, &all, typed, None).inspect_err(|error| self.note_code(client, error));
                    Some(shown.map_err(|error| match error {
                        Error::Refused(Refused::CodeInvalid) => {
                            FieldError::new("second_factor", FieldError::WRONG).into()
                        }
                        other => other,
                    })?)
                }
                _ => None,
            };
            let hash = match &mut hash {
                Some(hash) => PasswordHash::clone(hash),
                none => none.insert(self.hasher().hash(&password).await?).clone(),
            };
            let history = self.settings().password_rules.history;
            let changes = reset_password::plan(&flow, &found, second, hash, history).await?;
            match self.commit_raw(changes).await {
                Ok(_) => {
                    if let Some(guesses) = guesses.filter(|_| counted) {
                        meter.give_back(&guesses, flow.now).await?;
                    }
                    return Ok(());
                }
                Err(error) if matches!(error.kind(), StoreErrorKind::Refused(_)) => {
                    return Err(dead.into());
                }
                Err(error) if tries.again(&error) => {
                    token = mailed::again(&self.flow(client), &found.token, dead.clone()).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Undoes what was changed behind the owner's back: by the link in the notice of the change. Everything that is
    /// signed in ends, the password is void, and a mail to the address that the notice went to sets a new one; answers
    /// that address.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`], too many attempts, or an outage.
    pub async fn secure_account(&self, client: &Client, link: Secret<'_>) -> Result<String, Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let token = self.mailed_link(client, TokenKind::SecureAccount, link).await?;
        let passwords = self.settings().has_passwords();
        for _ in 0..limits::CONFLICT_TRIES {
            let (changes, email) = secure_account::plan(&self.flow(client), &token, passwords).await?;
            match self.commit_raw(changes).await {
                Ok(_) => return Ok(email),
                // The address belongs to another account by now.
                Err(error) if Self::is_taken(&error) => return Err(Refused::LinkInvalid.into()),
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refused::Conflict.into())
    }

    /// The live token behind a mailed link or code.
    pub(crate) async fn mailed(
        &self,
        client: &Client,
        kind: TokenKind,
        proof: AddressProof<'_>,
    ) -> Result<Token, Error> {
        match proof {
            AddressProof::Link(link) => self.mailed_link(client, kind, link).await,
            AddressProof::Code(code) => self.mailed_code(client, kind, code).await,
        }
    }

    pub(crate) async fn mailed_link(&self, client: &Client, kind: TokenKind, link: Secret<'_>) -> Result<Token, Error> {
        let refuse = || self.refusals().note(AuditKind::VerificationRefused, client, "link", self.now());
        let Some(link) = Bearer::parse(kind.bearer(), link.0) else {
            refuse();
            return Err(Refused::LinkInvalid.into());
        };
        mailed::by_link(&self.flow(client), kind, &link).await.inspect_err(|error| {
            if matches!(error, Error::Refused(_)) {
                refuse();
            }
        })
    }

    /// Counts a try at a code, durably; none may be left.
    pub(crate) async fn count_try(&self, flow: &Flow<'_>, token: &Token) -> Result<(), Error> {
        let count = flow.changes()?.with(Write::CountTry { user: token.user, id: token.id });
        self.commit_raw(count).await.map(drop).map_err(|error| match error.kind() {
            StoreErrorKind::Refused(_) => Refused::CodeInvalid.into(),
            _ => error.into(),
        })
    }

    /// Counts the try, durably, and only then compares.
    pub(crate) async fn mailed_code(
        &self,
        client: &Client,
        kind: TokenKind,
        typed: Secret<'_>,
    ) -> Result<Token, Error> {
        let refuse = || {
            self.refusals().note(AuditKind::VerificationRefused, client, "code", self.now());
            Error::from(Refused::CodeInvalid)
        };
        let Some(browser) = &client.browser else { return Err(refuse()) };
        let flow = self.flow(client);
        let token = match mailed::by_browser(&flow, kind, browser.digest()).await {
            Err(Error::Refused(_)) => return Err(refuse()),
            other => other?,
        };
        let meter = Meter::new(self, client);
        let guesses = [meter.wrong_code(token.user)];
        meter.take(&guesses, flow.now).await?;
        self.count_try(&flow, &token).await.map_err(|error| match error {
            Error::Refused(Refused::CodeInvalid) => refuse(),
            error => error,
        })?;
        if !mailed::code_matches(&flow, &token, typed.0) {
            return Err(refuse());
        }
        meter.give_back(&guesses, flow.now).await?;
        Ok(token)
    }

    /// Somebody guesses a password so often that strange devices must wait: the owner is told, once a day. The same
    /// is written whether the address is known or not.
    ///
    /// # Errors
    /// An outage.
    pub(crate) async fn warn_owner(&self, client: &Client, meter: &Meter<'_>, name: SignInName) -> Result<(), Error> {
        if meter.passes(&[meter.warning(name.canonical())], self.now()).await?.is_none() {
            let _ = self.request_by_name(client, name, AddressPurpose::Locked).await?;
        }
        Ok(())
    }

    /// Whether a duplicate is that of an address.
    pub(crate) fn is_taken(error: &usermgmt_core::store::StoreError) -> bool {
        error.kind() == StoreErrorKind::Duplicate(UniqueKey::Identifier)
    }
}
