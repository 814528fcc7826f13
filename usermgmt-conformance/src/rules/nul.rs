//! The character U+0000 in texts: kept, or refused, never a place where a text is cut.

use usermgmt_core::model::{
    self, ApiKey, AuditEvent, IdentifierKind, Membership, Org, OrgProfile, PasswordCredential, RoleKey, Session, Token,
    User, UserFilter,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::password::PasswordHash;
use usermgmt_core::store::{StoreErrorKind, Write};

use super::texts::with_locale;
use crate::kit::{
    ALL_EVENTS, Answer, NOW, REALM, api_key, at, changes, commit, event, identifier, job, membership, org, org_id,
    org_profile, password, profile as facts, session, token, user, user_id, worker,
};
use crate::{AnyStore, Profile};

/// A text that contains U+0000 is kept exactly, or the commit fails as a whole as `Unsupported`: as the store's profile
/// says. It is never cut there, and never lets anything else through.
pub async fn a_nul_is_kept_or_refused(store: AnyStore, profile: Profile) {
    commit(&store, [Write::PutUser(user(1)), Write::PutOrg(org(1))]).await;
    let nul = "before\0behind".to_owned();
    let named = User { name: nul.clone(), ..user(2) };
    let writes = [
        Write::PutUser(named.clone()),
        Write::PutIdentifier(identifier(1, &nul)),
        Write::PutOrg(Org { name: nul.clone(), ..org(2) }),
        Write::PutOrg(Org { slug: nul.clone(), ..org(3) }),
        Write::PutSession(Session { label: Some(nul.clone()), ..session(1, 1) }),
        Write::PutToken(Token { canonical: nul.clone(), ..token(1, 1) }),
        Write::PutToken(Token { display: nul.clone(), ..token(2, 1) }),
        Write::PutToken(Token { label: Some(nul.clone()), ..token(3, 1) }),
        Write::PutProfile(model::Profile { contact: Some(nul.clone()), ..facts(1) }),
        Write::PutApiKey(ApiKey { name: nul.clone(), ..api_key(1, 1) }),
        Write::PutApiKey(ApiKey { beginning: nul.clone(), ..api_key(2, 1) }),
    ];
    for write in writes {
        let shown = format!("{write:?}");
        let changes = changes([Write::PutJob(job(9)), write]);
        let id = changes.id();
        let wanted = (!profile.nul_in_text).then_some(StoreErrorKind::Unsupported);
        let failure = store.commit(changes).await.err().map(|error| error.kind());
        assert_eq!(failure, wanted, "a text with U+0000 is not treated as the profile says: {shown}");
        assert_eq!(store.committed(id).await.answer(), profile.nul_in_text, "a refused commit is remembered");
        let jobs = store.pending_jobs(REALM, PageRequest::first(9)).await.answer().items;
        assert_eq!(jobs.is_empty(), !profile.nul_in_text, "a commit with U+0000 was applied in part");
        if profile.nul_in_text {
            store.lease(REALM, worker(1), NOW, at(60), 9).await.answer();
            commit(&store, [Write::FinishJob { id: job(9).id, worker: worker(1) }]).await;
        }
    }
    let read = store.user(REALM, named.id).await.answer().map(|row| row.name);
    assert_eq!(read, profile.nul_in_text.then(|| nul.clone()), "a text with U+0000 was cut or changed");
    let record = store.sign_in_record(REALM, IdentifierKind::Email, &nul).await.answer();
    let found = record.map(|record| record.identifier.canonical);
    assert_eq!(found, profile.nul_in_text.then(|| nul.clone()), "an identifier with U+0000 is not found exactly");
    let found = store.org_by_slug(REALM, &nul).await.answer().map(|row| row.slug);
    assert_eq!(found, profile.nul_in_text.then(|| nul.clone()), "a slug with U+0000 is not found exactly");
    let filter = UserFilter { identifier_prefix: Some("before\0".to_owned()), ..UserFilter::default() };
    let found = store.users(REALM, &filter, PageRequest::first(9)).await.answer().items.len();
    assert_eq!(found, usize::from(profile.nul_in_text), "an identifier with U+0000 is not found by its beginning");
    let key = store.api_key(api_key(1, 1).owner, api_key(1, 1).id).await.answer().map(|row| row.name);
    assert_eq!(key, profile.nul_in_text.then(|| nul.clone()), "a text with U+0000 was cut or changed");
    let contact = store.profile(user_id(1)).await.answer().map(|row| row.contact);
    assert_eq!(contact, profile.nul_in_text.then_some(Some(nul)), "a text with U+0000 was cut or changed");
    let before = store.sign_in_record(REALM, IdentifierKind::Email, "before").await.answer();
    assert_eq!(before, None, "a text was cut at U+0000");
}

/// In documents (roles, earlier passwords, metadata, jobs, details) U+0000 is kept exactly, or the commit fails as a whole as `Unsupported`:
/// whichever, since a store may keep them as text, where it is escaped, or in a type that cannot hold it.
pub async fn a_nul_in_a_document_is_kept_or_refused(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1)), Write::PutOrg(org(1))]).await;
    let nul = "before\0behind";
    let member = Membership { roles: vec![RoleKey::new(nul)], ..membership(1, 1) };
    let event = AuditEvent { detail: serde_json::json!({ nul: nul }), ..event(1) };
    let job = with_locale(1, nul);
    let earlier = PasswordCredential { previous: vec![PasswordHash::from_phc(nul.to_owned())], ..password(1) };
    let facts_of_org = OrgProfile { settings: serde_json::json!([{ nul: nul }]), ..org_profile(1) };
    let free = model::Profile { own: serde_json::json!([{ nul: nul }]), ..facts(1) };
    let key = ApiKey { scopes: vec![nul.to_owned()], ..api_key(1, 1) };
    let writes = [
        Write::PutMembership(member.clone()),
        Write::PutPassword(earlier.clone()),
        Write::PutProfile(free.clone()),
        Write::PutOrgProfile(facts_of_org.clone()),
        Write::PutApiKey(key.clone()),
        Write::PutJob(job.clone()),
        Write::Audit(event.clone()),
    ];
    for write in writes {
        let shown = format!("{write:?}");
        let kept = match store.commit(changes([write])).await {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Unsupported, "U+0000 was refused in another way: {shown}");
                false
            }
        };
        let roles = store.membership(org_id(1), user_id(1)).await.answer().map(|row| row.roles);
        let previous = store.password(user_id(1)).await.answer().map(|row| row.previous);
        let own = store.profile(user_id(1)).await.answer().map(|row| row.own);
        let settings = store.org_profile(org_id(1)).await.answer().map(|row| row.settings);
        let read_key = store.api_key(key.owner, key.id).await.answer();
        let jobs = store.pending_jobs(REALM, PageRequest::first(9)).await.answer().items;
        let events = store.events(REALM, None, &ALL_EVENTS, PageRequest::first(9)).await.answer().items;
        let exact = if shown.starts_with("PutMembership") {
            roles.map_or(!kept, |roles| kept && roles == member.roles)
        } else if shown.starts_with("PutPassword") {
            previous.map_or(!kept, |previous| kept && previous == earlier.previous)
        } else if shown.starts_with("PutProfile") {
            own.map_or(!kept, |own| kept && own == free.own)
        } else if shown.starts_with("PutOrgProfile") {
            settings.map_or(!kept, |settings| kept && settings == facts_of_org.settings)
        } else if shown.starts_with("PutApiKey") {
            read_key.map_or(!kept, |row| kept && row == key)
        } else if shown.starts_with("PutJob") {
            jobs.first().map_or(!kept, |row| kept && *row == job)
        } else {
            events.first().map_or(!kept, |row| kept && *row == event)
        };
        assert!(exact, "a document with U+0000 was cut, changed, or stored although refused: {shown}");
    }
}
