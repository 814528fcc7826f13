//! The audit log and the change sequence.

use async_trait::async_trait;
use sqlx::query;
use usermgmt_core::id::{EventId, OrgId, RealmId};
use usermgmt_core::model::{AuditEvent, Changes};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::store::{AuditStore, ChangeStore, Result};

use super::super::{Store, row};
use super::behind;
use crate::value::int;

#[async_trait]
impl AuditStore for Store {
    async fn events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        page: PageRequest<EventId>,
    ) -> Result<Page<AuditEvent, EventId>> {
        let read = query(concat!(
            "SELECT ",
            audit_columns!(),
            " FROM usermgmt_audit WHERE chain = $1 AND realm = $2 AND id > $3 ORDER BY id LIMIT +$4"
        ));
        let chain = org.map_or_else(|| realm.to_string(), |org| org.to_string());
        let read = read.bind(chain).bind(realm.to_string()).bind(behind(page.key()));
        self.page(read, page.limit(), row::event, |event| event.id).await
    }
}

#[async_trait]
impl ChangeStore for Store {
    async fn changes(&self, after: u64, limit: u32) -> Result<Changes> {
        let horizon = self.horizon().await?;
        let read = query(concat!(
            "SELECT ",
            change_columns!(),
            " FROM usermgmt_change WHERE number > $1 ORDER BY number LIMIT +$2"
        ));
        let items = self.all(read.bind(int(after)).bind(i64::from(limit)), row::change).await?;
        let last = items.last().map_or(after, |change| change.number);
        Ok(Changes { items, settled: last.min(horizon).max(after) })
    }

    async fn change_place(&self) -> Result<u64> {
        self.last_change().await
    }
}
