//! Equal work: what is known must not show, in answer or in cost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use usermgmt_core::model::UserStatus;
use usermgmt_core::password::{Password, PasswordHash};
use usermgmt_core::port::{HashError, HashVerdict, OsRandom, PasswordHasher};
use usermgmt_service::{Argon2Pool, HashCost, MagicLink, NewUser};
use usermgmt_tests::app::Setup;
use usermgmt_tests::faults::Watched;
use usermgmt_tests::{App, Person, cells};

cells!(known_and_unknown_cost_the_same);

/// Counts hashes.
struct Counting(Argon2Pool, Arc<AtomicUsize>);

#[async_trait]
impl PasswordHasher for Counting {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.hash(password).await
    }

    async fn verify(&self, password: &Password, stored: Option<&PasswordHash>) -> Result<HashVerdict, HashError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.verify(password, stored).await
    }
}

async fn known_and_unknown_cost_the_same(app: App) {
    let slot: Arc<Mutex<Option<Watched>>> = Arc::default();
    let (filled, hashes) = (slot.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = hashes.clone();
    let setup = Setup {
        wrap: Box::new(move |inner| {
            let watched = Watched::new(inner);
            *filled.lock().unwrap() = Some(watched.clone());
            Arc::new(watched)
        }),
        configure: Box::new(move |builder| {
            let pool = Argon2Pool::new(HashCost::insecure_for_tests(), 1, Arc::new(OsRandom)).unwrap();
            builder.hasher(Counting(pool, counted)).magic_link(MagicLink::link_and_code())
        }),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let store = slot.lock().unwrap().clone().unwrap();

    let ann = Person::verified(&app, "ann").await;
    let users = app.auth.users("test");
    for (email, status, verified, password) in [
        ("suspended@example.test", UserStatus::Suspended, true, true),
        ("inactive@example.test", UserStatus::Inactive, true, true),
        ("open@example.test", UserStatus::Active, false, true),
        ("bare@example.test", UserStatus::Active, true, false),
    ] {
        let password = password.then(|| "blowfish under moonlight".into());
        let id = users.create(NewUser { email, name: "X", password, email_is_verified: verified }).await.unwrap();
        users.set_status(id, status).await.unwrap();
    }
    app.work().await;
    app.advance(time::Duration::DAY * 2);
    let classes = [
        "unknown@example.test",
        &ann.email,
        "suspended@example.test",
        "inactive@example.test",
        "open@example.test",
        "bare@example.test",
    ];
    for path in ["/auth/sign-in", "/auth/sign-up", "/auth/verify/resend", "/auth/forgot", "/auth/sign-in/mail"] {
        let hashes_once = matches!(path, "/auth/sign-in" | "/auth/sign-up");
        let mut first = None;
        for email in classes {
            // Whoever was unknown has signed up by then.
            let email = if email.starts_with("unknown") && !hashes_once { "nobody@example.test" } else { email };
            let body = match path {
                "/auth/sign-in" => json!({ "email": email, "password": "not the password" }),
                "/auth/sign-up" => {
                    json!({ "email": email, "password": "blowfish under moonlight", "name": "X", "organization": "X" })
                }
                _ => json!({ "email": email }),
            };
            store.take_calls();
            hashes.store(0, Ordering::SeqCst);
            let reply = app.agent().post(path, body).await;
            let seen = (store.take_calls(), hashes.load(Ordering::SeqCst), reply.outward());
            let (calls, count, _) = &seen;
            assert!(*count == usize::from(hashes_once), "{path} {email}: {count} hashes");
            assert!(calls.values().sum::<usize>() >= 2, "{calls:?}");
            match &first {
                None => first = Some(seen),
                Some(first) => assert_eq!(&seen, first, "{path}: {email} differs from an unknown address"),
            }
            app.advance(time::Duration::minutes(2));
        }
        app.work().await;
        app.advance(time::Duration::DAY * 2);
    }
    app.report.case("EN-01");
    app.report.case("EN-03");
    app.report.requirement(35);
    // The mail tells the owner, and nobody else.
    for (email, mails) in [("nobody@example.test", 0), (ann.email.as_str(), 1), ("suspended@example.test", 0)] {
        let before = app.mails(email).len();
        app.agent().post("/auth/forgot", json!({ "email": email })).await.expect(202);
        app.work().await;
        assert_eq!(app.mails(email).len(), before + mails, "{email}");
    }
    app.report.twin("EN-03");
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("EN-01");
}
