//! Usernames: chosen at sign-up or later, signed in by, forgotten and mailed.

use serde_json::{Value, json};
use usermgmt_core::limits;
use usermgmt_service::{UserWithoutEmail, Usernames};
use usermgmt_tests::app::token;
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    a_username_signs_in_beside_the_address,
    what_is_taken_brings_names_that_are_free,
    a_form_can_ask_whether_a_name_is_free,
    the_own_name_is_changed_by_whoever_has_just_proven_it,
    a_name_can_be_demanded_of_whoever_signs_up,
    a_forgotten_name_is_mailed,
    a_name_asks_for_a_new_password,
    somebody_without_an_address_has_a_whole_account,
    the_pages_do_it_all,
    nothing_changes_where_there_are_no_usernames,
);

pub(crate) async fn on(app: App) -> App {
    app.configured(|builder| builder.usernames(Usernames::Optional).reserved_usernames(["quillco"])).await
}

/// Signs up with a username.
pub(crate) async fn sign_up(person: &mut Person, username: &str) -> Reply {
    let Person { email, password, name, .. } = person.clone();
    let body = json!({ "email": email, "password": password, "name": name, "username": username });
    person.agent.post("/auth/sign-up", body).await
}

/// Proves the address in the browser that signed up.
pub(crate) async fn prove(app: &App, person: &mut Person) -> Reply {
    app.work().await;
    let body = json!({ "token": token(&app.mail(&person.email)) });
    person.agent.post("/auth/verify", body).await
}

/// Somebody with a proven address and a username, signed out.
pub(crate) async fn named(app: &App, local_part: &str, username: &str) -> Person {
    let mut person = Person::new(app, local_part);
    sign_up(&mut person, username).await.expect(202);
    prove(app, &mut person).await.expect(200);
    person
}

/// Signs in by any name.
pub(crate) async fn sign_in(mut agent: Agent, name: &str, password: &str) -> Reply {
    agent.post("/auth/sign-in", json!({ "email": name, "password": password })).await
}

pub(crate) async fn own(person: &mut Person) -> Value {
    person.agent.get("/auth/me/username").await.expect(200).json()["username"].clone()
}

async fn choose(person: &mut Person, username: &str) -> Reply {
    person.agent.post("/auth/me/username", json!({ "username": username })).await
}

pub(crate) fn suggested(reply: &Reply) -> Vec<String> {
    let free = reply.json()["challenge"]["suggestions"].clone();
    serde_json::from_value(free).unwrap_or_default()
}

async fn a_username_signs_in_beside_the_address(app: App) {
    let app = on(app).await;
    let mut sam = Person::new(&app, "sam");
    sign_up(&mut sam, "Sam.Quill").await.expect(202);
    app.work().await;
    // Nobody signs in by a name whose address is not proven.
    let early = sign_in(app.agent(), "sam.quill", &sam.password).await.expect(200).json();
    assert_eq!((&early["status"], &early["step"]), (&json!("pending"), &json!("verify_address")), "{early}");
    prove(&app, &mut sam).await.expect(200);
    for name in ["Sam.Quill", "sam.quill", " SAM.QUILL ", "ｓａｍ.quill", "sam@example.test"] {
        let me = sign_in(app.agent(), name, &sam.password).await.expect(200).json();
        assert_eq!(me["user"]["email"], "sam@example.test", "{name}");
        assert_eq!(sign_in(app.agent(), name, "not the password").await.expect(401).code(), "invalid_credentials");
    }
    assert_eq!(sign_in(app.agent(), "sam.quil", &sam.password).await.expect(401).code(), "invalid_credentials");
    let refused = sign_in(app.agent(), "sam quill", &sam.password).await.expect(422).json();
    assert_eq!(refused["fields"], json!([{ "field": "email", "code": "forbidden_character" }]));
    sam.sign_in().await.expect(200);
    assert_eq!(own(&mut sam).await, "Sam.Quill", "as it was typed");
    // Whoever has none signs in as ever.
    let mut ann = Person::signed_in(&app, "ann").await;
    assert_eq!(own(&mut ann).await, Value::Null);
    app.report.requirement(6);
}

