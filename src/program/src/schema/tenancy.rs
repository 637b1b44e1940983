//! Which columns hold the tenant: by how many tables carry them, by the table they point at, by the keys they lead.
//!
//! Per database one column is the tenant's; others count too when they point into the chain of tenants (an
//! organization has projects, a project has environments). `user_id` never does.

use std::collections::BTreeMap;

use betwixt_base::Symbol;

use super::names::{plain, pointed_at, singular};
use super::{Schema, TableId, TableModel, Tenancy};
use crate::TenancyConfig;

/// A column that holds the tenant in some tables of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantColumn {
    /// As most tables write it.
    pub column: Symbol,
    /// How many tables of the database carry it.
    pub n_tables: usize,
    /// Why it was taken, for people.
    pub evidence: Vec<String>,
    /// The database: an index into [`Schema::databases`].
    pub database: u32,
    /// Most rows are told apart by it.
    pub is_primary: bool,
}

/// What tenants are called, how often that is what is meant, and whether it can be a part of another tenant.
const STEMS: &[(&str, f64, bool)] = &[
    ("tenant", 1.0, true),
    ("org", 0.95, true),
    ("organization", 0.95, true),
    ("organisation", 0.95, true),
    ("workspace", 0.95, true),
    ("n", 0.9, false),
    ("project", 0.85, true),
    ("company", 0.75, false),
    ("account", 0.7, false),
    ("shop", 0.7, true),
    ("store", 0.65, true),
    ("merchant", 0.7, false),
    ("team", 0.65, false),
    ("site", 0.6, true),
    ("environment", 0.7, true),
    ("env", 0.6, true),
    ("business", 0.6, false),
    ("space", 0.6, true),
    ("realm", 0.7, true),
    ("agency", 0.6, false),
    ("community", 0.55, true),
    ("institution", 0.6, false),
    ("household", 0.6, false),
    ("client", 0.45, false),
    ("customer", 0.45, false),
    // Only ever a part of a tenant.
    ("app", 0.0, true),
    ("application", 0.0, true),
];

/// How often an account of some kind is a tenant; tables of bank accounts have other columns that many more tables carry.
const KIND_OF_ACCOUNT: f64 = 0.5;

/// Words that no single table makes a tenant: without further evidence they are ordinary things.
const NEEDS_EVIDENCE: f64 = 0.8;

/// How telling a column's name must be for a database to take it over from another.
const MAY_BE_SHARED: f64 = 0.6;

/// A possible tenant column of one database.
#[derive(Debug)]
pub(super) struct Candidate {
    /// `tenant`, `organization`.
    stem: String,
    prior: f64,
    may_be_part: bool,
    /// Spellings and how many tables have each.
    spellings: BTreeMap<Symbol, usize>,
    /// Tables that carry it, views left out.
    n_tables: usize,
    n_leading: usize,
    n_policies: usize,
    /// The table of the tenants themselves.
    root: Option<TableId>,
    score: f64,
}

/// The tenant columns of a database, the primary one first.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) links: Vec<Link>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Link {
    /// In one spelling: `tenantid`.
    pub(super) plain: String,
    /// The table of the tenants.
    pub(super) root: Option<TableId>,
    /// The root is part of a larger tenant and so is scoped itself.
    pub(super) is_part: bool,
}

impl Schema {
    /// Finds the tenant columns of every database and classifies every table.
    pub(super) fn infer_tenancy(&mut self, config: &TenancyConfig) {
        self.tenancies = vec![Tenancy::Global; self.tables.len()];
        self.tenant_names = vec![Vec::new(); self.tables.len()];
        let candidates: Vec<Vec<Candidate>> = (0..self.databases.len() as u32)
            .map(|database| self.candidates(database, config))
            .collect();
        let mut chains: Vec<Chain> = Vec::new();
        for (database, candidates) in candidates.iter().enumerate() {
            let chain = self.chain(database as u32, candidates, config);
            chains.push(chain);
        }
        self.share_tenants(&mut chains, &candidates);
        self.share_roots(&mut chains);
        self.classify(&chains, config);
        self.tenant_columns.sort_by(|a, b| {
            b.n_tables
                .cmp(&a.n_tables)
                .then_with(|| a.column.cmp(&b.column))
        });
    }

