//! Organisations, memberships and policies.

use async_trait::async_trait;
use sqlx::query;
use usermgmt_core::id::{OrgId, RealmId, UserId};
use usermgmt_core::limits::PAGE_MAX;
use usermgmt_core::model::{
    FactorKind, FactorKinds, MemberFilter, MemberRecord, Membership, MembershipStatus, Org, OrgProfile,
};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::store::{MembershipStore, OrgStore, PolicyStore, Result};

use super::super::{Store, row};
use super::behind;
use super::prefix::Prefix;

/// Members among the rows `$memberships`, with their users.
macro_rules! members_of {
    ($memberships:expr) => {
        concat!(
            "SELECT ",
            membership_columns!(),
            ", ",
            user_columns!(),
            ", ",
            primary_email!(),
            " FROM ",
            $memberships,
            " JOIN usermgmt_user ON usermgmt_user.id = usermgmt_membership.user_id"
        )
    };
}

/// One member.
const MEMBER: &str = concat!(
    members_of!("usermgmt_membership"),
    " WHERE usermgmt_membership.org_id = $1 AND usermgmt_membership.user_id = $2"
);

/// A page of members; `$end` ends the range of identifiers, see [`Prefix`].
///
/// The inner limit is that of the longest page, for a planner that must plan without knowing the outer one: PostgreSQL
/// would else expect a tenth of the organisation, and plan anew for each page.
macro_rules! members {
    ($end:literal) => {
        concat!(
            members_of!(concat!(
                "(SELECT ",
                membership_columns!(),
                " FROM usermgmt_membership WHERE org_id = $1 AND user_id > $2",
                " AND ($3 IS NULL OR status = $3)",
                " AND ($4 IS NULL OR EXISTS (SELECT 1 FROM usermgmt_identifier",
                " WHERE usermgmt_identifier.user_id = usermgmt_membership.user_id",
                " AND kind IN ('email', 'phone', 'username') AND canonical >= $4 AND ",
                $end,
                ")) ORDER BY user_id LIMIT 201) AS usermgmt_membership"
            )),
            " ORDER BY usermgmt_membership.user_id LIMIT +$6"
        )
    };
}

const _: () = assert!(PAGE_MAX == 200, "a page and the row that says whether there is another one");

#[async_trait]
impl OrgStore for Store {
    async fn org(&self, realm: RealmId, id: OrgId) -> Result<Option<Org>> {
        let read = query(concat!("SELECT ", org_columns!(), " FROM usermgmt_org WHERE id = $1 AND realm = $2"));
        self.one(read.bind(id.to_string()).bind(realm.to_string()), row::org).await
    }

    async fn org_by_slug(&self, realm: RealmId, slug: &str) -> Result<Option<Org>> {
        // No such text is stored, and PostgreSQL would not even take the question.
        if slug.contains('\0') {
            return Ok(None);
        }
        let read = query(concat!(
            "SELECT ",
            org_columns!(),
            " FROM usermgmt_slug JOIN usermgmt_org ON usermgmt_org.id = usermgmt_slug.org_id",
            " WHERE usermgmt_slug.realm = $1 AND usermgmt_slug.slug = $2"
        ));
        self.one(read.bind(realm.to_string()).bind(slug.to_owned()), row::org).await
    }

    async fn orgs(&self, realm: RealmId, page: PageRequest<OrgId>) -> Result<Page<Org, OrgId>> {
        let read = query(concat!(
            "SELECT ",
            org_columns!(),
            " FROM usermgmt_org WHERE realm = $1 AND id > $2 ORDER BY id LIMIT +$3"
        ));
        self.page(read.bind(realm.to_string()).bind(behind(page.key())), page.limit(), row::org, |org| org.id).await
    }

    async fn org_profile(&self, org: OrgId) -> Result<Option<OrgProfile>> {
        let read = query(concat!("SELECT ", org_profile_columns!(), " FROM usermgmt_org_profile WHERE org_id = $1"));
        self.one(read.bind(org.to_string()), row::org_profile).await
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

    async fn member(&self, org: OrgId, user: UserId) -> Result<Option<MemberRecord>> {
        self.one(query(MEMBER).bind(org.to_string()).bind(user.to_string()), row::member).await
    }

    async fn members(
        &self,
        org: OrgId,
        filter: &MemberFilter,
        page: PageRequest<UserId>,
    ) -> Result<Page<MemberRecord, UserId>> {
        let Some(prefix) = Prefix::of(filter.identifier_prefix.as_deref()) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let read = query(if prefix.ends() { members!("canonical < $5") } else { members!("$5 IS NULL") })
            .bind(org.to_string())
            .bind(behind(page.key()))
            .bind(filter.status.map(MembershipStatus::as_str))
            .bind(prefix.begin)
            .bind(prefix.end);
        self.page(read, page.limit(), row::member, |member| member.user.id).await
    }

    async fn member_without(&self, org: OrgId, factors: FactorKinds) -> Result<Option<UserId>> {
        const _: () = assert!(FactorKind::ALL.len() == 7, "a pattern for each kind");
        let mut read = query(concat!(
            "SELECT usermgmt_membership.user_id AS user_id FROM usermgmt_membership",
            " JOIN usermgmt_user ON usermgmt_user.id = usermgmt_membership.user_id",
            " WHERE usermgmt_membership.org_id = $1 AND usermgmt_membership.status = 'active'",
            " AND usermgmt_user.status = 'active' AND NOT (",
            "' ' || usermgmt_user.factors || ' ' LIKE $2 OR ' ' || usermgmt_user.factors || ' ' LIKE $3",
            " OR ' ' || usermgmt_user.factors || ' ' LIKE $4 OR ' ' || usermgmt_user.factors || ' ' LIKE $5",
            " OR ' ' || usermgmt_user.factors || ' ' LIKE $6 OR ' ' || usermgmt_user.factors || ' ' LIKE $7",
            " OR ' ' || usermgmt_user.factors || ' ' LIKE $8) LIMIT 1"
        ))
        .bind(org.to_string());
        for kind in FactorKind::ALL {
            // Nothing is like an empty pattern here.
            let pattern = if factors.contains(*kind) { format!("% {} %", kind.as_str()) } else { String::new() };
            read = read.bind(pattern);
        }
        self.one(read, |cells| {
            cells.of("usermgmt_membership");
            cells.id("user_id")
        })
        .await
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
