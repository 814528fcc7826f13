//! Sign-up.

use serde_json::json;
use usermgmt_tests::app::{code, token};
use usermgmt_tests::{App, Person, cells};

cells!(
    one_address_is_one_account,
    known_and_unknown_addresses_get_the_same_answer,
    passwords_are_checked_when_they_are_set,
    several_recipients_in_one_field_are_refused,
    split_and_disguised_addresses_are_refused_or_distinct,
    domains_that_look_like_others_are_unmasked,
    aliases_are_accounts_of_their_own,
    names_cannot_disguise,
    nothing_can_be_assigned_that_is_not_asked_for,
    the_form_keeps_what_was_entered_and_marks_what_is_wrong,
);

async fn one_address_is_one_account(app: App) {
    let mut ann = Person { email: "Ann@Example.test".into(), ..Person::new(&app, "ann") };
    ann.sign_up().await.expect(202);
    app.work().await;
    app.advance(time::Duration::minutes(2));
    let mut again = Person { email: "ann@example.test".into(), ..ann.elsewhere(&app) };
    again.sign_up().await.expect(202);
    app.work().await;
    let users =
        app.auth.users("test").list(&Default::default(), usermgmt_core::page::PageRequest::first(10)).await.unwrap();
    assert_eq!(users.items.len(), 1);
    app.report.requirement(1);
    app.report.case("EM-02");

    // Another address is another account.
    Person::new(&app, "bob").sign_up().await.expect(202);
    app.work().await;
    let users =
        app.auth.users("test").list(&Default::default(), usermgmt_core::page::PageRequest::first(10)).await.unwrap();
    assert_eq!(users.items.len(), 2);
    app.report.twin("EM-02");

    // An id of ours is the key; the address is an attribute.
    assert!(users.items.iter().all(|user| user.id.to_string().starts_with("usr_")));
    app.report.requirement(5);
}

async fn known_and_unknown_addresses_get_the_same_answer(app: App) {
    let ann = Person::verified(&app, "ann").await;
    app.advance(time::Duration::hours(2));
    let before = app.mails(&ann.email).len();
    for typed in [ann.email.as_str(), "ANN@EXAMPLE.TEST"] {
        let known = Person { email: typed.into(), ..ann.elsewhere(&app) }.sign_up().await;
        let unknown =
            Person::new(&app, &format!("unknown{}", typed.len() + usize::from(typed == ann.email))).sign_up().await;
        assert_eq!(known.outward(), unknown.outward());
        app.work().await;
        app.advance(time::Duration::hours(2));
    }
    // The owner is told, at the stored address, and nothing has changed: the old password still works.
    let mails = app.mails(&ann.email);
    assert_eq!(mails.len(), before + 2);
    assert!(mails[0].subject.contains("already have an account") && mails[0].to == ann.email, "{}", mails[0].to);
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.case("EN-02");

    let mut unknown = Person::new(&app, "welcome");
    unknown.sign_up().await.expect(202);
    app.work().await;
    assert!(app.mail(&unknown.email).subject.contains("Confirm"));
    app.report.twin("EN-02");
}

async fn passwords_are_checked_when_they_are_set(app: App) {
    let app = app
        .configured(|builder| {
            builder.limits(usermgmt_service::Limits { sign_ups_per_address: 1_000, ..Default::default() })
        })
        .await;
    for (password, code) in [
        ("xqzwvkj".to_owned(), "too_short"),
        (String::new(), "required"),
        ("zoë-quill-quill".to_owned(), "contains_name"),
        ("new.person-1234".to_owned(), "contains_email"),
        ("ž".repeat(257), "too_long"),
        ("🦀".repeat(256) + "x", "too_long"),
        ("correct\0horse".to_owned(), "forbidden_character"),
    ] {
        let reply = Person { password, ..Person::new(&app, "new.person") }.sign_up().await.expect(422);
        assert_eq!(reply.json()["fields"], json!([{ "field": "password", "code": code }]), "{}", reply.body);
    }
    for password in ["xqzwvkjy".to_owned(), "🦀".repeat(64), "ž".repeat(256), " ".repeat(16), "aaaaaaaaaaaaaaa".into()]
    {
        let local_part = format!("p{}", password.len());
        let mut person = Person { password, ..Person::new(&app, &local_part) };
        person.sign_up().await.expect(202);
        app.work().await;
        let token = token(&app.mail(&person.email));
        person.agent.post("/auth/verify", json!({ "token": token })).await.expect(200);
        person.sign_in().await.expect(200);
    }
    app.report.requirement(21);
}

