//! The outbox.

use async_trait::async_trait;
use sqlx::query;
use time::OffsetDateTime;
use usermgmt_core::id::{OutboxId, RealmId, WorkerId};
use usermgmt_core::model::OutboxRow;
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::store::{OutboxStore, Result};

use super::super::cells::Cells;
use super::super::{Store, row};
use super::behind;
use crate::value::micros;

#[async_trait]
impl OutboxStore for Store {
    async fn lease(
        &self,
        realm: RealmId,
        worker: WorkerId,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<OutboxRow>> {
        // The choice is materialised: evaluated once, it cannot lock or lease more than `limit` rows.
        let update = query(concat!(
            "WITH chosen AS MATERIALIZED (SELECT id FROM usermgmt_outbox WHERE realm = $1 AND dead_at IS NULL",
            " AND due_at <= $3 AND (lease_until IS NULL OR lease_until <= $3) ORDER BY id LIMIT +$5",
            skip_locked!(),
            ") UPDATE usermgmt_outbox SET lease_worker = $2, lease_until = $4, tries = tries + 1",
            " WHERE id IN (SELECT id FROM chosen) RETURNING ",
            outbox_columns!()
        ))
        .bind(realm.to_string())
        .bind(worker.to_string())
        .bind(micros(now))
        .bind(micros(until))
        .bind(i64::from(limit));
        let rows = self.returning(update).await?;
        let mut leased: Vec<OutboxRow> =
            rows.iter().map(|row| row::job(&mut Cells::new(row))).collect::<Result<_>>()?;
        // Neither database returns updated rows in an order.
        leased.sort_unstable_by_key(|row| row.id);
        Ok(leased)
    }

    async fn pending_jobs(&self, realm: RealmId, page: PageRequest<OutboxId>) -> Result<Page<OutboxRow, OutboxId>> {
        let read = query(concat!(
            "SELECT ",
            outbox_columns!(),
            " FROM usermgmt_outbox WHERE realm = $1 AND dead_at IS NULL AND id > $2 ORDER BY id LIMIT +$3"
        ));
        let read = read.bind(realm.to_string()).bind(behind(page.key()));
        self.page(read, page.limit(), row::job, |row| row.id).await
    }
}
