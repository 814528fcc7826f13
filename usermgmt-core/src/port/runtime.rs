//! Tasks and timers, so that workers run on any runtime and wait without a thread.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A boxed future.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Starts tasks and waits.
pub trait Runtime: Send + Sync + 'static {
    /// Runs the future in the background.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Resolves after this long.
    fn wait(&self, duration: Duration) -> BoxFuture<'static, ()>;
}
