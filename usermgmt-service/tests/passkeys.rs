//! Passkeys of an authenticator that nobody here wrote: soft-webauthn, on the library `fido2` of Yubico.
//!
//! `cargo xtask counterparts` installs it; without it, this test has nothing to ask.

#![cfg(feature = "passkeys")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be prepared has failed; it starts Python"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use usermgmt_core::MemoryStore;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{
    Client, Error, NewPasskey, NewUser, PasskeyAnswer, PasskeyChallenge, Passkeys, Refused, SignIn, SignInOutcome,
    UserMgmt,
};

/// One question a line, one answer a line. The device never says that it has verified its holder; with `verifies` its
/// source says so in the two places where the flags stand.
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
    if "user" in options:
        options["user"]["id"] = decode(options["user"]["id"])
    made = getattr(device, asked["what"])({"publicKey": options}, asked["origin"])
    made["id"] = made["rawId"] = encode(made["rawId"])
    made["response"] = {name: encode(data) for name, data in made["response"].items()}
    made["clientExtensionResults"] = {}
    print(json.dumps(made), flush=True)
"#;

const ORIGIN: &str = "http://localhost:3000";

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

    fn ask(&mut self, what: &str, challenge: &PasskeyChallenge, origin: &str) -> String {
        let question = json!({ "what": what, "options": challenge.options, "origin": origin });
        writeln!(self.python.stdin.as_mut().unwrap(), "{question}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str::<Value>(&answer).unwrap().to_string()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        drop(self.python.stdin.take());
        let _ = self.python.wait();
    }
}

fn is_invalid<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Refused(Refused::PasskeyInvalid)))
}

#[tokio::test]
async fn passkeys_of_soft_webauthn_are_taken() {
    let Some(folder) = std::env::var_os("USERMGMT_TEST_COUNTERPARTS") else { return };
    let folder = Path::new(&folder);
    let auth = UserMgmt::builder(MemoryStore::new(), ORIGIN, KeyRing::generate(&OsRandom).unwrap())
        .passkeys(Passkeys::default())
        .without_workers()
        .build()
        .await
        .unwrap();
    let (email, password) = ("ann@example.org", "blowfish under moonlight");
    let new = NewUser { email, name: "Ann", password: Some(password.into()), email_is_verified: true };
    auth.users("test").create(new).await.unwrap();
    let input = SignIn { email, password: password.into(), remember: false };
    let SignInOutcome::Complete(signed_in) = auth.sign_in(&Client::default(), input).await.unwrap() else {
        panic!("nothing is needed yet");
    };
    let fresh = auth.step_up(&signed_in.principal, None).unwrap();
    let (mut device, mut careless) = (Device::new(folder, true), Device::new(folder, false));
    let asked = auth.begin_passkey(&Client::default(), &fresh).await.unwrap();
    let here = Client::default().with_browser(asked.browser.clone());
    for (device, origin) in [(&mut careless, ORIGIN), (&mut device, "http://localhost:3001")] {
        let credential = device.ask("create", &asked, origin);
        let answer = PasskeyAnswer { ceremony: &asked.ceremony, credential: &credential };
        let made = NewPasskey { answer, name: "Software", as_second_factor: false };
        assert!(is_invalid(auth.add_passkey(&here, &fresh, made).await), "{origin}");
    }
    let credential = device.ask("create", &asked, ORIGIN);
    let answer = PasskeyAnswer { ceremony: &asked.ceremony, credential: &credential };
    let made = NewPasskey { answer, name: "Software", as_second_factor: false };
    auth.add_passkey(&here, &fresh, made).await.unwrap();

    for _ in 0..2 {
        let asked = auth.begin_sign_in_by_passkey(&Client::default()).unwrap();
        let here = Client::default().with_browser(asked.browser.clone());
        let elsewhere = device.ask("get", &asked, "http://localhost:3001");
        let answer = PasskeyAnswer { ceremony: &asked.ceremony, credential: &elsewhere };
        assert!(is_invalid(auth.sign_in_by_passkey(&here, answer, false).await));
        let credential = device.ask("get", &asked, ORIGIN);
        let answer = PasskeyAnswer { ceremony: &asked.ceremony, credential: &credential };
        let outcome = auth.sign_in_by_passkey(&here, answer, false).await.unwrap();
        assert!(matches!(outcome, SignInOutcome::Complete(_)));
        assert!(is_invalid(auth.sign_in_by_passkey(&here, answer, false).await), "an answer is good once");
    }
}
