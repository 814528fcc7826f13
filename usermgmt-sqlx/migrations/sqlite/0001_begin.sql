-- usermgmt, first schema, for SQLite. The PostgreSQL file has the same tables and columns.
--
-- How to read the columns:
--   …_at            time in microseconds since 1970-01-01 UTC (datetime(x_at / 1000000, 'unixepoch') prints it)
--   …_micros        duration in microseconds
--   …_id, realm     ids in their prefixed text form: usr_…, org_…, ses_…, rlm_…
--   digest, browser SHA-256 of a bearer secret; the secret itself is nowhere stored
--   version         how often the row was written; a write names the version it was made from
-- Your tables may reference usermgmt_user (id) and usermgmt_org (id).
-- Keys lead with the user or the organisation as in the PostgreSQL file, which says why.
-- Tables whose rows are found by their key alone are WITHOUT ROWID: one search instead of two.

-- A person (or a machine) with an account.
CREATE TABLE usermgmt_user (
    id         TEXT    NOT NULL PRIMARY KEY,
    realm      TEXT    NOT NULL, -- space in which this user's identifiers are unique
    name       TEXT    NOT NULL,
    locale     TEXT,             -- BCP 47 tag
    status     TEXT    NOT NULL, -- active, inactive, suspended
    kind       TEXT    NOT NULL, -- user, admin, guest
    factors    TEXT    NOT NULL, -- kinds of the factors besides the password, separated by spaces
    auth_epoch INTEGER NOT NULL, -- moves when everything this user is signed in with must end
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Serves the users of a realm.
CREATE INDEX usermgmt_user_realm ON usermgmt_user (realm, id);

-- A name by which a user is found. The key serves sign-in.
CREATE TABLE usermgmt_identifier (
    realm             TEXT    NOT NULL,
    kind              TEXT    NOT NULL, -- email
    canonical         TEXT    NOT NULL, -- the form that identity is decided by
    display           TEXT    NOT NULL, -- the form to show
    canonical_version INTEGER NOT NULL, -- version of the canonicalisation that made `canonical`
    user_id           TEXT    NOT NULL REFERENCES usermgmt_user (id),
    is_primary        INTEGER NOT NULL, -- 1 for the one of its kind that mails and pages use
    verified_at       INTEGER,          -- NULL while nobody has proven to own it
    undeliverable_at  INTEGER,          -- since when mail to it comes back; NULL while it arrives
    created_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    PRIMARY KEY (realm, kind, canonical)
) STRICT, WITHOUT ROWID;
-- Serves the identifiers of a user, in their order, and the primary address in the session check.
CREATE INDEX usermgmt_identifier_user ON usermgmt_identifier (user_id, kind, canonical, is_primary, display);

-- The password of a user.
CREATE TABLE usermgmt_password (
    user_id               TEXT    NOT NULL PRIMARY KEY REFERENCES usermgmt_user (id),
    hash                  TEXT    NOT NULL, -- slow hash in PHC string form
    unproven_browser      BLOB,             -- browser that set it while the address is not proven; NULL once it is
    unproven_organization TEXT,             -- organisation to make with the proof
    previous              TEXT    NOT NULL, -- JSON array of earlier hashes, the latest first
    must_change           INTEGER NOT NULL, -- 1 if the next sign-in leads to a new password
    changed_at            INTEGER NOT NULL,
    version               INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Facts about a user that decide nothing.
CREATE TABLE usermgmt_profile (
    user_id   TEXT    NOT NULL PRIMARY KEY REFERENCES usermgmt_user (id),
    origin    TEXT    NOT NULL, -- sign_up, application, admin
    picture   TEXT,             -- https URL
    contact   TEXT,             -- how to reach the person otherwise; not proven
    time_zone TEXT,             -- IANA name
    public    TEXT    NOT NULL, -- JSON object: metadata that everybody sees who sees the user
    private   TEXT    NOT NULL, -- JSON object: metadata that no client sees
    own       TEXT    NOT NULL, -- JSON object: metadata that the user writes
    version   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A tenant. The anchor row of what must hold over its memberships.
CREATE TABLE usermgmt_org (
    id             TEXT    NOT NULL PRIMARY KEY,
    realm          TEXT    NOT NULL,
    slug           TEXT    NOT NULL, -- name in addresses; unique by usermgmt_slug
    name           TEXT    NOT NULL,
    status         TEXT    NOT NULL, -- active, suspended, deleted
    deleted_at     INTEGER,          -- when it was deleted, if it is
    owners         INTEGER NOT NULL, -- active memberships with the role owner
    members        INTEGER NOT NULL, -- active memberships
    seats          INTEGER,          -- active memberships that there may be; NULL for any number
    roles          TEXT    NOT NULL, -- JSON array: the roles that it has made
    policy         TEXT    NOT NULL, -- JSON: what it demands of sessions that enter it
    rights_version INTEGER NOT NULL, -- moves when the rights of all members may have changed
    policy_epoch   INTEGER NOT NULL, -- moves when the policy changes
    created_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Serves the organisations of a realm.
CREATE INDEX usermgmt_org_realm ON usermgmt_org (realm, id);

-- The name of an organisation in addresses. A table of its own, because slugs are unique across organisations. The key
-- serves the organisation with a slug, also among the deleted ones.
CREATE TABLE usermgmt_slug (
    realm  TEXT NOT NULL,
    slug   TEXT NOT NULL,
    org_id TEXT NOT NULL REFERENCES usermgmt_org (id),
    PRIMARY KEY (realm, slug)
) STRICT, WITHOUT ROWID;
-- Serves renaming.
CREATE UNIQUE INDEX usermgmt_slug_org ON usermgmt_slug (org_id);

-- Facts about an organisation that decide nothing.
CREATE TABLE usermgmt_org_profile (
    org_id   TEXT    NOT NULL PRIMARY KEY REFERENCES usermgmt_org (id),
    public   TEXT    NOT NULL, -- JSON object: metadata that every member sees
    private  TEXT    NOT NULL, -- JSON object: metadata that no client sees
    settings TEXT    NOT NULL, -- JSON object: settings that its administrators write
    version  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A user in an organisation. The key serves one membership and the members of an organisation.
CREATE TABLE usermgmt_membership (
    org_id         TEXT    NOT NULL REFERENCES usermgmt_org (id),
    user_id        TEXT    NOT NULL REFERENCES usermgmt_user (id),
    roles          TEXT    NOT NULL, -- JSON array of role keys
    status         TEXT    NOT NULL, -- active, suspended
    rights_version INTEGER NOT NULL, -- moves when this member's rights change
    created_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    PRIMARY KEY (org_id, user_id)
) STRICT, WITHOUT ROWID;
-- Serves the organisations of a user.
CREATE INDEX usermgmt_membership_user ON usermgmt_membership (user_id, org_id);

-- A mailed link with its code; single use. Link and code are derived from the id.
CREATE TABLE usermgmt_token (
    user_id         TEXT    NOT NULL REFERENCES usermgmt_user (id),
    id              TEXT    NOT NULL,
    realm           TEXT    NOT NULL,
    kind            TEXT    NOT NULL, -- verify_email, reset_password, approve_email, add_email, secure_account, sign_in
    digest          BLOB    NOT NULL, -- of the link's secret
    key_id          TEXT    NOT NULL, -- root key that link and code are derived under
    browser         BLOB,             -- browser that asked for it; the code works only there
    canonical       TEXT    NOT NULL, -- address that it proves, adds or brings back
    display         TEXT    NOT NULL, -- the same as typed
    label           TEXT,             -- what the device that asked for it calls itself
    replaces_primary INTEGER NOT NULL, -- 1 if the address takes the place of the primary one
    tries_left      INTEGER NOT NULL, -- wrong codes still allowed
    code_expires_at INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    consumed_at     INTEGER,          -- when it was used or revoked
    created_at      INTEGER NOT NULL,
    spent_at        INTEGER NOT NULL  -- when it was or will be over
        GENERATED ALWAYS AS (CASE WHEN consumed_at < expires_at THEN consumed_at ELSE expires_at END) STORED,
    PRIMARY KEY (user_id, id)
) STRICT;
-- Serves the link.
CREATE INDEX usermgmt_token_digest ON usermgmt_token (digest);
-- Serves the code: the newest token that a browser asked for.
CREATE INDEX usermgmt_token_browser ON usermgmt_token (browser, kind, id) WHERE browser IS NOT NULL;
-- Serves revoking what is live.
CREATE INDEX usermgmt_token_live ON usermgmt_token (user_id, kind) WHERE consumed_at IS NULL;
-- Serves the sweep.
CREATE INDEX usermgmt_token_spent ON usermgmt_token (spent_at);

-- A sign-in after its first proof and before its last.
CREATE TABLE usermgmt_attempt (
    user_id     TEXT    NOT NULL REFERENCES usermgmt_user (id),
    id          TEXT    NOT NULL,
    realm       TEXT    NOT NULL,
    purpose     TEXT    NOT NULL, -- sign_in
    digest      BLOB    NOT NULL, -- of the secret in the attempt's cookie
    browser     BLOB    NOT NULL, -- browser it began in
    proofs      TEXT    NOT NULL, -- JSON: what was proven so far
    canonical   TEXT    NOT NULL, -- address that was used to sign in
    org_id      TEXT    REFERENCES usermgmt_org (id),
    persistent  INTEGER NOT NULL, -- 1 if the person asked to be remembered
    auth_epoch  INTEGER NOT NULL, -- the user's when it began
    consumed_at INTEGER,          -- when it was completed
    expires_at  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    spent_at    INTEGER NOT NULL  -- when it was or will be over
        GENERATED ALWAYS AS (CASE WHEN consumed_at < expires_at THEN consumed_at ELSE expires_at END) STORED,
    PRIMARY KEY (user_id, id)
) STRICT;
-- Serves the attempt's cookie.
CREATE INDEX usermgmt_attempt_digest ON usermgmt_attempt (digest);
-- Serves the sweep.
CREATE INDEX usermgmt_attempt_spent ON usermgmt_attempt (spent_at);

-- A signed-in user on one device. The key serves the sessions of a user, newest first.
CREATE TABLE usermgmt_session (
    user_id     TEXT    NOT NULL REFERENCES usermgmt_user (id),
    id          TEXT    NOT NULL,
    realm       TEXT    NOT NULL,
    digest      BLOB    NOT NULL,                     -- of the secret in the session's cookie
    org_id      TEXT    REFERENCES usermgmt_org (id), -- organisation it acts in
    proofs      TEXT    NOT NULL,                     -- JSON: what was proven
    auth_epoch  INTEGER NOT NULL,                     -- the user's when it was made; dead once that is newer
    persistent  INTEGER NOT NULL,                     -- 1 if the cookie outlives the browser
    idle_micros INTEGER NOT NULL,                     -- ends after this long without activity
    expires_at  INTEGER NOT NULL,                     -- ends then, whatever happens
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,                     -- last activity
    ended_at    INTEGER,                              -- when it was ended before its time
    label       TEXT,                                 -- what the device calls itself
    address     TEXT,                                 -- where it was made from
    refresh_generation INTEGER, -- number of the refresh token that is good, if such tokens carry it
    refreshed_at       INTEGER, -- when that became so
    spent_at    INTEGER NOT NULL                      -- when it was or will be over
        GENERATED ALWAYS AS (CASE WHEN ended_at < expires_at THEN ended_at ELSE expires_at END) STORED,
    PRIMARY KEY (user_id, id)
) STRICT;
-- Serves the session check.
CREATE INDEX usermgmt_session_digest ON usermgmt_session (digest);
-- Serves the sweep.
CREATE INDEX usermgmt_session_spent ON usermgmt_session (spent_at);

-- A key by which a program calls. The key serves the keys of an owner, newest first, and every write.
CREATE TABLE usermgmt_api_key (
    owner_id   TEXT    NOT NULL, -- user or organisation that it belongs to
    id         TEXT    NOT NULL,
    realm      TEXT    NOT NULL,
    user_id    TEXT    REFERENCES usermgmt_user (id), -- the owner, if a user
    org_id     TEXT    REFERENCES usermgmt_org (id),  -- organisation it acts in; the owner, if one
    name       TEXT    NOT NULL,
    digest     BLOB    NOT NULL, -- of the secret
    beginning  TEXT    NOT NULL, -- how the secret begins, for people
    scopes     TEXT    NOT NULL, -- JSON array of rights
    made_by    TEXT,             -- user who made it
    created_at INTEGER NOT NULL,
    expires_at INTEGER,          -- when it ends or was ended
    used_at    INTEGER,          -- last use
    PRIMARY KEY (owner_id, id)
) STRICT, WITHOUT ROWID;
-- Serves the check. Not unique: 256 random bits do not meet, and a table that is split by owner could not promise it.
CREATE INDEX usermgmt_api_key_digest ON usermgmt_api_key (digest);
-- Serves the keys that act in an organisation, newest first.
CREATE INDEX usermgmt_api_key_org ON usermgmt_api_key (org_id, id);
-- Serves the sweep.
CREATE INDEX usermgmt_api_key_expires ON usermgmt_api_key (expires_at);

-- What a person proves who they are with, besides the password. The key serves the factors of a user.
CREATE TABLE usermgmt_factor (
    user_id      TEXT    NOT NULL REFERENCES usermgmt_user (id),
    id           TEXT    NOT NULL,
    realm        TEXT    NOT NULL,
    kind         TEXT    NOT NULL, -- totp, recovery_codes, passkey, trusted_device; the same as in `data`, for people
    name         TEXT    NOT NULL, -- what its owner calls it
    credential   BLOB,             -- digest of the id by which an authenticator presents it
    data         TEXT    NOT NULL, -- JSON: what is kept of it; secrets are sealed under the root key
    confirmed_at INTEGER,          -- NULL while its enrolment is not complete
    used_at      INTEGER,          -- last use
    expires_at   INTEGER,          -- when it ends by itself
    created_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) STRICT;
-- Serves the sweep.
CREATE INDEX usermgmt_factor_expires ON usermgmt_factor (expires_at) WHERE expires_at IS NOT NULL;

-- By which factor an authenticator is known that does not say whose it is. A table of its own, because credentials are
-- unique across users. The key serves that sign-in.
CREATE TABLE usermgmt_credential (
    realm      TEXT NOT NULL,
    credential BLOB NOT NULL,
    user_id    TEXT NOT NULL REFERENCES usermgmt_user (id),
    factor_id  TEXT NOT NULL,
    PRIMARY KEY (realm, credential)
) STRICT, WITHOUT ROWID;

-- Work that a commit promised.
CREATE TABLE usermgmt_outbox (
    id           TEXT    NOT NULL PRIMARY KEY, -- idempotency id of what it leads to
    realm        TEXT    NOT NULL,
    kind         TEXT    NOT NULL,             -- such as address_request or mail; the same as in `job`, for people
    job          TEXT    NOT NULL,             -- JSON: what to do
    due_at       INTEGER NOT NULL,             -- not before then
    tries        INTEGER NOT NULL,
    lease_worker TEXT,                         -- who works on it …
    lease_until  INTEGER,                      -- … until when
    dead_at      INTEGER,                      -- when it was given up
    created_at   INTEGER NOT NULL
) STRICT;
-- Serves leasing and what still has to happen, oldest first.
CREATE INDEX usermgmt_outbox_pending ON usermgmt_outbox (realm, id) WHERE dead_at IS NULL;

-- Who did what, when, from where, and how it ended. References nothing: it outlives what it tells of.
-- The key serves the events of an organisation, or of a realm outside any organisation.
CREATE TABLE usermgmt_audit (
    chain            TEXT    NOT NULL, -- the organisation's id; the realm's where there is none
    id               TEXT    NOT NULL,
    realm            TEXT    NOT NULL,
    org_id           TEXT,
    kind             TEXT    NOT NULL, -- such as session.started
    outcome          TEXT    NOT NULL, -- success, refused
    actor            TEXT    NOT NULL, -- anonymous, user, system
    actor_user_id    TEXT,
    actor_session_id TEXT,
    actor_reason     TEXT,             -- why the system did it; empty once erased
    subject_id       TEXT,             -- to which user, if another than the actor
    address          TEXT,             -- from where
    detail           TEXT    NOT NULL, -- JSON: further facts
    salt             BLOB    NOT NULL, -- of the payload's commitment; zeros once erased
    erased           BLOB,             -- the payload's commitment, once address, reason and detail were erased
    key_id           TEXT    NOT NULL, -- root key that the tag was made under
    tag              BLOB    NOT NULL, -- MAC that tells a row of the application from any other
    happened_at      INTEGER NOT NULL,
    seal_number      INTEGER,          -- place in the chain, from 1; NULL until sealed
    seal_key_id      TEXT,             -- root key that the seal was made under
    seal_mac         BLOB,             -- MAC over the tag and the seal before
    PRIMARY KEY (chain, id)
) STRICT;
-- Serves following a chain. No two events have one place.
CREATE UNIQUE INDEX usermgmt_audit_seal ON usermgmt_audit (chain, seal_number) WHERE seal_number IS NOT NULL;
-- Serves sealing what is not sealed yet.
CREATE INDEX usermgmt_audit_open ON usermgmt_audit (realm, chain, id) WHERE seal_number IS NULL;

-- Where each chain of sealed events ends, so that a loss of its last events shows.
CREATE TABLE usermgmt_audit_head (
    chain  TEXT    NOT NULL PRIMARY KEY, -- as in usermgmt_audit
    realm  TEXT    NOT NULL,
    number INTEGER NOT NULL, -- of the last seal
    key_id TEXT    NOT NULL, -- root key that it was made under
    mac    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose standing has changed: what caches must forget. Exactly one of four shapes:
-- user_id, session_id, org_id, or org_id with user_id for one member. The key serves reading on.
CREATE TABLE usermgmt_change (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- never given twice, also after a sweep
    user_id    TEXT,
    session_id TEXT,
    org_id     TEXT,
    changed_at INTEGER NOT NULL
) STRICT;
-- Serves the sweep.
CREATE INDEX usermgmt_change_changed ON usermgmt_change (changed_at);

-- What was committed: whoever does not know how a commit ended asks here. The key serves that.
CREATE TABLE usermgmt_commit (
    id           TEXT    NOT NULL PRIMARY KEY,
    committed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Serves the sweep.
CREATE INDEX usermgmt_commit_committed ON usermgmt_commit (committed_at);

-- By what this database recognises its root key. One row at most.
CREATE TABLE usermgmt_key_check (
    only_row INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    key_id   TEXT    NOT NULL,
    tag      BLOB    NOT NULL
) STRICT;

-- Keys that sign access tokens.
CREATE TABLE usermgmt_signing_key (
    realm      TEXT    NOT NULL,
    number     INTEGER NOT NULL, -- from 1
    kid        TEXT    NOT NULL, -- thumbprint (RFC 7638)
    key_id     TEXT    NOT NULL, -- root key that the private key is sealed under
    private    BLOB    NOT NULL, -- sealed
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL, -- published before
    PRIMARY KEY (realm, number)
) STRICT, WITHOUT ROWID;

-- Counters of limits. Keys are MACs, so that they name nobody. The key serves charging.
CREATE TABLE usermgmt_throttle (
    key     BLOB    NOT NULL PRIMARY KEY,
    used    INTEGER NOT NULL,
    ends_at INTEGER NOT NULL -- when the window ends
) STRICT, WITHOUT ROWID;
-- Serves the sweep.
CREATE INDEX usermgmt_throttle_ends ON usermgmt_throttle (ends_at);
