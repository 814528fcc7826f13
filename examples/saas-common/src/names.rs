//! Names of projects and workspaces.

/// A project, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, serde::Serialize)]
pub struct Project {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
}

/// A name that a project can have.
#[derive(Clone, Debug)]
pub struct ProjectName(String);

impl ProjectName {
    /// Longest name, in characters.
    pub const MAX: usize = 80;

    /// Reads a name as it was typed; `None` if it is empty, too long, or holds characters that do not show.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=Self::MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// The address of a workspace: `Acme & Söhne Ltd.` becomes `acme-söhne-ltd`.
#[must_use]
pub fn address(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_addresses() {
        assert_eq!(address("  Acme & Söhne Ltd. "), "acme-söhne-ltd");
    }

    #[test]
    fn a_name_can_be_read_by_people() {
        assert_eq!(ProjectName::parse(" Rocket ").map(ProjectName::into_text).as_deref(), Some("Rocket"));
        assert!(ProjectName::parse(&"ä".repeat(ProjectName::MAX)).is_some());
        for nameless in ["", "  ", "a\u{7}b", &"ä".repeat(ProjectName::MAX + 1)] {
            assert!(ProjectName::parse(nameless).is_none(), "{nameless:?}");
        }
    }
}
