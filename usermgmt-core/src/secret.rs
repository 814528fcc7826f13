//! Secrets are types that do not print.
//!
//! Every bearer secret of the system is made here, by kind, so that one registry knows them all: a new kind is
//! subject to the token-purpose tests on the day it appears. Only a [`Digest`] of a bearer secret is ever stored.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::keys::PurposeKey;
use crate::port::{Random, RandomError};

/// Bytes of randomness in a bearer secret: 256 bits (OWASP ASVS 5.0, 7.2.3 asks for at least 128).
pub const BEARER_BYTES: usize = 32;

/// Characters of a bearer secret's base64url part (RFC 4648 section 5, without padding).
const BEARER_CHARS: usize = 43;

/// The routing prefix of a deployment that runs on one database. A front proxy can send a request to the right shard
/// by these two characters without knowing the secret.
pub const DEFAULT_ROUTE: &str = "00";

/// What a bearer secret is for. The kind is part of the digested text, so a secret of one kind never matches another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BearerKind {
    /// The session cookie.
    Session,
    /// The cookie that names a browser before anyone is signed in; sign-up and forms are bound to it.
    Browser,
    /// The cookie of a sign-in that has begun and is not complete.
    Attempt,
    /// The cookie of a device on which an account has signed in before.
    Device,
    /// The mailed link that proves an address.
    VerifyLink,
    /// The mailed link that sets a new password.
    ResetLink,
    /// The mailed link that approves another address.
    ApproveLink,
    /// The mailed link that adds an address.
    AddLink,
    /// The mailed link that undoes an unwanted change.
    SecureLink,
    /// The mailed link that removes all second factors.
    RemoveFactorsLink,
    /// The cookie of a device on which no second factor is asked for.
    TrustedDevice,
    /// The mailed link that signs in.
    SignInLink,
    /// The row of a code that is sent as a second factor. Nothing takes it.
    SentCode,
}

impl BearerKind {
    /// Every kind, for tests that try each at the other's door.
    pub const ALL: [Self; 13] = [
        Self::Session,
        Self::Browser,
        Self::Attempt,
        Self::Device,
        Self::VerifyLink,
        Self::ResetLink,
        Self::ApproveLink,
        Self::AddLink,
        Self::SecureLink,
        Self::RemoveFactorsLink,
        Self::TrustedDevice,
        Self::SignInLink,
        Self::SentCode,
    ];

    /// The kind prefix that the text form starts with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "ums",
            Self::Browser => "umb",
            Self::Attempt => "uma",
            Self::Device => "umd",
            Self::VerifyLink => "umv",
            Self::ResetLink => "umr",
            Self::ApproveLink => "ump",
            Self::AddLink => "ume",
            Self::SecureLink => "umu",
            Self::RemoveFactorsLink => "umf",
            Self::TrustedDevice => "umt",
            Self::SignInLink => "uml",
            Self::SentCode => "umc",
        }
    }
}

/// Bytes as the text of a secret: its kind, the route, and base64url (RFC 4648 section 5, without padding).
pub(crate) fn framed(prefix: &str, bytes: &[u8]) -> SecretString {
    let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
    format!("{prefix}_{DEFAULT_ROUTE}_{}", encoded.as_str()).into()
}

/// The bytes of such a text; `None` for one of another kind, route or length.
pub(crate) fn unframed<const N: usize>(prefix: &str, text: &str) -> Option<Zeroizing<[u8; N]>> {
    let body = text.strip_prefix(prefix)?.strip_prefix('_')?.strip_prefix(DEFAULT_ROUTE)?.strip_prefix('_')?;
    if body.len() != (N * 4).div_ceil(3) {
        return None;
    }
    // Decoding refuses stray trailing bits, so exactly one text stands for these bytes.
    let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(body).ok()?);
    decoded.as_slice().try_into().ok().map(Zeroizing::new)
}

