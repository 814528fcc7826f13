//! Reading base64url and JSON in one form only, so that two readers of a token cannot understand different things.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The bytes behind base64url text without padding (RFC 7515 section 2). Padding, white space, characters of the other
/// alphabet and stray bits in the last character (RFC 4648 section 3.5) are refused: one text for each value.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The base64url text of these bytes.
pub(crate) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A JSON object of at most this depth in which no object names a member twice (RFC 8725 section 3.7 with RFC 7519
/// section 4: readers differ on which of two they take).
///
/// Two passes: the shape is judged first, then `serde_json` reads the values. So it does not matter how numbers reach a
/// visitor, which a feature of `serde_json` changes that any crate of the program can switch on.
pub(crate) fn object(json: &[u8], max_depth: usize) -> Option<Map<String, Value>> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    Shape { depth_left: max_depth }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    serde_json::from_slice(json).ok()
}

/// Depth of a value: scalars have none.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Judges nesting and repeated names, and keeps nothing.
#[derive(Clone, Copy)]
struct Shape {
    depth_left: usize,
}

impl Shape {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { depth_left })
    }
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        // With arbitrary precision a number arrives as a map of one scalar; it may stand where an object may not.
        let inner = self.deeper::<A::Error>();
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            match inner {
                Ok(inner) => members.next_value_seed(inner)?,
                Err(_) if name == "$serde_json::private::Number" => drop(members.next_value::<String>()?),
                Err(_) => return Err(A::Error::custom("nested too deeply")),
            }
            if !names.insert(name) {
                return Err(A::Error::custom("a name is repeated"));
            }
        }
        // An empty object counts too.
        if names.is_empty() { inner.map(drop) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_has_one_form() {
        assert_eq!(bytes("TWE"), Some(b"Ma".to_vec()));
        for odd in ["TWE=", "TWF", "TWE ", " TWE", "TW\nE", "T+E", "T/E", "T", "TWÉ"] {
            assert_eq!(bytes(odd), None, "{odd}");
        }
    }

    #[test]
    fn objects_have_one_meaning() {
        for good in [r#"{}"#, r#" {"a":[{"b":1},{"b":2}],"c":null} "#, r#"{"a":-1.5e3}"#] {
            assert!(object(good.as_bytes(), 3).is_some(), "{good}");
        }
        let bad = [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":1}}"#,
            r#"[]"#,
            r#""a""#,
            r#"{}{}"#,
            r#"{"a":1e400}"#,
            r#"{"a":1,}"#,
            "",
            "\u{feff}{}",
            r#"{"a":NaN}"#,
        ];
        for bad in bad {
            assert!(object(bad.as_bytes(), 3).is_none(), "{bad}");
        }
        assert!(object(b"{\"a\":\"\xff\"}", 3).is_none());
        let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(object(&utf16, 3).is_none());
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(object(nested(16).as_bytes(), 16).is_some());
        assert!(object(nested(17).as_bytes(), 16).is_none());
        assert!(object(nested(100_000).as_bytes(), 16).is_none());
        assert!(object(br#"{"a":{}}"#, 1).is_none() && object(br#"{"a":[]}"#, 1).is_none());
        let value = Value::Object(object(nested(5).as_bytes(), 16).unwrap());
        assert_eq!(depth(&value), 5);
    }
}
