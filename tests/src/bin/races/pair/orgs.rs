//! Races about an organisation: its owners, its slug.

use serde_json::json;
use usermgmt_core::id::OrgId;
use usermgmt_core::model::{MemberFilter, MembershipStatus, Org, OrgStatus, RoleKey};
use usermgmt_core::page::PageRequest;
use usermgmt_tests::Agent;

use super::people::{Person, email};
use super::{Pair, Racer, winner};

/// An organisation of which Ann and Bob are owners.
struct Team {
    org: OrgId,
    owners: [Person; 2],
    browsers: [Agent; 2],
}

impl Team {
    async fn new(pair: &Pair) -> Self {
        let owners = [pair.person("ann").await, pair.person("bob").await];
        let all = pair.auth.organizations("race");
        let org = all.create(owners[0].id, "Acme").await.unwrap();
        all.add_member(org, owners[1].id, &[RoleKey::new("owner")]).await.unwrap();
        let browsers = [pair.browser(&owners[0]).await, pair.browser(&owners[1]).await];
        Self { org, owners, browsers }
    }

    fn path(&self, tail: &str) -> String {
        format!("/auth/organizations/{}{tail}", self.org)
    }

    /// One owner makes the other one a member.
    fn demotion(&self, by: usize) -> Racer {
        let path = self.path(&format!("/members/{}/roles", self.owners[1 - by].id));
        Racer::post(&self.browsers[by], path, json!({ "roles": ["member"] }))
    }
}

/// What the organisation's row says is what its memberships are.
pub(super) async fn sound(pair: &Pair, org: OrgId) -> Org {
    let row = pair.auth.organizations("race").get(org).await.unwrap();
    let all = pair.store.members(org, &MemberFilter::default(), PageRequest::first(200)).await.unwrap();
    let all = all.items.into_iter().map(|record| record.membership);
    let active: Vec<_> = all.filter(|member| member.status == MembershipStatus::Active).collect();
    let owners = active.iter().filter(|member| member.roles.contains(&RoleKey::new("owner"))).count();
    assert_eq!((row.members as usize, row.owners as usize), (active.len(), owners));
    assert!(owners >= 1, "somebody answers for the organisation");
    row
}

pub(super) async fn leaving(pair: &Pair) {
    let team = Team::new(pair).await;
    let leave = |agent: &Agent| Racer::post(agent, team.path("/leave"), json!({}));
    let won = winner(&pair.race("commit", team.browsers.iter().map(leave).collect()).await, &["409 last_owner"]);
    let org = sound(pair, team.org).await;
    assert_eq!((org.owners, org.members), (1, 1));
    let gone = pair.store.membership(team.org, team.owners[won].id).await.unwrap();
    assert!(gone.is_none(), "who was told so has left");
}

pub(super) async fn demoting(pair: &Pair) {
    let team = Team::new(pair).await;
    let replies = pair.race("commit", vec![team.demotion(0), team.demotion(1)]).await;
    let won = winner(&replies, &["409 last_owner", "403 authority_changed"]);
    let org = sound(pair, team.org).await;
    assert_eq!((org.owners, org.members), (1, 2));
    let kept = pair.store.membership(team.org, team.owners[won].id).await.unwrap().unwrap();
    assert!(kept.roles.contains(&RoleKey::new("owner")), "who was first is still an owner");
}

pub(super) async fn deleting(pair: &Pair) {
    let team = Team::new(pair).await;
    let delete = Racer::post(&team.browsers[0], team.path("/delete"), json!({}));
    let replies = pair.race("commit", vec![delete, team.demotion(1)]).await;
    let won = winner(&replies, &["403 authority_changed"]);
    let org = sound(pair, team.org).await;
    assert_eq!(org.status == OrgStatus::Deleted, won == 0);
    assert_eq!(org.owners, if won == 0 { 2 } else { 1 });
}

pub(super) async fn slugs(pair: &Pair) {
    let teams = [Team::new(pair).await, Team::new(pair).await];
    let wanted = email("wanted").split('@').next().unwrap().to_owned();
    let claim = |team: &Team| Racer::post(&team.browsers[0], team.path(""), json!({ "slug": wanted }));
    let won = winner(&pair.race("commit", teams.iter().map(claim).collect()).await, &["422 taken"]);
    let owner = pair.auth.organizations("race").by_slug(&wanted).await.unwrap();
    assert_eq!(owner.id, teams[won].org);
    let other = pair.auth.organizations("race").get(teams[1 - won].org).await.unwrap();
    assert_ne!(other.slug, wanted);
}
