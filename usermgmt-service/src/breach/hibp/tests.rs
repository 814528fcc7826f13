use usermgmt_core::error::Error;
use usermgmt_core::password::Password;

use super::*;
use crate::outbound::counterpart::Counterpart;
use crate::{BreachCheck, OnOutage, TokioRuntime};

/// SHA-1 of `blowfish under moonlight`, its first five digits and the rest.
const PREFIX: &str = "E950E";
const REST: &str = "D7C8330434C29DD46DDE6DBE96F19DA84E9";
const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

async fn known(base: &str, on_outage: OnOutage, limit: time::Duration) -> Result<bool, Error> {
    let check = BreachCheck::by(HaveIBeenPwned::at(base).unwrap()).on_outage(on_outage).time_limit(limit);
    check.is_known(&TokioRuntime, &Password::new("blowfish under moonlight").unwrap()).await
}

const LONG: time::Duration = time::Duration::seconds(60);

#[tokio::test]
async fn five_digits_leave_the_process_and_no_more() {
    let server = Counterpart::saying("200 OK", &format!("{OTHER}:1\r\n{REST}:2\r\n")).await;
    assert!(known(&server.at("/mirror"), OnOutage::Refuse, LONG).await.unwrap());
    let heard = server.heard();
    let [request] = heard.as_slice() else { panic!("one request, not {heard:?}") };
    assert!(request.starts_with(&format!("GET /mirror/range/{PREFIX} HTTP/1.1\r\n")), "{request}");
    assert!(request.to_ascii_lowercase().contains("\r\nadd-padding: true\r\n"), "{request}");
    // Every byte that was sent, apart from what is the same for every password.
    let mut lines: Vec<String> = request.lines().skip(1).map(str::to_ascii_lowercase).collect();
    lines.retain(|line| !line.is_empty() && !line.starts_with("host: 127.0.0.1:"));
    lines.sort();
    let agent = concat!("user-agent: usermgmt/", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines, ["accept: */*", "add-padding: true", agent]);
    for part in REST.as_bytes().windows(5) {
        assert!(!request.contains(std::str::from_utf8(part).unwrap()), "{request}");
    }
}

#[tokio::test]
async fn padding_is_no_entry() {
    let padding: String = (0..900).map(|number| format!("{number:035X}:0\r\n")).collect();
    let server = Counterpart::saying("200 OK", &format!("{padding}{REST}:0\r\n{OTHER}:5")).await;
    assert!(!known(&server.at("/mirror"), OnOutage::Refuse, LONG).await.unwrap());
}

#[tokio::test]
async fn whatever_is_no_answer_is_an_outage() {
    let found = format!("{REST}:2\r\n");
    let closed = Counterpart::gone().await;
    let long = format!("{found}{}", format!("{OTHER}:1\r\n").repeat(ANSWER_MAX_BYTES / 39 + 1));
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\nconnection: close\r\n\r\n0018A45C4D";
    let moved = format!("302 Found\r\nlocation: {closed}/range/00000");
    let servers = [
        Counterpart::saying("200 OK", "<html>Sign in to this network</html>").await,
        Counterpart::saying("200 OK", "").await,
        Counterpart::saying("200 OK", &long).await,
        Counterpart::saying("503 Service Unavailable", &found).await,
        Counterpart::saying("404 Not Found", &found).await,
        Counterpart::saying(&moved, &found).await,
        Counterpart::answering(Some(b"\xff\xfe nothing of HTTP\r\n\r\n".to_vec())).await,
        Counterpart::answering(Some(cut.into())).await,
    ];
    for base in servers.iter().map(|server| server.at("/mirror")).chain([closed]) {
        assert!(!known(&base, OnOutage::Accept, LONG).await.unwrap());
        assert!(matches!(known(&base, OnOutage::Refuse, LONG).await, Err(Error::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_slow_answer_is_an_outage() {
    let server = Counterpart::answering(None).await;
    let short = time::Duration::milliseconds(50);
    assert!(!known(&server.at("/mirror"), OnOutage::Accept, short).await.unwrap());
    assert!(matches!(known(&server.at("/mirror"), OnOutage::Refuse, short).await, Err(Error::Unavailable(_))));
}

#[test]
fn only_https_leaves_the_machine() {
    for good in ["https://mirror.example/hibp", "http://localhost:8080", "http://127.0.0.1:1/x/", "http://[::1]:1"] {
        assert!(HaveIBeenPwned::at(good).is_ok(), "{good}");
    }
    for bad in ["http://mirror.example", "mirror.example", "file:///range", "http://localhost.evil.example", ""] {
        assert!(HaveIBeenPwned::at(bad).is_err(), "{bad}");
    }
    assert!(HaveIBeenPwned::public().is_ok());
}
