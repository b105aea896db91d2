use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Strategy;

/// As its text form.
impl Serialize for Strategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From its text form.
impl<'de> Deserialize<'de> for Strategy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextForm)
    }
}

struct TextForm;

impl Visitor<'_> for TextForm {
    type Value = Strategy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a strategy as a string, such as \"100 events or 5s\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Strategy, E> {
        text.parse().map_err(E::custom)
    }
}
