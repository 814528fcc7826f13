//! Bad input.

use http::Method;
use serde_json::json;
use usermgmt_http::routes;
use usermgmt_tests::app::filled;
use usermgmt_tests::{App, Person, cells};

cells!(
    whatever_is_sent_the_answer_is_a_clear_refusal,
    oversized_passwords_are_never_hashed,
    types_and_repetitions_are_refused,
    bodies_are_bounded,
);

async fn whatever_is_sent_the_answer_is_a_clear_refusal(app: App) {
    let app = app
        .configured(|builder| {
            let limits = usermgmt_service::Limits {
                sign_ins_per_address: 100_000,
                sign_ups_per_address: 100_000,
                verifications_per_address: 100_000,
                ..Default::default()
            };
            builder.limits(limits)
        })
        .await;
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.get("/auth/me").await.expect(200);
    app.work().await;
    let before = app.state().await;
    let long = format!("{{\"email\":\"{}\"}}", "a".repeat(10_000));
    let deep = "[".repeat(5_000);
    let bodies: Vec<&[u8]> = vec![
        b"{",
        b"[]",
        b"null",
        b"1",
        b"\"x\"",
        b"{\"email\":",
        b"\xff\xfe\x00",
        b"{\"email\":\"\xff\"}",
        b"{\"email\":\"a\\u0000b@example.test\",\"password\":\"x\",\"name\":\"x\"}",
        b"{\"email\":{},\"password\":[]}",
        b"{\"email\":\"a@b.c\",\"email\":\"d@e.f\"}",
        b"{\"nonsense\":true}",
        b"{\"email\":\"\\ud800\"}",
        long.as_bytes(),
        deep.as_bytes(),
        b"{\"email\":\"a@b.example\\r\\nBcc: x@y.z\",\"password\":\"x\"}",
    ];
    for route in routes().iter().filter(|route| route.method == Method::POST) {
        let json = route.representation == usermgmt_http::Representation::Json;
        for body in &bodies {
            let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
            let mut agent = if route.guard.is_open() { app.agent() } else { ann.agent.clone() };
            let reply = agent.send(Method::POST, &filled(route.path), Some(kind), body.to_vec()).await;
            let status = reply.status.as_u16();
            // A form of somebody who is signed out has nothing to sign out of.
            let nothing_to_do = route.path == "/sign-out" && matches!(status, 200 | 303);
            assert!(
                (400..500).contains(&status) || nothing_to_do,
                "{route:?} {:?}: {status} {}",
                String::from_utf8_lossy(body),
                reply.body
            );
            if json && !nothing_to_do {
                assert!(!reply.code().is_empty());
            } else if !nothing_to_do {
                let page = route.representation == usermgmt_http::Representation::Page;
                let wanted = if page { "text/html" } else { "application/json" };
                assert!(reply.header("content-type").unwrap().starts_with(wanted), "{route:?}");
            }
        }
    }
    app.work().await;
    let after = app.state().await;
    let stored = |state: &Option<String>| {
        state.as_ref().map(|state| {
            state
                .lines()
                .filter(|line| !line.starts_with("usermgmt_audit") && !line.starts_with("usermgmt_commit"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(stored(&after), stored(&before), "nothing is stored but the refusals");
    assert!(ann.is_signed_in().await);
}

async fn oversized_passwords_are_never_hashed(app: App) {
    let ann = Person::verified(&app, "ann").await;
    for length in [1_025, 10_000] {
        let password = "x".repeat(length);
        for email in [ann.email.as_str(), "nobody@example.test"] {
            let reply =
                app.agent().post("/auth/sign-in", json!({ "email": email, "password": password })).await.expect(422);
            assert_eq!(reply.json()["fields"], json!([{ "field": "password", "code": "too_long" }]));
        }
        let reply = app
            .agent()
            .post("/auth/sign-up", json!({ "email": "new@example.test", "password": password, "name": "New" }))
            .await;
        assert_eq!(reply.expect(422).json()["fields"][0]["code"], "too_long");
    }
    let huge = json!({ "email": ann.email, "password": "x".repeat(1_000_000) });
    app.agent().post("/auth/sign-in", huge).await.expect(413);
    app.report.case("PW-02");
    let mut person = Person { password: "x".repeat(256), ..Person::new(&app, "long") };
    person.sign_up().await.expect(202);
    app.report.twin("PW-02");
}

async fn types_and_repetitions_are_refused(app: App) {
    let ann = Person::verified(&app, "ann").await;
    for password in [json!([ann.password]), json!({ "x": 1 }), json!(12_345_678), json!(true), json!(null)] {
        app.agent().post("/auth/sign-in", json!({ "email": ann.email, "password": password })).await.expect(400);
    }
    let twice = format!("{{\"email\":\"{0}\",\"password\":\"x\",\"password\":\"{1}\"}}", ann.email, ann.password);
    app.agent().send(Method::POST, "/auth/sign-in", Some("application/json"), twice).await.expect(400);
    app.report.case("PW-10");
    let target = format!("/auth/sign-in?password={}", ann.password.replace(' ', "%20"));
    app.agent().post(&target, json!({ "email": ann.email, "password": "x" })).await.expect(401);
    let mut browser = app.agent();
    let page = browser.navigate("/auth/sign-in").await.expect(200);
    let fields = [("email", "other@example.test"), ("email", ann.email.as_str()), ("password", ann.password.as_str())];
    browser.fill(&page, "/auth/sign-in", &fields).await.expect(400);
    for odd in ["email[]", "email[0]", "user.email"] {
        browser
            .fill(&page, "/auth/sign-in", &[(odd, ann.email.as_str()), ("password", ann.password.as_str())])
            .await
            .expect(400);
    }
    app.report.case("CS-11");
    ann.elsewhere(&app).sign_in().await.expect(200);
    browser.fill(&page, "/auth/sign-in", &[("email", &ann.email), ("password", &ann.password)]).await.expect(303);
    app.report.twin("PW-10");
    app.report.twin("CS-11");
}

async fn bodies_are_bounded(app: App) {
    for route in routes().iter().filter(|route| route.method == Method::POST) {
        let json = route.representation == usermgmt_http::Representation::Json;
        let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
        let reply =
            app.agent().send(Method::POST, &filled(route.path), Some(kind), "x".repeat(route.max_body + 1)).await;
        let status = reply.status.as_u16();
        assert!(status == 413, "{route:?}: {status}");
    }
    // An endless body is cut, too.
    let endless = format!(
        "POST /auth/sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "1000\r\n".to_owned() + &"a".repeat(4_096) + "\r\n"
    );
    let endless = endless + &format!("1000\r\n{}\r\n", "a".repeat(4_096)).repeat(20) + "0\r\n\r\n";
    let answer = app.agent().raw(endless.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413") || answer.is_empty(), "{answer}");
    app.report.case("CS-12");
    Person::verified(&app, "ann").await;
    app.report.twin("CS-12");
}
