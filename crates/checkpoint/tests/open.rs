//! `open(url)`: what each URL opens, and what it says where it opens nothing.

use checkpoint::{Error, ErrorKind, Operation, open, open_read_only};

/// Opens `url` both ways; both must fail alike.
async fn refused(url: &str) -> Error {
    let error = open(url).await.expect_err(url);
    let read_only = open_read_only(url).await.expect_err(url);
    assert_eq!(error.to_string(), read_only.to_string());
    assert_eq!(error.operation(), Some(Operation::Open));
    error
}

#[tokio::test]
async fn an_unknown_scheme_lists_the_known_ones() {
    for url in ["ftp://host/dir", "files:dir", "FILE:dir", "", "dir", "/dir", ":", "://"] {
        let error = refused(url).await;
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}");
        assert!(error.to_string().contains("file:DIR, memory:, noop:"), "{url}: {error}");
    }
    assert!(refused("ftp://host/dir").await.to_string().contains("\"ftp\""));
}

#[tokio::test]
async fn secrets_are_never_shown() {
    for url in [
        "mysql://user:secret@host:5432/db?password=secret",
        "postgres://user:secret@host:5432/db?sslpassword=secret",
        "user:secret@host/db",
        "user@host",
        "secret",
        "file://user:secret@host/dir",
        "memory://user:secret@host",
        "memory:?password=secret",
        "memory:?secret",
        "noop:user:secret@host",
        "file:dir?sslpassword=secret&user=user",
    ] {
        let error = refused(url).await;
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("secret") && !text.contains("user") && !text.contains("host/"), "{url}: {text}");
        }
    }
}

#[cfg(feature = "memory")]
mod memory {
    use super::*;
    use checkpoint::{Checkpoint, CheckpointId, CheckpointStoreExt as _};

    #[tokio::test]
    async fn each_call_opens_a_new_store() {
        let id = CheckpointId::new("orders").unwrap();
        let store = open("memory:").await.unwrap();
        assert!(store.store(&Checkpoint::new(id.clone(), 7)).await.unwrap().is_stored());
        assert_eq!(store.load(&id).await.unwrap().position, Some(7));
        for other in [open("memory:").await.unwrap(), open_read_only("memory:").await.unwrap()] {
            assert_eq!(other.name(), "memory");
            assert_eq!(other.load(&id).await.unwrap().position, None);
        }
    }

    #[tokio::test]
    async fn nothing_may_follow_the_scheme() {
        assert_eq!(open("memory://").await.unwrap().name(), "memory");
        assert!(refused("memory:orders").await.to_string().contains("write memory:"));
        let unknown = refused("memory:?size=3").await;
        assert!(unknown.to_string().contains("unknown parameter \"size\"; there are no known ones"), "{unknown}");
    }
}

#[cfg(feature = "noop")]
#[tokio::test]
async fn noop_opens_the_store_that_remembers_nothing() {
    assert_eq!(open("noop:").await.unwrap().name(), "noop");
    assert_eq!(open_read_only("noop:").await.unwrap().name(), "noop");
    assert_eq!(refused("noop:x").await.kind(), ErrorKind::Invalid);
}

#[cfg(not(all(feature = "file", feature = "memory", feature = "noop")))]
#[tokio::test]
async fn a_scheme_whose_feature_is_off_names_the_feature() {
    let compiled_in = [cfg!(feature = "file"), cfg!(feature = "memory"), cfg!(feature = "noop")];
    let off = ["file:dir", "memory:", "noop:"].into_iter().zip(compiled_in).filter(|(_, on)| !on);
    for (url, _) in off {
        let error = refused(url).await;
        let feature = url.split(':').next().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(&format!("turn on the feature {feature:?}")), "{error}");
    }
}
