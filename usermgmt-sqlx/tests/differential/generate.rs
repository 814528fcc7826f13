//! Random writes.

use serde_json::json;
use time::Duration;
use usermgmt_core::address::EmailAddress;
use usermgmt_core::id::*;
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::*;
use usermgmt_core::password::PasswordHash;
use usermgmt_core::phone::PhoneNumber;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::sealed::Sealed;
use usermgmt_core::store::*;

use super::{History, digest, secret, token_id, uuid};

impl<S: Store> History<S> {
    pub(super) fn any_user(&mut self, id: UserId, version: Version) -> User {
        User {
            id,
            realm: RealmId::DEFAULT,
            name: self.text(),
            locale: (self.below(2) == 0).then(|| self.text()),
            status: UserStatus::ALL[usize::try_from(self.below(12)).unwrap().saturating_sub(9)],
            kind: UserKind::ALL[usize::try_from(self.below(3)).unwrap()],
            factors: FactorKind::ALL.iter().copied().filter(|_| self.below(3) == 0).collect(),
            auth_epoch: self.below(2),
            created_at: self.soon(),
            version,
        }
    }

    pub(super) fn any_org(&mut self, id: OrgId, version: Version) -> Org {
        Org {
            id,
            realm: RealmId::DEFAULT,
            slug: slug(id),
            name: self.text(),
            status: if self.often() { OrgStatus::Active } else { OrgStatus::Deleted },
            deleted_at: (self.below(2) == 0).then_some(self.now),
            owners: u32::MAX,
            members: u32::try_from(self.below(9)).unwrap(),
            seats: (self.below(2) == 0).then_some(u32::MAX),
            roles: self.roles(),
            policy: AuthPolicy { bars_trusted_devices: true, ..AuthPolicy::default() },
            rights_version: self.below(2),
            policy_epoch: self.below(2),
            created_at: self.now,
            version,
        }
    }

    fn roles(&mut self) -> Vec<CustomRole> {
        let rights = vec![self.text(); usize::try_from(self.below(3)).unwrap()];
        let role = CustomRole { key: RoleKey::new(self.text()), name: self.text(), rights };
        vec![role; usize::try_from(self.below(3)).unwrap()]
    }

    /// Mostly what stands, so that most writes go through.
    fn from(&mut self, present: u64) -> u64 {
        if self.often() { present } else { self.below(3) }
    }

