//! Attacks on passkeys: the cases WA of the threat model.

use serde_json::{Value, json};
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_core::policy::{AuthPolicy, SecondFactor};
use usermgmt_service::{AttestationCaListBuilder, Passkeys};
use usermgmt_tests::security_key::{
    BACKED_UP, BACKUP_ELIGIBLE, PRESENT, Says, SecurityKey, VERIFIED, answer, decoded, encoded, new_cose,
};
use usermgmt_tests::{App, Person, Reply, cells};

use crate::passkeys::{configured, on};
use crate::recovery::events;

cells!(
    a_passkey_opens_its_own_account_only,
    every_flipped_byte_is_refused,
    a_challenge_is_good_once_here_and_for_this,
    only_pages_of_this_origin_may_ask,
    its_holder_is_always_verified,
    nobody_adds_a_passkey_to_another_account,
    one_credential_belongs_to_one_account,
    a_counter_that_does_not_move_on_is_a_copy,
    backup_flags_do_not_change,
    hostile_keys_are_refused,
    attestation_is_looked_at_where_it_is_demanded,
    nothing_says_who_has_a_passkey,
);

const SIGN_IN: &str = "/auth/sign-in/passkey";
const SECOND: &str = "/auth/sign-in/second-factor/passkey";

#[track_caller]
fn refused(reply: Reply) {
    assert_eq!(reply.expect(422).code(), "passkey_invalid");
}

/// Whether it was refused, as an answer that is wrong or as one that cannot be read.
fn is_refused(reply: &Reply) -> bool {
    reply.status.as_u16() == 422 || reply.status.as_u16() == 400
}

/// A key that has a passkey and asks for it after the password.
async fn second(app: &App, name: &str) -> (Person, SecurityKey) {
    let (mut person, mut key) = (Person::signed_in(app, name).await, SecurityKey::default());
    person.add_passkey(&mut key, json!({ "as_second_factor": true })).await.expect(200);
    (person, key)
}

async fn a_passkey_opens_its_own_account_only(app: App) {
    let app = on(app).await;
    let (ann, mut anns) = second(&app, "ann").await;
    let (bob, mut bobs) = second(&app, "bob").await;
    let truth = Says::truth(app.origin());
    // The second factor of Ann by the key of Bob, with whatever name on it.
    let mut thief = ann.elsewhere(&app);
    thief.sign_in().await.expect(200);
    let asked = thief.asked("/sign-in/second-factor/passkey").await;
    for handle in [bobs.credentials[0].handle.clone(), anns.credentials[0].handle.clone()] {
        let own = std::mem::replace(&mut bobs.credentials[0].handle, handle);
        let given = bobs.get_with(0, &asked["options"], &truth);
        refused(thief.agent.post(SECOND, answer(&asked, &given)).await);
        bobs.credentials[0].handle = own;
    }
    // By name: the key of Bob that says it is of Ann, and the other way round.
    let asked = thief.asked("/sign-in/passkey").await;
    for wrong in [anns.credentials[0].handle.clone(), Vec::new(), vec![0; 16]] {
        let own = std::mem::replace(&mut bobs.credentials[0].handle, wrong);
        let given = bobs.get(&asked["options"], &truth);
        refused(thief.agent.post(SIGN_IN, answer(&asked, &given)).await);
        bobs.credentials[0].handle = own;
    }
    let mut nameless = bobs.get(&asked["options"], &truth);
    nameless["response"].as_object_mut().unwrap().remove("userHandle");
    refused(thief.agent.post(SIGN_IN, answer(&asked, &nameless)).await);
    // Its credential id on the other's signature.
    let mut swapped = bobs.get(&asked["options"], &truth);
    swapped["rawId"] = json!(encoded(&anns.credentials[0].id));
    swapped["id"] = swapped["rawId"].clone();
    swapped["response"]["userHandle"] = json!(encoded(&anns.credentials[0].handle));
    refused(thief.agent.post(SIGN_IN, answer(&asked, &swapped)).await);
    assert!(!thief.is_signed_in().await);
    // A step-up in the session of Ann by the key of Bob.
    let mut at_home = ann.elsewhere(&app);
    at_home.sign_in_by(&mut anns).await.expect(200);
    let asked = at_home.asked("/step-up/passkey").await;
    let given = bobs.get_with(0, &asked["options"], &truth);
    refused(at_home.agent.post("/auth/step-up/passkey", answer(&asked, &given)).await);
    app.report.case("WA-01");
    let me = |reply: Reply| reply.json()["user"]["email"].clone();
    for (person, key) in [(ann, &mut anns), (bob, &mut bobs)] {
        let mut there = person.elsewhere(&app);
        there.sign_in_by(key).await.expect(200);
        assert_eq!(me(there.agent.get("/auth/me").await), person.email.as_str());
    }
    app.report.twin("WA-01");
}

