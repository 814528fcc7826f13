//! Both stores prove themselves with the published suite.
#![expect(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

#[cfg(feature = "sqlite")]
mod sqlite {
    use usermgmt_sqlx::Sqlite;

    async fn fresh() -> (tempfile::TempDir, Sqlite) {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("test.db")).await.unwrap();
        (folder, store)
    }

    usermgmt_conformance::store_tests!(fresh, name = "sqlite", nul_in_text = false);
}
