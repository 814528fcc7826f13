//! Users, by direct call and with the application's own authority.

use serde_json::json;
use usermgmt_core::address::{CANONICAL_VERSION, EmailAddress};
use usermgmt_core::error::{Check, Error, FieldError, Refused};
use usermgmt_core::id::UserId;
use usermgmt_core::model::{
    Actor, AuditKind, Identifier, IdentifierKind, PasswordCredential, SignInRecord, User, UserFilter, UserKind, UserStatus, Version,
};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::password::Password;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};
use usermgmt_core::text;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::sign_up::Secret;

/// Calls of the application's own code, with all authority; see [`UserMgmt::users`].
#[derive(Clone, Debug)]
pub struct Users<'a> {
    auth: &'a UserMgmt,
    reason: String,
}

/// A user to be made by the application.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// E-mail address.
    pub email: &'a str,
    /// Name.
    pub name: &'a str,
    /// Password, if the user gets one now.
    pub password: Option<Secret<'a>>,
    /// Whether the application vouches that the address is the user's.
    pub email_is_verified: bool,
}

impl UserMgmt {
    /// Users, with the authority of the application itself. The reason stands in every audit event that follows.
    #[must_use]
    pub fn users(&self, reason: impl Into<String>) -> Users<'_> {
        Users { auth: self, reason: reason.into() }
    }
}

impl Users<'_> {
    fn actor(&self) -> Actor {
        Actor::System { reason: self.reason.clone() }
    }

    /// Makes a user.
    ///
    /// # Errors
    /// Invalid fields; `email` with the code `taken` if it belongs to a user already; or an outage.
    pub async fn create(&self, input: NewUser<'_>) -> Result<UserId, Error> {
        let mut check = Check::default();
        let email = check.take(EmailAddress::parse(input.email).map_err(|error| FieldError::email("email", error)));
        let name = check.take(text::name("name", input.name));
        let password = input.password.map(|text| Password::new(text.0)).transpose();
        let password = check.take(password.map_err(|error| FieldError::password("password", error))).flatten();
        if let (Some(email), Some(name), Some(password)) = (&email, &name, &password) {
            let checked = self.auth.settings().password_rules.check(password, email, name);
            check.take(checked.map_err(|error| FieldError::password("password", error)));
        }
        check.end()?;
        let (Some(email), Some(name)) = (email, name) else {
            return Err(FieldError::new("email", FieldError::REQUIRED).into());
        };
        let hash = match &password {
            Some(password) => Some(self.auth.hasher().hash(password).await?),
            None => None,
        };
        let client = Client::default();
        let flow = self.auth.flow(&client);
        let id = UserId::new(flow.random, flow.now)?;
        let mut changes = flow.changes()?;
        changes.push(Write::PutUser(User {
            id,
            realm: flow.realm,
            name,
            locale: None,
            status: UserStatus::Active,
            kind: UserKind::User,
            auth_epoch: 1,
            created_at: flow.now,
            version: Version::NEW,
        }));
        changes.push(Write::PutIdentifier(Identifier {
            realm: flow.realm,
            kind: IdentifierKind::Email,
            canonical: email.canonical().to_owned(),
            display: email.display().to_owned(),
            canonical_version: CANONICAL_VERSION,
            user: id,
            primary: true,
            verified_at: input.email_is_verified.then_some(flow.now),
            undeliverable_at: None,
            created_at: flow.now,
            version: Version::NEW,
        }));
        if let Some(hash) = hash {
            changes.push(Write::PutPassword(PasswordCredential {
                user: id,
                hash,
                unproven: None,
                previous: Vec::new(),
                must_change: false,
                changed_at: flow.now,
                version: Version::NEW,
            }));
        }
        changes.push(flow.audit(AuditKind::SignedUp, self.actor(), id, json!({}))?);
        match self.auth.commit_raw(changes).await {
            Ok(_) => Ok(id),
            Err(error) if error.kind() == StoreErrorKind::Duplicate(UniqueKey::Identifier) => {
                Err(FieldError::new("email", FieldError::TAKEN).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A user.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or an outage.
    pub async fn get(&self, id: UserId) -> Result<User, Error> {
        Ok(self.auth.store().user(self.auth.realm(), id).await?.ok_or(Refused::NotFound)?)
    }

    /// The user behind an e-mail address, however it is written.
    ///
    /// # Errors
    /// An invalid `email`, [`Refused::NotFound`], or an outage.
    pub async fn by_email(&self, email: &str) -> Result<SignInRecord, Error> {
        let email = EmailAddress::parse(email).map_err(|error| FieldError::email("email", error))?;
        let found =
            self.auth.store().sign_in_record(self.auth.realm(), IdentifierKind::Email, email.canonical()).await?;
        Ok(found.ok_or(Refused::NotFound)?)
    }

    /// The users, by id.
    ///
    /// # Errors
    /// An outage.
    pub async fn list(&self, filter: &UserFilter, page: PageRequest<UserId>) -> Result<Page<User, UserId>, Error> {
        Ok(self.auth.store().users(self.auth.realm(), filter, page).await?)
    }

    /// Gives a user another name.
    ///
    /// # Errors
    /// An invalid `name`, [`Refused::NotFound`], or an outage.
    pub async fn rename(&self, id: UserId, name: &str) -> Result<(), Error> {
        let name = text::name("name", name)?;
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            let user = self.get(id).await?;
            let detail = json!({ "name": true });
            let audit = flow.audit(AuditKind::UserUpdated, self.actor(), id, detail)?;
            (flow.changes()?.with(Write::PutUser(User { name: name.clone(), ..user })).with(audit), ())
        })
    }

    /// Changes whether a user may use the system. Everything the user is signed in with ends with it, at the next
    /// request.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or an outage.
    pub async fn set_status(&self, id: UserId, status: UserStatus) -> Result<(), Error> {
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            let user = self.get(id).await?;
            let detail = json!({ "from": user.status.as_str(), "to": status.as_str() });
            let audit = flow.audit(AuditKind::UserStatusChanged, self.actor(), id, detail)?;
            let moved = Write::MoveAuthEpoch { user: id, from: user.auth_epoch };
            (flow.changes()?.with(Write::PutUser(User { status, ..user })).with(moved).with(audit), ())
        })
    }
}
