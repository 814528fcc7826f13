//! Passkeys: made, used to sign in, as a second factor and to prove again, named, taken away.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::{AuditKind, Method};
use usermgmt_core::policy::{AuthPolicy, SecondFactor};
use usermgmt_service::{MagicLink, ManagePolicy, Passkeys, UserWithoutEmail, Usernames};
use usermgmt_tests::app::{link, token};
use usermgmt_tests::security_key::{BACKED_UP, BACKUP_ELIGIBLE, PRESENT, Says, SecurityKey, VERIFIED, answer};
use usermgmt_tests::{App, Person, Reply, cells};

use crate::recovery::events;
use crate::team::{Team, client, permit, refusal};

cells!(
    a_passkey_signs_in_without_a_name,
    a_passkey_stands_beside_the_password,
    a_passkey_is_asked_for_after_the_password_where_its_owner_says_so,
    a_policy_may_count_it_as_one_factor,
    a_policy_leads_through_its_enrolment,
    people_sign_up_without_a_password,
    one_way_in_always_stays,
    it_is_offered_until_it_is_declined,
    pages_ask_for_it,
    somebody_without_an_address_has_one,
    they_are_off_by_default,
    an_organization_switches_passwords_off_once_nobody_is_stranded,
);

pub(crate) async fn on(app: App) -> App {
    configured(app, Passkeys::default()).await
}

pub(crate) async fn configured(app: App, passkeys: Passkeys) -> App {
    app.configured(|builder| builder.passkeys(passkeys)).await
}

fn methods(me: &Reply) -> Value {
    me.json()["session"]["methods"].clone()
}

async fn list(person: &mut Person) -> Vec<Value> {
    let listed = person.agent.get("/auth/me/factors").await.expect(200).json();
    listed["factors"].as_array().unwrap().clone()
}

async fn a_passkey_signs_in_without_a_name(app: App) {
    let app = on(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut other = ann.elsewhere(&app);
    other.sign_in().await.expect(200);
    let asked = ann.asked("/me/passkeys").await;
    let options = &asked["options"];
    assert_eq!(options["rp"], json!({ "id": "localhost", "name": "Example" }));
    assert_eq!(options["user"]["name"], ann.email.as_str());
    let selection = &options["authenticatorSelection"];
    assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&json!("required"), &json!("required")));
    assert_eq!(options["attestation"], "none");
    let mut key = SecurityKey::default();
    let made = key.create(options, &Says::truth(app.origin()));
    let mut body = answer(&asked, &made);
    body["name"] = json!("My laptop");
    let added = ann.agent.post("/auth/me/passkeys", body.clone()).await.expect(200).json();
    assert_eq!(added["recovery_codes"], json!([]), "it replaces no password, so nothing is lost with it");
    // Pressed twice.
    assert_eq!(ann.agent.post("/auth/me/passkeys", body).await.expect(422).code(), "passkey_invalid");
    assert!(ann.is_signed_in().await && !other.is_signed_in().await, "the other sessions end");
    app.work().await;
    assert!(link(&app.mail(&ann.email)).starts_with("/auth/secure?token="), "the owner is told and can undo it");
    assert_eq!(events(&app, AuditKind::FactorAdded).await.len(), 1);
    app.report.requirement(79);

    let mut there = ann.elsewhere(&app);
    let asked = there.asked("/sign-in/passkey").await;
    assert_eq!(asked["options"]["allowCredentials"], json!([]), "nobody says who they are");
    assert_eq!(asked["options"]["userVerification"], "required");
    let given = key.get(&asked["options"], &Says::truth(app.origin()));
    let done = there.agent.post("/auth/sign-in/passkey", answer(&asked, &given)).await.expect(200);
    assert_eq!(done.json()["status"], "complete");
    let me = there.agent.get("/auth/me").await;
    assert_eq!(methods(&me), json!(["pop"]));
    assert_eq!(me.json()["organization"]["name"], "ann & Co");
    app.report.requirement(80);
    app.report.twin("WA-02");
    app.report.twin("WA-03");

    // It opens what is sensitive, too.
    let listed = list(&mut there).await;
    assert_eq!((&listed[0]["kind"], &listed[0]["name"]), (&json!("passkey"), &json!("My laptop")));
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/auth/me/passkeys/{id}/name");
    there.agent.post(&path, json!({ "name": "Old laptop" })).await.expect(200);
    there.agent.post(&path, json!({ "name": " " })).await.expect(422);
    assert_eq!(list(&mut there).await[0]["name"], "Old laptop");
    there.agent.post("/auth/me/factors/remove", json!({ "factor": id })).await.expect(200);
    there.agent.post(&path, json!({ "name": "Gone" })).await.expect(404);
    assert_eq!(there.elsewhere(&app).sign_in_by(&mut key).await.expect(422).code(), "passkey_invalid");
    assert_eq!(ann.sign_in().await.expect(200).json()["status"], "complete", "by the password");
    app.report.requirement(84);
}

