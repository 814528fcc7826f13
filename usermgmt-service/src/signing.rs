//! The keys that sign access tokens: made, published before they sign, kept for as long as what they signed can live.

use std::sync::{Arc, PoisonError, RwLock};

use time::{Duration, OffsetDateTime};
use usermgmt_core::error::{Error, Unavailable};
use usermgmt_core::keys::Purpose;
use usermgmt_core::limits::{SIGNING_KEY_LIFE, SIGNING_KEY_NOTICE, SIGNING_KEY_OVERLAP, SIGNING_KEYS_REREAD};
use usermgmt_core::model::{Actor, AuditKind, SigningKey as Row};
use usermgmt_core::store::{StoreErrorKind, Write};
use usermgmt_jwt::{Algorithm, Jwks, PrivateKey, SigningKey};

use crate::UserMgmt;
use crate::client::Client;
use crate::metrics;

/// Several processes may make the next key at once; the second time round it is there.
const TRIES: u32 = 3;

/// Least time between two looks that unknown keys give rise to: whoever invents keys does not flood the store.
const LOOK_AGAIN: Duration = Duration::seconds(5);

/// The keys as they were read.
pub(crate) struct Keys {
    rows: Vec<(Row, SigningKey)>,
    /// Every key that is published.
    pub(crate) published: Arc<Jwks>,
    read_at: OffsetDateTime,
    /// The number that was given last, readable or not.
    last: u32,
    /// The last of those that are long over.
    done: Option<u32>,
}

impl Keys {
    /// The key that signs now: the newest whose time has come.
    pub(crate) fn signer(&self, now: OffsetDateTime) -> Option<&SigningKey> {
        let begun = self.rows.iter().rev().find(|(row, _)| row.signs_from <= now);
        begun.or_else(|| self.rows.first()).map(|(_, key)| key)
    }

    /// Whether they were read so long ago that it is worth looking whether somebody else has made a new one.
    pub(crate) fn may_be_outdated(&self, now: OffsetDateTime) -> bool {
        (now - self.read_at).abs() >= LOOK_AGAIN
    }

    /// Whether the next key must be made: there is none, the newest has signed long enough, or the application has
    /// chosen another algorithm.
    fn are_due(&self, algorithm: Algorithm, now: OffsetDateTime) -> bool {
        self.rows.last().is_none_or(|(row, key)| {
            row.signs_from + SIGNING_KEY_LIFE <= now + SIGNING_KEY_NOTICE || key.algorithm() != algorithm
        })
    }

    fn is_fresh(&self, now: OffsetDateTime) -> bool {
        let age = now - self.read_at;
        !age.is_negative() && age < SIGNING_KEYS_REREAD
    }
}

/// The keys of one process.
#[derive(Default)]
pub(crate) struct KeyStand(RwLock<Option<Arc<Keys>>>);

impl KeyStand {
    fn get(&self) -> Option<Arc<Keys>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, keys: Option<Arc<Keys>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

/// What a key is sealed for: it opens in its place only.
fn place(realm: &str, number: u32, kid: &str) -> [String; 3] {
    [realm.to_owned(), number.to_string(), kid.to_owned()]
}

impl UserMgmt {
    /// The keys, read a moment ago at most. Changes nothing: a safe request may ask.
    pub(crate) async fn signing_keys(&self) -> Result<Arc<Keys>, Error> {
        let now = self.now();
        match self.0.key_stand.get().filter(|keys| keys.is_fresh(now)) {
            Some(keys) => Ok(keys),
            None => self.read_signing_keys().await,
        }
    }

    /// Reads the keys as they are.
    pub(crate) async fn read_signing_keys(&self) -> Result<Arc<Keys>, Error> {
        let now = self.now();
        let rows = self.store().signing_keys(self.realm()).await?;
        let last = rows.last().map_or(0, |row| row.number);
        let rows: Vec<_> = rows.into_iter().filter_map(|row| self.opened(row)).collect();
        let successors = rows.windows(2).filter_map(|pair| pair.last().map(|(next, _)| next.signs_from));
        let over = successors.take_while(|next| *next + SIGNING_KEY_OVERLAP <= now).count();
        let done = rows.iter().take(over).next_back().map(|(row, _)| row.number);
        let rows: Vec<_> = rows.into_iter().skip(over).collect();
        let published = Jwks::new(rows.iter().map(|(_, key)| key.public())).map_err(Unavailable::because)?;
        let keys = Arc::new(Keys { rows, published: Arc::new(published), read_at: now, last, done });
        self.0.key_stand.put(Some(keys.clone()));
        Ok(keys)
    }

