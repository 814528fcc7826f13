//! Factors besides the password.

use async_trait::async_trait;

use super::MemoryStore;
use super::apply::expect;
use super::reads::row;
use super::tables::Tables;
use crate::id::{FactorId, RealmId, UserId};
use crate::model::{Factor, FactorKind, Version};
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
        match expect(&self.factors, &key, factor.version, |row| row.version)? {
            Some(present) if (present.kind(), present.realm) != (factor.kind(), factor.realm) => {
                return Err(StoreError::new(StoreErrorKind::Conflict));
            }
            Some(present) => factor.credential = present.credential,
            None => {
                let taken =
                    factor.credential.and_then(|credential| self.credentials.insert((factor.realm, credential), key));
                if taken.is_some() {
                    return Err(StoreError::new(StoreErrorKind::Duplicate(UniqueKey::Credential)));
                }
            }
        }
        factor.version = factor.version.next();
        self.factors.insert(key, factor.into());
        Ok(())
    }

    pub(super) fn delete_factor(&mut self, user: UserId, id: FactorId, version: Version) -> Result<()> {
        expect(&self.factors, &(user, id), version, |row| row.version)?;
        let removed = self.factors.remove(&(user, id)).ok_or(StoreError::new(StoreErrorKind::Conflict))?;
        if let Some(credential) = removed.credential {
            self.credentials.remove(&(removed.realm, credential));
        }
        Ok(())
    }

    pub(super) fn delete_factors(&mut self, user: UserId, kind: FactorKind) -> Result<()> {
        let own = self.factors.values().filter(|factor| (factor.user, factor.kind()) == (user, kind));
        let meant: Vec<_> = own.map(|factor| (factor.id, factor.version)).collect();
        meant.into_iter().try_for_each(|(id, version)| self.delete_factor(user, id, version))
    }
}
