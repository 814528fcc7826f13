//! Solvers and doubles of the bot check.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use usermgmt_core::port::{BotCall, BotChallenge, BotCheck, BotCheckError, BotScript, BotVerdict, BotWidget};

use crate::agent::Agent;

/// Fetches a challenge and solves it, as a browser would.
pub async fn solved(agent: &Agent, purpose: &str) -> String {
    let asked = agent.clone().get(&format!("/auth/bot-check?purpose={purpose}")).await.expect(200).json();
    let challenge: altcha::Challenge = serde_json::from_value(asked["challenge"].clone()).expect("a challenge");
    let options = altcha::SolveChallengeOptions::new(&challenge);
    let solution = altcha::solve_challenge(options).expect("a sound challenge").expect("a solution");
    STANDARD.encode(serde_json::to_vec(&altcha::Payload { challenge, solution }).unwrap())
}

/// A check that is out of order, and says so at once or never.
pub struct OutOfOrder {
    pub hangs: bool,
    widget: BotWidget,
}

impl OutOfOrder {
    #[must_use]
    pub fn new(hangs: bool) -> Self {
        let widget = BotWidget {
            kind: "double",
            fields: &["bot_check"],
            class: "double",
            attributes: Vec::new(),
            script: BotScript::Own("double.js"),
            own: &[("double.js", "/* nothing */")],
            policy: &[],
        };
        Self { hangs, widget }
    }
}

#[async_trait]
impl BotCheck for OutOfOrder {
    fn widget(&self) -> &BotWidget {
        &self.widget
    }

    fn challenge(&self, _: &BotCall<'_>) -> Result<Option<BotChallenge>, BotCheckError> {
        Ok(None)
    }

    async fn verify(&self, _: &BotCall<'_>, _: &str) -> Result<BotVerdict, BotCheckError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Err(BotCheckError::because("it is out of order"))
    }
}

/// A third party that speaks the `siteverify` protocol over HTTP: it knows which tokens it gave out, and takes each once.
#[derive(Clone)]
pub struct ThirdParty {
    pub url: String,
    given: Arc<Mutex<HashSet<String>>>,
    taken: Arc<Mutex<HashSet<String>>>,
}

impl ThirdParty {
    /// One that was given this secret and calls its answers made at this time.
    pub async fn start(secret: &'static str, now: &'static str, hostname: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/siteverify", listener.local_addr().unwrap());
        let party = Self { url, given: Arc::default(), taken: Arc::default() };
        let own = party.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = String::new();
                let form = loop {
                    let whole = request.split_once("\r\n\r\n").filter(|(head, body)| {
                        head.to_ascii_lowercase().contains(&format!("content-length: {}\r\n", body.len()))
                            || head.to_ascii_lowercase().ends_with(&format!("content-length: {}", body.len()))
                    });
                    if let Some((_, body)) = whole {
                        break body.to_owned();
                    }
                    let mut buffer = [0; 4096];
                    let read = stream.read(&mut buffer).await.unwrap();
                    assert!(read > 0, "the request was broken off");
                    request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                };
                let answer = own.judge(&form, secret, now, hostname).to_string();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
                drop(stream.write_all(format!("{head}{answer}").as_bytes()).await);
            }
        });
        party
    }

    fn judge(&self, form: &str, secret: &str, now: &str, hostname: &str) -> serde_json::Value {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let field = |name: &str| fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
        let no = |code: &str| json!({ "success": false, "error-codes": [code] });
        if field("secret") != secret {
            return no("invalid-input-secret");
        }
        let token = field("response").to_owned();
        if !self.given.lock().unwrap().contains(&token) {
            return no("invalid-input-response");
        }
        if !self.taken.lock().unwrap().insert(token.clone()) {
            return no("timeout-or-duplicate");
        }
        let action = token.split(':').next().unwrap();
        json!({ "success": true, "challenge_ts": now, "hostname": hostname, "action": action, "error-codes": [] })
    }

    /// A token, as its script would put it into the form.
    #[must_use]
    pub fn token(&self, action: &str) -> String {
        let mut given = self.given.lock().unwrap();
        let token = format!("{action}:{}", given.len());
        given.insert(token.clone());
        token
    }
}
