//! What an attacker tries around the second factor, knowing the password.

use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use time::Duration;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::id::CommitId;
use usermgmt_core::limits;
use usermgmt_core::model::{AuditKind, Factor, FactorData, FactorKind};
use usermgmt_core::port::OsRandom;
use usermgmt_core::recovery_code::RecoveryCode;
use usermgmt_core::secret::{Bearer, Code};
use usermgmt_core::store::{ChangeSet, CommitStore as _, FactorStore as _, Write};
use usermgmt_http::{Representation, routes};
use usermgmt_service::{Builder, Limits, TrustedProxies};
use usermgmt_tests::app::{Setup, filled};
use usermgmt_tests::{App, Person, cells};

use crate::recovery::{events, without_limits_by_place};
use crate::team::id_of;

cells!(
    a_code_works_once,
    fifty_uses_of_one_code_are_one,
    a_recovery_code_works_once,
    three_wrong_codes_rest_the_factor_wherever_they_come_from,
    fifty_guesses_at_once_are_three,
    a_day_of_guesses_ends,
    a_pending_second_factor_opens_nothing,
    a_challenge_is_of_one_account_and_one_sign_in,
    an_enrolment_that_is_not_confirmed_counts_for_nothing,
    a_stolen_session_changes_no_factor,
    codes_are_of_the_clock_of_the_server,
    a_secret_in_another_row_opens_nothing,
);

/// How often a code is used at once.
const RACERS: usize = 50;

fn roomy(builder: Builder) -> Builder {
    builder.trusted_proxies(TrustedProxies::Hops(1)).limits(Limits {
        wrong_second_factors: 1_000,
        wrong_second_factors_day: 1_000,
        sign_ins_per_address: 1_000,
        ..Limits::default()
    })
}

async fn a_code_works_once(app: App) {
    let app = app.configured(roomy).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let code = own.code(&app);
    let mut there = ann.elsewhere(&app);
    there.sign_in().await.expect(200);
    there.give(&code).await.expect(200);
    app.report.twin("MF-01");
    // Neither again in its step, nor at another door, nor in the next step, nor after the clock went back.
    for wait in [0, 0, 30, -60] {
        app.advance(Duration::seconds(wait));
        let mut again = ann.elsewhere(&app);
        again.sign_in().await.expect(200);
        assert_eq!(again.give(&code).await.expect(422).code(), "code_invalid", "{wait}");
        assert!(!again.is_signed_in().await);
        let stepped = there.agent.post("/auth/step-up", json!({ "code": code })).await;
        assert_eq!(stepped.expect(422).code(), "code_invalid", "{wait}");
    }
    // A step-up uses it up for sign-ins too.
    app.advance(Duration::MINUTE * 2);
    let code = own.code(&app);
    there.agent.post("/auth/step-up", json!({ "code": code })).await.expect(200);
    let mut again = ann.elsewhere(&app);
    again.sign_in().await.expect(200);
    again.give(&code).await.expect(422);
    app.report.case("MF-01");
    app.report.requirement(77);
}

