//! The suite is as good as the broken stores it catches: each of these breaks one rule, and that rule must notice.
#![expect(clippy::expect_used, reason = "helpers of tests")]

mod mutant;

use std::sync::Arc;

use mutant::{Bug, Mutant};
use usermgmt_conformance::{AnyStore, Profile, RULES};

/// Whether a store with this bug passes the rule.
async fn passes(bug: Bug, rule: &str) -> bool {
    let rule = RULES.iter().find(|listed| listed.name == rule).expect("a rule of the list");
    let store: AnyStore = Arc::new(Mutant::with(bug));
    tokio::spawn((rule.run)(store, Profile::new())).await.is_ok()
}

/// One test for each mutant: every rule that is named must kill it.
macro_rules! killed_by {
    ($($name:ident: $bug:ident by $($rule:ident)+;)*) => { $(
        #[tokio::test]
        async fn $name() {
            $(assert!(!passes(Bug::$bug, stringify!($rule)).await, "`{}` lets this store pass", stringify!($rule));)+
        }
    )* };
}

#[tokio::test]
async fn the_wrapper_itself_breaks_no_rule() {
    for rule in RULES {
        assert!(passes(Bug::None, rule.name).await, "`{}` does not let the wrapper without a bug pass", rule.name);
    }
}

killed_by! {
    // Commits.
    ignored_versions_are_noticed: IgnoresVersions by
        a_stale_version_conflicts a_new_row_must_be_absent one_version_is_replaced_once the_last_owner_stays
        a_stale_removal_conflicts;
    a_commit_in_parts_is_noticed: AppliesHalf by
        a_failing_last_write_leaves_no_new_row a_failing_last_write_leaves_no_change every_failure_leaves_nothing
        a_failed_commit_appends_nothing;
    a_missing_guard_is_noticed: ForgetsGuard by
        a_suspended_user_commits_nothing an_inactive_user_commits_nothing an_ended_session_commits_nothing
        a_session_of_an_older_epoch_commits_nothing a_claimed_epoch_does_not_help_an_old_session
        a_removed_member_commits_nothing a_suspended_member_commits_nothing
        a_member_of_a_suspended_org_commits_nothing authority_is_not_mixed_from_two_callers
        an_owner_suspended_before_the_commit_commits_nothing owners_do_not_suspend_each_other;
    a_guard_checked_afterwards_is_noticed: ChecksGuardAfterwards by
        authority_is_checked_before_its_own_writes a_suspended_user_commits_nothing;
    a_guard_that_is_not_held_is_noticed: ChecksGuardWithoutHolding by owners_do_not_suspend_each_other;
    a_guard_without_the_membership_is_noticed: GuardForgetsMember by
        a_removed_member_commits_nothing a_suspended_member_commits_nothing
        a_member_of_a_suspended_org_commits_nothing authority_is_not_mixed_from_two_callers;
    a_guard_without_the_rights_is_noticed: GuardForgetsMemberRights by a_member_whose_rights_moved_commits_nothing;
    a_guard_without_the_rights_of_all_is_noticed: GuardForgetsOrgRights by
        a_member_of_an_org_whose_rights_moved_commits_nothing;
    a_guard_without_the_policy_is_noticed: GuardForgetsPolicy by a_member_under_a_new_policy_commits_nothing;
    a_guard_that_minds_every_edit_is_noticed: GuardMindsEveryEdit by harmless_edits_do_not_disturb_authority;
    forgotten_commit_ids_are_noticed: ForgetsCommitIds by
        the_same_change_set_twice_is_applied_once a_taken_commit_id_is_named one_commit_id_is_applied_once;
    remembered_failures_are_noticed: RemembersFailedCommits by every_failure_leaves_nothing;
    replaced_epochs_are_noticed: ReplacesEpochs by a_replacing_put_leaves_the_epochs_alone;
    unnamed_keys_are_noticed: NamesNoKey by
        a_taken_identifier_is_named a_taken_session_digest_is_named a_taken_token_digest_is_named
        a_taken_attempt_digest_is_named a_second_key_check_is_named;
    tokens_consumed_twice_are_noticed: ConsumesTwiceInARace by one_token_is_consumed_once;
    tokens_consumed_at_expiry_are_noticed: ConsumesAtExpiry by
        a_token_can_be_consumed_until_it_expires a_token_is_consumed_once;
    tries_answered_before_are_noticed: AnswersTriesBefore by
        tries_are_counted_and_answered_after tries_hold_under_a_race;
    sessions_ended_by_strangers_are_noticed: EndsAnybodysSession by a_session_of_somebody_else_is_left_alone;
    jobs_settled_by_strangers_are_noticed: SettlesForAnybody by only_the_holder_settles_a_job;
    silent_moves_are_noticed: MovesRightsOfNobody by a_stale_epoch_conflicts;
    epochs_moved_from_any_value_are_noticed: MovesFromAnyEpoch by a_stale_epoch_conflicts epochs_hold_under_a_race;
    rotations_from_any_secret_are_noticed: RotatesFromAnySecret by a_rotation_needs_the_running_session one_rotation_wins;
    key_checks_moved_from_any_are_noticed: MovesAnyKeyCheck by a_key_check_moves_from_the_present_one;
    attempts_completed_twice_are_noticed: CompletesTwice by
        an_attempt_is_consumed_once an_attempt_can_be_consumed_until_it_expires
        a_completed_attempt_cannot_be_brought_back one_attempt_is_consumed_once;
    tokens_revoked_for_everybody_are_noticed: RevokesForEverybody by revocation_ends_the_live_tokens_of_one_user;
    ignored_ids_are_noticed: IgnoresTakenIds by a_taken_id_is_named a_job_given_up_is_kept_but_never_leased;
    sorted_roles_are_noticed: SortsRoles by a_membership_is_returned_as_it_was_put;
    identifiers_removed_by_strangers_are_noticed: DeletesAnybodysIdentifier by an_identifier_is_removed_by_its_user_only;
    removals_of_nothing_are_noticed: DeletesWhatIsGone by
        a_stale_removal_conflicts exactly_the_identifier_that_is_named_is_removed one_removal_wins;
    an_ignored_number_of_sessions_is_noticed: IgnoresMaxSessions by
        more_running_sessions_than_demanded_conflict;
    ignored_versions_of_profiles_are_noticed: IgnoresProfileVersion by
        a_profile_is_written_from_the_version_that_was_read a_stale_version_conflicts a_new_row_must_be_absent
        every_failure_leaves_nothing;
    forgotten_flags_of_passwords_are_noticed: ForgetsMustChange by
        a_password_is_returned_as_it_was_put a_password_can_be_replaced
        a_sign_in_record_joins_identifier_user_and_password;

    // Texts and times.
    folded_case_is_noticed: FoldsCase by
        keys_that_differ_in_any_byte_are_different similar_keys_are_not_found identifiers_are_listed_in_byte_order;
    trimmed_texts_are_noticed: TrimsTexts by
        texts_come_back_byte_for_byte keys_that_differ_in_any_byte_are_different;
    cut_texts_are_noticed: CutsLongTexts by long_texts_are_kept_whole;
    texts_cut_at_a_nul_are_noticed: CutsAtNul by a_nul_is_kept_or_refused;
    empty_texts_taken_for_absent_are_noticed: TakesEmptyForAbsent by
        texts_come_back_byte_for_byte passing_texts_come_back_byte_for_byte a_session_is_returned_as_it_was_put
        a_profile_is_returned_as_it_was_put;
    numbers_kept_as_floats_are_noticed: KeepsNumbersAsFloats by the_detail_of_an_event_is_any_json;
    times_cut_to_milliseconds_are_noticed: CutsTimesToMillis by
        times_come_back_to_the_microsecond passing_times_come_back_to_the_microsecond a_user_is_returned_as_it_was_put;
    times_cut_to_seconds_are_noticed: CutsTimesToSeconds by
        times_come_back_to_the_microsecond a_token_can_be_consumed_until_it_expires;

    // Reads.
    a_forgotten_realm_is_noticed: ForgetsRealm by rows_of_another_realm_do_not_exist;
    a_forgotten_org_of_members_is_noticed: ForgetsOrgOfMembers by
        rows_of_another_organisation_do_not_exist rights_move_for_one_member_or_for_all;
    a_forgotten_org_of_events_is_noticed: ForgetsOrgOfEvents by
        rows_of_another_organisation_do_not_exist events_belong_to_one_organisation_or_to_none;
    inclusive_pages_are_noticed: PagesInclusively by members_are_paged_by_user;
    lists_without_end_are_noticed: ForgetsTheEndOfAList by users_are_paged_by_id members_are_paged_by_user;
    alphabetical_order_is_noticed: SortsByAlphabet by identifiers_are_listed_in_byte_order;
    any_address_is_noticed: TakesAnyAddress by
        a_principal_joins_user_address_and_organisation a_principal_may_lack_address_and_organisation;
    hidden_sessions_are_noticed: HidesEndedSessions by a_principal_is_read_whatever_its_state a_session_ends_once;
    listed_dead_sessions_are_noticed: ListsExpiredSessions by the_list_shows_live_sessions_only;
    revived_sessions_are_noticed: TouchRevives by activity_never_revives_a_session activity_does_not_race_an_end;
    activity_moved_back_is_noticed: TouchMovesBack by activity_moves_the_mark_forward_only;

    forgotten_filters_are_noticed: ForgetsFilter by
        users_are_filtered_by_status_and_kind a_prefix_is_compared_byte_for_byte a_nul_in_a_prefix_finds_nobody
        all_parts_of_a_filter_must_hold a_filter_follows_every_write a_filtered_list_is_paged;
    prefixes_taken_for_patterns_are_noticed: PrefixAsPattern by a_prefix_is_no_pattern;
    prefixes_that_end_early_are_noticed: PrefixEndsAtLastCharacter by a_prefix_is_compared_byte_for_byte;
    empty_prefixes_that_want_a_name_are_noticed: EmptyPrefixWantsAName by an_empty_filter_lets_everybody_through;
    listed_dead_tokens_are_noticed: LiveTokensIncludesDead by live_tokens_are_listed_until_they_end;
    forgotten_kinds_of_tokens_are_noticed: ForgetsKindOfToken by a_token_is_nothing_to_another_kind;

    // The rest.
    double_leases_are_noticed: LeasesTwice by
        a_leased_job_is_nobody_elses workers_lease_different_jobs the_oldest_jobs_are_leased_first;
    early_leases_are_noticed: LeasesBeforeDue by a_job_waits_until_it_is_due a_leased_job_is_nobody_elses;
    leases_of_other_realms_are_noticed: LeasesOtherRealms by jobs_of_another_realm_are_not_leased;
    forgotten_changes_are_noticed: ForgetsChanges by each_subject_is_appended;
    a_place_too_far_is_noticed: SaysAPlaceTooFar by a_reader_can_begin_at_the_present;
    late_numbers_are_noticed: PassesOverLateNumbers by a_reader_of_changes_misses_nothing;
    numbers_used_again_are_noticed: UsesNumbersAgain by numbers_grow_over_a_sweep;
    limits_compared_before_counting_are_noticed: ComparesBeforeCounting by limits_hold_under_a_race;
    counted_refusals_are_noticed: CountsRefusedUses by a_refused_use_is_counted_nowhere limits_hold_under_a_race;
    double_refunds_are_noticed: RefundsTwice by a_refund_takes_back_one_use;
    swept_live_rows_are_noticed: SweepsLiveRows by a_sweep_removes_what_is_spent;
    sweeps_without_limit_are_noticed: SweepsWithoutLimit by a_sweep_goes_in_steps;
}