async fn what_is_taken_brings_names_that_are_free(app: App) {
    let app = on(app).await;
    named(&app, "first", "sam").await;
    for taken in ["sam", "SAM", "ѕam"] {
        let reply = sign_up(&mut Person::new(&app, "second"), taken).await.expect(422);
        let code = if taken.is_ascii() { "taken" } else { "misleading" };
        assert_eq!(reply.json()["fields"], json!([{ "field": "username", "code": code }]), "{}", reply.body);
    }
    let reply = sign_up(&mut Person::new(&app, "second"), "Sam").await.expect(422);
    let free = suggested(&reply);
    assert_eq!(free.len(), limits::USERNAME_SUGGESTIONS, "{free:?}");
    assert!(free.iter().any(|name| name.contains("quill")) || free.iter().all(|name| name.starts_with("sam")));
    // Each of them is free when it is used at once, although the others were offered too.
    for (number, name) in free.iter().enumerate() {
        let mut person = named(&app, &format!("taker{number}"), name).await;
        person.sign_in().await.expect(200);
        assert_eq!(own(&mut person).await, *name);
    }
    // The refusal cost no mail: the same address signs up at once.
    sign_up(&mut Person::new(&app, "second"), "samantha").await.expect(202);
    // A long name leaves room for digits.
    let long = "x".repeat(limits::USERNAME_MAX_CHARS);
    named(&app, "long", &long).await;
    let reply = sign_up(&mut Person::new(&app, "longer"), &long).await.expect(422);
    assert!(suggested(&reply).len() >= 3, "{}", reply.body);
    app.report.requirement(8);
}

async fn a_form_can_ask_whether_a_name_is_free(app: App) {
    let app = on(app).await;
    named(&app, "sam", "sam").await;
    let mut agent = app.agent();
    let ask = async |agent: &mut Agent, name: &str| agent.post("/auth/availability", json!({ "username": name })).await;
    assert_eq!(ask(&mut agent, "ann").await.expect(200).json()["available"], true);
    let taken = ask(&mut agent, "Sam").await.expect(200).json();
    assert_eq!((&taken["available"], taken["suggestions"].as_array().unwrap().len()), (&json!(false), 3));
    let refused = ask(&mut agent, "support").await.expect(422).json();
    assert_eq!(refused["fields"], json!([{ "field": "username", "code": "reserved" }]));
    // Asking keeps nothing from anybody.
    sign_up(&mut Person::new(&app, "ann"), "ann").await.expect(202);
    assert_eq!(ask(&mut agent, "ann").await.expect(200).json()["available"], false, "it is kept for the sign-up");
    // Addresses are another matter, and names are asked for one at a time.
    agent.post("/auth/availability", json!({ "email": "sam@example.test" })).await.expect(404);
    agent.post("/auth/availability", json!({ "email": "a@b.test", "username": "sam" })).await.expect(400);
    let mut agent = app.agent();
    app.advance(limits::MINUTE);
    for _ in 0..limits::SIGN_UPS_PER_ADDRESS {
        ask(&mut agent, "bob").await.expect(200);
    }
    ask(&mut agent, "bob").await.expect(429);
    app.report.requirement(7);
}

