//! States: opaque bytes, written together with the position.

use bytes::Bytes;
use checkpoint_core::Outcome::{Ahead, Stored};
use checkpoint_core::{MAX_STATE_BYTES, Write};

use super::at;
use crate::Place;
use crate::compared::Compared;

/// A state comes back byte for byte, whatever the bytes are.
pub async fn states_are_kept_byte_for_byte(place: &Place) {
    let mut store = Compared::open(place, "a state is kept byte for byte").await;
    let id = place.id("bytes");
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let states: [&[u8]; 9] = [
        b"",
        b"\0",
        b"\0\0ends with zero\0",
        b"line\r\nline\n",
        b"\xff\xfe not UTF-8 \xc3",
        b"{\"json\": 'or' \\x00}",
        b" spaces ",
        &every_byte,
        b"",
    ];
    for (state, position) in states.into_iter().zip(0..) {
        store.write(Write::advance(at(&id, position)).with_state(Bytes::copy_from_slice(state)), Stored).await;
    }
}

/// A write replaces the whole state, also by an empty or a shorter one; a refused write leaves it.
pub async fn a_write_replaces_the_state(place: &Place) {
    let mut store = Compared::open(place, "a stored write replaces the state, a refused one leaves it").await;
    let id = place.id("replaced");
    store.write(Write::advance(at(&id, 1)).with_state("a long state"), Stored).await;
    store.write(Write::advance(at(&id, 2)).with_state("short"), Stored).await;
    store.write(Write::advance(at(&id, 1)).with_state("refused"), Ahead(2)).await;
    store.write(Write::advance(at(&id, 2)), Stored).await;
    store.write(Write::expect(at(&id, 3), Some(2)).with_state("again"), Stored).await;
    store.write(Write::overwrite(at(&id, 3)), Stored).await;
}

/// The largest state has 8 MiB.
pub async fn the_largest_state_is_kept(place: &Place) {
    let mut store = Compared::open(place, "a state of 8 MiB is kept whole").await;
    let id = place.id("largest");
    let largest: Bytes = (0..=u8::MAX).rev().cycle().take(MAX_STATE_BYTES).collect();
    store.write(Write::advance(at(&id, 1)).with_state(largest), Stored).await;
    store.write(Write::advance(at(&id, 2)).with_state("small"), Stored).await;
}

/// One byte more is `Invalid`, and nothing is written, neither alone nor in a batch.
pub async fn larger_states_are_refused(place: &Place) {
    let mut store = Compared::open(place, "a state above 8 MiB is refused and writes nothing").await;
    let id = place.id("larger");
    let larger = Bytes::from(vec![b'x'; MAX_STATE_BYTES + 1]);
    store.refuse(vec![Write::advance(at(&id, 1)).with_state(larger.clone())]).await;
    store.write(Write::advance(at(&id, 1)).with_state("held"), Stored).await;
    store.refuse(vec![Write::overwrite(at(&id, 2)).with_state(larger)]).await;
}
