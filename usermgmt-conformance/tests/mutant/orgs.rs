//! What mutants do to organisations and their members.

use async_trait::async_trait;
use usermgmt_core::id::{OrgId, RealmId, UserId};
use usermgmt_core::model::{FactorKinds, MemberFilter, MemberRecord, Membership, Org, OrgProfile, OrgStatus};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::store::{
    MembershipStore, OrgStore, Result, StoreError, StoreErrorKind, UniqueKey, UserStore, Write,
};

use super::users::begins_like;
use super::{Bug, Mutant, first};

impl Mutant {
    /// What becomes of a put of an organisation.
    pub(super) async fn twisted_org(&self, org: Org) -> Result<Vec<Write>> {
        let present = self.inner.org(org.realm, org.id).await?;
        let mut holders = Vec::new();
        for realm in Self::both_realms() {
            holders.extend(self.inner.org_by_slug(realm, &org.slug).await?);
        }
        let taken = |holder: &Org| match self.bug {
            Bug::SlugsUniqueEverywhere => holder.id != org.id,
            Bug::OwnSlugIsTaken => holder.realm == org.realm,
            _ => false,
        };
        if holders.iter().any(taken) {
            return Err(StoreError::new(StoreErrorKind::Duplicate(UniqueKey::OrgSlug)));
        }
        let holder = holders.iter().find(|holder| holder.realm == org.realm && holder.id != org.id);
        let slug = match (self.bug, holder) {
            (Bug::TakesSlugsTwice, Some(_)) => format!("{} of {}", org.slug, org.id),
            (Bug::FreesSlugsOfTheDeleted, Some(holder)) if holder.status == OrgStatus::Deleted => {
                format!("{} of {}", org.slug, org.id)
            }
            _ => self.text(self.key(&org.slug)),
        };
        let seats = org.seats.filter(|_| !self.has(Bug::ForgetsSeats));
        let version = self.version(org.version, present.as_ref().map(|row| row.version));
        let (id, roles) = (org.id, org.roles.clone());
        let put = Write::PutOrg(Org { slug, seats, version, ..org });
        let replaced = present.filter(|row| self.has(Bug::ReplacesRoles) && row.roles != roles);
        let set = replaced.map(|row| Write::PutRoles { org: id, roles, from: row.rights_version });
        Ok([put].into_iter().chain(set).collect())
    }

    pub(super) async fn twisted_org_profile(&self, mut profile: OrgProfile) -> Result<Write> {
        let present = self.inner.org_profile(profile.org).await?.map(|row| row.version);
        let newest = present.filter(|_| self.has(Bug::IgnoresOrgProfileVersion));
        profile.version = newest.unwrap_or(self.version(profile.version, present));
        if self.has(Bug::MixesFactsOfOrgs) {
            profile.settings.clone_from(&profile.public);
        }
        Ok(Write::PutOrgProfile(profile))
    }

    /// What becomes of setting roles; nothing if a bug has done so already.
    pub(super) async fn twisted_roles(&self, write: Write) -> Result<Option<Write>> {
        let Write::PutRoles { org, roles, from } = write else { return Ok(Some(write)) };
        let present = self.inner.org(RealmId::DEFAULT, org).await?.map(|row| row.rights_version);
        if self.has(Bug::SetsRolesSilently) {
            self.memory().roles.insert(org, roles);
            let stale = present != Some(from);
            return if stale { Err(StoreError::new(StoreErrorKind::Conflict)) } else { Ok(None) };
        }
        let from = present.filter(|_| self.has(Bug::SetsRolesFromAnyRights)).unwrap_or(from);
        Ok(Some(Write::PutRoles { org, roles, from }))
    }

    fn shown(&self, mut org: Org) -> Org {
        if let Some(roles) = self.memory().roles.get(&org.id) {
            org.roles.clone_from(roles);
        }
        org
    }

    async fn members_named(
        &self,
        page: Page<MemberRecord, UserId>,
        wanted: impl Fn(&str) -> bool + Send,
    ) -> Result<Page<MemberRecord, UserId>> {
        let mut items = Vec::new();
        for row in page.items {
            if self.inner.identifiers(row.user.id).await?.iter().any(|name| wanted(&name.canonical)) {
                items.push(row);
            }
        }
        Ok(Page { items, next: page.next })
    }
}

#[async_trait]
impl OrgStore for Mutant {
    async fn org(&self, realm: RealmId, id: OrgId) -> Result<Option<Org>> {
        let found: Result<Option<Org>> = first!(self, realm, |realm| self.inner.org(realm, id).await);
        Ok(found?.map(|org| self.shown(org)))
    }