    pub(super) async fn write(&mut self) -> Write {
        let number = self.any();
        let (user, org) = (UserId::from_uuid(uuid(number)), self.org());
        let realm = RealmId::DEFAULT;
        let session = SessionId::from_uuid(uuid(self.any()));
        let owner = if self.often() { number } else { self.any() };
        let token = token_id(owner, self.any());
        let attempt = AttemptId::from_uuid(uuid(self.any()));
        let job = OutboxId::from_uuid(uuid(self.any()));
        let worker = WorkerId::from_uuid(uuid(self.below(2)));
        let present = self.reference.user(realm, user).await.unwrap();
        let epoch = present.as_ref().map_or(0, |user| user.auth_epoch);
        let epoch = if self.often() { epoch } else { self.below(3) };
        let there = self.reference.org(realm, org).await.unwrap().unwrap();
        let member = self.reference.membership(org, user).await.unwrap();
        match self.below(42) {
            0 => {
                let member = self.often().then(|| StillMember {
                    org,
                    member_rights: member.as_ref().map_or(0, |member| member.rights_version),
                    org_rights: there.rights_version,
                    policy_epoch: there.policy_epoch,
                });
                Write::StillAuthorised(StillAuthorised { session, user, auth_epoch: epoch, member })
            }
            1 => {
                let version = self.version(present.map(|user| user.version));
                Write::PutUser(self.any_user(user, version))
            }
            2 => {
                let canonical = self.name().to_owned();
                let kind = self.kind_of_name();
                let found = self.reference.sign_in_record(realm, kind, &canonical).await.unwrap();
                let version = self.version(found.as_ref().map(|found| found.identifier.version));
                let holder = found.filter(|_| self.often()).map_or(user, |found| found.identifier.user);
                Write::PutIdentifier(Identifier {
                    realm,
                    kind,
                    canonical,
                    display: self.text(),
                    canonical_version: u16::MAX,
                    user: holder,
                    primary: self.below(2) == 0,
                    verified_at: (self.below(2) == 0).then_some(self.now),
                    undeliverable_at: (self.below(2) == 0).then_some(self.now),
                    created_at: self.now,
                    version,
                })
            }
            3 => {
                let present = self.reference.password(user).await.unwrap().map(|password| password.version);
                let unproven = Unproven { browser: digest(9), organization: (self.below(2) == 0).then(|| self.text()) };
                Write::PutPassword(PasswordCredential {
                    user,
                    hash: PasswordHash::from_phc(self.text()),
                    unproven: (self.below(2) == 0).then_some(unproven),
                    previous: vec![PasswordHash::from_phc(self.text()); usize::try_from(self.below(3)).unwrap()],
                    must_change: self.below(2) == 0,
                    changed_at: self.now,
                    version: self.version(present),
                })
            }
            4 => {
                // Which of two broken rules is named first is left open: a slug is taken from the version that stands.
                if self.often() {
                    let version = self.version(Some(there.version));
                    return Write::PutOrg(self.any_org(org, version));
                }
                let slug = slug(self.org());
                Write::PutOrg(Org { slug, ..self.any_org(org, there.version) })
            }
            5 | 6 => Write::PutMembership(Membership {
                org,
                user,
                roles: vec![RoleKey::new(self.text()); usize::try_from(self.below(3)).unwrap()],
                status: if self.often() { MembershipStatus::Active } else { MembershipStatus::Suspended },
                rights_version: self.below(2),
                created_at: self.now,
                version: self.version(member.map(|member| member.version)),
            }),
            7 => Write::DeleteMembership { org, user, version: self.version(member.map(|member| member.version)) },
            8 => Write::MoveAuthEpoch { user, from: epoch },
            9 => Write::MoveRights { org, user: (self.below(2) == 0).then_some(user) },
            10 => {
                let from = self.from(there.policy_epoch);
                let methods = (self.below(2) == 0).then(|| [Method::Email].into());
                Write::PutPolicy { org, policy: AuthPolicy { methods, ..AuthPolicy::default() }, from }
            }
            11 => {
                let code_expires_at = self.soon();
                let token = token_id(number, self.any());
                Write::PutToken(Token {
                    id: token,
                    realm: self.realm(),
                    kind: self.kind(),
                    user,
                    digest: secret(user, &token, 0),
                    key_id: self.text(),
                    browser: (self.below(2) == 0).then(|| digest(self.any())),
                    canonical: self.text(),
                    display: self.text(),
                    label: (self.below(2) == 0).then(|| self.text()),
                    replaces_primary: self.below(2) == 0,
                    tries_left: u32::try_from(self.below(3)).unwrap(),
                    code_expires_at,
                    expires_at: self.soon(),
                    consumed_at: None,
                    created_at: self.now,
                })
            }
            12 => Write::CountTry { user, id: token },
            13 => Write::ConsumeToken { user, id: token },
            14 => Write::RevokeTokens { user, kind: self.kind() },
            15 => {
                let digest = secret(user, &attempt, 0);
                let present = self.reference.attempt(realm, digest).await.unwrap();
                Write::PutAttempt(Attempt {
                    id: attempt,
                    realm,
                    purpose: AttemptPurpose::SignIn,
                    user,
                    digest,
                    browser: super::digest(8),
                    proofs: self.proofs(),
                    canonical: self.text(),
                    org: (self.below(2) == 0).then_some(org),
                    persistent: self.below(2) == 0,
                    auth_epoch: epoch,
                    consumed_at: None,
                    expires_at: self.soon(),
                    created_at: self.now,
                    version: self.version(present.map(|attempt| attempt.version)),
                })
            }
            16 => Write::ConsumeAttempt { user, id: attempt },
            17 | 18 => Write::PutSession(Session {
                id: session,
                realm: self.realm(),
                user,
                digest: secret(user, &session, self.below(2)),
                org: (self.below(2) == 0).then_some(org),
                proofs: self.proofs(),
                auth_epoch: epoch,
                persistent: self.below(2) == 0,
                idle: Duration::microseconds(i64::try_from(self.below(4_000_000)).unwrap()),
                expires_at: self.soon(),
                created_at: self.now,
                seen_at: self.now,
                ended_at: None,
                label: (self.below(2) == 0).then(|| self.text()),
                address: (self.below(2) == 0).then(|| "192.0.2.7".to_owned()),
                refresh: (self.below(4) == 0).then_some(Refresh { generation: 2, rotated_at: self.now }),
            }),
            35 => {
                let found = self.reference.principal_of(realm, user, session).await.unwrap();
                let has = found.and_then(|record| record.session.refresh).map(|refresh| refresh.generation);
                Write::RotateRefresh { user, id: session, from: if self.often() { has } else { Some(2) } }
            }
            36 => Write::DeleteSigningKeys { realm, up_to: u32::try_from(self.below(3)).unwrap() },
            37 => Write::PutSigningKey(SigningKey {
                realm,
                number: u32::try_from(self.below(4)).unwrap(),
                kid: self.text(),
                private: Sealed { key_id: self.text(), bytes: vec![1, 2] },
                created_at: self.now,
                signs_from: self.soon(),
            }),
            19 => Write::RotateSession {
                user,
                id: session,
                from: secret(user, &session, self.below(2)),
                to: secret(user, &session, self.below(2)),
                proofs: self.proofs(),
                org: (self.below(2) == 0).then_some(org),
                auth_epoch: epoch,
            },
            20 => Write::EndSession { user, id: session },
            21 => Write::PutJob(self.job(job, user)),
            22 => match self.below(3) {
                0 => Write::FinishJob { id: job, worker },
                1 => Write::RetryJob { id: job, worker, due_at: self.soon() },
                _ => Write::GiveUpJob { id: job, worker },
            },
            23 | 29 => {
                let number = self.below(24);
                Write::Audit(self.event(number, org, user, session))
            }
            30 => {
                let present = self.reference.org_profile(org).await.unwrap().map(|profile| profile.version);
                Write::PutOrgProfile(OrgProfile {
                    org,
                    public: json!({ self.text(): [self.below(9), "\0"] }),
                    private: json!(self.text()),
                    settings: json!({}),
                    version: self.version(present),
                })
            }
            31 => {
                let from = self.from(there.rights_version);
                Write::PutRoles { org, roles: self.roles(), from }
            }
            32 => {
                let number = self.below(24);
                Write::EraseEvent { realm, org: chain(number), id: event_id(number), commitment: [6; 32] }
            }
            33 | 34 => self.sealing(realm).await,
            24 => {
                let canonical = self.name().to_owned();
                let kind = self.kind_of_name();
                let found = self.reference.sign_in_record(realm, kind, &canonical).await.unwrap();
                let version = self.version(found.as_ref().map(|found| found.identifier.version));
                let holder = found.filter(|_| self.often()).map_or(user, |found| found.identifier.user);
                Write::DeleteIdentifier { realm, kind, canonical, user: holder, version }
            }
            25 => {
                let present = self.reference.password(user).await.unwrap().map(|password| password.version);
                Write::DeletePassword { user, version: self.version(present) }
            }
            26 => {
                let present = self.reference.profile(user).await.unwrap().map(|profile| profile.version);
                Write::PutProfile(Profile {
                    user,
                    origin: Origin::ALL[usize::try_from(self.any()).unwrap()],
                    picture: (self.below(2) == 0).then(|| self.text()),
                    contact: (self.below(2) == 0).then(|| self.text()),
                    time_zone: (self.below(2) == 0).then(|| self.text()),
                    public: json!({ self.text(): [self.below(9), "\0"] }),
                    private: json!(self.text()),
                    own: json!({}),
                    version: self.version(present),
                })
            }
            27 => {
                let present = self.reference.key_check().await.unwrap();
                let from = present.filter(|_| self.below(8) > 0).map_or_else(|| "n".to_owned(), |check| check.key_id);
                Write::MoveKeyCheck { from, to: KeyCheck { key_id: self.text(), tag: [4; 32] } }
            }
            38 | 39 => self.factor(user).await,
            40 => {
                let (user, id, present) = self.some_factor(user).await;
                Write::DeleteFactor { user, id, version: self.version(present.map(|factor| factor.version)) }
            }
            41 => Write::DeleteFactors { user, kind: FactorKind::ALL[usize::try_from(self.below(7)).unwrap()] },
            _ => Write::PutKeyCheck(KeyCheck { key_id: "k".to_owned(), tag: [3; 32] }),
        }
    }

