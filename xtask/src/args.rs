//! The command line: what was asked, and the help text.

use crate::{
    delegate::Tool,
    fault::{Fault, Result},
};

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
cargo xtask COMMAND

  test [--every-cell] [--without postgres|pgbouncer|redis|browser]... [-- ARGS]
      Runs every test: unit, integration, doctests, then short forms of the long runs. Tests over HTTP take three of
      the six cells of store and framework, so that each meets every store and both frameworks, or every cell.
      Installs (where it may) and starts what they need: PostgreSQL, pgbouncer, Redis, headless Chromium.
      ARGS go to `cargo test`; with them only that part is run.
  covered
      Which requirements and attack cases the last test run covered, by store and framework.
  matrix
      How many rules of the store suite, tests over HTTP and steps of the story passed in the last test run, by store
      and framework.

  races [--rounds N] [--processes 1|2] [--isolation LEVEL]
      The races, many rounds, every racer committing on stale reads: in one process on every store (100 rounds each),
      then between two processes on PostgreSQL, over HTTP, at each default isolation level (1,000 rounds each).
  crash [--kills N]
      kill -9 at named points, then a look at what was left.
  story [--framework axum|actix] [--look LOOK] [--shots DIR]
      The story of one user in a real browser, in the example on axum and SQLite or in that on actix-web and
      PostgreSQL; DIR receives the screenshots.
  nodes [--bus postgres|redis] [--rounds N]
      Two processes on one PostgreSQL: how long until the one refuses what the other has ended, with the bus and
      while it is cut.
  outage [--rounds N] [--gap SECONDS]
      PostgreSQL stopped, killed, replaced by its follower and out of reach in the middle of traffic.
  bench [--quick]
      The figures, as ratios to a baseline of the same run.
      These six pass their arguments on; `--without postgres`, `redis` or `browser` works for each.

  counterparts
      Libraries of other languages (PyJWT, jose) read our tokens, and we read theirs.
      Installs them with pip and npm below target/.

  defects [--without postgres|redis|browser]... [NAME]...
      Applies each patch of defects/ to a scratch tree: it must compile, and its named test must fail.
      NAME is a part of a patch's file name, or a case id.
  gates [--without licences]
      All that is no test: dependencies, arrows between crates, sources, format, clippy, docs, licences and bans.
  help
      This text.";

/// Parts of the environment that the caller wants to do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Without {
    pub(crate) postgres: bool,
    pub(crate) pgbouncer: bool,
    pub(crate) redis: bool,
    pub(crate) browser: bool,
}

impl Without {
    /// The names of what is left out, as `--without` takes them.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        [("postgres", self.postgres), ("pgbouncer", self.pgbouncer), ("redis", self.redis), ("browser", self.browser)]
            .into_iter()
            .filter_map(|(name, left_out)| left_out.then_some(name))
            .collect()
    }

    /// Says loudly what is left out; silent when nothing is.
    pub(crate) fn announce(&self) {
        for name in self.names() {
            println!("\n!!! LEFT OUT on request (--without {name}): nothing that needs {name} is tested !!!\n");
        }
    }
}

/// One command with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Test { without: Without, every_cell: bool, cargo_args: Vec<String> },
    Covered,
    Matrix,
    Counterparts,
    Delegate { tool: Tool, without: Without, args: Vec<String> },
    Defects { without: Without, names: Vec<String> },
    Gates { without_licences: bool },
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Command> {
    let mut args = args.into_iter();
    let name = args.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = args.collect();
    match name.as_str() {
        "help" | "-h" | "--help" => Ok(Command::Help),
        "test" => {
            let (own, cargo_args) = split_at_dashes(rest);
            let (without, mut left) = take_without(own)?;
            let all = left.len();
            left.retain(|arg| arg != "--every-cell");
            refuse("test", &left)?;
            Ok(Command::Test { without, every_cell: left.len() < all, cargo_args })
        }
        "covered" => refuse("covered", &rest).map(|()| Command::Covered),
        "matrix" => refuse("matrix", &rest).map(|()| Command::Matrix),
        "counterparts" => refuse("counterparts", &rest).map(|()| Command::Counterparts),
        "races" => delegate(Tool::Races, rest),
        "crash" => delegate(Tool::Crash, rest),
        "story" => delegate(Tool::Story, rest),
        "nodes" => delegate(Tool::Nodes, rest),
        "outage" => delegate(Tool::Outage, rest),
        "bench" => delegate(Tool::Bench, rest),
        "defects" => {
            let (without, names) = take_without(rest)?;
            if let Some(option) = names.iter().find(|name| name.starts_with('-')) {
                return Err(Fault::new(format!("`defects` has no option `{option}`")));
            }
            Ok(Command::Defects { without, names })
        }
        "gates" => {
            let (left_out, left) = take_without_names(rest)?;
            refuse("gates", &left)?;
            match left_out.iter().find(|name| name.as_str() != "licences") {
                Some(name) => Err(Fault::new(format!("`gates` can be run --without licences, not --without {name}"))),
                None => Ok(Command::Gates { without_licences: !left_out.is_empty() }),
            }
        }
        other => Err(Fault::new(format!("there is no command `{other}`"))),
    }
}

