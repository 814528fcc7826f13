//! Profiles: facts about a user, kept as they were put.

use serde_json::{Value, json};
use usermgmt_core::model::{Origin, Profile, User, Version};
use usermgmt_core::store::{StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{Answer, Found, REALM, commit, fails, pairs, profile, user, user_id};

const FIRST: Version = Version::NEW.next();

/// Metadata that a store may normalise: numbers at their bounds, empty keys, quotes, whatever is not ASCII.
pub(super) fn documents() -> [Value; 9] {
    [
        Value::Null,
        json!({}),
        json!([]),
        json!(""),
        json!(false),
        json!([i64::MIN, i64::MAX, u64::MAX, 0, -1, 9_007_199_254_740_993_u64, 0.5, -2.25, 1.5e-3]),
        json!({"a": {"b": [{"c": null}, [], {}, [[[]]]]}, "": "", "A": 1, "á": "a\u{301}", "ä": "ß ı İ Å \u{212b} 🦀"}),
        json!({"quotes": "\" ' \\ / % _ $1 ? \r\n\t\u{1}\u{7f}\u{2028}", "text": "null", "number": "12"}),
        json!("\u{feff}👩\u{200d}👧 مرحبا \u{202e}\u{10ffff}"),
    ]
}

/// Every column of a profile comes back as it was put, for every origin; absent and empty differ.
pub async fn a_profile_is_returned_as_it_was_put(store: AnyStore) {
    let texts = [None, Some(String::new()), Some("Ümläut\n+43 1 / 🦉 ".to_owned())];
    for (number, (text, origin)) in (1..).zip(pairs(&texts, Origin::ALL)) {
        let put = match number % 3 {
            0 => Profile { picture: text, contact: None, ..profile(number) },
            1 => Profile { contact: text, time_zone: None, ..profile(number) },
            _ => Profile { time_zone: text, picture: None, ..profile(number) },
        };
        let put = Profile { origin, ..put };
        commit(&store, [Write::PutUser(user(number)), Write::PutProfile(put.clone())]).await;
        let read = store.profile(put.user).await.found("a profile");
        assert_eq!(read, Profile { version: FIRST, ..put }, "a profile does not come back as it was put");
    }
}

/// The metadata of a profile is any JSON value, each of the three its own, and comes back equal.
pub async fn the_metadata_of_a_profile_is_any_json(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    let mut put = Profile::empty(user_id(1), Origin::Application);
    let documents = documents();
    for (number, public) in documents.iter().enumerate() {
        let other = |step: usize| documents.iter().cycle().nth(number + step).cloned().unwrap_or_default();
        put = Profile { public: public.clone(), private: other(1), own: other(2), ..put };
        commit(&store, [Write::PutProfile(put.clone())]).await;
        put.version = put.version.next();
        let read = store.profile(put.user).await.found("a profile");
        assert_eq!(read, put, "the metadata of a profile does not come back as it was put");
    }
}

/// A replacing put of a profile changes every column, and takes away what it leaves out.
pub async fn a_profile_can_be_replaced(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1)), Write::PutProfile(profile(1))]).await;
    let bare = Profile { version: FIRST, ..Profile::empty(user_id(1), Origin::Admin) };
    commit(&store, [Write::PutProfile(bare.clone())]).await;
    let read = store.profile(user_id(1)).await.found("a profile");
    assert_eq!(read, Profile { version: FIRST.next(), ..bare }, "a replacing put of a profile left something behind");
    let full = Profile { origin: Origin::Application, user: user_id(1), version: read.version, ..profile(2) };
    commit(&store, [Write::PutProfile(full.clone())]).await;
    let read = store.profile(user_id(1)).await.found("a profile");
    let wanted = Profile { version: full.version.next(), ..full };
    assert_eq!(read, wanted, "a replacing put of a profile did not set what it may set");
}

/// A profile is written only from the version that was read, and begun once: both who comes second and who comes with
/// an old version meet a conflict, and what stands stays.
pub async fn a_profile_is_written_from_the_version_that_was_read(store: AnyStore) {
    let conflict = StoreErrorKind::Conflict;
    let put = |from, picture: &str| {
        let version = Version::from_u64(from);
        [Write::PutProfile(Profile { picture: Some(picture.to_owned()), version, ..profile(1) })]
    };
    commit(&store, [Write::PutUser(user(1))]).await;
    fails(&store, conflict, "a profile that was never begun was replaced", put(1, "none")).await;
    assert_eq!(store.profile(user_id(1)).await.answer(), None, "a replacing put began a profile");
    commit(&store, put(0, "first")).await;
    fails(&store, conflict, "a profile was begun twice", put(0, "again")).await;
    commit(&store, put(1, "second")).await;
    for stale in [0, 1, 3] {
        fails(&store, conflict, "a profile was replaced from a version that it does not have", put(stale, "old")).await;
    }
    let read = store.profile(user_id(1)).await.found("a profile");
    let wanted = (Some("second"), Version::from_u64(2));
    assert_eq!((read.picture.as_deref(), read.version), wanted, "a put that met a conflict changed the profile");
}

/// A profile is a row of its own: writing it leaves the user alone, and writing the user leaves the profile alone.
pub async fn a_profile_and_its_user_do_not_disturb_each_other(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1)), Write::PutProfile(profile(1))]).await;
    let named = User { name: "Other".to_owned(), version: FIRST, ..user(1) };
    commit(&store, [Write::PutUser(named.clone())]).await;
    let read = store.profile(user_id(1)).await.found("a profile");
    assert_eq!(read, Profile { version: FIRST, ..profile(1) }, "writing a user changed the profile");
    commit(&store, [Write::PutProfile(Profile { contact: None, ..read })]).await;
    let read = store.user(REALM, user_id(1)).await.found("a user");
    assert_eq!(read, User { version: FIRST.next(), ..named }, "writing a profile changed the user");
}
