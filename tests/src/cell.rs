//! Where a test runs.

use std::future::Future;
use std::time::Duration;

use crate::app::App;
use crate::report;

/// A test that takes longer hangs. It is no measure of speed.
const HANGS_AFTER: Duration = Duration::from_secs(240);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKind {
    Memory,
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framework {
    Axum,
    Actix,
}

/// One store under one framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    pub store: StoreKind,
    pub framework: Framework,
}

impl StoreKind {
    pub const ALL: [Self; 3] = [Self::Memory, Self::Sqlite, Self::Postgres];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether this part was left out on purpose.
    #[must_use]
    pub fn is_left_out(self) -> bool {
        left_out(self.name())
    }
}

impl Framework {
    pub const ALL: [Self; 2] = [Self::Axum, Self::Actix];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether `cargo xtask test --without …` left this part out.
#[must_use]
pub fn left_out(part: &str) -> bool {
    std::env::var("USERMGMT_TEST_WITHOUT").is_ok_and(|parts| parts.split(',').any(|left| left == part))
}

/// Runs one test in one cell and reports what it has shown.
pub fn run<F: Future<Output = ()>>(cell: Cell, test: &str, body: impl FnOnce(App) -> F) {
    if cell.store.is_left_out() {
        println!("left out: {test} on {}", cell.store.name());
        return;
    }
    crate::log::begin();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let report = report::Report::new(test, cell.store.name(), cell.framework.name());
    runtime.block_on(async {
        let app = App::start(cell, report.clone()).await;
        let ended = tokio::time::timeout(HANGS_AFTER, body(app)).await;
        assert!(ended.is_ok(), "{test} hangs");
    });
    report.write();
}

/// Makes one `#[test]` for each cell of each named test of the module.
#[macro_export]
macro_rules! cells {
    // Everything that is logged is kept, from before the application starts.
    (keeping $test:ident) => {
        mod $test {
            $crate::cells!(@kept $test, memory_axum, Memory, Axum);
            $crate::cells!(@kept $test, memory_actix, Memory, Actix);
            $crate::cells!(@kept $test, sqlite_axum, Sqlite, Axum);
            $crate::cells!(@kept $test, sqlite_actix, Sqlite, Actix);
            $crate::cells!(@kept $test, postgres_axum, Postgres, Axum);
            $crate::cells!(@kept $test, postgres_actix, Postgres, Actix);
        }
    };
    (@kept $test:ident, $cell:ident, $store:ident, $framework:ident) => {
        #[test]
        fn $cell() {
            $crate::log::keep_everything();
            let cell = $crate::Cell { store: $crate::StoreKind::$store, framework: $crate::Framework::$framework };
            $crate::cell::run(cell, concat!(module_path!(), "::", stringify!($cell)), super::$test);
        }
    };
    ($($test:ident),+ $(,)?) => { $(
        mod $test {
            $crate::cells!(@one $test, memory_axum, Memory, Axum);
            $crate::cells!(@one $test, memory_actix, Memory, Actix);
            $crate::cells!(@one $test, sqlite_axum, Sqlite, Axum);
            $crate::cells!(@one $test, sqlite_actix, Sqlite, Actix);
            $crate::cells!(@one $test, postgres_axum, Postgres, Axum);
            $crate::cells!(@one $test, postgres_actix, Postgres, Actix);
        }
    )+ };
    (@one $test:ident, $cell:ident, $store:ident, $framework:ident) => {
        #[test]
        fn $cell() {
            let cell = $crate::Cell { store: $crate::StoreKind::$store, framework: $crate::Framework::$framework };
            $crate::cell::run(cell, concat!(module_path!(), "::", stringify!($cell)), super::$test);
        }
    };
}
