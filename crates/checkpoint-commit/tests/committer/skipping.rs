//! Events that are given up, and their receipts.

use std::sync::{Arc, Mutex};

use checkpoint_commit::ReceiptSink;
use checkpoint_commit::codec::Receipt;
use checkpoint_core::{CheckpointId, async_trait};

use crate::common::{A_MINUTE, builder, start, store, stored, ticket, tickets};

#[derive(Debug, Default)]
struct Sink {
    kept: Mutex<Vec<Receipt>>,
    fails: bool,
}

#[async_trait]
impl ReceiptSink for Sink {
    async fn keep(
        &self,
        _: &CheckpointId,
        receipts: &[Receipt],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if self.fails {
            return Err("no table".into());
        }
        self.kept.lock().unwrap().extend_from_slice(receipts);
        Ok(())
    }
}

fn positions(receipts: &[Receipt]) -> Vec<u64> {
    receipts.iter().map(|receipt| receipt.position).collect()
}

#[tokio::test(start_paused = true)]
async fn a_skipped_event_is_passed_and_its_receipt_is_stored_with_it() {
    let store = store();
    let committer = start(&store).await;
    let mut open = tickets(&committer, [1, 2, 3]).await;
    open.remove(1).nack("no such order");
    committer.nacked().await.unwrap().ticket.skip("an order that was never placed");
    open.into_iter().for_each(checkpoint_commit::Ticket::ack);
    assert!(committer.close(A_MINUTE).await.is_clean());
    assert_eq!(stored(&store).await, Some(3));

    let committer = start(&store).await;
    let receipts = committer.receipts();
    assert_eq!(positions(&receipts), [2]);
    assert_eq!((&*receipts[0].reason, receipts[0].attempts), ("an order that was never placed", 2));
    assert!(!committer.replayed(7));
    assert!(committer.replayed(2), "handled after all");
    committer.flush().await.unwrap();
    drop(committer);
    assert!(start(&store).await.receipts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_oldest_receipts_move_to_the_sink() {
    let store = store();
    let sink = Arc::new(Sink::default());
    let committer = builder(&store).receipts(3).receipt_sink(Arc::<Sink>::clone(&sink)).start().await.unwrap();
    for position in 1..=10 {
        ticket(&committer, position).await.skip("bad");
    }
    committer.flush().await.unwrap();
    assert_eq!(positions(&sink.kept.lock().unwrap()), [1, 2, 3, 4, 5, 6, 7]);
    drop(committer);
    assert_eq!(positions(&start(&store).await.receipts()), [8, 9, 10]);
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_does_not_take_stays_in_the_record() {
    let store = store();
    let sink = Arc::new(Sink { fails: true, ..Sink::default() });
    let committer = builder(&store).receipts(1).receipt_sink(sink).start().await.unwrap();
    ticket(&committer, 1).await.skip("bad");
    ticket(&committer, 2).await.skip("bad");
    assert!(committer.close(A_MINUTE).await.is_clean());
    assert_eq!(positions(&start(&store).await.receipts()), [1, 2]);
}
