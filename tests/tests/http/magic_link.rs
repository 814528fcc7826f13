//! Sign-in by a mailed link or code.

use http::Method;
use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::{Client, KeptMail, Limits, MagicLink, ManagePolicy, NewUser};
use usermgmt_tests::app::{code, link, token};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

use crate::recovery::{NEW, events, reset};

cells!(
    a_link_signs_in_once,
    a_code_signs_in_in_the_browser_that_asked,
    a_link_that_is_opened_elsewhere_asks_first,
    a_link_can_be_bound_to_its_browser,
    the_pages_lead_from_the_ask_to_the_end,
    a_dead_link_offers_a_new_one_in_one_press,
    an_unknown_address_gets_the_same_answer_and_nothing,
    links_and_codes_live_ten_minutes,
    the_address_is_proven_by_it,
    sensitive_actions_want_more_than_a_mail,
    an_organization_is_chosen_as_after_a_password,
    a_policy_without_mail_is_not_met_by_it,
);

/// The same application with mails that sign in, and without limits by place.
pub(crate) async fn switched_on(app: App, what: MagicLink) -> App {
    let limits = Limits {
        verifications_per_address: 100_000,
        sign_ups_per_address: 100_000,
        sign_ins_per_address: 100_000,
        mails_per_address_hour: 1_000,
        mails_per_address_day: 1_000,
        ..Limits::default()
    };
    app.configured(move |builder| builder.limits(limits).magic_link(what)).await
}

/// Somebody asks for a mail that signs in, in this browser; answers the mail.
pub(crate) async fn ask(app: &App, agent: &mut Agent, email: &str) -> KeptMail {
    app.advance(limits::RESEND_PAUSE);
    agent.post("/auth/sign-in/mail", json!({ "email": email })).await.expect(202);
    app.work().await;
    let mail = app.mail(email);
    assert!(mail.subject.starts_with("Sign in to"), "{}", mail.subject);
    mail
}

pub(crate) async fn by_link(agent: &mut Agent, token: &str) -> Reply {
    agent.post("/auth/sign-in/mailed", json!({ "token": token })).await
}

pub(crate) async fn by_code(agent: &mut Agent, code: &str) -> Reply {
    agent.post("/auth/sign-in/mailed", json!({ "code": code })).await
}

/// Whether the browser is signed in.
pub(crate) async fn is_signed_in(agent: &mut Agent) -> bool {
    agent.get("/auth/me").await.status.as_u16() == 200
}

async fn a_link_signs_in_once(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    let mail = ask(&app, &mut agent, &ann.email).await;
    let secret = token(&mail);
    assert!(link(&mail).starts_with("/auth/sign-in/mailed?token=uml_"), "{}", mail.text);
    if let Some(stored) = app.store.dump().await {
        assert!(!stored.contains(&secret[7..]), "a link stands in the database");
    }

    let done = by_link(&mut agent, &secret).await.expect(200).json();
    assert_eq!((&done["status"], &done["session"]["methods"]), (&json!("complete"), &json!(["email"])));
    assert_eq!(done["user"]["email"], ann.email.as_str());
    assert!(is_signed_in(&mut agent).await);
    // Used is used: the link, and the code beside it.
    for mut other in [agent.clone(), app.agent()] {
        assert_eq!(by_link(&mut other, &secret).await.expect(410).code(), "link_invalid");
        assert_eq!(by_code(&mut other, &code(&mail)).await.expect(422).code(), "code_invalid");
    }
    // The password is what it was, and one device does not end another.
    let mut elsewhere = ann.elsewhere(&app);
    elsewhere.sign_in().await.expect(200);
    assert!(is_signed_in(&mut agent).await);
    assert_eq!(events(&app, AuditKind::SignInMailRequested).await.len(), 1);
    let begun = events(&app, AuditKind::SignedIn).await;
    assert!(begun.iter().any(|event| event.detail["methods"] == json!(["email"])), "{begun:?}");

    // A newer link is the only one.
    let old = token(&ask(&app, &mut agent, &ann.email).await);
    let new = token(&ask(&app, &mut agent, &ann.email).await);
    by_link(&mut agent, &old).await.expect(410);
    by_link(&mut agent, &new).await.expect(200);
    app.report.requirement(85);
}

