//! Races for the last seat of an organisation.

use futures_util::future::join_all;
use serde_json::json;
use usermgmt_core::id::OrgId;
use usermgmt_core::model::{MemberFilter, MembershipStatus, RoleKey};
use usermgmt_core::page::PageRequest;
use usermgmt_tests::Agent;

use super::orgs::sound;
use super::people::Person;
use super::{Pair, Racer, winner};

/// An organisation with one seat left, and twenty who want it. It lives through all rounds: whoever has got the seat
/// gives it back at the end.
pub(super) struct Crowd {
    org: OrgId,
    owner: Agent,
    people: Vec<Person>,
}

impl Crowd {
    async fn gather(pair: &Pair, are_members: bool) -> Self {
        let owner = pair.person("owner").await;
        let all = pair.auth.organizations("race");
        let org = all.create(owner.id, "Crowded").await.unwrap();
        let mut people = Vec::new();
        for _ in 0..20 {
            let person = pair.person("racer").await;
            if are_members {
                all.add_member(org, person.id, &[RoleKey::new("member")]).await.unwrap();
                all.set_member_status(org, person.id, MembershipStatus::Suspended).await.unwrap();
            }
            people.push(person);
        }
        all.set_seats(org, Some(2)).await.unwrap();
        Self { org, owner: pair.browser(&owner).await, people }
    }

    fn path(&self, tail: &str) -> String {
        format!("/auth/organizations/{}/members{tail}", self.org)
    }

    /// Places in the crowd of those who are active members.
    async fn seated(&self, pair: &Pair) -> Vec<usize> {
        let filter = MemberFilter { status: Some(MembershipStatus::Active), ..MemberFilter::default() };
        let active = pair.store.members(self.org, &filter, PageRequest::first(200)).await.unwrap().items;
        let is_active = |person: &Person| active.iter().any(|member| member.membership.user == person.id);
        self.people.iter().enumerate().filter(|(_, person)| is_active(person)).map(|(place, _)| place).collect()
    }
}

pub(super) async fn returning(pair: &Pair) {
    let crowd = pair.crowds[0].get_or_init(|| Crowd::gather(pair, true)).await;
    let wish =
        |person: &Person| Racer::post(&crowd.owner, crowd.path(&format!("/{}/reactivate", person.id)), json!({}));
    let replies = pair.race("commit", crowd.people.iter().map(wish).collect()).await;
    let won = winner(&replies, &["409 seats_taken", "409 conflict"]);
    assert_eq!(crowd.seated(pair).await, [won]);
    assert_eq!(sound(pair, crowd.org).await.members, 2);
    let all = pair.auth.organizations("race");
    all.set_member_status(crowd.org, crowd.people[won].id, MembershipStatus::Suspended).await.unwrap();
}

pub(super) async fn additions(pair: &Pair) {
    let crowd = pair.crowds[1].get_or_init(|| Crowd::gather(pair, false)).await;
    // What was promised before is none of this race: refusals that were noted, mails.
    pair.work().await;
    pair.finish().await;
    let wishes = crowd.people.iter().enumerate().map(|(place, person)| async move {
        let body = json!({ "email": person.email, "roles": ["member"] });
        pair.at(&crowd.owner, place).post(&crowd.path(""), body).await.expect(202);
    });
    join_all(wishes).await;
    pair.work_at_once().await;
    pair.finish().await;
    let seated = crowd.seated(pair).await;
    assert_eq!(seated.len(), 1, "one of twenty gets the seat");
    assert_eq!(sound(pair, crowd.org).await.members, 2);
    pair.auth.organizations("race").remove_member(crowd.org, crowd.people[seated[0]].id).await.unwrap();
}
