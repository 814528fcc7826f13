//! Libraries that nobody here wrote read our tokens from the published keys alone, and we read theirs.
//!
//! jsonwebtoken needs nothing and is always asked. PyJWT and jose are asked by `cargo xtask counterparts`, which installs
//! them and says where in the variable [`FOLDER`].
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be prepared has failed"
)]
#![expect(clippy::print_stdout, reason = "what is left out is said")]
#![expect(clippy::disallowed_methods, reason = "counterparts are programs, and judge by the real time")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use usermgmt_jwt::{Algorithm, Claims, Jwks, NumericDate, Rules, SigningKey, Verifier, sign};

/// Where `cargo xtask counterparts` has installed them.
const FOLDER: &str = "USERMGMT_TEST_COUNTERPARTS";

const ISS: &str = "https://app.example.com";
const AUD: &str = "https://api.example.com";

fn claims(now: OffsetDateTime) -> Claims {
    let mut claims = Claims {
        iss: ISS.into(),
        aud: AUD.into(),
        sub: "usr_1".into(),
        sid: "ses_1".into(),
        jti: "tok_1".into(),
        org_id: Some("org_1".into()),
        roles: vec!["admin".into(), "Prüfer".into()],
        permissions: vec!["project:read".into()],
        amr: vec!["pwd".into()],
        auth_time: NumericDate::at(now),
        ..Claims::lasting(now, Duration::minutes(5)).unwrap()
    };
    claims.extra.insert("https://hasura.io/jwt/claims".into(), json!({ "x-hasura-user-id": "usr_1" }));
    claims
}

/// The same as another library puts it down.
fn as_json(claims: &Claims) -> Value {
    json!({
        "iss": claims.iss, "aud": claims.aud, "sub": claims.sub, "sid": claims.sid, "jti": claims.jti,
        "org_id": claims.org_id, "roles": claims.roles, "permissions": claims.permissions, "amr": claims.amr,
        "auth_time": claims.auth_time.unwrap().seconds(), "nbf": claims.nbf.unwrap().seconds(),
        "iat": claims.iat.seconds(), "exp": claims.exp.seconds(),
        "https://hasura.io/jwt/claims": { "x-hasura-user-id": "usr_1" },
    })
}

fn verifier(keys: Jwks) -> Verifier {
    Verifier::new(Rules::new(ISS, AUD).unwrap(), keys)
}

/// A token of each algorithm, then each with another last claim; and the published keys.
fn ours(claims: &Claims) -> (Vec<String>, Value) {
    let keys = Algorithm::ALL.map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let honest: Vec<String> = keys.iter().map(|key| sign(key, claims).unwrap().expose().to_owned()).collect();
    let other = Claims { sub: "usr_2".into(), ..claims.clone() };
    let swapped = keys.iter().zip(&honest).map(|(key, honest)| {
        let other = sign(key, &other).unwrap();
        let (signed, _) = other.expose().rsplit_once('.').unwrap();
        format!("{signed}.{}", honest.rsplit_once('.').unwrap().1)
    });
    let tokens = honest.iter().cloned().chain(swapped).collect();
    (tokens, json!(Jwks::new(keys.iter().map(SigningKey::public)).unwrap()))
}

#[test]
fn jsonwebtoken_reads_ours_and_we_read_its() {
    use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};

    // An error says that the process has a provider already.
    let _installed = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let claims = claims(OffsetDateTime::now_utc());
    let (tokens, published) = ours(&claims);
    let published: jsonwebtoken::jwk::JwkSet = serde_json::from_value(published).unwrap();
    for (index, token) in tokens.iter().enumerate() {
        let header = jsonwebtoken::decode_header(token).unwrap();
        let key = published.find(header.kid.as_deref().unwrap()).unwrap();
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[ISS]);
        validation.set_audience(&[AUD]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let found = decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation);
        assert_eq!(found.ok().map(|data| data.claims), (index < 3).then(|| as_json(&claims)));
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    }

    let algorithms =
        [(Algorithm::EdDsa, jsonwebtoken::Algorithm::EdDSA), (Algorithm::Es256, jsonwebtoken::Algorithm::ES256)];
    for (algorithm, alg) in algorithms {
        let key = SigningKey::generate(algorithm).unwrap();
        let stored = key.export().unwrap();
        let theirs = match algorithm {
            Algorithm::EdDsa => EncodingKey::from_ed_der(stored.expose()),
            _ => EncodingKey::from_ec_der(stored.expose()),
        };
        let mut header = Header::new(alg);
        (header.typ, header.kid) = (Some("at+jwt".into()), Some(key.key_id().into()));
        let token = encode(&header, &as_json(&claims), &theirs).unwrap();
        let verifier = verifier(Jwks::new([key.public()]).unwrap());
        assert_eq!(verifier.verify(&token, OffsetDateTime::now_utc()).unwrap().into_claims(), claims);
    }
}

#[test]
fn pyjwt_reads_ours_and_we_read_its() {
    both_ways(|folder| {
        let mut python = Command::new("python3");
        python.arg(script("tokens.py")).env("PYTHONPATH", folder.join("python"));
        python
    });
}

#[test]
fn jose_reads_ours_and_we_read_its() {
    both_ways(|folder| {
        let mut node = Command::new("node");
        node.arg(script("tokens.mjs")).arg(folder.join("node"));
        node
    });
}

fn both_ways(command: impl Fn(&Path) -> Command) {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        println!("left out: {FOLDER} is not set; `cargo xtask counterparts` sets it");
        return;
    };
    let now = OffsetDateTime::now_utc();
    let claims = claims(now);
    let (tokens, published) = ours(&claims);
    let asked = json!({ "do": "verify", "jwks": published, "tokens": tokens, "issuer": ISS, "audience": AUD });
    let found = answer(command(&folder), &asked);
    let honest = as_json(&claims);
    assert_eq!(found["claims"], json!([honest, honest, honest, null, null, null]));

    let found = answer(command(&folder), &json!({ "do": "sign", "claims": honest }));
    let verifier = verifier(Jwks::parse(found["jwks"].to_string().as_bytes()).unwrap());
    let tokens = found["tokens"].as_array().unwrap();
    assert_eq!(tokens.len(), 3);
    for token in tokens {
        assert_eq!(verifier.verify(token.as_str().unwrap(), now).unwrap().into_claims(), claims);
    }
    let odd = found["odd"].as_object().unwrap();
    assert_eq!(odd.len(), 9);
    for (name, token) in odd {
        let refused = verifier.verify(token.as_str().unwrap(), now).unwrap_err().code();
        let expected = ["token_type", "token_audience", "token_claim"];
        let which = ["typ", "several audiences", "fraction"].iter().position(|odd| name.ends_with(odd)).unwrap();
        assert_eq!(refused, expected[which], "{name}");
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/counterparts").join(name)
}

/// Hands over one JSON object and reads one.
fn answer(mut command: Command, asked: &Value) -> Value {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} failed");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
