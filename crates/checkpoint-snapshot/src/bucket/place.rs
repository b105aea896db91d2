//! Where a part is, for messages.

use std::sync::Arc;

/// A key, and the part in which it is. Parts share what is above them.
#[derive(Debug)]
pub(crate) struct Place {
    above: Option<Arc<Self>>,
    key: Box<str>,
}

impl Place {
    pub(crate) fn below(above: Option<&Arc<Self>>, key: &str) -> Arc<Self> {
        Arc::new(Self { above: above.cloned(), key: key.into() })
    }

    /// The keys from the outermost on, with slashes between them.
    pub(crate) fn path(&self) -> String {
        let mut keys = vec![&*self.key];
        let mut place = self;
        while let Some(above) = &place.above {
            keys.push(&above.key);
            place = above;
        }
        keys.reverse();
        keys.join("/")
    }
}
