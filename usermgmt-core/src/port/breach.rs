//! Passwords known from breaches, asked for without saying which password it is.
//!
//! A range query (k-anonymity, as by Have I Been Pwned): of the password's SHA-1 digest the first five hexadecimal
//! digits are sent, the source answers with the rest of every digest that begins so, and the comparison is made here.
//! NIST SP 800-63B-4 section 3.1.1.2 asks to compare new passwords with those of breaches. SHA-1 protects nothing here:
//! it is how the sources are indexed.

use std::fmt;

use async_trait::async_trait;
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use crate::password::Password;

/// Hexadecimal digits of the digest that leave the process.
const PREFIX_CHARS: usize = 5;
/// Hexadecimal digits of the digest that stay.
const SUFFIX_CHARS: usize = 35;

/// The first five hexadecimal digits of a password's SHA-1 digest, in upper case: all that a [`BreachSource`] is ever
/// given. One in 2²⁰ of all passwords begins so; it can be made from a [`BreachDigest`] only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BreachPrefix([u8; PREFIX_CHARS]);

impl BreachPrefix {
    /// Five characters of `0-9A-F`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Always ASCII, by the one constructor.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for BreachPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BreachPrefix([redacted])")
    }
}

/// A password's SHA-1 digest, for comparing within the process. It has no way out but its prefix: neither the digest
/// nor its rest can be read, printed or serialised.
///
/// ```compile_fail,E0616
/// use usermgmt_core::password::Password;
/// use usermgmt_core::port::BreachDigest;
///
/// let digest = BreachDigest::of(&Password::new("blowfish under moonlight")?);
/// let all = &digest.suffix;
/// # Ok::<(), usermgmt_core::password::PasswordError>(())
/// ```
pub struct BreachDigest {
    prefix: BreachPrefix,
    suffix: Zeroizing<[u8; SUFFIX_CHARS]>,
}

impl BreachDigest {
    /// The digest of this password.
    #[must_use]
    pub fn of(password: &Password) -> Self {
        let digest = Zeroizing::new(<[u8; 20]>::from(Sha1::digest(password.expose().as_bytes())));
        let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let mut digits = nibbles.map(|nibble| if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 });
        let mut prefix = [0; PREFIX_CHARS];
        prefix.iter_mut().zip(&mut digits).for_each(|(place, digit)| *place = digit);
        let mut suffix = Zeroizing::new([0; SUFFIX_CHARS]);
        suffix.iter_mut().zip(&mut digits).for_each(|(place, digit)| *place = digit);
        Self { prefix: BreachPrefix(prefix), suffix }
    }

    /// What may leave the process.
    #[must_use]
    pub const fn prefix(&self) -> BreachPrefix {
        self.prefix
    }

    /// How often the password stands in breaches, by the answer of a source: 0 if it is not known.
    #[must_use]
    pub fn count_in(&self, range: &BreachRange) -> u64 {
        range.0.iter().filter(|(suffix, _)| *suffix == *self.suffix).map(|(_, count)| *count).max().unwrap_or(0)
    }
}

impl fmt::Debug for BreachDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BreachDigest([redacted])")
    }
}

/// What a source answers: the remaining 35 digits of every digest of the range, with how often its password stands in
/// breaches. Entries of count 0 are padding, there to hide the length of the answer, and mean nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BreachRange(Vec<([u8; SUFFIX_CHARS], u64)>);

impl BreachRange {
    /// Reads an answer in the form of Have I Been Pwned: a line for each digest, 35 hexadecimal digits, a colon, the
    /// count; lines end with LF or CRLF.
    ///
    /// # Errors
    /// [`BreachError`] if any line is of another form, or there is none: whoever answered is not such a source.
    pub fn parse(text: &str) -> Result<Self, BreachError> {
        let entries: Option<Vec<_>> = text.lines().filter(|line| !line.is_empty()).map(parse_line).collect();
        match entries {
            Some(entries) if !entries.is_empty() => Ok(Self(entries)),
            _ => Err(BreachError::because("the answer has no such form")),
        }
    }
}

fn parse_line(line: &str) -> Option<([u8; SUFFIX_CHARS], u64)> {
    let (suffix, count) = line.split_once(':')?;
    let mut suffix = <[u8; SUFFIX_CHARS]>::try_from(suffix.as_bytes()).ok()?;
    suffix.make_ascii_uppercase();
    let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    if !suffix.iter().all(u8::is_ascii_hexdigit) || !is_number {
        return None;
    }
    Some((suffix, count.parse().ok()?))
}

/// A source could not say which digests it knows. Never an answer about a password.
#[derive(Debug, thiserror::Error)]
#[error("the source of breached passwords did not answer: {0}")]
pub struct BreachError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl BreachError {
    /// Why there is no answer.
    pub fn because(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

/// Knows which passwords stand in breaches, by range. Whoever asks bounds the time; an implementation bounds the size
/// of what it reads.
#[async_trait]
pub trait BreachSource: Send + Sync + 'static {
    /// All digests that begin with this prefix.
    ///
    /// # Errors
    /// [`BreachError`] if the source cannot be asked or answers something else.
    async fn range(&self, prefix: &BreachPrefix) -> Result<BreachRange, BreachError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-1 of `password`, as documented by Have I Been Pwned: 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
    const REST: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

    fn digest() -> BreachDigest {
        BreachDigest::of(&Password::new("password").unwrap())
    }

    #[test]
    fn the_prefix_is_five_digits_and_the_rest_is_compared_here() {
        assert_eq!(digest().prefix().as_str(), "5BAA6");
        let count = |text: &str| digest().count_in(&BreachRange::parse(text).unwrap());
        let other = "0018A45C4D1DEF81644B54AB7F969B88D65";
        assert_eq!(count(&format!("{other}:1\r\n{REST}:9545824\r\n")), 9_545_824);
        assert_eq!(count(&format!("{}:3\n{other}:1", REST.to_lowercase())), 3);
        assert_eq!(count(&format!("{other}:7\r\n{REST}:0\r\n")), 0, "padding");
        assert_eq!(count(&format!("{other}:7")), 0);
        assert_eq!(digest().count_in(&BreachRange::default()), 0);
    }

    #[test]
    fn answers_of_another_form_are_no_answers() {
        for bad in [
            "",
            "\r\n",
            "<html><body>Sign in to the network</body></html>",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:+1",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:99999999999999999999999",
            "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:1",
            "1E4C9B93F3F0682250B6CF8331B7EE68FDX:1",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:1\nand more",
        ] {
            assert!(BreachRange::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_of_it_prints() {
        assert_eq!(
            format!("{:?} {:?}", digest(), digest().prefix()),
            "BreachDigest([redacted]) BreachPrefix([redacted])"
        );
    }
}
