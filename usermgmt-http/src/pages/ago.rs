//! How long ago something was, as a person says it. Relative, because a page without scripts does not know the
//! reader's time zone.

use time::Duration;

use crate::serve::Context;

/// Name of the text and its count; `None` for just now.
fn name(passed: Duration) -> Option<(&'static str, i64)> {
    match (passed.whole_days(), passed.whole_hours(), passed.whole_minutes()) {
        (2.., ..) => Some(("ago-days", passed.whole_days())),
        (1, ..) => Some(("ago-yesterday", 1)),
        (_, 1.., _) => Some(("ago-hours", passed.whole_hours())),
        (_, _, 2..) => Some(("ago-minutes", passed.whole_minutes())),
        _ => None,
    }
}

/// How long ago this was, in the language of the page; `None` for just now.
pub(crate) fn ago(context: &Context<'_>, passed: Duration) -> Option<String> {
    let (id, count) = name(passed)?;
    Some(context.auth.texts().get(&context.language, id, &[("count", &count.to_string())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_largest_unit_that_fits() {
        for (passed, said) in [
            (Duration::seconds(-5), None),
            (Duration::seconds(119), None),
            (Duration::minutes(2), Some(("ago-minutes", 2))),
            (Duration::minutes(59), Some(("ago-minutes", 59))),
            (Duration::minutes(60), Some(("ago-hours", 1))),
            (Duration::hours(23), Some(("ago-hours", 23))),
            (Duration::hours(47), Some(("ago-yesterday", 1))),
            (Duration::hours(48), Some(("ago-days", 2))),
        ] {
            assert_eq!(name(passed), said, "{passed}");
        }
    }
}
