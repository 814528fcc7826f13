//! What the application logs during tests: warnings beside the test's output, or everything, to be searched.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// Everything that this process has logged.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

static KEPT: OnceLock<Log> = OnceLock::new();

/// Keeps everything from now on. Call it before the first application starts in this process.
pub fn keep_everything() -> &'static Log {
    KEPT.get_or_init(|| {
        let log = Log::default();
        let subscriber =
            tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false).with_writer(log.clone());
        tracing::subscriber::set_global_default(subscriber.finish()).expect("nothing was logged before");
        log
    })
}

/// Shows warnings beside the output of the test, unless everything is kept.
pub fn begin() {
    if KEPT.get().is_some() {
        return;
    }
    let shown = tracing_subscriber::fmt().with_max_level(Level::WARN).with_ansi(false).with_test_writer();
    let _ = tracing::subscriber::set_global_default(shown.finish());
}
