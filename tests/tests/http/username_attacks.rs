//! Usernames under attack: as an oracle for addresses, as disguises, as a way round limits, and in races.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::limits;
use usermgmt_service::{Limits, NewUser, TrustedProxies, Usernames};
use usermgmt_tests::app::{Setup, token};
use usermgmt_tests::faults::Watched;
use usermgmt_tests::{App, Person, cells};

use crate::usernames::{named, on, own, prove, sign_in, sign_up, suggested};

cells!(
    a_name_does_not_tell_whether_an_address_is_known,
    of_several_who_want_a_name_at_once_one_gets_it,
    of_two_accounts_that_take_a_name_at_once_one_gets_it,
    a_name_goes_with_the_browser_that_chose_it,
    what_was_never_proven_keeps_no_name_for_long,
    a_name_cannot_pass_for_another_an_address_or_an_id,
    guesses_by_name_and_by_address_count_on_one_account,
    known_and_unknown_names_cost_the_same,
);

async fn a_name_does_not_tell_whether_an_address_is_known(app: App) {
    let app = on(app).await;
    let owner = named(&app, "owner", "owned").await;
    app.advance(time::Duration::DAY);
    let available = async |name: &str| {
        let reply = app.agent().post("/auth/availability", json!({ "username": name })).await;
        reply.expect(200).json()["available"].clone()
    };
    let mut seen = Vec::new();
    for (email, name) in [(owner.email.as_str(), "probe.one"), ("free@example.test", "probe.two")] {
        let mut probe = Person { email: email.into(), ..Person::new(&app, "x") };
        let taken = sign_up(&mut probe, "OWNED").await.expect(422);
        assert_eq!(suggested(&taken).len(), 3);
        let fields = taken.json()["fields"].clone();
        let free = sign_up(&mut probe, name).await.expect(202);
        let mut course = vec![available(name).await];
        app.work().await;
        course.push(available(name).await);
        app.advance(limits::USERNAME_KEPT - time::Duration::SECOND);
        course.push(available(name).await);
        app.advance(time::Duration::SECOND);
        course.push(available(name).await);
        seen.push((fields, free.outward(), course));
    }
    assert_eq!(seen[0], seen[1], "known and unknown");
    assert_eq!(seen[0].2, [false, false, false, true]);
    app.report.case("EN-02");
    // The owner was told, and nothing of theirs has changed.
    let mails = app.mails(&owner.email);
    assert!(mails[0].subject.contains("already have an account"), "{}", mails[0].subject);
    let mut owner = owner.elsewhere(&app);
    owner.sign_in().await.expect(200);
    assert_eq!(own(&mut owner).await, "owned");
    app.report.twin("EN-02");
}

async fn of_several_who_want_a_name_at_once_one_gets_it(app: App) {
    const RACERS: usize = 4;
    let app = app
        .restart(Setup {
            wrap: Box::new(|store| Rendezvous::of(store, Call::Charge, RACERS)),
            configure: Box::new(|builder| builder.usernames(Usernames::Optional)),
            ..Setup::default()
        })
        .await;
    let racers = (0..RACERS).map(|number| {
        let mut racer = Person::new(&app, &format!("racer{number}"));
        async move {
            let reply = sign_up(&mut racer, if number % 2 == 0 { "wanted" } else { "Wanted" }).await;
            (racer, reply)
        }
    });
    let mut won = 0;
    for (mut racer, reply) in futures_util::future::join_all(racers).await {
        if reply.status == 202 {
            won += 1;
            prove(&app, &mut racer).await.expect(200);
            sign_in(app.agent(), "wanted", &racer.password).await.expect(200);
            racer.sign_in().await.expect(200);
            assert_eq!(own(&mut racer).await.as_str().unwrap().to_lowercase(), "wanted");
        } else {
            // The others are asked for another one, and have one.
            assert_eq!(reply.expect(422).json()["fields"][0]["code"], "taken");
            let other = format!("{}.x", racer.email.split('@').next().unwrap());
            sign_up(&mut racer, &other).await.expect(202);
        }
    }
    assert_eq!(won, 1);
}

async fn of_two_accounts_that_take_a_name_at_once_one_gets_it(app: App) {
    let mut app = on(app).await;
    let mut ids = Vec::new();
    for email in ["a@example.test", "b@example.test"] {
        let password = Some("blowfish under moonlight".into());
        let new = NewUser { email, name: "X", password, email_is_verified: true };
        ids.push(app.auth.users("test").create(new).await.unwrap());
    }
    // Both have seen that it is free when they commit; one of them by what only looks the same.
    for (one, other) in [("wanted", "WANTED"), ("saml", "sam1")] {
        let setup = Setup {
            wrap: Box::new(|store| Rendezvous::of(store, Call::Commit, 2)),
            configure: Box::new(|builder| builder.usernames(Usernames::Optional)),
            ..Setup::default()
        };
        app = app.restart(setup).await;
        let raced = ids.iter().zip([one, other]).map(|(id, name)| {
            let auth = app.auth.clone();
            async move { auth.users("test").set_username(*id, Some(name)).await }
        });
        let ended: Vec<_> = futures_util::future::join_all(raced).await;
        assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 1, "{ended:?}");
    }
}

