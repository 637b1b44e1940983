//! Kafka consumers: at least once, offsets committed by hand.

pub mod door_events;
pub mod firmware;
pub mod message;
pub mod readings;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Message};
use serde::de::DeserializeOwned;

use crate::config::Config;

/// Joins a group that reads one topic.
pub fn group(config: &Config, group: &str, topic: &str) -> anyhow::Result<StreamConsumer> {
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", &config.brokers)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .create()?;
    consumer.subscribe(&[topic])?;
    Ok(consumer)
}

/// Reads a message's JSON.
pub fn decode<T: DeserializeOwned>(message: &BorrowedMessage<'_>) -> anyhow::Result<T> {
    let payload = message.payload().unwrap_or_default();
    Ok(serde_json::from_slice(payload)?)
}
