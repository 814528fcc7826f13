//! Writes of users, their identifiers and passwords.

use sqlx::query;
use usermgmt_core::id::{RealmId, UserId};
use usermgmt_core::model::{Identifier, IdentifierKind, PasswordCredential, Profile, User, Version};
use usermgmt_core::store::{Result, StoreError, UniqueKey};

use super::{Apply, failure_is_ours, maybe_micros};
use crate::error::{CONFLICT, duplicate};
use crate::value::{int, json, maybe_text, micros, text};

impl Apply<'_> {
    pub(super) async fn put_user(&mut self, user: &User) -> Result<()> {
        self.put(
            user.version,
            "INSERT INTO usermgmt_user (id, realm, name, locale, status, kind, factors, auth_epoch, created_at, \
             version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10 + 1) ON CONFLICT (id) DO NOTHING",
            "UPDATE usermgmt_user SET realm = $2, name = $3, locale = $4, status = $5, kind = $6, factors = $7, \
             created_at = $9, version = $10 + 1 WHERE id = $1 AND version = $10",
            |query| {
                Ok(query
                    .bind(user.id.to_string())
                    .bind(user.realm.to_string())
                    .bind(text(&user.name)?)
                    .bind(maybe_text(user.locale.as_ref())?)
                    .bind(user.status.as_str())
                    .bind(user.kind.as_str())
                    .bind(user.factors.words())
                    .bind(int(user.auth_epoch))
                    .bind(micros(user.created_at)))
            },
        )
        .await
    }

    pub(super) async fn move_auth_epoch(&mut self, user: UserId, from: u64) -> Result<()> {
        let update = query("UPDATE usermgmt_user SET auth_epoch = auth_epoch + 1 WHERE id = $1 AND auth_epoch = $2");
        self.one(update.bind(user.to_string()).bind(int(from)), CONFLICT).await
    }

    pub(super) async fn put_identifier(&mut self, identifier: &Identifier) -> Result<()> {
        let put = self
            .put(
                identifier.version,
                "INSERT INTO usermgmt_identifier (realm, kind, canonical, display, canonical_version, user_id, \
                 is_primary, verified_at, undeliverable_at, created_at, version) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 + 1) \
                 ON CONFLICT (realm, kind, canonical) DO NOTHING",
                "UPDATE usermgmt_identifier SET display = $4, canonical_version = $5, is_primary = $7, \
                 verified_at = $8, undeliverable_at = $9, created_at = $10, version = $11 + 1 \
                 WHERE realm = $1 AND kind = $2 AND canonical = $3 AND user_id = $6 AND version = $11",
                |query| {
                    Ok(query
                        .bind(identifier.realm.to_string())
                        .bind(identifier.kind.as_str())
                        .bind(text(&identifier.canonical)?)
                        .bind(text(&identifier.display)?)
                        .bind(i64::from(identifier.canonical_version))
                        .bind(identifier.user.to_string())
                        .bind(identifier.primary)
                        .bind(maybe_micros(identifier.verified_at))
                        .bind(maybe_micros(identifier.undeliverable_at))
                        .bind(micros(identifier.created_at)))
                },
            )
            .await;
        match put {
            Err(failure) if failure.kind() == CONFLICT && failure_is_ours(&failure) => {
                let taken = identifier.version == Version::NEW || self.is_taken(identifier).await?;
                Err(if taken { StoreError::new(duplicate(UniqueKey::Identifier)) } else { failure })
            }
            other => other,
        }
    }

    /// Whether the name belongs to somebody else. Asked only after the write has failed, to say why.
    async fn is_taken(&mut self, identifier: &Identifier) -> Result<bool> {
        let read = query(
            "SELECT 1 FROM usermgmt_identifier WHERE realm = $1 AND kind = $2 AND canonical = $3 AND user_id <> $4",
        )
        .bind(identifier.realm.to_string())
        .bind(identifier.kind.as_str())
        .bind(text(&identifier.canonical)?)
        .bind(identifier.user.to_string());
        Ok(self.wire.row(read).await?.is_some())
    }

    pub(super) async fn put_password(&mut self, password: &PasswordCredential) -> Result<()> {
        let unproven = password.unproven.as_ref();
        self.put(
            password.version,
            "INSERT INTO usermgmt_password (user_id, hash, unproven_browser, unproven_organization, previous, \
             must_change, changed_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8 + 1) ON CONFLICT (user_id) DO NOTHING",
            "UPDATE usermgmt_password SET hash = $2, unproven_browser = $3, unproven_organization = $4, \
             previous = $5, must_change = $6, changed_at = $7, version = $8 + 1 WHERE user_id = $1 AND version = $8",
            |query| {
                Ok(query
                    .bind(password.user.to_string())
                    .bind(text(password.hash.expose())?)
                    .bind(unproven.map(|unproven| unproven.browser.as_bytes().as_slice()))
                    .bind(maybe_text(unproven.and_then(|unproven| unproven.organization.as_ref()))?)
                    .bind(json(&password.previous)?)
                    .bind(password.must_change)
                    .bind(micros(password.changed_at)))
            },
        )
        .await
    }

    pub(super) async fn delete_identifier(
        &mut self,
        realm: RealmId,
        kind: IdentifierKind,
        canonical: &str,
        user: UserId,
        version: Version,
    ) -> Result<()> {
        let delete = query(
            "DELETE FROM usermgmt_identifier WHERE realm = $1 AND kind = $2 AND canonical = $3 AND user_id = $4 \
             AND version = $5",
        )
        .bind(realm.to_string())
        .bind(kind.as_str())
        .bind(text(canonical)?)
        .bind(user.to_string())
        .bind(int(version.as_u64()));
        self.one(delete, CONFLICT).await
    }

    pub(super) async fn delete_password(&mut self, user: UserId, version: Version) -> Result<()> {
        let delete = query("DELETE FROM usermgmt_password WHERE user_id = $1 AND version = $2");
        self.one(delete.bind(user.to_string()).bind(int(version.as_u64())), CONFLICT).await
    }

    pub(super) async fn put_profile(&mut self, profile: &Profile) -> Result<()> {
        self.put(
            profile.version,
            "INSERT INTO usermgmt_profile (user_id, origin, picture, contact, time_zone, public, private, own, \
             version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9 + 1) ON CONFLICT (user_id) DO NOTHING",
            "UPDATE usermgmt_profile SET origin = $2, picture = $3, contact = $4, time_zone = $5, public = $6, \
             private = $7, own = $8, version = $9 + 1 WHERE user_id = $1 AND version = $9",
            |query| {
                Ok(query
                    .bind(profile.user.to_string())
                    .bind(profile.origin.as_str())
                    .bind(maybe_text(profile.picture.as_ref())?)
                    .bind(maybe_text(profile.contact.as_ref())?)
                    .bind(maybe_text(profile.time_zone.as_ref())?)
                    .bind(json(&profile.public)?)
                    .bind(json(&profile.private)?)
                    .bind(json(&profile.own)?))
            },
        )
        .await
    }
}
