//! The root key ring: one secret of the operator, from which every purpose derives its own key.
//!
//! Keys are derived by HKDF-SHA-256 (RFC 5869). What is made with a key carries the key's id, so that the ring can
//! rotate without downtime: new things are made with the current key, old ones are still read with a previous one.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::port::{OsRandom, Random, RandomError};

/// Bytes of a root key: 256 bits.
pub const ROOT_KEY_BYTES: usize = 32;

/// First word of a line of a key file.
const FILE_TAG: &str = "usermgmt-root-1";

/// Why a key ring cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file or variable does not hold root keys.
    #[error("{place} does not hold root keys: expected lines of `{FILE_TAG} <id> <base64url of 32 bytes>`")]
    Malformed {
        /// The file or variable.
        place: String,
    },
    /// The bytes are too regular to be a key (all alike): an example value, not a secret.
    #[error("the root key of {place} is not random: generate one, do not type it")]
    NotRandom {
        /// The file or variable.
        place: String,
    },
    /// The environment variable is not set.
    #[error("the environment variable `{0}` is not set")]
    MissingVariable(String),
    /// The file cannot be read or written.
    #[error("key file {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// No randomness to generate a key from.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// What a derived key is for. A key of one purpose is useless for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Recognises whether a store belongs to this ring.
    KeyCheck,
    /// Links and codes in mails.
    MailedToken,
    /// Tokens in the hidden field of forms.
    Csrf,
    /// Cookies of known devices.
    Device,
    /// Keys of limits, so that a stored limit does not name an address.
    Throttle,
    /// Commitments, tags and seals of audit events.
    Audit,
    /// Refresh tokens.
    Refresh,
    /// Private keys of access tokens, sealed in the store.
    SigningKey,
    /// Opaque access tokens.
    Opaque,
    /// Secrets of second factors, sealed in the store.
    Factor,
    /// MACs of recovery codes.
    RecoveryCode,
    /// Challenges of the bot check.
    BotCheck,
    /// Challenges that passkeys answer, sealed for the browser that asked.
    Passkey,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::KeyCheck => "usermgmt/key-check/1",
            Self::MailedToken => "usermgmt/mailed-token/1",
            Self::Csrf => "usermgmt/csrf/1",
            Self::Device => "usermgmt/device/1",
            Self::Throttle => "usermgmt/throttle/1",
            Self::Audit => "usermgmt/audit/1",
            Self::Refresh => "usermgmt/refresh/1",
            Self::SigningKey => "usermgmt/signing-key/1",
            Self::Opaque => "usermgmt/opaque/1",
            Self::Factor => "usermgmt/factor/1",
            Self::RecoveryCode => "usermgmt/recovery-code/1",
            Self::BotCheck => "usermgmt/bot-check/1",
            Self::Passkey => "usermgmt/passkey/1",
        }
    }
}

/// A key derived for one purpose.
#[derive(Clone)]
pub struct PurposeKey(Zeroizing<[u8; 32]>);

impl PurposeKey {
    /// HMAC-SHA-256 (RFC 2104) over the parts, each preceded by its length so that no two lists of parts collide.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // A 32-byte key is always accepted: HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else { return [0; 32] };
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The key itself, for a cipher.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether `tag` is the MAC of the parts, in constant time.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.mac(parts).ct_eq(tag).into()
    }
}

impl fmt::Debug for PurposeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PurposeKey([redacted])")
    }
}

#[derive(Clone)]
struct RootKey {
    id: String,
    bytes: Zeroizing<[u8; ROOT_KEY_BYTES]>,
}

/// The current root key and the previous ones that are still read.
#[derive(Clone)]
pub struct KeyRing {
    current: RootKey,
    previous: Vec<RootKey>,
    create: Option<PathBuf>,
}

/// The value by which a store recognises its ring: the current key's id and a MAC that only that key can make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck {
    /// Id of the root key that made the tag.
    pub key_id: String,
    /// The tag.
    pub tag: [u8; 32],
}

