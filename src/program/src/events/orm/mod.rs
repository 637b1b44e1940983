//! Object-relational mappers and query builders to data accesses.
//!
//! Which calls mean what is data (`statements:` of a model); how a filter is written is one of a few styles, each read in
//! [`filters`]. The result is the same [`Access`] that SQL text gives.

mod build;
mod filters;
mod tables;

use betwixt_base::{FileId, Place, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind};
use betwixt_facts::sql::Verb;
use betwixt_rules::model::{Model, StatementModel};

use super::Context;
use super::access::{Access, AccessKind, Client};
use super::chain::{Chains, Link};
use crate::calls::{CallGraph, Callee};
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef};
use crate::names::Def;
use crate::resolve::Resolver;
use crate::types::Type;

use build::Builder;

/// Everything reading one statement needs.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) resolver: &'a Resolver<'a>,
    pub(super) graph: &'a CallGraph,
    pub(super) context: &'a Context<'a>,
    pub(super) chains: &'a Chains,
    pub(super) file: FileId,
}

/// Statements of a library that may be meant in a file.
struct Known<'a> {
    model: &'a Model,
    statement: &'a StatementModel,
    /// The file imports the library, or the shape alone tells.
    is_at_hand: bool,
}

const MAX_BASES: usize = 6;

/// A chain of calls with its root, local variables that hold earlier parts followed.
pub(super) struct Chain {
    pub(super) root: Option<ExprRef>,
    pub(super) links: Vec<Link>,
}

/// The accesses through mappers in one file.
pub(super) fn accesses(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    context: &Context<'_>,
    chains: &Chains,
    imported: &[usize],
    file: FileId,
) -> Vec<Access> {
    let facts = resolver.code.facts(file);
    let reader = Reader {
        resolver,
        graph,
        context,
        chains,
        file,
    };
    let models: Vec<Known<'_>> = resolver
        .models
        .models()
        .iter()
        .enumerate()
        .filter(|(_, model)| model.language == facts.language.name())
        .flat_map(|(index, model)| {
            let is_imported = imported.binary_search(&index).is_ok();
            model.statements.iter().map(move |statement| Known {
                model,
                statement,
                is_at_hand: is_imported || statement.by_shape,
            })
        })
        .collect();
    if models.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for call in (0..facts.ir.calls.len() as u32).map(CallId) {
        if matches!(graph.callee(CallSite { file, call }), Callee::One(_)) && !chains.is_last(call)
        {
            continue;
        }
        reader.at(call, &models, &mut found);
    }
    found
}

