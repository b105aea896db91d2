use std::path::PathBuf;
use std::sync::Arc;

use checkpoint_core::{CheckpointStore, Result};

use crate::url::StoreUrl;

/// Opens the store that `url` names, creating what is missing.
///
/// | URL | store | feature |
/// |---|---|---|
/// | `elasticsearch+http://HOST/INDEX` | `ElasticStore`; all that `ElasticStore::connect` takes, also `elasticsearch+https:` | `elastic` |
/// | `file:DIR` | `FileStore` in the directory DIR | `file` (default) |
/// | `memory:` | a new, empty `MemoryStore`: each call gives its own | `memory` (default) |
/// | `mongodb://HOST/DATABASE?collection=` | `MongoStore`; all that `MongoStore::connect` takes, also `mongodb+srv:` | `mongo` |
/// | `noop:` | `NoopStore` | `noop` |
/// | `postgres://HOST/DATABASE?schema=&table=` | `PostgresStore`; all that `PostgresStore::connect` takes | `postgres` |
/// | `redis://HOST?prefix=` | `RedisStore`; all that `RedisStore::connect` takes, also `rediss:`, `redis+unix:`, `valkey:` | `redis` |
///
/// DIR is a path, relative to the working directory unless it begins with `/`; `file:///abs/dir` means the same as
/// `file:/abs/dir`. As in every URL, `%` with two hex digits stands for a byte and `?` begins the parameters, so a
/// directory with one of these in its name is spelled with `%25` and `%3F`; every other character stands for itself.
/// An unknown parameter is an error.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid) where the URL is not one of these; [`Unsupported`](crate::ErrorKind::Unsupported) where
/// the feature of its scheme is off, and the message says which to turn on; else what the store fails with. No
/// message shows the user, the password, the host or the value of a parameter of a URL.
pub async fn open(url: &str) -> Result<Arc<dyn CheckpointStore>> {
    open_for(Access::ReadWrite, url).await
}

/// Opens the store that `url` names for looking. Creates nothing on disk. Takes the same URLs as [`open`].
///
/// Changes to a store that outlives the process answer [`Denied`](crate::ErrorKind::Denied); `memory:` and `noop:` are as
/// with [`open`].
///
/// # Errors
///
/// As [`open`], and [`NotReady`](crate::ErrorKind::NotReady) where there is no store yet.
pub async fn open_read_only(url: &str) -> Result<Arc<dyn CheckpointStore>> {
    open_for(Access::ReadOnly, url).await
}

#[derive(Clone, Copy)]
enum Access {
    ReadOnly,
    ReadWrite,
}

async fn open_for(access: Access, url: &str) -> Result<Arc<dyn CheckpointStore>> {
    let whole = url;
    let url = StoreUrl::parse(url);
    match url.scheme {
        "elasticsearch+http" | "elasticsearch+https" => open_elastic(access, whole).await,
        "file" => open_file(access, url.directory()?).await,
        "memory" => url.bare().and_then(|()| open_memory()),
        "mongodb" | "mongodb+srv" => open_mongo(access, whole).await,
        "noop" => url.bare().and_then(|()| open_noop()),
        "postgres" | "postgresql" => open_postgres(access, whole).await,
        "redis" | "rediss" | "redis+unix" | "valkey" | "valkeys" | "valkey+unix" => open_redis(access, whole).await,
        _ => Err(url.unknown(&[
            "elasticsearch+http://HOST/INDEX",
            "file:DIR",
            "memory:",
            "noop:",
            "mongodb://HOST/DATABASE",
            "postgres://HOST/DATABASE",
            "redis://HOST",
        ])),
    }
}

#[cfg(feature = "elastic")]
async fn open_elastic(access: Access, url: &str) -> Result<Arc<dyn CheckpointStore>> {
    let store = checkpoint_elastic::ElasticStore::connect(url).await?;
    if let Access::ReadWrite = access {
        store.migrate().await?;
    }
    Ok(for_access(access, store))
}

