//! Texts that people enter about themselves.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::error::FieldError;
use crate::limits::{LABEL_MAX_CHARS, METADATA_BYTES, METADATA_DEPTH, NAME_MAX_CHARS, SLUG_MAX_CHARS};
use crate::port::{Random, RandomError};

/// Reads the name of a person or an organisation: NFC, surrounding space removed, 1 to 64 code points, no control,
/// bidirectional or invisible characters, which could make one name look like another or break a line of a log.
///
/// # Errors
/// The error of this field.
pub fn name(field: &'static str, text: &str) -> Result<String, FieldError> {
    // Bound the work before normalising.
    if text.len() > NAME_MAX_CHARS * 16 {
        return Err(FieldError::new(field, FieldError::TOO_LONG));
    }
    let name: String = text.trim().nfc().collect();
    if name.is_empty() {
        return Err(FieldError::new(field, FieldError::REQUIRED));
    }
    if name.chars().count() > NAME_MAX_CHARS {
        return Err(FieldError::new(field, FieldError::TOO_LONG));
    }
    if name.chars().any(is_forbidden) {
        return Err(FieldError::new(field, FieldError::FORBIDDEN_CHARACTER));
    }
    Ok(name)
}

/// Names that no organisation can have in addresses: they name something of the application or of everybody.
const RESERVED: [&str; 24] = [
    "account",
    "accounts",
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "blog",
    "cdn",
    "docs",
    "ftp",
    "help",
    "localhost",
    "login",
    "mail",
    "new",
    "root",
    "security",
    "static",
    "status",
    "support",
    "system",
    "test",
    "www",
];

/// Reads the name of an organisation in addresses: 2 to 48 lower-case ASCII letters, digits and single hyphens within,
/// so that it can be a label of a host name (RFC 1035 section 2.3.1). Some words are reserved.
///
/// # Errors
/// The error of this field.
pub fn slug(field: &'static str, text: &str) -> Result<String, FieldError> {
    let slug = text.trim().to_ascii_lowercase();
    if slug.is_empty() {
        return Err(FieldError::new(field, FieldError::REQUIRED));
    }
    if slug.len() > SLUG_MAX_CHARS {
        return Err(FieldError::new(field, FieldError::TOO_LONG));
    }
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if slug.len() < 2 || !slug.split('-').all(word) {
        return Err(FieldError::new(field, FieldError::MALFORMED));
    }
    if RESERVED.contains(&slug.as_str()) {
        return Err(FieldError::new(field, FieldError::RESERVED));
    }
    Ok(slug)
}

/// A slug for an organisation of this name, made distinct by random characters.
///
/// # Errors
/// Fails when the random generator fails.
pub fn slug_of(name: &str, random: &dyn Random) -> Result<String, RandomError> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let plain = name.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c));
    let spelt: String = plain.map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let mut bytes = [0; 6];
    random.fill(&mut bytes)?;
    let tail: String =
        bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32))).map(|b| char::from(*b)).collect();
    let words = spelt.split_whitespace().take(4).map(|word| word.chars().take(8).collect::<String>());
    Ok(words.chain([tail]).collect::<Vec<_>>().join("-"))
}

/// Reads metadata: a JSON object of at most 16 KiB, nested at most 8 deep.
///
/// # Errors
/// The error of this field.
pub fn object(field: &'static str, value: Value) -> Result<Value, FieldError> {
    fn deep(value: &Value, left: usize) -> bool {
        match value {
            Value::Object(map) => left == 0 || map.values().any(|value| deep(value, left - 1)),
            Value::Array(items) => left == 0 || items.iter().any(|value| deep(value, left - 1)),
            _ => false,
        }
    }
    if !value.is_object() || deep(&value, METADATA_DEPTH) {
        return Err(FieldError::new(field, FieldError::MALFORMED));
    }
    if value.to_string().len() > METADATA_BYTES {
        return Err(FieldError::new(field, FieldError::TOO_LONG));
    }
    Ok(value)
}

