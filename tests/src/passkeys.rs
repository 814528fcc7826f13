//! People with passkeys.

use serde_json::{Value, json};

use crate::agent::Reply;
use crate::app::App;
use crate::person::Person;
use crate::security_key::{Says, SecurityKey, answer};

impl Person {
    /// Asks for a challenge.
    pub async fn asked(&mut self, path: &str) -> Value {
        self.agent.post(&format!("/auth{path}/challenge"), json!({})).await.expect(200).json()
    }

    /// Makes a passkey; the answer holds what came with it.
    pub async fn add_passkey(&mut self, key: &mut SecurityKey, more: Value) -> Reply {
        let asked = self.asked("/me/passkeys").await;
        let made = key.create(&asked["options"], &Says::truth(self.agent.origin()));
        let mut body = answer(&asked, &made);
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.agent.post("/auth/me/passkeys", body).await
    }

    /// Signs in by a passkey, without a name.
    pub async fn sign_in_by(&mut self, key: &mut SecurityKey) -> Reply {
        self.answer("/sign-in/passkey", key).await
    }

    /// Answers a challenge honestly.
    pub async fn answer(&mut self, path: &str, key: &mut SecurityKey) -> Reply {
        let asked = self.asked(path).await;
        let given = key.get(&asked["options"], &Says::truth(self.agent.origin()));
        self.agent.post(&format!("/auth{path}"), answer(&asked, &given)).await
    }

    /// Somebody signed in who has a passkey.
    pub async fn with_passkey(app: &App, local_part: &str) -> (Self, SecurityKey) {
        let (mut person, mut key) = (Self::signed_in(app, local_part).await, SecurityKey::default());
        person.add_passkey(&mut key, json!({})).await.expect(200);
        (person, key)
    }
}
