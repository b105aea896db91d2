//! What commit handlers and stores of other libraries get wrong, each by name.

use std::sync::Arc;
use std::time::Duration;

use checkpoint_commit::strategy::{always, every};
use checkpoint_commit::{Ended, Verdict};
use checkpoint_core::{CheckpointStore, Operation};
use checkpoint_testkit::Fault;

use crate::common::{A_MINUTE, builder, come_again, id, start, store, stored, ticket, tickets, until_stored};

#[tokio::test(start_paused = true)]
async fn a_stale_node_moves_no_position_back() {
    let store = store();
    let stale = start(&store).await;
    ticket(&stale, 5).await.ack();
    let current = start(&store).await;
    ticket(&current, 5).await.ack();
    ticket(&current, 9).await.ack();
    current.flush().await.unwrap();
    assert_eq!(stale.flush().await, Err(Ended::Fenced { epoch: 2 }));
    assert_eq!(stored(&store).await, Some(9));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hits_no_record_is_not_ignored() {
    let store = store();
    let committer = builder(&store).strategy(always()).start().await.unwrap();
    store.delete(&id()).await.unwrap();
    let mut status = committer.watch();
    ticket(&committer, 1).await.ack();
    status.wait_for(|status| status.verdict == Verdict::Fenced).await.unwrap();
    assert_eq!(committer.flush().await, Err(Ended::Missing));
}

#[tokio::test(start_paused = true)]
async fn two_nodes_that_start_on_a_new_id_do_not_collide() {
    let store = store();
    let (one, other) = tokio::join!(start(&store), start(&store));
    ticket(&one, 1).await.ack();
    ticket(&other, 1).await.ack();
    let (one, other) = (one.flush().await, other.flush().await);
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
}

#[tokio::test(start_paused = true)]
async fn a_late_ack_of_something_stored_does_not_freeze_commits() {
    let store = store();
    let first = start(&store).await;
    let late = ticket(&first, 1).await;
    drop(first);
    let committer = builder(&store).strategy(always()).start().await.unwrap();
    ticket(&committer, 1).await.ack();
    until_stored(&committer, 1).await;
    late.ack();
    ticket(&committer, 2).await.ack();
    until_stored(&committer, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_timed_out_neither_freezes_commits_nor_writes_an_older_value_later() {
    let store = store();
    let committer = builder(&store).strategy(always()).start().await.unwrap();
    store.script(Operation::Write, [Fault::HangAfter, Fault::LoseCall, Fault::LoseAnswer]);
    ticket(&committer, 1).await.ack();
    tokio::task::yield_now().await;
    ticket(&committer, 2).await.ack();
    let mut highest = None;
    while highest < Some(2) {
        let now = stored(&store).await;
        assert!(now >= highest, "{now:?} after {highest:?}");
        highest = now;
        tokio::time::advance(Duration::from_millis(50)).await;
        tokio::task::yield_now().await;
    }
    committer.flush().await.unwrap();
    assert_eq!(stored(&store).await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_is_tried_again_while_the_stream_is_idle() {
    let store = store();
    let committer = builder(&store).strategy(every(1)).start().await.unwrap();
    store.script(Operation::Write, [Fault::Refuse; 5]);
    ticket(&committer, 1).await.ack();
    until_stored(&committer, 1).await;
}

#[tokio::test(start_paused = true)]
async fn the_final_flush_has_a_deadline() {
    let store = store();
    let committer = start(&store).await;
    store.script(Operation::Write, std::iter::repeat(Fault::Refuse));
    ticket(&committer, 1).await.ack();
    let began = tokio::time::Instant::now();
    let report = committer.close(Duration::from_secs(7)).await;
    assert_eq!((began.elapsed(), report.redelivered), (Duration::from_secs(7), 1));
    assert!(report.error.unwrap().contains("script"));
}

#[tokio::test(start_paused = true)]
async fn the_set_behind_a_gap_is_bounded() {
    let store = store();
    let committer = builder(&store).window(1000).start().await.unwrap();
    let mut open = tickets(&committer, 1..=1000).await;
    let head = open.remove(0);
    open.into_iter().for_each(checkpoint_commit::Ticket::ack);
    assert!(tokio::time::timeout(A_MINUTE, committer.track(1001)).await.is_err());
    drop(head);
}

#[tokio::test(start_paused = true)]
async fn what_is_handled_beyond_a_gap_survives_a_restart() {
    let store = store();
    let committer = start(&store).await;
    let mut open = tickets(&committer, 1..=10).await;
    let gap = open.remove(3);
    open.into_iter().for_each(checkpoint_commit::Ticket::ack);
    committer.flush().await.unwrap();
    drop(gap);
    assert_eq!(stored(&store).await, Some(3));
    assert_eq!(come_again(&store, 4..=10).await, [4]);
}

#[tokio::test(start_paused = true)]
async fn what_is_reported_is_what_is_stored_and_not_what_is_acked() {
    let store = store();
    let committer = start(&store).await;
    tickets(&committer, 1..=10).await.into_iter().for_each(checkpoint_commit::Ticket::ack);
    let status = committer.status();
    assert_eq!((status.stored, status.low, status.redelivered), (None, Some(10), 10));
    committer.flush().await.unwrap();
    assert_eq!((committer.status().stored, committer.status().redelivered), (Some(10), 0));
    assert!(Arc::strong_count(&store) > 1);
}
