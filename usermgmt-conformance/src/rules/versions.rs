//! Versions: a row is written only from the version that was read. Epochs: they move only by their own writes.

use usermgmt_core::model::{
    Attempt, Identifier, IdentifierKind, Membership, Org, OrgProfile, PasswordCredential, Profile, User, Version,
};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, REALM, attempt, changes, commit, digest, fails, identifier, membership, org, org_id, org_profile,
    password, profile, user, user_id,
};

const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;
const ADDRESS: &str = "a@example.test";

const fn version(number: u64) -> Version {
    Version::from_u64(number)
}

/// A put of every kind of versioned row, from this version.
fn puts(from: u64) -> [Write; 8] {
    let version = version(from);
    [
        Write::PutUser(User { version, ..user(1) }),
        Write::PutIdentifier(Identifier { version, ..identifier(1, ADDRESS) }),
        Write::PutPassword(PasswordCredential { version, ..password(1) }),
        Write::PutProfile(Profile { version, ..profile(1) }),
        Write::PutOrg(Org { version, ..org(1) }),
        Write::PutOrgProfile(OrgProfile { version, ..org_profile(1) }),
        Write::PutMembership(Membership { version, ..membership(1, 1) }),
        Write::PutAttempt(Attempt { version, ..attempt(1, 1) }),
    ]
}

/// The versions of those rows.
async fn versions(store: &AnyStore) -> [Version; 8] {
    [
        store.user(REALM, user_id(1)).await.found("a user").version,
        store.identifiers(user_id(1)).await.answer().first().map_or(Version::NEW, |row| row.version),
        store.password(user_id(1)).await.found("a password").version,
        store.profile(user_id(1)).await.found("a profile").version,
        store.org(REALM, org_id(1)).await.found("an organisation").version,
        store.org_profile(org_id(1)).await.found("facts about an organisation").version,
        store.membership(org_id(1), user_id(1)).await.found("a membership").version,
        store.attempt(REALM, attempt(1, 1).digest).await.found("an attempt").version,
    ]
}

/// Each put moves the version of its row by one.
pub async fn each_put_moves_the_version_by_one(store: AnyStore) {
    for from in 0..3 {
        commit(&store, puts(from)).await;
        assert_eq!(versions(&store).await, [version(from + 1); 8], "a put must move the version of its row by one");
    }
}

/// A put from a version that is no longer the present one is a conflict, for every kind of versioned row.
pub async fn a_stale_version_conflicts(store: AnyStore) {
    commit(&store, puts(0)).await;
    commit(&store, puts(1)).await;
    for write in puts(1) {
        let why = format!("the row has moved on since this version was read: {write:?}");
        fails(&store, CONFLICT, &why, [write]).await;
    }
    assert_eq!(versions(&store).await, [version(2); 8], "a put that met a conflict moved a version");
}

/// A put from a version that the row never had is a conflict.
pub async fn a_version_from_the_future_conflicts(store: AnyStore) {
    commit(&store, puts(0)).await;
    for write in puts(7) {
        let why = format!("the row never had this version: {write:?}");
        fails(&store, CONFLICT, &why, [write]).await;
    }
    assert_eq!(versions(&store).await, [version(1); 8], "a put that met a conflict moved a version");
}

