//! OT-09: codes that are mailed or texted are evenly distributed, every digit for itself and all together.

#![expect(clippy::indexing_slicing, reason = "test code: what is unexpected ends the test")]

use usermgmt_core::keys::{KeyRing, Purpose};
use usermgmt_core::port::OsRandom;
use usermgmt_core::secret::{CODE_DIGITS, Code, SIGN_IN_CODE_DIGITS};
use usermgmt_tests::report::Report;

/// Codes that are looked at, of each length.
const CODES: u32 = 1_000_000;

/// How far these counts are from even, in standard deviations of the chi-squared distribution (its mean is the number of
/// degrees of freedom, its variance twice that).
fn deviation(counts: &[u32], all: u32) -> f64 {
    let expected = f64::from(all) / f64::from(u32::try_from(counts.len()).unwrap_or(u32::MAX));
    let chi = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum::<f64>();
    let freedom = f64::from(u32::try_from(counts.len() - 1).unwrap_or(u32::MAX));
    (chi - freedom) / (2.0 * freedom).sqrt()
}

/// The greatest deviation: of each digit, and of what three neighbours make.
fn worst(digits: usize, code: impl Fn(u32) -> String) -> f64 {
    let mut single = vec![[0_u32; 10]; digits];
    let mut triples = vec![vec![0_u32; 1_000]; digits - 2];
    for number in 0..CODES {
        let code: Vec<usize> = code(number).bytes().map(|digit| usize::from(digit - b'0')).collect();
        assert_eq!(code.len(), digits);
        single.iter_mut().zip(&code).for_each(|(counts, digit)| counts[*digit] += 1);
        for (counts, three) in triples.iter_mut().zip(code.windows(3)) {
            counts[three[0] * 100 + three[1] * 10 + three[2]] += 1;
        }
    }
    let of_all = single.iter().map(|counts| deviation(counts, CODES));
    of_all.chain(triples.iter().map(|counts| deviation(counts, CODES))).fold(f64::MIN, f64::max)
}

#[test]
fn codes_are_evenly_distributed() {
    let report = Report::new("codes_are_evenly_distributed", "-", "-");
    let key = KeyRing::generate(&OsRandom).expect("randomness").derive(Purpose::MailedToken);
    for digits in [CODE_DIGITS, SIGN_IN_CODE_DIGITS] {
        // Chi-squared has a long tail: with 9 degrees of freedom 12 deviations are passed once in 10^9 times.
        let found = worst(digits, |row| Code::derive(&key, &row.to_string(), digits).expose().to_owned());
        assert!(found < 12.0, "{digits} digits: {found} standard deviations");
    }
    report.twin("OT-09");
    // The same eyes see what a careless generator does: the remainder of 24 random bits by a million.
    let careless = |row: u32| {
        let code = Code::derive(&key, &row.to_string(), 9).expose().parse::<u64>().unwrap_or_default();
        format!("{:06}", (code * (1 << 24) / 1_000_000_000) % 1_000_000)
    };
    assert!(worst(6, careless) > 12.0, "a bias of one in seventeen is not seen");
    report.case("OT-09");
    report.write();
}
