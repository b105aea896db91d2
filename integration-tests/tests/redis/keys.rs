//! What is in the keys, and what the store does about keys that hold something else.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use checkpoint::redis::redis::{Commands, cmd};
use checkpoint::{Applied, Checkpoint, CheckpointStore, ErrorKind, Outcome, Write};

use crate::space::{Space, advance, id};

#[tokio::test]
async fn the_fields_are_as_documented() {
    let Some(space) = Space::new() else { return };
    let (store, mut connection) = (space.open().await, space.connection());
    let key = space.key(&id("orders"));

    assert_eq!(store.claim(&id("orders"), "host:1").await.unwrap().epoch, 1);
    let write = advance("orders", 42).with_epoch(1).with_state(&b"\x00open"[..]);
    assert_eq!(store.write(&write).await.unwrap(), Outcome::Stored);
    let mut fields: BTreeMap<String, Vec<u8>> = connection.hgetall(&key).unwrap();
    let updated_at = String::from_utf8(fields.remove("updated_at").unwrap()).unwrap();
    let expected = [("epoch", &b"1"[..]), ("owner", b"host:1"), ("position", b"42"), ("state", b"\x00open")];
    assert!(fields.iter().map(|(field, value)| (&**field, &**value)).eq(expected), "{fields:?}");

    let (seconds, micros) = updated_at.split_once(' ').unwrap();
    let told = Duration::from_secs(seconds.parse().unwrap()) + Duration::from_micros(micros.parse().unwrap());
    let record = store.read(&id("orders")).await.unwrap().unwrap();
    assert_eq!(record.updated_at, Some(SystemTime::UNIX_EPOCH + told));

    let back = Write::overwrite(Checkpoint::new(id("orders"), None)).with_epoch(1);
    assert_eq!(store.write(&back).await.unwrap(), Outcome::Stored);
    let exists: bool = connection.hexists(&key, "position").unwrap();
    assert!(!exists);
}

#[tokio::test]
async fn updated_at_is_the_servers_time() {
    let Some(space) = Space::new() else { return };
    let (store, mut connection) = (space.open().await, space.connection());
    let mut clock = || {
        let (seconds, micros): (u64, u64) = cmd("TIME").query(&mut connection).unwrap();
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    for position in 0..20 {
        let before = clock();
        assert!(store.write(&advance("orders", position)).await.unwrap().is_stored());
        let written = store.read(&id("orders")).await.unwrap().unwrap().updated_at.unwrap();
        let claimed = store.claim(&id("orders"), "a").await.unwrap().updated_at.unwrap();
        let after = clock();
        assert!(before <= written && written <= claimed && claimed <= after);
        store.delete(&id("orders")).await.unwrap();
    }
}

#[tokio::test]
async fn keys_of_others_are_left_alone_and_passed_over() {
    let Some(space) = Space::new() else { return };
    let (store, mut connection) = (space.open().await, space.connection());
    let key = |name: &str| space.key(&id(name));
    let _: () = connection.rpush(key("list"), "1").unwrap();
    let _: () = connection.sadd(key("set"), "1").unwrap();
    let _: () = cmd("XADD").arg(key("stream")).arg("*").arg("a").arg("b").exec(&mut connection).unwrap();
    let _: () = connection.hset(key("hash"), "field", "1").unwrap();
    let _: () = connection.set(key("string"), "some text").unwrap();
    let _: () = connection.set(key("empty"), "").unwrap();
    let _: () = connection.set(key("long"), "1".repeat(1_000_000)).unwrap();
    let _: () = connection.set(format!("{}a\nb", space.prefix), "1").unwrap(); // no id
    let _: () = connection.set([space.prefix.as_bytes(), b"\xff"].concat(), "1").unwrap();
    assert!(store.write(&advance("zebra", 1)).await.unwrap().is_stored());

    for name in ["empty", "hash", "list", "set", "stream", "string"] {
        let many = [advance("another", 1), advance(name, 1)];
        for (error, applied) in [
            (store.read(&id(name)).await.unwrap_err(), Applied::No),
            (store.write(&advance(name, 1)).await.unwrap_err(), Applied::No),
            (store.write_many(&many).await.unwrap_err(), Applied::Unknown),
            (store.claim(&id(name), "a").await.unwrap_err(), Applied::No),
            (store.delete(&id(name)).await.unwrap_err(), Applied::No),
        ] {
            assert_eq!((error.kind(), error.applied()), (ErrorKind::Corrupt, applied), "{error}");
            let kind = if name == "empty" { "string" } else { name };
            assert!(error.to_string().contains(&format!("{:?} holds a {kind}", key(name))), "{error}");
        }
    }
    let listed = store.list("", None, 100).await;
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::Corrupt); // "long" is a number, of nobody's range
    let _: () = connection.del(key("long")).unwrap();
    for limit in [1, 2, 100] {
        let listed = store.list("", None, limit).await.unwrap();
        let ids: Vec<_> = listed.iter().map(|record| record.checkpoint.id.as_str()).collect();
        assert_eq!(ids, ["another", "zebra"][..limit.min(2)]);
    }
    let string: String = connection.get(key("string")).unwrap();
    assert_eq!(string, "some text");
}

#[tokio::test]
async fn damaged_records_are_corrupt_and_stay_as_they_are() {
    let Some(space) = Space::new() else { return };
    let (store, mut connection) = (space.open().await, space.connection());
    let key = space.key(&id("orders"));
    for (field, value) in [
        ("epoch", "-1"),
        ("epoch", "x"),
        ("epoch", "9223372036854775808"),
        ("position", "-5"),
        ("position", "007"),
        ("position", "1e3"),
        ("position", ""),
        ("position", "9223372036854775808"),
        ("position", "18446744073709551615"),
    ] {
        let _: () = connection.del(&key).unwrap();
        let _: () = connection.hset_multiple(&key, &[("epoch", "3"), ("position", "5")]).unwrap();
        let _: () = connection.hset(&key, field, value).unwrap();
        let before: BTreeMap<String, String> = connection.hgetall(&key).unwrap();
        let to_five = Checkpoint::new(id("orders"), 5);
        for error in [
            store.read(&id("orders")).await.unwrap_err(),
            store.write(&Write::advance(to_five.clone()).with_epoch(3)).await.unwrap_err(),
            store.write(&Write::expect(to_five.clone(), Some(5)).with_epoch(3)).await.unwrap_err(),
            store.write(&Write::overwrite(to_five).with_epoch(3)).await.unwrap_err(),
            store.claim(&id("orders"), "a").await.unwrap_err(),
            store.list("", None, 9).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{field} {value}: {error}");
            assert!(error.to_string().contains("orders"), "{error}");
        }
        assert_eq!(connection.hgetall::<_, BTreeMap<String, String>>(&key).unwrap(), before);
    }
    assert!(store.delete(&id("orders")).await.unwrap());
}
