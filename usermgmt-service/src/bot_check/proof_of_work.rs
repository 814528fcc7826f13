//! A proof of work as bot check: no third party, nothing to look at, nothing to click. The scheme is that of ALTCHA,
//! version 2.

use std::collections::BTreeMap;

use altcha::{Challenge, ChallengeParameters, HmacAlgorithm, Payload, VerifySolutionOptions};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use usermgmt_core::keys::{Purpose, PurposeKey};
use usermgmt_core::limits;
use usermgmt_core::port::{BotCall, BotChallenge, BotCheck, BotCheckError, BotScript, BotVerdict, BotWidget, Random};
use usermgmt_core::secret::Digest;

const ALGORITHM: &str = "PBKDF2/SHA-256";
/// What the derived key must begin with, in hexadecimal: one key in 4,096 does. Many cheap tries instead of few dear ones,
/// for whoever verifies does one.
const PREFIX: &str = "000";
/// Bytes of the derived key: the solver takes it for an AES key.
const KEY_BYTES: usize = 32;
/// Longest answer that is read: an honest one has some 800 bytes.
const ANSWER_MAX_BYTES: usize = 4 * 1024;
/// Most iterations that can be set: a verification then takes some ten milliseconds.
const ITERATIONS_MAX: u32 = 50_000;

/// The scripts of the page: ours, and the solver of ALTCHA as it is published.
const OWN: &[(&str, &str)] = &[
    ("proof-of-work.js", include_str!("../../assets/proof-of-work.js")),
    ("altcha-pbkdf2.js", include_str!("../../assets/altcha-pbkdf2.js")),
];

/// A proof of work in the browser: the device computes for a second or so, in the background, while the form is
/// filled in. What a person does not notice costs whoever sends millions of forms.
///
/// The scheme is [ALTCHA](https://altcha.org) version 2: keys are derived by PBKDF2-SHA-256 from a counter until one
/// begins with twelve zero bits. The challenge is signed under a key of the root key ring and names purpose and end; a solution
/// counts once. Both scripts come from the application's own origin. A browser without JavaScript cannot solve it, and
/// is told so: where such browsers matter, ask for it by risk only.
///
/// ```
/// use usermgmt_service::{BotProtection, BotRisk, ProofOfWork};
///
/// let protection = BotProtection::by_risk(ProofOfWork::new(), BotRisk::default());
/// ```
#[derive(Clone, Debug)]
pub struct ProofOfWork {
    iterations: u32,
    raised: u32,
    life: Duration,
    widget: BotWidget,
}

impl Default for ProofOfWork {
    fn default() -> Self {
        Self::new()
    }
}

impl ProofOfWork {
    /// With the numbers of [`limits`]: [`WORK_ITERATIONS`](limits::WORK_ITERATIONS), four times as many
    /// ([`WORK_RAISED`](limits::WORK_RAISED)) while there is an alarm or a risk, and a life of
    /// [`WORK_LIFE`](limits::WORK_LIFE).
    #[must_use]
    pub fn new() -> Self {
        Self {
            iterations: limits::WORK_ITERATIONS,
            raised: limits::WORK_RAISED,
            life: limits::WORK_LIFE,
            widget: BotWidget {
                kind: "altcha",
                fields: &["bot_check"],
                class: "proof-of-work",
                attributes: Vec::new(),
                script: BotScript::Own("proof-of-work.js"),
                own: OWN,
                policy: &[("script-src", "'self'"), ("worker-src", "'self'"), ("connect-src", "'self'")],
            },
        }
    }

    /// Iterations of PBKDF2 in one try, of which 4,096 are needed on average; whoever verifies does one. At least 1, at
    /// most 50,000.
    #[must_use]
    pub fn iterations(self, iterations: u32) -> Self {
        Self { iterations: iterations.clamp(1, ITERATIONS_MAX), ..self }
    }

    /// How many times more it is while there is an alarm or a risk. At least 1.
    #[must_use]
    pub fn raised_by(self, raised: u32) -> Self {
        Self { raised: raised.max(1), ..self }
    }

