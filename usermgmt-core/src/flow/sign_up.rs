//! Sign-up.
//!
//! The request is answered before anybody looks whether the address is known: it becomes one job of the outbox, the
//! same for every address. A worker then looks, and writes either to somebody who may become a user or to the owner
//! of the account that exists. The answer therefore cannot tell the two apart, by content or by time.

use serde_json::json;

use super::{Flow, Result, emails, magic_link, mailed, reset_password, usernames};
use crate::contact::Contact;
use crate::id::UserId;
use crate::model::{
    Actor, AddressPurpose, AddressRequest, AuditKind, FactorKinds, Facts, Identifier, Job, MailKind, Origin,
    PasswordCredential, Profile, SignInRecord, SignUpRequest, TokenKind, Unproven, User, UserKind, UserStatus, Version,
};
use crate::secret::Digest;
use crate::store::{ChangeSet, Write};

/// Promises to act on a request that concerns an address.
///
/// # Errors
/// Fails when the random generator fails.
pub fn request(flow: &Flow<'_>, to: Contact, browser: Digest, purpose: AddressPurpose) -> Result<ChangeSet> {
    let job = Job::AddressRequest(AddressRequest { to, browser, purpose });
    Ok(flow.changes()?.with(flow.job(job)?))
}

/// Acts on a promised request, as the worker.
///
/// # Errors
/// As the store.
pub async fn fulfil(flow: &Flow<'_>, request: &AddressRequest) -> Result<ChangeSet> {
    let known = flow.store.sign_in_record(flow.realm, request.to.kind(), request.to.canonical()).await?;
    match (&request.purpose, known) {
        (AddressPurpose::SignUp(entered), None) => sign_up(flow, request, entered).await,
        (AddressPurpose::SignUp(entered), Some(known)) if known.identifier.verified_at.is_none() => {
            sign_up_again(flow, request, entered, known).await
        }
        (AddressPurpose::SignUp(_), Some(known)) => tell_owner(flow, known),
        (AddressPurpose::Verify, Some(known)) if known.identifier.verified_at.is_none() => {
            let changes = flow.changes()?.with(flow.audit(
                AuditKind::VerificationRequested,
                Actor::Anonymous,
                known.user.id,
                json!({}),
            )?);
            let (user, locale) = (known.user.id, known.user.locale);
            if known.password.is_some_and(|password| password.is_nobodys()) {
                return magic_link::welcome(flow, changes, request, user, locale);
            }
            ask_for_proof(flow, changes, request, user, locale)
        }
        (AddressPurpose::Verify, Some(known)) => tell_owner(flow, known),
        (AddressPurpose::Verify, None) => Ok(flow.changes()?),
        (AddressPurpose::Reset, known) => reset_password::fulfil(flow, request, known).await,
        (AddressPurpose::SignIn { label }, known) => magic_link::fulfil(flow, request, label.as_deref(), known),
        (AddressPurpose::Locked, known) => tell_of_guesses(flow, known),
        (AddressPurpose::Username, known) => usernames::remind(flow, known),
        (AddressPurpose::AddEmail { user, auth_epoch, replaces_primary, needs_approval }, known) => {
            let wish = emails::Wish {
                user: *user,
                auth_epoch: *auth_epoch,
                replaces_primary: *replaces_primary,
                needs_approval: *needs_approval,
            };
            emails::fulfil(flow, request, wish, known).await
        }
    }
}

async fn sign_up(flow: &Flow<'_>, request: &AddressRequest, entered: &SignUpRequest) -> Result<ChangeSet> {
    let user = User {
        id: UserId::new(flow.random, flow.now)?,
        realm: flow.realm,
        name: entered.name.clone(),
        locale: entered.locale.clone(),
        status: if entered.held { UserStatus::Inactive } else { UserStatus::Active },
        kind: UserKind::User,
        factors: FactorKinds::NONE,
        auth_epoch: 1,
        created_at: flow.now,
        version: Version::NEW,
    };
    let identifier = flow.identifier(&request.to, user.id, None);
    let (id, locale) = (user.id, user.locale.clone());
    let mut changes = flow
        .changes()?
        .with(Write::PutUser(user))
        .with(Write::PutIdentifier(identifier))
        .with(Write::PutProfile(profile(id, entered, Version::NEW)))
        .with(Write::PutPassword(unproven_password(flow, request, entered, id, Version::NEW)))
        .with(flow.audit(AuditKind::SignedUp, Actor::Anonymous, id, json!({}))?);
    usernames::enter(flow, &mut changes, id, entered.username.as_ref()).await?;
    if entered.held {
        changes.push(flow.audit(AuditKind::SignUpHeld, Actor::Anonymous, id, json!({}))?);
    }
    first_mail(flow, changes, request, entered, id, locale)
}

