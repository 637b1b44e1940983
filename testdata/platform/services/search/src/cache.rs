//! What is kept in memory between requests.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use moka::future::Cache;
use uuid::Uuid;

use crate::api::parcels::Page;

/// A page of results is the same for everybody in a tenant who asks the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageKey {
    pub tenant_id: Uuid,
    pub site_id: Option<Uuid>,
    pub text: String,
    pub first: u64,
}

/// Last queries of one tenant's users.
pub type Recent = Arc<Cache<Uuid, Vec<String>>>;

/// All caches of the process.
pub struct Caches {
    pub pages: Cache<PageKey, Arc<Page>>,
    pub suggestions: Cache<String, Arc<Vec<String>>>,
    recent: DashMap<Uuid, Recent>,
}

impl Caches {
    pub fn new() -> Self {
        Self {
            pages: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(20))
                .build(),
            suggestions: Cache::builder()
                .max_capacity(50_000)
                .time_to_live(Duration::from_secs(60))
                .build(),
            recent: DashMap::new(),
        }
    }

    /// The tenant's own cache of recent queries.
    pub fn recent(&self, tenant_id: Uuid) -> Recent {
        self.recent
            .entry(tenant_id)
            .or_insert_with(|| Arc::new(Cache::new(1_000)))
            .clone()
    }
}