async fn a_name_goes_with_the_browser_that_chose_it(app: App) {
    let app = on(app).await;
    // Somebody else signs up with the victim's address and a name of their choice.
    let mut mallory = Person { email: "victim@example.test".into(), ..Person::new(&app, "mallory") };
    sign_up(&mut mallory, "mallorys.pick").await.expect(202);
    app.work().await;
    let mut victim =
        Person { email: mallory.email.clone(), password: "a harbour in the fog".into(), ..mallory.elsewhere(&app) };
    let proof = json!({ "token": token(&app.mail(&victim.email)), "password": victim.password });
    victim.agent.post("/auth/verify", proof).await.expect(200);
    victim.sign_in().await.expect(200);
    assert!(own(&mut victim).await.is_null());
    sign_in(app.agent(), "mallorys.pick", &mallory.password).await.expect(401);
    sign_in(app.agent(), "mallorys.pick", &victim.password).await.expect(401);
    // It is free at once, for whoever wants it.
    victim.agent.post("/auth/me/username", json!({ "username": "mallorys.pick" })).await.expect(200);
    let mut honest = named(&app, "honest", "honest").await;
    honest.sign_in().await.expect(200);
    assert_eq!(own(&mut honest).await, "honest");
}

async fn what_was_never_proven_keeps_no_name_for_long(app: App) {
    let app = on(app).await;
    let mut squatter = Person::new(&app, "squatter");
    sign_up(&mut squatter, "wanted").await.expect(202);
    app.work().await;
    // The same browser may correct what it has entered.
    app.advance(limits::RESEND_PAUSE);
    let mut again = Person { email: "corrected@example.test".into(), ..squatter.clone() };
    sign_up(&mut again, "wanted").await.expect(202);
    app.work().await;
    let mut honest = Person::new(&app, "honest");
    assert_eq!(sign_up(&mut honest, "wanted").await.expect(422).json()["fields"][0]["code"], "taken");
    app.advance(limits::USERNAME_KEPT);
    sign_up(&mut honest, "wanted").await.expect(202);
    app.work().await;
    // Whoever proves the address only now has an account, without the name.
    app.agent().post("/auth/verify/resend", json!({ "email": again.email })).await.expect(202);
    prove(&app, &mut again).await.expect(200);
    again.sign_in().await.expect(200);
    assert!(own(&mut again).await.is_null());
    prove(&app, &mut honest).await.expect(200);
    honest.sign_in().await.expect(200);
    assert_eq!(own(&mut honest).await, "wanted");
}

async fn a_name_cannot_pass_for_another_an_address_or_an_id(app: App) {
    let app = app
        .configured(|builder| {
            let limits = Limits { sign_ups_per_address: 1_000, ..Limits::default() };
            builder.usernames(Usernames::Optional).reserved_usernames(["quillco"]).limits(limits)
        })
        .await;
    let victim = named(&app, "victim", "morn1ng").await;
    let id = app.auth.users("test").by_username("morn1ng").await.unwrap().to_string();
    let zalgo = format!("z{}go", "\u{316}".repeat(5_000));
    for (name, code) in [
        (victim.email.as_str(), "forbidden_character"),
        ("victim＠example.test", "forbidden_character"),
        (&id, "too_long"),
        (&id[..20], "reserved"),
        ("ad\u{200b}min", "forbidden_character"),
        ("\u{202e}nimda", "forbidden_character"),
        ("admin", "reserved"),
        ("a-d-m-i-n", "reserved"),
        ("adrnin", "reserved"),
        ("Quill.Co", "reserved"),
        ("p\u{430}ypal", "misleading"),
        ("sam\r\nBcc", "forbidden_character"),
        ("<b>sam", "forbidden_character"),
        ("436641234567", "malformed"),
        ("ab", "too_short"),
        (&zalgo, "too_long"),
    ] {
        let reply = sign_up(&mut Person::new(&app, "x"), name).await.expect(422);
        assert_eq!(reply.json()["fields"], json!([{ "field": "username", "code": code }]), "{name:?}");
    }
    // What only looks like a name that somebody has is that name.
    for look in ["mornlng", "rnorn1ng", "MORN1NG"] {
        let reply = sign_up(&mut Person::new(&app, "x"), look).await.expect(422);
        assert_eq!(reply.json()["fields"][0]["code"], "taken", "{look}");
    }
    // To sign in, it is not.
    sign_in(app.agent(), "mornlng", &victim.password).await.expect(401);
    app.report.case("EM-10");
    app.report.case("EM-11");
    sign_in(app.agent(), "Morn1ng", &victim.password).await.expect(200);
    named(&app, "maria", "мария").await;
    sign_in(app.agent(), "МАРИЯ", &victim.password).await.expect(200);
    app.report.twin("EM-10");
    app.report.twin("EM-11");
}

