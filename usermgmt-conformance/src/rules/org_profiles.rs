//! Facts about organisations, kept as they were put.

use usermgmt_core::model::{Org, OrgProfile, Version};
use usermgmt_core::store::{StoreErrorKind, Write};

use super::profiles::documents;
use crate::AnyStore;
use crate::kit::{Answer, Found, REALM, commit, fails, org, org_id, org_profile};

const FIRST: Version = Version::NEW.next();

/// Every column of the facts about an organisation comes back as it was put, each organisation's its own.
pub async fn an_org_profile_is_returned_as_it_was_put(store: AnyStore) {
    for number in 1..=3 {
        commit(&store, [Write::PutOrg(org(number))]).await;
        let read = store.org_profile(org_id(number)).await.answer();
        assert_eq!(read, None, "facts were made up about an organisation that has none");
        commit(&store, [Write::PutOrgProfile(org_profile(number))]).await;
    }
    for number in 1..=3 {
        let read = store.org_profile(org_id(number)).await.found("facts about an organisation");
        let wanted = OrgProfile { version: FIRST, ..org_profile(number) };
        assert_eq!(read, wanted, "facts about an organisation do not come back as they were put");
    }
}

/// The facts about an organisation are any JSON value, each of the three its own, and come back equal from every put.
pub async fn the_facts_about_an_org_are_any_json(store: AnyStore) {
    commit(&store, [Write::PutOrg(org(1))]).await;
    let (documents, mut put) = (documents(), org_profile(1));
    for (number, public) in documents.iter().enumerate() {
        let other = |step: usize| documents.iter().cycle().nth(number + step).cloned().unwrap_or_default();
        put = OrgProfile { public: public.clone(), private: other(1), settings: other(2), ..put };
        commit(&store, [Write::PutOrgProfile(put.clone())]).await;
        put.version = put.version.next();
        let read = store.org_profile(put.org).await.found("facts about an organisation");
        assert_eq!(read, put, "facts about an organisation do not come back as they were put");
    }
}

/// The facts about an organisation are written only from the version that was read, and begun once; what stands stays.
pub async fn an_org_profile_is_written_from_the_version_that_was_read(store: AnyStore) {
    let conflict = StoreErrorKind::Conflict;
    let put = |from, settings: &str| {
        let version = Version::from_u64(from);
        [Write::PutOrgProfile(OrgProfile { settings: settings.into(), version, ..org_profile(1) })]
    };
    commit(&store, [Write::PutOrg(org(1))]).await;
    fails(&store, conflict, "facts that were never begun were replaced", put(1, "none")).await;
    assert_eq!(store.org_profile(org_id(1)).await.answer(), None, "a replacing put began facts");
    commit(&store, put(0, "first")).await;
    fails(&store, conflict, "facts were begun twice", put(0, "again")).await;
    commit(&store, put(1, "second")).await;
    for stale in [0, 1, 3] {
        fails(&store, conflict, "facts were replaced from a version that they do not have", put(stale, "old")).await;
    }
    let read = store.org_profile(org_id(1)).await.found("facts about an organisation");
    let wanted = (serde_json::json!("second"), Version::from_u64(2));
    assert_eq!((read.settings, read.version), wanted, "a put that met a conflict changed the facts");
}

/// The facts are a row of their own: writing them leaves the organisation alone, and the other way round.
pub async fn an_org_profile_and_its_org_do_not_disturb_each_other(store: AnyStore) {
    commit(&store, [Write::PutOrg(org(1)), Write::PutOrgProfile(org_profile(1))]).await;
    let named = Org { name: "Other".to_owned(), version: FIRST, ..org(1) };
    commit(&store, [Write::PutOrg(named.clone())]).await;
    let read = store.org_profile(org_id(1)).await.found("facts about an organisation");
    assert_eq!(read, OrgProfile { version: FIRST, ..org_profile(1) }, "writing an organisation changed its facts");
    commit(&store, [Write::PutOrgProfile(OrgProfile { public: "other".into(), ..read })]).await;
    let read = store.org(REALM, org_id(1)).await.found("an organisation");
    assert_eq!(read, Org { version: FIRST.next(), ..named }, "writing facts changed the organisation");
}
