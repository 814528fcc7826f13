//! A verifier that fetches the published keys itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::{Client, StatusCode, Url, redirect};
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::cache::{FetchPermit, KeyCache, LookUp};
use crate::error::TokenError;
use crate::header::Parts;
use crate::jwks::{Jwks, JwksError};
use crate::limits::{FETCH_CONNECT, FETCH_TOTAL, JWKS_MAX_BYTES};
use crate::verify::{Rules, Verified};

/// Fetches that one caller starts or waits for, at most. Two suffice: one that others began, and its own.
const ROUNDS: usize = 3;

/// Why the keys could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address is neither `https://` nor `http://` on this machine.
    #[error("the address of the keys must begin with https://")]
    Address,
    /// The connection, or the client itself.
    #[error("the keys could not be fetched")]
    Http(#[source] reqwest::Error),
    /// The issuer answered with another status than 200. Redirects are not followed.
    #[error("the issuer answered with status {0}")]
    Status(u16),
    /// What came is no key set that could be used.
    #[error(transparent)]
    Keys(#[from] JwksError),
    /// No attempt has ended yet, or the last one was given up.
    #[error("the fetch did not come to an end")]
    Unfinished,
}

/// What a [`RemoteVerifier`] did not accept, or could not find out: two different things.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RemoteError {
    /// The token is refused: 401.
    #[error(transparent)]
    Refused(#[from] TokenError),
    /// The keys are not to be had: 503. Why the last fetch failed is for the log.
    #[error("the issuer's keys are not available")]
    Unavailable(#[source] Arc<FetchError>),
}

/// Checks tokens with the keys that the issuer publishes: rules, an address, and a [`KeyCache`] in between.
///
/// One is enough for a process; share it. Of many callers that need keys at once, one fetches.
///
/// ```no_run
/// # async fn handler(token: &str, now: time::OffsetDateTime) -> Result<(), Box<dyn std::error::Error>> {
/// use usermgmt_jwt::{RemoteVerifier, Rules};
///
/// let rules = Rules::new("https://app.example.com", "https://api.example.com")?;
/// let verifier = RemoteVerifier::new(rules, "https://app.example.com/auth/jwks.json")?;
/// let claims = verifier.verify(token, now).await?;
/// # Ok(())
/// # }
/// ```
pub struct RemoteVerifier {
    rules: Rules,
    address: Url,
    client: Client,
    state: Mutex<State>,
    ended: watch::Sender<()>,
}

struct State {
    cache: KeyCache,
    last_failure: Arc<FetchError>,
}

impl RemoteVerifier {
    /// Checks by these rules with the keys published there. Nothing is fetched yet.
    ///
    /// # Errors
    /// Fails when the address is neither `https://` nor `http://` on this machine, or the client cannot be set up.
    pub fn new(rules: Rules, address: &str) -> Result<Self, FetchError> {
        let address = Url::parse(address).map_err(|_| FetchError::Address)?;
        let local = matches!(address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if address.scheme() != "https" && !(address.scheme() == "http" && local) {
            return Err(FetchError::Address);
        }
        let client = Client::builder()
            .user_agent(concat!("usermgmt/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(FETCH_CONNECT.unsigned_abs())
            .timeout(FETCH_TOTAL.unsigned_abs());
        let client = if local { client.no_proxy() } else { client.https_only(true) };
        Ok(Self {
            rules,
            address,
            client: client.build().map_err(FetchError::Http)?,
            state: Mutex::new(State { cache: KeyCache::new(), last_failure: Arc::new(FetchError::Unfinished) }),
            ended: watch::Sender::new(()),
        })
    }

    /// Checks a token, and fetches the keys before where that is needed.
    ///
    /// # Errors
    /// Says why the token is refused, or that it could not be found out.
    pub async fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Verified, RemoteError> {
        // Taken apart once, and before the lock that all callers share.
        let parts = Parts::read(token)?;
        for _ in 0..ROUNDS {
            // Before the look: an end that comes between the two must not be missed.
            let mut ended = self.ended.subscribe();
            let look_up = self.state().cache.look_up_key(&parts.key_id, now);
            match look_up {
                LookUp::Use(keys) => return Ok(self.rules.verify_parts(&keys, &parts, now)?),
                LookUp::Fetch(permit) => self.fetch_by(permit, now).await,
                // The sender is ours, so this ends with a fetch; one that is dropped ends too.
                LookUp::Wait => drop(ended.changed().await),
                LookUp::Unavailable => break,
            }
        }
        Err(RemoteError::Unavailable(Arc::clone(&self.state().last_failure)))
    }

    async fn fetch_by(&self, permit: FetchPermit, now: OffsetDateTime) {
        // If the caller hangs up meanwhile, dropping this tells the others that nothing came of it.
        let mut attempt = Attempt { verifier: self, permit: Some(permit), failure: FetchError::Unfinished };
        match self.fetch().await {
            Ok(keys) => {
                if let Some(permit) = attempt.permit.take() {
                    self.state().cache.put(permit, keys, now);
                }
            }
            Err(error) => attempt.failure = error,
        }
    }

    async fn fetch(&self) -> Result<Jwks, FetchError> {
        let http = |error: reqwest::Error| FetchError::Http(error.without_url());
        let mut response = self.client.get(self.address.clone()).send().await.map_err(http)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(http)? {
            if body.len() + chunk.len() > JWKS_MAX_BYTES {
                return Err(JwksError::TooLong.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Jwks::parse(&body)?)
    }

    /// A panic elsewhere leaves nothing half done in it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for RemoteVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteVerifier").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// A fetch that is under way. Its end is told however it comes.
struct Attempt<'a> {
    verifier: &'a RemoteVerifier,
    permit: Option<FetchPermit>,
    failure: FetchError,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let mut state = self.verifier.state();
            state.last_failure = Arc::new(std::mem::replace(&mut self.failure, FetchError::Unfinished));
            state.cache.failed(permit);
        }
        self.verifier.ended.send_replace(());
    }
}

#[cfg(test)]
mod tests;
