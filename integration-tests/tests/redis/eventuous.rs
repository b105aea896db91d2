//! What Eventuous wrote: a plain string, its key the id alone, its value the position as text.

use checkpoint::redis::redis::{Commands, Connection};
use checkpoint::{
    Checkpoint, CheckpointId, CheckpointStore, CheckpointStoreExt, ErrorKind, Operation, Outcome, RedisStore, Write,
};

use crate::own_server::OwnServer;
use crate::space::{Space, id, with_parameters};

/// Ids that no other test has, as there is no prefix for the keys.
struct Fixture {
    space: Space,
    connection: Connection,
}

impl Fixture {
    fn new() -> Option<Self> {
        let space = Space::new()?;
        Some(Self { connection: space.connection(), space })
    }

    fn id(&self, name: &str) -> CheckpointId {
        id(&self.space.key(&id(name)))
    }

    /// As `StringSetAsync(checkpoint.Id, checkpoint.Position)` does.
    fn eventuous_stores(&mut self, name: &str, position: u64) {
        let _: () = self.connection.set(self.id(name).as_str(), position).unwrap();
    }

    fn string(&mut self, name: &str) -> Option<String> {
        self.connection.get(self.id(name).as_str()).unwrap()
    }

    fn kind(&mut self, name: &str) -> String {
        checkpoint::redis::redis::cmd("TYPE").arg(self.id(name).as_str()).query(&mut self.connection).unwrap()
    }

    async fn open(&self, parameter: (&str, &str)) -> RedisStore {
        RedisStore::connect(&with_parameters(&self.space.server, &[parameter])).await.unwrap()
    }
}

fn advance(id: &CheckpointId, position: u64) -> Write {
    Write::advance(Checkpoint::new(id.clone(), position))
}

#[tokio::test]
async fn our_layout_reads_it_in_place_and_adopts_it_when_it_writes() {
    let Some(mut fixture) = Fixture::new() else { return };
    let store = fixture.open(("prefix", "")).await;
    for (name, position) in [("zero", 0), ("orders", 7), ("exact", (1 << 53) + 1), ("last", i64::MAX.unsigned_abs())] {
        fixture.eventuous_stores(name, position);
        let record = store.read(&fixture.id(name)).await.unwrap().unwrap();
        assert_eq!((record.checkpoint.position, record.epoch, record.owner.clone()), (Some(position), 0, None));
        assert!(record.state.is_empty() && record.updated_at.is_none());
        assert_eq!(fixture.kind(name), "string"); // reading has no side effect
    }
    let listed = store.list(&fixture.space.prefix, None, 9).await.unwrap();
    let positions: Vec<_> = listed.iter().map(|record| record.checkpoint.position.unwrap()).collect();
    assert_eq!(positions, [(1 << 53) + 1, i64::MAX.unsigned_abs(), 7, 0]); // by id

    let orders = fixture.id("orders");
    assert_eq!(store.write(&advance(&orders, 6)).await.unwrap(), Outcome::Ahead(7));
    let expect = Write::expect(Checkpoint::new(orders.clone(), 9), Some(8));
    assert_eq!(store.write(&expect).await.unwrap(), Outcome::Mismatch(Some(7)));
    assert_eq!(fixture.string("orders").as_deref(), Some("7")); // nor has a write that is refused
    let write = advance(&orders, 8).with_state(&b"state"[..]);
    assert_eq!(store.write_many(&[write]).await.unwrap(), [Outcome::Stored]);
    assert_eq!(fixture.kind("orders"), "hash");
    let record = store.read(&orders).await.unwrap().unwrap();
    assert_eq!((record.checkpoint.position, &record.state[..]), (Some(8), &b"state"[..]));

    let claimed = store.claim(&fixture.id("exact"), "a").await.unwrap();
    assert_eq!((claimed.checkpoint.position, claimed.epoch), (Some((1 << 53) + 1), 1));
    assert_eq!(fixture.kind("exact"), "hash");
    assert_eq!(store.write(&advance(&fixture.id("exact"), 1 << 60)).await.unwrap(), Outcome::Fenced(1));

    let none = Write::overwrite(Checkpoint::new(fixture.id("last"), None));
    assert_eq!(store.write(&none).await.unwrap(), Outcome::Stored);
    assert_eq!(store.load(&fixture.id("last")).await.unwrap().position, None);
    assert!(store.delete(&fixture.id("zero")).await.unwrap());
    assert_eq!(store.read(&fixture.id("zero")).await.unwrap(), None);
}

#[tokio::test]
async fn positions_beyond_ours_are_refused_by_name() {
    let Some(mut fixture) = Fixture::new() else { return };
    let stores = [fixture.open(("prefix", "")).await, fixture.open(("layout", "eventuous")).await];
    fixture.eventuous_stores("orders", u64::MAX);
    let orders = fixture.id("orders");
    for store in stores {
        for error in [
            store.read(&orders).await.unwrap_err(),
            store.write(&advance(&orders, 1)).await.unwrap_err(),
            store.write(&Write::overwrite(Checkpoint::new(orders.clone(), 1))).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert!(error.to_string().contains(orders.as_str()), "{error}");
        }
    }
    assert_eq!(fixture.string("orders"), Some(u64::MAX.to_string()));
}

