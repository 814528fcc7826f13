//! Every number that is a rule, named once. Boundary tests pin them; the manual gives each one's reason.

use time::Duration;

/// Shortest password, in code points (NIST SP 800-63B-4 section 3.1.1.2 allows 8 with a second factor; see the
/// `strict` preset for 15).
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Shortest password of the `strict` preset, in code points (NIST SP 800-63B-4 section 3.1.1.2, single factor).
pub const PASSWORD_MIN_CHARS_STRICT: usize = 15;
/// Longest password, in code points (NIST asks for at least 64 to be allowed).
pub const PASSWORD_MAX_CHARS: usize = 256;
/// Longest password, in bytes; refused before any hashing, never truncated (OWASP ASVS 5.0, 6.2.9).
pub const PASSWORD_MAX_BYTES: usize = 1_024;

/// Longest name of a person or an organisation, in code points.
pub const NAME_MAX_CHARS: usize = 64;
/// Shortest username, in code points: below it there are too few to go round, and most were taken long ago.
pub const USERNAME_MIN_CHARS: usize = 3;
/// Longest username, in code points (as login names of Linux, useradd(8)). RFC 8265 section 3.1 leaves the length to the
/// application.
pub const USERNAME_MAX_CHARS: usize = 32;
/// Usernames of one account: the present one and those before it, which nobody else gets meanwhile.
pub const USERNAMES_PER_USER: usize = 3;
/// How long a username is kept for whoever has signed up with it: as long as the mailed link lives.
pub const USERNAME_KEPT: Duration = VERIFY_LINK_LIFE;
/// Free usernames that are offered in place of one that is taken.
pub const USERNAME_SUGGESTIONS: usize = 3;
/// Roles of one member.
pub const ROLES_PER_MEMBER: usize = 16;
/// Roles that one organisation can make.
pub const ROLES_PER_ORG: usize = 50;
/// Rights of one role that an organisation makes.
pub const RIGHTS_PER_ROLE: usize = 100;
/// How long a deleted organisation can be restored.
pub const ORG_RESTORABLE: Duration = Duration::days(30);
/// Addresses that one user may want to make members, an hour. Whoever is added is told, and shows in the list of
/// members: a way to ask who has an account must be slow.
pub const ADDITIONS_PER_USER: u32 = 30;
/// Times that the members of one organisation may have its audit log verified, an hour: each reads every event.
pub const AUDIT_CHECKS_PER_ORG: u32 = 30;
/// How long an access token for another service lives that a browser with a session cookie asks for.
pub const ACCESS_TOKEN_OF_COOKIE: Duration = Duration::seconds(60);
/// How long an access token lives that a refresh token gives (OAuth 2.0 security best practice: short).
pub const ACCESS_TOKEN_LIFE: Duration = Duration::minutes(5);
/// Longest life of an access token that can be set.
pub const ACCESS_TOKEN_MAX: Duration = Duration::minutes(15);
/// So long before its end a client should fetch the next access token: for latency and clocks.
pub const ACCESS_TOKEN_AHEAD: Duration = Duration::seconds(10);
/// So long after its use the direct predecessor of a refresh token still gives the same successor: several tabs ask at
/// once, and an answer can get lost. Anything older ends the session.
pub const REFRESH_LEEWAY: Duration = Duration::seconds(30);
/// How long a key signs access tokens before the next one does.
pub const SIGNING_KEY_LIFE: Duration = Duration::days(90);
/// So long a key is published before it signs: longer than others may keep the published set.
pub const SIGNING_KEY_NOTICE: Duration = Duration::minutes(15);
/// So long a key stays published after the next one signs: longer than a token lives, with all leeways.
pub const SIGNING_KEY_OVERLAP: Duration = Duration::minutes(30);
/// How long a process works with the signing keys that it has read.
pub const SIGNING_KEYS_REREAD: Duration = Duration::minutes(1);
/// Longest name of an organisation in addresses, in characters.
pub const SLUG_MAX_CHARS: usize = 48;
/// Longest stored label of a device, in code points.
pub const LABEL_MAX_CHARS: usize = 256;