    /// The tenant columns of each database with what speaks for them, and how many tables are whose, for people.
    #[must_use]
    pub fn describe_tenancy(&self) -> String {
        let mut out = String::new();
        for (number, database) in self.databases.iter().enumerate() {
            let label = if database.label.is_empty() {
                "."
            } else {
                &database.label
            };
            out.push_str(&format!("{label}: {} tables", database.n_tables));
            let mut counts = [0usize; 4];
            for id in self
                .ids()
                .filter(|id| self.table(*id).database as usize == number)
            {
                let class = match &self.tenancies[id.0 as usize] {
                    Tenancy::Scoped { .. } => 0,
                    Tenancy::Inherited { .. } => 1,
                    Tenancy::TenantRoot => 2,
                    Tenancy::Global => 3,
                };
                counts[class] += 1;
            }
            let [scoped, inherited, roots, global] = counts;
            out.push_str(&format!(
                " ({scoped} name their tenant, {inherited} belong to one over a key, {roots} are the tenants, {global} belong to nobody)\n"
            ));
            let columns = self
                .tenant_columns
                .iter()
                .filter(|column| column.database as usize == number);
            for column in columns {
                out.push_str(&format!(
                    "  {}: {}\n",
                    column.column,
                    column.evidence.join(", ")
                ));
            }
        }
        out
    }

    fn tables_of(&self, database: u32) -> impl Iterator<Item = (TableId, &TableModel)> {
        let tables = self.tables.iter().enumerate();
        tables
            .filter(move |(_, table)| table.database == database)
            .map(|(index, table)| (TableId(index as u32), table))
    }

