//! API keys: how one is made, replaced and ended.
//!
//! A key has a part of its maker's rights, never more, and is ended by its owner, by whoever manages the keys of the
//! organisation it acts in, or by whoever holds its secret. It cannot be changed: what would be a change of its rights
//! is another key.

use serde_json::json;
use time::Duration;
use usermgmt_core::api_key::ApiKeySecret;
use usermgmt_core::error::{Check, FieldError, Refused};
use usermgmt_core::flow::{Flow, Result, mailed};
use usermgmt_core::id::ApiKeyId;
use usermgmt_core::model::{Actor, ApiKey, AuditEvent, AuditKind, KeyOwner, MailKind};
use usermgmt_core::page::PageRequest;
use usermgmt_core::permission::{Permission, Roles};
use usermgmt_core::proof::{OrgScope, Permit, Principal, StepUp};
use usermgmt_core::store::{ChangeSet, Write};
use usermgmt_core::{limits, text};

usermgmt_core::permission! {
    /// To make keys of the organisation, and to see and end all keys that act in it.
    pub ManageApiKeys = "api_key:manage";
}

/// Every permission that this crate asks for.
pub const PERMISSIONS: [&str; 1] = [ManageApiKeys::KEY];

/// How many keys an owner may have, and how long they live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRules {
    /// How long a key lives for which nothing else is asked.
    pub life: Duration,
    /// How long a key may live; `None` lets keys live without end.
    pub longest: Option<Duration>,
    /// Living keys of one owner.
    pub per_owner: u32,
}

impl Default for KeyRules {
    fn default() -> Self {
        Self {
            life: limits::API_KEY_LIFE,
            longest: Some(limits::API_KEY_LONGEST),
            per_owner: limits::API_KEYS_PER_OWNER,
        }
    }
}

/// How long a key is to live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyLife {
    /// As the rules say.
    #[default]
    Usual,
    /// So long.
    For(Duration),
    /// Until it is ended.
    Endless,
}

/// A key that is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewKey<'a> {
    /// What people call it: 1 to 64 characters.
    pub name: &'a str,
    /// The rights it may use, such as `project:read` or `project:*`. Empty only for a key that acts in no organisation:
    /// that says who calls, and may nothing.
    pub scopes: &'a [String],
    /// How long it lives.
    pub life: KeyLife,
}

/// Whose keys, and by whose authority.
#[derive(Clone, Copy, Debug)]
pub enum KeysOf<'a> {
    /// The principal's own: they act in the organisation that was entered, if one was.
    User(&'a Principal, Option<&'a OrgScope>),
    /// The organisation's.
    Org(&'a Permit<ManageApiKeys>),
}

impl<'a> KeysOf<'a> {
    /// To whom they belong.
    #[must_use]
    pub fn owner(self) -> KeyOwner {
        match self {
            Self::User(principal, _) => KeyOwner::User(principal.user()),
            Self::Org(permit) => KeyOwner::Org(permit.scope().org()),
        }
    }

    fn principal(self) -> &'a Principal {
        match self {
            Self::User(principal, _) => principal,
            Self::Org(permit) => permit.scope().principal(),
        }
    }

    fn scope(self) -> Option<&'a OrgScope> {
        match self {
            Self::User(_, scope) => scope,
            Self::Org(permit) => Some(permit.scope()),
        }
    }

    fn actor(self) -> Actor {
        let principal = self.principal();
        Actor::User { user: principal.user(), session: Some(principal.session()) }
    }

    /// Begins a change set that commits only while the authority stands.
    fn changes(self, flow: &Flow<'_>) -> Result<ChangeSet> {
        let changes = flow.changes()?;
        let authority = self.scope().map_or_else(|| self.principal().authority(), OrgScope::authority);
        Ok(changes.with(Write::StillAuthorised(authority)))
    }

    /// Makes sure that a key gets no right that its maker lacks.
    fn holds(self, scopes: &[String]) -> Result<(), Refused> {
        let holds = self.scope().map_or(scopes.is_empty(), |scope| scope.rights().include_all(scopes));
        if holds { Ok(()) } else { Err(Refused::RightsExceeded) }
    }

    fn same_session(self, fresh: &StepUp) -> Result<(), Refused> {
        let same = self.principal().session() == fresh.principal().session();
        if same { Ok(()) } else { Err(Refused::StepUpRequired(self.principal().step_up_methods())) }
    }
}

/// Works out a new key.
///
/// # Errors
/// Invalid `name`, `scopes` or `life`; `api_keys` is `too_many`; [`Refused::RightsExceeded`] for a scope that the maker
/// does not hold; [`Refused::StepUpRequired`] for a proof of another session.
pub async fn make_key(
    flow: &Flow<'_>,
    of: KeysOf<'_>,
    fresh: &StepUp,
    new: NewKey<'_>,
    rules: &KeyRules,
    roles: &Roles,
) -> Result<(ChangeSet, (ApiKey, ApiKeySecret))> {
    of.same_session(fresh)?;
    let mut check = Check::default();
    let name = check.take(text::name("name", new.name));
    let scopes = check.take(scopes(new.scopes, of.scope().is_some(), roles));
    let life = check.take(life(new.life, rules));
    check.end()?;
    let (name, scopes) = (name.unwrap_or_default(), scopes.unwrap_or_default());
    of.holds(&scopes)?;
    let (key, secret) = mint(flow, of, name, scopes, life.flatten())?;
    let mut changes = put(flow, of, of.changes(flow)?, &key, rules.per_owner).await?;
    changes.push(told(flow, AuditKind::ApiKeyMade, of.actor(), &key, json!({}))?);
    Ok((changes, (key, secret)))
}

