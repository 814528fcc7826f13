//! What mutants do to factors.

use async_trait::async_trait;
use usermgmt_core::id::{RealmId, UserId};
use usermgmt_core::model::{Factor, FactorKind, FactorKinds, User, Version};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{ChangeSet, FactorStore, Result, Write};

use super::commit::{kept, let_others_run};
use super::{Bug, Mutant};

impl Mutant {
    /// Every factor of every user that was put.
    async fn all_factors(&self) -> Result<Vec<Factor>> {
        let (users, mut found) = (self.memory().users.clone(), Vec::new());
        for user in users {
            found.extend(self.inner.factors(user).await?);
        }
        Ok(found)
    }

    /// The change set with what becomes of its writes of factors.
    pub(super) async fn twisted_factors(&self, changes: ChangeSet) -> Result<ChangeSet> {
        let mut writes = Vec::new();
        for write in changes.writes().iter().cloned() {
            writes.extend(match write {
                Write::PutFactor(factor) => vec![self.twisted_factor(factor).await?],
                Write::PutUser(user) if self.has(Bug::ForgetsKindsOfFactors) => {
                    vec![Write::PutUser(User { factors: FactorKinds::NONE, ..user })]
                }
                Write::DeleteFactor { user, id, version } => {
                    let all = self.all_factors().await?;
                    let present = all.iter().find(|factor| (factor.user, factor.id) == (user, id));
                    let (owner, at) = match self.bug {
                        Bug::RemovesFactorsOfAnyVersion => (user, present.map_or(version, |present| present.version)),
                        Bug::RemovesFactorsOfAnyUser if present.is_none() => {
                            (all.iter().find(|factor| factor.id == id).map_or(user, |factor| factor.user), version)
                        }
                        _ => (user, version),
                    };
                    let gone = present.filter(|present| present.version == at && self.has(Bug::FindsRemovedFactors));
                    self.memory().removed.extend(gone.cloned());
                    vec![Write::DeleteFactor { user: owner, id, version: at }]
                }
                Write::DeleteFactors { user, kind } => self.twisted_removal(user, kind).await?,
                other => vec![other],
            });
        }
        Ok(kept(&changes, writes))
    }

    async fn twisted_factor(&self, mut factor: Factor) -> Result<Write> {
        let present = self.inner.factors(factor.user).await?.into_iter().find(|row| row.id == factor.id);
        match self.bug {
            Bug::ReplacesFactorsOfAnyVersion => {
                let_others_run().await;
                let present = self.inner.factors(factor.user).await?.into_iter().find(|row| row.id == factor.id);
                factor.version = present.map_or(Version::NEW, |present| present.version);
            }
            Bug::ForgetsUseOfFactors => factor.used_at = None,
            Bug::RegistersCredentialsTwice if present.is_none() => {
                let_others_run().await;
                let taken = match factor.credential {
                    Some(credential) => self.inner.factor_by_credential(factor.realm, credential).await?.is_some(),
                    None => false,
                };
                factor.credential = factor.credential.filter(|_| !taken);
            }
            _ => {}
        }
        Ok(Write::PutFactor(factor))
    }

    async fn twisted_removal(&self, user: UserId, kind: FactorKind) -> Result<Vec<Write>> {
        let own = self.inner.factors(user).await?;
        let users = self.memory().users.clone();
        Ok(match self.bug {
            Bug::RemovesFactorsOfAllKinds => {
                FactorKind::ALL.iter().map(|kind| Write::DeleteFactors { user, kind: *kind }).collect()
            }
            Bug::RemovesFactorsOfAll => users.into_iter().map(|user| Write::DeleteFactors { user, kind }).collect(),
            Bug::RemovesOneFactor => {
                let one = own.into_iter().find(|factor| factor.kind() == kind);
                one.map(|factor| Write::DeleteFactor { user, id: factor.id, version: factor.version })
                    .into_iter()
                    .collect()
            }
            _ => vec![Write::DeleteFactors { user, kind }],
        })
    }
}

#[async_trait]
impl FactorStore for Mutant {
    async fn factors(&self, user: UserId) -> Result<Vec<Factor>> {
        let mut found = match self.bug {
            Bug::ListsFactorsOfAnyUser => self.all_factors().await?,
            _ => self.inner.factors(user).await?,
        };
        if self.has(Bug::ListsFactorsBackwards) {
            found.reverse();
        }
        Ok(found)
    }

    async fn factor_by_credential(&self, realm: RealmId, credential: Digest) -> Result<Option<Factor>> {
        let removed = self.memory().removed.iter().find(|factor| factor.credential == Some(credential)).cloned();
        if removed.is_some() {
            return Ok(removed);
        }
        for realm in if self.has(Bug::FindsFactorsOfAnyRealm) { Self::both_realms().into() } else { self.realms(realm) }
        {
            if let Some(found) = self.inner.factor_by_credential(realm, credential).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
