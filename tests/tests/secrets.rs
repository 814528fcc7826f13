//! Secrets stay secret: canaries of every kind, searched for wherever something is written down.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code: what is unexpected ends the test"
)]

use base64::Engine as _;
use serde_json::json;
use usermgmt_service::{AccessTokens, MagicLink};
use usermgmt_tests::app::{code, token};
use usermgmt_tests::{App, Person, cells};

cells!(keeping no_secret_is_written_down);

/// The forms in which a secret could be written down.
fn forms(secret: &str) -> Vec<String> {
    let engines = [base64::engine::general_purpose::STANDARD_NO_PAD, base64::engine::general_purpose::URL_SAFE_NO_PAD];
    let mut forms = vec![
        secret.to_owned(),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
    ];
    forms.extend(engines.iter().map(|engine| engine.encode(secret)));
    forms
}

fn leaks(place: &str, text: &str, secrets: &[(&str, String)]) -> Vec<String> {
    let found = secrets.iter().filter(|(_, secret)| forms(secret).iter().any(|form| text.contains(form)));
    found.map(|(kind, _)| format!("{kind} in {place}")).collect()
}

async fn no_secret_is_written_down(app: App) {
    let log = usermgmt_tests::log::keep_everything();
    let metrics = usermgmt_tests::metrics::keep();
    let app =
        app.configured(|builder| builder.tokens(AccessTokens::default()).magic_link(MagicLink::link_and_code())).await;
    let password = format!("canary {} password", app.address().port());
    let wrong = format!("canary {} mistyped", app.address().port());
    let mut ann = Person { password: password.clone(), ..Person::new(&app, "ann") };
    let mut answers = Vec::new();
    answers.push(ann.sign_up().await);
    app.work().await;
    let mail = app.mail(&ann.email);
    let (link, code) = (token(&mail), code(&mail));
    answers.push(Person { password: wrong.clone(), ..ann.clone() }.sign_in().await);
    answers.push(ann.sign_in().await);
    let attempt = ann.agent.cookies["um_attempt"].clone();
    let browser = ann.agent.cookies["um_browser"].clone();
    answers.push(ann.agent.post("/auth/verify", json!({ "token": link, "code": code })).await);
    answers.push(ann.agent.post("/auth/verify", json!({ "token": format!("{link}x") })).await);
    answers.push(ann.agent.post("/auth/verify", json!({ "token": link })).await);
    answers.push(ann.agent.post("/auth/sign-in/continue", json!({})).await);
    let session = ann.agent.cookies["um_session"].clone();
    let device = ann.agent.cookies["um_device"].rsplit('.').next().unwrap().to_owned();
    answers.push(ann.agent.post("/auth/step-up", json!({ "password": password })).await);
    let stepped = ann.agent.cookies["um_session"].clone();
    answers.push(ann.agent.navigate("/auth/account").await);
    let mut phone = ann.elsewhere(&app);
    phone.sign_in().await.expect(200);
    let handed = phone.agent.post("/auth/tokens/begin", json!({ "keeper": "caller" })).await.expect(200).json();
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| handed[name].as_str().unwrap().to_owned());
    let by_token = phone.agent.with("authorization", &format!("Bearer {access}"));
    for path in ["/auth/me", "/host/things", "/host/me?access_token=x"] {
        answers.push(by_token.clone().get(path).await);
    }
    answers.push(phone.agent.with("authorization", &format!("Bearer {access}x")).get("/auth/me").await);
    let body = json!({ "refresh_token": format!("{refresh}x") });
    answers.push(phone.agent.post("/auth/refresh", body).await);
    app.advance(time::Duration::MINUTE);
    let mut tablet = app.agent();
    answers.push(tablet.post("/auth/sign-in/mail", json!({ "email": ann.email })).await);
    app.work().await;
    let sign_in_link = token(&app.mail(&ann.email));
    for presented in [format!("{sign_in_link}x"), sign_in_link.clone(), sign_in_link.clone()] {
        answers.push(tablet.navigate(&format!("/auth/sign-in/mailed?token={presented}")).await);
        answers.push(tablet.navigate("/auth/sign-in/mailed").await);
        answers.push(tablet.post("/auth/sign-in/mailed/preview", json!({ "token": presented })).await);
        answers.push(tablet.post("/auth/sign-in/mailed", json!({ "token": presented })).await);
    }
    answers.push(ann.agent.post("/auth/sign-out-everywhere", json!({})).await);
    answers.push(ann.agent.post("/auth/sign-in", json!({ "email": ann.email, "password": [password] })).await);
    app.work().await;

    let root = app.keys.expose().split_whitespace().nth(2).unwrap().to_owned();
    // Without the kind prefix, which is no secret.
    let body = |secret: &str| secret[7..].to_owned();
    let secrets = [
        ("password", password.clone()),
        ("mistyped password", wrong),
        ("session", body(&session)),
        ("rotated session", body(&stepped)),
        ("attempt", body(&attempt)),
        ("browser", body(&browser)),
        ("device", body(&device)),
        ("link", body(&link)),
        ("link that signs in", body(&sign_in_link)),
        ("root key", root),
        ("access token", access.rsplit('.').next().unwrap().to_owned()),
        ("refresh token", body(&refresh)),
    ];
    let mut found = Vec::new();
    let logged = log.text();
    found.extend(leaks("the log", &logged, &secrets));
    let counted = metrics.render();
    assert!(counted.contains("usermgmt_events_total{") && counted.contains("usermgmt_http_requests_total{"));
    found.extend(leaks("the metrics", &counted, &secrets));
    assert!(!logged.contains("$argon2id$"), "hashes are not logged either");
    for (number, answer) in answers.iter().enumerate() {
        found.extend(leaks(&format!("body {number}"), &answer.body, &secrets));
    }
    if let Some(dump) = app.store.dump().await {
        found.extend(leaks("the database", &dump, &secrets));
        assert!(!dump.contains(&code), "codes are not stored");
    }
    let events = app.events(None).await;
    found.extend(leaks("the audit log", &format!("{events:?}"), &secrets));
    found.extend(leaks(
        "a debug print",
        &format!("{:?} {:?} {mail:?}", app.auth, app.keys)
            .replace(&mail.text, "")
            .replace(mail.html.as_deref().unwrap(), ""),
        &secrets[..1],
    ));
    assert!(found.is_empty(), "{found:?}");
    app.report.case("PW-14");
    app.report.case("AU-02");
    app.report.requirement(28);

    // The search finds what is there.
    for form in forms(&password) {
        assert_eq!(leaks("a planted leak", &format!("… {form} …"), &secrets).len(), 1, "{form}");
    }
    app.report.twin("PW-14");
    app.report.twin("AU-02");
}
