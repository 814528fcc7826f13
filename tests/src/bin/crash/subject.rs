//! The child: an application that signs people up and makes workspaces, until it is killed.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use sqlx::{Executor as _, Row as _};
use usermgmt_core::id::{CommitId, OrgId};
use usermgmt_core::keys::{KeyCheck, KeyRing};
use usermgmt_core::model::{MembershipStatus, RoleKey};
use usermgmt_core::planned::Planned;
use usermgmt_core::port::{Mail, MailError, Mailer};
use usermgmt_core::store::{ChangeSet, CommitStore, Committed, Result, Store};
use usermgmt_service::{
    AddressProof, Client, HashCost, Limits, ManageMembers, ProveAddress, RoleInput, SignIn, SignInOutcome, SignUp,
    SignedIn, UserMgmt,
};
use usermgmt_sqlx::{Apply as _, Postgres, Sqlite};

/// What the child says when it stands at its point.
pub(crate) const STANDS: &str = "standing";

/// People that the script signs up.
const PEOPLE: u32 = 40;

/// Counts how often a point is passed and stops for good at the k-th time.
struct Point {
    wanted: String,
    left: AtomicU32,
}

impl Point {
    async fn pass(&self, here: &str) {
        if self.wanted == here && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let mut out = std::io::stdout();
            writeln!(out, "{STANDS}").unwrap();
            out.flush().unwrap();
            std::future::pending::<()>().await;
        }
    }
}

struct Stopping {
    inner: Arc<dyn Store>,
    point: Arc<Point>,
}

usermgmt_core::forward_reads!([] Stopping, |this| this.inner, |_call| ());

#[async_trait]
impl CommitStore for Stopping {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        self.point.pass("before commit").await;
        let committed = self.inner.commit(changes).await;
        self.point.pass("after commit, before its answer").await;
        committed
    }

    async fn committed(&self, id: CommitId) -> Result<bool> {
        self.inner.committed(id).await
    }

    async fn key_check(&self) -> Result<Option<KeyCheck>> {
        self.inner.key_check().await
    }
}

/// A mail server that outlives the child: a file to which every mail is appended.
struct Letters {
    file: PathBuf,
    point: Arc<Point>,
}

#[async_trait]
impl Mailer for Letters {
    async fn send(&self, mail: &Mail) -> std::result::Result<(), MailError> {
        self.point.pass("after commit, before send").await;
        let line =
            serde_json::json!({ "id": mail.id.to_string(), "to": mail.to.canonical(), "text": mail.expose_text() });
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.point.pass("during send").await;
        Ok(())
    }
}

enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    async fn open(url: &str) -> Self {
        let workspace = "CREATE TABLE IF NOT EXISTS workspace (name TEXT NOT NULL, org_id TEXT NOT NULL)";
        match url.strip_prefix("sqlite://") {
            Some(path) => {
                let store = Sqlite::open(path).await.unwrap();
                store.pool().execute(workspace).await.unwrap();
                Self::Sqlite(store)
            }
            None => {
                let store = Postgres::connect(url).await.unwrap();
                store.pool().execute(workspace).await.unwrap();
                Self::Postgres(store)
            }
        }
    }

    fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// The application's row and our organisation in one transaction.
    async fn make_workspace(&self, name: &str, org: Planned<OrgId>, point: &Point) {
        let id = org.value().to_string();
        let insert = "INSERT INTO workspace (name, org_id) VALUES ($1, $2)";
        match self {
            Self::Sqlite(store) => {
                let mut transaction = store.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
                sqlx::query(insert).bind(name).bind(id).execute(&mut *transaction).await.unwrap();
                let applied = org.apply(&mut transaction).await.unwrap();
                point.pass("host transaction, before commit").await;
                transaction.commit().await.unwrap();
                point.pass("host transaction, after commit").await;
                applied.acknowledge();
            }
            Self::Postgres(store) => {
                let mut transaction = store.pool().begin().await.unwrap();
                sqlx::query(insert).bind(name).bind(id).execute(&mut *transaction).await.unwrap();
                let applied = org.apply(&mut transaction).await.unwrap();
                point.pass("host transaction, before commit").await;
                transaction.commit().await.unwrap();
                point.pass("host transaction, after commit").await;
                applied.acknowledge();
            }
        }
    }
}

/// `POINT K DATABASE DIRECTORY`
pub(crate) fn run(args: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(script(&args[0], args[1].parse().unwrap(), &args[2], Path::new(&args[3])));
}

