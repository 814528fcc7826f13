//! What people sign up and in by is configuration: one script for all of it.

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_service::MagicLink;
use usermgmt_tests::app::{code, link, token};
use usermgmt_tests::{Agent, App, Person, cells};

use crate::magic_link::{ask, by_code, by_link, is_signed_in, switched_on};
use crate::recovery::{NEW, events};

cells!(
    link_alone_code_alone_or_nothing,
    one_script_for_every_configuration,
    an_account_without_passwords_has_no_dead_end,
    nobody_prepares_an_account_for_another,
    pages_without_passwords_ask_for_none,
);

/// Signs in by what the newest mail carries.
async fn by_mail(app: &App, agent: &mut Agent, email: &str) {
    let mail = app.mail(email);
    if mail.text.contains("token=") {
        by_link(agent, &token(&mail)).await.expect(200);
    } else {
        by_code(agent, &code(&mail)).await.expect(200);
    }
}

async fn one_script_for_every_configuration(app: App) {
    let mut app = app;
    let configurations = [
        ("password", None),
        ("both", Some(MagicLink::link_and_code())),
        ("link", Some(MagicLink::link_only().without_passwords())),
        ("code", Some(MagicLink::code_only().without_passwords())),
    ];
    for (name, configuration) in configurations {
        app = match configuration {
            Some(what) => switched_on(app, what).await,
            None => app,
        };
        let passwordless = configuration.is_some_and(|what| what.is_alone());
        let mut ann = Person::new(&app, name);
        let mut body = json!({ "email": ann.email, "name": ann.name, "organization": ann.organization });
        if !passwordless {
            body["password"] = json!(ann.password);
        }
        ann.agent.post("/auth/sign-up", body).await.expect(202);
        app.work().await;
        if passwordless {
            by_mail(&app, &mut ann.agent, &ann.email).await;
        } else {
            let proof = json!({ "token": token(&app.mail(&ann.email)) });
            ann.agent.post("/auth/verify", proof).await.expect(200);
            ann.sign_in().await.expect(200);
        }
        // The same from here on, whatever they came in by.
        let me = ann.agent.get("/auth/me").await.expect(200).json();
        assert_eq!(me["organization"]["name"], format!("{name} & Co"));
        ann.agent.navigate("/host/fresh").await.expect(200);
        ann.agent.post("/auth/sign-out", json!({})).await.expect(200);
        assert!(!ann.is_signed_in().await);
        if configuration.is_some() {
            ask(&app, &mut ann.agent, &ann.email.clone()).await;
            by_mail(&app, &mut ann.agent, &ann.email).await;
        } else {
            ann.sign_in().await.expect(200);
        }
        assert!(ann.is_signed_in().await);
        // Nothing is kept that could be guessed.
        let id = app.auth.users("test").by_email(&ann.email).await.unwrap().user.id;
        assert_eq!(app.store.store.password(id).await.unwrap().is_none(), passwordless, "{name}");
    }
}

