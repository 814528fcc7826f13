//! The one write verb: everything that must become true together.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::id::{
    ApiKeyId, AttemptId, CommitId, EventId, FactorId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId, WorkerId,
};
use crate::keys::KeyCheck;
use crate::model::{
    ApiKey, Attempt, AuditEvent, CustomRole, Factor, FactorKind, Identifier, IdentifierKind, KeyOwner, Membership, Org,
    OrgProfile, OutboxRow, PasswordCredential, Profile, Proof, Seal, Session, SigningKey, Subject, Token, TokenKind,
    User, Version,
};
use crate::policy::AuthPolicy;
use crate::secret::Digest;

/// The authority of the caller, as it was when it was checked. The commit is refused unless it still stands.
///
/// Harmless edits of the same rows (a new name) do not disturb it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StillAuthorised {
    /// The session must not have ended.
    pub session: SessionId,
    /// The user must be active …
    pub user: UserId,
    /// … and of this epoch.
    pub auth_epoch: u64,
    /// If the authority is that of a member: in which organisation, under which versions.
    pub member: Option<StillMember>,
}

/// The organisation's part of [`StillAuthorised`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StillMember {
    /// The organisation must be active and the user an active member of it.
    pub org: OrgId,
    /// `rights_version` of the membership.
    pub member_rights: u64,
    /// `rights_version` of the organisation.
    pub org_rights: u64,
    /// `policy_epoch` of the organisation.
    pub policy_epoch: u64,
}

