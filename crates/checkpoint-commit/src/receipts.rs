//! Where the receipts of skipped events go when there are more than the checkpoint's record should hold.

use std::fmt::Debug;

use checkpoint_core::{CheckpointId, async_trait};
use tracing::warn;

use crate::codec::Receipt;

/// Keeps receipts for ever: a table, a file, a topic for what could not be handled.
#[async_trait]
pub trait ReceiptSink: Debug + Send + Sync + 'static {
    /// Keeps the oldest receipts of a checkpoint. When this returns without error they are removed from its record, with the
    /// next write: so after a crash in between they come once more.
    ///
    /// # Errors
    ///
    /// Whatever went wrong: it is logged, the receipts stay in the record, and this is called again with the next write.
    async fn keep(
        &self,
        id: &CheckpointId,
        receipts: &[Receipt],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// The sink of those who give none: a warning each in the log.
#[derive(Debug)]
pub(crate) struct LogSink;

#[async_trait]
impl ReceiptSink for LogSink {
    async fn keep(
        &self,
        id: &CheckpointId,
        receipts: &[Receipt],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        for Receipt { position, reason, attempts, .. } in receipts {
            warn!(%id, position, attempts, reason, "the receipt of a skipped event leaves the checkpoint's record");
        }
        Ok(())
    }
}
