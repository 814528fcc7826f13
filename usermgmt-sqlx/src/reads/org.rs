//! Organisations, memberships and policies.

use async_trait::async_trait;
use sqlx::query;
use usermgmt_core::id::{OrgId, RealmId, UserId};
use usermgmt_core::model::{Membership, Org};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::store::{MembershipStore, OrgStore, PolicyStore, Result};

use super::super::{Store, row};
use super::behind;

#[async_trait]
impl OrgStore for Store {
    async fn org(&self, realm: RealmId, id: OrgId) -> Result<Option<Org>> {
        let read = query(concat!("SELECT ", org_columns!(), " FROM usermgmt_org WHERE id = $1 AND realm = $2"));
        self.one(read.bind(id.to_string()).bind(realm.to_string()), row::org).await
    }
}

#[async_trait]
impl MembershipStore for Store {
    async fn membership(&self, org: OrgId, user: UserId) -> Result<Option<Membership>> {
        let read = query(concat!(
            "SELECT ",
            membership_columns!(),
            " FROM usermgmt_membership WHERE org_id = $1 AND user_id = $2"
        ));
        self.one(read.bind(org.to_string()).bind(user.to_string()), row::membership).await
    }

    async fn members(&self, org: OrgId, page: PageRequest<UserId>) -> Result<Page<Membership, UserId>> {
        let read = query(concat!(
            "SELECT ",
            membership_columns!(),
            " FROM usermgmt_membership WHERE org_id = $1 AND user_id > $2 ORDER BY user_id LIMIT +$3"
        ));
        let read = read.bind(org.to_string()).bind(behind(page.key()));
        self.page(read, page.limit(), row::membership, |membership| membership.user).await
    }

    async fn memberships_of(&self, user: UserId, page: PageRequest<OrgId>) -> Result<Page<(Org, Membership), OrgId>> {
        let read = query(concat!(
            "SELECT ",
            org_columns!(),
            ", ",
            membership_columns!(),
            " FROM usermgmt_membership JOIN usermgmt_org ON usermgmt_org.id = usermgmt_membership.org_id",
            " WHERE usermgmt_membership.user_id = $1 AND usermgmt_membership.org_id > $2",
            " ORDER BY usermgmt_membership.org_id LIMIT +$3"
        ));
        let read = read.bind(user.to_string()).bind(behind(page.key()));
        self.page(read, page.limit(), |cells| Ok((row::org(cells)?, row::membership(cells)?)), |(org, _)| org.id).await
    }
}

#[async_trait]
impl PolicyStore for Store {
    async fn policy(&self, org: OrgId) -> Result<Option<(AuthPolicy, u64)>> {
        let read = query("SELECT policy, policy_epoch FROM usermgmt_org WHERE id = $1").bind(org.to_string());
        self.one(read, |cells| {
            cells.of("usermgmt_org");
            Ok((cells.json("policy")?, cells.number("policy_epoch")?))
        })
        .await
    }
}
