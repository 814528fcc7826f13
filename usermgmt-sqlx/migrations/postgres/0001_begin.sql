-- usermgmt, first schema, for PostgreSQL 13 or newer. The SQLite file has the same tables and columns.
--
-- How to read the columns:
--   …_at            time in microseconds since 1970-01-01 UTC (to_timestamp(x_at / 1e6) prints it)
--   …_micros        duration in microseconds
--   …_id, realm     ids in their prefixed text form: usr_…, org_…, ses_…, rlm_…
--   digest, browser SHA-256 of a bearer secret; the secret itself is nowhere stored
--   version         how often the row was written; a write names the version it was made from
-- Your tables may reference usermgmt_user (id) and usermgmt_org (id).
-- Texts that are compared or ordered are COLLATE "C": byte for byte, whatever the locale of the database is.
-- No schema is named: the tables stand in the first schema of the search_path of whoever migrates.
--
-- How the tables can be split, by PARTITION BY or among servers: every table of users or organisations leads each of
-- its keys with the column named here, and its rows are written and read by it. How to do it: "Splitting the tables"
-- in the manual. No rule of one of these tables spans two users or two organisations.
--   usermgmt_user            by id
--   usermgmt_password        by user_id
--   usermgmt_profile         by user_id
--   usermgmt_token           by user_id
--   usermgmt_attempt         by user_id
--   usermgmt_session         by user_id
--   usermgmt_org             by id
--   usermgmt_org_profile     by org_id
--   usermgmt_membership      by org_id
--   usermgmt_api_key         by owner_id
--   usermgmt_factor          by user_id
--   usermgmt_audit           by chain
--   usermgmt_audit_head      by chain
-- The digests in four of them lead in without the user. They are of 256 random bits, so no two are the same and no
-- unique index, which could not be split, has to say so; nothing would be wrong if two were, as all writes name the
-- user.
--
-- These stay whole. None has a row that many wait for:
--   usermgmt_identifier      names are unique across users; one row for each, written when it changes
--   usermgmt_slug            names are unique across organisations; one row for each, written when it changes
--   usermgmt_credential      credentials are unique across users; one row for each, written once
--   usermgmt_outbox          one row for each job, made and removed; workers pass over the rows that others hold
--   usermgmt_change          one row for each change, never written again; numbers come from a sequence, without a lock
--   usermgmt_commit          one row for each commit, never written again
--   usermgmt_key_check       one row, read when a process starts
--   usermgmt_signing_key     a few rows, written once in weeks and kept by every process
--   usermgmt_throttle        one row for each key and window; may be in Redis instead

-- A person (or a machine) with an account.
CREATE TABLE usermgmt_user (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    realm      TEXT COLLATE "C" NOT NULL, -- space in which this user's identifiers are unique
    name       TEXT             NOT NULL,
    locale     TEXT,                      -- BCP 47 tag
    status     TEXT COLLATE "C" NOT NULL, -- active, inactive, suspended
    kind       TEXT COLLATE "C" NOT NULL, -- user, admin, guest
    factors    TEXT COLLATE "C" NOT NULL, -- kinds of the factors besides the password, separated by spaces
    auth_epoch BIGINT           NOT NULL, -- moves when everything this user is signed in with must end
    created_at BIGINT           NOT NULL,
    version    BIGINT           NOT NULL
);
-- Serves the users of a realm.
CREATE INDEX usermgmt_user_realm ON usermgmt_user (realm, id);

-- A name by which a user is found. The key serves sign-in.
CREATE TABLE usermgmt_identifier (
    realm             TEXT COLLATE "C" NOT NULL,
    kind              TEXT COLLATE "C" NOT NULL, -- email
    canonical         TEXT COLLATE "C" NOT NULL, -- the form that identity is decided by
    display           TEXT             NOT NULL, -- the form to show
    canonical_version BIGINT           NOT NULL, -- version of the canonicalisation that made `canonical`
    user_id           TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_user (id),
    is_primary        BOOLEAN          NOT NULL, -- for the one of its kind that mails and pages use
    verified_at       BIGINT,                    -- NULL while nobody has proven to own it
    undeliverable_at  BIGINT,                    -- since when mail to it comes back; NULL while it arrives
    created_at        BIGINT           NOT NULL,
    version           BIGINT           NOT NULL,
    PRIMARY KEY (realm, kind, canonical)
);
-- Serves the identifiers of a user, in their order, and the primary address in the session check.
CREATE INDEX usermgmt_identifier_user ON usermgmt_identifier (user_id, kind, canonical) INCLUDE (is_primary, display);

