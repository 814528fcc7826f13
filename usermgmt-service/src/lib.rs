//! The [`UserMgmt`] handle: everything the library does, as plain async calls.
//!
//! Every flow goes through the same validation and the same limits whether it is called from the application's own
//! code or over HTTP. No call answers with a made-up user to hide that an account exists: where the existence of an
//! account must not show, the type of the answer says only "if it exists, mail is on its way".

mod abuse;
mod accounts;
mod api_keys;
mod audit;
mod bot_check;
mod breach;
mod builder;
mod bus;
mod cache;
mod change_password;
mod client;
mod commit;
mod detect;
mod device;
mod disposable;
mod emails;
#[cfg(feature = "totp")]
mod enrol_totp;
mod factors;
mod geo;
mod handle;
mod hasher;
#[cfg(feature = "imported-hashes")]
mod imported_hash;
mod limits;
#[cfg(feature = "magic-link")]
mod magic_link;
mod mail;
mod mailbox;
mod manage_orgs;
mod manage_users;
pub mod metrics;
mod new_sign_in;
mod orgs;
mod origins;
#[cfg(any(feature = "captcha", feature = "hibp", feature = "sms-http"))]
mod outbound;
#[cfg(feature = "passkeys")]
mod passkey;
mod password;
#[cfg(feature = "phones")]
mod phones;
mod profile;
mod refusals;
mod reset_password;
mod runtime;
mod second_factor;
#[cfg(feature = "sent-codes")]
mod sent_code;
#[cfg(feature = "tokens")]
mod services;
mod session;
mod settings;
mod shared_sessions;
mod sign_in;
mod sign_in_name;
mod sign_up;
#[cfg(feature = "tokens")]
mod signing;
#[cfg(feature = "sms-http")]
mod sms;
#[cfg(feature = "smtp")]
mod smtp;
mod step_up;
mod text_message;
mod texts;
#[cfg(feature = "tokens")]
mod tokens;
#[cfg(feature = "totp")]
mod totp;
mod usernames;
mod users;
mod verify_email;
mod worker;

pub use accounts::Account;
pub use api_keys::{ApiKeyItem, ApiKeys, KeySet, Keys};
pub use audit::{AuditLog, Verified};
#[cfg(feature = "proof-of-work")]
pub use bot_check::ProofOfWork;
pub use bot_check::{BotProtection, BotRisk};
#[cfg(feature = "captcha")]
pub use bot_check::{Captcha, CaptchaError};
pub use breach::{BreachCheck, OnOutage};
#[cfg(feature = "hibp")]
pub use breach::{HaveIBeenPwned, SourceError};
pub use builder::{Builder, ConfigError};
pub use cache::{Generation, PrincipalCache};
pub use change_password::ChangePassword;
pub use client::Client;
pub use disposable::{DisposableAddresses, DisposableDomains, DomainList};
pub use emails::{AddEmail, EmailItem};
#[cfg(feature = "totp")]
pub use enrol_totp::TotpEnrolment;
pub use factors::{FactorAdded, FactorItem, FactorList, RecoveryCodes};
#[cfg(feature = "geoip")]
pub use geo::{GeoIp, GeoIpError};
pub use handle::UserMgmt;
pub use hasher::{Argon2Pool, CostError, HashCost};
#[cfg(feature = "imported-hashes")]
pub use imported_hash::{FastDigest, FirebaseScrypt, ImportedHash, ImportedHashError, SaltPlace};
pub use limits::Limits;
#[cfg(feature = "magic-link")]
pub use magic_link::{LinkPreview, MagicLink, SignInByMail};
pub use mail::{Brand, TemplateError};
pub use mailbox::{DevMailbox, KeptMail};
pub use manage_orgs::Organizations;
pub use manage_users::Metadata;
pub use orgs::Orgs;
#[cfg(feature = "passkeys")]
pub use passkey::{
    AttestationCaListBuilder, AttestationRoots, NewPasskey, PasskeyAnswer, PasskeyChallenge, Passkeys, Residency,
};
#[cfg(feature = "phones")]
pub use phones::Phones;
pub use profile::{OwnProfile, ProfileChange};
pub use refusals::Refusals;
pub use runtime::TokioRuntime;
pub use second_factor::SecondFactorProven;
#[cfg(feature = "sent-codes")]
pub use sent_code::{CodeSent, SendCodes, SentCodeEnrolment, SentCodes};
#[cfg(feature = "tokens")]
pub use services::{Introspection, Revocation, Revocations, Service};
pub use session::SessionItem;
pub use settings::{Origin, Settings, SignUpField, TrustedProxies};
pub use sign_in::{PendingStep, SignIn, SignInOutcome, SignedIn};
pub use sign_up::{Accepted, Secret, SignUp};
#[cfg(feature = "sms-http")]
pub use sms::{HttpSms, SmsConfigError};
#[cfg(feature = "smtp")]
pub use smtp::{SmtpBuilder, SmtpConfigError, SmtpMailer};
pub use texts::{TextError, Texts};
#[cfg(feature = "tokens")]
pub use tokens::{AccessToken, AccessTokens, BearerError, Issued, Tokens};
#[cfg(feature = "totp")]
pub use totp::TotpSecret;
pub use usernames::{UsernameAvailability, Usernames};
#[cfg(feature = "imported-hashes")]
pub use users::ImportedUser;
pub use users::{NewUser, UserWithoutEmail, Users};
pub use verify_email::{AddressProof, ProveAddress};

pub use usermgmt_core as core;
pub use usermgmt_core::{Error, FieldError, Invalid, MemoryStore, Refused};
#[cfg(feature = "tokens")]
pub use usermgmt_jwt as jwt;
pub use usermgmt_orgs::{
    AddMembers, Because, Explanation, ManageMembers, ManageOrganization, ManagePolicy, ManageRoles, OrgChange,
    OwnOrganization, ReadAudit, ReadMembers, RoleInput, RoleRights,
};
pub use usermgmt_sessions::{KeyLife, KeyRules, ManageApiKeys, NewKey, SessionRules};

/// Every permission that the library itself asks for.
pub const PERMISSIONS: [&str; 9] = {
    let ([a, b, c, d, e, f, g, h], [i]) = (usermgmt_orgs::PERMISSIONS, usermgmt_sessions::PERMISSIONS);
    [a, b, c, d, e, f, g, h, i]
};
