//! Passwords that another system has hashed, taken over without a reset.

use std::collections::BTreeMap;

use aes::Aes256;
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use usermgmt_core::error::FieldError;
use usermgmt_core::port::HashError;
use usermgmt_core::secret::Wiped;

use crate::hasher::foreign::{Foreign, bearable, decoded};

/// In lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest that is fast to compute: too fast for a password alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastDigest {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl FastDigest {
    const fn word(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha512].into_iter().find(|digest| digest.word() == word)
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The digest of these parts in lower-case hexadecimal.
    pub(crate) fn hex(self, parts: &[&[u8]]) -> String {
        fn of<D: Digest>(parts: &[&[u8]]) -> String {
            hex(&parts.iter().fold(D::new(), |digest, part| digest.chain_update(part)).finalize())
        }
        match self {
            Self::Sha1 => of::<Sha1>(parts),
            Self::Sha256 => of::<Sha256>(parts),
            Self::Sha512 => of::<Sha512>(parts),
        }
    }

    pub(crate) fn pbkdf2(self, password: &[u8], salt: &[u8], rounds: u32, output: &mut [u8]) {
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, rounds, output),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, output),
            Self::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, output),
        }
    }
}

/// Where the salt stands in what was digested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaltPlace {
    /// Before the password.
    Before,
    /// After it.
    After,
}

impl SaltPlace {
    const fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Before, Self::After].into_iter().find(|place| place.word() == word)
    }
}

/// What Firebase says about the password hashes of a project (its console: authentication, "password hash parameters");
/// given to [`Builder::firebase_scrypt`](crate::Builder::firebase_scrypt). Does not print.
#[derive(Clone)]
pub struct FirebaseScrypt {
    signer_key: Wiped,
    salt_separator: Vec<u8>,
    rounds: u32,
    memory_cost: u8,
}

impl FirebaseScrypt {
    /// `base64_signer_key`, `base64_salt_separator`, `rounds` (8) and `mem_cost` (14) of the project.
    ///
    /// # Errors
    /// Says which of them makes no sense.
    pub fn new(
        signer_key: &str,
        salt_separator: &str,
        rounds: u32,
        memory_cost: u8,
    ) -> Result<Self, ImportedHashError> {
        let signer_key = decoded(signer_key).filter(|key| key.len() >= 32).ok_or(ImportedHashError)?;
        let salt_separator = decoded(salt_separator).ok_or(ImportedHashError)?;
        if !bearable(memory_cost, rounds, 1) {
            return Err(ImportedHashError);
        }
        Ok(Self { signer_key: Wiped::new(signer_key), salt_separator, rounds, memory_cost })
    }

    pub(crate) fn salt_separator(&self) -> &[u8] {
        &self.salt_separator
    }

    pub(crate) const fn params(&self) -> (u8, u32, u32) {
        (self.memory_cost, self.rounds, 1)
    }

    /// The project's key under this one, by AES-256-CTR from a counter of zero.
    pub(crate) fn encrypted(&self, key: &[u8]) -> Result<Vec<u8>, HashError> {
        let mut text = self.signer_key.to_vec();
        let cipher = ctr::Ctr128BE::<Aes256>::new_from_slices(key, &[0; 16]);
        cipher.map_err(|_| HashError::Failed)?.apply_keystream(&mut text);
        Ok(text)
    }
}

impl std::fmt::Debug for FirebaseScrypt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FirebaseScrypt([redacted])")
    }
}

/// The hash is of no known form, was cut, or costs more than a sign-in may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password hash is of no known form, was cut, or asks for too much")]
pub struct ImportedHashError;

impl From<ImportedHashError> for FieldError {
    fn from(_: ImportedHashError) -> Self {
        Self::new("hash", Self::MALFORMED)
    }
}

/// A password hash that another system has made. It does not print. When its owner signs in the first time the password
/// is hashed anew by Argon2id, and this one is forgotten.
#[derive(Clone)]
pub struct ImportedHash(Inner);

#[derive(Clone)]
enum Inner {
    /// Is stored as it is.
    Slow(String),
    /// Is hashed first: what is stored begins so, and this is hashed.
    Fast { beginning: String, digest: Wiped },
}