-- The password of a user.
CREATE TABLE usermgmt_password (
    user_id               TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES usermgmt_user (id),
    hash                  TEXT             NOT NULL, -- slow hash in PHC string form
    unproven_browser      BYTEA,                     -- browser that set it while the address is not proven; NULL once it is
    unproven_organization TEXT,                      -- organisation to make with the proof
    previous              TEXT             NOT NULL, -- JSON array of earlier hashes, the latest first
    must_change           BOOLEAN          NOT NULL, -- whether the next sign-in leads to a new password
    changed_at            BIGINT           NOT NULL,
    version               BIGINT           NOT NULL
);

-- Facts about a user that decide nothing.
CREATE TABLE usermgmt_profile (
    user_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES usermgmt_user (id),
    origin    TEXT COLLATE "C" NOT NULL, -- sign_up, application, admin
    picture   TEXT,                      -- https URL
    contact   TEXT,                      -- how to reach the person otherwise; not proven
    time_zone TEXT,                      -- IANA name
    public    TEXT             NOT NULL, -- JSON object: metadata that everybody sees who sees the user
    private   TEXT             NOT NULL, -- JSON object: metadata that no client sees
    own       TEXT             NOT NULL, -- JSON object: metadata that the user writes
    version   BIGINT           NOT NULL
);

-- A tenant. The anchor row of what must hold over its memberships.
CREATE TABLE usermgmt_org (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    realm          TEXT COLLATE "C" NOT NULL,
    slug           TEXT COLLATE "C" NOT NULL, -- name in addresses; unique by usermgmt_slug
    name           TEXT             NOT NULL,
    status         TEXT COLLATE "C" NOT NULL, -- active, suspended, deleted
    deleted_at     BIGINT,                    -- when it was deleted, if it is
    owners         BIGINT           NOT NULL, -- active memberships with the role owner
    members        BIGINT           NOT NULL, -- active memberships
    seats          BIGINT,                    -- active memberships that there may be; NULL for any number
    roles          TEXT             NOT NULL, -- JSON array: the roles that it has made
    policy         TEXT             NOT NULL, -- JSON: what it demands of sessions that enter it
    rights_version BIGINT           NOT NULL, -- moves when the rights of all members may have changed
    policy_epoch   BIGINT           NOT NULL, -- moves when the policy changes
    created_at     BIGINT           NOT NULL,
    version        BIGINT           NOT NULL
);
-- Serves the organisations of a realm.
CREATE INDEX usermgmt_org_realm ON usermgmt_org (realm, id);

-- The name of an organisation in addresses. A table of its own, because slugs are unique across organisations. The key
-- serves the organisation with a slug, also among the deleted ones.
CREATE TABLE usermgmt_slug (
    realm  TEXT COLLATE "C" NOT NULL,
    slug   TEXT COLLATE "C" NOT NULL,
    org_id TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_org (id),
    PRIMARY KEY (realm, slug)
);
-- Serves renaming.
CREATE UNIQUE INDEX usermgmt_slug_org ON usermgmt_slug (org_id);

-- Facts about an organisation that decide nothing.
CREATE TABLE usermgmt_org_profile (
    org_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES usermgmt_org (id),
    public   TEXT             NOT NULL, -- JSON object: metadata that every member sees
    private  TEXT             NOT NULL, -- JSON object: metadata that no client sees
    settings TEXT             NOT NULL, -- JSON object: settings that its administrators write
    version  BIGINT           NOT NULL
);

-- A user in an organisation. The key serves one membership and the members of an organisation.
CREATE TABLE usermgmt_membership (
    org_id         TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_org (id),
    user_id        TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_user (id),
    roles          TEXT             NOT NULL, -- JSON array of role keys
    status         TEXT COLLATE "C" NOT NULL, -- active, suspended
    rights_version BIGINT           NOT NULL, -- moves when this member's rights change
    created_at     BIGINT           NOT NULL,
    version        BIGINT           NOT NULL,
    -- A page of members is read from the key alone: members of one organisation lie far apart in a large table.
    PRIMARY KEY (org_id, user_id) INCLUDE (roles, status, rights_version, created_at, version)
);
-- Serves the organisations of a user.
CREATE INDEX usermgmt_membership_user ON usermgmt_membership (user_id, org_id);

