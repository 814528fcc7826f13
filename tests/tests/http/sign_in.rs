//! Sign-in.

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::UserStatus;
use usermgmt_service::HashCost;
use usermgmt_tests::{App, Person, cells};

cells!(
    hashes_are_salted_and_renewed_when_the_cost_rises,
    one_normalisation_and_nothing_else,
    an_account_without_a_password_has_no_password,
    what_is_wrong_with_an_account_is_said_after_the_right_password_only,
    guessing_ends_and_the_owner_still_gets_in,
    an_account_rests_and_a_known_device_does_not,
    a_success_clears_nothing_of_others,
    several_organizations_are_a_choice,
    the_form_signs_in_and_keeps_the_address,
);

async fn hashes_are_salted_and_renewed_when_the_cost_rises(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let id = app.auth.users("test").by_email(&ann.email).await.unwrap().user.id;
    let stored = |app: &App| {
        let store = app.store.store.clone();
        async move { store.password(id).await.unwrap().unwrap().hash.expose().to_owned() }
    };
    let cheap = stored(&app).await;
    assert!(cheap.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{cheap}");
    let app = app.configured(|builder| builder.hash_cost(HashCost::new(7_168, 5, 1).unwrap())).await;
    ann.elsewhere(&app).sign_in().await.expect(200);
    let dear = stored(&app).await;
    assert!(dear.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{dear}");
    ann.elsewhere(&app).sign_in().await.expect(200);
    assert_eq!(stored(&app).await, dear, "what is dear enough stays");
    app.report.requirement(27);
}

async fn one_normalisation_and_nothing_else(app: App) {
    let mut ann = Person { password: "cafe\u{301} 👨‍👩‍👧 한글 ﬁn".into(), ..Person::new(&app, "ann") };
    ann.sign_up().await.expect(202);
    app.work().await;
    let token = usermgmt_tests::app::token(&app.mail(&ann.email));
    ann.agent.post("/auth/verify", json!({ "token": token })).await.expect(200);
    for (typed, right) in [
        ("café 👨‍👩‍👧 한글 ﬁn", true),
        ("cafe\u{301} 👨‍👩‍👧 \u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} ﬁn", true),
        ("café 👨‍👩‍👧 한글 fin", false),
        ("café 👨‍👩‍👧 한글 ﬁn ", false),
        ("Café 👨‍👩‍👧 한글 ﬁn", false),
    ] {
        let reply = Person { password: typed.into(), ..ann.elsewhere(&app) }.sign_in().await;
        assert_eq!(reply.status.as_u16() == 200, right, "{typed}");
    }
    app.report.case("PW-04");
    app.report.twin("PW-04");
}

async fn an_account_without_a_password_has_no_password(app: App) {
    let new =
        usermgmt_service::NewUser { email: "bare@example.test", name: "Bare", password: None, email_is_verified: true };
    app.auth.users("test").create(new).await.unwrap();
    let wrong = app
        .agent()
        .post("/auth/sign-in", json!({ "email": "bare@example.test", "password": "blowfish under moonlight" }))
        .await;
    let unknown = app
        .agent()
        .post("/auth/sign-in", json!({ "email": "none@example.test", "password": "blowfish under moonlight" }))
        .await;
    assert_eq!(wrong.expect(401).outward(), unknown.expect(401).outward());
    let space = app.agent().post("/auth/sign-in", json!({ "email": "bare@example.test", "password": " " })).await;
    assert_eq!(space.expect(401).code(), "invalid_credentials");
    for blank in [json!({ "email": "bare@example.test", "password": "" }), json!({ "email": "bare@example.test" })] {
        app.agent().post("/auth/sign-in", blank).await.expect(422);
    }
    for odd in [json!(null), json!([]), json!(1), json!(true), json!({})] {
        app.agent().post("/auth/sign-in", json!({ "email": "bare@example.test", "password": odd })).await.expect(400);
    }
    app.report.case("PW-05");
    let new = usermgmt_service::NewUser {
        email: "full@example.test",
        name: "Full",
        password: Some("blowfish under moonlight".into()),
        email_is_verified: true,
    };
    app.auth.users("test").create(new).await.unwrap();
    let reply = app
        .agent()
        .post("/auth/sign-in", json!({ "email": "full@example.test", "password": "blowfish under moonlight" }))
        .await;
    reply.expect(200);
    app.report.twin("PW-05");
}

async fn what_is_wrong_with_an_account_is_said_after_the_right_password_only(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let users = app.auth.users("test");
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    let wrong = |person: &Person| Person { password: "not the password".into(), ..person.elsewhere(&app) };
    let before = wrong(&ann).sign_in().await.expect(401);
    for status in [UserStatus::Suspended, UserStatus::Inactive] {
        users.set_status(id, status).await.unwrap();
        assert_eq!(wrong(&ann).sign_in().await.expect(401).outward(), before.outward());
        assert_eq!(ann.elsewhere(&app).sign_in().await.expect(403).code(), "account_unavailable");
    }
    app.report.case("EN-10");
    users.set_status(id, UserStatus::Active).await.unwrap();
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("EN-10");
}

async fn guessing_ends_and_the_owner_still_gets_in(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let guess = |app: &App, email: &str| {
        let mut agent = app.agent();
        let email = email.to_owned();
        async move { agent.post("/auth/sign-in", json!({ "email": email, "password": "not the password" })).await }
    };
    // A real account and a made-up one are limited alike: the same number of tries, the same words.
    for number in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        let (real, unreal) = (guess(&app, &ann.email).await, guess(&app, "nobody@example.test").await);
        assert_eq!(real.expect(401).outward(), unreal.expect(401).outward(), "try {number}");
    }
    app.advance(limits::MINUTE);
    let (real, unreal) = (guess(&app, "ANN@example.test").await, guess(&app, "nobody@example.test").await);
    assert_eq!(real.clone().expect(429).outward(), unreal.expect(429).outward());
    assert!(real.header("retry-after").unwrap().parse::<i64>().unwrap() > 3_000);
    app.report.case("EN-08");
    // Even the right password is not tried from there.
    ann.elsewhere(&app).sign_in().await.expect(429);
    app.report.case("RL-13");

    // The owner's known device still gets in.
    let mut known = ann.elsewhere(&app);
    app.advance(limits::WRONG_PASSWORD_WINDOW);
    known.sign_in().await.expect(200);
    for _ in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        guess(&app, &ann.email).await.expect(401);
    }
    app.advance(limits::MINUTE);
    guess(&app, &ann.email).await.expect(429);
    known.sign_in().await.expect(200);
    app.report.requirement(30);
    app.report.twin("EN-08");
    app.report.twin("RL-13");
}

