//! All or nothing: a commit that fails has written nothing, and a commit that was made is remembered.

use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::{
    ApiKey, Attempt, AuditEvent, Change, Identifier, IdentifierKind, MemberRecord, Org, OrgProfile, OutboxRow,
    PasswordCredential, PrincipalRecord, Profile, Seal, SignInRecord, Token, TokenKind, User, UserFilter, Version,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::store::{ChangeSet, Committed, Guard, StillAuthorised, StoreErrorKind, UniqueKey, Write};

use crate::AnyStore;
use crate::kit::{
    ALL_EVENTS, ALL_MEMBERS, Answer, Found, NOW, REALM, api_key, api_key_id, at, attempt, changes, commit, custom_role,
    digest, event, event_id, identifier, job, job_id, member, membership, org, org_id, org_profile, password, profile,
    proof, seal, session, session_id, token, token_id, user, user_id, worker,
};

const ADDRESS: &str = "a@example.test";
const FIRST: Version = Version::NEW.next();

/// Everything that the writes of this file touch, as the reads show it.
#[derive(Debug, PartialEq)]
struct Everything {
    users: Vec<User>,
    records: Vec<Option<SignInRecord>>,
    identifiers: Vec<Identifier>,
    passwords: Vec<Option<PasswordCredential>>,
    profiles: Vec<Option<Profile>>,
    orgs: Vec<Option<Org>>,
    org_profiles: Vec<Option<OrgProfile>>,
    members: Vec<MemberRecord>,
    tokens: Vec<Option<Token>>,
    attempts: Vec<Option<Attempt>>,
    principals: Vec<Option<PrincipalRecord>>,
    api_keys: Vec<ApiKey>,
    jobs: Vec<OutboxRow>,
    events: Vec<AuditEvent>,
    head: Option<Seal>,
    changes: Vec<Change>,
    key_check: Option<KeyCheck>,
}

impl Everything {
    async fn of(store: &AnyStore) -> Self {
        let mut all = Self {
            users: store.users(REALM, &UserFilter::default(), PageRequest::first(50)).await.answer().items,
            records: Vec::new(),
            identifiers: Vec::new(),
            passwords: Vec::new(),
            profiles: Vec::new(),
            orgs: Vec::new(),
            org_profiles: Vec::new(),
            members: Vec::new(),
            tokens: Vec::new(),
            attempts: Vec::new(),
            principals: Vec::new(),
            api_keys: Vec::new(),
            jobs: store.pending_jobs(REALM, PageRequest::first(50)).await.answer().items,
            events: store.events(REALM, None, &ALL_EVENTS, PageRequest::first(50)).await.answer().items,
            head: store.chain_head(REALM, None).await.answer(),
            changes: store.changes(0, 50).await.answer().items,
            key_check: store.key_check().await.answer(),
        };
        let rotated = store.principal(REALM, digest("rotated")).await.answer();
        all.principals.push(rotated);
        for canonical in [ADDRESS, "b@example.test"] {
            all.records.push(store.sign_in_record(REALM, IdentifierKind::Email, canonical).await.answer());
        }
        for number in 1..=3 {
            all.identifiers.extend(store.identifiers(user_id(number)).await.answer());
            all.profiles.push(store.profile(user_id(number)).await.answer());
            all.passwords.push(store.password(user_id(number)).await.answer());
            all.orgs.push(store.org(REALM, org_id(number)).await.answer());
            all.org_profiles.push(store.org_profile(org_id(number)).await.answer());
            all.members
                .extend(store.members(org_id(number), &ALL_MEMBERS, PageRequest::first(50)).await.answer().items);
            all.tokens.push(store.token(REALM, user_id(1), token_id(number)).await.answer());
            all.attempts.push(store.attempt(REALM, attempt(number, 1).digest).await.answer());
            all.api_keys.extend(store.api_keys(api_key(1, number).owner, PageRequest::first(50)).await.answer().items);
            all.principals.push(store.principal(REALM, session(number, 1).digest).await.answer());
        }
        all
    }
}

/// Rows to start from, one of each kind, and more that are to be removed, and a job that worker 1 holds.
async fn begin(store: &AnyStore) -> StillAuthorised {
    let authority = member(store).await;
    let writes = [
        Write::PutIdentifier(identifier(1, ADDRESS)),
        Write::PutPassword(password(1)),
        Write::PutProfile(profile(1)),
        Write::PutOrgProfile(org_profile(1)),
        Write::PutUser(user(3)),
        Write::PutIdentifier(identifier(3, "c@example.test")),
        Write::PutPassword(password(3)),
        Write::PutToken(token(1, 1)),
        Write::PutAttempt(attempt(1, 1)),
        Write::PutApiKey(api_key(1, 1)),
        Write::PutApiKey(api_key(3, 1)),
        Write::PutJob(job(1)),
        Write::Audit(event(1)),
        Write::Audit(event(3)),
    ];
    commit(store, writes).await;
    store.lease(REALM, worker(1), NOW, at(60), 1).await.answer();
    authority
}

/// One new row of each kind.
fn inserts() -> Vec<Write> {
    vec![
        Write::PutKeyCheck(KeyCheck { key_id: "key".to_owned(), tag: [1; 32] }),
        Write::PutUser(user(2)),
        Write::PutIdentifier(identifier(2, "b@example.test")),
        Write::PutPassword(password(2)),
        Write::PutProfile(profile(2)),
        Write::PutOrg(org(2)),
        Write::PutOrgProfile(org_profile(2)),
        Write::PutMembership(membership(2, 2)),
        Write::PutToken(token(2, 2)),
        Write::PutAttempt(attempt(2, 2)),
        Write::PutSession(session(2, 2)),
        Write::PutApiKey(api_key(2, 2)),
        Write::PutJob(job(2)),
        Write::Audit(event(2)),
    ]
}

/// One change of each kind to a row that is there.
fn updates() -> Vec<Write> {
    let (org, member) = (org_id(1), user_id(1));
    vec![
        Write::PutUser(User { name: "Other".to_owned(), version: FIRST, ..user(1) }),
        Write::MoveAuthEpoch { user: member, from: 0 },
        Write::PutIdentifier(Identifier { verified_at: None, version: FIRST, ..identifier(1, ADDRESS) }),
        Write::PutPassword(PasswordCredential { changed_at: at(9), version: FIRST, ..password(1) }),
        removal(FIRST),
        Write::DeletePassword { user: user_id(3), version: FIRST },
        Write::PutProfile(Profile { picture: None, version: FIRST, ..profile(1) }),
        Write::PutPolicy { org, policy: AuthPolicy { bars_trusted_devices: true, ..AuthPolicy::default() }, from: 0 },
        Write::PutOrgProfile(OrgProfile { version: FIRST, ..org_profile(1) }),
        Write::PutRoles { org, roles: vec![custom_role("clerk")], from: 0 },
        Write::MoveRights { org, user: None },
        Write::DeleteMembership { org, user: member, version: FIRST },
        Write::CountTry { user: user_id(1), id: token_id(1) },
        Write::ConsumeToken { user: user_id(1), id: token_id(1) },
        Write::ConsumeAttempt { user: user_id(1), id: attempt(1, 1).id },
        Write::RotateSession {
            user: user_id(1),
            id: session_id(1),
            from: session(1, 1).digest,
            to: digest("rotated"),
            proofs: vec![proof(0)],
            org: None,
            auth_epoch: 1,
        },
        Write::EndApiKey { owner: api_key(1, 1).owner, id: api_key_id(1), at: at(9) },
        Write::FinishJob { id: job_id(1), worker: worker(1) },
        Write::EraseEvent { realm: REALM, org: None, id: event_id(3), commitment: [9; 32] },
        sealing(0, &[3]),
    ]
}

/// Seals events of the realm.
fn sealing(from: u64, events: &[u128]) -> Write {
    let seals = events.iter().zip(from + 1..).map(|(number, place)| (event_id(*number), seal(place))).collect();
    Write::SealEvents { realm: REALM, org: None, from, seals }
}

/// Removes the address of user 3.
fn removal(version: Version) -> Write {
    let (kind, canonical) = (IdentifierKind::Email, "c@example.test".to_owned());
    Write::DeleteIdentifier { realm: REALM, kind, canonical, user: user_id(3), version }
}

/// Commits, demands this failure, and that nothing whatever has changed.
async fn leaves_nothing(store: &AnyStore, writes: Vec<Write>, kind: StoreErrorKind) {
    let before = Everything::of(store).await;
    let changes = changes(writes);
    let id = changes.id();
    let failure = store.commit(changes).await.err().map(|error| error.kind());
    assert_eq!(failure, Some(kind), "a commit whose last write cannot be done must fail for that reason");
    let after = Everything::of(store).await;
    assert_eq!(after, before, "a commit that failed left some of its writes behind");
    assert!(!store.committed(id).await.answer(), "a commit that failed is remembered as made");
}

const LAST: StoreErrorKind = StoreErrorKind::Duplicate(UniqueKey::Id);

/// A write that fails last leaves none of the new rows before it: users, organisations, audit, outbox, commit id.
pub async fn a_failing_last_write_leaves_no_new_row(store: AnyStore) {
    begin(&store).await;
    let writes = inserts().into_iter().chain([Write::Audit(event(1))]).collect();
    leaves_nothing(&store, writes, LAST).await;
    commit(&store, inserts()).await;
}

/// A write that fails last leaves none of the changes before it: versions, epochs, tries, tokens, sessions, jobs.
pub async fn a_failing_last_write_leaves_no_change(store: AnyStore) {
    begin(&store).await;
    let writes = updates().into_iter().chain([Write::Audit(event(1))]).collect();
    leaves_nothing(&store, writes, LAST).await;
    let revocation = Write::RevokeTokens { user: user_id(1), kind: TokenKind::VerifyEmail };
    let end = Write::EndSession { user: user_id(1), id: session_id(1) };
    let keys = Write::EndApiKeys { user: user_id(1), org: None };
    leaves_nothing(&store, vec![revocation, end, keys, Write::Audit(event(1))], LAST).await;
    commit(&store, updates()).await;
}

/// Whatever makes a commit fail, nothing of it stays.
pub async fn every_failure_leaves_nothing(store: AnyStore) {
    let authority = begin(&store).await;
    let refused = StoreErrorKind::Refused;
    let to = digest("rotated");
    let (id, proofs) = (session_id(1), Vec::new());
    let failures = [
        (Write::StillAuthorised(StillAuthorised { auth_epoch: 9, ..authority }), refused(Guard::Authority)),
        (Write::PutUser(User { version: Version::from_u64(9), ..user(1) }), StoreErrorKind::Conflict),
        (Write::PutIdentifier(identifier(1, ADDRESS)), StoreErrorKind::Duplicate(UniqueKey::Identifier)),
        (removal(FIRST.next()), StoreErrorKind::Conflict),
        (Write::DeletePassword { user: user_id(3), version: FIRST.next() }, StoreErrorKind::Conflict),
        (Write::PutProfile(Profile { version: FIRST.next(), ..profile(1) }), StoreErrorKind::Conflict),
        (Write::PutOrg(Org { slug: org(1).slug, ..org(3) }), StoreErrorKind::Duplicate(UniqueKey::OrgSlug)),
        (Write::PutOrgProfile(OrgProfile { version: FIRST.next(), ..org_profile(1) }), StoreErrorKind::Conflict),
        (Write::PutRoles { org: org_id(1), roles: Vec::new(), from: 9 }, StoreErrorKind::Conflict),
        (Write::MoveAuthEpoch { user: user_id(1), from: 9 }, StoreErrorKind::Conflict),
        (Write::MoveRights { org: org_id(1), user: Some(user_id(9)) }, StoreErrorKind::Conflict),
        (Write::CountTry { user: user_id(1), id: token_id(9) }, refused(Guard::Tries)),
        (Write::ConsumeToken { user: user_id(1), id: token_id(9) }, refused(Guard::Token)),
        (Write::ConsumeAttempt { user: user_id(1), id: attempt(9, 1).id }, refused(Guard::Attempt)),
        (
            Write::RotateSession { user: user_id(1), id, from: to, to, proofs, org: None, auth_epoch: 0 },
            refused(Guard::Session),
        ),
        (Write::EndApiKey { owner: api_key(1, 1).owner, id: api_key_id(9), at: NOW }, StoreErrorKind::Conflict),
        (Write::MaxApiKeys { owner: api_key(1, 1).owner, max: 1 }, StoreErrorKind::Conflict),
        (Write::FinishJob { id: job_id(1), worker: worker(2) }, refused(Guard::Lease)),
        (Write::EraseEvent { realm: REALM, org: None, id: event_id(9), commitment: [9; 32] }, StoreErrorKind::Conflict),
        (sealing(1, &[1]), StoreErrorKind::Conflict),
        (sealing(0, &[1, 9]), StoreErrorKind::Conflict),
    ];
    for (failing, kind) in failures {
        leaves_nothing(&store, inserts().into_iter().chain([failing]).collect(), kind).await;
    }
}

/// Writes are applied parents first, in whatever order they were added.
pub async fn writes_are_applied_parents_first(store: AnyStore) {
    let mut writes = inserts();
    writes.push(Write::PutPolicy { org: org_id(2), policy: AuthPolicy::default(), from: 0 });
    writes.push(Write::MoveRights { org: org_id(2), user: Some(user_id(2)) });
    writes.push(Write::MoveAuthEpoch { user: user_id(2), from: 0 });
    writes.reverse();
    commit(&store, writes).await;
    let user = store.user(REALM, user_id(2)).await.found("a user");
    let membership = store.membership(org_id(2), user_id(2)).await.found("a membership");
    let epochs = (user.auth_epoch, membership.rights_version);
    assert_eq!(epochs, (1, 1), "the epochs of new rows did not move in the commit that put them");
}

/// The id of a commit is remembered, also that of an empty one; an id that was never committed is not.
pub async fn a_commit_is_remembered(store: AnyStore) {
    let (full, empty, never) = (changes(inserts()), changes([]), changes([]));
    let ids = [full.id(), empty.id()];
    for id in ids {
        assert!(!store.committed(id).await.answer(), "a commit that was not made yet is remembered");
    }
    store.commit(full).await.answer();
    assert_eq!(store.commit(empty).await.answer(), Committed::default(), "an empty commit answered something");
    for id in ids {
        assert!(store.committed(id).await.answer(), "a commit that was made is not remembered");
    }
    assert!(!store.committed(never.id()).await.answer(), "a commit that was never made is remembered");
}

/// The same change set twice is applied once: whoever does not know the outcome and tries again doubles nothing.
pub async fn the_same_change_set_twice_is_applied_once(store: AnyStore) {
    begin(&store).await;
    // Nothing but the commit's id stands in the way of doing this again.
    let again =
        [Write::MoveRights { org: org_id(1), user: None }, Write::CountTry { user: user_id(1), id: token_id(1) }];
    let changes = changes(again);
    store.commit(changes.clone()).await.answer();
    let once = Everything::of(&store).await;
    let kind = store.commit(changes).await.err().map(|error| error.kind());
    assert_eq!(kind, Some(LAST), "a change set that was committed before must be a duplicate of `Id`");
    assert_eq!(Everything::of(&store).await, once, "a change set that was committed twice was applied twice");
}

/// A change set that failed may be committed again under the same id, once nothing stands in its way.
pub async fn a_failed_change_set_may_be_tried_again(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    let writes = [Write::PutToken(token(1, 1)), Write::FinishJob { id: job_id(1), worker: worker(1) }];
    let changes: ChangeSet = changes(writes);
    let kind = store.commit(changes.clone()).await.err().map(|error| error.kind());
    assert_eq!(kind, Some(StoreErrorKind::Refused(Guard::Lease)), "a job that does not exist was finished");
    commit(&store, [Write::PutJob(job(1))]).await;
    store.lease(REALM, worker(1), NOW, at(60), 1).await.answer();
    store.commit(changes.clone()).await.answer();
    assert!(
        store.committed(changes.id()).await.answer(),
        "a commit that succeeded at the second try is not remembered"
    );
    assert_eq!(
        store.token(REALM, user_id(1), token_id(1)).await.found("a token"),
        token(1, 1),
        "the second try wrote nothing"
    );
}
