//! Stores that have no claims, and keep positions alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use checkpoint_commit::codec::Receipt;
use checkpoint_commit::strategy::{always, every};
use checkpoint_commit::{Committer, CommitterBuilder, Ended, Flusher, ReceiptSink, Ticket, Verdict};
use checkpoint_core::{
    Checkpoint, CheckpointId, CheckpointStore, CheckpointStoreExt, Error, ErrorKind, Operation, Outcome, Record,
    Result, Write, async_trait,
};
use checkpoint_memory::MemoryStore;
use tokio::time::timeout;

use crate::common::{A_MINUTE, id, ticket, tickets, until_stored};

/// As a layout of Eventuous is: a position, and nothing else.
#[derive(Debug, Default)]
struct Bare(MemoryStore);

#[async_trait]
impl CheckpointStore for Bare {
    fn name(&self) -> &'static str {
        "bare"
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.0.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        if write.epoch > 0 || !write.state.is_empty() || write.checkpoint.position.is_none() {
            return Err(Error::new(ErrorKind::Unsupported, "there is a place for a position only"));
        }
        self.0.write(write).await
    }
}

fn builder(store: &Arc<Bare>) -> CommitterBuilder {
    Committer::builder(Arc::<Bare>::clone(store), id()).without_claim()
}

async fn start(store: &Arc<Bare>) -> Committer {
    builder(store).strategy(always()).start().await.unwrap()
}

async fn stored(store: &Arc<Bare>) -> Option<u64> {
    store.load(&id()).await.unwrap().position
}

#[tokio::test(start_paused = true)]
async fn a_refused_claim_names_the_way_out() {
    let error = Committer::builder(Arc::new(Bare::default()), id()).start().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.store(), error.operation()),
        (ErrorKind::Unsupported, Some("bare"), Some(Operation::Claim))
    );
    assert!(error.to_string().contains("without_claim()"), "{error}");
    assert!(error.driver().unwrap().to_string().contains("no claim"), "what the store said is kept");
}

#[tokio::test(start_paused = true)]
async fn positions_are_stored_and_gone_on_from() {
    let store = Arc::new(Bare::default());
    let committer = start(&store).await;
    assert_eq!(committer.resume_from(), None);
    tickets(&committer, [3, 4, 9]).await.into_iter().rev().for_each(Ticket::ack);
    let report = committer.close(A_MINUTE).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.stored, stored(&store).await), (Some(9), Some(9)));
    let committer = start(&store).await;
    assert_eq!(committer.resume_from(), Some(9));
    assert!(committer.track(9).await.unwrap().is_none());
    ticket(&committer, 10).await.ack();
    until_stored(&committer, 10).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_handled_behind_a_gap_comes_again_and_is_said() {
    let store = Arc::new(Bare::default());
    let committer = builder(&store).strategy(every(10)).start().await.unwrap();
    let mut open = tickets(&committer, 1..=100).await;
    let gap = open.remove(4);
    open.into_iter().for_each(Ticket::ack);
    committer.flush().await.unwrap();
    let status = committer.status();
    assert_eq!((status.stored, status.redelivered, status.redelivered_at_least), (Some(4), 95, 95));
    assert_eq!((status.open, status.verdict), (1, Verdict::Behind));
    let report = committer.close(Duration::from_secs(1)).await;
    assert_eq!((report.stored, report.redelivered, report.open_positions), (Some(4), 95, vec![5]));
    drop(gap);

    let committer = start(&store).await;
    tickets(&committer, 5..=100).await.into_iter().for_each(Ticket::ack); // all of them have a ticket
    until_stored(&committer, 100).await;
    assert_eq!((committer.status().redelivered, committer.status().verdict), (0, Verdict::Idle));
}

#[tokio::test(start_paused = true)]
async fn a_gap_holds_track_back_at_the_window_and_not_before() {
    let store = Arc::new(Bare::default());
    let committer = builder(&store).strategy(always()).window(1_000).start().await.unwrap();
    let gap = ticket(&committer, 0).await;
    for position in 1..1_000 {
        ticket(&committer, position).await.ack();
        committer.flush().await.unwrap();
    }
    assert!(timeout(A_MINUTE, committer.track(1_000)).await.is_err(), "0 is in the way");
    assert_eq!((stored(&store).await, committer.status().redelivered), (None, 999));
    let (tracked, ()) = tokio::join!(committer.track(1_000), async { gap.ack() });
    until_stored(&committer, 999).await;
    assert_eq!(committer.status().redelivered, 0);
    tracked.unwrap().unwrap().ack();
}