/// A bearer secret: `ums_00_` and 43 characters of base64url. Whoever presents it is believed.
///
/// It does not print, does not compare and does not serialise; [`expose`](Self::expose) is for the cookie, the mailed
/// link and nothing else.
///
/// ```compile_fail
/// # use usermgmt_core::secret::Bearer;
/// fn leak(token: Bearer) -> String { token.to_string() }
/// ```
///
/// ```compile_fail
/// # use usermgmt_core::secret::Bearer;
/// fn leak(token: Bearer) -> String { serde_json::to_string(&token).unwrap_or_default() }
/// ```
#[derive(Clone)]
pub struct Bearer {
    kind: BearerKind,
    text: SecretString,
}

impl Bearer {
    /// A new random secret.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn mint(kind: BearerKind, random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; BEARER_BYTES]);
        random.fill(bytes.as_mut_slice())?;
        Ok(Self::from_bytes(kind, &bytes))
    }

    /// The secret that belongs to a row: an HMAC of the row's id. It can be made again when a mail is sent, so the
    /// outbox need not store it.
    #[must_use]
    pub fn derive(kind: BearerKind, key: &PurposeKey, row: &str) -> Self {
        Self::from_bytes(kind, &key.mac(&[b"bearer", kind.prefix().as_bytes(), row.as_bytes()]))
    }

    fn from_bytes(kind: BearerKind, bytes: &[u8; BEARER_BYTES]) -> Self {
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
        Self { kind, text: format!("{}_{DEFAULT_ROUTE}_{}", kind.prefix(), encoded.as_str()).into() }
    }

    /// Reads a presented secret; `None` unless it is in the one canonical form of this kind.
    #[must_use]
    pub fn parse(kind: BearerKind, text: &str) -> Option<Self> {
        let (prefix, rest) = text.split_once('_')?;
        let (route, body) = rest.split_once('_')?;
        let shaped = prefix == kind.prefix()
            && route.len() == DEFAULT_ROUTE.len()
            && route.bytes().all(|b| b.is_ascii_alphanumeric())
            && body.len() == BEARER_CHARS;
        // Decoding refuses stray trailing bits, so exactly one text stands for each secret.
        shaped.then(|| URL_SAFE_NO_PAD.decode(body).ok()).flatten().map(Zeroizing::new)?;
        Some(Self { kind, text: text.to_owned().into() })
    }

    /// What the secret is for.
    #[must_use]
    pub const fn kind(&self) -> BearerKind {
        self.kind
    }

    /// The digest that is stored in place of the secret.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.expose().as_bytes())
    }

    /// The text itself. Whoever sees it can act as its holder: never log, store or answer with it outside its cookie
    /// or its link.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bearer({:?}, [redacted])", self.kind)
    }
}

/// SHA-256 of a bearer secret: enough to recognise it, useless to present. A fast digest suffices for inputs of at
/// least 112 bits of entropy (OWASP ASVS 5.0, 6.5.2).
///
/// Equality is by value because the database compares digests too; comparing digests of unguessable inputs leaks
/// nothing that helps to guess the input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest as read from storage.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storage.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest([redacted])")
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|b| <[u8; 32]>::try_from(b).ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("not a digest"))
    }
}

/// Bytes that are wiped when dropped.
pub type Wiped = Zeroizing<Vec<u8>>;

/// Digits of a mailed code: 10^6 values, at least 20 bits (OWASP ASVS 5.0, 6.5.4).
pub const CODE_DIGITS: usize = 6;

/// Digits of a mailed code that signs in by itself: 10^8 values, more than 26 bits.
pub const SIGN_IN_CODE_DIGITS: usize = 8;

/// A short code that a person types. Derived from its row, so it is nowhere stored.
#[derive(Clone)]
pub struct Code(SecretString);

impl Code {
    /// The code of so many digits, at most 9, that belongs to a row. Of 128 bits of an HMAC the remainder by a power of
    /// ten is taken: the bias is below 2^-98.
    #[must_use]
    pub fn derive(key: &PurposeKey, row: &str, digits: usize) -> Self {
        let mac = key.mac(&[b"code", row.as_bytes()]);
        let number = mac.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        let values = (0..digits.min(9)).fold(1_u128, |values, _| values * 10);
        Self(format!("{:0digits$}", number % values).into())
    }