    /// The keys, once it is seen to that there is one, in good time the next one, and none that is long over.
    pub(crate) async fn tended_signing_keys(&self, algorithm: Algorithm) -> Result<Arc<Keys>, Error> {
        let mut keys = self.signing_keys().await?;
        for _ in 0..TRIES {
            let now = self.now();
            if !keys.are_due(algorithm, now) {
                let Some(done) = keys.done else { return Ok(keys) };
                self.forget_signing_keys(done).await?;
                return self.read_signing_keys().await;
            }
            // What was read a while ago may not show what another process has done since.
            keys = self.read_signing_keys().await?;
            if keys.are_due(algorithm, now) {
                // Where nobody can know another key yet, nobody has to be told first.
                let signs_from = if keys.rows.is_empty() { now } else { now + SIGNING_KEY_NOTICE };
                self.make_signing_key(algorithm, keys.last.saturating_add(1), signs_from).await?;
                keys = self.read_signing_keys().await?;
            }
        }
        Err(Unavailable::because("no signing key could be agreed on").into())
    }

    /// A stored key; nothing if it cannot be opened any more: what it signed dies with the root key.
    fn opened(&self, row: Row) -> Option<(Row, SigningKey)> {
        let place = place(&row.realm.to_string(), row.number, &row.kid);
        let place = place.each_ref().map(String::as_str);
        let opened = self.keys().open(Purpose::SigningKey, &place, &row.private);
        let key = opened.map_err(|error| error.to_string()).and_then(|der| {
            let der = PrivateKey::from_pkcs8(der.to_vec());
            let found = Algorithm::ALL.into_iter().find_map(|algorithm| SigningKey::import(algorithm, &der).ok());
            found.ok_or_else(|| "not a key of a known algorithm".to_owned())
        });
        match key {
            Ok(key) if key.key_id() == row.kid => Some((row, key)),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(kid = row.kid, error, "a signing key cannot be opened: what it has signed is refused");
                None
            }
        }
    }

    async fn make_signing_key(
        &self,
        algorithm: Algorithm,
        number: u32,
        signs_from: OffsetDateTime,
    ) -> Result<(), Error> {
        let key = SigningKey::generate(algorithm).map_err(Unavailable::because)?;
        let der = key.export().map_err(Unavailable::because)?;
        let place = place(&self.realm().to_string(), number, key.key_id());
        let place = place.each_ref().map(String::as_str);
        let private = self.keys().seal(Purpose::SigningKey, &place, der.expose(), self.random());
        let client = Client::default();
        let flow = self.flow(&client);
        let row = Row {
            realm: self.realm(),
            number,
            kid: key.key_id().to_owned(),
            private: private.map_err(Unavailable::because)?,
            created_at: flow.now,
            signs_from,
        };
        match self.commit_raw(flow.changes()?.with(Write::PutSigningKey(row))).await {
            Ok(_) => {
                metrics::signing_key_made();
                Ok(())
            }
            // Another process was first.
            Err(error) if matches!(error.kind(), StoreErrorKind::Duplicate(_) | StoreErrorKind::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn forget_signing_keys(&self, up_to: u32) -> Result<(), Error> {
        let client = Client::default();
        let write = Write::DeleteSigningKeys { realm: self.realm(), up_to };
        self.commit_raw(self.flow(&client).changes()?.with(write)).await?;
        Ok(())
    }

    /// Throws all keys away and makes a new one that signs at once.
    pub(crate) async fn replace_signing_keys(&self, algorithm: Algorithm, reason: &str) -> Result<(), Error> {
        let client = Client::default();
        let flow = self.flow(&client);
        let rows = self.store().signing_keys(self.realm()).await?;
        let up_to = rows.last().map_or(0, |row| row.number);
        let event = flow.event(AuditKind::SigningKeysReplaced, Actor::System { reason: reason.to_owned() })?;
        let changes = flow.changes()?.with(Write::DeleteSigningKeys { realm: self.realm(), up_to });
        self.commit_raw(changes.with(flow.record(event))).await?;
        self.0.key_stand.put(None);
        self.tended_signing_keys(algorithm).await.map(drop)
    }
}
