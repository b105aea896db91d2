//! What a store does not have, it says.

use checkpoint_core::{Applied, Error, ErrorKind, Operation};

use crate::Place;

/// A call that the profile does not name answers `Unsupported`, and that nothing was changed.
pub async fn unsupported_calls_say_so(place: &Place) {
    let store = place.open().await;
    let id = place.id("unsupported");
    if !place.profile().supports(Operation::Claim) {
        assert_unsupported(Operation::Claim, store.claim(&id, "host:1").await.as_ref().err());
    }
    if !place.profile().supports(Operation::Delete) {
        assert_unsupported(Operation::Delete, store.delete(&id).await.as_ref().err());
    }
    if !place.profile().supports(Operation::List) {
        assert_unsupported(Operation::List, store.list("", None, 10).await.as_ref().err());
    }
    assert!(matches!(store.read(&id).await, Ok(None)), "an unsupported call changes nothing, but now {id:?} is there");
}

fn assert_unsupported(operation: Operation, seen: Option<&Error>) {
    let answer = seen.map(|error| (error.kind(), error.applied()));
    assert_eq!(
        answer,
        Some((ErrorKind::Unsupported, Applied::No)),
        "a store without {operation} answers Unsupported with Applied::No, but it answered {seen:?}; \
         or, if it has it, name it in the profile"
    );
}
