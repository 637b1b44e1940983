//! Reads and writes of the platform's PostgreSQL database.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::error::AppError;

/// What the counter screen shows to an agent.
#[derive(Debug, Serialize)]
pub struct Pickup {
    pub id: Uuid,
    pub recipient_name: String,
    pub pickup_pin: String,
    pub status: String,
}

/// One step of a parcel's way.
#[derive(Debug, Serialize)]
pub struct ParcelEvent {
    pub kind: String,
    pub occurred_at: DateTime<Utc>,
}

/// Data access; cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Whose API key it is.
    pub async fn tenant_of_key(&self, key_hash: &[u8]) -> Result<Uuid, AppError> {
        sqlx::query_scalar!(
            "SELECT tenant_id FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL",
            key_hash
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(AppError::UnknownKey)
    }

    /// How a parcel is handed out.
    pub async fn pickup(&self, parcel_id: Uuid) -> Result<Pickup, AppError> {
        sqlx::query_as!(
            Pickup,
            "SELECT id, recipient_name, pickup_pin, status FROM parcels WHERE id = $1",
            parcel_id
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(AppError::NotFound)
    }

    /// Marks a stored parcel of the tenant as collected.
    pub async fn collect(&self, tenant_id: Uuid, parcel_id: Uuid) -> Result<(), AppError> {
        let done = sqlx::query!(
            "UPDATE parcels SET status = 'collected', collected_at = now() \
             WHERE id = $1 AND tenant_id = $2 AND status = 'stored'",
            parcel_id,
            tenant_id
        )
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 {
            return Err(AppError::NotStored);
        }
        Ok(())
    }

    /// Fails unless the parcel is the tenant's.
    pub async fn require_parcel(&self, tenant_id: Uuid, parcel_id: Uuid) -> Result<(), AppError> {
        let found = sqlx::query_scalar::<_, i32>("SELECT 1 FROM parcels WHERE id = $1 AND tenant_id = $2")
            .bind(parcel_id)
            .bind(tenant_id)
            .fetch_optional(&self.pool)
            .await?;
        found.map(|_| ()).ok_or(AppError::NotFound)
    }

    /// A parcel's history. Callers check whose parcel it is.
    pub async fn history(&self, parcel_id: Uuid) -> Result<Vec<ParcelEvent>, AppError> {
        let events = sqlx::query_as!(
            ParcelEvent,
            "SELECT kind, occurred_at FROM parcel_events WHERE parcel_id = $1 ORDER BY occurred_at",
            parcel_id
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(events)
    }

    /// Notes what a locker runs.
    pub async fn set_firmware(
        &self,
        tenant_id: Uuid,
        locker_id: Uuid,
        version: &str,
    ) -> Result<(), AppError> {
        sqlx::query(
            "UPDATE lockers SET firmware_version = $3, last_seen_at = now() \
             FROM sites WHERE sites.id = lockers.site_id AND lockers.id = $1 AND sites.tenant_id = $2",
        )
        .bind(locker_id)
        .bind(tenant_id)
        .bind(version)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