-- A mailed link with its code; single use. Link and code are derived from the id.
CREATE TABLE usermgmt_token (
    user_id         TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_user (id),
    id              TEXT COLLATE "C" NOT NULL,
    realm           TEXT COLLATE "C" NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL, -- verify_email, reset_password, approve_email, add_email, secure_account, sign_in
    digest          BYTEA            NOT NULL, -- of the link's secret
    key_id          TEXT             NOT NULL, -- root key that link and code are derived under
    browser         BYTEA,                     -- browser that asked for it; the code works only there
    canonical       TEXT COLLATE "C" NOT NULL, -- address that it proves
    display         TEXT             NOT NULL, -- the same as typed
    label           TEXT,                      -- what the device that asked for it calls itself
    replaces_primary BOOLEAN         NOT NULL, -- whether the address takes the place of the primary one
    tries_left      BIGINT           NOT NULL, -- wrong codes still allowed
    code_expires_at BIGINT           NOT NULL,
    expires_at      BIGINT           NOT NULL,
    consumed_at     BIGINT,                    -- when it was used or revoked
    created_at      BIGINT           NOT NULL,
    spent_at        BIGINT           NOT NULL  -- when it was or will be over
        GENERATED ALWAYS AS (CASE WHEN consumed_at < expires_at THEN consumed_at ELSE expires_at END) STORED,
    PRIMARY KEY (user_id, id)
);
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
    user_id     TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_user (id),
    id          TEXT COLLATE "C" NOT NULL,
    realm       TEXT COLLATE "C" NOT NULL,
    purpose     TEXT COLLATE "C" NOT NULL, -- sign_in
    digest      BYTEA            NOT NULL, -- of the secret in the attempt's cookie
    browser     BYTEA            NOT NULL, -- browser it began in
    proofs      TEXT             NOT NULL, -- JSON: what was proven so far
    canonical   TEXT COLLATE "C" NOT NULL, -- address that was used to sign in
    org_id      TEXT COLLATE "C" REFERENCES usermgmt_org (id),
    persistent  BOOLEAN          NOT NULL, -- whether the person asked to be remembered
    auth_epoch  BIGINT           NOT NULL, -- the user's when it began
    consumed_at BIGINT,                    -- when it was completed
    expires_at  BIGINT           NOT NULL,
    created_at  BIGINT           NOT NULL,
    version     BIGINT           NOT NULL,
    spent_at    BIGINT           NOT NULL  -- when it was or will be over
        GENERATED ALWAYS AS (CASE WHEN consumed_at < expires_at THEN consumed_at ELSE expires_at END) STORED,
    PRIMARY KEY (user_id, id)
);
-- Serves the attempt's cookie.
CREATE INDEX usermgmt_attempt_digest ON usermgmt_attempt (digest);
-- Serves the sweep.
CREATE INDEX usermgmt_attempt_spent ON usermgmt_attempt (spent_at);

-- A signed-in user on one device. The key serves the sessions of a user, newest first.
CREATE TABLE usermgmt_session (
    user_id     TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_user (id),
    id          TEXT COLLATE "C" NOT NULL,
    realm       TEXT COLLATE "C" NOT NULL,
    digest      BYTEA            NOT NULL, -- of the secret in the session's cookie
    org_id      TEXT COLLATE "C" REFERENCES usermgmt_org (id), -- organisation it acts in
    proofs      TEXT             NOT NULL, -- JSON: what was proven
    auth_epoch  BIGINT           NOT NULL, -- the user's when it was made; dead once that is newer
    persistent  BOOLEAN          NOT NULL, -- whether the cookie outlives the browser
    idle_micros BIGINT           NOT NULL, -- ends after this long without activity
    expires_at  BIGINT           NOT NULL, -- ends then, whatever happens
    created_at  BIGINT           NOT NULL,
    seen_at     BIGINT           NOT NULL, -- last activity
    ended_at    BIGINT,                    -- when it was ended before its time
    label       TEXT,                      -- what the device calls itself
    address     TEXT,                      -- where it was made from
    refresh_generation BIGINT, -- number of the refresh token that is good, if such tokens carry it
    refreshed_at       BIGINT, -- when that became so
    spent_at    BIGINT           NOT NULL  -- when it was or will be over
        GENERATED ALWAYS AS (CASE WHEN ended_at < expires_at THEN ended_at ELSE expires_at END) STORED,
    PRIMARY KEY (user_id, id)
);
-- Serves the session check.
CREATE INDEX usermgmt_session_digest ON usermgmt_session (digest);
-- Serves the sweep.
CREATE INDEX usermgmt_session_spent ON usermgmt_session (spent_at);

