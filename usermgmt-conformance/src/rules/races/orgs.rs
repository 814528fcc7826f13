//! Races in an organisation: for a slug, for its roles, for the end of its audit chain.

use usermgmt_core::model::{AuditEvent, Org};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::kit::{
    Answer, Found, NOW, REALM, at, commit, commits, commits_once, custom_role, event, event_id, job, one_winner, org,
    org_id, seal, worker,
};
use crate::{AnyStore, Profile};

/// Many make an organisation with one slug at once: one row, and everybody else is told that it is taken.
pub async fn one_slug_is_taken_once(store: AnyStore, profile: Profile) {
    let ends = commits(&store, profile.racers, |number| {
        vec![Write::PutOrg(Org { slug: "acme".to_owned(), ..org(number) }), Write::PutJob(job(number))]
    })
    .await;
    let taken = StoreErrorKind::Duplicate(UniqueKey::OrgSlug);
    let winner = one_winner(&ends, taken, "organisations with one slug");
    let orgs = store.orgs(REALM, PageRequest::first(200)).await.answer().items;
    let orgs: Vec<_> = orgs.iter().map(|row| row.id).collect();
    assert_eq!(orgs, [org_id(winner)], "a slug that came too late left its organisation behind");
    let found = store.org_by_slug(REALM, "acme").await.found("an organisation");
    assert_eq!(found.id, org_id(winner), "the slug belongs to somebody who was told that it is taken");
}

async fn only_the_winner_worked(store: &AnyStore, winner: u128) {
    let jobs = store.pending_jobs(REALM, PageRequest::first(200)).await.answer().items;
    let jobs: Vec<_> = jobs.iter().map(|row| row.id).collect();
    assert_eq!(jobs, [job(winner).id], "a commit that came too late did its work all the same");
}

/// The roles of one organisation set by many who read the same rights: one wins, all others meet a conflict.
pub async fn one_set_of_roles_wins(store: AnyStore, profile: Profile) {
    commit(&store, [Write::PutOrg(org(1))]).await;
    let role = |number: u128| custom_role(&format!("racer-{number}"));
    let set = |number| Write::PutRoles { org: org_id(1), roles: vec![role(number)], from: 0 };
    let ends = commits_once(&store, profile.racers, |number| vec![set(number), Write::PutJob(job(number))]).await;
    let winner = one_winner(&ends, StoreErrorKind::Conflict, "sets of roles of one organisation");
    let read = store.org(REALM, org_id(1)).await.found("an organisation");
    assert_eq!((read.roles, read.rights_version), (vec![role(winner)], 1), "the roles are not those of the one winner");
    only_the_winner_worked(&store, winner).await;
}

/// One chain sealed by many who read the same end, each with another event: one wins, and the chain has no fork; first
/// where it has no end yet, then behind one.
pub async fn one_sealer_wins(store: AnyStore, profile: Profile) {
    let org = Some(org_id(1));
    let events = (1..=2 * profile.racers as u128).map(|number| Write::Audit(AuditEvent { org, ..event(number) }));
    commit(&store, events.collect::<Vec<_>>()).await;
    for from in [0, 1] {
        let event = |number| event_id(number + u128::from(from) * profile.racers as u128);
        let ends = commits_once(&store, profile.racers, |number| {
            let seals = vec![(event(number), seal(from + 1))];
            vec![Write::SealEvents { realm: REALM, org, from, seals }, Write::PutJob(job(number))]
        })
        .await;
        let winner = one_winner(&ends, StoreErrorKind::Conflict, "sealers of one chain");
        let sealed = store.sealed_events(REALM, org, from, 200).await.answer();
        let sealed: Vec<_> = sealed.into_iter().map(|event| (event.id, event.seal)).collect();
        assert_eq!(sealed, [(event(winner), Some(seal(from + 1)))], "not exactly the event of the winner was sealed");
        let head = store.chain_head(REALM, org).await.answer();
        assert_eq!(head, Some(seal(from + 1)), "the end of the chain is not that of the winner");
        only_the_winner_worked(&store, winner).await;
        store.lease(REALM, worker(1), NOW, at(60), 9).await.answer();
        commit(&store, [Write::FinishJob { id: job(winner).id, worker: worker(1) }]).await;
    }
}