async fn guesses_by_name_and_by_address_count_on_one_account(app: App) {
    const BUDGET: u32 = 6;
    let app = app
        .configured(|builder| {
            let limits = Limits { wrong_passwords_per_account: BUDGET, ..Limits::default() };
            builder.usernames(Usernames::Optional).trusted_proxies(TrustedProxies::Hops(1)).limits(limits)
        })
        .await;
    let from = |number: u32| app.agent().with("x-forwarded-for", &format!("203.0.113.{number}"));
    let sam = named(&app, "sam", "sam").await;
    let known = sam.clone();
    assert_eq!(sign_in(from(1), "sam", &sam.password).await.status, 200);
    for number in 0..BUDGET {
        let name = if number % 2 == 0 { "sam" } else { sam.email.as_str() };
        sign_in(from(number), name, "not the password").await.expect(401);
    }
    // Once there were too many by both, no guess is right by either; and no answer says that both are one account.
    for (real, made_up) in [("sam", "somebody"), (sam.email.as_str(), "somebody@example.test")] {
        let locked = sign_in(from(90), real, &sam.password).await.expect(401);
        assert_eq!(locked.outward(), sign_in(from(91), made_up, &sam.password).await.outward());
    }
    app.work().await;
    assert!(app.mail(&sam.email).subject.contains("guessing your password"));
    // What is locked by its name alone says so, as a name that nobody has.
    let other = named(&app, "other", "other").await;
    for name in ["other", "nobody.here"] {
        for number in 0..=BUDGET {
            let reply = sign_in(from(100 + number), name, "not the password").await;
            assert_eq!(reply.status.as_u16(), if number < BUDGET { 401 } else { 429 }, "{name} {number}");
        }
    }
    assert_eq!(sign_in(from(120), &other.email, "not the password").await.expect(401).code(), "invalid_credentials");
    assert_eq!(sign_in(from(121), "nobody@here.test", "x not it").await.expect(401).code(), "invalid_credentials");
    app.report.case("EN-08");
    // The owner is told of guesses at the name, and comes in by a reset, or the next day.
    app.work().await;
    assert!(app.mail(&other.email).subject.contains("guessing your password"));
    app.advance(limits::PASSWORD_REST_WINDOW);
    let mut known = known.elsewhere(&app);
    known.sign_in().await.expect(200);
    sign_in(app.agent(), "other", &other.password).await.expect(200);
    app.report.twin("EN-08");
}

async fn known_and_unknown_names_cost_the_same(app: App) {
    let slot: Arc<Mutex<Option<Watched>>> = Arc::default();
    let filled = slot.clone();
    let setup = Setup {
        wrap: Box::new(move |inner| {
            let watched = Watched::new(inner);
            *filled.lock().unwrap() = Some(watched.clone());
            Arc::new(watched)
        }),
        configure: Box::new(|builder| builder.usernames(Usernames::Optional)),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let store = slot.lock().unwrap().clone().unwrap();
    let sam = named(&app, "sam", "sam").await;
    app.advance(time::Duration::DAY);
    let mut seen: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (known, unknown) in [("sam", "nobody"), (sam.email.as_str(), "nobody@example.test")] {
        for path in ["/auth/sign-in", "/auth/forgot", "/auth/forgot-username"] {
            for name in [known, unknown] {
                let body = match path {
                    "/auth/sign-in" => json!({ "email": name, "password": "not the password" }),
                    "/auth/forgot-username" if !name.contains('@') => continue,
                    _ => json!({ "email": name }),
                };
                store.take_calls();
                let reply = app.agent().post(path, body).await;
                seen.entry(path).or_default().push((store.take_calls(), reply.outward()));
                app.advance(limits::MINUTE);
            }
        }
        for (path, answers) in std::mem::take(&mut seen) {
            assert!(answers.iter().all(|one| *one == answers[0]), "{path}: {answers:?}");
        }
    }
    app.report.case("EN-01");
    app.report.case("EN-03");
    sign_in(app.agent(), "sam", &sam.password).await.expect(200);
    app.report.twin("EN-01");
    app.work().await;
    let before = app.mails(&sam.email).len();
    app.agent().post("/auth/forgot", json!({ "email": "sam" })).await.expect(202);
    app.work().await;
    assert_eq!(app.mails(&sam.email).len(), before + 1);
    app.report.twin("EN-03");
}