async fn the_own_name_is_changed_by_whoever_has_just_proven_it(app: App) {
    let app = on(app).await;
    let mut sam = named(&app, "sam", "sam").await;
    sam.sign_in().await.expect(200);
    app.advance(limits::STEP_UP_FRESH);
    assert_eq!(choose(&mut sam, "samuel").await.expect(403).code(), "step_up_required");
    sam.agent.post("/auth/step-up", json!({ "password": sam.password })).await.expect(200);
    let before = app.mails(&sam.email).len();
    choose(&mut sam, "Samuel").await.expect(200);
    app.work().await;
    assert_eq!(own(&mut sam).await, "Samuel");
    let mail = app.mail(&sam.email);
    assert_eq!(app.mails(&sam.email).len(), before + 1);
    assert!(mail.subject.contains("username") && mail.text.contains("Samuel"), "{}", mail.text);

    // The one of before stays with the account: it still signs in, and nobody else gets it.
    for name in ["sam", "samuel"] {
        sign_in(app.agent(), name, &sam.password).await.expect(200);
    }
    let mut ann = Person::signed_in(&app, "ann").await;
    assert_eq!(choose(&mut ann, "sam").await.expect(422).json()["fields"][0]["code"], "taken");
    choose(&mut ann, "ann").await.expect(200);
    choose(&mut sam, "SAM").await.expect(200);
    assert_eq!(own(&mut sam).await, "SAM");
    // As many as an account may keep; the oldest is free again.
    for name in ["sam.two", "sam.three", "sam.four"] {
        choose(&mut sam, name).await.expect(200);
    }
    assert_eq!(choose(&mut ann, "sam.two").await.expect(422).json()["fields"][0]["code"], "taken");
    choose(&mut ann, "samuel").await.expect(200);
    let events = app.events(None).await;
    assert_eq!(events.iter().filter(|event| event.kind.as_str() == "user.username_set").count(), 7);

    // By the notice the owner brings back what was there before.
    let mut bob = named(&app, "bob", "bobby").await;
    app.advance(limits::MINUTE);
    bob.sign_in().await.expect(200);
    choose(&mut bob, "bad.name").await.expect(200);
    app.work().await;
    let undo = json!({ "token": token(&app.mail(&bob.email)) });
    app.agent().post("/auth/secure", undo).await.expect(200);
    app.work().await;
    let set = json!({ "token": token(&app.mail(&bob.email)), "password": "another one of bob's" });
    app.agent().post("/auth/reset", set).await.expect(200);
    sign_in(app.agent(), "bad.name", "another one of bob's").await.expect(401);
    bob.password = "another one of bob's".into();
    bob.sign_in().await.expect(200);
    assert_eq!(own(&mut bob).await, "bobby");
}

async fn a_name_can_be_demanded_of_whoever_signs_up(app: App) {
    let mut early = Person::verified(&app, "early").await;
    let app = app.configured(|builder| builder.usernames(Usernames::Required)).await;
    let refused = Person::new(&app, "ann").sign_up().await.expect(422).json();
    assert_eq!(refused["fields"], json!([{ "field": "username", "code": "required" }]));
    named(&app, "ann", "ann").await;
    // Whoever was there before is asked on the account page, and gets in meanwhile.
    early = early.elsewhere(&app);
    early.sign_in().await.expect(200);
    let missing = app.auth.texts().get("en", "account-username-missing", &[]);
    assert!(early.agent.navigate("/auth/account").await.expect(200).body.contains(&missing));
    choose(&mut early, "early").await.expect(200);
    assert!(!early.agent.navigate("/auth/account").await.expect(200).body.contains(&missing));
}

