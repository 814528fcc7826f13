//! Ways to be half-written, as a database shows them to somebody who knows the specification and uses nothing of the
//! library.

/// Statements whose count must be nought in every database of ours once all promised work is done.
pub const BREACHES: &[(&str, &str)] = &[
    (
        "an organisation whose owners are miscounted",
        "SELECT count(*) FROM usermgmt_org o WHERE o.owners <> (SELECT count(*) FROM usermgmt_membership m WHERE m.org_id = o.id AND m.roles LIKE '%\"owner\"%' AND m.status = 'active') OR o.owners < 1",
    ),
    (
        "an organisation whose members are miscounted",
        "SELECT count(*) FROM usermgmt_org o WHERE o.members <> (SELECT count(*) FROM usermgmt_membership m WHERE m.org_id = o.id AND m.status = 'active')",
    ),
    (
        "a membership without its audit event",
        "SELECT count(*) FROM usermgmt_membership m WHERE NOT EXISTS (SELECT 1 FROM usermgmt_audit a WHERE a.kind = 'member.added' AND a.org_id = m.org_id AND a.subject_id = m.user_id)",
    ),
    (
        "a removal without its effect, or told of twice",
        "SELECT count(*) FROM (SELECT org_id, subject_id, sum(CASE WHEN kind = 'member.added' THEN 1 ELSE 0 END) AS came, sum(CASE WHEN kind = 'member.removed' THEN 1 ELSE 0 END) AS went FROM usermgmt_audit WHERE org_id IS NOT NULL AND subject_id IS NOT NULL GROUP BY org_id, subject_id) e WHERE e.came - e.went <> (SELECT count(*) FROM usermgmt_membership m WHERE m.org_id = e.org_id AND m.user_id = e.subject_id)",
    ),
    (
        "a role of an organisation without its audit event",
        "SELECT count(*) FROM usermgmt_org o WHERE o.roles <> '[]' AND NOT EXISTS (SELECT 1 FROM usermgmt_audit a WHERE a.kind = 'org.role_changed' AND a.org_id = o.id)",
    ),
    (
        "a chain of events with a gap, or without its end",
        "SELECT count(*) FROM usermgmt_audit_head h WHERE h.number <> (SELECT count(*) FROM usermgmt_audit a WHERE a.chain = h.chain AND a.seal_number IS NOT NULL) OR h.number <> (SELECT max(a.seal_number) FROM usermgmt_audit a WHERE a.chain = h.chain)",
    ),
    ("an event that nobody sealed", "SELECT count(*) FROM usermgmt_audit WHERE seal_number IS NULL"),
    (
        "a user without identifier",
        "SELECT count(*) FROM usermgmt_user u WHERE NOT EXISTS (SELECT 1 FROM usermgmt_identifier i WHERE i.user_id = u.id)",
    ),
    (
        "a user without password",
        "SELECT count(*) FROM usermgmt_user u WHERE NOT EXISTS (SELECT 1 FROM usermgmt_password p WHERE p.user_id = u.id)",
    ),
    (
        "an organisation without its audit event",
        "SELECT count(*) FROM usermgmt_org o WHERE NOT EXISTS (SELECT 1 FROM usermgmt_audit a WHERE a.kind = 'org.created' AND a.org_id = o.id)",
    ),
    (
        "a session without its audit event",
        "SELECT count(*) FROM usermgmt_session s WHERE NOT EXISTS (SELECT 1 FROM usermgmt_audit a WHERE a.kind = 'session.started' AND a.subject_id = s.user_id)",
    ),
    ("a promise that nobody keeps", "SELECT count(*) FROM usermgmt_outbox"),
];
