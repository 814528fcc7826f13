//! The order of writes within a commit, and whom each concerns.

use super::Write;
use crate::model::{Subject, Version};

impl Write {
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::StillAuthorised(_) => 0,
            Self::PutKeyCheck(_) | Self::MoveKeyCheck { .. } => 1,
            Self::PutUser(_) => 2,
            Self::MoveAuthEpoch { .. } => 3,
            Self::DeleteIdentifier { .. } | Self::PutIdentifier(_) => 4,
            Self::DeletePassword { .. } | Self::PutPassword(_) => 5,
            Self::PutProfile(_) => 6,
            Self::PutOrg(_) => 7,
            Self::PutPolicy { .. } | Self::PutRoles { .. } | Self::PutOrgProfile(_) => 8,
            Self::PutMembership(_) => 9,
            Self::DeleteMembership { .. } => 10,
            Self::MoveRights { .. } => 11,
            Self::CountTry { .. } => 12,
            // The one token that is used comes before those that are revoked with it.
            Self::ConsumeToken { .. } => 13,
            Self::RevokeTokens { .. } => 14,
            Self::PutToken(_) => 15,
            Self::ConsumeAttempt { .. } => 16,
            Self::PutAttempt(_) => 17,
            Self::EndSession { .. } => 18,
            Self::RotateSession { .. } => 19,
            Self::RotateRefresh { .. } => 20,
            Self::PutSession(_) => 21,
            Self::MaxSessions { .. } => 22,
            Self::DeleteSigningKeys { .. } => 23,
            Self::PutSigningKey(_) => 24,
            Self::EndApiKeys { .. } => 25,
            Self::EndApiKey { .. } => 26,
            Self::PutApiKey(_) => 27,
            Self::MaxApiKeys { .. } => 28,
            Self::DeleteFactors { .. } => 29,
            Self::DeleteFactor { .. } => 30,
            Self::PutFactor(_) => 31,
            Self::FinishJob { .. } | Self::RetryJob { .. } | Self::GiveUpJob { .. } => 32,
            Self::PutJob(_) => 33,
            Self::Audit(_) => 34,
            Self::EraseEvent { .. } => 35,
            Self::SealEvents { .. } => 36,
        }
    }

    /// Which row, among those of its kind that several commits may want at once.
    pub(super) const fn row(&self) -> (u128, u128) {
        match self {
            Self::PutUser(user) => (user.id.as_uuid().as_u128(), 0),
            Self::MoveAuthEpoch { user, .. } => (user.as_uuid().as_u128(), 0),
            Self::PutPassword(password) => (password.user.as_uuid().as_u128(), 0),
            Self::DeletePassword { user, .. } => (user.as_uuid().as_u128(), 0),
            Self::PutProfile(profile) => (profile.user.as_uuid().as_u128(), 0),
            Self::PutOrg(org) => (org.id.as_uuid().as_u128(), 0),
            Self::PutPolicy { org, .. } | Self::PutRoles { org, .. } | Self::MoveRights { org, user: None } => {
                (org.as_uuid().as_u128(), 0)
            }
            Self::PutOrgProfile(profile) => (profile.org.as_uuid().as_u128(), 0),
            Self::PutMembership(row) => (row.org.as_uuid().as_u128(), row.user.as_uuid().as_u128()),
            Self::DeleteMembership { org, user, .. } | Self::MoveRights { org, user: Some(user) } => {
                (org.as_uuid().as_u128(), user.as_uuid().as_u128())
            }
            Self::EndSession { user, id }
            | Self::RotateSession { user, id, .. }
            | Self::RotateRefresh { user, id, .. } => (user.as_uuid().as_u128(), id.as_uuid().as_u128()),
            Self::EndApiKey { id, .. } => (id.as_uuid().as_u128(), 0),
            Self::PutFactor(factor) => (factor.user.as_uuid().as_u128(), factor.id.as_uuid().as_u128()),
            Self::DeleteFactor { user, id, .. } => (user.as_uuid().as_u128(), id.as_uuid().as_u128()),
            Self::DeleteSigningKeys { realm, .. } => (realm.as_uuid().as_u128(), 0),
            Self::PutSigningKey(key) => (key.realm.as_uuid().as_u128(), key.number as u128),
            _ => (0, 0),
        }
    }

    /// Whose cached principals this write makes wrong. A row that did not exist before is in no principal; only a
    /// membership may come (back) to an organisation that a session already acts in.
    pub(super) fn subject(&self) -> Option<Subject> {
        match self {
            Self::MoveAuthEpoch { user, .. } => Some(Subject::User(*user)),
            Self::PutUser(user) if user.version != Version::NEW => Some(Subject::User(user.id)),
            Self::DeleteIdentifier { user, .. } => Some(Subject::User(*user)),
            Self::PutIdentifier(identifier) if identifier.version != Version::NEW => {
                Some(Subject::User(identifier.user))
            }
            Self::PutMembership(membership) => Some(Subject::Member(membership.org, membership.user)),
            Self::MoveRights { org, user: Some(user) } | Self::DeleteMembership { org, user, .. } => {
                Some(Subject::Member(*org, *user))
            }
            Self::PutOrg(org) if org.version != Version::NEW => Some(Subject::Org(org.id)),
            Self::MoveRights { org, user: None } | Self::PutPolicy { org, .. } | Self::PutRoles { org, .. } => {
                Some(Subject::Org(*org))
            }
            Self::RotateSession { id, .. } | Self::EndSession { id, .. } => Some(Subject::Session(*id)),
            _ => None,
        }
    }
}