async fn a_passkey_stands_beside_the_password(app: App) {
    let app = on(app).await;
    let (mut ann, mut key) = Person::with_passkey(&app, "ann").await;
    // Synced passkeys keep no counter; the flags say that they are copied between devices.
    let synced =
        Says { flags: PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP, counts: 0, ..Says::truth(app.origin()) };
    let (mut phone, asked) = (SecurityKey::default(), ann.asked("/me/passkeys").await);
    assert_eq!(asked["options"]["excludeCredentials"].as_array().unwrap().len(), 1, "one for each device");
    let made = phone.create(&asked["options"], &synced);
    ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await.expect(200);
    assert_eq!(key.credentials[0].handle, phone.credentials[0].handle, "one name of the account for all");
    let mut there = ann.elsewhere(&app);
    for _ in 0..2 {
        let asked = there.asked("/sign-in/passkey").await;
        let given = phone.get(&asked["options"], &synced);
        there.agent.post("/auth/sign-in/passkey", answer(&asked, &given)).await.expect(200);
    }
    app.report.twin("WA-09");
    app.report.twin("WA-12");
    // The password alone still signs in: that is what its owner has not changed.
    assert_eq!(there.sign_in().await.expect(200).json()["status"], "complete");
    app.advance(limits::STEP_UP_FRESH);
    let refused = there.agent.post("/auth/me/factors/recovery-codes", json!({})).await.expect(403);
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["pop", "pwd"]));
    there.answer("/step-up/passkey", &mut key).await.expect(200);
    there.agent.post("/auth/me/factors/recovery-codes", json!({})).await.expect(200);
    app.advance(limits::STEP_UP_FRESH);
    there.agent.post("/auth/step-up", json!({ "password": there.password })).await.expect(200);
    there.agent.post("/auth/me/factors/recovery-codes", json!({})).await.expect(200);
}

async fn a_passkey_is_asked_for_after_the_password_where_its_owner_says_so(app: App) {
    let app = on(app).await;
    let (mut ann, mut key) = (Person::signed_in(&app, "ann").await, SecurityKey::default());
    let added = ann.add_passkey(&mut key, json!({ "as_second_factor": true })).await.expect(200).json();
    let recovery = added["recovery_codes"][0].as_str().unwrap().to_owned();
    let mut there = ann.elsewhere(&app);
    let pending = there.sign_in().await.expect(200).json();
    assert_eq!(pending["methods"], json!(["pop", "recovery_code"]));
    let path = "/sign-in/second-factor/passkey";
    let asked = there.asked(path).await;
    assert_eq!(asked["options"]["allowCredentials"].as_array().unwrap().len(), 1);
    let given = key.get(&asked["options"], &Says::truth(app.origin()));
    let mut body = answer(&asked, &given);
    body["trust_device"] = json!(true);
    there.agent.post(&format!("/auth{path}"), body).await.expect(200);
    assert_eq!(methods(&there.agent.get("/auth/me").await), json!(["pwd", "pop"]));
    assert_eq!(there.sign_in().await.expect(200).json()["status"], "complete", "the device is trusted");
    // Elsewhere by a recovery code, and by the passkey alone, which is two factors.
    let mut third = ann.elsewhere(&app);
    third.sign_in().await.expect(200);
    third.give(&recovery).await.expect(200);
    assert_eq!(third.elsewhere(&app).sign_in_by(&mut key).await.expect(200).json()["status"], "complete");
    // A password is no step-up beside it.
    app.advance(limits::STEP_UP_FRESH);
    third.agent.post("/auth/step-up", json!({ "password": third.password })).await.expect(403);
    third.answer("/step-up/passkey", &mut key).await.expect(200);
}