/// Reads a line that somebody enters: surrounding space removed, at most 256 code points, none that a name may not have.
///
/// # Errors
/// The error of this field.
pub fn line(field: &'static str, text: &str) -> Result<String, FieldError> {
    let line = text.trim();
    if line.chars().count() > LABEL_MAX_CHARS {
        return Err(FieldError::new(field, FieldError::TOO_LONG));
    }
    if line.chars().any(is_forbidden) {
        return Err(FieldError::new(field, FieldError::FORBIDDEN_CHARACTER));
    }
    Ok(line.to_owned())
}

/// What a device calls itself, made safe to store and show: forbidden characters dropped, cut to 256 code points.
#[must_use]
pub fn label(text: &str) -> Option<String> {
    let label: String = text.chars().filter(|c| !is_forbidden(*c)).take(LABEL_MAX_CHARS).collect();
    (!label.trim().is_empty()).then_some(label)
}

/// Control characters, line and paragraph separators, bidirectional controls, zero-width and other invisible
/// characters. Joiners (U+200C, U+200D) are allowed: several scripts need them to spell names.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::OsRandom;

    #[test]
    fn slugs_are_labels_of_host_names() {
        for good in ["acme", "acme-2", "4711", "Acme", " a1 "] {
            assert_eq!(slug("slug", good).unwrap(), good.trim().to_lowercase());
        }
        for (bad, code) in [
            ("", FieldError::REQUIRED),
            ("a", FieldError::MALFORMED),
            ("-acme", FieldError::MALFORMED),
            ("ac--me", FieldError::MALFORMED),
            ("acme.org", FieldError::MALFORMED),
            ("org_x", FieldError::MALFORMED),
            ("b\u{fc}cher", FieldError::MALFORMED),
            ("admin", FieldError::RESERVED),
            (&"a".repeat(49), FieldError::TOO_LONG),
        ] {
            assert_eq!(slug("slug", bad).unwrap_err().code, code, "{bad}");
        }
        let long = "Extraordinarily Long & Loud: a Söhne company of several words".repeat(2);
        for name in ["Quill & Feather", "Bücher", "李小龍", "!", "admin", &long] {
            let made = slug_of(name, &OsRandom).unwrap();
            assert_eq!(slug("slug", &made), Ok(made.clone()), "{name}");
        }
        assert!(slug_of("Quill & Feather", &OsRandom).unwrap().starts_with("quill-feather-"));
    }

    #[test]
    fn honest_names_pass_and_disguises_do_not() {
        for honest in
            ["Ann Smith", "Ñandú Õ'Brien-Łoś", "李小龍", "نازنین\u{200c}زهرا", "  padded  ", "Acme <3 & Söhne"]
        {
            assert!(name("name", honest).is_ok(), "{honest}");
        }
        for (bad, code) in [
            ("", FieldError::REQUIRED),
            (" \n", FieldError::REQUIRED),
            ("a\0b", FieldError::FORBIDDEN_CHARACTER),
            ("a\r\nBcc: x", FieldError::FORBIDDEN_CHARACTER),
            ("ad\u{200b}min", FieldError::FORBIDDEN_CHARACTER),
            ("\u{202e}nimda", FieldError::FORBIDDEN_CHARACTER),
            ("\u{1b}[31m", FieldError::FORBIDDEN_CHARACTER),
        ] {
            assert_eq!(name("name", bad), Err(FieldError::new("name", code)), "{bad:?}");
        }
        assert!(name("name", &"ж".repeat(NAME_MAX_CHARS)).is_ok());
        assert!(name("name", &"ж".repeat(NAME_MAX_CHARS + 1)).is_err());
        assert!(name("name", &"x".repeat(1_000_000)).is_err());
    }

    #[test]
    fn labels_are_made_safe() {
        assert_eq!(label("Fire\u{202e}fox\n").as_deref(), Some("Firefox"));
        assert_eq!(label("\0"), None);
        assert_eq!(label(&"x".repeat(9_999)).map(|label| label.len()), Some(LABEL_MAX_CHARS));
    }
}
