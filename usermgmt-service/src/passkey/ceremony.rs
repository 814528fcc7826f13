//! Ceremonies: a challenge goes out, and the authenticator's answer is verified.
//!
//! What has to be known of a challenge is sealed and travels with it, bound to what it is for and to the browser that
//! asked (and there to the sign-in or the session): pages that only offer a passkey cost the store nothing. An answer is
//! used up where it counts: the passkey remembers the challenges it has answered until they end, in the commit that
//! lets in, and registering one moves the epoch that the challenge was made in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use usermgmt_core::error::{Error, FieldError, Refused, Unavailable};
use usermgmt_core::flow::factors::Holder;
use usermgmt_core::keys::Purpose;
use usermgmt_core::limits::PASSKEY_CHALLENGE_LIFE;
use usermgmt_core::model::{Answered, Attempt, Factor, FactorData, User};
use usermgmt_core::proof::Principal;
use usermgmt_core::sealed::Sealed;
use usermgmt_core::secret::{Bearer, Digest};
use uuid::Uuid;
use webauthn_rs::prelude::{
    AttestedPasskeyRegistration, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, WebauthnError,
};
use webauthn_rs_proto::AllowCredentials;

use super::Party;
use crate::UserMgmt;
use crate::client::Client;

/// What an authenticator is asked.
#[derive(Clone, Debug)]
pub struct PasskeyChallenge {
    /// Comes back with the answer. It is opaque, and good in the same browser for five minutes.
    pub ceremony: String,
    /// The options of `navigator.credentials.create` or `.get`, as `parseCreationOptionsFromJSON` and
    /// `parseRequestOptionsFromJSON` read them.
    pub options: serde_json::Value,
    /// The secret that names the browser from now on.
    pub browser: Bearer,
}

/// What an authenticator has answered.
#[derive(Clone, Copy, Debug)]
pub struct PasskeyAnswer<'a> {
    /// The `ceremony` of the challenge.
    pub ceremony: &'a str,
    /// What the browser's `PublicKeyCredential.toJSON()` gave, as text.
    pub credential: &'a str,
}

/// What a challenge is for, and where: in a sign-in that has begun, or in a session. An answer to one is none to another.
pub(super) struct For {
    word: &'static str,
    within: String,
}

impl For {
    /// A first proof.
    pub(super) const fn sign_in() -> Self {
        Self { word: "sign_in", within: String::new() }
    }

    /// A second proof of this attempt.
    pub(super) fn second_factor(attempt: &Attempt) -> Self {
        Self { word: "second_factor", within: attempt.id.to_string() }
    }

    /// A new proof in this session.
    pub(super) fn step_up(principal: &Principal) -> Self {
        Self { word: "step_up", within: principal.session().to_string() }
    }

    /// A passkey that this holder makes.
    pub(super) fn new_passkey(holder: &Holder<'_>) -> Self {
        let within = match holder {
            Holder::Session(principal) => principal.session().to_string(),
            Holder::Attempt(attempt) => attempt.id.to_string(),
        };
        Self { word: "new_passkey", within }
    }

    fn context<'a>(&'a self, browser: &'a str) -> [&'a str; 3] {
        [self.word, &self.within, browser]
    }
}

/// What is remembered of a challenge.
#[derive(Serialize, Deserialize)]
pub(super) struct Remembered<T> {
    /// What the library needs.
    pub(super) state: T,
    /// Digest of the challenge, when it ends.
    pub(super) challenge: Answered,
}

/// A registration that is under way.
#[derive(Serialize, Deserialize)]
pub(super) struct Registration {
    ceremony: Ceremony,
    /// The name of the account for the new passkey.
    pub(super) handle: Uuid,
    /// The epoch of the account that it began in.
    pub(super) auth_epoch: u64,
}

#[derive(Serialize, Deserialize)]
enum Ceremony {
    Any(PasskeyRegistration),
    Attested(AttestedPasskeyRegistration),
}