async fn a_code_signs_in_in_the_browser_that_asked(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let bob = Person::verified(&app, "bob").await;
    // Two requests for one address, in two browsers: the later one counts, where it was asked for.
    let (mut first, mut second) = (app.agent(), app.agent());
    let early = code(&ask(&app, &mut first, &ann.email).await);
    let late = code(&ask(&app, &mut second, &ann.email).await);
    assert_eq!(late.len(), 8, "it is the only factor");
    for (agent, typed) in [(&first, &early), (&first, &late), (&second, &early)] {
        assert_eq!(by_code(&mut agent.clone(), typed).await.expect(422).code(), "code_invalid");
    }
    // Neither in a strange browser, nor in one that asked for somebody else.
    let mut other = app.agent();
    ask(&app, &mut other, &bob.email).await;
    for mut agent in [app.agent(), other] {
        by_code(&mut agent, &late).await.expect(422);
        assert!(!is_signed_in(&mut agent).await);
    }
    app.report.case("OT-04");
    let body = json!({ "code": late, "remember": true });
    let done = second.post("/auth/sign-in/mailed", body).await.expect(200);
    let session = done.cookies().into_iter().find(|cookie| cookie.starts_with("um_session")).unwrap();
    assert!(session.contains("Max-Age="), "{session}");
    assert_eq!(done.json()["user"]["email"], ann.email.as_str());
    app.report.twin("OT-04");
    by_code(&mut second, &late).await.expect(422);
    second.post("/auth/sign-in/mailed", json!({})).await.expect(422);
    second.post("/auth/sign-in/mailed", json!({ "code": late, "token": "uml_" })).await.expect(422);
    app.report.requirement(90);
}

/// Presses the button of the page behind a link.
async fn press(agent: &mut Agent, page: &Reply) -> Reply {
    agent.fill(page, "/auth/sign-in/mailed", &[]).await
}

