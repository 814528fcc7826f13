//! An old and a new release on one database: the new one has migrated it already, by the rule of CONTRIBUTING.md, and the
//! old one goes on, is started again, and refuses only when it is told that it is too old.

use serde_json::json;
use usermgmt_core::store::StoreErrorKind;
use usermgmt_tests::{App, Person, Setup, StoreKind, cells};

cells!(an_old_release_goes_on_beside_a_new_one);

/// What the new release adds. The last statement is its record.
const NEXT: [&str; 4] = [
    "ALTER TABLE usermgmt_user ADD COLUMN next_note TEXT",
    "ALTER TABLE usermgmt_org ADD COLUMN next_count INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE usermgmt_next (id TEXT PRIMARY KEY, kind TEXT NOT NULL DEFAULT 'plain')",
    "INSERT INTO _usermgmt_migrations (version, description, success, checksum, execution_time) \
     SELECT version + 1, 'next, compatible from ' || version, success, checksum, 0 FROM _usermgmt_migrations \
     WHERE version = (SELECT max(version) FROM _usermgmt_migrations)",
];
/// What the release after that one says.
const CONTRACT: &str =
    "UPDATE _usermgmt_migrations SET description = 'next, compatible from ' || version WHERE description LIKE 'next%'";

async fn an_old_release_goes_on_beside_a_new_one(app: App) {
    if app.cell.store == StoreKind::Memory {
        return;
    }
    let mut ann = Person::signed_in(&app, "ann").await;
    let org = ann.org().await;
    for statement in NEXT {
        app.store.execute(statement).await;
    }
    // The new release uses what it has added, and the old one the rest of the same rows.
    app.store.execute("UPDATE usermgmt_org SET next_count = 7").await;
    app.store.execute("UPDATE usermgmt_user SET next_note = 'kept'").await;
    let path = format!("/auth/organizations/{org}");
    ann.agent.post(&path, json!({ "name": "Renamed" })).await.expect(200);
    ann.agent.post("/auth/me/profile", json!({ "name": "Ann" })).await.expect(200);
    let mut bob = Person::signed_in(&app, "bob").await;
    assert!(bob.is_signed_in().await && ann.is_signed_in().await);
    let kept = "INSERT INTO usermgmt_next (id) SELECT id FROM usermgmt_org WHERE next_count = 7 AND name = 'Renamed'";
    app.store.execute(kept).await;
    app.store.execute("INSERT INTO usermgmt_next (id) SELECT id FROM usermgmt_user WHERE next_note = 'kept'").await;
    let dump = app.store.dump().await.unwrap();
    assert_eq!(dump.lines().filter(|line| line.starts_with("usermgmt_next:")).count(), 2, "the old release wiped it");

    // Back to the old release, in the middle of the upgrade; and once more to the new one.
    let app = app.restart(Setup::default()).await;
    ann.agent = ann.agent.at(app.address());
    assert!(ann.is_signed_in().await);
    Person::signed_in(&app, "cy").await;
    // A secret in a form that only another release knows is nobody's; it is no outage and no mistake of ours.
    let known = ann.agent.cookies["um_session"].clone();
    for unknown in [known.replacen("ums_", "ums2_", 1), format!("v2.{known}"), format!("{known}.2")] {
        let mut stranger = ann.agent.clone();
        stranger.cookies.insert("um_session".into(), unknown);
        stranger.get("/auth/me").await.expect(401);
    }
    app.report.twin("FO-10");

    // A release that takes something away says so: the old one is not started on it.
    app.store.execute(CONTRACT).await;
    if let Some(url) = app.store.postgres_url() {
        for refused in [
            usermgmt_sqlx::Postgres::connect(url).await.unwrap_err(),
            usermgmt_sqlx::Postgres::connect_migrated(url).await.unwrap_err(),
        ] {
            assert_eq!(refused.kind(), StoreErrorKind::Unsupported);
        }
    }
    app.report.case("FO-10");
}
