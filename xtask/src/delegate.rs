//! `races`, `crash`, `story`, `nodes`, `outage`, `bench`: starts what they need and hands over to the programs that do the work.

use crate::{args::Without, fault::Result, guard::Ended, needs::Needs, process, stage::Stage, workspace::Workspace};

/// One of the long runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Races,
    Crash,
    Story,
    Nodes,
    Outage,
    Bench,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Races => "races",
            Self::Crash => "crash",
            Self::Story => "story",
            Self::Nodes => "nodes",
            Self::Outage => "outage",
            Self::Bench => "bench",
        }
    }

    /// What it needs; of the story's examples only the one on actix-web is on PostgreSQL.
    fn needs(self, args: &[String]) -> Needs {
        match self {
            Self::Races | Self::Crash | Self::Outage => Needs { postgres: true, ..Needs::default() },
            Self::Bench => Needs { postgres: true, roomy_postgres: true, ..Needs::default() },
            Self::Nodes => {
                // Whoever names one bus does without the other.
                let redis = !args.iter().any(|arg| arg.contains("postgres"));
                Needs { postgres: true, redis, ..Needs::default() }
            }
            Self::Story => {
                let postgres = args.iter().any(|arg| arg.contains("postgres") || arg.contains("actix"));
                Needs { postgres, browser: true, ..Needs::default() }
            }
        }
    }

    fn cargo_args(self) -> Vec<&'static str> {
        match self {
            Self::Bench => vec!["run", "--release", "-p", "usermgmt-benches", "--"],
            Self::Races | Self::Crash | Self::Story | Self::Nodes | Self::Outage => {
                vec!["run", "-p", "usermgmt-tests", "--all-features", "--bin", self.name(), "--"]
            }
        }
    }
}

/// Runs it to its end. Its report lines do not mix with those of the last test run.
pub(crate) fn run(workspace: &Workspace, tool: Tool, without: &Without, args: &[String]) -> Result<bool> {
    without.announce();
    let wanted = tool.needs(args);
    let needs = Needs {
        postgres: wanted.postgres && !without.postgres,
        roomy_postgres: wanted.roomy_postgres,
        pgbouncer: wanted.pgbouncer && !without.pgbouncer,
        redis: wanted.redis && !without.redis,
        browser: wanted.browser && !without.browser,
    };
    let report = workspace.own_dir().join(format!("report-{}", tool.name()));
    let mut stage = Stage::set(needs, without, &report)?;
    let mut command = process::cargo(&workspace.root);
    command.args(tool.cargo_args()).args(args);
    stage.dress(&mut command);
    let ended = stage.guard.run(command)?;
    drop(stage);
    without.announce();
    Ok(ended == Ended::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_starts_postgres_only_for_the_example_on_it() {
        let args = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(!Tool::Story.needs(&args("--framework axum")).postgres);
        assert!(Tool::Story.needs(&args("--store postgres")).postgres);
        assert!(Tool::Story.needs(&args("--framework=actix")).postgres);
        assert!(Tool::Story.needs(&args("--store=postgres")).browser);
        assert!(Tool::Nodes.needs(&args("--rounds 3")).redis);
        assert!(!Tool::Nodes.needs(&args("--bus postgres")).redis);
        assert!(!Tool::Races.needs(&args("--rounds 3")).browser);
    }
}
