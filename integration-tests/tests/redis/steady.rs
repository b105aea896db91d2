//! What a call costs on the network.

use checkpoint::redis::redis::cmd;
use checkpoint::{Checkpoint, CheckpointStore, Outcome, RedisStore, Write};
use integration_tests::proxy::Proxy;

use crate::own_server::OwnServer;
use crate::space::{Space, advance, id, with_parameters};

#[tokio::test]
async fn every_call_but_list_is_one_round_trip() {
    let Some(space) = Space::new() else { return };
    let proxy = Proxy::in_front_of(&space.server, 6379).await;
    let store = RedisStore::connect(&with_parameters(proxy.url(), &[("prefix", &space.prefix)])).await.unwrap();
    let many: Vec<_> = (0..250).map(|number| advance(&format!("many {number}"), 1)).collect();
    warm_up(&store, &many).await;

    let before = proxy.round_trips();
    for position in 2..102 {
        assert_eq!(store.write(&advance("orders", position)).await.unwrap(), Outcome::Stored);
    }
    assert_eq!(proxy.round_trips() - before, 100);
    assert_eq!(store.write(&advance("orders", 1)).await.unwrap(), Outcome::Ahead(101)); // so is a write that loses
    assert_eq!(store.read(&id("orders")).await.unwrap().unwrap().checkpoint.position, Some(101));
    assert_eq!(store.claim(&id("orders"), "a").await.unwrap().epoch, 1);
    assert!(store.delete(&id("orders")).await.unwrap());
    assert_eq!(proxy.round_trips() - before, 104);
    assert_eq!(store.write_many(&many).await.unwrap(), vec![Outcome::Stored; 250]);
    assert_eq!(proxy.round_trips() - before, 105);
}

/// The server knows the scripts afterwards.
async fn warm_up(store: &RedisStore, many: &[Write]) {
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
    assert_eq!(store.write_many(many).await.unwrap().len(), many.len());
    assert!(store.read(&id("orders")).await.unwrap().is_some());
    assert_eq!(store.claim(&id("claimed"), "a").await.unwrap().epoch, 1);
    assert!(store.delete(&id("claimed")).await.unwrap());
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_gets_them_again() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let (store, mut connection) = (server.open().await, server.connection());
    let many: Vec<_> = (0..250).map(|number| advance(&format!("many {number}"), 1)).collect();
    for round in 1..=5 {
        let mut forget = || cmd("SCRIPT").arg("FLUSH").exec(&mut connection).unwrap();
        forget();
        assert_eq!(store.write(&advance("orders", round)).await.unwrap(), Outcome::Stored);
        forget();
        assert_eq!(store.read(&id("orders")).await.unwrap().unwrap().checkpoint.position, Some(round));
        forget();
        assert_eq!(store.claim(&id("claimed"), "a").await.unwrap().epoch, round);
        forget();
        assert_eq!(store.list("orders", None, 9).await.unwrap().len(), 1);
        forget();
        assert_eq!(store.write_many(&many).await.unwrap(), vec![Outcome::Stored; 250]);
    }
    cmd("SCRIPT").arg("FLUSH").exec(&mut connection).unwrap();
    assert!(store.delete(&id("orders")).await.unwrap());
}

#[tokio::test]
async fn a_lot_of_keys_of_others_is_listed_through() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let mut connection = server.connection();
    let fill = "for i = 1, 50000 do redis.call('SET', 'other:' .. i, 'text'); redis.call('SADD', 'checkpoint:set' .. i, 'a') end";
    cmd("EVAL").arg(fill).arg(0).exec(&mut connection).unwrap();
    let store = server.open().await;
    let writes: Vec<_> = (0..500).map(|number| advance(&format!("{number:03}"), number)).collect();
    assert_eq!(store.write_many(&writes).await.unwrap(), vec![Outcome::Stored; 500]);
    let mut listed: Vec<Checkpoint> = Vec::new();
    loop {
        let page = store.list("", listed.last().map(|last| &last.id), 150).await.unwrap();
        listed.extend(page.iter().map(|record| record.checkpoint.clone()));
        if page.len() < 150 {
            break;
        }
    }
    assert!(listed.into_iter().eq(writes.into_iter().map(|write| write.checkpoint)));
}
