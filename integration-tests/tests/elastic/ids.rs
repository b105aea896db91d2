//! Every id is its own document, whatever it would mean in the path of a URL.

use checkpoint::elastic::elasticsearch::http::Method;
use checkpoint::{CheckpointStore, Outcome};

use crate::place::{Place, advance, id};

#[tokio::test]
async fn an_id_is_never_a_path() {
    let Some(place) = Place::new().await else { return };
    let (store, other) = (place.open(), place.open());
    let long = "x".repeat(512);
    let broad = "é".repeat(256);
    let mut names = [
        ".",
        "..",
        "...",
        "/",
        "a/b",
        "../x",
        "%2e%2e",
        "%",
        "a?b=c#d",
        "*",
        "a,b",
        "_doc",
        "_bulk",
        " ",
        " a ",
        "+",
        "a+b",
        "\"",
        "\\",
        "größe",
        "\u{10ffff}",
        &long,
        &broad,
    ];
    for (number, name) in (1..).zip(names) {
        assert_eq!(store.write(&advance(name, number)).await.unwrap(), Outcome::Stored, "{name}");
        assert_eq!(store.write(&advance(name, number + 100)).await.unwrap(), Outcome::Stored, "{name}");
        assert_eq!(other.write(&advance(name, number)).await.unwrap(), Outcome::Ahead(number + 100), "{name}");
        assert_eq!(other.claim(&id(name), "me").await.unwrap().epoch, 1, "{name}");
    }
    names.sort_unstable();
    let listed = store.list("", None, usize::MAX).await.unwrap();
    assert_eq!(listed.iter().map(|record| record.checkpoint.id.as_str()).collect::<Vec<_>>(), names);
    for name in names {
        assert_eq!(store.read(&id(name)).await.unwrap().unwrap().epoch, 1, "{name}");
        assert!(store.delete(&id(name)).await.unwrap(), "{name}");
        assert!(!store.delete(&id(name)).await.unwrap(), "{name}");
        assert_eq!(other.read(&id(name)).await.unwrap(), None, "{name}");
    }
    place.ask(Method::Get, &place.index, None).await; // still there
}