impl Reader<'_> {
    fn at(&self, call: CallId, models: &[Known<'_>], found: &mut Vec<Access>) {
        let ir = self.resolver.code.ir(self.file);
        let ExprKind::Field(_, own) = ir.kind(ir.call(call).callee) else {
            return;
        };
        let is_last = self.chains.is_last(call);
        let mut chain: Option<Chain> = None;
        let mut packages: Option<Vec<Symbol>> = None;
        for known in models {
            let (model, statement) = (known.model, known.statement);
            let is_object = statement.style == "object";
            if is_object && !statement.verbs.contains_key(own.as_str()) {
                continue;
            }
            if !is_object && !is_last {
                continue;
            }
            let chain = chain.get_or_insert_with(|| self.chain(call));
            if !known.is_at_hand {
                let packages = packages.get_or_insert_with(|| self.packages(chain));
                let is_of_library =
                    |package: &Symbol| self.resolver.models.is_package(model, *package);
                if !packages.iter().any(is_of_library) {
                    continue;
                }
            }
            let access = if is_object {
                self.object(call, own, model, statement, chain)
            } else {
                self.chained(call, model, statement, chain)
            };
            if let Some(access) = access {
                found.push(access);
                return;
            }
        }
    }

    fn chain(&self, last: CallId) -> Chain {
        let ir = self.resolver.code.ir(self.file);
        let (root, mut links) = self.chains.links(ir, last);
        let called = links.first().map(|link| ir.call(link.call).callee);
        let called = called.filter(|&callee| self.is_called_value(callee));
        if let (Some(_), Some(first)) = (called, links.first_mut()) {
            first.name = Symbol::empty();
        }
        let mut root = called.or(root).map(|expr| ExprRef {
            file: self.file,
            expr,
        });
        let mut all = links;
        // `q := db.Where(…)` and later `q.Find(&rows)`: the earlier part belongs to it.
        for _ in 0..3 {
            let Some(at) = root else { break };
            let ExprKind::Local(local) = ir.kind(at.expr) else {
                break;
            };
            let mut earlier: Vec<Link> = Vec::new();
            let mut next = None;
            for definition in self.resolver.flows[self.file.0 as usize].definitions(local) {
                let value = super::chain::peel(ir, definition.value);
                if let (DefinitionKind::Assign, ExprKind::Call(inner)) =
                    (definition.how, ir.kind(value))
                {
                    let (inner_root, links) = self.chains.links(ir, inner);
                    let is_self = inner_root.is_some_and(
                        |expr| matches!(ir.kind(expr), ExprKind::Local(l) if l == local),
                    );
                    if !is_self && next.is_none() {
                        next = inner_root;
                    }
                    earlier.extend(links);
                }
            }
            let repeats = earlier
                .iter()
                .any(|link| all.iter().any(|known| known.call == link.call));
            if earlier.is_empty() || earlier.len() > 60 || repeats {
                break;
            }
            earlier.extend(all);
            all = earlier;
            match next {
                Some(expr) => {
                    root = Some(ExprRef {
                        file: self.file,
                        expr,
                    })
                }
                None => break,
            }
        }
        Chain { root, links: all }
    }

    /// `db("tasks")` where `db` is a value of the module, as a mapper's handle is; `this.db("tasks")` where the field is such a handle.
    fn is_called_value(&self, callee: ExprId) -> bool {
        match self.resolver.code.ir(self.file).kind(callee) {
            ExprKind::Name(name) => matches!(
                self.resolver.names.resolve(self.file, name),
                Some(Def::Global(_))
            ),
            ExprKind::Field(..) => {
                let at = ExprRef {
                    file: self.file,
                    expr: callee,
                };
                let Type::External { package, .. } = self.resolver.type_of(at) else {
                    return false;
                };
                self.resolver.models.models().iter().any(|model| {
                    self.resolver.models.is_package(model, package)
                        && model.statements.iter().any(calls_handle)
                })
            }
            _ => false,
        }
    }

    /// The libraries that what a chain starts from is of, itself or by the classes it extends.
    fn packages(&self, chain: &Chain) -> Vec<Symbol> {
        let mut found = Vec::new();
        let mut pending: Vec<Type> = chain
            .root
            .map(|root| self.resolver.type_of(root))
            .into_iter()
            .collect();
        for _ in 0..MAX_BASES {
            match pending.pop() {
                Some(Type::External { package, .. }) => found.push(package),
                Some(Type::Def(id)) => {
                    let (file, _) = self.resolver.code.type_place(id);
                    let bases = &self.resolver.code.type_def(id).bases;
                    pending.extend(bases.iter().map(|&base| self.resolver.written(file, base)));
                }
                Some(_) => {}
                None => break,
            }
        }
        found
    }

    fn object(
        &self,
        call: CallId,
        own: Symbol,
        model: &Model,
        statement: &StatementModel,
        chain: &Chain,
    ) -> Option<Access> {
        let ir = self.resolver.code.ir(self.file);
        let verb = statement.verbs.get(own.as_str())?;
        let table = self.table(statement, chain, call)?;
        let mut builder = Builder::new(self, verb, &table);
        let args = ir.expr_list(ir.call(call).args).to_vec();
        match statement.arguments.get(own.as_str()) {
            Some(roles) => builder.by_roles(&args, roles, statement),
            None if statement.by_key.iter().any(|name| *name == own) => {
                builder.by_key(args.first().copied());
                builder.options(args.get(1).copied(), statement);
            }
            None => builder.options(args.first().copied(), statement),
        }
        Some(self.access(call, model, builder))
    }

    fn chained(
        &self,
        last: CallId,
        model: &Model,
        statement: &StatementModel,
        chain: &Chain,
    ) -> Option<Access> {
        let ir = self.resolver.code.ir(self.file);
        let verb_link = chain
            .links
            .iter()
            .filter_map(|link| Some((link, statement.verbs.get(spelled(link))?)))
            .max_by_key(|(_, verb)| u8::from(*verb != "select"))?;
        let (verb_link, verb) = verb_link;
        // What an earlier statement has run already is a row, not a query.
        let has_terminal = || {
            chain.links.iter().any(|link| {
                statement.terminals.iter().any(|name| *name == link.name)
                    && self.chains.last(link.call) == last
            })
        };
        if !statement.terminals.is_empty() && !has_terminal() {
            return None;
        }
        let table = self.table(statement, chain, verb_link.call)?;
        let mut builder = Builder::new(self, verb, &table);
        let target = self.target_links(statement, chain);
        for link in target.iter().chain(&chain.links) {
            let args = ir.expr_list(ir.call(link.call).args).to_vec();
            let name = link.name.as_str();
            if let Some(roles) = statement.arguments.get(name) {
                builder.by_roles(&args, roles, statement);
            } else if statement.by_key.iter().any(|known| known == name) {
                builder.by_key(args.first().copied());
            } else if statement.filters.iter().any(|known| known == name) {
                builder.filter(&args, statement);
            } else if statement.joins.iter().any(|known| known == name) {
                builder.join(&args);
            } else if statement.conflicts.iter().any(|known| known == name) {
                builder.conflict(name);
            } else if statement.locks.iter().any(|known| known == name) {
                builder.statement.row_lock = true;
            } else if let Some(column) = statement
                .values
                .iter()
                .find_map(|known| value_column(known, name))
            {
                builder.values(column, &args);
            }
        }
        Some(self.access_at(verb_link.call, last, model, builder))
    }

    /// `delete(posts.filter(c))`: the calls of the chain that stands for the table.
    fn target_links(&self, statement: &StatementModel, chain: &Chain) -> Vec<Link> {
        let ir = self.resolver.code.ir(self.file);
        let names_table =
            |link: &&Link| statement.table_calls.iter().any(|name| *name == link.name);
        let targets = chain.links.iter().filter(names_table).filter_map(|link| {
            let &target = ir.expr_list(ir.call(link.call).args).first()?;
            match ir.kind(super::chain::peel(ir, target)) {
                ExprKind::Call(inner) => Some(self.chain(inner).links),
                _ => None,
            }
        });
        targets.flatten().collect()
    }

    fn access(&self, call: CallId, model: &Model, builder: Builder<'_>) -> Access {
        let last = self.chains.last(call);
        self.access_at(call, last, model, builder)
    }

    fn access_at(&self, call: CallId, last: CallId, model: &Model, builder: Builder<'_>) -> Access {
        let code = self.resolver.code;
        let ir = code.ir(self.file);
        let facts = ir.call(call);
        let tables = super::sql::resolve_tables(
            self.context,
            self.file,
            &builder.statement,
            Client::default(),
        );
        let outer = ir.expr(ir.call(last).expr).span;
        let start = method_start(ir, call)
            .unwrap_or(outer.start)
            .max(outer.start);
        Access {
            text: None,
            client: Client::default(),
            site: CallSite {
                file: self.file,
                call,
            },
            last: CallSite {
                file: self.file,
                call: last,
            },
            function: code.function_id(self.file, facts.function),
            place: Place {
                file: self.file,
                span: betwixt_base::Span::new(start, outer.end),
            },
            kind: AccessKind::Mapper(Symbol::new(&model.library)),
            is_opaque: builder.is_opaque,
            statement: builder.statement,
            params: builder.params,
            holes: Vec::new(),
            tables,
            is_conditional: builder.is_conditional,
            is_forwarded: false,
        }
    }
}

