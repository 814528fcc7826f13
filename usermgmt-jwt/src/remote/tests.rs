use std::sync::atomic::{AtomicUsize, Ordering};

use time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::{Algorithm, Claims, SigningKey, sign};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::days(20_000));

/// An issuer on this machine that gives the same answer to everybody, slowly, and counts.
async fn issuer(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 2_048];
                let _read = stream.read(&mut request).await;
                // Let every caller of a test arrive before the answer does.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                let _written = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (address, count)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn token(key: &SigningKey) -> String {
    let claims = Claims {
        iss: "i".into(),
        aud: "a".into(),
        sub: "s".into(),
        sid: "x".into(),
        jti: "j".into(),
        ..Claims::lasting(NOW, Duration::minutes(5)).unwrap()
    };
    sign(key, &claims).unwrap().expose().to_owned()
}

fn verifier(address: &str) -> Arc<RemoteVerifier> {
    Arc::new(RemoteVerifier::new(Rules::new("i", "a").unwrap(), address).unwrap())
}

#[tokio::test]
async fn many_callers_need_one_fetch() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let (address, count) = issuer(ok(&Jwks::new([key.public()]).unwrap().to_json())).await;
    let (verifier, token) = (verifier(&address), token(&key));
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (verifier, token) = (Arc::clone(&verifier), token.clone());
            tokio::spawn(async move { verifier.verify(&token, NOW).await.map(|verified| verified.sub.clone()) })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "s");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

/// JW-05: a stranger's keys cause no requests: unknown ids fetch once a minute, garbage never.
#[tokio::test]
async fn invented_keys_do_not_flood_the_issuer() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let (address, count) = issuer(ok(&Jwks::new([key.public()]).unwrap().to_json())).await;
    let verifier = verifier(&address);
    for _ in 0..20 {
        let refused = verifier.verify("a.b.c", NOW).await.unwrap_err();
        assert!(matches!(refused, RemoteError::Refused(TokenError::Malformed)));
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
    for _ in 0..20 {
        let stranger = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let refused = verifier.verify(&token(&stranger), NOW).await.unwrap_err();
        assert!(matches!(refused, RemoteError::Refused(TokenError::UnknownKey)));
    }
    assert!(verifier.verify(&token(&key), NOW).await.is_ok());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_no_key_set_is_an_outage() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let body = Jwks::new([key.public()]).unwrap().to_json();
    // More is promised than is sent: whoever reads on fails in another way.
    let padded = format!("{body}{}", " ".repeat(JWKS_MAX_BYTES));
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{padded}", 8 * padded.len());
    let moved = "HTTP/1.1 302 Found\r\nlocation: /other\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let cases = [
        ("HTTP/1.1 500 Oops\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(), "status 500"),
        (moved.to_owned(), "status 302"),
        (ok("<html>"), "malformed"),
        (endless, "too long"),
        (String::new(), "could not be fetched"),
    ];
    for (answer, reason) in cases {
        let (address, count) = issuer(answer).await;
        let verifier = verifier(&address);
        for _ in 0..3 {
            let error = verifier.verify(&token(&key), NOW).await.unwrap_err();
            let RemoteError::Unavailable(cause) = error else { panic!("{error:?}") };
            assert!(cause.to_string().contains(reason), "{cause}");
        }
        assert_eq!(count.load(Ordering::SeqCst), 1, "attempts rest after a failure");
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_keeps_nobody_waiting() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let (address, _) = issuer(ok(&Jwks::new([key.public()]).unwrap().to_json())).await;
    let (verifier, token) = (verifier(&address), token(&key));
    let first = {
        let (verifier, token) = (Arc::clone(&verifier), token.clone());
        tokio::spawn(async move { verifier.verify(&token, NOW).await.is_ok() })
    };
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.is_err());
    assert!(matches!(verifier.verify(&token, NOW).await, Err(RemoteError::Unavailable(_))));
    assert!(verifier.verify(&token, NOW + Duration::seconds(5)).await.is_ok());
}

#[test]
fn addresses_are_https_or_local() {
    for bad in ["http://example.com/jwks.json", "ftp://localhost/", "jwks.json", "http://127.0.0.1.example.com/"] {
        let error = RemoteVerifier::new(Rules::new("i", "a").unwrap(), bad).unwrap_err();
        assert!(matches!(error, FetchError::Address), "{bad}");
    }
}
