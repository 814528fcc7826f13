//! Ports: what the core needs from the world, as small traits with a real implementation and a double for tests.

mod clock;
mod hasher;
mod mailer;
mod random;
mod runtime;

pub use clock::{Clock, ManualClock, SystemClock};
pub use hasher::{HashError, HashVerdict, PasswordHasher};
pub use mailer::{Mail, MailError, Mailer};
pub use random::{OsRandom, Random, RandomError};
pub use runtime::{BoxFuture, Runtime};
