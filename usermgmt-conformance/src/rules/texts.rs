//! Texts are kept byte for byte, and keys are compared byte for byte.

use usermgmt_core::model::{
    Actor, ApiKey, Attempt, AuditEvent, CustomRole, EventTag, Identifier, IdentifierKind, Job, Membership, Org,
    OutboxRow, PasswordCredential, Profile, RoleKey, Session, Token, Unproven, User, Version,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::password::PasswordHash;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::AnyStore;
use crate::kit::{
    ALL_EVENTS, Answer, Found, REALM, api_key, attempt, changes, commit, digest, event, fails, identifier, job,
    membership, org, org_id, password, profile, session, token, user, user_id,
};

const FIRST: Version = Version::NEW.next();

/// Texts that some database or some language takes for another of the list.
pub(super) const KEYS: [&str; 50] = [
    "a@example.test",
    "A@example.test",
    "A@EXAMPLE.TEST",
    "a@example.test ",
    " a@example.test",
    "a@example.test\t",
    "a@example.test\n",
    "a@example.test\u{a0}",
    "a@example.test\u{200b}",
    "a@example.test\u{ad}",
    "\u{feff}a@example.test",
    "ａ@example.test",
    "á@example.test",
    "a\u{301}@example.test",
    "caf\u{e9}",
    "cafe\u{301}",
    "cafe",
    "straße",
    "strasse",
    "STRASSE",
    "straẞe",
    "i",
    "I",
    "ı",
    "İ",
    "i\u{307}",
    "\u{c5}",
    "\u{212b}",
    "A\u{30a}",
    "å",
    "ﬁ",
    "fi",
    "\u{3cc}",
    "\u{1f79}",
    "σ",
    "ς",
    "е",
    "e",
    "🦀",
    "🦀\u{fe0f}",
    "👩\u{200d}👧",
    "👩👧",
    "\u{10400}",
    "\u{10428}",
    "10",
    "010",
    "1e1",
    "%",
    "_",
    "",
];

/// Texts that break where they are quoted, escaped, cut or trimmed.
const AWKWARD: [&str; 24] = [
    "",
    " ",
    "  two before, two behind  ",
    "\t\r\n",
    "line\nline\r\nline\u{2028}line",
    "'",
    "''; drop table users; --",
    "\"quoted\"",
    "back\\slash\\",
    "\\u0041 \\n \\0",
    "100% of _ and $1 ? :name {} ${x}",
    "null",
    "NULL",
    "0",
    "{\"json\": [1]}",
    "{a,b,\"c\"}",
    "\u{1}\u{7f}\u{85}",
    "e\u{301} is not \u{e9}",
    "\u{212b} is not \u{c5}",
    "Iİıi ßẞss ﬁfi",
    "مرحبا שלום",
    "\u{202e}backwards",
    "🦀👩\u{200d}👧🏳\u{fe0f}\u{200d}🌈",
    "\u{10ffff}\u{fffd}\u{feff}",
];

/// Texts that differ in any byte are different identifiers, found exactly; case, accents, width, normal form, trailing
/// space and the like make no two the same.
pub async fn keys_that_differ_in_any_byte_are_different(store: AnyStore) {
    for (number, key) in (1..).zip(KEYS) {
        let changes = changes([Write::PutUser(user(number)), Write::PutIdentifier(identifier(number, key))]);
        let failure = store.commit(changes).await.err();
        assert!(failure.is_none(), "the identifier {key:?} is taken for another one: {failure:?}");
    }
    for (number, key) in (1..).zip(KEYS) {
        let record = store.sign_in_record(REALM, IdentifierKind::Email, key).await.found(key);
        assert_eq!(record.user.id, user_id(number), "the identifier {key:?} leads to the user of another one");
        assert_eq!(record.identifier.canonical, key, "the identifier does not come back byte for byte");
        let taken = StoreErrorKind::Duplicate(UniqueKey::Identifier);
        let why = "an identifier that exists was put again";
        fails(&store, taken, why, [Write::PutIdentifier(identifier(number, key))]).await;
    }
}

/// A text that nobody has is not found by way of a similar one, neither by folding nor as a pattern.
pub async fn similar_keys_are_not_found(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1)), Write::PutIdentifier(identifier(1, "User@example.test"))]).await;
    let similar =
        ["user@example.test", "User@example.test ", "User@example.test\u{200b}", "%", "User%", "_ser@example.test", ""];
    for key in similar {
        let record = store.sign_in_record(REALM, IdentifierKind::Email, key).await.answer();
        assert_eq!(record, None, "{key:?} was found although only a similar identifier exists");
    }
}

