//! Countries of addresses, by a database file in the MaxMind format.

#[cfg(feature = "geoip")]
mod mmdb;

#[cfg(feature = "geoip")]
pub use mmdb::{GeoIp, GeoIpError};
