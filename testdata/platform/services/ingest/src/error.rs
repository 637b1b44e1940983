//! What handlers fail with, and what clients get to see of it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("not found")]
    NotFound,
    #[error("unknown key")]
    UnknownKey,
    #[error("parcel is not in a locker")]
    NotStored,
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("queue: {0}")]
    Queue(#[from] rdkafka::error::KafkaError),
    #[error("encode: {0}")]
    Encode(#[from] serde_json::Error),
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::NotStored => StatusCode::CONFLICT,
            Self::Database(_) | Self::Queue(_) | Self::Encode(_) => {
                tracing::error!(error = %self, "request failed");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        (status, self.to_string()).into_response()
    }
}
