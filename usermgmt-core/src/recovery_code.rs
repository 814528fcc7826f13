//! Recovery codes: good once each, for the day on which every second factor is lost.
//!
//! A code has 80 bits, so it cannot be guessed; what is stored is a MAC under a root key, so a copy of the database does
//! not give them away either (NIST SP 800-63B-4 section 3.1.2.2 asks for a keyed or salted form below 112 bits).

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::id::{FactorId, UserId};
use crate::keys::{KeyRing, Purpose, PurposeKey};
use crate::port::{Random, RandomError};
use crate::secret::Digest;

/// Bytes of a code: 80 bits.
const CODE_BYTES: usize = 10;
/// Characters of a code, in four groups.
const CODE_CHARS: usize = 16;

/// Crockford's base 32: no letter looks like a digit, and whoever types one that does is understood.
static CROCKFORD: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut form = Specification::new();
    form.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    form.translate.from.push_str("abcdefghjkmnpqrstvwxyzoOiIlL");
    form.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    form.encoding().ok()
});

/// One recovery code, as four groups of four characters.
#[derive(Clone)]
pub struct RecoveryCode(SecretString);

impl RecoveryCode {
    /// A new code.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; CODE_BYTES]);
        random.fill(bytes.as_mut_slice())?;
        Ok(Self::of(bytes.as_slice()))
    }

    fn of(bytes: &[u8]) -> Self {
        let text = Zeroizing::new(CROCKFORD.as_ref().map(|form| form.encode(bytes)).unwrap_or_default());
        let mut grouped = String::with_capacity(CODE_CHARS + 3);
        for (place, symbol) in text.chars().enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                grouped.push('-');
            }
            grouped.push(symbol);
        }
        Self(grouped.into())
    }

    /// Reads what somebody has typed: in either case, with or without spaces and hyphens, O for zero and I or L for
    /// one. `None` for anything else.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        // Longer texts are not looked at.
        let short = typed.len() <= 4 * CODE_CHARS;
        let symbols: Zeroizing<String> =
            Zeroizing::new(typed.chars().filter(|c| short && !matches!(c, ' ' | '-')).collect());
        if symbols.len() != CODE_CHARS {
            return None;
        }
        let bytes = Zeroizing::new(CROCKFORD.as_ref()?.decode(symbols.as_bytes()).ok()?);
        Some(Self::of(&bytes))
    }

    /// What is stored of a code of this set.
    #[must_use]
    pub fn digest(&self, keys: &KeyRing, user: UserId, set: FactorId) -> Digest {
        self.under(&keys.derive(Purpose::RecoveryCode), user, set)
    }

    /// The one of the stored digests that this code has, under any key of the ring.
    #[must_use]
    pub fn found(&self, keys: &KeyRing, user: UserId, set: FactorId, stored: &[Digest]) -> Option<Digest> {
        let own: Vec<_> = keys.derive_all(Purpose::RecoveryCode).map(|key| self.under(&key, user, set)).collect();
        stored.iter().find(|stored| own.iter().any(|own| own.matches(stored))).copied()
    }

    fn under(&self, key: &PurposeKey, user: UserId, set: FactorId) -> Digest {
        let (user, set) = (user.to_string(), set.to_string());
        Digest::from_bytes(key.mac(&[user.as_bytes(), set.as_bytes(), self.expose().as_bytes()]))
    }

    /// The code, to be shown to its owner once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::OsRandom;
    use time::OffsetDateTime;

    #[test]
    fn a_code_is_understood_however_it_is_typed() {
        let code = RecoveryCode::generate(&OsRandom).unwrap();
        let text = code.expose().to_owned();
        assert_eq!((text.len(), text.matches('-').count()), (19, 3));
        for typed in [text.clone(), text.to_lowercase(), text.replace('-', " "), text.replace('-', "")] {
            assert_eq!(RecoveryCode::parse(&typed).unwrap().expose(), text);
        }
        assert_eq!(RecoveryCode::parse("oO0i-IlL1-1111-zZ09").unwrap().expose(), "0001-1111-1111-ZZ09");
        let long = "0".repeat(100_000);
        for wrong in ["", "000000", "uuuu-uuuu-uuuu-uuuu", "٠٠٠٠-0000-0000-0000", "0000-0000-0000-000", long.as_str()]
        {
            assert!(RecoveryCode::parse(wrong).is_none(), "{wrong:.30}");
        }
        assert!(!format!("{code:?}").contains(code.expose()));
    }

    #[test]
    fn what_is_stored_belongs_to_one_user_one_set_and_one_ring() {
        let ring = KeyRing::generate(&OsRandom).unwrap();
        let (user, set) = (
            UserId::new(&OsRandom, OffsetDateTime::UNIX_EPOCH).unwrap(),
            FactorId::new(&OsRandom, OffsetDateTime::UNIX_EPOCH).unwrap(),
        );
        let other = FactorId::new(&OsRandom, OffsetDateTime::UNIX_EPOCH).unwrap();
        let (code, wrong) = (RecoveryCode::generate(&OsRandom).unwrap(), RecoveryCode::generate(&OsRandom).unwrap());
        let stored = [wrong.digest(&ring, user, set), code.digest(&ring, user, set)];
        let rotated = ring.clone().rotated(&OsRandom).unwrap();
        assert_eq!(code.found(&ring, user, set, &stored), Some(stored[1]));
        assert_eq!(code.found(&rotated, user, set, &stored), Some(stored[1]));
        assert_eq!(code.found(&ring, user, other, &stored), None);
        assert_eq!(code.found(&ring, user, set, &stored[..1]), None);
        assert_eq!(code.found(&KeyRing::generate(&OsRandom).unwrap(), user, set, &stored), None);
    }
}
