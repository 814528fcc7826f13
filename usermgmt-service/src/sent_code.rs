//! Codes by text or mail as a second factor.

use std::sync::Arc;

use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::flow::Flow;
use usermgmt_core::flow::factors::{self, Holder, Renewed};
use usermgmt_core::flow::sent_code::{self, Asking};
use usermgmt_core::flow::sign_in::{Facts, Next, open_methods};
use usermgmt_core::id::{FactorId, UserId};
use usermgmt_core::model::{Attempt, Factor, FactorData, FactorKind, Method, Proof, User};
use usermgmt_core::port::Country;
use usermgmt_core::proof::{Principal, StepUp};
use usermgmt_core::recovery_code::RecoveryCode;
use usermgmt_core::secret::Bearer;
use usermgmt_core::store::ChangeSet;

use crate::builder::{Builder, ConfigError};
use crate::client::Client;
use crate::commit::committing;
use crate::factors::FactorAdded;
use crate::limits::Meter;
use crate::second_factor::digits;
use crate::settings::Settings;
use crate::sign_in::SignInOutcome;
use crate::sign_up::Secret;
use crate::{Phones, UserMgmt};

/// Codes that are sent as a second factor, and where to.
///
/// They are weak: a number moves to whoever talks the phone company into a new card, and a mailbox is as safe as its own
/// password (NIST SP 800-63B-4 sections 3.1.3.1 and 3.1.3.3). They stop whoever has only a password that was used
/// elsewhere. A [policy](usermgmt_core::policy::AuthPolicy::bars_sent_codes) bars them where accounts are worth more.
///
/// A new password is never set by a message and a sent code: it takes a recovery code, or a stronger factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCodes {
    text: Option<Phones>,
    mail: bool,
}

impl SentCodes {
    /// By text to numbers of these countries, which need not be ones that sign in. A number that is typed without its
    /// country code is one of the first country. Each text costs; [`Phones`] says what limits that.
    #[must_use]
    pub fn by_text_in(countries: impl IntoIterator<Item = Country>) -> Self {
        Self { text: Some(Phones::in_countries(countries)), mail: false }
    }

    /// By text to numbers of every country, whatever a text there costs. They are typed with their country code.
    #[must_use]
    pub fn by_text_in_every_country_at_any_cost() -> Self {
        Self::by_text_in([])
    }

    /// By mail to the primary address of the account.
    #[must_use]
    pub const fn by_mail() -> Self {
        Self { text: None, mail: true }
    }

    /// By mail, too.
    #[must_use]
    pub fn or_by_mail(self) -> Self {
        Self { mail: true, ..self }
    }

    /// Whether codes of this kind of factor are sent.
    #[must_use]
    pub const fn has(&self, kind: FactorKind) -> bool {
        match kind {
            FactorKind::SmsCode => self.text.is_some(),
            FactorKind::EmailCode => self.mail,
            _ => false,
        }
    }
}

impl Builder {
    /// Lets people take codes by text or mail for their second factor. Default: off.
    pub fn weak_second_factors(self, codes: SentCodes) -> Self {
        self.set(|settings| settings.sent_codes = Some(codes))
    }
}

impl Settings {
    /// Whether codes of this kind of factor are sent.
    #[must_use]
    pub fn sends(&self, kind: FactorKind) -> bool {
        self.sent_codes.as_ref().is_some_and(|codes| codes.has(kind))
    }
}

/// Whether codes can be sent, and show something that the first proof does not.
pub(crate) fn check(settings: &Settings, has_sender: bool) -> Result<(), ConfigError> {
    if settings.sends(FactorKind::SmsCode) && !has_sender {
        return Err(ConfigError::NoSmsSender);
    }
    let twice = [
        (FactorKind::SmsCode, settings.has_sign_in_texts(), "texts"),
        (FactorKind::EmailCode, settings.has_sign_in_mails(), "mails"),
    ];
    match twice.into_iter().find(|(kind, signs_in, _)| *signs_in && settings.sends(*kind)) {
        Some((_, _, messages)) => Err(ConfigError::SentCodes(messages)),
        None => Ok(()),
    }
}

/// A new second factor whose codes are sent.
#[derive(Clone, Copy, Debug)]
pub enum SendCodes<'a> {
    /// By text to this number.
    ByText(&'a str),
    /// By mail to the primary address.
    ByMail,
}

