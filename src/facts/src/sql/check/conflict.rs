//! `ON CONFLICT`: its target against the unique indexes of the table, its update against both rows.

use betwixt_base::Symbol;
use sqlparser::ast::{ConflictTarget, Ident, OnConflict, OnConflictAction};

use super::query::Checker;
use super::scope::Relation;
use super::{CatalogTable, ComplaintKind};
use crate::schema::Index;
use crate::sql::fill::Target;
use crate::sql::lower::ident;

impl Checker<'_> {
    /// The conflict clause of an insert; the table is the last block.
    pub(super) fn on_conflict(
        &mut self,
        on: &OnConflict,
        table: &Option<CatalogTable<'_>>,
        relation: &Relation,
    ) {
        if let Some(ConflictTarget::Columns(names)) = &on.conflict_target
            && let Some(target) = self.aside(names)
        {
            self.infer(&target, table, relation);
        }
        let OnConflictAction::DoUpdate(update) = &on.action else {
            return;
        };
        let excluded = Relation {
            alias: Symbol::new("excluded"),
            table: None,
            ..relation.clone()
        };
        if let Some(level) = self.levels.last_mut() {
            level.relations.push(excluded);
        }
        self.assignments(&update.assignments, relation);
        if let Some(condition) = &update.selection {
            self.expect(condition, "bool");
        }
        if let Some(level) = self.levels.last_mut() {
            level.relations.pop();
        }
    }

    /// The target that was put aside under this name.
    fn aside(&self, names: &[Ident]) -> Option<Target> {
        let name = ident(names.first()?);
        let number = name.as_str().strip_prefix("bwtarget_")?.parse::<usize>();
        self.prepared.targets.get(number.ok()?).cloned()
    }

    fn infer(&mut self, target: &Target, table: &Option<CatalogTable<'_>>, relation: &Relation) {
        let has_hole = |text: &Symbol| text.as_str().contains('?');
        if target.columns.iter().any(has_hole) || target.predicate.as_ref().is_some_and(has_hole) {
            return;
        }
        let Some(table) = table.filter(|table| !table.is_open) else {
            return;
        };
        let is_name = |name: &Symbol| !name.as_str().contains(['(', ' ', ':', '|']);
        for name in target.columns.iter().filter(|name| is_name(name)) {
            if !relation.columns.iter().any(|known| known.0 == *name) {
                let says = format!("column \"{name}\" does not exist");
                self.complain(
                    ComplaintKind::UnknownColumn,
                    says,
                    name.to_string(),
                    vec![table.id],
                );
                return;
            }
        }
        let same_columns =
            |index: &&Index| index.is_unique && same_set(&index.columns, &target.columns);
        let candidates: Vec<&Index> = table.indexes.iter().filter(same_columns).collect();
        if candidates.iter().any(|index| is_inferred(index, target)) {
            return;
        }
        let columns: Vec<&str> = target.columns.iter().map(|name| name.as_str()).collect();
        let columns = columns.join(", ");
        let partial = candidates.iter().find_map(|index| index.predicate);
        // An expression may be spelled in ways we do not know to be the same.
        let is_expression =
            |index: &Index| index.is_unique && index.columns.iter().any(|name| !is_name(name));
        let has_expression = target.columns.iter().any(|name| !is_name(name));
        if partial.is_none() && has_expression && table.indexes.iter().any(is_expression) {
            return;
        }
        let why = match partial {
            Some(predicate) => format!(
                "the unique index on ({columns}) is partial (WHERE {predicate}) and the statement does not repeat that"
            ),
            None => format!("no unique index or constraint on exactly ({columns})"),
        };
        self.complain(
            ComplaintKind::ConflictTarget,
            format!(
                "there is no unique or exclusion constraint matching the ON CONFLICT specification: {why}"
            ),
            columns,
            vec![table.id],
        );
    }
}

fn same_set(a: &[Symbol], b: &[Symbol]) -> bool {
    a.iter().all(|name| b.contains(name)) && b.iter().all(|name| a.contains(name))
}

/// Whether the index is what the target means. A predicate whose meaning is not plain counts as fitting.
fn is_inferred(index: &Index, target: &Target) -> bool {
    let Some(predicate) = index.predicate else {
        return true;
    };
    let Some(given) = target.predicate else {
        return false;
    };
    if predicate == given {
        return true;
    }
    let given: Vec<&str> = conjuncts(given.as_str());
    let wanted: Vec<&str> = conjuncts(predicate.as_str());
    let implied = |part: &&str| given.contains(part);
    if wanted.iter().all(implied) {
        return true;
    }
    // The same columns in other words may say the same.
    wanted.iter().filter(|part| !implied(part)).all(|part| {
        let column = part.split_whitespace().next().unwrap_or(part);
        given.iter().any(|other| other.contains(column))
    })
}

fn conjuncts(predicate: &str) -> Vec<&str> {
    predicate
        .split(" and ")
        .map(|part| part.trim().trim_matches(['(', ')']).trim())
        .collect()
}