async fn several_recipients_in_one_field_are_refused(app: App) {
    for email in [
        "a@x.org,b@evil.org",
        "a@x.org;b@evil.org",
        "a@x.org\r\ncc:b@evil.org",
        "a@x.org%0a%0dcc:b@evil.org",
        "a@x.org b@evil.org",
        "Ann <a@x.org>",
    ] {
        let reply = Person { email: email.into(), ..Person::new(&app, "x") }.sign_up().await.expect(422);
        assert_eq!(reply.json()["fields"][0]["field"], "email");
    }
    let mut agent = app.agent();
    agent
        .post(
            "/auth/sign-up",
            json!({ "email": ["a@x.org", "b@evil.org"], "password": "blowfish under moonlight", "name": "A" }),
        )
        .await
        .expect(400);
    app.work().await;
    assert!(app.mailbox.mails().is_empty());
    app.report.case("EM-05");

    let mut person = Person::new(&app, "honest+tag");
    person.sign_up().await.expect(202);
    app.work().await;
    assert_eq!(app.mailbox.mails().len(), 1);
    app.report.twin("EM-05");
}

async fn domains_that_look_like_others_are_unmasked(app: App) {
    for email in ["a@xn--example-.com", "a@xn--a-0.example.test", "a@xn--.example.test"] {
        let refused = Person { email: email.into(), ..Person::new(&app, "x") }.sign_up().await.expect(422);
        assert_eq!(refused.json()["fields"][0]["field"], "email", "{email}");
    }
    let shown_to = async |typed: &str| {
        let mut person = Person { email: typed.into(), ..Person::new(&app, "x") };
        person.sign_up().await.expect(202);
        app.work().await;
        let mail = app.mailbox.mails().into_iter().next().unwrap();
        person.agent.post("/auth/verify", json!({ "token": usermgmt_tests::app::token(&mail) })).await.expect(200);
        person.sign_in().await.expect(200);
        let page = person.agent.navigate("/auth/account").await.expect(200).body;
        let me = person.agent.get("/auth/me").await.json()["user"]["email"].as_str().unwrap().to_owned();
        assert!(page.contains(&me), "{page}");
        me
    };
    // Cyrillic letters that read "apple", and one among Latin ones.
    assert_eq!(shown_to("ann@\u{430}\u{440}\u{440}\u{4cf}\u{435}.com").await, "ann@xn--80ak6aa92e.com");
    assert_eq!(shown_to("ann@p\u{430}ypal.com").await, "ann@xn--pypal-4ve.com");
    app.report.case("EM-07");
    assert_eq!(shown_to("Ann@B\u{fc}cher.example").await, "Ann@B\u{fc}cher.example");
    app.report.twin("EM-07");
}

async fn split_and_disguised_addresses_are_refused_or_distinct(app: App) {
    let app = app
        .configured(|builder| {
            builder.limits(usermgmt_service::Limits { sign_ups_per_address: 1_000, ..Default::default() })
        })
        .await;
    let mike = Person { email: "mike@example.org".into(), ..Person::verified(&app, "unused").await };
    let mut mike = Person { agent: app.agent(), ..mike };
    mike.sign_up().await.expect(202);
    app.work().await;
    let before = app.mailbox.mails().len();
    // A look-alike is refused, or an identity of its own whose mail goes to its own address.
    for typed in [
        "mıke@example.org",
        "MİKE@example.org",
        "mi\u{212a}e@example.org",
        "ｍike@example.org",
        "mike＠example.org",
        "mike@ｅxample.org",
        "mike@example。org",
    ] {
        for path in ["/auth/verify/resend", "/auth/sign-in"] {
            let body = if path.ends_with("in") {
                json!({ "email": typed, "password": mike.password })
            } else {
                json!({ "email": typed })
            };
            let reply = app.agent().post(path, body).await.expect(422);
            assert_eq!(reply.json()["fields"][0]["field"], "email", "{typed}");
        }
    }
    let reply = app.agent().post("/auth/verify/resend", json!({ "email": "mike@exampıe.org" })).await;
    reply.expect(202);
    app.work().await;
    assert_eq!(app.mailbox.mails().len(), before, "nothing was mailed to anybody");
    app.report.case("EM-01");

    for typed in ["victim＠corp.test", "a@corp．test", "a@cor\u{200d}p.test", "a@xn--example-.com"] {
        app.agent().post("/auth/verify/resend", json!({ "email": typed })).await.expect(422);
    }
    app.report.case("EM-03");
    for typed in [
        "\"e@attacker.test\"@corp.test",
        "=?utf-8?q?a=40attacker.test=3e?=x@corp.test",
        "a(@attacker.test)@corp.test",
        "a%attacker.test@corp.test",
        "@attacker.test:a@corp.test",
        "a@attacker.test\u{0}@corp.test",
    ] {
        app.agent().post("/auth/verify/resend", json!({ "email": typed })).await.expect(422);
    }
    app.report.case("EM-04");

    app.advance(time::Duration::minutes(2));
    app.agent().post("/auth/verify/resend", json!({ "email": " MIKE@example.ORG " })).await.expect(202);
    app.work().await;
    let mail = app.mail("mike@example.org");
    assert_eq!(mail.to, " MIKE@example.ORG ".trim());
    let mut bucher = Person { email: "leser@Bücher.example".into(), ..Person::new(&app, "leser") };
    bucher.sign_up().await.expect(202);
    app.work().await;
    let token = token(&app.mail(&bucher.email));
    bucher.agent.post("/auth/verify", json!({ "token": token })).await.expect(200);
    bucher.email = "LESER@xn--bcher-kva.example".into();
    bucher.sign_in().await.expect(200);
    for id in ["EM-01", "EM-03", "EM-04"] {
        app.report.twin(id);
    }
}

