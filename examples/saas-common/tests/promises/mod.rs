//! What both examples promise, without a network. Each compiles this file into its own tests, beside the few lines in
//! which they differ: where the data stands, and how a request is put to the framework.

use std::collections::HashMap;

use saas_common::settings::Settings;
use usermgmt::{Client, HashCost, NewKey, NewUser, OrgId, SignIn, SignInOutcome, SignedIn};
use usermgmt_core::id::CommitId;
use usermgmt_core::model::{Membership, MembershipStatus, RoleKey, Version};
use usermgmt_core::store::{ChangeSet, Write};

use crate::{Kept, Shared, send};

const ORIGIN: &str = "http://localhost:3000";
const PASSWORD: &str = "correct horse battery";

/// A request, in words that both frameworks know.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

struct World {
    kept: Kept,
    shared: Shared,
}

impl World {
    async fn open(kept: Kept) -> Self {
        let cheap = |builder: usermgmt::Builder| builder.without_workers().hash_cost(HashCost::insecure_for_tests());
        let variable = |name: &str| kept.variable(name);
        let shared = Shared::open(&Settings::read(variable).unwrap(), ORIGIN, cheap).await.unwrap();
        Self { kept, shared }
    }

    /// `None` if the database was left out on purpose.
    async fn new() -> Option<Self> {
        Some(Self::open(Kept::new().await?).await)
    }

    /// Ends the application and starts it again with the same data.
    async fn restart(self) -> Self {
        self.shared.close().await;
        Self::open(self.kept).await
    }

    async fn user(&self, name: &str) {
        let email = format!("{name}@example.com");
        let user = NewUser { email: &email, name, password: Some(PASSWORD.into()), email_is_verified: true };
        self.shared.auth.users("a test").create(user).await.unwrap();
    }

    async fn sign_in(&self, name: &str) -> SignedIn {
        let email = format!("{name}@example.com");
        let input = SignIn { email: &email, password: PASSWORD.into(), remember: false };
        match self.shared.auth.sign_in(&Client::default(), input).await.unwrap() {
            SignInOutcome::Complete(signed_in) => *signed_in,
            other => panic!("{other:?}"),
        }
    }

    /// A cookie of somebody who owns an organisation, and the organisation.
    async fn owner(&self, name: &str, org: &str) -> (String, OrgId) {
        self.user(name).await;
        let signed_in = self.sign_in(name).await;
        let org = self.shared.auth.orgs().create(&Client::default(), &signed_in.principal, org).await.unwrap();
        (cookie(&self.sign_in(name).await), org)
    }

    /// A cookie of a plain member.
    async fn member(&self, name: &str, org: OrgId) -> String {
        self.user(name).await;
        let (auth, user) = (&self.shared.auth, self.sign_in(name).await.principal.user());
        let (now, id) = (auth.now(), CommitId::new(auth.random(), auth.now()).unwrap());
        let membership = Membership {
            org,
            user,
            roles: vec![RoleKey::new("member")],
            status: MembershipStatus::Active,
            rights_version: 1,
            created_at: now,
            version: Version::NEW,
        };
        let changes = ChangeSet::new(id, auth.realm(), now).with(Write::PutMembership(membership));
        auth.store().commit(changes).await.unwrap();
        cookie(&self.sign_in(name).await)
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let headers = vec![("cookie", cookie.to_owned()), ("accept", "text/html".to_owned())];
        send(&self.shared, Asked { method: "GET", path: path.to_owned(), headers, ..Asked::default() }).await
    }

    async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        self.post_from(ORIGIN, path, cookie, form).await
    }

    async fn post_from(&self, origin: &str, path: &str, cookie: &str, form: &str) -> Answer {
        let form_type = "application/x-www-form-urlencoded";
        let headers = [("cookie", cookie), ("origin", origin), ("content-type", form_type)];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
        send(&self.shared, Asked { method: "POST", path: path.to_owned(), headers, body: form.to_owned() }).await
    }

    async fn count(&self, table: &'static str) -> i64 {
        let query = match table {
            "workspace" => "SELECT count(*) FROM workspace",
            "project" => "SELECT count(*) FROM project",
            _ => "SELECT count(*) FROM usermgmt_org",
        };
        sqlx::query_scalar(query).fetch_one(&self.shared.db).await.unwrap()
    }
}