    /// Columns that could hold the tenant, best first.
    fn candidates(&self, database: u32, config: &TenancyConfig) -> Vec<Candidate> {
        let configured: Vec<String> = config.columns.iter().map(|column| plain(column)).collect();
        let mut found: BTreeMap<String, Candidate> = BTreeMap::new();
        for (id, table) in self.tables_of(database) {
            for column in &table.columns {
                let is_configured = configured.contains(&plain(column.name.as_str()));
                if !configured.is_empty() && !is_configured {
                    continue;
                }
                let Some((stem, prior, may_be_part)) =
                    self.candidate_stem(id, column.name, is_configured)
                else {
                    continue;
                };
                let candidate = found.entry(stem.clone()).or_insert_with(|| Candidate {
                    stem,
                    prior,
                    may_be_part,
                    spellings: BTreeMap::new(),
                    n_tables: 0,
                    n_leading: 0,
                    n_policies: 0,
                    root: None,
                    score: 0.0,
                });
                *candidate.spellings.entry(column.name).or_default() += 1;
                candidate.n_tables += usize::from(!table.is_view);
                candidate.n_leading += usize::from(leads_key(table, column.name));
                candidate.n_policies += usize::from(
                    table
                        .policies
                        .iter()
                        .any(|policy| policy.columns.contains(&column.name)),
                );
            }
        }
        let mut candidates: Vec<Candidate> = found.into_values().collect();
        let n_tables = self
            .tables_of(database)
            .filter(|(_, table)| !table.is_view)
            .count()
            .max(1);
        for candidate in &mut candidates {
            candidate.root = self.root_of(database, candidate);
            candidate.score = score(candidate, n_tables);
        }
        candidates.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then_with(|| a.stem.cmp(&b.stem))
        });
        candidates
    }

    /// What the column points at, when tenants are called that.
    fn candidate_stem(
        &self,
        id: TableId,
        column: Symbol,
        is_configured: bool,
    ) -> Option<(String, f64, bool)> {
        if is_configured {
            return Some((
                pointed_at(column.as_str()).unwrap_or_else(|| plain(column.as_str())),
                1.0,
                true,
            ));
        }
        let known = |stem: &str| STEMS.iter().find(|(known, ..)| *known == stem);
        if let Some(stem) = pointed_at(column.as_str()) {
            // `mailAccountId`: an account of some kind may be what everything hangs on.
            let is_account = stem.len() > "account".len() && stem.ends_with("account");
            if is_account {
                return Some((stem, KIND_OF_ACCOUNT, false));
            }
            let (stem, prior, may_be_part) = known(&stem)?;
            // Of all short forms only `nid` is one.
            let is_short = *stem == "n" && plain(column.as_str()) != "nid";
            return (!is_short).then(|| ((*stem).to_owned(), *prior, *may_be_part));
        }
        // A column without `_id` counts when it is a key to the tenants.
        let stem = plain(column.as_str());
        let (stem, prior, may_be_part) = known(&stem)?;
        let points = self
            .table(id)
            .foreign_keys
            .iter()
            .any(|key| key.columns == [column]);
        (points || *stem == "tenant").then(|| ((*stem).to_owned(), *prior, *may_be_part))
    }

    /// The table of the tenants: what the column's foreign keys lead to, else the table called so.
    fn root_of(&self, database: u32, candidate: &Candidate) -> Option<TableId> {
        let mut votes: BTreeMap<TableId, usize> = BTreeMap::new();
        for (id, table) in self.tables_of(database) {
            for key in &table.foreign_keys {
                if key.columns.len() == 1
                    && candidate.spellings.contains_key(&key.columns[0])
                    && let Some(target) = self.foreign_table(id, key)
                    && target != id
                {
                    *votes.entry(target).or_default() += 1;
                }
            }
        }
        let by_key = votes
            .into_iter()
            .max_by_key(|(id, n)| (*n, std::cmp::Reverse(*id)))
            .map(|(id, _)| id);
        by_key.or_else(|| self.root_called(database, &candidate.stem))
    }

    /// The table called like the stem, also behind a prefix that most tables share.
    fn root_called(&self, database: u32, stem: &str) -> Option<TableId> {
        let prefix = self.common_prefix(database);
        let is_called = |table: &TableModel| {
            let name = singular(table.name.as_str());
            let model = table.model.map(|model| singular(model.as_str()));
            let short = table
                .name
                .as_str()
                .strip_prefix(prefix.as_str())
                .map(singular);
            !table.is_view
                && (name == stem
                    || model.as_deref() == Some(stem)
                    || short.as_deref() == Some(stem))
        };
        self.tables_of(database)
            .find(|(_, table)| is_called(table))
            .map(|(id, _)| id)
    }

    /// `app_` when most tables start with it.
    fn common_prefix(&self, database: u32) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut n_tables = 0;
        for (_, table) in self.tables_of(database) {
            n_tables += 1;
            if let Some(at) = table.name.as_str().find('_') {
                *counts.entry(&table.name.as_str()[..=at]).or_default() += 1;
            }
        }
        let most = counts.into_iter().max_by_key(|(_, n)| *n);
        most.filter(|(_, n)| *n * 10 >= n_tables * 6)
            .map(|(prefix, _)| prefix.to_owned())
            .unwrap_or_default()
    }

    /// The primary tenant column and those of the same chain.
    fn chain(&mut self, database: u32, candidates: &[Candidate], config: &TenancyConfig) -> Chain {
        let mut chain = Chain::default();
        let Some(primary) = candidates
            .iter()
            .find(|candidate| candidate.is_convincing())
        else {
            return chain;
        };
        let mut kept: Vec<(&Candidate, bool, String)> =
            vec![(primary, false, "the most common one".to_owned())];
        // Each round can bring in what hangs on what the last one brought.
        for _ in 0..3 {
            for candidate in candidates {
                if kept.iter().any(|(known, ..)| known.stem == candidate.stem) {
                    continue;
                }
                let all_configured = !config.columns.is_empty();
                let link = kept
                    .iter()
                    .find_map(|(known, ..)| self.link(candidate, known));
                match link {
                    Some((is_part, why)) => kept.push((candidate, is_part, why)),
                    None if all_configured => {
                        kept.push((candidate, false, "set by the configuration".to_owned()))
                    }
                    None => {}
                }
            }
        }
        let mut columns = Vec::new();
        for (index, (candidate, is_part, why)) in kept.iter().enumerate() {
            let names = candidate.spellings.keys().map(|name| plain(name.as_str()));
            for plain in names {
                if !chain.links.iter().any(|link| link.plain == plain) {
                    chain.links.push(Link {
                        plain,
                        root: candidate.root,
                        is_part: *is_part,
                    });
                }
            }
            columns.push(self.describe(database, candidate, why, index == 0));
        }
        self.tenant_columns.extend(columns);
        chain
    }

    /// Whether `candidate` is above `known` (its table has the column) or a part of it, and how that is known.
    fn link(&self, candidate: &Candidate, known: &Candidate) -> Option<(bool, String)> {
        let has = |root: Option<TableId>, column: &Candidate| {
            root.is_some_and(|root| {
                self.table(root)
                    .columns
                    .iter()
                    .any(|found| column.spellings.contains_key(&found.name))
            })
        };
        if let Some(root) = known.root
            && has(known.root, candidate)
        {
            return Some((
                false,
                format!("each of `{}` belongs to one", self.table(root).name),
            ));
        }
        if let Some(root) = candidate.root
            && candidate.may_be_part
            && has(candidate.root, known)
        {
            return Some((
                true,
                format!("`{}` are parts of a tenant", self.table(root).name),
            ));
        }
        let is_synonym = candidate.prior > 0.9
            && known.prior > 0.9
            && candidate.root.is_some()
            && candidate.root == known.root;
        is_synonym.then(|| (false, "another name for the same".to_owned()))
    }

    fn describe(
        &self,
        database: u32,
        candidate: &Candidate,
        why: &str,
        is_primary: bool,
    ) -> TenantColumn {
        let spelling = candidate
            .spellings
            .iter()
            .max_by_key(|(_, n)| **n)
            .map(|(name, _)| *name);
        let n_all = self.databases[database as usize].n_tables;
        let mut evidence = vec![format!("{} of {n_all} tables carry it", candidate.n_tables)];
        if candidate.n_leading > 0 {
            evidence.push(format!(
                "first in a key or index of {}",
                candidate.n_leading
            ));
        }
        if let Some(root) = candidate.root {
            evidence.push(format!("points at `{}`", self.table(root).name));
        }
        if candidate.n_policies > 0 {
            evidence.push(format!(
                "row-level security of {} tables names it",
                candidate.n_policies
            ));
        }
        if !is_primary {
            evidence.push(why.to_owned());
        }
        TenantColumn {
            column: spelling.unwrap_or_default(),
            n_tables: candidate.n_tables,
            evidence,
            database,
            is_primary,
        }
    }

    /// A database in which nothing convinces takes the tenant of another one, where a column of its own is called the same:
    /// packages of one program that each declare a few tables look like databases of their own.
    fn share_tenants(&mut self, chains: &mut [Chain], candidates: &[Vec<Candidate>]) {
        let tenants: Vec<String> = chains
            .iter()
            .filter_map(|chain| Some(chain.links.first()?.plain.clone()))
            .collect();
        for (database, candidates) in candidates.iter().enumerate() {
            if !chains[database].links.is_empty() {
                continue;
            }
            let known = candidates.iter().find_map(|candidate| {
                let names = candidate.spellings.keys().map(|name| plain(name.as_str()));
                let shared = names.into_iter().find(|name| tenants.contains(name))?;
                (candidate.prior >= MAY_BE_SHARED).then_some((candidate, shared))
            });
            if let Some((candidate, plain)) = known {
                chains[database].links.push(Link {
                    plain,
                    root: candidate.root,
                    is_part: false,
                });
                let mut column = self.describe(database as u32, candidate, "", true);
                column
                    .evidence
                    .push("the tenant of another database".to_owned());
                self.tenant_columns.push(column);
            }
        }
    }

    /// A database without the tenants' own table takes the one of another database, so that what stands above a
    /// tenant there does here too.
    fn share_roots(&self, chains: &mut [Chain]) {
        let roots: Vec<(String, TableId)> = chains
            .iter()
            .flat_map(|chain| &chain.links)
            .filter_map(|link| Some((link.plain.clone(), link.root?)))
            .collect();
        for link in chains.iter_mut().flat_map(|chain| &mut chain.links) {
            if link.root.is_none() {
                link.root = roots
                    .iter()
                    .find(|(name, _)| *name == link.plain)
                    .map(|(_, root)| *root);
            }
        }
    }
}

impl Candidate {
    /// Whether there is enough to call it the tenant.
    fn is_convincing(&self) -> bool {
        let is_named_so = self.prior >= NEEDS_EVIDENCE;
        self.prior > 0.0
            && self.n_tables > 0
            && (is_named_so || self.n_tables >= 2 && (self.root.is_some() || self.n_leading > 0))
    }
}

fn score(candidate: &Candidate, n_tables: usize) -> f64 {
    let share = candidate.n_tables as f64 / n_tables as f64;
    let leading = candidate.n_leading as f64 / candidate.n_tables.max(1) as f64;
    let root = if candidate.root.is_some() { 0.3 } else { 0.0 };
    let policies = if candidate.n_policies > 0 { 1.0 } else { 0.0 };
    candidate.prior * (2.0 * share + 0.5 * leading + root + policies)
}

/// Whether the column is first in a key, an index or the sorting key.
fn leads_key(table: &TableModel, column: Symbol) -> bool {
    table
        .indexes
        .iter()
        .any(|index| index.columns.first() == Some(&column))
        || table
            .engine
            .as_ref()
            .is_some_and(|engine| engine.order_by.first() == Some(&column))
}
