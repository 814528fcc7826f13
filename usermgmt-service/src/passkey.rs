//! Passkeys (WebAuthn Level 3): the settings, and who this application is to an authenticator.
//!
//! Every passkey is asked to verify its holder, at registration and at each use, so one use is two factors unless the
//! policy says otherwise ([`AuthPolicy::passkey_is_one_factor`](usermgmt_core::policy::AuthPolicy)).

mod ceremony;
mod enrol;
mod sign_in;

use std::sync::Arc;

use usermgmt_core::error::Refused;
use webauthn_rs::prelude::{AttestationCaList, Url, Webauthn, WebauthnBuilder};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::UserMgmt;
use crate::builder::{Builder, ConfigError};
use crate::settings::Settings;

pub use ceremony::{PasskeyAnswer, PasskeyChallenge};
pub use enrol::NewPasskey;
/// What attestation needs: the roots of makers and the models that are let in.
pub use webauthn_rs::prelude::{AttestationCaList as AttestationRoots, AttestationCaListBuilder};

/// Whether an authenticator must keep the passkey itself, so that it can be found without a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Residency {
    /// It must: everybody can sign in without typing a name.
    #[default]
    Required,
    /// It should. A security key without room for it will do, and is good as a second factor only.
    Preferred,
}

/// How passkeys are used.
#[derive(Clone, Debug, Default)]
pub struct Passkeys {
    rp_id: Option<String>,
    residency: Residency,
    attested: Option<AttestationCaList>,
    sign_up: bool,
    offer: bool,
}

impl Passkeys {
    /// The domain that passkeys belong to (the RP ID): the host of the public origin or a domain above it. It can never
    /// be changed without losing every passkey. Default: the host of the public origin.
    #[must_use]
    pub fn domain(self, rp_id: &str) -> Self {
        Self { rp_id: Some(rp_id.to_owned()), ..self }
    }

    /// Whether authenticators must keep passkeys themselves. Default: they must.
    #[must_use]
    pub fn residency(self, residency: Residency) -> Self {
        Self { residency, ..self }
    }

    /// Lets in only authenticators of these makers and models, which say so under their maker's signature; passkeys that
    /// are copied between devices are refused. Most people have none such. Default: any.
    #[must_use]
    pub fn attested(self, roots: AttestationRoots) -> Self {
        Self { attested: Some(roots), ..self }
    }

    /// Lets people sign up without a password: behind the mail that proves their address they make their first passkey.
    /// Default: off.
    #[must_use]
    pub const fn sign_up(mut self) -> Self {
        self.sign_up = true;
        self
    }

    /// After a sign-in without one, offers to make a passkey, until it was declined in that browser. Default: off.
    #[must_use]
    pub const fn offer(mut self) -> Self {
        self.offer = true;
        self
    }

    /// Whether a passkey is offered after a sign-in without one.
    #[must_use]
    pub const fn has_offer(&self) -> bool {
        self.offer
    }

    /// Whether people may sign up without a password.
    #[must_use]
    pub const fn has_sign_up(&self) -> bool {
        self.sign_up
    }
}

/// Who this application is to an authenticator.
#[derive(Debug)]
pub(crate) struct Party {
    pub(crate) webauthn: Webauthn,
    pub(crate) rules: Passkeys,
}

impl Party {
    /// # Errors
    /// [`ConfigError::Passkeys`] for a domain that is none or not the origins'.
    pub(crate) fn new(settings: &Settings) -> Result<Option<Arc<Self>>, ConfigError> {
        let Some(rules) = settings.passkeys.clone() else { return Ok(None) };
        let url = |origin: &str| Url::parse(origin).map_err(|_| ConfigError::Passkeys(origin.to_owned()));
        let origin = url(settings.origin.as_str())?;
        let rp_id = rules.rp_id.as_deref().or(origin.domain()).unwrap_or_default().to_owned();
        let refused = |_| ConfigError::Passkeys(rp_id.clone());
        let mut builder = WebauthnBuilder::new(&rp_id, &origin).map_err(refused)?;
        for further in &settings.further_origins {
            let further = url(further.as_str())?;
            // Another domain's browser would refuse; at build time the mistake is easier to find.
            WebauthnBuilder::new(&rp_id, &further).map_err(refused)?;
            builder = builder.append_allowed_origin(&further);
        }
        let life = usermgmt_core::limits::PASSKEY_CHALLENGE_LIFE.unsigned_abs();
        let builder = builder.rp_name(&settings.product).timeout(life).allow_subdomains(settings.organization_hosts);
        let webauthn = builder.build().map_err(refused)?;
        Ok(Some(Arc::new(Self { webauthn, rules })))
    }

    const fn resident_key(&self) -> ResidentKeyRequirement {
        match self.rules.residency {
            Residency::Required => ResidentKeyRequirement::Required,
            Residency::Preferred => ResidentKeyRequirement::Preferred,
        }
    }
}

impl Builder {
    /// Lets people sign in by passkeys, beside whatever else there is. Default: off.
    pub fn passkeys(mut self, passkeys: Passkeys) -> Self {
        if let Ok(settings) = &mut self.settings {
            settings.passkeys = Some(passkeys);
        }
        self
    }
}

impl UserMgmt {
    /// What was switched on.
    pub(crate) fn party(&self) -> Result<&Party, Refused> {
        self.0.parts.passkeys.as_deref().ok_or(Refused::NotFound)
    }
}
