//! What was asked for, and the looks of the runs.

use std::path::PathBuf;

use usermgmt_tests::{Cell, Framework, StoreKind};

const USAGE: &str = "usage: story [--framework axum|actix] [--store sqlite|postgres] [--shots DIR] [--look LOOK …] \
                     [--at-once N] [--built]
The examples are axum on sqlite (the default) and actix on postgres.";

/// The application in which the story is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    /// Name of the package and of its program.
    pub(crate) package: &'static str,
    pub(crate) cell: Cell,
}

impl Example {
    const ALL: [Self; 2] = [
        Self { package: "saas-axum", cell: Cell { framework: Framework::Axum, store: StoreKind::Sqlite } },
        Self { package: "saas-actix", cell: Cell { framework: Framework::Actix, store: StoreKind::Postgres } },
    ];

    /// Whether its database is a server, not a file of its own.
    pub(crate) fn has_server(self) -> bool {
        self.cell.store == StoreKind::Postgres
    }
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) example: Example,
    /// Where pictures of all pages go.
    pub(crate) shots: Option<PathBuf>,
    /// The looks of the runs: all, or those named, such as `phone-js`.
    pub(crate) looks: Vec<Look>,
    /// How many looks are played at the same time.
    pub(crate) at_once: usize,
    /// Whether the example is there already, beside this program.
    pub(crate) is_built: bool,
}

impl Options {
    pub(crate) fn read(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let [first, _] = Example::ALL;
        let mut options = Self { example: first, shots: None, looks: Look::ALL.to_vec(), at_once: 2, is_built: false };
        let (mut framework, mut store, mut looks) = (None, None, Vec::new());
        // `--name value` and `--name=value` are the same.
        let mut args = args.flat_map(|arg| match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => vec![name.to_owned(), value.to_owned()],
            _ => vec![arg],
        });
        while let Some(name) = args.next() {
            if name == "--built" {
                options.is_built = true;
                continue;
            }
            let value = args.next().ok_or(USAGE)?;
            match name.as_str() {
                "--framework" => framework = Some(Framework::parse(&value).ok_or(USAGE)?),
                "--store" => store = Some(StoreKind::parse(&value).ok_or(USAGE)?),
                "--shots" => options.shots = Some(PathBuf::from(value)),
                "--at-once" => options.at_once = value.parse().ok().filter(|count| *count > 0).ok_or(USAGE)?,
                "--look" => {
                    looks.push(Look::ALL.into_iter().find(|look| look.slug() == value).ok_or(USAGE)?);
                }
                _ => return Err(USAGE.to_owned()),
            }
        }
        if !looks.is_empty() {
            options.looks = looks;
        }
        let is_meant = |example: &Example| {
            framework.is_none_or(|framework| framework == example.cell.framework)
                && store.is_none_or(|store| store == example.cell.store)
        };
        options.example =
            Example::ALL.into_iter().find(is_meant).ok_or("there is no such example\n".to_owned() + USAGE)?;
        Ok(options)
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
