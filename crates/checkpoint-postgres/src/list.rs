//! Reading one record, and many in the order of their ids' bytes.

use checkpoint_core::{CheckpointId, Record, Result};
use sqlx::PgConnection;

use crate::row;
use crate::store::Calls;

impl Calls<'_> {
    pub(crate) async fn read(&self, connection: &mut PgConnection, id: &CheckpointId) -> Result<Option<Record>> {
        let query = sqlx::query_as(self.statements.read.clone()).bind(id.as_str());
        let found = query.fetch_optional(connection).await.map_err(|error| self.failed(error))?;
        found.map(|found| row::record(id, found)).transpose().map_err(|error| self.named(error))
    }

    pub(crate) async fn list(
        &self,
        connection: &mut PgConnection,
        prefix: &str,
        after: Option<&CheckpointId>,
        limit: usize,
    ) -> Result<Vec<Record>> {
        if prefix.contains('\0') {
            return Ok(Vec::new()); // no id has it, and the database knows no such text
        }
        let query = sqlx::query_as(self.statements.list.clone())
            .bind(prefix)
            .bind(end_of(prefix))
            .bind(after.map(CheckpointId::as_str))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let found = query.fetch_all(connection).await.map_err(|error| self.failed(error))?;
        found.into_iter().map(row::listed).collect::<Result<_>>().map_err(|error| self.named(error))
    }
}

/// The first text, in the order of bytes, after all that begin with `prefix`; `None` where there is none.
fn end_of(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_character() {
        assert_eq!(end_of("ab").as_deref(), Some("ac"));
        assert_eq!(end_of("%_").as_deref(), Some("%`"));
        assert_eq!(end_of("a\u{7f}").as_deref(), Some("a\u{80}"));
        assert_eq!(end_of("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(end_of("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of("\u{10ffff}"), None);
        assert_eq!(end_of(""), None);
    }
}
