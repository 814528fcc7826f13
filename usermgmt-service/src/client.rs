//! Where a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use usermgmt_core::limits::IPV6_PREFIX_BITS;
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::Bearer;

/// What is known about whoever makes a request, besides what the request says.
#[derive(Clone, Debug, Default)]
pub struct Client {
    address: Option<IpAddr>,
    address_text: Option<String>,
    /// What the device calls itself.
    pub label: Option<String>,
    /// Language tags in order of preference, best first.
    pub languages: Vec<String>,
    /// The secret that names the browser, if it brought one.
    pub browser: Option<Bearer>,
    /// The answer to the bot check, if one came with the request.
    pub bot_answer: Option<String>,
    /// The cookie of a device known to an account, if it brought one.
    pub device: Option<String>,
    /// The secrets by which accounts trust this device, if it brought any.
    pub trusted: Vec<Bearer>,
    /// The secrets of the sessions that it presents: the active one first, then those that wait beside it.
    pub sessions: Vec<Bearer>,
    /// Slug of the organisation at whose own host the request is.
    pub organization: Option<String>,
    /// Who is signed in there already.
    pub principal: Option<Arc<Principal>>,
}

impl Client {
    /// A client at this address. For calls from the application's own code, [`Client::default`] says nothing.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address: Some(address), address_text: Some(address.to_string()), ..Self::default() }
    }

    /// The same client with the secret that names its browser.
    #[must_use]
    pub fn with_browser(self, browser: Bearer) -> Self {
        Self { browser: Some(browser), ..self }
    }

    /// The same client with the answer that it brought to the bot check; an empty one is none.
    #[must_use]
    pub fn with_bot_answer(self, answer: Option<&str>) -> Self {
        Self { bot_answer: answer.filter(|answer| !answer.is_empty()).map(str::to_owned), ..self }
    }

    /// The address, for a look-up.
    pub(crate) const fn ip(&self) -> Option<IpAddr> {
        self.address
    }

    /// The address as text.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address_text.as_deref()
    }

    /// The bytes that limits count by: an IPv4 address, or the /64 of an IPv6 address, which one household or server
    /// has to itself. Calls without an address share one bucket.
    #[must_use]
    pub fn address_prefix(&self) -> Vec<u8> {
        match self.address {
            None => Vec::new(),
            Some(IpAddr::V4(v4)) => v4.octets().to_vec(),
            Some(IpAddr::V6(v6)) => v6.octets().iter().take(usize::from(IPV6_PREFIX_BITS / 8)).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_ipv4_addresses_and_ipv6_networks() {
        let prefix = |text: &str| Client::at(text.parse().unwrap()).address_prefix();
        assert_eq!(prefix("2001:db8:1:2:3::4"), prefix("2001:db8:1:2:ffff::1"));
        assert_ne!(prefix("2001:db8:1:2::1"), prefix("2001:db8:1:3::1"));
        assert_ne!(prefix("192.0.2.1"), prefix("192.0.2.2"));
        assert_eq!(prefix("::ffff:192.0.2.1"), prefix("192.0.2.1"), "one machine, however it is written");
    }
}
