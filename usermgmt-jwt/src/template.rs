//! Claims in the shape that other products want to read, from a template that is checked when it is made.

mod values;

use serde_json::{Map, Value};

use crate::claims::RESERVED;
use crate::limits::{TEMPLATE_MAX_BYTES, TEMPLATE_MAX_DEPTH};
use crate::strict;

pub use values::{Placeholder, TemplateValues};

/// How deeply a text may be nested for its true depth to be found and told.
const READ_DEPTH: usize = 100;

/// Why a template is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Longer than [`TEMPLATE_MAX_BYTES`].
    #[error("the template is too long")]
    TooLong,
    /// Not a JSON object, or a name is repeated.
    #[error("the template is not a JSON object")]
    Malformed,
    /// Nested more deeply than [`TEMPLATE_MAX_DEPTH`].
    #[error("the template is nested too deeply")]
    TooDeep,
    /// A claim of this name is written by us, see [`RESERVED`].
    #[error("the claim name `{0}` is reserved")]
    Reserved(String),
    /// No placeholder has this name.
    #[error("there is no placeholder `{0}`")]
    UnknownPlaceholder(String),
    /// `{{` without `}}` in this string.
    #[error("a placeholder in `{0}` is not closed")]
    Unclosed(String),
    /// Names are fixed: this one holds a placeholder.
    #[error("the name `{0}` holds a placeholder")]
    InName(String),
    /// This placeholder stands for a list, so it cannot be a part of a longer string.
    #[error("the placeholder `{0}` is a list and must stand alone")]
    List(Placeholder),
}

/// A JSON object whose strings may hold placeholders: `{{user.id}}`, `{{user.email}}`, `{{session.id}}`, `{{org.id}}`,
/// `{{org.slug}}`, `{{org.roles}}`, `{{permissions}}`.
///
/// A string that is one placeholder becomes its value: lists become arrays. In a longer string each placeholder is
/// replaced by its text. **A value that is not there takes its place along:** outside an organisation,
/// `"tenant-{{org.id}}"` does not become `"tenant-"`, which might be somebody's; the member or the array's item is left
/// out. What is filled in is never read as a template again.
///
/// Hasura wants its claims under one name and takes the role from there:
///
/// ```
/// use usermgmt_jwt::{ClaimTemplate, TemplateValues};
///
/// let template = ClaimTemplate::parse(r#"{
///     "https://hasura.io/jwt/claims": {
///         "x-hasura-default-role": "user",
///         "x-hasura-allowed-roles": "{{org.roles}}",
///         "x-hasura-user-id": "{{user.id}}",
///         "x-hasura-org-id": "{{org.id}}"
///     }
/// }"#)?;
/// let values = TemplateValues {
///     user_id: "usr_1".into(),
///     org_id: Some("org_1".into()),
///     org_roles: vec!["user".into(), "admin".into()],
///     ..TemplateValues::default()
/// };
/// let claims = template.render(&values);
/// assert_eq!(
///     claims["https://hasura.io/jwt/claims"],
///     serde_json::json!({
///         "x-hasura-default-role": "user",
///         "x-hasura-allowed-roles": ["user", "admin"],
///         "x-hasura-user-id": "usr_1",
///         "x-hasura-org-id": "org_1",
///     })
/// );
/// # Ok::<(), usermgmt_jwt::TemplateError>(())
/// ```
///
/// Supabase takes the database role from `role`, and policies read `app_metadata`:
///
/// ```
/// # use usermgmt_jwt::{ClaimTemplate, TemplateValues};
/// let template = ClaimTemplate::parse(r#"{
///     "role": "authenticated",
///     "app_metadata": { "org": "{{org.id}}", "permissions": "{{permissions}}", "path": "/u/{{user.id}}" }
/// }"#)?;
/// let values = TemplateValues {
///     user_id: "usr_1".into(),
///     permissions: vec!["project:read".into()],
///     ..TemplateValues::default() // no organisation
/// };
/// let claims = template.render(&values);
/// assert_eq!(claims["role"], "authenticated");
/// assert_eq!(
///     claims["app_metadata"],
///     serde_json::json!({ "permissions": ["project:read"], "path": "/u/usr_1" })
/// );
/// # Ok::<(), usermgmt_jwt::TemplateError>(())
/// ```
///
/// What is rendered goes into [`Claims::extra`](crate::Claims::extra).
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimTemplate(Vec<(String, Node)>);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Fixed(Value),
    Whole(Placeholder),
    Mixed(Vec<Piece>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Filled(Placeholder),
}