async fn aliases_are_accounts_of_their_own(app: App) {
    let mut base = Person::verified(&app, "sam").await;
    let mut alias = Person::verified(&app, "sam+x").await;
    base.sign_in().await.expect(200);
    alias.sign_in().await.expect(200);
    let (a, b) = (base.agent.get("/auth/me").await.json(), alias.agent.get("/auth/me").await.json());
    assert_ne!(a["user"]["id"], b["user"]["id"]);
    app.report.case("EM-09");
    app.report.twin("EM-09");
}

async fn names_cannot_disguise(app: App) {
    for name in [
        "ad\u{200b}min",
        "\u{202e}nimda",
        "Ann\nBcc: x",
        "\u{1b}[31mred",
        "a\0b",
        &"x".repeat(65),
        &"e\u{301}".repeat(3_000),
    ] {
        let reply = Person { name: name.into(), ..Person::new(&app, "x") }.sign_up().await;
        assert_eq!(reply.expect(422).json()["fields"][0]["field"], "name");
    }
    let reply = Person { organization: Some("Support \u{202e}ours".into()), ..Person::new(&app, "x") }.sign_up().await;
    assert_eq!(reply.expect(422).json()["fields"][0]["field"], "organization");
    app.report.case("EM-10");
    let mut person = Person { name: "نازنین\u{200c}زهرا O'Brien <3".into(), ..Person::new(&app, "honest") };
    person.sign_up().await.expect(202);
    app.work().await;
    assert!(app.mail(&person.email).text.contains("O'Brien <3"));
    app.report.twin("EM-10");
}

async fn nothing_can_be_assigned_that_is_not_asked_for(app: App) {
    let honest = json!({ "email": "eve@example.test", "password": "blowfish under moonlight", "name": "Eve" });
    for (field, value) in [
        ("id", json!("usr_00000000000000000000000000000001")),
        ("user_id", json!(1)),
        ("role", json!("owner")),
        ("roles", json!(["owner"])),
        ("email_verified", json!(true)),
        ("emailVerified", json!(true)),
        ("verified_at", json!(0)),
        ("is_admin", json!(true)),
        ("password_hash", json!("x")),
        ("created_at", json!(0)),
    ] {
        let mut body = honest.clone();
        body[field] = value;
        app.agent().post("/auth/sign-up", body).await.expect(400);
    }
    app.work().await;
    assert!(app.mailbox.mails().is_empty());
    app.report.case("CS-13");
    app.agent().post("/auth/sign-up", honest).await.expect(202);
    app.report.twin("CS-13");
}

async fn the_form_keeps_what_was_entered_and_marks_what_is_wrong(app: App) {
    let mut agent = app.agent();
    let fields =
        [("email", "not an address"), ("name", "Zoë & <Quill>"), ("password", "short"), ("organization", "Acme")];
    let page = agent.submit("/auth/sign-up", "/auth/sign-up", &fields).await.expect(422);
    assert!(page.body.contains("Zoë &amp; &lt;Quill&gt;") && page.body.contains("Acme"), "{}", page.body);
    assert!(page.body.contains("aria-invalid") && !page.body.contains(">short<") && !page.body.contains("\"short\""));
    let fields = [
        ("email", "zoe@example.test"),
        ("name", "Zoë"),
        ("password", "blowfish under moonlight"),
        ("organization", ""),
    ];
    let next = agent.fill(&page, "/auth/sign-up", &fields).await.expect(303);
    let page = agent.follow(next).await.expect(200);
    assert!(page.body.contains("zoe@example.test"));
    app.work().await;
    let code = code(&app.mail("zoe@example.test"));
    let next = agent.fill(&page, "/auth/verify", &[("code", &code)]).await.expect(303);
    let page = agent.follow(next).await.expect(200);
    assert!(page.body.contains(&app.auth.texts().get("en", "notice-verified", &[])), "{}", page.body);
    let next = agent
        .fill(&page, "/auth/sign-in", &[("email", "zoe@example.test"), ("password", "blowfish under moonlight")])
        .await;
    assert_eq!(next.expect(303).header("location"), Some("/"));
    assert_eq!(agent.get("/auth/me").await.expect(200).json()["organization"], json!(null));
}
