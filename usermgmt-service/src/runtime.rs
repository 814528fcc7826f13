//! The ports' implementation on tokio, on which both axum and actix-web run.

use std::time::Duration;

use tokio::sync::oneshot;
use usermgmt_core::port::{BoxFuture, Runtime};

use crate::UserMgmt;

/// Tasks and timers of tokio. Must be used within a tokio runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioRuntime;

impl Runtime for TokioRuntime {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(tokio::spawn(task));
    }

    #[expect(clippy::disallowed_methods, reason = "this is the port's own file")]
    fn wait(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl UserMgmt {
    /// Runs the future to its end even if whoever waits for it goes away: a browser that hangs up in the middle must
    /// not leave a limit charged and nothing done, or a commit made and caches that have not heard of it. `None` if
    /// the future panics.
    pub async fn to_the_end<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (done, result) = oneshot::channel();
        self.0.parts.runtime.spawn(Box::pin(async move {
            // Nobody may be left to hear of it.
            let _ = done.send(work.await);
        }));
        result.await.ok()
    }
}
