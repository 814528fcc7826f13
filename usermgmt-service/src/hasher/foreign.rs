//! Hashes that other systems have made. A password is compared with one until its owner has signed in; then it is
//! hashed anew, as all others are.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq as _;
use usermgmt_core::port::HashError;
use usermgmt_core::secret::Wiped;

use crate::imported_hash::{FastDigest, FirebaseScrypt, SaltPlace};

/// Highest cost of a bcrypt hash: 2^16 rounds, some seconds.
const BCRYPT_CEILING: u32 = 16;
/// Bytes of a password that bcrypt reads.
const BCRYPT_BYTES: usize = 72;
/// Most memory that a scrypt hash may ask for, in bytes.
const SCRYPT_MEMORY_CEILING: u64 = 256 << 20;
/// Highest p of a scrypt hash.
const SCRYPT_LANES_CEILING: u32 = 16;
/// Most rounds of a PBKDF2 hash.
const PBKDF2_CEILING: u32 = 10_000_000;
/// Fewest bytes that a hash is worth comparing with: what is shorter was cut, and an empty one would fit everything.
const SHORTEST: usize = 16;

/// Padded or not, with the last bits whatever they are: systems differ, and the hash decides.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A stored hash, taken apart.
pub(crate) enum Foreign<'a> {
    /// bcrypt in its own form; some hash the password by SHA-256 first, because bcrypt reads 72 bytes.
    Bcrypt { text: &'a str, hashed_first: bool },
    /// scrypt (RFC 7914).
    Scrypt { log_n: u8, r: u32, p: u32, salt: Vec<u8>, hash: Vec<u8> },
    /// PBKDF2 (RFC 8018 section 5.2) with HMAC over this digest.
    Pbkdf2 { digest: FastDigest, rounds: u32, salt: Vec<u8>, hash: Vec<u8> },
    /// scrypt as Firebase has it: the hash is a key by which another key of the project is encrypted.
    Firebase { salt: Vec<u8>, hash: Vec<u8> },
    /// A fast digest, of which Argon2id was taken when it was imported.
    Salted { digest: FastDigest, place: SaltPlace, salt: Vec<u8>, outer: &'a str },
}

impl<'a> Foreign<'a> {
    /// Takes a text apart; `None` for one that is of no known form, is cut, or asks for the moon.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix("bcrypt_sha256$") {
            return bcrypt(inner, true);
        }
        if let Some(inner) = text.strip_prefix("bcrypt$") {
            return bcrypt(inner, false);
        }
        if let Some(rest) = text.strip_prefix("$salted-") {
            let (digest, rest) = rest.split_once('$')?;
            let (place, rest) = rest.split_once('$')?;
            let (salt, outer) = rest.split_at_checked(rest.find('$')?)?;
            let (digest, place) = (FastDigest::from_word(digest)?, SaltPlace::from_word(place)?);
            return Some(Self::Salted { digest, place, salt: decoded(salt)?, outer });
        }
        let parts: Vec<&str> = text.split('$').collect();
        match parts.as_slice() {
            ["", "2a" | "2b" | "2x" | "2y", ..] => bcrypt(text, false),
            ["", "firebase-scrypt", salt, hash] => Some(Self::Firebase { salt: decoded(salt)?, hash: hashed(hash)? }),
            ["", "scrypt", params, salt, hash] => {
                let log_n = u8::try_from(parameter(params, "ln")?).ok()?;
                let (r, p) = (parameter(params, "r")?, parameter(params, "p")?);
                scrypt(log_n, r, p, decoded(salt)?, hashed(hash)?)
            }
            // Django.
            ["scrypt", n, salt, r, p, hash] => {
                let n: u64 = n.parse().ok().filter(|n: &u64| n.is_power_of_two())?;
                let log_n = u8::try_from(n.trailing_zeros()).ok()?;
                scrypt(log_n, r.parse().ok()?, p.parse().ok()?, salt.as_bytes().to_vec(), hashed(hash)?)
            }
            ["pbkdf2_sha256", rounds, salt, hash] => {
                pbkdf2(FastDigest::Sha256, rounds, salt.as_bytes().to_vec(), hashed(hash)?)
            }
            ["pbkdf2_sha1", rounds, salt, hash] => {
                pbkdf2(FastDigest::Sha1, rounds, salt.as_bytes().to_vec(), hashed(hash)?)
            }
            ["", scheme, rounds, salt, hash] => {
                let digest = match *scheme {
                    "pbkdf2" | "pbkdf2-sha1" => FastDigest::Sha1,
                    "pbkdf2-sha256" => FastDigest::Sha256,
                    "pbkdf2-sha512" => FastDigest::Sha512,
                    _ => return None,
                };
                // A number, or parameters of which one is called i.
                let rounds = rounds.split(',').find_map(|part| part.strip_prefix("i=")).unwrap_or(rounds);
                pbkdf2(digest, rounds, decoded(salt)?, hashed(hash)?)
            }
            _ => None,
        }
    }

    /// Whether this password was hashed; `outer` compares a text with a hash of our own.
    pub(crate) fn matches(
        &self,
        password: &[u8],
        firebase: Option<&FirebaseScrypt>,
        outer: impl FnOnce(&[u8], &str) -> Result<bool, HashError>,
    ) -> Result<bool, HashError> {
        let same = |computed: &[u8], hash: &[u8]| bool::from(computed.ct_eq(hash));
        match self {
            Self::Bcrypt { text, hashed_first } => {
                let verify = |password: &[u8]| bcrypt::verify(password, text).map_err(|_| HashError::Unreadable);
                if *hashed_first {
                    return verify(FastDigest::Sha256.hex(&[password]).as_bytes());
                }
                // Of a longer one it would read the beginning, whatever follows: nobody knows whether it is right.
                Ok(verify(password)? && password.len() <= BCRYPT_BYTES)
            }
            Self::Scrypt { log_n, r, p, salt, hash } => {
                Ok(same(&derive_scrypt(password, salt, (*log_n, *r, *p), hash.len())?, hash))
            }
            Self::Pbkdf2 { digest, rounds, salt, hash } => {
                let mut computed = Wiped::new(vec![0; hash.len()]);
                digest.pbkdf2(password, salt, *rounds, &mut computed);
                Ok(same(&computed, hash))
            }
            Self::Firebase { salt, hash } => {
                let project = firebase.ok_or(HashError::Unreadable)?;
                let salt = [salt.as_slice(), project.salt_separator()].concat();
                let key = derive_scrypt(password, &salt, project.params(), 32)?;
                Ok(same(&project.encrypted(&key)?, hash))
            }
            Self::Salted { digest, place, salt, outer: stored } => {
                let parts = match place {
                    SaltPlace::Before => [salt.as_slice(), password],
                    SaltPlace::After => [password, salt.as_slice()],
                };
                outer(digest.hex(&parts).as_bytes(), stored)
            }
        }
    }
}

