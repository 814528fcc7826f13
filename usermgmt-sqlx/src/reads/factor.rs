//! Factors besides the password.

use async_trait::async_trait;
use sqlx::query;
use usermgmt_core::id::{RealmId, UserId};
use usermgmt_core::model::Factor;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{FactorStore, Result};

use super::super::{Store, row};

#[async_trait]
impl FactorStore for Store {
    async fn factors(&self, user: UserId) -> Result<Vec<Factor>> {
        let read = query(concat!("SELECT ", factor_columns!(), " FROM usermgmt_factor WHERE user_id = $1 ORDER BY id"));
        self.all(read.bind(user.to_string()), row::factor).await
    }

    async fn factor_by_credential(&self, realm: RealmId, credential: Digest) -> Result<Option<Factor>> {
        let read = query(concat!(
            "SELECT ",
            factor_columns!(),
            " FROM usermgmt_credential JOIN usermgmt_factor ON usermgmt_factor.user_id = usermgmt_credential.user_id",
            " AND usermgmt_factor.id = usermgmt_credential.factor_id",
            " WHERE usermgmt_credential.realm = $1 AND usermgmt_credential.credential = $2"
        ));
        self.one(read.bind(realm.to_string()).bind(credential.as_bytes().as_slice()), row::factor).await
    }
}
