//! Users of another system sign in with the password that they had there.

use usermgmt_service::{ImportedHash, ImportedUser};
use usermgmt_tests::{App, Person, cells};

cells!(a_password_of_another_system_signs_in_and_is_hashed_anew,);

/// `correct horse battery`, by Python's bcrypt.
const BCRYPT: &str = "$2b$06$WdMhtIhQHDhQuq2Ps7ZiUOfKopHtDo39WAfr6NG9A0j/U1By34pj.";

async fn a_password_of_another_system_signs_in_and_is_hashed_anew(app: App) {
    let mut ann = Person { password: "correct horse battery".into(), ..Person::new(&app, "ann") };
    let hash = ImportedHash::parse(BCRYPT).unwrap();
    let user = ImportedUser { email: &ann.email, name: "Ann", email_is_verified: true, hash: &hash };
    let id = app.auth.users("moved").import(user).await.unwrap();
    let stored = async || app.store.store.password(id).await.unwrap().unwrap().hash.expose().to_owned();
    assert_eq!(stored().await, BCRYPT);
    let mut guess = Person { password: "correct horse battery staple".into(), ..ann.clone() };
    assert_eq!(guess.sign_in().await.expect(401).code(), "invalid_credentials");
    assert_eq!(stored().await, BCRYPT);
    ann.sign_in().await.expect(200);
    assert!(stored().await.starts_with("$argon2id$"));
    ann.agent = app.agent();
    ann.sign_in().await.expect(200);
    ann.agent.get("/auth/me").await.expect(200);
    // The address was theirs there already.
    let taken = ImportedUser { email: &ann.email, name: "Eve", email_is_verified: true, hash: &hash };
    assert!(app.auth.users("moved").import(taken).await.is_err());
    app.report.requirement(29);
}