#[cfg(not(feature = "elastic"))]
async fn open_elastic(_: Access, _: &str) -> Result<Arc<dyn CheckpointStore>> {
    Err(feature_is_off("elastic"))
}

#[cfg(feature = "file")]
async fn open_file(access: Access, directory: PathBuf) -> Result<Arc<dyn CheckpointStore>> {
    use checkpoint_file::FileStore;

    let store = match access {
        Access::ReadOnly => FileStore::open_read_only(directory).await?,
        Access::ReadWrite => FileStore::open(directory).await?,
    };
    Ok(Arc::new(store))
}

#[cfg(not(feature = "file"))]
async fn open_file(_: Access, _: PathBuf) -> Result<Arc<dyn CheckpointStore>> {
    Err(feature_is_off("file"))
}

#[cfg(feature = "memory")]
fn open_memory() -> Result<Arc<dyn CheckpointStore>> {
    Ok(Arc::new(checkpoint_memory::MemoryStore::new()))
}

#[cfg(not(feature = "memory"))]
fn open_memory() -> Result<Arc<dyn CheckpointStore>> {
    Err(feature_is_off("memory"))
}

#[cfg(feature = "mongo")]
async fn open_mongo(access: Access, url: &str) -> Result<Arc<dyn CheckpointStore>> {
    let store = checkpoint_mongo::MongoStore::connect(url).await?;
    if let Access::ReadWrite = access {
        store.migrate().await?;
    }
    Ok(for_access(access, store))
}

#[cfg(not(feature = "mongo"))]
async fn open_mongo(_: Access, _: &str) -> Result<Arc<dyn CheckpointStore>> {
    Err(feature_is_off("mongo"))
}

#[cfg(feature = "noop")]
fn open_noop() -> Result<Arc<dyn CheckpointStore>> {
    Ok(Arc::new(checkpoint_noop::NoopStore::new()))
}

#[cfg(not(feature = "noop"))]
fn open_noop() -> Result<Arc<dyn CheckpointStore>> {
    Err(feature_is_off("noop"))
}

#[cfg(feature = "postgres")]
async fn open_postgres(access: Access, url: &str) -> Result<Arc<dyn CheckpointStore>> {
    let store = checkpoint_postgres::PostgresStore::connect(url).await?;
    if let Access::ReadWrite = access {
        store.migrate().await?;
    }
    Ok(for_access(access, store))
}

#[cfg(not(feature = "postgres"))]
async fn open_postgres(_: Access, _: &str) -> Result<Arc<dyn CheckpointStore>> {
    Err(feature_is_off("postgres"))
}

#[cfg(feature = "redis")]
async fn open_redis(access: Access, url: &str) -> Result<Arc<dyn CheckpointStore>> {
    Ok(for_access(access, checkpoint_redis::RedisStore::connect(url).await?))
}

#[cfg(not(feature = "redis"))]
async fn open_redis(_: Access, _: &str) -> Result<Arc<dyn CheckpointStore>> {
    Err(feature_is_off("redis"))
}

/// A store that has no read-only opening of its own.
#[cfg(any(feature = "elastic", feature = "mongo", feature = "postgres", feature = "redis"))]
fn for_access(access: Access, store: impl CheckpointStore) -> Arc<dyn CheckpointStore> {
    match access {
        Access::ReadOnly => Arc::new(crate::read_only::ReadOnly::new(store)),
        Access::ReadWrite => Arc::new(store),
    }
}

/// Each scheme is named as its feature.
#[cfg(not(all(
    feature = "elastic",
    feature = "file",
    feature = "memory",
    feature = "mongo",
    feature = "noop",
    feature = "postgres",
    feature = "redis"
)))]
fn feature_is_off(scheme: &str) -> checkpoint_core::Error {
    use checkpoint_core::{Error, ErrorKind, Operation};

    let message = format!("{scheme}: is not compiled in: turn on the feature {scheme:?} of the crate checkpoint");
    Error::new(ErrorKind::Unsupported, message).with_operation(Operation::Open)
}
