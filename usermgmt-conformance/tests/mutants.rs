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
        a_failed_commit_appends_nothing a_slug_is_not_taken_twice_in_one_commit;
    a_missing_guard_is_noticed: ForgetsGuard by
        a_suspended_user_commits_nothing an_inactive_user_commits_nothing an_ended_session_commits_nothing
        a_session_of_an_older_epoch_commits_nothing a_claimed_epoch_does_not_help_an_old_session
        a_removed_member_commits_nothing a_suspended_member_commits_nothing
        a_member_of_a_suspended_org_commits_nothing a_member_of_a_deleted_org_commits_nothing
        authority_is_not_mixed_from_two_callers new_roles_end_an_older_authority an_owner_suspended_before_the_commit_commits_nothing owners_do_not_suspend_each_other;
    a_guard_checked_afterwards_is_noticed: ChecksGuardAfterwards by
        authority_is_checked_before_its_own_writes a_suspended_user_commits_nothing;
    a_guard_that_is_not_held_is_noticed: ChecksGuardWithoutHolding by owners_do_not_suspend_each_other;
    a_guard_without_the_membership_is_noticed: GuardForgetsMember by
        a_removed_member_commits_nothing a_suspended_member_commits_nothing
        a_member_of_a_suspended_org_commits_nothing authority_is_not_mixed_from_two_callers;
    a_guard_that_forgets_deletions_is_noticed: GuardForgetsDeletion by a_member_of_a_deleted_org_commits_nothing;
    a_guard_without_the_rights_is_noticed: GuardForgetsMemberRights by a_member_whose_rights_moved_commits_nothing;
    a_guard_without_the_rights_of_all_is_noticed: GuardForgetsOrgRights by
        a_member_of_an_org_whose_rights_moved_commits_nothing new_roles_end_an_older_authority;
    a_guard_without_the_policy_is_noticed: GuardForgetsPolicy by a_member_under_a_new_policy_commits_nothing;
    a_guard_that_minds_every_edit_is_noticed: GuardMindsEveryEdit by harmless_edits_do_not_disturb_authority;
    forgotten_commit_ids_are_noticed: ForgetsCommitIds by
        the_same_change_set_twice_is_applied_once a_taken_commit_id_is_named one_commit_id_is_applied_once;
    remembered_failures_are_noticed: RemembersFailedCommits by every_failure_leaves_nothing;
    replaced_epochs_are_noticed: ReplacesEpochs by a_replacing_put_leaves_the_epochs_alone;
    unnamed_keys_are_noticed: NamesNoKey by
        a_taken_identifier_is_named a_second_key_check_is_named a_taken_slug_is_named
        a_slug_is_not_taken_twice_in_one_commit a_rename_to_a_taken_slug_is_named one_slug_is_taken_once;
    tokens_consumed_twice_are_noticed: ConsumesTwiceInARace by one_token_is_consumed_once;
    tokens_consumed_at_expiry_are_noticed: ConsumesAtExpiry by
        a_token_can_be_consumed_until_it_expires a_token_is_consumed_once;
    tries_answered_before_are_noticed: AnswersTriesBefore by
        tries_are_counted_and_answered_after tries_hold_under_a_race;
    sessions_ended_by_strangers_are_noticed: EndsAnybodysSession by
        a_session_of_somebody_else_is_left_alone a_write_in_the_name_of_another_user_hits_nothing;
    rows_hit_by_strangers_are_noticed: HitsAnybodysRow by a_write_in_the_name_of_another_user_hits_nothing;
    tries_taken_by_strangers_are_noticed: CountsAnybodysTry by a_write_in_the_name_of_another_user_hits_nothing;
    rotations_by_strangers_are_noticed: RotatesAnybodysSession by a_write_in_the_name_of_another_user_hits_nothing;
    chains_moved_by_strangers_are_noticed: MovesAnybodysChain by a_write_in_the_name_of_another_user_hits_nothing;
    attempts_completed_by_strangers_are_noticed: CompletesAnybodysAttempt by
        a_write_in_the_name_of_another_user_hits_nothing;
    activity_of_strangers_is_noticed: TouchesAnybodysSession by
        a_write_in_the_name_of_another_user_hits_nothing two_users_may_have_rows_of_one_id;
    rows_found_for_strangers_are_noticed: FindsAnybodysRow by
        a_row_is_found_with_its_own_user_only two_users_may_have_rows_of_one_id;
    ids_unique_in_all_users_are_noticed: IdsUniqueEverywhere by
        two_users_may_have_rows_of_one_id a_rotation_is_of_one_user;
    rotations_that_change_nothing_are_noticed: RotatesToTheSameSecret by a_rotation_gives_another_secret;
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

    // Organisations.
    slugs_taken_twice_are_noticed: TakesSlugsTwice by
        a_taken_slug_is_named a_slug_of_a_deleted_org_is_taken a_rename_to_a_taken_slug_is_named
        slugs_that_differ_in_any_byte_are_different every_failure_leaves_nothing;
    slugs_unique_in_all_realms_are_noticed: SlugsUniqueEverywhere by a_slug_is_unique_within_its_realm_only;
    own_slugs_taken_for_duplicates_are_noticed: OwnSlugIsTaken by an_org_keeps_its_own_slug;
    slugs_of_the_deleted_given_away_are_noticed: FreesSlugsOfTheDeleted by a_slug_of_a_deleted_org_is_taken;
    slugs_of_any_realm_are_noticed: ForgetsRealmOfSlugs by
        an_org_is_found_by_its_slug a_slug_is_unique_within_its_realm_only rows_of_another_realm_do_not_exist;
    orgs_of_any_realm_are_noticed: ListsOrgsOfAnyRealm by orgs_are_paged_by_id rows_of_another_realm_do_not_exist;
    forgotten_seats_are_noticed: ForgetsSeats by an_org_is_returned_as_it_was_put an_org_can_be_replaced;
    ignored_versions_of_facts_about_orgs_are_noticed: IgnoresOrgProfileVersion by
        an_org_profile_is_written_from_the_version_that_was_read a_stale_version_conflicts;
    mixed_facts_about_orgs_are_noticed: MixesFactsOfOrgs by
        an_org_profile_is_returned_as_it_was_put the_facts_about_an_org_are_any_json
        an_org_profile_and_its_org_do_not_disturb_each_other;
    replaced_roles_are_noticed: ReplacesRoles by a_replacing_put_leaves_the_roles_alone;
    roles_set_from_any_rights_are_noticed: SetsRolesFromAnyRights by
        roles_are_set_from_the_rights_that_were_read one_set_of_roles_wins a_stale_epoch_conflicts;
    roles_that_move_no_rights_are_noticed: SetsRolesSilently by
        roles_are_set_and_rights_move new_roles_end_an_older_authority each_subject_is_appended;
    members_of_any_org_are_noticed: ListsMembersOfAnyOrg by
        members_of_another_organisation_are_not_listed rows_of_another_organisation_do_not_exist;
    anybody_for_a_member_without_is_noticed: FindsMembersWithoutBeside by
        a_member_without_factors_is_found;
    forgotten_filters_of_members_are_noticed: ForgetsMemberFilter by
        members_are_filtered_by_status members_are_filtered_by_prefix all_parts_of_a_member_filter_must_hold
        a_filtered_list_of_members_is_paged;
    empty_prefixes_of_members_that_want_a_name_are_noticed: EmptyMemberPrefixWantsAName by
        an_empty_filter_lets_every_member_through;
    prefixes_of_members_taken_for_patterns_are_noticed: MemberPrefixAsPattern by members_are_filtered_by_prefix;
    members_found_by_looks_are_noticed: FindsMembersByLooks by looks_of_usernames_find_no_member;

    members_found_anywhere_are_noticed: FindsMembersOfAnyOrg by a_member_is_read_as_it_is_listed;
    users_in_the_order_asked_are_noticed: AmongInTheOrderAsked by users_are_found_among_ids;
    cut_lists_of_ids_are_noticed: AmongTakesTheFirst by users_are_found_among_ids;

    sessions_read_in_part_by_id_are_noticed: ForgetsTheRestById by
        a_principal_is_read_whatever_its_state;
    refresh_from_any_number_is_noticed: RotatesRefreshFromAny by a_chain_moves_from_its_present_number;
    refresh_of_ended_sessions_is_noticed: RotatesRefreshOfTheEnded by a_chain_ends_with_its_session;
    newest_signing_keys_first_are_noticed: NewestKeysFirst by a_signing_key_is_returned_as_it_was_put;
    replaced_signing_keys_are_noticed: ReplacesSigningKeys by a_signing_key_is_never_replaced;
    signing_keys_that_all_go_are_noticed: DeletesAllSigningKeys by signing_keys_go_up_to_a_number;

    // The audit log.
    events_found_anywhere_are_noticed: FindsEventsOfAnyOrg by
        an_event_is_read_by_its_id rows_of_another_realm_do_not_exist;
    oldest_events_first_are_noticed: ListsOldestEventsFirst by
        events_are_listed_newest_first events_are_paged_newest_first an_event_is_returned_as_it_was_put;
    forgotten_kinds_of_events_are_noticed: EventsForgetKind by
        events_are_filtered_by_kind all_parts_of_an_audit_filter_must_hold events_are_paged_newest_first;
    forgotten_users_of_events_are_noticed: EventsForgetUser by
        events_are_filtered_by_user all_parts_of_an_audit_filter_must_hold;
    forgotten_subjects_of_events_are_noticed: EventsForgetSubject by events_are_filtered_by_user;
    forgotten_times_of_events_are_noticed: EventsForgetTime by
        events_are_filtered_by_time all_parts_of_an_audit_filter_must_hold;
    inclusive_ends_of_time_are_noticed: EventsUntilIncluded by events_are_filtered_by_time;
    seals_from_any_end_are_noticed: SealsFromAnyEnd by
        a_chain_is_sealed_from_its_present_end one_sealer_wins every_failure_leaves_nothing;
    events_sealed_again_are_noticed: SealsAgain by an_event_is_sealed_once;
    sealed_foreign_events_are_noticed: SealsForeignEvents by an_event_of_another_chain_is_not_sealed;
    an_end_that_stays_behind_is_noticed: EndStaysBehind by
        a_seal_is_written_on_its_event a_chain_is_sealed_from_its_present_end each_chain_has_numbers_of_its_own;
    inclusive_reads_of_a_chain_are_noticed: SealedFromItsOwnNumber by sealed_events_are_read_by_number;
    unsealed_events_backwards_are_noticed: UnsealedBackwards by unsealed_events_are_read_by_chain;
    unsealed_events_of_any_chain_are_noticed: UnsealedOfAnyChain by unsealed_events_are_read_by_chain;
    sealed_organisations_taken_for_unsealed_are_noticed: ListsSealedOrgs by
        organisations_with_unsealed_events_are_listed;
    sealed_events_taken_for_unsealed_are_noticed: UnsealedKeepsSealed by
        unsealed_events_are_read_by_chain a_chain_is_sealed_from_its_present_end;
    erased_addresses_that_stay_are_noticed: ErasingKeepsAddress by an_erased_event_loses_its_payload;
    erased_salts_that_stay_are_noticed: ErasingKeepsSalt by an_erased_event_loses_its_payload;
    erased_seals_are_noticed: ErasingTakesTheSeal by
        an_erased_event_loses_its_payload an_erased_event_can_be_sealed;
    events_erased_again_are_noticed: ErasesAgain by an_event_is_erased_once;
    erased_foreign_events_are_noticed: ErasesForeignEvents by an_event_of_another_chain_is_not_erased;

    // Texts and times.
    folded_case_is_noticed: FoldsCase by
        keys_that_differ_in_any_byte_are_different similar_keys_are_not_found identifiers_are_listed_in_byte_order
        slugs_that_differ_in_any_byte_are_different;
    trimmed_texts_are_noticed: TrimsTexts by
        texts_come_back_byte_for_byte keys_that_differ_in_any_byte_are_different
        slugs_that_differ_in_any_byte_are_different;
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
    lists_without_end_are_noticed: ForgetsTheEndOfAList by
        users_are_paged_by_id members_are_paged_by_user orgs_are_paged_by_id;
    alphabetical_order_is_noticed: SortsByAlphabet by identifiers_are_listed_in_byte_order;
    any_address_is_noticed: TakesAnyAddress by
        a_principal_joins_user_address_and_organisation a_principal_may_lack_address_and_organisation
        a_member_is_listed_with_user_and_address any_identifier_of_a_member_counts_once a_username_is_no_address_of_a_member;
    hidden_sessions_are_noticed: HidesEndedSessions by a_principal_is_read_whatever_its_state a_session_ends_once;
    listed_dead_sessions_are_noticed: ListsExpiredSessions by the_list_shows_live_sessions_only;
    revived_sessions_are_noticed: TouchRevives by activity_never_revives_a_session activity_does_not_race_an_end;
    activity_moved_back_is_noticed: TouchMovesBack by activity_moves_the_mark_forward_only;

    forgotten_filters_are_noticed: ForgetsFilter by
        users_are_filtered_by_status_and_kind a_prefix_is_compared_byte_for_byte a_nul_in_a_prefix_finds_nobody
        all_parts_of_a_filter_must_hold a_filter_follows_every_write a_filtered_list_is_paged;
    prefixes_taken_for_patterns_are_noticed: PrefixAsPattern by a_prefix_is_no_pattern;
    users_found_by_looks_are_noticed: FindsByLooks by looks_of_usernames_find_nobody;
    kinds_taken_for_one_are_noticed: KindsAreOne by identifiers_of_several_kinds_are_apart;
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
    swept_live_rows_are_noticed: SweepsLiveRows by a_sweep_removes_what_is_spent keys_that_are_over_are_swept;
    sweeps_without_limit_are_noticed: SweepsWithoutLimit by a_sweep_goes_in_steps keys_are_swept_in_steps;

    // API keys.
    sorted_scopes_are_noticed: SortsScopes by a_key_is_returned_as_it_was_put;
    forgotten_makers_of_keys_are_noticed: ForgetsKeyMaker by a_key_is_returned_as_it_was_put;
    replaced_keys_are_noticed: ReplacesKeys by a_key_is_never_replaced;
    ids_of_keys_unique_for_all_owners_are_noticed: KeyIdsUniqueEverywhere by a_key_of_another_owner_is_another_row;
    keys_of_any_realm_are_noticed: KeysOfAnyRealm by
        a_key_of_another_realm_is_not_found rows_of_another_realm_do_not_exist;
    keys_that_want_a_membership_are_noticed: KeysWantMembership by a_key_survives_a_lost_membership;
    memberships_elsewhere_are_noticed: KeysTakeAnyMembership by
        a_key_joins_user_organisation_and_membership a_key_may_lack_user_organisation_and_membership
        a_key_survives_a_lost_membership;
    memberships_of_others_are_noticed: KeysTakeAnyMember by
        a_key_joins_user_organisation_and_membership a_key_may_lack_user_organisation_and_membership
        a_key_survives_a_lost_membership;
    makers_taken_for_owners_are_noticed: KeysShowTheirMaker by a_key_may_lack_user_organisation_and_membership;
    hidden_keys_are_noticed: KeysHideTheEnded by a_key_is_read_whatever_its_state a_key_is_returned_as_it_was_put;
    changes_of_keys_are_noticed: KeysAppendChanges by a_write_of_a_key_appends_nothing;
    lists_of_living_keys_are_noticed: ListsLivingKeysOnly by
        a_key_is_read_whatever_its_state keys_are_listed_by_owner api_keys_are_paged_newest_first;
    oldest_keys_first_are_noticed: ListsOldestKeysFirst by
        keys_are_listed_by_owner keys_are_listed_by_organisation api_keys_are_paged_newest_first;
    keys_of_members_taken_for_those_of_the_org_are_noticed: ListsKeysByOrg by
        keys_are_listed_by_owner api_keys_are_paged_newest_first;
    listed_keys_of_any_owner_are_noticed: ListsKeysOfAnyOwner by
        keys_are_listed_by_owner rows_of_another_user_do_not_exist;
    listed_keys_of_any_org_are_noticed: ListsKeysOfAnyOrg by
        keys_are_listed_by_organisation rows_of_another_organisation_do_not_exist;
    unlisted_keys_of_members_are_noticed: ListsOwnKeysOfOrgsOnly by
        keys_are_listed_by_organisation a_key_is_returned_as_it_was_put;
    unlisted_keys_of_the_org_are_noticed: ListsKeysOfMembersOnly by
        keys_are_listed_by_organisation a_key_is_returned_as_it_was_put;
    keys_found_for_any_owner_are_noticed: FindsKeysOfAnyOwner by a_key_of_another_owner_is_another_row;
    lengthened_keys_are_noticed: EndsKeysLater by an_end_is_set_and_only_comes_nearer;
    ends_in_the_past_are_noticed: EndsKeysInThePast by an_end_is_set_and_only_comes_nearer use_never_revives_a_key;
    ends_that_do_not_wait_are_noticed: EndsKeysAtOnce by
        an_end_is_set_and_only_comes_nearer a_key_ends_at_the_earliest_of_all;
    keys_ended_again_are_noticed: EndsKeysThatAreOver by
        a_key_that_is_over_does_not_end_again use_never_revives_a_key one_end_of_a_key_wins;
    keys_ended_at_their_end_are_noticed: EndsKeysAtTheirEnd by a_key_that_is_over_does_not_end_again;
    missing_keys_that_end_are_noticed: EndsMissingKeys by
        a_key_that_is_over_does_not_end_again a_key_of_another_owner_is_another_row every_failure_leaves_nothing;
    keys_ended_by_strangers_are_noticed: EndsKeysOfAnyOwner by a_key_of_another_owner_is_another_row;
    keys_ended_twice_are_noticed: EndsKeysTwiceInARace by one_end_of_a_key_wins;
    ends_set_from_what_was_read_are_noticed: EndsKeysFromWhatWasRead by a_key_ends_at_the_earliest_of_all;
    keys_that_end_when_put_are_noticed: EndsKeysItPuts by keys_that_end_at_once_spare_the_rest;
    keys_ended_for_everybody_are_noticed: EndsKeysOfAllUsers by keys_that_end_at_once_spare_the_rest;
    keys_ended_everywhere_are_noticed: EndsKeysInAllOrgs by keys_of_a_user_end_at_once;
    keys_left_in_organisations_are_noticed: EndsKeysOutsideOrgs by keys_of_a_user_end_at_once;
    keys_of_organisations_ended_are_noticed: EndsKeysOfOrgsToo by keys_that_end_at_once_spare_the_rest;
    ends_that_move_are_noticed: EndsAllKeysAgain by
        keys_that_end_at_once_spare_the_rest keys_of_a_user_end_at_once;
    ends_that_want_a_key_are_noticed: EndsAtLeastOneKey by keys_that_end_at_once_spare_the_rest;
    an_ignored_number_of_keys_is_noticed: IgnoresMaxKeys by
        more_living_keys_than_demanded_conflict a_demanded_number_counts_keys_of_the_owner_alone
        limits_of_keys_hold_under_a_race every_failure_leaves_nothing;
    counted_keys_that_are_over_are_noticed: MaxKeysCountsTheEnded by more_living_keys_than_demanded_conflict;
    counted_keys_of_members_are_noticed: MaxKeysCountsByOrg by a_demanded_number_counts_keys_of_the_owner_alone;
    counted_keys_of_everybody_are_noticed: MaxKeysCountsAll by a_demanded_number_counts_keys_of_the_owner_alone;
    keys_counted_too_early_are_noticed: MaxKeysCountsBefore by
        more_living_keys_than_demanded_conflict limits_of_keys_hold_under_a_race;
    keys_counted_in_a_race_are_noticed: MaxKeysCountsInARace by limits_of_keys_hold_under_a_race;
    use_moved_back_is_noticed: UseMovesBack by use_moves_the_mark_forward_only;
    revived_keys_are_noticed: UseRevivesKeys by
        use_never_revives_a_key use_moves_the_mark_forward_only;
    a_forgotten_first_use_is_noticed: UseForgetsTheFirst by use_moves_the_mark_forward_only;
    use_that_wants_a_key_is_noticed: UseWantsAKey by use_moves_the_mark_forward_only;
    keys_used_by_strangers_are_noticed: UsesKeysOfAnyOwner by a_key_of_another_owner_is_another_row;
    swept_keys_without_end_are_noticed: SweepsKeysWithoutEnd by keys_that_are_over_are_swept;
    swept_keys_of_another_owner_are_noticed: SweepsKeysById by keys_that_are_over_are_swept;
    keys_that_stay_are_noticed: SweepsNoKeys by keys_that_are_over_are_swept;

    // Factors.
    factors_replaced_from_any_version_are_noticed: ReplacesFactorsOfAnyVersion by
        a_factor_is_replaced_from_its_version one_use_of_a_factor_wins;
    forgotten_use_of_factors_is_noticed: ForgetsUseOfFactors by
        a_factor_is_returned_as_it_was_put a_factor_is_replaced_from_its_version;
    forgotten_kinds_of_factors_are_noticed: ForgetsKindsOfFactors by a_factor_is_returned_as_it_was_put;
    credentials_of_two_are_noticed: RegistersCredentialsTwice by
        a_credential_is_one_factors_in_its_realm one_registration_of_a_credential_wins;
    factors_of_any_realm_are_noticed: FindsFactorsOfAnyRealm by a_credential_is_one_factors_in_its_realm;
    removed_factors_that_are_found_are_noticed: FindsRemovedFactors by a_factor_that_was_removed_is_gone;
    factors_of_any_user_are_noticed: ListsFactorsOfAnyUser by factors_belong_to_one_user;
    factors_out_of_order_are_noticed: ListsFactorsBackwards by a_factor_is_returned_as_it_was_put;
    factors_removed_from_any_version_are_noticed: RemovesFactorsOfAnyVersion by a_factor_that_was_removed_is_gone;
    factors_removed_by_strangers_are_noticed: RemovesFactorsOfAnyUser by a_factor_that_was_removed_is_gone;
    factors_of_other_kinds_that_go_are_noticed: RemovesFactorsOfAllKinds by factors_of_a_kind_go_at_once;
    factors_of_others_that_go_are_noticed: RemovesFactorsOfAll by factors_of_a_kind_go_at_once;
    factors_that_stay_are_noticed: RemovesOneFactor by factors_of_a_kind_go_at_once;
}
