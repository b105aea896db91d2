//! Spans and metrics around any checkpoint store.
