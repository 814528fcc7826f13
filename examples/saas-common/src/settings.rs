//! Where the application listens and keeps its data.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `BIND`: the address to listen at. Default: this machine only.
    pub bind: IpAddr,
    /// `PORT`: 3000 unless set; 0 takes any that is free.
    pub port: u16,
    /// `DATA_DIR`: the folder of key and mailbox, and of a database that is a file. Default: the current one.
    pub data: PathBuf,
    /// `DATABASE_URL`: where the database is, if it is a server.
    pub database_url: Option<String>,
    /// `ORIGIN`: what browsers see, if that is not the port on this machine: behind a balancer, or at a name.
    pub origin: Option<String>,
    /// `METRICS`: where metrics can be read, on this machine only. Default: nowhere.
    pub metrics: Option<SocketAddr>,
}

/// A variable that makes no sense, or a port that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Nonsense.
    #[error("{variable}={value} makes no sense: expected {expected}")]
    Nonsense {
        /// Name of the variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        expected: &'static str,
    },
    /// Not set, and without it nothing goes.
    #[error("{variable} is not set: expected {expected}")]
    Missing {
        /// Name of the variable.
        variable: &'static str,
        /// What it should say.
        expected: &'static str,
    },
    /// Somebody else listens there.
    #[error("port {0} is taken by another program. Stop that one, or choose another port: PORT={other}", other = .0.saturating_add(1))]
    Taken(u16),
    /// It cannot listen there.
    #[error("cannot listen at {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
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
            port: port.parse().map_err(|_| SettingsError::Nonsense {
                variable: "PORT",
                value: port,
                expected: "a number from 0 to 65535",
            })?,
            bind: bind.parse().map_err(|_| SettingsError::Nonsense {
                variable: "BIND",
                value: bind,
                expected: "an address such as 127.0.0.1",
            })?,
            data: variable("DATA_DIR").unwrap_or_else(|| ".".into()).into(),
            database_url: variable("DATABASE_URL").filter(|url| !url.is_empty()),
            origin: variable("ORIGIN").filter(|origin| !origin.is_empty()),
            metrics: variable("METRICS").filter(|text| !text.is_empty()).map(loopback).transpose()?,
        })
    }

    /// Where the database server is.
    ///
    /// # Errors
    /// Says that it must be said.
    pub fn database_url(&self) -> Result<&str, SettingsError> {
        self.database_url.as_deref().ok_or(SettingsError::Missing {
            variable: "DATABASE_URL",
            expected: "a PostgreSQL database, such as postgres://user:password@localhost/projects",
        })
    }

    /// Listens.
    ///
    /// # Errors
    /// Says who is in the way.
    pub fn listen(&self) -> Result<TcpListener, SettingsError> {
        let address = SocketAddr::new(self.bind, self.port);
        TcpListener::bind(address).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => SettingsError::Taken(self.port),
            _ => SettingsError::Listen(address, error),
        })
    }

    /// What browsers see: cookies belong to it and links in mails begin with it.
    ///
    /// # Errors
    /// As the system, if it does not know where it listens.
    pub fn origin(&self, listener: &TcpListener) -> std::io::Result<String> {
        match &self.origin {
            Some(origin) => Ok(origin.clone()),
            None => Ok(format!("http://localhost:{}", listener.local_addr()?.port())),
        }
    }
}

/// An address that nobody reaches from elsewhere.
fn loopback(text: String) -> Result<SocketAddr, SettingsError> {
    let address = text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
    address.ok_or(SettingsError::Nonsense {
        variable: "METRICS",
        value: text,
        expected: "an address of this machine with a port, such as 127.0.0.1:9464",
    })
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

    #[test]
    fn metrics_are_read_on_this_machine_or_not_at_all() {
        assert_eq!(read(&[]).unwrap().metrics, None);
        assert_eq!(read(&[("METRICS", "")]).unwrap().metrics, None);
        for here in ["127.0.0.1:9464", "[::1]:9464"] {
            assert_eq!(read(&[("METRICS", here)]).unwrap().metrics.unwrap().to_string(), here);
        }
        for wrong in ["9464", "0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464", "localhost"] {
            let refused = read(&[("METRICS", wrong)]).unwrap_err();
            assert!(refused.starts_with(&format!("METRICS={wrong} makes no sense")), "{refused}");
        }
    }

    #[test]
    fn a_database_server_must_be_named() {
        let missing = read(&[("DATABASE_URL", "")]).unwrap().database_url().unwrap_err().to_string();
        assert!(missing.starts_with("DATABASE_URL is not set: expected a PostgreSQL database"), "{missing}");
        assert_eq!(
            read(&[("DATABASE_URL", "postgres://db/app")]).unwrap().database_url().unwrap(),
            "postgres://db/app"
        );
    }

    #[test]
    fn browsers_see_the_port_unless_told_otherwise_and_a_port_has_one_owner() {
        let settings = read(&[("PORT", "0")]).unwrap();
        let listener = settings.listen().unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(settings.origin(&listener).unwrap(), format!("http://localhost:{port}"));
        let behind = read(&[("ORIGIN", "https://app.example.com")]).unwrap();
        assert_eq!(behind.origin(&listener).unwrap(), "https://app.example.com");
        let taken = read(&[("PORT", &port.to_string())]).unwrap().listen().unwrap_err().to_string();
        assert!(taken.contains(&format!("port {port} is taken")) && taken.contains("PORT="), "{taken}");
    }
}
