//! The ports' implementation on tokio, on which both axum and actix-web run.

use std::time::Duration;

use usermgmt_core::port::{BoxFuture, Runtime};

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