/// One row of each kind with this text in every column that holds a text.
fn rows(number: u128, text: &str) -> (User, Identifier, PasswordCredential, Profile, Org, Membership) {
    let (owned, role) = (text.to_owned(), RoleKey::new(text));
    (
        User { name: owned.clone(), locale: Some(owned.clone()), ..user(number) },
        Identifier { display: owned.clone(), ..identifier(number, &format!("{number} {text}")) },
        PasswordCredential {
            hash: PasswordHash::from_phc(owned.clone()),
            unproven: Some(Unproven { browser: digest("browser"), organization: Some(owned.clone()) }),
            previous: vec![PasswordHash::from_phc(owned.clone()), PasswordHash::from_phc("between".to_owned())],
            ..password(number)
        },
        Profile {
            picture: Some(owned.clone()),
            contact: Some(owned.clone()),
            time_zone: Some(owned.clone()),
            ..profile(number)
        },
        Org {
            slug: format!("{number} {text}"),
            name: owned.clone(),
            roles: vec![CustomRole { key: role.clone(), name: owned.clone(), rights: vec![owned] }],
            ..org(number)
        },
        Membership { roles: vec![role.clone(), RoleKey::new("between"), role], ..membership(number, number) },
    )
}

/// Every text of every row comes back byte for byte: nothing is trimmed, folded, normalised, cut or unescaped, and an
/// empty text is not an absent one.
pub async fn texts_come_back_byte_for_byte(store: AnyStore) {
    for (number, text) in (1..).zip(AWKWARD) {
        let (user, identifier, password, profile, org, membership) = rows(number, text);
        let writes = [
            Write::PutUser(user.clone()),
            Write::PutIdentifier(identifier.clone()),
            Write::PutPassword(password.clone()),
            Write::PutProfile(profile.clone()),
            Write::PutOrg(org.clone()),
            Write::PutMembership(membership.clone()),
        ];
        commit(&store, writes).await;
        let read = store.user(REALM, user.id).await.found("a user");
        assert_eq!(read, User { version: FIRST, ..user.clone() }, "texts of a user do not come back byte for byte");
        let read = store.identifiers(user.id).await.answer();
        let wanted = [Identifier { version: FIRST, ..identifier }];
        assert_eq!(read, wanted, "texts of an identifier do not come back byte for byte");
        let read = store.password(user.id).await.found("a password");
        let wanted = PasswordCredential { version: FIRST, ..password };
        assert_eq!(read, wanted, "texts of a password do not come back byte for byte");
        let read = store.profile(user.id).await.found("a profile");
        assert_eq!(read, Profile { version: FIRST, ..profile }, "texts of a profile do not come back byte for byte");
        let read = store.org(REALM, org.id).await.found("an organisation");
        assert_eq!(read, Org { version: FIRST, ..org }, "texts of an organisation do not come back byte for byte");
        let read = store.membership(org_id(number), user.id).await.found("a membership");
        let wanted = Membership { version: FIRST, ..membership };
        assert_eq!(read, wanted, "texts of a membership do not come back byte for byte");
    }
}

