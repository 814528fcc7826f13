//! Where racers of one process stand until they are let go.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use usermgmt_core::store::Store;

/// What the child says when all stand.
pub(crate) const HELD: &str = "held";

/// Holds the first callers of some calls of a store. All others pass.
#[derive(Default)]
pub(crate) struct Gate(Mutex<Option<Hold>>);

struct Hold {
    calls: Vec<String>,
    still_to_come: usize,
    opened: watch::Sender<bool>,
}

impl Gate {
    /// From now on so many callers of these calls stand still. Says when the last of them has come.
    pub(crate) fn hold(&self, calls: &str, callers: usize) {
        let calls = calls.split(',').map(str::to_owned).collect();
        *self.inner() = Some(Hold { calls, still_to_come: callers, opened: watch::Sender::new(false) });
    }

    /// Lets go whoever stands here.
    pub(crate) fn open(&self) {
        if let Some(hold) = self.inner().take() {
            hold.opened.send_replace(true);
        }
    }

    async fn pass(&self, call: &str) {
        let opened = self.inner().as_mut().and_then(|hold| hold.stands(call));
        if let Some(mut opened) = opened {
            drop(opened.wait_for(|opened| *opened).await);
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Option<Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    fn stands(&mut self, call: &str) -> Option<watch::Receiver<bool>> {
        if self.still_to_come == 0 || !self.calls.iter().any(|held| held == call) {
            return None;
        }
        self.still_to_come -= 1;
        if self.still_to_come == 0 {
            println!("{HELD}");
        }
        Some(self.opened.subscribe())
    }
}

/// A store whose callers are held before the call begins: what they act on then, they have read before.
pub(crate) struct Gated {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) gate: Arc<Gate>,
}

usermgmt_core::forward_store!([] Gated, |this| this.inner, |call| this.gate.pass(call).await);
