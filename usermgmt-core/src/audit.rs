//! What makes the audit log tell if somebody has changed it.
//!
//! Everything is an HMAC-SHA-256 under a key that no database holds ([`Purpose::Audit`]).
//!
//! 1. The *commitment* covers the payload: address, reason and detail, with a salt. When the payload is erased, the
//!    commitment stays in its place.
//! 2. The *tag* covers the other fields and the commitment. It is made with the event, so that a row that was altered
//!    or put in by hand is recognised even before it is sealed.
//! 3. The *seal* covers the tag, the event's number in the chain of its organisation and the seal before. A sealer adds
//!    it soon after: no commit waits for another. A row that was removed, moved or put in breaks the chain.
//!
//! What no chain can show is the loss of its end together with the record of where it ended. Keep a [`Checkpoint`]
//! somewhere else, and let it be checked with the chain.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::id::{EventId, OrgId, RealmId};
use crate::keys::{KeyRing, Purpose, PurposeKey};
use crate::model::{Actor, AuditEvent, EventTag, Seal};

/// What the seal before the first one is.
const BEGINNING: [u8; 32] = [0; 32];

/// The end of a chain at some time, to be kept where nobody who can write the database can write.
///
/// As text it is the number, a full stop and the seal in base64url, such as `7.q83v…`. Serialised it is this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Number of the last event.
    pub number: u64,
    /// Its seal.
    pub mac: [u8; 32],
}

/// The text is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no checkpoint: a number, a full stop and 43 characters of base64url are expected")]
pub struct NoCheckpoint;

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, URL_SAFE_NO_PAD.encode(self.mac))
    }
}

impl FromStr for Checkpoint {
    type Err = NoCheckpoint;

    fn from_str(text: &str) -> Result<Self, NoCheckpoint> {
        let (number, mac) = text.split_once('.').ok_or(NoCheckpoint)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok().and_then(|mac| mac.try_into().ok()).ok_or(NoCheckpoint)?;
        Ok(Self { number: number.parse().map_err(|_| NoCheckpoint)?, mac })
    }
}

impl Serialize for Checkpoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checkpoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What is wrong with an event, or with the chain at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A field was changed, or the row was not written by the application.
    Altered,
    /// The numbers of the chain leave out this one: a row was removed.
    Missing,
    /// The seal does not belong to this event at this place.
    Misplaced,
    /// The chain ends before the place that was recorded beside it, or before the checkpoint.
    CutOff,
    /// It was made under a root key that the ring does not have.
    UnknownKey,
}

/// The first thing that is wrong in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// What.
    pub fault: Fault,
    /// The place in the chain; `None` for what is beside it: an event that was not sealed yet, or the record of its end.
    pub number: Option<u64>,
    /// The event, where there is one that can be read.
    pub event: Option<EventId>,
}

/// The commitment of an event's payload: what was kept of it, or what its payload gives.
#[must_use]
pub fn commitment(key: &PurposeKey, event: &AuditEvent) -> [u8; 32] {
    if let Some(kept) = event.erased {
        return kept;
    }
    let reason = match &event.actor {
        Actor::System { reason } => reason.as_str(),
        Actor::Anonymous | Actor::User { .. } => "",
    };
    let address = event.address.as_deref();
    let has_address = [u8::from(address.is_some())];
    let detail = event.detail.to_string();
    let address = address.unwrap_or_default();
    key.mac(&[b"payload", &event.salt, &has_address, address.as_bytes(), reason.as_bytes(), detail.as_bytes()])
}

fn tag_mac(key: &PurposeKey, event: &AuditEvent) -> [u8; 32] {
    let (actor, user, session) = match &event.actor {
        Actor::Anonymous => ("anonymous", None, None),
        Actor::User { user, session } => ("user", Some(*user), *session),
        Actor::System { .. } => ("system", None, None),
    };
    let text = |id: Option<String>| id.unwrap_or_default();
    key.mac(&[
        b"event",
        event.id.to_string().as_bytes(),
        chain(event.realm, event.org).as_bytes(),
        event.realm.to_string().as_bytes(),
        event.kind.as_str().as_bytes(),
        event.outcome.as_str().as_bytes(),
        actor.as_bytes(),
        text(user.map(|id| id.to_string())).as_bytes(),
        text(session.map(|id| id.to_string())).as_bytes(),
        text(event.subject.map(|id| id.to_string())).as_bytes(),
        &event.at.unix_timestamp_nanos().div_euclid(1_000).to_be_bytes(),
        &commitment(key, event),
    ])
}

/// The tag of an event that is about to be written.
#[must_use]
pub fn tag(keys: &KeyRing, event: &AuditEvent) -> EventTag {
    EventTag { key_id: keys.current_id().to_owned(), mac: tag_mac(&keys.derive(Purpose::Audit), event) }
}

