//! Lockers report here, with an API key of their tenant.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::Json;
use chrono::{DateTime, Utc};
use rdkafka::producer::FutureRecord;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::consumers::message::{DoorEvent, Reading};
use crate::error::AppError;
use crate::App;

#[derive(Deserialize)]
pub struct ReadingIn {
    locker_id: Uuid,
    metric: String,
    value: f64,
    measured_at: DateTime<Utc>,
}

#[derive(Deserialize)]
pub struct DoorEventIn {
    event_id: Uuid,
    locker_id: Uuid,
    kind: String,
    occurred_at: DateTime<Utc>,
}

/// `POST /devices/readings`
pub async fn readings(
    State(app): State<App>,
    headers: HeaderMap,
    Json(input): Json<Vec<ReadingIn>>,
) -> Result<StatusCode, AppError> {
    let tenant_id = authenticate(&app, &headers).await?;
    for reading in input {
        let message = Reading {
            tenant_id,
            locker_id: reading.locker_id,
            metric: reading.metric,
            value: reading.value,
            measured_at: reading.measured_at,
        };
        publish(&app, &app.topics.readings, reading.locker_id, &message).await?;
    }
    Ok(StatusCode::ACCEPTED)
}

/// `POST /devices/door-events`
pub async fn door_events(
    State(app): State<App>,
    headers: HeaderMap,
    Json(input): Json<DoorEventIn>,
) -> Result<StatusCode, AppError> {
    let tenant_id = authenticate(&app, &headers).await?;
    let message = DoorEvent {
        tenant_id,
        event_id: input.event_id,
        locker_id: input.locker_id,
        kind: input.kind,
        occurred_at: input.occurred_at,
    };
    publish(&app, &app.topics.door_events, input.locker_id, &message).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Uuid, AppError> {
    let key = headers
        .get("x-api-key")
        .and_then(|value| value.to_str().ok())
        .ok_or(AppError::UnknownKey)?;
    let hash = Sha256::digest(key.as_bytes());
    app.store.tenant_of_key(&hash).await
}

async fn publish<T: Serialize>(app: &App, topic: &str, key: Uuid, message: &T) -> Result<(), AppError> {
    let payload = serde_json::to_vec(message)?;
    let key = key.to_string();
    let record = FutureRecord::to(topic).key(&key).payload(&payload);
    app.producer
        .send(record, Duration::from_secs(5))
        .await
        .map_err(|(error, _)| error)?;
    Ok(())
}
