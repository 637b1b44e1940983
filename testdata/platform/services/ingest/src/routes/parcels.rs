//! What the counter screen asks for.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::Json;
use identity::Caller;
use uuid::Uuid;

use crate::error::AppError;
use crate::store::{ParcelEvent, Pickup};
use crate::App;

/// `GET /parcels/{id}/pickup`
pub async fn pickup(
    State(app): State<App>,
    _caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Pickup>, AppError> {
    Ok(Json(app.store.pickup(id).await?))
}

/// `POST /parcels/{id}/collect`
pub async fn collect(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, AppError> {
    app.store.collect(caller.tenant_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /parcels/{id}/history`
pub async fn history(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<ParcelEvent>>, AppError> {
    app.store.require_parcel(caller.tenant_id, id).await?;
    Ok(Json(app.store.history(id).await?))
}