/// A replacing put of a row that is not there is a conflict, and inserts nothing.
pub async fn a_replacing_put_never_inserts(store: AnyStore) {
    for write in puts(1) {
        let alone = matches!(write, Write::PutUser(_) | Write::PutOrg(_));
        let parents = [Write::PutUser(user(9)), Write::PutOrg(org(9))];
        let write = match write {
            Write::PutIdentifier(row) => Write::PutIdentifier(Identifier { user: user_id(9), ..row }),
            Write::PutPassword(row) => Write::PutPassword(PasswordCredential { user: user_id(9), ..row }),
            Write::PutProfile(row) => Write::PutProfile(Profile { user: user_id(9), ..row }),
            Write::PutMembership(row) => Write::PutMembership(Membership { org: org_id(9), user: user_id(9), ..row }),
            Write::PutOrgProfile(row) => Write::PutOrgProfile(OrgProfile { org: org_id(9), ..row }),
            Write::PutAttempt(row) => Write::PutAttempt(Attempt { user: user_id(9), ..row }),
            other => other,
        };
        let why = format!("a replacing put needs a row to replace: {write:?}");
        let parents = parents.into_iter().filter(|_| !alone);
        fails(&store, CONFLICT, &why, parents.chain([write])).await;
    }
    assert_eq!(store.user(REALM, user_id(1)).await.answer(), None, "a replacing put inserted a user");
    assert_eq!(store.org(REALM, org_id(1)).await.answer(), None, "a replacing put inserted an organisation");
}

/// A new row must be absent: if its key exists, the put fails as a conflict or as a duplicate, and the row stays.
pub async fn a_new_row_must_be_absent(store: AnyStore) {
    commit(&store, puts(0)).await;
    for write in puts(0) {
        let write = match write {
            // Another digest, so that nothing but the id is in the way.
            Write::PutAttempt(row) => Write::PutAttempt(Attempt { digest: digest("fresh"), ..row }),
            other => other,
        };
        let exact = matches!(write, Write::PutIdentifier(_)).then_some(UniqueKey::Identifier);
        let shown = format!("{write:?}");
        let kind = store.commit(changes([write])).await.err().map(|error| error.kind());
        let duplicate = Some(StoreErrorKind::Duplicate(exact.unwrap_or(UniqueKey::Id)));
        let conflict = Some(CONFLICT).filter(|_| exact.is_none());
        assert!(
            kind.is_some() && (kind == duplicate || kind == conflict),
            "a new row whose key exists must be a duplicate or a conflict, not {kind:?}: {shown}"
        );
    }
    assert_eq!(versions(&store).await, [version(1); 8], "a new row replaced one that was there");
}

/// A removal of every kind of row that can be removed, from this version.
fn removals(from: u64) -> [Write; 3] {
    let (realm, kind, canonical) = (REALM, IdentifierKind::Email, ADDRESS.to_owned());
    let (user, version) = (user_id(1), version(from));
    [
        Write::DeleteMembership { org: org_id(1), user, version },
        Write::DeleteIdentifier { realm, kind, canonical, user, version },
        Write::DeletePassword { user, version },
    ]
}

/// A membership, an identifier or a password is removed only from the version that was read.
pub async fn a_stale_removal_conflicts(store: AnyStore) {
    commit(&store, puts(0)).await;
    commit(&store, puts(1)).await;
    for from in [0, 1, 3] {
        for removal in removals(from) {
            let why = format!("a row was removed from a version that it does not have: {removal:?}");
            fails(&store, CONFLICT, &why, [removal]).await;
        }
    }
    assert_eq!(versions(&store).await, [version(2); 8], "a removal that met a conflict changed a row");
    commit(&store, removals(2)).await;
    for removal in [0, 2].into_iter().flat_map(removals) {
        let why = format!("a row that is not there was removed: {removal:?}");
        fails(&store, CONFLICT, &why, [removal]).await;
    }
}

/// A new row has the epochs it was put with.
pub async fn a_new_row_has_the_epochs_it_was_put_with(store: AnyStore) {
    let policy = AuthPolicy { bars_trusted_devices: true, ..AuthPolicy::default() };
    let writes = [
        Write::PutUser(User { auth_epoch: 4, ..user(1) }),
        Write::PutOrg(Org { policy: policy.clone(), rights_version: 5, policy_epoch: 6, ..org(1) }),
        Write::PutMembership(Membership { rights_version: 7, ..membership(1, 1) }),
    ];
    commit(&store, writes).await;
    assert_eq!(epochs(&store).await, ([4, 5, 6, 7], policy), "a new row does not have the epochs it was put with");
}