async fn a_policy_may_count_it_as_one_factor(app: App) {
    let policy = AuthPolicy { passkey_is_one_factor: true, ..AuthPolicy::default() };
    let strict = AuthPolicy { second_factor: SecondFactor::Everybody, ..policy.clone() };
    let app = app.configured(move |builder| builder.passkeys(Passkeys::default()).policy(policy)).await;
    let (mut ann, mut key) = Person::with_passkey(&app, "ann").await;
    let mut there = ann.elsewhere(&app);
    // Nothing else was set up, so nothing else is asked for.
    assert_eq!(there.sign_in_by(&mut key).await.expect(200).json()["status"], "complete");
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    let own = ann.enrol(&app).await;
    let pending = there.sign_in_by(&mut key).await.expect(200).json();
    assert_eq!(pending["methods"], json!(["otp", "recovery_code"]), "not by the same passkey again");
    there.give(&own.code(&app)).await.expect(200);
    // Where two are demanded, a passkey after the password is the second.
    let app = app.configured(move |builder| builder.passkeys(Passkeys::default()).policy(strict)).await;
    let mut bob = Person::verified(&app, "bob").await;
    let mut keys = SecurityKey::default();
    bob.sign_in().await.expect(200);
    let asked = bob.asked("/sign-in/new-passkey").await;
    let made = keys.create(&asked["options"], &Says::truth(app.origin()));
    let done = bob.agent.post("/auth/sign-in/new-passkey", answer(&asked, &made)).await.expect(200);
    assert_eq!(done.json()["status"], "complete");
    let mut there = bob.elsewhere(&app);
    assert_eq!(there.sign_in_by(&mut keys).await.expect(200).json()["step"], "enrol_factor", "alone it is not enough");
    there.sign_in().await.expect(200);
    there.answer("/sign-in/second-factor/passkey", &mut keys).await.expect(200);
    assert!(there.is_signed_in().await);
}

async fn a_policy_leads_through_its_enrolment(app: App) {
    let policy = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    let app = app.configured(move |builder| builder.passkeys(Passkeys::default()).policy(policy)).await;
    let mut ann = Person::verified(&app, "ann").await;
    assert_eq!(ann.sign_in().await.expect(200).json()["step"], "enrol_factor");
    let page = ann.agent.navigate("/auth/enrol-factor").await.expect(200);
    assert!(page.body.contains("data-passkey=\"create\"") && page.body.contains("passkey.js"));
    let mut key = SecurityKey::default();
    let asked = ann.asked("/sign-in/new-passkey").await;
    let made = key.create(&asked["options"], &Says::truth(app.origin()));
    let done = ann.agent.post("/auth/sign-in/new-passkey", answer(&asked, &made)).await.expect(200).json();
    assert_eq!((&done["status"], done["recovery_codes"].as_array().unwrap().len()), (&json!("complete"), 10));
    let id = list(&mut ann).await[0]["id"].clone();
    let refused = ann.agent.post("/auth/me/factors/remove", json!({ "factor": id })).await.expect(409);
    assert_eq!(refused.code(), "factor_required");
    let mut there = ann.elsewhere(&app);
    assert_eq!(there.sign_in_by(&mut key).await.expect(200).json()["status"], "complete");
    assert_eq!(there.sign_in().await.expect(200).json()["step"], "second_factor", "a password alone is one");
    there.answer("/sign-in/second-factor/passkey", &mut key).await.expect(200);
}