/// The address was entered before and never proven: the latest entry counts. What the earlier one had begun is void.
async fn sign_up_again(
    flow: &Flow<'_>,
    request: &AddressRequest,
    entered: &SignUpRequest,
    known: SignInRecord,
) -> Result<ChangeSet> {
    let version = known.password.map_or(Version::NEW, |password| password.version);
    let shown = flow.store.profile(known.user.id).await?.map_or(Version::NEW, |profile| profile.version);
    let user = User { name: entered.name.clone(), locale: entered.locale.clone(), ..known.user };
    let identifier = Identifier { display: request.to.display().to_owned(), ..known.identifier };
    let (id, locale) = (user.id, user.locale.clone());
    let mut changes = flow
        .changes()?
        .with(Write::MoveAuthEpoch { user: id, from: user.auth_epoch })
        .with(Write::PutPassword(unproven_password(flow, request, entered, id, version)))
        .with(Write::PutProfile(profile(id, entered, shown)))
        .with(Write::PutUser(user))
        .with(Write::PutIdentifier(identifier))
        .with(flow.audit(AuditKind::VerificationRequested, Actor::Anonymous, id, json!({ "signed_up": "again" }))?);
    usernames::enter(flow, &mut changes, id, entered.username.as_ref()).await?;
    first_mail(flow, changes, request, entered, id, locale)
}

/// The mail that proves the address; in an application without passwords the one that signs in, which does so, too.
fn first_mail(
    flow: &Flow<'_>,
    changes: ChangeSet,
    request: &AddressRequest,
    entered: &SignUpRequest,
    user: UserId,
    locale: Option<String>,
) -> Result<ChangeSet> {
    if entered.passwordless {
        return magic_link::welcome(flow, changes, request, user, locale);
    }
    ask_for_proof(flow, changes, request, user, locale)
}

fn profile(user: UserId, entered: &SignUpRequest, version: Version) -> Profile {
    let Facts { own, public, private } = entered.facts.clone();
    Profile {
        own: own.into(),
        public: public.into(),
        private: private.into(),
        version,
        ..Profile::empty(user, Origin::SignUp)
    }
}

fn unproven_password(
    flow: &Flow<'_>,
    request: &AddressRequest,
    entered: &SignUpRequest,
    user: UserId,
    version: Version,
) -> PasswordCredential {
    PasswordCredential {
        user,
        hash: entered.password.clone(),
        unproven: Some(Unproven { browser: request.browser, organization: entered.organization.clone() }),
        previous: Vec::new(),
        must_change: entered.passwordless,
        changed_at: flow.now,
        version,
    }
}

pub(super) fn ask_for_proof(
    flow: &Flow<'_>,
    changes: ChangeSet,
    request: &AddressRequest,
    user: UserId,
    locale: Option<String>,
) -> Result<ChangeSet> {
    let token = flow.token(TokenKind::VerifyEmail, user, &request.to, Some(request.browser))?;
    let mail = Job::Mail { mail: MailKind::VerifyEmail, to: request.to.clone(), user, token: Some(token.id), locale };
    Ok(changes
        .with(Write::RevokeTokens { user, kind: TokenKind::VerifyEmail })
        .with(Write::PutToken(token))
        .with(flow.job(mail)?))
}

/// Somebody guesses the password: strange devices must wait, the owner is told and can come in by a reset.
fn tell_of_guesses(flow: &Flow<'_>, known: Option<SignInRecord>) -> Result<ChangeSet> {
    let mut changes = flow.changes()?;
    let active =
        |known: &SignInRecord| known.user.status == UserStatus::Active && known.identifier.verified_at.is_some();
    if let Some(known) = known.filter(active)
        && let Some(to) = mailed::recipient(&known.identifier)
    {
        changes.push(flow.audit(AuditKind::PasswordGuessed, Actor::Anonymous, known.user.id, json!({}))?);
        mailed::write_to(flow, &mut changes, MailKind::AccountLocked, &known.user, to, None)?;
    }
    Ok(changes)
}

/// Writes to the stored address, never to the one that was typed.
fn tell_owner(flow: &Flow<'_>, known: SignInRecord) -> Result<ChangeSet> {
    let user = known.user.id;
    let Some(to) = mailed::recipient(&known.identifier) else { return Ok(flow.changes()?) };
    let mail = Job::Mail { mail: MailKind::AlreadyRegistered, to, user, token: None, locale: known.user.locale };
    Ok(flow.changes()?.with(flow.job(mail)?).with(flow.audit(
        AuditKind::SignUpRepeated,
        Actor::Anonymous,
        user,
        json!({}),
    )?))
}
