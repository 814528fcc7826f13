//! Limits, charged before the work.

use std::sync::{Mutex, PoisonError};

use time::{Duration, OffsetDateTime};
#[cfg(feature = "sent-codes")]
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::{ApiKeyId, OrgId, UserId};
use usermgmt_core::keys::{Purpose, PurposeKey};
use usermgmt_core::limits as numbers;
use usermgmt_core::model::{AuditKind, IdentifierKind};
use usermgmt_core::port::BotPurpose;
use usermgmt_core::store::{Charge, ThrottleKey, Throttled};

use crate::UserMgmt;
use crate::client::Client;
use crate::metrics;

/// How much is allowed. The defaults are the numbers of [`usermgmt_core::limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wrong passwords for one account from one address prefix, an hour.
    pub wrong_passwords_per_pair: u32,
    /// Wrong passwords for one account from anywhere, a day; then only known devices may try.
    pub wrong_passwords_per_account: u32,
    /// Wrong codes of second factors for one account, in 15 minutes.
    pub wrong_second_factors: u32,
    /// Wrong codes of second factors for one account, a day.
    pub wrong_second_factors_day: u32,
    /// Sign-ins from one address prefix, a minute.
    pub sign_ins_per_address: u32,
    /// Sign-ups and requests for mail from one address prefix, a minute.
    pub sign_ups_per_address: u32,
    /// Uses of links and codes from one address prefix, a minute.
    pub verifications_per_address: u32,
    /// Step-ups of one user, a minute.
    pub step_ups_per_user: u32,
    /// Mails to one address, an hour.
    pub mails_per_address_hour: u32,
    /// Mails to one address, a day.
    pub mails_per_address_day: u32,
    /// Wrong codes for one account, an hour.
    pub wrong_codes_per_account: u32,
    /// Addresses that one user wants to make members, an hour.
    pub additions_per_user: u32,
    /// Times that the members of one organisation may have its audit log verified, an hour.
    pub audit_checks_per_org: u32,
    /// Sign-ups with addresses that are one mailbox to their provider, a day.
    pub sign_ups_per_mailbox: u32,
    /// Texts to a block of 10,000 phone numbers, an hour.
    pub texts_per_block: u32,
    /// Texts that clients of one address prefix ask for, an hour.
    pub texts_per_address: u32,
    /// Texts in all, an hour.
    pub texts_per_hour: u32,
    /// Pause between two requests for a mail to the same address.
    pub resend_pause: Duration,
}

impl Limits {
    /// Limits that nobody meets and no pause between mails: for tests and measurements of what lies behind them.
    #[must_use]
    pub const fn insecure_for_tests() -> Self {
        Self {
            wrong_passwords_per_pair: u32::MAX,
            wrong_passwords_per_account: u32::MAX,
            wrong_second_factors: u32::MAX,
            wrong_second_factors_day: u32::MAX,
            sign_ins_per_address: u32::MAX,
            sign_ups_per_address: u32::MAX,
            verifications_per_address: u32::MAX,
            step_ups_per_user: u32::MAX,
            mails_per_address_hour: u32::MAX,
            mails_per_address_day: u32::MAX,
            wrong_codes_per_account: u32::MAX,
            additions_per_user: u32::MAX,
            audit_checks_per_org: u32::MAX,
            sign_ups_per_mailbox: u32::MAX,
            texts_per_block: u32::MAX,
            texts_per_address: u32::MAX,
            texts_per_hour: u32::MAX,
            resend_pause: Duration::ZERO,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wrong_passwords_per_pair: numbers::WRONG_PASSWORDS_PER_PAIR,
            wrong_passwords_per_account: numbers::WRONG_PASSWORDS_PER_ACCOUNT,
            wrong_second_factors: numbers::WRONG_SECOND_FACTORS,
            wrong_second_factors_day: numbers::WRONG_SECOND_FACTORS_DAY,
            sign_ins_per_address: numbers::SIGN_INS_PER_ADDRESS,
            sign_ups_per_address: numbers::SIGN_UPS_PER_ADDRESS,
            verifications_per_address: numbers::VERIFICATIONS_PER_ADDRESS,
            step_ups_per_user: numbers::STEP_UPS_PER_USER,
            mails_per_address_hour: numbers::MAILS_PER_ADDRESS_HOUR,
            mails_per_address_day: numbers::MAILS_PER_ADDRESS_DAY,
            wrong_codes_per_account: numbers::WRONG_CODES_PER_ACCOUNT,
            additions_per_user: numbers::ADDITIONS_PER_USER,
            audit_checks_per_org: numbers::AUDIT_CHECKS_PER_ORG,
            sign_ups_per_mailbox: numbers::SIGN_UPS_PER_MAILBOX,
            texts_per_block: numbers::TEXTS_PER_BLOCK,
            texts_per_address: numbers::TEXTS_PER_ADDRESS,
            texts_per_hour: numbers::TEXTS_PER_HOUR,
            resend_pause: numbers::RESEND_PAUSE,
        }
    }
}

