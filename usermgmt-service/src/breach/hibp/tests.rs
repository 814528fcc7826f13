use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use usermgmt_core::error::Error;
use usermgmt_core::password::Password;

use super::*;
use crate::{BreachCheck, OnOutage, TokioRuntime};

/// SHA-1 of `blowfish under moonlight`, its first five digits and the rest.
const PREFIX: &str = "E950E";
const REST: &str = "D7C8330434C29DD46DDE6DBE96F19DA84E9";
const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

/// An HTTP server that answers every request with these bytes, and keeps every byte that it was sent.
struct Server {
    base: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `None`: takes the request and never answers.
    async fn answering(answer: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/mirror", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut buffer = [0; 1024];
                    let read = stream.read(&mut buffer).await.unwrap();
                    assert!(read > 0, "the request was broken off");
                    request.extend_from_slice(&buffer[..read]);
                }
                kept.lock().unwrap().push(String::from_utf8(request).unwrap());
                match &answer {
                    // Whoever has read enough hangs up.
                    Some(answer) => drop(stream.write_all(answer).await),
                    None => held.push(stream),
                }
            }
        });
        Self { base, heard }
    }

    async fn saying(status: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        Self::answering(Some(format!("{head}{body}").into_bytes())).await
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn known(base: &str, on_outage: OnOutage, limit: time::Duration) -> Result<bool, Error> {
    let check = BreachCheck::by(HaveIBeenPwned::at(base).unwrap()).on_outage(on_outage).time_limit(limit);
    check.is_known(&TokioRuntime, &Password::new("blowfish under moonlight").unwrap()).await
}

const LONG: time::Duration = time::Duration::seconds(60);

#[tokio::test]
async fn five_digits_leave_the_process_and_no_more() {
    let server = Server::saying("200 OK", &format!("{OTHER}:1\r\n{REST}:2\r\n")).await;
    assert!(known(&server.base, OnOutage::Refuse, LONG).await.unwrap());
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
    let server = Server::saying("200 OK", &format!("{padding}{REST}:0\r\n{OTHER}:5")).await;
    assert!(!known(&server.base, OnOutage::Refuse, LONG).await.unwrap());
}

#[tokio::test]
async fn whatever_is_no_answer_is_an_outage() {
    let found = format!("{REST}:2\r\n");
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let long = format!("{found}{}", format!("{OTHER}:1\r\n").repeat(ANSWER_MAX_BYTES / 39 + 1));
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\nconnection: close\r\n\r\n0018A45C4D";
    let moved = format!("302 Found\r\nlocation: {closed}/range/00000");
    let servers = [
        Server::saying("200 OK", "<html>Sign in to this network</html>").await,
        Server::saying("200 OK", "").await,
        Server::saying("200 OK", &long).await,
        Server::saying("503 Service Unavailable", &found).await,
        Server::saying("404 Not Found", &found).await,
        Server::saying(&moved, &found).await,
        Server::answering(Some(b"\xff\xfe nothing of HTTP\r\n\r\n".to_vec())).await,
        Server::answering(Some(cut.into())).await,
    ];
    for base in servers.iter().map(|server| server.base.as_str()).chain([closed.as_str()]) {
        assert!(!known(base, OnOutage::Accept, LONG).await.unwrap());
        assert!(matches!(known(base, OnOutage::Refuse, LONG).await, Err(Error::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_slow_answer_is_an_outage() {
    let server = Server::answering(None).await;
    let short = time::Duration::milliseconds(50);
    assert!(!known(&server.base, OnOutage::Accept, short).await.unwrap());
    assert!(matches!(known(&server.base, OnOutage::Refuse, short).await, Err(Error::Unavailable(_))));
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
