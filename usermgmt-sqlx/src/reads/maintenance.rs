//! Upkeep.

use async_trait::async_trait;
use sqlx::query;
use usermgmt_core::store::{MaintenanceStore, Result, SweepBefore};

use super::super::Store;
use crate::value::micros;

#[async_trait]
impl MaintenanceStore for Store {
    async fn sweep(&self, before: SweepBefore, limit: u32) -> Result<u64> {
        let (spent, commits, throttle) = (micros(before.spent), micros(before.commits), micros(before.throttle));
        let kinds = [
            (
                "DELETE FROM usermgmt_session WHERE (user_id, id) IN \
                 (SELECT user_id, id FROM usermgmt_session WHERE spent_at < $1 LIMIT +$2)",
                spent,
            ),
            (
                "DELETE FROM usermgmt_token WHERE (user_id, id) IN \
                 (SELECT user_id, id FROM usermgmt_token WHERE spent_at < $1 LIMIT +$2)",
                spent,
            ),
            (
                "DELETE FROM usermgmt_attempt WHERE (user_id, id) IN \
                 (SELECT user_id, id FROM usermgmt_attempt WHERE spent_at < $1 LIMIT +$2)",
                spent,
            ),
            (
                "DELETE FROM usermgmt_api_key WHERE (owner_id, id) IN \
                 (SELECT owner_id, id FROM usermgmt_api_key WHERE expires_at < $1 LIMIT +$2)",
                spent,
            ),
            (
                "DELETE FROM usermgmt_factor WHERE (user_id, id) IN \
                 (SELECT user_id, id FROM usermgmt_factor WHERE expires_at < $1 AND credential IS NULL LIMIT +$2)",
                spent,
            ),
            (
                "DELETE FROM usermgmt_commit WHERE id IN \
                 (SELECT id FROM usermgmt_commit WHERE committed_at < $1 LIMIT +$2)",
                commits,
            ),
            (
                "DELETE FROM usermgmt_change WHERE number IN \
                 (SELECT number FROM usermgmt_change WHERE changed_at < $1 LIMIT +$2)",
                commits,
            ),
            (
                "DELETE FROM usermgmt_throttle WHERE key IN \
                 (SELECT key FROM usermgmt_throttle WHERE ends_at < $1 LIMIT +$2)",
                throttle,
            ),
        ];
        let mut swept = 0;
        // Each on its own: a sweep need not be one transaction, and a long one would keep writers waiting.
        for (delete, before) in kinds {
            swept += self.execute(query(delete).bind(before).bind(i64::from(limit))).await?;
        }
        Ok(swept)
    }

    async fn ping(&self) -> Result<()> {
        self.row(query("SELECT 1")).await.map(drop)
    }
}
