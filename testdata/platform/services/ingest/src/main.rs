//! Takes in what lockers report and hands it to the rest of the platform.

mod config;
mod consumers;
mod error;
mod routes;
mod store;
mod warehouse;

use std::sync::Arc;

use axum::extract::FromRef;
use identity::TokenKey;
use rdkafka::config::ClientConfig;
use rdkafka::producer::FutureProducer;
use sqlx::postgres::PgPoolOptions;

use crate::config::Config;
use crate::store::Store;
use crate::warehouse::Warehouse;

/// What handlers share.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub producer: FutureProducer,
    pub topics: Arc<config::Topics>,
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
    let config = Config::from_env()?;

    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections)
        .connect(&config.database_url)
        .await?;
    let store = Store::new(pool);
    let warehouse = Warehouse::new(&config.clickhouse_url);
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &config.brokers)
        .set("enable.idempotence", "true")
        .create()?;

    let topics = Arc::new(config.topics.clone());
    tokio::spawn(consumers::readings::run(
        consumers::group(&config, "ingest-readings", &topics.readings)?,
        warehouse.clone(),
    ));
    tokio::spawn(consumers::door_events::run(
        consumers::group(&config, "ingest-door-events", &topics.door_events)?,
        warehouse,
    ));
    tokio::spawn(consumers::firmware::run(
        consumers::group(&config, "ingest-firmware", &topics.firmware)?,
        store.clone(),
    ));

    let app = App {
        store,
        producer,
        topics,
        token_key: TokenKey(config.internal_secret.clone()),
    };
    let listener = tokio::net::TcpListener::bind(&config.listen).await?;
    tracing::info!(address = %config.listen, "ingest listening");
    axum::serve(listener, routes::router(app)).await?;
    Ok(())
}
