//! Permissions as types, roles as data.
//!
//! A permission is a zero-size type with a stable key, so that a misspelt permission does not compile while roles in
//! a database can still name it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CustomRole, RoleKey};

/// The right to answer for an organisation: to delete it, to hand it over, to make and unmake owners. The role `owner`
/// gives it and nothing else does, not even `*`.
pub const OWN: &str = "organization:own";

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

/// The roles of the application's code and the permissions that it knows. Whatever is not given is denied.
///
/// A right is given by its key (`project:delete`), by its resource (`project:*`) or by everything (`*`, which is
/// everything but [`OWN`]).
#[derive(Clone, Debug)]
pub struct Roles {
    rights: BTreeMap<RoleKey, Vec<String>>,
    permissions: BTreeSet<String>,
}

impl Default for Roles {
    /// Owner and admin may do everything (an admin does not own), a member nothing in particular.
    fn default() -> Self {
        let role = |key: &str, rights: &[&str]| (RoleKey::new(key), rights.iter().map(|r| (*r).to_owned()).collect());
        Self {
            rights: BTreeMap::from([role(RoleKey::OWNER, &["*"]), role("admin", &["*"]), role("member", &[])]),
            permissions: BTreeSet::from([OWN.to_owned()]),
        }
    }
}

impl Roles {
    /// Gives a role exactly these rights; replaces what it had. Rights that name one permission make it known.
    ///
    /// # Errors
    /// [`RoleError`] names the first key or right that is malformed.
    pub fn set<'a>(&mut self, role: &str, rights: impl IntoIterator<Item = &'a str>) -> Result<(), RoleError> {
        if !is_key(role) {
            return Err(RoleError::Key(role.to_owned()));
        }
        let rights = rights.into_iter().map(|right| {
            if is_right(right) { Ok(right.to_owned()) } else { Err(RoleError::Pattern(right.to_owned())) }
        });
        let rights = rights.collect::<Result<Vec<_>, _>>()?;
        self.permissions.extend(rights.iter().filter(|right| !right.ends_with('*')).cloned());
        self.rights.insert(RoleKey::new(role), rights);
        Ok(())
    }

    /// Makes permissions known, so that organisations can build roles of their own from them.
    ///
    /// # Errors
    /// [`RoleError`] names the first one that is malformed.
    pub fn register<'a>(&mut self, permissions: impl IntoIterator<Item = &'a str>) -> Result<(), RoleError> {
        for key in permissions {
            if !is_right(key) || key.ends_with('*') {
                return Err(RoleError::Pattern(key.to_owned()));
            }
            self.permissions.insert(key.to_owned());
        }
        Ok(())
    }

    /// The permissions that are known, in alphabetical order.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.permissions.iter().map(String::as_str)
    }

    /// Whether a role of an organisation may name this right: everything, a known permission, or the resource of one.
    #[must_use]
    pub fn is_known(&self, right: &str) -> bool {
        right == "*" || (right != OWN && is_right(right) && self.permissions.iter().any(|key| covers(right, key)))
    }

    /// The roles of the code with their rights, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&RoleKey, &[String])> {
        self.rights.iter().map(|(role, rights)| (role, rights.as_slice()))
    }

    /// Whether this is a role of the code.
    #[must_use]
    pub fn knows(&self, role: &RoleKey) -> bool {
        self.rights.contains_key(role)
    }

    /// What these roles give together, in an organisation that has made these roles of its own. A role of the code
    /// stands before one of the organisation with the same key.
    #[must_use]
    pub const fn held<'a>(&'a self, custom: &'a [CustomRole], held: &'a [RoleKey]) -> Rights<'a> {
        Rights { roles: self, custom, held }
    }
}

/// What several roles give together.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a> {
    roles: &'a Roles,
    custom: &'a [CustomRole],
    held: &'a [RoleKey],
}