/// Whether the event is as the application wrote it.
///
/// # Errors
/// [`Fault::Altered`] or [`Fault::UnknownKey`].
pub fn check_tag(keys: &KeyRing, event: &AuditEvent) -> Result<(), Fault> {
    let key = keys.derive_with(&event.tag.key_id, Purpose::Audit).ok_or(Fault::UnknownKey)?;
    if same(&tag_mac(&key, event), &event.tag.mac) { Ok(()) } else { Err(Fault::Altered) }
}

/// Name of the chain that an event belongs to.
fn chain(realm: RealmId, org: Option<OrgId>) -> String {
    org.map_or_else(|| realm.to_string(), |org| org.to_string())
}

fn seal_mac(key: &PurposeKey, event: &AuditEvent, number: u64, before: &[u8; 32]) -> [u8; 32] {
    let chain = chain(event.realm, event.org);
    key.mac(&[b"seal", chain.as_bytes(), &number.to_be_bytes(), before, &event.tag.mac])
}

/// Seals events of one chain in this order, behind its present end. What the application did not write so is sealed
/// too, so that it cannot get lost: whoever follows the chain finds it.
#[must_use]
pub fn seal(keys: &KeyRing, head: Option<&Seal>, events: &[AuditEvent]) -> Vec<(EventId, Seal)> {
    let key = keys.derive(Purpose::Audit);
    let (mut number, mut before) = head.map_or((0, BEGINNING), |seal| (seal.number, seal.mac));
    events
        .iter()
        .map(|event| {
            number += 1;
            before = seal_mac(&key, event, number, &before);
            (event.id, Seal { number, key_id: keys.current_id().to_owned(), mac: before })
        })
        .collect()
}

/// Follows a chain from its beginning.
#[derive(Debug)]
pub struct Follower<'a> {
    keys: &'a KeyRing,
    checkpoint: Option<Checkpoint>,
    end: Checkpoint,
}

impl<'a> Follower<'a> {
    /// At the beginning of a chain. A checkpoint must be met on the way.
    #[must_use]
    pub const fn new(keys: &'a KeyRing, checkpoint: Option<Checkpoint>) -> Self {
        Self { keys, checkpoint, end: Checkpoint { number: 0, mac: BEGINNING } }
    }

    /// Where it stands.
    #[must_use]
    pub const fn end(&self) -> Checkpoint {
        self.end
    }

    /// The next event of the chain, by number.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn next(&mut self, event: &AuditEvent) -> Result<(), Broken> {
        let broken = |fault, number| Broken { fault, number: Some(number), event: Some(event.id) };
        let number = self.end.number + 1;
        let Some(seal) = &event.seal else { return Err(broken(Fault::Misplaced, number)) };
        if seal.number != number {
            let event = (seal.number < number).then_some(event.id);
            let fault = if event.is_some() { Fault::Misplaced } else { Fault::Missing };
            return Err(Broken { fault, number: Some(number), event });
        }
        check_tag(self.keys, event).map_err(|fault| broken(fault, number))?;
        let key = self.keys.derive_with(&seal.key_id, Purpose::Audit);
        let key = key.ok_or_else(|| broken(Fault::UnknownKey, number))?;
        if !same(&seal_mac(&key, event, number, &self.end.mac), &seal.mac) {
            return Err(broken(Fault::Misplaced, number));
        }
        if self.checkpoint.is_some_and(|known| known.number == number && !same(&known.mac, &seal.mac)) {
            return Err(broken(Fault::Misplaced, number));
        }
        self.end = Checkpoint { number, mac: seal.mac };
        Ok(())
    }

    /// The chain is at its end.
    ///
    /// # Errors
    /// [`Fault::CutOff`] if it should go on.
    pub fn finish(&self, head: Option<&Seal>) -> Result<Checkpoint, Broken> {
        let recorded = head.map_or((0, BEGINNING), |seal| (seal.number, seal.mac));
        let kept = self.checkpoint.map_or(0, |known| known.number);
        if recorded != (self.end.number, self.end.mac) || kept > self.end.number {
            return Err(Broken { fault: Fault::CutOff, number: Some(self.end.number + 1), event: None });
        }
        Ok(self.end)
    }
}

fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    subtle::ConstantTimeEq::ct_eq(one.as_slice(), other.as_slice()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;
    use crate::model::{AuditKind, AuditOutcome};
    use crate::port::OsRandom;

    fn events(keys: &KeyRing, count: usize) -> Vec<AuditEvent> {
        let at = OffsetDateTime::UNIX_EPOCH;
        let org = OrgId::new(&OsRandom, at).unwrap();
        let event = |number: usize| {
            let mut event = AuditEvent {
                id: EventId::new(&OsRandom, at).unwrap(),
                realm: RealmId::DEFAULT,
                org: Some(org),
                kind: AuditKind::MemberAdded,
                outcome: AuditOutcome::Success,
                actor: Actor::System { reason: format!("reason {number}") },
                subject: None,
                address: Some("203.0.113.7".into()),
                detail: json!({ "number": number }),
                salt: [7; 16],
                erased: None,
                tag: EventTag { key_id: String::new(), mac: [0; 32] },
                at,
                seal: None,
            };
            event.tag = tag(keys, &event);
            event
        };
        (0..count).map(event).collect()
    }

    fn sealed(keys: &KeyRing, count: usize) -> (Vec<AuditEvent>, Seal) {
        let mut all = events(keys, count);
        let seals = seal(keys, None, &all);
        for (event, (_, seal)) in all.iter_mut().zip(&seals) {
            event.seal = Some(seal.clone());
        }
        let head = seals.last().unwrap().1.clone();
        (all, head)
    }

    fn follow(
        keys: &KeyRing,
        all: &[AuditEvent],
        head: &Seal,
        known: Option<Checkpoint>,
    ) -> Result<Checkpoint, Broken> {
        let mut follower = Follower::new(keys, known);
        all.iter().try_for_each(|event| follower.next(event))?;
        follower.finish(Some(head))
    }

    #[test]
    fn a_chain_is_whole_until_somebody_touches_it() {
        let keys = KeyRing::generate(&OsRandom).unwrap();
        let (all, head) = sealed(&keys, 5);
        let whole = follow(&keys, &all, &head, None).unwrap();
        assert_eq!(whole.to_string().parse(), Ok(whole));
        for wrong in ["", "5", "5.", ".AAAA", "-1.AAAA", "5.AAAAAAAAAAAAAAAAAAAAAA", &format!("{whole}=")] {
            assert_eq!(wrong.parse::<Checkpoint>(), Err(NoCheckpoint), "{wrong}");
        }
        assert_eq!((whole.number, whole.mac), (5, head.mac));
        assert!(follow(&keys.clone().rotated(&OsRandom).unwrap(), &all, &head, Some(whole)).is_ok());

        let touch = |change: &dyn Fn(&mut Vec<AuditEvent>)| {
            let mut all = all.clone();
            change(&mut all);
            let broken = follow(&keys, &all, &head, None).unwrap_err();
            (broken.fault, broken.number)
        };
        assert_eq!(touch(&|all| all[2].detail = json!({ "number": 9 })), (Fault::Altered, Some(3)));
        assert_eq!(touch(&|all| all[2].address = None), (Fault::Altered, Some(3)));
        assert_eq!(touch(&|all| all[1].outcome = AuditOutcome::Refused), (Fault::Altered, Some(2)));
        assert_eq!(touch(&|all| drop(all.remove(2))), (Fault::Missing, Some(3)));
        assert_eq!(touch(&|all| drop(all.pop())), (Fault::CutOff, Some(5)));
        assert_eq!(
            touch(&|all| {
                let (one, other) = (all[1].seal.clone(), all[3].seal.clone());
                (all[1].seal, all[3].seal) = (other, one);
                all.swap(1, 3);
            }),
            (Fault::Misplaced, Some(2))
        );
        assert_eq!(touch(&|all| all.insert(3, all[2].clone())), (Fault::Misplaced, Some(4)));
        assert_eq!(
            follow(&KeyRing::generate(&OsRandom).unwrap(), &all, &head, None).unwrap_err().fault,
            Fault::UnknownKey
        );
        // The end was cut together with what was recorded beside it: only a checkpoint kept elsewhere shows it.
        let (short, shorter_head) = (&all[..4], all[3].seal.clone().unwrap());
        assert!(follow(&keys, short, &shorter_head, None).is_ok());
        assert_eq!(follow(&keys, short, &shorter_head, Some(whole)).unwrap_err().fault, Fault::CutOff);
    }

    #[test]
    fn an_erased_payload_leaves_the_chain_whole() {
        let keys = KeyRing::generate(&OsRandom).unwrap();
        let (mut all, head) = sealed(&keys, 3);
        let kept = commitment(&keys.derive(Purpose::Audit), &all[1]);
        (all[1].erased, all[1].address, all[1].detail, all[1].salt) = (Some(kept), None, json!({}), [0; 16]);
        all[1].actor = Actor::System { reason: String::new() };
        assert!(follow(&keys, &all, &head, None).is_ok());
        all[1].erased = Some([1; 32]);
        assert_eq!(follow(&keys, &all, &head, None).unwrap_err().fault, Fault::Altered);
    }

    #[test]
    fn what_the_application_did_not_write_is_found() {
        let keys = KeyRing::generate(&OsRandom).unwrap();
        let mut all = events(&keys, 3);
        all[1].kind = AuditKind::MemberRemoved;
        let seals = seal(&keys, None, &all);
        for (event, (_, seal)) in all.iter_mut().zip(&seals) {
            event.seal = Some(seal.clone());
        }
        let broken = follow(&keys, &all, &seals[2].1, None).unwrap_err();
        assert_eq!((broken.fault, broken.number, broken.event), (Fault::Altered, Some(2), Some(all[1].id)));
    }
}
