//! Sessions.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::UserStatus;
use usermgmt_service::SessionRules;
use usermgmt_tests::app::Setup;
use usermgmt_tests::{Agent, App, Person, cells};

cells!(
    a_session_is_a_row_that_can_be_ended_at_once,
    everything_ends_at_once,
    a_suspended_user_is_out_at_the_next_request,
    a_session_ends_when_idle_and_in_any_case,
    activity_is_written_once_a_minute,
    a_planted_session_is_never_the_victims,
    cookies_are_believed_once_and_by_their_exact_name,
    a_digest_is_no_session,
    a_session_in_any_other_place_is_none,
    bogus_sessions_are_noticed_and_visitors_leave_no_row,
    the_oldest_session_gives_way,
    cookies_carry_every_guard,
    a_page_for_everybody_knows_who_is_there,
);

fn cookie(agent: &Agent) -> String {
    agent.cookies.get("um_session").cloned().unwrap_or_default()
}

async fn a_session_is_a_row_that_can_be_ended_at_once(app: App) {
    let mut laptop = Person::signed_in(&app, "ann").await;
    let mut phone = laptop.elsewhere(&app);
    phone.sign_in().await.expect(200);
    let me = phone.agent.get("/auth/me").await.expect(200).json();
    assert_eq!(me["session"]["methods"], json!(["pwd"]));
    assert!(me["session"]["authenticated_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(me["organization"]["name"], "ann & Co");
    app.report.requirement(48);
    assert!(cookie(&phone.agent).len() > 43 && cookie(&phone.agent).starts_with("ums_00_"));
    app.report.requirement(38);

    let list = laptop.agent.get("/auth/sessions").await.expect(200).json();
    let other = list["items"].as_array().unwrap().iter().find(|item| item["current"] == false).unwrap()["id"].clone();
    let path = format!("/auth/sessions/{}/end", other.as_str().unwrap());
    // Nobody else can end it.
    let mut eve = Person::signed_in(&app, "eve").await;
    let foreign = eve.agent.post(&path, json!({})).await.expect(404);
    let missing =
        eve.agent.post("/auth/sessions/ses_00000000000000000000000000000001/end", json!({})).await.expect(404);
    assert_eq!(foreign.outward(), missing.outward());
    assert!(phone.is_signed_in().await);

    laptop.agent.post(&path, json!({})).await.expect(200);
    assert!(!phone.is_signed_in().await && laptop.is_signed_in().await);
    let old = cookie(&laptop.agent);
    laptop.agent.post("/auth/sign-out", json!({})).await.expect(200);
    let mut thief = app.agent();
    thief.cookies.insert("um_session".into(), old);
    thief.get("/auth/me").await.expect(401);
    app.report.case("SE-02");
    laptop.sign_in().await.expect(200);
    assert!(laptop.is_signed_in().await);
    app.report.twin("SE-02");
}

async fn everything_ends_at_once(app: App) {
    let mut laptop = Person::signed_in(&app, "ann").await;
    let mut phone = laptop.elsewhere(&app);
    phone.sign_in().await.expect(200);
    let mut bystander = Person::signed_in(&app, "bob").await;

    let old = cookie(&phone.agent);
    phone.agent.post("/auth/sign-out-everywhere", json!({ "keep_own": true })).await.expect(200);
    assert!(!laptop.is_signed_in().await && phone.is_signed_in().await);
    assert_ne!(cookie(&phone.agent), old, "the acting session goes on under a new secret");
    let mut thief = app.agent();
    thief.cookies.insert("um_session".into(), old);
    thief.get("/auth/me").await.expect(401);
    app.report.requirement(49);

    laptop.sign_in().await.expect(200);
    laptop.agent.post("/auth/sign-out-everywhere", json!({})).await.expect(200);
    assert!(!laptop.is_signed_in().await && !phone.is_signed_in().await && bystander.is_signed_in().await);
    laptop.sign_in().await.expect(200);
    app.report.requirement(43);
}

async fn a_suspended_user_is_out_at_the_next_request(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut pending = Person::new(&app, "new");
    pending.sign_up().await.expect(202);
    app.work().await;
    let token = usermgmt_tests::app::token(&app.mail(&pending.email));
    let users = app.auth.users("they asked for it");
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    assert!(ann.is_signed_in().await);
    users.set_status(id, UserStatus::Suspended).await.unwrap();
    assert!(!ann.is_signed_in().await);
    ann.agent.get("/host/me").await.expect(401);
    ann.elsewhere(&app).sign_in().await.expect(403);
    // What was under way is dead too.
    let waiting = users.by_email(&pending.email).await.unwrap().user.id;
    pending.sign_in().await.expect(200);
    users.set_status(waiting, UserStatus::Suspended).await.unwrap();
    pending.agent.post("/auth/verify", json!({ "token": token })).await;
    pending.agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
    assert!(!pending.is_signed_in().await);
    app.report.case("SE-03");
    app.report.requirement(208);

    users.set_status(id, UserStatus::Active).await.unwrap();
    assert!(!ann.is_signed_in().await, "what has ended stays ended");
    ann.sign_in().await.expect(200);
    assert!(ann.is_signed_in().await);
    app.report.twin("SE-03");
}

async fn a_session_ends_when_idle_and_in_any_case(app: App) {
    let sign_in = |remember: bool| json!({ "email": "ann@example.test", "password": "blowfish under moonlight", "remember": remember });
    let mut ann = Person::verified(&app, "ann").await;
    for (remember, idle) in [(true, limits::SESSION_IDLE), (false, limits::SESSION_IDLE_VISIT)] {
        ann.agent.post("/auth/sign-in", sign_in(remember)).await.expect(200);
        app.advance(idle - Duration::SECOND);
        assert!(ann.is_signed_in().await, "one second before");
        app.advance(idle);
        assert!(!ann.is_signed_in().await);
    }
    app.report.requirement(45);
    // However active, it ends; and a clock that goes back does not prolong it.
    ann.agent.post("/auth/sign-in", sign_in(true)).await.expect(200);
    let days = limits::SESSION_ABSOLUTE.whole_days();
    for _ in 1..days {
        app.advance(Duration::DAY);
        assert!(ann.is_signed_in().await);
    }
    app.advance(Duration::DAY - Duration::SECOND);
    assert!(ann.is_signed_in().await);
    app.report.twin("SE-08");
    app.advance(Duration::SECOND);
    assert!(!ann.is_signed_in().await);
    ann.agent.post("/auth/sign-in", sign_in(false)).await.expect(200);
    app.advance(-Duration::hours(2));
    assert!(ann.is_signed_in().await);
    app.advance(Duration::hours(2) + limits::SESSION_IDLE_VISIT);
    assert!(!ann.is_signed_in().await);
    app.report.case("SE-08");
    app.report.requirement(44);
}

async fn activity_is_written_once_a_minute(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let seen = |list: Value| list["items"][0]["seen_at"].clone();
    let first = seen(ann.agent.get("/auth/sessions").await.json());
    app.advance(limits::ACTIVITY_INTERVAL - Duration::SECOND);
    assert_eq!(seen(ann.agent.get("/auth/sessions").await.json()), first);
    app.advance(Duration::SECOND);
    assert_ne!(seen(ann.agent.get("/auth/sessions").await.json()), first);
}

async fn a_planted_session_is_never_the_victims(app: App) {
    // The attacker plants an own session, or a made-up one, in the victim's browser.
    let attacker = Person::signed_in(&app, "mallory").await;
    let victim = Person::verified(&app, "victim").await;
    for planted in [cookie(&attacker.agent), format!("ums_00_{}", "A".repeat(43))] {
        let mut browser = victim.elsewhere(&app);
        browser.agent.cookies.insert("um_session".into(), planted.clone());
        browser.sign_in().await.expect(200);
        assert_ne!(cookie(&browser.agent), planted);
        let me = browser.agent.get("/auth/me").await.expect(200).json();
        assert_eq!(me["user"]["email"], victim.email);
        let mut thief = app.agent();
        thief.cookies.insert("um_session".into(), planted);
        thief.get("/auth/me").await.expect(401);
    }
    // Whatever raises rights gives a new secret, too.
    let mut ann = Person::signed_in(&app, "ann").await;
    let before = cookie(&ann.agent);
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    let stepped = cookie(&ann.agent);
    let second =
        ann.agent.post("/auth/organizations", json!({ "name": "Second" })).await.expect(201).json()["id"].clone();
    ann.agent.post(&format!("/auth/organizations/{}/enter", second.as_str().unwrap()), json!({})).await.expect(200);
    let entered = cookie(&ann.agent);
    for old in [&before, &stepped] {
        let mut thief = app.agent();
        thief.cookies.insert("um_session".into(), old.clone());
        thief.get("/auth/me").await.expect(401);
    }
    assert!(before != stepped && stepped != entered && ann.is_signed_in().await);
    app.report.case("SE-01");
    app.report.twin("SE-01");
}

async fn cookies_are_believed_once_and_by_their_exact_name(app: App) {
    let ann = Person::signed_in(&app, "ann").await;
    let mallory = Person::signed_in(&app, "mallory").await;
    let (own, planted) = (cookie(&ann.agent), cookie(&mallory.agent));
    let me = |header: Vec<u8>| {
        let agent = app.agent();
        let mut request = b"GET /auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: ".to_vec();
        request.extend(header);
        request.extend(b"\r\n\r\n");
        async move { agent.raw(&request).await.split(' ').nth(1).unwrap_or_default().to_owned() }
    };
    for pair in [
        format!("um_session={planted}; um_session={own}"),
        format!("um_session={own}; um_session={own}"),
        format!("um_session={own}\r\nCookie: um_session={planted}"),
    ] {
        assert_eq!(me(pair.into_bytes()).await, "401");
    }
    app.report.case("SE-05");
    for name in
        ["UM_SESSION", "um_session ", "\u{2000}um_session", "um_sess", "$Version=1; $um_session", "\"um_session\""]
    {
        assert_eq!(me(format!("{name}={own}").into_bytes()).await, "401", "{name}");
    }
    let mut flood = b"a=b; ".repeat(6_000);
    flood.extend(format!("um_session={own}").into_bytes());
    let refused = me(flood).await;
    assert!(refused == "401" || refused == "431", "{refused}");
    app.report.case("SE-06");
    for malformed in
        ["um_session=", "um_session=;", "um_session=ums_00_", "um_session=%00", "um_session=\u{e9}", ";;;", "="]
    {
        assert_eq!(me(malformed.as_bytes().to_vec()).await, "401", "{malformed}");
    }
    assert_eq!(me(b"um_session=\xff\xfe".to_vec()).await, "401");
    app.report.case("SE-15");
    for honest in [
        format!("um_session={own}"),
        format!("a=b;  um_session={own} ;c=d"),
        format!("other=\u{2000}; um_session={own}"),
    ] {
        assert_eq!(me(honest.clone().into_bytes()).await, "200", "{honest}");
    }
    for id in ["SE-05", "SE-06", "SE-15"] {
        app.report.twin(id);
    }
}

async fn a_digest_is_no_session(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let secret = cookie(&ann.agent);
    let digest = usermgmt_core::secret::Digest::of(secret.as_bytes());
    let text = serde_json::to_string(&digest).unwrap().replace('"', "");
    let hex: String = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    for stored in [text.clone(), format!("ums_00_{text}"), hex] {
        let mut thief = app.agent();
        thief.cookies.insert("um_session".into(), stored);
        thief.get("/auth/me").await.expect(401);
    }
    if let Some(dump) = app.store.dump().await {
        assert!(!dump.contains(&secret) && !dump.contains(&secret[7..]), "only digests are stored");
    }
    app.report.case("SE-09");
    assert!(ann.is_signed_in().await);
    app.report.twin("SE-09");
}

async fn a_session_in_any_other_place_is_none(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let secret = cookie(&ann.agent);
    for target in [
        format!("/auth/me?session={secret}"),
        format!("/auth/me?um_session={secret}"),
        format!("/auth/me;um_session={secret}"),
    ] {
        let reply = app.agent().get(&target).await;
        assert!(reply.status == 401 || reply.status == 404, "{target}: {}", reply.status);
        assert!(!reply.body.contains(&secret));
    }
    for (name, value) in [
        ("authorization", format!("Bearer {secret}")),
        ("authorization", "Bearer".into()),
        ("x-session", secret.clone()),
    ] {
        app.agent().with(name, &value).get("/auth/me").await.expect(401);
    }
    app.report.case("SE-10");
    let me = ann.agent.get("/auth/me").await.expect(200);
    assert!(!me.body.contains(&secret));
    app.report.twin("SE-10");
    app.report.requirement(68);
}

async fn bogus_sessions_are_noticed_and_visitors_leave_no_row(app: App) {
    app.work().await;
    let before = app.state().await;
    let mut visitor = app.agent();
    for path in ["/auth/sign-in", "/auth/sign-up", "/auth/verify", "/host/whoami", "/auth/health"] {
        visitor.navigate(path).await;
    }
    assert_eq!(app.state().await, before);
    app.report.requirement(51);
    for number in 0..50 {
        let mut guesser = app.agent();
        let guess: String =
            (0..43).map(|place| char::from(b'A' + u8::try_from((number * 7 + place) % 26).unwrap())).collect();
        guesser.cookies.insert("um_session".into(), format!("ums_00_{}A", &guess[..42]));
        guesser.get("/auth/me").await.expect(401);
    }
    app.work().await;
    let events = app.events(None).await;
    let noticed = events.iter().find(|event| event.kind.as_str() == "refused.unknown_session").expect("an event");
    assert_eq!(noticed.detail["times"], 50);
    assert_eq!(noticed.address.as_deref(), Some("127.0.0.1"));
    app.report.requirement(50);
}

async fn the_oldest_session_gives_way(app: App) {
    let app =
        app.configured(|builder| builder.session_rules(SessionRules { per_user: 3, ..SessionRules::default() })).await;
    let mut first = Person::signed_in(&app, "ann").await;
    let mut others = Vec::new();
    for _ in 0..3 {
        app.advance(Duration::SECOND);
        let mut next = first.elsewhere(&app);
        next.sign_in().await.expect(200);
        others.push(next);
    }
    assert!(!first.is_signed_in().await);
    for other in &mut others {
        assert!(other.is_signed_in().await);
    }
    let list = others[0].agent.get("/auth/sessions").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
}

async fn cookies_carry_every_guard(app: App) {
    let app = app.restart(Setup { origin: Some("https://app.example.test".into()), ..Setup::default() }).await;
    let mut ann = Person::verified(&app, "ann").await;
    let body = json!({ "email": ann.email, "password": ann.password, "remember": true });
    let reply = ann.agent.post("/auth/sign-in", body).await.expect(200);
    let session = reply.cookies().into_iter().find(|cookie| cookie.starts_with("__Host-um_session=")).unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=2592000"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(!session.contains("Domain"));
    assert!(reply.cookies().iter().all(|cookie| cookie.len() <= 4_096 && cookie.starts_with("__Host-")));
    assert!(ann.is_signed_in().await);
    assert!(reply.header("strict-transport-security").unwrap().contains("max-age=31536000"));
    let reply = ann.sign_in().await.expect(200);
    let visit = reply.cookies().into_iter().find(|cookie| cookie.starts_with("__Host-um_session=")).unwrap();
    assert!(!visit.contains("Max-Age"), "without being asked, the cookie goes with the browser");
    let gone = ann.agent.post("/auth/sign-out", json!({})).await.expect(200);
    assert!(
        gone.cookies().iter().any(|cookie| cookie.starts_with("__Host-um_session=;") && cookie.contains("Max-Age=0"))
    );
    app.report.requirement(52);
    // The development mailbox does not exist here.
    app.agent().get("/auth/dev/mailbox").await.expect(404);
}

async fn a_page_for_everybody_knows_who_is_there(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    assert!(ann.agent.get("/host/whoami").await.expect(200).body.starts_with("user usr_"));
    assert_eq!(app.agent().get("/host/whoami").await.expect(200).body, "nobody");
    ann.agent.post("/auth/sign-out", json!({})).await.expect(200);
    assert_eq!(ann.agent.get("/host/whoami").await.expect(200).body, "nobody");
    app.report.requirement(56);
}
