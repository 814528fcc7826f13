//! The one list of rules. The registry and the tests are both made from it, so neither can lack a rule.

use crate::{AnyStore, Profile, Proving, rules};

/// One rule of the list.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name: that of its function, and of the test it becomes.
    pub name: &'static str,
    /// The part of the contract that it belongs to: the module it stands in.
    pub group: &'static str,
    /// Runs the rule on a fresh, empty store. Panics if the store breaks it.
    pub run: fn(AnyStore, Profile) -> Proving,
}

/// Calls `$then!` with what it was given and with every rule. A rule marked `(profile)` demands something else of
/// different stores.
#[doc(hidden)]
#[macro_export]
macro_rules! each_rule {
    ([$($then:tt)*] $($given:tt)*) => { $($then)*! { [$($given)*]
        users {
            a_user_is_returned_as_it_was_put
            a_user_can_be_replaced
            an_identifier_is_returned_as_it_was_put
            an_identifier_can_be_replaced
            identifiers_are_listed_in_byte_order
            a_password_is_returned_as_it_was_put
            a_password_can_be_replaced
            a_sign_in_record_joins_identifier_user_and_password
            an_identifier_belongs_to_one_user
            an_identifier_is_unique_within_its_realm_only
            identifiers_of_several_kinds_are_apart
        }
        profiles {
            a_profile_is_returned_as_it_was_put
            the_metadata_of_a_profile_is_any_json
            a_profile_can_be_replaced
            a_profile_is_written_from_the_version_that_was_read
            a_profile_and_its_user_do_not_disturb_each_other
        }
        removals {
            an_identifier_is_removed_by_its_user_only
            exactly_the_identifier_that_is_named_is_removed
            a_removed_identifier_is_gone
            a_removed_identifier_is_free
            an_identifier_moves_in_one_commit
            a_removed_password_is_gone_and_can_return
        }
        filters {
            an_empty_filter_lets_everybody_through
            users_are_found_among_ids
            users_are_filtered_by_status_and_kind
            a_prefix_is_compared_byte_for_byte
            a_prefix_is_no_pattern
            a_nul_in_a_prefix_finds_nobody
            any_identifier_of_a_user_counts_once
            looks_of_usernames_find_nobody
            a_filter_sees_its_own_realm_only
            all_parts_of_a_filter_must_hold
            a_filter_follows_every_write
            a_filtered_list_is_paged
        }
        orgs {
            an_org_is_returned_as_it_was_put
            an_org_can_be_replaced
            a_membership_is_returned_as_it_was_put
            a_membership_can_be_replaced
            a_membership_is_listed_on_both_sides
            a_removed_membership_is_gone_and_can_return
            a_policy_is_set_and_its_epoch_moves
            rights_move_for_one_member_or_for_all
        }
        slugs {
            a_taken_slug_is_named
            a_slug_is_not_taken_twice_in_one_commit
            a_slug_is_unique_within_its_realm_only
            a_slug_of_a_deleted_org_is_taken
            a_rename_to_a_taken_slug_is_named
            an_org_keeps_its_own_slug
            slugs_that_differ_in_any_byte_are_different
            an_org_is_found_by_its_slug
        }
        org_profiles {
            an_org_profile_is_returned_as_it_was_put
            the_facts_about_an_org_are_any_json
            an_org_profile_is_written_from_the_version_that_was_read
            an_org_profile_and_its_org_do_not_disturb_each_other
        }
        roles {
            roles_are_set_and_rights_move
            roles_are_set_from_the_rights_that_were_read
            a_replacing_put_leaves_the_roles_alone
            new_roles_end_an_older_authority
        }
        members {
            a_member_is_listed_with_user_and_address
            a_member_is_read_as_it_is_listed
            an_empty_filter_lets_every_member_through
            members_are_filtered_by_status
            a_member_without_factors_is_found
            members_are_filtered_by_prefix
            any_identifier_of_a_member_counts_once
            looks_of_usernames_find_no_member
            a_username_is_no_address_of_a_member
            all_parts_of_a_member_filter_must_hold
            members_of_another_organisation_are_not_listed
            a_filtered_list_of_members_is_paged
        }
        tokens {
            a_token_is_returned_as_it_was_put
            the_newest_token_of_a_browser_is_found
            a_token_is_nothing_to_another_kind
            live_tokens_of_one_user_are_listed_by_id
            live_tokens_are_listed_until_they_end
            a_token_is_consumed_once
            a_token_is_not_consumed_twice_in_one_commit
            a_token_can_be_consumed_until_it_expires
            the_link_outlives_the_code
            revocation_ends_the_live_tokens_of_one_user
            revocation_comes_before_the_new_token
            tries_are_counted_and_answered_after
            tries_never_fall_below_zero
            a_try_needs_a_live_code
            the_last_try_may_be_the_right_one
        }
        attempts {
            an_attempt_is_returned_as_it_was_put
            an_attempt_can_be_replaced
            an_attempt_is_consumed_once
            an_attempt_can_be_consumed_until_it_expires
            a_completed_attempt_cannot_be_brought_back
        }
        sessions {
            a_session_is_returned_as_it_was_put
            a_principal_joins_user_address_and_organisation
            a_principal_may_lack_address_and_organisation
            a_principal_survives_a_lost_membership
            a_principal_is_read_whatever_its_state
            a_rotation_replaces_the_secret
            a_rotation_needs_the_running_session
            a_rotation_gives_another_secret
            a_session_ends_once
            a_session_of_somebody_else_is_left_alone
            the_list_shows_live_sessions_only
            more_running_sessions_than_demanded_conflict
            activity_moves_the_mark_forward_only
            activity_never_revives_a_session
        }
        refresh {
            a_chain_of_refresh_tokens_grows_by_one
            a_chain_moves_from_its_present_number
            a_chain_ends_with_its_session
            a_chain_that_moves_appends_nothing
        }
        signing_keys {
            a_signing_key_is_returned_as_it_was_put
            a_signing_key_is_never_replaced
            signing_keys_go_up_to_a_number
        }
        api_keys {
            a_key_is_returned_as_it_was_put
            a_key_is_never_replaced
            a_key_joins_user_organisation_and_membership
            a_key_may_lack_user_organisation_and_membership
            a_key_survives_a_lost_membership
            a_key_is_read_whatever_its_state
            a_key_of_another_realm_is_not_found
            keys_are_listed_by_owner
            keys_are_listed_by_organisation
            a_key_of_another_owner_is_another_row
            use_moves_the_mark_forward_only
            use_never_revives_a_key
            a_write_of_a_key_appends_nothing
        }
        key_ends {
            an_end_is_set_and_only_comes_nearer
            a_key_that_is_over_does_not_end_again
            keys_of_a_user_end_at_once
            keys_that_end_at_once_spare_the_rest
            more_living_keys_than_demanded_conflict
            a_demanded_number_counts_keys_of_the_owner_alone
            keys_that_are_over_are_swept
            keys_are_swept_in_steps
        }
        factors {
            a_factor_is_returned_as_it_was_put
            a_factor_is_replaced_from_its_version
            a_credential_is_one_factors_in_its_realm
            a_factor_that_was_removed_is_gone
            factors_of_a_kind_go_at_once
            factors_belong_to_one_user
            factors_that_have_ended_are_swept
        }
        outbox {
            a_job_is_returned_as_it_was_put
            a_leased_job_is_nobody_elses
            a_lease_ends_and_each_counts_a_try
            a_job_waits_until_it_is_due
            the_oldest_jobs_are_leased_first
            a_finished_job_is_gone
            a_job_given_back_returns_when_due
            a_job_given_up_is_kept_but_never_leased
            only_the_holder_settles_a_job
            a_late_worker_may_settle_what_nobody_took
            leased_jobs_are_still_pending
        }
        audit {
            an_event_is_returned_as_it_was_put
            the_detail_of_an_event_is_any_json
            events_belong_to_one_organisation_or_to_none
            an_event_is_read_by_its_id
            events_are_listed_newest_first
            events_are_filtered_by_kind
            events_are_filtered_by_user
            events_are_filtered_by_time
            all_parts_of_an_audit_filter_must_hold
        }
        sealing {
            a_seal_is_written_on_its_event
            a_chain_is_sealed_from_its_present_end
            an_event_is_sealed_once
            an_event_of_another_chain_is_not_sealed
            each_chain_has_numbers_of_its_own
            sealed_events_are_read_by_number
            unsealed_events_are_read_by_chain
            organisations_with_unsealed_events_are_listed
        }
        erasing {
            an_erased_event_loses_its_payload
            an_event_is_erased_once
            an_event_of_another_chain_is_not_erased
            an_erased_event_can_be_sealed
        }
        changes {
            each_subject_is_appended
            edits_are_appended
            a_subject_is_appended_once_in_a_commit
            harmless_writes_append_nothing
            numbers_grow
            changes_are_read_behind_a_number
            a_reader_can_begin_at_the_present
            a_failed_commit_appends_nothing
        }
        throttle {
            a_limit_allows_exactly_its_number
            a_limit_of_zero_allows_nothing
            a_window_ends_to_the_microsecond
            a_refused_use_is_counted_nowhere
            the_counter_that_stays_closed_longest_is_named
            a_clock_that_goes_back_cuts_the_window
            a_refused_use_cuts_the_window_too
            a_refund_takes_back_one_use
            a_refund_never_saves_up_uses
            many_counters_are_charged_at_once
            a_counter_named_twice_is_charged_once
            the_limit_is_that_of_the_charge
        }
        atomicity {
            a_failing_last_write_leaves_no_new_row
            a_failing_last_write_leaves_no_change
            every_failure_leaves_nothing
            writes_are_applied_parents_first
            a_commit_is_remembered
            the_same_change_set_twice_is_applied_once
            a_failed_change_set_may_be_tried_again
        }
        versions {
            each_put_moves_the_version_by_one
            a_stale_version_conflicts
            a_version_from_the_future_conflicts
            a_replacing_put_never_inserts
            a_new_row_must_be_absent
            a_stale_removal_conflicts
            a_new_row_has_the_epochs_it_was_put_with
            a_replacing_put_leaves_the_epochs_alone
            moving_an_epoch_does_not_disturb_an_edit
            a_stale_epoch_conflicts
        }
        uniqueness {
            a_taken_identifier_is_named
            a_second_key_check_is_named
            a_key_check_moves_from_the_present_one
            a_taken_id_is_named
            a_taken_commit_id_is_named
        }
        guards {
            authority_that_stands_may_commit
            a_suspended_user_commits_nothing
            an_inactive_user_commits_nothing
            an_ended_session_commits_nothing
            a_session_of_an_older_epoch_commits_nothing
            a_claimed_epoch_does_not_help_an_old_session
            a_removed_member_commits_nothing
            a_suspended_member_commits_nothing
            a_member_whose_rights_moved_commits_nothing
            a_member_of_an_org_whose_rights_moved_commits_nothing
            a_member_under_a_new_policy_commits_nothing
            a_member_of_a_suspended_org_commits_nothing
            a_member_of_a_deleted_org_commits_nothing
            authority_is_not_mixed_from_two_callers
            harmless_edits_do_not_disturb_authority
            a_rotation_does_not_disturb_authority
            authority_is_checked_before_its_own_writes
        }
        owners {
            a_row_is_found_with_its_own_user_only
            a_write_in_the_name_of_another_user_hits_nothing
            two_users_may_have_rows_of_one_id
            a_rotation_is_of_one_user
        }
        isolation {
            rows_of_another_realm_do_not_exist
            jobs_of_another_realm_are_not_leased
            rows_of_another_organisation_do_not_exist
            rows_of_another_user_do_not_exist
            a_fresh_store_has_nothing
        }
        paging {
            users_are_paged_by_id
            members_are_paged_by_user
            orgs_are_paged_by_id
            memberships_of_a_user_are_paged_by_organisation
            sessions_are_paged_newest_first
            pending_jobs_are_paged_by_id
            events_are_paged_newest_first
            api_keys_are_paged_newest_first
            the_longest_page_is_whole
            a_list_is_read_on_while_rows_come_and_go
            sessions_are_read_on_while_they_begin_and_end
            jobs_are_read_on_while_they_are_done
            a_key_that_never_existed_says_where_to_continue
        }
        texts {
            keys_that_differ_in_any_byte_are_different
            similar_keys_are_not_found
            texts_come_back_byte_for_byte
            passing_texts_come_back_byte_for_byte
            long_texts_are_kept_whole
        }
        nul {
            a_nul_is_kept_or_refused (profile)
            a_nul_in_a_document_is_kept_or_refused
        }
        times {
            times_come_back_to_the_microsecond
            passing_times_come_back_to_the_microsecond
            recorded_times_are_kept_to_the_microsecond
            a_time_is_an_instant_whatever_its_offset
            windows_are_kept_to_the_microsecond
            joined_reads_show_the_same_times
        }
        races {
            one_identifier_is_inserted_once (profile)
            one_identifier_is_added_once (profile)
            one_removal_wins (profile)
            one_slug_is_taken_once (profile)
            one_set_of_roles_wins (profile)
            one_sealer_wins (profile)
            one_token_is_consumed_once (profile)
            one_attempt_is_consumed_once (profile)
            tries_hold_under_a_race (profile)
            limits_hold_under_a_race (profile)
            workers_lease_different_jobs (profile)
            an_owner_suspended_before_the_commit_commits_nothing
            owners_do_not_suspend_each_other
            the_last_owner_stays
            one_version_is_replaced_once (profile)
            epochs_hold_under_a_race (profile)
            one_rotation_wins (profile)
            one_commit_id_is_applied_once (profile)
            a_reader_of_changes_misses_nothing (profile)
            activity_does_not_race_an_end (profile)
            one_end_of_a_key_wins (profile)
            a_key_ends_at_the_earliest_of_all (profile)
            limits_of_keys_hold_under_a_race (profile)
            use_does_not_race_an_end (profile)
            one_use_of_a_factor_wins (profile)
            one_registration_of_a_credential_wins (profile)
        }
        maintenance {
            a_ping_is_answered
            a_sweep_of_nothing_removes_nothing
            a_sweep_removes_what_is_spent
            a_resting_session_is_not_spent
            a_sweep_spares_everything_else
            a_swept_session_is_gone
            old_commit_ids_and_changes_go
            numbers_grow_over_a_sweep
            old_counters_go (profile)
            a_sweep_goes_in_steps
        }
    } };
}

