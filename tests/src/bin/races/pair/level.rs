//! Isolation levels, and how it is seen at which one we write.

use std::fmt;

use usermgmt_tests::stores::FreshStore;

use super::Pair;

/// The isolation at which the database begins transactions that name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(Option<&'static str>);

/// As the server comes, the same said outright, and what an application may have set for itself.
pub(crate) const LEVELS: [Level; 4] =
    [Level(None), Level(Some("read committed")), Level(Some("repeatable read")), Level(Some("serializable"))];

/// A trigger on each of our tables: counts statements that write, and stops those at another level than the one that
/// what we say about locks is said for.
const WATCH: [&str; 3] = [
    "CREATE SEQUENCE race_write",
    "CREATE FUNCTION race_watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
       PERFORM nextval('race_write'); \
       IF current_setting('transaction_isolation') <> 'read committed' THEN \
         RAISE EXCEPTION 'a write to % at %', TG_TABLE_NAME, current_setting('transaction_isolation'); \
       END IF; RETURN NULL; END $$",
    "DO $$ DECLARE watched text; BEGIN \
       FOR watched IN SELECT relname FROM pg_class WHERE relname LIKE 'usermgmt\\_%' \
         AND relkind IN ('r', 'p') AND NOT relispartition LOOP \
         EXECUTE format('CREATE TRIGGER race_watch BEFORE INSERT OR UPDATE OR DELETE ON %I \
           FOR EACH STATEMENT EXECUTE FUNCTION race_watch()', watched); \
       END LOOP; END $$",
];

impl Level {
    /// By its name on the command line.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        LEVELS.into_iter().find(|level| level.to_string() == name)
    }

    /// Sets it for the database, and watches at which one is written. Connections that are open keep what they have.
    pub(crate) async fn set(self, fresh: &FreshStore) {
        let url = url::Url::parse(fresh.postgres_url().unwrap()).unwrap();
        let database = url.path().trim_start_matches('/');
        if let Some(name) = self.0 {
            let set = format!("ALTER DATABASE {database} SET default_transaction_isolation = '{name}'");
            fresh.execute(&set).await;
        }
        for statement in WATCH {
            fresh.execute(statement).await;
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.unwrap_or("default").replace(' ', "-"))
    }
}

impl Pair {
    /// What the database says about its level, and about what was written at which.
    pub(crate) async fn seen(&self, level: Level) -> String {
        let reads: String = sqlx::query_scalar("SHOW transaction_isolation").fetch_one(&self.look).await.unwrap();
        assert_eq!(reads, level.0.unwrap_or("read committed"), "the database has the level that it was given");
        let writes = self.number("SELECT last_value FROM race_write").await;
        format!("reads at {reads}, {writes} statements that write, each seen at read committed by a trigger")
    }
}
