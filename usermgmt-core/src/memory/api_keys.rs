//! API keys.

use std::cmp::Reverse;
use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::MemoryStore;
use super::reads::{page_down, row, rows};
use crate::id::{ApiKeyId, OrgId, RealmId};
use crate::model::{ApiKey, ApiKeyRecord, KeyOwner};
use crate::page::{Page, PageRequest};
use crate::secret::Digest;
use crate::store::{ApiKeyStore, Result};

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn api_key_record(&self, realm: RealmId, digest: Digest) -> Result<Option<ApiKeyRecord>> {
        let tables = self.tables()?;
        let found = rows(&tables.api_keys, |key| (key.realm, key.digest) == (realm, digest)).next();
        Ok(found.map(|key| {
            let user = match key.owner {
                KeyOwner::User(user) => Some(user),
                KeyOwner::Org(_) => None,
            };
            ApiKeyRecord {
                org: key.org.and_then(|org| row(&tables.orgs, &org)),
                membership: key.org.zip(user).and_then(|place| row(&tables.memberships, &place)),
                user: user.and_then(|user| row(&tables.users, &user)),
                key,
            }
        }))
    }

    async fn api_key(&self, owner: KeyOwner, id: ApiKeyId) -> Result<Option<ApiKey>> {
        Ok(row(&self.tables()?.api_keys, &(owner, id)))
    }

    async fn api_keys(&self, owner: KeyOwner, request: PageRequest<ApiKeyId>) -> Result<Page<ApiKey, ApiKeyId>> {
        let tables = self.tables()?;
        let newest = tables.api_keys.values().rev().filter(|key| key.owner == owner).map(|key| ApiKey::clone(key));
        Ok(page_down(newest, &request, |key| key.id))
    }

    async fn api_keys_in(&self, org: OrgId, request: PageRequest<ApiKeyId>) -> Result<Page<ApiKey, ApiKeyId>> {
        let mut newest: Vec<_> = rows(&self.tables()?.api_keys, |key| key.org == Some(org)).collect();
        newest.sort_by_key(|key| Reverse(key.id));
        Ok(page_down(newest.into_iter(), &request, |key| key.id))
    }

    async fn touch_api_key(&self, owner: KeyOwner, id: ApiKeyId, used_at: OffsetDateTime) -> Result<()> {
        let mut tables = self.tables()?;
        let found = tables.api_keys.get_mut(&(owner, id));
        if let Some(key) = found.filter(|key| key.used_at.is_none_or(|before| before < used_at)) {
            Arc::make_mut(key).used_at = Some(used_at);
        }
        Ok(())
    }
}