#[tokio::test]
async fn its_layout_writes_nothing_that_it_would_choke_on() {
    let Some(mut fixture) = Fixture::new() else { return };
    let store = fixture.open(("layout", "eventuous")).await;
    let orders = fixture.id("orders");
    assert_eq!(store.read(&orders).await.unwrap(), None);
    assert_eq!(
        store.write(&Write::expect(Checkpoint::new(orders.clone(), 3), Some(1))).await.unwrap(),
        Outcome::Mismatch(None)
    );
    assert_eq!(store.write(&Write::expect(Checkpoint::new(orders.clone(), 3), None)).await.unwrap(), Outcome::Stored);
    assert_eq!(fixture.string("orders").as_deref(), Some("3"));
    fixture.eventuous_stores("orders", 12);
    assert_eq!(store.write(&advance(&orders, 9)).await.unwrap(), Outcome::Ahead(12));
    assert_eq!(store.write_many(&[advance(&orders, 100)]).await.unwrap(), [Outcome::Stored]);
    assert_eq!(store.write(&Write::overwrite(Checkpoint::new(orders.clone(), 2))).await.unwrap(), Outcome::Stored);
    assert_eq!(
        store.write(&Write::expect(Checkpoint::new(orders.clone(), 5), Some(3))).await.unwrap(),
        Outcome::Mismatch(Some(2))
    );
    assert_eq!(fixture.string("orders").as_deref(), Some("2"));

    for write in [
        advance(&orders, 7).with_epoch(1),
        advance(&orders, 7).with_state(&b"state"[..]),
        Write::overwrite(Checkpoint::new(orders.clone(), None)),
    ] {
        assert_eq!(store.write(&write).await.unwrap_err().kind(), ErrorKind::Unsupported);
        let error = store.write_many(&[advance(&fixture.id("other"), 1), write]).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, Some(Operation::WriteMany)));
    }
    let error = store.claim(&orders, "a").await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, Some(Operation::Claim)));
    assert_eq!((fixture.string("orders").as_deref(), fixture.string("other")), (Some("2"), None));

    assert_eq!(store.list(&fixture.space.prefix, None, 9).await.unwrap().len(), 1);
    assert!(store.delete(&orders).await.unwrap());
    assert!(!store.delete(&orders).await.unwrap());
    assert_eq!(fixture.string("orders"), None);
}

#[tokio::test]
async fn its_layout_leaves_our_records_and_its_streams_alone() {
    let Some(mut fixture) = Fixture::new() else { return };
    let (own, store) = (fixture.open(("prefix", "")).await, fixture.open(("layout", "eventuous")).await);
    assert_eq!(own.write(&advance(&fixture.id("adopted"), 4)).await.unwrap(), Outcome::Stored);
    let stream = fixture.id("stream");
    let _: () = checkpoint::redis::redis::cmd("XADD")
        .arg(stream.as_str())
        .arg("*")
        .arg("a")
        .arg("b")
        .exec(&mut fixture.connection)
        .unwrap();
    fixture.eventuous_stores("orders", 5);

    for name in ["adopted", "stream"] {
        let id = fixture.id(name);
        for error in [
            store.read(&id).await.unwrap_err(),
            store.write(&advance(&id, 9)).await.unwrap_err(),
            store.delete(&id).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        }
    }
    assert_eq!(own.load(&fixture.id("adopted")).await.unwrap().position, Some(4));
    for (store, expected) in [(store, &["orders"][..]), (own, &["adopted", "orders"])] {
        let listed = store.list(&fixture.space.prefix, None, 9).await.unwrap();
        let listed: Vec<_> = listed.into_iter().map(|record| record.checkpoint.id).collect();
        assert_eq!(listed, expected.iter().map(|name| fixture.id(name)).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn adopting_that_is_refused_keeps_what_was_there() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let mut connection = server.connection();
    let _: () = connection.set("orders", 7).unwrap();
    let mut user = checkpoint::redis::redis::cmd("ACL");
    user.arg(&["SETUSER", "reader", "on", ">word", "~*", "+@all", "-hset"]).exec(&mut connection).unwrap();
    let url = with_parameters(&server.url(), &[("user", "reader"), ("pass", "word"), ("prefix", "")]);
    let store = RedisStore::connect(&url).await.unwrap();
    assert_eq!(store.write(&advance(&id("orders"), 8)).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(store.claim(&id("orders"), "a").await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(connection.get::<_, String>("orders").unwrap(), "7");

    let _: () = checkpoint::redis::redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).exec(&mut connection).unwrap();
    let store = RedisStore::connect(&with_parameters(&server.url(), &[("prefix", "")])).await.unwrap();
    assert_eq!(store.write(&advance(&id("orders"), 8)).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(store.claim(&id("orders"), "a").await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(connection.get::<_, String>("orders").unwrap(), "7");
}
