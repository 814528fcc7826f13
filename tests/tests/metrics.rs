//! Metrics: what happens is counted once, and labels name nobody.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code: what is unexpected ends the test"
)]

use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::{AuditEvent, AuditOutcome, RoleKey};
use usermgmt_core::port::{Country, GeoError, GeoLookup};
use usermgmt_service::metrics::ALL;
use usermgmt_service::{AccessTokens, NewUser, TrustedProxies};
use usermgmt_tests::app::token;
use usermgmt_tests::metrics::{Counts, alone, keep};
use usermgmt_tests::{App, Cell, Framework, Person, StoreKind, cell};

/// Numbers of one cell are those of the whole process: one cell at a time.
macro_rules! cells_alone {
    ($($name:ident $store:ident $framework:ident;)+) => { $(
        #[test]
        fn $name() {
            let _alone = alone();
            keep();
            let cell = Cell { store: StoreKind::$store, framework: Framework::$framework };
            cell::run(cell, concat!("metrics::", stringify!($name)), what_happens_is_counted);
        }
    )+ };
}

cells_alone! {
    memory_axum Memory Axum;
    memory_actix Memory Actix;
    sqlite_axum Sqlite Axum;
    sqlite_actix Sqlite Actix;
    postgres_axum Postgres Axum;
    postgres_actix Postgres Actix;
}

/// Wrong passwords before the limit: those for one account from one address.
const GUESSES: f64 = usermgmt_core::limits::WRONG_PASSWORDS_PER_PAIR as f64;

fn counted(counts: &Counts, series: &[(&str, f64)]) {
    for (name, value) in series {
        assert_eq!(counts.of(name), *value, "{name}\n{:#?}", counts.0);
    }
}

/// What the audit log says happened: one that was noted several times counts as often.
fn recorded(events: &[AuditEvent]) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for event in events {
        let (kind, outcome) = (event.kind.as_str(), event.outcome.as_str());
        let times = match event.outcome {
            AuditOutcome::Refused => event.detail["times"].as_f64().unwrap_or(1.0),
            _ => 1.0,
        };
        let series = format!("usermgmt_events_total{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
        *all.entry(series).or_default() += times;
    }
    all
}

/// Countries by the first byte of an address.
struct Countries;

#[async_trait]
impl GeoLookup for Countries {
    async fn country(&self, address: IpAddr) -> Result<Option<Country>, GeoError> {
        let IpAddr::V4(address) = address else { return Ok(None) };
        Ok(Country::parse(if address.octets()[0] == 2 { "NZ" } else { "AT" }))
    }
}

