//! What was asked for, and the looks of the runs.

use std::path::PathBuf;

use usermgmt_tests::{Cell, Framework, StoreKind};

const USAGE: &str =
    "usage: story [--framework axum|actix] [--store sqlite|postgres|memory] [--shots DIR] [--look LOOK]";

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) cell: Cell,
    /// Where pictures of all pages go.
    pub(crate) shots: Option<PathBuf>,
    /// The looks of the runs: all, or one by its name, such as `phone-js`.
    pub(crate) looks: Vec<Look>,
}

impl Options {
    pub(crate) fn read(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let cell = Cell { framework: Framework::Axum, store: StoreKind::Sqlite };
        let mut options = Self { cell, shots: None, looks: Look::ALL.to_vec() };
        // `--name value` and `--name=value` are the same.
        let mut args = args.flat_map(|arg| match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => vec![name.to_owned(), value.to_owned()],
            _ => vec![arg],
        });
        while let Some(name) = args.next() {
            let value = args.next().ok_or(USAGE)?;
            match name.as_str() {
                "--framework" => options.cell.framework = Framework::parse(&value).ok_or(USAGE)?,
                "--store" => options.cell.store = StoreKind::parse(&value).ok_or(USAGE)?,
                "--shots" => options.shots = Some(PathBuf::from(value)),
                "--look" => {
                    options.looks.retain(|look| look.slug() == value);
                    if options.looks.is_empty() {
                        return Err(USAGE.to_owned());
                    }
                }
                _ => return Err(USAGE.to_owned()),
            }
        }
        if options.is_example() || options.cell.framework == Framework::Actix {
            return Ok(options);
        }
        Err(format!("the example keeps its data in SQLite; other stores: --framework actix\n{USAGE}"))
    }

    /// Whether the story is played in the example, not in the application of the test kit.
    pub(crate) fn is_example(&self) -> bool {
        self.cell == Cell { framework: Framework::Axum, store: StoreKind::Sqlite }
    }
}

/// How a person looks at the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) phone: bool,
    pub(crate) scripts: bool,
}

impl Look {
    pub(crate) const ALL: [Self; 4] = [
        Self { phone: false, scripts: true },
        Self { phone: false, scripts: false },
        Self { phone: true, scripts: true },
        Self { phone: true, scripts: false },
    ];

    /// Width and height of what is seen.
    pub(crate) const fn size(self) -> (u32, u32) {
        if self.phone { (390, 844) } else { (1280, 900) }
    }

    /// The same person at another device: a phone beside a desktop, a desktop beside a phone.
    pub(crate) const fn elsewhere(self) -> Self {
        Self { phone: !self.phone, ..self }
    }

    /// Whether the pages are seen in their dark colours; in the runs without JavaScript, so that both are looked at.
    pub(crate) const fn is_dark(self) -> bool {
        !self.scripts
    }

    /// Whether the address is proven by the link or, in the other runs, by the code.
    pub(crate) const fn by_link(self) -> bool {
        self.phone != self.scripts
    }

    pub(crate) fn title(self) -> String {
        let (width, height) = self.size();
        let device = if self.phone { "phone" } else { "desktop" };
        let scripts = if self.scripts { "with JavaScript" } else { "without JavaScript" };
        format!("{device} {width}×{height} · {scripts}")
    }

    /// Beginning of file names.
    pub(crate) const fn slug(self) -> &'static str {
        match (self.phone, self.scripts) {
            (false, true) => "desktop-js",
            (false, false) => "desktop-nojs",
            (true, true) => "phone-js",
            (true, false) => "phone-nojs",
        }
    }
}