async fn every_flipped_byte_is_refused(app: App) {
    let app = on(app).await;
    let (ann, mut key) = Person::with_passkey(&app, "ann").await;
    let mut there = ann.elsewhere(&app);
    let asked = there.asked("/sign-in/passkey").await;
    let given = key.get(&asked["options"], &Says::truth(app.origin()));
    // The limit of sign-ins from one place is not what is looked at here.
    for (field, every) in [("signature", 9), ("authenticatorData", 5), ("clientDataJSON", 11)] {
        let whole = decoded(&given["response"][field]);
        for place in (0..whole.len()).step_by(every) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            let mut forged = given.clone();
            forged["response"][field] = json!(encoded(&bytes));
            let reply = there.agent.post(SIGN_IN, answer(&asked, &forged)).await;
            assert!(is_refused(&reply) || reply.status.as_u16() == 429, "{field} {place}: {}", reply.body);
            if reply.status.as_u16() == 429 {
                app.advance(time::Duration::MINUTE);
                break;
            }
        }
    }
    assert!(!there.is_signed_in().await);
    app.report.case("WA-02");
}

async fn a_challenge_is_good_once_here_and_for_this(app: App) {
    let app = on(app).await;
    let (mut ann, mut key) = Person::with_passkey(&app, "ann").await;
    let truth = Says::truth(app.origin());
    let mut there = ann.elsewhere(&app);
    let asked = there.asked("/sign-in/passkey").await;
    assert!(decoded(&asked["options"]["challenge"]).len() >= 32, "256 bits");
    let given = key.get(&asked["options"], &truth);
    // In another browser, with another challenge of one's own, and for something else.
    let mut thief = app.agent();
    thief.post("/auth/sign-in/passkey/challenge", json!({})).await.expect(200);
    refused(thief.post(SIGN_IN, answer(&asked, &given)).await);
    let own = Says { challenge: Some(encoded(&[7; 32])), ..truth.clone() };
    let chosen = key.get(&asked["options"], &own);
    refused(there.agent.post(SIGN_IN, answer(&asked, &chosen)).await);
    refused(ann.agent.post("/auth/step-up/passkey", answer(&asked, &given)).await);
    let other = there.asked("/sign-in/passkey").await;
    refused(there.agent.post(SIGN_IN, answer(&other, &given)).await);
    let registration = ann.asked("/me/passkeys").await;
    let options = json!({ "challenge": registration["options"]["challenge"], "rpId": "localhost" });
    let given_there = key.get(&options, &truth);
    refused(ann.agent.post(SIGN_IN, answer(&registration, &given_there)).await);
    for ceremony in ["", "bm90aGluZw", &"A".repeat(8_000), "\u{0}"] {
        let mut body = answer(&asked, &given);
        body["ceremony"] = json!(ceremony);
        refused(there.agent.post(SIGN_IN, body).await);
    }
    // Fifty at once, and once more: one session.
    let body = answer(&asked, &given);
    let mut all = Vec::new();
    for _ in 0..10 {
        let (mut agent, body) = (there.agent.clone(), body.clone());
        all.push(tokio::spawn(async move { agent.post(SIGN_IN, body).await }));
    }
    let mut good = 0;
    for one in all {
        let reply = one.await.unwrap();
        if reply.status.as_u16() == 200 {
            good += 1;
        } else {
            refused(reply);
        }
    }
    assert_eq!(good, 1);
    refused(there.agent.post(SIGN_IN, body).await);
    // Five minutes, and not longer.
    app.advance(time::Duration::MINUTE);
    let early = there.asked("/sign-in/passkey").await;
    app.advance(limits::PASSKEY_CHALLENGE_LIFE - time::Duration::SECOND);
    let given = key.get(&early["options"], &truth);
    there.agent.post(SIGN_IN, answer(&early, &given)).await.expect(200);
    let mut late = there.elsewhere(&app);
    let asked = late.asked("/sign-in/passkey").await;
    let given = key.get(&asked["options"], &truth);
    app.advance(limits::PASSKEY_CHALLENGE_LIFE);
    refused(late.agent.post(SIGN_IN, answer(&asked, &given)).await);
    app.report.case("WA-03");
}

