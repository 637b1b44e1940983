//! Which names mean the tenant.

use std::sync::{PoisonError, RwLock};

use betwixt_base::Symbol;
use betwixt_program::Program;
use rustc_hash::FxHashMap;

/// Recognises names that hold or give the tenant, from the tenant columns of the schema.
#[derive(Debug)]
pub(crate) struct TenantNames {
    stems: Vec<String>,
    known: RwLock<FxHashMap<Symbol, bool>>,
}

/// Used when no schema says what the tenant column is.
const DEFAULT_STEMS: &[&str] = &["tenant"];

impl TenantNames {
    pub(crate) fn new(program: &Program) -> Self {
        let mut stems: Vec<String> = program
            .schema
            .tenant_columns()
            .iter()
            .map(|column| stem(column.column.as_str()))
            .filter(|stem| stem.len() > 1)
            .collect();
        stems.extend(DEFAULT_STEMS.iter().map(|&stem| stem.to_owned()));
        for (short, long) in [("org", "organization"), ("org", "organisation")] {
            if stems.iter().any(|stem| stem == short || stem == long) {
                stems.push(short.to_owned());
                stems.push(long.to_owned());
            }
        }
        stems.sort();
        stems.dedup();
        Self {
            stems,
            known: RwLock::default(),
        }
    }

    /// Whether a name holds or gives the tenant: `tenantID`, `TenantIDFromContext`, `project_id`, `orgUuid`.
    pub(crate) fn matches(&self, name: Symbol) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = known.get(&name) {
            return known;
        }
        drop(known);
        let says = self.compute(name.as_str());
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name, says);
        says
    }

    /// Whether one of the names does.
    pub(crate) fn any<'a>(&self, names: impl IntoIterator<Item = &'a Symbol>) -> bool {
        names.into_iter().any(|&name| self.matches(name))
    }

    fn compute(&self, name: &str) -> bool {
        let plain = plain(name);
        self.stems.iter().any(|stem| {
            if stem == "tenant" {
                return plain.contains("tenant");
            }
            if plain == *stem || plain == format!("{stem}s") {
                return true;
            }
            const ENDS: [&str; 8] = ["id", "uuid", "slug", "key", "ref", "ids", "uid", "scope"];
            plain.match_indices(stem.as_str()).any(|(at, _)| {
                let rest = &plain[at + stem.len()..];
                ENDS.iter().any(|end| rest.starts_with(end))
            })
        })
    }
}

/// `tenant` of `tenant_id`, `organization` of `organizationId`.
fn stem(column: &str) -> String {
    let plain = plain(column);
    for end in ["uuid", "id", "slug"] {
        if let Some(stem) = plain.strip_suffix(end)
            && !stem.is_empty()
        {
            return stem.to_owned();
        }
    }
    plain
}

/// Lower case without separators.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
