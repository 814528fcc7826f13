//! From rows to the model, column by column in the order of `columns.rs`.

use time::Duration;
use usermgmt_core::model::{
    Actor, ApiKey, Attempt, AttemptPurpose, AuditEvent, AuditKind, AuditOutcome, Change, EventTag, Factor, FactorKinds,
    Identifier, IdentifierKind, KeyOwner, MemberRecord, Membership, MembershipStatus, Org, OrgProfile, OrgStatus,
    Origin, OutboxRow, PasswordCredential, Profile, Refresh, Seal, Session, SigningKey, Subject, Token, TokenKind,
    Unproven, User, UserKind, UserStatus,
};
use usermgmt_core::password::PasswordHash;
use usermgmt_core::sealed::Sealed;
use usermgmt_core::store::Result;

use super::cells::Cells;

pub(crate) fn user(cells: &mut Cells<'_>) -> Result<User> {
    cells.of("usermgmt_user");
    Ok(User {
        id: cells.id("id")?,
        realm: cells.id("realm")?,
        name: cells.cell("name")?,
        locale: cells.cell("locale")?,
        status: cells.word("status", UserStatus::from_word)?,
        kind: cells.word("kind", UserKind::from_word)?,
        factors: cells.word("factors", FactorKinds::from_words)?,
        auth_epoch: cells.number("auth_epoch")?,
        created_at: cells.time("created_at")?,
        version: cells.version()?,
    })
}

pub(crate) fn profile(cells: &mut Cells<'_>) -> Result<Profile> {
    cells.of("usermgmt_profile");
    Ok(Profile {
        user: cells.id("user_id")?,
        origin: cells.word("origin", Origin::from_word)?,
        picture: cells.cell("picture")?,
        contact: cells.cell("contact")?,
        time_zone: cells.cell("time_zone")?,
        public: cells.json("public")?,
        private: cells.json("private")?,
        own: cells.json("own")?,
        version: cells.version()?,
    })
}

pub(crate) fn identifier(cells: &mut Cells<'_>) -> Result<Identifier> {
    cells.of("usermgmt_identifier");
    Ok(Identifier {
        realm: cells.id("realm")?,
        kind: cells.word("kind", IdentifierKind::from_word)?,
        canonical: cells.cell("canonical")?,
        display: cells.cell("display")?,
        canonical_version: cells.number("canonical_version")?,
        user: cells.id("user_id")?,
        primary: cells.cell("is_primary")?,
        verified_at: cells.maybe_time("verified_at")?,
        undeliverable_at: cells.maybe_time("undeliverable_at")?,
        created_at: cells.time("created_at")?,
        version: cells.version()?,
    })
}

pub(crate) fn password(cells: &mut Cells<'_>) -> Result<PasswordCredential> {
    cells.of("usermgmt_password");
    Ok(PasswordCredential {
        user: cells.id("user_id")?,
        hash: PasswordHash::from_phc(cells.cell("hash")?),
        unproven: {
            let browser = cells.maybe_digest("unproven_browser")?;
            let organization = cells.cell("unproven_organization")?;
            browser.map(|browser| Unproven { browser, organization })
        },
        previous: {
            let hashes: Vec<String> = cells.json("previous")?;
            hashes.into_iter().map(PasswordHash::from_phc).collect()
        },
        must_change: cells.cell("must_change")?,
        changed_at: cells.time("changed_at")?,
        version: cells.version()?,
    })
}

pub(crate) fn org(cells: &mut Cells<'_>) -> Result<Org> {
    cells.of("usermgmt_org");
    Ok(Org {
        id: cells.id("id")?,
        realm: cells.id("realm")?,
        slug: cells.cell("slug")?,
        name: cells.cell("name")?,
        status: cells.word("status", OrgStatus::from_word)?,
        deleted_at: cells.maybe_time("deleted_at")?,
        owners: cells.number("owners")?,
        members: cells.number("members")?,
        seats: cells.maybe("seats", |seats: i64| u32::try_from(seats).ok())?,
        roles: cells.json("roles")?,
        policy: cells.json("policy")?,
        rights_version: cells.number("rights_version")?,
        policy_epoch: cells.number("policy_epoch")?,
        created_at: cells.time("created_at")?,
        version: cells.version()?,
    })
}

pub(crate) fn org_profile(cells: &mut Cells<'_>) -> Result<OrgProfile> {
    cells.of("usermgmt_org_profile");
    Ok(OrgProfile {
        org: cells.id("org_id")?,
        public: cells.json("public")?,
        private: cells.json("private")?,
        settings: cells.json("settings")?,
        version: cells.version()?,
    })
}