/// Argon2id memory, in KiB (OWASP Password Storage Cheat Sheet: m=19456, t=2, p=1).
pub const ARGON2_MEMORY_KIB: u32 = 19_456;
/// Argon2id passes.
pub const ARGON2_PASSES: u32 = 2;
/// Argon2id lanes.
pub const ARGON2_LANES: u32 = 1;
/// Hashes that may wait for a free worker, for each worker; beyond it the answer is 503.
pub const HASH_QUEUE_PER_WORKER: usize = 32;

/// Wrong passwords for one account from one address prefix, each [`WRONG_PASSWORD_WINDOW`].
pub const WRONG_PASSWORDS_PER_PAIR: u32 = 10;
/// Window of [`WRONG_PASSWORDS_PER_PAIR`].
pub const WRONG_PASSWORD_WINDOW: Duration = Duration::hours(1);
/// Wrong passwords for one account from anywhere, each [`PASSWORD_REST_WINDOW`]; then only known devices may try.
pub const WRONG_PASSWORDS_PER_ACCOUNT: u32 = 100;
/// How long the password of an account rests once [`WRONG_PASSWORDS_PER_ACCOUNT`] is reached.
pub const PASSWORD_REST_WINDOW: Duration = Duration::days(1);
/// Wrong codes of second factors for one account, each [`SECOND_FACTOR_WINDOW`], over all factors, sign-ins and
/// addresses; then every code is refused until the window ends (OWASP ASVS 5.0, 6.3.5 and 6.6.3).
pub const WRONG_SECOND_FACTORS: u32 = 3;
/// Window of [`WRONG_SECOND_FACTORS`]; it begins with the first wrong code.
pub const SECOND_FACTOR_WINDOW: Duration = Duration::minutes(15);
/// Wrong codes of second factors for one account, each day: with a window of three steps a guess is right with
/// 3 in 10^6, so a day of guessing succeeds with 9 in 10^5 at most.
pub const WRONG_SECOND_FACTORS_DAY: u32 = 30;
/// Recovery codes in a set.
pub const RECOVERY_CODES: usize = 10;
/// From so few recovery codes on their owner is told to make new ones.
pub const RECOVERY_CODES_LOW: usize = 3;
/// Passkeys of an account.
pub const PASSKEYS: usize = 20;
/// How long a passkey may take to answer a challenge (WebAuthn Level 3, section 15.1 recommends 5 to 10 minutes).
pub const PASSKEY_CHALLENGE_LIFE: Duration = Duration::minutes(5);
/// How long a browser in which a passkey was declined is offered none.
pub const PASSKEY_OFFER_REST: Duration = Duration::days(90);
/// How long an enrolment waits for its first code.
pub const ENROLMENT_LIFE: Duration = Duration::minutes(10);
/// How long a device is trusted in place of a second factor.
pub const TRUSTED_DEVICE_LIFE: Duration = Duration::days(30);
/// Devices that one user may trust; the one that was trusted first gives way.
pub const TRUSTED_DEVICES: usize = 10;
/// Seconds of a step of time-based codes (RFC 6238 section 5.2).
pub const TOTP_STEP: u64 = 30;
/// Steps before and after the present one whose codes are accepted, for clocks that differ (RFC 6238 section 5.2).
pub const TOTP_SKEW: u16 = 1;
/// Bytes of the secret behind time-based codes: 160 bits (RFC 4226 section 4).
pub const TOTP_SECRET_BYTES: usize = 20;
/// Sign-ins from one address prefix, each minute.
pub const SIGN_INS_PER_ADDRESS: u32 = 30;
/// Sign-ups from one address prefix, each minute.
pub const SIGN_UPS_PER_ADDRESS: u32 = 20;
/// Uses of mailed links and codes from one address prefix, each minute.
pub const VERIFICATIONS_PER_ADDRESS: u32 = 30;
/// Step-ups of one user, each minute.
pub const STEP_UPS_PER_USER: u32 = 10;
/// Window of the limits that count by the minute.
pub const MINUTE: Duration = Duration::MINUTE;
/// Mails to one address, each hour.
pub const MAILS_PER_ADDRESS_HOUR: u32 = 5;
/// Mails to one address, each day.
pub const MAILS_PER_ADDRESS_DAY: u32 = 20;
/// Wrong codes for one account, each hour, over all codes that were sent.
pub const WRONG_CODES_PER_ACCOUNT: u32 = 30;
/// Bits of an IPv6 address that count as one place.
pub const IPV6_PREFIX_BITS: u8 = 64;

