//! Proving who one is by a passkey: as the first proof of a sign-in, as the second one, or again in a session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::flow::Flow;
use usermgmt_core::flow::second_factor::{self, Shown};
use usermgmt_core::id::UserId;
use usermgmt_core::model::{Actor, AuditKind, Factor, IdentifierKind, Method, SignInRecord, Token};
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::{Bearer, Digest};
use webauthn_rs::prelude::{DiscoverableAuthentication, PublicKeyCredential};

use super::ceremony::{For, PasskeyAnswer, PasskeyChallenge, Remembered, Verdict, parsed};
use crate::client::Client;
use crate::commit::{Tries, committing};
use crate::limits::Meter;
use crate::second_factor::SecondFactorProven;
use crate::{SignInOutcome, UserMgmt};

/// An answer that was read, and the challenge that it is about.
struct Answer {
    credential: PublicKeyCredential,
    asked: Remembered<DiscoverableAuthentication>,
    /// Whether the authenticator must say whose the passkey is.
    named: bool,
    regressed: AtomicBool,
}

impl Answer {
    fn digest(&self) -> Digest {
        Digest::of(&self.credential.raw_id)
    }
}

impl UserMgmt {
    /// Asks for any passkey of this application: nobody has to type a name. Costs the store nothing.
    ///
    /// # Errors
    /// [`Refused::NotFound`] where [`Builder::passkeys`](crate::Builder::passkeys) was not called, or an outage.
    pub fn begin_sign_in_by_passkey(&self, client: &Client) -> Result<PasskeyChallenge, Error> {
        self.challenge(client, &For::sign_in(), &[])
    }

