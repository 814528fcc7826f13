//! Wrong passwords from many places: what is counted together, for how long, and when the owner is told.

use std::sync::{Arc, Mutex};

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_service::{Limits, TrustedProxies};
use usermgmt_tests::app::Setup;
use usermgmt_tests::faults::Watched;
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    the_owner_is_told_of_guesses_once_a_day,
    spellings_are_one_account_and_one_route,
    a_restart_forgets_no_guess,
    a_clock_that_jumps_neither_clears_nor_prolongs,
);

/// Wrong passwords from anywhere that an account bears in these tests.
const BUDGET: u32 = 5;

fn from(app: &App, number: u32) -> Agent {
    app.agent().with("x-forwarded-for", &format!("203.0.113.{number}"))
}

async fn guess(mut agent: Agent, email: &str) -> Reply {
    agent.post("/auth/sign-in", json!({ "email": email, "password": "not the password" })).await
}

async fn the_owner_is_told_of_guesses_once_a_day(app: App) {
    let slot: Arc<Mutex<Option<Watched>>> = Arc::default();
    let filled = slot.clone();
    let setup = Setup {
        wrap: Box::new(move |inner| {
            let watched = Watched::new(inner);
            *filled.lock().unwrap() = Some(watched.clone());
            Arc::new(watched)
        }),
        configure: Box::new(|builder| {
            let limits = Limits { wrong_passwords_per_account: BUDGET, ..Limits::default() };
            builder.trusted_proxies(TrustedProxies::Hops(1)).limits(limits)
        }),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let store = slot.lock().unwrap().clone().unwrap();
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut open = Person::new(&app, "open");
    open.sign_up().await.expect(202);
    app.work().await;
    let mails = |app: &App| [app.mails("ann@example.test").len(), app.mailbox.mails().len()];
    for day in 0..2 {
        let before = mails(&app);
        let mut seen: Vec<Vec<_>> = Vec::new();
        for email in [ann.email.as_str(), open.email.as_str(), "unknown@example.test"] {
            let mut one = Vec::new();
            for number in 0..BUDGET + 3 {
                store.take_calls();
                let reply = guess(from(&app, 100 * day + number), email).await;
                assert_eq!(reply.status.as_u16(), if number < BUDGET { 401 } else { 429 }, "{email} {number}");
                let calls = store.take_calls();
                assert_eq!(reply.code(), if number < BUDGET { "invalid_credentials" } else { "too_many_attempts" });
                one.push((calls, reply.status));
                app.work().await;
            }
            seen.push(one);
            app.advance(limits::MINUTE);
        }
        assert_eq!(seen[0], seen[2], "known and unknown cost the same");
        assert_eq!(seen[1], seen[2]);
        assert_eq!(mails(&app), before.map(|count| count + 1), "one mail, to the owner of a proven address alone");
        let mail = app.mail("ann@example.test");
        assert!(mail.subject.contains("guessing your password") && !mail.text.contains("token="), "{}", mail.text);
        // The owner is not locked out: a known device tries on a budget of its own, and a reset helps elsewhere.
        ann.sign_in().await.expect(200);
        ann.elsewhere(&app).sign_in().await.expect(429);
        app.advance(Duration::DAY);
    }
    let events = app.events(None).await;
    assert_eq!(events.iter().filter(|event| event.kind.as_str() == "user.password_guessed").count(), 2);
    app.report.requirement(30);
    app.report.case("EN-08");
    let mut stranger = Person { agent: from(&app, 250), ..ann.clone() };
    stranger.sign_in().await.expect(200);
    app.report.twin("EN-08");
}

async fn spellings_are_one_account_and_one_route(app: App) {
    let app =
        app.configured(|builder| builder.limits(Limits { sign_ins_per_address: 1_000, ..Limits::default() })).await;
    let ann = Person::verified(&app, "ann").await;
    let other = Person::verified(&app, "other").await;
    let spellings = ["ann@example.test", "ANN@EXAMPLE.TEST", " ann@example.test ", "Ann@example.test\t"];
    for number in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        let email = spellings[number as usize % spellings.len()];
        if number % 2 == 0 {
            guess(app.agent(), email).await.expect(401);
        } else {
            let fields = [("email", email), ("password", "not the password")];
            app.agent().submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(401);
        }
    }
    for email in spellings {
        guess(app.agent(), email).await.expect(429);
        let fields = [("email", email), ("password", ann.password.as_str())];
        app.agent().submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(429);
    }
    // Another spelling of the path is another path, and no way in.
    let body = json!({ "email": ann.email, "password": ann.password });
    for path in
        ["/auth//sign-in", "//auth/sign-in", "/auth/sign-in/", "/auth/sign%2Din", "/auth/SIGN-IN", "/auth/./sign-in"]
    {
        let reply = app.agent().post(path, body.clone()).await;
        assert!([404, 405, 429].contains(&reply.status.as_u16()), "{path}: {}", reply.status);
        assert!(reply.cookies().iter().all(|cookie| !cookie.contains("um_session")));
    }
    guess(app.agent(), "ａnn@example.test").await.expect(422);
    app.report.case("RL-03");
    other.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("RL-03");
}

async fn a_restart_forgets_no_guess(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let half = limits::WRONG_PASSWORDS_PER_PAIR / 2;
    for _ in 0..half {
        guess(app.agent(), &ann.email).await.expect(401);
    }
    let app = app.configured(|builder| builder).await;
    for _ in half..limits::WRONG_PASSWORDS_PER_PAIR {
        guess(app.agent(), &ann.email).await.expect(401);
    }
    let app = app.configured(|builder| builder).await;
    ann.elsewhere(&app).sign_in().await.expect(429);
    app.report.case("RL-10");
    app.advance(limits::WRONG_PASSWORD_WINDOW);
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("RL-10");
}

async fn a_clock_that_jumps_neither_clears_nor_prolongs(app: App) {
    let ann = Person::verified(&app, "ann").await;
    for _ in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        guess(app.agent(), &ann.email).await.expect(401);
    }
    app.advance(limits::MINUTE);
    ann.elsewhere(&app).sign_in().await.expect(429);
    app.advance(-Duration::DAY);
    ann.elsewhere(&app).sign_in().await.expect(429);
    app.advance(limits::WRONG_PASSWORD_WINDOW - Duration::SECOND);
    ann.elsewhere(&app).sign_in().await.expect(429);
    app.report.case("RL-11");
    app.advance(Duration::SECOND);
    ann.elsewhere(&app).sign_in().await.expect(200);
    // A jump ahead and back leaves no lock behind that outlives its window.
    app.advance(Duration::DAY);
    for _ in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        guess(app.agent(), &ann.email).await.expect(401);
    }
    app.advance(-Duration::DAY);
    ann.elsewhere(&app).sign_in().await.expect(429);
    app.advance(limits::WRONG_PASSWORD_WINDOW);
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("RL-11");
}
