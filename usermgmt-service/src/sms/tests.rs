use usermgmt_core::id::OutboxId;
use usermgmt_core::phone::PhoneNumber;
use usermgmt_core::port::OsRandom;

use super::*;
use crate::outbound::counterpart::Counterpart;

const NUMBER: &str = "+12025550143";
const KEY: &str = "key-of-the-account";
/// Everything that could end a value or begin another one.
const TEXT: &str = "Code \"1234\\56\"\r\n&To=+1900{to}{id}\u{0}%26=</b> ', \u{1f511} ü";

/// Where the provider takes messages.
fn url(provider: &Counterpart) -> String {
    provider.at(&format!("/{KEY}/messages?key={KEY}"))
}

/// Head and body of each request.
fn heard(provider: &Counterpart) -> Vec<(String, String)> {
    let parts = |request: &String| request.split_once("\r\n\r\n").map(|(head, body)| (head.into(), body.into()));
    provider.heard().iter().filter_map(parts).collect()
}

fn sms(text: &str) -> Sms {
    let id = OutboxId::new(&OsRandom, time::OffsetDateTime::UNIX_EPOCH).unwrap();
    Sms::new(id, PhoneNumber::try_from(NUMBER.to_owned()).unwrap(), text.into())
}

fn form(url: &str) -> HttpSms {
    HttpSms::form(url, [("To", "{to}"), ("Body", "{text}")]).unwrap()
}

