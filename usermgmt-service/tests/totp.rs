//! Codes of an authenticator that nobody here wrote: pyotp reads the URI of an enrolment, and its codes are taken.
//!
//! `cargo xtask counterparts` installs it; without it, this test has nothing to ask.

#![cfg(feature = "totp")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be prepared has failed; it starts Python"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use usermgmt_core::MemoryStore;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::{ManualClock, OsRandom};
use usermgmt_service::{Client, NewUser, SignIn, SignInOutcome, UserMgmt};

/// The codes of the URI at these moments, and what pyotp reads in it: one line each.
const SCRIPT: &str = "
import sys, pyotp
totp = pyotp.parse_uri(sys.argv[1])
for at in sys.argv[2:]:
    print(totp.at(int(at)))
print(totp.issuer, totp.name, totp.digits, totp.interval, totp.digest().name)
";

fn pyotp(folder: &Path, uri: &str, at: &[OffsetDateTime]) -> Vec<String> {
    let mut python = Command::new("python3");
    python.args(["-c", SCRIPT, uri]).args(at.iter().map(|at| at.unix_timestamp().to_string()));
    let output = python.env("PYTHONPATH", folder.join("python")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn codes_of_pyotp_are_taken() {
    let Some(folder) = std::env::var_os("USERMGMT_TEST_COUNTERPARTS") else { return };
    let clock = Arc::new(ManualClock::at(OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()));
    let auth = UserMgmt::builder(MemoryStore::new(), "http://localhost:3000", KeyRing::generate(&OsRandom).unwrap())
        .product("Acme: Projects")
        .clock(clock.clone())
        .without_workers()
        .build()
        .await
        .unwrap();
    let (email, password) = ("ann@example.org", "blowfish under moonlight");
    let new = NewUser { email, name: "Ann", password: Some(password.into()), email_is_verified: true };
    auth.users("test").create(new).await.unwrap();
    let client = Client::default();
    let input = SignIn { email, password: password.into(), remember: false };
    let SignInOutcome::Complete(signed_in) = auth.sign_in(&client, input.clone()).await.unwrap() else {
        panic!("nothing is needed yet");
    };
    let fresh = auth.step_up(&signed_in.principal, None).unwrap();
    let begun = auth.begin_totp(&client, &fresh).await.unwrap();
    let now = usermgmt_core::port::Clock::now(&*clock);
    let steps: Vec<_> = (0..3).map(|step| now + Duration::seconds(30 * step)).collect();
    let told = pyotp(Path::new(&folder), &begun.secret.uri, &steps);
    assert_eq!(told.last().unwrap(), "Acme  Projects ann@example.org 6 30 sha1");
    let confirmed = auth.confirm_totp(&client, &fresh, begun.id, told[0].as_str().into()).await.unwrap();
    assert_eq!(confirmed.recovery_codes.len(), 10);
    for code in told.iter().take(3).skip(1) {
        clock.advance(Duration::seconds(30));
        let SignInOutcome::Pending { attempt, browser, .. } = auth.sign_in(&client, input.clone()).await.unwrap()
        else {
            panic!("the second factor is asked for");
        };
        let here = Client::default().with_browser(browser);
        let proven = auth.prove_second_factor(&here, &attempt.unwrap(), code.as_str().into(), false).await.unwrap();
        assert!(matches!(proven.outcome, SignInOutcome::Complete(_)));
    }
}
