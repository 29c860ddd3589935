//! The syncer between a source and a real store.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "it fails the test"
)]

mod posters;
mod repair;
mod runs;
mod scene;
mod state_machine;
mod webhooks;

macro_rules! on_both_stores {
    ($($test:path as $name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $test(crate::scene::Store::sqlite()).await;
                }
            )+
        }

        mod on_mongodb {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    $test(crate::scene::Store::mongodb().await).await;
                }
            )+
        }
    };
}

on_both_stores! {
    crate::repair::commands_refuse_damage as commands_refuse_a_damaged_state_until_a_sync_has_repaired_it,
    crate::repair::exit_codes as a_rollback_of_a_damaged_store_exits_with_1_and_once_repairs_it,
    crate::repair::lost_items as items_that_are_lost_and_gone_from_the_source_are_named_and_no_reader_keeps_them,
    crate::repair::held_repair as a_repair_that_would_lose_much_is_held_until_it_is_approved,
    crate::repair::pinned as a_damaged_pinned_version_is_not_replaced_and_once_exits_with_1,
    crate::repair::corruption_under_a_running_syncer as a_part_corrupted_under_a_running_syncer_is_found_and_repaired,
    crate::repair::failed_last_write as a_run_whose_last_write_fails_has_published_all_the_same,
    crate::repair::failed_write_after_publishing as a_run_that_has_published_counts_as_published_whatever_fails_afterwards,
    crate::posters::mirror as posters_are_fetched_after_a_sync_checked_daily_and_kept_when_they_go_away,
    crate::posters::collection as pictures_stay_as_long_as_a_kept_version_has_them,
    crate::posters::slow_host as a_slow_host_of_posters_delays_no_sync,
    crate::webhooks::back_off as a_receiver_that_fails_for_a_minute_gets_all_events_in_order_after_it,
    crate::webhooks::retry_after as a_receiver_is_left_alone_for_as_long_as_it_asks,
    crate::webhooks::three_days as events_that_nobody_accepted_for_three_days_are_dropped_and_counted,
    crate::webhooks::claim as an_event_of_a_killed_syncer_is_sent_again_by_another_and_not_before,
    crate::webhooks::new_webhook as a_new_webhook_gets_the_events_from_then_on,
    crate::webhooks::other_clock as a_new_webhook_gets_the_right_events_whatever_the_clock_of_its_syncer_says,
    crate::webhooks::lost_row as a_webhook_whose_row_is_lost_with_its_database_gets_every_event_after_it,
    crate::webhooks::unreadable_row as a_row_that_cannot_be_read_delays_no_webhook_and_loses_no_event,
    crate::webhooks::unreadable_event as an_event_that_cannot_be_read_is_counted_as_dropped_and_delays_no_other,
    crate::state_machine::runs as random_damage_never_shrinks_the_catalogue_and_all_readers_agree,
}
