//! Writes of jobs. Only the worker that holds the lease may settle one.

use sqlx::query;
use time::OffsetDateTime;
use usermgmt_core::id::{OutboxId, WorkerId};
use usermgmt_core::model::OutboxRow;
use usermgmt_core::store::{Guard, Result, UniqueKey};

use super::{Apply, maybe_micros};
use crate::error::{duplicate, refused};
use crate::value::{json, micros};

impl Apply<'_> {
    pub(super) async fn put_job(&mut self, row: &OutboxRow) -> Result<()> {
        let insert = query(
            "INSERT INTO usermgmt_outbox (id, realm, kind, job, due_at, tries, lease_worker, lease_until, dead_at, \
             created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
        )
        .bind(row.id.to_string())
        .bind(row.realm.to_string())
        .bind(row.job.kind())
        .bind(json(&row.job)?)
        .bind(micros(row.due_at))
        .bind(i64::from(row.tries))
        .bind(row.lease.map(|(worker, _)| worker.to_string()))
        .bind(row.lease.map(|(_, until)| micros(until)))
        .bind(maybe_micros(row.dead_at))
        .bind(micros(row.created_at));
        self.one(insert, duplicate(UniqueKey::Id)).await
    }

    pub(super) async fn finish_job(&mut self, id: OutboxId, worker: WorkerId) -> Result<()> {
        let delete = query("DELETE FROM usermgmt_outbox WHERE id = $1 AND lease_worker = $2");
        self.one(delete.bind(id.to_string()).bind(worker.to_string()), refused(Guard::Lease)).await
    }

    pub(super) async fn retry_job(&mut self, id: OutboxId, worker: WorkerId, due_at: OffsetDateTime) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_outbox SET lease_worker = NULL, lease_until = NULL, due_at = $3 \
             WHERE id = $1 AND lease_worker = $2",
        );
        let update = update.bind(id.to_string()).bind(worker.to_string()).bind(micros(due_at));
        self.one(update, refused(Guard::Lease)).await
    }

    pub(super) async fn give_up_job(&mut self, id: OutboxId, worker: WorkerId) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_outbox SET lease_worker = NULL, lease_until = NULL, dead_at = $3 \
             WHERE id = $1 AND lease_worker = $2",
        );
        self.one(update.bind(id.to_string()).bind(worker.to_string()).bind(self.now), refused(Guard::Lease)).await
    }
}
