use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::{BotPurpose, OsRandom};

use super::*;
use crate::outbound::counterpart::Counterpart;

/// 2027-01-15T08:00:00Z.
const NOW: i64 = 1_800_000_000;
const SECRET: &str = "0x-secret-of-the-site";

/// What becomes of a token when the third party says this.
async fn verdict(
    check: impl Fn(&str, &str) -> Result<Captcha, CaptchaError>,
    status: &'static str,
    body: &str,
) -> Result<&'static str, String> {
    let third_party = Counterpart::saying(status, body).await;
    let keys = KeyRing::generate(&OsRandom).unwrap();
    let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
    let call = BotCall {
        purpose: BotPurpose::SignIn,
        address: Some("203.0.113.7"),
        host: "app.example.com",
        raised: false,
        now,
        keys: &keys,
        random: &OsRandom,
    };
    let check = check("site-key", SECRET).unwrap().verified_at(&third_party.at("/siteverify")).unwrap();
    assert!(!format!("{check:?}").contains(SECRET));
    let said = check.verify(&call, "token &=+ of the browser").await;
    let heard = third_party.heard();
    let [request] = heard.as_slice() else { panic!("one request, not {heard:?}") };
    let (head, form) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /siteverify HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
    assert_eq!(
        form,
        "secret=0x-secret-of-the-site&response=token+%26%3D%2B+of+the+browser&sitekey=site-key&remoteip=203.0.113.7"
    );
    match said {
        Ok(BotVerdict::Passed { until, .. }) => {
            assert!(until >= now + limits::CAPTCHA_AGE);
            Ok("passed")
        }
        Ok(BotVerdict::Failed(reason)) => Ok(reason),
        Err(error) => Err(error.to_string()),
    }
}

/// As Turnstile answers, by its documentation.
fn turnstile(change: &[(&str, serde_json::Value)]) -> String {
    let mut answer = serde_json::json!({
        "success": true, "challenge_ts": "2027-01-15T07:58:00.000Z", "hostname": "app.example.com", "error-codes": [],
        "action": "sign_in", "cdata": "", "metadata": { "ephemeral_id": "x:9f78e0ed210960d7693b167e" },
    });
    for (name, value) in change {
        answer[*name] = value.clone();
    }
    answer.to_string()
}

#[tokio::test]
async fn a_token_of_this_host_for_this_purpose_made_just_now_passes() {
    let of = async |change: &[(&str, serde_json::Value)]| {
        verdict(Captcha::turnstile, "200 OK", &turnstile(change)).await.unwrap()
    };
    assert_eq!(of(&[]).await, "passed");
    assert_eq!(of(&[("hostname", "evil.example.com".into())]).await, "host");
    assert_eq!(of(&[("hostname", serde_json::Value::Null)]).await, "host");
    assert_eq!(of(&[("action", "sign_up".into())]).await, "action");
    assert_eq!(of(&[("action", serde_json::Value::Null)]).await, "action");
    for (at, verdict) in [
        ("2027-01-15T07:55:00.001Z", "passed"),
        ("2027-01-15T07:55:00Z", "age"),
        ("2027-01-15T08:00:59Z", "passed"),
        ("2027-01-15T08:01:00Z", "age"),
        ("yesterday", "age"),
    ] {
        assert_eq!(of(&[("challenge_ts", at.into())]).await, verdict, "{at}");
    }
    assert_eq!(of(&[("challenge_ts", serde_json::Value::Null)]).await, "age");
}

#[tokio::test]
async fn a_token_that_is_not_good_is_refused_and_a_fault_of_ours_or_theirs_is_an_outage() {
    let no = |code: &str| format!("{{\"success\":false,\"error-codes\":[\"{code}\"]}}");
    for code in NOT_GOOD {
        assert_eq!(verdict(Captcha::turnstile, "200 OK", &no(code)).await, Ok("token"), "{code}");
        assert_eq!(verdict(Captcha::hcaptcha, "400 Bad Request", &no(code)).await, Ok("token"), "{code}");
    }
    for code in
        ["missing-input-secret", "invalid-input-secret", "internal-error", "bad-request", "sitekey-secret-mismatch"]
    {
        let error = verdict(Captcha::hcaptcha, "200 OK", &no(code)).await.unwrap_err();
        assert!(error.contains("did not answer"), "{error}");
    }
    let long = format!("{{\"success\":true,\"x\":\"{}\"}}", "x".repeat(ANSWER_MAX_BYTES));
    for (status, body) in [
        ("200 OK", "{\"success\":false}"),
        ("200 OK", "{\"success\":\"yes\"}"),
        ("200 OK", "<html>Sign in to this network</html>"),
        ("200 OK", ""),
        ("200 OK", long.as_str()),
        ("503 Service Unavailable", "{\"success\":true}"),
        ("302 Found", "{\"success\":true}"),
    ] {
        assert!(verdict(Captcha::recaptcha, status, body).await.is_err(), "{status} {body:.40}");
    }
    let closed = Counterpart::gone().await;
    let check = Captcha::turnstile("k", SECRET).unwrap().verified_at(&closed).unwrap();
    let keys = KeyRing::generate(&OsRandom).unwrap();
    let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
    let (purpose, random) = (BotPurpose::SignUp, &OsRandom);
    let call = BotCall { purpose, address: None, host: "h", raised: false, now, keys: &keys, random };
    let error = check.verify(&call, "token").await.unwrap_err();
    assert!(!format!("{error:?}").contains(SECRET));
    assert_eq!(check.verify(&call, &"x".repeat(TOKEN_MAX_BYTES + 1)).await.unwrap(), BotVerdict::Failed("malformed"));
}

#[tokio::test]
async fn scores_and_lists_of_hosts_count() {
    let v3 = |score: f64, action: &str| {
        format!(
            "{{\"success\":true,\"challenge_ts\":\"2027-01-15T08:00:00Z\",\"hostname\":\"app.example.com\",\
             \"score\":{score},\"action\":\"{action}\"}}"
        )
    };
    assert_eq!(verdict(Captcha::recaptcha, "200 OK", &v3(0.5, "sign_in")).await, Ok("passed"));
    assert_eq!(verdict(Captcha::recaptcha, "200 OK", &v3(0.49, "sign_in")).await, Ok("score"));
    assert_eq!(verdict(Captcha::recaptcha, "200 OK", &v3(0.9, "buy")).await, Ok("action"));
    let v2 = "{\"success\":true,\"challenge_ts\":\"2027-01-15T08:00:00Z\",\"hostname\":\"app.example.com\"}";
    assert_eq!(verdict(Captcha::recaptcha, "200 OK", v2).await, Ok("passed"));
    assert_eq!(verdict(Captcha::hcaptcha, "200 OK", v2).await, Ok("passed"));
    let listed = |hosts: &'static [&'static str]| {
        move |key: &str, secret: &str| Ok(Captcha::hcaptcha(key, secret)?.hosts(hosts.iter().copied()))
    };
    assert_eq!(verdict(listed(&["a.example", "app.example.com"]), "200 OK", v2).await, Ok("passed"));
    assert_eq!(verdict(listed(&["a.example"]), "200 OK", v2).await, Ok("host"));
}

#[test]
fn only_https_leaves_the_machine() {
    let at = |url: &str| Captcha::turnstile("k", "s").unwrap().verified_at(url);
    assert!(at("https://proxy.example/verify").is_ok() && at("http://127.0.0.1:1/").is_ok());
    for bad in ["http://proxy.example", "ftp://localhost", "http://localhost.evil.example", ""] {
        assert!(at(bad).is_err(), "{bad}");
    }
}