async fn script(point: &str, k: u32, url: &str, dir: &Path) {
    let point = Arc::new(Point { wanted: point.to_owned(), left: AtomicU32::new(k) });
    let database = Database::open(url).await;
    let store = Stopping { inner: database.store(), point: point.clone() };
    let letters = Letters { file: dir.join("letters"), point: point.clone() };
    let many = Limits::insecure_for_tests();
    let keys = KeyRing::from_file_or_create(dir.join("app.key")).unwrap();
    let builder = UserMgmt::builder(store, "http://localhost:1", keys).mailer(letters).limits(many);
    let auth = builder.hash_cost(HashCost::insecure_for_tests()).without_workers().build().await.unwrap();
    if point.wanted == "recover" {
        recover(&auth, &database).await;
        return;
    }
    for number in 0..PEOPLE {
        person(&auth, &database, &point, dir, number).await;
    }
}

async fn person(auth: &UserMgmt, database: &Database, point: &Point, dir: &Path, number: u32) {
    let email = format!("person{number}@example.test");
    let entered = SignUp {
        email: &email,
        password: "blowfish under moonlight".into(),
        name: "Person",
        organization: Some("Own"),
        ..SignUp::default()
    };
    let accepted = auth.sign_up(&Client::default(), entered).await.unwrap();
    let client = Client::default().with_browser(accepted.browser);
    auth.run_until_idle().await.unwrap();
    let letters = std::fs::read_to_string(dir.join("letters")).unwrap();
    let letter = letters.lines().rev().find(|line| line.contains(&email)).expect("the mail was sent");
    let (_, rest) = letter.split_once("token=").unwrap();
    let link: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
    let proof = ProveAddress { proof: AddressProof::Link(link.as_str().into()), password: None, organization: None };
    auth.prove_address(&client, proof).await.unwrap();
    let entered = SignIn { email: &email, password: "blowfish under moonlight".into(), remember: false };
    let SignInOutcome::Complete(signed_in) = auth.sign_in(&client, entered).await.unwrap() else { panic!("pending") };
    let planned = auth.orgs().plan_create(&client, &signed_in.principal, "Workspace").await.unwrap();
    database.make_workspace(&format!("workspace {number}"), planned, point).await;
    if let Some(before) = number.checked_sub(1) {
        colleague(auth, &client, &signed_in, &format!("person{before}@example.test")).await;
    }
}

/// Whoever came before becomes a member, gets a role of the organisation's own, and for some it ends there.
async fn colleague(auth: &UserMgmt, client: &Client, signed_in: &SignedIn, email: &str) {
    let scope = auth.scope(&signed_in.principal).unwrap();
    let added = scope.permit().unwrap();
    auth.orgs().add_member_by_email(client, &added, email, &[RoleKey::new("member")]).await.unwrap();
    auth.run_until_idle().await.unwrap();
    let rights = ["member:read".to_owned()];
    let role = RoleInput { key: None, name: "Helpers", rights: &rights };
    let key = auth.orgs().put_role(client, &scope.permit().unwrap(), role).await.unwrap();
    // A role has moved the rights of everybody here: they are looked at anew.
    let principal = auth.principal(&signed_in.session).await.unwrap().unwrap();
    let manage = auth.scope(&principal).unwrap().permit::<ManageMembers>().unwrap();
    let user = auth.users("crash").by_email(email).await.unwrap().user.id;
    auth.orgs().set_roles(client, &manage, user, &[key]).await.unwrap();
    auth.orgs().set_member_status(client, &manage, user, MembershipStatus::Suspended).await.unwrap();
    auth.orgs().remove_member(client, &manage, user).await.unwrap();
    let all = auth.organizations("crash");
    all.add_member(scope.org(), user, &[RoleKey::new("owner")]).await.unwrap();
    auth.run_until_idle().await.unwrap();
}

/// Finishes what was promised. Leases of the killed child end first.
async fn recover(auth: &UserMgmt, database: &Database) {
    let free = "UPDATE usermgmt_outbox SET lease_worker = NULL, lease_until = NULL, due_at = 0";
    match database {
        Database::Sqlite(store) => drop(store.pool().execute(free).await.unwrap()),
        Database::Postgres(store) => drop(store.pool().execute(free).await.unwrap()),
    }
    auth.run_until_idle().await.unwrap();
    let left = "SELECT count(*) FROM usermgmt_outbox WHERE dead_at IS NULL";
    let left: i64 = match database {
        Database::Sqlite(store) => sqlx::query(left).fetch_one(store.pool()).await.unwrap().get(0),
        Database::Postgres(store) => sqlx::query(left).fetch_one(store.pool()).await.unwrap().get(0),
    };
    assert_eq!(left, 0, "promises are left");
}
