//! Usernames of an account: entered at sign-up, proven with the address, chosen or changed later.
//!
//! A name that was entered at sign-up stands with the account and binds nobody until the address is proven: an account
//! that was never proven keeps no name from anybody, so whether a sign-up has made one cannot be told by its name. Names
//! of before stay with their account for a while: nobody takes them to pass for its holder.

use std::collections::BTreeMap;

use serde_json::json;
use time::OffsetDateTime;

use super::{Flow, Result, mailed};
use crate::error::FieldError;
use crate::id::UserId;
use crate::limits::USERNAMES_PER_USER;
use crate::model::{
    Actor, AddressRequest, AuditKind, Identifier, IdentifierKind, MailKind, NameRequest, SignInRecord, User,
    UserStatus, Version,
};
use crate::secret::Digest;
use crate::store::{ChangeSet, Write};
use crate::username::{CANONICAL_VERSION, Username};

/// The rows of usernames that a user has, each with its look.
///
/// # Errors
/// As the store.
pub async fn of(flow: &Flow<'_>, user: UserId) -> Result<Vec<Identifier>> {
    let mut all = flow.store.identifiers(user).await?;
    all.retain(|row| matches!(row.kind, IdentifierKind::Username | IdentifierKind::UsernameLook));
    Ok(all)
}

/// The username that is in force.
#[must_use]
pub fn present(rows: &[Identifier]) -> Option<&Identifier> {
    names(rows).find(|row| row.primary && row.verified_at.is_some())
}

/// The username that waits for the proof of the address, and the browser that has entered it.
pub(super) fn entered<'a>(rows: &'a [Identifier], record: &SignInRecord) -> Option<(&'a Identifier, Digest)> {
    let setter = record.password.as_ref().and_then(|password| password.unproven.as_ref())?;
    names(rows).find(|row| row.verified_at.is_none()).map(|row| (row, setter.browser))
}

fn names(rows: &[Identifier]) -> impl Iterator<Item = &Identifier> {
    rows.iter().filter(|row| row.kind == IdentifierKind::Username)
}

/// The keys of a name: itself and its look.
fn keys(name: &Username) -> [(IdentifierKind, String); 2] {
    [(IdentifierKind::Username, name.canonical().to_owned()), (IdentifierKind::UsernameLook, name.look())]
}

/// Whether the name, or one that looks the same, belongs to somebody else than `user`.
///
/// # Errors
/// As the store.
pub async fn is_taken(flow: &Flow<'_>, name: &Username, user: Option<UserId>) -> Result<bool> {
    let mut nothing = flow.changes()?;
    Ok(!claim(flow, &mut nothing, name, user).await?)
}

/// Takes a name from accounts that have entered it and never proven their address; `false` if it belongs to somebody.
async fn claim(flow: &Flow<'_>, changes: &mut ChangeSet, name: &Username, user: Option<UserId>) -> Result<bool> {
    let mut freed = Vec::new();
    for (kind, canonical) in keys(name) {
        let known = flow.store.sign_in_record(flow.realm, kind, &canonical).await?;
        let Some(known) = known.filter(|known| Some(known.user.id) != user) else { continue };
        if known.identifier.verified_at.is_some() {
            return Ok(false);
        }
        // Name and look go together, whichever of them was met.
        let rows = of(flow, known.user.id).await?;
        freed.extend(
            rows.into_iter().filter(|row| row.verified_at.is_none() && !freed.contains(row)).collect::<Vec<_>>(),
        );
    }
    freed.iter().for_each(|row| changes.push(delete(row)));
    Ok(true)
}

/// Puts the name that was entered at sign-up beside the account, in the place of one that was entered before.
///
/// # Errors
/// As the store.
pub(super) async fn enter(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    user: UserId,
    name: Option<&Username>,
) -> Result<()> {
    let own = of(flow, user).await?;
    if present(&own).is_some() {
        return Ok(());
    }
    // It was kept for this sign-up; should it belong to somebody all the same, the account goes on without one.
    let name = match name {
        Some(name) if claim(flow, changes, name, Some(user)).await? => Some(name),
        _ => None,
    };
    let wanted = name.map(|name| row(flow, user, name, None));
    arrange(changes, own, wanted.into_iter().collect());
    Ok(())
}

