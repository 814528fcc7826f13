//! People for one round each.

use std::sync::atomic::{AtomicU64, Ordering};

use usermgmt_core::id::UserId;
use usermgmt_core::model::{AuditFilter, AuditKind};
use usermgmt_core::page::PageRequest;
use usermgmt_core::secret::Bearer;
use usermgmt_service::{Client, NewUser, SignIn, SignInOutcome};
use usermgmt_tests::Agent;
use usermgmt_tests::app::{code, token};

use super::Pair;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "blowfish under moonlight";

/// Somebody with a proven address.
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) email: String,
}

/// An address that nobody has had before.
pub(crate) fn email(name: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("{name}{}@example.test", NUMBER.fetch_add(1, Ordering::Relaxed))
}

impl Pair {
    pub(crate) async fn person(&self, name: &str) -> Person {
        let email = email(name);
        let new = NewUser { email: &email, name, password: Some(PASSWORD.into()), email_is_verified: true };
        let id = self.auth.users("race").create(new).await.unwrap();
        Person { id, email }
    }

    /// Signs somebody in, here.
    pub(crate) async fn session(&self, person: &Person) -> Bearer {
        let input = SignIn { email: &person.email, password: PASSWORD.into(), remember: false };
        match self.auth.sign_in(&Client::default(), input).await.unwrap() {
            SignInOutcome::Complete(signed_in) => signed_in.session,
            SignInOutcome::Pending { step, .. } => panic!("pending: {}", step.word()),
        }
    }

    /// A browser in which somebody is signed in.
    pub(crate) async fn browser(&self, person: &Person) -> Agent {
        let mut agent = self.agent(0);
        agent.cookies.insert("um_session".into(), self.session(person).await.expose().to_owned());
        agent
    }

    /// Does what was promised. Nothing is sealed: that takes a commit for each of the many organisations.
    pub(crate) async fn finish(&self) {
        while self.auth.work().await.unwrap() > 0 {}
    }

    /// Writes all mails that were promised; answers the token of the newest one to this address.
    pub(crate) async fn mailed_token(&self, to: &str) -> String {
        self.finish().await;
        let mails = self.mailbox.mails();
        token(mails.iter().find(|mail| mail.to == to).expect("a mail"))
    }

    /// The code in the newest mail to this address.
    pub(crate) fn mailed_code(&self, to: &str) -> String {
        let mails = self.mailbox.mails();
        code(mails.iter().find(|mail| mail.to == to).expect("a mail"))
    }

    /// How often something has happened to somebody, by the audit log outside organisations.
    pub(crate) async fn happened(&self, user: UserId, kind: AuditKind) -> usize {
        let filter = AuditFilter { kind: Some(kind), user: Some(user), ..AuditFilter::default() };
        let found = self.store.events(self.auth.realm(), None, &filter, PageRequest::first(50)).await;
        found.unwrap().items.len()
    }

    /// Running sessions of somebody.
    pub(crate) async fn running(&self, user: UserId) -> usize {
        let sessions = self.store.sessions(user, self.auth.now(), PageRequest::first(50)).await;
        sessions.unwrap().items.len()
    }
}