impl<'a> Rights<'a> {
    /// Every right with the role that gives it.
    pub fn iter(self) -> impl Iterator<Item = (&'a RoleKey, &'a str)> {
        self.held.iter().flat_map(move |role| {
            let rights = self.roles.rights.get(role);
            let own = || self.custom.iter().find(|custom| custom.key == *role).map(|custom| &custom.rights);
            let owner = (role.as_str() == RoleKey::OWNER).then_some(OWN);
            let rights = rights.or_else(own).into_iter().flatten().map(String::as_str).filter(|right| *right != OWN);
            owner.into_iter().chain(rights).map(move |right| (role, right))
        })
    }

    /// The role and its right that give the permission with this key.
    #[must_use]
    pub fn because(self, key: &str) -> Option<(&'a RoleKey, &'a str)> {
        self.iter().find(|(_, right)| covers(right, key))
    }

    /// Whether one of the roles gives the permission with this key.
    #[must_use]
    pub fn give(self, key: &str) -> bool {
        self.because(key).is_some()
    }

    /// Whether each of these rights is among them: a key can be given no more than whoever makes it holds.
    #[must_use]
    pub fn include_all(self, rights: &[String]) -> bool {
        rights.iter().all(|right| self.give(right))
    }

    /// Whether every right of these others is among them: whoever grants must hold.
    #[must_use]
    pub fn include(self, others: Rights<'_>) -> bool {
        others.iter().all(|(_, right)| self.give(right))
    }
}

/// Whether this can be the key of a role: lower-case letters, digits, `-` and `_`, up to 64 of them.
#[must_use]
pub fn is_key(role: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    !role.is_empty() && role.len() <= 64 && role.chars().all(plain)
}

fn is_right(right: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    right == "*"
        || right.split_once(':').is_some_and(|(resource, action)| word(resource) && (action == "*" || word(action)))
}

/// Whether a right, which may be a wildcard, gives the permission with this key.
pub(crate) fn covers(right: &str, key: &str) -> bool {
    if key == OWN {
        return right == OWN;
    }
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
        let may = |role: &str, key| roles.held(&[], &[RoleKey::new(role)]).give(key);
        assert!(may("editor", "project:delete") && may("editor", "invoice:read"));
        assert!(!may("editor", "invoice:delete") && !may("editor", "projects:delete") && !may("editor", "project"));
        assert!(may("owner", "anything:at-all"));
        assert!(!may("member", "project:read") && !may("unknown", "project:read"));
        let both = [RoleKey::new("member"), RoleKey::new("editor")];
        assert!(roles.held(&[], &both).give("project:read"), "union of rights");
    }

    #[test]
    fn only_owners_own_and_whoever_grants_must_hold() {
        let mut roles = Roles::default();
        roles.set("editor", ["project:*"]).unwrap();
        roles.set("sly", ["organization:*", OWN]).unwrap();
        let custom = [CustomRole {
            key: RoleKey::new("reader"),
            name: "Reader".into(),
            rights: vec!["project:read".into(), OWN.into()],
        }];
        let held = |keys: &'static [&str]| keys.iter().map(|key| RoleKey::new(*key)).collect::<Vec<_>>();
        let (owner, admin, editor) = (held(&["owner"]), held(&["admin"]), held(&["editor"]));
        let (reader, sly, none) = (held(&["reader"]), held(&["sly"]), held(&["member"]));
        let rights = |keys| roles.held(&custom, keys);
        assert!(rights(&owner).give(OWN));
        for keys in [&admin, &editor, &reader, &sly] {
            assert!(!rights(keys).give(OWN), "{keys:?}");
        }
        assert!(rights(&owner).include(rights(&admin)) && !rights(&admin).include(rights(&owner)));
        assert!(rights(&editor).include(rights(&reader)) && !rights(&reader).include(rights(&editor)));
        assert!(!rights(&editor).include(rights(&admin)) && rights(&reader).include(rights(&none)));
        assert_eq!(rights(&reader).because("project:read"), Some((&reader[0], "project:read")));
        assert!(roles.is_known("*") && !roles.is_known(OWN) && !roles.is_known("project:*"));
        roles.register(["project:read"]).unwrap();
        assert!(roles.is_known("project:*") && roles.is_known("project:read") && !roles.is_known("project:write"));
        assert!(roles.register(["project:*"]).is_err());
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
