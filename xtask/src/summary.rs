//! The parts of a long command, how each ended and how long it took.

use std::time::{Duration, Instant};

use crate::{fault::Result, guard::Ended, table};

/// Collects the parts in their order.
pub(crate) struct Summary {
    parts: Vec<(String, Ended, Duration)>,
    start: Instant,
}

impl Summary {
    pub(crate) fn new() -> Self {
        Self { parts: Vec::new(), start: Instant::now() }
    }

    /// Runs one part under a heading and notes its end.
    pub(crate) fn part(&mut self, name: &str, run: impl FnOnce() -> Result<Ended>) -> Result<Ended> {
        println!("\n=== {name}");
        let start = Instant::now();
        let ended = run()?;
        self.note(name, ended, start.elapsed());
        Ok(ended)
    }

    /// Notes the end of a part that was run elsewhere.
    pub(crate) fn note(&mut self, name: &str, ended: Ended, took: Duration) {
        println!("=== {name}: {} after {}", word(ended), seconds(took));
        self.parts.push((name.to_owned(), ended, took));
    }

    pub(crate) fn all_passed(&self) -> bool {
        self.parts.iter().all(|(_, ended, _)| *ended == Ended::Passed)
    }

    /// The table of all parts.
    pub(crate) fn print(&self) {
        let rows: Vec<Vec<String>> = self
            .parts
            .iter()
            .map(|(name, ended, took)| vec![name.clone(), word(*ended).to_owned(), seconds(*took)])
            .collect();
        println!("\n{}", table::lay_out(&["part", "result", "time"], &rows));
        println!("all parts: {}", seconds(self.start.elapsed()));
    }
}

/// `12.3 s`.
pub(crate) fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn word(ended: Ended) -> &'static str {
    match ended {
        Ended::Passed => "passed",
        Ended::Failed => "FAILED",
        Ended::TimedOut => "TIMED OUT",
    }
}
