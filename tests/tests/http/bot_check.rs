//! The bot check: when it is asked for, what counts as an answer, what an outage of it means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::port::BotPurpose;
use usermgmt_core::secret::Digest;
use usermgmt_service::{BotProtection, BotRisk, Captcha, Limits, Passkeys, ProofOfWork, TrustedProxies};
use usermgmt_tests::robots::{OutOfOrder, ThirdParty, solved};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    nobody_is_asked_unless_the_application_wants_it,
    an_answer_counts_once_for_its_purpose_and_its_time,
    of_many_uses_at_once_one_passes,
    what_is_refused_counts_for_nothing_else,
    by_risk_a_place_is_asked_after_so_many_failures,
    in_an_alarm_everybody_is_asked,
    an_outage_is_no_answer,
    forms_bring_the_check_with_them,
    a_third_party_is_asked,
);

/// The proof of work, cheap enough for tests.
fn work() -> ProofOfWork {
    ProofOfWork::new().iterations(1).raised_by(1)
}

fn from(app: &App, number: u32) -> Agent {
    app.agent().with("x-forwarded-for", &format!("203.0.113.{number}"))
}

async fn sign_in(agent: &mut Agent, person: &Person, answer: Option<&str>) -> Reply {
    let mut body = json!({ "email": person.email, "password": person.password });
    if let Some(answer) = answer {
        body["bot_check"] = answer.into();
    }
    agent.post("/auth/sign-in", body).await
}

async fn sign_up(agent: &mut Agent, name: &str, answer: Option<&str>) -> Reply {
    let mut body =
        json!({ "email": format!("{name}@example.test"), "password": "blowfish under moonlight", "name": "N" });
    if let Some(answer) = answer {
        body["bot_check"] = answer.into();
    }
    agent.post("/auth/sign-up", body).await
}

/// A page without the escapes of slashes.
fn shown(page: &Reply) -> String {
    page.body.replace("&#x2f;", "/")
}

async fn nobody_is_asked_unless_the_application_wants_it(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.post("/auth/forgot", json!({ "email": "other@example.test" })).await.expect(202);
    let mut visitor = app.agent();
    for path in ["/auth/sign-in", "/auth/sign-up", "/auth/forgot"] {
        let page = visitor.navigate(path).await.expect(200);
        assert!(!page.body.contains("<script src"), "{}", page.body);
        // The one script that every page has is let in by its digest alone.
        let script = page.body.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
        let digest = STANDARD.encode(Digest::of(script.as_bytes()).as_bytes());
        assert!(page.header("content-security-policy").unwrap().ends_with(&format!("; script-src 'sha256-{digest}'")));
    }
    for path in ["/auth/bot-check?purpose=sign_in", "/auth/bot-check/proof-of-work.js"] {
        visitor.get(path).await.expect(404);
    }
    // An answer that nobody has asked for is no field of a form, and nothing to a program.
    let fields = [("email", "x@example.test"), ("bot_check", "x")];
    visitor.submit("/auth/forgot", "/auth/forgot", &fields).await.expect(400);
    // For some purposes only.
    let app =
        app.configured(|builder| builder.bot_check(BotProtection::always(work()).only(&[BotPurpose::SignUp]))).await;
    ann.elsewhere(&app).sign_in().await.expect(200);
    sign_up(&mut app.agent(), "bob", None).await.expect(403);
    app.agent().get("/auth/bot-check?purpose=forgot").await.expect(404);
    app.agent().get("/auth/bot-check?purpose=anything").await.expect(400);
    app.agent().get("/auth/bot-check").await.expect(400);
}

