//! Placeholders, and what they stand for.

use std::fmt;

use serde_json::Value;

/// What a template can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// `{{user.id}}`.
    UserId,
    /// `{{user.email}}`: the primary address, if it is proven.
    UserEmail,
    /// `{{session.id}}`.
    SessionId,
    /// `{{org.id}}`.
    OrgId,
    /// `{{org.slug}}`.
    OrgSlug,
    /// `{{org.roles}}`: a list.
    OrgRoles,
    /// `{{permissions}}`: a list.
    Permissions,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::UserId, Self::UserEmail, Self::SessionId, Self::OrgId, Self::OrgSlug, Self::OrgRoles, Self::Permissions];

    /// The name between the braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserId => "user.id",
            Self::UserEmail => "user.email",
            Self::SessionId => "session.id",
            Self::OrgId => "org.id",
            Self::OrgSlug => "org.slug",
            Self::OrgRoles => "org.roles",
            Self::Permissions => "permissions",
        }
    }

    pub(super) const fn is_list(self) -> bool {
        matches!(self, Self::OrgRoles | Self::Permissions)
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What placeholders stand for, for one token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateValues {
    /// The user's id.
    pub user_id: String,
    /// The user's primary address, if it is proven.
    pub user_email: Option<String>,
    /// The session's id.
    pub session_id: String,
    /// The organisation that the session acts in.
    pub org_id: Option<String>,
    /// Its name in addresses.
    pub org_slug: Option<String>,
    /// The user's roles in it.
    pub org_roles: Vec<String>,
    /// The user's permissions in it.
    pub permissions: Vec<String>,
}

impl TemplateValues {
    /// The text; `None` for what is not there, and for lists.
    pub(super) fn text(&self, placeholder: Placeholder) -> Option<&str> {
        match placeholder {
            Placeholder::UserId => Some(&self.user_id),
            Placeholder::UserEmail => self.user_email.as_deref(),
            Placeholder::SessionId => Some(&self.session_id),
            Placeholder::OrgId => self.org_id.as_deref(),
            Placeholder::OrgSlug => self.org_slug.as_deref(),
            Placeholder::OrgRoles | Placeholder::Permissions => None,
        }
    }

    /// The value; `None` for what is not there.
    pub(super) fn value(&self, placeholder: Placeholder) -> Option<Value> {
        match placeholder {
            Placeholder::OrgRoles => Some(self.org_roles.clone().into()),
            Placeholder::Permissions => Some(self.permissions.clone().into()),
            _ => self.text(placeholder).map(Value::from),
        }
    }
}
