//! A second factor: set up by its owner or at a sign-in that demands it, asked for, trusted, taken away.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::{AuditKind, RoleKey};
use usermgmt_core::policy::{AuthPolicy, SecondFactor};
use usermgmt_service::ManagePolicy;
use usermgmt_tests::app::link;
use usermgmt_tests::authenticator::Authenticator;
use usermgmt_tests::{Agent, App, Person, Reply, cells};

use crate::recovery::events;
use crate::team::{Team, account, client, permit};

cells!(
    an_app_is_set_up_and_asked_for,
    pages_lead_through_all_of_it,
    a_device_is_trusted_for_a_while,
    recovery_codes_stand_in_for_the_app,
    a_policy_leads_through_the_enrolment,
    an_organization_demands_it_of_some_roles,
    it_can_be_asked_for_on_demand,
    what_a_policy_demands_stays,
);

fn methods(me: &Reply) -> Value {
    me.json()["session"]["methods"].clone()
}

async fn list(agent: &mut Agent) -> Value {
    agent.get("/auth/me/factors").await.expect(200).json()
}

async fn an_app_is_set_up_and_asked_for(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut other = ann.elsewhere(&app);
    other.sign_in().await.expect(200);
    assert_eq!(
        list(&mut ann.agent).await,
        json!({ "factors": [], "trusted_devices": [], "recovery_codes": null, "recovery_codes_low": false })
    );
    let begun = ann.agent.post("/auth/me/factors/totp", json!({})).await.expect(200).json();
    let (uri, qr) = (begun["uri"].as_str().unwrap(), begun["qr"].as_str().unwrap());
    assert!(uri.starts_with("otpauth://totp/Example:ann%40example.test?secret="), "{uri}");
    assert!(qr.starts_with("<svg"));
    let own = Authenticator::with_secret(begun["factor"].as_str().unwrap(), begun["secret"].as_str().unwrap());
    // Mistyped: nothing has happened, and it can be typed again.
    for (code, status) in [(own.wrong(&app), 422), (String::new(), 422), ("12345".into(), 422)] {
        let body = json!({ "factor": own.id, "code": code });
        ann.agent.post("/auth/me/factors/totp/confirm", body).await.expect(status);
    }
    assert!(other.is_signed_in().await);
    let body = json!({ "factor": own.id, "code": own.code(&app) });
    let confirmed = ann.agent.post("/auth/me/factors/totp/confirm", body.clone()).await.expect(200).json();
    assert_eq!(confirmed["recovery_codes"].as_array().unwrap().len(), limits::RECOVERY_CODES);
    assert!(ann.is_signed_in().await && !other.is_signed_in().await, "the other sessions end");
    app.report.case("MF-15");
    // Pressed twice.
    ann.agent.post("/auth/me/factors/totp/confirm", body).await.expect(404);
    let listed = list(&mut ann.agent).await;
    assert_eq!((listed["factors"][0]["kind"].as_str(), listed["recovery_codes"].as_u64()), (Some("totp"), Some(10)));
    app.work().await;
    let notice = app.mail(&ann.email);
    assert!(notice.subject.contains("second factor") && link(&notice).starts_with("/auth/secure?token="));
    assert_eq!(events(&app, AuditKind::FactorAdded).await.len(), 1);

    // Tomorrow, on another device.
    app.advance(Duration::DAY);
    let pending = other.sign_in().await.expect(200);
    assert_eq!(
        pending.json(),
        json!({ "status": "pending", "step": "second_factor", "methods": ["otp", "recovery_code"] })
    );
    assert!(!other.is_signed_in().await);
    let refused = other.give(&own.wrong(&app)).await.expect(422);
    assert_eq!(refused.code(), "code_invalid");
    // Refusals are bounded: the same one again is counted, not written.
    assert!(!events(&app, AuditKind::SecondFactorRefused).await.is_empty());
    app.report.requirement(78);
    let done = other.give(&own.code(&app)).await.expect(200);
    assert_eq!(done.json()["status"], "complete");
    assert_eq!(methods(&other.agent.get("/auth/me").await), json!(["pwd", "otp"]));
    app.report.requirement(70);
    app.report.requirement(75);
    app.report.twin("MF-15");

    // Another phone takes the place of the first, which works until then.
    let begun = other.agent.post("/auth/me/factors/totp", json!({})).await.expect(200).json();
    let next = Authenticator::with_secret(begun["factor"].as_str().unwrap(), begun["secret"].as_str().unwrap());
    app.advance(Duration::seconds(30));
    let mut third = ann.elsewhere(&app);
    third.sign_in().await.expect(200);
    third.give(&own.code(&app)).await.expect(200);
    let body = json!({ "factor": next.id, "code": next.code(&app) });
    let confirmed = other.agent.post("/auth/me/factors/totp/confirm", body).await.expect(200).json();
    assert_eq!(confirmed["recovery_codes"], json!([]), "the codes of before stay good");
    app.advance(Duration::seconds(60));
    third.sign_in().await.expect(200);
    third.give(&own.code(&app)).await.expect(422);
    third.give(&next.code(&app)).await.expect(200);

    // And it is taken away.
    let body = json!({ "factor": next.id });
    third.agent.post("/auth/me/factors/remove", body.clone()).await.expect(200);
    third.agent.post("/auth/me/factors/remove", body).await.expect(404);
    assert_eq!(list(&mut third.agent).await["recovery_codes"], Value::Null);
    app.work().await;
    assert!(app.mail(&ann.email).subject.contains("was removed"));
    assert_eq!(ann.sign_in().await.expect(200).json()["status"], "complete");
}

