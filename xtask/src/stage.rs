//! The stage on which tests play: what they need is running, and variables tell them where.

use std::{path::Path, process::Command};

use crate::{
    args::Without,
    fault::{Fault, Result},
    guard::Guard,
    needs::{Needs, browser, pgbouncer, postgres, redis},
    workspace,
};

/// Running servers and the variables that lead to them. Dropping it stops everything.
pub(crate) struct Stage {
    pub(crate) guard: Guard,
    variables: Vec<(&'static str, String)>,
}

impl Stage {
    /// Provides and starts what is needed; the report directory is emptied.
    pub(crate) fn set(needs: Needs, without: &Without, report: &Path) -> Result<Self> {
        needs.provide()?;
        workspace::emptied(report)?;
        let mut guard = Guard::start()?;
        let mut variables = vec![
            ("USERMGMT_TEST_REPORT", report.display().to_string()),
            ("USERMGMT_TEST_WITHOUT", without.names().join(",")),
        ];
        if needs.postgres {
            let programs = postgres::find().ok_or_else(|| Fault::new("PostgreSQL was found and is gone again"))?;
            let url = postgres::start(&programs, needs.roomy_postgres, &mut guard)?;
            println!("PostgreSQL for the tests: {url}");
            if needs.pgbouncer {
                let program = pgbouncer::find().ok_or_else(|| Fault::new("pgbouncer was found and is gone again"))?;
                let through = pgbouncer::start(&program, &url, &mut guard)?;
                println!("pgbouncer for the tests: {through}");
                variables.push(("USERMGMT_TEST_PGBOUNCER", through));
            }
            variables.push(("USERMGMT_TEST_POSTGRES", url));
            variables.push(("USERMGMT_TEST_POSTGRES_PROGRAMS", programs.dir().display().to_string()));
        }
        if needs.redis {
            let program = redis::find().ok_or_else(|| Fault::new("Redis was found and is gone again"))?;
            let url = redis::start(&program, &mut guard)?;
            println!("Redis for the tests: {url}");
            variables.push(("USERMGMT_TEST_REDIS", url));
            variables.push(("USERMGMT_TEST_REDIS_SERVER", program.display().to_string()));
        }
        if needs.browser {
            let browser = browser::find().ok_or_else(|| Fault::new("Chromium was found and is gone again"))?;
            println!("browser for the tests: {}", browser.chromium.display());
            variables.push(("USERMGMT_TEST_CHROMIUM", browser.chromium.display().to_string()));
            variables.push(("USERMGMT_TEST_CHROMEDRIVER", browser.chromedriver.display().to_string()));
        }
        Ok(Self { guard, variables })
    }

    /// Gives a command the variables, and only these: none of the same name is inherited.
    pub(crate) fn dress(&self, command: &mut Command) {
        let servers = ["POSTGRES", "POSTGRES_PROGRAMS", "PGBOUNCER", "REDIS", "REDIS_SERVER"];
        let all = servers.into_iter().chain(["CHROMIUM", "CHROMEDRIVER", "REPORT", "WITHOUT"]);
        for name in all {
            command.env_remove(format!("USERMGMT_TEST_{name}"));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}
