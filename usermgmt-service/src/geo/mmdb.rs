//! A database file in the format of MaxMind DB 2.0, held in memory.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use maxminddb::{MaxMindDbError, PathElement, Reader};
use usermgmt_core::port::{Country, GeoError, GeoLookup};

/// The database file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the database of countries cannot be used: {0}")]
pub struct GeoIpError(#[from] MaxMindDbError);

/// Countries by a file in the MaxMind DB format, such as GeoLite2-Country, GeoLite2-City or DB-IP Country Lite, which the
/// application supplies and keeps up to date. It is read once, whole; a look-up takes microseconds and leaves the process
/// never.
///
/// ```no_run
/// use usermgmt_service::GeoIp;
///
/// let countries = GeoIp::open("GeoLite2-Country.mmdb")?;
/// # Ok::<(), usermgmt_service::GeoIpError>(())
/// ```
#[derive(Clone)]
pub struct GeoIp(Arc<Reader<Vec<u8>>>);

impl GeoIp {
    /// Reads a file.
    ///
    /// # Errors
    /// [`GeoIpError`] if it cannot be read, or is no such database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, GeoIpError> {
        Ok(Self(Arc::new(Reader::open_readfile(path)?)))
    }

    /// A database as bytes.
    ///
    /// # Errors
    /// [`GeoIpError`] if it is no such database.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, GeoIpError> {
        Ok(Self(Arc::new(Reader::from_source(bytes)?)))
    }

    fn look_up(&self, address: IpAddr) -> Result<Option<Country>, MaxMindDbError> {
        // A database of IPv4 addresses knows nothing of others.
        if address.is_ipv6() && self.0.metadata().ip_version == 4 {
            return Ok(None);
        }
        let path = [PathElement::Key("country"), PathElement::Key("iso_code")];
        let code: Option<&str> = self.0.lookup(address)?.decode_path(&path)?;
        Ok(code.and_then(Country::parse))
    }
}

impl std::fmt::Debug for GeoIp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("GeoIp").field(&self.0.metadata().database_type).finish()
    }
}

#[async_trait]
impl GeoLookup for GeoIp {
    async fn country(&self, address: IpAddr) -> Result<Option<Country>, GeoError> {
        self.look_up(address).map_err(GeoError::because)
    }
}

#[cfg(test)]
mod tests;
