use super::*;

fn parse(text: &str, country: &str) -> Result<String, PhoneError> {
    PhoneNumber::parse(text, Country::parse(country)).map(|number| number.canonical)
}

/// Where a range is kept for films, or for tests, the number is of that range.
const NUMBERS: [(&str, &str, &str, &str, &str); 22] = [
    ("US", "(202) 555-0143", "+12025550143", "+1 202 555 0143", "1 202 555 0143"),
    ("CA", "416-555-0143", "+14165550143", "+1 416 555 0143", "011 1 416 555 0143"),
    ("JM", "876 555 0143", "+18765550143", "+1 876 555 0143", "1 876 555 0143"),
    ("GB", "020 7946 0123", "+442079460123", "+44 20 7946 0123", "+44 (0)20 7946 0123"),
    ("DE", "0171 3920012", "+491713920012", "+49 171 3920012", "+49 (0) 171/39200-12"),
    ("AT", "0664 1234567", "+436641234567", "+43 664 1234567", "00 43 664 1234567"),
    ("CH", "078 123 45 67", "+41781234567", "+41 78 123 45 67", "+41 (0)78 123 45 67"),
    ("FR", "06 12 34 56 78", "+33612345678", "+33 6 12 34 56 78", "0033 6.12.34.56.78"),
    ("IT", "312 345 6789", "+393123456789", "+39 312 345 6789", "0039 312 3456789"),
    ("IT", "02 1234 5678", "+390212345678", "+39 02 1234 5678", "+39 02 12345678"),
    ("AU", "0491 570 156", "+61491570156", "+61 491 570 156", "0011 61 491 570 156"),
    ("SE", "070-174 06 05", "+46701740605", "+46 70 174 06 05", "+46 (0)70-174 06 05"),
    ("RU", "8 912 345-67-89", "+79123456789", "+7 912 345 67 89", "8 10 7 912 3456789"),
    ("RU", "8 812 123-45-67", "+78121234567", "+7 812 123 45 67", "+7 (812) 123-45-67"),
    ("KZ", "8 (701) 234-56-78", "+77012345678", "+7 701 234 5678", "7012345678"),
    ("KR", "010-2000-0000", "+821020000000", "+82 10 2000 0000", "+82 (0)10-2000-0000"),
    ("CI", "07 12 34 56 78", "+2250712345678", "+225 07 12 34 5678", "00225 07 12 34 56 78"),
    ("AR", "011 15-2345-6789", "+5491123456789", "+54 9 11 2345 6789", "+54 9 11 2345-6789"),
    ("BR", "(11) 96123-4567", "+5511961234567", "+55 11 96123 4567", "011 96123-4567"),
    ("MX", "222 123 4567", "+522221234567", "+52 222 123 4567", "222-123-4567"),
    ("IN", "081234 56789", "+918123456789", "+91 81234 56789", "+91 08123456789"),
    ("NG", "0802 123 4567", "+2348021234567", "+234 802 123 4567", "009 234 802 123 4567"),
];

#[test]
fn one_number_has_one_form_however_it_is_typed() {
    for (country, national, canonical, display, other) in NUMBERS {
        let number = PhoneNumber::parse(national, Country::parse(country));
        let number = number.unwrap_or_else(|error| panic!("{national}: {error}"));
        assert_eq!((number.canonical(), number.display()), (canonical, display), "{national}");
        assert_eq!(number.country().unwrap().as_str(), country, "{national}");
        for same in [other, canonical, display, &format!(" \t{canonical}\n"), &canonical.replacen('+', "00", 1)] {
            assert_eq!(PhoneNumber::parse(same, Country::parse(country)).as_ref(), Ok(&number), "{same}");
        }
        // Whose default country it is makes no difference to a number with its code.
        for elsewhere in ["US", "DE", "RU", "AR", "FI", ""] {
            assert_eq!(parse(canonical, elsewhere).as_deref(), Ok(canonical), "{elsewhere}");
        }
    }
    assert_eq!(parse("\u{202a}+1 202\u{2011}555\u{a0}0143\u{202c}", "").as_deref(), Ok("+12025550143"));
    assert_eq!(parse("0043 664 1234567", "US").as_deref(), Ok("+436641234567"));
}

#[test]
fn what_is_no_number_is_told_from_what_is_not_texted() {
    for nothing in ["", " ", "\t\r\n"] {
        assert_eq!(parse(nothing, "US"), Err(PhoneError::Missing));
    }
    let long = format!("+1 202 555 0143{}", " ".repeat(64)) + ".";
    for malformed in [
        "+",
        "()",
        "--",
        "ann@example.com",
        "someletters1110@gmail.com",
        "+1 800 FLOWERS",
        "202-555-0143 ext. 5",
        "202-555-0143x5",
        "+1 202 555 0143;ext=5",
        "tel:+1-202-555-0143",
        "+1 202 555 0143, +1 202 555 0144",
        "+1+202 555 0143",
        "1+ 202 555 0143",
        "*31#2025550143",
        "+1 202 555 014\u{663}",
        "\u{ff0b}1 202 555 0143",
        "+\u{ff11} 202 555 0143",
        "+1 202\u{0}555 0143",
        "+1 202\u{202e}555 0143",
        ".;phone-context=",
        "  2 22#:",
        &long,
    ] {
        assert_eq!(parse(malformed, "US"), Err(PhoneError::Malformed), "{malformed:?}");
    }
    for (national, country) in [("202 555 0143", ""), ("0664 1234567", "ZZ"), ("0664 1234567", "001"), ("112", "")] {
        assert_eq!(parse(national, country), Err(PhoneError::CountryMissing), "{national}");
    }
    for (no_such, country) in [
        ("+1 202 155 0143", ""),
        ("+1 202 555 014", ""),
        ("+1 202 555 01433", ""),
        ("+0 202 555 0143", ""),
        ("+999 123 456 789", ""),
        ("+4", ""),
        ("+43", ""),
        ("+49 15112345678901234567", ""),
        // Emergency services and short codes.
        ("911", "US"),
        ("112", "DE"),
        ("+49 112", ""),
        ("000", "AU"),
        ("32665", "US"),
        ("118 500", "GB"),
    ] {
        assert_eq!(parse(no_such, country), Err(PhoneError::Invalid), "{no_such}");
    }
}

