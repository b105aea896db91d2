//! Ids: any text without control characters, up to 512 bytes, kept byte for byte.

use checkpoint_core::Outcome::{Ahead, Stored};
use checkpoint_core::{CheckpointId, Write};

use super::at;
use crate::Place;
use crate::compared::Compared;

/// Texts that mean something to a database, a URL, a file system or a shell.
const SHAPES: [&str; 24] = [
    "plain",
    "a/b",
    "a//b",
    "..",
    "../a",
    "a\\b",
    "100%",
    "%2F",
    "a_b",
    "a*b",
    "a?b=c&d",
    "#",
    "it's",
    "\"quoted\"",
    "`a`",
    "$a.b",
    "{a}",
    "[a]",
    "a:b;c,d",
    " a b ",
    "ünïcödé",
    "検査点",
    "🦀",
    "\u{10ffff}",
];

/// Ids that a careless store takes for one: case, spaces, leading zeros, composed and decomposed letters, beginnings.
const ALIKE: [&str; 12] = ["a", "A", "a ", "a  ", " a", "aa", "a\u{301}", "\u{e1}", "\u{3b1}", "1", "01", "a\u{200b}"];

/// An id of any shape names a checkpoint of its own.
pub async fn ids_of_every_shape_are_kept(place: &Place) {
    each_has_its_own(place, SHAPES.map(|name| place.id(name)).to_vec()).await;
}

/// Ids that look alike are different.
pub async fn similar_ids_are_different(place: &Place) {
    each_has_its_own(place, ALIKE.map(|name| place.id(name)).to_vec()).await;
}

/// The shortest id has 1 byte, the longest 512, and the last byte counts.
pub async fn the_shortest_and_the_longest_id_are_kept(place: &Place) {
    let shortest = CheckpointId::new("x").expect("1 byte is enough");
    let room = CheckpointId::MAX_BYTES - place.id("").as_str().len();
    let ascii = ["a", "b"].map(|end| place.id(&("x".repeat(room - 1) + end)));
    let longest = place.id(&("é".repeat(room / 2) + &"x".repeat(room % 2)));
    assert!([&ascii[0], &longest].iter().all(|id| id.as_str().len() == CheckpointId::MAX_BYTES), "the case is right");
    each_has_its_own(place, [vec![shortest, longest], ascii.to_vec()].concat()).await;
}

/// Control characters are refused before a store could see them.
pub async fn control_characters_are_refused(place: &Place) {
    for character in ['\n', '\0', '\r', '\t', '\u{7f}'] {
        let id = place.id("line").as_str().to_owned() + &character.to_string();
        assert!(CheckpointId::new(id).is_err(), "an id with {character:?} is refused");
    }
}

async fn each_has_its_own(place: &Place, ids: Vec<CheckpointId>) {
    let mut store = Compared::open(place, "every id names a checkpoint of its own").await;
    for (id, position) in ids.iter().zip(10..) {
        store.write(Write::advance(at(id, position)).with_state(id.as_str().to_owned()), Stored).await;
    }
    for (id, position) in ids.iter().zip(10..) {
        store.read(id).await;
        store.write(Write::advance(at(id, position - 1)), Ahead(position)).await;
    }
}
