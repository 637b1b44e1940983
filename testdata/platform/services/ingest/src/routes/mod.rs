//! The HTTP face.

mod devices;
mod parcels;

use axum::routing::{get, post};
use axum::Router;

use crate::App;

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/devices/readings", post(devices::readings))
        .route("/devices/door-events", post(devices::door_events))
        .route("/parcels/{id}/pickup", get(parcels::pickup))
        .route("/parcels/{id}/collect", post(parcels::collect))
        .route("/parcels/{id}/history", get(parcels::history))
        .with_state(app)
}
