//! What a token says.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::error::TokenError;
use crate::numeric_date::NumericDate;

/// Names that claims of an application's own must not have: the ones that are written here, and two whose meaning
/// would change who acts (`act`, RFC 8693 section 4.1) or who may present the token (`cnf`, RFC 7800 section 3.1).
pub const RESERVED: [&str; 16] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "org_id",
    "client_id",
    "roles",
    "permissions",
    "amr",
    "auth_time",
    "act",
    "cnf",
];

/// Why claims cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// A claim of the application's own has a name that is [`RESERVED`].
    #[error("the claim name `{0}` is reserved")]
    Reserved(String),
    /// A claim that must say something is empty.
    #[error("the claim `{0}` is empty")]
    Empty(&'static str),
    /// A time before 1970 or after 9999.
    #[error("a time is out of range")]
    Time,
}

/// The claims of an access token (RFC 9068 section 2.2), under their registered names.
///
/// Making a value proves nothing; what was checked is a [`Verified`](crate::Verified). Rights that are not named are not
/// there: every list is empty and every option `None` unless somebody filled it.
///
/// ```
/// use time::{Duration, OffsetDateTime};
/// use usermgmt_jwt::{Claims, limits};
/// # let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
///
/// let claims = Claims {
///     iss: "https://app.example.com".into(),
///     aud: "https://api.example.com".into(),
///     sub: "usr_1".into(),
///     sid: "ses_1".into(),
///     jti: "tok_1".into(),
///     org_id: Some("org_1".into()),
///     permissions: vec!["project:read".into()],
///     ..Claims::lasting(now, limits::LIFETIME)?
/// };
/// assert_eq!(claims.exp.moment(), now + limits::LIFETIME);
/// # Ok::<(), usermgmt_jwt::ClaimsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Who issued the token: an origin.
    pub iss: String,
    /// Whom it is about: the user's id.
    pub sub: String,
    /// For whom it is: the one service that may accept it.
    pub aud: String,
    /// From this second on it is dead.
    pub exp: NumericDate,
    /// Before this second it is not yet alive.
    pub nbf: Option<NumericDate>,
    /// When it was issued.
    pub iat: NumericDate,
    /// Its own id, never given twice.
    pub jti: String,
    /// The session that it was issued for.
    pub sid: String,
    /// The organisation that the session acts in. Roles and permissions are those of this organisation.
    pub org_id: Option<String>,
    /// The OAuth client, where there is one. RFC 9068 section 2.2 asks for it; a first-party session has none.
    pub client_id: Option<String>,
    /// Roles in the organisation.
    pub roles: Vec<String>,
    /// Permissions in the organisation.
    pub permissions: Vec<String>,
    /// How the person was authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// When the person was authenticated last.
    pub auth_time: Option<NumericDate>,
    /// Claims of the application's own. None may have a name that is [`RESERVED`].
    pub extra: Map<String, Value>,
}

impl Claims {
    /// Claims that are alive from now on for that long, and say nothing else yet.
    ///
    /// # Errors
    /// Fails when a time is out of range.
    pub fn lasting(now: OffsetDateTime, life: Duration) -> Result<Self, ClaimsError> {
        let iat = NumericDate::at(now).ok_or(ClaimsError::Time)?;
        let exp = iat.seconds().checked_add(life.whole_seconds()).and_then(NumericDate::from_seconds);
        Ok(Self {
            iss: String::new(),
            sub: String::new(),
            aud: String::new(),
            exp: exp.ok_or(ClaimsError::Time)?,
            nbf: Some(iat),
            iat,
            jti: String::new(),
            sid: String::new(),
            org_id: None,
            client_id: None,
            roles: Vec::new(),
            permissions: Vec::new(),
            amr: Vec::new(),
            auth_time: None,
            extra: Map::new(),
        })
    }

    /// From issue to expiry; negative where the claims make no sense.
    #[must_use]
    pub fn life(&self) -> Duration {
        // Both lie between 1970 and 9999.
        Duration::seconds(self.exp.seconds().saturating_sub(self.iat.seconds()))
    }

