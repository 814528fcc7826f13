//! Rows to put, named by small numbers.

use std::fmt::Debug;
use std::str::FromStr;

use time::Duration;
use usermgmt_core::id::{
    ApiKeyId, AttemptId, EventId, FactorId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId, WorkerId,
};
use usermgmt_core::model::{
    Actor, ApiKey, Attempt, AttemptPurpose, AuditEvent, AuditKind, AuditOutcome, CustomRole, EventTag, Factor,
    FactorData, FactorKinds, Identifier, IdentifierKind, Job, KeyOwner, MailKind, Membership, MembershipStatus, Method,
    Org, OrgProfile, OrgStatus, Origin, OutboxRow, PasswordCredential, Profile, Proof, RoleKey, Seal, Session,
    SigningKey, Token, TokenKind, User, UserKind, UserStatus, Version,
};
use usermgmt_core::password::PasswordHash;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::sealed::Sealed;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{StillAuthorised, StillMember, Write};

use super::{NOW, REALM, at, commit};
use crate::AnyStore;

fn id<T: FromStr<Err: Debug>>(prefix: &str, number: u128) -> T {
    format!("{prefix}_{number:032x}").parse().expect("a number makes an id")
}

macro_rules! numbered {
    ($($(#[$doc:meta])* $name:ident: $id:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name(number: u128) -> $id {
            id($id::PREFIX, number)
        }
    )* };
}

numbered! {
    /// A realm.
    realm: RealmId;
    /// A user.
    user_id: UserId;
    /// An organisation.
    org_id: OrgId;
    /// A session.
    session_id: SessionId;
    /// A token.
    token_id: TokenId;
    /// An attempt.
    attempt_id: AttemptId;
    /// An API key.
    api_key_id: ApiKeyId;
    /// A factor.
    factor_id: FactorId;
    /// A job.
    job_id: OutboxId;
    /// An audit event.
    event_id: EventId;
    /// A worker.
    worker: WorkerId;
}

/// A realm that is not [`REALM`].
pub fn other_realm() -> RealmId {
    realm(2)
}

/// A digest, named by a text.
pub fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

/// A proof by password, so many seconds after [`NOW`].
pub fn proof(seconds: i64) -> Proof {
    Proof { method: Method::Password, at: at(seconds) }
}

pub fn user(number: u128) -> User {
    User {
        id: user_id(number),
        realm: REALM,
        name: format!("User {number}"),
        locale: None,
        status: UserStatus::Active,
        kind: UserKind::User,
        factors: FactorKinds::NONE,
        auth_epoch: 0,
        created_at: NOW,
        version: Version::NEW,
    }
}

/// The primary, proven address of a user.
pub fn identifier(user: u128, canonical: &str) -> Identifier {
    Identifier {
        realm: REALM,
        kind: IdentifierKind::Email,
        canonical: canonical.to_owned(),
        display: canonical.to_owned(),
        canonical_version: 1,
        user: user_id(user),
        primary: true,
        verified_at: Some(NOW),
        undeliverable_at: None,
        created_at: NOW,
        version: Version::NEW,
    }
}

