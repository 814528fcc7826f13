//! What the application adds to flows of its own.

use async_trait::async_trait;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::error::FieldError;
use crate::model::{AuditEvent, AuditKind, Org};

/// Somebody who wants to sign up. Every field is valid; whether the address is known is not looked at yet.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The address as typed.
    pub email: &'a str,
    /// The name.
    pub name: &'a str,
    /// Name of the organisation to make, if one is wanted.
    pub organization: Option<&'a str>,
    /// Further fields of the application, by name.
    pub fields: &'a Map<String, Value>,
    /// The address the request came from.
    pub address: Option<&'a str>,
}

/// What the application adds to an account that is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enrichment {
    /// Metadata that everybody sees who sees the user.
    pub public: Map<String, Value>,
    /// Metadata that no client sees.
    pub private: Map<String, Value>,
}

/// Something looks like an attack. The same stands in the audit log and in the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm<'a> {
    /// What it looks like: one of the kinds whose word begins with `warning.` and ends with `_suspected`.
    pub kind: AuditKind,
    /// The address it comes from, if it comes from one place.
    pub address: Option<&'a str>,
    /// When.
    pub at: OffsetDateTime,
}

/// Code of the application that flows call. Every method has an empty default.
#[async_trait]
pub trait Hooks: Send + Sync + 'static {
    /// Before a sign-up is taken: lets it through, adds to it, or refuses it with the error of a field. It is asked for
    /// known and unknown addresses alike, and must not look whether there is an account. Takes as long as it takes:
    /// the request waits for it.
    ///
    /// # Errors
    /// The field that is wrong, such as `FieldError::new("email", "domain_not_invited")`; a text for a code of your own
    /// is looked up as `field-email-domain-not-invited`.
    async fn before_sign_up(&self, candidate: Candidate<'_>) -> Result<Enrichment, FieldError> {
        let _ = candidate;
        Ok(Enrichment::default())
    }

    /// After an organisation was made, deleted or restored, or the number of its active members has changed: for bills,
    /// for seats. It was promised in the
    /// same commit, so it comes at least once, also after a crash, and again until it is understood; it says how things
    /// stand now. Several changes may come as one, and in any order.
    ///
    /// # Errors
    /// Any error: it is called again later, after longer and longer pauses of up to an hour.
    async fn members_changed(&self, org: &Org) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let _ = org;
        Ok(())
    }

    /// Something looks like an attack, at this moment and in this process; once for each kind and place within ten
    /// minutes. Is called in the request, so it must be quick: wake somebody, ask a firewall for more, show a check.
    fn on_alarm(&self, alarm: &Alarm<'_>) {
        let _ = alarm;
    }

    /// After a commit, for each of its events, in this process and at most once: what must not be lost belongs into an
    /// outbox. Is called in the request, so it must be quick.
    fn on_event(&self, event: &AuditEvent) {
        let _ = event;
    }
}

/// No hooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}
