//! Settings from the environment.

use std::env;

use anyhow::Context;

/// Topics lockers' messages travel on.
#[derive(Debug, Clone)]
pub struct Topics {
    pub readings: String,
    pub door_events: String,
    pub firmware: String,
}

/// Configuration of the process.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: String,
    pub database_url: String,
    pub max_connections: u32,
    pub clickhouse_url: String,
    pub brokers: String,
    pub internal_secret: String,
    pub topics: Topics,
}

fn or(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

impl Config {
    /// Reads everything, naming the first variable that is missing.
    pub fn from_env() -> anyhow::Result<Self> {
        Ok(Self {
            listen: or("LISTEN", "0.0.0.0:7005"),
            database_url: env::var("DATABASE_URL").context("DATABASE_URL is not set")?,
            max_connections: or("DATABASE_MAX_CONNS", "10")
                .parse()
                .context("DATABASE_MAX_CONNS")?,
            clickhouse_url: or("CLICKHOUSE_URL", "http://localhost:8123"),
            brokers: or("KAFKA_BROKERS", "localhost:9092"),
            internal_secret: env::var("INTERNAL_TOKEN_SECRET").context("INTERNAL_TOKEN_SECRET is not set")?,
            topics: Topics {
                readings: or("TOPIC_READINGS", "locker.readings.v1"),
                door_events: or("TOPIC_DOOR_EVENTS", "locker.door-events.v1"),
                firmware: or("TOPIC_FIRMWARE", "locker.firmware.v1"),
            },
        })
    }
}