/// The counters of one request. Keys are MACs, so a stored counter names nobody; an account's counters are keyed by
/// the address that was typed, so known and unknown accounts are limited alike.
pub(crate) struct Meter<'a> {
    auth: &'a UserMgmt,
    client: &'a Client,
    key: PurposeKey,
    limits: Limits,
    /// The names of the counters that were asked for: a key does not tell its own.
    names: Mutex<Vec<(ThrottleKey, &'static str)>>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(auth: &'a UserMgmt, client: &'a Client) -> Self {
        let limits = auth.settings().limits;
        Self { auth, client, key: auth.keys().derive(Purpose::Throttle), limits, names: Mutex::default() }
    }

    fn charge(&self, name: &'static str, parts: &[&[u8]], limit: u32, window: Duration) -> Charge {
        let realm = self.auth.realm().as_uuid();
        let mut all: Vec<&[u8]> = vec![realm.as_bytes()];
        all.extend_from_slice(parts);
        let key = ThrottleKey::new(&self.key, name, &all);
        self.names.lock().unwrap_or_else(PoisonError::into_inner).push((key, name));
        Charge { key, limit, window }
    }

    fn by_address(&self, name: &'static str, limit: u32) -> Charge {
        self.charge(name, &[&self.client.address_prefix()], limit, numbers::MINUTE)
    }

    pub(crate) fn sign_in(&self) -> Charge {
        self.by_address("sign-in/address", self.limits.sign_ins_per_address)
    }

    /// The counters of wrong passwords: by pair and account, or for a device known to the account by device alone,
    /// so that a stranger's guesses do not lock the owner out.
    pub(crate) fn wrong_password(&self, account: &str, known_device: Option<&str>) -> Vec<Charge> {
        let (account, prefix) = (account.as_bytes(), self.client.address_prefix());
        let (pair, day) = (self.limits.wrong_passwords_per_pair, self.limits.wrong_passwords_per_account);
        match known_device {
            Some(device) => {
                vec![self.charge(
                    "password/device",
                    &[account, device.as_bytes()],
                    pair,
                    numbers::WRONG_PASSWORD_WINDOW,
                )]
            }
            None => vec![
                self.charge("password/pair", &[account, &prefix], pair, numbers::WRONG_PASSWORD_WINDOW),
                self.charge("password/account", &[account], day, numbers::PASSWORD_REST_WINDOW),
            ],
        }
    }

    /// Wrong passwords for one account from anywhere, by whichever of its names.
    pub(crate) fn wrong_password_by_names(&self, account: &[u8]) -> Charge {
        let limit = self.limits.wrong_passwords_per_account;
        self.charge("password/names", &[account], limit, numbers::PASSWORD_REST_WINDOW)
    }

    /// A username that is kept for whoever has entered it, and that it is they who hold it.
    pub(crate) fn kept_username(&self, look: &str, holder: &[u8]) -> [Charge; 2] {
        [
            self.charge("username/kept", &[look.as_bytes()], 1, numbers::USERNAME_KEPT),
            self.charge("username/holder", &[look.as_bytes(), holder], 1, numbers::USERNAME_KEPT),
        ]
    }

    /// One warning a day for each account whose password is guessed.
    pub(crate) fn warning(&self, account: &str) -> Charge {
        self.charge("locked/mail", &[account.as_bytes()], 1, Duration::DAY)
    }

    /// Changes of the account by somebody signed in that send mail.
    pub(crate) fn account_mail(&self, user: UserId) -> Charge {
        self.charge("account/mail", &[user.as_uuid().as_bytes()], self.limits.mails_per_address_day, Duration::DAY)
    }

    /// Wishes to make the holder of an address a member.
    pub(crate) fn additions(&self, user: UserId) -> Charge {
        self.charge("org/additions", &[user.as_uuid().as_bytes()], self.limits.additions_per_user, Duration::HOUR)
    }

    /// Verifications of an organisation's audit log.
    pub(crate) fn audit_checks(&self, org: OrgId) -> Charge {
        self.charge("audit/checks", &[org.as_uuid().as_bytes()], self.limits.audit_checks_per_org, Duration::HOUR)
    }

    /// Uses of an API key.
    pub(crate) fn api_key(&self, id: ApiKeyId, uses: u32) -> Charge {
        self.charge("api-key/uses", &[id.as_uuid().as_bytes()], uses, numbers::MINUTE)
    }

    /// Questions whether a name is free.
    pub(crate) fn availability(&self) -> Charge {
        self.by_address("availability/address", self.limits.sign_ups_per_address)
    }

    pub(crate) fn sign_up(&self) -> Charge {
        self.by_address("sign-up/address", self.limits.sign_ups_per_address)
    }

    /// The counters of messages that are asked for by a name: one at a time, a few an hour, some more a day. They go by
    /// the name that was typed, so that known and unknown ones are limited alike.
    pub(crate) fn messages(&self, canonical: &str) -> Vec<Charge> {
        let mut charges = self.paced(["mail/pause", "mail/hour", "mail/day"], canonical.as_bytes());
        if IdentifierKind::signs_in_by(canonical) == IdentifierKind::Phone {
            charges.extend(self.texts(canonical));
        }
        charges
    }

    /// One at a time, a few an hour, some more a day.
    fn paced(&self, [pause, hour, day]: [&'static str; 3], whose: &[u8]) -> Vec<Charge> {
        let Limits { mails_per_address_hour, mails_per_address_day, resend_pause, .. } = self.limits;
        vec![
            self.charge(pause, &[whose], 1, resend_pause),
            self.charge(hour, &[whose], mails_per_address_hour, Duration::HOUR),
            self.charge(day, &[whose], mails_per_address_day, Duration::DAY),
        ]
    }

    /// The counters of what texts cost: whoever is paid for those to a range of numbers asks for many, of many of them.
    fn texts(&self, canonical: &str) -> [Charge; 3] {
        let length = canonical.len().saturating_sub(numbers::PHONE_BLOCK_DIGITS);
        let block = canonical.as_bytes().get(..length).unwrap_or_default();
        let Limits { texts_per_block, texts_per_address, texts_per_hour, .. } = self.limits;
        [
            self.charge("text/block", &[block], texts_per_block, Duration::HOUR),
            self.charge("text/address", &[&self.client.address_prefix()], texts_per_address, Duration::HOUR),
            self.charge("text/all", &[], texts_per_hour, Duration::HOUR),
        ]
    }

    /// The counters of codes that are sent as a second factor. They go by the account: who has not its password, or a
    /// session of it, uses none of them up.
    #[cfg(feature = "sent-codes")]
    pub(crate) fn sent_codes(&self, user: UserId, to: &Contact) -> Vec<Charge> {
        let names = ["sent-code/pause", "sent-code/hour", "sent-code/day"];
        let mut charges = self.paced(names, user.as_uuid().as_bytes());
        if let Some(phone) = to.phone() {
            charges.extend(self.texts(phone.canonical()));
        }
        charges
    }

    /// The counters of texts to a number that somebody types, whoever it is: a stranger is not to be pestered.
    #[cfg(feature = "sent-codes")]
    pub(crate) fn typed_number(&self, to: &Contact) -> Vec<Charge> {
        let number = to.phone().map(|phone| phone.canonical().as_bytes());
        number.map(|number| self.paced(["mail/pause", "mail/hour", "mail/day"], number)).unwrap_or_default()
    }

    pub(crate) fn verification(&self) -> Charge {
        self.by_address("verify/address", self.limits.verifications_per_address)
    }

    /// Wrong codes over all codes that were sent: a resend does not give new guesses.
    pub(crate) fn wrong_code(&self, user: UserId) -> Charge {
        let limit = self.limits.wrong_codes_per_account;
        self.charge("code/account", &[user.as_uuid().as_bytes()], limit, Duration::HOUR)
    }

    /// Step-ups by password share the account's budget of wrong passwords, by user, beside a limit of their own.
    pub(crate) fn step_up(&self, user: UserId) -> Charge {
        let limit = self.limits.step_ups_per_user;
        self.charge("step-up/user", &[user.as_uuid().as_bytes()], limit, numbers::MINUTE)
    }

    /// Wrong codes of second factors: one budget over every door at which one is asked for.
    pub(crate) fn wrong_second_factor(&self, user: UserId) -> [Charge; 2] {
        let (user, few) = (user.as_uuid(), self.limits.wrong_second_factors);
        [
            self.charge("second-factor/wrong", &[user.as_bytes()], few, numbers::SECOND_FACTOR_WINDOW),
            self.charge("second-factor/day", &[user.as_bytes()], self.limits.wrong_second_factors_day, Duration::DAY),
        ]
    }

    /// One warning a day for each account whose second factor is guessed.
    pub(crate) fn second_factor_warning(&self, user: UserId) -> Charge {
        self.charge("second-factor/mail", &[user.as_uuid().as_bytes()], 1, Duration::DAY)
    }

    pub(crate) fn wrong_step_up(&self, user: UserId) -> Charge {
        let limit = self.limits.wrong_passwords_per_pair;
        self.charge("step-up/wrong", &[user.as_uuid().as_bytes()], limit, numbers::WRONG_PASSWORD_WINDOW)
    }

    /// What makes a place risky, for this purpose of the bot check.
    pub(crate) fn risk(&self, purpose: BotPurpose, limit: u32) -> Charge {
        let name = match purpose {
            BotPurpose::SignUp => "risk/sign-up",
            BotPurpose::SignIn => "risk/sign-in",
            BotPurpose::Forgot => "risk/forgot",
        };
        self.charge(name, &[&self.client.address_prefix()], limit, numbers::RISK_WINDOW)
    }

    /// One answer to the bot check: it counts once.
    pub(crate) fn bot_answer(&self, id: &[u8; 32], window: Duration) -> Charge {
        self.charge("bot-check/answer", &[id], 1, window)
    }

    /// Sign-ups with addresses that are one mailbox to their provider.
    pub(crate) fn mailbox(&self, folded: &str) -> Charge {
        let limit = self.limits.sign_ups_per_mailbox;
        self.charge("sign-up/mailbox", &[folded.as_bytes()], limit, Duration::DAY)
    }

    /// What a user has done before: a use that passes is the first.
    pub(crate) fn first(&self, name: &'static str, user: UserId, what: &str) -> Charge {
        self.charge(name, &[user.as_uuid().as_bytes(), what.as_bytes()], 1, numbers::SIGN_IN_MEMORY)
    }

    /// Notices of sign-ins to one user: a program that signs in anew each time is no reason to flood a mailbox.
    pub(crate) fn notice(&self, user: UserId) -> Charge {
        let limit = self.limits.mails_per_address_hour;
        self.charge("sign-in/notice", &[user.as_uuid().as_bytes()], limit, Duration::HOUR)
    }

    /// Counts one use on every counter; answers the limit that was passed.
    pub(crate) async fn passes(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Option<Throttled>, Error> {
        Ok(self.auth.store().charge(charges, now).await?)
    }

    /// The refusal of a use that passed a limit.
    pub(crate) fn refuse(&self, throttled: &Throttled, now: OffsetDateTime) -> Error {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = names.iter().find(|(key, _)| *key == throttled.key).map_or("other", |(_, name)| name);
        metrics::throttled(name);
        self.auth.refusals().note(AuditKind::LimitReached, self.client, "limit", now);
        Refused::TooManyAttempts { until: throttled.until }.into()
    }

    /// Counts one use on every counter, or refuses.
    pub(crate) async fn take(&self, charges: &[Charge], now: OffsetDateTime) -> Result<(), Error> {
        match self.passes(charges, now).await? {
            None => Ok(()),
            Some(throttled) => Err(self.refuse(&throttled, now)),
        }
    }

    /// Whether the limit is that of wrong passwords for this account from anywhere.
    pub(crate) fn is_of_account(&self, throttled: &Throttled, account: &str) -> bool {
        self.wrong_password(account, None).last().is_some_and(|account| account.key == throttled.key)
    }

    /// Takes a use back: it was not what the counters count.
    pub(crate) async fn give_back(&self, charges: &[Charge], now: OffsetDateTime) -> Result<(), Error> {
        let keys: Vec<_> = charges.iter().map(|charge| charge.key).collect();
        Ok(self.auth.store().refund(&keys, now).await?)
    }
}
