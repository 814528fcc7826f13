//! One text for one token, within limits.

use serde_json::json;
use usermgmt_jwt::TokenError;
use usermgmt_jwt::limits::TOKEN_MAX_BYTES;

use crate::forge::{EDDSA, ISS, all, claims, encode, with};
use crate::report;

fn malformed(token: &str) {
    assert_eq!(EDDSA.verify(token), Err(TokenError::Malformed), "{token}");
}

/// JW-08: padding, white space, the other alphabet, anywhere in a token and also where it was signed like that.
#[test]
fn base64url_has_one_form() {
    let token = EDDSA.honest();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("three parts") };
    for part in 0..3 {
        for (before, after) in
            [("", "="), ("", "=="), (" ", ""), ("", " "), ("", "\n"), ("\t", ""), ("", "\0"), ("", "+")]
        {
            let mut odd = parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
            odd[part] = format!("{before}{}{after}", odd[part]);
            let refused = EDDSA.verify(&odd.join(".")).unwrap_err();
            assert!(matches!(refused, TokenError::Malformed | TokenError::Signature), "{refused}");
        }
    }
    // The same, signed by the issuer: the form itself is refused.
    malformed(&EDDSA.sign_parts(&format!("{header}="), claims));
    malformed(&EDDSA.sign_parts(header, &format!("{claims}==")));
    malformed(&EDDSA.sign_parts(&format!(" {header}"), claims));
    malformed(&format!("{header}.{claims}.{signature}="));
    malformed(&format!("{header}.{claims}. {signature}"));
    malformed(&format!(" {token}"));
    malformed(&format!("{token}\n"));
    // Plus and slash are the other alphabet's.
    let odd = crate::forge::claims();
    let odd = with(&odd, "x", json!("???>>>~~~")).to_string();
    let (standard, url_safe) = (base64_standard(odd.as_bytes()), encode(odd.as_bytes()));
    assert_ne!(standard, url_safe);
    malformed(&EDDSA.sign_parts(header, &standard));
    assert!(EDDSA.verify(&EDDSA.sign_parts(header, &url_safe)).is_ok());
    report::shown("JW-08", "base64url_has_one_form");
}

