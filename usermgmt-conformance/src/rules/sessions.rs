//! Sessions: the composed read, rotation, ending, activity.

use time::{Duration, OffsetDateTime};
use usermgmt_core::model::{
    Identifier, Membership, MembershipStatus, Method, Org, PrincipalRecord, Proof, Refresh, Session, User, UserKind,
    UserStatus, Version,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{Guard, StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, MICRO, NOW, REALM, at, changes_at, commit, commit_at, digest, identifier, member, membership, org,
    org_id, proof, refuses, session, session_id, user, user_id,
};

const FIRST: Version = Version::NEW.next();

async fn put(store: &AnyStore, sessions: &[Session]) {
    let parents = [Write::PutUser(user(1)), Write::PutUser(user(2)), Write::PutOrg(org(1))];
    commit(store, parents.into_iter().chain(sessions.iter().cloned().map(Write::PutSession))).await;
}

async fn principal(store: &AnyStore, digest: Digest) -> PrincipalRecord {
    let record = store.principal(REALM, digest).await.found("a session");
    let by_id = store.principal_of(REALM, record.user.id, record.session.id).await.answer();
    assert_eq!(by_id.as_ref(), Some(&record), "a session is not the same by its id as by its secret");
    record
}

async fn read(store: &AnyStore, number: u128) -> Session {
    principal(store, session(number, 1).digest).await.session
}

async fn listed(store: &AnyStore, user: u128, now: OffsetDateTime) -> Vec<u128> {
    let page = store.sessions(user_id(user), now, PageRequest::first(50)).await.answer();
    page.items.iter().map(|row| row.id.as_uuid().as_u128()).collect()
}

fn rotate(number: u128, from: Digest, to: Digest) -> Write {
    Write::RotateSession {
        user: user_id(1),
        id: session_id(number),
        from,
        to,
        proofs: vec![proof(0)],
        org: None,
        auth_epoch: 0,
    }
}

/// Every column of a session comes back as it was put, also of one that has ended or expired.
pub async fn a_session_is_returned_as_it_was_put(store: AnyStore) {
    let rich = Session {
        org: Some(org_id(1)),
        proofs: vec![proof(9), Proof { method: Method::Email, at: at(-3) }, proof(5)],
        auth_epoch: 7,
        persistent: false,
        idle: Duration::seconds(90),
        expires_at: at(-1),
        created_at: at(-900),
        seen_at: at(-60),
        ended_at: Some(at(-2)),
        label: Some(String::new()),
        address: Some("2001:db8::1".to_owned()),
        refresh: Some(Refresh { generation: u32::MAX, rotated_at: at(-7) }),
        ..session(2, 1)
    };
    let bare = Session { proofs: Vec::new(), label: Some("Gerät „Küche“ 📱".to_owned()), ..session(3, 2) };
    let all = [session(1, 1), rich, bare];
    put(&store, &all).await;
    for put in all {
        assert_eq!(principal(&store, put.digest).await.session, put, "a session does not come back as it was put");
    }
    let unknown = store.principal(REALM, digest("unknown")).await.answer();
    assert_eq!(unknown, None, "a principal was made up for a digest that nobody has");
}

/// The composed read joins the session with its user, the primary address as typed, and the membership in the
/// session's organisation.
pub async fn a_principal_joins_user_address_and_organisation(store: AnyStore) {
    member(&store).await;
    let admin = User { kind: UserKind::Admin, version: FIRST, ..user(1) };
    let writes = [
        Write::PutUser(admin.clone()),
        Write::PutIdentifier(Identifier { primary: false, ..identifier(1, "a@example.test") }),
        Write::PutIdentifier(Identifier { display: "B@Example.test".to_owned(), ..identifier(1, "b@example.test") }),
        Write::PutIdentifier(Identifier { primary: false, ..identifier(1, "c@example.test") }),
        Write::PutUser(user(2)),
        Write::PutIdentifier(identifier(2, "d@example.test")),
        Write::PutMembership(membership(1, 2)),
        Write::PutOrg(org(2)),
        Write::PutMembership(membership(2, 1)),
    ];
    commit(&store, writes).await;
    let wanted = PrincipalRecord {
        session: Session { org: Some(org_id(1)), ..session(1, 1) },
        user: User { version: FIRST.next(), ..admin },
        email: Some("B@Example.test".to_owned()),
        org: Some((Org { version: FIRST, ..org(1) }, Membership { version: FIRST, ..membership(1, 1) })),
    };
    let read = principal(&store, session(1, 1).digest).await;
    assert_eq!(read, wanted, "the principal does not join session, user, primary address and organisation");
}

/// A user without a primary address has none, and a session without organisation has none: both are still read.
pub async fn a_principal_may_lack_address_and_organisation(store: AnyStore) {
    put(&store, &[session(1, 1)]).await;
    commit(&store, [Write::PutMembership(membership(1, 1))]).await;
    let bare = principal(&store, session(1, 1).digest).await;
    assert_eq!((bare.email, bare.org), (None, None), "an address or an organisation was made up");
    let other = Identifier { primary: false, ..identifier(1, "a@example.test") };
    commit(&store, [Write::PutIdentifier(other)]).await;
    let email = principal(&store, session(1, 1).digest).await.email;
    assert_eq!(email, None, "an address that is not primary was taken for the primary one");
}

/// A session whose user has lost the membership is still read, without organisation.
pub async fn a_principal_survives_a_lost_membership(store: AnyStore) {
    member(&store).await;
    commit(&store, [Write::DeleteMembership { org: org_id(1), user: user_id(1), version: FIRST }]).await;
    let read = principal(&store, session(1, 1).digest).await;
    assert_eq!(read.session.org, Some(org_id(1)), "losing a membership changed the session");
    assert_eq!(read.org, None, "a session still acts in an organisation whose member the user no longer is");
}

/// The query does not decide: ended sessions, barred users and suspended memberships are read as they are.
pub async fn a_principal_is_read_whatever_its_state(store: AnyStore) {
    member(&store).await;
    let writes = [
        Write::PutUser(User { status: UserStatus::Suspended, version: FIRST, ..user(1) }),
        Write::PutMembership(Membership { status: MembershipStatus::Suspended, version: FIRST, ..membership(1, 1) }),
        Write::MoveAuthEpoch { user: user_id(1), from: 0 },
        Write::EndSession { user: user_id(1), id: session_id(1) },
    ];
    commit_at(&store, at(8), writes).await;
    let read = principal(&store, session(1, 1).digest).await;
    assert_eq!(read.session.ended_at, Some(at(8)), "an ended session does not say so");
    assert_eq!((read.user.status, read.user.auth_epoch), (UserStatus::Suspended, 1), "the user is not read as it is");
    let status = read.org.map(|(_, membership)| membership.status);
    assert_eq!(status, Some(MembershipStatus::Suspended), "a suspended membership is not read as it is");
}

/// A rotation changes secret, proofs, organisation and epoch, and nothing else; the old secret is nothing any more.
pub async fn a_rotation_replaces_the_secret(store: AnyStore) {
    let put_session = Session { seen_at: at(40), label: Some("phone".to_owned()), ..session(1, 1) };
    put(&store, &[put_session.clone(), session(2, 1)]).await;
    let (to, proofs) = (digest("rotated"), vec![proof(0), Proof { method: Method::Email, at: at(50) }]);
    let rotation = Write::RotateSession {
        user: user_id(1),
        id: session_id(1),
        from: put_session.digest,
        to,
        proofs: proofs.clone(),
        org: Some(org_id(1)),
        auth_epoch: 3,
    };
    commit_at(&store, at(60), [rotation]).await;
    let old = store.principal(REALM, put_session.digest).await.answer();
    assert_eq!(old, None, "the secret that was replaced still opens the session");
    let wanted = Session { digest: to, proofs, org: Some(org_id(1)), auth_epoch: 3, ..put_session };
    assert_eq!(principal(&store, to).await.session, wanted, "a rotation changed too little or too much");
    assert_eq!(read(&store, 2).await, session(2, 1), "a rotation changed another session");
}

/// A rotation needs a session that has not ended and has the secret it starts from.
pub async fn a_rotation_needs_the_running_session(store: AnyStore) {
    put(&store, &[session(1, 1), session(2, 1)]).await;
    let to = digest("rotated");
    let why = "a rotation started from a secret that the session does not have";
    refuses(&store, Guard::Session, why, [rotate(1, digest("wrong"), to)]).await;
    refuses(&store, Guard::Session, why, [rotate(1, session(2, 1).digest, to)]).await;
    let why = "a session that does not exist was rotated";
    refuses(&store, Guard::Session, why, [rotate(9, session(1, 1).digest, to)]).await;
    commit(&store, [Write::EndSession { user: user_id(1), id: session_id(1) }]).await;
    let why = "a session that has ended was rotated";
    refuses(&store, Guard::Session, why, [rotate(1, session(1, 1).digest, to)]).await;
    assert_eq!(store.principal(REALM, to).await.answer(), None, "a refused rotation gave its new secret to a session");
}

/// A rotation gives a session another secret: one to the secret that it has is refused.
pub async fn a_rotation_gives_another_secret(store: AnyStore) {
    put(&store, &[session(1, 1)]).await;
    let has = session(1, 1).digest;
    refuses(&store, Guard::Session, "a rotation left the secret as it was", [rotate(1, has, has)]).await;
    assert_eq!(read(&store, 1).await, session(1, 1), "a refused rotation changed the session");
}

/// A session ends at the time of the commit; ending it again is no error and does not move that time.
pub async fn a_session_ends_once(store: AnyStore) {
    put(&store, &[session(1, 1), session(2, 1)]).await;
    let end = [Write::EndSession { user: user_id(1), id: session_id(1) }];
    commit_at(&store, at(5), end.clone()).await;
    assert_eq!(read(&store, 1).await, Session { ended_at: Some(at(5)), ..session(1, 1) }, "a session did not end");
    commit_at(&store, at(9), end).await;
    assert_eq!(read(&store, 1).await.ended_at, Some(at(5)), "ending a session again changed when it ended");
    assert_eq!(read(&store, 2).await, session(2, 1), "ending one session ended another");
    commit_at(&store, at(9), [Write::EndSession { user: user_id(1), id: session_id(9) }]).await;
}

/// Ending a session of somebody else is no error and leaves it alone.
pub async fn a_session_of_somebody_else_is_left_alone(store: AnyStore) {
    put(&store, &[session(1, 1)]).await;
    commit(&store, [Write::EndSession { user: user_id(2), id: session_id(1) }]).await;
    assert_eq!(read(&store, 1).await, session(1, 1), "a user ended a session of another user");
}

/// The list shows sessions that have not ended, not expired, not been idle for too long, and belong to the user's
/// present epoch.
pub async fn the_list_shows_live_sessions_only(store: AnyStore) {
    let (idle, now) = (Duration::seconds(60), at(100));
    let ends = |number, expires_at, seen_at| Session { idle, expires_at, seen_at, ..session(number, 1) };
    let sessions = [
        ends(1, at(200), at(100)),
        Session { ended_at: Some(at(90)), ..ends(2, at(200), at(100)) },
        ends(3, now, at(100)),
        ends(4, now + MICRO, at(100)),
        ends(5, at(200), now - idle),
        ends(6, at(200), now - idle + MICRO),
        Session { auth_epoch: 1, ..ends(7, at(200), at(100)) },
        ends(8, at(200), at(100)),
        Session { user: user_id(2), ..ends(9, at(200), at(100)) },
    ];
    put(&store, &sessions).await;
    assert_eq!(listed(&store, 1, now).await, [8, 6, 4, 1], "the list of sessions does not show exactly the live ones");
    assert_eq!(listed(&store, 2, now).await, [9], "the list of sessions is not that of the user");
    commit(&store, [Write::MoveAuthEpoch { user: user_id(1), from: 0 }]).await;
    assert_eq!(listed(&store, 1, now).await, [7], "sessions of an older epoch are listed");
}

/// A demanded number of sessions counts the running ones of that user alone, after everything else of the commit.
pub async fn more_running_sessions_than_demanded_conflict(store: AnyStore) {
    let ended = Session { ended_at: Some(at(1)), ..session(3, 1) };
    let expired = Session { expires_at: at(50), ..session(4, 1) };
    let older = Session { auth_epoch: 7, ..session(5, 1) };
    let others = [ended, expired, older, session(6, 2), session(7, 2), session(9, 2)];
    put(&store, &[&[session(1, 1), session(2, 1)][..], &others].concat()).await;
    let demand = |max| Write::MaxSessions { user: user_id(1), max };
    commit_at(&store, at(50), [demand(2)]).await;
    let third = Write::PutSession(session(8, 1));
    let refused = store.commit(changes_at(at(50), [demand(2), third.clone()])).await;
    let kind = refused.expect_err("a session beyond the demanded number was made").kind();
    assert_eq!(kind, StoreErrorKind::Conflict, "a demanded number of sessions is no conflict");
    assert_eq!(listed(&store, 1, at(50)).await, [2, 1], "a conflict left something behind");
    let end = Write::EndSession { user: user_id(1), id: session_id(1) };
    commit_at(&store, at(50), [demand(2), third, end]).await;
    assert_eq!(listed(&store, 1, at(50)).await, [8, 2], "one session takes the place of another");
}

/// Activity moves the mark forward, never back, and touching what does not exist is no error.
pub async fn activity_moves_the_mark_forward_only(store: AnyStore) {
    put(&store, &[session(1, 1), session(2, 1)]).await;
    for (touched, wanted) in [(at(60), at(60)), (at(30), at(60)), (NOW, at(60)), (at(60) + MICRO, at(60) + MICRO)] {
        store.touch(user_id(1), session_id(1), touched).await.answer();
        assert_eq!(read(&store, 1).await.seen_at, wanted, "the mark of activity did not move as it should");
    }
    let wanted = Session { seen_at: at(60) + MICRO, ..session(1, 1) };
    assert_eq!(read(&store, 1).await, wanted, "activity changed more than its mark");
    assert_eq!(read(&store, 2).await, session(2, 1), "activity in one session marked another");
    store.touch(user_id(1), session_id(9), at(60)).await.answer();
}

/// Activity does not bring an ended session back.
pub async fn activity_never_revives_a_session(store: AnyStore) {
    put(&store, &[session(1, 1)]).await;
    commit_at(&store, at(5), [Write::EndSession { user: user_id(1), id: session_id(1) }]).await;
    store.touch(user_id(1), session_id(1), at(60)).await.answer();
    assert_eq!(read(&store, 1).await.ended_at, Some(at(5)), "activity brought an ended session back");
    assert!(listed(&store, 1, at(60)).await.is_empty(), "a session that has ended is listed after activity");
    let why = "a session that has ended was rotated after activity";
    refuses(&store, Guard::Session, why, [rotate(1, session(1, 1).digest, digest("rotated"))]).await;
}
