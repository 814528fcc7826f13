//! Writes of audit events and their seals, of the change sequence and of the key-check value.

use sqlx::query;
use usermgmt_core::id::{EventId, OrgId, RealmId};
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::{Actor, AuditEvent, Seal, Subject};
use usermgmt_core::store::{Result, StoreError, UniqueKey};

use super::super::APPEND_CHANGE;
use super::super::cells::Cells;
use super::Apply;
use crate::error::{CONFLICT, duplicate};
use crate::value::{chain, int, json, maybe_text, micros, text};

impl Apply<'_> {
    pub(super) async fn put_event(&mut self, event: &AuditEvent) -> Result<()> {
        let (actor, user, session, reason) = match &event.actor {
            Actor::Anonymous => ("anonymous", None, None, None),
            Actor::User { user, session } => ("user", Some(*user), *session, None),
            Actor::System { reason } => ("system", None, None, Some(reason)),
        };
        let insert = query(
            "INSERT INTO usermgmt_audit (chain, id, realm, org_id, kind, outcome, actor, actor_user_id, \
             actor_session_id, actor_reason, subject_id, address, detail, salt, erased, key_id, tag, happened_at, \
             seal_number, seal_key_id, seal_mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
             $15, $16, $17, $18, $19, $20, $21) ON CONFLICT (chain, id) DO NOTHING",
        )
        .bind(chain(event.realm, event.org))
        .bind(event.id.to_string())
        .bind(event.realm.to_string())
        .bind(event.org.map(|org| org.to_string()))
        .bind(event.kind.as_str())
        .bind(event.outcome.as_str())
        .bind(actor)
        .bind(user.map(|user| user.to_string()))
        .bind(session.map(|session| session.to_string()))
        .bind(maybe_text(reason)?)
        .bind(event.subject.map(|subject| subject.to_string()))
        .bind(maybe_text(event.address.as_ref())?)
        .bind(json(&event.detail)?)
        .bind(event.salt.as_slice())
        .bind(event.erased.as_ref().map(<[u8; 32]>::as_slice))
        .bind(text(&event.tag.key_id)?)
        .bind(event.tag.mac.as_slice())
        .bind(micros(event.at))
        .bind(event.seal.as_ref().map(|seal| int(seal.number)))
        .bind(maybe_text(event.seal.as_ref().map(|seal| &seal.key_id))?)
        .bind(event.seal.as_ref().map(|seal| seal.mac.as_slice()));
        self.one(insert, duplicate(UniqueKey::Id)).await
    }

    pub(super) async fn erase_event(
        &mut self,
        realm: RealmId,
        org: Option<OrgId>,
        id: EventId,
        commitment: [u8; 32],
    ) -> Result<()> {
        // What the system does has a reason, also where that is erased: else the row would make no sense.
        let update = query(
            "UPDATE usermgmt_audit SET address = NULL, detail = '{}', salt = $4, erased = $5, \
             actor_reason = CASE WHEN actor_reason IS NULL THEN NULL ELSE '' END \
             WHERE chain = $1 AND id = $2 AND realm = $3 AND erased IS NULL",
        )
        .bind(chain(realm, org))
        .bind(id.to_string())
        .bind(realm.to_string())
        .bind([0_u8; 16].as_slice())
        .bind(commitment.to_vec());
        self.one(update, CONFLICT).await
    }

    /// Moves the end of the chain first, so that a second sealer waits there and then goes no further.
    pub(super) async fn seal_events(
        &mut self,
        realm: RealmId,
        org: Option<OrgId>,
        from: u64,
        seals: &[(EventId, Seal)],
    ) -> Result<()> {
        let (chain, realm) = (chain(realm, org), realm.to_string());
        let Some((_, last)) = seals.last() else {
            return self.ends_at(chain, realm, from).await;
        };
        let head = query(if from == 0 {
            "INSERT INTO usermgmt_audit_head (chain, realm, number, key_id, mac) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (chain) DO NOTHING"
        } else {
            "UPDATE usermgmt_audit_head SET number = $3, key_id = $4, mac = $5 \
             WHERE chain = $1 AND realm = $2 AND number = $6"
        })
        .bind(chain.clone())
        .bind(realm.clone())
        .bind(int(last.number))
        .bind(text(&last.key_id)?)
        .bind(last.mac.as_slice());
        self.one(if from == 0 { head } else { head.bind(int(from)) }, CONFLICT).await?;
        for (id, seal) in seals {
            let update = query(
                "UPDATE usermgmt_audit SET seal_number = $4, seal_key_id = $5, seal_mac = $6 \
                 WHERE chain = $1 AND id = $2 AND realm = $3 AND seal_number IS NULL",
            )
            .bind(chain.clone())
            .bind(id.to_string())
            .bind(realm.clone())
            .bind(int(seal.number))
            .bind(text(&seal.key_id)?)
            .bind(seal.mac.as_slice());
            self.one(update, CONFLICT).await?;
        }
        Ok(())
    }

    /// Whether the chain still has the end that was read.
    async fn ends_at(&mut self, chain: String, realm: String, number: u64) -> Result<()> {
        let read = query("SELECT number FROM usermgmt_audit_head WHERE chain = $1 AND realm = $2");
        let row = self.wire.row(read.bind(chain).bind(realm)).await?;
        let present = row.map_or(Ok(0), |row| {
            let mut cells = Cells::new(&row);
            cells.of("usermgmt_audit_head");
            cells.number("number")
        })?;
        if number == present { Ok(()) } else { Err(StoreError::new(CONFLICT)) }
    }

    pub(super) async fn append(&mut self, subject: Subject) -> Result<()> {
        let (user, session, org) = match subject {
            Subject::User(user) => (Some(user), None, None),
            Subject::Session(session) => (None, Some(session), None),
            Subject::Org(org) => (None, None, Some(org)),
            Subject::Member(org, user) => (Some(user), None, Some(org)),
        };
        let insert = query(APPEND_CHANGE)
            .bind(user.map(|user| user.to_string()))
            .bind(session.map(|session| session.to_string()))
            .bind(org.map(|org| org.to_string()))
            .bind(self.now);
        self.any(insert).await.map(drop)
    }

    pub(super) async fn put_key_check(&mut self, check: &KeyCheck) -> Result<()> {
        let insert = query(
            "INSERT INTO usermgmt_key_check (only_row, key_id, tag) VALUES (1, $1, $2) \
             ON CONFLICT (only_row) DO NOTHING",
        );
        let insert = insert.bind(text(&check.key_id)?).bind(check.tag.as_slice());
        self.one(insert, duplicate(UniqueKey::KeyCheck)).await
    }

    pub(super) async fn move_key_check(&mut self, from: &str, to: &KeyCheck) -> Result<()> {
        let update = query("UPDATE usermgmt_key_check SET key_id = $1, tag = $2 WHERE key_id = $3");
        let update = update.bind(text(&to.key_id)?).bind(to.tag.as_slice()).bind(text(from)?);
        self.one(update, CONFLICT).await
    }
}
