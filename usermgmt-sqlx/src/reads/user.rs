//! Users, their identifiers and passwords.

use async_trait::async_trait;
use sqlx::query;
use sqlx::types::Json;
use usermgmt_core::id::{RealmId, UserId};
use usermgmt_core::model::{
    Identifier, IdentifierKind, PasswordCredential, Profile, SignInRecord, User, UserFilter, UserKind, UserStatus,
};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::store::{Result, UserStore};

use super::super::cells::Cells;
use super::super::{Store, row};
use super::behind;
use super::prefix::Prefix;

/// A page of users; `$end` ends the range of identifiers, see [`Prefix`].
macro_rules! users {
    ($end:literal) => {
        concat!(
            "SELECT ",
            user_columns!(),
            " FROM usermgmt_user WHERE realm = $1 AND id > $2 AND ($3 IS NULL OR status = $3)",
            " AND ($4 IS NULL OR kind = $4) AND ($5 IS NULL OR id IN (SELECT user_id FROM usermgmt_identifier",
            " WHERE realm = $1 AND kind IN ('email', 'phone', 'username') AND canonical >= $5 AND ",
            $end,
            ")) ORDER BY id LIMIT +$7"
        )
    };
}

#[async_trait]
impl UserStore for Store {
    async fn user(&self, realm: RealmId, id: UserId) -> Result<Option<User>> {
        let read = query(concat!("SELECT ", user_columns!(), " FROM usermgmt_user WHERE id = $1 AND realm = $2"));
        self.one(read.bind(id.to_string()).bind(realm.to_string()), row::user).await
    }

    async fn users(
        &self,
        realm: RealmId,
        filter: &UserFilter,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>> {
        let Some(prefix) = Prefix::of(filter.identifier_prefix.as_deref()) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let read = query(if prefix.ends() { users!("canonical < $6") } else { users!("$6 IS NULL") })
            .bind(realm.to_string())
            .bind(behind(page.key()))
            .bind(filter.status.map(UserStatus::as_str))
            .bind(filter.kind.map(UserKind::as_str))
            .bind(prefix.begin)
            .bind(prefix.end);
        self.page(read, page.limit(), row::user, |user| user.id).await
    }

    async fn users_among(&self, realm: RealmId, ids: &[UserId]) -> Result<Vec<User>> {
        let read = query(concat!(
            "SELECT ",
            user_columns!(),
            " FROM usermgmt_user WHERE realm = $1 AND id IN ",
            listed!("$2"),
            " ORDER BY id"
        ));
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        self.all(read.bind(realm.to_string()).bind(Json(ids)), row::user).await
    }

    async fn profile(&self, user: UserId) -> Result<Option<Profile>> {
        let read = query(concat!("SELECT ", profile_columns!(), " FROM usermgmt_profile WHERE user_id = $1"));
        self.one(read.bind(user.to_string()), row::profile).await
    }

    async fn identifiers(&self, user: UserId) -> Result<Vec<Identifier>> {
        let read = query(concat!(
            "SELECT ",
            identifier_columns!(),
            " FROM usermgmt_identifier WHERE user_id = $1 ORDER BY kind, canonical"
        ));
        self.all(read.bind(user.to_string()), row::identifier).await
    }

    async fn password(&self, user: UserId) -> Result<Option<PasswordCredential>> {
        let read = query(concat!("SELECT ", password_columns!(), " FROM usermgmt_password WHERE user_id = $1"));
        self.one(read.bind(user.to_string()), row::password).await
    }

    async fn sign_in_record(
        &self,
        realm: RealmId,
        kind: IdentifierKind,
        canonical: &str,
    ) -> Result<Option<SignInRecord>> {
        // No such text is stored, and PostgreSQL would not even take the question.
        if canonical.contains('\0') {
            return Ok(None);
        }
        let read = query(concat!(
            "SELECT ",
            identifier_columns!(),
            ", ",
            user_columns!(),
            ", ",
            password_columns!(),
            " FROM usermgmt_identifier",
            " JOIN usermgmt_user ON usermgmt_user.id = usermgmt_identifier.user_id",
            " LEFT JOIN usermgmt_password ON usermgmt_password.user_id = usermgmt_user.id",
            " WHERE usermgmt_identifier.realm = $1 AND usermgmt_identifier.kind = $2",
            " AND usermgmt_identifier.canonical = $3"
        ));
        let read = read.bind(realm.to_string()).bind(kind.as_str()).bind(canonical);
        self.one(read, sign_in_record).await
    }
}

fn sign_in_record(cells: &mut Cells<'_>) -> Result<SignInRecord> {
    let identifier = row::identifier(cells)?;
    let user = row::user(cells)?;
    let password = if cells.is_absent()? { None } else { Some(row::password(cells)?) };
    Ok(SignInRecord { identifier, user, password })
}