/// One write. Exhaustive on purpose: a store that does not handle a new one does not compile.
///
/// A `Put…` of a versioned row inserts it if its version is [`Version::NEW`] and otherwise replaces the row of exactly
/// that version; the row then has the next version. Columns that say so in the model are left alone by a replacing
/// put: they move only by their own write.
///
/// A put tells no cache. Whoever changes a standing by one (the status of a user or an organisation, the status or
/// roles of a membership) adds the move that says so: `MoveAuthEpoch` or `MoveRights`. Moving something that is not
/// there is a conflict.
#[derive(Clone, Debug)]
pub enum Write {
    /// Writes nothing; refuses the commit with [`Guard::Authority`](super::Guard::Authority) unless this still holds.
    StillAuthorised(StillAuthorised),
    /// Inserts or replaces a user. A replacing put leaves `auth_epoch` alone.
    PutUser(User),
    /// Inserts or replaces an identifier, found by realm, kind and canonical form.
    PutIdentifier(Identifier),
    /// Inserts or replaces the password of a user.
    PutPassword(PasswordCredential),
    /// Inserts or replaces an organisation. A replacing put leaves `roles`, `policy`, `rights_version` and
    /// `policy_epoch` alone.
    PutOrg(Org),
    /// Inserts or replaces the facts about an organisation.
    PutOrgProfile(OrgProfile),
    /// Sets the roles that an organisation has made and moves its `rights_version`; a conflict if that has moved
    /// already.
    PutRoles {
        /// The organisation.
        org: OrgId,
        /// All its roles.
        roles: Vec<CustomRole>,
        /// The `rights_version` that was read.
        from: u64,
    },
    /// Removes an identifier of exactly this version.
    DeleteIdentifier {
        /// The realm in which it is unique.
        realm: RealmId,
        /// What kind of name it is.
        kind: IdentifierKind,
        /// The form that identity is decided by.
        canonical: String,
        /// Whose it is.
        user: UserId,
        /// The version that was read.
        version: Version,
    },
    /// Removes the password of a user, of exactly this version.
    DeletePassword {
        /// Whose.
        user: UserId,
        /// The version that was read.
        version: Version,
    },
    /// Inserts or replaces a profile.
    PutProfile(Profile),
    /// Inserts or replaces a membership. A replacing put leaves `rights_version` alone.
    PutMembership(Membership),
    /// Removes a membership of exactly this version.
    DeleteMembership {
        /// The organisation.
        org: OrgId,
        /// The member.
        user: UserId,
        /// The version that was read.
        version: Version,
    },
    /// Moves the user's `auth_epoch` from this value to the next; a conflict if it has moved already.
    MoveAuthEpoch {
        /// Whose.
        user: UserId,
        /// The value that was read.
        from: u64,
    },
    /// Moves the `rights_version` of one membership, or of the whole organisation, to the next value.
    MoveRights {
        /// The organisation.
        org: OrgId,
        /// The member, or everybody.
        user: Option<UserId>,
    },
    /// Sets the policy of an organisation and moves its `policy_epoch`; a conflict if that has moved already.
    PutPolicy {
        /// The organisation.
        org: OrgId,
        /// The new policy.
        policy: AuthPolicy,
        /// The epoch that was read.
        from: u64,
    },
    /// Inserts a mailed token.
    PutToken(Token),
    /// Takes one try from a live token's code; refuses with [`Guard::Tries`](super::Guard::Tries) if none is left or
    /// the token is not live.
    CountTry {
        /// Whose; a token of somebody else is not live.
        user: UserId,
        /// The token.
        id: TokenId,
    },
    /// Uses up a live token, whatever has become of its code; refuses with [`Guard::Token`](super::Guard::Token) if it
    /// is not live at the commit's time.
    ConsumeToken {
        /// Whose; a token of somebody else is not live.
        user: UserId,
        /// The token.
        id: TokenId,
    },
    /// Revokes every token of this user and kind that was not used or revoked.
    RevokeTokens {
        /// Whose.
        user: UserId,
        /// Of which kind.
        kind: TokenKind,
    },
    /// Inserts or replaces an attempt.
    PutAttempt(Attempt),
    /// Completes a live attempt; refuses with [`Guard::Attempt`](super::Guard::Attempt) if it is not live at the
    /// commit's time.
    ConsumeAttempt {
        /// Whose; an attempt of somebody else is not live.
        user: UserId,
        /// The attempt.
        id: AttemptId,
    },
    /// Inserts a session.
    PutSession(Session),
    /// Gives a session a new secret and what has been proven since; refuses with
    /// [`Guard::Session`](super::Guard::Session) unless the session has the old secret, was not ended and really gets
    /// another one. Whether it has expired is for the check that led here.
    RotateSession {
        /// Whose; a session of somebody else is none.
        user: UserId,
        /// The session.
        id: SessionId,
        /// Digest of the secret it has.
        from: Digest,
        /// Digest of the secret it gets.
        to: Digest,
        /// All its proofs.
        proofs: Vec<Proof>,
        /// The organisation it acts in from now on.
        org: Option<OrgId>,
        /// The epoch it belongs to from now on.
        auth_epoch: u64,
    },
    /// Moves a session's chain of refresh tokens on from this number, or begins it; a conflict if it has moved
    /// already, or if the session was ended. Whether it has expired is for the check that led here.
    RotateRefresh {
        /// Whose; a session of somebody else is none.
        user: UserId,
        /// The session.
        id: SessionId,
        /// The number of the token that was good; `None` for a session that has no chain yet.
        from: Option<u32>,
    },
    /// Inserts a signing key; a [`Duplicate`](super::StoreErrorKind::Duplicate) if there is one of its number.
    PutSigningKey(SigningKey),
    /// Removes the signing keys of a realm up to this number. Removing none is no error.
    DeleteSigningKeys {
        /// The realm.
        realm: RealmId,
        /// The last one that goes.
        up_to: u32,
    },
    /// Ends a session of this user. Ending one that has ended, or is not there, is no error and changes nothing.
    EndSession {
        /// Whose; a session of somebody else is left alone.
        user: UserId,
        /// The session.
        id: SessionId,
    },
    /// Demands that the user has at most so many running sessions once everything else of this change set is done; a
    /// conflict otherwise. Commits that demand it of one user come one after the other.
    MaxSessions {
        /// Whose.
        user: UserId,
        /// How many.
        max: u32,
    },
    /// Inserts an API key.
    PutApiKey(ApiKey),
    /// Lets an API key of this owner end at this time, or at the commit's if that is later; a conflict unless it lives
    /// at the commit's time. It never lives longer by this.
    EndApiKey {
        /// Whose.
        owner: KeyOwner,
        /// The key.
        id: ApiKeyId,
        /// When.
        at: OffsetDateTime,
    },
    /// Ends every API key of this user: those that act in this organisation, or all. Ending none is no error.
    EndApiKeys {
        /// Whose.
        user: UserId,
        /// In which organisation.
        org: Option<OrgId>,
    },
    /// Demands that the owner has at most so many living API keys once everything else of this change set is done; a
    /// conflict otherwise. Commits that demand it of one owner come one after the other.
    MaxApiKeys {
        /// Whose.
        owner: KeyOwner,
        /// How many.
        max: u32,
    },
    /// Inserts or replaces a factor. A replacing put leaves `credential` alone; one whose kind or realm has changed is a
    /// conflict.
    PutFactor(Factor),
    /// Removes a factor of this user, of exactly this version.
    DeleteFactor {
        /// Whose.
        user: UserId,
        /// The factor.
        id: FactorId,
        /// The version that was read.
        version: Version,
    },
    /// Removes every factor of this kind of a user. Removing none is no error.
    DeleteFactors {
        /// Whose.
        user: UserId,
        /// Of which kind.
        kind: FactorKind,
    },
    /// Inserts a job.
    PutJob(OutboxRow),
    /// Removes a job that is done; refuses with [`Guard::Lease`](super::Guard::Lease) unless this worker holds it.
    FinishJob {
        /// The job.
        id: OutboxId,
        /// Who did it.
        worker: WorkerId,
    },
    /// Gives a job back to be tried later; refuses like `FinishJob`.
    RetryJob {
        /// The job.
        id: OutboxId,
        /// Who tried it.
        worker: WorkerId,
        /// Not before then.
        due_at: OffsetDateTime,
    },
    /// Gives a job up for good, keeping the row; refuses like `FinishJob`.
    GiveUpJob {
        /// The job.
        id: OutboxId,
        /// Who tried it.
        worker: WorkerId,
    },
    /// Inserts an audit event.
    Audit(AuditEvent),
    /// Seals events of one chain in this order, and writes the last seal beside the chain; a conflict if the chain has
    /// another end by now, or one of the events is not there or sealed already.
    SealEvents {
        /// The realm.
        realm: RealmId,
        /// The organisation whose chain it is; the realm's own without one.
        org: Option<OrgId>,
        /// Number of the last seal that was read; 0 for a chain that has none.
        from: u64,
        /// The events with their seals, numbered on from there.
        seals: Vec<(EventId, Seal)>,
    },
    /// Erases address, reason, detail and salt of an event and keeps their commitment; a conflict if the event is not
    /// there or erased already.
    EraseEvent {
        /// The realm.
        realm: RealmId,
        /// The organisation it belongs to, if any.
        org: Option<OrgId>,
        /// The event.
        id: EventId,
        /// The commitment of what is erased.
        commitment: [u8; 32],
    },
    /// Inserts the store's key-check value.
    PutKeyCheck(KeyCheck),
    /// Replaces the key-check value that the root key with this id made; if another one is there, the commit is a
    /// conflict.
    MoveKeyCheck {
        /// Id of the root key that made the present value.
        from: String,
        /// The value of the next root key.
        to: KeyCheck,
    },
}

