//! An issuer whose real key signs whatever a test wants.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use usermgmt_jwt::{Algorithm, Jwks, Rules, SigningKey, TokenError, Verified, Verifier};

pub(crate) const ISS: &str = "https://app.example.com";
pub(crate) const AUD: &str = "https://api.example.com";
/// The moment of all tests, and the second of `iat`.
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
}

/// One issuer for each algorithm; RSA keys take long to make.
pub(crate) static EDDSA: LazyLock<Issuer> = LazyLock::new(|| Issuer::new(Algorithm::EdDsa));
pub(crate) static ES256: LazyLock<Issuer> = LazyLock::new(|| Issuer::new(Algorithm::Es256));
pub(crate) static RS256: LazyLock<Issuer> = LazyLock::new(|| Issuer::new(Algorithm::Rs256));

pub(crate) fn all() -> [&'static Issuer; 3] {
    [&EDDSA, &ES256, &RS256]
}

pub(crate) struct Issuer {
    pub(crate) key: SigningKey,
}

impl Issuer {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self { key: SigningKey::generate(algorithm).unwrap() }
    }

    pub(crate) fn keys(&self) -> Jwks {
        Jwks::new([self.key.public()]).unwrap()
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(Rules::new(ISS, AUD).unwrap(), self.keys())
    }

    pub(crate) fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        self.verifier().verify(token, moment(NOW))
    }

    /// The header of an honest token.
    pub(crate) fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": self.key.algorithm().name(), "kid": self.key.key_id() })
    }

    /// An honest token.
    pub(crate) fn honest(&self) -> String {
        self.forge(&self.header(), &claims())
    }

    /// Signs this header and these claims.
    pub(crate) fn forge(&self, header: &Value, claims: &Value) -> String {
        self.forge_text(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn forge_text(&self, header: &str, claims: &str) -> String {
        self.sign_parts(&encode(header.as_bytes()), &encode(claims.as_bytes()))
    }

    /// Signs parts that are encoded already, however badly.
    pub(crate) fn sign_parts(&self, header: &str, claims: &str) -> String {
        let signed = format!("{header}.{claims}");
        format!("{signed}.{}", encode(&self.signature(signed.as_bytes())))
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let key = self.key.export().unwrap();
        let (der, random) = (key.expose(), SystemRandom::new());
        match self.key.algorithm() {
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).unwrap().sign(message).as_ref().to_vec(),
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).unwrap();
                pair.sign(&random, message).unwrap().as_ref().to_vec()
            }
            Algorithm::Rs256 => self.rsa_signature(&RSA_PKCS1_SHA256, message),
        }
    }

    /// An RSA signature of another kind.
    pub(crate) fn rsa_signature(&self, kind: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let pair = RsaKeyPair::from_pkcs8(self.key.export().unwrap().expose()).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(kind, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

/// The claims of an honest token.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISS, "aud": AUD, "sub": "usr_1", "sid": "ses_1", "jti": "tok_1",
        "iat": NOW, "nbf": NOW, "exp": NOW + 300,
        "org_id": "org_1", "roles": ["admin"], "permissions": ["project:read"],
    })
}

/// The same with one member set.
pub(crate) fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().insert(name.into(), value);
    object
}

/// The same without one member.
pub(crate) fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name);
    object
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
