//! A sign-in on a device, or in a country, that is new for the account: its owner hears of it.

use serde_json::json;
use usermgmt_core::error::Error;
use usermgmt_core::flow::{Flow, mailed};
use usermgmt_core::id::UserId;
use usermgmt_core::model::{Actor, AuditKind, Identifier, MailKind, Session};
use usermgmt_core::port::Country;
use usermgmt_core::store::{ChangeSet, Charge};

use crate::client::Client;
use crate::limits::Meter;
use crate::{UserMgmt, device};

/// What is new about a sign-in.
#[derive(Default)]
pub(crate) struct Novelty {
    device: bool,
    country: Option<Country>,
    /// Whether it is mailed: only so often within an hour.
    mailed: bool,
    /// What was remembered of it: forgotten again if there is no session in the end.
    remembered: Vec<Charge>,
}

impl Novelty {
    /// Adds to the commit of the session what is new: an event for each, and one mail.
    pub(crate) async fn tell(&self, flow: &Flow<'_>, changes: &mut ChangeSet, session: &Session) -> Result<(), Error> {
        let actor = || Actor::User { user: session.user, session: Some(session.id) };
        if self.device {
            changes.push(flow.audit(AuditKind::NewDevice, actor(), session.user, json!({}))?);
        }
        if let Some(country) = &self.country {
            let detail = json!({ "country": country.as_str() });
            changes.push(flow.audit(AuditKind::NewCountry, actor(), session.user, detail)?);
        }
        let mail = match (&self.country, self.device) {
            (Some(_), _) => MailKind::NewCountry,
            (None, true) => MailKind::NewDevice,
            (None, false) => return Ok(()),
        };
        if !self.mailed {
            return Ok(());
        }
        if let Some(user) = flow.store.user(flow.realm, session.user).await? {
            let contacts = mailed::contacts(flow, user.id).await?;
            if let Some(primary) = mailed::primary(&contacts) {
                mailed::notify(flow, changes, mail, &user, primary).await?;
            }
        }
        Ok(())
    }

    /// There is no session in the end: what was remembered is forgotten, so that the next sign-in is as new as this one.
    pub(crate) async fn forget(&self, auth: &UserMgmt) {
        let keys: Vec<_> = self.remembered.iter().map(|charge| charge.key).collect();
        if let Err(error) = auth.store().refund(&keys, auth.now()).await {
            tracing::debug!(kind = ?error.kind(), "a sign-in that failed is remembered");
        }
    }
}

impl UserMgmt {
    /// What is new about a sign-in of this user, by the device's cookie and by what the counters remember. Nothing is on
    /// the very first one.
    ///
    /// # Errors
    /// An outage.
    pub(crate) async fn novelty(&self, client: &Client, user: UserId) -> Result<Novelty, Error> {
        let mut novelty = Novelty::default();
        if self.0.parts.abuse.new_sign_ins
            && let Err(error) = self.look_for_news(client, user, &mut novelty).await
        {
            novelty.forget(self).await;
            return Err(error);
        }
        Ok(novelty)
    }

    async fn look_for_news(&self, client: &Client, user: UserId, novelty: &mut Novelty) -> Result<(), Error> {
        let (meter, now) = (Meter::new(self, client), self.now());
        let passes = async |charge: Charge, novelty: &mut Novelty| -> Result<bool, Error> {
            let passed = meter.passes(&[charge], now).await?.is_none();
            novelty.remembered.extend(passed.then_some(charge));
            Ok(passed)
        };
        let has_signed_in = !passes(meter.first("sign-in/first", user, ""), novelty).await?;
        novelty.device = has_signed_in && !self.knows_device(client, user).await?;
        if let Some(country) = self.country_of(client).await {
            let has_country = !passes(meter.first("sign-in/countries", user, ""), novelty).await?;
            let is_new = passes(meter.first("sign-in/country", user, country.as_str()), novelty).await?;
            novelty.country = Some(country).filter(|_| has_signed_in && has_country && is_new);
        }
        if novelty.device || novelty.country.is_some() {
            novelty.mailed = passes(meter.notice(user), novelty).await?;
        }
        Ok(())
    }

    /// Whether the account knows this device, by whichever of its names.
    async fn knows_device(&self, client: &Client, user: UserId) -> Result<bool, Error> {
        let Some(cookie) = client.device.as_deref() else { return Ok(false) };
        let (names, now) = (self.store().identifiers(user).await?, self.now());
        let knows = |name: &Identifier| device::recognise(self.keys(), cookie, &name.canonical, now).is_some();
        Ok(names.iter().any(knows))
    }

    /// In which country a client is, as far as it can be found out: no sign-in fails for that.
    async fn country_of(&self, client: &Client) -> Option<Country> {
        let (lookup, address) = (self.0.parts.abuse.geo.as_ref()?, client.ip()?);
        lookup.country(address).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the country of a sign-in is not known");
            None
        })
    }
}