fn base64_standard(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// JW-08: stray bits in the last character of a part (Wycheproof's cases 372 and 373) are refused.
#[test]
fn stray_bits_are_refused() {
    // 64 bytes end in a character of which four bits are not used.
    let token = EDDSA.honest();
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = alphabet.find(last).unwrap();
    assert_eq!(value % 16, 0);
    for stray in 1..16 {
        let other = &alphabet[value + stray..=value + stray];
        malformed(&format!("{}{other}", &token[..token.len() - 1]));
    }
    // In claims that were signed with them.
    let header = encode(EDDSA.header().to_string().as_bytes());
    let mut text = claims().to_string();
    while text.len() % 3 != 1 {
        text.insert(1, ' ');
    }
    let honest = encode(text.as_bytes());
    let value = alphabet.find(honest.chars().last().unwrap()).unwrap();
    let odd = format!("{}{}", &honest[..honest.len() - 1], &alphabet[value + 1..=value + 1]);
    malformed(&EDDSA.sign_parts(&header, &odd));
    assert!(EDDSA.verify(&EDDSA.sign_parts(&header, &honest)).is_ok());
    report::shown("JW-08", "stray_bits_are_refused");
}

/// JW-08: a name twice, in header or claims, also when it is escaped or deep inside.
#[test]
fn a_name_stands_once() {
    let (header, claims) = (EDDSA.header().to_string(), claims().to_string());
    let twice = |object: &str, member: &str| format!("{},{member}}}", object.strip_suffix('}').unwrap());
    for member in [r#""alg":"EdDSA""#, r#""alg":"none""#, r#""\u0061lg":"EdDSA""#, r#""x":{"a":1,"a":1}"#] {
        malformed(&EDDSA.forge_text(&twice(&header, member), &claims));
    }
    for member in [r#""sub":"usr_admin""#, r#""sub":"usr_1""#, r#""s\u0075b":"usr_1""#, r#""x":[{"a":1,"a":1}]"#] {
        malformed(&EDDSA.forge_text(&header, &twice(&claims, member)));
    }
    assert!(EDDSA.verify(&EDDSA.forge_text(&header, &twice(&claims, r#""x":[{"a":1},{"a":1}]"#))).is_ok());
    assert!(EDDSA.verify(&EDDSA.forge_text(&twice(&header, r#""x":1"#), &claims)).is_ok());
    report::shown("JW-08", "a_name_stands_once");
}

/// JW-08: other serialisations, other numbers of parts, other encodings of text.
#[test]
fn a_token_is_three_parts_of_json_in_utf_8() {
    let token = EDDSA.honest();
    let parts: Vec<&str> = token.split('.').collect();
    let json = json!({ "payload": parts[1], "protected": parts[0], "signature": parts[2] }).to_string();
    let general = json!({ "payload": parts[1], "signatures": [{ "protected": parts[0], "signature": parts[2] }] });
    let odd = [
        json,
        general.to_string(),
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        parts[..2].join("."),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{}", parts[2]),
        format!("{token}.{}.{}", parts[1], parts[2]),
        format!("{}..{}", parts[0], parts[2]),
        format!("\u{feff}{token}"),
        format!("Bearer {token}"),
        token.replace('.', "\u{3002}"),
    ];
    for odd in odd {
        let refused = EDDSA.verify(&odd).unwrap_err();
        assert!(matches!(refused, TokenError::Malformed | TokenError::Signature), "{odd}: {refused}");
    }
    let header = encode(EDDSA.header().to_string().as_bytes());
    let text = claims().to_string();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let broken =
        text.replace("usr_1", "usr_\u{1}").into_bytes().into_iter().map(|byte| if byte == 1 { 0xff } else { byte });
    let odd = [utf16, format!("\u{feff}{text}").into_bytes(), broken.collect(), format!("{text}{text}").into_bytes()];
    for odd in odd {
        malformed(&EDDSA.sign_parts(&header, &encode(&odd)));
    }
    assert!(EDDSA.verify(&token).is_ok());
    report::shown("JW-08", "a_token_is_three_parts_of_json_in_utf_8");
}

/// JW-14: length is judged first, and depth before anything is kept.
#[test]
fn size_and_depth_are_limited() {
    for issuer in all() {
        // Four characters stand for three bytes; the last few are found by trying.
        let padded = |length: usize| issuer.forge(&issuer.header(), &with(&claims(), "x", json!("a".repeat(length))));
        let guess = (TOKEN_MAX_BYTES - padded(0).len()) / 4 * 3 + 8;
        let longest = (0..guess).rev().map(padded).find(|token| token.len() <= TOKEN_MAX_BYTES).unwrap();
        assert!(longest.len() > TOKEN_MAX_BYTES - 3);
        assert!(issuer.verify(&longest).is_ok());
        let over = format!("{longest}{}", "a".repeat(TOKEN_MAX_BYTES + 1 - longest.len()));
        assert_eq!(issuer.verify(&over), Err(TokenError::TooLong));
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deep = |depth: usize| {
        let text = claims().to_string();
        EDDSA.forge_text(&EDDSA.header().to_string(), &text.replacen('{', &format!(r#"{{"x":{},"#, nested(depth)), 1))
    };
    assert!(EDDSA.verify(&deep(15)).is_ok());
    malformed(&deep(16));
    malformed(&deep(2_000));
    let header = format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"x","y":{}}}"#, nested(16));
    malformed(&EDDSA.forge_text(&header, &claims().to_string()));
    assert_eq!(EDDSA.verify(&EDDSA.honest()).unwrap().iss, ISS);
    report::shown("JW-14", "size_and_depth_are_limited");
}
