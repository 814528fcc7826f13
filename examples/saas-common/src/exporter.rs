//! Metrics for Prometheus, at a port of their own that only this machine reaches.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use crate::program::Fault;
use crate::settings::Settings;

/// Bounds of what is counted in seconds: from a read of a fast store to a mail server that thinks about it.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Begins to keep and to show what is counted, if `METRICS` says where. Before user management is built, which tells the
/// recorder what there will be.
///
/// # Errors
/// It cannot listen there, or something else counts already.
pub fn start(settings: &Settings) -> Result<(), Fault> {
    let Some(address) = settings.metrics else { return Ok(()) };
    let builder = PrometheusBuilder::new().with_http_listener(address);
    builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?.install()?;
    Ok(())
}
