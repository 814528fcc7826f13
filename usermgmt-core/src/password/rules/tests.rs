use time::macros::datetime;

use super::*;

fn check_by(rules: &PasswordRules, text: &str) -> Result<(), PasswordError> {
    let email = EmailAddress::parse("ann.smith@example.org").unwrap();
    Password::new(text).and_then(|password| rules.check(&password, &email, "Ann Smith"))
}

fn composed(composition: Composition) -> PasswordRules {
    PasswordRules { composition, ..PasswordRules::default() }
}

/// PW-11: no composition rule is on by default.
#[test]
fn letters_alone_emoji_and_spaces_are_accepted_by_default() {
    for text in ["qzmwnxlvkrtyphg", &"🦀".repeat(64), "        ", "ゆきがふるよるに", "XQZWVKJY", "73910264"]
    {
        assert_eq!(check_by(&PasswordRules::default(), text), Ok(()), "{text}");
    }
    assert_eq!(check_by(&PasswordRules::default(), "qzmwnxlvkrtyphg"), Ok(()), "15 lower-case letters");
}

#[test]
fn each_composition_rule_is_a_switch_of_its_own() {
    type Row<'a> = (Composition, PasswordError, &'a [&'a str], &'a [&'a str]);
    let off = Composition::default();
    let rows: [Row<'_>; 4] = [
        (
            Composition { non_alphabetic: true, ..off },
            PasswordError::NonAlphabeticMissing,
            &["qzmwnxlv", "ŠĎŤŽÝÁÍÉ", "लखनऊलखनऊ", "qzmwnxlx\u{303}"],
            &["qzmwnxl7", "qzmwnxl ", "qzmwnxl🦀", "qzmwnxl-"],
        ),
        (
            Composition { mixed_case: true, ..off },
            PasswordError::MixedCaseMissing,
            &["qzmwnxlv", "QZMWNXLV", "山田太郎山田太郎", "73910264"],
            &["qzmwnxlV", "žluťoučkÝ", "ЖЖЖЖЖЖЖж"],
        ),
        (
            Composition { digit: true, ..off },
            PasswordError::DigitMissing,
            &["qzmwnxlv", "qzmwnxl!", "🦀🦉🐝🐞🐢🐙🦑🦐"],
            &["qzmwnxl7", "qzmwnxl٣", "qzmwnxl３"],
        ),
        (
            Composition { symbol: true, ..off },
            PasswordError::SymbolMissing,
            &["qzmwnxlv", "qzmwnxl7", "qzmw nxl", "qzmwnxlx\u{303}"],
            &["qzmwnxl!", "qzmwnxl€", "qzmwnxl🦀", "qzmw_nxl"],
        ),
    ];
    for (composition, error, bad, good) in rows {
        for text in bad {
            assert_eq!(check_by(&composed(composition), text), Err(error), "{text}");
            assert_eq!(check_by(&PasswordRules::default(), text), Ok(()), "{text}");
        }
        for text in good {
            assert_eq!(check_by(&composed(composition), text), Ok(()), "{text}");
        }
    }
    let all = Composition { non_alphabetic: true, mixed_case: true, digit: true, symbol: true };
    assert_eq!(check_by(&composed(all), "Qzmwnx-7"), Ok(()));
}

/// PW-08, the words that can be expected of this person here.
#[test]
fn words_of_the_context_are_refused_however_they_are_written() {
    let rules = PasswordRules { denied_words: vec!["Acme".into(), "Castle Rock".into()], ..PasswordRules::default() };
    for text in
        ["acme2026acme2026", "ACME are we all", "a-c-m-e-2026", "ＡＣＭＥ２０２６", "castlerock99", "castle rock!"]
    {
        assert_eq!(check_by(&rules, text), Err(PasswordError::ContainsDeniedWord), "{text}");
        assert_eq!(check_by(&PasswordRules::default(), text), Ok(()), "{text}");
    }
    for text in ["xxsmith99", "ＳＭＩＴＨ２０２６", "Smíth 2026"] {
        assert_eq!(check_by(&rules, text), Err(PasswordError::ContainsName), "{text}");
    }
    for text in ["ann.smith@example.org", "Ann.Smith2026", "xxANN.SMITH@EXAMPLE.ORGxx"] {
        assert_eq!(check_by(&rules, text), Err(PasswordError::ContainsAddress), "{text}");
    }
}

#[test]
fn the_name_of_the_application_is_refused_whole_and_by_its_long_words() {
    let check =
        |product: &str, text: &str| PasswordRules::default().check_product(&Password::new(text).unwrap(), product);
    let contains = Err(PasswordError::ContainsProduct);
    for text in ["acme2026acme2026", "myacmepw", "portal 2026", "ＡＣＭＥ２０２６", "Acme-Portal"] {
        assert_eq!(check("Acme Portal", text), contains, "{text}");
    }
    assert_eq!(check("Go To", "GoTo2026!"), contains);
    assert_eq!(check("Go To", "let us go to sea"), contains);
    assert_eq!(check("IBM", "ibm2026ibm"), Ok(()), "three letters are in too many passwords");
    assert_eq!(check("", "whatever it is"), Ok(()));
}

/// PW-11: there is no periodic expiry by default.
#[test]
fn a_password_ages_only_if_asked_to() {
    let set = datetime!(2026-01-01 00:00 UTC);
    let rules = PasswordRules { max_age: Some(Duration::days(90)), ..PasswordRules::default() };
    assert!(!PasswordRules::default().is_aged(set, datetime!(2126-01-01 00:00 UTC)));
    assert!(!rules.is_aged(set, set + Duration::days(90) - Duration::SECOND));
    assert!(rules.is_aged(set, set + Duration::days(90)));
    assert!(!rules.is_aged(set, set - Duration::days(90)), "a clock that went back ages nothing");
}

#[test]
fn numbers_that_make_no_sense_are_named() {
    let ok = PasswordRules::default;
    assert_eq!(ok().validate(), Ok(()));
    assert_eq!(PasswordRules { history: 24, min_score: Some(4), ..ok() }.validate(), Ok(()));
    for bad in [
        PasswordRules { min_chars: 0, ..ok() },
        PasswordRules { history: 25, ..ok() },
        PasswordRules { min_score: Some(5), ..ok() },
        PasswordRules { max_age: Some(Duration::ZERO), ..ok() },
        PasswordRules { denied_words: vec!["acme".into(), " a b ".into()], ..ok() },
    ] {
        assert!(bad.validate().is_err(), "{bad:?}");
    }
}