    async fn org_by_slug(&self, realm: RealmId, slug: &str) -> Result<Option<Org>> {
        let slug = self.text(self.key(slug));
        if self.has(Bug::ForgetsRealmOfSlugs) {
            let [one, other] = Self::both_realms();
            return Ok(self.inner.org_by_slug(one, &slug).await?.or(self.inner.org_by_slug(other, &slug).await?));
        }
        first!(self, realm, |realm| self.inner.org_by_slug(realm, &slug).await)
    }

    async fn orgs(&self, realm: RealmId, page: PageRequest<OrgId>) -> Result<Page<Org, OrgId>> {
        let mut found = self.inner.orgs(realm, page).await?;
        if self.has(Bug::ListsOrgsOfAnyRealm) {
            for other in Self::both_realms().into_iter().filter(|other| *other != realm) {
                found.items.extend(self.inner.orgs(other, page).await?.items);
            }
        }
        Ok(self.page(found, |row| row.id))
    }

    async fn org_profile(&self, org: OrgId) -> Result<Option<OrgProfile>> {
        self.inner.org_profile(org).await
    }
}

#[async_trait]
impl MembershipStore for Mutant {
    async fn membership(&self, org: OrgId, user: UserId) -> Result<Option<Membership>> {
        if self.has(Bug::ForgetsOrgOfMembers) {
            let any = self.inner.memberships_of(user, PageRequest::first(1)).await?;
            return Ok(any.items.into_iter().next().map(|(_, membership)| membership));
        }
        self.inner.membership(org, user).await
    }

    async fn member(&self, org: OrgId, user: UserId) -> Result<Option<MemberRecord>> {
        let org = match self.inner.memberships_of(user, PageRequest::first(1)).await?.items.first() {
            Some((any, _)) if self.has(Bug::FindsMembersOfAnyOrg) => any.id,
            _ => org,
        };
        let mut found = self.inner.member(org, user).await?;
        if let Some(row) = found.as_mut().filter(|_| self.has(Bug::TakesAnyAddress)) {
            row.email = self.inner.identifiers(user).await?.into_iter().next().map(|name| name.display);
        }
        Ok(found)
    }

    async fn member_without(&self, org: OrgId, factors: FactorKinds) -> Result<Option<UserId>> {
        if !self.has(Bug::FindsMembersWithoutBeside) {
            return self.inner.member_without(org, factors).await;
        }
        // Whoever is suspended, too.
        let all = self.inner.members(org, &MemberFilter::default(), PageRequest::first(200)).await?.items;
        let lacks = |row: &&MemberRecord| !factors.iter().any(|kind| row.user.factors.contains(kind));
        Ok(all.iter().find(lacks).map(|row| row.user.id))
    }

    async fn members(
        &self,
        org: OrgId,
        filter: &MemberFilter,
        page: PageRequest<UserId>,
    ) -> Result<Page<MemberRecord, UserId>> {
        let page =
            self.request(page, |key| format!("usr_{:032x}", key.as_uuid().as_u128().saturating_sub(1)).parse().ok());
        let all = MemberFilter { identifier_prefix: None, ..filter.clone() };
        let mut found = match (self.bug, filter.identifier_prefix.as_deref()) {
            (Bug::ForgetsMemberFilter, _) => self.inner.members(org, &MemberFilter::default(), page).await?,
            (Bug::EmptyMemberPrefixWantsAName, Some("")) => {
                self.members_named(self.inner.members(org, &all, page).await?, |_| true).await?
            }
            (Bug::MemberPrefixAsPattern, Some(pattern)) => {
                self.members_named(self.inner.members(org, &all, page).await?, |name| begins_like(name, pattern))
                    .await?
            }
            (Bug::FindsMembersByLooks, Some(prefix)) => {
                self.members_named(self.inner.members(org, &all, page).await?, |name| name.starts_with(prefix)).await?
            }
            _ => self.inner.members(org, filter, page).await?,
        };
        if self.has(Bug::ListsMembersOfAnyOrg) {
            let others: Vec<_> = self.memory().orgs.iter().copied().filter(|other| *other != org).collect();
            for other in others {
                found.items.extend(self.inner.members(other, filter, page).await?.items);
            }
        }
        if self.has(Bug::TakesAnyAddress) {
            for row in &mut found.items {
                row.email = self.inner.identifiers(row.user.id).await?.into_iter().next().map(|name| name.display);
            }
        }
        Ok(self.page(found, |row| row.user.id))
    }

    async fn memberships_of(&self, user: UserId, page: PageRequest<OrgId>) -> Result<Page<(Org, Membership), OrgId>> {
        self.inner.memberships_of(user, page).await
    }
}
