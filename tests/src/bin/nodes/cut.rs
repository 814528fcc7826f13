//! The bus, and how it is cut.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use usermgmt_tests::stores::admin_url;

/// The bus of both nodes.
pub(crate) enum Line {
    /// LISTEN and NOTIFY, by a role of its own that may do nothing else.
    Postgres { url: String, role: String },
    /// A Redis of its own, which can be killed.
    Redis { program: String, port: u16, server: Child },
}

impl Line {
    pub(crate) async fn new(kind: &str, database: &str) -> Self {
        if kind == "redis" {
            let program = std::env::var("USERMGMT_TEST_REDIS_SERVER").expect("run `cargo xtask nodes`");
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let server = start(&program, port);
            return Self::Redis { program, port, server };
        }
        let role = format!("um_bus_{}", std::process::id());
        let mut url = url::Url::parse(database).unwrap();
        url.set_username(&role).unwrap();
        let line = Self::Postgres { url: url.into(), role };
        line.admin(|role| format!("CREATE ROLE {role} LOGIN")).await;
        line
    }

    /// What nodes are given.
    pub(crate) fn spec(&self) -> String {
        match self {
            Self::Postgres { url, .. } => url.clone(),
            Self::Redis { port, .. } => format!("redis://127.0.0.1:{port}"),
        }
    }

    /// How it is cut, in words.
    pub(crate) const fn how(&self) -> &'static str {
        match self {
            Self::Postgres { .. } => "its connections terminated",
            Self::Redis { .. } => "its Redis killed",
        }
    }

    pub(crate) async fn cut(&mut self) {
        match self {
            Self::Postgres { .. } => {
                self.admin(|role| format!("ALTER ROLE {role} NOLOGIN")).await;
                self.admin(|role| {
                    format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
                })
                .await;
            }
            Self::Redis { server, .. } => {
                server.kill().unwrap();
                server.wait().unwrap();
            }
        }
    }

    pub(crate) async fn mend(&mut self) {
        match self {
            Self::Postgres { .. } => self.admin(|role| format!("ALTER ROLE {role} LOGIN")).await,
            Self::Redis { program, port, server } => *server = start(program, *port),
        }
    }

    /// How many processes listen.
    pub(crate) async fn listening(&self) -> usize {
        match self {
            Self::Postgres { role, .. } => {
                let count = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND query LIKE 'LISTEN %'";
                let mut connection = PgConnection::connect(&admin_url()).await.unwrap();
                let count: i64 = sqlx::query_scalar(count).bind(role).fetch_one(&mut connection).await.unwrap();
                usize::try_from(count).unwrap()
            }
            Self::Redis { port, .. } => {
                let mut connection = std::net::TcpStream::connect(("127.0.0.1", *port)).unwrap();
                connection.write_all(b"PUBSUB NUMSUB usermgmt:{nodes}:change\r\nQUIT\r\n").unwrap();
                let mut answer = String::new();
                connection.read_to_string(&mut answer).unwrap();
                // `*2`, the channel, `:3`, and the answer to the second command.
                answer.lines().find_map(|line| line.strip_prefix(':')).unwrap().parse().unwrap()
            }
        }
    }

    async fn admin(&self, statement: impl Fn(&str) -> String) {
        let Self::Postgres { role, .. } = self else { return };
        let mut connection = PgConnection::connect(&admin_url()).await.unwrap();
        connection.execute(AssertSqlSafe(statement(role))).await.unwrap();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Self::Redis { server, .. } = self {
            drop(server.kill());
            drop(server.wait());
        }
    }
}

fn start(program: &str, port: u16) -> Child {
    let mut redis = Command::new(program);
    redis.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
    let server = redis.stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "Redis does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    server
}
