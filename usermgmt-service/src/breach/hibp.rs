//! The range query of Have I Been Pwned, or of a mirror with the same interface.

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use usermgmt_core::port::{BreachError, BreachPrefix, BreachRange, BreachSource};

use crate::outbound::{self, Fault};

/// The public service. It asks for no key and allows any number of queries.
const PUBLIC: &str = "https://api.pwnedpasswords.com/";
/// Longest answer that is read. A padded answer of the public service has about 40 KiB.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// The address or the HTTP client of a source is not usable.
#[derive(Debug, thiserror::Error)]
#[error("no source of breached passwords: {0}")]
pub struct SourceError(#[source] Fault);

/// The range query of Have I Been Pwned, by HTTPS.
///
/// The service sees this machine's address and five hexadecimal digits of a SHA-1 digest. Answers are asked for with
/// padding, so that their length tells an onlooker nothing. Redirects are not followed.
///
/// ```
/// use usermgmt_service::{BreachCheck, HaveIBeenPwned, OnOutage};
///
/// let check = BreachCheck::by(HaveIBeenPwned::public()?).on_outage(OnOutage::Accept);
/// # Ok::<(), usermgmt_service::SourceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HaveIBeenPwned {
    base: Url,
    client: Client,
}

impl HaveIBeenPwned {
    /// The public service, `api.pwnedpasswords.com`.
    ///
    /// # Errors
    /// Fails when the HTTP client cannot be set up.
    pub fn public() -> Result<Self, SourceError> {
        Self::at(PUBLIC)
    }

    /// A mirror: `range/` and the five digits are put behind this address.
    ///
    /// # Errors
    /// Fails when the address is neither `https://` nor `http://` on this machine, or the HTTP client cannot be set up.
    pub fn at(base: &str) -> Result<Self, SourceError> {
        let (mut base, client) = outbound::client(base).map_err(SourceError)?;
        base.set_query(None);
        base.set_fragment(None);
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let padding = (HeaderName::from_static("add-padding"), HeaderValue::from_static("true"));
        let client = client.default_headers(HeaderMap::from_iter([padding]));
        Ok(Self { base, client: client.build().map_err(|error| SourceError(error.into()))? })
    }

    async fn fetch(&self, prefix: &BreachPrefix) -> Result<String, Fault> {
        let url = self.base.join(&format!("range/{}", prefix.as_str()))?;
        let response = self.client.get(url).send().await.map_err(reqwest::Error::without_url)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("status {}", response.status().as_u16()).into());
        }
        Ok(String::from_utf8(outbound::body(response, ANSWER_MAX_BYTES).await?)?)
    }
}

#[async_trait]
impl BreachSource for HaveIBeenPwned {
    async fn range(&self, prefix: &BreachPrefix) -> Result<BreachRange, BreachError> {
        BreachRange::parse(&self.fetch(prefix).await.map_err(BreachError::because)?)
    }
}

#[cfg(test)]
mod tests;