async fn people_sign_up_without_a_password(app: App) {
    let app = configured(app, Passkeys::default().sign_up()).await;
    let mut ann = Person::new(&app, "ann");
    let body = json!({ "email": ann.email, "name": ann.name, "organization": ann.organization, "passkey": true });
    ann.agent.post("/auth/sign-up", body.clone()).await.expect(202);
    app.work().await;
    let mail = app.mail(&ann.email);
    assert!(link(&mail).starts_with("/auth/sign-in/mailed?token="));
    // Lost: another one comes, and the first is void.
    app.advance(limits::RESEND_PAUSE);
    ann.agent.post("/auth/sign-in/mail", json!({ "email": ann.email })).await.expect(202);
    app.work().await;
    let use_link = |mail: &usermgmt_service::KeptMail| json!({ "token": token(mail) });
    ann.agent.post("/auth/sign-in/mailed", use_link(&mail)).await.expect(410);
    let begun = ann.agent.post("/auth/sign-in/mailed", use_link(&app.mail(&ann.email))).await.expect(200).json();
    assert_eq!((&begun["status"], &begun["step"]), (&json!("pending"), &json!("enrol_passkey")));
    assert!(!ann.is_signed_in().await);
    let page = ann.agent.navigate("/auth/enrol-passkey").await.expect(200);
    assert!(page.body.contains("data-passkey=\"create\"") && page.body.contains("/forgot"), "no dead end");
    let mut key = SecurityKey::default();
    let asked = ann.asked("/sign-in/new-passkey").await;
    let made = key.create(&asked["options"], &Says::truth(app.origin()));
    let done = ann.agent.post("/auth/sign-in/new-passkey", answer(&asked, &made)).await.expect(200).json();
    assert_eq!((&done["status"], &done["recovery_codes"]), (&json!("complete"), &json!([])));
    assert!(!ann.org().await.is_empty(), "the organization was made");
    app.report.requirement(83);

    // From then on by passkey only; mails sign nobody in, and no password fits.
    let mut there = ann.elsewhere(&app);
    app.advance(Duration::DAY);
    assert_eq!(there.sign_in_by(&mut key).await.expect(200).json()["status"], "complete");
    there.elsewhere(&app).agent.post("/auth/sign-in/mail", json!({ "email": ann.email })).await.expect(202);
    app.work().await;
    assert!(!app.mail(&ann.email).text.contains("/sign-in/mailed"), "it says that there is an account");
    for password in ["", " ", "null", &ann.password] {
        let guess = json!({ "email": ann.email, "password": password });
        let status = there.elsewhere(&app).agent.post("/auth/sign-in", guess).await.status.as_u16();
        assert!(matches!(status, 401 | 422), "{status}");
    }
    app.report.case("PW-05");
    // Lost: a mail sets a password, and a new passkey can be made.
    let mut lost = ann.elsewhere(&app);
    app.advance(Duration::HOUR);
    lost.agent.post("/auth/forgot", json!({ "email": ann.email })).await.expect(202);
    app.work().await;
    let body = json!({ "token": token(&app.mail(&ann.email)), "password": ann.password });
    lost.agent.post("/auth/reset", body).await.expect(200);
    assert_eq!(lost.sign_in().await.expect(200).json()["status"], "complete");
    lost.add_passkey(&mut SecurityKey::default(), json!({})).await.expect(200);

    // Whoever prepares an account for somebody else has nothing of it.
    let mut thief = Person::new(&app, "bob");
    thief.sign_up().await.expect(202);
    app.work().await;
    let mut bob = Person::new(&app, "bob");
    app.advance(Duration::HOUR);
    let body = json!({ "email": bob.email, "name": bob.name, "passkey": true });
    bob.agent.post("/auth/sign-up", body).await.expect(202);
    app.work().await;
    bob.agent.post("/auth/sign-in/mailed", use_link(&app.mail(&bob.email))).await.expect(200);
    thief.sign_in().await.expect(401);
}

