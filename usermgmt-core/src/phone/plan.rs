//! Numbers as people type them, read by the numbering plans of the world.
//!
//! The plans are those of libphonenumber, as data. What is done with them is written here: its parser in Rust takes trunk
//! prefixes off numbers that have none, and searches free text for numbers. Here every character counts.

use phonenumber::Type;
use phonenumber::metadata::{DATABASE, Descriptor, Format, Metadata};

use super::{E164_DIGITS, PhoneError, PhoneNumber};
use crate::port::Country;

/// Longest text that is read: a number with room for punctuation.
const TYPED_BYTES: usize = 64;

/// Kinds of numbers that nobody is texted at: they cost more than others, or have no screen.
const NOT_TEXTED: [Type; 8] = [
    Type::PremiumRate,
    Type::SharedCost,
    Type::TollFree,
    Type::PersonalNumber,
    Type::Uan,
    Type::Pager,
    Type::Voicemail,
    Type::NoInternational,
];
/// Kinds of numbers that may be texted. In many countries a number does not tell whether it is a mobile phone's.
const TEXTED: [Type; 3] = [Type::Mobile, Type::FixedLine, Type::Voip];
/// How the library calls the numbers of no country: satellites, and networks all over the world.
const NO_COUNTRY: &str = "001";

impl PhoneNumber {
    /// Reads a number as a person types it: with `+` or `00` and the country code, or as it is dialled in `country`,
    /// with or without the trunk prefix. Surrounding ASCII white space and punctuation are ignored.
    ///
    /// ```
    /// use usermgmt_core::phone::{PhoneError, PhoneNumber};
    /// use usermgmt_core::port::Country;
    ///
    /// let number = PhoneNumber::parse(" (202) 555-0143 ", Country::parse("US"))?;
    /// assert_eq!(number.canonical(), "+12025550143");
    /// assert_eq!(number.display(), "+1 202 555 0143");
    /// assert_eq!(PhoneNumber::parse("+1 202.555.0143", None)?, number);
    /// assert_eq!(PhoneNumber::parse("202 555 0143", None), Err(PhoneError::CountryMissing));
    /// assert_eq!(PhoneNumber::parse("+1 900 555 0143", None), Err(PhoneError::Kind));
    /// # Ok::<(), PhoneError>(())
    /// ```
    ///
    /// The first call of a process reads the numbering plans (a twentieth of a second), and the first number of a country
    /// takes some milliseconds; after that it is microseconds.
    ///
    /// # Errors
    /// [`PhoneError`] says what is wrong.
    pub fn parse(text: &str, country: Option<Country>) -> Result<Self, PhoneError> {
        let typed = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if typed.is_empty() {
            return Err(PhoneError::Missing);
        }
        let (is_international, digits) = dialled(typed).ok_or(PhoneError::Malformed)?;
        if is_international {
            return Self::international(&digits);
        }
        // 00 is what ITU-T E.164 recommends and most countries use; it begins no number of a country.
        let from_anywhere = digits.strip_prefix("00").map(ToOwned::to_owned);
        let Some(plan) = country.and_then(|country| DATABASE.by_id(country.as_str())) else {
            return from_anywhere.map_or(Err(PhoneError::CountryMissing), |rest| Self::international(&rest));
        };
        let abroad = [after_idd(plan, &digits), from_anywhere];
        let inland = [after_trunk_prefix(plan, &digits), Some(digits)];
        let code = plan.country_code();
        first(
            (abroad.into_iter().flatten().map(|digits| Self::international(&digits)))
                .chain(inland.into_iter().flatten().map(|national| Self::of(code, &national))),
        )
    }

    /// A number by its digits behind `+`.
    fn international(digits: &str) -> Result<Self, PhoneError> {
        let (code, national) = split(digits).ok_or(PhoneError::Invalid)?;
        // Many write +44 (0)20…, with a trunk prefix that is not dialled from abroad.
        let without = plans(code).first().and_then(|plan| after_trunk_prefix(plan, national));
        first([Some(national.to_owned()), without].into_iter().flatten().map(|national| Self::of(code, &national)))
    }

    fn of(code: u16, national: &str) -> Result<Self, PhoneError> {
        let country = country_of(code, national)?;
        let number = Self::written(code, national, country);
        if number.canonical.len() > "+".len() + E164_DIGITS { Err(PhoneError::Invalid) } else { Ok(number) }
    }

    fn written(code: u16, national: &str, country: Option<Country>) -> Self {
        let canonical = format!("+{code}{national}");
        let display = format!("+{code} {}", grouped(code, national).unwrap_or_else(|| national.to_owned()));
        Self { canonical, display, country }
    }
}

/// A number that was stored, by its digits behind `+`.
pub(super) fn stored(digits: &str) -> Result<PhoneNumber, PhoneError> {
    let (code, national) = split(digits).ok_or(PhoneError::Invalid)?;
    Ok(PhoneNumber::written(code, national, country_of(code, national).ok().flatten()))
}