async fn a_forgotten_name_is_mailed(app: App) {
    let app = on(app).await;
    let sam = named(&app, "sam", "Sam.Quill").await;
    let bare = Person::verified(&app, "bare").await;
    let mut open = Person::new(&app, "open");
    sign_up(&mut open, "openly").await.expect(202);
    app.work().await;
    app.advance(time::Duration::DAY);
    let mut seen = Vec::new();
    for (email, mails) in [(sam.email.as_str(), 1), (&bare.email, 1), (&open.email, 0), ("nobody@example.test", 0)] {
        let before = app.mails(email).len();
        let reply = app.agent().post("/auth/forgot-username", json!({ "email": email })).await.expect(202);
        seen.push(reply.outward());
        app.work().await;
        assert_eq!(app.mails(email).len(), before + mails, "{email}");
        app.agent().post("/auth/forgot-username", json!({ "email": email })).await.expect(429);
        app.advance(limits::MINUTE);
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    assert!(app.mail(&sam.email).text.contains("Sam.Quill"), "{}", app.mail(&sam.email).text);
    assert!(app.mail(&bare.email).text.contains("bare@example.test"), "who has none signs in by address");
    app.report.requirement(6);
}

async fn a_name_asks_for_a_new_password(app: App) {
    let app = on(app).await;
    let sam = named(&app, "sam", "sam").await;
    app.advance(limits::MINUTE);
    let before = app.mailbox.mails().len();
    let known = app.agent().post("/auth/forgot", json!({ "email": "SAM" })).await.expect(202);
    let unknown = app.agent().post("/auth/forgot", json!({ "email": "samson" })).await.expect(202);
    assert_eq!(known.outward(), unknown.outward());
    assert!(!known.body.contains("example.test"));
    app.work().await;
    assert_eq!(app.mailbox.mails().len(), before + 1);
    let set = json!({ "token": token(&app.mail(&sam.email)), "password": "a new one for sam's" });
    app.agent().post("/auth/reset", set).await.expect(200);
    sign_in(app.agent(), "sam", "a new one for sam's").await.expect(200);
    app.advance(limits::RESEND_PAUSE);
    app.agent().post("/auth/forgot", json!({ "email": "sam" })).await.expect(202);
    app.agent().post("/auth/forgot", json!({ "email": "sam" })).await.expect(429);
}

async fn somebody_without_an_address_has_a_whole_account(app: App) {
    let app = on(app).await;
    let users = app.auth.users("a class of a school");
    let first = "chalk on a wet board";
    let pupil = |username| UserWithoutEmail { username, name: "Mia", password: first.into(), must_change: true };
    let id = users.create_without_email(pupil("Mia")).await.unwrap();
    users.create_without_email(pupil("mia")).await.unwrap_err();
    users.create_without_email(pupil("mia@school.test")).await.unwrap_err();
    assert_eq!(users.by_username("MIA").await.unwrap(), id);

    let mut mia = Person { email: "mia".into(), password: first.into(), ..Person::new(&app, "mia") };
    assert_eq!(mia.sign_in().await.expect(200).json()["step"], "new_password");
    let refused = mia.agent.post("/auth/sign-in/new-password", json!({ "password": "short" })).await.expect(422);
    assert_eq!(refused.json()["fields"][0]["field"], "password");
    mia.password = "a pond full of frogs".into();
    let me = mia.agent.post("/auth/sign-in/new-password", json!({ "password": mia.password })).await.expect(200).json();
    assert_eq!((&me["status"], &me["user"]["email"]), (&json!("complete"), &Value::Null));
    mia.agent.post("/auth/step-up", json!({ "password": mia.password })).await.expect(200);
    for path in ["/auth/account", "/auth/account/emails", "/auth/account/password", "/auth/account/username"] {
        let page = mia.agent.navigate(path).await.expect(200).body;
        assert!(!path.ends_with("account") || page.contains("Mia"), "{page}");
    }
    let change = json!({ "password": mia.password, "new_password": "a lake full of toads" });
    mia.agent.post("/auth/me/password", change).await.expect(200);
    mia.password = "a lake full of toads".into();
    // The device is known by the name: guesses from elsewhere do not lock its owner out.
    for _ in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        sign_in(app.agent(), "mia", "not the password").await.expect(401);
    }
    sign_in(app.agent(), "mia", &mia.password).await.expect(429);
    mia.sign_in().await.expect(200);
    // There is nowhere to mail to; whoever has authority gives another password.
    app.agent().post("/auth/forgot", json!({ "email": "mia" })).await.expect(202);
    app.work().await;
    assert!(app.mailbox.mails().is_empty());
    users.set_temporary_password(id, "chalk on a dry board".into()).await.unwrap();
    app.advance(limits::WRONG_PASSWORD_WINDOW);
    mia.password = "chalk on a dry board".into();
    assert_eq!(mia.sign_in().await.expect(200).json()["step"], "new_password");
    mia.password = "a river full of newts".into();
    mia.agent.post("/auth/sign-in/new-password", json!({ "password": mia.password })).await.expect(200);

    // An address comes later, as the primary one.
    mia.agent.post("/auth/me/emails", json!({ "email": "mia@example.test" })).await.expect(202);
    app.work().await;
    let proof = json!({ "token": token(&app.mail("mia@example.test")) });
    mia.agent.post("/auth/emails/verify", proof).await.expect(200);
    for name in ["mia", "mia@example.test"] {
        let me = sign_in(app.agent(), name, &mia.password).await.expect(200).json();
        assert_eq!(me["user"]["email"], "mia@example.test");
    }
}

