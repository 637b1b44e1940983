//! Parcels by code and by text.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::Json;
use identity::Caller;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cache::PageKey;
use crate::entity::parcel;
use crate::error::AppError;
use crate::App;

/// One page of results.
#[derive(Debug, Serialize)]
pub struct Page {
    pub items: Vec<parcel::Model>,
    pub total: u64,
}

/// What to look for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Criteria {
    #[serde(default)]
    pub text: String,
    pub site_id: Option<Uuid>,
    #[serde(default = "default_first")]
    pub first: u64,
}

fn default_first() -> u64 {
    20
}

#[derive(Deserialize)]
pub struct Prefix {
    prefix: String,
}

/// `GET /parcels/by-code/{code}`
pub async fn by_code(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Json<parcel::Model>, AppError> {
    parcel::Entity::find()
        .filter(parcel::Column::TenantId.eq(caller.tenant_id))
        .filter(parcel::Column::TrackingCode.eq(code))
        .one(&app.db)
        .await?
        .map(Json)
        .ok_or(AppError::NotFound)
}

/// `GET /parcels`
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(criteria): Query<Criteria>,
) -> Result<Json<Arc<Page>>, AppError> {
    if !criteria.text.is_empty() {
        let recent = app.caches.recent(caller.tenant_id);
        let mut queries = recent.get(&caller.user_id).await.unwrap_or_default();
        queries.push(criteria.text.clone());
        recent.insert(caller.user_id, queries).await;
    }
    Ok(Json(page(&app, caller.tenant_id, criteria).await?))
}

/// `GET /recent`
pub async fn recent(State(app): State<App>, caller: Caller) -> Json<Vec<String>> {
    let recent = app.caches.recent(caller.tenant_id);
    Json(recent.get(&caller.user_id).await.unwrap_or_default())
}

/// `GET /suggestions`
pub async fn suggestions(
    State(app): State<App>,
    caller: Caller,
    Query(Prefix { prefix }): Query<Prefix>,
) -> Result<Json<Arc<Vec<String>>>, AppError> {
    let names = app
        .caches
        .suggestions
        .try_get_with(prefix.clone(), names_like(&app.db, caller.tenant_id, &prefix))
        .await?;
    Ok(Json(names))
}

/// The tenant's parcels that fit, from the cache where possible.
pub async fn page(app: &App, tenant_id: Uuid, criteria: Criteria) -> Result<Arc<Page>, AppError> {
    let key = PageKey {
        tenant_id,
        site_id: criteria.site_id,
        text: criteria.text.clone(),
        first: criteria.first,
    };
    let page = app
        .caches
        .pages
        .try_get_with(key, load_page(&app.db, tenant_id, &criteria))
        .await?;
    Ok(page)
}

async fn load_page(
    db: &DatabaseConnection,
    tenant_id: Uuid,
    criteria: &Criteria,
) -> Result<Arc<Page>, DbErr> {
    let mut query = parcel::Entity::find().filter(parcel::Column::TenantId.eq(tenant_id));
    if let Some(site_id) = criteria.site_id {
        query = query.filter(parcel::Column::SiteId.eq(site_id));
    }
    if !criteria.text.is_empty() {
        query = query.filter(parcel::Column::RecipientName.contains(&criteria.text));
    }
    let total = query.clone().count(db).await?;
    let items = query
        .order_by_desc(parcel::Column::StoredAt)
        .limit(criteria.first.min(100))
        .all(db)
        .await?;
    Ok(Arc::new(Page { items, total }))
}

async fn names_like(
    db: &DatabaseConnection,
    tenant_id: Uuid,
    prefix: &str,
) -> Result<Arc<Vec<String>>, DbErr> {
    let names: Vec<String> = parcel::Entity::find()
        .select_only()
        .column(parcel::Column::RecipientName)
        .distinct()
        .filter(parcel::Column::TenantId.eq(tenant_id))
        .filter(parcel::Column::RecipientName.starts_with(prefix))
        .limit(10)
        .into_tuple()
        .all(db)
        .await?;
    Ok(Arc::new(names))
}
