//! A deliberately broken store for each promise: the cases that are named next to it fail on it, and pass on the same
//! store without the flaw.

mod flaw;
#[cfg(feature = "snapshot")]
mod snapshots;
mod store;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use checkpoint_core::{CheckpointStore, Operation};
use checkpoint_testkit::{Harness, Place, Profile, async_trait, cases, run_at};

use crate::flaw::Flaw;
use crate::store::{BrokenStore, Shared};

type Case = for<'a> fn(&'a Place) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// `flaw: the cases that catch it`: a test a flaw, and the list of all the cases that catch any.
macro_rules! broken_stores {
    ($($test:ident $flaw:ident: $($theme:ident::$case:ident)+;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $(
                    let case: Case = |place| Box::pin(cases::$theme::$case(place));
                    assert_caught(Flaw::$flaw, stringify!($case), case).await;
                )+
            }
        )+

        const CATCHING: &[&str] = &[$($(stringify!($case)),+),+];
    };
}

broken_stores! {
    goes_back GoesBack: modes::advance_never_goes_back histories::random_histories_agree_with_the_contract;
    refuses_equal RefusesEqual:
        modes::advance_stores_an_equal_position_again histories::random_histories_agree_with_the_contract;
    none_replaces NoneReplaces:
        modes::none_never_replaces_a_position histories::random_histories_agree_with_the_contract;
    zero_is_none ZeroIsNone: modes::none_never_replaces_a_position histories::random_histories_agree_with_the_contract;
    expect_overwrites ExpectOverwrites:
        modes::expect_compares_and_sets histories::random_histories_agree_with_the_contract;
    overwrite_advances OverwriteAdvances:
        modes::overwrite_stores_any_position histories::random_histories_agree_with_the_contract;
    never_creates NeverCreates: modes::every_mode_creates histories::random_histories_agree_with_the_contract;
    touches_when_refusing TouchesWhenRefusing: modes::a_refused_write_changes_nothing;
    no_time NoTime: modes::every_mode_creates;

    positions_as_doubles PositionsAsDoubles:
        positions::boundary_positions_are_exact positions::neighbours_are_told_apart
        histories::random_histories_agree_with_the_contract;
    compares_as_text ComparesAsText:
        positions::positions_compare_as_numbers histories::random_histories_agree_with_the_contract;
    accepts_any_position AcceptsAnyPosition:
        positions::positions_beyond_the_range_are_refused histories::random_histories_agree_with_the_contract;
    refusal_is_unsure RefusalIsUnsure: positions::positions_beyond_the_range_are_refused;

    creates_with_epoch CreatesWithEpoch:
        epochs::an_epoch_never_creates deletes::a_deleted_checkpoint_is_missing
        histories::random_histories_agree_with_the_contract;
    ignores_epoch IgnoresEpoch:
        epochs::smaller_epochs_are_fenced claims::a_claim_fences_those_before fencing::no_fenced_write_is_visible
        histories::random_histories_agree_with_the_contract;
    mode_before_epoch ModeBeforeEpoch:
        epochs::the_epoch_comes_before_the_mode histories::random_histories_agree_with_the_contract;
    epoch_is_not_raised EpochIsNotRaised:
        epochs::larger_epochs_raise_the_record histories::random_histories_agree_with_the_contract;
    epoch_in_32_bits EpochIn32Bits: epochs::epochs_are_exact_to_the_last;

    ids_as_paths IdsAsPaths: ids::ids_of_every_shape_are_kept;
    ids_ignore_case IdsIgnoreCase: ids::similar_ids_are_different;
    ids_trimmed IdsTrimmed: ids::similar_ids_are_different;
    cuts_ids CutsIds: ids::the_shortest_and_the_longest_id_are_kept;

    loses_state LosesState: states::states_are_kept_byte_for_byte histories::random_histories_agree_with_the_contract;
    state_as_text StateAsText:
        states::states_are_kept_byte_for_byte histories::random_histories_agree_with_the_contract;
    keeps_old_state KeepsOldState:
        states::a_write_replaces_the_state histories::random_histories_agree_with_the_contract;
    cuts_states CutsStates: states::the_largest_state_is_kept;
    accepts_any_state AcceptsAnyState: states::larger_states_are_refused;

    batch_answers_in_id_order BatchAnswersInIdOrder:
        batches::outcomes_come_in_order histories::random_histories_agree_with_the_contract;
    batch_stops_at_loser BatchStopsAtLoser:
        batches::outcomes_come_in_order histories::random_histories_agree_with_the_contract;
    batch_refuses_nothing BatchRefusesNothing:
        batches::an_empty_batch_is_no_error histories::random_histories_agree_with_the_contract;
    batch_takes_duplicates BatchTakesDuplicates:
        batches::duplicates_write_nothing histories::random_histories_agree_with_the_contract;
    batch_checks_late BatchChecksLate:
        batches::duplicates_write_nothing batches::one_invalid_write_refuses_the_batch
        histories::random_histories_agree_with_the_contract;
    batch_forgets_the_rest BatchForgetsTheRest: batches::a_thousand_at_once;
    batch_deadlocks BatchDeadlocks: races::racing_batches_end;

    claim_adds_two ClaimAddsTwo:
        claims::a_claim_creates_and_adds_one histories::random_histories_agree_with_the_contract;
    claim_forgets ClaimForgets:
        claims::a_claim_keeps_position_and_state histories::random_histories_agree_with_the_contract;
    loses_owner LosesOwner:
        claims::a_claim_keeps_position_and_state histories::random_histories_agree_with_the_contract;
    claim_fences_nobody ClaimFencesNobody:
        claims::a_claim_fences_those_before histories::random_histories_agree_with_the_contract;
    cuts_owners CutsOwners: claims::owner_labels_are_kept_or_refused;
    claim_wraps ClaimWraps: claims::the_last_epoch_cannot_be_claimed;
    claim_is_not_atomic ClaimIsNotAtomic: fencing::racing_claims_get_distinct_epochs;
    claim_is_torn ClaimIsTorn: drops::dropped_claims_leave_the_record_whole;

    delete_keeps_state DeleteKeepsState:
        deletes::delete_removes_everything deletes::a_deleted_checkpoint_is_missing
        deletes::claims_begin_anew_after_a_delete histories::random_histories_agree_with_the_contract;
    delete_says_nothing DeleteSaysNothing:
        deletes::delete_removes_everything histories::random_histories_agree_with_the_contract;
    read_creates ReadCreates: deletes::reads_have_no_side_effect histories::random_histories_agree_with_the_contract;

    list_ignores_case ListIgnoresCase:
        listing::list_is_in_byte_order histories::random_histories_agree_with_the_contract;
    list_without_state ListWithoutState:
        listing::list_is_in_byte_order histories::random_histories_agree_with_the_contract;
    list_misses_border ListMissesBorder:
        listing::pages_follow_one_another histories::random_histories_agree_with_the_contract;
    list_repeats_border ListRepeatsBorder:
        listing::pages_follow_one_another histories::random_histories_agree_with_the_contract;
    list_shows_all_for_zero ListShowsAllForZero:
        listing::pages_follow_one_another histories::random_histories_agree_with_the_contract;
    list_shows_beside ListShowsBeside: listing::what_is_beside_is_listed_by_its_prefix;
    prefix_is_pattern PrefixIsPattern: listing::a_prefix_is_taken_literally;

    write_is_not_atomic WriteIsNotAtomic:
        races::racing_writers_never_go_back races::racing_compare_and_set_loses_nothing
        races::one_of_racing_creators_wins fencing::no_fenced_write_is_visible;
    write_is_torn WriteIsTorn:
        races::racing_writers_never_go_back drops::dropped_writes_are_whole_or_nothing
        drops::dropped_batches_are_whole_writes;
    write_deletes_first WriteDeletesFirst:
        races::racing_writers_never_go_back listing::a_list_under_writes_shows_each_once;
    first_writes_collide FirstWritesCollide: races::racing_first_writes_do_not_collide;
    contends_in_write ContendsInWrite: races::racing_writers_never_go_back;
    stays_locked StaysLocked: drops::dropped_writes_are_whole_or_nothing;

    forgets_on_reopen ForgetsOnReopen:
        openings::records_survive_reopening histories::random_histories_agree_with_the_contract;
    openings_apart OpeningsApart:
        openings::openings_see_one_another histories::random_histories_agree_with_the_contract;
    called_what_it_lacks CalledWhatItLacks: support::unsupported_calls_say_so;
}

