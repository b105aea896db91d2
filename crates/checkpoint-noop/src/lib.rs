//! A checkpoint store that remembers nothing.