async fn only_pages_of_this_origin_may_ask(app: App) {
    let app = on(app).await;
    let (mut ann, mut key) = Person::with_passkey(&app, "ann").await;
    let truth = Says::truth(app.origin());
    let port = app.origin().rsplit(':').next().unwrap();
    let origins = [
        format!("https://localhost:{port}"),
        "http://localhost".to_owned(),
        "http://localhost:1".to_owned(),
        format!("http://evil-localhost:{port}"),
        format!("http://sub.localhost:{port}"),
        format!("http://localhost.:{port}"),
        format!("http://localhost.evil.example:{port}"),
        "android:apk-key-hash:AAAA".to_owned(),
        "null".to_owned(),
        String::new(),
    ];
    let mut lies: Vec<Says> = origins.into_iter().map(|origin| Says { origin, ..truth.clone() }).collect();
    lies.push(Says { rp_id: Some("evil.example".to_owned()), ..truth.clone() });
    lies.push(Says { cross_origin: true, ..truth.clone() });
    lies.push(Says { kind: Some("webauthn.create"), ..truth.clone() });
    let mut there = ann.elsewhere(&app);
    for says in &lies {
        let asked = there.asked("/sign-in/passkey").await;
        let given = key.get(&asked["options"], says);
        assert!(is_refused(&there.agent.post(SIGN_IN, answer(&asked, &given)).await), "{says:?}");
    }
    lies.last_mut().unwrap().kind = Some("webauthn.get");
    for says in &lies {
        let asked = ann.asked("/me/passkeys").await;
        let made = SecurityKey::default().create(&asked["options"], says);
        assert!(is_refused(&ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await), "{says:?}");
        app.advance(time::Duration::HOUR);
        ann.sign_in().await.expect(200);
    }
    app.report.case("WA-04");
    there.sign_in_by(&mut key).await.expect(200);
    app.report.twin("WA-04");
}

async fn its_holder_is_always_verified(app: App) {
    let app = on(app).await;
    let (mut ann, mut key) = Person::with_passkey(&app, "ann").await;
    let unverified = Says { flags: PRESENT, ..Says::truth(app.origin()) };
    let absent = Says { flags: VERIFIED, ..Says::truth(app.origin()) };
    let mut there = ann.elsewhere(&app);
    for says in [&unverified, &absent] {
        let asked = there.asked("/sign-in/passkey").await;
        let given = key.get(&asked["options"], says);
        refused(there.agent.post(SIGN_IN, answer(&asked, &given)).await);
        let asked = ann.asked("/step-up/passkey").await;
        let given = key.get(&asked["options"], says);
        refused(ann.agent.post("/auth/step-up/passkey", answer(&asked, &given)).await);
        let asked = ann.asked("/me/passkeys").await;
        let made = SecurityKey::default().create(&asked["options"], says);
        refused(ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await);
    }
    // What is asked is decided here, whatever the page says.
    let wish = json!({ "userVerification": "discouraged" });
    there.agent.post("/auth/sign-in/passkey/challenge", wish).await.expect(400);
    app.report.case("WA-05");
    there.sign_in_by(&mut key).await.expect(200);
    app.report.twin("WA-05");
}

