//! The second factors of an account: the list, recovery codes, trusted devices, removal.

use time::OffsetDateTime;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::flow::factors;
#[cfg(any(feature = "totp", feature = "sent-codes"))]
use usermgmt_core::flow::sign_in::{self, Facts, Next};
use usermgmt_core::id::FactorId;
use usermgmt_core::limits::RECOVERY_CODES_LOW;
#[cfg(any(feature = "totp", feature = "sent-codes"))]
use usermgmt_core::model::Attempt;
use usermgmt_core::model::{Factor, FactorData, FactorKind, TokenKind, User};
use usermgmt_core::proof::{Principal, StepUp};
use usermgmt_core::recovery_code::RecoveryCode;
use usermgmt_core::secret::Bearer;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::limits::Meter;
use crate::sign_up::Secret;

/// A second factor or a trusted device, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FactorItem {
    /// Id.
    pub id: FactorId,
    /// Of which kind.
    pub kind: FactorKind,
    /// What its owner or the device calls it; may be empty.
    pub name: String,
    /// The number that codes are sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last used.
    #[serde(with = "time::serde::rfc3339::option")]
    pub used_at: Option<OffsetDateTime>,
    /// When it ends by itself.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
}

/// The second factors of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FactorList {
    /// Second factors in force, the oldest first.
    pub factors: Vec<FactorItem>,
    /// Devices on which none is asked for, the oldest first.
    pub trusted_devices: Vec<FactorItem>,
    /// Recovery codes that are left; `None` if there is no second factor that they could stand in for.
    pub recovery_codes: Option<usize>,
    /// Whether so few are left that it is time to make new ones.
    pub recovery_codes_low: bool,
}

/// New recovery codes. They are shown once; what is stored cannot be turned back into them.
#[derive(Clone, Debug)]
pub struct RecoveryCodes {
    /// The codes, each good once.
    pub codes: Vec<RecoveryCode>,
    /// The new secret of the session.
    pub session: Bearer,
}

/// A second factor is in force.
#[derive(Clone, Debug)]
pub struct FactorAdded<T> {
    /// In what its holder goes on: the new secret of the session, or where the sign-in stands.
    pub next: T,
    /// The recovery codes that came with the first factor, to be shown once; none with a later one.
    pub recovery_codes: Vec<RecoveryCode>,
}

impl UserMgmt {
    /// The second factors of the principal.
    ///
    /// # Errors
    /// An outage.
    pub async fn factors(&self, principal: &Principal) -> Result<FactorList, Error> {
        let now = self.now();
        let mut all = self.store().factors(principal.user()).await?;
        all.retain(|factor| factor.is_in_force(now));
        all.sort_by_key(|factor| factor.created_at);
        let items = |wanted: &dyn Fn(FactorKind) -> bool| {
            let wanted = all.iter().filter(|factor| wanted(factor.kind()));
            wanted.map(item).collect::<Vec<_>>()
        };
        let factors = items(&FactorKind::is_second);
        let left = |factor: &Factor| match &factor.data {
            FactorData::RecoveryCodes { left } => left.len(),
            _ => 0,
        };
        let recovery_codes = (!factors.is_empty()).then(|| all.iter().map(left).sum());
        Ok(FactorList {
            factors,
            trusted_devices: items(&|kind| kind == FactorKind::TrustedDevice),
            recovery_codes,
            recovery_codes_low: recovery_codes.is_some_and(|left| left <= RECOVERY_CODES_LOW),
        })
    }