/// Why a right passkey is not let in.
pub(super) enum Verdict {
    Invalid,
    Regressed,
}

impl UserMgmt {
    /// Asks this, and seals what must be remembered of it.
    fn sealed<T: Serialize>(
        &self,
        browser: Bearer,
        purpose: &For,
        state: T,
        challenge: &[u8],
        options: &impl Serialize,
    ) -> Result<PasskeyChallenge, Error> {
        let challenge = Answered { challenge: Digest::of(challenge), until: self.now() + PASSKEY_CHALLENGE_LIFE };
        let plain = serde_json::to_vec(&Remembered { state, challenge }).map_err(Unavailable::because)?;
        let name = named(&browser);
        let sealed = self.keys().seal(Purpose::Passkey, &purpose.context(&name), &plain, self.random());
        let sealed = serde_json::to_vec(&sealed.map_err(Unavailable::because)?).map_err(Unavailable::because)?;
        let options = serde_json::to_value(options).map_err(Unavailable::because)?;
        Ok(PasskeyChallenge { ceremony: URL_SAFE_NO_PAD.encode(sealed), options, browser })
    }

    /// What is remembered of the challenge of an answer, if it was asked here, for this, and has not ended.
    pub(super) fn unsealed<T: DeserializeOwned>(
        &self,
        client: &Client,
        purpose: &For,
        ceremony: &str,
    ) -> Result<Remembered<T>, Refused> {
        let browser = named(client.browser.as_ref().ok_or(Refused::PasskeyInvalid)?);
        let read = || {
            let sealed: Sealed = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(ceremony).ok()?).ok()?;
            let plain = self.keys().open(Purpose::Passkey, &purpose.context(&browser), &sealed).ok()?;
            serde_json::from_slice::<Remembered<T>>(&plain).ok()
        };
        read().filter(|remembered| self.now() < remembered.challenge.until).ok_or(Refused::PasskeyInvalid)
    }

    /// A challenge that any of these passkeys may answer; with none, any passkey of this application.
    pub(super) fn challenge(
        &self,
        client: &Client,
        purpose: &For,
        factors: &[Factor],
    ) -> Result<PasskeyChallenge, Error> {
        let party = self.party()?;
        let browser = self.browser(client)?;
        let (mut asked, state) = party.webauthn.start_discoverable_authentication().map_err(Unavailable::because)?;
        let allowed = |passkey: Passkey| AllowCredentials {
            type_: "public-key".to_owned(),
            id: passkey.cred_id().clone(),
            transports: None,
        };
        asked.public_key.allow_credentials = factors.iter().filter_map(kept).map(allowed).collect();
        self.sealed(browser, purpose, state, &asked.public_key.challenge, &asked.public_key)
    }

    /// A challenge by which an authenticator makes a passkey for this user.
    pub(super) fn registration(
        &self,
        client: &Client,
        purpose: &For,
        user: &User,
        email: &str,
        factors: &[Factor],
    ) -> Result<PasskeyChallenge, Error> {
        let party = self.party()?;
        let browser = self.browser(client)?;
        // An account has one name for all its passkeys, by which an authenticator replaces its own.
        let handle = factors.iter().find_map(handle).map_or_else(|| self.new_handle(), Ok)?;
        let known: Vec<_> = factors.iter().filter_map(kept).map(|passkey| passkey.cred_id().clone()).collect();
        let webauthn = &party.webauthn;
        let begun = match &party.rules.attested {
            None => webauthn
                .start_passkey_registration(handle, email, &user.name, Some(known))
                .map(|(asked, state)| (asked, Ceremony::Any(state))),
            Some(roots) => webauthn
                .start_attested_passkey_registration(handle, email, &user.name, Some(known), roots.clone(), None)
                .map(|(asked, state)| (asked, Ceremony::Attested(state))),
        };
        let (mut asked, ceremony) = begun.map_err(Unavailable::because)?;
        if let Some(selection) = &mut asked.public_key.authenticator_selection {
            // The library asks for passkeys that only work where a name was typed before.
            let resident_key = party.resident_key();
            selection.require_resident_key = resident_key == webauthn_rs_proto::ResidentKeyRequirement::Required;
            selection.resident_key = Some(resident_key);
        }
        let state = Registration { ceremony, handle, auth_epoch: user.auth_epoch };
        self.sealed(browser, purpose, state, &asked.public_key.challenge, &asked.public_key)
    }

    /// Random, so that it says nothing about the account (WebAuthn Level 3, section 14.6.1).
    fn new_handle(&self) -> Result<Uuid, Error> {
        let mut bytes = [0; 16];
        self.random().fill(&mut bytes)?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

fn named(browser: &Bearer) -> String {
    URL_SAFE_NO_PAD.encode(browser.digest().as_bytes())
}

/// The credential of a factor that is a passkey.
pub(super) fn kept(factor: &Factor) -> Option<Passkey> {
    match &factor.data {
        FactorData::Passkey { credential, .. } => serde_json::from_value(credential.clone()).ok(),
        _ => None,
    }
}

fn handle(factor: &Factor) -> Option<Uuid> {
    match factor.data {
        FactorData::Passkey { handle, .. } => Some(handle),
        _ => None,
    }
}

/// Reads an answer; whatever can be none is the caller's mistake.
pub(super) fn parsed<T: DeserializeOwned>(credential: &str) -> Result<T, FieldError> {
    if credential.trim().is_empty() {
        return Err(FieldError::new("credential", FieldError::REQUIRED));
    }
    serde_json::from_str(credential).map_err(|_| FieldError::new("credential", FieldError::MALFORMED))
}

impl Party {
    /// Verifies a registration; answers the passkey.
    pub(super) fn registered(
        &self,
        answer: &RegisterPublicKeyCredential,
        state: &Registration,
    ) -> Result<Passkey, WebauthnError> {
        match &state.ceremony {
            Ceremony::Any(state) => self.webauthn.finish_passkey_registration(answer, state),
            Ceremony::Attested(state) => {
                self.webauthn.finish_attested_passkey_registration(answer, state).map(|passkey| (&passkey).into())
            }
        }
    }

    /// Verifies an answer by this factor; answers what is kept of the passkey from now on.
    ///
    /// The account comes from the stored row. Where the authenticator says whose the passkey is, it must say the same;
    /// with `named` it must say so, for nobody else has.
    pub(super) fn authenticated(
        &self,
        answer: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        factor: &Factor,
        named: bool,
    ) -> Result<serde_json::Value, Verdict> {
        let FactorData::Passkey { handle, .. } = &factor.data else { return Err(Verdict::Invalid) };
        let is_owners = match answer.get_user_unique_id() {
            Some(said) => said == handle.as_bytes(),
            None => !named,
        };
        if !is_owners || is_cross_origin(&answer.response.client_data_json) {
            return Err(Verdict::Invalid);
        }
        let mut passkey = kept(factor).ok_or(Verdict::Invalid)?;
        match self.webauthn.finish_discoverable_authentication_v2(answer, state, &passkey) {
            Ok(result) => {
                passkey.update_credential(&result);
                serde_json::to_value(&passkey).map_err(|_| Verdict::Invalid)
            }
            Err(WebauthnError::CredentialPossibleCompromise) => Err(Verdict::Regressed),
            Err(error) => {
                tracing::debug!(%error, "a passkey is not let in");
                Err(Verdict::Invalid)
            }
        }
    }
}

/// Whether the page that asked was framed by another site (WebAuthn Level 3, section 7.2 step 14); the library looks at
/// this at registrations only.
fn is_cross_origin(client_data: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        #[serde(default)]
        cross_origin: bool,
        #[serde(default)]
        top_origin: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Said>(client_data).map_or(true, |said| said.cross_origin || said.top_origin.is_some())
}
