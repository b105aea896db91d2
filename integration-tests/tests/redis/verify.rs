//! `migrate` and `verify`.

use checkpoint::CheckpointStore;
use checkpoint::redis::redis::{Commands, cmd};

use crate::own_server::OwnServer;

#[tokio::test]
async fn settings_that_may_lose_checkpoints_are_named_and_nothing_is_changed() {
    let Some(server) = OwnServer::start(&[]).await else { return };
    let store = server.open().await;
    store.migrate().await.unwrap();
    assert_eq!(store.verify().await.unwrap(), []);
    let mut connection = server.connection();
    cmd("CONFIG")
        .arg(&["SET", "appendfsync", "everysec", "maxmemory-policy", "allkeys-lru"])
        .exec(&mut connection)
        .unwrap();
    let advice = store.verify().await.unwrap();
    let named: Vec<_> = advice.iter().map(|advice| (advice.setting, &*advice.value)).collect();
    assert_eq!(named, [("appendfsync", "everysec"), ("maxmemory-policy", "allkeys-lru")]);
    assert!(advice[1].to_string().starts_with("maxmemory-policy is allkeys-lru: "));

    cmd("CONFIG").arg(&["SET", "appendonly", "no"]).exec(&mut connection).unwrap();
    let advice = store.verify().await.unwrap();
    assert_eq!(advice.iter().map(|advice| advice.setting).collect::<Vec<_>>(), ["appendonly", "maxmemory-policy"]);
    assert_eq!(connection.keys::<_, Vec<String>>("*").unwrap(), [""; 0]);
    assert_eq!(store.list("", None, 1).await.unwrap(), []);
}
