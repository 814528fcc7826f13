//! Rows of another realm or organisation do not exist, for any read.

use usermgmt_core::id::RealmId;
use usermgmt_core::model::{
    ApiKey, Attempt, AuditEvent, Identifier, IdentifierKind, KeyOwner, Org, OutboxRow, Session, SigningKey, Token,
    TokenKind, User, UserFilter,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::Write;

use crate::AnyStore;
use crate::kit::{
    ALL_EVENTS, ALL_MEMBERS, Answer, NOW, REALM, api_key, api_key_id, at, attempt, commit, digest, event, event_id,
    identifier, job, membership, org, org_id, org_profile, other_realm, password, profile, seal, session, session_id,
    signing_key, token, token_id, user, user_id, worker,
};

const ADDRESS: &str = "a@example.test";
const KIND: TokenKind = TokenKind::VerifyEmail;

/// One row of each kind, all of one number, in this realm.
async fn put_all(store: &AnyStore, realm: RealmId, number: u128) {
    let writes = [
        Write::PutUser(User { realm, ..user(number) }),
        Write::PutIdentifier(Identifier { realm, ..identifier(number, &format!("{number}@example.test")) }),
        Write::PutPassword(password(number)),
        Write::PutProfile(profile(number)),
        Write::PutOrg(Org { realm, ..org(number) }),
        Write::PutOrgProfile(org_profile(number)),
        Write::PutMembership(membership(number, number)),
        Write::PutToken(Token { realm, browser: Some(digest("browser")), ..token(number, number) }),
        Write::PutAttempt(Attempt { realm, ..attempt(number, number) }),
        Write::PutSession(Session { realm, org: Some(org_id(number)), ..session(number, number) }),
        Write::PutSigningKey(SigningKey { realm, ..signing_key(u32::try_from(number).unwrap_or(0)) }),
        Write::PutApiKey(ApiKey { realm, org: Some(org_id(number)), ..api_key(number, number) }),
        Write::PutJob(OutboxRow { realm, ..job(number) }),
        Write::Audit(AuditEvent { realm, ..event(number) }),
        Write::Audit(AuditEvent { realm, org: Some(org_id(number)), ..event(number + 100) }),
        Write::Audit(AuditEvent { realm, org: Some(org_id(number)), ..event(number + 200) }),
        Write::SealEvents { realm, org: Some(org_id(number)), from: 0, seals: vec![(event_id(number + 200), seal(1))] },
    ];
    commit(store, writes).await;
}

/// What a realm shows of the rows of one number: which of its reads find something.
async fn seen(store: &AnyStore, realm: RealmId, number: u128) -> Vec<&'static str> {
    let canonical = format!("{number}@example.test");
    let events = async |org| store.events(realm, org, &ALL_EVENTS, PageRequest::first(9)).await.answer().items;
    let users = store.users(realm, &UserFilter::default(), PageRequest::first(9)).await.answer().items;
    let jobs = store.pending_jobs(realm, PageRequest::first(9)).await.answer().items;
    let orgs = store.orgs(realm, PageRequest::first(9)).await.answer().items;
    let unsealed_orgs = store.unsealed_orgs(realm, PageRequest::first(9)).await.answer().items;
    let unsealed = store.unsealed_events(realm, Some(org_id(number)), 9).await.answer();
    let signing_keys = store.signing_keys(realm).await.answer();
    let browser = store.token_of_browser(realm, KIND, digest("browser")).await.answer();
    let secret = token(number, number).digest;
    let cookie = session(number, number).digest;
    let found = [
        ("user", store.user(realm, user_id(number)).await.answer().is_some()),
        ("users_among", !store.users_among(realm, &[user_id(number)]).await.answer().is_empty()),
        ("users", users.iter().any(|row| row.id == user_id(number))),
        ("sign_in_record", store.sign_in_record(realm, IdentifierKind::Email, &canonical).await.answer().is_some()),
        ("org", store.org(realm, org_id(number)).await.answer().is_some()),
        ("org_by_slug", store.org_by_slug(realm, &org(number).slug).await.answer().is_some()),
        ("orgs", orgs.iter().any(|row| row.id == org_id(number))),
        ("token", store.token(realm, user_id(number), token_id(number)).await.answer().is_some()),
        ("token_by_digest", store.token_by_digest(realm, KIND, secret).await.answer().is_some()),
        ("token_of_browser", browser.is_some_and(|row| row.id == token_id(number))),
        ("attempt", store.attempt(realm, attempt(number, number).digest).await.answer().is_some()),
        ("principal", store.principal(realm, cookie).await.answer().is_some()),
        ("principal_of", store.principal_of(realm, user_id(number), session_id(number)).await.answer().is_some()),
        ("signing_keys", signing_keys.iter().any(|key| u128::from(key.number) == number)),
        ("api_key_record", store.api_key_record(realm, api_key(number, number).digest).await.answer().is_some()),
        ("pending_jobs", jobs.iter().any(|row| row.id == job(number).id)),
        ("events of the realm", events(None).await.iter().any(|row| row.id == event(number).id)),
        ("events of an organisation", !events(Some(org_id(number))).await.is_empty()),
        ("event", store.event(realm, None, event(number).id).await.answer().is_some()),
        ("unsealed_orgs", unsealed_orgs.contains(&org_id(number))),
        ("unsealed_events", unsealed.iter().any(|row| row.id == event(number + 100).id)),
        ("sealed_events", !store.sealed_events(realm, Some(org_id(number)), 0, 9).await.answer().is_empty()),
        ("chain_head", store.chain_head(realm, Some(org_id(number))).await.answer().is_some()),
    ];
    found.into_iter().filter(|(_, found)| *found).map(|(read, _)| read).collect()
}