/// Everything that must become true together, or not at all.
#[derive(Clone, Debug)]
#[must_use = "a change set does nothing until it is committed"]
pub struct ChangeSet {
    id: CommitId,
    realm: RealmId,
    at: OffsetDateTime,
    writes: Vec<Write>,
}

impl ChangeSet {
    /// An empty change set of this realm and time.
    pub const fn new(id: CommitId, realm: RealmId, at: OffsetDateTime) -> Self {
        Self { id, realm, at, writes: Vec::new() }
    }

    /// Adds a write.
    pub fn with(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    /// Adds a write in place.
    pub fn push(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Id of the commit; remembered by the store so that an unknown outcome can be asked for.
    #[must_use]
    pub const fn id(&self) -> CommitId {
        self.id
    }

    /// The realm that new rows belong to.
    #[must_use]
    pub const fn realm(&self) -> RealmId {
        self.realm
    }

    /// When it happens.
    #[must_use]
    pub const fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// The writes in the order they were added.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The writes in the order in which every store applies them: parents before children, always the same order of
    /// tables, and within a table by id, so that two commits seldom wait for each other crosswise.
    #[must_use]
    pub fn into_ordered(self) -> Vec<Write> {
        let mut writes = self.writes;
        writes.sort_by_key(|write| (write.rank(), write.row()));
        writes
    }

    /// Whose standing this changes: what the store appends to the change sequence and caches forget.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let mut subjects: Vec<_> = self.writes.iter().filter_map(Write::subject).collect();
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    /// Whether it promises work, so that workers should wake.
    #[must_use]
    pub fn promises_work(&self) -> bool {
        self.writes.iter().any(|write| matches!(write, Write::PutJob(_)))
    }
}

/// What a commit did, as far as the caller cannot know it beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Tries left after each `CountTry`.
    pub tries_left: Vec<(TokenId, u32)>,
}