/// With the address its holder has proven the name that was entered with it, if it was entered in the same browser.
/// Whoever entered it elsewhere may be somebody else.
pub(super) fn prove(flow: &Flow<'_>, changes: &mut ChangeSet, rows: &[Identifier], same_browser: bool) {
    for row in rows.iter().filter(|row| row.verified_at.is_none()) {
        changes.push(match same_browser {
            true => Write::PutIdentifier(Identifier { verified_at: Some(flow.now), ..row.clone() }),
            false => delete(row),
        });
    }
}

/// Adds a name to what is written about an account; answers whether it takes the place of another one. That one stays
/// with the account, as do those before it, up to [`USERNAMES_PER_USER`] in all.
///
/// # Errors
/// The field `username` with the code `taken`, or as the store.
pub async fn give(flow: &Flow<'_>, changes: &mut ChangeSet, user: UserId, name: &Username) -> Result<bool> {
    if !claim(flow, changes, name, Some(user)).await? {
        return Err(FieldError::new("username", FieldError::TAKEN).into());
    }
    let own = of(flow, user).await?;
    let is_change = present(&own).is_some();
    let mut kept: Vec<_> = names(&own).filter(|row| row.verified_at.is_some()).cloned().collect();
    kept.sort_by_key(|row| std::cmp::Reverse((row.primary, row.created_at)));
    let former = kept.into_iter().filter(|row| row.canonical != name.canonical()).take(USERNAMES_PER_USER - 1);
    let former = former.map(|row| Identifier { primary: false, ..row });
    arrange(changes, own, std::iter::once(row(flow, user, name, Some(flow.now))).chain(former).collect());
    Ok(is_change)
}

/// Works out the name that somebody chooses, or is given. The owner is told, with a link to undo it.
///
/// # Errors
/// The field `username` with the code `taken`, or as the store.
pub async fn plan_choice(
    flow: &Flow<'_>,
    mut changes: ChangeSet,
    actor: Actor,
    user: &User,
    name: &Username,
) -> Result<ChangeSet> {
    let is_change = give(flow, &mut changes, user.id, name).await?;
    mailed::meet(&mut changes, user);
    changes.push(flow.audit(AuditKind::UsernameSet, actor, user.id, json!({ "changed": is_change }))?);
    if let Some(primary) = mailed::primary(&mailed::contacts(flow, user.id).await?) {
        mailed::notify(flow, &mut changes, MailKind::UsernameChanged, user, primary).await?;
    }
    Ok(changes)
}

/// Takes all names from an account.
///
/// # Errors
/// As the store.
pub async fn plan_removal(flow: &Flow<'_>, mut changes: ChangeSet, actor: Actor, user: &User) -> Result<ChangeSet> {
    arrange(&mut changes, of(flow, user.id).await?, Vec::new());
    mailed::meet(&mut changes, user);
    changes.push(flow.audit(AuditKind::UsernameRemoved, actor, user.id, json!({}))?);
    Ok(changes)
}

/// Takes the names that came since a time from an account; the latest of the others is in force again.
pub(super) async fn undo_since(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    user: UserId,
    since: OffsetDateTime,
) -> Result<()> {
    let own = of(flow, user).await?;
    let mut kept: Vec<_> = names(&own).filter(|row| row.created_at < since).cloned().collect();
    kept.sort_by_key(|row| std::cmp::Reverse((row.primary, row.created_at)));
    let wanted = kept.into_iter().enumerate().map(|(place, row)| Identifier { primary: place == 0, ..row });
    arrange(changes, own, wanted.collect());
    Ok(())
}