    async fn some_factor(&mut self, user: UserId) -> (UserId, FactorId, Option<Factor>) {
        let id = FactorId::from_uuid(uuid(self.any()));
        let present = self.reference.factors(user).await.unwrap().into_iter().find(|factor| factor.id == id);
        (user, id, present)
    }

    /// Mostly of the kind that it has; its credential is now and then somebody else's.
    async fn factor(&mut self, user: UserId) -> Write {
        let (user, id, present) = self.some_factor(user).await;
        let sealed = Sealed { key_id: self.text(), bytes: vec![0, 9] };
        let now = self.now;
        let of_kind = |kind, number| match kind {
            FactorKind::Totp => FactorData::Totp { secret: sealed, last_step: Some(number) },
            FactorKind::RecoveryCodes => FactorData::RecoveryCodes { left: vec![digest(number)] },
            FactorKind::Passkey | FactorKind::SecurityKey => {
                let (credential, handle) = (json!({ "counter": number }), uuid(number));
                let answered = vec![Answered { challenge: digest(number), until: now }];
                FactorData::Passkey { credential, handle, asked: kind == FactorKind::SecurityKey, answered }
            }
            FactorKind::TrustedDevice => FactorData::TrustedDevice { digest: digest(number) },
            FactorKind::SmsCode => {
                FactorData::SmsCode { number: PhoneNumber::try_from(format!("+120255501{:02}", number % 100)).unwrap() }
            }
            FactorKind::EmailCode => FactorData::EmailCode,
        };
        let any = FactorKind::ALL[usize::try_from(self.below(7)).unwrap()];
        let kind = present.as_ref().filter(|_| self.often()).map_or(any, Factor::kind);
        let number = self.any();
        Write::PutFactor(Factor {
            user,
            id,
            realm: RealmId::DEFAULT,
            name: self.text(),
            credential: (kind == FactorKind::Passkey).then(|| digest(self.any())),
            data: of_kind(kind, number),
            confirmed_at: (self.below(2) == 0).then_some(self.now),
            used_at: (self.below(2) == 0).then_some(self.now),
            expires_at: (self.below(2) == 0).then(|| self.soon()),
            created_at: self.soon(),
            version: self.version(present.map(|factor| factor.version)),
        })
    }