/// Life of the link that proves an address.
pub const VERIFY_LINK_LIFE: Duration = Duration::hours(24);
/// Life of the code that proves an address.
pub const CODE_LIFE: Duration = Duration::minutes(10);
/// Wrong entries that a code survives.
pub const CODE_TRIES: u32 = 3;
/// Pause before another code is sent.
pub const RESEND_PAUSE: Duration = Duration::seconds(60);
/// Life of a sign-in that has begun and is not complete.
pub const ATTEMPT_LIFE: Duration = Duration::minutes(10);

/// Session ends after this long without activity, when the person asked to be remembered.
pub const SESSION_IDLE: Duration = Duration::days(7);
/// Session ends after this long without activity when it belongs to the visit only; the cookie goes with the browser.
pub const SESSION_IDLE_VISIT: Duration = Duration::days(1);
/// Session ends this long after sign-in, whatever happens.
pub const SESSION_ABSOLUTE: Duration = Duration::days(30);
/// Activity is written at most this often.
pub const ACTIVITY_INTERVAL: Duration = Duration::MINUTE;
/// Sessions of one user; the one that began first gives way.
pub const SESSIONS_PER_USER: u32 = 48;
/// Proof by password or factor counts as recent for this long.
pub const STEP_UP_FRESH: Duration = Duration::minutes(10);
/// Life of the cookie that names a known device.
pub const DEVICE_LIFE: Duration = Duration::days(365);
/// How long it is remembered that a user has signed in before, and in which countries: longer than people stay away, for the
/// first sign-in brings no notice.
pub const SIGN_IN_MEMORY: Duration = Duration::days(3_650);

/// Characters of the secret of a service that asks about tokens, at least: 128 bits in hexadecimal (OWASP ASVS 5.0, 7.2.3).
pub const SERVICE_SECRET_MIN: usize = 32;
/// Life of an API key for which nothing else is asked.
pub const API_KEY_LIFE: Duration = Duration::days(90);
/// Longest life of an API key, unless the application lets them live longer: a year and a day to replace it in.
pub const API_KEY_LONGEST: Duration = Duration::days(366);
/// Living API keys of one user or organisation.
pub const API_KEYS_PER_OWNER: u32 = 100;
/// Scopes of an API key.
pub const SCOPES_PER_KEY: usize = 64;
/// Longest time that an API key goes on beside the one that replaces it.
pub const API_KEY_OVERLAP_MAX: Duration = Duration::days(7);

/// A process asks the change sequence at least this often before it answers from its cache: the bound when no bus
/// wakes it.
pub const CACHE_LIFE: Duration = Duration::seconds(5);
/// A cached principal is read anew after this long even if the change sequence says nothing about it: the bound for
/// what was written by hand.
pub const CACHE_REREAD: Duration = Duration::seconds(60);
/// Changes that a process hears of one by one; if it has missed more, it forgets all it knows.
pub const CHANGES_HEARD: u32 = 1_000;
/// Principals kept in the cache.
pub const CACHE_ENTRIES: u64 = 100_000;

/// Failed sign-ins of one process within a minute, from anywhere, that raise an alarm. It refuses nothing.
pub const GUESSES_ALARM: u32 = 100;

/// Window in which alarms other than [`GUESSES_ALARM`] count, and how long an alarm makes the bot check be asked for.
pub const ALARM_WINDOW: Duration = Duration::minutes(10);
/// Accounts that fail to sign in from one address prefix within [`ALARM_WINDOW`] and raise an alarm: more than an office has
/// people who mistype at once.
pub const STUFFED_ACCOUNTS_ALARM: u32 = 20;
/// Accounts that fail to sign in at one process within [`ALARM_WINDOW`], at most twice each on average, and raise an alarm.
pub const SPRAYED_ACCOUNTS_ALARM: u32 = 100;
/// Session secrets that nobody was given, from one address prefix within [`ALARM_WINDOW`], that raise an alarm: ended sessions
/// of an office are fewer.
pub const BOGUS_SESSIONS_PER_ADDRESS_ALARM: u32 = 100;
/// The same from anywhere.
pub const BOGUS_SESSIONS_ALARM: u32 = 1_000;
/// Sign-ups from one address prefix within [`ALARM_WINDOW`] that raise an alarm.
pub const SIGN_UPS_PER_ADDRESS_ALARM: u32 = 20;
/// The same from anywhere.
pub const SIGN_UPS_ALARM: u32 = 200;
/// Address prefixes that a process remembers for each kind of alarm. Those that have done least give way.
pub const ALARM_PLACES: usize = 4_096;