async fn one_way_in_always_stays(app: App) {
    let app = configured(app, Passkeys::default().sign_up()).await;
    let mut ann = Person::new(&app, "ann");
    let body = json!({ "email": ann.email, "name": ann.name, "passkey": true });
    ann.agent.post("/auth/sign-up", body).await.expect(202);
    app.work().await;
    let proof = json!({ "token": token(&app.mail(&ann.email)) });
    ann.agent.post("/auth/sign-in/mailed", proof).await.expect(200);
    let (mut first, mut second) = (SecurityKey::default(), SecurityKey::default());
    let asked = ann.asked("/sign-in/new-passkey").await;
    let made = first.create(&asked["options"], &Says::truth(app.origin()));
    ann.agent.post("/auth/sign-in/new-passkey", answer(&asked, &made)).await.expect(200);
    ann.add_passkey(&mut second, json!({ "name": "second" })).await.expect(200);
    // Two sessions remove one each at once.
    let mut other = ann.elsewhere(&app);
    other.sign_in_by(&mut second).await.expect(200);
    let listed = list(&mut ann).await;
    let id = |second: bool| &listed.iter().find(|item| (item["name"] == "second") == second).unwrap()["id"];
    let (one, two) = (json!({ "factor": id(false) }), json!({ "factor": id(true) }));
    let path = "/auth/me/factors/remove";
    let (one, two) = tokio::join!(ann.agent.post(path, one), other.agent.post(path, two));
    let statuses = [one.status.as_u16(), two.status.as_u16()];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let mut survivor = ann.elsewhere(&app);
    let mut left = if statuses[0] == 200 { second } else { first };
    survivor.sign_in_by(&mut left).await.expect(200);
    let last = json!({ "factor": list(&mut survivor).await[0]["id"] });
    let refused = survivor.agent.post(path, last.clone()).await.expect(409);
    assert_eq!(refused.code(), "last_sign_in_method");
    app.report.case("WA-13");
    // Where mails sign in, there is another way.
    let app =
        app.configured(|builder| builder.passkeys(Passkeys::default()).magic_link(MagicLink::link_and_code())).await;
    let mut survivor = ann.elsewhere(&app);
    survivor.sign_in_by(&mut left).await.expect(200);
    survivor.agent.post(path, last).await.expect(200);
    app.report.twin("WA-13");
}

async fn it_is_offered_until_it_is_declined(app: App) {
    let app = configured(app, Passkeys::default().offer()).await;
    let mut ann = Person::verified(&app, "ann").await;
    assert_eq!(ann.sign_in().await.expect(200).json()["offer_passkey"], true);
    let fields = [("email", ann.email.as_str()), ("password", &ann.password), ("return_to", "/host/things")];
    let mut browser = app.agent();
    let led = browser.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/passkey-offer?return_to=%2Fhost%2Fthings"));
    let page = browser.follow(led).await.expect(200);
    let to = [("return_to", "/host/things")];
    let led = browser.fill(&page, "/auth/passkey-offer/decline", &to).await.expect(303);
    assert_eq!(led.header("location"), Some("/host/things"));
    let led = browser.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
    assert_eq!(led.header("location"), Some("/host/things"), "not again in this browser");
    let mut key = SecurityKey::default();
    ann.add_passkey(&mut key, json!({})).await.expect(200);
    assert_eq!(ann.sign_in().await.expect(200).json()["offer_passkey"], Value::Null, "there is one");
    ann.agent.post("/auth/passkey-offer/decline", json!({})).await.expect(200);
    app.report.requirement(81);
}