async fn nobody_adds_a_passkey_to_another_account(app: App) {
    let app = on(app).await;
    let (mut ann, mut bob) = (Person::signed_in(&app, "ann").await, Person::signed_in(&app, "bob").await);
    let truth = Says::truth(app.origin());
    // With the id of another account in the body, and with a challenge of another session.
    let asked = ann.asked("/me/passkeys").await;
    let made = SecurityKey::default().create(&asked["options"], &truth);
    let mut named = answer(&asked, &made);
    named["user"] = json!("usr_1");
    ann.agent.post("/auth/me/passkeys", named).await.expect(400);
    bob.agent.cookies.insert("um_browser".into(), ann.agent.cookies["um_browser"].clone());
    refused(bob.agent.post("/auth/me/passkeys", answer(&asked, &made)).await);
    // Without a fresh proof, and before a sign-in is complete.
    app.advance(limits::STEP_UP_FRESH);
    let stale = ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await.expect(403);
    assert_eq!(stale.code(), "step_up_required");
    assert_eq!(ann.agent.post("/auth/me/passkeys/challenge", json!({})).await.expect(403).code(), "step_up_required");
    let (mut eve, mut key) = second(&app, "eve").await;
    eve = eve.elsewhere(&app);
    eve.sign_in().await.expect(200);
    eve.agent.post("/auth/me/passkeys/challenge", json!({})).await.expect(401);
    assert_eq!(eve.agent.post("/auth/sign-in/new-passkey/challenge", json!({})).await.code(), "attempt_expired");
    // A session whose second factor was not shown again cannot add one, either.
    eve.answer("/sign-in/second-factor/passkey", &mut key).await.expect(200);
    app.advance(limits::STEP_UP_FRESH);
    eve.agent.post("/auth/step-up", json!({ "password": eve.password })).await.expect(403);
    eve.agent.post("/auth/me/passkeys/challenge", json!({})).await.expect(403);
    app.report.case("WA-07");
    eve.answer("/step-up/passkey", &mut key).await.expect(200);
    eve.add_passkey(&mut SecurityKey::default(), json!({})).await.expect(200);
    app.report.twin("WA-07");
}

async fn one_credential_belongs_to_one_account(app: App) {
    let app = on(app).await;
    let (ann, mut key) = Person::with_passkey(&app, "ann").await;
    let (mut bob, mut eve) = (Person::signed_in(&app, "bob").await, Person::signed_in(&app, "eve").await);
    let truth = Says::truth(app.origin());
    let id = key.credentials[0].id.clone();
    let asked = bob.asked("/me/passkeys").await;
    let made = SecurityKey::default().create_as(&asked["options"], &truth, &id, &new_cose());
    let known = bob.agent.post("/auth/me/passkeys", answer(&asked, &made)).await.expect(409);
    assert_eq!(known.code(), "passkey_known");
    // Two accounts want the same new one at once.
    let (one, two) = (bob.asked("/me/passkeys").await, eve.asked("/me/passkeys").await);
    let at = |asked: &Value| {
        let made = SecurityKey::default().create_as(&asked["options"], &truth, &[9; 32], &new_cose());
        answer(asked, &made)
    };
    let (a, b) = (at(&one), at(&two));
    let (a, b) = tokio::join!(bob.agent.post("/auth/me/passkeys", a), eve.agent.post("/auth/me/passkeys", b));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    app.report.case("WA-08");
    ann.elsewhere(&app).sign_in_by(&mut key).await.expect(200);
    app.report.twin("WA-08");
}

