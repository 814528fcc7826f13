//! The beginning of an identifier, as a range of the key.

/// From the prefix itself to the first text behind all that begin so, if there is one.
///
/// A statement has the end as a condition of its own, so that the index ends there too; where there is no end, it says
/// `… IS NULL` instead.
pub(super) struct Prefix {
    pub(super) begin: Option<String>,
    pub(super) end: Option<String>,
}

impl Prefix {
    /// What a filter asks for; the empty prefix asks for nothing. `None` if nobody can have it: a text with NUL is
    /// nowhere stored, and PostgreSQL would not even take the question.
    pub(super) fn of(filter: Option<&str>) -> Option<Self> {
        let begin = filter.filter(|prefix| !prefix.is_empty());
        if begin.is_some_and(|prefix| prefix.contains('\0')) {
            return None;
        }
        Some(Self { begin: begin.map(str::to_owned), end: begin.and_then(behind_all) })
    }

    /// Whether the range has an end to be compared with.
    pub(super) const fn ends(&self) -> bool {
        self.begin.is_none() || self.end.is_some()
    }
}

/// The first text behind all that begin so, in the order of their bytes, which is that of their code points. Behind
/// nothing but last characters there is none.
fn behind_all(prefix: &str) -> Option<String> {
    let mut rest = prefix.trim_end_matches(char::MAX).chars();
    let last = rest.next_back()?;
    let next = (last..=char::MAX).nth(1)?;
    Some(format!("{}{next}", rest.as_str()))
}

#[cfg(test)]
mod tests {
    use super::behind_all;

    #[test]
    fn a_range_ends_behind_all_that_begin_so() {
        let cases = [("ann", Some("ano")), ("\u{d7ff}", Some("\u{e000}")), ("a\u{10ffff}\u{10ffff}", Some("b"))];
        for (prefix, end) in cases {
            assert_eq!(behind_all(prefix).as_deref(), end);
        }
        assert_eq!((behind_all("\u{10ffff}"), behind_all("")), (None, None));
    }
}