pub(crate) fn membership(cells: &mut Cells<'_>) -> Result<Membership> {
    cells.of("usermgmt_membership");
    Ok(Membership {
        org: cells.id("org_id")?,
        user: cells.id("user_id")?,
        roles: cells.json("roles")?,
        status: cells.word("status", MembershipStatus::from_word)?,
        rights_version: cells.number("rights_version")?,
        created_at: cells.time("created_at")?,
        version: cells.version()?,
    })
}

pub(crate) fn member(cells: &mut Cells<'_>) -> Result<MemberRecord> {
    Ok(MemberRecord { membership: membership(cells)?, user: user(cells)?, email: cells.cell("email")? })
}

pub(crate) fn token(cells: &mut Cells<'_>) -> Result<Token> {
    cells.of("usermgmt_token");
    Ok(Token {
        id: cells.id("id")?,
        realm: cells.id("realm")?,
        kind: cells.word("kind", TokenKind::from_word)?,
        user: cells.id("user_id")?,
        digest: cells.digest("digest")?,
        key_id: cells.cell("key_id")?,
        browser: cells.maybe_digest("browser")?,
        canonical: cells.cell("canonical")?,
        display: cells.cell("display")?,
        label: cells.cell("label")?,
        replaces_primary: cells.cell("replaces_primary")?,
        tries_left: cells.number("tries_left")?,
        code_expires_at: cells.time("code_expires_at")?,
        expires_at: cells.time("expires_at")?,
        consumed_at: cells.maybe_time("consumed_at")?,
        created_at: cells.time("created_at")?,
    })
}

pub(crate) fn attempt(cells: &mut Cells<'_>) -> Result<Attempt> {
    cells.of("usermgmt_attempt");
    Ok(Attempt {
        id: cells.id("id")?,
        realm: cells.id("realm")?,
        purpose: cells.word("purpose", AttemptPurpose::from_word)?,
        user: cells.id("user_id")?,
        digest: cells.digest("digest")?,
        browser: cells.digest("browser")?,
        proofs: cells.json("proofs")?,
        canonical: cells.cell("canonical")?,
        org: cells.maybe_id("org_id")?,
        persistent: cells.cell("persistent")?,
        auth_epoch: cells.number("auth_epoch")?,
        consumed_at: cells.maybe_time("consumed_at")?,
        expires_at: cells.time("expires_at")?,
        created_at: cells.time("created_at")?,
        version: cells.version()?,
    })
}

pub(crate) fn session(cells: &mut Cells<'_>) -> Result<Session> {
    cells.of("usermgmt_session");
    Ok(Session {
        id: cells.id("id")?,
        realm: cells.id("realm")?,
        user: cells.id("user_id")?,
        digest: cells.digest("digest")?,
        org: cells.maybe_id("org_id")?,
        proofs: cells.json("proofs")?,
        auth_epoch: cells.number("auth_epoch")?,
        persistent: cells.cell("persistent")?,
        idle: cells.read("idle_micros", |micros: i64| Some(Duration::microseconds(micros)))?,
        expires_at: cells.time("expires_at")?,
        created_at: cells.time("created_at")?,
        seen_at: cells.time("seen_at")?,
        ended_at: cells.maybe_time("ended_at")?,
        label: cells.cell("label")?,
        address: cells.cell("address")?,
        refresh: refresh(cells)?,
    })
}

fn refresh(cells: &mut Cells<'_>) -> Result<Option<Refresh>> {
    let generation = cells.maybe("refresh_generation", |number: i64| u32::try_from(number).ok())?;
    let rotated_at = cells.maybe_time("refreshed_at")?;
    match (generation, rotated_at) {
        (Some(generation), Some(rotated_at)) => Ok(Some(Refresh { generation, rotated_at })),
        (None, None) => Ok(None),
        _ => Err(cells.corrupt("refreshed_at")),
    }
}

pub(crate) fn signing_key(cells: &mut Cells<'_>) -> Result<SigningKey> {
    cells.of("usermgmt_signing_key");
    Ok(SigningKey {
        realm: cells.id("realm")?,
        number: cells.number("number")?,
        kid: cells.cell("kid")?,
        private: Sealed { key_id: cells.cell("key_id")?, bytes: cells.cell("private")? },
        created_at: cells.time("created_at")?,
        signs_from: cells.time("signs_from")?,
    })
}

pub(crate) fn api_key(cells: &mut Cells<'_>) -> Result<ApiKey> {
    cells.of("usermgmt_api_key");
    let owner_id: String = cells.cell("owner_id")?;
    let (id, realm) = (cells.id("id")?, cells.id("realm")?);
    let (user, org) = (cells.maybe_id("user_id")?, cells.maybe_id("org_id")?);
    let owner = user.map(KeyOwner::User).or(org.map(KeyOwner::Org));
    let owner = owner.filter(|owner| owner.to_string() == owner_id).ok_or_else(|| cells.corrupt("owner_id"))?;
    Ok(ApiKey {
        owner,
        id,
        realm,
        org,
        name: cells.cell("name")?,
        digest: cells.digest("digest")?,
        beginning: cells.cell("beginning")?,
        scopes: cells.json("scopes")?,
        made_by: cells.maybe_id("made_by")?,
        created_at: cells.time("created_at")?,
        expires_at: cells.maybe_time("expires_at")?,
        used_at: cells.maybe_time("used_at")?,
    })
}

