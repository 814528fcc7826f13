//! Reads, one file for each family of rows.

mod api_key;
mod audit;
mod factor;
mod maintenance;
mod org;
mod outbox;
mod prefix;
mod session;
mod token;
mod user;

use usermgmt_core::page::Page;
use usermgmt_core::store::Result;

use super::cells::Cells;
use super::{Query, Store};

impl Store {
    /// The row, if there is one.
    async fn one<T>(&self, query: Query, decode: fn(&mut Cells<'_>) -> Result<T>) -> Result<Option<T>> {
        self.row(query).await?.map(|row| decode(&mut Cells::new(&row))).transpose()
    }

    /// All rows.
    async fn all<T>(&self, query: Query, decode: fn(&mut Cells<'_>) -> Result<T>) -> Result<Vec<T>> {
        let rows = self.rows(query).await?;
        rows.iter().map(|row| decode(&mut Cells::new(row))).collect()
    }

    /// A page. The query's last parameter, its row limit, is bound here: one more than wanted, to know whether there
    /// is more.
    ///
    /// Limits are written `LIMIT +$n` everywhere: SQLite compiles the value of a plain parameter into the statement and
    /// would have to prepare it anew for each call, which doubles the time of a short read.
    async fn page<T, K>(
        &self,
        query: Query,
        limit: u32,
        decode: fn(&mut Cells<'_>) -> Result<T>,
        key: fn(&T) -> K,
    ) -> Result<Page<T, K>> {
        let rows = self.all(query.bind(i64::from(limit) + 1), decode).await?;
        Ok(Page::from_surplus(rows, limit, key))
    }
}

impl Store {
    /// The same where it is harmless to read what was true a moment ago: from a replica, if there is one.
    ///
    /// Only what nobody decides by and nobody has just changed on the page before: never a session, policy, right,
    /// limit, sign-in, token, job, seal, place of the change sequence, or what a write rests on.
    async fn stale_page<T, K>(
        &self,
        query: impl Fn() -> Query + Send + Sync,
        limit: u32,
        decode: fn(&mut Cells<'_>) -> Result<T>,
        key: fn(&T) -> K,
    ) -> Result<Page<T, K>> {
        let rows = self.stale_rows(|| query().bind(i64::from(limit) + 1)).await?;
        let rows = rows.iter().map(|row| decode(&mut Cells::new(row))).collect::<Result<_>>()?;
        Ok(Page::from_surplus(rows, limit, key))
    }
}

/// The key to continue behind. No id sorts before the empty text.
fn behind(key: Option<&impl ToString>) -> String {
    key.map(ToString::to_string).unwrap_or_default()
}

/// The same for lists that go back. Every id sorts before the tilde.
fn before(key: Option<&impl ToString>) -> String {
    key.map_or_else(|| "~".to_owned(), ToString::to_string)
}
