//! Time-based codes (RFC 6238): six digits, steps of 30 seconds, HMAC-SHA-1, which is what every authenticator
//! application understands.

use qrcode::QrCode;
use qrcode::render::svg;
use time::OffsetDateTime;
use totp_rs::{Builder, Secret as Shared, Totp};
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::{FactorId, UserId};
use usermgmt_core::keys::{KeyRing, Purpose};
use usermgmt_core::limits::{TOTP_SECRET_BYTES, TOTP_SKEW, TOTP_STEP};
use usermgmt_core::model::{Factor, FactorData};
use usermgmt_core::port::Random;
use usermgmt_core::sealed::{SealError, Sealed};
use usermgmt_core::store::{StoreError, StoreErrorKind};
use zeroize::Zeroizing;

/// The secret of an enrolment, as its owner takes it into an application. It is shown once, to nobody else.
pub struct TotpSecret {
    /// The secret as text to type, in base 32 (RFC 4648 section 6).
    pub text: Zeroizing<String>,
    /// The same as a URI that applications read.
    pub uri: Zeroizing<String>,
    /// The URI as a QR code, an SVG image of black modules on white.
    pub qr: Zeroizing<String>,
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret([redacted])")
    }
}

/// What a sealed secret belongs to: moved to another row, it does not open.
fn context(user: UserId, factor: FactorId) -> [String; 2] {
    [user.to_string(), factor.to_string()]
}

/// A new secret.
pub(crate) fn generate(random: &dyn Random) -> Result<Zeroizing<[u8; TOTP_SECRET_BYTES]>, Error> {
    let mut secret = Zeroizing::new([0; TOTP_SECRET_BYTES]);
    random.fill(secret.as_mut_slice())?;
    Ok(secret)
}

pub(crate) fn seal(
    keys: &KeyRing,
    random: &dyn Random,
    (user, factor): (UserId, FactorId),
    secret: &[u8],
) -> Result<Sealed, Error> {
    let [user, factor] = context(user, factor);
    keys.seal(Purpose::Factor, &[&user, &factor], secret, random).map_err(unreadable)
}

/// A secret that does not open is an outage, never a wrong code: somebody must look.
fn unreadable(error: SealError) -> Error {
    match error {
        SealError::Random(error) => error.into(),
        other => StoreError::caused_by(StoreErrorKind::Corrupt, other).into(),
    }
}

/// The secret of a factor of this kind.
pub(crate) fn open(keys: &KeyRing, factor: &Factor) -> Result<Zeroizing<Vec<u8>>, Error> {
    let FactorData::Totp { secret, .. } = &factor.data else { return Err(Refused::NotFound.into()) };
    let [user, id] = context(factor.user, factor.id);
    keys.open(Purpose::Factor, &[&user, &id], secret).map_err(unreadable)
}

/// The secret under the current root key, if it lies under another one: so that a key can leave the ring.
pub(crate) fn resealed(keys: &KeyRing, random: &dyn Random, factor: &Factor) -> Result<Option<Sealed>, Error> {
    match &factor.data {
        FactorData::Totp { secret, .. } if secret.key_id != keys.current_id() => {
            let secret = open(keys, factor)?;
            seal(keys, random, (factor.user, factor.id), &secret).map(Some)
        }
        _ => Ok(None),
    }
}

/// The step of time whose code this is, if it is one of now.
pub(crate) fn step(keys: &KeyRing, factor: &Factor, code: &str, now: OffsetDateTime) -> Result<Option<u64>, Error> {
    let secret = open(keys, factor)?;
    let totp = builder(&secret).build().map_err(|_| Refused::CodeInvalid)?;
    Ok(u64::try_from(now.unix_timestamp()).ok().and_then(|now| totp.check(code, now)))
}

/// What an application takes in.
pub(crate) fn shown(secret: &[u8], issuer: &str, account: &str) -> Result<TotpSecret, Error> {
    // Applications take a colon for the end of the issuer.
    let plain = |text: &str| text.replace(':', " ");
    let totp = builder(secret).with_issuer(Some(plain(issuer))).with_account_name(plain(account));
    let totp: Totp = totp.build().map_err(|_| Refused::NotFound)?;
    let uri = Zeroizing::new(totp.to_url().map_err(|_| Refused::NotFound)?);
    let code = QrCode::new(uri.as_bytes()).map_err(|_| Refused::NotFound)?;
    let image = code.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
    // Inside a page there is no declaration.
    let image = image.find("<svg").and_then(|start| image.get(start..)).unwrap_or_default().to_owned();
    Ok(TotpSecret { text: Zeroizing::new(totp.secret().to_base32()), uri, qr: Zeroizing::new(image) })
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new()
        .with_secret(Shared::new(secret.into()))
        .with_skew(TOTP_SKEW)
        .with_step_duration(TOTP_STEP)
        .with_digits(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        // The table gives eight digits of SHA-1; six digits are their tail.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let totp = builder(b"12345678901234567890").build().unwrap();
            assert_eq!(totp.check(code, time), Some(time / TOTP_STEP), "{time}");
            assert_eq!(totp.check(code, time + TOTP_STEP), Some(time / TOTP_STEP), "a clock may be a step behind");
            assert_eq!(totp.check(code, time - TOTP_STEP), Some(time / TOTP_STEP), "or ahead");
            assert_eq!(totp.check(code, time + 2 * TOTP_STEP), None, "{time}");
        }
    }

    #[test]
    fn what_is_shown_names_issuer_and_account_and_does_not_print() {
        let shown = shown(b"12345678901234567890", "Acme: Projects & Co", "ann@example.org").unwrap();
        assert_eq!(shown.text.as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(
            shown.uri.starts_with("otpauth://totp/Acme%20%20Projects%20%26%20Co:ann%40example"),
            "{:?}",
            *shown.uri
        );
        assert!(shown.uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
        assert!(shown.qr.starts_with("<svg") && shown.qr.ends_with("</svg>"));
        assert!(!format!("{shown:?}").contains("GEZ"));
    }
}
