//! Many writes in one request.

use std::collections::HashMap;

use checkpoint_core::{Applied, CheckpointId, Error, ErrorKind, Outcome, Record, Result, Write};
use mongodb::bson::{
    Bson, Document, RawArrayBuf, RawDocumentBuf, deserialize_from_document, doc, rawdoc, serialize_to_raw_document_buf,
};
use mongodb::error::{Error as DriverError, ErrorKind as DriverErrorKind, WriteFailure};

use crate::MongoStore;
use crate::document::{ID, STATE};
use crate::error::{code, from_driver};
use crate::statement::Statement;

/// How often writes are sent again that the guard refused, but that what is there then would let pass.
const TRIES: usize = 8;

/// A request is a document, and has at most 16 MiB; one write has at most half of that and a bit.
const REQUEST_BYTES: usize = 12 << 20;

/// A server takes 100,000.
const REQUEST_WRITES: usize = 10_000;

/// The codes of an update that found nothing to update and could not create: the guard said no.
const REFUSED: [i32; 3] = [code::DUPLICATE_KEY, code::IMMUTABLE_FIELD, code::INVALID_ID_FIELD];

impl MongoStore {
    /// One unordered update of all; those that the guard refused are explained by one read.
    pub(crate) async fn change_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        let mut outcomes = vec![Outcome::Stored; writes.len()];
        let mut pending: Vec<usize> = (0..writes.len()).collect();
        for tried in 0..TRIES {
            let refused = self.send(writes, &pending).await;
            let refused =
                refused.map_err(|error| if tried > 0 { error.with_applied(Applied::Unknown) } else { error })?;
            let held = self.find_many(refused.iter().map(|place| &writes[*place].checkpoint.id)).await;
            let held = held.map_err(|error| error.with_applied(Applied::Unknown))?;
            for place in &refused {
                outcomes[*place] = writes[*place].decide(held.get(&writes[*place].checkpoint.id));
            }
            pending = refused.into_iter().filter(|place| outcomes[*place].is_stored()).collect();
            if pending.is_empty() {
                return Ok(outcomes);
            }
        }
        for place in pending {
            outcomes[place] = Outcome::Contended;
        }
        Ok(outcomes)
    }

    /// Sends the writes at `places`, in as few requests as they fit in, and gives the places that the guard refused.
    async fn send(&self, writes: &[Write], places: &[usize]) -> Result<Vec<usize>> {
        let mut refused = Vec::new();
        let mut request = Request::default();
        let mut sent = false;
        for place in places {
            let update = Update::new(*place, &writes[*place], self)?;
            if request.is_full_with(&update) {
                refused.extend(self.run(std::mem::take(&mut request)).await.map_err(|error| partly(error, sent))?);
                sent = true;
            }
            request.push(update);
        }
        refused.extend(self.run(request).await.map_err(|error| partly(error, sent))?);
        Ok(refused)
    }

    async fn run(&self, request: Request) -> Result<Vec<usize>> {
        if request.sent.is_empty() {
            return Ok(Vec::new());
        }
        let confirmed =
            serialize_to_raw_document_buf(self.write_concern()).map_err(|error| from_driver(error.into()))?;
        let command = rawdoc! {
            "update": self.documents.name(),
            "updates": request.statements,
            "ordered": false,
            "writeConcern": confirmed,
        };
        let answer = self.database.run_raw_command(command).await.map_err(from_driver)?;
        refused(&answer, &request.sent)
    }

    /// Those that are there, without their states.
    async fn find_many(&self, ids: impl Iterator<Item = &CheckpointId>) -> Result<HashMap<CheckpointId, Record>> {
        let ids: Vec<_> = ids.map(|id| Bson::from(id.as_str())).collect();
        let mut records = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(REQUEST_WRITES) {
            let found = self.documents.find(doc! { ID: { "$in": ids } }).projection(doc! { STATE: 0 });
            let mut found = found.await.map_err(from_driver)?;
            while found.advance().await.map_err(from_driver)? {
                let document = found.deserialize_current().map_err(from_driver)?;
                if let Some(id) = document.get_str(ID).ok().and_then(|id| CheckpointId::new(id).ok()) {
                    let record = self.met(&id, document)?;
                    records.insert(id, record);
                }
            }
        }
        Ok(records)
    }
}

/// The statements of one request, and which writes they are.
#[derive(Default)]
struct Request {
    sent: Vec<Sent>,
    statements: RawArrayBuf,
    bytes: usize,
}

/// Which of the writes a statement is, and whether it may create the document.
struct Sent {
    place: usize,
    creates: bool,
}

struct Update {
    sent: Sent,
    statement: RawDocumentBuf,
}

impl Request {
    fn is_full_with(&self, update: &Update) -> bool {
        let bytes = self.bytes + update.statement.as_bytes().len();
        !self.sent.is_empty() && (bytes > REQUEST_BYTES || self.sent.len() >= REQUEST_WRITES)
    }

    fn push(&mut self, update: Update) {
        self.bytes += update.statement.as_bytes().len();
        self.sent.push(update.sent);
        self.statements.push(update.statement);
    }
}

impl Update {
    /// The answer to an update of many does not say which ones matched nothing; only errors have an index. So every one asks
    /// for creating, and one that must not create asks for an id that no document can have: where nothing matches, it
    /// fails. Where the document matches, `$setOnInsert` means nothing.
    fn new(place: usize, write: &Write, store: &MongoStore) -> Result<Self> {
        let Statement { filter, mut update, creates } = Statement::new(write, store.layout());
        if !creates {
            update.insert("$setOnInsert", doc! { ID: [0] });
        }
        let statement = doc! { "q": filter, "u": update, "upsert": true };
        let statement = RawDocumentBuf::try_from(&statement).map_err(|error| from_driver(error.into()))?;
        Ok(Self { sent: Sent { place, creates }, statement })
    }
}