    /// Signs in by a passkey. Whose it is says the stored passkey; what the authenticator says of it must be the same. Of
    /// any number of uses of one answer one succeeds.
    ///
    /// # Errors
    /// An invalid `credential`, [`Refused::PasskeyInvalid`], [`Refused::AccountUnavailable`], too many attempts,
    /// [`Refused::NotFound`] where passkeys are not switched on, or an outage.
    pub async fn sign_in_by_passkey(
        &self,
        client: &Client,
        answer: PasskeyAnswer<'_>,
        remember: bool,
    ) -> Result<SignInOutcome, Error> {
        self.party()?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.sign_in()], self.now()).await?;
        let answer = self.read(client, &For::sign_in(), answer, true).inspect_err(|error| self.note(client, error))?;
        let mut tries = Tries::default();
        let user = loop {
            let flow = self.flow(client);
            let factor = self.store().factor_by_credential(self.realm(), answer.digest()).await?;
            let factors = Vec::from_iter(factor);
            let shown = self.answered(&flow, &factors, &answer);
            let user = factors.first().map(|factor| factor.user);
            let shown = self.judged(client, user, &answer, shown).await?;
            let user = user.ok_or(Refused::PasskeyInvalid)?;
            let user = self.store().user(self.realm(), user).await?.ok_or(Refused::PasskeyInvalid)?;
            match self.commit_raw(second_factor::plan_first(&flow, &user, shown).await?).await {
                Ok(_) => break user,
                Err(error) if tries.again(&error) => {}
                Err(error) => return Err(error.into()),
            }
        };
        let record = self.record_of(user.id).await?;
        self.begin(client, record, Method::Passkey, remember).await
    }

    /// Asks for a passkey of the account whose sign-in waits for a second factor.
    ///
    /// # Errors
    /// [`Refused::AttemptExpired`] also for an attempt that waits for something else, [`Refused::NotFound`] where passkeys
    /// are not switched on, or an outage.
    pub async fn begin_second_factor_by_passkey(
        &self,
        client: &Client,
        attempt: &Bearer,
    ) -> Result<PasskeyChallenge, Error> {
        let (found, facts) = self.awaiting(client, attempt).await?;
        let own = self.own_passkeys(facts.user.id).await?;
        self.challenge(client, &For::second_factor(&found), &own)
    }

    /// Proves the second factor that a sign-in waits for by a passkey of its account. With `trust` none is asked for on
    /// this device for 30 days, until password or factors change.
    ///
    /// # Errors
    /// An invalid `credential`, [`Refused::PasskeyInvalid`], [`Refused::AttemptExpired`] also for an attempt that waits for
    /// something else, too many attempts, or an outage.
    pub async fn prove_second_factor_by_passkey(
        &self,
        client: &Client,
        attempt: &Bearer,
        answer: PasskeyAnswer<'_>,
        trust: bool,
    ) -> Result<SecondFactorProven, Error> {
        let state = self.awaiting(client, attempt).await?;
        let user = state.1.user.id;
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(user)], self.now()).await?;
        let purpose = For::second_factor(&state.0);
        let answer = self.read(client, &purpose, answer, false).inspect_err(|error| self.note(client, error))?;
        let show = |flow: &Flow<'_>, factors: &[Factor], _: Option<&Token>| self.answered(flow, factors, &answer);
        let proven = self.prove(client, attempt, state, trust, show).await;
        self.judged(client, Some(user), &answer, proven).await
    }

    /// Asks for a passkey of somebody who is signed in.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if they have none, or passkeys are not switched on, or an outage.
    pub async fn begin_step_up_by_passkey(
        &self,
        client: &Client,
        principal: &Principal,
    ) -> Result<PasskeyChallenge, Error> {
        let own = self.own_passkeys(principal.user()).await?;
        self.challenge(client, &For::step_up(principal), &own)
    }

    /// Proves again by a passkey. The session goes on under a new secret, which is the answer.
    ///
    /// # Errors
    /// An invalid `credential`, [`Refused::PasskeyInvalid`], too many attempts, [`Refused::AuthorityChanged`], or an
    /// outage.
    pub async fn step_up_by_passkey(
        &self,
        client: &Client,
        principal: &Arc<Principal>,
        answer: PasskeyAnswer<'_>,
    ) -> Result<Bearer, Error> {
        self.party()?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(principal.user())], self.now()).await?;
        let purpose = For::step_up(principal);
        let answer = self.read(client, &purpose, answer, false).inspect_err(|error| self.note(client, error))?;
        committing!(self, client, |flow| {
            let (user, factors) = self.user_with_factors(principal).await?;
            let shown = self.answered(&flow, &factors, &answer);
            let shown = self.judged(client, Some(user.id), &answer, shown).await?;
            second_factor::plan_step_up(&flow, principal, &user, shown).await?
        })
    }

    fn read(&self, client: &Client, purpose: &For, answer: PasskeyAnswer<'_>, named: bool) -> Result<Answer, Error> {
        let credential = parsed(answer.credential)?;
        let asked = self.unsealed(client, purpose, answer.ceremony)?;
        Ok(Answer { credential, asked, named, regressed: AtomicBool::new(false) })
    }

    /// Looks whether one of these factors has answered. The account is that of the factors, whatever the answer says.
    fn answered(&self, flow: &Flow<'_>, factors: &[Factor], answer: &Answer) -> Result<Shown, Error> {
        let digest = answer.digest();
        let factor = factors.iter().find(|factor| factor.credential == Some(digest)).ok_or(Refused::PasskeyInvalid)?;
        let state = answer.asked.state.clone();
        match self.party()?.authenticated(&answer.credential, state, factor, answer.named) {
            Ok(kept) => Shown::passkey(flow, factor, kept, answer.asked.challenge),
            Err(Verdict::Invalid) => Err(Refused::PasskeyInvalid.into()),
            Err(Verdict::Regressed) => {
                answer.regressed.store(true, Ordering::Relaxed);
                Err(Refused::PasskeyInvalid.into())
            }
        }
    }

    /// Notes a refusal. A counter that went back is an event of the account: somebody may have copied the key.
    async fn judged<T>(
        &self,
        client: &Client,
        user: Option<UserId>,
        answer: &Answer,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        let result = result.inspect_err(|error| self.note(client, error));
        if let (Err(_), Some(user), true) = (&result, user, answer.regressed.load(Ordering::Relaxed)) {
            tracing::warn!(%user, "the counter of a passkey did not move on: it may have been copied");
            committing!(self, client, |flow| {
                let audit = flow.audit(AuditKind::PasskeyCounterRegressed, Actor::Anonymous, user, json!({}))?;
                (flow.changes()?.with(audit), ())
            })?;
        }
        result
    }

    fn note(&self, client: &Client, error: &Error) {
        if let Error::Refused(refused) = error {
            self.refusals().note(AuditKind::PasskeyRefused, client, refused.code(), self.now());
        }
    }

    async fn own_passkeys(&self, user: UserId) -> Result<Vec<Factor>, Error> {
        self.party()?;
        let mut own = self.store().factors(user).await?;
        own.retain(|factor| factor.kind().is_passkey());
        if own.is_empty() { Err(Refused::NotFound.into()) } else { Ok(own) }
    }

    /// What a sign-in by the user's first identifier would find.
    async fn record_of(&self, user: UserId) -> Result<SignInRecord, Error> {
        let own = self.store().identifiers(user).await?;
        let of = |kind| own.iter().filter(move |one| one.kind == kind && one.primary);
        // Somebody without an address has a number or a username.
        let kinds = [IdentifierKind::Email, IdentifierKind::Phone, IdentifierKind::Username];
        let first = kinds.into_iter().flat_map(of).next();
        let first = first.ok_or(Refused::AccountUnavailable)?;
        let record = self.store().sign_in_record(self.realm(), first.kind, &first.canonical).await?;
        Ok(record.filter(|record| record.user.id == user).ok_or(Refused::AccountUnavailable)?)
    }
}
