//! The application behind a pooler in transaction mode, its bus on a connection to the server itself.

use std::sync::Arc;

use serde_json::json;
use usermgmt_sqlx::{Postgres, PostgresBus};
use usermgmt_tests::cell::left_out;
use usermgmt_tests::{App, Person, Setup, StoreKind, cells};

use crate::processes::{bearer, knows};

cells!(the_application_works_behind_a_pooler);

/// Real time within which something comes that comes at all. No measure of speed.
const COMES: std::time::Duration = std::time::Duration::from_secs(30);

async fn the_application_works_behind_a_pooler(app: App) {
    if app.cell.store != StoreKind::Postgres || left_out("pgbouncer") {
        return;
    }
    let direct = app.store.postgres_url().unwrap().to_owned();
    let mut through =
        url::Url::parse(&std::env::var("USERMGMT_TEST_PGBOUNCER").expect("run `cargo xtask test`")).unwrap();
    through.set_path(url::Url::parse(&direct).unwrap().path());
    let store = Postgres::connect_pooled(through.as_str()).await.unwrap();
    let setup = Setup {
        wrap: Box::new(move |_| Arc::new(store)),
        configure: Box::new({
            let direct = direct.clone();
            move |builder| builder.bus(PostgresBus::connect(&direct).unwrap())
        }),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    // Another process, past the pooler, on the same bus.
    let builder =
        usermgmt_service::UserMgmt::builder(Postgres::connect(&direct).await.unwrap(), app.origin(), app.keys.clone())
            .clock(app.clock.clone())
            .mailer(app.mailbox.clone())
            .role("reader", ["thing:read"])
            .role("member", [])
            .bus(PostgresBus::connect(&direct).unwrap());
    let other = builder.without_workers().build().await.unwrap();

    let mut ann = Person::signed_in(&app, "ann").await;
    let mut bob = Person::signed_in(&app, "bob").await;
    assert_eq!(Person::new(&app, "cy").agent.get("/host/whoami").await.body, "nobody");
    let mut wrong = bob.elsewhere(&app);
    wrong.password = "not the password".into();
    wrong.sign_in().await.expect(401);
    let org = ann.org().await;
    let members = format!("/auth/organizations/{org}/members");
    ann.agent.post(&members, json!({ "email": bob.email, "roles": ["reader"] })).await.expect(202);
    app.work().await;
    bob.agent.post(&format!("/auth/organizations/{org}/enter"), json!({})).await.expect(200);
    bob.agent.get("/host/things").await.expect(200);
    let me = bob.agent.get("/auth/me").await.expect(200).json();
    let user = me["user"]["id"].as_str().expect("an id");
    ann.agent.post(&format!("{members}/{user}/remove"), json!({})).await.expect(200);
    let refused = bob.agent.get("/host/things").await;
    assert!([401, 403, 404].contains(&refused.status.as_u16()), "{} {}", refused.status, refused.body);
    let audit = ann.agent.get(&format!("/auth/organizations/{org}/audit")).await.expect(200);
    assert!(audit.body.contains("member.removed"), "{}", audit.body);
    ann.agent.get(&format!("/auth/organizations/{org}/audit/verify")).await.expect(200);

    assert!(knows(&other, &bob).await);
    bob.agent.clone().post("/auth/sign-out", json!({})).await.expect(200);
    assert_eq!(bob.agent.get("/host/whoami").await.body, "nobody");
    // The clock stands still: it refuses because it was woken.
    let begun = std::time::Instant::now();
    while other.principal(&bearer(&bob)).await.unwrap().is_some() {
        assert!(begun.elapsed() < COMES, "nobody was woken");
        tokio::task::yield_now().await;
    }
    other.shutdown().await;
}
