//! A committer over the layout of Eventuous, which has neither claims nor states.

use std::sync::Arc;
use std::time::Duration;

use checkpoint::commit::strategy::always;
use checkpoint::commit::{Committer, CommitterBuilder, Ended, Ticket};
use checkpoint::redis::redis::Commands;
use checkpoint::{CheckpointId, CheckpointStore, ErrorKind, RedisStore};

use crate::space::{Space, id, with_parameters};

const A_MINUTE: Duration = Duration::from_secs(60);

struct Fixture {
    space: Space,
    id: CheckpointId,
    store: Arc<dyn CheckpointStore>,
}

impl Fixture {
    async fn new() -> Option<Self> {
        let space = Space::new()?;
        let url = with_parameters(&space.server, &[("layout", "eventuous")]);
        let store = Arc::new(RedisStore::connect(&url).await.unwrap());
        Some(Self { id: id(&space.key(&id("orders"))), space, store })
    }

    fn builder(&self) -> CommitterBuilder {
        Committer::builder(Arc::clone(&self.store), self.id.clone()).strategy(always())
    }

    async fn start(&self) -> Committer {
        self.builder().without_claim().start().await.unwrap()
    }

    /// As Eventuous reads it.
    fn string(&self) -> Option<String> {
        self.space.connection().get(self.id.as_str()).unwrap()
    }
}

async fn tickets(committer: &Committer, positions: impl IntoIterator<Item = u64>) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    for position in positions {
        tickets.push(committer.track(position).await.unwrap().expect("nothing was handled before"));
    }
    tickets
}

#[tokio::test]
async fn a_claim_is_refused_and_without_one_positions_are_stored() {
    let Some(fixture) = Fixture::new().await else { return };
    let error = fixture.builder().start().await.unwrap_err();
    assert_eq!((error.kind(), error.store()), (ErrorKind::Unsupported, Some("redis")));
    assert!(error.to_string().contains("without_claim()"), "{error}");

    let committer = fixture.start().await;
    assert_eq!(committer.resume_from(), None);
    let mut open = tickets(&committer, 0..100).await;
    let gap = open.remove(50);
    open.into_iter().for_each(Ticket::ack);
    committer.flush().await.unwrap();
    let status = committer.status();
    assert_eq!((status.stored, status.redelivered, status.open), (Some(49), 49, 1));
    assert_eq!(fixture.string().as_deref(), Some("49"));
    drop((gap, committer));

    let committer = fixture.start().await;
    assert_eq!(committer.resume_from(), Some(49));
    tickets(&committer, 50..100).await.into_iter().rev().for_each(Ticket::ack); // also the 49 that were handled
    assert!(committer.close(A_MINUTE).await.is_clean());
    assert_eq!(fixture.string().as_deref(), Some("99"));
}

#[tokio::test]
async fn what_eventuous_stored_is_gone_on_from_and_one_that_it_has_passed_ends() {
    let Some(fixture) = Fixture::new().await else { return };
    let _: () = fixture.space.connection().set(fixture.id.as_str(), 7).unwrap();
    let committer = fixture.start().await;
    assert_eq!(committer.resume_from(), Some(7));
    tickets(&committer, [8]).await.into_iter().for_each(Ticket::ack);
    committer.flush().await.unwrap();
    assert_eq!(fixture.string().as_deref(), Some("8"));
    let _: () = fixture.space.connection().set(fixture.id.as_str(), 20).unwrap();
    tickets(&committer, [9]).await.into_iter().for_each(Ticket::ack);
    assert_eq!(committer.flush().await, Err(Ended::Overtaken { position: 20 }));
    assert_eq!(fixture.string().as_deref(), Some("20"));
}
