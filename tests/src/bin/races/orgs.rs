//! Races about an organisation: its owners, its seats, its roles.

use futures_util::future::{join, join_all};
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::error::Error;
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::model::{MemberFilter, MembershipStatus, Org, OrgStatus, RoleKey};
use usermgmt_core::page::PageRequest;
use usermgmt_core::permission::Permission;
use usermgmt_core::proof::Permit;
use usermgmt_core::secret::Bearer;
use usermgmt_service::{
    AddMembers, Client, HashCost, ManageMembers, ManageOrganization, ManageRoles, NewUser, OrgChange, OwnOrganization,
    RoleInput, SignIn, UserMgmt,
};
use usermgmt_tests::StoreKind;
use usermgmt_tests::report::Report;

use super::{PASSWORD, World, session};

/// An organisation of which Ann and Bob are owners, seen through a store that lets both commit at once.
struct Team {
    world: World,
    auth: UserMgmt,
    racing: UserMgmt,
    org: OrgId,
    owners: [(UserId, Bearer); 2],
}

fn roles(keys: &[&str]) -> Vec<RoleKey> {
    keys.iter().map(|key| RoleKey::new(*key)).collect()
}

async fn user(auth: &UserMgmt, name: &str) -> UserId {
    let email = format!("{name}@example.test");
    let new = NewUser { email: &email, name, password: Some(PASSWORD.into()), email_is_verified: true };
    auth.users("race").create(new).await.unwrap()
}

async fn signed_in(auth: &UserMgmt, name: &str) -> Bearer {
    let email = format!("{name}@example.test");
    let input = SignIn { email: &email, password: PASSWORD.into(), remember: false };
    session(auth.sign_in(&Client::default(), input).await.unwrap())
}

impl Team {
    async fn new(kind: StoreKind, racers: usize) -> Self {
        let world = World::new(kind).await;
        let auth = world.auth().await;
        let (ann, bob) = (user(&auth, "ann").await, user(&auth, "bob").await);
        let all = auth.organizations("race");
        let org = all.create(ann, "Acme").await.unwrap();
        all.add_member(org, bob, &roles(&["owner"])).await.unwrap();
        let owners = [(ann, signed_in(&auth, "ann").await), (bob, signed_in(&auth, "bob").await)];
        let held = Rendezvous::of(world.store.store.clone(), Call::Commit, racers);
        let racing = world.auth_on(held, HashCost::insecure_for_tests()).await;
        Self { world, auth, racing, org, owners }
    }

    async fn member(&self, name: &str, keys: &[&str]) -> UserId {
        let id = user(&self.auth, name).await;
        self.auth.organizations("race").add_member(self.org, id, &roles(keys)).await.unwrap();
        id
    }

    async fn permit<P: Permission>(&self, secret: &Bearer) -> Permit<P> {
        let principal = self.racing.principal(secret).await.unwrap().unwrap();
        self.racing.scope(&principal).unwrap().permit().unwrap()
    }

    async fn org(&self) -> Org {
        self.auth.organizations("race").get(self.org).await.unwrap()
    }

    /// What the organisation's row says is what its memberships are.
    async fn is_sound(&self) -> Org {
        let org = self.org().await;
        let all = self.world.store.store.members(self.org, &MemberFilter::default(), PageRequest::first(200)).await;
        let all = all.unwrap().items.into_iter().map(|record| record.membership);
        let active: Vec<_> = all.filter(|row| row.status == MembershipStatus::Active).collect();
        let owners = active.iter().filter(|row| row.roles.contains(&RoleKey::new("owner"))).count();
        assert_eq!((org.members as usize, org.owners as usize), (active.len(), owners));
        assert!(owners >= 1, "somebody answers for the organisation");
        org
    }
}

fn code(end: &Result<(), Error>) -> &str {
    match end {
        Ok(()) => "ok",
        Err(Error::Refused(refused)) => refused.code(),
        Err(Error::Invalid(invalid)) => invalid.fields()[0].code,
        Err(Error::Unavailable(outage)) => panic!("{outage:?}"),
    }
}

/// Exactly one has won, and the other has heard one of these.
fn one_wins(ends: &[Result<(), Error>], losers: &[&str]) {
    let mut codes: Vec<_> = ends.iter().map(code).collect();
    let winners = codes.len();
    codes.retain(|code| *code != "ok");
    assert_eq!(winners - codes.len(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| losers.contains(code)), "{codes:?}");
}

pub(super) async fn leaving(kind: StoreKind, report: Report) {
    let team = Team::new(kind, 2).await;
    let leave = async |secret: &Bearer| {
        let principal = team.racing.principal(secret).await.unwrap().unwrap();
        team.racing.orgs().leave(&Client::default(), &principal, team.org).await
    };
    let (one, other) = join(leave(&team.owners[0].1), leave(&team.owners[1].1)).await;
    one_wins(&[one, other], &["last_owner"]);
    assert_eq!(team.is_sound().await.owners, 1);
    report.case("OR-02");
    report.twin("OR-02");
}