/// Says by mail which name the account has, as the worker. Nothing to an address that is nobody's, or not proven.
///
/// # Errors
/// Fails when the random generator fails.
pub(super) fn remind(flow: &Flow<'_>, known: Option<SignInRecord>) -> Result<ChangeSet> {
    let mut changes = flow.changes()?;
    let may = |known: &SignInRecord| known.user.status == UserStatus::Active && known.identifier.verified_at.is_some();
    if let Some(SignInRecord { identifier, user, .. }) = known.filter(may)
        && let Some(to) = mailed::recipient(&identifier)
    {
        changes.push(flow.audit(AuditKind::UsernameRequested, Actor::Anonymous, user.id, json!({}))?);
        mailed::write_to(flow, &mut changes, MailKind::ForgottenUsername, &user, to, None)?;
    }
    Ok(changes)
}

/// Whose address a request by name concerns, as the worker: the primary one of whoever has the name.
///
/// # Errors
/// As the store.
pub async fn addressed(flow: &Flow<'_>, request: &NameRequest) -> Result<Option<AddressRequest>> {
    let NameRequest { username, browser, purpose } = request;
    let known = flow.store.sign_in_record(flow.realm, IdentifierKind::Username, username.canonical()).await?;
    let Some(known) = known else { return Ok(None) };
    // A text costs: none goes to a number that was not typed, and so counted.
    let email = mailbox(flow, known.user.id).await?.filter(|contact| contact.kind == IdentifierKind::Email);
    let to = email.and_then(|email| mailed::recipient(&email));
    Ok(to.map(|to| AddressRequest { to, browser: *browser, purpose: purpose.clone() }))
}

/// The account behind a username, as its primary address shows it: what an address must have proven, it must have proven
/// for whoever comes by name, too. Somebody without an address is known by the name. A name that nobody has costs the
/// same reads.
///
/// # Errors
/// As the store.
pub async fn behind(flow: &Flow<'_>, name: &Username) -> Result<Option<SignInRecord>> {
    let known = flow.store.sign_in_record(flow.realm, IdentifierKind::Username, name.canonical()).await?;
    let nobody = UserId::new(flow.random, flow.now)?;
    let email = mailbox(flow, known.as_ref().map_or(nobody, |known| known.user.id)).await?;
    Ok(known.map(|known| SignInRecord { identifier: email.unwrap_or(known.identifier), ..known }))
}

async fn mailbox(flow: &Flow<'_>, user: UserId) -> Result<Option<Identifier>> {
    let primary = mailed::contacts(flow, user).await?.into_iter().filter(|contact| contact.primary);
    Ok(primary.min_by_key(|contact| contact.kind != IdentifierKind::Email))
}

fn row(flow: &Flow<'_>, user: UserId, name: &Username, verified_at: Option<OffsetDateTime>) -> Identifier {
    Identifier {
        realm: flow.realm,
        kind: IdentifierKind::Username,
        canonical: name.canonical().to_owned(),
        display: name.display().to_owned(),
        canonical_version: CANONICAL_VERSION,
        user,
        primary: true,
        verified_at,
        undeliverable_at: None,
        created_at: flow.now,
        version: Version::NEW,
    }
}

/// Makes the names of an account these, with the look of each, and removes what it has besides.
fn arrange(changes: &mut ChangeSet, own: Vec<Identifier>, wanted: Vec<Identifier>) {
    let mut rows = BTreeMap::new();
    for name in wanted {
        let look = Username::parse(&name.canonical).map(|name| name.look());
        let look = Identifier {
            kind: IdentifierKind::UsernameLook,
            canonical: look.unwrap_or_else(|_| name.canonical.clone()),
            ..name.clone()
        };
        for row in [name, look] {
            rows.entry((row.kind, row.canonical.clone())).or_insert(row);
        }
    }
    for row in own {
        match rows.get_mut(&(row.kind, row.canonical.clone())) {
            Some(wanted) => (wanted.version, wanted.created_at) = (row.version, row.created_at),
            None => changes.push(delete(&row)),
        }
    }
    rows.into_values().for_each(|row| changes.push(Write::PutIdentifier(row)));
}

fn delete(row: &Identifier) -> Write {
    let Identifier { realm, kind, canonical, user, version, .. } = row.clone();
    Write::DeleteIdentifier { realm, kind, canonical, user, version }
}