/// A place of a store with `flaw`, or of the same store without it.
struct BrokenHarness {
    flaw: Flaw,
    broken: bool,
    shared: Arc<Shared>,
}

#[async_trait]
impl Harness for BrokenHarness {
    async fn fresh() -> Option<Self> {
        None
    }

    fn profile(&self) -> Profile {
        let deadline = Duration::from_secs(if self.broken && self.flaw.hangs() { 3 } else { 120 });
        let profile = Profile::new().durable().shared().with_histories(300).with_deadline(deadline);
        if self.flaw == Flaw::CalledWhatItLacks {
            return profile;
        }
        profile.supporting([Operation::Claim, Operation::Delete, Operation::List])
    }

    async fn open(&self) -> Arc<dyn CheckpointStore> {
        let flaw = self.broken.then_some(self.flaw);
        let is_open = Arc::strong_count(&self.shared) > 1;
        if flaw == Some(Flaw::ForgetsOnReopen) && !is_open {
            self.shared.records().clear();
        }
        let shared = if flaw == Some(Flaw::OpeningsApart) { Arc::default() } else { Arc::clone(&self.shared) };
        Arc::new(BrokenStore { flaw, complete: self.flaw != Flaw::CalledWhatItLacks, shared })
    }
}

/// The case passes on the sound store and fails on the broken one.
async fn assert_caught(flaw: Flaw, name: &str, case: Case) {
    let [sound, broken] = [false, true].map(|broken| {
        let place = Place::new(BrokenHarness { flaw, broken, shared: Arc::default() });
        tokio::spawn(async move { run_at(&place, case).await })
    });
    assert!(sound.await.is_ok(), "{name} passes on a sound store");
    let caught = broken.await.expect_err(&format!("{name} catches {flaw:?}")).into_panic();
    let said = caught.downcast::<String>().expect("the message is made for this store");
    assert!(!said.contains("the case and"), "{name} is itself wrong: {said}");
    assert_eq!(said.contains("a call hangs"), flaw.hangs(), "{name} catches {flaw:?} for what it is: {said}");
    eprintln!("{flaw:?}, caught by {name}: {said}\n");
}

macro_rules! names {
    ($_:ty; $($theme:ident::$case:ident)+) => { &[$(stringify!($case)),+] };
}

const ALL: &[&str] = checkpoint_testkit::__every_case!([names]());

#[test]
fn every_case_catches_a_broken_store() {
    // What a constructor refuses, no store sees.
    let idle: Vec<_> = ALL.iter().filter(|case| !CATCHING.contains(case)).collect();
    assert_eq!(idle, [&"control_characters_are_refused"]);
}

#[test]
fn every_case_is_in_the_list() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    let sources = folder.read_dir().unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let sources: String = sources.collect();
    let mut written: Vec<_> =
        sources.split("pub async fn ").skip(1).map(|rest| rest.split('(').next().unwrap()).collect();
    written.sort_unstable();
    let mut listed = ALL.to_vec();
    listed.sort_unstable();
    assert_eq!(written, listed);
}
