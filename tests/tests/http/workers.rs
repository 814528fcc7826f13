//! Workers of several processes: who has taken what, and what becomes of it when one stops or dies.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::{join, join_all};
use time::Duration;
use tokio::sync::Semaphore;
use usermgmt_core::id::{CommitId, WorkerId};
use usermgmt_core::limits;
use usermgmt_core::port::{Mail, MailError, Mailer, OsRandom};
use usermgmt_core::store::{ChangeSet, Guard, StoreErrorKind, Write};
use usermgmt_service::{DevMailbox, UserMgmt};
use usermgmt_tests::{App, Person, cells};

use crate::processes::another_with;

cells!(
    a_process_that_stops_gives_back_what_it_has_not_begun,
    what_a_dead_process_had_taken_is_done_when_its_lease_ends,
    processes_share_the_work,
);

const PEOPLE: usize = 8;

/// A mail server that takes its time: each mail waits until it is let through.
#[derive(Clone)]
struct SlowMailer {
    mailbox: DevMailbox,
    arrived: Arc<Semaphore>,
    let_through: Arc<Semaphore>,
}

impl SlowMailer {
    fn new() -> Self {
        let none = || Arc::new(Semaphore::new(0));
        Self { mailbox: DevMailbox::default(), arrived: none(), let_through: none() }
    }
}

#[async_trait]
impl Mailer for SlowMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.arrived.add_permits(1);
        self.let_through.acquire().await.unwrap().forget();
        self.mailbox.send(mail).await
    }
}

/// People who wait for a mail.
async fn promises(app: &App) -> Vec<String> {
    let mut emails = Vec::new();
    for number in 0..PEOPLE {
        let mut person = Person::new(app, &format!("waiting{number}"));
        person.sign_up().await.expect(202);
        emails.push(person.email);
    }
    emails
}

/// To whom mails went, sorted.
fn receivers(mailboxes: &[&DevMailbox]) -> Vec<String> {
    let mut to: Vec<_> = mailboxes.iter().flat_map(|mailbox| mailbox.mails()).map(|mail| mail.to).collect();
    to.sort_unstable();
    to
}

async fn a_process_that_stops_gives_back_what_it_has_not_begun(app: App) {
    let emails = promises(&app).await;
    let slow = SlowMailer::new();
    let builder = UserMgmt::builder(app.store.store.clone(), app.origin(), app.keys.clone());
    let other = builder.clock(app.clock.clone()).mailer(slow.clone()).build().await.unwrap();
    slow.arrived.acquire().await.unwrap().forget();
    // It is asked to stop before the mail at hand is through.
    join(other.shutdown(), async { slow.let_through.add_permits(PEOPLE) }).await;
    assert_eq!(slow.mailbox.mails().len(), 1, "it has ended after the job at hand");
    // No clock has moved: nobody waits for the end of a lease, and nobody gets two mails.
    app.work().await;
    assert_eq!(receivers(&[&slow.mailbox, &app.mailbox]), emails);
}

async fn what_a_dead_process_had_taken_is_done_when_its_lease_ends(app: App) {
    let emails = promises(&app).await;
    let (store, now) = (&app.store.store, app.now());
    let dead = WorkerId::new(&OsRandom, now).unwrap();
    let taken = store.lease(app.auth.realm(), dead, now, now + limits::LEASE, 16).await.unwrap();
    assert_eq!(taken.len(), PEOPLE);
    app.advance(limits::LEASE - Duration::SECOND);
    app.work().await;
    assert!(app.mailbox.mails().is_empty(), "they are another's");
    app.advance(Duration::SECOND);
    app.work().await;
    assert_eq!(receivers(&[&app.mailbox]), emails);
    // It was only slow: what it says now counts no more.
    let commit = CommitId::new(&OsRandom, app.now()).unwrap();
    let finished = ChangeSet::new(commit, app.auth.realm(), app.now());
    let late = store.commit(finished.with(Write::FinishJob { id: taken[0].id, worker: dead })).await.unwrap_err();
    assert_eq!(late.kind(), StoreErrorKind::Refused(Guard::Lease));
}

async fn processes_share_the_work(app: App) {
    let emails = promises(&app).await;
    let mailboxes: Vec<_> = (0..4).map(|_| DevMailbox::default()).collect();
    let processes = mailboxes.iter().map(|mailbox| another_with(&app, Duration::ZERO, |b| b.mailer(mailbox.clone())));
    let processes = join_all(processes).await;
    let worked = join_all(processes.iter().map(|(process, _)| process.run_until_idle())).await;
    assert!(worked.iter().all(Result::is_ok), "{worked:?}");
    assert_eq!(receivers(&mailboxes.iter().collect::<Vec<_>>()), emails);
}
