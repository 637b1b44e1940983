//! Writes into ClickHouse.

use clickhouse::Client;

use crate::consumers::message::{DoorEvent, Reading};

/// Analytics tables; cheap to clone.
#[derive(Clone)]
pub struct Warehouse {
    client: Client,
}

impl Warehouse {
    pub fn new(url: &str) -> Self {
        Self {
            client: Client::default().with_url(url).with_database("lockerline"),
        }
    }

    /// Appends one sensor sample.
    pub async fn add_reading(&self, reading: &Reading) -> clickhouse::error::Result<()> {
        self.client
            .query(
                "INSERT INTO lockerline.locker_readings (tenant_id, locker_id, metric, value, measured_at) \
                 VALUES (?, ?, ?, ?, ?)",
            )
            .bind(reading.tenant_id)
            .bind(reading.locker_id)
            .bind(&reading.metric)
            .bind(reading.value)
            .bind(reading.measured_at.timestamp_millis())
            .execute()
            .await
    }

    /// Stores one door event under its id.
    pub async fn add_door_event(&self, event: &DoorEvent) -> clickhouse::error::Result<()> {
        self.client
            .query(
                "INSERT INTO lockerline.locker_events (tenant_id, event_id, locker_id, kind, occurred_at) \
                 VALUES (?, ?, ?, ?, ?)",
            )
            .bind(event.tenant_id)
            .bind(event.event_id)
            .bind(event.locker_id)
            .bind(&event.kind)
            .bind(event.occurred_at.timestamp_millis())
            .execute()
            .await
    }
}
