//! A write as one update statement: `Write::decide` as a filter, `Write::record` as a change.

use checkpoint_core::{Mode, Write};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};

use crate::document::{EPOCH, ID, POSITION, POSITION_OF_DOTNET, STATE, UPDATED_AT};

/// The fields that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `_id` and the position in one of its spellings, as Eventuous has it.
    Eventuous(Spelling),
    /// All fields of a record.
    Full,
}

/// What the field of the position is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `Position`.
    Dotnet,
    /// `position`.
    Lower,
}

/// An update of one document: it matches, or creates, just where [`Write::decide`] says that the write is stored.
#[derive(Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) filter: Document,
    pub(crate) update: Document,
    /// Whether the document is created where it is missing. Where it is there and the filter does not match, creating it
    /// fails with a duplicate key: that is how the server says that the guard said no.
    pub(crate) creates: bool,
}

impl Statement {
    pub(crate) fn new(write: &Write, layout: Layout) -> Self {
        let id = write.checkpoint.id.as_str();
        let mut guards = vec![at_most(EPOCH, write.epoch)];
        guards.extend(position_guards(write));
        if let Layout::Eventuous(spelling) = layout {
            guards.push(doc! { spelling.other().field(): { "$exists": false } });
        }
        let update = match layout {
            Layout::Eventuous(spelling) => eventuous_change(write, spelling),
            Layout::Full => full_change(write),
        };
        let creates = write.epoch == 0 && !matches!(write.mode, Mode::Expect(Some(_)));
        Self { filter: doc! { ID: id, "$and": guards }, update, creates }
    }
}

impl Spelling {
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Dotnet => POSITION_OF_DOTNET,
            Self::Lower => POSITION,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Dotnet => Self::Lower,
            Self::Lower => Self::Dotnet,
        }
    }
}

/// Both spellings are asked for, so that a position counts in whichever field it stands.
fn position_guards(write: &Write) -> Vec<Document> {
    match (write.mode, write.checkpoint.position) {
        (Mode::Advance, Some(new)) => vec![at_most(POSITION, new), at_most(POSITION_OF_DOTNET, new)],
        (Mode::Advance, None) | (Mode::Expect(None), _) => {
            vec![doc! { POSITION: null }, doc! { POSITION_OF_DOTNET: null }]
        }
        (Mode::Expect(Some(held)), _) => vec![holds(held)],
        (Mode::Overwrite, _) => Vec::new(),
        (mode, _) => unreachable!("checked before: {mode:?}"),
    }
}

/// Null and absent are less than every number.
fn at_most(field: &str, limit: u64) -> Document {
    doc! { "$or": [{ field: null }, { field: { "$gte": 0_i64, "$lte": int64(limit) } }] }
}

/// In one of the spellings, and nothing else in the other.
fn holds(position: u64) -> Document {
    let position = int64(position);
    doc! { "$or": [
        { POSITION: position.clone(), POSITION_OF_DOTNET: { "$in": [null, position.clone()] } },
        { POSITION: null, POSITION_OF_DOTNET: position },
    ] }
}

/// One spelling stays, so that the two never disagree.
fn full_change(write: &Write) -> Document {
    let mut set = doc! { POSITION: new_position(write), EPOCH: int64(write.epoch) };
    let mut unset = doc! { POSITION_OF_DOTNET: "" };
    if write.state.is_empty() {
        unset.insert(STATE, "");
    } else {
        set.insert(STATE, Binary { subtype: BinarySubtype::Generic, bytes: write.state.to_vec() });
    }
    doc! { "$set": set, "$unset": unset, "$currentDate": { UPDATED_AT: true } }
}

/// Leaves `_id` and the position. Only a record of epoch 0 gets here, so it has no owner, and nothing is lost but a state,
/// which a write replaces anyway.
fn eventuous_change(write: &Write, spelling: Spelling) -> Document {
    doc! {
        "$set": { spelling.field(): new_position(write) },
        "$unset": { EPOCH: "", STATE: "", UPDATED_AT: "" },
    }
}

fn new_position(write: &Write) -> Bson {
    write.checkpoint.position.map_or(Bson::Null, int64)
}

fn int64(number: u64) -> Bson {
    Bson::Int64(i64::try_from(number).expect("writes are validated first"))
}

#[cfg(test)]
mod tests {
    use checkpoint_core::{Checkpoint, CheckpointId};

    use super::*;

    fn at(position: impl Into<Option<u64>>) -> Checkpoint {
        Checkpoint::new(CheckpointId::new("orders").unwrap(), position)
    }

    fn full(write: &Write) -> Statement {
        Statement::new(write, Layout::Full)
    }

    #[test]
    fn only_a_writer_without_epoch_creates() {
        assert!(full(&Write::advance(at(7))).creates);
        assert!(full(&Write::overwrite(at(None))).creates);
        assert!(full(&Write::expect(at(7), None)).creates);
        assert!(!full(&Write::expect(at(7), Some(6))).creates);
        assert!(!full(&Write::advance(at(7)).with_epoch(1)).creates);
    }

    #[test]
    fn a_steady_write_is_guarded_in_both_spellings() {
        let statement = full(&Write::advance(at(7)).with_epoch(3).with_state(&b"gap"[..]));
        let guard =
            |field: &str, limit: i64| doc! { "$or": [{ field: null }, { field: { "$gte": 0_i64, "$lte": limit } }] };
        assert_eq!(
            statement.filter,
            doc! { "_id": "orders", "$and": [guard("epoch", 3), guard("position", 7), guard("Position", 7)] }
        );
        let state = Binary { subtype: BinarySubtype::Generic, bytes: b"gap".to_vec() };
        assert_eq!(
            statement.update,
            doc! {
                "$set": { "position": 7_i64, "epoch": 3_i64, "state": state },
                "$unset": { "Position": "" },
                "$currentDate": { "updated_at": true },
            }
        );
    }

    #[test]
    fn an_empty_state_is_not_kept() {
        let statement = full(&Write::overwrite(at(None)));
        assert_eq!(statement.update.get_document("$unset").unwrap(), &doc! { "Position": "", "state": "" });
        assert_eq!(statement.update.get_document("$set").unwrap(), &doc! { "position": null, "epoch": 0_i64 });
    }

    #[test]
    fn in_the_eventuous_layout_nothing_but_the_position_stays() {
        let statement = Statement::new(&Write::advance(at(7)), Layout::Eventuous(Spelling::Dotnet));
        assert_eq!(statement.update.get_document("$set").unwrap(), &doc! { "Position": 7_i64 });
        let guards = statement.filter.get_array("$and").unwrap();
        assert!(guards.contains(&Bson::Document(doc! { "position": { "$exists": false } })), "{guards:?}");
    }
}