pub fn password(user: u128) -> PasswordCredential {
    PasswordCredential {
        user: user_id(user),
        hash: PasswordHash::from_phc(format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$user{user}")),
        unproven: None,
        previous: Vec::new(),
        must_change: false,
        changed_at: NOW,
        version: Version::NEW,
    }
}

/// A profile with something in every column.
pub fn profile(user: u128) -> Profile {
    Profile {
        user: user_id(user),
        origin: Origin::SignUp,
        picture: Some(format!("https://example.test/{user}.png")),
        contact: Some(format!("+43 1 {user}")),
        time_zone: Some("Europe/Vienna".to_owned()),
        public: serde_json::json!({ "team": user }),
        private: serde_json::json!({ "customer": [user] }),
        own: serde_json::json!({ "theme": "dark" }),
        version: Version::NEW,
    }
}

/// An organisation with one owner to come.
pub fn org(number: u128) -> Org {
    Org {
        id: org_id(number),
        realm: REALM,
        slug: format!("org-{number}"),
        name: format!("Organisation {number}"),
        status: OrgStatus::Active,
        deleted_at: None,
        owners: 1,
        members: 1,
        seats: None,
        roles: Vec::new(),
        policy: AuthPolicy::default(),
        rights_version: 0,
        policy_epoch: 0,
        created_at: NOW,
        version: Version::NEW,
    }
}

/// Facts about an organisation, with something in every column.
pub fn org_profile(org: u128) -> OrgProfile {
    OrgProfile {
        org: org_id(org),
        public: serde_json::json!({ "site": org }),
        private: serde_json::json!({ "customer": [org] }),
        settings: serde_json::json!({ "theme": "dark" }),
        version: Version::NEW,
    }
}

/// A role that an organisation has made.
pub fn custom_role(key: &str) -> CustomRole {
    CustomRole { key: RoleKey::new(key), name: format!("Role {key}"), rights: vec!["project:*".to_owned()] }
}

/// An owner.
pub fn membership(org: u128, user: u128) -> Membership {
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

/// A session in no organisation, for 30 days.
pub fn session(number: u128, user: u128) -> Session {
    Session {
        id: session_id(number),
        realm: REALM,
        user: user_id(user),
        digest: digest(&format!("session {number}")),
        org: None,
        proofs: vec![proof(0)],
        auth_epoch: 0,
        persistent: true,
        idle: Duration::days(7),
        expires_at: NOW + Duration::days(30),
        created_at: NOW,
        seen_at: NOW,
        ended_at: None,
        label: None,
        address: None,
        refresh: None,
    }
}

/// A signing key of the realm.
pub fn signing_key(number: u32) -> SigningKey {
    SigningKey {
        realm: REALM,
        number,
        kid: format!("kid {number}"),
        private: Sealed { key_id: "root".to_owned(), bytes: vec![0, 255, 7] },
        created_at: NOW,
        signs_from: NOW + Duration::minutes(15),
    }
}

/// An API key of a user that acts in no organisation, has no end and was never used.
pub fn api_key(number: u128, user: u128) -> ApiKey {
    ApiKey {
        owner: KeyOwner::User(user_id(user)),
        id: api_key_id(number),
        realm: REALM,
        org: None,
        name: format!("Key {number}"),
        digest: digest(&format!("key {number} of user {user}")),
        beginning: format!("um_key_{number}"),
        scopes: vec!["project:read".to_owned()],
        made_by: Some(user_id(user)),
        created_at: NOW,
        expires_at: None,
        used_at: None,
    }
}

/// The same for an organisation.
pub fn org_key(number: u128, org: u128) -> ApiKey {
    ApiKey {
        owner: KeyOwner::Org(org_id(org)),
        org: Some(org_id(org)),
        digest: digest(&format!("key {number} of organisation {org}")),
        made_by: None,
        ..api_key(number, 1)
    }
}

/// An application that shows codes, of a user; in force and never used.
pub fn factor(number: u128, user: u128) -> Factor {
    Factor {
        user: user_id(user),
        id: factor_id(number),
        realm: REALM,
        name: format!("Factor {number}"),
        credential: None,
        data: FactorData::Totp {
            secret: Sealed { key_id: "root".to_owned(), bytes: vec![0, 255, 7] },
            last_step: None,
        },
        confirmed_at: Some(NOW),
        used_at: None,
        expires_at: None,
        created_at: NOW,
        version: Version::NEW,
    }
}

/// A passkey of a user.
pub fn passkey(number: u128, user: u128) -> Factor {
    Factor {
        credential: Some(digest(&format!("credential {number} of user {user}"))),
        data: FactorData::Passkey {
            credential: serde_json::json!({ "counter": 7 }),
            handle: uuid::Uuid::from_u128(user),
            asked: false,
            answered: Vec::new(),
        },
        ..factor(number, user)
    }
}

/// A token with three tries; the code lives for 10 minutes, the link for a day.
pub fn token(number: u128, user: u128) -> Token {
    Token {
        id: token_id(number),
        realm: REALM,
        kind: TokenKind::VerifyEmail,
        user: user_id(user),
        digest: digest(&format!("token {number}")),
        key_id: "key".to_owned(),
        browser: None,
        canonical: format!("user{user}@example.test"),
        display: "User@example.test".to_owned(),
        label: None,
        replaces_primary: false,
        tries_left: 3,
        code_expires_at: at(600),
        expires_at: at(86_400),
        consumed_at: None,
        created_at: NOW,
    }
}

/// An attempt that lives for 10 minutes.
pub fn attempt(number: u128, user: u128) -> Attempt {
    Attempt {
        id: attempt_id(number),
        realm: REALM,
        purpose: AttemptPurpose::SignIn,
        user: user_id(user),
        digest: digest(&format!("attempt {number}")),
        browser: digest("browser"),
        proofs: vec![proof(0)],
        canonical: format!("user{user}@example.test"),
        org: None,
        persistent: false,
        auth_epoch: 0,
        consumed_at: None,
        expires_at: at(600),
        created_at: NOW,
        version: Version::NEW,
    }
}

/// A job that is due at once.
pub fn job(number: u128) -> OutboxRow {
    OutboxRow {
        id: job_id(number),
        realm: REALM,
        job: Job::Mail {
            mail: MailKind::VerifyEmail,
            to: usermgmt_core::address::EmailAddress::parse("somebody@example.test")
                .expect("this is an address")
                .into(),
            user: user_id(1),
            token: Some(token_id(number)),
            locale: None,
        },
        due_at: NOW,
        tries: 0,
        lease: None,
        dead_at: None,
        created_at: NOW,
    }
}

/// An event outside any organisation.
pub fn event(number: u128) -> AuditEvent {
    AuditEvent {
        id: event_id(number),
        realm: REALM,
        org: None,
        kind: AuditKind::SignedIn,
        outcome: AuditOutcome::Success,
        actor: Actor::Anonymous,
        subject: None,
        address: None,
        detail: serde_json::json!({}),
        salt: [7; 16],
        erased: None,
        tag: EventTag { key_id: "key".to_owned(), mac: [8; 32] },
        at: NOW,
        seal: None,
    }
}

/// The seal of this place in a chain.
pub fn seal(number: u64) -> Seal {
    Seal { number, key_id: format!("key {number}"), mac: [number.to_le_bytes()[0]; 32] }
}

/// Commits user 1 as owner of organisation 1, with session 1 in it; answers the authority of that session.
pub async fn member(store: &AnyStore) -> StillAuthorised {
    let acting = Session { org: Some(org_id(1)), ..session(1, 1) };
    let writes = [
        Write::PutUser(user(1)),
        Write::PutOrg(org(1)),
        Write::PutMembership(membership(1, 1)),
        Write::PutSession(acting),
    ];
    commit(store, writes).await;
    StillAuthorised {
        session: session_id(1),
        user: user_id(1),
        auth_epoch: 0,
        member: Some(StillMember { org: org_id(1), member_rights: 0, org_rights: 0, policy_epoch: 0 }),
    }
}
