//! What happens when the store does not work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use usermgmt_core::store::StoreErrorKind;
use usermgmt_tests::app::Setup;
use usermgmt_tests::faults::{Fault, Watched};
use usermgmt_tests::{App, Person, Reply, cells};

cells!(whoever_hangs_up_loses_nothing, an_outage_is_never_an_answer_about_the_caller, an_unknown_outcome_is_asked_for);

async fn watched(app: App) -> (App, Watched) {
    let slot: Arc<Mutex<Option<Watched>>> = Arc::default();
    let filled = slot.clone();
    let wrap = Box::new(move |inner| {
        let watched = Watched::new(inner);
        *filled.lock().unwrap() = Some(watched.clone());
        Arc::new(watched) as Arc<dyn usermgmt_core::store::Store>
    });
    let configure: Box<dyn FnOnce(usermgmt_service::Builder) -> usermgmt_service::Builder + Send> =
        Box::new(|builder| {
            let limits = usermgmt_service::Limits {
                sign_ins_per_address: 100_000,
                wrong_passwords_per_pair: 100_000,
                verifications_per_address: 100_000,
                sign_ups_per_address: 100_000,
                step_ups_per_user: 100_000,
                mails_per_address_hour: 100_000,
                mails_per_address_day: 100_000,
                resend_pause: time::Duration::ZERO,
                ..Default::default()
            };
            builder.cache_life(time::Duration::ZERO).limits(limits)
        });
    let app = app.restart(Setup { wrap, configure, ..Setup::default() }).await;
    let watched = slot.lock().unwrap().clone().unwrap();
    (app, watched)
}

/// Calls every kind of flow once.
async fn call(name: &str, person: &mut Person, org: &str) -> Reply {
    match name {
        "sign in" => person.sign_in().await,
        "wrong password" => Person { password: "not the password".into(), ..person.clone() }.sign_in().await,
        "sign up" => Person { email: "another@example.test".into(), ..person.clone() }.sign_up().await,
        "me" => person.agent.get("/auth/me").await,
        "sessions" => person.agent.get("/auth/sessions").await,
        "whoami" => person.agent.get("/host/whoami").await,
        "things" => person.agent.get(&format!("/host/orgs/{org}/things")).await,
        "step up" => person.agent.post("/auth/step-up", json!({ "password": person.password })).await,
        "create" => person.agent.post("/auth/organizations", json!({ "name": "Another" })).await,
        "enter" => person.agent.post(&format!("/auth/organizations/{org}/enter"), json!({})).await,
        "everywhere" => person.agent.post("/auth/sign-out-everywhere", json!({ "keep_own": true })).await,
        "ready" => person.agent.get("/auth/ready").await,
        other => panic!("{other}"),
    }
}

const FLOWS: &[(&str, u16)] = &[
    ("me", 200),
    ("whoami", 200),
    ("sessions", 200),
    ("things", 200),
    ("wrong password", 401),
    ("sign in", 200),
    ("sign up", 202),
    ("step up", 200),
    ("create", 201),
    ("enter", 200),
    ("everywhere", 200),
    ("ready", 200),
];

async fn an_outage_is_never_an_answer_about_the_caller(app: App) {
    let (app, store) = watched(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let org = ann.org().await;
    let mut points: BTreeMap<&str, usize> = BTreeMap::new();
    for (flow, status) in FLOWS {
        for fault in [Fault::Fails(StoreErrorKind::Unavailable), Fault::Fails(StoreErrorKind::Corrupt)] {
            for k in 1.. {
                assert!(k < 60, "{flow} never ends");
                let kept = ann.clone();
                store.fail_at(k, fault);
                let reply = call(flow, &mut ann, &org).await;
                if !store.heal() {
                    assert_eq!(reply.status.as_u16(), *status, "{flow}: {}", reply.body);
                    ann.sign_in().await.expect(200);
                    ann = second_step(ann, &org).await;
                    break;
                }
                *points.entry(flow).or_default() += 1;
                // An outage of something that does not decide (activity, the renewal of a hash) may pass.
                let same = reply.status.as_u16() == *status && *flow != "wrong password";
                assert!(reply.status == 503 || (same && k > 1), "{flow} at {k}: {} {}", reply.status, reply.body);
                if reply.status == 503 {
                    assert_eq!(reply.code(), "unavailable");
                    assert!(reply.header("retry-after").is_some());
                    assert!(reply.cookies().is_empty(), "{flow} at {k}: no session, and none is taken away");
                }
                // Whatever happened, the caller can go on: by what they had, or by signing in.
                ann.agent.cookies.extend(kept.agent.cookies.clone().into_iter().filter(|_| reply.status == 503));
                if !ann.is_signed_in().await {
                    ann.sign_in().await.expect(200);
                    ann = second_step(ann, &org).await;
                }
            }
        }
    }
    assert!(points.len() == FLOWS.len() && points.values().all(|count| *count >= 1), "{points:?}");
    app.report.case("FO-01");
    app.report.twin("FO-01");
}

/// Chooses the organisation again, once there are several.
async fn second_step(mut person: Person, org: &str) -> Person {
    if !person.is_signed_in().await {
        person.agent.post("/auth/sign-in/organization", json!({ "organization": org })).await.expect(200);
    }
    person
}

async fn an_unknown_outcome_is_asked_for(app: App) {
    let (app, store) = watched(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut made = 1;
    for k in 1..20 {
        store.fail_at(k, Fault::LosesAnswer);
        let reply = ann.agent.post("/auth/organizations", json!({ "name": format!("Number {k}") })).await;
        if !store.heal() {
            break;
        }
        // The commit was done though its answer was lost: the caller is told so. Other calls have failed.
        made += usize::from(reply.status == 201);
        let found = ann.agent.get("/auth/organizations").await.expect(200).json()["items"].as_array().unwrap().len();
        assert_eq!(found, made, "at {k}: {}", reply.status);
    }
    assert!(made >= 2);
    // Where the outcome cannot be found out either, the caller is told that, and nothing else.
    let mut bob = Person::verified(&app, "bob").await;
    store.fail_at(1, Fault::Fails(StoreErrorKind::OutcomeUnknown));
    let reply = bob.agent.get("/auth/ready").await;
    store.heal();
    assert_eq!(reply.status.as_u16(), 503);
    bob.sign_in().await.expect(200);
    assert!(bob.is_signed_in().await);
}

async fn whoever_hangs_up_loses_nothing(app: App) {
    let app = app.configured(|builder| builder.hash_threads(1).hash_cost(usermgmt_service::HashCost::default())).await;
    let mut round = tokio::time::interval(std::time::Duration::from_millis(5));
    for number in 0..5_u32 {
        // The request is on its way; the hash takes its time; the client is gone.
        let person = Person::new(&app, &format!("hasty{number}"));
        let body = json!({ "email": person.email, "password": person.password, "name": person.name }).to_string();
        let head = format!(
            "POST /auth/sign-up HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, format!("{head}{body}").as_bytes()).await.unwrap();
        for _ in 0..number {
            round.tick().await;
        }
        drop(stream);
        // It was taken all the same: the mail comes. Where nobody had read the request yet, nothing has happened.
        let arrived = async {
            while app.mails(&person.email).is_empty() {
                app.work().await;
                round.tick().await;
            }
        };
        let came = tokio::time::timeout(std::time::Duration::from_secs(5), arrived).await.is_ok();
        let again = Person::new(&app, &format!("hasty{number}")).sign_up().await;
        assert_eq!(again.status.as_u16(), if came { 429 } else { 202 }, "hung up after {number}: {}", again.body);
    }
}
