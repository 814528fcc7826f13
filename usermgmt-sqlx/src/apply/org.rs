//! Writes of organisations, their policies and memberships.

use sqlx::query;
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::model::{CustomRole, Membership, Org, OrgProfile, Version};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::store::Result;

use super::{Apply, Query, failure_is_ours, maybe_micros};
use crate::error::CONFLICT;
use crate::value::{int, json, micros, text};

macro_rules! update_org {
    ($also:literal) => {
        concat!(
            "UPDATE usermgmt_org SET realm = $2, slug = $3, name = $4, status = $5, deleted_at = $6, owners = $7,",
            " members = $8, seats = $9, created_at = $14, version = $15 + 1 WHERE id = $1 AND version = $15",
            $also
        )
    };
}

impl Apply<'_> {
    /// Writes the organisation first, so that commits meet in its row before they meet in a slug. Only a new one and
    /// one that is renamed have a slug to write: most writes of an organisation are one statement.
    pub(super) async fn put_org(&mut self, org: &Org) -> Result<()> {
        if org.version == Version::NEW {
            self.write_org(org, true).await?;
            let insert = query("INSERT INTO usermgmt_slug (org_id, realm, slug) VALUES ($1, $2, $3)");
            return self.one(with_slug(insert, org)?, CONFLICT).await;
        }
        match self.write_org(org, true).await {
            Err(failure) if failure.kind() == CONFLICT && failure_is_ours(&failure) => {
                self.write_org(org, false).await?;
                let update = query("UPDATE usermgmt_slug SET realm = $2, slug = $3 WHERE org_id = $1");
                self.one(with_slug(update, org)?, CONFLICT).await
            }
            end => end,
        }
    }

    /// Writes the row itself; of one that is there already with `same` only if it keeps its slug.
    async fn write_org(&mut self, org: &Org, same: bool) -> Result<()> {
        self.put(
            org.version,
            "INSERT INTO usermgmt_org (id, realm, slug, name, status, deleted_at, owners, members, seats, roles, policy, \
             rights_version, policy_epoch, created_at, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 + 1) ON CONFLICT (id) DO NOTHING",
            if same { update_org!(" AND realm = $2 AND slug = $3") } else { update_org!("") },
            |query| {
                Ok(query
                    .bind(org.id.to_string())
                    .bind(org.realm.to_string())
                    .bind(text(&org.slug)?)
                    .bind(text(&org.name)?)
                    .bind(org.status.as_str())
                    .bind(maybe_micros(org.deleted_at))
                    .bind(i64::from(org.owners))
                    .bind(i64::from(org.members))
                    .bind(org.seats.map(i64::from))
                    .bind(json(&org.roles)?)
                    .bind(json(&org.policy)?)
                    .bind(int(org.rights_version))
                    .bind(int(org.policy_epoch))
                    .bind(micros(org.created_at)))
            },
        )
        .await
    }

    pub(super) async fn put_org_profile(&mut self, profile: &OrgProfile) -> Result<()> {
        self.put(
            profile.version,
            "INSERT INTO usermgmt_org_profile (org_id, public, private, settings, version) \
             VALUES ($1, $2, $3, $4, $5 + 1) ON CONFLICT (org_id) DO NOTHING",
            "UPDATE usermgmt_org_profile SET public = $2, private = $3, settings = $4, version = $5 + 1 \
             WHERE org_id = $1 AND version = $5",
            |query| {
                Ok(query
                    .bind(profile.org.to_string())
                    .bind(json(&profile.public)?)
                    .bind(json(&profile.private)?)
                    .bind(json(&profile.settings)?))
            },
        )
        .await
    }

    pub(super) async fn put_policy(&mut self, org: OrgId, policy: &AuthPolicy, from: u64) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_org SET policy = $2, policy_epoch = policy_epoch + 1 WHERE id = $1 AND policy_epoch = $3",
        );
        self.one(update.bind(org.to_string()).bind(json(policy)?).bind(int(from)), CONFLICT).await
    }

    pub(super) async fn put_roles(&mut self, org: OrgId, roles: &[CustomRole], from: u64) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_org SET roles = $2, rights_version = rights_version + 1 \
             WHERE id = $1 AND rights_version = $3",
        );
        self.one(update.bind(org.to_string()).bind(json(roles)?).bind(int(from)), CONFLICT).await
    }

    pub(super) async fn put_membership(&mut self, membership: &Membership) -> Result<()> {
        self.put(
            membership.version,
            "INSERT INTO usermgmt_membership (org_id, user_id, roles, status, rights_version, created_at, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7 + 1) ON CONFLICT (org_id, user_id) DO NOTHING",
            "UPDATE usermgmt_membership SET roles = $3, status = $4, created_at = $6, version = $7 + 1 \
             WHERE org_id = $1 AND user_id = $2 AND version = $7",
            |query| {
                Ok(query
                    .bind(membership.org.to_string())
                    .bind(membership.user.to_string())
                    .bind(json(&membership.roles)?)
                    .bind(membership.status.as_str())
                    .bind(int(membership.rights_version))
                    .bind(micros(membership.created_at)))
            },
        )
        .await
    }

    pub(super) async fn delete_membership(&mut self, org: OrgId, user: UserId, version: Version) -> Result<()> {
        let delete = query("DELETE FROM usermgmt_membership WHERE org_id = $1 AND user_id = $2 AND version = $3");
        self.one(delete.bind(org.to_string()).bind(user.to_string()).bind(int(version.as_u64())), CONFLICT).await
    }

    pub(super) async fn move_rights(&mut self, org: OrgId, user: Option<UserId>) -> Result<()> {
        let update = match user {
            Some(user) => query(
                "UPDATE usermgmt_membership SET rights_version = rights_version + 1 \
                 WHERE org_id = $1 AND user_id = $2",
            )
            .bind(org.to_string())
            .bind(user.to_string()),
            None => {
                query("UPDATE usermgmt_org SET rights_version = rights_version + 1 WHERE id = $1").bind(org.to_string())
            }
        };
        self.one(update, CONFLICT).await
    }
}

fn with_slug(query: Query, org: &Org) -> Result<Query> {
    Ok(query.bind(org.id.to_string()).bind(org.realm.to_string()).bind(text(&org.slug)?))
}
