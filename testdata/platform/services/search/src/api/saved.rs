//! Searches that users keep.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::Json;
use identity::Caller;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, Set};
use serde::Deserialize;
use uuid::Uuid;

use crate::api::parcels::{page, Criteria, Page};
use crate::entity::saved_search;
use crate::error::AppError;
use crate::App;

#[derive(Deserialize)]
pub struct NewSearch {
    name: String,
    query: Criteria,
}

#[derive(Deserialize)]
pub struct Rename {
    name: String,
}

/// `POST /saved`
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(input): Json<NewSearch>,
) -> Result<Json<saved_search::Model>, AppError> {
    let search = saved_search::ActiveModel {
        id: Set(Uuid::new_v4()),
        tenant_id: Set(caller.tenant_id),
        user_id: Set(caller.user_id),
        name: Set(input.name),
        query: Set(serde_json::to_value(input.query)?),
    };
    Ok(Json(search.insert(&app.db).await?))
}

/// `GET /saved/{id}/run`
pub async fn run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Arc<Page>>, AppError> {
    let search = saved_search::Entity::find_by_id(id)
        .one(&app.db)
        .await?
        .ok_or(AppError::NotFound)?;
    let criteria: Criteria = serde_json::from_value(search.query)?;
    Ok(Json(page(&app, caller.tenant_id, criteria).await?))
}

/// `POST /saved/{id}/name`
pub async fn rename(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(input): Json<Rename>,
) -> Result<StatusCode, AppError> {
    let done = saved_search::Entity::update_many()
        .col_expr(saved_search::Column::Name, Expr::value(input.name))
        .filter(saved_search::Column::Id.eq(id))
        .filter(saved_search::Column::TenantId.eq(caller.tenant_id))
        .exec(&app.db)
        .await?;
    if done.rows_affected == 0 {
        return Err(AppError::NotFound);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /saved/{id}`
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, AppError> {
    let search = saved_search::Entity::find_by_id(id)
        .one(&app.db)
        .await?
        .ok_or(AppError::NotFound)?;
    if search.tenant_id != caller.tenant_id {
        return Err(AppError::NotFound);
    }
    search.delete(&app.db).await?;
    Ok(StatusCode::NO_CONTENT)
}
