//! Wrapping a store.

use std::sync::Arc;

use super::Store;

/// Implements the whole store contract for a wrapper, by forwarding every call to a store inside. `$before` runs
/// before each call, with the name of the method at hand; it may await, and leave by `?` or `return`.
///
/// ```
/// use std::sync::Arc;
/// use usermgmt_core::store::Store;
///
/// /// Says what is asked.
/// struct Chatty(Arc<dyn Store>);
/// usermgmt_core::forward_store!([] Chatty, |this| this.0, |call| println!("{call}"));
/// ```
#[macro_export]
macro_rules! forward_store {
    ([$($generics:tt)*] $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!([$($generics)*] $wrapper, |$this| $inner, |$call| $before);
        const _: () = {
            use $crate::id::CommitId;
            use $crate::keys::KeyCheck;
            use $crate::store::{ChangeSet, Committed, Result};

            $crate::forward_reads!(@trait [$($generics)*] $wrapper, |$this| $inner, |$call| $before, CommitStore {
                fn commit(changes: ChangeSet) -> Committed;
                fn committed(id: CommitId) -> bool;
                fn key_check() -> Option<KeyCheck>;
            });
        };
    };
}

/// As [`forward_store!`](crate::forward_store!), but without the commit: for a wrapper that does something of its own
/// when it commits. A wrapper that does so at some reads too names the traits that it forwards whole.
///
/// ```
/// use std::sync::Arc;
/// use usermgmt_core::store::Store;
///
/// struct Quiet(Arc<dyn Store>);
/// usermgmt_core::forward_reads!([] Quiet, |this| this.0, |call| (), UserStore OrgStore);
/// ```
#[macro_export]
macro_rules! forward_reads {
    ([$($generics:tt)*] $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(
            [$($generics)*] $wrapper, |$this| $inner, |$call| $before,
            UserStore OrgStore MembershipStore PolicyStore TokenStore AttemptStore
            SessionStore SigningKeyStore ApiKeyStore FactorStore OutboxStore AuditStore ChangeStore MaintenanceStore ThrottleStore
        );
    };
    ($generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr, $($trait:ident)+) => {
        const _: () = {
            use ::std::option::Option;
            use ::time::OffsetDateTime;
            use $crate::id::{ApiKeyId, EventId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId, WorkerId};
            use $crate::model::*;
            use $crate::page::{Page, PageRequest};
            use $crate::policy::AuthPolicy;
            use $crate::secret::Digest;
            use $crate::store::{Charge, Result, SweepBefore, ThrottleKey, Throttled};

            $($crate::forward_reads!(@$trait $generics $wrapper, |$this| $inner, |$call| $before);)+
        };
    };
    (@UserStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, UserStore {
            fn user(realm: RealmId, id: UserId) -> Option<User>;
            fn users(realm: RealmId, filter: &UserFilter, page: PageRequest<UserId>) -> Page<User, UserId>;
            fn users_among(realm: RealmId, ids: &[UserId]) -> Vec<User>;
            fn profile(user: UserId) -> Option<Profile>;
            fn identifiers(user: UserId) -> Vec<Identifier>;
            fn password(user: UserId) -> Option<PasswordCredential>;
            fn sign_in_record(realm: RealmId, kind: IdentifierKind, canonical: &str) -> Option<SignInRecord>;
        });
    };
    (@OrgStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, OrgStore {
            fn org(realm: RealmId, id: OrgId) -> Option<Org>;
            fn org_by_slug(realm: RealmId, slug: &str) -> Option<Org>;
            fn orgs(realm: RealmId, page: PageRequest<OrgId>) -> Page<Org, OrgId>;
            fn org_profile(org: OrgId) -> Option<OrgProfile>;
        });
    };
    (@MembershipStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, MembershipStore {
            fn membership(org: OrgId, user: UserId) -> Option<Membership>;
            fn member(org: OrgId, user: UserId) -> Option<MemberRecord>;
            fn members(org: OrgId, filter: &MemberFilter, page: PageRequest<UserId>) -> Page<MemberRecord, UserId>;
            fn member_without(org: OrgId, factors: FactorKinds) -> Option<UserId>;
            fn memberships_of(user: UserId, page: PageRequest<OrgId>) -> Page<(Org, Membership), OrgId>;
        });
    };
    (@PolicyStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, PolicyStore {
            fn policy(org: OrgId) -> Option<(AuthPolicy, u64)>;
        });
    };
    (@TokenStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, TokenStore {
            fn token(realm: RealmId, user: UserId, id: TokenId) -> Option<Token>;
            fn token_by_digest(realm: RealmId, kind: TokenKind, digest: Digest) -> Option<Token>;
            fn live_tokens(user: UserId, now: OffsetDateTime) -> Vec<Token>;
            fn token_of_browser(realm: RealmId, kind: TokenKind, browser: Digest) -> Option<Token>;
        });
    };
    (@AttemptStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, AttemptStore {
            fn attempt(realm: RealmId, digest: Digest) -> Option<Attempt>;
        });
    };
    (@SessionStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, SessionStore {
            fn principal(realm: RealmId, digest: Digest) -> Option<PrincipalRecord>;
            fn principal_of(realm: RealmId, user: UserId, session: SessionId) -> Option<PrincipalRecord>;
            fn sessions(user: UserId, now: OffsetDateTime, page: PageRequest<SessionId>) -> Page<Session, SessionId>;
            fn touch(user: UserId, id: SessionId, seen_at: OffsetDateTime) -> ();
        });
    };
    (@SigningKeyStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, SigningKeyStore {
            fn signing_keys(realm: RealmId) -> Vec<SigningKey>;
        });
    };
    (@ApiKeyStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, ApiKeyStore {
            fn api_key_record(realm: RealmId, digest: Digest) -> Option<ApiKeyRecord>;
            fn api_key(owner: KeyOwner, id: ApiKeyId) -> Option<ApiKey>;
            fn api_keys(owner: KeyOwner, page: PageRequest<ApiKeyId>) -> Page<ApiKey, ApiKeyId>;
            fn api_keys_in(org: OrgId, page: PageRequest<ApiKeyId>) -> Page<ApiKey, ApiKeyId>;
            fn touch_api_key(owner: KeyOwner, id: ApiKeyId, used_at: OffsetDateTime) -> ();
        });
    };
    (@FactorStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, FactorStore {
            fn factors(user: UserId) -> Vec<Factor>;
            fn factor_by_credential(realm: RealmId, credential: Digest) -> Option<Factor>;
        });
    };
    (@OutboxStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, OutboxStore {
            fn lease(realm: RealmId, worker: WorkerId, now: OffsetDateTime, until: OffsetDateTime, limit: u32) -> Vec<OutboxRow>;
            fn pending_jobs(realm: RealmId, page: PageRequest<OutboxId>) -> Page<OutboxRow, OutboxId>;
        });
    };
    (@AuditStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, AuditStore {
            fn events(realm: RealmId, org: Option<OrgId>, filter: &AuditFilter, page: PageRequest<EventId>) -> Page<AuditEvent, EventId>;
            fn event(realm: RealmId, org: Option<OrgId>, id: EventId) -> Option<AuditEvent>;
            fn unsealed_orgs(realm: RealmId, page: PageRequest<OrgId>) -> Page<OrgId, OrgId>;
            fn unsealed_events(realm: RealmId, org: Option<OrgId>, limit: u32) -> Vec<AuditEvent>;
            fn sealed_events(realm: RealmId, org: Option<OrgId>, after: u64, limit: u32) -> Vec<AuditEvent>;
            fn chain_head(realm: RealmId, org: Option<OrgId>) -> Option<Seal>;
        });
    };
    (@ChangeStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, ChangeStore {
            fn changes(after: u64, limit: u32) -> Changes;
            fn change_place() -> u64;
        });
    };
    (@MaintenanceStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, MaintenanceStore {
            fn sweep(before: SweepBefore, limit: u32) -> u64;
            fn ping() -> ();
        });
    };
    (@ThrottleStore $generics:tt $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr) => {
        $crate::forward_reads!(@trait $generics $wrapper, |$this| $inner, |$call| $before, ThrottleStore {
            fn charge(charges: &[Charge], now: OffsetDateTime) -> Option<Throttled>;
            fn refund(keys: &[ThrottleKey], now: OffsetDateTime) -> ();
        });
    };
    (@trait [$($generics:tt)*] $wrapper:ty, |$this:ident| $inner:expr, |$call:ident| $before:expr, $trait:ident {
        $(fn $method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*
    }) => {
        #[::async_trait::async_trait]
        impl<$($generics)*> $crate::store::$trait for $wrapper {
            $(async fn $method(&self, $($arg: $type),*) -> Result<$answer> {
                let ($this, $call) = (self, stringify!($method));
                let _ = $call;
                let () = $before;
                $crate::store::$trait::$method(&$inner, $($arg),*).await
            })*
        }
    };
}

forward_store!([S: Store + ?Sized] Arc<S>, |this| **this, |call| ());