/// The same for what passes through: sessions, tokens, attempts, jobs, events.
pub async fn passing_texts_come_back_byte_for_byte(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    for (number, text) in (1..).zip(AWKWARD) {
        let owned = text.to_owned();
        let session = Session { label: Some(owned.clone()), address: Some(owned.clone()), ..session(number, 1) };
        let token = Token {
            key_id: owned.clone(),
            canonical: owned.clone(),
            display: owned.clone(),
            label: Some(owned.clone()),
            ..token(number, 1)
        };
        let attempt = Attempt { canonical: owned.clone(), ..attempt(number, 1) };
        let key = ApiKey {
            name: owned.clone(),
            beginning: owned.clone(),
            scopes: vec![owned.clone(), owned.clone()],
            ..api_key(number, 1)
        };
        let job = with_locale(number, text);
        let event = AuditEvent {
            actor: Actor::System { reason: owned.clone() },
            address: Some(owned.clone()),
            detail: serde_json::json!({ text: [text] }),
            tag: EventTag { key_id: owned.clone(), ..event(number).tag },
            ..event(number)
        };
        let writes = [
            Write::PutSession(session.clone()),
            Write::PutToken(token.clone()),
            Write::PutAttempt(attempt.clone()),
            Write::PutApiKey(key.clone()),
            Write::PutJob(job.clone()),
            Write::Audit(event.clone()),
        ];
        commit(&store, writes).await;
        let read = store.api_key(key.owner, key.id).await.found("an API key");
        assert_eq!(read, key, "texts of an API key do not come back byte for byte");
        let read = store.principal(REALM, session.digest).await.found("a session").session;
        assert_eq!(read, session, "texts of a session do not come back byte for byte");
        let read = store.token(REALM, user_id(1), token.id).await.found("a token");
        assert_eq!(read, token, "texts of a token do not come back byte for byte");
        let read = store.attempt(REALM, attempt.digest).await.found("an attempt");
        let wanted = Attempt { version: FIRST, ..attempt };
        assert_eq!(read, wanted, "texts of an attempt do not come back byte for byte");
        let jobs = store.pending_jobs(REALM, PageRequest::first(200)).await.answer().items;
        assert_eq!(jobs.last(), Some(&job), "texts of a job do not come back byte for byte");
        let events = store.events(REALM, None, &ALL_EVENTS, PageRequest::first(200)).await.answer().items;
        assert_eq!(events.first(), Some(&event), "texts of an event do not come back byte for byte");
    }
}

pub(super) fn with_locale(number: u128, text: &str) -> OutboxRow {
    let plain = job(number);
    let job = match plain.job {
        Job::Mail { mail, to, user, token, .. } => Job::Mail { mail, to, user, token, locale: Some(text.to_owned()) },
        other => other,
    };
    OutboxRow { job, ..plain }
}

/// Long texts are kept whole: no store cuts them at a length of its own.
pub async fn long_texts_are_kept_whole(store: AnyStore) {
    let long = "🦀é".repeat(20_000);
    let canonical = format!("{}@{}.test", "l".repeat(64), "d".repeat(249));
    let put = User { name: long.clone(), ..user(1) };
    let named = Identifier { display: long.clone(), ..identifier(1, &canonical) };
    let event = AuditEvent { detail: serde_json::json!({ "long": long }), ..event(1) };
    commit(&store, [Write::PutUser(put.clone()), Write::PutIdentifier(named), Write::Audit(event.clone())]).await;
    let record = store.sign_in_record(REALM, IdentifierKind::Email, &canonical).await.found("a long identifier");
    assert!(record.user.name == put.name, "a long name was cut to {} bytes", record.user.name.len());
    assert!(record.identifier.display == long, "a long text was cut to {} bytes", record.identifier.display.len());
    let events = store.events(REALM, None, &ALL_EVENTS, PageRequest::first(9)).await.answer().items;
    assert!(events == [event], "a long detail of an event does not come back whole");
}