/// An enrolment that waits for the code that was sent.
#[derive(Clone, Debug)]
pub struct SentCodeEnrolment {
    /// Its id, for the confirmation.
    pub id: FactorId,
    /// Where the code went.
    pub to: String,
}

/// A code was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSent {
    /// Where it went, so far that its owner knows it again: the last digits of the number, or the first letter and the
    /// domain of the address.
    pub to: String,
}

fn hinted(to: &Contact) -> String {
    match to {
        Contact::Phone(number) => {
            let digits = number.canonical();
            format!("…{}", digits.get(digits.len().saturating_sub(2)..).unwrap_or_default())
        }
        Contact::Email(email) => {
            let (local, domain) = email.display().rsplit_once('@').unwrap_or_default();
            format!("{}…@{domain}", local.chars().next().unwrap_or('…'))
        }
    }
}

impl UserMgmt {
    /// Sends the code that a sign-in waits for; the one before is void. It works in this sign-in alone, ten minutes long.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if the account has no such factor, or its codes are not sent; [`Refused::AttemptExpired`]
    /// also for an attempt that waits for something else; too many (one a minute, five an hour); or an outage.
    pub async fn send_second_factor(
        &self,
        client: &Client,
        attempt: &Bearer,
        method: Method,
    ) -> Result<CodeSent, Error> {
        let (attempt, facts) = self.awaiting(client, attempt).await?;
        if !open_methods(&attempt, facts.user.factors).contains(&method) {
            return Err(Refused::NotFound.into());
        }
        self.send_code(client, facts.user, method, Asking::Attempt(attempt.id)).await
    }

    /// Sends a code by which somebody who is signed in proves again who they are. It works in this session alone.
    ///
    /// # Errors
    /// As [`send_second_factor`](Self::send_second_factor), and [`Refused::AuthorityChanged`].
    pub async fn send_step_up(
        &self,
        client: &Client,
        principal: &Arc<Principal>,
        method: Method,
    ) -> Result<CodeSent, Error> {
        let user = self.own(principal).await?;
        self.send_code(client, user, method, Asking::Session(principal.session())).await
    }

    async fn send_code(&self, client: &Client, user: User, method: Method, asking: Asking) -> Result<CodeSent, Error> {
        let flow = self.flow(client);
        let all = self.store().factors(user.id).await?;
        let meant = |factor: &&Factor| factor.kind().method() == Some(method) && factor.is_in_force(flow.now);
        let own = all.iter().find(meant).filter(|own| self.settings().sends(own.kind())).ok_or(Refused::NotFound)?;
        let to = sent_code::recipient(&flow, user.id, &own.data).await?;
        let meter = Meter::new(self, client);
        meter.take(&meter.sent_codes(user.id, &to), flow.now).await?;
        committing!(self, client, |flow| (sent_code::plan(&flow, &user, own.kind(), to.clone(), asking)?, ()))?;
        Ok(CodeSent { to: hinted(&to) })
    }

    /// Begins to enrol a second factor whose codes are sent: sends the first one. It counts for nothing until
    /// [`confirm_sent_code`](Self::confirm_sent_code); one that is in force stays so until then.
    ///
    /// # Errors
    /// An invalid `number`, [`Refused::NotFound`] if such codes are not sent or there is no address, too many changes or
    /// messages, [`Refused::AuthorityChanged`], or an outage.
    pub async fn begin_sent_code(
        &self,
        client: &Client,
        proof: &StepUp,
        what: SendCodes<'_>,
    ) -> Result<SentCodeEnrolment, Error> {
        let data = self.code_factor(what)?;
        let principal = proof.principal();
        self.charge_factor_mail(client, principal).await?;
        self.begin_sending(client, data, || async { Ok((Holder::Session(principal), self.own(principal).await?)) })
            .await
    }

    /// The same for a sign-in that demands a second factor of somebody who has none.
    ///
    /// # Errors
    /// As [`begin_sent_code`](Self::begin_sent_code), [`Refused::NotFound`] also where a policy
    /// [bars](usermgmt_core::policy::AuthPolicy::bars_sent_codes) it, and [`Refused::AttemptExpired`].
    pub async fn begin_sent_code_at_sign_in(
        &self,
        client: &Client,
        attempt: &Bearer,
        what: SendCodes<'_>,
    ) -> Result<SentCodeEnrolment, Error> {
        let data = self.code_factor(what)?;
        let (found, facts) = self.enrolling(client, attempt).await?;
        if !self.leads_on(&found, &facts, data.kind()) {
            return Err(Refused::NotFound.into());
        }
        self.begin_sending(client, data, || async {
            let (found, facts) = self.enrolling(client, attempt).await?;
            Ok((Holder::Attempt(Box::new(found)), facts.user))
        })
        .await
    }

