//! A connection within a transaction, on which statements are run.

use usermgmt_core::store::Result;

use super::{Connection, Query, Row};
use crate::error::error;

/// A connection, and whether statements may be kept on it under a name.
pub(crate) struct Wire<'c> {
    connection: &'c mut Connection,
    keeps: bool,
}

impl<'c> Wire<'c> {
    /// With `keeps`, statements are prepared once and kept; else each is forgotten when the next one comes. Behind a
    /// pooler the next transaction may be on another connection of the server, where under the same name somebody
    /// else's statement stands.
    pub(crate) fn new(connection: &'c mut Connection, keeps: bool) -> Self {
        Self { connection, keeps }
    }

    /// Runs a statement; answers how many rows it hit.
    pub(crate) async fn execute(&mut self, query: Query) -> Result<u64> {
        let done = query.persistent(self.keeps).execute(&mut *self.connection).await;
        Ok(done.map_err(error)?.rows_affected())
    }

    /// Runs a statement; answers its first row, if there is one.
    pub(crate) async fn row(&mut self, query: Query) -> Result<Option<Row>> {
        query.persistent(self.keeps).fetch_optional(&mut *self.connection).await.map_err(error)
    }
}