impl KeyRing {
    /// A ring with one new random key.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn generate(random: &dyn Random) -> Result<Self, KeyError> {
        let (mut id, mut bytes) = ([0; 6], Zeroizing::new([0; ROOT_KEY_BYTES]));
        random.fill(&mut id)?;
        random.fill(bytes.as_mut_slice())?;
        let current = RootKey { id: URL_SAFE_NO_PAD.encode(id), bytes };
        Ok(Self { current, previous: Vec::new(), create: None })
    }

    /// Reads the ring from the text of a key file: one key a line, the current one first.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] or [`KeyError::NotRandom`]; the text is not repeated in the error.
    pub fn parse(text: &str, place: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed { place: place.to_owned() };
        let mut keys = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let (Some(FILE_TAG), Some(id), Some(key), None) = (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(malformed());
            };
            let mut decoded = URL_SAFE_NO_PAD.decode(key).map_err(|_| malformed())?;
            let bytes = <[u8; ROOT_KEY_BYTES]>::try_from(decoded.as_slice()).map_err(|_| malformed())?;
            decoded.zeroize();
            if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
                return Err(KeyError::NotRandom { place: place.to_owned() });
            }
            let fresh = keys.iter().all(|known: &RootKey| known.id != id);
            if id.len() > 64 || !fresh {
                return Err(malformed());
            }
            keys.push(RootKey { id: id.to_owned(), bytes: Zeroizing::new(bytes) });
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or_else(malformed)?;
        Ok(Self { current, previous: keys.collect(), create: None })
    }

    /// Reads the ring from a file.
    ///
    /// # Errors
    /// [`KeyError::File`] when it cannot be read, else as [`parse`](Self::parse).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let place = path.as_ref().display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|source| KeyError::File { path: place.clone(), source })?;
        Self::parse(&Zeroizing::new(text), &place)
    }

    /// Reads the ring from a file, or prepares a new one to be written there.
    ///
    /// The file is written only when the service starts, and only for an empty store on a localhost origin: a lost
    /// key in production must stop the service, not silently begin a new ring.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), but a missing file is none.
    pub fn from_file_or_create(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        match Self::from_file(&path) {
            Err(KeyError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self { create: Some(path.as_ref().to_owned()), ..Self::generate(&OsRandom)? })
            }
            other => other,
        }
    }

    /// Reads the ring from an environment variable that holds the text of a key file.
    ///
    /// # Errors
    /// [`KeyError::MissingVariable`], else as [`parse`](Self::parse).
    pub fn from_env(name: &str) -> Result<Self, KeyError> {
        let text = std::env::var(name).map_err(|_| KeyError::MissingVariable(name.to_owned()))?;
        Self::parse(&Zeroizing::new(text), &format!("the environment variable `{name}`"))
    }

    /// The same ring with a new current key in front; the former current key is still read.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn rotated(mut self, random: &dyn Random) -> Result<Self, KeyError> {
        let next = Self::generate(random)?;
        self.previous.insert(0, std::mem::replace(&mut self.current, next.current));
        Ok(self)
    }

    /// The text of the key file of this ring. It is the secret itself.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for key in std::iter::once(&self.current).chain(&self.previous) {
            let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.bytes.as_slice()));
            for word in [FILE_TAG, " ", &key.id, " ", &encoded, "\n"] {
                text.push_str(word);
            }
        }
        text
    }

    /// The file that still has to be written, if the ring was made for a missing one.
    #[must_use]
    pub fn to_be_created(&self) -> Option<&Path> {
        self.create.as_deref()
    }

    /// Writes the new ring to its file, readable by the owner only. Does nothing for a ring that was read.
    ///
    /// # Errors
    /// [`KeyError::File`], also when the file has appeared meanwhile: it is never overwritten.
    pub fn create_file(&self) -> Result<(), KeyError> {
        let Some(path) = &self.create else { return Ok(()) };
        let failed = |source| KeyError::File { path: path.display().to_string(), source };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(self.expose().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Id of the current key.
    #[must_use]
    pub fn current_id(&self) -> &str {
        &self.current.id
    }

    /// The current key of this purpose.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> PurposeKey {
        derive(&self.current, purpose)
    }

    /// The key of this purpose under the root key with this id; `None` when the ring no longer has it.
    #[must_use]
    pub fn derive_with(&self, key_id: &str, purpose: Purpose) -> Option<PurposeKey> {
        self.keys().find(|key| key.id == key_id).map(|key| derive(key, purpose))
    }

    /// The keys of this purpose, the current one first.
    pub fn derive_all(&self, purpose: Purpose) -> impl Iterator<Item = PurposeKey> {
        self.keys().map(move |key| derive(key, purpose))
    }

    /// The value to store in an empty store.
    #[must_use]
    pub fn check_value(&self) -> KeyCheck {
        KeyCheck { key_id: self.current.id.clone(), tag: self.derive(Purpose::KeyCheck).mac(&[b"key-check"]) }
    }

    /// Whether the store that holds this value was written with a key of this ring.
    #[must_use]
    pub fn recognises(&self, check: &KeyCheck) -> bool {
        self.derive_with(&check.key_id, Purpose::KeyCheck).is_some_and(|key| key.verify(&[b"key-check"], &check.tag))
    }

    fn keys(&self) -> impl Iterator<Item = &RootKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

fn derive(root: &RootKey, purpose: Purpose) -> PurposeKey {
    let mut key = Zeroizing::new([0; 32]);
    // HKDF gives up to 255 blocks; one block of 32 bytes always fits.
    let expanded =
        Hkdf::<Sha256>::new(None, root.bytes.as_slice()).expand(purpose.label().as_bytes(), key.as_mut_slice());
    debug_assert!(expanded.is_ok());
    PurposeKey(key)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing(current `{}`, {} previous, [redacted])", self.current.id, self.previous.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_ring_still_recognises_its_store_and_a_stranger_does_not() {
        let ring = KeyRing::generate(&OsRandom).unwrap();
        let check = ring.check_value();
        let rotated = ring.clone().rotated(&OsRandom).unwrap();
        assert!(ring.recognises(&check) && rotated.recognises(&check));
        assert!(!KeyRing::generate(&OsRandom).unwrap().recognises(&check));
        assert!(!ring.recognises(&KeyCheck { tag: [7; 32], ..check }));
    }

    #[test]
    fn purposes_do_not_share_keys() {
        let ring = KeyRing::generate(&OsRandom).unwrap();
        assert_ne!(ring.derive(Purpose::Csrf).mac(&[b"x"]), ring.derive(Purpose::Device).mac(&[b"x"]));
        let key = ring.derive(Purpose::Csrf);
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
    }

    #[test]
    fn file_text_round_trips_and_bad_text_names_its_place_without_repeating_it() {
        let ring = KeyRing::generate(&OsRandom).unwrap().rotated(&OsRandom).unwrap();
        let read = KeyRing::parse(&ring.expose(), "x").unwrap();
        assert_eq!(read.expose().as_str(), ring.expose().as_str());
        let zeros = format!("{FILE_TAG} k {}", URL_SAFE_NO_PAD.encode([0; 32]));
        assert!(matches!(KeyRing::parse(&zeros, "x"), Err(KeyError::NotRandom { .. })));
        for bad in ["", "secret", "usermgmt-root-1 k AAAA", "usermgmt-root-2 k AAAA"] {
            let error = KeyRing::parse(bad, "the file").unwrap_err().to_string();
            assert!(error.contains("the file") && (bad.is_empty() || !error.contains("AAAA")), "{error}");
        }
    }

    #[test]
    fn a_created_file_is_private_and_never_overwritten() {
        let dir = std::env::temp_dir().join(format!("usermgmt-keys-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("app.key");
        let ring = KeyRing::from_file_or_create(&path).unwrap();
        assert!(!path.exists(), "only the starting service may write it");
        ring.create_file().unwrap();
        assert!(ring.create_file().is_err());
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
        assert_eq!(KeyRing::from_file_or_create(&path).unwrap().current_id(), ring.current_id());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
