//! Users of another system sign in with the password that they had there.

use usermgmt_service::{ImportedHash, ImportedUser};
use usermgmt_tests::{App, Person, cells};

cells!(a_password_of_another_system_signs_in_and_is_hashed_anew, what_another_system_has_cut_off_lets_nobody_in,);

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

/// 72 bytes, and ten: `long enough ` six times, and `0123456789`, by Python's bcrypt.
const CUT: [(&str, &str); 2] = [
    (
        "long enough long enough long enough long enough long enough long enough ",
        "$2b$06$.1UFL1CmKSzZNFEU5NBeUeV88NVtf.XVlN.KP5lAkx5v3VHRPScYS",
    ),
    ("0123456789", "$2b$06$x/poo3gBIkbOFrDZwQMKUOQjBMqwFn0BVfH6JzTQIvFh1wxbtl3c."),
];

async fn what_another_system_has_cut_off_lets_nobody_in(app: App) {
    for (number, (beginning, hash)) in CUT.into_iter().enumerate() {
        let mut ann = Person { password: beginning.to_owned(), ..Person::new(&app, &format!("ann{number}")) };
        let hash = ImportedHash::parse(hash).unwrap();
        let user = ImportedUser { email: &ann.email, name: "Ann", email_is_verified: true, hash: &hash };
        let id = app.auth.users("moved").import(user).await.unwrap();
        let stored = async || app.store.store.password(id).await.unwrap().unwrap().hash.expose().to_owned();
        let before = stored().await;
        for (end, status) in [("X", 401), ("Y", 401), ("\0", 422), ("\0Y", 422)] {
            let mut longer = Person { password: format!("{beginning}{end}"), ..ann.clone() };
            longer.sign_in().await.expect(status);
        }
        assert_eq!(stored().await, before, "what was wrong is hashed anew");
        app.report.case("PW-03");
        ann.sign_in().await.expect(200);
        assert!(stored().await.starts_with("$argon2id$"));
        ann.agent = app.agent();
        ann.sign_in().await.expect(200);
        let mut longer = Person { password: format!("{beginning}X"), agent: app.agent(), ..ann.clone() };
        longer.sign_in().await.expect(401);
        app.report.twin("PW-03");
    }
}