fn cookie(signed_in: &SignedIn) -> String {
    format!("um_session={}", signed_in.session.expose())
}

#[tokio::test]
async fn a_stranger_sees_what_it_is_and_where_the_mails_are() {
    let Some(world) = World::new().await else { return };
    let home = world.get("/", "").await;
    assert_eq!(home.status, 200);
    for link in ["/auth/sign-up", "/auth/sign-in", "/auth/dev/mailbox", "/auth/style.css", "/projects.css"] {
        assert!(home.body.contains(&format!("href=\"{link}\"")), "{link}");
    }
    let policy = home.headers.get("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !home.body.contains("<script"));
    assert_eq!(world.get("/projects.css", "").await.status, 200);
    assert_eq!(world.get("/nowhere", "").await.status, 404);
    let (_, org) = world.owner("ann", "Acme").await;
    let led = world.get(&format!("/orgs/{org}/projects"), "").await;
    assert_eq!(led.status, 303);
    let location = led.headers.get("location").unwrap().as_str();
    assert!(location.starts_with("/auth/sign-in?return_to=%2Forgs%2F"), "{location}");
}

#[tokio::test]
async fn an_owner_adds_and_deletes_projects_and_finds_them_after_a_restart() {
    let Some(world) = World::new().await else { return };
    let (ann, org) = world.owner("ann", "Acme").await;
    let projects = format!("/orgs/{org}/projects");
    let added = world.post(&projects, &ann, "name=%3Cb%3ERocket%3C%2Fb%3E").await;
    assert_eq!((added.status, added.headers.get("location").unwrap().as_str()), (303, projects.as_str()));
    let refused = world.post(&projects, &ann, "name=+").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("aria-invalid=\"true\""));

    let world = world.restart().await;
    for page in ["/", projects.as_str()] {
        let page = world.get(page, &ann).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("&lt;b&gt;Rocket&lt;") && !page.body.contains("<b>"), "{}", page.body);
        assert!(page.body.contains("Acme") && page.body.contains("Hello, <bdi>ann</bdi>"));
    }
    let delete = format!("{projects}/1/delete");
    assert!(world.get(&delete, &ann).await.body.contains("There is no way back"));
    assert_eq!(world.post(&delete, &ann, "").await.status, 303);
    assert_eq!(world.post(&delete, &ann, "").await.status, 404);
    assert_eq!(world.count("project").await, 0);
}

#[tokio::test]
async fn a_member_may_add_but_not_delete() {
    let Some(world) = World::new().await else { return };
    let (ann, org) = world.owner("ann", "Acme").await;
    let bob = world.member("bob", org).await;
    let projects = format!("/orgs/{org}/projects");
    assert_eq!(world.post(&projects, &bob, "name=Rocket").await.status, 303);
    let page = world.get(&projects, &bob).await.body;
    assert!(page.contains("Rocket") && !page.contains("/delete"));
    assert!(world.get(&projects, &ann).await.body.contains("/delete"));
    let refused = world.post(&format!("{projects}/1/delete"), &bob, "").await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("permission_missing") && refused.body.contains("project:delete"));
    assert_eq!(world.count("project").await, 1);
}

#[tokio::test]
async fn other_organisations_do_not_exist() {
    let Some(world) = World::new().await else { return };
    let (ann, acme) = world.owner("ann", "Acme").await;
    let (eve, evil) = world.owner("eve", "Evil").await;
    world.post(&format!("/orgs/{acme}/projects"), &ann, "name=Rocket").await;
    assert_eq!(world.get(&format!("/orgs/{acme}/projects"), &eve).await.status, 404);
    assert_eq!(world.post(&format!("/orgs/{acme}/projects"), &eve, "name=Virus").await.status, 404);
    assert_eq!(world.post(&format!("/orgs/{acme}/projects/1/delete"), &eve, "").await.status, 404);
    // The own organisation in the path, the other's project behind it.
    assert_eq!(world.get(&format!("/orgs/{evil}/projects/1/delete"), &eve).await.status, 404);
    assert_eq!(world.post(&format!("/orgs/{evil}/projects/1/delete"), &eve, "").await.status, 404);
    assert_eq!(world.count("project").await, 1);
}

