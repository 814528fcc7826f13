//! Known devices: a cookie that says "on this device this account has signed in before".
//!
//! It opens nothing. It only lets its holder try passwords while guesses from elsewhere rest the account's password.

use time::OffsetDateTime;
use usermgmt_core::error::Error;
use usermgmt_core::keys::{KeyRing, Purpose, PurposeKey};
use usermgmt_core::limits::DEVICE_LIFE;
use usermgmt_core::port::Random;
use usermgmt_core::secret::{Bearer, BearerKind};

/// Makes the cookie's value: a random name, the time of issue and a bearer derived from both and the account.
pub(crate) fn issue(
    keys: &KeyRing,
    random: &dyn Random,
    canonical: &str,
    now: OffsetDateTime,
) -> Result<String, Error> {
    let mut name = [0; 16];
    random.fill(&mut name)?;
    let name = format!("{:032x}", u128::from_be_bytes(name));
    let issued = now.unix_timestamp();
    let tag = derive(&keys.derive(Purpose::Device), &name, issued, canonical);
    Ok(format!("{name}.{issued}.{}", tag.expose()))
}

/// The name of a device that is known to this account; `None` for any other text.
pub(crate) fn recognise(keys: &KeyRing, value: &str, canonical: &str, now: OffsetDateTime) -> Option<String> {
    let mut parts = value.splitn(3, '.');
    let (name, issued, tag) = (parts.next()?, parts.next()?, parts.next()?);
    let issued = issued.parse::<i64>().ok().filter(|_| name.len() == 32)?;
    let age = now - OffsetDateTime::from_unix_timestamp(issued).ok()?;
    let tag = Bearer::parse(BearerKind::Device, tag).filter(|_| !age.is_negative() && age < DEVICE_LIFE)?;
    let known = keys
        .derive_all(Purpose::Device)
        .any(|key| derive(&key, name, issued, canonical).digest().matches(&tag.digest()));
    known.then(|| name.to_owned())
}

fn derive(key: &PurposeKey, name: &str, issued: i64, canonical: &str) -> Bearer {
    Bearer::derive(BearerKind::Device, key, &format!("{name}.{issued}.{canonical}"))
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "the texts are ASCII")]
mod tests {
    use super::*;
    use time::Duration;
    use usermgmt_core::address::EmailAddress;
    use usermgmt_core::port::OsRandom;

    #[test]
    fn a_device_is_known_to_its_account_for_a_year_and_to_no_other() {
        let keys = KeyRing::generate(&OsRandom).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let (ann, bob) =
            (EmailAddress::parse("ann@example.org").unwrap(), EmailAddress::parse("bob@example.org").unwrap());
        let value = issue(&keys, &OsRandom, ann.canonical(), now).unwrap();
        let known = |value: &str, email: &EmailAddress, at| recognise(&keys, value, email.canonical(), at).is_some();
        assert!(known(&value, &ann, now) && known(&value, &ann, now + DEVICE_LIFE - Duration::SECOND));
        assert!(
            !known(&value, &bob, now)
                && !known(&value, &ann, now + DEVICE_LIFE)
                && !known(&value, &ann, now - Duration::DAY)
        );
        let other = KeyRing::generate(&OsRandom).unwrap();
        assert!(recognise(&other, &value, ann.canonical(), now).is_none());
        assert!(recognise(&keys.clone().rotated(&OsRandom).unwrap(), &value, ann.canonical(), now).is_some());
        for forged in ["", "a.b.c", &value[1..], &value.replace('.', "")] {
            assert!(!known(forged, &ann, now), "{forged}");
        }
    }
}