/// Every read that takes a realm finds the rows of that realm, and none of another.
pub async fn rows_of_another_realm_do_not_exist(store: AnyStore) {
    put_all(&store, REALM, 1).await;
    put_all(&store, other_realm(), 2).await;
    for (realm, mine, theirs) in [(REALM, 1, 2), (other_realm(), 2, 1)] {
        assert_eq!(seen(&store, realm, mine).await.len(), 23, "a read does not find the rows of its own realm");
        let none: [&str; 0] = [];
        assert_eq!(seen(&store, realm, theirs).await, none, "these reads find rows of another realm");
    }
}

/// A worker leases the jobs of its realm only.
pub async fn jobs_of_another_realm_are_not_leased(store: AnyStore) {
    put_all(&store, REALM, 1).await;
    put_all(&store, other_realm(), 2).await;
    for (realm, number) in [(other_realm(), 2), (REALM, 1)] {
        let leased = store.lease(realm, worker(1), NOW, at(60), 9).await.answer();
        let ids: Vec<_> = leased.iter().map(|row| row.id).collect();
        assert_eq!(ids, [job(number).id], "not exactly the jobs of the realm were leased");
    }
}

/// Every read that takes an organisation finds its rows, and none of another organisation.
pub async fn rows_of_another_organisation_do_not_exist(store: AnyStore) {
    for number in [1, 2] {
        put_all(&store, REALM, number).await;
    }
    for (mine, theirs) in [(1, 2), (2, 1)] {
        let (org, user) = (org_id(mine), user_id(theirs));
        assert!(store.membership(org, user_id(mine)).await.answer().is_some(), "a membership is not found");
        assert_eq!(store.membership(org, user).await.answer(), None, "a member of another organisation is found");
        let members = store.members(org, &ALL_MEMBERS, PageRequest::first(9)).await.answer().items;
        let members: Vec<_> = members.iter().map(|row| (row.membership.org, row.user.id)).collect();
        assert_eq!(members, [(org, user_id(mine))], "members of another organisation are listed");
        let events = store.events(REALM, Some(org), &ALL_EVENTS, PageRequest::first(9)).await.answer().items;
        let events: Vec<_> = events.iter().map(|row| row.id).collect();
        assert_eq!(events, [mine + 200, mine + 100].map(event_id), "events of another organisation are listed");
        let keys = store.api_keys_in(org, PageRequest::first(9)).await.answer().items;
        let keys: Vec<_> = keys.iter().map(|row| (row.id, row.org)).collect();
        assert_eq!(keys, [(api_key_id(mine), Some(org))], "API keys of another organisation are listed");
        let facts = store.org_profile(org).await.answer().map(|row| row.org);
        assert_eq!(facts, Some(org), "not the facts about the organisation are found");
    }
}

