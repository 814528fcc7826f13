//! Passwords that other systems have hashed: right ones sign in and are hashed anew, wrong ones do not.
//!
//! `imported_hashes.json` is what `counterparts/hashes.py` has printed. `cargo xtask counterparts` runs it again, so that
//! the libraries themselves are asked, not our memory of them.

#![cfg(feature = "imported-hashes")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot be prepared has failed; it starts Python"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use usermgmt_core::MemoryStore;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{
    Client, FastDigest, FirebaseScrypt, ImportedHash, ImportedHashError, ImportedUser, Limits, SaltPlace, SignIn,
    SignInOutcome, UserMgmt,
};

#[derive(Deserialize)]
struct Made {
    firebase: Project,
    passwords: Vec<Known>,
}

#[derive(Deserialize)]
struct Project {
    signer_key: String,
    salt_separator: String,
    rounds: u32,
    mem_cost: u8,
}

#[derive(Deserialize)]
struct Known {
    password: String,
    texts: BTreeMap<String, String>,
    firebase: Pair,
    keycloak: Vec<Keycloak>,
    salted: Vec<Salted>,
}

#[derive(Deserialize)]
struct Pair {
    hash: String,
    salt: String,
}

#[derive(Deserialize)]
struct Keycloak {
    secret: String,
    credential: String,
}

#[derive(Deserialize)]
struct Salted {
    digest: String,
    place: String,
    salt: String,
    hash: String,
}

impl Made {
    fn read() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let text = match std::env::var_os("USERMGMT_TEST_COUNTERPARTS") {
            Some(folder) => {
                let mut python = Command::new("python3");
                python.env("PYTHONPATH", Path::new(&folder).join("python"));
                let made = python.arg(own.join("counterparts/hashes.py")).output().expect("Python starts");
                assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
                String::from_utf8(made.stdout).unwrap()
            }
            None => std::fs::read_to_string(own.join("imported_hashes.json")).unwrap(),
        };
        serde_json::from_str(&text).unwrap()
    }
}