fn delegate(tool: Tool, rest: Vec<String>) -> Result<Command> {
    let (without, args) = take_without(rest)?;
    Ok(Command::Delegate { tool, without, args })
}

fn refuse(command: &str, left: &[String]) -> Result<()> {
    match left.first() {
        Some(arg) => Err(Fault::new(format!("`{command}` does not take `{arg}`"))),
        None => Ok(()),
    }
}

fn split_at_dashes(args: Vec<String>) -> (Vec<String>, Vec<String>) {
    let mut parts = args.splitn(2, |arg| arg == "--");
    let before = parts.next().unwrap_or_default().to_vec();
    (before, parts.next().unwrap_or_default().to_vec())
}

fn take_without(args: Vec<String>) -> Result<(Without, Vec<String>)> {
    let (names, left) = take_without_names(args)?;
    let mut without = Without::default();
    for name in names {
        match name.as_str() {
            "postgres" => without.postgres = true,
            "pgbouncer" => without.pgbouncer = true,
            "redis" => without.redis = true,
            "browser" => without.browser = true,
            other => {
                return Err(Fault::new(format!(
                    "`--without` takes `postgres`, `pgbouncer`, `redis` or `browser`, not `{other}`"
                )));
            }
        }
    }
    Ok((without, left))
}

/// Takes every `--without A,B` and `--without=A` out of the arguments.
fn take_without_names(args: Vec<String>) -> Result<(Vec<String>, Vec<String>)> {
    let (mut names, mut left) = (Vec::new(), Vec::new());
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let list = match arg.strip_prefix("--without") {
            Some("") => args.next().ok_or_else(|| Fault::new("`--without` needs the name of what to leave out"))?,
            Some(list) if list.starts_with('=') => list.trim_start_matches('=').to_owned(),
            _ => {
                left.push(arg);
                continue;
            }
        };
        names.extend(list.split(',').map(str::to_owned));
    }
    Ok((names, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Command> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn nothing_asked_is_help() {
        assert_eq!(words(""), Ok(Command::Help));
    }

    #[test]
    fn test_takes_parts_to_leave_out_and_arguments_for_cargo() {
        let expected = Command::Test {
            without: Without { postgres: true, pgbouncer: false, redis: true, browser: true },
            every_cell: true,
            cargo_args: vec!["--test".to_owned(), "http".to_owned(), "--".to_owned(), "sign_up".to_owned()],
        };
        assert_eq!(
            words("test --without postgres --every-cell --without=browser,redis -- --test http -- sign_up"),
            Ok(expected)
        );
        assert!(matches!(words("test --without postgres,browser"), Ok(Command::Test { every_cell: false, .. })));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(words("test --without licences").is_err_and(|fault| fault.to_string().contains("`licences`")));
        assert!(words("test --without").is_err());
        assert!(words("test sign_up").is_err_and(|fault| fault.to_string().contains("`sign_up`")));
        assert!(words("gates --without browser").is_err());
        assert!(words("defects --fast").is_err());
        assert!(words("tset").is_err_and(|fault| fault.to_string().contains("`tset`")));
    }

    #[test]
    fn tools_pass_their_arguments_on() {
        let expected = Command::Delegate {
            tool: Tool::Crash,
            without: Without { postgres: true, ..Without::default() },
            args: vec!["--kills".to_owned(), "20".to_owned()],
        };
        assert_eq!(words("crash --kills 20 --without postgres"), Ok(expected));
    }

    #[test]
    fn gates_can_leave_out_licences() {
        assert_eq!(words("gates --without licences"), Ok(Command::Gates { without_licences: true }));
        assert_eq!(words("gates"), Ok(Command::Gates { without_licences: false }));
    }

    #[test]
    fn help_names_every_command() {
        for name in [
            "test",
            "covered",
            "matrix",
            "races",
            "crash",
            "story",
            "nodes",
            "outage",
            "bench",
            "counterparts",
            "defects",
            "gates",
            "help",
        ] {
            assert!(HELP.contains(&format!("\n  {name}")), "{name} is missing from the help text");
        }
    }
}
