//! What is printed: a table for each section, and all figures once more at the end.

/// A figure with the line that it must keep, if it has one.
struct Figure {
    section: &'static str,
    what: String,
    measured: String,
    line: Option<(String, bool)>,
}

/// Everything measured in this run.
pub(crate) struct Report {
    quick: bool,
    section: &'static str,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn new(quick: bool) -> Self {
        println!("{} cores, optimised build: {}", cores(), if cfg!(debug_assertions) { "no" } else { "yes" });
        if quick {
            println!("--quick: volumes that show that everything runs. Their figures are noise; nothing is judged.");
        }
        Self { quick, section: "", figures: Vec::new() }
    }

    /// `full`, or `quick` in a quick run.
    pub(crate) const fn volume(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    pub(crate) fn section(&mut self, name: &'static str, about: &str) {
        self.section = name;
        println!("\n== {name}: {about}");
    }

    /// Says how something was measured.
    pub(crate) fn note(&self, text: &str) {
        println!("   {text}");
    }

    /// Prints a table of numbers with a name each; the first row is its head.
    pub(crate) fn table(&self, rows: &[Vec<String>]) {
        print(rows, |column| column == 0);
    }

    /// A figure that is stated and has no line.
    pub(crate) fn state(&mut self, what: &str, measured: String) {
        self.figures.push(Figure { section: self.section, what: what.into(), measured, line: None });
    }

    /// A figure that must keep a line.
    pub(crate) fn judge(&mut self, what: &str, measured: String, line: &str, kept: bool) {
        self.figures.push(Figure {
            section: self.section,
            what: what.into(),
            measured,
            line: Some((line.into(), kept)),
        });
    }

    /// Prints all figures. Whether every line is kept; a quick run judges nothing.
    pub(crate) fn summary(&self) -> bool {
        println!("\n== figures");
        let mut rows = vec![["section", "figure", "measured", "line", ""].map(str::to_owned).to_vec()];
        for figure in &self.figures {
            let (line, verdict) = match &figure.line {
                None => ("", ""),
                Some((line, kept)) => (line.as_str(), if *kept { "PASS" } else { "MISS" }),
            };
            let cells = [figure.section, &figure.what, &figure.measured, line, verdict];
            rows.push(cells.map(str::to_owned).to_vec());
        }
        print(&rows, |_| true);
        let lines: Vec<bool> =
            self.figures.iter().filter_map(|figure| figure.line.as_ref()).map(|line| line.1).collect();
        let missed = lines.iter().filter(|kept| !**kept).count();
        println!("\n{} of {} lines kept", lines.len() - missed, lines.len());
        if self.quick {
            println!("--quick: not judged");
        }
        missed == 0 || self.quick
    }
}

/// Prints a table, texts to the left and numbers to the right.
fn print(rows: &[Vec<String>], is_text: fn(usize) -> bool) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max())
        .map(|width| width.unwrap_or(0))
        .collect();
    for row in rows {
        let padded = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let pad = " ".repeat(width - cell.chars().count());
            if is_text(column) { format!("{cell}{pad}") } else { format!("{pad}{cell}") }
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        println!("   {}", line.trim_end());
    }
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A row of a table.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// Nanoseconds as microseconds.
pub(crate) fn us(nanos: f64) -> String {
    format!("{:.2} µs", nanos / 1e3)
}

/// Nanoseconds as milliseconds.
pub(crate) fn ms(nanos: f64) -> String {
    format!("{:.3} ms", nanos / 1e6)
}