/// Sign-ins of one account that wait for the second factor, and then give the same code at once.
async fn race(app: App, of_recovery: bool) -> (App, usize) {
    let app = app.configured(roomy).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut racers = Vec::new();
    for number in 0..RACERS {
        let mut racer = ann.elsewhere(&app);
        racer.agent = racer.agent.with("x-forwarded-for", &format!("203.0.113.{number}"));
        racer.sign_in().await.expect(200);
        racers.push(racer);
    }
    let setup = Setup {
        wrap: Box::new(|store| Rendezvous::of(store, Call::Commit, RACERS)),
        configure: Box::new(roomy),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let code = if of_recovery { own.recovery_codes[0].clone() } else { own.code(&app) };
    let uses = racers.iter_mut().map(|racer| {
        let cookies = racer.agent.cookies.clone();
        racer.agent = app.agent();
        racer.agent.cookies = cookies;
        racer.give(&code)
    });
    let replies = join_all(uses).await;
    let won = replies.iter().filter(|reply| reply.status.as_u16() == 200).count();
    for reply in replies.iter().filter(|reply| reply.status.as_u16() != 200) {
        assert!(matches!(reply.code().as_str(), "code_invalid" | "conflict"), "{}", reply.body);
    }
    let mut signed_in = 0;
    for racer in &mut racers {
        signed_in += usize::from(racer.is_signed_in().await);
    }
    assert_eq!(won, signed_in);
    (app, won)
}

async fn fifty_uses_of_one_code_are_one(app: App) {
    let (app, won) = race(app, false).await;
    assert_eq!(won, 1);
    app.report.case("MF-01");
}

async fn a_recovery_code_works_once(app: App) {
    let (app, won) = race(app, true).await;
    assert_eq!(won, 1);
    app.report.case("MF-09");
    app.report.twin("MF-09");
    // What is stored is neither the code nor a plain digest of it, and other sets have other MACs.
    let mut bob = Person::signed_in(&app, "bob").await;
    let own = bob.enrol(&app).await;
    let dump = app.state().await.unwrap_or_default();
    for code in &own.recovery_codes {
        let plain = code.replace('-', "");
        let digest = serde_json::to_string(&usermgmt_core::secret::Digest::of(code.as_bytes())).unwrap();
        assert!(!dump.contains(code) && !dump.contains(&plain) && !dump.contains(digest.trim_matches('"')));
    }
    app.report.case("MF-10");
    bob.agent = bob.elsewhere(&app).agent;
    bob.sign_in().await.expect(200);
    bob.give(&own.recovery_codes[3]).await.expect(200);
    app.report.twin("MF-10");
}

async fn three_wrong_codes_rest_the_factor_wherever_they_come_from(app: App) {
    let app = app.configured(|builder| builder.trusted_proxies(TrustedProxies::Hops(1))).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut bob = Person::signed_in(&app, "bob").await;
    let bobs = bob.enrol(&app).await;
    let before = app.mails(&ann.email).len();
    // Each guess at another door, from another place, in a sign-in of its own.
    for number in 0..limits::WRONG_SECOND_FACTORS {
        let mut thief = ann.elsewhere(&app);
        thief.agent = thief.agent.with("x-forwarded-for", &format!("203.0.113.{number}"));
        thief.sign_in().await.expect(200);
        let refused = match number {
            0 => thief.give(&own.wrong(&app)).await,
            1 => thief.give("0000-0000-0000-0000").await,
            _ => ann.agent.post("/auth/step-up", json!({ "code": own.wrong(&app) })).await,
        };
        assert_eq!(refused.expect(422).code(), "code_invalid");
    }
    // The fourth is not looked at, right or wrong, at any door.
    let mut honest = ann.elsewhere(&app);
    honest.sign_in().await.expect(200);
    for code in [own.code(&app), own.recovery_codes[0].clone(), own.wrong(&app)] {
        assert_eq!(honest.give(&code).await.expect(429).code(), "too_many_attempts");
        ann.agent.post("/auth/step-up", json!({ "code": code })).await.expect(429);
    }
    // The factor rests, not the account; others are not concerned; the owner is told, once.
    assert!(ann.is_signed_in().await);
    bob.sign_in().await.expect(200);
    bob.give(&bobs.code(&app)).await.expect(200);
    app.work().await;
    let mails = app.mails(&ann.email);
    let told = mails.iter().filter(|mail| mail.subject.contains("knows your password")).count();
    assert!(told == 1 && mails.len() > before, "{told}");
    assert_eq!(events(&app, AuditKind::SecondFactorGuessed).await.len(), 1);
    app.advance(limits::SECOND_FACTOR_WINDOW - Duration::SECOND);
    let mut honest = ann.elsewhere(&app);
    honest.sign_in().await.expect(200);
    honest.give(&own.code(&app)).await.expect(429);
    app.advance(Duration::SECOND);
    honest.give(&own.code(&app)).await.expect(200);
    // What was right was no guess.
    for _ in 0..5 {
        app.advance(limits::MINUTE);
        honest.sign_in().await.expect(200);
        honest.give(&own.code(&app)).await.expect(200);
    }
    app.report.requirement(71);
    for case in ["MF-02", "OT-06"] {
        app.report.case(case);
        app.report.twin(case);
    }
}

async fn fifty_guesses_at_once_are_three(app: App) {
    let limits = || Limits { sign_ins_per_address: 1_000, ..Limits::default() };
    let app = app.configured(move |builder| builder.trusted_proxies(TrustedProxies::Hops(1)).limits(limits())).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut guessers = Vec::new();
    for number in 0..RACERS {
        let mut guesser = ann.elsewhere(&app);
        guesser.agent = guesser.agent.with("x-forwarded-for", &format!("203.0.113.{number}"));
        guesser.sign_in().await.expect(200);
        guessers.push(guesser);
    }
    let wrong = own.wrong(&app);
    let replies = join_all(guessers.iter_mut().map(|guesser| guesser.give(&wrong))).await;
    let looked_at = replies.iter().filter(|reply| reply.code() == "code_invalid").count();
    let turned_away = replies.iter().filter(|reply| reply.code() == "too_many_attempts").count();
    assert!(looked_at <= 3 && looked_at + turned_away == RACERS, "{looked_at} {turned_away}");
    app.report.case("MF-02");
    app.report.case("RL-02");
}

async fn a_day_of_guesses_ends(app: App) {
    let app = without_limits_by_place(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut thief = ann.elsewhere(&app);
    let mut looked_at = 0;
    for _ in 0..20 {
        thief.sign_in().await.expect(200);
        for _ in 0..4 {
            looked_at += u32::from(thief.give(&own.wrong(&app)).await.status.as_u16() == 422);
        }
        app.advance(limits::SECOND_FACTOR_WINDOW);
    }
    assert_eq!(looked_at, limits::WRONG_SECOND_FACTORS_DAY);
    let mut owner = ann.elsewhere(&app);
    owner.sign_in().await.expect(200);
    owner.give(&own.code(&app)).await.expect(429);
    app.advance(Duration::DAY);
    owner.sign_in().await.expect(200);
    owner.give(&own.code(&app)).await.expect(200);
}

async fn a_pending_second_factor_opens_nothing(app: App) {
    let app = without_limits_by_place(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut thief = ann.elsewhere(&app);
    let pending = thief.sign_in().await.expect(200);
    let given: Vec<_> = thief.agent.cookies.values().cloned().collect();
    assert!(
        pending.cookies().iter().all(|cookie| !cookie.starts_with("um_session=u") && !cookie.starts_with("um_device"))
    );
    for route in routes().iter().filter(|route| !route.guard.is_open()) {
        let target = filled(route.path);
        let (kind, body) = match (route.method == Method::POST, route.representation) {
            (false, _) => (None, ""),
            (true, Representation::Json) => (Some("application/json"), "{}"),
            (true, Representation::Page | Representation::OAuth) => (Some("application/x-www-form-urlencoded"), ""),
        };
        // As it is, and with each value that was given in the place of a session or a bearer token.
        for presented in std::iter::once(None).chain(given.iter().map(Some)) {
            let mut agent = thief.agent.clone();
            if let Some(value) = presented {
                agent.cookies.insert("um_session".into(), value.clone());
            }
            let reply = agent.send(route.method.clone(), &target, kind, body).await;
            let led_away = reply.header("location").is_some_and(|to| to.starts_with("/auth/sign-in"));
            assert!(reply.status.as_u16() == 401 || led_away, "{route:?}: {} {}", reply.status, reply.body);
        }
    }
    // Open routes that lead on: none of them goes around the step that is asked for.
    for (path, body) in [
        ("/auth/sign-in/continue", json!({})),
        ("/auth/sign-in/organization", json!({ "organization": format!("org_{:032x}", 1) })),
        ("/auth/sign-in/new-password", json!({ "password": "chosen by a thief" })),
        ("/auth/sign-in/totp", json!({})),
        ("/auth/sign-in/totp/confirm", json!({ "factor": own.id, "code": own.code(&app) })),
        ("/auth/verify", json!({ "code": "000000" })),
    ] {
        thief.agent.post(path, body).await;
        assert!(!thief.is_signed_in().await, "{path}");
    }
    app.report.case("MF-03");
    app.advance(limits::ATTEMPT_LIFE);
    thief.give(&own.code(&app)).await.expect(401);
    thief.sign_in().await.expect(200);
    thief.give(&own.code(&app)).await.expect(200);
    assert!(thief.is_signed_in().await);
    app.report.twin("MF-03");
}

async fn a_challenge_is_of_one_account_and_one_sign_in(app: App) {
    let app = app.configured(roomy).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut bob = Person::signed_in(&app, "bob").await;
    let bobs = bob.enrol(&app).await;
    let (mut anns, mut his) = (ann.elsewhere(&app), bob.elsewhere(&app));
    anns.sign_in().await.expect(200);
    his.sign_in().await.expect(200);
    // Bob's code and codes are nothing to Ann's sign-in.
    anns.give(&bobs.code(&app)).await.expect(422);
    anns.give(&bobs.recovery_codes[0]).await.expect(422);
    // Nor does her attempt live in his browser, nor an edited one in any.
    let mut swapped = his.clone();
    swapped.agent.cookies.insert("um_attempt".into(), anns.agent.cookies["um_attempt"].clone());
    swapped.give(&own.code(&app)).await.expect(401);
    for (name, value) in [("um_attempt", ""), ("um_attempt", "verified"), ("um_trusted", "true"), ("um_browser", "")] {
        let mut edited = anns.clone();
        edited.agent.cookies.insert(name.into(), value.into());
        let reply = edited.give(&own.wrong(&app)).await;
        assert!(matches!(reply.status.as_u16(), 401 | 422), "{name}={value}: {}", reply.body);
        assert!(!edited.is_signed_in().await);
    }
    app.report.case("MF-13");
    // One that was completed, or begun before the password changed, is over.
    let finished = anns.clone();
    anns.give(&own.code(&app)).await.expect(200);
    app.report.twin("MF-13");
    app.advance(Duration::MINUTE);
    finished.clone().give(&own.code(&app)).await.expect(401);
    let mut begun = ann.elsewhere(&app);
    begun.sign_in().await.expect(200);
    let body = json!({ "password": anns.password, "new_password": "changed meanwhile" });
    anns.agent.post("/auth/me/password", body).await.expect(200);
    begun.give(&own.code(&app)).await.expect(401);
    app.report.case("MF-05");
    his.give(&bobs.code(&app)).await.expect(200);
    app.report.twin("MF-05");
}

async fn an_enrolment_that_is_not_confirmed_counts_for_nothing(app: App) {
    let app = app.configured(roomy).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let begun = ann.agent.post("/auth/me/factors/totp", json!({})).await.expect(200).json();
    let secret = begun["secret"].as_str().unwrap();
    let abandoned =
        usermgmt_tests::authenticator::Authenticator::with_secret(begun["factor"].as_str().unwrap(), secret);
    // It is neither asked for nor listed, and no proof.
    assert_eq!(ann.sign_in().await.expect(200).json()["status"], "complete");
    assert_eq!(ann.agent.get("/auth/me/factors").await.expect(200).json()["factors"], json!([]));
    ann.agent.post("/auth/step-up", json!({ "code": abandoned.code(&app) })).await.expect(422);
    let own = ann.enrol(&app).await;
    let body = json!({ "factor": abandoned.id, "code": abandoned.code(&app) });
    ann.agent.post("/auth/me/factors/totp/confirm", body).await.expect(404);
    // One that is begun over a factor in force changes nothing until it is confirmed, and runs out.
    let begun = ann.agent.post("/auth/me/factors/totp", json!({})).await.expect(200).json();
    let secret = begun["secret"].as_str().unwrap();
    let second = usermgmt_tests::authenticator::Authenticator::with_secret(begun["factor"].as_str().unwrap(), secret);
    let mut there = ann.elsewhere(&app);
    there.sign_in().await.expect(200);
    there.give(&second.code(&app)).await.expect(422);
    there.give(&own.code(&app)).await.expect(200);
    app.advance(limits::ENROLMENT_LIFE - Duration::SECOND);
    ann.agent.post("/auth/step-up", json!({ "code": own.code(&app) })).await.expect(200);
    app.advance(Duration::SECOND);
    let body = json!({ "factor": second.id, "code": second.code(&app) });
    ann.agent.post("/auth/me/factors/totp/confirm", body).await.expect(404);
    app.report.case("MF-06");
    app.report.twin("MF-06");
}

async fn a_stolen_session_changes_no_factor(app: App) {
    let app = app.configured(roomy).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let doors = |factor: &str| {
        [
            ("/auth/me/factors/totp", json!({})),
            ("/auth/me/factors/totp/confirm", json!({ "factor": factor, "code": "000000" })),
            ("/auth/me/factors/remove", json!({ "factor": factor })),
            ("/auth/me/factors/recovery-codes", json!({})),
            ("/auth/me/emails", json!({ "email": "thief@example.test" })),
        ]
    };
    let nothing = format!("fac_{:032x}", 1);
    // An old session without a fresh proof.
    app.advance(limits::STEP_UP_FRESH);
    for (path, body) in doors(&nothing) {
        assert_eq!(ann.agent.post(path, body).await.expect(403).code(), "step_up_required", "{path}");
    }
    app.report.case("MF-08");
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    let own = ann.enrol(&app).await;
    app.report.twin("MF-08");
    // With a second factor on the account, the password alone is not enough any more.
    app.advance(limits::STEP_UP_FRESH);
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(403);
    for (path, body) in doors(&own.id) {
        let refused = ann.agent.post(path, body).await.expect(403);
        assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["otp", "recovery_code"]), "{path}");
    }
    // Nor from another site, nor with somebody else's factor.
    let mut forged = ann.agent.with("sec-fetch-site", "cross-site");
    forged.post("/auth/me/factors/remove", json!({ "factor": own.id })).await.expect(403);
    ann.agent.post("/auth/step-up", json!({ "code": own.code(&app) })).await.expect(200);
    let mut bob = Person::signed_in(&app, "bob").await;
    bob.enrol(&app).await;
    bob.agent.post("/auth/me/factors/remove", json!({ "factor": own.id })).await.expect(404);
    app.report.case("MF-11");
    ann.agent.post("/auth/me/factors/remove", json!({ "factor": own.id })).await.expect(200);
    app.report.twin("MF-11");
    // What counts is what the account has now: a session of before is not stronger for it.
    let mut session = ann.clone();
    let own = ann.enrol(&app).await;
    assert!(!session.is_signed_in().await);
    app.advance(limits::STEP_UP_FRESH);
    ann.agent.post("/auth/me/factors/remove", json!({ "factor": own.id })).await.expect(403);
    app.report.case("MF-16");
    ann.agent.post("/auth/step-up", json!({ "code": own.code(&app) })).await.expect(200);
    ann.agent.post("/auth/me/factors/remove", json!({ "factor": own.id })).await.expect(200);
    app.report.twin("MF-16");
}

async fn codes_are_of_the_clock_of_the_server(app: App) {
    let app = app.configured(roomy).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    app.advance(Duration::MINUTE * 5);
    for (steps, accepted) in [(-3, false), (-2, false), (2, false), (3, false), (-1, true), (0, true), (1, true)] {
        let code = own.code_at(app.now() + Duration::seconds(30 * steps));
        let mut there = ann.elsewhere(&app);
        there.agent = there.agent.with("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        there.sign_in().await.expect(200);
        let reply = there.give(&code).await;
        assert_eq!(reply.status.as_u16() == 200, accepted, "{steps}: {}", reply.body);
    }
    app.report.case("MF-18");
    app.report.twin("MF-18");
}

static_assertions::assert_not_impl_any!(Bearer: PartialEq, PartialEq<str>);
static_assertions::assert_not_impl_any!(Code: PartialEq, PartialEq<str>);
static_assertions::assert_not_impl_any!(RecoveryCode: PartialEq, PartialEq<str>);

/// Somebody who can write to the database puts their own secret in another's row.
async fn a_secret_in_another_row_opens_nothing(app: App) {
    let app = app.configured(roomy).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut thief = Person::signed_in(&app, "thief").await;
    let theirs = thief.enrol(&app).await;
    let (ann_id, thief_id) = (id_of(&app, &ann).await, id_of(&app, &thief).await);
    let totp = |factors: Vec<Factor>| factors.into_iter().find(|factor| factor.kind() == FactorKind::Totp).unwrap();
    let anns = totp(app.store.store.factors(ann_id).await.unwrap());
    let stolen = totp(app.store.store.factors(thief_id).await.unwrap());
    let write = |data: FactorData, version| {
        let factor = Factor { data, version, ..anns.clone() };
        let commit = CommitId::new(&OsRandom, app.now()).unwrap();
        ChangeSet::new(commit, app.auth.realm(), app.now()).with(Write::PutFactor(factor))
    };
    app.store.store.commit(write(stolen.data, anns.version)).await.unwrap();
    ann.agent = app.agent();
    ann.sign_in().await.expect(200);
    for code in [theirs.code(&app), own.code(&app)] {
        ann.give(&code).await.expect(503);
        assert!(!ann.is_signed_in().await);
    }
    app.report.case("MF-19");
    app.report.case("MF-20");
    app.store.store.commit(write(anns.data.clone(), anns.version.next())).await.unwrap();
    ann.give(&own.code(&app)).await.expect(200);
    app.report.twin("MF-19");
    app.report.twin("MF-20");
}
