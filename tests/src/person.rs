//! A person who uses the application.

use serde_json::json;

use crate::agent::{Agent, Reply};
use crate::app::{App, token};

/// Somebody with an address, a password and a browser.
#[derive(Clone, Debug)]
pub struct Person {
    pub email: String,
    pub password: String,
    pub name: String,
    pub organization: Option<String>,
    pub agent: Agent,
}

impl Person {
    /// Somebody who has done nothing yet.
    #[must_use]
    pub fn new(app: &App, local_part: &str) -> Self {
        Self {
            email: format!("{local_part}@example.test"),
            password: "blowfish under moonlight".into(),
            name: "Zoë Quill".into(),
            organization: Some(format!("{local_part} & Co")),
            agent: app.agent(),
        }
    }

    /// Somebody who has signed up and proven the address, and is signed out.
    pub async fn verified(app: &App, local_part: &str) -> Self {
        let mut person = Self::new(app, local_part);
        person.sign_up().await.expect(202);
        app.work().await;
        let token = token(&app.mail(&person.email));
        person.agent.post("/auth/verify", json!({ "token": token })).await.expect(200);
        person
    }

    /// Somebody who is signed in.
    pub async fn signed_in(app: &App, local_part: &str) -> Self {
        let mut person = Self::verified(app, local_part).await;
        person.sign_in().await.expect(200);
        person
    }

    pub async fn sign_up(&mut self) -> Reply {
        let body = json!({
            "email": self.email, "password": self.password, "name": self.name, "organization": self.organization,
        });
        self.agent.post("/auth/sign-up", body).await
    }

    pub async fn sign_in(&mut self) -> Reply {
        self.agent.post("/auth/sign-in", json!({ "email": self.email, "password": self.password })).await
    }

    /// The same person at another device.
    #[must_use]
    pub fn elsewhere(&self, app: &App) -> Self {
        Self { agent: app.agent(), ..self.clone() }
    }

    /// Whether the browser is signed in.
    pub async fn is_signed_in(&mut self) -> bool {
        let reply = self.agent.get("/auth/me").await;
        match reply.status.as_u16() {
            200 => true,
            401 => false,
            _ => panic!("{} {}", reply.status, reply.body),
        }
    }

    /// Id of the organisation the session acts in.
    pub async fn org(&mut self) -> String {
        let me = self.agent.get("/auth/me").await.expect(200).json();
        me["organization"]["id"].as_str().expect("an organization").to_owned()
    }
}
