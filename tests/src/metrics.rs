//! What the application counts during tests. One recorder for the whole process: whoever compares numbers runs alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

static KEPT: OnceLock<PrometheusHandle> = OnceLock::new();
static ALONE: Mutex<()> = Mutex::new(());

/// Keeps what is counted from now on; applications that are built later take part.
pub fn keep() -> &'static PrometheusHandle {
    KEPT.get_or_init(|| PrometheusBuilder::new().install_recorder().expect("no other recorder"))
}

/// Lets no other test of this process run that asks for the same.
pub fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every series and its value, as Prometheus would read them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts(pub BTreeMap<String, f64>);

impl Counts {
    #[must_use]
    pub fn now() -> Self {
        let text = keep().render();
        let series = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        Self(series.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect())
    }

    /// What has been counted since; what has not moved is left out.
    #[must_use]
    pub fn since(&self) -> Self {
        let moved = Self::now().0.into_iter().map(|(series, value)| {
            let before = self.0.get(&series).copied().unwrap_or_default();
            (series, value - before)
        });
        Self(moved.filter(|(_, value)| *value != 0.0).collect())
    }

    /// The value of one series; one that is not there is zero.
    #[must_use]
    pub fn of(&self, series: &str) -> f64 {
        self.0.get(series).copied().unwrap_or_default()
    }

    /// The series of one metric.
    #[must_use]
    pub fn all_of(&self, metric: &str) -> BTreeMap<String, f64> {
        let labels = |series: &str| series.strip_prefix(metric).is_some_and(|rest| rest.starts_with('{'));
        self.0.iter().filter(|(series, _)| labels(series)).map(|(series, value)| (series.clone(), *value)).collect()
    }
}
