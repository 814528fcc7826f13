//! Where the application listens and keeps its data.

use std::net::IpAddr;
use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `BIND`: the address to listen at. Default: this machine only.
    pub bind: IpAddr,
    /// `PORT`: 3000 unless set; 0 takes any that is free.
    pub port: u16,
    /// `DATA_DIR`: the folder of database, key and mailbox. Default: the current one.
    pub data: PathBuf,
}

/// A variable that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{variable}={value} makes no sense: expected {expected}")]
pub struct SettingsError {
    variable: &'static str,
    value: String,
    expected: &'static str,
}

impl Settings {
    /// Reads the settings by asking for each variable.
    ///
    /// # Errors
    /// Names the variable that makes no sense.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let port = variable("PORT").unwrap_or_else(|| "3000".into());
        let bind = variable("BIND").unwrap_or_else(|| "127.0.0.1".into());
        Ok(Self {
            port: port.parse().map_err(|_| SettingsError {
                variable: "PORT",
                value: port,
                expected: "a number from 0 to 65535",
            })?,
            bind: bind.parse().map_err(|_| SettingsError {
                variable: "BIND",
                value: bind,
                expected: "an address such as 127.0.0.1",
            })?,
            data: variable("DATA_DIR").unwrap_or_else(|| ".".into()).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Settings::read(find).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_has_a_default_and_nonsense_is_named() {
        let settings = read(&[]).unwrap();
        assert_eq!((settings.bind.to_string().as_str(), settings.port), ("127.0.0.1", 3000));
        assert_eq!(read(&[("PORT", "8080"), ("DATA_DIR", "x")]).unwrap().data, PathBuf::from("x"));
        assert!(read(&[("PORT", "http")]).unwrap_err().starts_with("PORT=http makes no sense"));
        assert!(read(&[("BIND", "localhost")]).unwrap_err().starts_with("BIND=localhost makes no sense"));
    }
}