async fn open(agent: &mut Agent, link: &str) -> Reply {
    let opened = agent.navigate(link).await.expect(303);
    assert_eq!(opened.header("location"), Some("/auth/sign-in/mailed"), "the link leaves the address bar");
    agent.follow(opened).await
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn a_link_that_is_opened_elsewhere_asks_first(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut asking = app.agent().with("user-agent", FIREFOX);
    let mail = ask(&app, &mut asking, &ann.email).await;
    app.advance(Duration::minutes(3));

    // The page names when and where it was asked for, and signs nobody in by itself.
    let mut phone = app.agent();
    let page = open(&mut phone, &link(&mail)).await.expect(200);
    for said in ["Was it you", "Firefox on Linux", "3 min ago", ann.email.as_str()] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert!(!page.body.contains("uml_"));
    for agent in [&mut phone, &mut asking] {
        assert!(!is_signed_in(agent).await);
    }
    // Programs are told the same.
    let body = json!({ "token": token(&mail) });
    let told = app.agent().post("/auth/sign-in/mailed/preview", body.clone()).await.expect(200).json();
    assert_eq!((&told["device"], &told["email"]), (&json!(FIREFOX), &json!(ann.email)));
    assert_eq!((&told["same_browser"], &told["works_here"]), (&json!(false), &json!(true)));
    let told = asking.post("/auth/sign-in/mailed/preview", body).await.expect(200).json();
    assert_eq!(told["same_browser"], true);

    // It signs in the browser in which the button is pressed, and no other.
    press(&mut phone, &page).await.expect(303);
    assert!(is_signed_in(&mut phone).await && !is_signed_in(&mut asking).await);
    assert!(!phone.cookies.contains_key("um_link"));
    app.report.case("OT-11");
    let mail = ask(&app, &mut asking, &ann.email).await;
    let page = open(&mut asking, &link(&mail)).await.expect(200);
    assert!(!page.body.contains("Was it you"), "{}", page.body);
    press(&mut asking, &page).await.expect(303);
    assert!(is_signed_in(&mut asking).await);
    app.report.twin("OT-11");
}

async fn a_link_can_be_bound_to_its_browser(app: App) {
    let app = switched_on(app, MagicLink::link_and_code().same_browser_only()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut asking = app.agent().with("user-agent", FIREFOX);
    let mail = ask(&app, &mut asking, &ann.email).await;
    let mut phone = app.agent();
    assert_eq!(by_link(&mut phone, &token(&mail)).await.expect(403).code(), "other_browser");
    let page = open(&mut phone, &link(&mail)).await.expect(200);
    assert!(page.body.contains("Firefox on Linux") && page.body.contains("Open this link in the other browser"));
    assert_eq!(phone.fill(&page, "/auth/sign-in/mailed", &[]).await.status.as_u16(), 403);
    assert!(!is_signed_in(&mut phone).await);
    app.report.case("OT-11");
    // It was not used up by that.
    by_link(&mut asking, &token(&mail)).await.expect(200);
    app.report.twin("OT-11");

    // The way on: one press, and a mail that works here.
    let mail = ask(&app, &mut asking, &ann.email).await;
    let page = open(&mut phone, &link(&mail)).await.expect(200);
    app.advance(limits::RESEND_PAUSE);
    phone.fill(&page, "/auth/sign-in/mail", &[("again", "yes")]).await.expect(303);
    app.work().await;
    let page = open(&mut phone, &link(&app.mail(&ann.email))).await.expect(200);
    press(&mut phone, &page).await.expect(303);
    assert!(is_signed_in(&mut phone).await);
}

async fn the_pages_lead_from_the_ask_to_the_end(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    app.advance(limits::RESEND_PAUSE);
    let mut agent = app.agent();
    // The button stands below the password; what was typed there is taken along.
    let page = agent.navigate("/auth/sign-in?return_to=%2Fhost%2Fme").await.expect(200);
    assert!(page.body.replace("&#x2f;", "/").contains("formaction=\"/auth/sign-in/mail\""), "{}", page.body);
    let typed = [("email", ann.email.as_str()), ("password", "forgotten"), ("return_to", "/host/me")];
    let asked = agent.fill(&page, "/auth/sign-in/mail", &typed).await.expect(303);
    let waiting = agent.follow(asked).await.expect(200);
    assert!(waiting.body.contains("name=\"code\"") && waiting.body.contains(&ann.email), "{}", waiting.body);
    // Other ways in stay on offer, whatever becomes of the mail.
    let ways = waiting.body.replace("&#x2f;", "/");
    assert!(ways.contains("/auth/sign-in?return_to=") && ways.contains("/auth/sign-in/mail?return_to="), "{ways}");
    app.report.requirement(89);

    // A scanner looks first, as often as it likes.
    app.work().await;
    let mail = app.mail(&ann.email);
    let before = app.state().await;
    for _ in 0..2 {
        let mut scanner = app.agent();
        scanner.send(Method::HEAD, &link(&mail), None, "").await.expect(303);
        scanner.send(Method::HEAD, "/auth/sign-in/mailed", None, "").await.expect(200);
        open(&mut scanner, &link(&mail)).await.expect(200);
        assert!(!is_signed_in(&mut scanner).await);
    }
    assert_eq!(app.state().await, before, "looking has changed something");
    app.report.case("RS-10");
    let wrong = agent.fill(&waiting, "/auth/sign-in/mailed", &[("code", "")]).await.expect(422);
    let page = agent.fill(&wrong, "/auth/sign-in/mailed", &[("code", "12345678x")]).await.expect(422);
    assert!(page.body.contains("aria-invalid"));
    // As people paste it.
    let right = code(&mail);
    let grouped = format!("{} {}\u{a0}", &right[..4], &right[4..]);
    let done = agent.fill(&page, "/auth/sign-in/mailed", &[("code", &grouped), ("remember", "yes")]).await.expect(303);
    assert_eq!(done.header("location"), Some("/host/me"));
    agent.follow(done).await.expect(200);
    app.report.twin("RS-10");
    app.report.requirement(88);
}

async fn a_dead_link_offers_a_new_one_in_one_press(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    for spent in [false, true] {
        let mail = ask(&app, &mut agent, &ann.email).await;
        if spent {
            by_link(&mut app.agent(), &token(&mail)).await.expect(200);
        }
        app.advance(limits::SIGN_IN_LINK_LIFE);
        // In a browser that knows nothing of the address; it is not told.
        let mut other = app.agent();
        let dead = open(&mut other, &link(&mail)).await.expect(410);
        assert!(!dead.body.contains(&ann.email) && !dead.body.contains("name=\"email\""), "{}", dead.body);
        let count = app.mails(&ann.email).len();
        let sent = other.fill(&dead, "/auth/sign-in/mail", &[("again", "yes")]).await.expect(303);
        let waiting = other.follow(sent).await.expect(200);
        assert!(waiting.body.contains("name=\"code\"") && !waiting.body.contains(&ann.email));
        app.work().await;
        assert_eq!(app.mails(&ann.email).len(), count + 1);
        by_code(&mut other, &code(&app.mail(&ann.email))).await.expect(200);
        // Programs ask in the same way.
        app.advance(limits::RESEND_PAUSE);
        app.agent().post("/auth/sign-in/mail", json!({ "token": token(&mail) })).await.expect(202);
        app.agent().post("/auth/sign-in/mail", json!({ "token": token(&mail) })).await.expect(429);
    }
    // What was never a link gives nothing away and takes an address.
    let dead = app.agent().navigate("/auth/sign-in/mailed?token=nonsense").await.expect(410);
    assert!(dead.body.contains("name=\"email\""));
    let strange = Bearer::mint(BearerKind::SignInLink, app.auth.random()).unwrap().expose().to_owned();
    app.agent().post("/auth/sign-in/mail", json!({ "token": strange })).await.expect(410);
    let dead = open(&mut agent, &format!("/auth/sign-in/mailed?token={strange}")).await.expect(410);
    assert!(dead.body.contains("name=\"email\"") && !agent.cookies.contains_key("um_link"));
    app.report.requirement(87);
}

async fn an_unknown_address_gets_the_same_answer_and_nothing(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    app.advance(limits::RESEND_PAUSE);
    let tokens =
        |dump: Option<String>| dump.map(|dump| dump.lines().filter(|line| line.starts_with("usermgmt_token")).count());
    let before = tokens(app.store.dump().await);
    let body = |email: &str| json!({ "email": email });
    let unknown = app.agent().post("/auth/sign-in/mail", body("nobody@example.test")).await.expect(202);
    let by_page = app.agent().submit("/auth/sign-in/mail", "/auth/sign-in/mail", &[("email", "no@example.test")]).await;
    app.work().await;
    assert!(app.mails("nobody@example.test").is_empty() && app.mails("no@example.test").is_empty());
    assert_eq!(tokens(app.store.dump().await), before, "a token was minted");
    let known = app.agent().post("/auth/sign-in/mail", body(&ann.email)).await.expect(202);
    assert_eq!(known.outward(), unknown.outward());
    // Limits are charged alike.
    for email in ["nobody@example.test", ann.email.as_str()] {
        let early = app.agent().post("/auth/sign-in/mail", body(email)).await.expect(429);
        assert!(early.header("retry-after").is_some());
    }
    app.advance(limits::RESEND_PAUSE);
    let known = app.agent().submit("/auth/sign-in/mail", "/auth/sign-in/mail", &[("email", &ann.email)]).await;
    assert_eq!(known.outward(), by_page.outward());
    app.agent().post("/auth/sign-in/mail", body("no address")).await.expect(422);
    app.agent().post("/auth/sign-in/mail", json!({})).await.expect(422);
    app.report.requirement(86);
}

async fn links_and_codes_live_ten_minutes(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    assert!(limits::SIGN_IN_LINK_LIFE <= Duration::minutes(10) && limits::CODE_LIFE <= Duration::minutes(10));
    for (wait, status) in [
        (limits::SIGN_IN_LINK_LIFE + Duration::SECOND, 410),
        (limits::SIGN_IN_LINK_LIFE, 410),
        (limits::SIGN_IN_LINK_LIFE - Duration::SECOND, 200),
    ] {
        let secret = token(&ask(&app, &mut app.agent(), &ann.email).await);
        app.advance(wait);
        by_link(&mut app.agent(), &secret).await.expect(status);
    }
    for (wait, status) in [(limits::CODE_LIFE + Duration::SECOND, 422), (limits::CODE_LIFE, 422)] {
        let mut agent = app.agent();
        let right = code(&ask(&app, &mut agent, &ann.email).await);
        app.advance(wait);
        by_code(&mut agent, &right).await.expect(status);
    }
    app.report.case("OT-10");
    let mut agent = app.agent();
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    app.advance(limits::CODE_LIFE - Duration::SECOND);
    by_code(&mut agent, &right).await.expect(200);
    // Used is used, also when the clock goes back.
    app.advance(-Duration::HOUR);
    by_code(&mut agent, &right).await.expect(422);
    app.report.twin("OT-10");
}

async fn the_address_is_proven_by_it(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    // In the browser that signed up: password and organisation are the person's own.
    let mut ann = Person::new(&app, "ann");
    ann.sign_up().await.expect(202);
    app.work().await;
    let proof = token(&app.mail(&ann.email));
    let email = ann.email.clone();
    let right = code(&ask(&app, &mut ann.agent, &email).await);
    let done = by_code(&mut ann.agent, &right).await.expect(200).json();
    assert_eq!(done["organization"]["name"], "ann & Co");
    app.agent().post("/auth/verify", json!({ "token": proof, "password": NEW })).await.expect(410);
    ann.elsewhere(&app).sign_in().await.expect(200);
    assert_eq!(events(&app, AuditKind::EmailVerified).await.len(), 1);

    // Elsewhere: what a squatter has prepared is void, their sign-in included.
    let mut mallory = Person { password: "mallory has plans".into(), ..Person::new(&app, "victim") };
    mallory.sign_up().await.expect(202);
    app.work().await;
    assert_eq!(mallory.sign_in().await.expect(200).json()["step"], "verify_address");
    let mut victim = app.agent();
    let secret = token(&ask(&app, &mut victim, &mallory.email).await);
    let done = by_link(&mut victim, &secret).await.expect(200).json();
    assert_eq!((&done["status"], &done["organization"]), (&json!("complete"), &json!(null)));
    mallory.agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
    assert_eq!(mallory.sign_in().await.expect(401).code(), "invalid_credentials");
    assert!(!mallory.is_signed_in().await && is_signed_in(&mut victim).await);
    assert_eq!(events(&app, AuditKind::UnprovenPasswordVoided).await.len(), 1);
    app.report.requirement(3);

    // Nor does it help to ask for the link on the victim's behalf: it signs in whoever presses the button.
    let mut carl = Person { password: "mallory has plans".into(), ..Person::new(&app, "carl") };
    carl.sign_up().await.expect(202);
    app.work().await;
    let secret = token(&ask(&app, &mut carl.agent, &carl.email.clone()).await);
    let mut owner = app.agent();
    by_link(&mut owner, &secret).await.expect(200);
    assert!(!carl.is_signed_in().await);
    carl.sign_in().await.expect(401);
}

async fn sensitive_actions_want_more_than_a_mail(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    let secret = token(&ask(&app, &mut agent, &ann.email).await);
    by_link(&mut agent, &secret).await.expect(200);
    // However fresh: what it proves is that somebody reads the mail.
    for (path, body) in
        [("/auth/me/emails", json!({ "email": "x@example.test" })), ("/auth/me/emails/remove", json!({ "email": "x" }))]
    {
        let refused = agent.post(path, body).await.expect(403);
        assert_eq!(refused.code(), "step_up_required");
        assert!(refused.json()["challenge"]["step_up"]["methods"].to_string().contains("pwd"));
    }
    let led = agent.navigate("/host/fresh").await.expect(303);
    let page = agent.follow(led).await.expect(200);
    assert!(page.body.contains("name=\"password\"") && page.body.contains("/forgot\""), "{}", page.body);
    // With the password of the account it goes on.
    let fields = [("password", ann.password.as_str()), ("return_to", "/host/fresh")];
    agent.fill(&page, "/auth/step-up", &fields).await.expect(303);
    agent.navigate("/host/fresh").await.expect(200);
    ask_again_is_no_proof(&app, &mut agent, &ann.email).await;

    // An account without a password is led to one.
    let new = NewUser { email: "bare@example.test", name: "Bare", password: None, email_is_verified: true };
    app.auth.users("test").create(new).await.unwrap();
    let mut bare = app.agent();
    let right = code(&ask(&app, &mut bare, "bare@example.test").await);
    by_code(&mut bare, &right).await.expect(200);
    let led = bare.navigate("/host/fresh").await.expect(303);
    let page = bare.follow(led).await.expect(200);
    assert!(!page.body.contains("name=\"password\"") && page.body.contains("no password yet"), "{}", page.body);
    app.advance(limits::RESEND_PAUSE);
    bare.fill(&page, "/auth/forgot", &[("email", "bare@example.test")]).await.expect(303);
    app.work().await;
    let secret = token(&app.mail("bare@example.test"));
    reset(&mut bare, &secret, NEW).await.expect(200);
    bare.post("/auth/sign-in", json!({ "email": "bare@example.test", "password": NEW })).await.expect(200);
    bare.navigate("/host/fresh").await.expect(200);
    app.report.requirement(91);
}

/// A second mail is no second proof: the next session begins with nothing but it.
async fn ask_again_is_no_proof(app: &App, agent: &mut Agent, email: &str) {
    let secret = token(&ask(app, agent, email).await);
    by_link(agent, &secret).await.expect(200);
    assert_eq!(agent.get("/host/fresh").await.expect(403).code(), "step_up_required");
}

async fn an_organization_is_chosen_as_after_a_password(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.post("/auth/organizations", json!({ "name": "Second" })).await.expect(201);
    let mut agent = app.agent();
    let secret = token(&ask(&app, &mut agent, &ann.email).await);
    let pending = by_link(&mut agent, &secret).await.expect(200).json();
    assert_eq!((&pending["status"], &pending["step"]), (&json!("pending"), &json!("choose_organization")));
    assert!(!is_signed_in(&mut agent).await, "pending is signed out");
    by_link(&mut app.agent(), &secret).await.expect(410);
    let chosen = pending["organizations"][0]["id"].as_str().unwrap().to_owned();
    // The attempt belongs to its browser.
    let mut thief = app.agent();
    thief.cookies.insert("um_attempt".into(), agent.cookies["um_attempt"].clone());
    thief.post("/auth/sign-in/organization", json!({ "organization": chosen })).await.expect(401);
    let done = agent.post("/auth/sign-in/organization", json!({ "organization": chosen })).await.expect(200).json();
    assert_eq!((&done["organization"]["id"], &done["session"]["methods"]), (&json!(chosen), &json!(["email"])));
    // By the pages.
    let mut agent = app.agent();
    let page = open(&mut agent, &link(&ask(&app, &mut app.agent(), &ann.email).await)).await.expect(200);
    let next = press(&mut agent, &page).await.expect(303);
    assert_eq!(next.header("location"), Some("/auth/choose-organization"));
    let page = agent.follow(next).await.expect(200);
    agent.fill(&page, "/auth/choose-organization", &[("organization", &chosen)]).await.expect(303);
    assert!(is_signed_in(&mut agent).await);
}

async fn a_policy_without_mail_is_not_met_by_it(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let path = format!("/host/orgs/{}/things", ann.org().await);
    let secret = Bearer::parse(BearerKind::Session, &ann.agent.cookies["um_session"]).unwrap();
    let principal = app.auth.principal(&secret).await.unwrap().unwrap();
    let permit = app.auth.scope(&principal).unwrap().permit::<ManagePolicy>().unwrap();
    let passwords =
        AuthPolicy { methods: Some([usermgmt_core::model::Method::Password].into()), ..AuthPolicy::default() };
    app.auth.orgs().set_policy(&Client::default(), &permit, &passwords).await.unwrap();
    let mut agent = app.agent();
    let secret = token(&ask(&app, &mut agent, &ann.email).await);
    by_link(&mut agent, &secret).await.expect(200);
    let refused = agent.get(&path).await.expect(403);
    assert_eq!(
        (refused.code().as_str(), &refused.json()["challenge"]["demands"]),
        ("policy_unmet", &json!(["allowed_method"]))
    );
    ann.agent.get(&path).await.expect(200);
    agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    agent.get(&path).await.expect(200);
}
