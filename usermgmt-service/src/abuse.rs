//! What stands against programs, throw-away addresses and thieves of passwords, as the builder collects it.

use std::sync::Arc;

use usermgmt_core::port::GeoLookup;

use crate::bot_check::BotProtection;
use crate::builder::Builder;
use crate::disposable::DisposableAddresses;

pub(crate) struct Abuse {
    pub(crate) bot_protection: BotProtection,
    pub(crate) disposable: DisposableAddresses,
    pub(crate) geo: Option<Arc<dyn GeoLookup>>,
    /// Whether users are written to when somebody signs in as they from an unknown device or country.
    pub(crate) new_sign_ins: bool,
}

impl Default for Abuse {
    fn default() -> Self {
        let (bot_protection, disposable) = (BotProtection::default(), DisposableAddresses::default());
        Self { bot_protection, disposable, geo: None, new_sign_ins: false }
    }
}

impl Builder {
    /// Asks whoever signs up, signs in or forgot their password for a bot check, by the module `abuse` of the manual.
    /// Default: nobody is asked.
    pub fn bot_check(mut self, protection: BotProtection) -> Self {
        self.abuse.bot_protection = protection;
        self
    }

    /// What becomes of sign-ups with addresses that are made to be thrown away. Default: they are as good as others.
    pub fn disposable_addresses(mut self, policy: DisposableAddresses) -> Self {
        self.abuse.disposable = policy;
        self
    }

    /// Knows in which country an address is, so that users hear of a sign-in from a country that is new for them. Takes
    /// effect with [`new_sign_in_notices`](Self::new_sign_in_notices). Default: nobody knows.
    pub fn geo(mut self, lookup: impl GeoLookup) -> Self {
        self.abuse.geo = Some(Arc::new(lookup));
        self
    }

    /// Writes to users when somebody signs in as they on a device that the account does not know, or (with
    /// [`geo`](Self::geo)) in a country that is new for it; the mail carries a link that undoes it for seven days. The very
    /// first sign-in after sign-up brings no mail. Each sign-in costs one more counter, with `geo` up to three. Default: off.
    pub fn new_sign_in_notices(mut self) -> Self {
        self.abuse.new_sign_ins = true;
        self
    }
}
