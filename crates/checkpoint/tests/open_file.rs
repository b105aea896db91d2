//! `open("file:…")`: how the directory is spelled.
#![cfg(feature = "file")]

use std::path::Path;

use checkpoint::{Checkpoint, CheckpointId, CheckpointStoreExt as _, ErrorKind, open, open_read_only};

fn orders(position: u64) -> Checkpoint {
    Checkpoint::new(CheckpointId::new("orders").expect("an allowed id"), position)
}

/// Stores through `url` and checks that it arrives in `directory`.
async fn assert_opens(url: &str, directory: &Path) {
    let store = open(url).await.expect(url);
    assert_eq!(store.name(), "file");
    assert!(store.store(&orders(7)).await.expect(url).is_stored());
    assert!(directory.join("log").is_file(), "{url} did not open {}", directory.display());
    drop(store);
    let again = open_read_only(url).await.expect(url);
    assert_eq!(again.load(&orders(0).id).await.expect(url).position, Some(7));
}

#[tokio::test]
async fn an_absolute_directory_with_or_without_slashes_before_it() {
    let parent = tempfile::tempdir().unwrap();
    let parent = parent.path().to_str().unwrap();
    assert_opens(&format!("file:{parent}/one"), &Path::new(parent).join("one")).await;
    assert_opens(&format!("file://{parent}/two"), &Path::new(parent).join("two")).await;
}

#[tokio::test]
async fn a_relative_directory() {
    // below the directory of the build, so that no test has to change the working directory of all
    let parent = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let up = "../".repeat(std::env::current_dir().unwrap().components().count() - 1);
    let below_root = parent.path().strip_prefix("/").unwrap().to_str().unwrap();
    assert_opens(&format!("file:{up}{below_root}/one"), &parent.path().join("one")).await;
}

#[tokio::test]
async fn percent_and_two_digits_stand_for_a_byte() {
    let parent = tempfile::tempdir().unwrap();
    let place = parent.path().to_str().unwrap();
    for (spelled, named) in
        [("a%20b%3fc%25", "a b?c%"), ("100%", "100%"), ("a b#c&d=e@f:g+h", "a b#c&d=e@f:g+h"), ("%C3%BC", "ü")]
    {
        assert_opens(&format!("file:{place}/{spelled}"), &parent.path().join(named)).await;
    }
    assert_eq!(open(&format!("file:{place}/%ff")).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_host_a_parameter_or_no_directory_is_an_error() {
    for (url, message) in [
        ("file:", "names no directory"),
        ("file://", "names no directory"),
        ("file://host/dir", "has no host"),
        ("file:dir?sync=no", "unknown parameter \"sync\"; there are no known ones"),
    ] {
        for refused in [open(url).await, open_read_only(url).await] {
            let error = refused.expect_err(url);
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(message), "{error}");
        }
    }
}

#[tokio::test]
async fn opening_for_looking_creates_nothing_and_refuses_writes() {
    let parent = tempfile::tempdir().unwrap();
    let url = format!("file:{}/store", parent.path().to_str().unwrap());
    assert_eq!(open_read_only(&url).await.unwrap_err().kind(), ErrorKind::NotReady);
    assert_eq!(parent.path().read_dir().unwrap().count(), 0);

    assert!(open(&url).await.unwrap().store(&orders(7)).await.unwrap().is_stored());
    let looking = open_read_only(&url).await.unwrap();
    assert_eq!(looking.load(&orders(0).id).await.unwrap().position, Some(7));
    assert_eq!(looking.store(&orders(8)).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(looking.load(&orders(0).id).await.unwrap().position, Some(7));
}
