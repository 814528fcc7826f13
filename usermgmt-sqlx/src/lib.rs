//! SQLite and PostgreSQL stores of usermgmt: one body of statements, two dialects.
//!
//! | you want | take |
//! |---|---|
//! | an application that runs from one file | `Sqlite::open` (feature `sqlite`, on by default) |
//! | several nodes, or a PostgreSQL that you have anyway | `Postgres::connect` (feature `postgres`) |
//! | to start without the right to migrate | `Postgres::connect_migrated`, `Sqlite::open_migrated` |
//! | a pooler such as pgbouncer in between | `Postgres::connect_pooled`, and `Postgres::connect` to migrate |
//! | one database and one pool for your tables and ours | `from_pool` of either, then `migrate` |
//! | the other nodes to hear at once what one has committed | `PostgresBus::connect` (feature `postgres`) |
//! | your rows and ours in one transaction | [`Apply`] |
//!
//! Tables are named `usermgmt_…`; what a column means is written beside it in `migrations/`. They are made to be read,
//! joined and referenced by yours. Times are microseconds since 1970 in UTC, ids are texts such as `usr_019a…`. Our
//! migrations are recorded in `_usermgmt_migrations`, apart from those of the application.
//!
//! Texts that hold NUL are refused as [`Unsupported`](usermgmt_core::store::StoreErrorKind::Unsupported) on both
//! stores, because PostgreSQL cannot keep them. A row that refers to one that is not there (any more) meets a
//! [`Conflict`](usermgmt_core::store::StoreErrorKind::Conflict).

// With neither feature there is nothing to compile.
#![cfg(any(feature = "sqlite", feature = "postgres"))]
#![cfg_attr(
    all(feature = "sqlite", feature = "postgres"),
    expect(
        clippy::duplicate_mod,
        reason = "the body is compiled once for each dialect: ordinary code, formatted and linted, with line numbers"
    )
)]

#[macro_use]
mod columns;
#[cfg(feature = "postgres")]
mod bus;
mod error;
mod horizon;
#[cfg(feature = "postgres")]
mod lease;
mod migrations;
mod planned;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod replica;
#[cfg(feature = "sqlite")]
mod sqlite;
mod value;

#[cfg(feature = "postgres")]
pub use bus::PostgresBus;
pub use migrations::Schema;
pub use planned::{Apply, HostTransaction};
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
