//! The audit log and the change sequence.

use async_trait::async_trait;
use sqlx::query;
use usermgmt_core::id::{EventId, OrgId, RealmId};
use usermgmt_core::model::{AuditEvent, AuditFilter, AuditKind, Changes, Seal};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::store::{AuditStore, ChangeStore, Result};

use super::super::cells::Cells;
use super::super::{Store, row};
use super::{before, behind};
use crate::value::{chain, int, micros};

#[async_trait]
impl AuditStore for Store {
    async fn events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        filter: &AuditFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<AuditEvent, EventId>> {
        let read = || {
            query(concat!(
                "SELECT ",
                audit_columns!(),
                " FROM usermgmt_audit WHERE chain = $1 AND realm = $2 AND id < $3 AND ($4 IS NULL OR kind = $4)",
                " AND ($5 IS NULL OR actor_user_id = $5 OR subject_id = $5)",
                " AND ($6 IS NULL OR happened_at >= $6) AND ($7 IS NULL OR happened_at < $7)",
                " ORDER BY id DESC LIMIT +$8"
            ))
            .bind(chain(realm, org))
            .bind(realm.to_string())
            .bind(before(page.key()))
            .bind(filter.kind.map(AuditKind::as_str))
            .bind(filter.user.map(|user| user.to_string()))
            .bind(filter.since.map(micros))
            .bind(filter.until.map(micros))
        };
        self.stale_page(read, page.limit(), row::event, |event| event.id).await
    }

    async fn event(&self, realm: RealmId, org: Option<OrgId>, id: EventId) -> Result<Option<AuditEvent>> {
        let read = query(concat!(
            "SELECT ",
            audit_columns!(),
            " FROM usermgmt_audit WHERE chain = $1 AND id = $2 AND realm = $3"
        ));
        self.one(read.bind(chain(realm, org)).bind(id.to_string()).bind(realm.to_string()), row::event).await
    }

    async fn unsealed_orgs(&self, realm: RealmId, page: PageRequest<OrgId>) -> Result<Page<OrgId, OrgId>> {
        // From chain to chain along the index: however many events of one are open, it costs one step.
        let read = query(concat!(
            "WITH RECURSIVE open (chain) AS (SELECT min(chain) FROM usermgmt_audit",
            " WHERE realm = $1 AND seal_number IS NULL AND chain > $2 UNION ALL SELECT",
            " (SELECT min(chain) FROM usermgmt_audit WHERE realm = $1 AND seal_number IS NULL AND chain > open.chain)",
            " FROM open WHERE open.chain IS NOT NULL) SELECT chain FROM open WHERE chain <> $1 LIMIT +$3"
        ));
        let read = read.bind(realm.to_string()).bind(behind(page.key()));
        let org = |cells: &mut Cells<'_>| {
            cells.of("usermgmt_audit");
            cells.id("chain")
        };
        self.page(read, page.limit(), org, |org| *org).await
    }

    async fn unsealed_events(&self, realm: RealmId, org: Option<OrgId>, limit: u32) -> Result<Vec<AuditEvent>> {
        let read = query(concat!(
            "SELECT ",
            audit_columns!(),
            " FROM usermgmt_audit WHERE realm = $1 AND chain = $2 AND seal_number IS NULL ORDER BY id LIMIT +$3"
        ));
        let read = read.bind(realm.to_string()).bind(chain(realm, org)).bind(i64::from(limit));
        self.all(read, row::event).await
    }

    async fn sealed_events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEvent>> {
        let read = query(concat!(
            "SELECT ",
            audit_columns!(),
            " FROM usermgmt_audit WHERE chain = $1 AND realm = $2 AND seal_number > $3 ORDER BY seal_number LIMIT +$4"
        ));
        let read = read.bind(chain(realm, org)).bind(realm.to_string()).bind(int(after)).bind(i64::from(limit));
        self.all(read, row::event).await
    }

    async fn chain_head(&self, realm: RealmId, org: Option<OrgId>) -> Result<Option<Seal>> {
        let read =
            query(concat!("SELECT ", head_columns!(), " FROM usermgmt_audit_head WHERE chain = $1 AND realm = $2"));
        self.one(read.bind(chain(realm, org)).bind(realm.to_string()), row::head).await
    }
}

#[async_trait]
impl ChangeStore for Store {
    async fn changes(&self, after: u64, limit: u32) -> Result<Changes> {
        let horizon = self.horizon().await?;
        let from = horizon.number_of(after)?;
        let read = query(concat!(
            "SELECT ",
            change_columns!(),
            " FROM usermgmt_change WHERE number > $1 ORDER BY number LIMIT +$2"
        ));
        let mut items = self.all(read.bind(int(from)).bind(i64::from(limit)), row::change).await?;
        for change in &mut items {
            change.number = horizon.place_of(change.number);
        }
        let last = items.last().map_or(after, |change| change.number);
        Ok(Changes { items, settled: last.min(horizon.settled()).max(after) })
    }

    async fn change_place(&self) -> Result<u64> {
        self.last_change().await
    }
}