async fn an_answer_counts_once_for_its_purpose_and_its_time(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let app = app.configured(|builder| builder.bot_check(BotProtection::always(work()))).await;
    let mut agent = app.agent();
    let asked = agent.get("/auth/bot-check?purpose=sign_up").await.expect(200).json();
    assert_eq!(
        (&asked["kind"], &asked["expected"], &asked["life_seconds"]),
        (&json!("altcha"), &json!(true), &json!(300))
    );

    let refused = sign_up(&mut agent, "bob", None).await.expect(403);
    assert_eq!(
        (refused.code(), &refused.json()["challenge"]["bot_check"]),
        ("bot_check_required".into(), &json!("/bot-check"))
    );
    sign_up(&mut agent, "bob", Some("")).await.expect(403);
    app.work().await;
    assert_eq!(app.mails("bob@example.test").len(), 0);
    let answer = solved(&agent, "sign_up").await;
    sign_up(&mut agent, "bob", Some(&answer)).await.expect(202);
    app.work().await;
    assert_eq!(app.mails("bob@example.test").len(), 1);
    let again = sign_up(&mut agent, "cid", Some(&answer)).await.expect(403);
    assert_eq!(again.code(), "bot_check_failed");

    for wrong in ["nonsense", &solved(&agent, "sign_up").await, &solved(&agent, "forgot").await] {
        let reply = sign_in(&mut agent, &ann, Some(wrong)).await.expect(403);
        assert_eq!(reply.code(), "bot_check_failed");
    }
    let late = solved(&agent, "sign_in").await;
    let in_time = solved(&agent, "sign_in").await;
    app.advance(limits::WORK_LIFE - Duration::SECOND);
    sign_in(&mut app.agent(), &ann, Some(&in_time)).await.expect(200);
    app.advance(Duration::SECOND);
    assert_eq!(sign_in(&mut agent, &ann, Some(&late)).await.expect(403).code(), "bot_check_failed");
    // Once used, always used: another process, a restart and a clock that goes back change nothing.
    let app = app.configured(|builder| builder.bot_check(BotProtection::always(work()))).await;
    app.advance(-Duration::MINUTE);
    assert_eq!(sign_in(&mut app.agent(), &ann, Some(&in_time)).await.expect(403).code(), "bot_check_failed");

    let forgot = |answer: Option<String>| {
        let mut agent = app.agent();
        let mut body = json!({ "email": ann.email });
        if let Some(answer) = answer {
            body["bot_check"] = Value::from(answer);
        }
        async move { agent.post("/auth/forgot", body).await }
    };
    assert_eq!(forgot(None).await.expect(403).code(), "bot_check_required");
    forgot(Some(solved(&app.agent(), "forgot").await)).await.expect(202);
    app.work().await;
    assert!(app.mail(&ann.email).subject.contains("new password"));
    let events = app.events(None).await;
    assert!(events.iter().any(|event| event.kind.as_str() == "refused.bot_check"));
    app.report.requirement(220);
}

async fn of_many_uses_at_once_one_passes(app: App) {
    let app = app.configured(|builder| builder.bot_check(BotProtection::always(work()))).await;
    let answer = solved(&app.agent(), "sign_up").await;
    let racers = (0..12).map(|number| {
        let (mut agent, answer) = (app.agent(), answer.clone());
        tokio::spawn(async move { sign_up(&mut agent, &format!("racer{number}"), Some(&answer)).await.status.as_u16() })
    });
    let mut ends: Vec<_> = futures_util::future::join_all(racers).await.into_iter().map(Result::unwrap).collect();
    ends.sort_unstable();
    assert_eq!(ends, [vec![202], vec![403; 11]].concat());
}

async fn what_is_refused_counts_for_nothing_else(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let limits_ = Limits { sign_ins_per_address: 40, wrong_passwords_per_account: 12, ..Limits::default() };
    let app = app.configured(move |builder| builder.limits(limits_).bot_check(BotProtection::always(work()))).await;
    // Whoever does not do the check guesses nothing: neither the pair nor the account is rested by it.
    let guesser = Person { password: "not the password".into(), ..ann.clone() };
    for _ in 0..limits::WRONG_PASSWORDS_PER_PAIR + 5 {
        sign_in(&mut app.agent(), &guesser, None).await.expect(403);
        sign_in(&mut app.agent(), &guesser, Some("AAAA")).await.expect(403);
    }
    let answer = solved(&app.agent(), "sign_in").await;
    sign_in(&mut app.agent(), &ann, Some(&answer)).await.expect(200);
    // Nor is a mail spent by it: the honest try follows at once.
    sign_up(&mut app.agent(), "bob", None).await.expect(403);
    let answer = solved(&app.agent(), "sign_up").await;
    sign_up(&mut app.agent(), "bob", Some(&answer)).await.expect(202);
    // The cheap limit comes first: nothing is verified beyond it.
    for _ in 0..9 {
        sign_in(&mut app.agent(), &ann, None).await.expect(403);
    }
    sign_in(&mut app.agent(), &ann, Some("AAAA")).await.expect(429);
    app.report.case("RL-13");
    app.advance(limits::MINUTE);
    let answer = solved(&app.agent(), "sign_in").await;
    sign_in(&mut app.agent(), &ann, Some(&answer)).await.expect(200);
    app.report.twin("RL-13");
}