async fn pages_ask_for_it(app: App) {
    let app = configured(app, Passkeys::default().sign_up()).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let page = ann.agent.navigate("/auth/account/factors").await.expect(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains(" 'self'; connect-src 'self'"), "{policy}");
    let script = ann.agent.get("/auth/passkey.js").await.expect(200);
    assert!(script.header("content-type").unwrap().starts_with("text/javascript"));
    let mut key = SecurityKey::default();
    let asked = ann.asked("/me/passkeys").await;
    let ceremony = asked["ceremony"].as_str().unwrap().to_owned();
    let made = key.create(&asked["options"], &Says::truth(app.origin())).to_string();
    let fields = [("ceremony", ceremony.as_str()), ("credential", &made), ("as_second_factor", "yes")];
    let empty = ann.agent.fill(&page, "/auth/account/factors/passkeys", &[]).await.expect(422);
    assert!(empty.body.contains("class=\"alert\""));
    let codes = ann.agent.fill(&page, "/auth/account/factors/passkeys", &fields).await.expect(200);
    assert_eq!(codes.body.matches("<li><code>").count(), limits::RECOVERY_CODES);
    let page = ann.agent.navigate("/auth/account/factors?notice=passkey-added").await.expect(200);
    let id = list(&mut ann).await[0]["id"].as_str().unwrap().to_owned();
    let named = [("factor", id.as_str()), ("name", "Kitchen <tablet>")];
    ann.agent.fill(&page, "/auth/account/factors/name", &named).await.expect(303);
    let page = ann.agent.navigate("/auth/account/factors").await.expect(200);
    assert!(page.body.contains("Kitchen &lt;tablet&gt;"));

    let mut there = ann.elsewhere(&app);
    let page = there.agent.navigate("/auth/sign-in").await.expect(200);
    assert!(page.body.contains("autocomplete=\"username webauthn\"") && page.body.contains("data-offer"));
    let fields = [("email", ann.email.as_str()), ("password", &ann.password)];
    let led = there.agent.fill(&page, "/auth/sign-in", &fields).await.expect(303);
    let page = there.agent.follow(led).await.expect(200);
    let to = ("return_to", "/host/things");
    let asked = there.asked("/sign-in/second-factor/passkey").await;
    let ceremony = asked["ceremony"].as_str().unwrap();
    let given = key.get(&asked["options"], &Says::truth(app.origin())).to_string();
    let wrong = [("ceremony", "bm90aGluZw"), ("credential", &given), to];
    let page = there.agent.fill(&page, "/auth/second-factor/passkey", &wrong).await.expect(422);
    assert!(page.body.contains("data-passkey=\"get\""), "another try");
    let right = [("ceremony", ceremony), ("credential", &given), to];
    let led = there.agent.fill(&page, "/auth/second-factor/passkey", &right).await.expect(303);
    assert_eq!(led.header("location"), Some("/host/things"));

    app.advance(limits::STEP_UP_FRESH);
    let page = there.agent.navigate("/auth/step-up?return_to=%2Fhost%2Fthings").await.expect(200);
    let asked = there.asked("/step-up/passkey").await;
    let given = key.get(&asked["options"], &Says::truth(app.origin())).to_string();
    let fields = [("ceremony", asked["ceremony"].as_str().unwrap()), ("credential", &given), to];
    let led = there.agent.fill(&page, "/auth/step-up/passkey", &fields).await.expect(303);
    assert_eq!(led.header("location"), Some("/host/things"));

    // Signing in, and signing up, by form.
    let mut third = app.agent();
    let page = third.navigate("/auth/sign-in").await.expect(200);
    let mut asking = Person { agent: third, ..ann.clone() };
    let asked = asking.asked("/sign-in/passkey").await;
    let given = key.get(&asked["options"], &Says::truth(app.origin())).to_string();
    let fields = [("ceremony", asked["ceremony"].as_str().unwrap()), ("credential", &given), to];
    let led = asking.agent.fill(&page, "/auth/sign-in/passkey", &fields).await.expect(303);
    assert_eq!(led.header("location"), Some("/host/things"));
    let again = asking.elsewhere(&app).agent.submit("/auth/sign-in", "/auth/sign-in/passkey", &fields).await;
    assert!(again.expect(422).body.contains("data-passkey=\"get\""));
    let fields = [("email", "new@example.test"), ("name", "New"), ("passkey", "yes")];
    let led = app.agent().submit("/auth/sign-up", "/auth/sign-up", &fields).await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/sign-in/mailed"));
}

