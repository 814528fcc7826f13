//! Bodies: read whole, typed, with unknown and repeated fields refused.

use std::collections::BTreeMap;
use std::fmt::{Formatter, Result as Written};

use http::{HeaderMap, header};
use serde::Deserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};

use crate::problem::Problem;

/// Deepest nesting that a JSON body of ours has.
const DEPTH: usize = 8;

/// The media type of the body, without parameters, in lower case.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Reads a JSON body (RFC 8259). Unknown fields are refused by the type; repeated ones by the reader.
///
/// # Errors
/// [`Problem::MALFORMED`]; the body is not repeated in it.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    // A list of values in the order of the fields is no object, though the reader would take it for one.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::MALFORMED);
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return Err(Problem::MALFORMED);
        }
    }
    serde_json::from_slice(body).map_err(|_| Problem::MALFORMED)
}

/// Reads an object of texts; a name that comes twice is refused, as everywhere.
pub(crate) fn unrepeated<'de, D: Deserializer<'de>>(reader: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut Formatter<'_>) -> Written {
            f.write_str("an object of texts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut texts = BTreeMap::new();
            while let Some((name, text)) = map.next_entry()? {
                if texts.insert(name, text).is_some() {
                    return Err(A::Error::custom("a field comes twice"));
                }
            }
            Ok(texts)
        }
    }

    reader.deserialize_map(Texts)
}

/// Name of the hidden field by which a form says for which organisation its page was made.
pub(crate) const ORGANIZATION: &str = "organization";

/// The fields of a form or a query. A field that comes twice is refused, as is one that is not expected.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded` text. What is expected by a name that ends in `*`, such as `role:*`,
    /// may come with anything in place of that.
    ///
    /// # Errors
    /// [`Problem::MALFORMED`] for text that is not UTF-8, for repeated and for unexpected fields.
    pub fn parse(text: &[u8], expected: &[&str]) -> Result<Self, Problem> {
        let mut fields: Vec<(String, String)> = Vec::new();
        let is_expected = |name: &str| {
            expected.iter().any(|known| known.strip_suffix('*').map_or(*known == name, |start| name.starts_with(start)))
        };
        for (name, value) in url::form_urlencoded::parse(text) {
            let strange = name.contains('\u{fffd}') || value.contains('\u{fffd}');
            let repeated = fields.iter().any(|(known, _)| *known == name);
            if strange || repeated || !is_expected(&name) {
                return Err(Problem::MALFORMED);
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// A field; an empty one counts as not filled in.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// What is ticked: of the fields whose name begins so, the rest of the name.
    #[must_use]
    pub fn ticked(&self, start: &str) -> Vec<String> {
        let ticked = self.0.iter().filter(|(_, value)| !value.is_empty());
        ticked.filter_map(|(name, _)| name.strip_prefix(start)).map(str::to_owned).collect()
    }

    /// What a field stands for, if it is one of these words.
    #[must_use]
    pub fn choice<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Option<T> {
        known.iter().find(|(word, _)| self.get(name) == Some(word)).map(|(_, meaning)| *meaning)
    }

    /// A field, or nothing entered.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[serde(default)]
        _email: Option<String>,
        #[serde(default, deserialize_with = "unrepeated")]
        _further: BTreeMap<String, String>,
    }

    #[test]
    fn json_is_read_strictly() {
        assert!(json::<Input>(br#"{"_email":"a","_further":{"a":"1","b":"2"}}"#).is_ok() && json::<Input>(b"").is_ok());
        let deep = "[".repeat(10_000);
        for bad in [
            &b"{"[..],
            br#"{"_email":1}"#,
            br#"{"_email":["a"]}"#,
            br#"{"_email":"a","_email":"b"}"#,
            br#"{"_further":{"a":"1","a":"2"}}"#,
            br#"{"x":1}"#,
            b"\xff",
            br#"{"_email":"\ud800"}"#,
            b"[]",
            deep.as_bytes(),
        ] {
            assert_eq!(json::<Input>(bad).unwrap_err(), Problem::MALFORMED);
        }
    }

    #[test]
    fn forms_are_read_strictly() {
        let fields = Fields::parse(b"email=a%40x.org&name=", &["email", "name"]).unwrap();
        assert_eq!((fields.get("email"), fields.get("name")), (Some("a@x.org"), None));
        let boxes = Fields::parse(b"role%3Aowner=on&role:a-b=on&role:c=", &["role:*"]).unwrap();
        assert_eq!(boxes.ticked("role:"), ["owner", "a-b"]);
        assert!(Fields::parse(b"role:a=on&role:a=on", &["role:*"]).is_err());
        for bad in [&b"email=a&email=b"[..], b"email[]=a", b"other=1", b"email=%ff", b"email=\xff"] {
            assert!(Fields::parse(bad, &["email"]).is_err(), "{bad:?}");
        }
    }
}