impl Project {
    fn parameters(&self) -> FirebaseScrypt {
        FirebaseScrypt::new(&self.signer_key, &self.salt_separator, self.rounds, self.mem_cost).unwrap()
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

impl Known {
    /// What each system has made of the password.
    fn hashes(&self) -> Vec<(String, ImportedHash)> {
        let texts = self.texts.iter().map(|(name, text)| {
            let hash = ImportedHash::parse(text).unwrap_or_else(|_| panic!("{name}: {text} is not read"));
            (name.clone(), hash)
        });
        let firebase = ImportedHash::firebase(&self.firebase.hash, &self.firebase.salt).unwrap();
        let keycloak = self.keycloak.iter().map(|pair| {
            ("Keycloak".to_owned(), ImportedHash::keycloak(&pair.secret, &pair.credential).expect(&pair.credential))
        });
        let salted = self.salted.iter().map(|made| {
            let digest = match made.digest.as_str() {
                "sha1" => FastDigest::Sha1,
                "sha256" => FastDigest::Sha256,
                _ => FastDigest::Sha512,
            };
            let place = if made.place == "before" { SaltPlace::Before } else { SaltPlace::After };
            let hash = ImportedHash::salted(digest, place, &bytes(&made.salt), &bytes(&made.hash)).unwrap();
            (format!("{} with salt {}", made.digest, made.place), hash)
        });
        texts.chain([("Firebase".to_owned(), firebase)]).chain(keycloak).chain(salted).collect()
    }
}

async fn auth(project: Option<FirebaseScrypt>) -> UserMgmt {
    let keys = KeyRing::generate(&OsRandom).unwrap();
    let limits = Limits { sign_ins_per_address: 10_000, ..Limits::default() };
    let builder = UserMgmt::builder(MemoryStore::new(), "http://localhost:1", keys).limits(limits).without_workers();
    let builder = match project {
        Some(project) => builder.firebase_scrypt(project),
        None => builder,
    };
    builder.build().await.unwrap()
}

async fn import(auth: &UserMgmt, email: &str, hash: &ImportedHash) {
    let user = ImportedUser { email, name: "Ann", email_is_verified: true, hash };
    auth.users("moved from elsewhere").import(user).await.unwrap();
}

async fn stored(auth: &UserMgmt, email: &str) -> String {
    let user = auth.users("a test").by_email(email).await.unwrap().user.id;
    auth.store().password(user).await.unwrap().unwrap().hash.expose().to_owned()
}

async fn signs_in(auth: &UserMgmt, email: &str, password: &str) -> bool {
    let input = SignIn { email, password: password.into(), remember: false };
    match auth.sign_in(&Client::default(), input).await {
        Ok(SignInOutcome::Complete(_)) => true,
        Err(Error::Refused(Refused::InvalidCredentials)) => false,
        other => panic!("{email}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_had_a_password_elsewhere_signs_in_and_it_is_hashed_anew() {
    let made = Made::read();
    let auth = auth(Some(made.firebase.parameters())).await;
    let (mut seen, mut cut) = (0, 0);
    for (number, known) in made.passwords.iter().enumerate() {
        for (place, (name, hash)) in known.hashes().into_iter().enumerate() {
            let email = format!("user{number}.{place}@example.test");
            import(&auth, &email, &hash).await;
            let before = stored(&auth, &email).await;
            let wrong = format!("x{}", known.password);
            assert!(!signs_in(&auth, &email, &wrong).await, "{name}: a wrong password signs in");
            assert!(!signs_in(&auth, &email, "x").await, "{name}: a wrong password signs in");
            assert_eq!(stored(&auth, &email).await, before, "{name}: a wrong password was kept");
            // bcrypt has read the beginning alone.
            if name.starts_with("bcrypt $") && known.password.len() > 72 {
                assert!(!signs_in(&auth, &email, &known.password).await, "{name}: whatever ends so begins right");
                assert_eq!(stored(&auth, &email).await, before);
                cut += 1;
                continue;
            }
            assert!(signs_in(&auth, &email, &known.password).await, "{name}: the right password is refused");
            let after = stored(&auth, &email).await;
            // Django's own Argon2id costs more than ours: there is nothing to mend.
            let is_dearer = before.starts_with("$argon2id$v=19$m=102400,t=2,");
            let anew = after.starts_with("$argon2id$v=19$m=19456,t=2,p=1$");
            assert!(if is_dearer { after == before } else { anew }, "{name}: {after}");
            assert!(signs_in(&auth, &email, &known.password).await, "{name}: refused once it was made anew");
            seen += 1;
        }
    }
    assert!(seen >= 70 && cut >= 2, "{seen} {cut}");
}

#[tokio::test]
async fn the_vector_that_firebase_publishes_is_recognised() {
    let project = FirebaseScrypt::new(
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
        "Bw==",
        8,
        14,
    );
    let hash = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
    let hash = ImportedHash::firebase(hash, "42xEC+ixf3L2lw==").unwrap();
    let auth = auth(Some(project.unwrap())).await;
    import(&auth, "ann@example.test", &hash).await;
    assert!(!signs_in(&auth, "ann@example.test", "user2password").await);
    assert!(signs_in(&auth, "ann@example.test", "user1password").await);
}

#[tokio::test]
async fn without_its_project_nobody_comes_in_by_a_hash_of_firebase() {
    let made = Made::read();
    let auth = auth(None).await;
    for (number, known) in made.passwords.iter().enumerate() {
        let email = format!("ann{number}@example.test");
        import(&auth, &email, &ImportedHash::firebase(&known.firebase.hash, &known.firebase.salt).unwrap()).await;
        let input = SignIn { email: &email, password: known.password.as_str().into(), remember: false };
        let end = auth.sign_in(&Client::default(), input).await;
        assert!(matches!(end, Err(Error::Unavailable(_))), "not known is not wrong: {end:?}");
    }
}

#[test]
fn what_is_cut_unknown_or_too_dear_is_refused_at_the_import() {
    let salt = "c29tZXNhbHRzb21lc2FsdA";
    let hash = "aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo";
    for text in [
        String::new(),
        "5f4dcc3b5aa765d61d8327deb882cf99".into(),
        "correct horse battery".into(),
        "$1$saltsalt$Jl7H0k1XGkSn3j7y9e4ZQ.".into(),
        // Nothing to compare with would fit everything.
        format!("$pbkdf2-sha256$i=1000${salt}$"),
        format!("$pbkdf2-sha256$i=1000${salt}$aGFzaA"),
        format!("$scrypt$ln=12,r=8,p=1${salt}$"),
        format!("$pbkdf2-sha256$i=0${salt}${hash}"),
        format!("$pbkdf2-sha256$i=99999999${salt}${hash}"),
        format!("$pbkdf2-sha256$i=-1${salt}${hash}"),
        format!("$pbkdf2-md5$i=1000${salt}${hash}"),
        format!("$scrypt$ln=30,r=8,p=1${salt}${hash}"),
        format!("$scrypt$ln=12,r=4294967295,p=1${salt}${hash}"),
        format!("$scrypt$ln=12,r=8,p=99${salt}${hash}"),
        format!("$scrypt$ln=12,r=0,p=1${salt}${hash}"),
        format!("scrypt$1000${salt}$8$1${hash}"),
        "$2b$31$R6WhaSTHQU6vDprQJoFdpeTC60HxLnZ21A1IjCQmWC9b.HN3Ul9lq".into(),
        "$2b$06$R6WhaSTHQU6vDprQJoFdpeTC60HxLnZ21A1IjCQmWC9".into(),
        "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA".into(),
        format!("$firebase-scrypt${salt}${hash}"),
        format!("$salted-sha256$before${salt}$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"),
    ] {
        assert!(matches!(ImportedHash::parse(&text), Err(ImportedHashError)), "{text}");
    }
    assert!(ImportedHash::salted(FastDigest::Sha256, SaltPlace::Before, b"", &[0; 20]).is_err());
    assert!(ImportedHash::keycloak("{}", "{}").is_err());
    assert!(ImportedHash::firebase("!", "!").is_err());
    let printed = format!("{:?}", ImportedHash::salted(FastDigest::Sha1, SaltPlace::After, b"", &[7; 20]).unwrap());
    assert_eq!(printed, "ImportedHash([redacted])");
}
