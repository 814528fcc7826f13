//! An organisation with people in it, for the tests that are about organisations.

use std::sync::Arc;

use serde_json::{Value, json};
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::model::{AuditEvent, Membership, RoleKey};
use usermgmt_core::permission::Permission;
use usermgmt_core::port::{OsRandom, Random as _};
use usermgmt_core::proof::{Permit, Principal};
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::{Client, NewUser};
use usermgmt_tests::{App, Person, Reply};

/// Somebody with a proven address, signed in, in no organisation.
pub(crate) async fn newcomer(app: &App, local_part: &str) -> Person {
    let mut person = account(app, local_part).await;
    person.sign_in().await.expect(200);
    person
}

/// Somebody with a proven address who has not signed in yet.
pub(crate) async fn account(app: &App, local_part: &str) -> Person {
    let person = Person::new(app, local_part);
    let password = Some(person.password.as_str().into());
    let new = NewUser { email: &person.email, name: local_part, password, email_is_verified: true };
    app.auth.users("test").create(new).await.unwrap();
    person
}

pub(crate) async fn id_of(app: &App, person: &Person) -> UserId {
    app.auth.users("test").by_email(&person.email).await.unwrap().user.id
}

/// Who the server takes the browser of this person for.
pub(crate) async fn principal(app: &App, person: &Person) -> Arc<Principal> {
    let secret = Bearer::parse(BearerKind::Session, &person.agent.cookies["um_session"]).unwrap();
    app.auth.principal(&secret).await.unwrap().expect("signed in")
}

/// What this person may do in the organisation that they act in.
pub(crate) async fn permit<P: Permission>(app: &App, person: &Person) -> Permit<P> {
    app.auth.scope(&principal(app, person).await).unwrap().permit().expect("the right")
}

pub(crate) fn keys(roles: &[&str]) -> Vec<RoleKey> {
    roles.iter().map(|role| RoleKey::new(*role)).collect()
}

/// A direct call of somebody signed in.
pub(crate) fn client() -> Client {
    Client::default()
}

/// Words of what was refused by a direct call.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, usermgmt_core::Error>) -> String {
    result.unwrap_err().to_string()
}

/// An organisation.
#[derive(Clone)]
pub(crate) struct Team {
    pub(crate) id: OrgId,
    pub(crate) owner: Person,
}

impl Team {
    /// One owner, signed in, and nobody else.
    pub(crate) async fn of(app: &App, owner: &str) -> Self {
        let mut owner = account(app, owner).await;
        let id = app.auth.organizations("test").create(id_of(app, &owner).await, "Team of tests").await.unwrap();
        owner.sign_in().await.expect(200);
        Self { id, owner }
    }

    /// Below the organisation's address.
    pub(crate) fn path(&self, tail: &str) -> String {
        format!("/auth/organizations/{}{tail}", self.id)
    }

    /// Somebody new, a member with these roles, signed in here.
    pub(crate) async fn member(&self, app: &App, local_part: &str, roles: &[&str]) -> Person {
        let mut person = account(app, local_part).await;
        self.join(app, &person, roles).await;
        person.sign_in().await.expect(200);
        person
    }

    /// Somebody with an account becomes a member.
    pub(crate) async fn join(&self, app: &App, person: &Person, roles: &[&str]) {
        let user = id_of(app, person).await;
        app.auth.organizations("test").add_member(self.id, user, &keys(roles)).await.unwrap();
    }

    pub(crate) async fn membership(&self, app: &App, person: &Person) -> Option<Membership> {
        app.store.store.membership(self.id, id_of(app, person).await).await.unwrap()
    }

    /// Roles of a member, as stored.
    pub(crate) async fn roles(&self, app: &App, person: &Person) -> Vec<String> {
        let membership = self.membership(app, person).await.expect("a member");
        membership.roles.iter().map(|role| role.as_str().to_owned()).collect()
    }

    /// Somebody asks for something below the organisation's address.
    pub(crate) async fn get(&self, person: &mut Person, tail: &str) -> Reply {
        person.agent.get(&self.path(tail)).await
    }

    /// Somebody does something below the organisation's address.
    pub(crate) async fn post(&self, person: &mut Person, tail: &str, body: Value) -> Reply {
        person.agent.post(&self.path(tail), body).await
    }

    /// Somebody asks to add whoever has an address.
    pub(crate) async fn add(&self, actor: &mut Person, email: &str, roles: &[&str]) -> Reply {
        self.post(actor, "/members", json!({ "email": email, "roles": roles })).await
    }

    /// Somebody does something with a member.
    pub(crate) async fn act(&self, app: &App, actor: &mut Person, verb: &str, on: &Person, body: Value) -> Reply {
        let user = id_of(app, on).await;
        self.post(actor, &format!("/members/{user}/{verb}"), body).await
    }

    /// Gives a member other roles over HTTP.
    pub(crate) async fn set_roles(&self, app: &App, actor: &mut Person, on: &Person, roles: &[&str]) -> Reply {
        self.act(app, actor, "roles", on, json!({ "roles": roles })).await
    }

    /// Enters this organisation, where a person has several.
    pub(crate) async fn enter(&self, person: &mut Person) -> Reply {
        self.post(person, "/enter", json!({})).await
    }

    /// Makes a role; answers its key.
    pub(crate) async fn role(&self, actor: &mut Person, name: &str, rights: &[&str]) -> String {
        let made = self.post(actor, "/roles", json!({ "name": name, "rights": rights })).await.expect(201);
        made.json()["key"].as_str().unwrap().to_owned()
    }

    /// Events of one kind, the oldest first.
    pub(crate) async fn events(&self, app: &App, kind: &str) -> Vec<AuditEvent> {
        app.events(Some(self.id)).await.into_iter().filter(|event| event.kind.as_str() == kind).collect()
    }
}

/// What a request asks of the things of the application, by role: reading and writing.
pub(crate) async fn things(person: &mut Person) -> (u16, u16) {
    let read = person.agent.get("/host/things").await.status.as_u16();
    (read, person.agent.post("/host/things", json!({})).await.status.as_u16())
}

/// What happened here, by its kind and outcome.
pub(crate) fn word(reply: &Reply) -> String {
    format!("{} {}", reply.status.as_u16(), reply.code())
}

/// The application with one more role, `keeper`, which may do everything with things.
pub(crate) async fn with_keepers(app: App) -> App {
    app.configured(|builder| builder.role("keeper", ["thing:*"]).permissions(["thing:read", "thing:write"])).await
}

/// Random choices that can be made again: the seed is printed, and can be given as `USERMGMT_TEST_SEED`.
pub(crate) struct Dice(u64);

impl Dice {
    #[expect(clippy::print_stdout, reason = "a test that fails shows what to begin with")]
    pub(crate) fn new() -> Self {
        let mut seed = [0; 8];
        OsRandom.fill(&mut seed).unwrap();
        let given = std::env::var("USERMGMT_TEST_SEED").ok();
        let seed = given.map_or(u64::from_le_bytes(seed), |seed| seed.parse().expect("a number"));
        println!("USERMGMT_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below the limit (a linear congruential generator, Knuth's constants).
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
