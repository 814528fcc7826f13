//! Several accounts in one browser: each has a session of its own, and one of them is active.

use std::sync::Arc;

use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::{SessionId, UserId};
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::Bearer;

use crate::UserMgmt;
use crate::builder::Builder;
use crate::client::Client;

/// Sessions that wait beside the active one: enough for somebody with several hats, few enough for a cookie.
const WAITING: usize = 4;

/// An account that is signed in in this browser.
#[derive(Clone, Debug)]
pub struct Account {
    /// The secret of its session.
    pub secret: Bearer,
    /// Who.
    pub principal: Arc<Principal>,
}

impl Builder {
    /// Lets several accounts be signed in in one browser at once, of which one is active. Default: whoever signs in ends
    /// the session that was there.
    pub fn several_accounts(self) -> Self {
        self.set(|settings| settings.several_accounts = true)
    }
}

impl UserMgmt {
    /// The accounts behind the sessions that this browser presents, in its order; what has ended is none. Only what the
    /// request itself brings can be switched to.
    ///
    /// # Errors
    /// An outage.
    pub async fn accounts(&self, client: &Client) -> Result<Vec<Account>, Error> {
        let mut found: Vec<Account> = Vec::new();
        for secret in client.sessions.iter().take(1 + WAITING) {
            let Some(principal) = self.principal(secret).await? else { continue };
            if found.iter().all(|known| known.principal.user() != principal.user()) {
                found.push(Account { secret: secret.clone(), principal });
            }
        }
        Ok(found)
    }

    /// Makes another account of this browser the active one. Answers it, and those that wait from now on.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for a session that this browser does not hold, or an outage.
    pub async fn switch_account(&self, client: &Client, to: SessionId) -> Result<(Account, Vec<Bearer>), Error> {
        let accounts = self.accounts(client).await?;
        let (mut chosen, waiting): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| account.principal.session() == to);
        let chosen = chosen.pop().ok_or(Refused::NotFound)?;
        Ok((chosen, waiting.into_iter().map(|account| account.secret).collect()))
    }

    /// The sessions that wait beside a new one of this user.
    pub(crate) async fn waiting(&self, client: &Client, user: UserId) -> Result<Vec<Bearer>, Error> {
        if !self.settings().several_accounts {
            return Ok(Vec::new());
        }
        let others = self.accounts(client).await?.into_iter().filter(|account| account.principal.user() != user);
        Ok(others.map(|account| account.secret).take(WAITING).collect())
    }
}