async fn by_risk_a_place_is_asked_after_so_many_failures(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let app = app
        .configured(|builder| {
            let protection = BotProtection::by_risk(work(), BotRisk::default());
            builder.trusted_proxies(TrustedProxies::Hops(1)).bot_check(protection)
        })
        .await;
    let expected = async |agent: &Agent| {
        let asked = agent.clone().get("/auth/bot-check?purpose=sign_in").await.expect(200).json();
        asked["expected"] == true
    };
    // One's own successes make no risk.
    for _ in 0..limits::RISK_FAILED_SIGN_INS * 2 {
        sign_in(&mut from(&app, 1), &ann, None).await.expect(200);
    }
    for number in 0..limits::RISK_FAILED_SIGN_INS {
        let guess = Person { email: format!("n{number}@example.test"), ..ann.clone() };
        sign_in(&mut from(&app, 1), &guess, None).await.expect(401);
    }
    assert!(!expected(&from(&app, 1)).await, "nobody was asked yet");
    let refused = sign_in(&mut from(&app, 1), &ann, None).await.expect(403);
    assert_eq!(refused.code(), "bot_check_required");
    assert!(expected(&from(&app, 1)).await && !expected(&from(&app, 2)).await);
    sign_in(&mut from(&app, 2), &ann, None).await.expect(200);
    let answer = solved(&from(&app, 1), "sign_in").await;
    sign_in(&mut from(&app, 1), &ann, Some(&answer)).await.expect(200);
    sign_in(&mut from(&app, 1), &ann, None).await.expect(403);
    app.advance(limits::RISK_WINDOW);
    sign_in(&mut from(&app, 1), &ann, None).await.expect(200);
    assert!(!expected(&from(&app, 1)).await);
    app.report.requirement(183);

    // Of sign-ups and requests for mail all count.
    for number in 0..limits::RISK_SIGN_UPS {
        sign_up(&mut from(&app, 3), &format!("new{number}"), None).await.expect(202);
    }
    sign_up(&mut from(&app, 3), "last", None).await.expect(403);
    for number in 0..limits::RISK_FORGOTTEN {
        let body = json!({ "email": format!("new{number}@example.test") });
        app.advance(limits::RESEND_PAUSE);
        from(&app, 4).post("/auth/forgot", body).await.expect(202);
    }
    from(&app, 4).post("/auth/forgot", json!({ "email": "last@example.test" })).await.expect(403);
    app.report.requirement(180);
}

async fn in_an_alarm_everybody_is_asked(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let app = app
        .configured(|builder| {
            let limits = Limits { sign_ins_per_address: 10_000, ..Limits::default() };
            let risk = BotRisk { failed_sign_ins: 10_000, ..BotRisk::default() };
            let protection = BotProtection::by_risk(work(), risk);
            builder.limits(limits).trusted_proxies(TrustedProxies::Hops(1)).bot_check(protection)
        })
        .await;
    for number in 0..limits::GUESSES_ALARM {
        sign_in(&mut from(&app, 1), &ann, None).await.expect(200);
        let guess = Person { email: format!("n{number}@example.test"), ..ann.clone() };
        sign_in(&mut from(&app, number), &guess, None).await.expect(401);
    }
    assert_eq!(sign_in(&mut from(&app, 250), &ann, None).await.expect(403).code(), "bot_check_required");
    let page = from(&app, 250).navigate("/auth/sign-in").await;
    assert!(page.body.contains("data-check="), "{}", page.body);
    sign_up(&mut from(&app, 250), "bob", None).await.expect(202);
    let answer = solved(&from(&app, 250), "sign_in").await;
    sign_in(&mut from(&app, 250), &ann, Some(&answer)).await.expect(200);
    app.advance(limits::ALARM_WINDOW);
    sign_in(&mut from(&app, 250), &ann, None).await.expect(200);
}

async fn an_outage_is_no_answer(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let mut app = app;
    for hangs in [false, true] {
        let limit = Duration::milliseconds(50);
        let closed = BotProtection::always(OutOfOrder::new(hangs)).time_limit(limit);
        let open = BotProtection::always(OutOfOrder::new(hangs)).time_limit(limit).fail_open();
        app = app.configured(|builder| builder.bot_check(closed)).await;
        let reply = sign_in(&mut app.agent(), &ann, Some("x")).await.expect(503);
        assert_eq!((reply.code(), reply.header("retry-after").is_some()), ("unavailable".into(), true));
        assert_eq!(sign_in(&mut app.agent(), &ann, None).await.expect(403).code(), "bot_check_required");
        app = app.configured(|builder| builder.bot_check(open)).await;
        sign_in(&mut app.agent(), &ann, Some("x")).await.expect(200);
        // Whoever presents nothing does not pass by an outage.
        sign_in(&mut app.agent(), &ann, None).await.expect(403);
    }
}

