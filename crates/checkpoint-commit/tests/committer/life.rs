//! What a committer does when nothing goes wrong.

use std::time::Duration;

use checkpoint_commit::strategy::{always, bytes, every, manual};
use checkpoint_commit::{Ended, TrackError, Verdict};
use checkpoint_core::CheckpointStore;
use tokio::time::timeout;

use crate::common::{A_MINUTE, builder, come_again, id, start, store, stored, ticket, tickets, until_stored};

#[tokio::test(start_paused = true)]
async fn what_is_stored_never_passes_an_open_event() {
    let store = store();
    let committer = builder(&store).strategy(always()).start().await.unwrap();
    let mut open = tickets(&committer, [10, 20, 30]).await;
    open.pop().unwrap().ack(); // 30
    committer.flush().await.unwrap();
    assert_eq!(stored(&store).await, None);
    open.remove(0).ack(); // 10
    until_stored(&committer, 10).await;
    open.remove(0).ack(); // 20
    until_stored(&committer, 30).await;
    assert!(store.read(&id()).await.unwrap().unwrap().state.is_empty(), "there is no gap");
}

#[tokio::test(start_paused = true)]
async fn what_was_handled_beyond_a_gap_does_not_come_again() {
    let store = store();
    let committer = start(&store).await;
    let open = tickets(&committer, 1..=100).await;
    let (odd, even): (Vec<_>, Vec<_>) = open.into_iter().partition(|ticket| ticket.position() % 2 == 1);
    even.into_iter().for_each(checkpoint_commit::Ticket::ack);
    let report = committer.close(Duration::from_secs(1)).await;
    assert_eq!((report.stored, report.redelivered, report.open), (None, 0, 50));
    assert_eq!(report.open_positions, (1..=100).step_by(2).collect::<Vec<_>>());
    drop(odd);
    assert_eq!(come_again(&store, 1..=100).await, (1..=100).step_by(2).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_was_made_already_is_gone_on_with() {
    let store = store();
    let first = start(&store).await;
    let mut open = tickets(&first, [10, 20]).await;
    open.pop().unwrap().ack(); // 20
    first.flush().await.unwrap();
    let claimed = store.claim(&id(), "somebody").await.unwrap();
    let committer = builder(&store).strategy(always()).resume(&claimed);
    assert_eq!(store.read(&id()).await.unwrap().unwrap(), claimed, "it is not claimed again");
    let ticket = ticket(&committer, 10).await;
    assert!(committer.track(20).await.unwrap().is_none(), "it was handled before");
    ticket.ack();
    until_stored(&committer, 20).await;
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_handled_is_kept_while_the_stream_has_not_come_to_it_again() {
    let store = store();
    let first = start(&store).await;
    let mut open = tickets(&first, 1..=100).await;
    let tail = open.split_off(2);
    tail.into_iter().for_each(checkpoint_commit::Ticket::ack);
    assert_eq!(first.close(Duration::ZERO).await.redelivered, 98);
    // The deadline was over at once, so that nothing was stored: the next run stores it.
    let second = start(&store).await;
    let mut open = tickets(&second, 1..=100).await;
    let tail = open.split_off(2);
    tail.into_iter().for_each(checkpoint_commit::Ticket::ack);
    second.flush().await.unwrap();
    drop(second);
    // The third one comes to 1 only, and stores that.
    let third = start(&store).await;
    ticket(&third, 1).await.ack();
    assert!(third.close(A_MINUTE).await.is_clean());
    assert_eq!(stored(&store).await, Some(1));
    assert_eq!(come_again(&store, 1..=100).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_handled_and_a_smaller_state_has_no_room_for_is_counted() {
    let store = store();
    let first = start(&store).await;
    let open = tickets(&first, 1..=100).await;
    let (odd, even): (Vec<_>, Vec<_>) = open.into_iter().partition(|ticket| ticket.position() % 2 == 1);
    even.into_iter().for_each(checkpoint_commit::Ticket::ack);
    first.flush().await.unwrap();
    drop((first, odd));
    let second = builder(&store).state_limit(0).start().await.unwrap();
    let mut odd = Vec::new();
    for position in 1..=100 {
        odd.extend(second.track(position).await.unwrap());
    }
    assert_eq!(odd.len(), 50);
    odd.pop().unwrap().ack(); // 99
    second.flush().await.unwrap();
    assert_eq!(second.status().redelivered, 51);
    odd.into_iter().for_each(checkpoint_commit::Ticket::ack);
    assert!(second.close(A_MINUTE).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn the_default_stores_after_100_events_or_5_seconds() {
    let store = store();
    let committer = start(&store).await;
    tickets(&committer, 1..=100).await.into_iter().for_each(checkpoint_commit::Ticket::ack);
    let began = tokio::time::Instant::now();
    until_stored(&committer, 100).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "by the paused clock");
    ticket(&committer, 101).await.ack();
    until_stored(&committer, 101).await;
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn bytes_are_counted_and_manual_waits_for_a_flush() {
    let store = store();
    let committer = builder(&store).strategy(bytes(1000)).start().await.unwrap();
    committer.track_sized(1, 999).await.unwrap().unwrap().ack();
    tokio::time::sleep(A_MINUTE).await; // by the paused clock
    assert_eq!(stored(&store).await, None);
    committer.track_sized(2, 1).await.unwrap().unwrap().ack();
    until_stored(&committer, 2).await;
    drop(committer);

    let committer = builder(&store).strategy(manual()).start().await.unwrap();
    ticket(&committer, 3).await.ack();
    assert_eq!(committer.status().redelivered, 1);
    committer.flush().await.unwrap();
    assert_eq!((stored(&store).await, committer.status().redelivered), (Some(3), 0));
}

#[tokio::test(start_paused = true)]
async fn track_waits_for_room_and_the_status_says_who_blocks_it() {
    let store = store();
    let committer = builder(&store).window(3).start().await.unwrap();
    let mut open = tickets(&committer, [5, 6, 7]).await;
    open.pop().unwrap().ack();
    assert!(timeout(A_MINUTE, committer.track(8)).await.is_err(), "5 is in the way");
    let blocker = committer.status().blocker.unwrap();
    assert_eq!((blocker.position, blocker.age), (5, A_MINUTE));
    let first = open.remove(0);
    let (tracked, ()) = tokio::join!(committer.track(8), async { first.ack() });
    assert_eq!(tracked.unwrap().unwrap().position(), 8);
}

#[tokio::test(start_paused = true)]
async fn positions_rise_and_those_of_before_give_no_ticket() {
    let store = store();
    let committer = start(&store).await;
    committer.pass(7).await.unwrap();
    assert!(matches!(committer.track(7).await, Err(TrackError::NotRising(refused)) if refused.high == 7));
    assert!(matches!(committer.track(1 << 63).await, Err(TrackError::TooLarge { .. })));
    committer.close(A_MINUTE).await;
    let committer = start(&store).await;
    assert_eq!(committer.resume_from(), Some(7));
    assert!(committer.track(6).await.unwrap().is_none() && committer.track(7).await.unwrap().is_none());
    assert!(committer.track(8).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_what_is_open() {
    let store = store();
    let committer = builder(&store).strategy(every(1_000)).start().await.unwrap();
    let ticket = ticket(&committer, 3).await;
    let (report, ()) = tokio::join!(committer.close(A_MINUTE), async {
        tokio::task::yield_now().await;
        ticket.ack();
    });
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.stored, stored(&store).await), (Some(3), Some(3)));
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_outlives_its_committer_does_nothing() {
    let store = store();
    let committer = start(&store).await;
    let late = tickets(&committer, [1, 2, 3, 4]).await;
    drop(committer);
    let next = start(&store).await;
    let mut late = late.into_iter();
    late.next().unwrap().ack();
    late.next().unwrap().nack("too late");
    late.next().unwrap().skip("too late");
    drop(late);
    next.flush().await.unwrap();
    assert_eq!((stored(&store).await, next.receipts().len()), (None, 0));
    assert_eq!(come_again(&store, 1..=4).await, [1, 2, 3, 4]);
    ticket(&next, 1).await.ack();
    assert!(matches!(next.flush().await, Err(Ended::Fenced { .. })), "it was claimed once more");
}

#[tokio::test(start_paused = true)]
async fn the_verdict_follows() {
    let store = store();
    let committer = builder(&store).stuck_after(A_MINUTE).start().await.unwrap();
    let mut status = committer.watch();
    assert_eq!(committer.status().verdict, Verdict::Idle);
    let first = ticket(&committer, 1).await;
    assert_eq!(committer.status().verdict, Verdict::Moving);
    status.wait_for(|status| status.verdict == Verdict::Stuck).await.unwrap();
    first.nack("no such order");
    let nacked = committer.nacked().await.unwrap();
    assert_eq!((nacked.attempts, &*nacked.error, nacked.ticket.position()), (1, "no such order", 1));
    let blocker = committer.status().blocker.unwrap();
    assert_eq!((blocker.attempts, blocker.error.as_deref()), (1, Some("no such order")));
    nacked.ticket.ack();
    until_stored(&committer, 1).await;
    assert_eq!(committer.status().verdict, Verdict::Idle);
    committer.close(A_MINUTE).await;
    status.wait_for(|status| status.verdict == Verdict::Closed).await.unwrap();
}