-- A key by which a program calls. The key serves the keys of an owner, newest first, and every write.
CREATE TABLE usermgmt_api_key (
    owner_id   TEXT COLLATE "C" NOT NULL, -- user or organisation that it belongs to
    id         TEXT COLLATE "C" NOT NULL,
    realm      TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" REFERENCES usermgmt_user (id), -- the owner, if a user
    org_id     TEXT COLLATE "C" REFERENCES usermgmt_org (id),  -- organisation it acts in; the owner, if one
    name       TEXT             NOT NULL,
    digest     BYTEA            NOT NULL, -- of the secret
    beginning  TEXT COLLATE "C" NOT NULL, -- how the secret begins, for people
    scopes     TEXT             NOT NULL, -- JSON array of rights
    made_by    TEXT COLLATE "C",          -- user who made it
    created_at BIGINT           NOT NULL,
    expires_at BIGINT,                    -- when it ends or was ended
    used_at    BIGINT,                    -- last use
    PRIMARY KEY (owner_id, id)
);
-- Serves the check. Not unique: 256 random bits do not meet, and a table that is split by owner could not promise it.
CREATE INDEX usermgmt_api_key_digest ON usermgmt_api_key (digest);
-- Serves the keys that act in an organisation, newest first.
CREATE INDEX usermgmt_api_key_org ON usermgmt_api_key (org_id, id);
-- Serves the sweep.
CREATE INDEX usermgmt_api_key_expires ON usermgmt_api_key (expires_at);

-- What a person proves who they are with, besides the password. The key serves the factors of a user.
CREATE TABLE usermgmt_factor (
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_user (id),
    id           TEXT COLLATE "C" NOT NULL,
    realm        TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL, -- totp, recovery_codes, passkey, trusted_device; the same as in `data`, for people
    name         TEXT             NOT NULL, -- what its owner calls it
    credential   BYTEA,                     -- digest of the id by which an authenticator presents it
    data         TEXT             NOT NULL, -- JSON: what is kept of it; secrets are sealed under the root key
    confirmed_at BIGINT,                    -- NULL while its enrolment is not complete
    used_at      BIGINT,                    -- last use
    expires_at   BIGINT,                    -- when it ends by itself
    created_at   BIGINT           NOT NULL,
    version      BIGINT           NOT NULL,
    PRIMARY KEY (user_id, id)
);
-- Serves the sweep.
CREATE INDEX usermgmt_factor_expires ON usermgmt_factor (expires_at) WHERE expires_at IS NOT NULL;

-- By which factor an authenticator is known that does not say whose it is. A table of its own, because credentials are
-- unique across users. The key serves that sign-in.
CREATE TABLE usermgmt_credential (
    realm      TEXT COLLATE "C" NOT NULL,
    credential BYTEA            NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_user (id),
    factor_id  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (realm, credential)
);

-- Work that a commit promised.
CREATE TABLE usermgmt_outbox (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- idempotency id of what it leads to
    realm        TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,             -- such as address_request or mail; the same as in `job`, for people
    job          TEXT             NOT NULL,             -- JSON: what to do
    due_at       BIGINT           NOT NULL,             -- not before then
    tries        BIGINT           NOT NULL,
    lease_worker TEXT COLLATE "C",                      -- who works on it …
    lease_until  BIGINT,                                -- … until when
    dead_at      BIGINT,                                -- when it was given up
    created_at   BIGINT           NOT NULL
);
-- Serves leasing and what still has to happen, oldest first.
CREATE INDEX usermgmt_outbox_pending ON usermgmt_outbox (realm, id) WHERE dead_at IS NULL;