async fn an_account_rests_and_a_known_device_does_not(app: App) {
    let app = app
        .configured(|builder| {
            let limits = usermgmt_service::Limits {
                sign_ins_per_address: 10_000,
                wrong_passwords_per_pair: 10_000,
                ..Default::default()
            };
            builder.limits(limits)
        })
        .await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let stranger = |app: &App| Person { password: "not the password".into(), ..ann.elsewhere(app) };
    for _ in 0..limits::WRONG_PASSWORDS_PER_ACCOUNT {
        stranger(&app).sign_in().await.expect(401);
    }
    ann.elsewhere(&app).sign_in().await.expect(429);
    ann.sign_in().await.expect(200);
    app.advance(limits::PASSWORD_REST_WINDOW - Duration::SECOND);
    ann.elsewhere(&app).sign_in().await.expect(429);
    app.advance(Duration::SECOND);
    ann.elsewhere(&app).sign_in().await.expect(200);
}

async fn a_success_clears_nothing_of_others(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let eve = Person::verified(&app, "eve").await;
    for _ in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        Person { password: "not the password".into(), ..ann.elsewhere(&app) }.sign_in().await.expect(401);
        eve.elsewhere(&app).sign_in().await.expect(200);
    }
    app.advance(limits::MINUTE);
    ann.elsewhere(&app).sign_in().await.expect(429);
    app.report.case("RL-07");
    eve.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("RL-07");
}

async fn several_organizations_are_a_choice(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let first = ann.org().await;
    let second =
        ann.agent.post("/auth/organizations", json!({ "name": "Second" })).await.expect(201).json()["id"].clone();
    let mut again = ann.elsewhere(&app);
    let reply = again.sign_in().await.expect(200).json();
    assert_eq!((&reply["status"], &reply["step"]), (&json!("pending"), &json!("choose_organization")));
    assert_eq!(reply["organizations"].as_array().unwrap().len(), 2);
    assert!(!again.is_signed_in().await, "pending is signed out");
    let stranger = Person::signed_in(&app, "bob").await.org().await;
    for other in [stranger.as_str(), "org_00000000000000000000000000000009", "nonsense", ""] {
        again.agent.post("/auth/sign-in/organization", json!({ "organization": other })).await.expect(404);
    }
    let done = again.agent.post("/auth/sign-in/organization", json!({ "organization": second })).await.expect(200);
    assert_eq!(done.json()["organization"]["id"], second);
    // By page: the same.
    let mut by_page = app.agent();
    let fields = [("email", ann.email.as_str()), ("password", ann.password.as_str()), ("return_to", "/host/me")];
    let next = by_page.submit("/auth/sign-in?return_to=/host/me", "/auth/sign-in", &fields).await;
    let page = by_page.follow(next).await.expect(200);
    assert!(page.body.contains("Second") && page.body.contains(&first), "{}", page.body);
    let next =
        by_page.fill(&page, "/auth/choose-organization", &[("organization", &first), ("return_to", "/host/me")]).await;
    let page = by_page.follow(next).await.expect(200);
    assert!(page.body.contains(&ann.email));
    app.report.requirement(117);
}

async fn the_form_signs_in_and_keeps_the_address(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    let fields = [("email", ann.email.as_str()), ("password", "not the password"), ("remember", "on")];
    let page = agent.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(401);
    assert!(page.body.contains(&ann.email) && page.body.contains("checked"));
    assert!(page.body.contains(&app.auth.texts().get("en", "invalid-credentials", &[])));
    assert!(!page.body.contains("not the password"));
    let fields = [("email", ann.email.as_str()), ("password", ann.password.as_str()), ("remember", "on")];
    let next = agent.fill(&page, "/auth/sign-in", &fields).await.expect(303);
    let session = next.cookies().into_iter().find(|cookie| cookie.starts_with("um_session")).unwrap();
    assert!(session.contains("Max-Age=2592000"), "{session}");
    assert_eq!(next.header("location"), Some("/"));
}
