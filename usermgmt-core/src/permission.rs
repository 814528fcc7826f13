//! Permissions as types, roles as data.
//!
//! A permission is a zero-size type with a stable key, so that a misspelt permission does not compile while roles in
//! a database can still name it.

use std::collections::BTreeMap;

use crate::model::RoleKey;

/// A right that code can ask for. Declare with [`permission!`](crate::permission!).
pub trait Permission: Send + Sync + 'static {
    /// Stable key of the form `resource:action`.
    const KEY: &'static str;
}

/// Declares permissions.
///
/// ```
/// use usermgmt_core::permission;
/// use usermgmt_core::permission::Permission;
///
/// permission!(pub DeleteProject = "project:delete");
/// assert_eq!(DeleteProject::KEY, "project:delete");
/// ```
#[macro_export]
macro_rules! permission {
    ($($(#[$doc:meta])* $vis:vis $name:ident = $key:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[doc = concat!("The permission `", $key, "`.")]
        #[derive(Clone, Copy, Debug)]
        $vis struct $name;

        impl $crate::permission::Permission for $name {
            const KEY: &'static str = $key;
        }
    )+};
}

/// Why a role cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// Neither `resource:action` nor a wildcard form of it.
    #[error("`{0}` is not a permission: expected `resource:action`, `resource:*` or `*`")]
    Pattern(String),
    /// Not a plain word.
    #[error("`{0}` is not a role key: expected lower-case letters, digits, `-` and `_`")]
    Key(String),
}

/// Which rights each role gives. Whatever is not given is denied.
///
/// A right is given by its key (`project:delete`), by its resource (`project:*`) or by everything (`*`).
#[derive(Clone, Debug)]
pub struct Roles(BTreeMap<RoleKey, Vec<String>>);

impl Default for Roles {
    /// Owner and admin may do everything, a member nothing in particular.
    fn default() -> Self {
        let role = |key: &str, rights: &[&str]| (RoleKey::new(key), rights.iter().map(|r| (*r).to_owned()).collect());
        Self(BTreeMap::from([role(RoleKey::OWNER, &["*"]), role("admin", &["*"]), role("member", &[])]))
    }
}

impl Roles {
    /// Gives a role exactly these rights; replaces what it had.
    ///
    /// # Errors
    /// [`RoleError`] names the first key or right that is malformed.
    pub fn set<'a>(&mut self, role: &str, rights: impl IntoIterator<Item = &'a str>) -> Result<(), RoleError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if role.is_empty() || !role.chars().all(plain) {
            return Err(RoleError::Key(role.to_owned()));
        }
        let rights = rights.into_iter().map(|right| {
            if is_right(right) { Ok(right.to_owned()) } else { Err(RoleError::Pattern(right.to_owned())) }
        });
        self.0.insert(RoleKey::new(role), rights.collect::<Result<_, _>>()?);
        Ok(())
    }

    /// Whether any of these roles gives the right with this key.
    #[must_use]
    pub fn give<'a>(&self, roles: impl IntoIterator<Item = &'a RoleKey>, key: &str) -> bool {
        roles.into_iter().filter_map(|role| self.0.get(role)).flatten().any(|right| covers(right, key))
    }

    /// The registered roles with their rights, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&RoleKey, &[String])> {
        self.0.iter().map(|(role, rights)| (role, rights.as_slice()))
    }

    /// Whether the role is registered.
    #[must_use]
    pub fn knows(&self, role: &RoleKey) -> bool {
        self.0.contains_key(role)
    }
}

fn is_right(right: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    right == "*"
        || right.split_once(':').is_some_and(|(resource, action)| word(resource) && (action == "*" || word(action)))
}

fn covers(right: &str, key: &str) -> bool {
    right == "*"
        || right == key
        || right.strip_suffix('*').is_some_and(|resource| resource.ends_with(':') && key.starts_with(resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_given_by_key_resource_or_everything_and_denied_otherwise() {
        let mut roles = Roles::default();
        roles.set("editor", ["project:*", "invoice:read"]).unwrap();
        let may = |role: &str, key| roles.give(&[RoleKey::new(role)], key);
        assert!(may("editor", "project:delete") && may("editor", "invoice:read"));
        assert!(!may("editor", "invoice:delete") && !may("editor", "projects:delete") && !may("editor", "project"));
        assert!(may("owner", "anything:at-all"));
        assert!(!may("member", "project:read") && !may("unknown", "project:read"));
        assert!(roles.give(&[RoleKey::new("member"), RoleKey::new("editor")], "project:read"), "union of rights");
    }

    #[test]
    fn malformed_rights_and_roles_are_named() {
        let mut roles = Roles::default();
        for wrong in ["", ":", "project", "project:", ":read", "*:read", "pro ject:read", "project:re*d"] {
            assert_eq!(roles.set("x", [wrong]), Err(RoleError::Pattern(wrong.to_owned())));
        }
        assert_eq!(roles.set("Owner", []), Err(RoleError::Key("Owner".into())));
    }
}
