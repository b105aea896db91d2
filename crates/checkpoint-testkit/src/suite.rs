/// Makes a test of every case, for the store that a [`Harness`](crate::Harness) opens.
///
/// They are in a module `conformance`; a second argument gives it another name, for a second harness in the same file.
/// The [crate's page](crate) shows it in use.
#[macro_export]
macro_rules! conformance {
    ($harness:ty) => {
        $crate::conformance!($harness, conformance);
    };
    ($harness:ty, $module:ident) => {
        #[cfg(test)]
        mod $module {
            #[allow(unused_imports, reason = "a path may need none")]
            use super::*;
            use $crate::__private::tokio;

            $crate::__every_case!([$crate::__test_per_case] $harness);
        }
    };
}

/// The one list of the cases, by file. Calls the macro in brackets with what follows it and the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __every_case {
    ([$($with:tt)+] $argument:ty) => {
        $($with)+! { $argument;
            modes::advance_never_goes_back
            modes::advance_stores_an_equal_position_again
            modes::none_never_replaces_a_position
            modes::expect_compares_and_sets
            modes::overwrite_stores_any_position
            modes::every_mode_creates
            modes::a_refused_write_changes_nothing
            positions::boundary_positions_are_exact
            positions::neighbours_are_told_apart
            positions::positions_compare_as_numbers
            positions::positions_beyond_the_range_are_refused
            epochs::an_epoch_never_creates
            epochs::smaller_epochs_are_fenced
            epochs::the_epoch_comes_before_the_mode
            epochs::larger_epochs_raise_the_record
            epochs::epochs_are_exact_to_the_last
            ids::ids_of_every_shape_are_kept
            ids::similar_ids_are_different
            ids::the_shortest_and_the_longest_id_are_kept
            ids::control_characters_are_refused
            states::states_are_kept_byte_for_byte
            states::a_write_replaces_the_state
            states::the_largest_state_is_kept
            states::larger_states_are_refused
            batches::outcomes_come_in_order
            batches::an_empty_batch_is_no_error
            batches::duplicates_write_nothing
            batches::one_invalid_write_refuses_the_batch
            batches::a_thousand_at_once
            claims::a_claim_creates_and_adds_one
            claims::a_claim_keeps_position_and_state
            claims::a_claim_fences_those_before
            claims::owner_labels_are_kept_or_refused
            claims::the_last_epoch_cannot_be_claimed
            deletes::delete_removes_everything
            deletes::a_deleted_checkpoint_is_missing
            deletes::claims_begin_anew_after_a_delete
            deletes::reads_have_no_side_effect
            listing::list_is_in_byte_order
            listing::pages_follow_one_another
            listing::a_prefix_is_taken_literally
            listing::what_is_beside_is_listed_by_its_prefix
            listing::a_list_under_writes_shows_each_once
            races::racing_writers_never_go_back
            races::racing_compare_and_set_loses_nothing
            races::one_of_racing_creators_wins
            races::racing_first_writes_do_not_collide
            races::racing_batches_end
            fencing::racing_claims_get_distinct_epochs
            fencing::no_fenced_write_is_visible
            drops::dropped_writes_are_whole_or_nothing
            drops::dropped_batches_are_whole_writes
            drops::dropped_claims_leave_the_record_whole
            openings::records_survive_reopening
            openings::openings_see_one_another
            support::unsupported_calls_say_so
            histories::random_histories_agree_with_the_contract
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __test_per_case {
    ($harness:ty; $($theme:ident::$case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::run::<$harness>($crate::cases::$theme::$case).await;
            }
        )+
    };
}