async fn a_counter_that_does_not_move_on_is_a_copy(app: App) {
    let app = on(app).await;
    let (ann, mut key) = Person::with_passkey(&app, "ann").await;
    let still = Says { counts: 0, ..Says::truth(app.origin()) };
    key.counter = 9;
    let mut there = ann.elsewhere(&app);
    there.sign_in_by(&mut key).await.expect(200);
    for counter in [10, 9, 0] {
        key.counter = counter;
        let asked = there.asked("/sign-in/passkey").await;
        let given = key.get(&asked["options"], &still);
        refused(there.agent.post(SIGN_IN, answer(&asked, &given)).await);
    }
    let told = events(&app, AuditKind::PasskeyCounterRegressed).await;
    assert_eq!(told.len(), 3, "the account says so");
    // Two at once, both ahead: no update is lost, whichever is first.
    key.counter = 10;
    let (one, two) = (there.asked("/sign-in/passkey").await, there.asked("/sign-in/passkey").await);
    let truth = Says::truth(app.origin());
    let (first, second) = (key.get(&one["options"], &truth), key.get(&two["options"], &truth));
    let (mut here, mut beside) = (there.agent.clone(), there.agent.clone());
    let (first, second) =
        tokio::join!(here.post(SIGN_IN, answer(&one, &first)), beside.post(SIGN_IN, answer(&two, &second)));
    second.expect(200);
    assert!(matches!(first.status.as_u16(), 200 | 422), "behind the other one it is late");
    key.counter = 12;
    let asked = there.asked("/sign-in/passkey").await;
    let given = key.get(&asked["options"], &still);
    refused(there.agent.post(SIGN_IN, answer(&asked, &given)).await);
    app.report.case("WA-09");
    there.sign_in_by(&mut key).await.expect(200);
}

async fn backup_flags_do_not_change(app: App) {
    let app = on(app).await;
    let (mut ann, mut key) = Person::with_passkey(&app, "ann").await;
    let truth = Says::truth(app.origin());
    let mut there = ann.elsewhere(&app);
    for flags in [BACKED_UP, BACKUP_ELIGIBLE, BACKUP_ELIGIBLE | BACKED_UP] {
        let says = Says { flags: PRESENT | VERIFIED | flags, ..truth.clone() };
        let asked = there.asked("/sign-in/passkey").await;
        let given = key.get(&asked["options"], &says);
        refused(there.agent.post(SIGN_IN, answer(&asked, &given)).await);
    }
    let impossible = Says { flags: PRESENT | VERIFIED | BACKED_UP, ..truth };
    let asked = ann.asked("/me/passkeys").await;
    let made = SecurityKey::default().create(&asked["options"], &impossible);
    refused(ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await);
    app.report.case("WA-12");
    there.sign_in_by(&mut key).await.expect(200);
}

