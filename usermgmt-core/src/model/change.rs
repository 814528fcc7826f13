//! The change sequence: what caches must forget.

use time::OffsetDateTime;

use crate::id::{OrgId, SessionId, UserId};

/// Whose standing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// Everything this user is signed in with.
    User(UserId),
    /// One session.
    Session(SessionId),
    /// Rights or policy of a whole organisation.
    Org(OrgId),
    /// Rights of one member.
    Member(OrgId, UserId),
}

/// One entry of the durable sequence. Numbers grow; they may have gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Place in the sequence.
    pub number: u64,
    /// Whose standing has changed.
    pub subject: Subject,
    /// When.
    pub at: OffsetDateTime,
}

/// A stretch of the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Everything visible in it, by number; also what lies above a number that is still undecided.
    pub items: Vec<Change>,
    /// Read on from here: up to this number nothing will be added any more. A transaction that has taken a number and
    /// still runs keeps this place below it, so that what lies above is answered again.
    pub settled: u64,
}