async fn pages_lead_through_all_of_it(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let page = ann.agent.navigate("/auth/account/factors").await.expect(200);
    let scan = ann.agent.fill(&page, "/auth/account/factors/totp", &[]).await.expect(200);
    let secret = scan.body.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().replace(' ', "");
    let factor = scan.field("factor");
    let own = Authenticator::with_secret(&factor, &secret);
    assert!(scan.body.contains("<svg") && scan.body.contains("otpauth:"));
    let wrong = own.wrong(&app);
    let confirm = "/auth/account/factors/totp/confirm";
    let again = ann.agent.fill(&scan, confirm, &[("factor", &factor), ("code", &wrong)]).await.expect(422);
    assert!(again.body.contains("<svg"), "the picture is still there");
    let code = own.code(&app);
    let codes = ann.agent.fill(&again, confirm, &[("factor", &factor), ("code", &code)]).await.expect(200);
    assert_eq!(codes.body.matches("<li><code>").count(), limits::RECOVERY_CODES);
    let page = ann.agent.navigate("/auth/account/factors?notice=added").await.expect(200);
    let codes = ann.agent.fill(&page, "/auth/account/factors/recovery-codes", &[]).await.expect(200);
    let recovery = codes.body.split("<li><code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    app.advance(limits::STEP_UP_FRESH);

    // The step-up asks for the code, and leads back.
    let page = ann.agent.navigate("/auth/step-up?return_to=%2Fauth%2Faccount%2Ffactors").await.expect(200);
    assert!(page.body.contains("name=\"code\"") && !page.body.contains("name=\"password\""));
    let back = [("code", own.code(&app)), ("return_to", "/auth/account/factors".to_owned())];
    let back: Vec<_> = back.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let led = ann.agent.fill(&page, "/auth/step-up", &back).await.expect(303);
    ann.agent.follow(led).await.expect(200);

    // Signing in.
    let mut there = app.agent();
    let fields = [("email", ann.email.as_str()), ("password", &ann.password), ("return_to", "/host/things")];
    let led = there.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
    let page = there.follow(led).await.expect(200);
    let to = ("return_to", "/host/things");
    let page = there.fill(&page, "/auth/second-factor", &[("code", &wrong), to]).await.expect(422);
    let page = there.fill(&page, "/auth/second-factor", &[("code", "not a code"), to]).await.expect(422);
    let led = there.fill(&page, "/auth/second-factor", &[("code", &recovery), to]).await.expect(303);
    assert_eq!(led.header("location"), Some("/host/things"));
    there.get("/auth/me").await.expect(200);
    // Whoever comes without a begun sign-in begins one.
    let led = app.agent().navigate("/auth/second-factor").await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/sign-in"));
    let page = there.navigate("/auth/account/factors").await.expect(200);
    there.fill(&page, "/auth/account/factors/remove", &[("factor", &own.id)]).await.expect(303);
    assert_eq!(list(&mut there).await["factors"], json!([]));
}

async fn a_device_is_trusted_for_a_while(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut home = ann.elsewhere(&app);
    let trusting = |code: String| json!({ "code": code, "trust_device": true });
    home.sign_in().await.expect(200);
    home.agent.post("/auth/sign-in/second-factor", trusting(own.code(&app))).await.expect(200);
    let listed = list(&mut home.agent).await;
    assert_eq!(listed["trusted_devices"].as_array().unwrap().len(), 1);
    assert_eq!(home.sign_in().await.expect(200).json()["status"], "complete");
    assert_eq!(methods(&home.agent.get("/auth/me").await), json!(["pwd", "trusted_device"]));
    // It opens the door and nothing behind it: what is sensitive asks for the code.
    home.agent.post("/auth/me/factors/recovery-codes", json!({})).await.expect(403);
    let refused = home.agent.post("/auth/step-up", json!({ "password": home.password })).await.expect(403);
    assert_eq!(refused.code(), "second_factor_required");
    home.agent.post("/auth/me/factors/recovery-codes", json!({})).await.expect(403);

    // To nobody else, to no other account, in no other form, no longer than 30 days.
    let secret = home.agent.cookies["um_trusted"].clone();
    let pending = |reply: Reply| reply.json()["step"] == "second_factor";
    let mut bob = Person::signed_in(&app, "bob").await;
    let bobs = bob.enrol(&app).await;
    bob.agent.cookies.insert("um_trusted".into(), secret.clone());
    assert!(pending(bob.sign_in().await.expect(200)));
    for forged in [secret[..40].to_owned(), format!("{secret}A"), secret.replace("umt", "ums"), String::new()] {
        let mut thief = home.elsewhere(&app);
        thief.agent.cookies.insert("um_trusted".into(), forged);
        assert!(pending(thief.sign_in().await.expect(200)));
    }
    // Two accounts of one household trust the same device.
    bob.agent.post("/auth/sign-in/second-factor", trusting(bobs.code(&app))).await.expect(200);
    home.agent.cookies.insert("um_trusted".into(), bob.agent.cookies["um_trusted"].clone());
    assert_eq!(home.sign_in().await.expect(200).json()["status"], "complete");
    app.advance(limits::TRUSTED_DEVICE_LIFE - Duration::MINUTE);
    assert_eq!(home.sign_in().await.expect(200).json()["status"], "complete");
    app.advance(Duration::MINUTE);
    assert!(pending(home.sign_in().await.expect(200)));

    // A new password, a changed factor and the owner's wish end it.
    for end in ["password", "factor", "wish"] {
        app.advance(Duration::MINUTE);
        home.sign_in().await.expect(200);
        home.agent.post("/auth/sign-in/second-factor", trusting(own.code(&app))).await.expect(200);
        assert_eq!(home.sign_in().await.expect(200).json()["status"], "complete", "{end}");
        app.advance(Duration::MINUTE);
        home.agent.post("/auth/step-up", json!({ "code": own.code(&app) })).await.expect(200);
        let reply = match end {
            "password" => {
                let body = json!({ "password": home.password, "new_password": "changed by its owner" });
                home.password = "changed by its owner".into();
                home.agent.post("/auth/me/password", body).await
            }
            "factor" => home.agent.post("/auth/me/factors/recovery-codes", json!({})).await,
            _ => home.agent.post("/auth/me/factors/distrust", json!({})).await,
        };
        reply.expect(200);
        let mut again = home.clone();
        assert!(pending(again.sign_in().await.expect(200)), "{end}");
        assert_eq!(list(&mut home.agent).await["trusted_devices"], json!([]), "{end}");
    }
    app.report.case("MF-12");
    app.report.twin("MF-12");

    // The one that was trusted first gives way.
    for number in 0..=limits::TRUSTED_DEVICES {
        app.advance(limits::MINUTE);
        let mut device = home.elsewhere(&app);
        device.sign_in().await.expect(200);
        let body = trusting(own.code(&app));
        device.agent.post("/auth/sign-in/second-factor", body).await.expect(200);
        let kept = list(&mut device.agent).await["trusted_devices"].as_array().unwrap().len();
        assert_eq!(kept, (number + 1).min(limits::TRUSTED_DEVICES));
    }
    let app =
        app.configured(|builder| builder.policy(AuthPolicy { bars_trusted_devices: true, ..AuthPolicy::default() }));
    let app = app.await;
    home.agent = home.elsewhere(&app).agent;
    home.agent.cookies.insert("um_trusted".into(), secret);
    assert!(pending(home.sign_in().await.expect(200)));
}

async fn recovery_codes_stand_in_for_the_app(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut there = ann.elsewhere(&app);
    let (last, used) = own.recovery_codes.split_last().unwrap();
    for (number, code) in used.iter().enumerate() {
        app.advance(limits::MINUTE);
        there.sign_in().await.expect(200);
        let typed = if number % 2 == 0 { code.to_lowercase().replace('-', " ") } else { code.clone() };
        assert_eq!(there.give(&typed).await.expect(200).json()["status"], "complete");
        let listed = list(&mut there.agent).await;
        let left = 9 - number;
        assert_eq!(
            (listed["recovery_codes"].as_u64().unwrap(), &listed["recovery_codes_low"]),
            (left as u64, &json!(left <= 3))
        );
    }
    app.work().await;
    assert!(app.mail(&ann.email).subject.contains("recovery code"));
    assert_eq!(events(&app, AuditKind::RecoveryCodeUsed).await.len(), 9);
    // New ones void the last of the old ones.
    let made = there.agent.post("/auth/me/factors/recovery-codes", json!({})).await.expect(200).json();
    let new = made["recovery_codes"][0].as_str().unwrap().to_owned();
    app.advance(limits::MINUTE);
    there.sign_in().await.expect(200);
    there.give(last).await.expect(422);
    there.give(&new).await.expect(200);
    assert_eq!(list(&mut there.agent).await["recovery_codes"], 9);
}

/// Walks through the enrolment that a sign-in demands.
async fn walk_through(app: &App, person: &mut Person) -> (Authenticator, Value) {
    let begun = person.agent.post("/auth/sign-in/totp", json!({})).await.expect(200).json();
    let own = Authenticator::with_secret(begun["factor"].as_str().unwrap(), begun["secret"].as_str().unwrap());
    let body = json!({ "factor": own.id, "code": own.code(app) });
    let done = person.agent.post("/auth/sign-in/totp/confirm", body).await.expect(200).json();
    (own, done)
}

async fn a_policy_leads_through_the_enrolment(app: App) {
    let everybody = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    let app = app.configured(move |builder| builder.policy(everybody)).await;
    let mut ann = Person::verified(&app, "ann").await;
    assert_eq!(ann.sign_in().await.expect(200).json(), json!({ "status": "pending", "step": "enrol_factor" }));
    assert!(!ann.is_signed_in().await);
    ann.give("000000").await.expect(401);
    let (own, done) = walk_through(&app, &mut ann).await;
    assert_eq!((done["status"].as_str(), done["recovery_codes"].as_array().unwrap().len()), (Some("complete"), 10));
    assert_eq!(methods(&ann.agent.get("/auth/me").await), json!(["pwd", "otp"]));
    app.advance(limits::MINUTE);
    assert_eq!(ann.sign_in().await.expect(200).json()["step"], "second_factor");
    ann.give(&own.code(&app)).await.expect(200);

    // The same by pages.
    let mut bob = Person::verified(&app, "bob").await;
    let fields = [("email", bob.email.as_str()), ("password", &bob.password), ("return_to", "/host/things")];
    let led = bob.agent.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
    let page = bob.agent.follow(led).await.expect(200);
    let to = ("return_to", "/host/things");
    let scan = bob.agent.fill(&page, "/auth/enrol-factor", &[to]).await.expect(200);
    let secret = scan.body.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().replace(' ', "");
    let factor = scan.field("factor");
    let own = Authenticator::with_secret(&factor, &secret);
    let wrong = own.wrong(&app);
    let form = "/auth/enrol-factor/confirm";
    let again = bob.agent.fill(&scan, form, &[("factor", &factor), ("code", &wrong), to]).await.expect(422);
    let code = own.code(&app);
    let codes = bob.agent.fill(&again, form, &[("factor", &factor), ("code", &code), to]).await.expect(200);
    assert_eq!(codes.body.matches("<li><code>").count(), limits::RECOVERY_CODES);
    assert!(codes.body.replace("&#x2f;", "/").contains("href=\"/host/things\""));
    assert!(bob.is_signed_in().await);
    app.report.requirement(74);
}

async fn an_organization_demands_it_of_some_roles(app: App) {
    let mut team = Team::of(&app, "olga").await;
    let mut max = team.member(&app, "max", &["reader"]).await;
    let mut admin = team.member(&app, "ada", &["admin", "reader"]).await;
    let own = team.owner.enrol(&app).await;
    let policy = AuthPolicy {
        second_factor: SecondFactor::Roles([RoleKey::new("owner"), RoleKey::new("admin")].into()),
        ..AuthPolicy::default()
    };
    let permit = permit::<ManagePolicy>(&app, &team.owner).await;
    app.auth.orgs().set_policy(&client(), &permit, &policy).await.unwrap();
    // Who is signed in is asked at the next request; whoever it does not concern is not.
    let path = format!("/host/orgs/{}/things", team.id);
    max.agent.get(&path).await.expect(200);
    team.owner.agent.get(&path).await.expect(200);
    let refused = admin.agent.get(&path).await.expect(403);
    assert_eq!(
        (refused.code().as_str(), &refused.json()["challenge"]["demands"]),
        ("policy_unmet", &json!(["second_factor"]))
    );
    // A page leads to where it can be set up.
    let page = admin.agent.navigate("/auth/organization").await;
    let told = if page.status.as_u16() == 200 { admin.agent.navigate(&path).await } else { page };
    assert!(told.expect(403).body.replace("&#x2f;", "/").contains("href=\"/auth/account/factors\""));
    admin.enrol(&app).await;
    admin.agent.get(&path).await.expect(200);
    assert_eq!(max.sign_in().await.expect(200).json()["status"], "complete");
    let mut eve = account(&app, "eve").await;
    team.join(&app, &eve, &["admin", "reader"]).await;
    assert_eq!(eve.sign_in().await.expect(200).json()["step"], "enrol_factor");
    walk_through(&app, &mut eve).await;
    eve.agent.get(&path).await.expect(200);
    app.advance(limits::MINUTE);
    team.owner.sign_in().await.expect(200);
    team.owner.give(&own.code(&app)).await.expect(200);
}

async fn it_can_be_asked_for_on_demand(app: App) {
    let app = app.configured(usermgmt_service::Builder::second_factor_on_demand).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    assert_eq!(ann.sign_in().await.expect(200).json()["status"], "complete");
    let refused = ann.agent.post("/auth/me/factors/recovery-codes", json!({})).await.expect(403);
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["otp", "recovery_code"]));
    ann.agent.post("/auth/step-up", json!({ "code": own.code(&app) })).await.expect(200);
    ann.agent.post("/auth/me/factors/recovery-codes", json!({})).await.expect(200);
    app.report.requirement(72);
}

async fn what_a_policy_demands_stays(app: App) {
    let everybody = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    let app = app.configured(move |builder| builder.policy(everybody)).await;
    let mut ann = Person::verified(&app, "ann").await;
    ann.sign_in().await.expect(200);
    let (own, _) = walk_through(&app, &mut ann).await;
    let refused = ann.agent.post("/auth/me/factors/remove", json!({ "factor": own.id })).await.expect(409);
    assert_eq!(refused.code(), "factor_required");
    let app = app.configured(|builder| builder).await;
    ann.agent = ann.elsewhere(&app).agent;
    app.advance(limits::MINUTE);
    ann.sign_in().await.expect(200);
    ann.give(&own.code(&app)).await.expect(200);
    ann.agent.post("/auth/me/factors/remove", json!({ "factor": own.id })).await.expect(200);
}
