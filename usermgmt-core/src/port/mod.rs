//! Ports: what the core needs from the world, as small traits with a real implementation and a double for tests.

mod bot_check;
mod breach;
mod bus;
mod clock;
mod geo;
mod hasher;
mod hooks;
mod mailer;
mod random;
mod runtime;
mod sms;

pub use bot_check::{BotCall, BotChallenge, BotCheck, BotCheckError, BotPurpose, BotScript, BotVerdict, BotWidget};
pub use breach::{BreachDigest, BreachError, BreachPrefix, BreachRange, BreachSource};
pub use bus::{Bus, BusError, LocalBus, Wakes};
pub use clock::{Clock, ManualClock, SystemClock};
pub use geo::{Country, GeoError, GeoLookup};
pub use hasher::{HashError, HashVerdict, PasswordHasher};
pub use hooks::{Alarm, Candidate, Enrichment, Hooks, NoHooks};
pub use mailer::{Mail, MailError, Mailer};
pub use random::{OsRandom, Random, RandomError};
pub use runtime::{BoxFuture, Runtime};
pub use sms::{Sms, SmsError, SmsSender};