-- Who did what, when, from where, and how it ended. References nothing: it outlives what it tells of.
-- The key serves the events of an organisation, or of a realm outside any organisation.
CREATE TABLE usermgmt_audit (
    chain            TEXT COLLATE "C" NOT NULL, -- the organisation's id; the realm's where there is none
    id               TEXT COLLATE "C" NOT NULL,
    realm            TEXT COLLATE "C" NOT NULL,
    org_id           TEXT COLLATE "C",
    kind             TEXT COLLATE "C" NOT NULL, -- such as session.started
    outcome          TEXT COLLATE "C" NOT NULL, -- success, refused
    actor            TEXT COLLATE "C" NOT NULL, -- anonymous, user, system
    actor_user_id    TEXT COLLATE "C",
    actor_session_id TEXT COLLATE "C",
    actor_reason     TEXT,                      -- why the system did it; empty once erased
    subject_id       TEXT COLLATE "C",          -- to which user, if another than the actor
    address          TEXT,                      -- from where
    detail           TEXT             NOT NULL, -- JSON: further facts
    salt             BYTEA            NOT NULL, -- of the payload's commitment; zeros once erased
    erased           BYTEA,                     -- the payload's commitment, once address, reason and detail were erased
    key_id           TEXT COLLATE "C" NOT NULL, -- root key that the tag was made under
    tag              BYTEA            NOT NULL, -- MAC that tells a row of the application from any other
    happened_at      BIGINT           NOT NULL,
    seal_number      BIGINT,                    -- place in the chain, from 1; NULL until sealed
    seal_key_id      TEXT COLLATE "C",          -- root key that the seal was made under
    seal_mac         BYTEA,                     -- MAC over the tag and the seal before
    PRIMARY KEY (chain, id)
);
-- Serves following a chain. No two events have one place.
CREATE UNIQUE INDEX usermgmt_audit_seal ON usermgmt_audit (chain, seal_number) WHERE seal_number IS NOT NULL;
-- Serves sealing what is not sealed yet.
CREATE INDEX usermgmt_audit_open ON usermgmt_audit (realm, chain, id) WHERE seal_number IS NULL;

-- Where each chain of sealed events ends, so that a loss of its last events shows.
CREATE TABLE usermgmt_audit_head (
    chain  TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- as in usermgmt_audit
    realm  TEXT COLLATE "C" NOT NULL,
    number BIGINT           NOT NULL, -- of the last seal
    key_id TEXT COLLATE "C" NOT NULL, -- root key that it was made under
    mac    BYTEA            NOT NULL
);

-- Whose standing has changed: what caches must forget. Exactly one of four shapes:
-- user_id, session_id, org_id, or org_id with user_id for one member. The key serves reading on.
CREATE TABLE usermgmt_change (
    number     BIGSERIAL        NOT NULL PRIMARY KEY, -- grows in the order of allocation, see `changes`
    user_id    TEXT COLLATE "C",
    session_id TEXT COLLATE "C",
    org_id     TEXT COLLATE "C",
    changed_at BIGINT           NOT NULL
);
-- Serves the sweep.
CREATE INDEX usermgmt_change_changed ON usermgmt_change (changed_at);

-- What was committed: whoever does not know how a commit ended asks here. The key serves that.
CREATE TABLE usermgmt_commit (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    committed_at BIGINT           NOT NULL
);
-- Serves the sweep.
CREATE INDEX usermgmt_commit_committed ON usermgmt_commit (committed_at);

-- By what this database recognises its root key. One row at most.
CREATE TABLE usermgmt_key_check (
    only_row SMALLINT NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    key_id   TEXT     NOT NULL,
    tag      BYTEA    NOT NULL
);

-- Keys that sign access tokens.
CREATE TABLE usermgmt_signing_key (
    realm      TEXT COLLATE "C" NOT NULL,
    number     BIGINT           NOT NULL, -- from 1
    kid        TEXT COLLATE "C" NOT NULL, -- thumbprint (RFC 7638)
    key_id     TEXT             NOT NULL, -- root key that the private key is sealed under
    private    BYTEA            NOT NULL, -- sealed
    created_at BIGINT           NOT NULL,
    signs_from BIGINT           NOT NULL, -- published before
    PRIMARY KEY (realm, number)
);

-- Counters of limits. Keys are MACs, so that they name nobody. The key serves charging.
CREATE TABLE usermgmt_throttle (
    key     BYTEA  NOT NULL PRIMARY KEY,
    used    BIGINT NOT NULL,
    ends_at BIGINT NOT NULL -- when the window ends
);
-- Serves the sweep.
CREATE INDEX usermgmt_throttle_ends ON usermgmt_throttle (ends_at);
