//! Texts that people enter about themselves.

use unicode_normalization::UnicodeNormalization;

use crate::error::FieldError;
use crate::limits::{LABEL_MAX_CHARS, NAME_MAX_CHARS};

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
