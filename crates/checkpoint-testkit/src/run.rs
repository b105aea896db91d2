use tokio::time::timeout;

use crate::{Harness, Place};

/// Runs one case on a fresh place of `H`, on a multi-threaded tokio runtime. [`conformance!`](crate::conformance) calls
/// it for each.
///
/// # Panics
///
/// Where the store breaks the promise, with what was promised and what was seen; and where the case does not end within
/// the [deadline](crate::Profile::with_deadline).
pub async fn run<H: Harness>(case: impl AsyncFnOnce(&Place)) {
    if let Some(harness) = H::fresh().await {
        run_at(&Place::new(harness), case).await;
    }
}

/// Runs one case on `place`, which must be fresh: for harnesses that are made with parameters.
///
/// # Panics
///
/// As [`run`].
pub async fn run_at(place: &Place, case: impl AsyncFnOnce(&Place)) {
    let deadline = place.profile().deadline;
    let in_time = timeout(deadline, case(place)).await;
    assert!(in_time.is_ok(), "every call comes to an end: the case did not within {deadline:?}, so a call hangs");
}