#[test]
fn nobody_is_texted_where_texts_are_dear() {
    for (kind, number) in [
        ("premium rate", "+1 900 555 0143"),
        ("premium rate", "+44 909 879 0123"),
        ("premium rate", "+49 900 1234567"),
        ("premium rate", "+43 900 123456"),
        ("premium rate of no country", "+979 123 456 789"),
        ("shared cost", "+44 844 123 4567"),
        ("shared cost", "+49 180 1234567"),
        ("shared cost of no country", "+808 1234 5678"),
        ("toll-free", "+1 800 555 0143"),
        ("toll-free", "+49 800 1234567"),
        ("toll-free of no country", "+800 1234 5678"),
        ("universal access", "+44 55 1234 5678"),
        ("personal", "+44 70 1234 5678"),
        ("personal", "+1 500 234 5678"),
        ("pager", "+44 76 4012 3456"),
        ("voice mail", "+49 177 99 123 4567"),
        ("satellite", "+870 301 234 567"),
        ("satellite", "+881 612 345 678"),
        ("network of no country", "+882 1234 5678 901"),
        ("network of no country", "+883 510 012 345"),
    ] {
        assert_eq!(parse(number, ""), Err(PhoneError::Kind), "{kind}: {number}");
    }
    assert_eq!(parse("0909 879 0123", "GB"), Err(PhoneError::Kind));
    assert_eq!(parse("00 44 909 879 0123", "DE"), Err(PhoneError::Kind));
}

/// The library has an example of each kind of number for each country.
#[test]
fn every_country_has_mobile_phones() {
    let (mut mobiles, mut dear) = (0, 0);
    for plan in DATABASE.iter() {
        let kinds = |kinds: &'static [Type]| kinds.iter().filter_map(|kind| plan.descriptors().get(*kind)?.example());
        for national in kinds(&[Type::PremiumRate, Type::SharedCost, Type::TollFree, Type::PersonalNumber]) {
            let number = format!("+{}{national}", plan.country_code());
            assert_eq!(parse(&number, ""), Err(PhoneError::Kind), "{} {number}", plan.id());
            dear += 1;
        }
        for national in kinds(&[Type::Mobile]).filter(|_| plan.id() != NO_COUNTRY) {
            let typed = format!("+{}{national}", plan.country_code());
            let number = PhoneNumber::parse(&typed, None).unwrap();
            assert_eq!(number.canonical(), typed, "{}", plan.id());
            assert_eq!(PhoneNumber::parse(number.display(), None).as_ref(), Ok(&number));
            assert_eq!(parse(national, plan.id()), Ok(typed), "{}", plan.id());
            mobiles += 1;
        }
    }
    assert!(mobiles > 230 && dear > 300, "{mobiles} {dear}");
}

#[test]
fn what_was_stored_comes_back_even_if_the_plan_has_changed() {
    let read = |text: &str| serde_json::from_str::<PhoneNumber>(&format!("\"{text}\""));
    for (_, _, canonical, ..) in NUMBERS {
        let number = PhoneNumber::parse(canonical, None).unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), format!("\"{canonical}\""));
        assert_eq!(read(canonical).unwrap(), number);
    }
    let retired = read("+12021550143").unwrap();
    assert_eq!((retired.canonical(), retired.country()), ("+12021550143", None));
    for bad in
        ["", "+", "+1", "12025550143", "+1 202 555 0143", "+1202555014x", "+0123", "+9991234", "+1202555014312345"]
    {
        assert!(read(bad).is_err(), "{bad}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_a_canonical_form_is_its_own(text in "\\PC{0,40}", country in "[A-Z]{2}") {
        stable(&text, &country)?;
    }

    #[test]
    fn plausible_numbers_are_stable(
        text in "(\\+|00|011|0|)[0-9]{1,4}[ (./-]{0,2}[0-9]{2,14}",
        country in "(US|CA|GB|DE|AR|BR|MX|CO|RU|KZ|IT|CI|CN|AU|CR|FI|HU|KR)",
    ) {
        stable(&text, &country)?;
    }
}

fn stable(text: &str, country: &str) -> Result<(), proptest::test_runner::TestCaseError> {
    drop(PhoneNumber::try_from(text.to_owned()));
    if let Ok(number) = PhoneNumber::parse(text, Country::parse(country)) {
        let digits = number.canonical().strip_prefix('+').unwrap();
        proptest::prop_assert!(digits.len() <= E164_DIGITS && digits.bytes().all(|b| b.is_ascii_digit()));
        for again in [number.canonical(), number.display()] {
            let again = PhoneNumber::parse(again, None);
            proptest::prop_assert_eq!(again.as_ref(), Ok(&number));
        }
        let stored = PhoneNumber::try_from(String::from(number.clone()));
        proptest::prop_assert_eq!(stored.as_ref(), Ok(&number));
    }
    Ok(())
}