impl ClaimTemplate {
    /// Reads and checks a template.
    ///
    /// # Errors
    /// Says why it is refused. The limits are [`TEMPLATE_MAX_BYTES`] and [`TEMPLATE_MAX_DEPTH`].
    pub fn parse(json: &str) -> Result<Self, TemplateError> {
        if json.len() > TEMPLATE_MAX_BYTES {
            return Err(TemplateError::TooLong);
        }
        let object = Value::Object(strict::object(json.as_bytes(), READ_DEPTH).ok_or(TemplateError::Malformed)?);
        if strict::depth(&object) > TEMPLATE_MAX_DEPTH {
            return Err(TemplateError::TooDeep);
        }
        let Node::Object(members) = Node::read(object)? else { return Err(TemplateError::Malformed) };
        match members.iter().find(|(name, _)| RESERVED.contains(&name.as_str())) {
            Some((name, _)) => Err(TemplateError::Reserved(name.clone())),
            None => Ok(Self(members)),
        }
    }

    /// The claims for these values.
    #[must_use]
    pub fn render(&self, values: &TemplateValues) -> Map<String, Value> {
        render_members(&self.0, values)
    }
}

impl Node {
    fn read(value: Value) -> Result<Self, TemplateError> {
        match value {
            Value::String(text) => Self::read_text(&text),
            Value::Array(items) => items.into_iter().map(Self::read).collect::<Result<_, _>>().map(Self::List),
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| {
                    if name.contains("{{") {
                        return Err(TemplateError::InName(name));
                    }
                    Ok((name, Self::read(value)?))
                });
                members.collect::<Result<_, _>>().map(Self::Object)
            }
            scalar => Ok(Self::Fixed(scalar)),
        }
    }

    fn read_text(text: &str) -> Result<Self, TemplateError> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or_else(|| TemplateError::Unclosed(text.to_owned()))?;
            let name = name.trim();
            let placeholder = Placeholder::ALL.into_iter().find(|placeholder| placeholder.name() == name);
            let placeholder = placeholder.ok_or_else(|| TemplateError::UnknownPlaceholder(name.to_owned()))?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Filled(placeholder));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        if let [Piece::Filled(placeholder)] = pieces.as_slice() {
            return Ok(Self::Whole(*placeholder));
        }
        let lists = pieces.iter().filter_map(|piece| match piece {
            Piece::Filled(placeholder) if placeholder.is_list() => Some(*placeholder),
            _ => None,
        });
        match lists.into_iter().next() {
            Some(list) => Err(TemplateError::List(list)),
            None => Ok(Self::Mixed(pieces)),
        }
    }

    /// The value; `None` where one is needed that is not there.
    fn render(&self, values: &TemplateValues) -> Option<Value> {
        Some(match self {
            Self::Fixed(value) => value.clone(),
            Self::Whole(placeholder) => values.value(*placeholder)?,
            Self::Mixed(pieces) => {
                let texts = pieces.iter().map(|piece| match piece {
                    Piece::Text(text) => Some(text.as_str()),
                    Piece::Filled(placeholder) => values.text(*placeholder),
                });
                Value::String(texts.collect::<Option<String>>()?)
            }
            Self::List(items) => Value::Array(items.iter().filter_map(|item| item.render(values)).collect()),
            Self::Object(members) => Value::Object(render_members(members, values)),
        })
    }
}

fn render_members(members: &[(String, Node)], values: &TemplateValues) -> Map<String, Value> {
    members.iter().filter_map(|(name, node)| Some((name.clone(), node.render(values)?))).collect()
}

#[cfg(test)]
mod tests;
