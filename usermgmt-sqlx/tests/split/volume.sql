-- Enough rows that the planner has something to choose: eight thousand users, each in an organisation.
INSERT INTO usermgmt_user (id, realm, name, status, kind, factors, auth_epoch, created_at, version)
SELECT 'usr_' || lpad(to_hex(i), 32, '0'), $REALM, 'Name', 'active', 'user', 'passkey', 0, i, 1 FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_identifier (realm, kind, canonical, display, canonical_version, user_id, is_primary, created_at, version)
SELECT realm, 'email', id || '@example.test', id, 1, id, true, created_at, 1 FROM usermgmt_user;
INSERT INTO usermgmt_password (user_id, hash, previous, must_change, changed_at, version)
SELECT id, '$argon2id$', '[]', false, created_at, 1 FROM usermgmt_user;
INSERT INTO usermgmt_profile (user_id, origin, public, private, own, version)
SELECT id, 'sign_up', '{}', '{}', '{}', 1 FROM usermgmt_user;
INSERT INTO usermgmt_org (id, realm, slug, name, status, owners, members, roles, policy, rights_version, policy_epoch,
    created_at, version)
SELECT 'org_' || lpad(to_hex(i), 32, '0'), $REALM, 'org-' || i, 'Name', 'active', 1, 10, '[]', '{}', 0, 0, i, 1
FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_slug (org_id, realm, slug) SELECT id, realm, slug FROM usermgmt_org;
INSERT INTO usermgmt_org_profile (org_id, public, private, settings, version)
SELECT id, '{}', '{}', '{}', 1 FROM usermgmt_org;
INSERT INTO usermgmt_membership (org_id, user_id, roles, status, rights_version, created_at, version)
SELECT 'org_' || lpad(to_hex(i), 32, '0'), 'usr_' || lpad(to_hex(i), 32, '0'), '[]', 'active', 0, i, 1
FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_factor (user_id, id, realm, kind, name, credential, data, confirmed_at, expires_at, created_at,
    version)
SELECT 'usr_' || lpad(to_hex(i), 32, '0'), 'fct_' || lpad(to_hex(i), 32, '0'), $REALM, 'passkey', 'Name',
    sha256(i::text::bytea), '{}', i, CASE WHEN i % 4 = 0 THEN i END, i, 1
FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_credential (realm, credential, user_id, factor_id)
SELECT realm, credential, user_id, id FROM usermgmt_factor;
INSERT INTO usermgmt_token (user_id, id, realm, kind, digest, key_id, browser, canonical, display, replaces_primary,
    tries_left, code_expires_at, expires_at, created_at)
SELECT 'usr_' || lpad(to_hex(i), 32, '0'), 'tok_' || lpad(to_hex(i), 32, '0'), $REALM, 'verify_email',
    sha256(i::text::bytea), 'key', sha256(i::text::bytea), 'a', 'a', false, 3, i, i, i
FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_attempt (user_id, id, realm, purpose, digest, browser, proofs, canonical, persistent, auth_epoch,
    expires_at, created_at, version)
SELECT 'usr_' || lpad(to_hex(i), 32, '0'), 'att_' || lpad(to_hex(i), 32, '0'), $REALM, 'sign_in',
    sha256(i::text::bytea), sha256(i::text::bytea), '[]', 'a', false, 0, i, i, 1
FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_session (user_id, id, realm, digest, org_id, proofs, auth_epoch, persistent, idle_micros,
    expires_at, created_at, seen_at)
SELECT 'usr_' || lpad(to_hex(i), 32, '0'), 'ses_' || lpad(to_hex(i), 32, '0'), $REALM, sha256(i::text::bytea),
    'org_' || lpad(to_hex(i), 32, '0'), '[]', 0, true, 1, i, i, i
FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_api_key (owner_id, id, realm, user_id, org_id, name, digest, beginning, scopes, created_at,
    expires_at)
SELECT 'usr_' || lpad(to_hex(i), 32, '0'), 'key_' || lpad(to_hex(i), 32, '0'), $REALM,
    'usr_' || lpad(to_hex(i), 32, '0'), 'org_' || lpad(to_hex(i), 32, '0'), 'a', sha256(i::text::bytea), 'umk', '[]', i, i
FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_audit (chain, id, realm, org_id, kind, outcome, actor, detail, salt, key_id, tag, happened_at,
    seal_number)
SELECT 'org_' || lpad(to_hex(i), 32, '0'), 'evt_' || lpad(to_hex(i), 32, '0'), $REALM,
    'org_' || lpad(to_hex(i), 32, '0'), 'user.signed_up', 'success', 'anonymous', '{}', '\x00', 'key', '\x00', i,
    CASE WHEN i < 7900 THEN i END
FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_audit_head (chain, realm, number, key_id, mac)
SELECT id, realm, 1, 'key', '\x00' FROM usermgmt_org;
INSERT INTO usermgmt_outbox (id, realm, kind, job, due_at, tries, created_at)
SELECT 'job_' || lpad(to_hex(i), 32, '0'), $REALM, 'mail', '{}', i, 0, i FROM generate_series(1, 8000) i;
INSERT INTO usermgmt_change (user_id, changed_at) SELECT id, created_at FROM usermgmt_user;
INSERT INTO usermgmt_commit (id, committed_at) SELECT id, created_at FROM usermgmt_user;
INSERT INTO usermgmt_throttle (key, used, ends_at) SELECT id::bytea, 1, created_at FROM usermgmt_user;
ANALYZE;
