//! Users, by direct call: made, found, listed.

use std::sync::Arc;

use serde_json::json;
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Check, Error, FieldError, Refused};
use usermgmt_core::flow::{Flow, usernames};
use usermgmt_core::id::UserId;
use usermgmt_core::model::{
    Actor, AuditKind, FactorKinds, Origin, PasswordCredential, Profile, SignInRecord, User, UserFilter, UserKind,
    UserStatus, Version,
};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::password::{Password, PasswordHash};
use usermgmt_core::proof::{Principal, StepUp};
use usermgmt_core::store::{ChangeSet, StoreErrorKind, UniqueKey, Write};
use usermgmt_core::text;
use usermgmt_core::username::Username;

use crate::UserMgmt;
use crate::client::Client;
use crate::sign_up::Secret;
use crate::usernames::given;

/// Calls with authority over every account: the application's own ([`UserMgmt::users`]), or that of an administrator
/// ([`UserMgmt::users_as`]).
#[derive(Clone, Debug)]
pub struct Users<'a> {
    pub(crate) auth: &'a UserMgmt,
    authority: Authority,
}

/// By what a new user signs in.
#[derive(Clone, Copy)]
enum Named<'a> {
    /// By this address or number; whether somebody vouches that it is theirs.
    Contact(&'a Contact, bool),
    /// By this username alone.
    Username(&'a Username),
}

impl Named<'_> {
    const fn field(self) -> &'static str {
        match self {
            Self::Contact(..) => "email",
            Self::Username(_) => "username",
        }
    }
}

/// On whose authority.
#[derive(Clone, Debug)]
enum Authority {
    /// The application's own code, for this reason.
    Application(String),
    /// A signed-in administrator, whose authority is checked again in every commit.
    Admin(Arc<Principal>),
}

/// A user to be made by the application.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// E-mail address, or a phone number where there are such.
    pub email: &'a str,
    /// Name.
    pub name: &'a str,
    /// Password, if the user gets one now.
    pub password: Option<Secret<'a>>,
    /// Whether the application vouches that the address is the user's.
    pub email_is_verified: bool,
}

/// A user to be made by the application who has no e-mail address: the username is all there is to sign in by, and
/// nothing is ever mailed. Whoever forgets the password needs another one from somebody with authority.
#[derive(Clone, Debug)]
pub struct UserWithoutEmail<'a> {
    /// Username; a reserved one may be given.
    pub username: &'a str,
    /// Name.
    pub name: &'a str,
    /// Password.
    pub password: Secret<'a>,
    /// Whether it leads to one of the user's own at the first sign-in.
    pub must_change: bool,
}

/// A user of another system, to be taken over with the password's hash.
#[cfg(feature = "imported-hashes")]
#[derive(Clone, Debug)]
pub struct ImportedUser<'a> {
    /// E-mail address, or a phone number where there are such.
    pub email: &'a str,
    /// Name.
    pub name: &'a str,
    /// Whether the other system has seen proof that the address is the user's. It must be proven at the first sign-in
    /// otherwise.
    pub email_is_verified: bool,
    /// The hash.
    pub hash: &'a crate::ImportedHash,
}

impl UserMgmt {
    /// Users, with the authority of the application itself. The reason stands in every audit event that follows.
    #[must_use]
    pub fn users(&self, reason: impl Into<String>) -> Users<'_> {
        Users { auth: self, authority: Authority::Application(reason.into()) }
    }

    /// Users, with the authority of an administrator who has just proven who they are. Their events name them, and
    /// nothing is written once their own authority has ended.
    ///
    /// # Errors
    /// [`Refused::PermissionMissing`] for anybody else; [`Refused::StepUpRequired`] for a proof of another session.
    pub fn users_as(&self, admin: &Arc<Principal>, fresh: &StepUp) -> Result<Users<'_>, Refused> {
        if admin.kind() != UserKind::Admin {
            return Err(Refused::PermissionMissing("user:manage"));
        }
        if fresh.principal().session() != admin.session() {
            return Err(Refused::StepUpRequired(admin.step_up_methods()));
        }
        Ok(Users { auth: self, authority: Authority::Admin(admin.clone()) })
    }
}