async fn forms_bring_the_check_with_them(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let app = app
        .configured(|builder| {
            builder.bot_check(BotProtection::by_risk(work(), BotRisk { failed_sign_ins: 0, ..BotRisk::default() }))
        })
        .await;
    let mut browser = app.agent();
    let strict = browser.navigate("/auth/forgot").await;
    let strict = strict.header("content-security-policy").unwrap().to_owned();
    // This process has not asked anybody yet, so the page does not know.
    let page = browser.navigate("/auth/sign-in?return_to=%2Fhost%2Fme").await.expect(200);
    assert!(!page.body.contains("<script src") && page.header("content-security-policy") == Some(strict.as_str()));
    let fields = [("email", ann.email.as_str()), ("password", ann.password.as_str()), ("return_to", "/host/me")];
    let refused = browser.fill(&page, "/auth/sign-in", &fields).await.expect(403);
    for part in [
        "<script src=\"/auth/bot-check/proof-of-work.js\" defer></script>",
        "data-check=\"/auth/bot-check?purpose=sign_in\"",
        "data-worker=\"/auth/bot-check/altcha-pbkdf2.js\"",
        "<noscript>",
        "value=\"ann@example.test\"",
        "value=\"/host/me\"",
        "role=\"alert\"",
    ] {
        assert!(shown(&refused).contains(part), "{part}: {}", refused.body);
    }
    assert_eq!(
        refused.header("content-security-policy").unwrap(),
        format!("{strict} 'self'; worker-src 'self'; connect-src 'self'")
    );
    let answer = solved(&browser, "sign_in").await;
    let mut fields = fields.to_vec();
    fields.push(("bot_check", &answer));
    let done = browser.fill(&refused, "/auth/sign-in", &fields).await.expect(303);
    assert_eq!(done.header("location"), Some("/host/me"));
    // From now on the page shows it at once.
    let page = app.agent().navigate("/auth/sign-in").await.expect(200);
    assert!(page.body.contains("<script src"));
    for script in ["proof-of-work.js", "altcha-pbkdf2.js"] {
        let reply = browser.get(&format!("/auth/bot-check/{script}")).await.expect(200);
        assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(!policy.contains("script-src") && strict.starts_with(policy), "a worker may reach nothing");
    }
    browser.get("/auth/bot-check/other.js").await.expect(404);
    let german = app.agent().with("accept-language", "de").navigate("/auth/sign-in").await;
    assert!(german.body.contains("Eine kurze Prüfung"));
    app.report.requirement(180);
}

async fn a_third_party_is_asked(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let party = ThirdParty::start("the secret", "2027-01-15T08:00:00Z", "localhost").await;
    let check = |secret: &str| Captcha::turnstile("site-key", secret).unwrap().verified_at(&party.url).unwrap();
    let (right, wrong) = (check("the secret"), check("another secret"));
    // What the check needs and what a passkey needs are let in beside each other.
    let app =
        app.configured(|builder| builder.bot_check(BotProtection::always(right)).passkeys(Passkeys::default())).await;
    let mut browser = app.agent();
    let page = browser.navigate("/auth/sign-in").await.expect(200);
    for part in [
        "<script src=\"https://challenges.cloudflare.com/turnstile/v0/api.js\" defer></script>",
        "<div class=\"cf-turnstile\" data-action=\"sign_in\" data-sitekey=\"site-key\" data-theme=\"auto\"></div>",
    ] {
        assert!(shown(&page).contains(part), "{part}: {}", page.body);
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.ends_with(
            "' https://challenges.cloudflare.com 'self'; frame-src https://challenges.cloudflare.com; connect-src 'self'"
        ),
        "{policy}"
    );
    assert!(!browser.navigate("/auth/verify").await.header("content-security-policy").unwrap().contains("cloudflare"));
    let token = party.token("sign_in");
    let fields =
        [("email", ann.email.as_str()), ("password", ann.password.as_str()), ("cf-turnstile-response", &token)];
    browser.fill(&page, "/auth/sign-in", &fields).await.expect(303);
    // A program sends the same token as `bot_check`. It counts once, for its action, and must be one of theirs.
    for bad in [token, party.token("sign_up"), "made-up".into()] {
        assert_eq!(sign_in(&mut app.agent(), &ann, Some(&bad)).await.expect(403).code(), "bot_check_failed", "{bad}");
    }
    sign_in(&mut app.agent(), &ann, Some(&party.token("sign_in"))).await.expect(200);
    app.advance(limits::CAPTCHA_AGE);
    sign_in(&mut app.agent(), &ann, Some(&party.token("sign_in"))).await.expect(403);
    app.report.requirement(220);
    // A wrong secret of ours is no fault of the visitor.
    let app = app.configured(|builder| builder.bot_check(BotProtection::always(wrong))).await;
    sign_in(&mut app.agent(), &ann, Some(&party.token("sign_in"))).await.expect(503);
}
