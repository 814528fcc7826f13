//! What the application adds: hooks, fields of the sign-up, the question whether an address is free.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use usermgmt_core::error::FieldError;
use usermgmt_core::limits;
use usermgmt_core::model::AuditEvent;
use usermgmt_core::port::{Candidate, Enrichment, Hooks};
use usermgmt_core::store::StoreErrorKind;
use usermgmt_service::{Limits, SignUpField};
use usermgmt_tests::app::{Setup, token};
use usermgmt_tests::faults::{Fault, Watched};
use usermgmt_tests::{App, Person, cells};

cells!(
    a_hook_refuses_and_adds,
    a_refusal_says_nothing_about_the_address,
    fields_of_the_application_are_asked_for,
    events_are_heard_once_they_are_true,
    availability_is_answered_where_that_is_wished,
);

/// Lets in who is invited, remembers where they came from, hears every event.
#[derive(Clone, Default)]
struct Gate {
    heard: Arc<Mutex<Vec<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Hooks for Gate {
    async fn before_sign_up(&self, candidate: Candidate<'_>) -> Result<Enrichment, FieldError> {
        self.asked.lock().unwrap().push(candidate.email.to_owned());
        if candidate.email.ends_with("@closed.test") {
            return Err(FieldError::new("email", "domain_not_invited"));
        }
        let mut enrichment = Enrichment::default();
        enrichment.public.insert("tier".into(), candidate.fields.get("company").cloned().unwrap_or("none".into()));
        enrichment.private.insert("came_from".into(), candidate.address.into());
        Ok(enrichment)
    }

    fn on_event(&self, event: &AuditEvent) {
        self.heard.lock().unwrap().push(event.id.to_string());
    }
}

async fn a_hook_refuses_and_adds(app: App) {
    let (gate, limits) = (Gate::default(), Limits { sign_ups_per_address: 1_000, ..Limits::default() });
    let hooks = gate.clone();
    let app = app.configured(move |builder| builder.hooks(hooks).limits(limits)).await;
    let mut shut = Person { email: "eve@closed.test".into(), ..Person::new(&app, "eve") };
    for _ in 0..2 {
        let refused = shut.sign_up().await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": "email", "code": "domain_not_invited" }]));
    }
    app.work().await;
    assert!(app.mailbox.mails().is_empty());
    let mut ann = Person::signed_in(&app, "ann").await;
    let users = app.auth.users("test");
    let profile = users.profile(users.by_email(&ann.email).await.unwrap().user.id).await.unwrap();
    assert_eq!([&profile.public, &profile.private], [&json!({ "tier": "none" }), &json!({ "came_from": "127.0.0.1" })]);
    let shown = ann.agent.get("/auth/me/profile").await.expect(200);
    assert!(shown.json()["public"]["tier"] == "none" && !shown.body.contains("came_from"));
    // Whoever breaks a rule of ours never reaches the hook.
    let asked = gate.asked.lock().unwrap().len();
    Person { password: "short".into(), ..Person::new(&app, "bob") }.sign_up().await.expect(422);
    assert_eq!(gate.asked.lock().unwrap().len(), asked);
}

async fn a_refusal_says_nothing_about_the_address(app: App) {
    let known = Person { email: "ann@closed.test".into(), ..Person::new(&app, "ann") };
    let mut ann = known.clone();
    ann.sign_up().await.expect(202);
    app.work().await;
    let link = token(&app.mail(&ann.email));
    ann.agent.post("/auth/verify", json!({ "token": link })).await.expect(200);
    let gate = Gate::default();
    let hooks = gate.clone();
    let app = app.configured(move |builder| builder.hooks(hooks)).await;
    let before = app.mails(&known.email).len();
    app.advance(time::Duration::hours(2));
    let mut replies = Vec::new();
    for email in [known.email.as_str(), "bob@closed.test"] {
        let mut person = Person { email: email.into(), agent: app.agent(), ..known.clone() };
        replies.push(person.sign_up().await.expect(422).outward());
    }
    assert_eq!(replies[0], replies[1]);
    assert_eq!(gate.asked.lock().unwrap().len(), 2, "asked for both");
    app.work().await;
    assert_eq!(app.mails(&known.email).len(), before);
}

async fn fields_of_the_application_are_asked_for(app: App) {
    let limits = Limits { sign_ups_per_address: 1_000, ..Limits::default() };
    let app = app
        .configured(move |builder| {
            let company = SignUpField { name: "company", required: true };
            let builder =
                builder.sign_up_field(company).sign_up_field(SignUpField { name: "heard_of", required: false });
            let texts = "sign-up-field-company = Company\nsign-up-field-heard-of = Where did you hear of us?\n";
            builder.texts("en", texts).hooks(Gate::default()).limits(limits)
        })
        .await;
    let body = |email: &str, fields: serde_json::Value| json!({ "email": email, "password": "blowfish under moonlight", "name": "Zoë", "fields": fields });
    for (fields, field, code) in [
        (json!({}), "company", "required"),
        (json!({ "company": "  " }), "company", "required"),
        (json!({ "company": "x".repeat(257) }), "company", "too_long"),
        (json!({ "company": "A\nB" }), "company", "forbidden_character"),
        (json!({ "company": "A", "heard_of": "\u{202e}x" }), "heard_of", "forbidden_character"),
    ] {
        let refused = app.agent().post("/auth/sign-up", body("zoe@example.test", fields)).await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": field, "code": code }]));
    }
    for fields in [json!({ "company": "A", "role": "admin" }), json!({ "company": 1 }), json!([])] {
        app.agent().post("/auth/sign-up", body("zoe@example.test", fields)).await.expect(400);
    }
    let twice = r#"{"email":"zoe@example.test","password":"blowfish under moonlight","name":"Zoë","fields":{"company":"A","company":"B"}}"#;
    app.agent().send(http::Method::POST, "/auth/sign-up", Some("application/json"), twice).await.expect(400);
    app.work().await;
    assert!(app.mailbox.mails().is_empty());
    app.agent()
        .post("/auth/sign-up", body("zoe@example.test", json!({ "company": " Acme & Söhne " })))
        .await
        .expect(202);
    app.work().await;
    let users = app.auth.users("test");
    let profile = users.profile(users.by_email("zoe@example.test").await.unwrap().user.id).await.unwrap();
    assert_eq!(
        [&profile.own, &profile.public],
        [&json!({ "company": "Acme & Söhne" }), &json!({ "tier": "Acme & Söhne" })]
    );

    // And by form, which keeps what was entered.
    let mut agent = app.agent();
    let fields = [
        ("email", "form@example.test"),
        ("name", "Zoë"),
        ("password", "blowfish under moonlight"),
        ("heard_of", "a <friend>"),
    ];
    let page = agent.submit("/auth/sign-up", "/auth/sign-up", &fields).await.expect(422);
    for text in ["Where did you hear of us?", "a &lt;friend&gt;", "aria-invalid"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let fields = [&fields[..], &[("company", "Acme")]].concat();
    agent.fill(&page, "/auth/sign-up", &fields).await.expect(303);
    app.work().await;
    let profile = users.profile(users.by_email("form@example.test").await.unwrap().user.id).await.unwrap();
    assert_eq!(profile.own, json!({ "company": "Acme", "heard_of": "a <friend>" }));
}

async fn events_are_heard_once_they_are_true(app: App) {
    let slot: Arc<Mutex<Option<Watched>>> = Arc::default();
    let (filled, gate) = (slot.clone(), Gate::default());
    let hooks = gate.clone();
    let setup = Setup {
        wrap: Box::new(move |inner| {
            let watched = Watched::new(inner);
            *filled.lock().unwrap() = Some(watched.clone());
            Arc::new(watched)
        }),
        configure: Box::new(move |builder| builder.hooks(hooks)),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let store = slot.lock().unwrap().clone().unwrap();
    let mut ann = Person::signed_in(&app, "ann").await;
    let org = ann.org().await.parse().unwrap();
    assert!(!gate.heard.lock().unwrap().is_empty());
    let mut struck = 0;
    for fault in [Fault::Fails(StoreErrorKind::Unavailable), Fault::Fails(StoreErrorKind::Conflict), Fault::LosesAnswer]
    {
        for k in 1..12 {
            store.fail_at(k, fault);
            let mut person = ann.elsewhere(&app);
            let _ = person.sign_in().await;
            let _ = person.agent.post("/auth/me/profile", json!({ "contact": k.to_string() })).await;
            struck += usize::from(store.heal());
            app.advance(limits::MINUTE);
        }
    }
    assert!(struck > 20, "{struck}");
    app.work().await;
    let mut stored = Vec::new();
    for org in [None, Some(org)] {
        let events = app.events(org).await;
        stored.extend(events.iter().map(|event| event.id.to_string()));
    }
    let heard = gate.heard.lock().unwrap().clone();
    assert_eq!(heard.len(), heard.iter().collect::<BTreeSet<_>>().len(), "each once");
    assert_eq!(heard.iter().collect::<BTreeSet<_>>(), stored.iter().collect::<BTreeSet<_>>());
}

async fn availability_is_answered_where_that_is_wished(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let ask = |app: &App, email: &str| {
        let (mut agent, body) = (app.agent(), json!({ "email": email }));
        async move { agent.post("/auth/availability", body).await }
    };
    for email in [ann.email.as_str(), "free@example.test", "no address"] {
        assert_eq!(ask(&app, email).await.expect(404).code(), "not_found", "off unless it was switched on");
    }
    let app = app.configured(usermgmt_service::Builder::availability_check).await;
    Person::new(&app, "unproven").sign_up().await.expect(202);
    app.work().await;
    for (email, available) in [
        (ann.email.as_str(), false),
        ("ANN@example.test", false),
        ("free@example.test", true),
        ("unproven@example.test", true),
    ] {
        assert_eq!(ask(&app, email).await.expect(200).json(), json!({ "available": available }), "{email}");
    }
    let refused = ask(&app, "no address").await.expect(422);
    assert_eq!(refused.json()["fields"][0]["field"], "email");
    app.advance(limits::MINUTE);
    for number in 0..limits::SIGN_UPS_PER_ADDRESS {
        ask(&app, &format!("n{number}@example.test")).await.expect(200);
    }
    ask(&app, "more@example.test").await.expect(429);
    app.advance(limits::MINUTE);
    ask(&app, "more@example.test").await.expect(200);
    app.report.requirement(7);
}