async fn an_account_without_passwords_has_no_dead_end(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let app = switched_on(app, MagicLink::link_and_code().without_passwords()).await;
    // What is about passwords is not there, also for somebody who has one from before.
    let mut agent = app.agent();
    agent.post("/auth/sign-in", json!({ "email": ann.email, "password": ann.password })).await.expect(404);
    agent.post("/auth/forgot", json!({ "email": ann.email })).await.expect(404);
    agent.post("/auth/reset", json!({ "token": "umr_", "password": NEW })).await.expect(404);
    for page in ["/auth/forgot", "/auth/reset"] {
        agent.navigate(page).await.expect(404);
    }
    let secret = token(&ask(&app, &mut agent, &ann.email).await);
    by_link(&mut agent, &secret).await.expect(200);
    agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(404);
    let change = json!({ "password": ann.password, "new_password": NEW });
    agent.post("/auth/me/password", change).await.expect(404);
    agent.navigate("/auth/account/password").await.expect(404);

    // A recent mail is what a sensitive action asks for, and it leads there.
    agent.navigate("/host/fresh").await.expect(200);
    app.advance(limits::STEP_UP_FRESH);
    let refused = agent.post("/auth/me/emails", json!({ "email": "x@example.test" })).await.expect(403);
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["email"]));
    let led = agent.navigate("/host/fresh").await.expect(303);
    let page = agent.follow(led).await.expect(200);
    assert!(!page.body.contains("name=\"password\""), "{}", page.body);
    let fields = [("email", ann.email.as_str()), ("return_to", "/host/fresh")];
    let sent = agent.fill(&page, "/auth/sign-in/mail", &fields).await.expect(303);
    let page = agent.follow(sent).await.expect(200);
    app.work().await;
    let right = code(&app.mail(&ann.email));
    let done = agent.fill(&page, "/auth/sign-in/mailed", &[("code", &right)]).await.expect(303);
    assert_eq!(done.header("location"), Some("/host/fresh"));
    agent.follow(done).await.expect(200);

    // So is what an intruder has changed undone.
    let second = "second@example.test";
    agent.post("/auth/me/emails", json!({ "email": second, "replaces_primary": true })).await.expect(202);
    app.work().await;
    agent.post("/auth/emails/approve", json!({ "token": token(&app.mail(&ann.email)) })).await.expect(200);
    app.work().await;
    agent.post("/auth/emails/verify", json!({ "token": token(&app.mail(second)) })).await.expect(200);
    app.work().await;
    let mut owner = app.agent();
    let notice = app.mail(&ann.email);
    assert!(link(&notice).starts_with("/auth/secure"), "{}", notice.text);
    let opened = owner.navigate(&link(&notice)).await.expect(303);
    let page = owner.follow(opened).await.expect(200);
    let done = owner.fill(&page, "/auth/secure", &[]).await.expect(303);
    let page = owner.follow(done).await.expect(200);
    assert!(!page.body.contains("set a new one"), "{}", page.body);
    assert!(!is_signed_in(&mut agent).await);
    app.work().await;
    let right = code(&ask(&app, &mut owner, &ann.email).await);
    by_code(&mut owner, &right).await.expect(200);
    assert_eq!(owner.get("/auth/me").await.expect(200).json()["user"]["email"], ann.email.as_str());
}

async fn nobody_prepares_an_account_for_another(app: App) {
    let app = switched_on(app, MagicLink::link_and_code().without_passwords()).await;
    let mut mallory = Person::new(&app, "victim");
    mallory.sign_up().await.expect(202);
    app.work().await;
    // The mail goes to the victim, who opens it in a browser of their own.
    let mut victim = app.agent();
    by_link(&mut victim, &token(&app.mail(&mallory.email))).await.expect(200);
    let me = victim.get("/auth/me").await.expect(200).json();
    assert_eq!(me["organization"], json!(null), "what somebody else entered makes no organization");
    assert!(!mallory.is_signed_in().await);
    by_code(&mut mallory.agent, "12345678").await.expect(422);
    assert_eq!(events(&app, AuditKind::EmailVerified).await.len(), 1);
    // A known address is not told; its owner is, and comes in from there.
    app.advance(Duration::HOUR);
    let mut again = mallory.elsewhere(&app);
    let known = again.sign_up().await.expect(202);
    let unknown = Person::new(&app, "somebody").sign_up().await.expect(202);
    assert_eq!(known.outward(), unknown.outward());
    app.work().await;
    let mail = app.mail(&mallory.email);
    assert!(mail.subject.contains("already have an account"), "{}", mail.subject);
    again.agent.navigate(&link(&mail)).await.expect(200);
}

