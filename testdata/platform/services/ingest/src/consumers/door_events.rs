//! Door events into the warehouse.

use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::BorrowedMessage;

use crate::consumers::{decode, message::DoorEvent};
use crate::warehouse::Warehouse;

/// Consumes until the process ends. A message that fails is read again after a restart.
pub async fn run(consumer: StreamConsumer, warehouse: Warehouse) -> anyhow::Result<()> {
    loop {
        let message = consumer.recv().await?;
        handle(&warehouse, &message).await?;
        consumer.commit_message(&message, CommitMode::Async)?;
    }
}

async fn handle(warehouse: &Warehouse, message: &BorrowedMessage<'_>) -> anyhow::Result<()> {
    let event: DoorEvent = decode(message)?;
    warehouse.add_door_event(&event).await?;
    Ok(())
}
