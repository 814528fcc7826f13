//! Passkeys of an authenticator that nobody here wrote: soft-webauthn, on the library `fido2` of Yubico, over HTTP.
//!
//! `cargo xtask counterparts` installs it; without it, these tests have nothing to ask.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot be prepared has failed; it starts Python"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use usermgmt_service::Passkeys;
use usermgmt_tests::security_key::answer;
use usermgmt_tests::{App, Cell, Framework, Person, Reply, StoreKind, cell};

/// One question a line, one answer a line. The device never says that it has verified its holder; with `verifies` its
/// source says so in the two places where the flags stand. It answers whoever asks, for whatever credential.
const SCRIPT: &str = r#"
import base64, importlib.util, json, sys, types
source = open(importlib.util.find_spec("soft_webauthn").origin).read()
if sys.argv[1] == "verifies":
    changed = source.replace("b'\\x41'", "b'\\x45'").replace("b'\\x01'", "b'\\x05'")
    assert changed != source
    source = changed
module = types.ModuleType("device")
exec(compile(source, "soft_webauthn", "exec"), module.__dict__)
device = module.SoftWebauthnDevice()
decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
encode = lambda data: base64.urlsafe_b64encode(data).decode().rstrip("=")
for line in sys.stdin:
    asked = json.loads(line)
    options = asked["options"]
    options["challenge"] = decode(options["challenge"])
    device.rp_id = options.get("rpId", device.rp_id)
    if "user" in options:
        options["user"]["id"] = decode(options["user"]["id"])
    made = getattr(device, asked["what"])({"publicKey": options}, asked["origin"])
    made["id"] = made["rawId"] = encode(made["rawId"])
    made["response"] = {name: encode(data) for name, data in made["response"].items()}
    made["clientExtensionResults"] = {}
    print(json.dumps(made), flush=True)
"#;

/// An origin at which nothing of ours is served.
const ELSEWHERE: &str = "http://localhost:1";

#[test]
fn soft_webauthn_registers_and_signs_in_under_axum() {
    run(Framework::Axum, "soft_webauthn::memory_axum");
}

#[test]
fn soft_webauthn_registers_and_signs_in_under_actix() {
    run(Framework::Actix, "soft_webauthn::memory_actix");
}

fn run(framework: Framework, name: &'static str) {
    let Some(folder) = std::env::var_os("USERMGMT_TEST_COUNTERPARTS").map(PathBuf::from) else { return };
    let cell = Cell { store: StoreKind::Memory, framework };
    cell::run(cell, name, move |app| registers_and_signs_in(app, folder));
}

struct Device {
    python: Child,
    answers: BufReader<ChildStdout>,
}

impl Device {
    fn new(folder: &Path, verifies: bool) -> Self {
        let mut python = Command::new("python3");
        python.args(["-c", SCRIPT, if verifies { "verifies" } else { "as it is" }]);
        python.env("PYTHONPATH", folder.join("python")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = python.spawn().unwrap();
        let answers = BufReader::new(python.stdout.take().unwrap());
        Self { python, answers }
    }

    /// What it says to a challenge, at a page of this origin.
    fn says(&mut self, what: &str, asked: &Value, origin: &str) -> Value {
        let question = json!({ "what": what, "options": asked["options"], "origin": origin });
        writeln!(self.python.stdin.as_mut().unwrap(), "{question}").unwrap();
        let mut said = String::new();
        self.answers.read_line(&mut said).unwrap();
        answer(asked, &serde_json::from_str(&said).unwrap())
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        drop(self.python.stdin.take());
        let _ = self.python.wait();
    }
}

/// The challenge, of another party.
fn of_another(asked: &Value, what: &str) -> Value {
    let mut asked = asked.clone();
    match what {
        "create" => asked["options"]["rp"]["id"] = json!("elsewhere.test"),
        _ => asked["options"]["rpId"] = json!("elsewhere.test"),
    }
    asked
}

#[track_caller]
fn refused(reply: Reply) {
    assert_eq!(reply.expect(422).code(), "passkey_invalid");
}

async fn registers_and_signs_in(app: App, folder: PathBuf) {
    let app = app.configured(|builder| builder.passkeys(Passkeys::default())).await;
    let origin = app.origin().to_owned();
    let (mut device, mut careless) = (Device::new(&folder, true), Device::new(&folder, false));
    let mut ann = Person::signed_in(&app, "ann").await;

    // Registered by no page of another origin, for no other party, and not without verification.
    let asked = ann.asked("/me/passkeys").await;
    let wrong = [
        device.says("create", &asked, ELSEWHERE),
        device.says("create", &of_another(&asked, "create"), &origin),
        careless.says("create", &asked, &origin),
    ];
    for made in wrong {
        refused(ann.agent.post("/auth/me/passkeys", made).await);
    }
    let made = device.says("create", &asked, &origin);
    ann.agent.post("/auth/me/passkeys", made.clone()).await.expect(200);
    refused(ann.agent.post("/auth/me/passkeys", made).await);

    // It signs in without a name, each challenge once.
    let door = "/auth/sign-in/passkey";
    for _ in 0..2 {
        let mut there = ann.elsewhere(&app);
        let asked = there.asked("/sign-in/passkey").await;
        for given in [device.says("get", &asked, ELSEWHERE), device.says("get", &of_another(&asked, "get"), &origin)] {
            refused(there.agent.post(door, given).await);
        }
        let given = device.says("get", &asked, &origin);
        assert_eq!(there.agent.post(door, given.clone()).await.expect(200).json()["status"], "complete");
        assert!(there.is_signed_in().await);
        let mut again = app.agent();
        again.cookies = there.agent.cookies.clone();
        refused(again.post(door, given).await);
        // In another browser.
        let asked = there.asked("/sign-in/passkey").await;
        refused(app.agent().post(door, device.says("get", &asked, &origin)).await);
    }

    // Somebody else's proves nothing about her.
    let mut other = Device::new(&folder, true);
    let mut bob = Person::signed_in(&app, "bob").await;
    let asked = bob.asked("/me/passkeys").await;
    bob.agent.post("/auth/me/passkeys", other.says("create", &asked, &origin)).await.expect(200);
    let asked = ann.asked("/step-up/passkey").await;
    refused(ann.agent.post("/auth/step-up/passkey", other.says("get", &asked, &origin)).await);
    let asked = ann.asked("/step-up/passkey").await;
    ann.agent.post("/auth/step-up/passkey", device.says("get", &asked, &origin)).await.expect(200);
}
