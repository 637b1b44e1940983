//! Finds parcels.

mod api;
mod cache;
mod entity;
mod error;

use std::env;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::FromRef;
use identity::TokenKey;
use sea_orm::{Database, DatabaseConnection};

use crate::cache::Caches;

/// What handlers share.
#[derive(Clone)]
pub struct App {
    pub db: DatabaseConnection,
    pub caches: Arc<Caches>,
    pub token_key: TokenKey,
}

impl FromRef<App> for TokenKey {
    fn from_ref(app: &App) -> Self {
        app.token_key.clone()
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().json().init();
    let url = env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let secret = env::var("INTERNAL_TOKEN_SECRET").context("INTERNAL_TOKEN_SECRET is not set")?;
    let listen = env::var("LISTEN").unwrap_or_else(|_| "0.0.0.0:7004".to_owned());

    let app = App {
        db: Database::connect(&url).await?,
        caches: Arc::new(Caches::new()),
        token_key: TokenKey(secret),
    };
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    tracing::info!(address = %listen, "search listening");
    axum::serve(listener, api::router(app)).await?;
    Ok(())
}