impl ImportedHash {
    /// A hash in the form in which its system writes it:
    ///
    /// | written by | form |
    /// |---|---|
    /// | bcrypt | `$2a$…`, `$2b$…`, `$2y$…`; `$2x$…`, of which passwords outside ASCII will not be recognised |
    /// | Argon2 | `$argon2id$…`, `$argon2i$…`, `$argon2d$…` (PHC string) |
    /// | scrypt | `$scrypt$ln=15,r=8,p=1$salt$hash` (PHC string) |
    /// | PBKDF2 | `$pbkdf2-sha256$i=600000,l=32$salt$hash` (PHC string), `$pbkdf2-sha512$25000$salt$hash` (passlib) |
    /// | Django | `pbkdf2_sha256$…`, `pbkdf2_sha1$…`, `bcrypt_sha256$…`, `bcrypt$…`, `scrypt$…`, `argon2$…` |
    ///
    /// A hash may cost so much: bcrypt 2^16 rounds, scrypt 256 MiB and p = 16, PBKDF2 10,000,000 rounds, Argon2 1 GiB,
    /// t = 16 and p = 8.
    ///
    /// # Errors
    /// For any other form, and a greater cost.
    pub fn parse(text: &str) -> Result<Self, ImportedHashError> {
        let text = text.trim();
        // Django's prefix before a PHC string.
        let phc = text.strip_prefix("argon2").filter(|rest| rest.starts_with('$')).unwrap_or(text);
        let known = if phc.starts_with("$argon2") {
            crate::hasher::is_readable(phc)
        } else {
            // Ours are made by the other constructors.
            !text.starts_with("$salted-") && !text.starts_with("$firebase-") && Foreign::read(text).is_some()
        };
        if known { Ok(Self(Inner::Slow(phc.to_owned()))) } else { Err(ImportedHashError) }
    }

    /// A hash of Keycloak: `secret_data` and `credential_data` of the credential, which are JSON.
    ///
    /// # Errors
    /// For JSON of another form, and algorithms other than `pbkdf2`, `pbkdf2-sha256`, `pbkdf2-sha512` and `argon2`.
    pub fn keycloak(secret_data: &str, credential_data: &str) -> Result<Self, ImportedHashError> {
        #[derive(Deserialize)]
        struct Secret {
            value: String,
            salt: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Credential {
            hash_iterations: u32,
            algorithm: String,
            #[serde(default)]
            additional_parameters: BTreeMap<String, Vec<String>>,
        }
        let secret: Secret = serde_json::from_str(secret_data).map_err(|_| ImportedHashError)?;
        let credential: Credential = serde_json::from_str(credential_data).map_err(|_| ImportedHashError)?;
        let (salt, value) = (secret.salt.trim_end_matches('='), secret.value.trim_end_matches('='));
        if credential.algorithm == "argon2" {
            let named = |name: &str| credential.additional_parameters.get(name)?.first().map(String::as_str);
            let (Some(kind), Some(memory), Some(lanes)) = (named("type"), named("memory"), named("parallelism")) else {
                return Err(ImportedHashError);
            };
            let version = if named("version") == Some("1.0") { 16 } else { 19 };
            let (passes, params) = (credential.hash_iterations, format!("m={memory},t="));
            return Self::parse(&format!("$argon2{kind}$v={version}${params}{passes},p={lanes}${salt}${value}"));
        }
        if !credential.algorithm.starts_with("pbkdf2") {
            return Err(ImportedHashError);
        }
        Self::parse(&format!("${}$i={}${salt}${value}", credential.algorithm, credential.hash_iterations))
    }

    /// A hash of Firebase: `passwordHash` and `salt` of the exported user. Its project's parameters are given to
    /// [`Builder::firebase_scrypt`](crate::Builder::firebase_scrypt); without them nobody with such a hash signs in.
    ///
    /// # Errors
    /// For what is no base64.
    pub fn firebase(password_hash: &str, salt: &str) -> Result<Self, ImportedHashError> {
        // Exports have either alphabet of base64.
        let [hash, salt] = [password_hash, salt].map(|text| text.replace('-', "+").replace('_', "/"));
        let text = format!("$firebase-scrypt${}${}", salt.trim_end_matches('='), hash.trim_end_matches('='));
        if Foreign::read(&text).is_some() { Ok(Self(Inner::Slow(text))) } else { Err(ImportedHashError) }
    }

    /// A fast digest of salt and password, as systems of old have kept. It is not stored: what is stored is an Argon2id
    /// hash of it, so a copy of the database is no worth more than for everybody else.
    ///
    /// # Errors
    /// For a digest of another length.
    pub fn salted(digest: FastDigest, place: SaltPlace, salt: &[u8], hash: &[u8]) -> Result<Self, ImportedHashError> {
        if hash.len() != digest.bytes() {
            return Err(ImportedHashError);
        }
        let beginning = format!("$salted-{}${}${}", digest.word(), place.word(), STANDARD_NO_PAD.encode(salt));
        Ok(Self(Inner::Fast { beginning, digest: Wiped::new(hex(hash).into_bytes()) }))
    }

    /// What is stored as it is.
    pub(crate) fn stored(&self) -> Option<&str> {
        match &self.0 {
            Inner::Slow(text) => Some(text),
            Inner::Fast { .. } => None,
        }
    }

    /// What has to be hashed, and what stands before the hash.
    pub(crate) fn to_be_hashed(&self) -> Option<(&str, &str)> {
        match &self.0 {
            Inner::Slow(_) => None,
            Inner::Fast { beginning, digest } => Some((std::str::from_utf8(digest).ok()?, beginning)),
        }
    }
}

impl std::fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedHash([redacted])")
    }
}