/// The first reading that some numbering plan has.
fn first(mut readings: impl Iterator<Item = Result<PhoneNumber, PhoneError>>) -> Result<PhoneNumber, PhoneError> {
    readings.find(|reading| *reading != Err(PhoneError::Invalid)).unwrap_or(Err(PhoneError::Invalid))
}

/// Whether there is a `+`, and the digits; `None` if there is anything else but punctuation.
fn dialled(typed: &str) -> Option<(bool, String)> {
    let (mut plus, mut digits) = (false, String::new());
    if typed.len() > TYPED_BYTES {
        return None;
    }
    for c in typed.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if !plus && digits.is_empty() => plus = true,
            ' ' | '-' | '.' | '(' | ')' | '/' => {}
            // What address books and web pages put in: spaces and hyphens that do not break, and marks of direction.
            '\u{a0}' | '\u{202f}' | '\u{2010}'..='\u{2013}' => {}
            '\u{200e}' | '\u{200f}' | '\u{202a}' | '\u{202c}' | '\u{202d}' | '\u{2066}' | '\u{2068}' | '\u{2069}' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some((plus, digits))
}

/// Country calling code and national number. No code begins another one (ITU-T E.164 section 6.2.1).
fn split(digits: &str) -> Option<(u16, &str)> {
    let is_known = |code: &u16| DATABASE.by_code(code).is_some();
    (1..=3).filter(|_| !digits.starts_with('0')).find_map(|length| {
        let (code, national) = digits.split_at_checked(length).filter(|(_, national)| !national.is_empty())?;
        Some((code.parse().ok().filter(is_known)?, national))
    })
}

/// The numbering plans of a country calling code, that of the main country first.
fn plans(code: u16) -> Vec<&'static Metadata> {
    DATABASE.by_code(&code).unwrap_or_default()
}

/// Whose number it is, if it may be texted.
fn country_of(code: u16, national: &str) -> Result<Option<Country>, PhoneError> {
    for plan in plans(code) {
        let is_here =
            plan.leading_digits().is_none_or(|pattern| pattern.find(national).is_some_and(|m| m.start() == 0));
        if !is_here || !plan.descriptors().general().is_match(national) {
            continue;
        }
        let among = |kinds: &'static [Type]| kinds.iter().filter_map(|kind| plan.descriptors().get(*kind));
        // The library is content when the beginning matches and the length is right. That is enough to refuse.
        if plan.id() == NO_COUNTRY || among(&NOT_TEXTED).any(|numbers| numbers.is_match(national)) {
            return Err(PhoneError::Kind);
        }
        if among(&TEXTED).any(|numbers| has(numbers, national)) {
            return Ok(Country::parse(plan.id()));
        }
    }
    Err(PhoneError::Invalid)
}

fn has(numbers: &Descriptor, national: &str) -> bool {
    numbers.is_match(national) && is_all(numbers.national_number().find(national).map(|m| m.range()), national)
}

fn is_all(found: Option<std::ops::Range<usize>>, text: &str) -> bool {
    found == Some(0..text.len())
}

/// What follows the prefix that is dialled in this country to reach another one.
fn after_idd(plan: &Metadata, digits: &str) -> Option<String> {
    let prefix = plan.international_prefix()?.find(digits).filter(|prefix| prefix.start() == 0)?;
    digits.get(prefix.end()..).map(ToOwned::to_owned)
}

/// The number without the prefix that is dialled before it within its country, if there is one.
fn after_trunk_prefix(plan: &Metadata, national: &str) -> Option<String> {
    let Some(pattern) = plan.national_prefix_for_parsing() else {
        return national.strip_prefix(plan.national_prefix()?).map(ToOwned::to_owned);
    };
    let captures = pattern.captures(national)?;
    let prefix = captures.get(0).filter(|prefix| prefix.start() == 0 && !prefix.is_empty())?;
    let mut number = String::new();
    // Some plans write the number another way inland: Argentina has a 15 behind the area code, and a 9 before it.
    if let (Some(rule), true) =
        (plan.national_prefix_transform_rule(), captures.iter().skip(1).last().flatten().is_some())
    {
        captures.expand(rule, &mut number);
    }
    number.push_str(national.get(prefix.end()..)?);
    Some(number)
}

/// A national number in groups, as it is written where it belongs.
fn grouped(code: u16, national: &str) -> Option<String> {
    let plan = *plans(code).first()?;
    let is_for = |format: &&Format| {
        let leads = format.leading_digits().last();
        leads.is_none_or(|pattern| pattern.find(national).is_some_and(|m| m.start() == 0))
            && is_all(format.pattern().find(national).map(|m| m.range()), national)
    };
    let format = plan.international_formats().iter().chain(plan.formats()).find(is_for)?;
    let written = format.pattern().replace(national, format.format());
    let groups: Vec<_> = written.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    (groups.concat() == national).then(|| groups.join(" "))
}

#[cfg(test)]
mod tests;
