//! Limits.

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_service::{HashCost, Limits, TrustedProxies};
use usermgmt_tests::{App, Person, cells};

cells!(
    a_crowd_waits_or_is_told_to_come_back,
    every_limit_has_its_number,
    a_claimed_address_is_no_address,
    no_burst_passes_a_limit,
    mails_to_one_address_are_few
);

async fn a_crowd_waits_or_is_told_to_come_back(app: App) {
    let app = app
        .configured(|builder| {
            let limits = Limits { sign_ins_per_address: 10_000, wrong_passwords_per_pair: 10_000, ..Limits::default() };
            builder.hash_threads(1).hash_cost(HashCost::default()).limits(limits)
        })
        .await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let crowd = (0..150).map(|number| {
        let known = number % 2 == 0;
        let email = if known { ann.email.clone() } else { format!("unknown{number}@example.test") };
        let mut agent = app.agent();
        let body = json!({ "email": email, "password": "not the password" });
        tokio::spawn(async move { (known, agent.post("/auth/sign-in", body).await) })
    });
    let crowd: Vec<_> = crowd.collect();
    // Who is signed in is not in the crowd's way.
    assert!(ann.is_signed_in().await);
    let mut turned_away = [0, 0];
    for answer in futures_util::future::join_all(crowd).await {
        let (known, reply) = answer.unwrap();
        if reply.status == 503 {
            assert_eq!(reply.code(), "busy");
            assert!(reply.header("retry-after").is_some());
            turned_away[usize::from(known)] += 1;
        } else {
            assert_eq!(reply.status.as_u16(), 401);
        }
    }
    assert!(turned_away.iter().all(|count| *count > 10), "known and unknown alike: {turned_away:?}");
    app.report.case("PW-01");
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("PW-01");
}

async fn every_limit_has_its_number(app: App) {
    for (path, limit) in [
        ("/auth/sign-in", limits::SIGN_INS_PER_ADDRESS),
        ("/auth/sign-up", limits::SIGN_UPS_PER_ADDRESS),
        ("/auth/verify", limits::VERIFICATIONS_PER_ADDRESS),
    ] {
        let attempt = |number: u32| {
            let mut agent = app.agent();
            let email = format!("n{number}@example.test");
            let body = match path {
                "/auth/sign-in" => json!({ "email": email, "password": "not the password" }),
                "/auth/sign-up" => json!({ "email": email, "password": "blowfish under moonlight", "name": "N" }),
                _ => json!({ "token": "umv_00_nonsense" }),
            };
            async move { agent.post(path, body).await }
        };
        for number in 0..limit {
            assert_ne!(attempt(number).await.status.as_u16(), 429, "{path} {number}");
        }
        let refused = attempt(limit).await.expect(429);
        assert_eq!(refused.code(), "too_many_attempts");
        assert!((1..=61).contains(&refused.header("retry-after").unwrap().parse::<i64>().unwrap()));
        app.advance(limits::MINUTE - Duration::SECOND);
        attempt(limit + 1).await.expect(429);
        app.advance(Duration::SECOND);
        assert_ne!(attempt(limit + 2).await.status.as_u16(), 429, "{path}: the window has ended");
    }
    app.report.requirement(179);
    app.work().await;
    let events = app.events(None).await;
    assert!(events.iter().any(|event| event.kind.as_str() == "refused.limit"));
}

async fn a_claimed_address_is_no_address(app: App) {
    let attempt = |app: &App, name: &'static str, value: &str, number: u32| {
        let mut agent = app.agent().with(name, value);
        async move {
            agent.post("/auth/sign-in", json!({ "email": format!("n{number}@example.test"), "password": "x" })).await
        }
    };
    let names = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"];
    for number in 0..limits::SIGN_INS_PER_ADDRESS {
        let name = names[usize::try_from(number).unwrap() % names.len()];
        attempt(&app, name, &format!("203.0.113.{number}"), number).await.expect(401);
    }
    attempt(&app, "x-forwarded-for", "198.51.100.7", 99).await.expect(429);
    app.work().await;
    let events = app.events(None).await;
    assert!(events.iter().any(|event| event.kind.as_str() == "warning.untrusted_forwarding"));
    app.report.case("RL-01");

    // Behind one trusted proxy the last hop counts, and only that.
    let app = app.configured(|builder| builder.trusted_proxies(TrustedProxies::Hops(1))).await;
    app.advance(limits::MINUTE);
    for number in 0..limits::SIGN_INS_PER_ADDRESS {
        attempt(&app, "x-forwarded-for", &format!("203.0.113.{number}, 192.0.2.1"), number).await.expect(401);
    }
    attempt(&app, "x-forwarded-for", "203.0.113.99, 192.0.2.1", 99).await.expect(429);
    attempt(&app, "x-forwarded-for", "203.0.113.99, 192.0.2.2", 99).await.expect(401);
    app.report.twin("RL-01");
}

async fn no_burst_passes_a_limit(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let tries = (0..60).map(|_| {
        let mut person = Person { password: "not the password".into(), ..ann.elsewhere(&app) };
        tokio::spawn(async move { person.sign_in().await.status.as_u16() })
    });
    let mut evaluated = 0;
    for tried in futures_util::future::join_all(tries).await {
        evaluated += u32::from(tried.unwrap() == 401);
    }
    assert_eq!(evaluated, limits::WRONG_PASSWORDS_PER_PAIR);
    app.report.case("RL-02");
    app.advance(limits::WRONG_PASSWORD_WINDOW);
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("RL-02");
}

async fn mails_to_one_address_are_few(app: App) {
    let email = "often@example.test";
    let mut accepted = 0;
    for _ in 0..limits::MAILS_PER_ADDRESS_HOUR + 3 {
        let reply = app.agent().post("/auth/verify/resend", json!({ "email": email })).await;
        accepted += u32::from(reply.status == 202);
        app.advance(limits::RESEND_PAUSE);
    }
    assert_eq!(accepted, limits::MAILS_PER_ADDRESS_HOUR);
}