pub(super) async fn demoting(kind: StoreKind, report: Report) {
    let team = Team::new(kind, 2).await;
    let [(ann, ann_secret), (bob, bob_secret)] = &team.owners;
    let demote = async |secret: &Bearer, victim: UserId| {
        let permit = team.permit::<ManageMembers>(secret).await;
        team.racing.orgs().set_roles(&Client::default(), &permit, victim, &roles(&["member"])).await
    };
    let (one, other) = join(demote(ann_secret, *bob), demote(bob_secret, *ann)).await;
    one_wins(&[one, other], &["last_owner", "authority_changed"]);
    assert_eq!(team.is_sound().await.owners, 1);
    report.case("OR-02");
}

pub(super) async fn deleting(kind: StoreKind, _: Report) {
    let team = Team::new(kind, 2).await;
    let [(ann, ann_secret), (_, bob_secret)] = &team.owners;
    let delete = async {
        let permit = team.permit::<OwnOrganization>(ann_secret).await;
        let principal = team.racing.principal(ann_secret).await.unwrap().unwrap();
        let fresh = team.racing.step_up(&principal, None).unwrap();
        team.racing.orgs().delete(&Client::default(), &permit, &fresh).await
    };
    let demote = async {
        let permit = team.permit::<ManageMembers>(bob_secret).await;
        team.racing.orgs().set_roles(&Client::default(), &permit, *ann, &roles(&["member"])).await
    };
    let (deleted, demoted) = join(delete, demote).await;
    let is_deleted = team.org().await.status == OrgStatus::Deleted;
    assert_eq!(is_deleted, deleted.is_ok());
    one_wins(&[deleted, demoted], &["authority_changed"]);
}

pub(super) async fn seats(kind: StoreKind, report: Report) {
    let team = Team::new(kind, 20).await;
    team.auth.organizations("race").set_seats(team.org, Some(3)).await.unwrap();
    let mut users = Vec::new();
    for number in 0..20 {
        users.push(user(&team.auth, &format!("racer{number}")).await);
    }
    let permit = team.permit::<AddMembers>(&team.owners[0].1).await;
    let (client, member) = (Client::default(), roles(&["member"]));
    let adds = users.iter().map(|user| team.racing.orgs().add_member(&client, &permit, *user, &member));
    let ends = join_all(adds).await;
    let won = ends.iter().filter(|end| end.is_ok()).count();
    assert_eq!(won, 1, "one seat was left");
    assert!(ends.iter().all(|end| matches!(code(end), "ok" | "seats_taken" | "conflict")), "{ends:?}");
    assert_eq!(team.is_sound().await.members, 3);
    report.case("OR-09");
    report.twin("OR-09");
}

pub(super) async fn roles_in_use(kind: StoreKind, report: Report) {
    let team = Team::new(kind, 2).await;
    let all = team.auth.organizations("race");
    let rights = ["member:manage".to_owned()];
    let helpers = RoleInput { key: None, name: "Helpers", rights: &rights };
    let key = all.put_role(team.org, helpers).await.unwrap();
    let helper = team.member("helper", &[key.as_str()]).await;
    let secret = signed_in(&team.auth, "helper").await;
    let victim = team.member("victim", &["member"]).await;
    let edit = async {
        let permit = team.permit::<ManageRoles>(&team.owners[0].1).await;
        let nothing = RoleInput { key: Some(&key), name: "Helpers", rights: &[] };
        team.racing.orgs().put_role(&Client::default(), &permit, nothing).await.map(drop)
    };
    let used = async {
        let permit = team.permit::<ManageMembers>(&secret).await;
        team.racing.orgs().remove_member(&Client::default(), &permit, victim).await
    };
    let (edited, used) = join(edit, used).await;
    assert_eq!(code(&edited), "ok");
    assert!(matches!(code(&used), "ok" | "authority_changed"), "{used:?}");
    // Whoever came first: from now on the role gives nothing.
    let principal = team.auth.principal(&secret).await.unwrap().unwrap();
    assert_eq!(principal.user(), helper);
    assert!(team.auth.scope(&principal).unwrap().permit::<ManageMembers>().is_err());
    team.is_sound().await;
    report.requirement(208);
}

pub(super) async fn removals(kind: StoreKind, _: Report) {
    let team = Team::new(kind, 2).await;
    let victim = team.member("victim", &["member"]).await;
    let remove = async |secret: &Bearer| {
        let permit = team.permit::<ManageMembers>(secret).await;
        team.racing.orgs().remove_member(&Client::default(), &permit, victim).await
    };
    let (one, other) = join(remove(&team.owners[0].1), remove(&team.owners[1].1)).await;
    one_wins(&[one, other], &["not_found"]);
    assert_eq!(team.is_sound().await.members, 2);
}

pub(super) async fn slugs(kind: StoreKind, _: Report) {
    let team = Team::new(kind, 2).await;
    let other = team.auth.organizations("race").create(team.owners[0].0, "Other").await.unwrap();
    let mine = async {
        let permit = team.permit::<ManageOrganization>(&team.owners[1].1).await;
        let change = OrgChange { slug: Some("wanted"), ..OrgChange::default() };
        team.racing.orgs().update(&Client::default(), &permit, change).await
    };
    let theirs = async {
        let change = OrgChange { slug: Some("wanted"), ..OrgChange::default() };
        team.racing.organizations("race").update(other, change).await
    };
    let (one, two) = join(mine, theirs).await;
    one_wins(&[one, two], &["taken"]);
}