macro_rules! registry {
    ([] $($group:ident { $($rule:ident $(($profile:ident))?)* })*) => {
        /// Every rule, by group.
        pub const RULES: &[Rule] = &[$($(Rule {
            name: stringify!($rule),
            group: stringify!($group),
            run: |store, _profile| Box::pin(rules::$group::$rule(store $(, registry!(@second $profile _profile))?)),
        },)*)*];
    };
    (@second $first:ident $second:ident) => { $second };
}
each_rule!([registry]);

/// Makes one test of every rule: `store_tests!(fresh)`.
///
/// `fresh` is an `async fn` without parameters that makes a new, empty store and returns a
/// [`Fixture`](crate::Fixture). What follows are the parameters of [`Profile`](crate::Profile) by name:
/// `store_tests!(fresh, name = "sqlite", racers = 8)`.
#[macro_export]
macro_rules! store_tests {
    ($fresh:path $(, $parameter:ident = $value:expr)* $(,)?) => {
        $crate::each_rule! { [$crate::store_tests_from_list] ($fresh) ($crate::Profile::new()$(.$parameter($value))*) }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! store_tests_from_list {
    ([$fresh:tt $profile:tt] $($group:ident { $($rule:ident $(($with:ident))?)* })*) => { $($(
        #[test]
        fn $rule() {
            $crate::prove(stringify!($rule), $profile, $fresh);
        }
    )*)* };
}