    /// The claims as JSON. What is empty is left out: tokens travel with every request.
    pub(crate) fn write(&self) -> Result<Map<String, Value>, ClaimsError> {
        if let Some(name) = self.extra.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(ClaimsError::Reserved(name.clone()));
        }
        let mut map = self.extra.clone();
        let needed =
            [("iss", &self.iss), ("sub", &self.sub), ("aud", &self.aud), ("jti", &self.jti), ("sid", &self.sid)];
        for (name, value) in needed {
            if value.is_empty() {
                return Err(ClaimsError::Empty(name));
            }
            map.insert(name.into(), value.as_str().into());
        }
        for (name, value) in [("org_id", &self.org_id), ("client_id", &self.client_id)] {
            match value.as_deref() {
                Some("") => return Err(ClaimsError::Empty(name)),
                Some(value) => drop(map.insert(name.into(), value.into())),
                None => {}
            }
        }
        let times =
            [("exp", Some(self.exp)), ("nbf", self.nbf), ("iat", Some(self.iat)), ("auth_time", self.auth_time)];
        for (name, value) in times {
            value.map(|value| map.insert(name.into(), value.seconds().into()));
        }
        for (name, list) in [("roles", &self.roles), ("permissions", &self.permissions), ("amr", &self.amr)] {
            if !list.is_empty() {
                map.insert(name.into(), list.clone().into());
            }
        }
        Ok(map)
    }

    /// Reads verified JSON. Nothing is guessed: a claim of another type is refused, also where it could be left out.
    pub(crate) fn read(map: Map<String, Value>) -> Result<Self, TokenError> {
        let mut members = Members(map);
        if members.0.contains_key("cnf") {
            return Err(TokenError::Bound);
        }
        let claims = Self {
            iss: members.needed_text("iss")?,
            sub: members.needed_text("sub")?,
            aud: members.audience()?,
            exp: members.date("exp")?.ok_or(TokenError::Claim("exp"))?,
            nbf: members.date("nbf")?,
            iat: members.date("iat")?.ok_or(TokenError::Claim("iat"))?,
            jti: members.needed_text("jti")?,
            sid: members.needed_text("sid")?,
            org_id: members.text("org_id")?,
            client_id: members.text("client_id")?,
            roles: members.list("roles")?,
            permissions: members.list("permissions")?,
            amr: members.list("amr")?,
            auth_time: members.date("auth_time")?,
            extra: members.0,
        };
        Ok(claims)
    }
}

/// The members that nobody has taken out yet.
struct Members(Map<String, Value>);

impl Members {
    fn needed_text(&mut self, name: &'static str) -> Result<String, TokenError> {
        self.text(name)?.ok_or(TokenError::Claim(name))
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, TokenError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(TokenError::Claim(name)),
        }
    }

    /// A whole number in range, written without fraction or exponent.
    fn date(&mut self, name: &'static str) -> Result<Option<NumericDate>, TokenError> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        value.as_i64().and_then(NumericDate::from_seconds).map(Some).ok_or(TokenError::Claim(name))
    }

    fn list(&mut self, name: &'static str) -> Result<Vec<String>, TokenError> {
        match self.0.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let texts = items.into_iter().map(|item| match item {
                    Value::String(text) => Ok(text),
                    _ => Err(TokenError::Claim(name)),
                });
                texts.collect()
            }
            Some(_) => Err(TokenError::Claim(name)),
        }
    }

    /// A string, or an array of exactly one string (RFC 7519 section 4.1.3 allows both forms). An array of several is
    /// refused even where we are among them: any of the others could pass the token on to us.
    fn audience(&mut self) -> Result<String, TokenError> {
        match self.0.remove("aud") {
            Some(Value::String(audience)) => Ok(audience),
            Some(Value::Array(mut audiences)) => match (audiences.pop(), audiences.is_empty()) {
                (Some(Value::String(audience)), true) => Ok(audience),
                _ => Err(TokenError::Audience),
            },
            _ => Err(TokenError::Audience),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000) + Duration::milliseconds(999);
        let mut claims = Claims {
            iss: "i".into(),
            sub: "s".into(),
            aud: "a".into(),
            jti: "j".into(),
            sid: "x".into(),
            ..Claims::lasting(now, Duration::minutes(5)).unwrap()
        };
        assert_eq!(claims.life(), Duration::minutes(5));
        assert_eq!(Claims::read(claims.write().unwrap()), Ok(claims.clone()));
        claims.org_id = Some("o".into());
        claims.client_id = Some("c".into());
        claims.roles = vec!["r".into()];
        claims.permissions = vec!["p".into(), "q".into()];
        claims.amr = vec!["pwd".into()];
        claims.auth_time = NumericDate::at(now);
        claims.extra.insert("https://example.com/plan".into(), "gold".into());
        assert_eq!(Claims::read(claims.write().unwrap()), Ok(claims));
    }

    #[test]
    fn a_life_has_a_range() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for life in [Duration::MAX, Duration::MIN, Duration::seconds(-1)] {
            assert_eq!(Claims::lasting(now, life), Err(ClaimsError::Time));
        }
    }
}