async fn epochs(store: &AnyStore) -> ([u64; 4], AuthPolicy) {
    let user = store.user(REALM, user_id(1)).await.found("a user");
    let org = store.org(REALM, org_id(1)).await.found("an organisation");
    let membership = store.membership(org_id(1), user_id(1)).await.found("a membership");
    ([user.auth_epoch, org.rights_version, org.policy_epoch, membership.rights_version], org.policy)
}

async fn move_all(store: &AnyStore, policy: &AuthPolicy) {
    let (user, org) = (user_id(1), org_id(1));
    let writes = [
        Write::MoveAuthEpoch { user, from: 0 },
        Write::MoveRights { org, user: None },
        Write::MoveRights { org, user: Some(user) },
        Write::PutPolicy { org, policy: policy.clone(), from: 0 },
    ];
    commit(store, writes).await;
}

/// A replacing put leaves `auth_epoch`, `rights_version`, `policy` and `policy_epoch` alone, whatever it says.
pub async fn a_replacing_put_leaves_the_epochs_alone(store: AnyStore) {
    commit(&store, puts(0)).await;
    let policy = AuthPolicy { bars_trusted_devices: true, ..AuthPolicy::default() };
    move_all(&store, &policy).await;
    for (from, other) in [(1, 0), (2, 99)] {
        let version = version(from);
        let writes = [
            Write::PutUser(User { auth_epoch: other, version, ..user(1) }),
            Write::PutOrg(Org { rights_version: other, policy_epoch: other, version, ..org(1) }),
            Write::PutMembership(Membership { rights_version: other, version, ..membership(1, 1) }),
        ];
        commit(&store, writes).await;
        assert_eq!(epochs(&store).await, ([1; 4], policy.clone()), "a replacing put moved an epoch or set a policy");
    }
}

/// Epochs are no part of the version: an edit that was read before an epoch moved still applies, and does not undo it.
pub async fn moving_an_epoch_does_not_disturb_an_edit(store: AnyStore) {
    commit(&store, puts(0)).await;
    let policy = AuthPolicy { step_up_seconds: Some(60), ..AuthPolicy::default() };
    move_all(&store, &policy).await;
    let moved = versions(&store).await;
    assert_eq!(moved, [version(1); 8], "moving an epoch or setting a policy moved the version of a row");
    commit(&store, puts(1)).await;
    assert_eq!(epochs(&store).await, ([1; 4], policy), "an edit that was read before put an epoch or a policy back");
}

/// An epoch that has moved since it was read is a conflict; so is one of a row that is not there.
pub async fn a_stale_epoch_conflicts(store: AnyStore) {
    commit(&store, puts(0)).await;
    let policy = AuthPolicy { step_up_seconds: Some(60), ..AuthPolicy::default() };
    move_all(&store, &policy).await;
    for from in [0, 2] {
        let moves = [
            Write::MoveAuthEpoch { user: user_id(1), from },
            Write::PutPolicy { org: org_id(1), policy: AuthPolicy::default(), from },
            Write::PutRoles { org: org_id(1), roles: Vec::new(), from },
        ];
        for write in moves {
            fails(&store, CONFLICT, "an epoch moved from a value that it does not have", [write]).await;
        }
    }
    let nobodys = [
        Write::MoveAuthEpoch { user: user_id(9), from: 0 },
        Write::PutPolicy { org: org_id(9), policy: AuthPolicy::default(), from: 0 },
        Write::PutRoles { org: org_id(9), roles: Vec::new(), from: 0 },
        Write::MoveRights { org: org_id(9), user: None },
        Write::MoveRights { org: org_id(1), user: Some(user_id(9)) },
        Write::MoveRights { org: org_id(9), user: Some(user_id(1)) },
    ];
    for write in nobodys {
        let why = format!("nothing was moved, but nobody was told: {write:?}");
        fails(&store, CONFLICT, &why, [write]).await;
    }
    assert_eq!(epochs(&store).await, ([1; 4], policy), "a move that met a conflict moved something");
}
