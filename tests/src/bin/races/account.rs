//! Races about an account: recovery, addresses, the number of its sessions.

use futures_util::future::join_all;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::error::Error;
use usermgmt_core::page::PageRequest;
use usermgmt_service::{
    AddEmail, AddressProof, Client, HashCost, NewUser, SessionRules, SignIn, SignInOutcome, UserMgmt,
};
use usermgmt_tests::StoreKind;
use usermgmt_tests::app::token;
use usermgmt_tests::report::Report;

use super::{EMAIL, PASSWORD, World, sign_in};

async fn holding(world: &World, racers: usize) -> UserMgmt {
    world.auth_on(Rendezvous::of(world.store.store.clone(), Call::Commit, racers), HashCost::insecure_for_tests()).await
}

fn lost(error: &Error) -> bool {
    matches!(error, Error::Refused(refused) if matches!(refused.code(), "link_invalid" | "conflict"))
}

pub(super) async fn resets(kind: StoreKind, report: Report) {
    let world = World::new(kind).await;
    let auth = world.auth().await;
    world.verified(&auth).await;
    drop(auth.request_password_reset(&Client::default(), EMAIL).await.unwrap());
    auth.run_until_idle().await.unwrap();
    let link = token(&world.mailbox.mails()[0]);
    let racing = holding(&world, 20).await;
    let uses = (0..20).map(|number| {
        let (racing, link) = (&racing, &link);
        async move {
            let password = format!("moonlight over blowfish {number}");
            let proof = AddressProof::Link(link.as_str().into());
            racing.reset_password(&Client::default(), proof, password.as_str().into(), None).await.map(|()| password)
        }
    });
    let ends = join_all(uses).await;
    let winners: Vec<_> = ends.iter().flatten().collect();
    assert_eq!(winners.len(), 1, "one link sets one password");
    assert!(ends.iter().filter_map(|end| end.as_ref().err()).all(lost), "{ends:?}");
    let input = SignIn { email: EMAIL, password: winners[0].as_str().into(), remember: false };
    assert!(matches!(auth.sign_in(&Client::default(), input).await, Ok(SignInOutcome::Complete(_))));
    report.case("RS-02");
    report.twin("RS-02");
}

pub(super) async fn addresses(kind: StoreKind, report: Report) {
    const WANTED: &str = "wanted@example.test";
    let world = World::new(kind).await;
    let auth = world.auth().await;
    let mut links = Vec::new();
    for email in [EMAIL, "bob@example.test"] {
        let user = NewUser { email, name: "Ann", password: Some(PASSWORD.into()), email_is_verified: true };
        auth.users("race").create(user).await.unwrap();
        let input = SignIn { email, password: PASSWORD.into(), remember: false };
        let Ok(SignInOutcome::Complete(signed_in)) = auth.sign_in(&Client::default(), input).await else {
            panic!("not signed in")
        };
        let fresh = auth.step_up(&signed_in.principal, None).unwrap();
        let wish = AddEmail { email: WANTED, replaces_primary: true };
        drop(auth.add_email(&Client::default(), &fresh, wish).await.unwrap());
        auth.run_until_idle().await.unwrap();
        auth.approve_email(&Client::default(), token(&world.mailbox.mails()[0]).as_str().into()).await.unwrap();
        auth.run_until_idle().await.unwrap();
        links.push(token(&world.mailbox.mails()[0]));
    }
    let racing = holding(&world, 2).await;
    let uses = links.iter().map(|link| {
        let (racing, proof) = (&racing, AddressProof::Link(link.as_str().into()));
        async move { racing.prove_added_email(&Client::default(), proof).await }
    });
    let ends = join_all(uses).await;
    assert_eq!(ends.iter().flatten().count(), 1, "{ends:?}");
    assert!(ends.iter().filter_map(|end| end.as_ref().err()).all(lost), "{ends:?}");
    let owner = auth.users("race").by_email(WANTED).await.unwrap();
    assert!(owner.identifier.primary && owner.identifier.verified_at.is_some());
    report.requirement(13);
}

pub(super) async fn sessions(kind: StoreKind, report: Report) {
    let world = World::new(kind).await;
    let client = world.verified(&world.auth().await).await;
    let rules = SessionRules { per_user: 5, ..SessionRules::default() };
    let racing = world
        .auth_with(
            Rendezvous::of(world.store.store.clone(), Call::Commit, 20),
            HashCost::insecure_for_tests(),
            |builder| builder.session_rules(rules),
        )
        .await;
    let tries = (0..20).map(|_| async {
        let input = SignIn { email: EMAIL, password: PASSWORD.into(), remember: false };
        racing.sign_in(&Client::default(), input).await.is_ok()
    });
    assert!(join_all(tries).await.contains(&true), "nobody got in");
    let auth = world.auth().await;
    let user = auth.users("race").by_email(EMAIL).await.unwrap().user.id;
    let running = world.store.store.sessions(user, auth.now(), PageRequest::first(50)).await.unwrap().items.len();
    assert!((1..=5).contains(&running), "{running}");
    report.case("SE-11");
    drop(sign_in(&auth, &client).await);
    report.twin("SE-11");
}
