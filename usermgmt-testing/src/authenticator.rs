//! Authenticator applications, in the hands of those who were given one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::Duration;
use totp_rs::{Builder, Secret, Totp};
use usermgmt_http::service::Client;
use usermgmt_http::service::core::id::UserId;

use crate::{Kit, Method, Persona, TestAuth};

/// Whose application holds which secret.
pub(crate) type Drawer = Arc<Mutex<HashMap<UserId, Authenticator>>>;

/// So long before now an application is set up: its first code uses its step of 30 seconds up, and the one of now stays
/// free.
const EARLIER: Duration = Duration::minutes(2);

/// An authenticator application, with the recovery codes that came with it.
#[derive(Clone)]
pub struct Authenticator {
    kit: Kit,
    secret: String,
    /// The recovery codes, each good once.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator([redacted])")
    }
}

impl Authenticator {
    /// The code that it shows now. A code works once: for the next one let 30 seconds pass.
    ///
    /// # Panics
    /// If the clock stands before 1970.
    #[must_use]
    pub fn code(&self) -> String {
        use usermgmt_http::service::core::port::Clock as _;
        code(&self.secret, self.kit.clock.now().unix_timestamp())
    }
}

fn code(secret: &str, at: i64) -> String {
    let secret = Secret::try_from_base32(secret).expect("the library's own secret is base 32");
    let totp: Totp = Builder::new().with_secret(secret).build().expect("a secret of 160 bits is long enough");
    totp.generate(u64::try_from(at).expect("a time after 1970")).to_string()
}

impl TestAuth {
    /// The authenticator application of somebody who has proven a code of one.
    ///
    /// # Panics
    /// If the kit has given them none.
    #[must_use]
    pub fn authenticator_of(&self, user: UserId) -> Authenticator {
        let drawer = self.kit.authenticators.lock().unwrap_or_else(PoisonError::into_inner);
        drawer.get(&user).cloned().unwrap_or_else(|| panic!("{user} has no authenticator application"))
    }

    /// Sets an application up, as a person does who has just signed in, unless there is a second factor already.
    pub(crate) async fn give_authenticator(&self, id: UserId) {
        let user = self.users("a test").get(id).await.unwrap_or_else(|error| panic!("{id} is nobody: {error}"));
        if user.factors.has_second() {
            return;
        }
        self.advance(-EARLIER);
        let proven = Persona::new("").proven(Method::Password, Duration::ZERO);
        let (_, secret) = self.session(&user, None, &proven).await;
        let enrolled = async {
            let client = Client::default();
            let principal = self.principal(&secret).await?.expect("a session that was just written");
            let fresh = self.step_up(&principal, None)?;
            let begun = self.begin_totp(&client, &fresh).await?;
            let first = code(&begun.secret.text, self.now().unix_timestamp());
            let confirmed = self.confirm_totp(&client, &fresh, begun.id, first.as_str().into()).await?;
            if let Some(own) = self.principal(&confirmed.next).await? {
                self.sign_out(&client, &own).await?;
            }
            let recovery_codes = confirmed.recovery_codes.iter().map(|code| code.expose().to_owned()).collect();
            let secret = begun.secret.text.to_string();
            Ok::<_, usermgmt_http::service::Error>(Authenticator { kit: self.kit.clone(), secret, recovery_codes })
        };
        let enrolled = enrolled.await;
        self.advance(EARLIER);
        let own = enrolled.unwrap_or_else(|error| panic!("no authenticator application for {id}: {error}"));
        self.kit.authenticators.lock().unwrap_or_else(PoisonError::into_inner).insert(id, own);
    }
}
