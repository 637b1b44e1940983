//! The HTTP face.

pub mod parcels;
pub mod saved;

use axum::routing::{delete, get, post};
use axum::Router;

use crate::App;

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/parcels", get(parcels::list))
        .route("/parcels/by-code/{code}", get(parcels::by_code))
        .route("/suggestions", get(parcels::suggestions))
        .route("/recent", get(parcels::recent))
        .route("/saved", post(saved::create))
        .route("/saved/{id}/run", get(saved::run))
        .route("/saved/{id}/name", post(saved::rename))
        .route("/saved/{id}", delete(saved::remove))
        .with_state(app)
}
