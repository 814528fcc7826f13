//! Reading cells. A stored value that makes no sense is an error with its coordinates, never a default.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use sqlx::Row as _;
use time::OffsetDateTime;
use usermgmt_core::model::Version;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{Result, StoreError};

use super::{Db, Row};
use crate::value;

/// The cells of a row, read from left to right.
pub(crate) struct Cells<'r> {
    row: &'r Row,
    next: usize,
    table: &'static str,
}

impl<'r> Cells<'r> {
    pub(crate) fn new(row: &'r Row) -> Self {
        Self { row, next: 0, table: "usermgmt" }
    }

    /// Names the table that the next cells are from.
    pub(crate) fn of(&mut self, table: &'static str) {
        self.table = table;
    }

    pub(crate) fn corrupt(&self, column: &'static str) -> StoreError {
        StoreError::corrupt(self.table, column)
    }

    /// The next cell as the database gives it.
    pub(crate) fn cell<T>(&mut self, column: &'static str) -> Result<T>
    where
        T: sqlx::Decode<'r, Db> + sqlx::Type<Db>,
    {
        let cell = self.row.try_get(self.next).map_err(|_| self.corrupt(column));
        self.next += 1;
        cell
    }

    /// The next cell, brought from its stored form into that of the model.
    pub(crate) fn read<S, T>(&mut self, column: &'static str, read: impl FnOnce(S) -> Option<T>) -> Result<T>
    where
        S: sqlx::Decode<'r, Db> + sqlx::Type<Db>,
    {
        let cell = self.cell(column)?;
        read(cell).ok_or_else(|| self.corrupt(column))
    }

    /// Like `read`, for a cell that may be NULL.
    pub(crate) fn maybe<S, T>(&mut self, column: &'static str, read: impl FnOnce(S) -> Option<T>) -> Result<Option<T>>
    where
        S: sqlx::Decode<'r, Db> + sqlx::Type<Db>,
    {
        let cell: Option<S> = self.cell(column)?;
        cell.map(|cell| read(cell).ok_or_else(|| self.corrupt(column))).transpose()
    }

    /// The row of an outer join, if it is there; else the cells of its columns are passed over.
    pub(crate) fn joined<T>(&mut self, columns: &'static str, decode: fn(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.is_absent()? {
            self.next += columns.split(',').count();
            return Ok(None);
        }
        decode(self).map(Some)
    }

    /// Whether the next cell is NULL: the row of an outer join is not there.
    pub(crate) fn is_absent(&self) -> Result<bool> {
        let raw = self.row.try_get_raw(self.next).map_err(|_| self.corrupt("row"))?;
        Ok(sqlx::ValueRef::is_null(&raw))
    }

    pub(crate) fn id<T: FromStr>(&mut self, column: &'static str) -> Result<T> {
        self.read(column, |text: &str| text.parse().ok())
    }

    pub(crate) fn maybe_id<T: FromStr>(&mut self, column: &'static str) -> Result<Option<T>> {
        self.maybe(column, |text: &str| text.parse().ok())
    }

    pub(crate) fn time(&mut self, column: &'static str) -> Result<OffsetDateTime> {
        self.read(column, value::time)
    }

    pub(crate) fn maybe_time(&mut self, column: &'static str) -> Result<Option<OffsetDateTime>> {
        self.maybe(column, value::time)
    }

    /// A number of whatever width the model gives it.
    pub(crate) fn number<T: TryFrom<i64>>(&mut self, column: &'static str) -> Result<T> {
        self.read(column, |number: i64| T::try_from(number).ok())
    }

    pub(crate) fn version(&mut self) -> Result<Version> {
        // A stored row was written at least once.
        self.read("version", |number: i64| u64::try_from(number).ok().filter(|number| *number > 0))
            .map(Version::from_u64)
    }

    pub(crate) fn bytes<const N: usize>(&mut self, column: &'static str) -> Result<[u8; N]> {
        self.read(column, |bytes: &[u8]| bytes.try_into().ok())
    }

    pub(crate) fn digest(&mut self, column: &'static str) -> Result<Digest> {
        self.bytes(column).map(Digest::from_bytes)
    }

    pub(crate) fn maybe_digest(&mut self, column: &'static str) -> Result<Option<Digest>> {
        self.maybe(column, |bytes: &[u8]| bytes.try_into().ok().map(Digest::from_bytes))
    }

    pub(crate) fn word<T>(&mut self, column: &'static str, from_word: fn(&str) -> Option<T>) -> Result<T> {
        self.read(column, |word: &str| from_word(word))
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<T> {
        self.read(column, |text: &str| serde_json::from_str(text).ok())
    }
}