/// Works out that another key takes the place of one that lives: of the same name and scopes, living as long as that
/// one was meant to. The old one goes on for `overlap`, so that programs can be told the new secret meanwhile.
///
/// # Errors
/// [`Refused::NotFound`] for a key that does not live or is another's; an invalid `overlap`; as [`make_key`].
pub async fn rotate_key(
    flow: &Flow<'_>,
    of: KeysOf<'_>,
    fresh: &StepUp,
    id: ApiKeyId,
    overlap: Duration,
    rules: &KeyRules,
) -> Result<(ChangeSet, (ApiKey, ApiKeySecret))> {
    of.same_session(fresh)?;
    if overlap.is_negative() || overlap > limits::API_KEY_OVERLAP_MAX {
        return Err(FieldError::new("overlap", FieldError::TOO_LONG).into());
    }
    let old = flow.store.api_key(of.owner(), id).await?.filter(|key| key.is_live(flow.now)).ok_or(Refused::NotFound)?;
    // A key acts where it was made: its rights there are asked about, not those of another organisation.
    if old.org != of.scope().map(OrgScope::org) {
        return Err(Refused::WrongOrg.into());
    }
    of.holds(&old.scopes)?;
    let life = old.expires_at.map(|end| end - old.created_at);
    let (key, secret) = mint(flow, of, old.name.clone(), old.scopes.clone(), life)?;
    let end = Write::EndApiKey { owner: old.owner, id: old.id, at: flow.now + overlap };
    // Both may live for a while.
    let max = rules.per_owner.saturating_add(1);
    let mut changes = put(flow, of, of.changes(flow)?.with(end), &key, max).await?;
    changes.push(told(flow, AuditKind::ApiKeyRotated, of.actor(), &key, json!({ "replaces": old.id }))?);
    Ok((changes, (key, secret)))
}

/// Works out that a key ends: one of the owner's, or with an organisation's authority one of a member that acts in it.
///
/// # Errors
/// [`Refused::NotFound`] for a key that does not live, is another's or acts elsewhere.
pub async fn end_key(flow: &Flow<'_>, of: KeysOf<'_>, owner: KeyOwner, id: ApiKeyId) -> Result<ChangeSet> {
    let org = match of {
        KeysOf::User(..) if owner == of.owner() => None,
        KeysOf::User(..) => return Err(Refused::NotFound.into()),
        KeysOf::Org(permit) => Some(permit.scope().org()),
    };
    let key = flow.store.api_key(owner, id).await?.filter(|key| key.is_live(flow.now));
    let key = key.filter(|key| org.is_none() || key.org == org).ok_or(Refused::NotFound)?;
    // Whoever ends a key of their own needs no right in an organisation for it.
    let changes = match of {
        KeysOf::User(principal, _) => flow.changes()?.with(Write::StillAuthorised(principal.authority())),
        KeysOf::Org(_) => of.changes(flow)?,
    };
    end(flow, changes, of.actor(), &key)
}

/// Works out that the key with this secret ends, for whoever has found it. Nothing for one that does not live.
///
/// # Errors
/// As the store.
pub async fn end_leaked_key(flow: &Flow<'_>, secret: &ApiKeySecret, reason: &str) -> Result<Option<ChangeSet>> {
    let record = flow.store.api_key_record(flow.realm, secret.digest()).await?;
    let Some(key) = record.map(|record| record.key).filter(|key| key.is_live(flow.now)) else { return Ok(None) };
    end(flow, flow.changes()?, Actor::System { reason: reason.to_owned() }, &key).map(Some)
}

fn end(flow: &Flow<'_>, changes: ChangeSet, actor: Actor, key: &ApiKey) -> Result<ChangeSet> {
    let end = Write::EndApiKey { owner: key.owner, id: key.id, at: flow.now };
    Ok(changes.with(end).with(told(flow, AuditKind::ApiKeyEnded, actor, key, json!({}))?))
}

fn mint(
    flow: &Flow<'_>,
    of: KeysOf<'_>,
    name: String,
    scopes: Vec<String>,
    life: Option<Duration>,
) -> Result<(ApiKey, ApiKeySecret)> {
    let secret = ApiKeySecret::mint(flow.random)?;
    let key = ApiKey {
        owner: of.owner(),
        id: ApiKeyId::new(flow.random, flow.now)?,
        realm: flow.realm,
        org: of.scope().map(OrgScope::org),
        name,
        digest: secret.digest(),
        beginning: secret.beginning(),
        scopes,
        made_by: Some(of.principal().user()),
        created_at: flow.now,
        expires_at: life.map(|life| flow.now + life),
        used_at: None,
    };
    Ok((key, secret))
}

