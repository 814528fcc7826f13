//! An authenticator of WebAuthn in somebody's hand, browser included: honest unless it is told to lie.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Flags of authenticator data (WebAuthn Level 3, section 6.1).
pub const PRESENT: u8 = 0x01;
pub const VERIFIED: u8 = 0x04;
pub const BACKUP_ELIGIBLE: u8 = 0x08;
pub const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// A credential that it keeps.
#[derive(Debug)]
pub struct Credential {
    pub id: Vec<u8>,
    pub handle: Vec<u8>,
    rp_id: String,
    pair: EcdsaKeyPair,
}

/// What it says instead of the truth.
#[derive(Clone, Debug)]
pub struct Says {
    pub origin: String,
    /// `None`: as it was asked.
    pub rp_id: Option<String>,
    pub challenge: Option<String>,
    pub kind: Option<&'static str>,
    pub cross_origin: bool,
    pub flags: u8,
    /// Added to the counter before each use; none keeps it at 0.
    pub counts: u32,
}

impl Says {
    /// The truth, to a page of this origin.
    #[must_use]
    pub fn truth(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            rp_id: None,
            challenge: None,
            kind: None,
            cross_origin: false,
            flags: PRESENT | VERIFIED,
            counts: 1,
        }
    }
}

/// An authenticator.
#[derive(Debug, Default)]
pub struct SecurityKey {
    pub credentials: Vec<Credential>,
    pub counter: u32,
}

#[must_use]
pub fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[must_use]
pub fn decoded(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().to_vec()
}

fn client_data(kind: &str, options: &Value, says: &Says) -> Vec<u8> {
    let challenge = says.challenge.clone().unwrap_or_else(|| options["challenge"].as_str().unwrap().to_owned());
    let data = json!({
        "type": says.kind.unwrap_or(kind), "challenge": challenge, "origin": says.origin, "crossOrigin": says.cross_origin,
    });
    data.to_string().into_bytes()
}

impl SecurityKey {
    fn data(&self, rp_id: &str, flags: u8, says: &Says) -> Vec<u8> {
        let mut data = sha256(says.rp_id.as_deref().unwrap_or(rp_id).as_bytes());
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// `navigator.credentials.create`: makes a credential and keeps it.
    pub fn create(&mut self, options: &Value, says: &Says) -> Value {
        let id = sha256(options["challenge"].as_str().unwrap().as_bytes());
        let (document, pair) = pair();
        let made = self.create_as(options, says, &id, &cose(pair.public_key().as_ref()));
        drop(document);
        self.credentials.push(Credential {
            id,
            handle: decoded(&options["user"]["id"]),
            rp_id: options["rp"]["id"].as_str().unwrap().to_owned(),
            pair,
        });
        made
    }

    /// The answer to a registration with this id and this key, whoever has it.
    #[must_use]
    pub fn create_as(&self, options: &Value, says: &Says, id: &[u8], key: &[u8]) -> Value {
        let client_data = client_data("webauthn.create", options, says);
        let mut data = self.data(options["rp"]["id"].as_str().unwrap(), says.flags | ATTESTED, says);
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(id);
        data.extend(key);
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend(data);
        let response = json!({ "clientDataJSON": encoded(&client_data), "attestationObject": encoded(&attestation), "transports": ["internal"] });
        credential(id, &response)
    }

    /// `navigator.credentials.get`: answers with the latest credential that is asked for.
    pub fn get(&mut self, options: &Value, says: &Says) -> Value {
        let allowed = options["allowCredentials"].as_array().cloned().unwrap_or_default();
        let allows = |own: &Credential| allowed.is_empty() || allowed.iter().any(|one| decoded(&one["id"]) == own.id);
        let rp_id = options["rpId"].as_str().unwrap();
        let found = self.credentials.iter().rposition(|own| own.rp_id == rp_id && allows(own));
        self.get_with(found.expect("a credential that is asked for"), options, says)
    }

    /// The same with this credential, whether it is asked for or not.
    pub fn get_with(&mut self, which: usize, options: &Value, says: &Says) -> Value {
        self.counter += says.counts;
        let own = &self.credentials[which];
        let client_data = client_data("webauthn.get", options, says);
        let data = self.data(&own.rp_id, says.flags, says);
        let signed = [data.as_slice(), &sha256(&client_data)].concat();
        let signature = own.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let response = json!({
            "clientDataJSON": encoded(&client_data),
            "authenticatorData": encoded(&data),
            "signature": encoded(signature.as_ref()),
            "userHandle": encoded(&own.handle),
        });
        credential(&own.id, &response)
    }
}

fn credential(id: &[u8], response: &Value) -> Value {
    json!({
        "id": encoded(id), "rawId": encoded(id), "type": "public-key", "response": response,
        "clientExtensionResults": {}, "authenticatorAttachment": "platform",
    })
}

fn pair() -> (Vec<u8>, EcdsaKeyPair) {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).unwrap();
    (document.as_ref().to_vec(), pair)
}

/// An uncompressed point of P-256 as a COSE key: {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053 section 7.1.1).
#[must_use]
pub fn cose(point: &[u8]) -> Vec<u8> {
    let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
    key.extend(&point[1..33]);
    key.extend(b"\x22\x58\x20");
    key.extend(&point[33..65]);
    key
}

/// A COSE key of somebody's.
#[must_use]
pub fn new_cose() -> Vec<u8> {
    cose(pair().1.public_key().as_ref())
}

/// A body with an answer.
#[must_use]
pub fn answer(asked: &Value, credential: &Value) -> Value {
    json!({ "ceremony": asked["ceremony"], "credential": credential })
}