/// Every read that takes a user finds that user's rows, and none of another user.
pub async fn rows_of_another_user_do_not_exist(store: AnyStore) {
    for number in [1, 2] {
        put_all(&store, REALM, number).await;
    }
    for number in [1, 2] {
        let user = user_id(number);
        let owners = store.identifiers(user).await.answer().into_iter().map(|row| row.user);
        assert_eq!(owners.collect::<Vec<_>>(), [user], "not exactly the identifiers of the user are listed");
        let password = store.password(user).await.answer().map(|row| row.user);
        assert_eq!(password, Some(user), "not the password of the user is found");
        let facts = store.profile(user).await.answer().map(|row| row.user);
        assert_eq!(facts, Some(user), "not the profile of the user is found");
        let tokens = store.live_tokens(user, NOW).await.answer().into_iter().map(|row| (row.id, row.user));
        assert_eq!(
            tokens.collect::<Vec<_>>(),
            [(token_id(number), user)],
            "not exactly the tokens of the user are listed"
        );
        let orgs = store.memberships_of(user, PageRequest::first(9)).await.answer().items;
        let orgs: Vec<_> = orgs.iter().map(|(org, membership)| (org.id, membership.user)).collect();
        assert_eq!(orgs, [(org_id(number), user)], "not exactly the organisations of the user are listed");
        let sessions = store.sessions(user, NOW, PageRequest::first(9)).await.answer().items;
        let sessions: Vec<_> = sessions.iter().map(|row| (row.id, row.user)).collect();
        assert_eq!(sessions, [(session(number, number).id, user)], "not exactly the sessions of the user are listed");
        let owner = KeyOwner::User(user);
        let keys = store.api_keys(owner, PageRequest::first(9)).await.answer().items;
        let keys: Vec<_> = keys.iter().map(|row| (row.id, row.owner)).collect();
        assert_eq!(keys, [(api_key_id(number), owner)], "not exactly the API keys of the user are listed");
    }
}

/// A fresh store has nothing, and every read says so without an error and without a made-up default.
pub async fn a_fresh_store_has_nothing(store: AnyStore) {
    let none: [&str; 0] = [];
    assert_eq!(seen(&store, REALM, 1).await, none, "a fresh store has rows");
    let (org, user) = (org_id(1), user_id(1));
    assert_eq!(store.identifiers(user).await.answer(), [], "a fresh store has identifiers");
    assert_eq!(store.password(user).await.answer(), None, "a fresh store has a password");
    assert_eq!(store.profile(user).await.answer(), None, "a profile was made up for a user who has none");
    assert_eq!(store.live_tokens(user, NOW).await.answer(), [], "a fresh store has tokens");
    assert_eq!(store.membership(org, user).await.answer(), None, "a fresh store has a membership");
    assert_eq!(
        store.members(org, &ALL_MEMBERS, PageRequest::first(9)).await.answer().items,
        [],
        "a fresh store has members"
    );
    let mine = store.memberships_of(user, PageRequest::first(9)).await.answer();
    assert_eq!((mine.items, mine.next), (Vec::new(), None), "a fresh store has memberships");
    assert_eq!(store.org_profile(org).await.answer(), None, "facts were made up about an organisation that has none");
    assert_eq!(store.policy(org).await.answer(), None, "a policy was made up for an organisation that does not exist");
    assert_eq!(store.sessions(user, NOW, PageRequest::first(9)).await.answer().items, [], "a fresh store has sessions");
    for owner in [KeyOwner::User(user), KeyOwner::Org(org)] {
        let keys = store.api_keys(owner, PageRequest::first(9)).await.answer();
        assert_eq!((keys.items, keys.next), (Vec::new(), None), "a fresh store has API keys");
        assert_eq!(store.api_key(owner, api_key_id(1)).await.answer(), None, "a fresh store has an API key");
    }
    assert_eq!(store.api_keys_in(org, PageRequest::first(9)).await.answer().items, [], "a fresh store has API keys");
    assert_eq!(store.lease(REALM, worker(1), NOW, at(60), 9).await.answer(), [], "a fresh store has jobs");
    assert_eq!(store.changes(0, 9).await.answer().items, [], "a fresh store has changes");
    assert_eq!(store.key_check().await.answer(), None, "a fresh store has a key-check value");
    let record = store.sign_in_record(REALM, IdentifierKind::Email, ADDRESS).await.answer();
    assert_eq!(record, None, "a fresh store knows an address");
}
