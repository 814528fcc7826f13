//! Accounts that somebody prepares for the address of somebody else, and waits.

use serde_json::{Value, json};
use usermgmt_core::limits;
use usermgmt_service::{ApiKeys, MagicLink, Usernames};
use usermgmt_tests::app::token;
use usermgmt_tests::{App, Person, cells};

cells!(what_is_planted_before_the_proof_does_not_outlive_the_claim);

/// What whoever waits would like to plant, each with a body that the route takes.
fn planted() -> [(&'static str, Value); 6] {
    [
        ("/auth/me/emails", json!({ "email": "mallory@example.test" })),
        ("/auth/me/username", json!({ "username": "trojan2" })),
        ("/auth/me/factors/totp", json!({})),
        ("/auth/me/factors/recovery-codes", json!({})),
        ("/auth/me/api-keys", json!({ "name": "back door", "scopes": [] })),
        ("/auth/sign-in/continue", json!({})),
    ]
}

async fn what_is_planted_before_the_proof_does_not_outlive_the_claim(app: App) {
    let app = app
        .configured(|builder| {
            builder.usernames(Usernames::Optional).api_keys(ApiKeys::default()).magic_link(MagicLink::link_and_code())
        })
        .await;
    for (number, by_sign_up) in [false, true].into_iter().enumerate() {
        let mut victim = Person::new(&app, &format!("victim{number}"));
        let mut mallory = Person { password: "planted by mallory".into(), ..victim.elsewhere(&app) };
        let name = format!("trojan{number}x");
        let entered = json!({
            "email": victim.email, "password": mallory.password, "name": "Zoë", "username": name, "organization": "Trap",
        });
        mallory.agent.post("/auth/sign-up", entered).await.expect(202);
        app.work().await;
        let pending = mallory.sign_in().await.expect(200).json();
        assert_eq!(pending["step"], "verify_address");
        for (path, body) in planted() {
            let reply = mallory.agent.post(path, body).await;
            let still = reply.status.as_u16() == 200 && reply.json()["step"] == "verify_address";
            assert!(still || reply.status.as_u16() == 401, "{path}: {} {}", reply.status, reply.body);
        }
        app.advance(limits::RESEND_PAUSE);

        // The owner of the address comes, by one of the two ways.
        if by_sign_up {
            victim.sign_up().await.expect(202);
            app.work().await;
            let link = token(&app.mail(&victim.email));
            victim.agent.post("/auth/verify", json!({ "token": link })).await.expect(200);
            victim.sign_in().await.expect(200);
        } else {
            victim.agent.post("/auth/sign-in/mail", json!({ "email": victim.email })).await.expect(202);
            app.work().await;
            let link = token(&app.mail(&victim.email));
            victim.agent.post("/auth/sign-in/mailed", json!({ "token": link })).await.expect(200);
        }
        let emails = victim.agent.get("/auth/me/emails").await.expect(200).json();
        assert_eq!(
            (emails["items"].as_array().unwrap().len(), &emails["items"][0]["email"]),
            (1, &json!(victim.email))
        );
        assert_eq!(victim.agent.get("/auth/me/username").await.expect(200).json()["username"], Value::Null);
        let factors = victim.agent.get("/auth/me/factors").await.expect(200).json();
        let none = json!({ "factors": [], "recovery_codes": null, "recovery_codes_low": false, "trusted_devices": [] });
        assert_eq!(factors, none);
        let keys = victim.agent.get("/auth/me/api-keys").await.expect(200).json();
        assert_eq!(keys["items"], json!([]), "{keys}");
        let sessions = victim.agent.get("/auth/sessions").await.expect(200).json();
        assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "{sessions}");
        assert!(!emails.to_string().contains("mallory") && !victim.agent.get("/auth/me").await.body.contains("Trap"));
        mallory.sign_in().await.expect(401);
        mallory.agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
        app.report.case("LK-04");
        if !by_sign_up {
            app.work().await;
            let told = app.mail(&victim.email);
            assert!(told.subject.contains("was dropped") && !told.text.contains("token="), "{}", told.text);
            app.report.case("LK-01");
        }
        // What the owner adds is theirs. The name that was entered for them is kept for a day, as any other would be.
        if by_sign_up {
            victim.agent.post("/auth/me/username", json!({ "username": "zoeq" })).await.expect(200);
            assert_eq!(victim.agent.get("/auth/me/username").await.expect(200).json()["username"], "zoeq");
        }
        assert!(victim.is_signed_in().await);
        app.report.twin("LK-04");
        app.report.twin("LK-01");
    }
}
