//! What the tests need from the machine: PostgreSQL, pgbouncer, Redis and a browser. Found, or installed where that is allowed.

pub(crate) mod browser;
mod install;
pub(crate) mod pgbouncer;
mod place;
pub(crate) mod postgres;
pub(crate) mod redis;

use crate::{args::Without, fault::Result};

/// What one command needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) postgres: bool,
    /// With memory for a database of a million users, as its manual advises for a machine that has it.
    pub(crate) roomy_postgres: bool,
    /// In front of that PostgreSQL.
    pub(crate) pgbouncer: bool,
    pub(crate) redis: bool,
    pub(crate) browser: bool,
}

impl Needs {
    /// Everything that was not left out.
    pub(crate) fn all_but(without: &Without) -> Self {
        let postgres = !without.postgres;
        let pgbouncer = postgres && !without.pgbouncer;
        Self { postgres, roomy_postgres: false, pgbouncer, redis: !without.redis, browser: !without.browser }
    }

    /// Makes sure that the programs are there, in one go.
    pub(crate) fn provide(self) -> Result<()> {
        let mut missing = Vec::new();
        if self.postgres && postgres::find().is_none() {
            missing.push(Part::Postgres);
        }
        if self.pgbouncer && pgbouncer::find().is_none() {
            missing.push(Part::Pgbouncer);
        }
        if self.redis && redis::find().is_none() {
            missing.push(Part::Redis);
        }
        if self.browser && browser::find().is_none() {
            missing.push(Part::Browser);
        }
        if missing.is_empty() { Ok(()) } else { install::install(&missing) }
    }
}

/// A part that can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Postgres,
    Pgbouncer,
    Redis,
    Browser,
}

impl Part {
    /// As `--without` names it.
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Pgbouncer => "pgbouncer",
            Self::Redis => "redis",
            Self::Browser => "browser",
        }
    }

    /// What was looked for and not found.
    fn looked_for(self) -> &'static str {
        match self {
            Self::Postgres => "the PostgreSQL server programs (initdb, pg_ctl)",
            Self::Pgbouncer => "the pooler of PostgreSQL (pgbouncer)",
            Self::Redis => "the Redis server (redis-server)",
            Self::Browser => "Chromium and chromedriver",
        }
    }
}
