//! The parts of a long command, how each ended and how long it took; what failed is repeated last.

use std::time::{Duration, Instant};

use crate::{fault::Result, guard::Ended, table};

/// Collects the parts in their order.
pub(crate) struct Summary {
    parts: Vec<(String, Ended, Duration)>,
    complaints: Vec<String>,
    start: Instant,
}

impl Summary {
    pub(crate) fn new() -> Self {
        Self { parts: Vec::new(), complaints: Vec::new(), start: Instant::now() }
    }

    /// Runs one part under a heading and notes its end.
    pub(crate) fn part(&mut self, name: &str, run: impl FnOnce() -> Result<Ended>) -> Result<Ended> {
        println!("\n=== {name}");
        let start = Instant::now();
        let ended = run()?;
        self.note(name, ended, start.elapsed());
        Ok(ended)
    }

    /// Keeps the complaints of a part to repeat them at the end, where a reader of a long log looks first.
    pub(crate) fn complain(&mut self, name: &str, complaints: Complaints) {
        if !complaints.lines.is_empty() {
            self.complaints.push(format!("--- {name}"));
            self.complaints.extend(complaints.lines);
        }
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
        if !self.complaints.is_empty() {
            println!("\nwhat failed:\n{}\n", self.complaints.join("\n"));
        }
    }
}

/// The lines of a program's output that tell a failure.
#[derive(Default)]
pub(crate) struct Complaints {
    lines: Vec<String>,
    /// How many of the next lines belong to the last complaint.
    going_on: usize,
}

impl Complaints {
    /// More of them say nothing new.
    const MOST: usize = 120;
    /// A panic's message stands below the line that says where.
    const OF_A_PANIC: usize = 5;

    /// Keeps the line when it tells a failure.
    pub(crate) fn see(&mut self, line: &str) {
        let panic = line.contains("panicked at ");
        let told = line.contains('✗') || (line.starts_with("test ") && line.ends_with("FAILED"));
        if (panic || told || self.going_on > 0) && self.lines.len() < Self::MOST {
            self.lines.push(line.to_owned());
        }
        self.going_on = if panic { Self::OF_A_PANIC } else { self.going_on.saturating_sub(1) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_from_what_passes() {
        let mut complaints = Complaints::default();
        for line in [
            "running 2 tests",
            "test good ... ok",
            "test bad ... FAILED",
            "---- bad stdout ----",
            "thread 'bad' panicked at src/lib.rs:1:1:",
            "the left is not the right",
            "desktop-js ✓ a page is shown",
            "desktop-js ✗ another is not",
        ] {
            complaints.see(line);
        }
        assert_eq!(
            complaints.lines,
            [
                "test bad ... FAILED",
                "thread 'bad' panicked at src/lib.rs:1:1:",
                "the left is not the right",
                "desktop-js ✓ a page is shown",
                "desktop-js ✗ another is not",
            ]
        );
    }
}