async fn pages_without_passwords_ask_for_none(app: App) {
    let app = switched_on(app, MagicLink::link_and_code().without_passwords()).await;
    let mut agent = app.agent();
    let fields = [("email", "ann@example.test"), ("name", "Ann"), ("organization", "Ann's"), ("return_to", "/host/me")];
    let page = agent.navigate("/auth/sign-up?return_to=%2Fhost%2Fme").await.expect(200);
    assert!(!page.body.contains("type=\"password\""), "{}", page.body);
    let bad = agent.fill(&page, "/auth/sign-up", &[("email", "ann@"), ("name", "")]).await.expect(422);
    let sent = agent.fill(&bad, "/auth/sign-up", &fields).await.expect(303);
    assert_eq!(sent.header("location"), Some("/auth/sign-in/mailed"));
    let page = agent.follow(sent).await.expect(200);
    assert!(page.body.contains("ann@example.test") && !page.body.contains("/forgot"), "{}", page.body);
    app.work().await;
    let right = code(&app.mail("ann@example.test"));
    let done = agent.fill(&page, "/auth/sign-in/mailed", &[("code", &right)]).await.expect(303);
    assert_eq!(done.header("location"), Some("/host/me"));
    agent.follow(done).await.expect(200);
    let account = agent.navigate("/auth/account").await.expect(200);
    assert!(!account.body.contains("/account/password"));
    // Another mail for an address that is not proven yet.
    app.agent().post("/auth/sign-up", json!({ "email": "bob@example.test", "name": "Bob" })).await.expect(202);
    app.advance(limits::RESEND_PAUSE);
    app.agent().post("/auth/verify/resend", json!({ "email": "bob@example.test" })).await.expect(202);
    app.work().await;
    by_link(&mut app.agent(), &token(&app.mail("bob@example.test"))).await.expect(200);

    app.advance(limits::RESEND_PAUSE);
    let mut back = app.agent();
    let page = back.navigate("/auth/sign-in").await.expect(200);
    assert!(!page.body.contains("type=\"password\"") && !page.body.contains("/forgot"), "{}", page.body);
    let sent = back.fill(&page, "/auth/sign-in/mail", &[("email", "ann@example.test")]).await.expect(303);
    back.follow(sent).await.expect(200);
}

async fn link_alone_code_alone_or_nothing(app: App) {
    let ann = Person::verified(&app, "ann").await;
    // Nothing is there unless it was switched on, and the page does not offer it.
    let page = app.agent().navigate("/auth/sign-in").await.expect(200);
    assert!(!page.body.contains("formaction"));
    for path in ["/auth/sign-in/mail", "/auth/sign-in/mailed"] {
        app.agent().navigate(path).await.expect(404);
        app.agent().post(path, json!({ "email": ann.email })).await;
    }
    app.agent().post("/auth/sign-in/mail", json!({ "email": ann.email })).await.expect(404);
    app.agent().post("/auth/sign-in/mailed", json!({ "code": "12345678" })).await.expect(404);
    app.agent().post("/auth/sign-in/mailed/preview", json!({ "token": "uml_" })).await.expect(404);

    let app = switched_on(app, MagicLink::link_only()).await;
    let mut agent = app.agent();
    let mail = ask(&app, &mut agent, &ann.email).await;
    let typed = |line: &str| line.trim().len() == 8 && line.trim().bytes().all(|byte| byte.is_ascii_digit());
    assert!(!mail.text.lines().any(typed) && mail.text.contains("token=uml_"), "{}", mail.text);
    let page = agent.navigate("/auth/sign-in/mailed?notice=sent").await.expect(200);
    assert!(!page.body.contains("name=\"code\""), "{}", page.body);
    by_code(&mut agent, "12345678").await.expect(422);
    by_link(&mut agent, &token(&mail)).await.expect(200);

    let app = switched_on(app, MagicLink::code_only()).await;
    let mut agent = app.agent();
    let mail = ask(&app, &mut agent, &ann.email).await;
    assert!(mail.text.lines().any(typed) && !mail.text.contains("token="), "{}", mail.text);
    assert!(!mail.html.clone().unwrap().contains("token="));
    let page = agent.navigate("/auth/sign-in").await.expect(200);
    assert!(page.body.contains("Mail me a sign-in code"));
    by_code(&mut agent, &code(&mail)).await.expect(200);
}
