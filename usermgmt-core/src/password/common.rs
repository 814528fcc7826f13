//! The built-in list of passwords that people choose often: refused although they are long enough (NIST SP 800-63B-4
//! section 3.1.1.2; OWASP ASVS 5.0, 6.2.4 asks for at least the 3,000 most common ones that meet the length rule).
//!
//! `common.txt` holds 16,285 of them, at least 8 characters long, in lower case, sorted by bytes, one a line;
//! `NOTICE.txt` says where they come from and under which licences (MIT, BSD-3-Clause). It is searched where it stands:
//! no memory, no start-up.

const LIST: &str = include_str!("common.txt");

/// Whether this is a common password, in whatever case.
pub(super) fn contains(password: &str) -> bool {
    let wanted = zeroize::Zeroizing::new(password.to_lowercase());
    let list = LIST.as_bytes();
    let (mut low, mut high) = (0, list.len());
    while low < high {
        // `low` and `high` stand at beginnings of lines; so does `begin`.
        let middle = low + (high - low) / 2;
        let before = list.get(low..middle).unwrap_or_default();
        let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let rest = list.get(begin..high).unwrap_or_default();
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match line.cmp(wanted.as_bytes()) {
            std::cmp::Ordering::Equal => return !line.is_empty(),
            std::cmp::Ordering::Less => low = begin + line.len() + 1,
            std::cmp::Ordering::Greater => high = begin,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::EmailAddress;
    use crate::limits::PASSWORD_MIN_CHARS;
    use crate::password::{Password, PasswordError, PasswordRules};

    #[test]
    fn the_list_is_sorted_long_enough_and_found_in_full() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.is_sorted() && lines.len() == 16_285, "{}", lines.len());
        for line in lines {
            assert!(line.chars().count() >= PASSWORD_MIN_CHARS && line == line.to_lowercase(), "{line}");
            assert!(contains(line) && contains(&line.to_uppercase()), "{line}");
            assert!(!contains(&format!("{line}~")) && !contains(&format!("~{line}")), "{line}");
        }
        assert!(!contains("") && !contains("\n") && !contains("~~~~~~~~~~") && !contains("        "));
    }

    /// PW-08, the list: more than the 3,000 most common ones, each refused by the default rules.
    #[test]
    fn every_common_password_is_refused_by_default_and_can_be_switched_off() {
        let email = EmailAddress::parse("xq@example.org").unwrap();
        let check = |rules: &PasswordRules, text: &str| rules.check(&Password::new(text).unwrap(), &email, "Xq Zv");
        let off = PasswordRules { no_common: false, ..PasswordRules::default() };
        for line in LIST.lines() {
            assert_eq!(check(&PasswordRules::default(), line), Err(PasswordError::Common), "{line}");
            assert_eq!(check(&off, line), Ok(()), "{line}");
        }
        for famous in ["Password1", "12345678", "QWERTYUIOP", "iloveyou1", "Football", "1qaz2wsx", "trustno1"] {
            assert_eq!(check(&PasswordRules::default(), famous), Err(PasswordError::Common), "{famous}");
        }
    }
}
