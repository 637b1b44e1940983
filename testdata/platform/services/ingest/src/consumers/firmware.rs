//! Which firmware each locker runs.

use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};

use crate::consumers::{decode, message::FirmwareReport};
use crate::store::Store;

/// Consumes until the process ends.
pub async fn run(consumer: StreamConsumer, store: Store) -> anyhow::Result<()> {
    loop {
        let message = consumer.recv().await?;
        let report: FirmwareReport = decode(&message)?;
        consumer.commit_message(&message, CommitMode::Async)?;
        if let Err(error) = store
            .set_firmware(report.tenant_id, report.locker_id, &report.version)
            .await
        {
            tracing::error!(%error, locker = %report.locker_id, "firmware not recorded");
        }
    }
}
