//! The profile.

use http::Method;
use serde_json::{Value, json};
use usermgmt_service::Metadata;
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    every_field_is_read_and_changed,
    what_is_wrong_is_said_at_its_field,
    the_form_changes_the_profile,
    metadata_reaches_whom_it_is_for,
    own_metadata_is_an_object_neither_long_nor_deep,
    names_and_lines_cannot_disguise,
);

async fn profile(agent: &mut Agent) -> Value {
    agent.get("/auth/me/profile").await.expect(200).json()
}

async fn change(agent: &mut Agent, body: Value) -> Value {
    agent.post("/auth/me/profile", body).await.expect(200).json()
}

async fn every_field_is_read_and_changed(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let fresh = profile(&mut ann.agent).await;
    let expected = json!({
        "name": "Zoë Quill", "locale": "en", "picture": null, "contact": null, "time_zone": null, "public": {}, "own": {},
    });
    assert_eq!(fresh, expected);
    let fields = json!({
        "name": " Ann Quill ", "locale": "en", "picture": "https://img.example/ann.png?x=1",
        "contact": "+43 1 555 0100, room 7", "time_zone": "Europe/Vienna", "own": { "theme": "dark", "n": [1, 2] },
    });
    let changed = change(&mut ann.agent, fields.clone()).await;
    for (name, value) in fields.as_object().unwrap() {
        let value = if name == "name" { &json!("Ann Quill") } else { value };
        assert_eq!(&changed[name], value, "{name}");
    }
    assert_eq!(profile(&mut ann.agent).await, changed);
    assert_eq!(ann.agent.get("/auth/me").await.json()["user"]["name"], "Ann Quill", "at the next request");
    assert!(ann.agent.navigate("/auth/account").await.body.contains("Ann Quill"));

    // One at a time, the others stay; empty clears, all but the name.
    for field in ["locale", "picture", "contact", "time_zone"] {
        let before = profile(&mut ann.agent).await;
        let after = change(&mut ann.agent, json!({ field: " " })).await;
        let mut expected = before;
        expected[field] = Value::Null;
        assert_eq!(after, expected, "{field}");
    }
    let refused = ann.agent.post("/auth/me/profile", json!({ "name": "" })).await.expect(422);
    assert_eq!(refused.json()["fields"], json!([{ "field": "name", "code": "required" }]));
    assert_eq!(change(&mut ann.agent, json!({ "own": {} })).await["own"], json!({}));
    app.report.requirement(10);

    app.agent().get("/auth/me/profile").await.expect(401);
    app.agent().post("/auth/me/profile", json!({ "name": "X" })).await.expect(401);
    let mut bob = Person::signed_in(&app, "bob").await;
    assert_eq!(profile(&mut bob.agent).await, expected, "nobody else's has changed");
    // From server code too, with where the account came from.
    let users = app.auth.users("test");
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    users
        .change_profile(id, usermgmt_service::ProfileChange { contact: Some("desk 3"), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(profile(&mut ann.agent).await["contact"], "desk 3");
    assert_eq!(users.profile(id).await.unwrap().origin.as_str(), "sign_up");
}

async fn what_is_wrong_is_said_at_its_field(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let before = profile(&mut ann.agent).await;
    for (field, value, code) in [
        ("name", "x".repeat(65), "too_long"),
        ("locale", "tlh".into(), "malformed"),
        ("locale", "en_US; DROP".into(), "malformed"),
        ("picture", "http://img.example/ann.png".into(), "malformed"),
        ("picture", "javascript:alert(1)".into(), "malformed"),
        ("picture", "https://user:pw@img.example/".into(), "malformed"),
        ("picture", format!("https://img.example/{}", "x".repeat(2_048)), "too_long"),
        ("contact", "x".repeat(257), "too_long"),
        ("contact", "a\nb".into(), "forbidden_character"),
        ("time_zone", "Europe/".into(), "malformed"),
        ("time_zone", "../../etc/passwd".into(), "malformed"),
    ] {
        let refused = ann.agent.post("/auth/me/profile", json!({ field: value })).await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": field, "code": code }]), "{value}");
    }
    let both = ann.agent.post("/auth/me/profile", json!({ "name": "", "time_zone": "/" })).await.expect(422);
    assert_eq!(both.json()["fields"].as_array().unwrap().len(), 2, "all at once");
    for body in
        [json!({ "private": {} }), json!({ "public": {} }), json!({ "kind": "admin" }), json!({ "name": ["x"] })]
    {
        ann.agent.post("/auth/me/profile", body).await.expect(400);
    }
    assert_eq!(profile(&mut ann.agent).await, before);
}

async fn the_form_changes_the_profile(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let page = "/auth/account/profile";
    let bad =
        [("name", "Ann <b>"), ("locale", ""), ("picture", "ftp://x"), ("contact", "room 7"), ("time_zone", "UTC")];
    let shown = ann.agent.submit(page, page, &bad).await.expect(422);
    assert!(
        shown.body.contains("Ann &lt;b&gt;") && shown.body.contains("room 7") && shown.body.contains("aria-invalid")
    );
    let good = [("name", "Ann <b>"), ("locale", "en"), ("picture", ""), ("contact", "room 7"), ("time_zone", "UTC")];
    let next = ann.agent.fill(&shown, page, &good).await.expect(303);
    let account = ann.agent.follow(next).await.expect(200);
    assert!(account.body.contains(&app.auth.texts().get("en", "notice-profile-changed", &[])));
    assert!(account.body.contains("Ann &lt;b&gt;"));
    let now = profile(&mut ann.agent).await;
    assert_eq!([&now["name"], &now["contact"], &now["time_zone"]], ["Ann <b>", "room 7", "UTC"]);
    assert_eq!([&now["locale"], &now["picture"]], [&json!("en"), &Value::Null]);
    let empty = [("name", "Ann"), ("locale", ""), ("picture", ""), ("contact", ""), ("time_zone", "")];
    ann.agent.submit(page, page, &empty).await.expect(303);
    let now = profile(&mut ann.agent).await;
    assert!(["locale", "contact", "time_zone"].iter().all(|field| now[field].is_null()), "{now}");
    // The language of the profile goes before that of the browser; one that nobody speaks here is passed over.
    let language = |reply: Reply| reply.body.split_once("<html lang=\"").unwrap().1[..2].to_owned();
    let mut german = ann.agent.with("accept-language", "tlh, de;q=0.1");
    assert_eq!(language(german.navigate(page).await.expect(200)), "de");
    change(&mut ann.agent, json!({ "locale": "en" })).await;
    assert_eq!(language(german.navigate(page).await.expect(200)), "en");
    change(&mut ann.agent, json!({ "locale": "de" })).await;
    assert_eq!(language(ann.agent.navigate(page).await.expect(200)), "de");
}

async fn metadata_reaches_whom_it_is_for(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let users = app.auth.users("test");
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    let metadata =
        Metadata { public: Some(json!({ "badge": "gold" })), private: Some(json!({ "risk": "canary-of-private" })) };
    users.set_metadata(id, metadata).await.unwrap();
    change(&mut ann.agent, json!({ "own": { "theme": "dark" } })).await;

    let targets = [
        "/auth/me",
        "/auth/me/profile",
        "/auth/me/emails",
        "/auth/sessions",
        "/auth/organizations",
        "/auth/account",
        "/auth/account/profile",
        "/auth/account/emails",
        "/auth/account/password",
        "/auth/step-up",
        "/host/me",
    ];
    for target in targets {
        for navigates in [false, true] {
            let reply = if navigates { ann.agent.navigate(target).await } else { ann.agent.get(target).await };
            let reply = reply.expect(200);
            let all = format!("{} {:?}", reply.body, reply.headers);
            assert!(!all.contains("canary") && !all.contains("risk") && !all.contains("private\""), "{target}: {all}");
        }
    }
    let own = profile(&mut ann.agent).await;
    assert_eq!([&own["public"], &own["own"]], [&json!({ "badge": "gold" }), &json!({ "theme": "dark" })]);
    assert_eq!(users.profile(id).await.unwrap().private, json!({ "risk": "canary-of-private" }), "for the server");
    // What is not given stays, and what the user writes is theirs alone.
    users.set_metadata(id, Metadata { public: Some(json!({})), private: None }).await.unwrap();
    assert_eq!(users.profile(id).await.unwrap().private, json!({ "risk": "canary-of-private" }));
    assert_eq!(profile(&mut ann.agent).await["own"], json!({ "theme": "dark" }));
    for bad in [json!([]), json!("x"), json!({ "x": "y".repeat(17_000) })] {
        users.set_metadata(id, Metadata { public: None, private: Some(bad) }).await.unwrap_err();
    }
    app.report.requirement(17);
}

async fn own_metadata_is_an_object_neither_long_nor_deep(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let full = json!({ "x": "y".repeat(16 * 1024 - r#"{"x":""}"#.len()) });
    assert_eq!(change(&mut ann.agent, json!({ "own": full })).await["own"], full);
    let over = json!({ "x": "y".repeat(16 * 1024 - r#"{"x":""}"#.len() + 1) });
    let refused = ann.agent.post("/auth/me/profile", json!({ "own": over })).await.expect(422);
    assert_eq!(refused.json()["fields"], json!([{ "field": "own", "code": "too_long" }]));
    for bad in [json!([1]), json!("text"), json!(7), json!(true)] {
        let refused = ann.agent.post("/auth/me/profile", json!({ "own": bad })).await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": "own", "code": "malformed" }]));
    }
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }));
    let deep = ann.agent.post("/auth/me/profile", json!({ "own": nested(9) })).await;
    assert!([400, 422].contains(&deep.status.as_u16()));
    for depth in [200, 5_000] {
        let body = format!("{{\"own\":{}{}}}", "{\"a\":".repeat(depth), "1".to_owned() + &"}".repeat(depth));
        let reply = ann.agent.send(Method::POST, "/auth/me/profile", Some("application/json"), body).await;
        assert!([400, 413].contains(&reply.status.as_u16()), "{}", reply.status);
    }
    assert_eq!(profile(&mut ann.agent).await["own"], full, "nothing was taken");
    // What looks deep but is a text, NUL, big numbers and odd keys are kept as they are.
    for honest in [
        json!({ "text": "[[[[[[[[[[{{{{{{{{{{\"\\" }),
        json!({ "nul": "a\u{0}b", "\u{0}": 1, "": "", "__proto__": {} }),
        json!({ "big": u64::MAX, "small": -1.5e300 }),
        nested(7),
    ] {
        assert_eq!(change(&mut ann.agent, json!({ "own": honest })).await["own"], honest);
    }
    let huge = json!({ "own": { "x": "y".repeat(40_000) } });
    ann.agent.post("/auth/me/profile", huge).await.expect(413);
}

async fn names_and_lines_cannot_disguise(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    for text in ["ad\u{200b}min", "\u{202e}nimda", "Ann\nBcc: x", "\u{1b}[31mred", "a\0b"] {
        for field in ["name", "contact"] {
            let refused = ann.agent.post("/auth/me/profile", json!({ field: text })).await.expect(422);
            assert_eq!(
                refused.json()["fields"],
                json!([{ "field": field, "code": "forbidden_character" }]),
                "{text:?}"
            );
        }
    }
    app.report.case("EM-10");
    let honest = "نازنین\u{200c}زهرا O'Brien <3";
    let changed = change(&mut ann.agent, json!({ "name": honest, "contact": honest })).await;
    assert_eq!([&changed["name"], &changed["contact"]], [honest, honest]);
    app.report.twin("EM-10");
}