/// Whether a table is named by calling the handle itself.
fn calls_handle(statement: &StatementModel) -> bool {
    statement.table_calls.iter().any(|call| *call == "()")
}

/// The name of a link as models spell it.
fn spelled(link: &Link) -> &str {
    if link.name.is_empty() {
        "()"
    } else {
        link.name.as_str()
    }
}

/// Where the method's own part of a chain begins: the end of its receiver.
fn method_start(ir: &betwixt_facts::ir::Ir, call: CallId) -> Option<u32> {
    let ExprKind::Field(base, _) = ir.kind(ir.call(call).callee) else {
        return None;
    };
    // Keep the receiver when it is short (`prisma.user.`); skip earlier calls of a long chain.
    match ir.kind(super::chain::peel(ir, base)) {
        ExprKind::Call(_) => Some(ir.expr(base).span.end + 1),
        _ => Some(ir.expr(base).span.start),
    }
}

/// The column a value call sets: `None` for all of its argument's, `SetTenantID` under `Set*` is `TenantID`.
fn value_column(known: &str, name: &str) -> Option<Option<Symbol>> {
    match known.strip_suffix('*') {
        Some(prefix) => {
            let column = name.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
            Some(Some(Symbol::new(&snake(column))))
        }
        None => (known == name).then_some(None),
    }
}

/// `TenantID` and `tenantId` as columns are written: `tenant_id`.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let bytes = name.as_bytes();
    for (index, &byte) in bytes.iter().enumerate() {
        let starts_word = byte.is_ascii_uppercase()
            && index > 0
            && (!bytes[index - 1].is_ascii_uppercase()
                || bytes
                    .get(index + 1)
                    .is_some_and(|next| next.is_ascii_lowercase()))
            && bytes[index - 1] != b'_';
        if starts_word {
            out.push('_');
        }
        out.push(byte.to_ascii_lowercase() as char);
    }
    out
}

/// The verb a model names.
pub(super) fn sql_verb(verb: &str) -> Verb {
    match verb {
        "insert" | "upsert" | "find-or-insert" => Verb::Insert,
        "update" => Verb::Update,
        "delete" => Verb::Delete,
        _ => Verb::Select,
    }
}

#[cfg(test)]
mod tests {
    use super::snake;

    #[test]
    fn code_names_become_column_names() {
        assert_eq!(snake("TenantID"), "tenant_id");
        assert_eq!(snake("projectId"), "project_id");
        assert_eq!(snake("created_at"), "created_at");
        assert_eq!(snake("HTTPStatus"), "http_status");
    }
}