/// What is due when a gap closes is stored, also where nothing comes after it.
#[tokio::test(start_paused = true)]
async fn a_gap_that_closes_is_stored_by_the_default_strategy() {
    let store = Arc::new(Bare::default());
    let committer = builder(&store).start().await.unwrap();
    let mut open = tickets(&committer, 1..=500).await;
    let gap = open.remove(0);
    open.into_iter().for_each(Ticket::ack);
    committer.flush().await.unwrap();
    assert_eq!(stored(&store).await, None);
    gap.ack();
    until_stored(&committer, 500).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_at_once_the_slower_one_ends_and_nothing_goes_back() {
    let store = Arc::new(Bare::default());
    let (one, other) = (start(&store).await, start(&store).await);
    for committer in [&one, &other] {
        ticket(committer, 1).await.ack(); // both have it: nobody is fenced
        committer.flush().await.unwrap();
    }
    tickets(&one, 2..=9).await.into_iter().for_each(Ticket::ack);
    one.flush().await.unwrap();
    ticket(&other, 2).await.ack();
    assert_eq!(other.flush().await, Err(Ended::Overtaken { position: 9 }));
    assert_eq!((stored(&store).await, other.status().verdict), (Some(9), Verdict::Fenced));
    assert_eq!(start(&store).await.resume_from(), Some(9));
}

#[tokio::test(start_paused = true)]
async fn a_claim_by_somebody_else_fences_where_there_are_claims() {
    let store = Arc::new(MemoryStore::new());
    store.claim(&id(), "earlier").await.unwrap();
    let builder = Committer::builder(Arc::<MemoryStore>::clone(&store), id()).without_claim();
    let committer = builder.strategy(always()).start().await.unwrap();
    ticket(&committer, 1).await.ack();
    until_stored(&committer, 1).await;
    let record = store.read(&id()).await.unwrap().unwrap();
    assert_eq!(
        (record.epoch, record.owner.as_deref()),
        (1, Some("earlier")),
        "it writes with the epoch that stands there"
    );
    store.claim(&id(), "later").await.unwrap();
    ticket(&committer, 2).await.ack();
    assert_eq!(committer.flush().await, Err(Ended::Fenced { epoch: 2 }));
}

#[tokio::test(start_paused = true)]
async fn many_share_a_flusher() {
    let store = Arc::new(Bare::default());
    let flusher = Flusher::new(Arc::<Bare>::clone(&store));
    let ids = ["a", "b", "c"].map(|id| CheckpointId::new(id).unwrap());
    for id in &ids {
        let committer = flusher.committer(id.clone()).without_claim().start().await.unwrap();
        ticket(&committer, 7).await.ack();
        assert!(committer.close(A_MINUTE).await.is_clean());
        assert_eq!(store.load(id).await.unwrap().position, Some(7));
    }
}

/// Takes receipts once it is open.
#[derive(Debug, Default)]
struct Sink {
    open: AtomicBool,
    kept: Mutex<Vec<u64>>,
}

impl Sink {
    fn kept(&self) -> Vec<u64> {
        self.kept.lock().unwrap().clone()
    }
}

#[async_trait]
impl ReceiptSink for Sink {
    async fn keep(
        &self,
        _: &CheckpointId,
        receipts: &[Receipt],
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if !self.open.load(Ordering::Relaxed) {
            return Err("no table".into());
        }
        self.kept.lock().unwrap().extend(receipts.iter().map(|receipt| receipt.position));
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_passes_a_skipped_event_before_the_sink_has_its_receipt() {
    let (store, sink) = (Arc::new(Bare::default()), Arc::new(Sink::default()));
    let builder = builder(&store).strategy(always()).receipt_sink(Arc::<Sink>::clone(&sink));
    let committer = builder.start().await.unwrap();
    let mut status = committer.watch();
    let first = ticket(&committer, 1).await;
    ticket(&committer, 2).await.skip("bad");
    let failing = status.wait_for(|status| status.verdict == Verdict::StoreFailing).await.unwrap().clone();
    assert!(failing.last_store.unwrap().error.unwrap().contains("no table"));
    sink.open.store(true, Ordering::Relaxed);
    // There is no position yet, so nothing is written, and nothing fails any more.
    status.wait_for(|status| status.verdict == Verdict::Moving).await.unwrap();
    assert_eq!((sink.kept(), stored(&store).await), (vec![2], None));
    sink.open.store(false, Ordering::Relaxed);
    ticket(&committer, 3).await.skip("bad");
    first.ack();
    assert!(timeout(A_MINUTE, committer.flush()).await.is_err());
    assert_eq!((stored(&store).await, committer.status().redelivered), (None, 3));
    sink.open.store(true, Ordering::Relaxed);
    assert!(committer.close(A_MINUTE).await.is_clean());
    assert_eq!((sink.kept(), stored(&store).await), (vec![2, 3], Some(3)));
}

/// A state has no place once there are no claims: it is not gone on with, and its receipts are not lost.
#[tokio::test(start_paused = true)]
async fn a_state_that_stands_there_leaves_its_receipts_to_the_sink() {
    let store = Arc::new(MemoryStore::new());
    let builder = || Committer::builder(Arc::<MemoryStore>::clone(&store), id()).strategy(always());
    let first = builder().start().await.unwrap();
    let mut open = tickets(&first, 1..=4).await;
    open.remove(1).skip("bad");
    open.remove(0).ack();
    open.pop().unwrap().ack(); // 4
    first.flush().await.unwrap();
    drop(first);

    let sink = Arc::new(Sink { open: true.into(), ..Sink::default() });
    let second = builder().without_claim().receipt_sink(Arc::<Sink>::clone(&sink)).start().await.unwrap();
    assert_eq!(second.resume_from(), Some(2));
    tickets(&second, 3..=4).await.into_iter().for_each(Ticket::ack); // 4 comes again
    assert!(second.close(A_MINUTE).await.is_clean());
    let record = store.read(&id()).await.unwrap().unwrap();
    assert_eq!((record.checkpoint, record.state.is_empty()), (Checkpoint::new(id(), 4), true));
    assert_eq!(sink.kept(), [2]);
}