/// What comes of a message, after a look at whether the error tells something that it must not.
async fn outcome(provider: &HttpSms) -> Result<(), SmsError> {
    let said = provider.send(&sms("Your code is 123456.")).await;
    let printed = format!("{said:?}");
    for secret in [NUMBER, "2025550143", "123456", KEY, "127.0.0.1"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    said
}

#[tokio::test]
async fn a_form_arrives_as_it_was_shown_and_the_text_stays_in_its_field() {
    let provider = Counterpart::saying("201 Created", "{}").await;
    let fields = [("To", "{to}"), ("From", "Ex & Co"), ("Body", "Ex: {text}"), ("Ref", "{id}/{to_digits}")];
    let sender = HttpSms::form(&url(&provider), fields).unwrap().basic_auth("AC42", Secret("p:w"));
    let sms = sms(TEXT);
    sender.send(&sms).await.unwrap();
    let (head, body) = heard(&provider).remove(0);
    assert!(head.starts_with(&format!("POST /{KEY}/messages?key={KEY} HTTP/1.1\r\n")), "{head}");
    // `AC42:p:w` in Base64.
    for line in ["authorization: Basic QUM0MjpwOnc=", "content-type: application/x-www-form-urlencoded"] {
        assert!(head.lines().any(|said| said == line), "{head}");
    }
    let fields: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let reference = pair("Ref", format!("{}/12025550143", sms.id));
    let expected = [pair("To", NUMBER.into()), pair("From", "Ex & Co".into()), pair("Body", format!("Ex: {TEXT}"))];
    assert_eq!(fields, [expected.as_slice(), &[reference]].concat());
}

#[tokio::test]
async fn json_arrives_as_it_was_shown_and_the_text_stays_in_its_string() {
    let provider = Counterpart::saying("200 OK", "").await;
    let template =
        r#"{"to": ["{to_digits}"], "n": 1, "a": {"{text}": true, "body": "{text}", "id": "{id}"}, "z": null}"#;
    let sender = HttpSms::json(&url(&provider), template).unwrap();
    let sender = sender.bearer(Secret("abc")).unwrap().header("X-Api-Key", Secret("k")).unwrap();
    let sms = sms(TEXT);
    sender.send(&sms).await.unwrap();
    let (head, body) = heard(&provider).remove(0);
    for line in ["authorization: Bearer abc", "x-api-key: k", "content-type: application/json"] {
        assert!(head.lines().any(|said| said == line), "{head}");
    }
    let said: serde_json::Value = serde_json::from_str(&body).unwrap();
    let nested = serde_json::json!({ "{text}": true, "body": TEXT, "id": sms.id.to_string() });
    assert_eq!(said, serde_json::json!({ "to": ["12025550143"], "n": 1, "a": nested, "z": null }));
}

#[tokio::test]
async fn each_try_of_a_message_carries_the_same_id() {
    let provider = Counterpart::saying("503 Service Unavailable", "").await;
    let (one, other) = (sms("1"), sms("2"));
    let renamed = form(&url(&provider)).idempotency_header("X-Request-Id").unwrap();
    for (sender, sms) in [(&form(&url(&provider)), &one), (&form(&url(&provider)), &one), (&renamed, &other)] {
        assert!(sender.send(sms).await.is_err());
    }
    let ids = heard(&provider).into_iter().map(|(head, _)| {
        let mut lines =
            head.lines().filter(|line| line.starts_with("idempotency-key") || line.starts_with("x-request"));
        let line = lines.next().unwrap().to_owned();
        assert_eq!(lines.next(), None);
        line
    });
    let ids: Vec<_> = ids.collect();
    let expected = |name: &str, sms: &Sms| format!("{name}: {}", sms.id);
    let key = expected("idempotency-key", &one);
    assert_eq!(ids, [key.clone(), key, expected("x-request-id", &other)]);
}

#[tokio::test]
async fn what_the_provider_says_decides_whether_it_is_tried_again() {
    let echo = format!("{{\"error\":\"cannot text {NUMBER}: Your code is 123456.\"}}");
    for (status, expected) in [
        ("200 OK", "sent"),
        ("202 Accepted", "sent"),
        ("204 No Content", "sent"),
        ("302 Found\r\nlocation: http://127.0.0.1:1/", "Temporary"),
        ("307 Temporary Redirect\r\nlocation: /elsewhere", "Temporary"),
        ("400 Bad Request", "Permanent"),
        ("401 Unauthorized", "Temporary"),
        ("402 Payment Required", "Temporary"),
        ("403 Forbidden", "Temporary"),
        ("404 Not Found", "Temporary"),
        ("408 Request Timeout", "Temporary"),
        ("409 Conflict", "Permanent"),
        ("410 Gone", "Permanent"),
        ("422 Unprocessable Content", "Permanent"),
        ("425 Too Early", "Temporary"),
        ("429 Too Many Requests", "Temporary"),
        ("451 Unavailable For Legal Reasons", "Permanent"),
        ("500 Internal Server Error", "Temporary"),
        ("503 Service Unavailable", "Temporary"),
    ] {
        let provider = Counterpart::saying(status, if status.starts_with("204") { "" } else { &echo }).await;
        let said = match outcome(&form(&url(&provider))).await {
            Ok(()) => "sent",
            Err(SmsError::Temporary(why)) => {
                assert!(status.starts_with(why.rsplit(' ').next().unwrap()), "{why}");
                "Temporary"
            }
            Err(_) => "Permanent",
        };
        assert_eq!(said, expected, "{status}");
        // A redirect is not followed, and nothing is tried twice here.
        assert_eq!(heard(&provider).len(), 1, "{status}");
    }
}

#[tokio::test]
async fn no_answer_is_tried_again_and_half_an_answer_counts() {
    let closed = Counterpart::gone().await;
    let silent = Counterpart::answering(None).await;
    let noise = Counterpart::answering(Some(b"\xff\xfe nothing of HTTP\r\n\r\n".to_vec())).await;
    let hangs_up = Counterpart::answering(Some(Vec::new())).await;
    let short = Duration::from_millis(50);
    for sender in [
        form(&format!("{closed}/{KEY}")),
        form(&url(&silent)).time_limit(short),
        form(&url(&noise)),
        form(&url(&hangs_up)),
    ] {
        assert!(matches!(outcome(&sender).await, Err(SmsError::Temporary(_))));
    }
    let cut = Counterpart::answering(Some(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{".to_vec())).await;
    let long = Counterpart::saying("200 OK", &"x".repeat(ANSWER_MAX_BYTES * 4)).await;
    let refusal = Counterpart::saying("400 Bad Request", &"x".repeat(ANSWER_MAX_BYTES * 4)).await;
    assert_eq!(outcome(&form(&url(&cut))).await, Ok(()));
    assert_eq!(outcome(&form(&url(&long))).await, Ok(()));
    assert!(matches!(outcome(&form(&url(&refusal))).await, Err(SmsError::Permanent(_))));
}

#[test]
fn neither_credentials_nor_numbers_nor_texts_print() {
    let sender = form(&format!("https://{KEY}:{KEY}@api.provider.example/{KEY}?key={KEY}"));
    let sender = sender.basic_auth(KEY, Secret(KEY)).header("x-key", Secret(KEY)).unwrap().bearer(Secret(KEY)).unwrap();
    let printed = format!("{sender:?} {:?}", sms("Your code is 123456."));
    assert!(printed.contains("api.provider.example") && printed.contains("out"), "{printed}");
    for secret in [KEY, NUMBER, "2025550143", "123456"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn slips_are_found_before_anything_is_sent() {
    let url = "https://api.provider.example/";
    for good in [r#"{"a":"{to}","b":"{text}"}"#, r#"["{to_digits}: {text}", "{id}"]"#, r#""{text}{to}""#] {
        assert!(HttpSms::json(url, good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "{to} {text}",
        r#"{"to":"{to}"}"#,
        r#"{"text":"{text}"}"#,
        r#"{"{to}":"{text}"}"#,
        r#"{"a":"{to}","b":"{text}","c":"{form}"}"#,
        r#"{"a":"{to}","b":"{{text}}"}"#,
        r#"{"a":"{to}","b":"{text}}"}"#,
        r#"{"a":"{to}","b":"{text}"} x"#,
    ] {
        assert!(matches!(HttpSms::json(url, bad), Err(SmsConfigError::Template)), "{bad}");
    }
    assert!(matches!(HttpSms::form(url, [("to", "{to}")]), Err(SmsConfigError::Template)));
    let fields = [("to", "{to}"), ("text", "{text}")];
    for bad in ["http://api.provider.example", "ftp://localhost", "http://localhost.evil.example", ""] {
        assert!(matches!(HttpSms::form(bad, fields), Err(SmsConfigError::Client(_))), "{bad}");
    }
    let sender = || HttpSms::form("http://[::1]:1/", fields).unwrap();
    assert!(matches!(sender().header("a b", Secret("x")), Err(SmsConfigError::Header)));
    assert!(matches!(sender().bearer(Secret("x\r\ny: z")), Err(SmsConfigError::Header)));
    assert!(matches!(sender().idempotency_header(""), Err(SmsConfigError::Header)));
}
