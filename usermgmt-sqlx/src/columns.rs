//! The columns of each table, in the order in which `row.rs` reads them.

macro_rules! columns {
    ($($name:ident = $table:literal: $first:ident $($rest:ident)*;)*) => {$(
        macro_rules! $name {
            () => { concat!($table, ".", stringify!($first) $(, ", ", $table, ".", stringify!($rest))*) };
        }
    )*};
}

columns! {
    user_columns = "usermgmt_user":
        id realm name locale status kind factors auth_epoch created_at
        version;
    profile_columns = "usermgmt_profile": user_id origin picture contact time_zone public private own version;
    identifier_columns = "usermgmt_identifier":
        realm kind canonical display canonical_version user_id is_primary verified_at undeliverable_at created_at
        version;
    password_columns = "usermgmt_password":
        user_id hash unproven_browser unproven_organization previous must_change changed_at version;
    org_columns = "usermgmt_org":
        id realm slug name status deleted_at owners members seats roles policy rights_version policy_epoch created_at
        version;
    org_profile_columns = "usermgmt_org_profile": org_id public private settings version;
    membership_columns = "usermgmt_membership": org_id user_id roles status rights_version created_at version;
    token_columns = "usermgmt_token":
        id realm kind user_id digest key_id browser canonical display label replaces_primary tries_left code_expires_at
        expires_at consumed_at created_at;
    attempt_columns = "usermgmt_attempt":
        id realm purpose user_id digest browser proofs canonical org_id persistent auth_epoch consumed_at expires_at
        created_at version;
    session_columns = "usermgmt_session":
        id realm user_id digest org_id proofs auth_epoch persistent idle_micros expires_at created_at seen_at ended_at
        label address refresh_generation refreshed_at;
    signing_key_columns = "usermgmt_signing_key": realm number kid key_id private created_at signs_from;
    api_key_columns = "usermgmt_api_key":
        owner_id id realm user_id org_id name digest beginning scopes made_by created_at expires_at used_at;
    factor_columns = "usermgmt_factor":
        user_id id realm name credential data confirmed_at used_at expires_at created_at version;
    outbox_columns = "usermgmt_outbox":
        id realm job due_at tries lease_worker lease_until dead_at created_at;
    audit_columns = "usermgmt_audit":
        id realm org_id kind outcome actor actor_user_id actor_session_id actor_reason subject_id address detail salt
        erased key_id tag happened_at seal_number seal_key_id seal_mac;
    head_columns = "usermgmt_audit_head": number key_id mac;
    change_columns = "usermgmt_change": number user_id session_id org_id changed_at;
}

/// The primary address of the user at hand: a subselect and no join, so that a second one could not double the row.
macro_rules! primary_email {
    () => {
        concat!(
            "(SELECT display FROM usermgmt_identifier WHERE usermgmt_identifier.user_id = usermgmt_user.id",
            " AND kind = 'email' AND is_primary ORDER BY canonical LIMIT 1)"
        )
    };
}
