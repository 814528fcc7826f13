//! Ports: what the core needs from the world, as small traits with a real implementation and a double for tests.

mod breach;
mod bus;
mod clock;
mod hasher;
mod hooks;
mod mailer;
mod random;
mod runtime;

pub use breach::{BreachDigest, BreachError, BreachPrefix, BreachRange, BreachSource};
pub use bus::{Bus, BusError, LocalBus, Wakes};
pub use clock::{Clock, ManualClock, SystemClock};
pub use hasher::{HashError, HashVerdict, PasswordHasher};
pub use hooks::{Candidate, Enrichment, Hooks, NoHooks};
pub use mailer::{Mail, MailError, Mailer};
pub use random::{OsRandom, Random, RandomError};
pub use runtime::{BoxFuture, Runtime};
