//! Sign in as anybody: the account by the calls that the application has, the session as a row.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use time::Duration;
use usermgmt_http::cookies::CookieName;
use usermgmt_http::service::core::id::{CommitId, OrgId, SessionId, UserId};
use usermgmt_http::service::core::model::{Membership, MembershipStatus, Org, Proof, RoleKey, Session, User};
use usermgmt_http::service::core::page::PageRequest;
use usermgmt_http::service::core::proof::Principal;
use usermgmt_http::service::core::secret::{Bearer, BearerKind};
use usermgmt_http::service::core::store::{ChangeSet, Write};
use usermgmt_http::service::{Error, NewUser, Refused};

use crate::persona::Place;
use crate::{Browser, Method, Persona, TestAuth};

/// What stands as the reason in audit events.
const REASON: &str = "a test";
/// Organisations of one person that are looked through.
const MOST: u32 = 200;

/// Somebody who is signed in: their browser, and who they are.
#[derive(Clone, Debug)]
pub struct SignedInAs {
    /// Who.
    pub user: UserId,
    /// Their address.
    pub email: String,
    /// The organisation that the session acts in.
    pub org: Option<OrgId>,
    /// The session.
    pub session: SessionId,
    /// Their browser.
    pub browser: Browser,
}

impl Deref for SignedInAs {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl DerefMut for SignedInAs {
    fn deref_mut(&mut self) -> &mut Browser {
        &mut self.browser
    }
}

fn done<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

impl TestAuth {
    /// Signs somebody in, in a browser of their own. Who does not exist yet is made, the organisation too.
    ///
    /// The session is a row that is written into the store: it runs through no sign-in, so no limit is charged, no
    /// policy asked and no event written until it is used. To test the sign-in itself, send the requests of one.
    ///
    /// # Panics
    /// If the account, the organisation or the session cannot be made: a password that the rules refuse, roles that do
    /// not exist, a proof that is older than a session can be.
    pub async fn sign_in_as(&self, persona: impl Into<Persona>) -> SignedInAs {
        let persona = persona.into();
        let id = self.account(&persona).await;
        let org = self.place(id, &persona.place).await;
        if persona.proofs.iter().any(|(method, _)| matches!(method, Method::Otp | Method::RecoveryCode)) {
            #[cfg(feature = "totp")]
            self.give_authenticator(id).await;
            #[cfg(not(feature = "totp"))]
            panic!("nobody has codes without the feature `totp` of usermgmt-testing");
        }
        let user = done("the account is gone", self.users(REASON).get(id).await);
        let (session, secret) = self.session(&user, org, &persona).await;
        let mut browser = self.browser();
        browser.hold(CookieName::Session, secret.expose());
        SignedInAs { user: id, email: persona.email, org, session, browser }
    }

    /// Who is signed in there, as a handler is given it: for direct calls of the library, and of functions that take
    /// proofs.
    ///
    /// # Panics
    /// If the session has ended.
    pub async fn principal_of(&self, person: &SignedInAs) -> Arc<Principal> {
        let secret = person.browser.secret().unwrap_or_else(|| panic!("{} is signed out", person.email));
        let found = done("the session was not found out", self.principal(&secret).await);
        found.unwrap_or_else(|| panic!("the session of {} has ended", person.email))
    }

    async fn account(&self, persona: &Persona) -> UserId {
        let users = self.users(REASON);
        match users.by_email(&persona.email).await {
            Ok(record) => record.user.id,
            Err(Error::Refused(Refused::NotFound)) => {
                let password = Some(Persona::PASSWORD.into());
                let new = NewUser { email: &persona.email, name: &persona.name, password, email_is_verified: true };
                done(&format!("{} cannot be made", persona.email), users.create(new).await)
            }
            Err(error) => panic!("{} was not found out: {error}", persona.email),
        }
    }

    async fn place(&self, user: UserId, place: &Place) -> Option<OrgId> {
        let all = self.organizations(REASON);
        match place {
            Place::None => None,
            Place::Owner(name) => {
                let mine = self.store().memberships_of(user, PageRequest::first(MOST)).await;
                let owned = |(org, member): &(Org, Membership)| {
                    org.name == *name && member.roles.iter().any(|role| role.as_str() == "owner")
                };
                match done("the organisations were not found out", mine).items.into_iter().find(owned) {
                    Some((org, _)) => Some(org.id),
                    None => Some(done(&format!("`{name}` cannot be made"), all.create(user, name).await)),
                }
            }
            Place::Member(org, roles) => {
                let roles: Vec<_> = roles.iter().map(RoleKey::new).collect();
                let added = match all.add_member(*org, user, &roles).await {
                    Err(Error::Refused(Refused::AlreadyMember)) => {
                        let active = all.set_member_status(*org, user, MembershipStatus::Active).await;
                        done("the membership stays suspended", active);
                        all.set_roles(*org, user, &roles).await
                    }
                    added => added,
                };
                done("no member of that organisation", added);
                Some(*org)
            }
        }
    }

    /// Writes a session of these proofs.
    pub(crate) async fn session(&self, user: &User, org: Option<OrgId>, persona: &Persona) -> (SessionId, Bearer) {
        let now = self.now();
        let usual = if self.settings().has_passwords() { Method::Password } else { Method::Email };
        let given = if persona.proofs.is_empty() { vec![(usual, Duration::ZERO)] } else { persona.proofs.clone() };
        let mut proofs: Vec<_> = given.into_iter().map(|(method, ago)| Proof { method, at: now - ago }).collect();
        proofs.sort_by_key(|proof| proof.at);
        let created_at = proofs.first().map_or(now, |proof| proof.at).min(now);
        let stored = match org {
            Some(org) => done("the policy was not found out", self.store().policy(org).await),
            None => None,
        };
        let own = &self.settings().policy;
        let policy = stored.map_or_else(|| own.clone(), |(policy, _)| own.strictest(&policy));
        let (idle, absolute) = self.settings().sessions.lifetimes(persona.is_remembered, &policy);
        assert!(created_at + absolute > now, "no session is as old as its first proof: it ends after {absolute}");

        let secret = done("no randomness", Bearer::mint(BearerKind::Session, self.random()));
        let id = done("no randomness", SessionId::new(self.random(), created_at));
        let session = Session {
            id,
            realm: self.realm(),
            user: user.id,
            digest: secret.digest(),
            org,
            proofs,
            auth_epoch: user.auth_epoch,
            persistent: persona.is_remembered,
            idle,
            expires_at: created_at + absolute,
            created_at,
            seen_at: now,
            ended_at: None,
            label: None,
            address: None,
            refresh: None,
        };
        let commit = done("no randomness", CommitId::new(self.random(), now));
        let changes = ChangeSet::new(commit, self.realm(), now).with(Write::PutSession(session));
        done("the session was not written", self.store().commit(changes).await);
        (id, secret)
    }
}