    /// Removes a second factor; with the last one go the recovery codes. The other sessions end, the owner is told by
    /// mail, and this session goes on under the new secret that is answered.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::FactorRequired`] where a policy demands one, [`Refused::LastSignInMethod`] for
    /// the last passkey where nothing else is left to sign in by, too many changes,
    /// [`Refused::AuthorityChanged`], or an outage.
    pub async fn remove_factor(&self, client: &Client, proof: &StepUp, id: FactorId) -> Result<Bearer, Error> {
        let principal = proof.principal();
        self.charge_factor_mail(client, principal).await?;
        let (app, by_mail) = (&self.settings().policy, self.settings().has_sign_in_mails());
        committing!(self, client, |flow| {
            let (user, all) = self.user_with_factors(principal).await?;
            factors::plan_removal(&flow, principal, &user, &all, id, app, by_mail).await?
        })
    }

    /// Makes a new set of recovery codes; those of before are void. The other sessions end and the owner is told.
    ///
    /// # Errors
    /// [`Refused::NotFound`] without a second factor, too many changes, [`Refused::AuthorityChanged`], or an outage.
    pub async fn make_recovery_codes(&self, client: &Client, proof: &StepUp) -> Result<RecoveryCodes, Error> {
        let principal = proof.principal();
        self.charge_factor_mail(client, principal).await?;
        let (session, codes) = committing!(self, client, |flow| {
            let (user, all) = self.user_with_factors(principal).await?;
            let (changes, session, codes) = factors::plan_recovery_codes(&flow, principal, &user, &all).await?;
            (changes, (session, codes))
        })?;
        Ok(RecoveryCodes { codes, session })
    }

    /// Trusts no device any more: the next sign-in asks for the second factor everywhere.
    ///
    /// # Errors
    /// [`Refused::AuthorityChanged`], or an outage.
    pub async fn distrust_devices(&self, client: &Client, principal: &Principal) -> Result<(), Error> {
        committing!(self, client, |flow| {
            let user = self.own(principal).await?;
            (factors::plan_distrust(&flow, principal, &user)?, ())
        })
    }

    /// Removes every second factor by the link that support has sent to somebody who has lost them. All sessions end, the
    /// owner is told; nobody is signed in by it. Answers the address that the link went to.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`], too many attempts, or an outage.
    pub async fn remove_lost_factors(&self, client: &Client, link: Secret<'_>) -> Result<String, Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let token = self.mailed_link(client, TokenKind::RemoveFactors, link).await?;
        committing!(self, client, |flow| factors::plan_reset(&flow, &token).await?)
    }

    /// The attempt that waits for an enrolment.
    #[cfg(any(feature = "totp", feature = "sent-codes"))]
    pub(crate) async fn enrolling(&self, client: &Client, secret: &Bearer) -> Result<(Attempt, Facts), Error> {
        let attempt = self.find_attempt(client, secret).await?;
        let facts = sign_in::facts(&self.flow(client), &attempt).await?;
        match self.next(attempt.clone(), &facts)? {
            Next::EnrolFactor(_) => Ok((attempt, facts)),
            _ => Err(Refused::AttemptExpired.into()),
        }
    }

    /// The row of the principal's user.
    pub(crate) async fn own(&self, principal: &Principal) -> Result<User, Error> {
        Ok(self.store().user(self.realm(), principal.user()).await?.ok_or(Refused::AuthorityChanged)?)
    }

    pub(crate) async fn user_with_factors(&self, principal: &Principal) -> Result<(User, Vec<Factor>), Error> {
        let user = self.own(principal).await?;
        let factors = self.store().factors(user.id).await?;
        Ok((user, factors))
    }

    /// Changes of factors send mail: there are so many a day.
    pub(crate) async fn charge_factor_mail(&self, client: &Client, principal: &Principal) -> Result<(), Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.account_mail(principal.user())], self.now()).await
    }
}

fn item(factor: &Factor) -> FactorItem {
    FactorItem {
        id: factor.id,
        kind: factor.kind(),
        name: factor.name.clone(),
        to: match &factor.data {
            FactorData::SmsCode { number } => Some(number.display().to_owned()),
            _ => None,
        },
        created_at: factor.created_at,
        used_at: factor.used_at,
        expires_at: factor.expires_at,
    }
}