    /// By which codes that are sent a sign-in could go on that demands a second factor of somebody who has none.
    ///
    /// # Errors
    /// [`Refused::AttemptExpired`] also for an attempt that waits for something else, or an outage.
    pub async fn offered_sent_codes(&self, client: &Client, attempt: &Bearer) -> Result<Vec<FactorKind>, Error> {
        let (found, facts) = self.enrolling(client, attempt).await?;
        let offered = |kind: &FactorKind| self.settings().sends(*kind) && self.leads_on(&found, &facts, *kind);
        Ok([FactorKind::SmsCode, FactorKind::EmailCode].into_iter().filter(offered).collect())
    }

    /// Whether a sign-in that waits for a factor waits no more with this one: a policy may bar it, or it may show nothing
    /// that the first proof does not.
    fn leads_on(&self, attempt: &Attempt, facts: &Facts, kind: FactorKind) -> bool {
        let (mut attempt, mut facts) = (attempt.clone(), facts.clone());
        attempt.proofs.extend(kind.method().map(|method| Proof { method, at: self.now() }));
        facts.user.factors = facts.user.factors.with(kind);
        self.next(attempt, &facts).is_ok_and(|next| !matches!(next, Next::EnrolFactor(_)))
    }

    fn code_factor(&self, what: SendCodes<'_>) -> Result<FactorData, Error> {
        let codes = self.settings().sent_codes.as_ref().ok_or(Refused::NotFound)?;
        match what {
            SendCodes::ByText(number) => {
                let phones = codes.text.as_ref().ok_or(Refused::NotFound)?;
                Ok(FactorData::SmsCode { number: phones.read("number", number)? })
            }
            SendCodes::ByMail if codes.mail => Ok(FactorData::EmailCode),
            SendCodes::ByMail => Err(Refused::NotFound.into()),
        }
    }

