//! Users, by direct call: what an administrator or the application changes about them.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::address::EmailAddress;
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Check, Error, FieldError, Refused};
use usermgmt_core::flow::{emails, mailed, reset_password};
use usermgmt_core::id::UserId;
use usermgmt_core::model::{
    AuditKind, IdentifierKind, Job, MailKind, Origin, PasswordCredential, Profile, TokenKind, User, UserKind,
    UserStatus,
};
use usermgmt_core::password::Password;
use usermgmt_core::store::Write;
use usermgmt_core::text;

use crate::client::Client;
use crate::commit::committing;
use crate::profile::ProfileChange;
use crate::sign_up::Secret;
use crate::users::Users;

/// Metadata that the application writes; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// Seen by everybody who sees the user: a JSON object of at most 16 KiB.
    pub public: Option<Value>,
    /// Seen by no client, ever: a JSON object of at most 16 KiB.
    pub private: Option<Value>,
}

/// What support can help back to.
struct Reset {
    token: TokenKind,
    notice: MailKind,
    mail: MailKind,
    audit: AuditKind,
}

impl Users<'_> {
    /// The profile of a user, private metadata included.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or an outage.
    pub async fn profile(&self, id: UserId) -> Result<Profile, Error> {
        self.get(id).await?;
        let profile = self.auth.store().profile(id).await?;
        Ok(profile.unwrap_or_else(|| Profile::empty(id, Origin::SignUp)))
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
            let audit = flow.audit(AuditKind::UserUpdated, self.actor(), id, json!({ "name": true }))?;
            (self.changes(&flow)?.with(Write::PutUser(User { name: name.clone(), ..user })).with(audit), ())
        })
    }

    /// Changes the profile of a user.
    ///
    /// # Errors
    /// Invalid fields, [`Refused::NotFound`], or an outage.
    pub async fn change_profile(&self, id: UserId, change: ProfileChange<'_>) -> Result<(), Error> {
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            let (user, profile) = (self.get(id).await?, self.profile(id).await?);
            let (user, profile) = self.auth.changed(user, profile, &change)?;
            let audit = flow.audit(AuditKind::UserUpdated, self.actor(), id, json!({}))?;
            let changes = self.changes(&flow)?.with(Write::PutUser(user)).with(Write::PutProfile(profile));
            (changes.with(audit), ())
        })
    }

    /// Writes the metadata of a user.
    ///
    /// # Errors
    /// Invalid fields (`public`, `private`), [`Refused::NotFound`], or an outage.
    pub async fn set_metadata(&self, id: UserId, change: Metadata) -> Result<(), Error> {
        let mut check = Check::default();
        let public = change.public.map(|value| text::object("public", value)).transpose();
        let public = check.take(public).flatten();
        let private = change.private.map(|value| text::object("private", value)).transpose();
        let private = check.take(private).flatten();
        check.end()?;
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            let profile = self.profile(id).await?;
            let profile = Profile {
                public: public.clone().unwrap_or_else(|| profile.public.clone()),
                private: private.clone().unwrap_or_else(|| profile.private.clone()),
                ..profile
            };
            let detail = json!({ "public": public.is_some(), "private": private.is_some() });
            let audit = flow.audit(AuditKind::UserUpdated, self.actor(), id, detail)?;
            (self.changes(&flow)?.with(Write::PutProfile(profile)).with(audit), ())
        })
    }

    /// Changes whether a user may use the system. Everything the user is signed in with ends with it, at the next
    /// request.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::PermissionMissing`] for the administrator's own account, or an outage.
    pub async fn set_status(&self, id: UserId, status: UserStatus) -> Result<(), Error> {
        self.ensure_other(id)?;
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            let user = self.get(id).await?;
            let detail = json!({ "from": user.status.as_str(), "to": status.as_str() });
            let audit = flow.audit(AuditKind::UserStatusChanged, self.actor(), id, detail)?;
            let moved = Write::MoveAuthEpoch { user: id, from: user.auth_epoch };
            let mut changes =
                self.changes(&flow)?.with(Write::PutUser(User { status, ..user })).with(moved).with(audit);
            // What was mailed before does not bring an account back, nor act on one that came back.
            TokenKind::ALL.iter().for_each(|kind| changes.push(Write::RevokeTokens { user: id, kind: *kind }));
            (changes, ())
        })
    }

    /// Changes what a user may do in the application as a whole. What the user is signed in with ends, so that nothing
    /// goes on with the rights of before.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::PermissionMissing`] for the administrator's own account, or an outage.
    pub async fn set_kind(&self, id: UserId, kind: UserKind) -> Result<(), Error> {
        self.ensure_other(id)?;
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            let user = self.get(id).await?;
            let detail = json!({ "from": user.kind.as_str(), "to": kind.as_str() });
            let audit = flow.audit(AuditKind::UserKindChanged, self.actor(), id, detail)?;
            let moved = Write::MoveAuthEpoch { user: id, from: user.auth_epoch };
            (self.changes(&flow)?.with(Write::PutUser(User { kind, ..user })).with(moved).with(audit), ())
        })
    }

    /// Gives a user a password that leads to a new one at the next sign-in. Everything that was begun with the former
    /// one ends.
    ///
    /// # Errors
    /// An invalid `password`, [`Refused::NotFound`], or an outage.
    pub async fn set_temporary_password(&self, id: UserId, password: Secret<'_>) -> Result<(), Error> {
        let password = Password::new(password.0).map_err(|error| FieldError::password("password", error))?;
        let (user, all) = {
            let client = Client::default();
            (self.get(id).await?, mailed::contacts(&self.auth.flow(&client), id).await?)
        };
        let contact = all.iter().find_map(Contact::of);
        self.auth.check_new_password("password", &password, contact.as_ref(), &user.name, &[], user.factors).await?;
        let hash = self.auth.hasher().hash(&password).await?;
        let client = Client::default();
        let history = self.auth.settings().password_rules.history;
        committing!(self.auth, &client, |flow| {
            let user = self.get(id).await?;
            let former = self.auth.store().password(id).await?;
            let renewed = reset_password::renewed(&flow, &user, former.as_ref(), hash.clone(), history);
            let audit = flow.audit(AuditKind::TemporaryPasswordSet, self.actor(), id, json!({}))?;
            let mut changes = self
                .changes(&flow)?
                .with(Write::PutPassword(PasswordCredential { must_change: true, ..renewed }))
                .with(Write::PutUser(user.clone()))
                .with(Write::MoveAuthEpoch { user: id, from: user.auth_epoch })
                .with(audit);
            for kind in reset_password::ENDED {
                changes.push(Write::RevokeTokens { user: id, kind });
            }
            (changes, ())
        })
    }

    /// Demands a new password at the next sign-in: the present one is known to others. Ends nothing.
    ///
    /// # Errors
    /// [`Refused::NotFound`] also for a user without a password, or an outage.
    pub async fn require_new_password(&self, id: UserId) -> Result<(), Error> {
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            self.get(id).await?;
            let password = self.auth.store().password(id).await?.ok_or(Refused::NotFound)?;
            let detail = json!({ "must_change_password": true });
            let audit = flow.audit(AuditKind::UserUpdated, self.actor(), id, detail)?;
            let write = Write::PutPassword(PasswordCredential { must_change: true, ..password });
            (self.changes(&flow)?.with(write).with(audit), ())
        })
    }

    /// Begins a reset for somebody who has asked support for help. All their addresses are told at once, with a link to
    /// stop it; the mail that sets a new password goes to the primary one after `wait`, a day by default.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for a user without a proven address or one who may not use the account; an invalid `wait`;
    /// or an outage.
    pub async fn begin_reset(&self, id: UserId, wait: Option<Duration>) -> Result<(), Error> {
        const PASSWORD: Reset = Reset {
            token: TokenKind::ResetPassword,
            notice: MailKind::SupportReset,
            mail: MailKind::ResetPassword,
            audit: AuditKind::SupportResetBegun,
        };
        self.auth.settings().passwords()?;
        self.begin_reset_of(&PASSWORD, id, wait).await
    }

    /// Begins to remove the second factors of somebody who has lost them all, recovery codes included. It goes as
    /// [`begin_reset`](Self::begin_reset) goes: all addresses are told at once, with a link to stop it, and after `wait`
    /// the primary one gets a link that removes them. The password is still asked for after that.
    ///
    /// # Errors
    /// As [`begin_reset`](Self::begin_reset), and [`Refused::NotFound`] for a user without a second factor.
    pub async fn begin_factor_reset(&self, id: UserId, wait: Option<Duration>) -> Result<(), Error> {
        const FACTORS: Reset = Reset {
            token: TokenKind::RemoveFactors,
            notice: MailKind::FactorResetBegun,
            mail: MailKind::RemoveFactors,
            audit: AuditKind::FactorResetBegun,
        };
        if !self.get(id).await?.factors.has_second() {
            return Err(Refused::NotFound.into());
        }
        self.begin_reset_of(&FACTORS, id, wait).await
    }

    async fn begin_reset_of(&self, reset: &Reset, id: UserId, wait: Option<Duration>) -> Result<(), Error> {
        let wait = wait.unwrap_or(usermgmt_core::limits::SUPPORT_RESET_WAIT);
        if wait.is_negative() || wait > Duration::days(30) {
            return Err(FieldError::new("wait", FieldError::MALFORMED).into());
        }
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            let user = self.get(id).await?;
            let all = mailed::contacts(&flow, id).await?;
            let primary =
                mailed::primary(&all).filter(|_| user.status == UserStatus::Active).ok_or(Refused::NotFound)?;
            let to = mailed::recipient(primary).ok_or(Refused::NotFound)?;
            let mut changes = self.changes(&flow)?.with(Write::RevokeTokens { user: id, kind: reset.token });
            mailed::notify(&flow, &mut changes, reset.notice, &user, primary).await?;
            let others = all.iter().filter(|other| other.canonical != primary.canonical && other.verified_at.is_some());
            for other in others {
                if let Some(other) = mailed::recipient(other) {
                    mailed::write_to(&flow, &mut changes, reset.notice, &user, other, None)?;
                }
            }
            let mut token = flow.token(reset.token, id, &to, None)?;
            token.expires_at += wait;
            let (mail, locale) = (reset.mail, user.locale.clone());
            let job = Job::Mail { mail, to, user: id, token: Some(token.id), locale };
            changes.push(flow.job_at(job, flow.now + wait)?);
            changes.push(Write::PutToken(token));
            let detail = json!({ "wait_seconds": wait.whole_seconds() });
            changes.push(flow.audit(reset.audit, self.actor(), id, detail)?);
            (changes, ())
        })
    }

    /// Takes note that mail to an address comes back: nothing is sent to it any more, until it is proven again. An
    /// address that nobody has is no error.
    ///
    /// # Errors
    /// An invalid `email`, or an outage.
    pub async fn mark_undeliverable(&self, email: &str) -> Result<(), Error> {
        let email = EmailAddress::parse(email).map_err(|error| FieldError::email("email", error))?;
        let client = Client::default();
        let (store, realm) = (self.auth.store(), self.auth.realm());
        committing!(self.auth, &client, |flow| {
            let known = store.sign_in_record(realm, IdentifierKind::Email, email.canonical()).await?;
            let Some(known) = known else { return Ok(()) };
            let changes = emails::plan_bounce(&flow, self.changes(&flow)?, &known, self.actor())?;
            let Some(changes) = changes else { return Ok(()) };
            (changes, ())
        })
    }

    /// Makes the user behind this address an administrator: how the first one comes to be.
    ///
    /// # Errors
    /// An invalid `email`, [`Refused::NotFound`] also while the address is not proven, or an outage.
    pub async fn appoint_admin(&self, email: &str) -> Result<UserId, Error> {
        let known = self.by_email(email).await?;
        if known.identifier.verified_at.is_none() {
            return Err(Refused::NotFound.into());
        }
        self.set_kind(known.user.id, UserKind::Admin).await?;
        Ok(known.user.id)
    }
}
