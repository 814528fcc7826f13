//! Factors besides the password.

use async_trait::async_trait;

use super::MemoryStore;
use super::reads::row;
use super::tables::Tables;
use crate::id::{FactorId, RealmId, UserId};
use crate::model::{Factor, Version};
use crate::secret::Digest;
use crate::store::{FactorStore, Result, StoreError, StoreErrorKind, UniqueKey};

#[async_trait]
impl FactorStore for MemoryStore {
    async fn factors(&self, user: UserId) -> Result<Vec<Factor>> {
        let tables = self.tables()?;
        let own = tables.factors.values().filter(|factor| factor.user == user);
        Ok(own.map(|factor| Factor::clone(factor)).collect())
    }

    async fn factor_by_credential(&self, realm: RealmId, credential: Digest) -> Result<Option<Factor>> {
        let tables = self.tables()?;
        Ok(tables.credentials.get(&(realm, credential)).and_then(|key| row(&tables.factors, key)))
    }
}

impl Tables {
    pub(super) fn put_factor(&mut self, mut factor: Factor) -> Result<()> {
        let key = (factor.user, factor.id);
        let present = self.factors.get(&key);
        let seen = present.map_or(Version::NEW, |present| present.version);
        let fits = |present: &Factor| (present.kind(), present.realm) == (factor.kind(), factor.realm);
        if seen != factor.version || !present.is_none_or(|present| fits(present)) {
            return Err(StoreError::new(StoreErrorKind::Conflict));
        }
        if let Some(present) = present {
            factor.credential = present.credential;
        } else if let Some(credential) = factor.credential
            && self.credentials.insert((factor.realm, credential), key).is_some()
        {
            return Err(StoreError::new(StoreErrorKind::Duplicate(UniqueKey::Credential)));
        }
        factor.version = factor.version.next();
        self.factors.insert(key, factor.into());
        Ok(())
    }

    pub(super) fn delete_factor(&mut self, user: UserId, id: FactorId, version: Version) -> Result<()> {
        let is_meant = self.factors.get(&(user, id)).is_some_and(|present| present.version == version);
        if !is_meant {
            return Err(StoreError::new(StoreErrorKind::Conflict));
        }
        self.retain_factors(|factor| (factor.user, factor.id) != (user, id));
        Ok(())
    }

    /// Keeps these; the credentials of the others are free again. Answers how many went.
    pub(super) fn retain_factors(&mut self, keeps: impl Fn(&Factor) -> bool) -> usize {
        let before = self.factors.len();
        self.factors.retain(|_, factor| keeps(factor));
        let factors = &self.factors;
        self.credentials.retain(|_, key| factors.contains_key(key));
        before - self.factors.len()
    }
}
