//! What travels on the lockers' topics.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One sensor sample.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reading {
    pub tenant_id: Uuid,
    pub locker_id: Uuid,
    pub metric: String,
    pub value: f64,
    pub measured_at: DateTime<Utc>,
}

/// A door was opened or closed. The locker makes the id and repeats it on retries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DoorEvent {
    pub tenant_id: Uuid,
    pub event_id: Uuid,
    pub locker_id: Uuid,
    pub kind: String,
    pub occurred_at: DateTime<Utc>,
}

/// A locker started with this firmware.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FirmwareReport {
    pub tenant_id: Uuid,
    pub locker_id: Uuid,
    pub version: String,
}