    /// Whether the typed text is this code, compared in constant time. Spaces are ignored, since mail programs and
    /// people group digits; anything else but as many ASCII digits is no match.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
        let typed: Zeroizing<String> = Zeroizing::new(typed.chars().filter(|c| *c != ' ').collect());
        bool::from(typed.as_bytes().ct_eq(self.0.expose_secret().as_bytes()))
    }

    /// The digits, for the mail.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code([redacted])")
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "the texts are ASCII")]
mod tests {
    use super::*;
    use crate::keys::{KeyRing, Purpose};
    use crate::port::OsRandom;

    #[test]
    fn parse_accepts_only_the_canonical_text_of_its_kind() {
        for kind in BearerKind::ALL {
            let token = Bearer::mint(kind, &OsRandom).unwrap();
            let text = token.expose().to_owned();
            assert!(Bearer::parse(kind, &text).unwrap().digest().matches(&token.digest()));
            for other in BearerKind::ALL.into_iter().filter(|other| *other != kind) {
                assert!(Bearer::parse(other, &text).is_none());
            }
            for wrong in [format!("{text}="), format!(" {text}"), text[1..].to_owned(), text.replace('_', "-")] {
                assert!(Bearer::parse(kind, &wrong).is_none(), "{wrong}");
            }
        }
        let mut text = Bearer::mint(BearerKind::Session, &OsRandom).unwrap().expose().to_owned();
        text.pop();
        assert_eq!(
            ["A", "B", "C", "D"]
                .iter()
                .filter(|c| Bearer::parse(BearerKind::Session, &format!("{text}{c}")).is_some())
                .count(),
            1,
            "trailing bits must be zero"
        );
    }

    #[test]
    fn nothing_prints_a_secret() {
        let token = Bearer::mint(BearerKind::Session, &OsRandom).unwrap();
        let key = KeyRing::generate(&OsRandom).unwrap().derive(Purpose::MailedToken);
        let code = Code::derive(&key, "tok_1", CODE_DIGITS);
        let printed = format!("{token:?} {:?} {code:?} {key:?}", token.digest());
        assert!(!printed.contains(&token.expose()[7..]) && !printed.contains(code.expose()), "{printed}");
    }

    #[test]
    fn codes_have_their_digits_and_match_exactly() {
        let key = KeyRing::generate(&OsRandom).unwrap().derive(Purpose::MailedToken);
        for row in 0..500 {
            let digits = if row % 2 == 0 { CODE_DIGITS } else { SIGN_IN_CODE_DIGITS };
            let code = Code::derive(&key, &row.to_string(), digits);
            let text = code.expose().to_owned();
            assert!(text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()));
            assert!(code.matches(&text) && code.matches(&format!("{} {}", &text[..3], &text[3..])));
            for wrong in
                [format!("+{text}"), format!("0{text}"), format!("{text}\n"), text[1..].to_owned(), String::new()]
            {
                assert!(!code.matches(&wrong), "{wrong:?}");
            }
        }
        assert!(!Code::derive(&key, "x", CODE_DIGITS).matches("٠٠٠٠٠٠"));
    }

    #[test]
    fn secrets_are_distinct_and_their_bits_are_even() {
        const ROUNDS: u32 = 100_000;
        let mut seen = std::collections::HashSet::new();
        let mut ones = [0_u32; 256];
        for _ in 0..ROUNDS {
            let token = Bearer::mint(BearerKind::Session, &OsRandom).unwrap();
            let bytes = URL_SAFE_NO_PAD.decode(&token.expose()[7..]).unwrap();
            for (bit, count) in ones.iter_mut().enumerate() {
                *count += u32::from(bytes[bit / 8] >> (bit % 8) & 1);
            }
            assert!(seen.insert(token.digest()));
        }
        // Six standard deviations of a fair coin: a false alarm once in 2 million runs over all 256 bits.
        let bound = 6.0 * (f64::from(ROUNDS) / 4.0).sqrt();
        assert!(ones.iter().all(|count| (f64::from(*count) - f64::from(ROUNDS) / 2.0).abs() < bound));
    }
}
