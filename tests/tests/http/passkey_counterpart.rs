//! An authenticator and a browser's client that others wrote (the `passkey` crates) agree with what is asked here, and
//! with what is answered.

use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use usermgmt_tests::security_key::answer;
use usermgmt_tests::{App, Person, cells};

use crate::passkeys::on;

cells!(a_client_of_others_registers_and_signs_in, a_client_of_others_is_refused_where_it_must_be);

/// Its holder agrees, and is verified if this says so.
struct Holder {
    verified: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Holder {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification: verification && self.verified })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(self.verified)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

macro_rules! device {
    ($verified:expr) => {{
        let store: Option<Passkey> = None;
        let own = Authenticator::new(Aaguid::new_empty(), store, Holder { verified: $verified }, RustCryptoBackend);
        Client::new(own).allows_insecure_localhost(true)
    }};
}

fn at(origin: &str) -> url::Url {
    url::Url::parse(origin).unwrap()
}

fn options<T: serde::de::DeserializeOwned>(asked: &Value) -> T {
    serde_json::from_value(json!({ "publicKey": asked["options"] })).expect("options that a client understands")
}

async fn a_client_of_others_registers_and_signs_in(app: App) {
    let app = on(app).await;
    let (mut ann, origin) = (Person::signed_in(&app, "ann").await, at(app.origin()));
    let mut device = device!(true);
    let asked = ann.asked("/me/passkeys").await;
    let made = device.register(&origin, options(&asked), DefaultClientData).await.expect("a passkey");
    let made = serde_json::to_value(&made).unwrap();
    ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await.expect(200);
    for _ in 0..2 {
        let mut there = ann.elsewhere(&app);
        let asked = there.asked("/sign-in/passkey").await;
        let given = device.authenticate(&origin, options(&asked), DefaultClientData).await.expect("an answer");
        let given = serde_json::to_value(&given).unwrap();
        let done = there.agent.post("/auth/sign-in/passkey", answer(&asked, &given)).await.expect(200);
        assert_eq!(done.json()["status"], "complete");
    }
}

async fn a_client_of_others_is_refused_where_it_must_be(app: App) {
    let app = on(app).await;
    let (mut ann, origin) = (Person::signed_in(&app, "ann").await, at(app.origin()));
    let (mut device, mut second) = (device!(true), device!(true));
    let asked = ann.asked("/me/passkeys").await;
    let made = device.register(&origin, options(&asked), DefaultClientData).await.expect("a passkey");
    ann.agent.post("/auth/me/passkeys", answer(&asked, &serde_json::to_value(&made).unwrap())).await.expect(200);
    // A page at another port asks, a device that verifies nobody, and the passkey of somebody else.
    let mut there = ann.elsewhere(&app);
    let asked = there.asked("/sign-in/passkey").await;
    let given = device.authenticate(&at("http://localhost:1"), options(&asked), DefaultClientData).await.unwrap();
    let wrong = answer(&asked, &serde_json::to_value(&given).unwrap());
    assert_eq!(there.agent.post("/auth/sign-in/passkey", wrong).await.expect(422).code(), "passkey_invalid");
    let asked = ann.asked("/me/passkeys").await;
    let mut careless = asked.clone();
    careless["options"]["authenticatorSelection"]["userVerification"] = json!("discouraged");
    let made = device!(false).register(&origin, options(&careless), DefaultClientData).await.expect("a passkey");
    let unverified = answer(&asked, &serde_json::to_value(&made).unwrap());
    assert_eq!(ann.agent.post("/auth/me/passkeys", unverified).await.expect(422).code(), "passkey_invalid");
    let mut bob = Person::signed_in(&app, "bob").await;
    let asked = bob.asked("/me/passkeys").await;
    let made = second.register(&origin, options(&asked), DefaultClientData).await.expect("a passkey");
    bob.agent.post("/auth/me/passkeys", answer(&asked, &serde_json::to_value(&made).unwrap())).await.expect(200);
    let asked = ann.asked("/step-up/passkey").await;
    let mut any = asked.clone();
    any["options"]["allowCredentials"] = json!([]);
    let given = second.authenticate(&origin, options(&any), DefaultClientData).await.expect("an answer");
    let others = answer(&asked, &serde_json::to_value(&given).unwrap());
    assert_eq!(ann.agent.post("/auth/step-up/passkey", others).await.expect(422).code(), "passkey_invalid");
}
