//! Refresh tokens: secrets by which a session goes on without a cookie.
//!
//! A token names its user, its session and its place in the session's chain, and carries a MAC that only the holder of
//! the root key can make. So the store keeps no secret and no row for each token, a successor can be made again for a caller
//! who did not get it, and one that was used long ago is still known for what it is.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::id::{SessionId, UserId};
use crate::keys::{KeyRing, Purpose, PurposeKey};
use crate::secret::{framed, unframed};

/// What every refresh token begins with.
const PREFIX: &str = "umf";
/// User, session, number and MAC. The user says where the session is stored, see [`SessionStore`](crate::store::SessionStore).
const BYTES: usize = 16 + 16 + 4 + 32;

/// A refresh token: `umf_00_` and 91 characters of base64url. Whoever presents it goes on with the session.
///
/// It does not print, does not compare and does not serialise; [`expose`](Self::expose) is for its cookie and the
/// answer that hands it out.
///
/// ```compile_fail
/// # use usermgmt_core::refresh::RefreshToken;
/// fn leak(token: RefreshToken) -> String { token.to_string() }
/// ```
#[derive(Clone)]
pub struct RefreshToken {
    user: UserId,
    session: SessionId,
    generation: u32,
    text: SecretString,
}

impl RefreshToken {
    /// The token with this number of a session's chain.
    #[must_use]
    pub fn derive(keys: &KeyRing, user: UserId, session: SessionId, generation: u32) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        let mac = mac(&keys.derive(Purpose::Refresh), user, session, generation);
        let ids = user.as_uuid().into_bytes().into_iter().chain(session.as_uuid().into_bytes());
        for (place, byte) in bytes.iter_mut().zip(ids.chain(generation.to_be_bytes()).chain(mac)) {
            *place = byte;
        }
        Self { user, session, generation, text: framed(PREFIX, bytes.as_slice()) }
    }

    /// Reads a presented token; `None` unless a key of the ring has made it.
    #[must_use]
    pub fn parse(keys: &KeyRing, text: &str) -> Option<Self> {
        let bytes = unframed::<BYTES>(PREFIX, text)?;
        let (user, rest) = bytes.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (generation, tag) = rest.split_first_chunk::<4>()?;
        let parts = [b"refresh".as_slice(), user, session, generation];
        let ours = keys.derive_all(Purpose::Refresh).any(|key| key.verify(&parts, tag));
        ours.then(|| Self {
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            session: SessionId::from_uuid(Uuid::from_bytes(*session)),
            generation: u32::from_be_bytes(*generation),
            text: text.to_owned().into(),
        })
    }

    /// Whose session it carries.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The session that it carries.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Its number in the chain, from 1.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The text itself. Whoever sees it can go on with the session: never log or store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

fn mac(key: &PurposeKey, user: UserId, session: SessionId, generation: u32) -> [u8; 32] {
    key.mac(&[b"refresh", user.as_uuid().as_bytes(), session.as_uuid().as_bytes(), &generation.to_be_bytes()])
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, {}, [redacted])", self.session, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::port::OsRandom;

    #[test]
    fn only_a_key_of_the_ring_makes_one() {
        let ring = KeyRing::generate(&OsRandom).unwrap();
        let user = UserId::new(&OsRandom, OffsetDateTime::UNIX_EPOCH).unwrap();
        let session = SessionId::new(&OsRandom, OffsetDateTime::UNIX_EPOCH).unwrap();
        let token = RefreshToken::derive(&ring, user, session, 7);
        let rotated = ring.clone().rotated(&OsRandom).unwrap();
        for ring in [&ring, &rotated] {
            let read = RefreshToken::parse(ring, token.expose()).unwrap();
            assert_eq!((read.user(), read.session(), read.generation()), (user, session, 7));
            assert_eq!(read.expose(), token.expose());
        }
        assert!(RefreshToken::parse(&KeyRing::generate(&OsRandom).unwrap(), token.expose()).is_none());
        let text = token.expose().to_owned();
        assert_eq!(text.len(), "umf_00_".len() + 91);
        // One text for each token: nothing of it can be altered, left out or added.
        for place in 0..text.len() {
            for other in ['A', 'Q', '_', '=', ' '] {
                let mut altered: Vec<_> = text.chars().collect();
                if altered[place] != other {
                    altered[place] = other;
                    let altered: String = altered.into_iter().collect();
                    assert!(RefreshToken::parse(&ring, &altered).is_none(), "{altered}");
                }
            }
        }
        for wrong in ["", "umf_00_", text.trim_start_matches('u'), &format!("{text}A"), &format!(" {text}")] {
            assert!(RefreshToken::parse(&ring, wrong).is_none(), "{wrong}");
        }
        let (_, body) = text.rsplit_once("_00_").unwrap();
        assert!(!format!("{token:?}").contains(body));
    }
}