    async fn begin_sending<'a, F>(
        &self,
        client: &Client,
        data: FactorData,
        read: impl Fn() -> F,
    ) -> Result<SentCodeEnrolment, Error>
    where
        F: Future<Output = Result<(Holder<'a>, User), Error>>,
    {
        let flow = self.flow(client);
        let (_, user) = read().await?;
        let to = sent_code::recipient(&flow, user.id, &data).await?;
        let meter = Meter::new(self, client);
        // Whose number it is shows only later: it is spared as one that somebody else has typed.
        let mut charges = meter.sent_codes(user.id, &to);
        charges.extend(meter.typed_number(&to));
        meter.take(&charges, flow.now).await?;
        let id = committing!(self, client, |flow| {
            let (holder, user) = read().await?;
            let all = self.store().factors(user.id).await?;
            sent_code::plan_enrolment(&flow, &holder, &user, &all, data.clone(), to.clone())?
        })?;
        Ok(SentCodeEnrolment { id, to: to.display().to_owned() })
    }

    /// Puts a factor in force by the code that was sent, in place of one of its kind that was before. The other sessions
    /// end, the owner is told by mail, and this session goes on under a new secret.
    ///
    /// # Errors
    /// An invalid `code`, [`Refused::CodeInvalid`], [`Refused::NotFound`] for an enrolment that does not wait any more,
    /// too many tries, [`Refused::AuthorityChanged`], or an outage.
    pub async fn confirm_sent_code(
        &self,
        client: &Client,
        proof: &StepUp,
        id: FactorId,
        code: Secret<'_>,
    ) -> Result<FactorAdded<Bearer>, Error> {
        let code = digits(code)?;
        let principal = proof.principal();
        self.count_code(client, principal.user(), id).await?;
        let (renewed, recovery_codes) = committing!(self, client, |flow| {
            let user = self.own(principal).await?;
            self.confirmed_code(&flow, client, Holder::Session(principal), &user, id, &code).await?
        })?;
        self.uncount_code(client, principal.user()).await?;
        Ok(FactorAdded { next: renewed.session()?, recovery_codes })
    }

    /// The same in a sign-in, which goes on with it.
    ///
    /// # Errors
    /// As [`confirm_sent_code`](Self::confirm_sent_code), and [`Refused::AttemptExpired`].
    pub async fn confirm_sent_code_at_sign_in(
        &self,
        client: &Client,
        attempt: &Bearer,
        id: FactorId,
        code: Secret<'_>,
    ) -> Result<FactorAdded<SignInOutcome>, Error> {
        let code = digits(code)?;
        let (found, _) = self.enrolling(client, attempt).await?;
        self.count_code(client, found.user, id).await?;
        let (renewed, recovery_codes) = committing!(self, client, |flow| {
            let (found, facts) = self.enrolling(client, attempt).await?;
            self.confirmed_code(&flow, client, Holder::Attempt(Box::new(found)), &facts.user, id, &code).await?
        })?;
        self.uncount_code(client, found.user).await?;
        Ok(FactorAdded { next: self.advance(client, renewed.attempt()?).await?, recovery_codes })
    }

    /// Counts the try, durably, before anybody compares: the code must not show whose number it is.
    async fn count_code(&self, client: &Client, user: UserId, id: FactorId) -> Result<(), Error> {
        let flow = self.flow(client);
        factors::begun(&flow, &self.store().factors(user).await?, id)?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(user), meter.wrong_code(user)], flow.now).await?;
        let sent = sent_code::live(&flow, user, Asking::Enrolment(id)).await?.ok_or(Refused::CodeInvalid)?;
        self.count_try(&flow, &sent).await
    }

    async fn uncount_code(&self, client: &Client, user: UserId) -> Result<(), Error> {
        let meter = Meter::new(self, client);
        meter.give_back(&[meter.wrong_code(user)], self.now()).await
    }

    async fn confirmed_code(
        &self,
        flow: &Flow<'_>,
        client: &Client,
        holder: Holder<'_>,
        user: &User,
        id: FactorId,
        code: &str,
    ) -> Result<(ChangeSet, (Renewed, Vec<RecoveryCode>)), Error> {
        let all: Vec<Factor> = self.store().factors(user.id).await?;
        let begun = factors::begun(flow, &all, id)?;
        let planned = sent_code::plan_confirmation(flow, holder, user, &all, begun, code).await;
        let (changes, renewed, codes) = planned.inspect_err(|error| self.note_code(client, error))?;
        Ok((changes, (renewed, codes)))
    }
}

#[cfg(test)]
mod tests {
    use usermgmt_core::MemoryStore;
    use usermgmt_core::keys::KeyRing;
    use usermgmt_core::port::OsRandom;

    use super::*;
    use crate::{DevMailbox, MagicLink};

    #[test]
    fn a_hint_tells_its_owner_and_nobody_else() {
        for (to, hint) in
            [("+12025550143", "…43"), ("ann.quill@example.org", "a…@example.org"), ("q@example.org", "q…@example.org")]
        {
            assert_eq!(hinted(&Contact::parse(to).unwrap()), hint);
        }
    }

    #[tokio::test]
    async fn what_shows_one_thing_twice_does_not_start() {
        let builder = |origin: &str| {
            let keys = KeyRing::generate(&OsRandom).unwrap();
            UserMgmt::builder(MemoryStore::new(), origin, keys).mailer(DevMailbox::default()).without_workers()
        };
        let (local, public) = ("http://localhost:3000", "https://app.example.com");
        let texts = || SentCodes::by_text_in(Country::parse("US"));
        let phones = || Phones::in_countries(Country::parse("US"));
        assert!(matches!(builder(public).weak_second_factors(texts()).build().await, Err(ConfigError::NoSmsSender)));
        for (wrong, messages) in [
            (builder(local).weak_second_factors(SentCodes::by_mail()).magic_link(MagicLink::code_only()), "mails"),
            (builder(local).weak_second_factors(texts()).phones(phones().sign_in_by_code()), "texts"),
        ] {
            assert!(matches!(wrong.build().await, Err(ConfigError::SentCodes(twice)) if twice == messages));
        }
        for starts in [
            builder(local).weak_second_factors(texts().or_by_mail()).phones(phones()),
            builder(local).weak_second_factors(texts()).magic_link(MagicLink::link_only()),
            builder(public).weak_second_factors(SentCodes::by_mail()),
        ] {
            assert!(starts.build().await.is_ok());
        }
    }
}
