//! Opaque access tokens: they say nothing to whoever holds them, and are asked about.
//!
//! As with [refresh tokens](crate::refresh) the store keeps no row for each. A token names its user, its session and its
//! times, and carries a MAC over these and over whom it is for. What its holder may is looked up when somebody asks, so it
//! is never older than the answer.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::id::{SessionId, UserId};
use crate::keys::{KeyRing, Purpose, PurposeKey};
use crate::secret::{framed, unframed};

/// What every opaque access token begins with.
const PREFIX: &str = "umo";
/// User, session, begin, end and MAC.
const BYTES: usize = 16 + 16 + 8 + 8 + 32;

/// An opaque access token: `umo_00_` and 107 characters of base64url. It does not print, compare or serialise.
#[derive(Clone)]
pub struct OpaqueToken {
    user: UserId,
    session: SessionId,
    issued_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    text: SecretString,
}

impl OpaqueToken {
    /// The token of a session for this audience, good from the second of `from` until that of `until`.
    #[must_use]
    pub fn derive(
        keys: &KeyRing,
        audience: &str,
        (user, session): (UserId, SessionId),
        from: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Self {
        let [from, until] = [from, until].map(|at| at.replace_nanosecond(0).unwrap_or(at));
        let times = [from, until].map(|at| at.unix_timestamp().to_be_bytes());
        let mac = mac(&keys.derive(Purpose::Opaque), audience, user.as_uuid(), session.as_uuid(), times);
        let ids = user.as_uuid().into_bytes().into_iter().chain(session.as_uuid().into_bytes());
        let mut bytes = Zeroizing::new([0; BYTES]);
        for (place, byte) in bytes.iter_mut().zip(ids.chain(times.into_iter().flatten()).chain(mac)) {
            *place = byte;
        }
        let text = framed(PREFIX, bytes.as_slice());
        Self { user, session, issued_at: from, expires_at: until, text }
    }

    /// Whether a text is meant to be one, good or not.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with('_'))
    }

    /// Reads a presented token; `None` unless a key of the ring has made it for this audience. Its end is for the caller
    /// to look at.
    #[must_use]
    pub fn parse(keys: &KeyRing, audience: &str, text: &str) -> Option<Self> {
        let bytes = unframed::<BYTES>(PREFIX, text)?;
        let (user, rest) = bytes.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (from, rest) = rest.split_first_chunk::<8>()?;
        let (until, tag) = rest.split_first_chunk::<8>()?;
        let parts = [b"opaque".as_slice(), audience.as_bytes(), user, session, from, until];
        if !keys.derive_all(Purpose::Opaque).any(|key| key.verify(&parts, tag)) {
            return None;
        }
        let at = |bytes: &[u8; 8]| OffsetDateTime::from_unix_timestamp(i64::from_be_bytes(*bytes)).ok();
        Some(Self {
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            session: SessionId::from_uuid(Uuid::from_bytes(*session)),
            issued_at: at(from)?,
            expires_at: at(until)?,
            text: text.to_owned().into(),
        })
    }

    /// Whose session it is of.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The session that it is of.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// When it was issued, to the second.
    #[must_use]
    pub const fn issued_at(&self) -> OffsetDateTime {
        self.issued_at
    }

    /// From when on it is good no more.
    #[must_use]
    pub const fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// The text itself, for the answer to the one who asked for it. Never log or store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

fn mac(key: &PurposeKey, audience: &str, user: Uuid, session: Uuid, [from, until]: [[u8; 8]; 2]) -> [u8; 32] {
    key.mac(&[b"opaque", audience.as_bytes(), user.as_bytes(), session.as_bytes(), &from, &until])
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpaqueToken({}, [redacted])", self.session)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::port::OsRandom;

    #[test]
    fn it_is_good_for_one_audience_and_nothing_of_it_can_be_altered() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap() + Duration::microseconds(5);
        let ring = KeyRing::generate(&OsRandom).unwrap();
        let ids = (UserId::new(&OsRandom, now).unwrap(), SessionId::new(&OsRandom, now).unwrap());
        let token = OpaqueToken::derive(&ring, "data", ids, now, now + Duration::MINUTE);
        let text = token.expose().to_owned();
        assert_eq!(text.len(), "umo_00_".len() + 107);
        assert!(OpaqueToken::is_meant_by(&text) && !OpaqueToken::is_meant_by("umk_00_"));
        let rotated = ring.clone().rotated(&OsRandom).unwrap();
        for ring in [&ring, &rotated] {
            let read = OpaqueToken::parse(ring, "data", &text).unwrap();
            assert_eq!((read.user(), read.session()), ids);
            assert_eq!(read.issued_at().unix_timestamp(), 1_800_000_000);
            assert_eq!(read.expires_at() - read.issued_at(), Duration::MINUTE);
        }
        assert!(OpaqueToken::parse(&ring, "dat", &text).is_none());
        assert!(OpaqueToken::parse(&KeyRing::generate(&OsRandom).unwrap(), "data", &text).is_none());
        for place in 0..text.len() {
            for other in ['A', 'Q', '_', '=', ' '] {
                let mut altered: Vec<_> = text.chars().collect();
                if altered[place] != other {
                    altered[place] = other;
                    let altered: String = altered.into_iter().collect();
                    assert!(OpaqueToken::parse(&ring, "data", &altered).is_none(), "{altered}");
                }
            }
        }
        for wrong in ["", "umo_00_", &format!("{text}A"), &format!(" {text}")] {
            assert!(OpaqueToken::parse(&ring, "data", wrong).is_none(), "{wrong}");
        }
        let (_, body) = text.rsplit_once("_00_").unwrap();
        assert!(!format!("{token:?}").contains(body));
    }
}
