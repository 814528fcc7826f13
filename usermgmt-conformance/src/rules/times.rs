//! Times are kept to the microsecond: before 1970, at the end of year 9999, and in whatever offset they are given.

use time::OffsetDateTime;
use time::macros::{datetime, offset};
use usermgmt_core::model::{
    ApiKey, Attempt, AuditEvent, Identifier, Membership, Method, Org, OutboxRow, PasswordCredential, Proof, Session,
    Token, User, Version,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{Charge, Guard, StoreErrorKind, ThrottleKey, Write};

use crate::AnyStore;
use crate::kit::{
    ALL_EVENTS, Answer, Found, MICRO, REALM, api_key, at, attempt, commit, commit_at, event, fails_at, identifier, job,
    membership, org, org_id, password, session, session_id, token, token_id, user, user_id, worker,
};

const FIRST: Version = Version::NEW.next();

/// Times that a store may cut, shift or refuse: before 1970, at its edge, on a leap day, at the end of the calendar.
const EDGES: [OffsetDateTime; 9] = [
    datetime!(1000-01-01 00:00:00.000001 UTC),
    datetime!(1900-02-28 23:59:59.999999 UTC),
    datetime!(1969-12-31 23:59:59.999999 UTC),
    datetime!(1970-01-01 00:00:00 UTC),
    datetime!(1970-01-01 00:00:00.000001 UTC),
    datetime!(2028-02-29 23:59:59.123456 UTC),
    datetime!(2038-01-19 03:14:08.000009 UTC),
    datetime!(2262-04-11 23:47:16.854776 UTC),
    datetime!(9999-12-31 23:59:59.999999 UTC),
];

/// Every time of every lasting row comes back equal.
pub async fn times_come_back_to_the_microsecond(store: AnyStore) {
    for (number, time) in (1..).zip(EDGES) {
        let user = User { created_at: time, ..user(number) };
        let identifier = Identifier {
            verified_at: Some(time),
            undeliverable_at: Some(time),
            created_at: time,
            ..identifier(number, &number.to_string())
        };
        let password = PasswordCredential { changed_at: time, ..password(number) };
        let org = Org { created_at: time, deleted_at: Some(time), ..org(number) };
        let membership = Membership { created_at: time, ..membership(number, number) };
        let event = AuditEvent { at: time, ..event(number) };
        let writes = [
            Write::PutUser(user.clone()),
            Write::PutIdentifier(identifier.clone()),
            Write::PutPassword(password.clone()),
            Write::PutOrg(org.clone()),
            Write::PutMembership(membership.clone()),
            Write::Audit(event.clone()),
            Write::MoveRights { org: org.id, user: None },
        ];
        commit_at(&store, time, writes).await;
        let read = store.user(REALM, user.id).await.found("a user");
        assert_eq!(read, User { version: FIRST, ..user }, "the time of a user is not kept to the microsecond");
        let read = store.identifiers(user.id).await.answer();
        let wanted = [Identifier { version: FIRST, ..identifier }];
        assert_eq!(read, wanted, "the times of an identifier are not kept to the microsecond");
        let read = store.password(user.id).await.found("a password").changed_at;
        assert_eq!(read, password.changed_at, "the time of a password is not kept to the microsecond");
        let read = store.org(REALM, org.id).await.found("an organisation");
        assert_eq!(
            (read.created_at, read.deleted_at),
            (time, Some(time)),
            "a time of an organisation is not kept to the microsecond"
        );
        let read = store.membership(membership.org, membership.user).await.found("a membership").created_at;
        assert_eq!(read, time, "the time of a membership is not kept to the microsecond");
        let events = store.events(REALM, None, &ALL_EVENTS, PageRequest::first(200)).await.answer().items;
        assert_eq!(events.first(), Some(&event), "the time of an event is not kept to the microsecond");
        let changes = store.changes(0, 1_000).await.answer().items;
        assert_eq!(changes.last().map(|change| change.at), Some(time), "the time of a change is not kept");
    }
}

/// Every time of every passing row comes back equal.
pub async fn passing_times_come_back_to_the_microsecond(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    for (number, time) in (1..).zip(EDGES) {
        let session = Session {
            proofs: vec![Proof { method: Method::Email, at: time }],
            expires_at: time,
            created_at: time,
            seen_at: time,
            ended_at: Some(time),
            ..session(number, 1)
        };
        let token = Token {
            code_expires_at: time,
            expires_at: time,
            consumed_at: Some(time),
            created_at: time,
            ..token(number, 1)
        };
        let attempt = Attempt {
            proofs: vec![Proof { method: Method::Password, at: time }],
            consumed_at: Some(time),
            expires_at: time,
            created_at: time,
            ..attempt(number, 1)
        };
        let key = ApiKey { created_at: time, expires_at: Some(time), used_at: Some(time), ..api_key(number, 1) };
        let job = OutboxRow { due_at: time, created_at: time, ..job(number) };
        let writes = [
            Write::PutSession(session.clone()),
            Write::PutToken(token.clone()),
            Write::PutAttempt(attempt.clone()),
            Write::PutApiKey(key.clone()),
            Write::PutJob(job.clone()),
        ];
        commit_at(&store, time, writes).await;
        let read = store.api_key(key.owner, key.id).await.found("an API key");
        assert_eq!(read, key, "the times of an API key are not kept to the microsecond");
        let read = store.principal(REALM, session.digest).await.found("a session").session;
        assert_eq!(read, session, "the times of a session are not kept to the microsecond");
        let read = store.token(REALM, user_id(1), token.id).await.found("a token");
        assert_eq!(read, token, "the times of a token are not kept to the microsecond");
        let read = store.attempt(REALM, attempt.digest).await.found("an attempt");
        let wanted = Attempt { version: FIRST, ..attempt };
        assert_eq!(read, wanted, "the times of an attempt are not kept to the microsecond");
        let jobs = store.pending_jobs(REALM, PageRequest::first(200)).await.answer().items;
        assert_eq!(jobs.last(), Some(&job), "the times of a job are not kept to the microsecond");
    }
}

/// The time of a commit is kept where a write records it: consumed, ended, leased, touched.
pub async fn recorded_times_are_kept_to_the_microsecond(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    for (number, seconds) in [(1, 1), (2, 2), (3, 3)] {
        let time = at(seconds) + MICRO * i32::try_from(number).unwrap_or(0);
        let id = token_id(number);
        let puts = [
            Write::PutToken(token(number, 1)),
            Write::PutAttempt(attempt(number, 1)),
            Write::PutSession(session(number, 1)),
            Write::PutApiKey(api_key(number, 1)),
        ];
        commit(&store, puts).await;
        let key = api_key(number, 1);
        store.touch_api_key(key.owner, key.id, time).await.answer();
        commit(&store, [Write::EndApiKey { owner: key.owner, id: key.id, at: time + MICRO }]).await;
        let key = store.api_key(key.owner, key.id).await.found("an API key");
        let wanted = (Some(time), Some(time + MICRO));
        assert_eq!((key.used_at, key.expires_at), wanted, "an API key does not say exactly when it was used and ends");
        store.touch(user_id(1), session_id(number), time).await.answer();
        let attempt = attempt(number, 1);
        let end = Write::EndSession { user: user_id(1), id: session_id(number) };
        commit_at(
            &store,
            time,
            [
                Write::ConsumeToken { user: user_id(1), id },
                Write::ConsumeAttempt { user: user_id(1), id: attempt.id },
                end,
            ],
        )
        .await;
        let read = store.principal(REALM, session(number, 1).digest).await.found("a session").session;
        assert_eq!((read.seen_at, read.ended_at), (time, Some(time)), "a session does not say exactly when it ended");
        let token = store.token(REALM, user_id(1), id).await.found("a token").consumed_at;
        assert_eq!(token, Some(time), "a token does not say exactly when it was used");
        let attempt = store.attempt(REALM, attempt.digest).await.found("an attempt").consumed_at;
        assert_eq!(attempt, Some(time), "an attempt does not say exactly when it ended");
        commit(&store, [Write::PutJob(job(number))]).await;
        let leased = store.lease(REALM, worker(number), at(10), at(100) + MICRO, 1).await.answer();
        let until = leased.first().and_then(|row| row.lease).map(|(_, until)| until);
        assert_eq!(until, Some(at(100) + MICRO), "a lease does not say exactly when it ends");
    }
}

/// A time is an instant: the offset it is written with changes neither what comes back nor what has expired.
pub async fn a_time_is_an_instant_whatever_its_offset(store: AnyStore) {
    let (east, west) = (offset!(+14:00), offset!(-11:30));
    let end = token(1, 1).expires_at;
    let shifted = |number, offset| Token {
        created_at: at(0).to_offset(offset),
        code_expires_at: end.to_offset(offset),
        expires_at: end.to_offset(offset),
        ..token(number, 1)
    };
    let put = User { created_at: at(5).to_offset(east), ..user(1) };
    let tokens = [shifted(1, east), shifted(2, west), shifted(3, offset!(UTC))];
    commit(&store, [Write::PutUser(put)].into_iter().chain(tokens.map(Write::PutToken))).await;
    let read = store.user(REALM, user_id(1)).await.found("a user").created_at;
    assert_eq!(read, at(5), "a time with an offset comes back as another instant");
    let dead = StoreErrorKind::Refused(Guard::Token);
    for (number, offset) in [(1, west), (2, east), (3, east), (3, west)] {
        let consume = || [Write::ConsumeToken { user: user_id(1), id: token_id(number) }];
        let why = "a token that has expired was used, since its offset was taken for a part of the instant";
        fails_at(&store, end, dead, why, consume()).await;
        fails_at(&store, end.to_offset(offset), dead, why, consume()).await;
        let early = (end - MICRO).to_offset(offset);
        commit_at(&store, early, [Write::CountTry { user: user_id(1), id: token_id(number) }]).await;
    }
}

/// Counters keep their time to the microsecond too, far from now as well.
pub async fn windows_are_kept_to_the_microsecond(store: AnyStore) {
    for (number, time) in (1..).zip(EDGES) {
        let window = time::Duration::seconds(1);
        let limited = [Charge { key: ThrottleKey::from_bytes([number; 32]), limit: 1, window }];
        let begin = time - window * 2;
        assert_eq!(store.charge(&limited, begin).await.answer(), None, "a first use was refused at {begin}");
        let until = store.charge(&limited, begin + MICRO).await.answer().map(|throttled| throttled.until);
        assert_eq!(until, Some(begin + window), "the end of a window is not kept to the microsecond");
    }
}

/// A row shows the same times in whichever read it appears.
pub async fn joined_reads_show_the_same_times(store: AnyStore) {
    let time = datetime!(1969-07-20 20:17:40.000001 UTC);
    let (org, membership) = (Org { created_at: time, ..org(1) }, Membership { created_at: time, ..membership(1, 1) });
    let acting = Session { org: Some(org.id), seen_at: time, ..session(1, 1) };
    let user = User { created_at: time, ..user(1) };
    let writes =
        [Write::PutUser(user), Write::PutOrg(org), Write::PutMembership(membership), Write::PutSession(acting)];
    commit(&store, writes).await;
    let record = store.principal(REALM, session(1, 1).digest).await.found("a session");
    let joined = record.org.map(|(org, membership)| (org.created_at, membership.created_at));
    let mine = store.memberships_of(user_id(1), PageRequest::first(1)).await.answer().items;
    let listed = mine.first().map(|(org, membership)| (org.created_at, membership.created_at));
    let alone = store.membership(org_id(1), user_id(1)).await.found("a membership").created_at;
    assert_eq!((joined, listed), (Some((time, alone)), Some((time, alone))), "joined reads show other times");
    assert_eq!((record.user.created_at, record.session.seen_at, alone), (time, time, time), "a time was changed");
}
