//! Rows and change sets for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use time::{Duration, OffsetDateTime, macros::datetime};
use usermgmt_core::address::EmailAddress;
use usermgmt_core::id::*;
use usermgmt_core::model::*;
use usermgmt_core::planned::Committer;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::port::OsRandom;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::*;
use uuid::Uuid;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

/// A change set with an id of its own.
pub(crate) fn changes(writes: impl IntoIterator<Item = Write>) -> ChangeSet {
    let id = CommitId::new(&OsRandom, NOW).unwrap();
    writes.into_iter().fold(ChangeSet::new(id, RealmId::DEFAULT, NOW), ChangeSet::with)
}

pub(crate) fn user_id(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn org_id(number: u128) -> OrgId {
    OrgId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn user(number: u128) -> User {
    User {
        id: user_id(number),
        realm: RealmId::DEFAULT,
        name: format!("user {number}"),
        locale: None,
        status: UserStatus::Active,
        kind: UserKind::User,
        auth_epoch: 0,
        created_at: NOW,
        version: Version::NEW,
    }
}

pub(crate) fn org(number: u128) -> Org {
    Org {
        id: org_id(number),
        realm: RealmId::DEFAULT,
        name: format!("org {number}"),
        status: OrgStatus::Active,
        owners: 1,
        members: 1,
        policy: AuthPolicy::default(),
        rights_version: 0,
        policy_epoch: 0,
        created_at: NOW,
        version: Version::NEW,
    }
}

pub(crate) fn membership(org: u128, user: u128) -> Membership {
    Membership {
        org: org_id(org),
        user: user_id(user),
        roles: vec![RoleKey::new(RoleKey::OWNER)],
        status: MembershipStatus::Active,
        rights_version: 0,
        created_at: NOW,
        version: Version::NEW,
    }
}

pub(crate) fn digest(number: u128) -> Digest {
    Digest::of(&number.to_be_bytes())
}

pub(crate) fn session(number: u128, user: u128) -> Session {
    Session {
        id: SessionId::from_uuid(Uuid::from_u128(number)),
        realm: RealmId::DEFAULT,
        user: user_id(user),
        digest: digest(number),
        org: None,
        proofs: vec![Proof { method: Method::Password, at: NOW }],
        auth_epoch: 0,
        persistent: true,
        idle: Duration::days(7),
        expires_at: NOW + Duration::days(30),
        created_at: NOW,
        seen_at: NOW,
        ended_at: None,
        label: Some("Firefox on Linux".to_owned()),
        address: Some("192.0.2.7".to_owned()),
    }
}

pub(crate) fn identifier(number: u128) -> Identifier {
    Identifier {
        realm: RealmId::DEFAULT,
        kind: IdentifierKind::Email,
        canonical: format!("user{number}@example.org"),
        display: format!("User{number}@Example.org"),
        canonical_version: 1,
        user: user_id(number),
        primary: true,
        verified_at: Some(NOW),
        undeliverable_at: None,
        created_at: NOW,
        version: Version::NEW,
    }
}

pub(crate) fn job(number: u128) -> OutboxRow {
    OutboxRow {
        id: OutboxId::from_uuid(Uuid::from_u128(number)),
        realm: RealmId::DEFAULT,
        job: Job::Mail {
            mail: MailKind::VerifyEmail,
            to: EmailAddress::parse("ann@example.org").unwrap(),
            user: user_id(number),
            token: None,
            locale: None,
        },
        due_at: NOW,
        tries: 0,
        lease: None,
        dead_at: None,
        created_at: NOW,
    }
}

pub(crate) fn event(number: u128) -> AuditEvent {
    AuditEvent {
        id: EventId::from_uuid(Uuid::from_u128(number)),
        realm: RealmId::DEFAULT,
        org: None,
        kind: AuditKind::SignedUp,
        outcome: AuditOutcome::Success,
        actor: Actor::User { user: user_id(number), session: None },
        subject: None,
        address: None,
        detail: serde_json::json!({}),
        salt: [0; 16],
        at: NOW,
        seal: None,
    }
}

/// A user with a session and a membership of organisation 1.
pub(crate) fn member(number: u128) -> [Write; 3] {
    [
        Write::PutUser(user(number)),
        Write::PutMembership(membership(1, number)),
        Write::PutSession(session(number, number)),
    ]
}

/// The authority of that member.
pub(crate) fn authority(number: u128) -> StillAuthorised {
    StillAuthorised {
        session: session(number, number).id,
        user: user_id(number),
        auth_epoch: 0,
        member: Some(StillMember { org: org_id(1), member_rights: 0, org_rights: 0, policy_epoch: 0 }),
    }
}

/// What a sign-up commits: a user with an address, a session, a job and an event.
pub(crate) fn sign_up(number: u128) -> ChangeSet {
    changes([
        Write::PutUser(user(number)),
        Write::PutIdentifier(identifier(number)),
        Write::PutSession(session(number, number)),
        Write::PutJob(job(number)),
        Write::Audit(event(number)),
    ])
}

/// Counts acknowledgements.
#[derive(Default)]
pub(crate) struct Caches(pub(crate) AtomicUsize);

#[async_trait::async_trait]
impl Committer for Caches {
    async fn commit(&self, _: ChangeSet) -> Result<Committed, usermgmt_core::Error> {
        Ok(Committed::default())
    }

    fn acknowledge(&self, _: &[Subject], _: bool) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A plan of this change set, and the caches that its acknowledgement reaches.
pub(crate) fn plan(changes: ChangeSet) -> (usermgmt_core::Planned<&'static str>, Arc<Caches>) {
    let caches = Arc::new(Caches::default());
    (usermgmt_core::Planned::new(changes, "done", caches.clone()), caches)
}
