//! Who is to be signed in, and how.

use time::Duration;
use usermgmt_http::service::core::id::OrgId;

use crate::Method;

/// Somebody to sign in as: an account, the organisation that the session acts in, and what was proven when.
///
/// Without more words it is somebody in no organisation who has just entered a password. Two personas of one name are
/// the same account.
#[derive(Clone, Debug)]
pub struct Persona {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) place: Place,
    pub(crate) proofs: Vec<(Method, Duration)>,
    pub(crate) is_remembered: bool,
}

/// The organisation that a session acts in.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    None,
    Owner(String),
    Member(OrgId, Vec<String>),
}

impl Persona {
    /// The password of everybody whom the kit makes.
    pub const PASSWORD: &'static str = "blowfish under moonlight";

    /// `ann` is somebody of this name, with the proven address `ann@example.test` and the password
    /// [`PASSWORD`](Self::PASSWORD).
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let email = format!("{}@example.test", name.to_lowercase().replace(' ', "."));
        Self { name, email, place: Place::None, proofs: Vec::new(), is_remembered: false }
    }

    /// The same person at another address.
    #[must_use]
    pub fn with_email(self, email: impl Into<String>) -> Self {
        Self { email: email.into(), ..self }
    }

    /// Acts as owner of the organisation of this name, which is made unless it is theirs already.
    #[must_use]
    pub fn owner_of(self, organization: impl Into<String>) -> Self {
        Self { place: Place::Owner(organization.into()), ..self }
    }

    /// Acts as member of this organisation with exactly these roles.
    #[must_use]
    pub fn member_of<'a>(self, organization: OrgId, roles: impl IntoIterator<Item = &'a str>) -> Self {
        Self { place: Place::Member(organization, roles.into_iter().map(str::to_owned).collect()), ..self }
    }

    /// Has proven it by this method so long ago; may be called again for each proof. In place of the one default, a
    /// password a moment ago.
    ///
    /// Who is to have proven a code of an authenticator application, or a recovery code, gets such an application first,
    /// by the flow that a person goes through (feature `totp`). That ends sessions which the account has already. A proof
    /// by a passkey stands for itself: the account gets none.
    #[must_use]
    pub fn proven(mut self, method: Method, ago: Duration) -> Self {
        self.proofs.push((method, ago));
        self
    }

    /// Asked to be remembered, so the session outlives the browser.
    #[must_use]
    pub fn remembered(self) -> Self {
        Self { is_remembered: true, ..self }
    }
}

impl From<&str> for Persona {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}