pub(crate) fn job(cells: &mut Cells<'_>) -> Result<OutboxRow> {
    cells.of("usermgmt_outbox");
    Ok(OutboxRow {
        id: cells.id("id")?,
        realm: cells.id("realm")?,
        job: cells.json("job")?,
        due_at: cells.time("due_at")?,
        tries: cells.number("tries")?,
        lease: match (cells.maybe_id("lease_worker")?, cells.maybe_time("lease_until")?) {
            (Some(worker), Some(until)) => Some((worker, until)),
            (None, None) => None,
            _ => return Err(cells.corrupt("lease_until")),
        },
        dead_at: cells.maybe_time("dead_at")?,
        created_at: cells.time("created_at")?,
    })
}

pub(crate) fn event(cells: &mut Cells<'_>) -> Result<AuditEvent> {
    cells.of("usermgmt_audit");
    Ok(AuditEvent {
        id: cells.id("id")?,
        realm: cells.id("realm")?,
        org: cells.maybe_id("org_id")?,
        kind: cells.word("kind", AuditKind::from_word)?,
        outcome: cells.word("outcome", AuditOutcome::from_word)?,
        actor: actor(cells)?,
        subject: cells.maybe_id("subject_id")?,
        address: cells.cell("address")?,
        detail: cells.json("detail")?,
        salt: cells.bytes("salt")?,
        erased: cells.maybe("erased", |bytes: &[u8]| bytes.try_into().ok())?,
        tag: EventTag { key_id: cells.cell("key_id")?, mac: cells.bytes("tag")? },
        at: cells.time("happened_at")?,
        seal: {
            let number = cells.maybe("seal_number", |number: i64| u64::try_from(number).ok())?;
            let key_id = cells.cell("seal_key_id")?;
            let mac = cells.maybe("seal_mac", |bytes: &[u8]| bytes.try_into().ok())?;
            match (number, key_id, mac) {
                (Some(number), Some(key_id), Some(mac)) => Some(Seal { number, key_id, mac }),
                (None, None, None) => None,
                _ => return Err(cells.corrupt("seal_mac")),
            }
        },
    })
}

/// Where a chain ends.
pub(crate) fn head(cells: &mut Cells<'_>) -> Result<Seal> {
    cells.of("usermgmt_audit_head");
    Ok(Seal { number: cells.number("number")?, key_id: cells.cell("key_id")?, mac: cells.bytes("mac")? })
}

fn actor(cells: &mut Cells<'_>) -> Result<Actor> {
    let word: String = cells.cell("actor")?;
    let user = cells.maybe_id("actor_user_id")?;
    let session = cells.maybe_id("actor_session_id")?;
    let reason: Option<String> = cells.cell("actor_reason")?;
    match (word.as_str(), user, reason) {
        ("anonymous", None, None) => Ok(Actor::Anonymous),
        ("user", Some(user), None) => Ok(Actor::User { user, session }),
        ("system", None, Some(reason)) => Ok(Actor::System { reason }),
        _ => Err(cells.corrupt("actor")),
    }
}

pub(crate) fn change(cells: &mut Cells<'_>) -> Result<Change> {
    cells.of("usermgmt_change");
    Ok(Change {
        number: cells.number("number")?,
        subject: match (cells.maybe_id("user_id")?, cells.maybe_id("session_id")?, cells.maybe_id("org_id")?) {
            (Some(user), None, None) => Subject::User(user),
            (None, Some(session), None) => Subject::Session(session),
            (None, None, Some(org)) => Subject::Org(org),
            (Some(user), None, Some(org)) => Subject::Member(org, user),
            _ => return Err(cells.corrupt("subject")),
        },
        at: cells.time("changed_at")?,
    })
}

pub(crate) fn factor(cells: &mut Cells<'_>) -> Result<Factor> {
    cells.of("usermgmt_factor");
    Ok(Factor {
        user: cells.id("user_id")?,
        id: cells.id("id")?,
        realm: cells.id("realm")?,
        name: cells.cell("name")?,
        credential: cells.maybe_digest("credential")?,
        data: cells.json("data")?,
        confirmed_at: cells.maybe_time("confirmed_at")?,
        used_at: cells.maybe_time("used_at")?,
        expires_at: cells.maybe_time("expires_at")?,
        created_at: cells.time("created_at")?,
        version: cells.version()?,
    })
}