    /// Mostly what a sealer would write: the next unsealed events of a chain, behind its end.
    async fn sealing(&mut self, realm: RealmId) -> Write {
        let org = chain(self.below(2));
        let open = self.reference.unsealed_events(realm, org, 99).await.unwrap();
        let mut events: Vec<_> = open.iter().map(|event| event.id).collect();
        events.truncate(usize::try_from(self.below(4)).unwrap());
        if !self.often() {
            events.push(event_id(self.below(24)));
        }
        let end = self.reference.chain_head(realm, org).await.unwrap().map_or(0, |seal| seal.number);
        let key_id = self.text();
        let seal = |number| Seal { number, key_id: key_id.clone(), mac: [9; 32] };
        let seals = events.into_iter().zip(end + 1..).map(|(id, number)| (id, seal(number))).collect();
        Write::SealEvents { realm, org, from: self.from(end), seals }
    }

    fn kind(&mut self) -> TokenKind {
        // Mostly one kind, so that tokens meet.
        TokenKind::ALL[usize::try_from(self.below(10)).unwrap().saturating_sub(4)]
    }

    fn name(&mut self) -> &'static str {
        ["a@x", "B@x", "b@x"][usize::try_from(self.any()).unwrap()]
    }

    fn job(&mut self, id: OutboxId, user: UserId) -> OutboxRow {
        let email = EmailAddress::parse("Ann@example.org").unwrap();
        let request = AddressRequest { to: email.clone().into(), browser: digest(2), purpose: AddressPurpose::Verify };
        let mail = Job::Mail { mail: MailKind::VerifyEmail, to: email.into(), user, token: None, locale: None };
        OutboxRow {
            id,
            realm: self.realm(),
            job: if self.below(2) == 0 { Job::AddressRequest(request) } else { mail },
            due_at: self.soon(),
            tries: 0,
            lease: None,
            dead_at: None,
            created_at: self.now,
        }
    }

    fn event(&mut self, number: u64, org: OrgId, user: UserId, session: SessionId) -> AuditEvent {
        AuditEvent {
            id: event_id(number),
            realm: RealmId::DEFAULT,
            org: chain(number),
            kind: AuditKind::ALL[usize::try_from(number).unwrap() % AuditKind::ALL.len()],
            outcome: if self.often() { AuditOutcome::Success } else { AuditOutcome::Refused },
            actor: match self.below(3) {
                0 => Actor::Anonymous,
                1 => Actor::User { user, session: (self.below(2) == 0).then_some(session) },
                _ => Actor::System { reason: self.text() },
            },
            subject: (self.below(2) == 0).then_some(user),
            address: (self.below(2) == 0).then(|| self.text()),
            detail: json!({ "org": org, "text": self.text(), "count": u64::MAX, "list": [1, null, -5] }),
            salt: [7; 16],
            erased: None,
            tag: EventTag { key_id: self.text(), mac: [5; 32] },
            at: self.now,
            seal: None,
        }
    }
}

fn slug(org: OrgId) -> String {
    format!("slug-of-{org}")
}

fn event_id(number: u64) -> EventId {
    EventId::from_uuid(uuid(number))
}

/// The organisation of an event follows from its number, as an id belongs to one event.
fn chain(number: u64) -> Option<OrgId> {
    [None, Some(OrgId::from_uuid(uuid(0)))][usize::try_from(number % 2).unwrap()]
}
