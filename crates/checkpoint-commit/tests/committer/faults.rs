//! Stores that fail, hang, lose answers, and change hands.

use std::iter::repeat;
use std::time::Duration;

use checkpoint_commit::strategy::{Strategy, always};
use checkpoint_commit::{Committer, Ended, TrackError, Verdict};
use checkpoint_core::{Checkpoint, CheckpointStore, CheckpointStoreExt, Operation, Write};
use checkpoint_testkit::Fault;
use tokio::time::timeout;

use crate::common::{A_MINUTE, builder, come_again, id, start, store, stored, ticket, tickets, until_stored};

const AN_HOUR: Duration = Duration::from_secs(3600);

async fn storing_always(store: &crate::common::Store) -> Committer {
    builder(store).strategy(always()).start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_an_hour_then_works() {
    let store = store();
    let committer = storing_always(&store).await;
    store.script(Operation::Write, repeat(Fault::Refuse));
    let mut status = committer.watch();
    ticket(&committer, 1).await.ack();
    let failing = status.wait_for(|status| status.verdict == Verdict::StoreFailing).await.unwrap().clone();
    assert!(failing.last_store.unwrap().error.unwrap().contains("script"));
    tokio::time::advance(AN_HOUR).await;
    assert_eq!(committer.status().redelivered, 1);
    store.script(Operation::Write, []);
    until_stored(&committer, 1).await; // nothing new came: the failed write is tried again by itself
    assert_eq!(committer.status().verdict, Verdict::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_for_ever_is_given_up_and_tried_again() {
    for fault in [Fault::HangBefore, Fault::HangAfter] {
        let store = store();
        let committer = storing_always(&store).await;
        store.script(Operation::Write, [fault]);
        ticket(&committer, 1).await.ack();
        assert!(timeout(Duration::from_secs(29), committer.flush()).await.is_err());
        committer.flush().await.unwrap();
        assert_eq!(stored(&store).await, Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn closing_over_a_store_that_hangs_ends_at_the_deadline_and_says_what_is_lost() {
    let store = store();
    let committer = storing_always(&store).await;
    store.script(Operation::Write, repeat(Fault::HangBefore));
    tickets(&committer, [1, 2]).await.into_iter().for_each(checkpoint_commit::Ticket::ack);
    let report = timeout(A_MINUTE, committer.close(Duration::from_secs(3))).await.unwrap();
    assert_eq!((report.stored, report.redelivered, report.open), (None, 2, 0));
    store.script(Operation::Write, []);
    assert_eq!(come_again(&store, [1, 2]).await, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn fenced_in_the_middle_of_a_flush_everybody_who_waits_learns_it() {
    let store = store();
    let committer = builder(&store).window(1).start().await.unwrap();
    let open = ticket(&committer, 1).await;
    store.claim(&id(), "somebody else").await.unwrap();
    let (flushed, tracked, nacked, ()) = tokio::join!(
        committer.flush(),
        async { committer.track(2).await.map(|_| ()) },
        async { committer.nacked().await.map(|_| ()) },
        async {
            tokio::task::yield_now().await;
            open.ack();
        }
    );
    let _passed_or_fenced = (flushed, tracked);
    let fenced = Ended::Fenced { epoch: 2 };
    assert_eq!(nacked.unwrap_err(), fenced);
    assert_eq!(committer.flush().await, Err(fenced));
    assert_eq!(committer.track(3).await.unwrap_err(), TrackError::Ended(fenced));
    assert_eq!(committer.status().verdict, Verdict::Fenced);
    assert_eq!(stored(&store).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_record_and_a_larger_position_end_it() {
    let store = store();
    let committer = start(&store).await;
    ticket(&committer, 1).await.ack();
    store.delete(&id()).await.unwrap();
    assert_eq!(committer.flush().await, Err(Ended::Missing));
    assert!(store.read(&id()).await.unwrap().is_none(), "it was not created again");

    let committer = start(&store).await;
    let ahead = Write::overwrite(Checkpoint::new(id(), 50)).with_epoch(1);
    assert!(store.write(&ahead).await.unwrap().is_stored());
    ticket(&committer, 1).await.ack();
    assert_eq!(committer.flush().await, Err(Ended::Overtaken { position: 50 }));
    assert_eq!(stored(&store).await, Some(50));
}

#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_decoded_is_said_and_the_position_counts() {
    let store = store();
    let write = Write::advance(Checkpoint::new(id(), 7)).with_state(&b"somebody else's"[..]);
    assert!(store.write(&write).await.unwrap().is_stored());
    let committer = start(&store).await;
    assert!(committer.state_lost().is_some());
    assert_eq!(committer.resume_from(), Some(7));
    ticket(&committer, 8).await.ack();
    assert!(committer.close(A_MINUTE).await.is_clean());
    assert_eq!(store.load(&id()).await.unwrap().position, Some(8));
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_fails_or_hangs_is_an_error() {
    let store = store();
    store.script(Operation::Claim, [Fault::Refuse, Fault::HangBefore]);
    assert!(builder(&store).start().await.unwrap_err().is_retryable());
    let error = builder(&store).store_timeout(A_MINUTE).start().await.unwrap_err();
    assert!(error.to_string().contains("60s") && error.is_retryable(), "{error}");
    start(&store).await;
}

#[tokio::test(start_paused = true)]
async fn at_the_bound_of_the_state_track_waits_and_nothing_is_dropped() {
    let store = store();
    let unlimited = Strategy::default();
    let committer = builder(&store).strategy(unlimited).state_limit(64).window(100_000).start().await.unwrap();
    // No two gaps alike: this does not fit into 64 bytes.
    let mut open = tickets(&committer, 1..=1000).await;
    let head = open.remove(0);
    let (acked, mut left): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|ticket| ticket.position().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 1);
    let handled: Vec<_> = acked.iter().map(checkpoint_commit::Ticket::position).collect();
    acked.into_iter().for_each(checkpoint_commit::Ticket::ack);
    committer.flush().await.unwrap();
    let redelivered = committer.status().redelivered;
    assert!(redelivered > 0, "not all of it is in the state");
    assert!(timeout(A_MINUTE, committer.track(1001)).await.is_err(), "it waits for room");
    assert!(store.read(&id()).await.unwrap().unwrap().state.len() <= 64);

    head.ack();
    left.drain(..).for_each(checkpoint_commit::Ticket::ack);
    let next = timeout(A_MINUTE, committer.track(1001)).await.expect("there is room now");
    next.unwrap().unwrap().ack();
    assert!(committer.close(A_MINUTE).await.is_clean());
    assert_eq!(stored(&store).await, Some(1001));
    assert!(!handled.is_empty());
}