async fn the_pages_do_it_all(app: App) {
    let app = on(app).await;
    named(&app, "first", "sam").await;
    let mut agent = app.agent();
    let entered = [("email", "s@example.test"), ("name", "Sam Hill"), ("password", "blowfish under moonlight")];
    let fields = |username| [entered.as_slice(), &[("username", username)]].concat();
    let page = agent.submit("/auth/sign-up", "/auth/sign-up", &fields("sam")).await.expect(422);
    assert!(page.body.contains("sam_hill") && page.body.contains("value=\"sam\""), "{}", page.body);
    agent.fill(&page, "/auth/sign-up", &fields("sam_hill")).await.expect(303);
    let mut sam = Person { email: "s@example.test".into(), agent, ..Person::new(&app, "s") };
    prove(&app, &mut sam).await.expect(200);
    let page = sam.agent.navigate("/auth/sign-in").await.expect(200);
    assert!(
        page.body.contains(&app.auth.texts().get("en", "sign-in-name", &[])) && !page.body.contains("type=\"email\"")
    );
    let signed_in = sam.agent.fill(&page, "/auth/sign-in", &[("email", "Sam_Hill"), ("password", &sam.password)]).await;
    assert_eq!(signed_in.expect(303).header("location"), Some("/"));
    let page = sam.agent.navigate("/auth/account/username").await.expect(200);
    assert!(page.body.contains("sam_hill"));
    let page = sam.agent.fill(&page, "/auth/account/username", &[("username", "sam")]).await.expect(422);
    assert!(page.body.contains(&app.auth.texts().get("en", "field-username-taken", &[])), "{}", page.body);
    let next = sam.agent.fill(&page, "/auth/account/username", &[("username", "hill.sam")]).await.expect(303);
    let page = sam.agent.follow(next).await.expect(200);
    assert!(
        page.body.contains("hill.sam")
            && page.body.contains(&app.auth.texts().get("en", "notice-username-changed", &[]))
    );
    app.advance(limits::STEP_UP_FRESH);
    let page = sam.agent.navigate("/auth/account/username").await.expect(200).body;
    assert!(page.contains("auth/step-up?return_to=") && !page.contains("name=\"username\""), "{page}");

    let mut agent = app.agent();
    let next = agent.submit("/auth/forgot-username", "/auth/forgot-username", &[("email", &sam.email)]).await;
    let page = agent.follow(next.expect(303)).await.expect(200);
    assert!(page.body.contains(&app.auth.texts().get("en", "notice-username-sent", &[])));
    app.work().await;
    assert!(app.mail(&sam.email).text.contains("hill.sam"));
}

async fn nothing_changes_where_there_are_no_usernames(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let refused = sign_up(&mut Person::new(&app, "bob"), "bob").await.expect(400);
    assert_eq!(refused.code(), "malformed_request");
    ann.agent.get("/auth/me/username").await.expect(404);
    choose(&mut ann, "ann").await.expect(404);
    ann.agent.navigate("/auth/account/username").await.expect(404);
    app.agent().navigate("/auth/forgot-username").await.expect(404);
    app.agent().post("/auth/forgot-username", json!({ "email": ann.email })).await.expect(404);
    app.agent().post("/auth/availability", json!({ "username": "ann" })).await.expect(404);
    for path in ["/auth/sign-in", "/auth/forgot"] {
        let mut body = json!({ "email": "ann" });
        if path.ends_with("in") {
            body["password"] = json!(ann.password);
        }
        let refused = app.agent().post(path, body).await.expect(422).json();
        assert_eq!(refused["fields"], json!([{ "field": "email", "code": "malformed" }]), "{path}");
    }
    for path in ["/auth/sign-in", "/auth/sign-up", "/auth/account"] {
        assert!(!ann.agent.navigate(path).await.expect(200).body.contains("name=\"username\""), "{path}");
    }
}
