use serde_json::{Map, Value, json};

use crate::names::Names;

/// The field that lists are sorted by: the id, whole and in the order of its bytes. It is a part of the field `id`, so that
/// documents which others write have it too.
pub(crate) const WHOLE_ID: &str = "id.whole";

const ID: &str = "id";
const WHOLE: &str = "whole";

/// What an index needs that is not there, and how to make it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    CreateIndex,
    /// These properties of the mapping.
    AddFields(Map<String, Value>),
    /// So many documents were written before their index had [`WHOLE_ID`]: done before the alias is added.
    IndexDocuments(u64),
    /// Says that all else was made.
    AddAlias,
    /// A setting that keeps writes away: only reported.
    Unblock(String),
    /// A write is answered before it is durable: only reported.
    SyncTranslog,
}

impl Step {
    /// Whether it is a step that creates something.
    pub(crate) fn creates(&self) -> bool {
        !matches!(self, Self::IndexDocuments(_) | Self::Unblock(_) | Self::SyncTranslog)
    }

    /// What is missing, and the request that mends it.
    pub(crate) fn advice(&self, names: &Names) -> String {
        let Names { index, alias } = names;
        match self {
            Self::CreateIndex => format!("the index is missing: PUT /{index} {}", new_index(names)),
            Self::AddFields(fields) => {
                let missing: Vec<_> = fields.keys().map(|field| if field == ID { WHOLE_ID } else { field }).collect();
                let request = format!("PUT /{index}/_mapping {}", json!({ "properties": fields }));
                format!("its mapping lacks {}: {request}", missing.join(", "))
            }
            Self::IndexDocuments(documents) => {
                let request = format!("POST /{index}/_update_by_query?conflicts=proceed&refresh=true");
                format!("{documents} documents are not listed yet: {request}")
            }
            Self::AddAlias => format!("its alias is missing: PUT /{index}/_alias/{alias}"),
            Self::Unblock(block) => {
                let settings = json!({ block: false });
                format!("it takes no writes because of {block}: PUT /{index}/_settings {settings}")
            }
            Self::SyncTranslog => {
                let settings = json!({ "index.translog.durability": "request" });
                format!("it answers writes before they are durable: PUT /{index}/_settings {settings}")
            }
        }
    }
}

/// The body of the request that creates an index.
pub(crate) fn new_index(names: &Names) -> Value {
    json!({
        "aliases": { &names.alias: {} },
        "mappings": { "dynamic": false, "properties": properties() },
    })
}

/// Ids are found by `_id`, and nothing else is searched for: so next to nothing is indexed. Numbers, owner and time keep the
/// columns that dashboards read.
fn properties() -> Map<String, Value> {
    let fields = json!({
        ID: { "type": "keyword", "index": false, "doc_values": false, "fields": { WHOLE: whole() } },
        "position": { "type": "long", "index": false },
        "epoch": { "type": "long", "index": false },
        "owner": { "type": "keyword", "index": false },
        "state": { "type": "binary" },
        "updated_at": { "type": "date", "index": false },
    });
    match fields {
        Value::Object(fields) => fields,
        _ => unreachable!("it is written as one"),
    }
}

fn whole() -> Value {
    json!({ "type": "keyword" })
}

/// What is missing in the properties that an index has. A field that is there stays as it is, whatever its type: what counts
/// is the document's own text.
pub(crate) fn missing_fields(present: &Map<String, Value>) -> Map<String, Value> {
    let mut missing = properties();
    missing.retain(|field, _| !present.contains_key(field));
    if let Some(id) = present.get(ID).filter(|id| id["fields"][WHOLE] != whole()) {
        let mut id = id.clone();
        id["fields"][WHOLE] = whole(); // the rest must be repeated, or it would be an attempt to change it
        missing.insert(ID.to_owned(), id);
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn our_own_layout_lacks_nothing() {
        assert_eq!(missing_fields(&properties()), Map::new());
    }

    #[test]
    fn what_eventuous_made_keeps_its_types_and_gets_the_rest() {
        let present = object(&json!({
            "id": { "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": 256 } } },
            "position": { "type": "double" },
        }));
        let missing = missing_fields(&present);
        let id = json!({
            "type": "text",
            "fields": { "keyword": { "type": "keyword", "ignore_above": 256 }, "whole": { "type": "keyword" } },
        });
        assert_eq!(missing[ID], id);
        assert_eq!(missing.keys().collect::<Vec<_>>(), ["epoch", "id", "owner", "state", "updated_at"]);
    }

    #[test]
    fn an_id_without_parts_gets_one() {
        let missing = missing_fields(&object(&json!({ "id": { "type": "keyword" } })));
        assert_eq!(missing[ID], json!({ "type": "keyword", "fields": { "whole": { "type": "keyword" } } }));
    }

    #[test]
    fn the_advice_is_the_request() {
        let names = Names::new("cp").unwrap();
        let created = Step::CreateIndex.advice(&names);
        assert!(created.starts_with("the index is missing: PUT /cp {\"aliases\":{\"cp-write\":{}},"), "{created}");
        assert_eq!(Step::AddAlias.advice(&names), "its alias is missing: PUT /cp/_alias/cp-write");
        let fields = object(&json!({ "epoch": { "type": "long" }, "id": {} }));
        let expected =
            r#"its mapping lacks epoch, id.whole: PUT /cp/_mapping {"properties":{"epoch":{"type":"long"},"id":{}}}"#;
        assert_eq!(Step::AddFields(fields).advice(&names), expected);
    }
}
