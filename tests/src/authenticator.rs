//! An authenticator application in somebody's hand.

use serde_json::json;
use time::OffsetDateTime;
use totp_rs::{Builder, Secret, Totp};

use crate::app::App;
use crate::person::Person;

/// What the application knows after it has taken the secret in, and the recovery codes that came with it.
pub struct Authenticator {
    totp: Totp,
    pub id: String,
    pub recovery_codes: Vec<String>,
}

impl Authenticator {
    /// Takes in the secret that an enrolment has answered.
    #[must_use]
    pub fn with_secret(id: &str, secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        Self { totp, id: id.to_owned(), recovery_codes: Vec::new() }
    }

    /// The code of a moment.
    #[must_use]
    pub fn code_at(&self, at: OffsetDateTime) -> String {
        self.totp.generate(u64::try_from(at.unix_timestamp()).unwrap()).to_string()
    }

    /// The code that it shows now.
    #[must_use]
    pub fn code(&self, app: &App) -> String {
        self.code_at(app.now())
    }

    /// A code that is none of those around now.
    #[must_use]
    pub fn wrong(&self, app: &App) -> String {
        self.wrong_at(app.now())
    }

    /// The same at a moment.
    #[must_use]
    pub fn wrong_at(&self, at: OffsetDateTime) -> String {
        let near: Vec<_> = (-2..=2).map(|step| self.code_at(at + time::Duration::seconds(30 * step))).collect();
        let free = (0..1_000_000).map(|number| format!("{number:06}")).find(|code| !near.contains(code));
        free.expect("one of a million")
    }
}

impl Person {
    /// Sets up an authenticator application; the next code is one of a later step.
    pub async fn enrol(&mut self, app: &App) -> Authenticator {
        let begun = self.agent.post("/auth/me/factors/totp", json!({})).await.expect(200).json();
        let mut own = Authenticator::with_secret(begun["factor"].as_str().unwrap(), begun["secret"].as_str().unwrap());
        let body = json!({ "factor": own.id, "code": own.code(app) });
        let confirmed = self.agent.post("/auth/me/factors/totp/confirm", body).await.expect(200).json();
        let codes = confirmed["recovery_codes"].as_array().unwrap().iter();
        own.recovery_codes = codes.map(|code| code.as_str().unwrap().to_owned()).collect();
        app.advance(time::Duration::seconds(30));
        own
    }

    /// Gives a code to a sign-in that waits for it.
    pub async fn give(&mut self, code: &str) -> crate::agent::Reply {
        self.agent.post("/auth/sign-in/second-factor", json!({ "code": code })).await
    }
}
