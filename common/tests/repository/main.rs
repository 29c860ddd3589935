//! What the repository promises: each promise is one function, listed once, run on both stores.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "it fails the test"
)]

mod backup;
mod damaged_heads;
mod events;
mod faulty_store;
mod fixture;
mod following;
mod history;
mod ledger;
mod machine;
mod posters;
mod publishing;
mod repair;
mod stopping;
mod tampered_rows;
mod verify;

use fixture::Fixture;

macro_rules! promises {
    ($($module:ident: $($promise:ident),+;)+) => {
        mod on_sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    crate::$module::$promise(&crate::Fixture::sqlite()).await;
                }
            )+)+
        }

        mod on_mongodb {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    crate::$module::$promise(&crate::Fixture::mongodb().await).await;
                }
            )+)+
        }
    };
}

promises! {
    publishing:
        what_is_published_is_what_a_reader_loads,
        an_empty_delta_makes_no_version_and_writes_nothing,
        only_one_syncer_has_the_lease,
        a_lease_is_renewed_as_long_as_its_guard_lives,
        a_commit_of_another_version_than_the_next_is_refused,
        a_lease_given_before_the_clock_was_set_back_is_over,
        a_run_recorded_before_the_clock_was_set_back_delays_nobody,
        a_syncer_skips_a_run_when_another_ran_within_the_interval,
        a_publisher_paused_beyond_its_lease_publishes_nothing,
        a_publisher_works_from_the_head_of_its_lease_even_if_the_store_lags,
        late_view_writes_of_a_paused_publisher_lose,
        a_pin_set_by_another_stops_the_run_that_began_before_it,
        changes_beyond_a_tenth_of_the_items_make_a_new_base,
        parts_that_no_version_names_are_swept_and_named_ones_stay,
        a_part_is_written_once;
    stopping:
        a_publisher_that_dies_before_any_write_leaves_a_whole_version,
        a_publisher_that_loses_any_response_leaves_a_whole_version;
    following:
        an_empty_store_is_reported_and_then_its_first_version,
        a_follower_sees_every_version_in_order,
        a_follower_whose_version_was_taken_back_reloads,
        a_follower_switches_to_a_rebuilt_store,
        a_stale_read_of_an_older_head_is_ignored,
        an_older_head_that_stays_is_a_restored_backup_and_loaded,
        a_load_that_goes_back_is_ignored,
        a_follower_identifies_a_version_by_its_fence,
        a_follower_polls_even_if_every_wait_is_cancelled,
        a_part_that_cannot_be_read_is_named_and_the_rest_is_served,
        a_failing_sync_shows_in_the_head_status_until_one_succeeds;
    damaged_heads:
        a_starting_follower_begins_with_the_last_whole_version,
        a_follower_stays_at_a_whole_version_rather_than_a_damaged_one,
        a_follower_loads_a_version_whose_parts_come_back,
        an_older_base_that_is_still_there_is_loaded_and_heals,
        a_catalogue_that_is_wholly_lost_is_an_error_and_not_an_empty_one,
        parts_of_a_later_head_are_not_taken_for_those_of_a_new_version;
    repair:
        a_publisher_that_knows_the_state_restores_it,
        a_publisher_without_the_state_restores_it_from_the_source,
        a_pinned_version_is_restored_and_stays_pinned,
        nothing_but_a_repair_is_published_over_a_damaged_state,
        a_restored_version_keeps_its_history_and_readers_load_it,
        a_reader_loads_a_version_after_a_restored_one_whose_items_have_other_ranks,
        items_that_are_lost_are_named_and_every_reader_loads_the_version_without_them,
        a_repair_and_a_large_change_under_one_lease_are_both_published,
        items_of_a_lost_base_come_back_from_older_changes,
        a_version_is_not_restored_over_lost_changes,
        verification_finds_a_part_that_was_corrupted,
        a_new_head_starts_beyond_all_earlier_fences;
    backup:
        a_backup_restores_all_of_a_store_into_either_kind,
        a_store_with_a_version_is_restored_only_with_permission,
        a_truncated_or_changed_backup_changes_nothing,
        what_is_not_a_backup_or_of_a_newer_release_is_refused,
        a_restore_that_stops_at_any_write_leaves_the_old_state_or_the_new,
        a_backup_taken_while_versions_are_published_is_one_of_them,
        a_damaged_version_is_not_backed_up_and_damaged_history_is_left_out,
        an_output_or_input_that_fails_is_reported;
    verify:
        verification_finds_nothing_in_a_whole_store,
        verification_names_every_lost_or_corrupted_part,
        verification_names_documents_of_the_view_that_differ,
        verification_names_rows_that_cannot_be_decoded,
        verification_names_an_unreadable_or_contradictory_head,
        verification_waits_for_a_run_that_is_under_way,
        verification_reads_again_what_a_sync_removed_meanwhile,
        a_store_of_a_newer_release_is_refused_and_left_alone;
    events:
        each_version_is_logged_once_and_numbered,
        a_store_of_an_earlier_release_gets_a_log_without_earlier_versions,
        a_version_whose_publisher_died_after_the_commit_is_logged_by_the_next_lease,
        each_outage_and_each_held_delta_is_logged_once,
        a_publisher_that_died_before_its_release_does_not_end_an_outage,
        damage_is_logged_before_its_repair_and_healing_after_it,
        damage_that_one_run_finds_and_repairs_is_logged,
        damage_that_a_publisher_repaired_before_it_died_is_logged,
        the_log_of_another_lineage_begins_anew_and_its_numbers_go_on,
        the_log_keeps_the_newest_thousand_events,
        an_event_whose_row_cannot_be_read_is_no_end_of_the_log,
        of_two_syncers_that_save_a_delivery_one_is_refused,
        a_delivery_that_cannot_be_read_is_named_and_can_be_replaced;
    tampered_rows:
        values_of_wrong_types_stop_nothing_and_the_next_runs_repair_them;
    machine:
        whatever_happens_readers_see_published_versions_alone;
    history:
        any_kept_version_can_be_rebuilt,
        a_version_is_not_rebuilt_from_an_earlier_one,
        a_version_is_not_rebuilt_by_a_head_that_lags,
        the_changes_of_a_version_tell_before_and_after,
        a_rollback_is_a_new_version_with_a_pin,
        old_versions_go_beyond_the_retention_and_the_rest_still_loads,
        the_ledger_lists_runs_newest_first,
        runs_that_end_alike_and_publish_nothing_share_a_row,
        the_ledger_keeps_the_newest_rows,
        late_rows_of_a_paused_publisher_lose,
        findings_and_quarantine_are_those_of_the_last_run,
        the_view_shows_every_version_and_removes_what_is_gone,
        a_renamed_person_is_renamed_in_the_view_of_its_movies,
        a_view_left_behind_is_repaired_by_the_next_run;
    ledger:
        only_the_last_held_run_lists_its_changes,
        a_held_list_ends_with_its_run_after_any_number_of_failures,
        runs_share_no_row_across_a_time_without_syncs,
        the_database_has_a_size;
    posters:
        a_poster_is_read_with_its_pictures_and_readers_hear_of_it,
        a_picture_that_no_poster_names_is_removed,
        a_poster_that_only_failed_changes_no_picture,
        late_posters_of_a_paused_syncer_lose,
        a_syncer_that_stops_at_any_write_leaves_whole_pictures,
        a_damaged_picture_counts_as_missing_and_verification_names_it,
        a_backup_has_all_pictures,
        a_store_of_an_earlier_release_gets_posters;
}
