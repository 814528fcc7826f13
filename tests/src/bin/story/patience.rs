//! Waiting as a person waits: looking again, not for ever.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::fault::{Result, ensure};

/// Nobody waits longer. It is no measure of speed: two browsers at once on a busy machine are slow.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks.
const BLINK: Duration = Duration::from_millis(25);

/// Looks again and again until there is something, for as long as anybody would wait.
pub(crate) async fn until<T, F>(what: impl Fn() -> String, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let begun = Instant::now();
    let mut pause = tokio::time::interval(BLINK);
    loop {
        pause.tick().await;
        if let Some(found) = look().await? {
            return Ok(found);
        }
        ensure(begun.elapsed() < PATIENCE, || format!("waited in vain: {}", what()))?;
    }
}
