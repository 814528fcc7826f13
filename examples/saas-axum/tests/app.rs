//! What the example promises, without a network.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use saas_axum::{Shared, app};
use tempfile::TempDir;
use tower::ServiceExt as _;
use usermgmt::{Client, HashCost, NewUser, OrgId, SignIn, SignInOutcome, SignedIn};
use usermgmt_core::id::CommitId;
use usermgmt_core::model::{Membership, MembershipStatus, RoleKey, Version};
use usermgmt_core::store::{ChangeSet, Write};

const ORIGIN: &str = "http://localhost:3000";
const PASSWORD: &str = "correct horse battery";

struct World {
    folder: TempDir,
    shared: Shared,
    app: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl World {
    async fn open(folder: TempDir) -> Self {
        let cheap = |builder: usermgmt::Builder| builder.without_workers().hash_cost(HashCost::insecure_for_tests());
        let shared = Shared::open(folder.path(), ORIGIN, cheap).await.unwrap();
        let app = app(shared.clone());
        Self { folder, shared, app }
    }

    async fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap()).await
    }

    /// Ends the application and starts it again with the same data.
    async fn restart(self) -> Self {
        self.shared.close().await;
        Self::open(self.folder).await
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

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header("cookie", cookie).header("accept", "text/html");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = Request::post(path).header("cookie", cookie).header("origin", ORIGIN);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
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
    let world = World::new().await;
    let home = world.get("/", "").await;
    assert_eq!(home.status, StatusCode::OK);
    for link in ["/auth/sign-up", "/auth/sign-in", "/auth/dev/mailbox", "/auth/style.css", "/projects.css"] {
        assert!(home.body.contains(&format!("href=\"{link}\"")), "{link}");
    }
    let policy = home.headers.get(header::CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !home.body.contains("<script"));
    assert_eq!(world.get("/projects.css", "").await.status, StatusCode::OK);
    assert_eq!(world.get("/nowhere", "").await.status, StatusCode::NOT_FOUND);
    let (_, org) = world.owner("ann", "Acme").await;
    let led = world.get(&format!("/orgs/{org}/projects"), "").await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    let location = led.headers.get(header::LOCATION).unwrap().to_str().unwrap();
    assert!(location.starts_with("/auth/sign-in?return_to=%2Forgs%2F"), "{location}");
}

#[tokio::test]
async fn an_owner_adds_and_deletes_projects_and_finds_them_after_a_restart() {
    let world = World::new().await;
    let (ann, org) = world.owner("ann", "Acme").await;
    let projects = format!("/orgs/{org}/projects");
    let added = world.post(&projects, &ann, "name=%3Cb%3ERocket%3C%2Fb%3E").await;
    assert_eq!(
        (added.status, added.headers.get(header::LOCATION).unwrap().to_str().unwrap()),
        (StatusCode::SEE_OTHER, projects.as_str())
    );
    let refused = world.post(&projects, &ann, "name=+").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("aria-invalid=\"true\""));

    let world = world.restart().await;
    for page in ["/", projects.as_str()] {
        let page = world.get(page, &ann).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("&lt;b&gt;Rocket&lt;") && !page.body.contains("<b>"), "{}", page.body);
        assert!(page.body.contains("Acme") && page.body.contains("Hello, <bdi>ann</bdi>"));
    }
    let delete = format!("{projects}/1/delete");
    assert!(world.get(&delete, &ann).await.body.contains("There is no way back"));
    assert_eq!(world.post(&delete, &ann, "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.post(&delete, &ann, "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.count("project").await, 0);
}

#[tokio::test]
async fn a_member_may_add_but_not_delete() {
    let world = World::new().await;
    let (ann, org) = world.owner("ann", "Acme").await;
    let bob = world.member("bob", org).await;
    let projects = format!("/orgs/{org}/projects");
    assert_eq!(world.post(&projects, &bob, "name=Rocket").await.status, StatusCode::SEE_OTHER);
    let page = world.get(&projects, &bob).await.body;
    assert!(page.contains("Rocket") && !page.contains("/delete"));
    assert!(world.get(&projects, &ann).await.body.contains("/delete"));
    let refused = world.post(&format!("{projects}/1/delete"), &bob, "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("permission_missing") && refused.body.contains("project:delete"));
    assert_eq!(world.count("project").await, 1);
}

#[tokio::test]
async fn other_organisations_do_not_exist() {
    let world = World::new().await;
    let (ann, acme) = world.owner("ann", "Acme").await;
    let (eve, evil) = world.owner("eve", "Evil").await;
    world.post(&format!("/orgs/{acme}/projects"), &ann, "name=Rocket").await;
    assert_eq!(world.get(&format!("/orgs/{acme}/projects"), &eve).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.post(&format!("/orgs/{acme}/projects"), &eve, "name=Virus").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.post(&format!("/orgs/{acme}/projects/1/delete"), &eve, "").await.status, StatusCode::NOT_FOUND);
    // The own organisation in the path, the other's project behind it.
    assert_eq!(world.get(&format!("/orgs/{evil}/projects/1/delete"), &eve).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.post(&format!("/orgs/{evil}/projects/1/delete"), &eve, "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.count("project").await, 1);
}

#[tokio::test]
async fn another_site_cannot_use_the_forms() {
    let world = World::new().await;
    let (ann, org) = world.owner("ann", "Acme").await;
    for path in [format!("/orgs/{org}/projects"), "/workspaces".to_owned()] {
        let request = Request::post(path).header("cookie", &ann).header("origin", "https://evil.example");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let refused = world.send(request.body(Body::from("name=Virus")).unwrap()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_eq!((world.count("project").await, world.count("usermgmt_org").await), (0, 1));
}

#[tokio::test]
async fn a_workspace_and_its_organisation_are_made_together_or_not_at_all() {
    let world = World::new().await;
    world.user("ann").await;
    let ann = cookie(&world.sign_in("ann").await);
    assert!(world.get("/", &ann).await.body.contains("You are in no organization"));
    let made = world.post("/workspaces", &ann, "name=Acme").await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    assert_eq!((world.count("workspace").await, world.count("usermgmt_org").await), (1, 1));
    let taken = world.post("/workspaces", &ann, "name=ACME").await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.body.contains("of this name already") && taken.body.contains("value=\"ACME\""));
    let nameless = world.post("/workspaces", &ann, "name=").await;
    assert!(nameless.body.contains("needs a name"));
    assert_eq!((world.count("workspace").await, world.count("usermgmt_org").await), (1, 1));
    let ann = cookie(&world.sign_in("ann").await);
    assert!(world.get("/", &ann).await.body.contains("Projects of <bdi>Acme</bdi>"));
}

#[tokio::test]
async fn an_outage_is_told_as_one() {
    let world = World::new().await;
    let (ann, org) = world.owner("ann", "Acme").await;
    world.shared.db.close().await;
    for path in ["/".to_owned(), format!("/orgs/{org}/projects")] {
        let down = world.get(&path, &ann).await;
        assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(down.headers.contains_key(header::RETRY_AFTER), "{path}");
    }
}