/// The places of the writes that the guard refused.
///
/// What the server says must add up, so that nothing is called stored that some server has not even tried.
fn refused(answer: &Document, sent: &[Sent]) -> Result<Vec<usize>> {
    if let Some(unsure) = answer.get_document("writeConcernError").ok().cloned() {
        return Err(from_driver(failure(deserialize_from_document(unsure).map(WriteFailure::WriteConcernError))));
    }
    let mut refused = Vec::new();
    for error in documents(answer, "writeErrors") {
        if !error.get_i32("code").is_ok_and(|code| REFUSED.contains(&code)) {
            let error = from_driver(failure(deserialize_from_document(error.clone()).map(WriteFailure::WriteError)));
            return Err(error.with_applied(Applied::Unknown)); // the others were written
        }
        refused.push(indexed(error, sent).ok_or_else(not_mongodb)?.place);
    }
    let done = usize::try_from(answer.get_i32("n").unwrap_or(0)).ok();
    let created = |created| indexed(created, sent).is_some_and(|sent| sent.creates);
    if done != Some(sent.len() - refused.len()) || !documents(answer, "upserted").all(created) {
        return Err(not_mongodb());
    }
    Ok(refused)
}

fn documents<'a>(answer: &'a Document, field: &str) -> impl Iterator<Item = &'a Document> {
    answer.get_array(field).map(Vec::as_slice).unwrap_or_default().iter().filter_map(Bson::as_document)
}

fn indexed<'a>(about: &Document, sent: &'a [Sent]) -> Option<&'a Sent> {
    sent.get(usize::try_from(about.get_i32("index").ok()?).ok()?)
}

fn failure(failure: Result<WriteFailure, mongodb::bson::error::Error>) -> DriverError {
    failure.map_or_else(DriverError::from, |failure| DriverErrorKind::Write(failure).into())
}

fn not_mongodb() -> Error {
    Error::new(
        ErrorKind::Other,
        "the server's answer to many updates is not as MongoDB's; write one by one, or use MongoDB",
    )
}

/// An error after which a part of the writes may have been done.
fn partly(error: Error, sent: bool) -> Error {
    if sent { error.with_applied(Applied::Unknown) } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(places: &[usize]) -> Vec<Sent> {
        places.iter().map(|place| Sent { place: *place, creates: *place != 1 }).collect()
    }

    #[test]
    fn refused_writes_are_found_by_their_index() {
        let errors = [doc! { "index": 2, "code": 11000, "errmsg": "" }, doc! { "index": 0, "code": 53, "errmsg": "" }];
        let created = vec![doc! { "index": 1, "_id": "b" }];
        let answer = doc! { "ok": 1.0, "n": 1, "upserted": created, "writeErrors": errors.to_vec() };
        assert_eq!(refused(&answer, &sent(&[4, 5, 9])).unwrap(), [9, 4]);
        assert_eq!(refused(&doc! { "ok": 1.0, "n": 2 }, &sent(&[4, 5])).unwrap(), [0_usize; 0]);
    }

    #[test]
    fn another_error_is_an_error_of_the_call() {
        let errors = vec![doc! { "index": 0, "code": 121, "errmsg": "" }];
        let error = refused(&doc! { "ok": 1.0, "n": 1, "writeErrors": errors }, &sent(&[0, 1])).unwrap_err();
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Denied, Applied::Unknown));
        let unsure = doc! { "code": 64, "errmsg": "waiting for replication timed out" };
        let error = refused(&doc! { "ok": 1.0, "n": 2, "writeConcernError": unsure }, &sent(&[0, 1])).unwrap_err();
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::Unknown));
    }

    #[test]
    fn an_answer_that_does_not_add_up_is_not_taken_for_stored() {
        let stopped = vec![doc! { "index": 0, "code": 11000, "errmsg": "" }];
        let must_not_be_created = vec![doc! { "index": 1, "_id": "b" }];
        for answer in [
            doc! { "ok": 1.0, "n": 1 },
            doc! { "ok": 1.0 },
            doc! { "ok": 1.0, "n": 0, "writeErrors": stopped },
            doc! { "ok": 1.0, "n": 1, "writeErrors": [{ "index": 7, "code": 11000, "errmsg": "" }] },
            doc! { "ok": 1.0, "n": 2, "upserted": must_not_be_created },
        ] {
            let error = refused(&answer, &sent(&[0, 1])).unwrap_err();
            assert_eq!((error.kind(), error.applied()), (ErrorKind::Other, Applied::Unknown), "{answer}");
        }
    }

    fn update(bytes: usize) -> Update {
        let statement = RawDocumentBuf::try_from(&doc! { "q": "x".repeat(bytes) }).unwrap();
        Update { sent: Sent { place: 0, creates: true }, statement }
    }

    #[test]
    fn a_request_holds_so_many_bytes_and_so_many_writes() {
        let mut request = Request::default();
        for _ in 0..REQUEST_WRITES {
            assert!(!request.is_full_with(&update(1)));
            request.push(update(1));
        }
        assert!(request.is_full_with(&update(1)));

        let mut request = Request::default();
        request.push(update(REQUEST_BYTES / 2));
        assert!(!request.is_full_with(&update(1)));
        assert!(request.is_full_with(&update(REQUEST_BYTES / 2)));
    }
}
