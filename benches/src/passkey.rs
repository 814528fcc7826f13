//! What a passkey costs, beside the check of its answer alone.

use serde_json::{Value, json};
use usermgmt_core::secret::Bearer;
use usermgmt_service::{Client, HashCost, NewPasskey, PasskeyAnswer, PasskeyChallenge, Passkeys, SignInOutcome};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, Webauthn,
    WebauthnBuilder,
};

use crate::measure::{Cost, paired};
use crate::report::{Report, row, us};
use crate::security_key::{Says, SecurityKey};
use crate::world::{self, ORIGIN, PASSWORD, World};

const EMAIL: &str = "ann@example.test";

/// Somebody with a passkey at the library's door, and the same authenticator at that of the bare crate.
struct Desk {
    world: World,
    key: SecurityKey,
    bare: Webauthn,
    bare_key: SecurityKey,
    bare_passkey: Passkey,
}

/// An answer, and what it answers.
struct Given {
    ceremony: String,
    credential: String,
    browser: Bearer,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new(HashCost::insecure_for_tests(), |builder| builder.passkeys(Passkeys::default())).await;
        world.user(EMAIL, Some(PASSWORD)).await;
        let (_, principal) = world.sign_in(EMAIL).await;
        let fresh = world.auth.step_up(&principal, None).expect("just signed in");
        let asked = world.auth.begin_passkey(&Client::default(), &fresh).await.expect("begun");
        let mut key = SecurityKey::default();
        let made = key.create(&asked.options, &Says::truth(ORIGIN)).to_string();
        let answer = PasskeyAnswer { ceremony: &asked.ceremony, credential: &made };
        let client = Client::default().with_browser(asked.browser);
        world
            .auth
            .add_passkey(&client, &fresh, NewPasskey { answer, name: "", as_second_factor: false })
            .await
            .expect("added");

        let origin = Url::parse(ORIGIN).expect("an origin");
        let builder = WebauthnBuilder::new("localhost", &origin).expect("a relying party");
        let bare = builder.build().expect("a relying party");
        let (asked, state) = bare.start_passkey_registration(Uuid::nil(), EMAIL, EMAIL, None).expect("begun");
        let mut bare_key = SecurityKey::default();
        let made = bare_key.create(&json!(asked)["publicKey"], &Says::truth(ORIGIN));
        let made: RegisterPublicKeyCredential = serde_json::from_value(made).expect("a credential");
        let bare_passkey = bare.finish_passkey_registration(&made, &state).expect("registered");
        Self { world, key, bare, bare_key, bare_passkey }
    }

    fn given(&mut self, asked: PasskeyChallenge) -> Given {
        let credential = self.key.get(&asked.options, &Says::truth(ORIGIN)).to_string();
        Given { ceremony: asked.ceremony, credential, browser: asked.browser }
    }

    /// Answers to as many challenges: they are made outside of what is measured, as a person's device makes them.
    fn sign_in_answers(&mut self, ops: usize) -> Vec<Given> {
        let asked = |world: &World| world.auth.begin_sign_in_by_passkey(&Client::default()).expect("begun");
        (0..ops).map(|_| asked(&self.world)).collect::<Vec<_>>().into_iter().map(|asked| self.given(asked)).collect()
    }

    async fn sign_in(&self, given: Given) {
        let client = Client::default().with_browser(given.browser);
        let answer = PasskeyAnswer { ceremony: &given.ceremony, credential: &given.credential };
        let outcome = self.world.auth.sign_in_by_passkey(&client, answer, true).await.expect("let in");
        assert!(matches!(outcome, SignInOutcome::Complete(_)), "a passkey that verifies its holder is enough");
    }

    fn bare_answer(&mut self) -> (String, DiscoverableAuthentication) {
        let (asked, state) = self.bare.start_discoverable_authentication().expect("begun");
        let asked: Value = json!(asked);
        (self.bare_key.get(&asked["publicKey"], &Says::truth(ORIGIN)).to_string(), state)
    }

    /// Reads an answer and checks it.
    fn check(&mut self, (given, state): (String, DiscoverableAuthentication)) {
        let answer: PublicKeyCredential = serde_json::from_str(&given).expect("a credential");
        let result = self.bare.finish_discoverable_authentication_v2(&answer, state, &self.bare_passkey);
        self.bare_passkey.update_credential(&result.expect("right"));
    }
}

pub(crate) fn run(report: &mut Report) {
    let (rounds, ops) = (report.volume(30, 3), report.volume(50, 10));
    report.note(
        "SQLite, one at a time. Challenges and the authenticator's answers are made outside of what is measured.",
    );
    let runtime = world::single();
    let mut desk = runtime.block_on(Desk::new());
    let (mut check, mut sign_in, mut plain) = (Cost::default(), Cost::default(), Cost::default());
    for _ in 0..rounds {
        let answers: Vec<_> = (0..ops).map(|_| desk.bare_answer()).collect();
        check.round(ops, |_| answers.into_iter().for_each(|given| desk.check(given)));
        let answers = desk.sign_in_answers(ops);
        sign_in.round(ops, |_| answers.into_iter().for_each(|given| runtime.block_on(desk.sign_in(given))));
        plain.round(ops, |ops| (0..ops).for_each(|_| drop(runtime.block_on(desk.world.sign_in(EMAIL)))));
    }
    let mut lines = vec![row(["one", "CPU", "wall"])];
    for (name, cost) in [
        ("answer read and checked by webauthn-rs alone", &check),
        ("sign-in by passkey", &sign_in),
        ("sign-in by password, at the cheapest hash", &plain),
    ] {
        lines.push(vec![name.to_owned(), us(cost.median_cpu()), us(cost.median_wall())]);
    }
    report.table(&lines);
    let cpu = paired(&sign_in.cpu, &check.cpu, |of, to| of / to);
    let wall = paired(&sign_in.wall, &check.wall, |of, to| of / to);
    report.state("sign-in by passkey, beside the check alone", format!("{cpu:.1} × CPU, {wall:.1} × wall"));
}