async fn hostile_keys_are_refused(app: App) {
    let app = on(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let truth = Says::truth(app.origin());
    let good = new_cose();
    let changed = |place: usize, byte: u8| {
        let mut key = good.clone();
        key[place] = byte;
        key
    };
    // {1: 3, 3: -257, -1: modulus, -2: exponent}
    let rsa = |modulus: &[u8], exponent: &[u8]| {
        let mut key = b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59".to_vec();
        key.extend(u16::try_from(modulus.len()).unwrap().to_be_bytes());
        key.extend(modulus);
        key.push(0x21);
        key.push(0x40 | u8::try_from(exponent.len()).unwrap());
        key.extend(exponent);
        key
    };
    // {1: 1, 3: -8, -1: 6, -2: point}
    let small_order = [b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20".as_slice(), &[0; 32]].concat();
    let mut odd = vec![0xff; 128];
    odd[127] = 0xfd;
    let hostile = [
        ("an algorithm that was not offered", changed(4, 0x27)),
        ("a point that is not on the curve", changed(20, good[20] ^ 1)),
        ("another curve", changed(6, 0x02)),
        ("RSA of 1024 bits", rsa(&odd, &[1, 0, 1])),
        ("RSA with exponent 1", rsa(&[0xff; 256], &[1])),
        ("Ed25519 of small order", small_order),
        ("two types of one key", [b"\xa6\x01\x02\x01\x03".as_slice(), &good[3..]].concat()),
        ("nested lists", vec![0x81; 10_000]),
        ("nothing", Vec::new()),
    ];
    for (name, key) in hostile {
        let asked = ann.asked("/me/passkeys").await;
        let id = encoded(name.as_bytes());
        let made = SecurityKey::default().create_as(&asked["options"], &truth, id.as_bytes(), &key);
        let reply = ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await;
        assert!(is_refused(&reply), "{name}: {} {}", reply.status, reply.body);
        app.advance(time::Duration::HOUR);
        ann.sign_in().await.expect(200);
    }
    let asked = ann.asked("/me/passkeys").await;
    let made = SecurityKey::default().create_as(&asked["options"], &truth, &[1; 20], &good);
    for (name, attestation) in [("empty", String::new()), ("no map", encoded(b"\x80")), ("cut", encoded(b"\xa3\x63fm"))]
    {
        let mut forged = made.clone();
        forged["response"]["attestationObject"] = json!(attestation);
        let reply = ann.agent.post("/auth/me/passkeys", answer(&asked, &forged)).await;
        assert!(is_refused(&reply), "{name}");
    }
    let mut long = made.clone();
    long["response"]["attestationObject"] = json!("A".repeat(1_000_000));
    ann.agent.post("/auth/me/passkeys", answer(&asked, &long)).await.expect(413);
    app.report.case("WA-10");
    ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await.expect(200);
    app.report.twin("WA-10");
}

async fn attestation_is_looked_at_where_it_is_demanded(app: App) {
    // The root of a maker whose key this one is not.
    let maker = rcgen::generate_simple_self_signed(vec!["maker.example".to_owned()]).unwrap();
    let mut roots = AttestationCaListBuilder::new();
    let aaguid = "ee882879-721c-4913-9775-3dfcce97072a".parse().unwrap();
    roots
        .insert_device_pem(maker.cert.pem().as_bytes(), aaguid, "Key of a maker".to_owned(), Default::default())
        .unwrap();
    let strict = Passkeys::default().attested(roots.build());
    let app = configured(app, strict).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let asked = ann.asked("/me/passkeys").await;
    assert_eq!(asked["options"]["attestation"], "direct");
    let made = SecurityKey::default().create(&asked["options"], &Says::truth(app.origin()));
    refused(ann.agent.post("/auth/me/passkeys", answer(&asked, &made)).await);
    app.report.case("WA-11");
    // Where none is demanded, none is needed.
    let app = on(app).await;
    let mut bob = Person::signed_in(&app, "bob").await;
    bob.add_passkey(&mut SecurityKey::default(), json!({})).await.expect(200);
    app.report.twin("WA-11");
}

async fn nothing_says_who_has_a_passkey(app: App) {
    let app = on(app).await;
    let (_, mut key) = Person::with_passkey(&app, "ann").await;
    let mut visitor = app.agent();
    for name in ["ann@example.test", "nobody@example.test"] {
        visitor.post("/auth/sign-in/passkey/challenge", json!({ "email": name })).await.expect(400);
    }
    let mut asker = Person { agent: app.agent(), ..Person::new(&app, "ann") };
    let asked = asker.asked("/sign-in/passkey").await;
    let shape = |asked: &Value| {
        let mut options = asked["options"].clone();
        options.as_object_mut().unwrap().remove("challenge");
        (options, asked["ceremony"].as_str().unwrap().len())
    };
    assert_eq!(shape(&asked), shape(&asker.asked("/sign-in/passkey").await), "the same for everybody");
    // A credential that nobody has and one whose signature is wrong get the same answer.
    let mut forged = key.get(&asked["options"], &Says::truth(app.origin()));
    forged["response"]["signature"] = json!(encoded(&[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]));
    let mut unknown = forged.clone();
    unknown["rawId"] = json!(encoded(&[3; 32]));
    unknown["id"] = unknown["rawId"].clone();
    let wrong = asker.agent.clone().post(SIGN_IN, answer(&asked, &forged)).await.expect(422);
    let nobody = asker.agent.clone().post(SIGN_IN, answer(&asked, &unknown)).await.expect(422);
    assert_eq!(wrong.outward(), nobody.outward());
    app.report.case("EN-05");
    let policy = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    let app = app.configured(|builder| builder.passkeys(Passkeys::default()).policy(policy)).await;
    let mut ann = Person { agent: app.agent(), ..Person::new(&app, "ann") };
    assert_eq!(ann.sign_in_by(&mut key).await.expect(200).json()["status"], "complete");
    app.report.twin("EN-05");
}
