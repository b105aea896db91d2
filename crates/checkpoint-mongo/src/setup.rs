//! Creating the collection, and checking it.

use checkpoint_core::{Error, ErrorKind, Result};
use mongodb::bson::doc;
use mongodb::options::Acknowledgment;
use mongodb::results::{CollectionSpecification, CollectionType};

use crate::MongoStore;
use crate::error::{code, from_driver, server_code};
use crate::permission::{grant, missing};

impl MongoStore {
    pub(crate) async fn create(self) -> Result<()> {
        match self.database.create_collection(self.documents.name()).await {
            Err(error) if server_code(&error) != Some(code::NAMESPACE_EXISTS) => Err(from_driver(error)),
            Ok(()) | Err(_) => self.inspect().await,
        }
    }

    pub(crate) async fn inspect(self) -> Result<()> {
        self.inspect_permissions().await?;
        let name = self.documents.name();
        let mut found = self.database.list_collections().filter(doc! { "name": name }).await.map_err(from_driver)?;
        if !found.advance().await.map_err(from_driver)? {
            return Err(not_ready(format!("collection {name:?} is missing; {}", how_to_create(name))));
        }
        let collection = found.deserialize_current().map_err(from_driver)?;
        if let Some(wrong) = unfit(&collection) {
            return Err(not_ready(format!(
                "{name:?} is {wrong}, which cannot hold checkpoints; name another one (with_collection, or the URL's \
                 collection=)"
            )));
        }
        self.warn_of_weak_writes();
        Ok(())
    }

    async fn inspect_permissions(&self) -> Result<()> {
        let who = self.database.run_command(doc! { "connectionStatus": 1, "showPrivileges": true });
        let who = who.await.map_err(from_driver)?;
        let (database, collection) = (self.database.name(), self.documents.name());
        let missing = missing(&who, database, collection);
        if missing.is_empty() {
            return Ok(());
        }
        let message =
            format!("the user may not {} in collection {collection:?}; {}", missing.join(", "), grant(database));
        Err(Error::new(ErrorKind::Denied, message))
    }

    /// What was answered may be lost when a server is.
    fn warn_of_weak_writes(&self) {
        let confirmed = self.write_concern();
        if !matches!(confirmed.w, Some(Acknowledgment::Majority)) || confirmed.journal == Some(false) {
            let collection = self.documents.name();
            tracing::warn!(
                collection,
                "the write concern is not w: majority, journal: true, so checkpoints that were stored may be lost"
            );
        }
    }
}

fn not_ready(message: String) -> Error {
    Error::new(ErrorKind::NotReady, message)
}

fn how_to_create(name: &str) -> String {
    format!("call migrate(), or run db.createCollection({name:?}) in mongosh")
}

/// What a collection is that does not keep every id apart from every other and every document for good.
fn unfit(collection: &CollectionSpecification) -> Option<&'static str> {
    let options = &collection.options;
    let collation = options.collation.as_ref();
    match collection.collection_type {
        CollectionType::View => Some("a view"),
        CollectionType::Timeseries => Some("a time series"),
        _ if options.capped == Some(true) => Some("a capped collection"),
        _ if collation.is_some_and(|collation| collation.locale != "simple") => Some("a collection with a collation"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{Document, deserialize_from_document};

    use super::*;

    fn unfit_with(kind: &str, options: Document) -> Option<&'static str> {
        let answer = doc! { "name": "checkpoint", "type": kind, "options": options, "info": { "readOnly": false } };
        unfit(&deserialize_from_document(answer).unwrap())
    }

    #[test]
    fn only_a_plain_collection_holds_checkpoints() {
        assert_eq!(unfit_with("collection", doc! {}), None);
        assert_eq!(unfit_with("collection", doc! { "validationLevel": "off" }), None);
        assert_eq!(unfit_with("view", doc! { "viewOn": "other", "pipeline": [] }), Some("a view"));
        assert_eq!(unfit_with("timeseries", doc! {}), Some("a time series"));
        assert_eq!(unfit_with("collection", doc! { "capped": true, "size": 4096 }), Some("a capped collection"));
        let collation = doc! { "collation": { "locale": "en", "strength": 2 } };
        assert_eq!(unfit_with("collection", collation), Some("a collection with a collation"));
    }
}