    /// How long a challenge lives. At least a minute.
    #[must_use]
    pub fn life(self, life: Duration) -> Self {
        Self { life: life.max(Duration::MINUTE), ..self }
    }

    fn make(&self, call: &BotCall<'_>) -> Result<Challenge, BotCheckError> {
        let cost = if call.raised { self.iterations.saturating_mul(self.raised) } else { self.iterations };
        let until = (call.now + self.life).unix_timestamp();
        let mut parameters = ChallengeParameters {
            algorithm: ALGORITHM.into(),
            cost: cost.min(ITERATIONS_MAX),
            data: Some(BTreeMap::from([
                ("purpose".to_owned(), json!(call.purpose.as_str())),
                ("until".to_owned(), json!(until)),
            ])),
            // Its own notion of time is the machine's clock; the end in `data` is compared with ours.
            expires_at: None,
            key_length: KEY_BYTES,
            key_prefix: PREFIX.into(),
            key_signature: None,
            memory_cost: None,
            nonce: random_hex(call.random)?,
            parallelism: None,
            salt: random_hex(call.random)?,
        };
        let secret = secret(&call.keys.derive(Purpose::BotCheck));
        altcha::sign_challenge(&HmacAlgorithm::Sha256, &mut parameters, None, &secret, None)
            .map_err(BotCheckError::because)
    }
}

/// 128 random bits, as the scheme asks.
fn random_hex(random: &dyn Random) -> Result<String, BotCheckError> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes).map_err(BotCheckError::because)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// The key in the form that the scheme wants: a text.
fn secret(key: &PurposeKey) -> String {
    key.mac(&[b"altcha"]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads an answer: the JSON of challenge and solution, in base64.
fn read(answer: &str) -> Option<Payload> {
    let json = STANDARD.decode(Some(answer).filter(|answer| answer.len() <= ANSWER_MAX_BYTES)?).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Until when a challenge lives, if it is one for this purpose. Proves nothing before its signature is verified.
fn until(call: &BotCall<'_>, parameters: &ChallengeParameters) -> Option<OffsetDateTime> {
    let data = parameters.data.as_ref()?;
    let until = data.get("until").and_then(Value::as_i64)?;
    let fits = data.get("purpose").and_then(Value::as_str) == Some(call.purpose.as_str());
    OffsetDateTime::from_unix_timestamp(until).ok().filter(|_| fits)
}

#[async_trait]
impl BotCheck for ProofOfWork {
    fn widget(&self) -> &BotWidget {
        &self.widget
    }

    fn challenge(&self, call: &BotCall<'_>) -> Result<Option<BotChallenge>, BotCheckError> {
        let challenge = serde_json::to_value(self.make(call)?).map_err(BotCheckError::because)?;
        Ok(Some(BotChallenge { challenge, life: self.life }))
    }

    async fn verify(&self, call: &BotCall<'_>, answer: &str) -> Result<BotVerdict, BotCheckError> {
        let Some(Payload { challenge, solution }) = read(answer) else { return Ok(BotVerdict::Failed("malformed")) };
        let Some(until) = until(call, &challenge.parameters) else { return Ok(BotVerdict::Failed("purpose")) };
        if until <= call.now {
            return Ok(BotVerdict::Failed("expired"));
        }
        for key in call.keys.derive_all(Purpose::BotCheck) {
            let secret = secret(&key);
            // What is not signed by this key is not computed either.
            let verified = altcha::verify_solution(VerifySolutionOptions::new(&challenge, &solution, &secret));
            let Ok(verified) = verified else { return Ok(BotVerdict::Failed("malformed")) };
            if verified.verified {
                let id = *Digest::of(challenge.parameters.nonce.as_bytes()).as_bytes();
                return Ok(BotVerdict::Passed { id, until });
            }
            if verified.invalid_signature == Some(false) {
                return Ok(BotVerdict::Failed("solution"));
            }
        }
        Ok(BotVerdict::Failed("signature"))
    }
}

#[cfg(test)]
mod tests;