impl Users<'_> {
    pub(crate) fn actor(&self) -> Actor {
        match &self.authority {
            Authority::Application(reason) => Actor::System { reason: reason.clone() },
            Authority::Admin(admin) => Actor::User { user: admin.user(), session: Some(admin.session()) },
        }
    }

    /// How accounts that are made here came to be.
    const fn origin(&self) -> Origin {
        match self.authority {
            Authority::Application(_) => Origin::Application,
            Authority::Admin(_) => Origin::Admin,
        }
    }

    /// An empty change set with the authority in it.
    pub(crate) fn changes(&self, flow: &Flow<'_>) -> Result<ChangeSet, Error> {
        let changes = flow.changes()?;
        Ok(match &self.authority {
            Authority::Application(_) => changes,
            Authority::Admin(admin) => changes.with(Write::StillAuthorised(admin.authority())),
        })
    }

    /// Administrators do not lock themselves out.
    pub(crate) fn ensure_other(&self, user: UserId) -> Result<(), Refused> {
        match &self.authority {
            Authority::Admin(admin) if admin.user() == user => Err(Refused::PermissionMissing("user:manage")),
            _ => Ok(()),
        }
    }

    /// Makes a user.
    ///
    /// # Errors
    /// Invalid fields; `email` with the code `taken` if it belongs to a user already; or an outage.
    pub async fn create(&self, input: NewUser<'_>) -> Result<UserId, Error> {
        let mut check = Check::default();
        let contact = check.take(self.auth.contact("email", input.email));
        let name = check.take(text::name("name", input.name));
        let password = input.password.map(|text| Password::new(text.0)).transpose();
        let password = check.take(password.map_err(|error| FieldError::password("password", error))).flatten();
        check.end()?;
        let (Some(contact), Some(name)) = (contact, name) else {
            return Err(FieldError::new("email", FieldError::REQUIRED).into());
        };
        if let Some(password) = &password {
            self.auth.check_new_password("password", password, Some(&contact), &name, &[], FactorKinds::NONE).await?;
        }
        let hash = match &password {
            Some(password) => Some(self.auth.hasher().hash(password).await?),
            None => None,
        };
        self.insert(Named::Contact(&contact, input.email_is_verified), name, hash, false).await
    }

    /// Makes a user who has no e-mail address.
    ///
    /// # Errors
    /// Invalid fields; `username` with the code `taken` if it belongs to a user already; [`Refused::NotFound`] where there
    /// are no usernames; or an outage.
    pub async fn create_without_email(&self, input: UserWithoutEmail<'_>) -> Result<UserId, Error> {
        if !self.auth.settings().usernames.is_on() {
            return Err(Refused::NotFound.into());
        }
        let mut check = Check::default();
        let username = check.take(given(input.username));
        let name = check.take(text::name("name", input.name));
        let password = Password::new(input.password.0).map_err(|error| FieldError::password("password", error));
        let password = check.take(password);
        check.end()?;
        let (Some(username), Some(name), Some(password)) = (username, name, password) else {
            return Err(FieldError::new("username", FieldError::REQUIRED).into());
        };
        let names = format!("{name} {}", username.canonical());
        self.auth.check_new_password("password", &password, None, &names, &[], FactorKinds::NONE).await?;
        let hash = self.auth.hasher().hash(&password).await?;
        self.insert(Named::Username(&username), name, Some(hash), input.must_change).await
    }

    /// Takes over a user of another system with the hash of the password, which need not be known: who enters it signs
    /// in, and from then on it is hashed as everybody else's.
    ///
    /// # Errors
    /// Invalid fields; `email` with the code `taken` if it belongs to a user already; or an outage.
    #[cfg(feature = "imported-hashes")]
    pub async fn import(&self, input: ImportedUser<'_>) -> Result<UserId, Error> {
        let mut check = Check::default();
        let contact = check.take(self.auth.contact("email", input.email));
        let name = check.take(text::name("name", input.name));
        check.end()?;
        let (Some(contact), Some(name)) = (contact, name) else {
            return Err(FieldError::new("email", FieldError::REQUIRED).into());
        };
        let stored = match input.hash.to_be_hashed() {
            Some((digest, beginning)) => {
                let digest = Password::new(digest).map_err(|error| FieldError::password("hash", error))?;
                format!("{beginning}{}", self.auth.hasher().hash(&digest).await?.expose())
            }
            None => input.hash.stored().unwrap_or_default().to_owned(),
        };
        let hash = PasswordHash::from_phc(stored);
        self.insert(Named::Contact(&contact, input.email_is_verified), name, Some(hash), false).await
    }

    async fn insert(
        &self,
        named: Named<'_>,
        name: String,
        hash: Option<PasswordHash>,
        must_change: bool,
    ) -> Result<UserId, Error> {
        let client = Client::default();
        let flow = self.auth.flow(&client);
        let id = UserId::new(flow.random, flow.now)?;
        let mut changes = self.changes(&flow)?;
        changes.push(Write::PutUser(User {
            id,
            realm: flow.realm,
            name,
            locale: None,
            status: UserStatus::Active,
            kind: UserKind::User,
            factors: FactorKinds::NONE,
            auth_epoch: 1,
            created_at: flow.now,
            version: Version::NEW,
        }));
        match named {
            Named::Username(name) => {
                usernames::give(&flow, &mut changes, id, name).await?;
            }
            Named::Contact(contact, is_verified) => {
                changes.push(Write::PutIdentifier(flow.identifier(contact, id, is_verified.then_some(flow.now))))
            }
        }
        if let Some(hash) = hash {
            changes.push(Write::PutPassword(PasswordCredential {
                user: id,
                hash,
                unproven: None,
                previous: Vec::new(),
                must_change,
                changed_at: flow.now,
                version: Version::NEW,
            }));
        }
        changes.push(Write::PutProfile(Profile::empty(id, self.origin())));
        changes.push(flow.audit(AuditKind::SignedUp, self.actor(), id, json!({}))?);
        match self.auth.commit_raw(changes).await {
            Ok(_) => Ok(id),
            Err(error) if error.kind() == StoreErrorKind::Duplicate(UniqueKey::Identifier) => {
                Err(FieldError::new(named.field(), FieldError::TAKEN).into())
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

    /// The users among these ids, by id; nobody for an id that is nobody's.
    ///
    /// # Errors
    /// An outage.
    pub async fn among(&self, ids: &[UserId]) -> Result<Vec<User>, Error> {
        Ok(self.auth.store().users_among(self.auth.realm(), ids).await?)
    }

    /// The user behind an e-mail address, or behind a phone number where there are such, however it is written.
    ///
    /// # Errors
    /// An invalid `email`, [`Refused::NotFound`], or an outage.
    pub async fn by_email(&self, email: &str) -> Result<SignInRecord, Error> {
        let contact = self.auth.contact("email", email)?;
        let found = self.auth.store().sign_in_record(self.auth.realm(), contact.kind(), contact.canonical()).await?;
        Ok(found.ok_or(Refused::NotFound)?)
    }

    /// The users, by id.
    ///
    /// # Errors
    /// An outage.
    pub async fn list(&self, filter: &UserFilter, page: PageRequest<UserId>) -> Result<Page<User, UserId>, Error> {
        Ok(self.auth.store().users(self.auth.realm(), filter, page).await?)
    }
}
