//! What mutants do to users and their names.

use std::collections::BTreeSet;

use async_trait::async_trait;
use usermgmt_core::id::{RealmId, UserId};
use usermgmt_core::model::{Identifier, IdentifierKind, PasswordCredential, Profile, SignInRecord, User, UserFilter};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::store::{Result, UserStore};

use super::{Bug, Mutant, first};

#[async_trait]
impl UserStore for Mutant {
    async fn user(&self, realm: RealmId, id: UserId) -> Result<Option<User>> {
        first!(self, realm, |realm| self.inner.user(realm, id).await)
    }

    async fn users(
        &self,
        realm: RealmId,
        filter: &UserFilter,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>> {
        let found = match (self.bug, filter.identifier_prefix.as_deref()) {
            (Bug::ForgetsFilter, _) => self.inner.users(realm, &UserFilter::default(), page).await?,
            (Bug::PrefixAsPattern, Some(pattern)) if !pattern.is_empty() => {
                self.users_named(realm, filter, page, |name| begins_like(name, pattern)).await?
            }
            (Bug::PrefixEndsAtLastCharacter, Some(prefix)) if !prefix.is_empty() => {
                let end = format!("{prefix}{}", char::MAX);
                self.users_named(realm, filter, page, |name| name >= prefix && name < end.as_str()).await?
            }
            (Bug::FindsByLooks, Some(prefix)) if !prefix.is_empty() => {
                self.users_named(realm, filter, page, |name| name.starts_with(prefix)).await?
            }
            (Bug::EmptyPrefixWantsAName, Some("")) => self.users_named(realm, filter, page, |_| true).await?,
            _ => self.inner.users(realm, filter, page).await?,
        };
        Ok(self.page(found, |row| row.id))
    }

    async fn users_among(&self, realm: RealmId, ids: &[UserId]) -> Result<Vec<User>> {
        let mut found = Vec::new();
        for realm in self.realms(realm) {
            found.extend(self.inner.users_among(realm, ids).await?);
        }
        match self.bug {
            Bug::AmongInTheOrderAsked => {
                found.sort_by_key(|user| ids.iter().position(|id| *id == user.id));
            }
            Bug::AmongTakesTheFirst => found.truncate(1),
            _ => {}
        }
        Ok(found)
    }

    async fn profile(&self, user: UserId) -> Result<Option<Profile>> {
        self.inner.profile(user).await
    }

    async fn identifiers(&self, user: UserId) -> Result<Vec<Identifier>> {
        let mut found = self.inner.identifiers(user).await?;
        if self.has(Bug::SortsByAlphabet) {
            found.sort_by_key(|row| row.canonical.to_lowercase());
        }
        Ok(found)
    }

    async fn password(&self, user: UserId) -> Result<Option<PasswordCredential>> {
        self.inner.password(user).await
    }

    async fn sign_in_record(
        &self,
        realm: RealmId,
        kind: IdentifierKind,
        canonical: &str,
    ) -> Result<Option<SignInRecord>> {
        let canonical = self.key(canonical);
        if self.has(Bug::KindsAreOne) {
            for kind in IdentifierKind::ALL.iter().copied() {
                if let Some(found) = self.inner.sign_in_record(realm, kind, &canonical).await? {
                    return Ok(Some(found));
                }
            }
        }
        first!(self, realm, |realm| self.inner.sign_in_record(realm, kind, &canonical).await)
    }
}

impl Mutant {
    /// The users of a page who have a name that is wanted, instead of one that begins as the filter says.
    async fn users_named(
        &self,
        realm: RealmId,
        filter: &UserFilter,
        page: PageRequest<UserId>,
        wanted: impl Fn(&str) -> bool + Send,
    ) -> Result<Page<User, UserId>> {
        let all = UserFilter { identifier_prefix: None, ..filter.clone() };
        let mut found = self.inner.users(realm, &all, page).await?;
        let mut named = BTreeSet::new();
        for user in &found.items {
            let names = self.inner.identifiers(user.id).await?;
            named.extend(names.iter().filter(|row| wanted(&row.canonical)).map(|row| row.user));
        }
        found.items.retain(|user| named.contains(&user.id));
        Ok(found)
    }
}

/// Whether the text begins as the pattern says, in which `%` is anything and `_` any character.
pub(super) fn begins_like(text: &str, pattern: &str) -> bool {
    let (mut rest, mut wanted) = (text.chars(), pattern.chars());
    match (wanted.next(), rest.next()) {
        (None, _) => true,
        (Some('%'), None) => begins_like(text, wanted.as_str()),
        (Some('%'), Some(_)) => begins_like(text, wanted.as_str()) || begins_like(rest.as_str(), pattern),
        (Some('_'), Some(_)) => begins_like(rest.as_str(), wanted.as_str()),
        (Some(wants), Some(has)) => wants == has && begins_like(rest.as_str(), wanted.as_str()),
        (Some(_), None) => false,
    }
}
