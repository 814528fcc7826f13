//! Rows and change sets for tests: those of the conformance suite, and what they add up to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use usermgmt_conformance::kit::{NOW, changes, event, job, membership, org, org_id, session, user, user_id};
use usermgmt_core::model::*;
use usermgmt_core::planned::Committer;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::*;

/// The digest of that session.
pub(crate) fn digest(session: u128) -> Digest {
    usermgmt_conformance::kit::session(session, 1).digest
}

/// The one address of that user.
pub(crate) fn identifier(user: u128) -> Identifier {
    usermgmt_conformance::kit::identifier(user, &format!("user{user}@example.org"))
}

/// A user with a session and a membership of organisation 1.
pub(crate) fn member(number: u128) -> [Write; 3] {
    [
        Write::PutUser(user(number)),
        Write::PutMembership(membership(1, number)),
        Write::PutSession(session(number, number)),
    ]
}

/// The authority of that member.
pub(crate) fn authority(number: u128) -> StillAuthorised {
    StillAuthorised {
        session: session(number, number).id,
        user: user_id(number),
        auth_epoch: 0,
        member: Some(StillMember { org: org_id(1), member_rights: 0, org_rights: 0, policy_epoch: 0 }),
    }
}

/// What a sign-up commits: a user with an address, a session, a job and an event.
pub(crate) fn sign_up(number: u128) -> ChangeSet {
    changes([
        Write::PutUser(user(number)),
        Write::PutIdentifier(identifier(number)),
        Write::PutSession(session(number, number)),
        Write::PutJob(job(number)),
        Write::Audit(event(number)),
    ])
}

/// Counts acknowledgements.
#[derive(Default)]
pub(crate) struct Caches(pub(crate) AtomicUsize);

#[async_trait::async_trait]
impl Committer for Caches {
    async fn commit(&self, _: ChangeSet) -> Result<Committed, usermgmt_core::Error> {
        Ok(Committed::default())
    }

    fn acknowledge(&self, _: &[Subject], _: bool) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A plan of this change set, and the caches that its acknowledgement reaches.
pub(crate) fn plan(changes: ChangeSet) -> (usermgmt_core::Planned<&'static str>, Arc<Caches>) {
    let caches = Arc::new(Caches::default());
    (usermgmt_core::Planned::new(changes, "done", caches.clone()), caches)
}