#[tokio::test]
async fn a_program_reads_projects_by_an_api_key_and_adds_none() {
    let Some(world) = World::new().await else { return };
    let (ann, acme) = world.owner("ann", "Acme").await;
    let (_, evil) = world.owner("eve", "Evil").await;
    world.post(&format!("/orgs/{acme}/projects"), &ann, "name=Rocket").await;
    let auth = &world.shared.auth;
    let principal = world.sign_in("ann").await.principal;
    let (fresh, scopes) = (auth.step_up(&principal, None).unwrap(), ["project:read".to_owned()]);
    let new = NewKey { name: "export", scopes: &scopes, ..NewKey::default() };
    let keys = auth.api_keys().unwrap().own(&principal);
    let (_, secret) = keys.make(&Client::default(), &fresh, new).await.unwrap();
    let ask = async |method, path: String| {
        let form = "application/x-www-form-urlencoded".to_owned();
        let headers = vec![("authorization", format!("Bearer {}", secret.expose())), ("content-type", form)];
        send(&world.shared, Asked { method, path, headers, body: "name=Virus".into() }).await
    };
    let told = ask("GET", format!("/orgs/{acme}/projects.json")).await;
    assert_eq!((told.status, told.headers["content-type"].as_str()), (200, "application/json"));
    assert!(told.body.contains(r#""name":"Rocket""#), "{}", told.body);
    assert_eq!(ask("GET", format!("/orgs/{evil}/projects.json")).await.status, 404);
    assert_eq!(ask("POST", format!("/orgs/{acme}/projects")).await.status, 403);
    assert_eq!(world.get(&format!("/orgs/{acme}/projects.json"), &ann).await.status, 200);
    assert_eq!(world.count("project").await, 1);
}

#[tokio::test]
async fn another_site_cannot_use_the_forms() {
    let Some(world) = World::new().await else { return };
    let (ann, org) = world.owner("ann", "Acme").await;
    for path in [format!("/orgs/{org}/projects"), "/workspaces".to_owned()] {
        let refused = world.post_from("https://evil.example", &path, &ann, "name=Virus").await;
        assert_eq!(refused.status, 403);
    }
    assert_eq!((world.count("project").await, world.count("usermgmt_org").await), (0, 1));
}

#[tokio::test]
async fn a_workspace_and_its_organisation_are_made_together_or_not_at_all() {
    let Some(world) = World::new().await else { return };
    world.user("ann").await;
    let ann = cookie(&world.sign_in("ann").await);
    assert!(world.get("/", &ann).await.body.contains("You are in no organization"));
    let made = world.post("/workspaces", &ann, "name=Acme").await;
    assert_eq!(made.status, 303, "{}", made.body);
    assert_eq!((world.count("workspace").await, world.count("usermgmt_org").await), (1, 1));
    let taken = world.post("/workspaces", &ann, "name=ACME").await;
    assert_eq!(taken.status, 422);
    assert!(taken.body.contains("of this name already") && taken.body.contains("value=\"ACME\""));
    let nameless = world.post("/workspaces", &ann, "name=").await;
    assert!(nameless.body.contains("needs a name"));
    assert_eq!((world.count("workspace").await, world.count("usermgmt_org").await), (1, 1));
    let ann = cookie(&world.sign_in("ann").await);
    assert!(world.get("/", &ann).await.body.contains("Projects of <bdi>Acme</bdi>"));
}

#[tokio::test]
async fn an_outage_is_told_as_one() {
    let Some(world) = World::new().await else { return };
    let (ann, org) = world.owner("ann", "Acme").await;
    world.shared.db.close().await;
    for path in ["/".to_owned(), format!("/orgs/{org}/projects")] {
        let down = world.get(&path, &ann).await;
        assert_eq!(down.status, 503, "{path}");
        assert!(down.headers.contains_key("retry-after"), "{path}");
    }
}