fn derive_scrypt(
    password: &[u8],
    salt: &[u8],
    (log_n, r, p): (u8, u32, u32),
    length: usize,
) -> Result<Wiped, HashError> {
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| HashError::Unreadable)?;
    let mut output = Wiped::new(vec![0; length]);
    scrypt::scrypt(password, salt, &params, &mut output).map_err(|_| HashError::Unreadable)?;
    Ok(output)
}

fn bcrypt(text: &str, hashed_first: bool) -> Option<Foreign<'_>> {
    let parts: bcrypt::HashParts = text.parse().ok()?;
    (parts.get_cost() <= BCRYPT_CEILING).then_some(Foreign::Bcrypt { text, hashed_first })
}

fn scrypt<'a>(log_n: u8, r: u32, p: u32, salt: Vec<u8>, hash: Vec<u8>) -> Option<Foreign<'a>> {
    bearable(log_n, r, p).then_some(Foreign::Scrypt { log_n, r, p, salt, hash })
}

/// Whether scrypt may cost so much.
pub(crate) fn bearable(log_n: u8, r: u32, p: u32) -> bool {
    let memory = 128_u64.checked_shl(log_n.into()).and_then(|bytes| bytes.checked_mul(r.into()));
    log_n < 32
        && memory.is_some_and(|memory| memory <= SCRYPT_MEMORY_CEILING)
        && (1..=SCRYPT_LANES_CEILING).contains(&p)
        && r > 0
}

fn pbkdf2<'a>(digest: FastDigest, rounds: &str, salt: Vec<u8>, hash: Vec<u8>) -> Option<Foreign<'a>> {
    let rounds: u32 = rounds.parse().ok().filter(|rounds| (1..=PBKDF2_CEILING).contains(rounds))?;
    Some(Foreign::Pbkdf2 { digest, rounds, salt, hash })
}

fn parameter(list: &str, name: &str) -> Option<u32> {
    list.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

/// Bytes in base64. Some systems write a full stop for the plus.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.replace('.', "+")).ok()
}

fn hashed(text: &str) -> Option<Vec<u8>> {
    decoded(text).filter(|hash| hash.len() >= SHORTEST)
}
