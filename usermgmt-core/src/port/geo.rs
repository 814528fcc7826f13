//! In which country an address is, as far as somebody knows.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;

/// A country by its code of ISO 3166-1 alpha-2: two upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads a code; `None` unless it is two letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut code =
            <[u8; 2]>::try_from(text.as_bytes()).ok().filter(|code| code.iter().all(u8::is_ascii_alphabetic))?;
        code.make_ascii_uppercase();
        Some(Self(code))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Always ASCII, by the one constructor.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// It could not be looked up. Never an answer about the address.
#[derive(Debug, thiserror::Error)]
#[error("the country of an address could not be looked up: {0}")]
pub struct GeoError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl GeoError {
    /// Why there is no answer.
    pub fn because(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

/// Knows in which country an address is. It is asked once for each sign-in, which waits for it, and decides nothing:
/// whatever it answers, the sign-in goes on.
#[async_trait]
pub trait GeoLookup: Send + Sync + 'static {
    /// The country; `None` for an address that is nowhere in particular, such as a private one.
    ///
    /// # Errors
    /// [`GeoError`] if it cannot be looked up.
    async fn country(&self, address: IpAddr) -> Result<Option<Country>, GeoError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters() {
        assert_eq!(Country::parse("at").unwrap().as_str(), "AT");
        for bad in ["", "A", "AUT", "A1", "Ö", "  "] {
            assert_eq!(Country::parse(bad), None, "{bad}");
        }
    }
}