/// Failed sign-ins from one address prefix within [`RISK_WINDOW`] after which the bot check is asked for, if it is by risk.
pub const RISK_FAILED_SIGN_INS: u32 = 5;
/// Sign-ups from one address prefix within [`RISK_WINDOW`] after which it is asked for.
pub const RISK_SIGN_UPS: u32 = 3;
/// Requests for a new password from one address prefix within [`RISK_WINDOW`] after which it is asked for.
pub const RISK_FORGOTTEN: u32 = 3;
/// Window of what counts as risk.
pub const RISK_WINDOW: Duration = Duration::HOUR;
/// Iterations of PBKDF2 in one try of the proof of work; 4,096 tries are needed on average: more than half a second of one
/// core, which a browser shares among its workers, and a tenth of a millisecond for whoever verifies.
pub const WORK_ITERATIONS: u32 = 500;
/// How many times more it is while there is an alarm or a risk.
pub const WORK_RAISED: u32 = 4;
/// Life of a challenge of the proof of work: long enough to fill in a form; a page that was open longer asks anew.
pub const WORK_LIFE: Duration = Duration::minutes(5);
/// Oldest answer of a third party's check that is taken (Turnstile: tokens live 300 seconds).
pub const CAPTCHA_AGE: Duration = Duration::minutes(5);

/// Sign-ups a day with addresses that are one mailbox to their provider: `a+x@` and `a+y@`.
pub const SIGN_UPS_PER_MAILBOX: u32 = 5;

/// Digits at the end of a phone number that its block does not look at: 10,000 numbers are one block, as phone companies
/// often get them.
pub const PHONE_BLOCK_DIGITS: usize = 4;
/// Texts to one block of phone numbers, each hour: whoever is paid for texts to a range of numbers asks for many.
pub const TEXTS_PER_BLOCK: u32 = 20;
/// Texts that clients of one address prefix ask for, each hour.
pub const TEXTS_PER_ADDRESS: u32 = 20;
/// Texts in all, each hour: what they cost has an end. An application with more sign-ins by text sets it higher.
pub const TEXTS_PER_HOUR: u32 = 1_000;

/// Life of the link that sets a new password (OWASP ASVS 5.0, 6.4.1: an hour at most is common; ours is half of it).
pub const RESET_LINK_LIFE: Duration = Duration::minutes(30);
/// Life of the link that signs in (OWASP ASVS 5.0, 6.5.5: ten minutes at most).
pub const SIGN_IN_LINK_LIFE: Duration = Duration::minutes(10);
/// How long a change of address or password can be undone by its notice.
pub const UNDO_LIFE: Duration = Duration::days(7);
/// Default waiting time of a reset that support has begun, in which its notice can stop it.
pub const SUPPORT_RESET_WAIT: Duration = Duration::DAY;
/// Addresses of one user.
pub const EMAILS_PER_USER: usize = 10;
/// Bytes of each part of a user's metadata, as JSON.
pub const METADATA_BYTES: usize = 16 * 1024;
/// Deepest nesting of metadata.
pub const METADATA_DEPTH: usize = 8;

/// Tries of a flow that meets a stale version, the first one included.
pub const CONFLICT_TRIES: u32 = 8;
/// Rows of the longest page of a list.
pub const PAGE_MAX: u32 = 200;

/// How long a worker holds a row of the outbox before another may take it.
pub const LEASE: Duration = Duration::seconds(60);
/// Tries before a message is given up and kept for inspection. With pauses that double from five seconds up to one hour
/// they reach over 26 hours: longer than [`VERIFY_LINK_LIFE`], so the mail that proves an address is handed over or has
/// expired, and is not lost.
pub const OUTBOX_TRIES: u32 = 36;
/// How long the id of a commit is remembered, so that an unknown outcome can be asked for.
pub const COMMIT_MEMORY: Duration = Duration::days(1);
/// How long ended sessions, spent tokens and finished attempts are kept before they are swept.
pub const SWEEP_AFTER: Duration = Duration::days(7);
