//! Identifiers: opaque, prefixed, sortable by time of creation.
//!
//! The text form is a fixed prefix, an underscore and 32 lower-case hexadecimal digits of a UUID version 7
//! (RFC 9562 section 5.7): `usr_019a…`. It is the same in URLs, in JSON and in the database, so that what a person
//! reads in one place is found in the other. An id names a thing and is never a secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::port::{Random, RandomError};

/// A text that is not an id of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a `{prefix}_…` id")]
pub struct ParseIdError {
    prefix: &'static str,
}

fn mint(random: &dyn Random, now: OffsetDateTime) -> Result<Uuid, RandomError> {
    let mut bytes = [0; 10];
    random.fill(&mut bytes)?;
    let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
}

fn parse(text: &str, prefix: &'static str) -> Result<Uuid, ParseIdError> {
    let hex = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    hex.filter(|hex| hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        .and_then(|hex| Uuid::try_parse(hex).ok())
        .ok_or(ParseIdError { prefix })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The kind prefix of the text form, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, sortable by `now`.
            ///
            /// # Errors
            /// Fails when the random generator fails.
            pub fn new(random: &dyn Random, now: OffsetDateTime) -> Result<Self, RandomError> {
                mint(random, now).map(Self)
            }

            /// The id with exactly this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID behind the text form.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse(text, $prefix).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A realm: the space in which identifiers are unique.
    RealmId = "rlm";
    /// A user.
    UserId = "usr";
    /// A session of one user on one device. Public: the secret is the session's bearer token.
    SessionId = "ses";
    /// An organisation.
    OrgId = "org";
    /// A mailed link and its code.
    TokenId = "tok";
    /// A sign-in that has begun with a first proof and is not complete.
    AttemptId = "att";
    /// One commit of a change set.
    CommitId = "cmt";
    /// A row of the outbox; the idempotency id of the message it becomes.
    OutboxId = "out";
    /// An audit event.
    EventId = "evt";
    /// An API key. Public: the secret is another text.
    ApiKeyId = "key";
    /// What a person proves who they are with, besides the password.
    FactorId = "fct";
    /// A worker that holds leases.
    WorkerId = "wrk";
}

impl RealmId {
    /// The realm of an application that does not separate its users.
    pub const DEFAULT: Self = Self(Uuid::nil());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::OsRandom;

    #[test]
    fn text_form_round_trips_and_sorts_by_time() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let early = UserId::new(&OsRandom, at(1_700_000_000)).unwrap();
        let late = UserId::new(&OsRandom, at(1_700_000_001)).unwrap();
        assert_eq!(early.to_string().parse::<UserId>(), Ok(early));
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(serde_json::from_str::<UserId>(&serde_json::to_string(&late).unwrap()).unwrap(), late);
    }

    #[test]
    fn other_spellings_and_other_kinds_are_refused() {
        let id = UserId::from_uuid(Uuid::from_u128(0xabcdef)).to_string();
        for wrong in [
            id.replace("usr", "org"),
            id.to_uppercase(),
            id.replace('_', "-"),
            format!("{id}0"),
            format!(" {id}"),
            String::new(),
            "usr_".into(),
            Uuid::from_u128(7).to_string(),
            format!("usr_{}", Uuid::from_u128(7)),
        ] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong}");
        }
    }
}