async fn somebody_without_an_address_has_one(app: App) {
    let app = app.configured(|builder| builder.usernames(Usernames::Optional).passkeys(Passkeys::default())).await;
    let password = "chalk on a wet board";
    let mia = UserWithoutEmail { username: "mia", name: "Mia", password: password.into(), must_change: false };
    app.auth.users("a class of a school").create_without_email(mia).await.unwrap();
    let mut mia = Person { email: "mia".into(), password: password.into(), ..Person::new(&app, "mia") };
    mia.sign_in().await.expect(200);
    let mut key = SecurityKey::default();
    mia.add_passkey(&mut key, json!({})).await.expect(200);
    let done = mia.elsewhere(&app).sign_in_by(&mut key).await.expect(200).json();
    assert_eq!((&done["status"], &done["user"]["name"]), (&json!("complete"), &json!("Mia")));
}

async fn they_are_off_by_default(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    for path in ["/sign-in/passkey/challenge", "/me/passkeys/challenge", "/step-up/passkey/challenge"] {
        ann.agent.post(&format!("/auth{path}"), json!({})).await.expect(404);
    }
    ann.agent.get("/auth/passkey.js").await.expect(404);
    let page = app.agent().navigate("/auth/sign-in").await.expect(200);
    assert!(!page.body.contains("passkey"));
    let sources = page.header("content-security-policy").unwrap().split_once("script-src ").unwrap().1;
    assert!(sources.starts_with("'sha256-") && !sources.contains(' '), "the script of every page alone: {sources}");
    let body = json!({ "email": "bob@example.test", "name": "Bob", "passkey": true });
    app.agent().post("/auth/sign-up", body).await.expect(422);
}

async fn an_organization_switches_passwords_off_once_nobody_is_stranded(app: App) {
    let app = on(app).await;
    let mut team = Team::of(&app, "olga").await;
    let mut max = team.member(&app, "max", &["reader"]).await;
    // Whoever is suspended, or in another organization, is asked nothing.
    let away = team.member(&app, "eve", &["reader"]).await;
    let owner = &mut team.owner.clone();
    team.act(&app, owner, "suspend", &away, json!({})).await.expect(200);
    Person::signed_in(&app, "bob").await;
    let (mut key, mut other) = (SecurityKey::default(), SecurityKey::default());
    team.owner.add_passkey(&mut key, json!({})).await.expect(200);
    let none = AuthPolicy { methods: Some([Method::Passkey].into()), ..AuthPolicy::default() };
    let may = permit::<ManagePolicy>(&app, &team.owner).await;
    let orgs = app.auth.orgs();
    assert_eq!(refusal(orgs.set_policy(&client(), &may, &none).await), "members_stranded");
    let things = format!("/host/orgs/{}/things", team.id);
    max.agent.get(&things).await.expect(200);
    max.add_passkey(&mut other, json!({})).await.expect(200);
    let may = permit::<ManagePolicy>(&app, &team.owner).await;
    orgs.set_policy(&client(), &may, &none).await.unwrap();
    // Whoever came by password is told at the door, and comes by passkey.
    let mut there = max.elsewhere(&app);
    there.sign_in().await.expect(200);
    assert_eq!(there.agent.get(&things).await.expect(403).code(), "policy_unmet");
    let mut there = max.elsewhere(&app);
    there.sign_in_by(&mut other).await.expect(200);
    there.agent.get(&things).await.expect(200);
    app.report.requirement(82);
}
