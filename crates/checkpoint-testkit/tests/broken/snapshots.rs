//! What goes wrong with snapshots on a store that is broken.

use checkpoint_testkit::snapshots;

use crate::flaw::Flaw;
use crate::{Case, assert_caught};

macro_rules! broken_stores {
    ($($test:ident $flaw:ident: $($case:ident)+;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $(
                    let case: Case = |place| Box::pin(snapshots::$case(place));
                    assert_caught(Flaw::$flaw, stringify!($case), case).await;
                )+
            }
        )+

        const CATCHING: &[&str] = &[$($(stringify!($case)),+),+];
    };
}

broken_stores! {
    forgets_on_reopen ForgetsOnReopen: a_model_goes_on_where_it_was_saved;
    cuts_states CutsStates: models_of_every_size_are_whole;
    cuts_ids CutsIds: the_longest_id_has_room_for_records;
    ids_as_paths IdsAsPaths: models_of_similar_ids_are_apart;
    ids_ignore_case IdsIgnoreCase: models_of_similar_ids_are_apart;
    ids_trimmed IdsTrimmed: models_of_similar_ids_are_apart;
    list_misses_border ListMissesBorder: deleting_leaves_nothing;
    called_what_it_lacks CalledWhatItLacks: a_store_that_cannot_claim_says_so;
    state_as_text StateAsText: models_of_many_records_are_whole;
    loses_state LosesState: a_broken_snapshot_costs_a_replay half_a_snapshot_is_never_restored;
    ignores_epoch IgnoresEpoch: an_older_saver_is_fenced;
    overwrite_advances OverwriteAdvances: rewinding_goes_back_to_a_snapshot;
    delete_keeps_state DeleteKeepsState: deleting_leaves_nothing;
}

macro_rules! names {
    ($_:ty; $($case:ident)+) => { &[$(stringify!($case)),+] };
}

const ALL: &[&str] = checkpoint_testkit::__every_snapshot_case!([names]());

#[test]
fn every_case_about_snapshots_catches_a_broken_store() {
    let idle: Vec<_> = ALL.iter().filter(|case| !CATCHING.contains(case)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

#[test]
fn every_case_about_snapshots_is_in_the_list() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/snapshots.rs");
    let source = std::fs::read_to_string(file).unwrap();
    let written: Vec<_> = source.split("pub async fn ").skip(1).map(|rest| rest.split('(').next().unwrap()).collect();
    assert_eq!(written, ALL);
}
