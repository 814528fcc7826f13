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
