//! The outbox: each job is leased to one worker at a time, and nobody loses it.

use time::OffsetDateTime;
use usermgmt_core::address::EmailAddress;
use usermgmt_core::contact::Contact;
use usermgmt_core::id::OutboxId;
use usermgmt_core::limits::PAGE_MAX;
use usermgmt_core::model::{
    AddressPurpose, AddressRequest, Facts, Job, MailKind, NameRequest, OutboxRow, SignUpRequest,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{Guard, StoreErrorKind, UniqueKey, Write};
use usermgmt_core::username::Username;

use crate::AnyStore;
use crate::kit::{
    Answer, MICRO, NOW, REALM, at, commit, commit_at, digest, fails, job, job_id, password, refuses, token_id, user_id,
    worker,
};

const SECONDS: i64 = 60;

/// Leases at this time, for a minute; answers which jobs.
async fn lease(store: &AnyStore, by: u128, now: OffsetDateTime, limit: u32) -> Vec<OutboxId> {
    let until = now + time::Duration::seconds(SECONDS);
    let leased = store.lease(REALM, worker(by), now, until, limit).await.answer();
    for row in &leased {
        assert_eq!(row.lease, Some((worker(by), until)), "a leased job does not say who holds it until when");
    }
    leased.into_iter().map(|row| row.id).collect()
}

async fn pending(store: &AnyStore) -> Vec<OutboxRow> {
    store.pending_jobs(REALM, PageRequest::first(PAGE_MAX)).await.answer().items
}

async fn pending_ids(store: &AnyStore) -> Vec<OutboxId> {
    pending(store).await.into_iter().map(|row| row.id).collect()
}

fn finish(number: u128, by: u128) -> Write {
    Write::FinishJob { id: job_id(number), worker: worker(by) }
}

fn retry(number: u128, by: u128, due_at: OffsetDateTime) -> Write {
    Write::RetryJob { id: job_id(number), worker: worker(by), due_at }
}

fn give_up(number: u128, by: u128) -> Write {
    Write::GiveUpJob { id: job_id(number), worker: worker(by) }
}

/// Every kind of job comes back as it was put, with all it carries.
pub async fn a_job_is_returned_as_it_was_put(store: AnyStore) {
    let email =
        EmailAddress::parse("Somebody.Else+tag@Bücher.example").unwrap_or_else(|error| panic!("an address: {error}"));
    let phone = Contact::parse("+447700900123").unwrap_or_else(|error| panic!("a phone number: {error}"));
    let to = |to: Contact, purpose| Job::AddressRequest(AddressRequest { to, browser: digest("browser"), purpose });
    let request = |purpose| to(email.clone().into(), purpose);
    let entered = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    let facts = Facts {
        own: entered(serde_json::json!({ "": "", "größe": [1, 0.5, null, u64::MAX, i64::MIN], "{\"": { "🦀": {} } })),
        public: serde_json::Map::new(),
        private: entered(serde_json::json!({ "purpose": "verify", "job": "mail", "null": null })),
    };
    let sign_up = |organization, facts| SignUpRequest {
        held: false,
        name: "Jörg „J“ Größe 🦀".to_owned(),
        organization,
        password: password(1).hash,
        passwordless: false,
        username: None,
        locale: Some("de".to_owned()),
        facts,
    };
    let username = Username::parse("Jörg.Größe").unwrap_or_else(|error| panic!("a username: {error}"));
    let by_name =
        |purpose| Job::NameRequest(NameRequest { username: username.clone(), browser: digest("browser"), purpose });
    let named = SignUpRequest { username: Some(username.clone()), ..sign_up(None, Facts::default()) };
    let mail = |mail, token, locale| Job::Mail { mail, to: email.clone().into(), user: user_id(1), token, locale };
    let add_email = |replaces_primary, needs_approval| AddressPurpose::AddEmail {
        user: user_id(1),
        auth_epoch: 1,
        replaces_primary,
        needs_approval,
    };
    let mut jobs = vec![
        request(AddressPurpose::SignUp(sign_up(None, Facts::default()))),
        request(AddressPurpose::SignUp(sign_up(Some(String::new()), facts))),
        request(AddressPurpose::SignUp(SignUpRequest { passwordless: true, ..sign_up(None, Facts::default()) })),
        request(AddressPurpose::SignUp(named)),
        request(AddressPurpose::Verify),
        to(phone.clone(), AddressPurpose::Verify),
        Job::Mail { mail: MailKind::SignIn, to: phone, user: user_id(1), token: None, locale: None },
        request(AddressPurpose::Username),
        by_name(AddressPurpose::Reset),
        by_name(AddressPurpose::Locked),
        by_name(AddressPurpose::SignIn { label: Some("Gerät „Küche“ 📱".to_owned()) }),
        request(AddressPurpose::Reset),
        request(AddressPurpose::SignIn { label: None }),
        request(AddressPurpose::SignIn { label: Some("Gerät „Küche“ 📱".to_owned()) }),
        request(AddressPurpose::Locked),
        request(add_email(true, false)),
        request(add_email(false, true)),
    ];
    for kind in MailKind::ALL.iter().copied() {
        jobs.push(mail(kind, Some(token_id(1)), None));
        jobs.push(mail(kind, None, Some("pt-BR".to_owned())));
    }
    let rows: Vec<_> = (1..).zip(jobs).map(|(number, job)| OutboxRow { job, ..self::job(number) }).collect();
    commit(&store, rows.iter().cloned().map(Write::PutJob)).await;
    assert_eq!(pending(&store).await, rows, "jobs do not come back as they were put");
}

/// A leased job is nobody else's, nor leased again by the same worker, until the lease ends.
pub async fn a_leased_job_is_nobody_elses(store: AnyStore) {
    commit(&store, [Write::PutJob(job(1))]).await;
    assert_eq!(lease(&store, 1, NOW, 10).await, [job_id(1)], "a job that is due was not leased");
    assert_eq!(lease(&store, 2, NOW, 10).await, [], "two workers hold one job");
    assert_eq!(lease(&store, 1, at(1), 10).await, [], "a worker was given a job twice");
    assert_eq!(lease(&store, 2, at(SECONDS) - MICRO, 10).await, [], "a lease ended before its time");
}

/// When a lease ends, the job is free again, and each lease counts as a try.
pub async fn a_lease_ends_and_each_counts_a_try(store: AnyStore) {
    commit(&store, [Write::PutJob(job(1))]).await;
    for (tries, by) in (1..=3).zip([1, 2, 2]) {
        let now = at(SECONDS * i64::from(tries - 1));
        let leased = store.lease(REALM, worker(by), now, at(SECONDS * i64::from(tries)), 10).await.answer();
        let held = Some((worker(by), at(SECONDS * i64::from(tries))));
        let wanted = [OutboxRow { tries, lease: held, ..job(1) }];
        assert_eq!(leased, wanted, "a job whose lease has ended must be leased again, with the try counted");
        assert_eq!(pending(&store).await, wanted, "the lease was answered, but not stored");
    }
}

/// A job waits until it is due.
pub async fn a_job_waits_until_it_is_due(store: AnyStore) {
    commit(&store, [Write::PutJob(OutboxRow { due_at: at(10), ..job(1) })]).await;
    assert_eq!(lease(&store, 1, at(10) - MICRO, 10).await, [], "a job was leased before it was due");
    assert_eq!(lease(&store, 1, at(10), 10).await, [job_id(1)], "a job was not leased at the time it was due");
}

/// The oldest jobs are leased first, and no more than asked for.
pub async fn the_oldest_jobs_are_leased_first(store: AnyStore) {
    for number in [3, 1, 5, 2, 4] {
        let made = at(-100 + i64::try_from(number).unwrap_or(0));
        commit_at(&store, made, [Write::PutJob(OutboxRow { due_at: made, created_at: made, ..job(number) })]).await;
    }
    assert_eq!(lease(&store, 1, NOW, 2).await, [job_id(1), job_id(2)], "not the oldest jobs were leased, in order");
    assert_eq!(lease(&store, 2, NOW, 2).await, [job_id(3), job_id(4)], "not the next oldest jobs were leased");
    assert_eq!(lease(&store, 3, NOW, 2).await, [job_id(5)], "the last job was not leased");
}

/// A finished job is gone.
pub async fn a_finished_job_is_gone(store: AnyStore) {
    commit(&store, [Write::PutJob(job(1)), Write::PutJob(job(2))]).await;
    lease(&store, 1, NOW, 1).await;
    commit(&store, [finish(1, 1)]).await;
    assert_eq!(pending_ids(&store).await, [job_id(2)], "finishing a job must remove it, and no other");
    assert_eq!(lease(&store, 1, at(1_000), 10).await, [job_id(2)], "a finished job was leased");
}

/// A job that is given back is free at its new time, and keeps its count of tries.
pub async fn a_job_given_back_returns_when_due(store: AnyStore) {
    commit(&store, [Write::PutJob(job(1))]).await;
    lease(&store, 1, NOW, 1).await;
    commit_at(&store, at(5), [retry(1, 1, at(20))]).await;
    let wanted = [OutboxRow { due_at: at(20), tries: 1, lease: None, ..job(1) }];
    assert_eq!(pending(&store).await, wanted, "a job that was given back must be free, with its new time");
    assert_eq!(lease(&store, 2, at(20) - MICRO, 1).await, [], "a job that was given back was leased too early");
    assert_eq!(lease(&store, 2, at(20), 1).await, [job_id(1)], "a job that was given back does not return when due");
}

/// A job that is given up is kept, but neither pending nor leased any more.
pub async fn a_job_given_up_is_kept_but_never_leased(store: AnyStore) {
    commit(&store, [Write::PutJob(job(1))]).await;
    lease(&store, 1, NOW, 1).await;
    commit_at(&store, at(5), [give_up(1, 1)]).await;
    assert_eq!(pending_ids(&store).await, [], "a job that was given up is still pending");
    assert_eq!(lease(&store, 2, at(1_000_000), 10).await, [], "a job that was given up was leased");
    let kept = StoreErrorKind::Duplicate(UniqueKey::Id);
    fails(&store, kept, "a job that was given up must be kept", [Write::PutJob(job(1))]).await;
}

/// Finishing, giving back and giving up need the lease: not without one, not with another's, not with one that is over.
pub async fn only_the_holder_settles_a_job(store: AnyStore) {
    commit(&store, [Write::PutJob(job(1))]).await;
    let settle = |by| [finish(1, by), retry(1, by, at(1)), give_up(1, by)];
    for write in settle(1) {
        refuses(&store, Guard::Lease, "a job that nobody holds was settled", [write]).await;
    }
    lease(&store, 1, NOW, 1).await;
    for write in settle(2) {
        refuses(&store, Guard::Lease, "a worker settled a job that another holds", [write]).await;
    }
    lease(&store, 2, at(SECONDS), 1).await;
    for write in settle(1) {
        refuses(&store, Guard::Lease, "a worker settled a job that was leased to another meanwhile", [write]).await;
    }
    commit(&store, [retry(1, 2, at(SECONDS))]).await;
    for write in settle(2) {
        refuses(&store, Guard::Lease, "a worker settled a job that it had given back", [write]).await;
    }
    let lost = [finish(9, 1), retry(9, 1, NOW), give_up(9, 1)];
    for write in lost {
        refuses(&store, Guard::Lease, "a job that does not exist was settled", [write]).await;
    }
    let wanted = [OutboxRow { due_at: at(SECONDS), tries: 2, ..job(1) }];
    assert_eq!(pending(&store).await, wanted, "a refused write changed the job");
}

/// A worker that is late may still settle what it did, as long as nobody else has taken the job.
pub async fn a_late_worker_may_settle_what_nobody_took(store: AnyStore) {
    commit(&store, [Write::PutJob(job(1)), Write::PutJob(job(2)), Write::PutJob(job(3))]).await;
    lease(&store, 1, NOW, 3).await;
    commit_at(&store, at(SECONDS * 5), [finish(1, 1), retry(2, 1, at(SECONDS * 6)), give_up(3, 1)]).await;
    assert_eq!(pending_ids(&store).await, [job_id(2)], "a job that was done late is done again");
}

/// Jobs that are leased, and those that are not due, are still pending.
pub async fn leased_jobs_are_still_pending(store: AnyStore) {
    let later = OutboxRow { due_at: at(1_000), ..job(2) };
    commit(&store, [Write::PutJob(job(1)), Write::PutJob(later)]).await;
    lease(&store, 1, NOW, 10).await;
    assert_eq!(pending_ids(&store).await, [job_id(1), job_id(2)], "a job that still has to be done is not pending");
}
