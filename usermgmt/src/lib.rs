//! User management inside your own application: accounts, sessions, organisations and their permissions, pages and
//! mails, in your process and your database.
//!
//! ```text
//!  browser                                                     mailbox
//!     │                                                           ▲
//! ┌───▼─────────────── your process ──────────────────────────────┼─────┐
//! │ your routes ◄── extractors ◄──┐   ┌── routes and pages        │     │
//! │     │          (the signature │   │   below `/auth`     your `Mailer` │
//! │     │          is the policy) │   │                           │     │
//! │     │                       ┌─┴───▼────┐                      │     │
//! │     │                       │ UserMgmt ├── limits, cache, worker     │
//! │     │                       └─────┬────┘                            │
//! └─────┼─────────────────────────────┼─────────────────────────────────┘
//! ┌─────▼──────── your database ──────▼─────────────────────────────────┐
//! │ your tables ── one transaction ── `usermgmt_…`                      │
//! └─────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! # Getting started
//!
//! Pick a store, attach the routes, and write handlers whose signature says who may call them:
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```text")]
//! use axum::{Router, routing::{delete, get}};
//! use usermgmt::axum::{MaybeUser, Require, SteppedUp};
//! use usermgmt::{KeyRing, MemoryStore, OsRandom, UserMgmt, permission};
//!
//! permission!(pub DeleteProject = "project:delete");
//!
//! async fn home(MaybeUser(user): MaybeUser) -> String {
//!     user.map_or("Hello".into(), |user| format!("Hello {}", user.name()))
//! }
//!
//! // Runs only for a member of the organisation with the permission, who has proven who they are a short while ago.
//! async fn remove(Require(permit): Require<DeleteProject>, _: SteppedUp) -> String {
//!     format!("deleted in {}", permit.scope().name())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // For real: `usermgmt::sqlx::Sqlite::open("app.db").await?` and `KeyRing::from_file_or_create("app.key")?`.
//! let (store, keys) = (MemoryStore::new(), KeyRing::generate(&OsRandom)?);
//! let auth = UserMgmt::builder(store, "http://localhost:3000", keys)
//!     .role("member", ["project:read"])
//!     .build()
//!     .await?;
//! let app = Router::new()
//!     .route("/", get(home))
//!     .route("/orgs/{org}/projects/{id}", delete(remove));
//! let app: Router = usermgmt::axum::attach(app, "/auth", &auth).with_state(auth);
//! # use axum::{body::Body, http::Request};
//! # let ask = |method: &str, path: &str| {
//! #     let request = Request::builder().method(method).uri(path).body(Body::empty());
//! #     tower::ServiceExt::oneshot(app.clone(), request.expect("a request"))
//! # };
//! # assert_eq!(ask("GET", "/").await?.status(), 200);
//! # assert_eq!(ask("DELETE", "/orgs/x/projects/1").await?.status(), 401);
//! # assert_eq!(ask("GET", "/auth/ready").await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! Now `/auth/sign-up` is a page, mails stand in the development mailbox `/auth/dev/mailbox` (on localhost only),
//! `/auth/openapi.json` describes every route, and each flow is also a plain call: [`UserMgmt::sign_up`],
//! [`UserMgmt::sign_in`], [`UserMgmt::orgs`]. The module `manual` goes on from here.
//!
//! # Which extractor do I want?
//!
//! | the handler is for | it takes |
//! |---|---|
//! | whoever is signed in | `CurrentUser` |
//! | everybody, and greets those who are signed in | `MaybeUser`; an outage is 503, never "nobody" |
//! | members of the organisation in the path (`{org}`), else of the one they act in | `ActiveOrg` |
//! | those whose roles there give a permission | `Require<P>`: hand its [`Permit`] to what needs the check |
//! | things that should not happen on an unlocked computer | `SteppedUp` besides, or `Fresh<SECONDS>` |
//! | whoever has signed in with two factors | `Mfa` besides |
//! | calls of the library on somebody's behalf | `Caller` and `Auth` |
//!
//! The names are the same in `usermgmt::axum` and `usermgmt::actix`, and so is the text of the handlers. Each but `Auth`
//! checks besides that an unsafe request comes from your own origin. All of one request cost one check.
//!
//! # What it will not do
//!
//! - Be a server of its own, or sign people in to applications other than yours.
//! - Be a mail server: outside localhost you give it a [`Mailer`], such as `SmtpMailer` (feature `smtp`).
//! - Guess. What has no safe default (store, origin, keys) is an argument of [`UserMgmt::builder`]; a store that is down
//!   is 503, never a stranger and never a "no".
//! - Separate your own tables by organisation: that holds only if your queries take `permit.scope().org()`.
//!
//! Not built yet: social and enterprise sign-in, SCIM, invitations, webhooks,
//! deletion and export.
//!
//! # Features
//!
//! | feature | default | gives | pulls in |
//! |---|---|---|---|
//! | `axum` | yes | `usermgmt::axum` | axum 0.8 without its default features |
//! | `actix` | | `usermgmt::actix` | actix-web 4 without its default features |
//! | `sqlite` | yes | `usermgmt::sqlx::Sqlite` | sqlx 0.9 and SQLite, compiled from C: a C compiler |
//! | `postgres` | | `usermgmt::sqlx::Postgres` | sqlx 0.9, TLS by rustls and aws-lc: a C compiler |
//! | `redis` | | `usermgmt::redis`: limits and a bus; `redis-cluster`, `redis-sentinel` | redis 1, TLS by rustls and aws-lc: a C compiler |
//! | `hibp` | | `HaveIBeenPwned` | reqwest 0.13, TLS by rustls and aws-lc: a C compiler |
//! | `zxcvbn` | | `PasswordRules::min_score` | zxcvbn 3 |
//! | `totp` | | a second factor: authenticator applications, recovery codes, trusted devices | totp-rs 6, qrcode 0.14 |
//! | `magic-link` | | `Builder::magic_link`: sign-in by a mailed link or code | nothing |
//! | `passkeys` | | `Builder::passkeys`: passkeys to sign in, as a second factor, to sign up; with `magic-link` | webauthn-rs 0.6 |
//! | `phones` | | `Builder::phones`: accounts by phone number, codes by text; with `magic-link` | phonenumber 0.3 |
//! | `sent-codes` | | `Builder::weak_second_factors`: codes by text or mail as a second factor; with `phones` | nothing more |
//! | `proof-of-work` | | `ProofOfWork`, a bot check | altcha 1 |
//! | `captcha` | | `Captcha`: Turnstile, hCaptcha, reCAPTCHA | reqwest 0.13, TLS by rustls and aws-lc: a C compiler |
//! | `geoip` | | `GeoIp` | maxminddb 0.32 |
//! | `sms-http` | | `HttpSms`: text messages by the HTTP interface of a provider | reqwest 0.13, TLS by rustls and aws-lc: a C compiler |
//! | `smtp` | | `SmtpMailer` | lettre 0.11 without its default features, TLS by rustls and aws-lc: a C compiler |
//!
//! Without any: [`UserMgmt`], every flow as a call, and [`MemoryStore`]. Features only add; none changes a default or
//! what another does.

#[cfg(feature = "actix")]
pub use usermgmt_actix as actix;
#[cfg(feature = "axum")]
pub use usermgmt_axum as axum;
#[cfg(feature = "redis")]
pub use usermgmt_redis as redis;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use usermgmt_sqlx as sqlx;

#[cfg(all(feature = "axum", feature = "sqlite"))]
pub mod manual;
// Its code is compiled, too.
#[cfg(all(doctest, feature = "axum", feature = "sqlite"))]
#[doc = include_str!("../../README.md")]
mod readme {}

// Putting it together.
pub use usermgmt_service::core::keys::{KeyError, KeyRing};
pub use usermgmt_service::core::password::{Composition, PasswordRules};
pub use usermgmt_service::core::policy::{AuthPolicy, Demand, SecondFactor};
pub use usermgmt_service::{
    BotProtection, BotRisk, Brand, BreachCheck, Builder, ConfigError, CostError, DisposableAddresses,
    DisposableDomains, DomainList, HashCost, Limits, MemoryStore, OnOutage, Origin, SessionRules, Settings,
    SignUpField, TemplateError, TextError, Texts, TrustedProxies, UserMgmt, Usernames,
};

// Programs that call.
pub use usermgmt_service::core::api_key::ApiKeySecret;
pub use usermgmt_service::core::id::ApiKeyId;
pub use usermgmt_service::core::model::KeyOwner;
pub use usermgmt_service::core::proof::{Access, KeyHolder, KeyPermit};
pub use usermgmt_service::{ApiKeyItem, ApiKeys, KeyLife, KeyRules, KeySet, Keys, ManageApiKeys, NewKey};

// Calling it.
pub use usermgmt_service::core::page::{Page, PageRequest};
pub use usermgmt_service::core::secret::Bearer;
pub use usermgmt_service::core::{Applied, Planned};
pub use usermgmt_service::{
    Accepted, Account, AddEmail, AddressProof, AuditLog, ChangePassword, Client, EmailItem, Metadata, NewUser,
    OrgChange, Organizations, Orgs, OwnProfile, PendingStep, ProfileChange, ProveAddress, RoleInput, Secret,
    SessionItem, SignIn, SignInOutcome, SignUp, SignedIn, UserWithoutEmail, UsernameAvailability, Users, Verified,
};

// What went wrong.
pub use usermgmt_service::core::error::Unavailable;
pub use usermgmt_service::core::store::{StoreError, StoreErrorKind};
pub use usermgmt_service::{Error, FieldError, Invalid, Refused};

// Proofs and permissions.
pub use usermgmt_service::core::permission::{Permission, Rights, RoleError, Roles};
pub use usermgmt_service::core::proof::{MultiFactor, OrgScope, OrgStanding, Permit, Principal, StepUp};
pub use usermgmt_service::{
    AddMembers, Because, Explanation, ManageMembers, ManageOrganization, ManagePolicy, ManageRoles, OwnOrganization,
    ReadAudit, ReadMembers, RoleRights,
};

// What is stored.
pub use usermgmt_service::core::audit::{Broken, Checkpoint, Fault};
pub use usermgmt_service::core::id::{EventId, OrgId, OutboxId, ParseIdError, RealmId, SessionId, UserId};
pub use usermgmt_service::core::model::{
    AuditEvent, AuditFilter, AuditKind, CustomRole, Identifier, MemberFilter, MemberRecord, Membership,
    MembershipStatus, Org, OrgProfile, OrgStatus, Profile, RoleKey, User, UserFilter, UserKind, UserStatus,
};

// Ports.
#[cfg(feature = "phones")]
pub use usermgmt_service::Phones;
#[cfg(feature = "proof-of-work")]
pub use usermgmt_service::ProofOfWork;
pub use usermgmt_service::core::address::EmailAddress;
pub use usermgmt_service::core::contact::{Contact, ContactError};
pub use usermgmt_service::core::phone::{PhoneError, PhoneNumber};
pub use usermgmt_service::core::port::{
    Alarm, BotCall, BotChallenge, BotCheck, BotCheckError, BotPurpose, BotScript, BotVerdict, BotWidget, BoxFuture,
    BreachError, BreachPrefix, BreachRange, BreachSource, Bus, BusError, Candidate, Clock, Country, Enrichment,
    GeoError, GeoLookup, HashError, HashVerdict, Hooks, LocalBus, Mail, MailError, Mailer, ManualClock, OsRandom,
    PasswordHasher, Random, RandomError, Runtime, Sms, SmsError, SmsSender, SystemClock, Wakes,
};
#[cfg(feature = "captcha")]
pub use usermgmt_service::{Captcha, CaptchaError};
pub use usermgmt_service::{DevMailbox, KeptMail, TokioRuntime};
#[cfg(feature = "imported-hashes")]
pub use usermgmt_service::{FastDigest, FirebaseScrypt, ImportedHash, ImportedHashError, ImportedUser, SaltPlace};
#[cfg(feature = "geoip")]
pub use usermgmt_service::{GeoIp, GeoIpError};
#[cfg(feature = "hibp")]
pub use usermgmt_service::{HaveIBeenPwned, SourceError};
#[cfg(feature = "sms-http")]
pub use usermgmt_service::{HttpSms, SmsConfigError};
#[cfg(feature = "magic-link")]
pub use usermgmt_service::{LinkPreview, MagicLink, SignInByMail};
#[cfg(feature = "smtp")]
pub use usermgmt_service::{SmtpBuilder, SmtpConfigError, SmtpMailer};

// Second factors.
pub use usermgmt_service::core::id::FactorId;
pub use usermgmt_service::core::model::{FactorKind, FactorKinds, Method, Proof};
pub use usermgmt_service::core::recovery_code::RecoveryCode;
#[cfg(feature = "passkeys")]
pub use usermgmt_service::{
    AttestationCaListBuilder, AttestationRoots, NewPasskey, PasskeyAnswer, PasskeyChallenge, Passkeys, Residency,
};
#[cfg(feature = "sent-codes")]
pub use usermgmt_service::{CodeSent, SendCodes, SentCodeEnrolment, SentCodes};
pub use usermgmt_service::{FactorAdded, FactorItem, FactorList, RecoveryCodes, SecondFactorProven};
#[cfg(feature = "totp")]
pub use usermgmt_service::{TotpEnrolment, TotpSecret};

// Access and refresh tokens.
#[cfg(feature = "tokens")]
pub use usermgmt_service::core::refresh::RefreshToken;
#[cfg(feature = "tokens")]
pub use usermgmt_service::{
    AccessToken, AccessTokens, BearerError, Introspection, Issued, Revocation, Revocations, Service, Tokens, jwt,
};

// What is counted.
pub use usermgmt_service::metrics;

// What the types above are made of.
pub use async_trait::async_trait;
pub use time;

#[doc(hidden)]
pub use usermgmt_service::core as __core;

/// Declares permissions: types with a stable key, so that a misspelt permission does not compile while roles can still
/// name it.
///
/// ```
/// use usermgmt::{Permission, permission};
///
/// permission! {
///     pub ReadProjects = "project:read";
///     pub DeleteProject = "project:delete"
/// }
/// assert_eq!(DeleteProject::KEY, "project:delete");
/// ```
// Its own macro, because a re-export would bring the module of the same name with it.
#[macro_export]
macro_rules! permission {
    ($($declared:tt)*) => {
        $crate::__core::permission! { $($declared)* }
    };
}