async fn what_happens_is_counted(app: App) {
    let app = app.configured(|builder| {
        let watched = builder.geo(Countries).new_sign_in_notices().trusted_proxies(TrustedProxies::Hops(1));
        watched.tokens(AccessTokens::default())
    });
    let app = app.await;
    let begun = Counts::now();

    let mut ann = Person::new(&app, "ann");
    ann.sign_up().await.expect(202);
    app.work().await;
    let link = token(&app.mail(&ann.email));
    ann.agent.post("/auth/verify", json!({ "token": link })).await.expect(200);
    for _ in 0..3 {
        Person { password: "blowfish under sunlight".into(), ..ann.clone() }.sign_in().await.expect(401);
    }
    ann.sign_in().await.expect(200);
    counted(
        &begun.since(),
        &[
            ("usermgmt_events_total{kind=\"user.signed_up\",outcome=\"success\"}", 1.0),
            ("usermgmt_events_total{kind=\"refused.sign_in\",outcome=\"refused\"}", 3.0),
            ("usermgmt_http_requests_total{route=\"/sign-up\",method=\"POST\",status=\"202\"}", 1.0),
            ("usermgmt_http_requests_total{route=\"/sign-in\",method=\"POST\",status=\"401\"}", 3.0),
            ("usermgmt_http_requests_total{route=\"/sign-in\",method=\"POST\",status=\"200\"}", 1.0),
            ("usermgmt_http_request_seconds_count{route=\"/sign-in\",method=\"POST\"}", 4.0),
            ("usermgmt_mails_total{mail=\"verify_email\",result=\"sent\"}", 1.0),
            ("usermgmt_mail_seconds_count", 1.0),
            ("usermgmt_jobs_total{kind=\"address_request\",result=\"done\"}", 1.0),
            ("usermgmt_jobs_total{kind=\"mail\",result=\"done\"}", 1.0),
            ("usermgmt_job_seconds_count{kind=\"mail\"}", 1.0),
            ("usermgmt_job_lag_seconds_count", 2.0),
            // The sign-up, three wrong ones, the right one.
            ("usermgmt_hash_seconds_count", 5.0),
            ("usermgmt_hash_queue_length", 0.0),
            // What a sign-in answers with is read.
            ("usermgmt_session_checks_total{from=\"store\",found=\"yes\"}", 1.0),
        ],
    );

    // Session checks: what was read is known. Without a secret there is nothing to check.
    let before = Counts::now();
    for _ in 0..5 {
        ann.agent.get("/auth/me").await.expect(200);
    }
    app.agent().get("/auth/me").await.expect(401);
    let mut stolen = ann.clone();
    let (from_cache, from_store, nobody) = (
        "usermgmt_session_checks_total{from=\"cache\",found=\"yes\"}",
        "usermgmt_session_checks_total{from=\"store\",found=\"yes\"}",
        "usermgmt_session_checks_total{from=\"store\",found=\"no\"}",
    );
    counted(&before.since(), &[(from_cache, 5.0), (from_store, 0.0), (nobody, 0.0)]);

    // A session in use counts once a minute, however often it is used.
    let before = Counts::now();
    for _ in 0..2 {
        app.advance(limits::ACTIVITY_INTERVAL);
        for _ in 0..3 {
            ann.agent.get("/auth/me").await.expect(200);
        }
    }
    counted(&before.since(), &[("usermgmt_session_minutes_total", 2.0)]);

    // Somebody joins and gets another role.
    let org = ann.org().await;
    let mut bob = Person { organization: None, ..Person::new(&app, "bob") };
    let (users, all) = (app.auth.users("test"), app.auth.organizations("test"));
    let password = Some(bob.password.as_str().into());
    users.create(NewUser { email: &bob.email, name: "Bob", password, email_is_verified: true }).await.unwrap();
    let id = users.by_email(&bob.email).await.unwrap().user.id;
    all.add_member(org.parse().unwrap(), id, &[RoleKey::new("member")]).await.unwrap();
    let before = Counts::now();
    let path = format!("/auth/organizations/{org}/members/{id}/roles");
    ann.agent.post(&path, json!({ "roles": ["reader"] })).await.expect(200);
    let route = "usermgmt_http_requests_total{route=\"/organizations/{organization}/members/{user}/roles\",\
                 method=\"POST\",status=\"200\"}";
    counted(&before.since(), &[(route, 1.0), ("usermgmt_commits_total{result=\"ok\"}", 1.0)]);
    assert_eq!(before.since().all_of("usermgmt_events_total").len(), 1, "{:?}", before.since());

    // Tokens.
    bob.sign_in().await.expect(200);
    let before = Counts::now();
    let handed = bob.agent.post("/auth/tokens/begin", json!({ "keeper": "caller" })).await.expect(200).json();
    let refresh = handed["refresh_token"].as_str().unwrap().to_owned();
    bob.agent.post("/auth/refresh", json!({ "refresh_token": refresh })).await.expect(200);
    let (access, renewed) =
        ("usermgmt_tokens_issued_total{kind=\"access\"}", "usermgmt_tokens_issued_total{kind=\"refresh\"}");
    counted(&before.since(), &[(access, 2.0), (renewed, 2.0)]);
    assert!(Counts::now().of("usermgmt_signing_keys_made_total") > 0.0);

    // What attacks show by: a stolen refresh token, a new device in a new country, wrong codes, wishes for new passwords.
    let before = Counts::now();
    app.advance(Duration::HOUR);
    bob.agent.post("/auth/refresh", json!({ "refresh_token": refresh })).await.expect(401);
    let mut abroad = bob.elsewhere(&app);
    abroad.agent = abroad.agent.with("x-forwarded-for", "2.0.0.1");
    abroad.sign_in().await.expect(200);
    let own = abroad.enrol(&app).await;
    let mut guessing = bob.elsewhere(&app);
    guessing.sign_in().await.expect(200);
    guessing.give(&own.wrong(&app)).await.expect(422);
    guessing.agent.post("/auth/forgot", json!({ "email": bob.email })).await.expect(202);
    app.work().await;
    let signal = |kind: &str, outcome: &str| format!("usermgmt_events_total{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
    for (kind, outcome) in [
        ("session.refresh_reused", "success"),
        ("session.new_device", "success"),
        ("session.new_country", "success"),
        ("refused.second_factor", "refused"),
        ("user.password_reset_requested", "success"),
    ] {
        assert_eq!(before.since().of(&signal(kind, outcome)), 1.0, "{kind}\n{:#?}", before.since().0);
    }

    // A session that has ended, and a limit that is passed.
    ann.agent.post("/auth/sign-out", json!({})).await.expect(200);
    let before = Counts::now();
    stolen.agent.get("/auth/me").await.expect(401);
    let mut guesser = Person { email: "canary.person@example.test".into(), ..Person::new(&app, "x") };
    while guesser.sign_in().await.status != 429 {}
    let throttled = "usermgmt_throttled_total{limit=\"password/pair\"}";
    let refused = "usermgmt_events_total{kind=\"refused.sign_in\",outcome=\"refused\"}";
    counted(&before.since(), &[(nobody, 1.0), (throttled, 1.0), (refused, GUESSES)]);

    // All that was counted stands in the audit log, as often, and nothing else does.
    app.work().await;
    let mut log = app.events(None).await;
    log.extend(app.events(Some(org.parse().unwrap())).await);
    assert_eq!(begun.since().all_of("usermgmt_events_total"), recorded(&log));
    app.report.requirement(168);

    let session = bob.agent.cookies.get("um_session").cloned().unwrap_or(link.clone());
    let secrets = ["127.0.0.1", "@", "canary", &ann.password, &link, &session, &refresh, &org, &id.to_string()];
    let text = keep().render();
    assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    for series in Counts::now().0.keys() {
        as_declared(series, &text);
    }
}

/// The series belongs to a metric of the list, with its labels and with words for values.
fn as_declared(series: &str, text: &str) {
    let (name, labels) = series.strip_suffix('}').unwrap_or(series).split_once('{').unwrap_or((series, ""));
    let base = name.strip_suffix("_sum").or(name.strip_suffix("_count")).unwrap_or(name);
    let metric = ALL.iter().find(|metric| metric.name == base).unwrap_or_else(|| panic!("{series} is not declared"));
    assert!(text.contains(&format!("# HELP {} {}\n", metric.name, metric.meaning)), "{series} is not described");
    let mut labels: Vec<_> = labels.split("\",").filter_map(|label| label.split_once("=\"")).collect();
    labels.retain(|(label, _)| *label != "quantile");
    assert_eq!(labels.iter().map(|(label, _)| *label).collect::<Vec<_>>(), metric.labels, "{series}");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/{}\"".contains(&byte);
    assert!(labels.iter().all(|(_, value)| value.len() < 64 && value.bytes().all(plain)), "{series}");
}