/// Adds a new key, and for one of a user's own the mail that says so.
async fn put(flow: &Flow<'_>, of: KeysOf<'_>, mut changes: ChangeSet, key: &ApiKey, max: u32) -> Result<ChangeSet> {
    let present = flow.store.api_keys(key.owner, PageRequest::first(limits::PAGE_MAX)).await?;
    let living = present.items.iter().filter(|key| key.is_live(flow.now)).count();
    if u32::try_from(living).is_ok_and(|living| living >= max) {
        return Err(FieldError::new("api_keys", FieldError::TOO_MANY).into());
    }
    changes.push(Write::PutApiKey(key.clone()));
    // Others may make one at the same moment, and have seen the same keys.
    changes.push(Write::MaxApiKeys { owner: key.owner, max });
    if let KeyOwner::User(user) = of.owner()
        && let Some(user) = flow.store.user(flow.realm, user).await?
    {
        let contacts = mailed::contacts(flow, user.id).await?;
        if let Some(primary) = mailed::primary(&contacts) {
            mailed::notify(flow, &mut changes, MailKind::ApiKeyMade, &user, primary).await?;
        }
    }
    Ok(changes)
}

/// The rights of a key, each once.
fn scopes(named: &[String], needed: bool, roles: &Roles) -> Result<Vec<String>, FieldError> {
    let error = |code| FieldError::new("scopes", code);
    if named.len() > limits::SCOPES_PER_KEY {
        return Err(error(FieldError::TOO_MANY));
    }
    if named.is_empty() && needed {
        return Err(error(FieldError::REQUIRED));
    }
    if !named.iter().all(|scope| roles.is_known(scope)) {
        return Err(error(FieldError::UNKNOWN));
    }
    let mut scopes: Vec<String> = named.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

fn life(wanted: KeyLife, rules: &KeyRules) -> Result<Option<Duration>, FieldError> {
    let wanted = match wanted {
        KeyLife::Usual => Some(rules.longest.map_or(rules.life, |longest| longest.min(rules.life))),
        KeyLife::For(life) if !life.is_positive() => return Err(FieldError::new("life", FieldError::TOO_SHORT)),
        KeyLife::For(life) => Some(life),
        KeyLife::Endless => None,
    };
    let fits = rules.longest.is_none_or(|longest| wanted.is_some_and(|life| life <= longest));
    if fits { Ok(wanted) } else { Err(FieldError::new("life", FieldError::TOO_LONG)) }
}

fn told(flow: &Flow<'_>, kind: AuditKind, actor: Actor, key: &ApiKey, further: serde_json::Value) -> Result<Write> {
    let mut detail = json!({ "key": key.id, "name": key.name, "beginning": key.beginning, "scopes": key.scopes });
    if let (Some(detail), serde_json::Value::Object(further)) = (detail.as_object_mut(), further) {
        detail.extend(further);
    }
    let subject = match key.owner {
        KeyOwner::User(user) => Some(user),
        KeyOwner::Org(_) => None,
    };
    Ok(flow.record(AuditEvent { org: key.org, subject, detail, ..flow.event(kind, actor)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_as_long_as_the_rules_let_it() {
        let (rules, day) = (KeyRules::default(), Duration::DAY);
        assert_eq!(life(KeyLife::Usual, &rules), Ok(Some(limits::API_KEY_LIFE)));
        assert_eq!(life(KeyLife::For(limits::API_KEY_LONGEST), &rules), Ok(Some(limits::API_KEY_LONGEST)));
        let code = |wanted, rules: &KeyRules| life(wanted, rules).unwrap_err().code;
        assert_eq!(code(KeyLife::For(limits::API_KEY_LONGEST + day), &rules), FieldError::TOO_LONG);
        assert_eq!(code(KeyLife::Endless, &rules), FieldError::TOO_LONG);
        assert_eq!(code(KeyLife::For(Duration::ZERO), &rules), FieldError::TOO_SHORT);
        let short = KeyRules { longest: Some(day), ..rules };
        assert_eq!(life(KeyLife::Usual, &short), Ok(Some(day)));
        let endless = KeyRules { longest: None, ..rules };
        assert_eq!(life(KeyLife::Endless, &endless), Ok(None));
    }

    #[test]
    fn scopes_are_known_and_each_stands_once() {
        let mut roles = Roles::default();
        roles.register(["project:read", "project:write"]).unwrap();
        let named =
            |texts: &[&str]| scopes(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), true, &roles);
        assert_eq!(named(&["project:write", "project:*", "project:write"]).unwrap(), ["project:*", "project:write"]);
        for (wrong, code) in [
            (&[][..], FieldError::REQUIRED),
            (&["project:fly"][..], FieldError::UNKNOWN),
            (&["organization:own"], FieldError::UNKNOWN),
            (&["project:read"; 65], FieldError::TOO_MANY),
        ] {
            assert_eq!(named(wrong).unwrap_err().code, code, "{wrong:?}");
        }
    }
}
