//! Ways of looking: a folder per category, a file per detector, and here what they share.

pub(crate) mod auth_bypass;
pub(crate) mod data_loss;
pub(crate) mod idempotency;
mod named;
mod promises;
pub(crate) mod protocol_edge;
pub(crate) mod race;
pub(crate) mod resource_lifecycle;
pub(crate) mod schema_contract;
pub(crate) mod scoping;
pub(crate) mod stale_cache;
pub(crate) mod storage_consistency;
pub(crate) mod tenant_isolation;
mod uniqueness;
pub(crate) mod units;
mod work;

use std::fmt::Write;
use std::sync::OnceLock;

use betwixt_base::FileId;
use betwixt_facts::ir::CallId;
use betwixt_program::Program;
use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::{Ingredients, Reach, ingredients};
use betwixt_program::schema::TableId;
use betwixt_program::{CallSite, ExprRef, FunctionId};
use rustc_hash::FxHashMap;

use crate::behaviour::Behaviour;
use crate::observation::{Observation, location};
use crate::remarks;
use crate::tenant::TenantNames;

pub(crate) use named::NamedCalls;
pub(crate) use scoping::{Scoping, UseScope};
pub(crate) use uniqueness::insert_is_unique;
pub(crate) use units::Units;

/// What every detector needs.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) program: &'a Program,
    pub(crate) tenants: TenantNames,
    /// How each access of the program names its tenant.
    pub(crate) scopings: Vec<Scoping>,
    by_table: FxHashMap<TableId, Vec<usize>>,
    by_function: FxHashMap<FunctionId, Vec<usize>>,
    calls_by_function: OnceLock<CallsByFunction>,
    /// What [`crate::body::reported`] says.
    pub(crate) reported: OnceLock<Vec<FunctionId>>,
    units: OnceLock<Units>,
    named: OnceLock<NamedCalls>,
    behaviour: OnceLock<Behaviour>,
    remarks: OnceLock<remarks::Files>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        let tenants = TenantNames::new(program);
        let mut by_table: FxHashMap<TableId, Vec<usize>> = FxHashMap::default();
        let mut by_function: FxHashMap<FunctionId, Vec<usize>> = FxHashMap::default();
        for (index, access) in program.events.accesses.iter().enumerate() {
            by_function.entry(access.function).or_default().push(index);
            let mut tables: Vec<TableId> = access.tables.iter().flatten().copied().collect();
            tables.sort_unstable();
            tables.dedup();
            for table in tables {
                by_table.entry(table).or_default().push(index);
            }
        }
        let mut context = Self {
            program,
            tenants,
            scopings: Vec::new(),
            by_table,
            by_function,
            calls_by_function: OnceLock::new(),
            reported: OnceLock::new(),
            units: OnceLock::new(),
            named: OnceLock::new(),
            behaviour: OnceLock::new(),
            remarks: OnceLock::new(),
        };
        context.scopings = scoping::all(&context);
        context
    }

    /// What functions do to rows, locks and queues; made on first use.
    pub(crate) fn behaviour(&self) -> &Behaviour {
        self.behaviour.get_or_init(|| Behaviour::new(self.program))
    }

    /// Accesses that use a table, by index.
    pub(crate) fn accesses_on(&self, table: TableId) -> &[usize] {
        self.by_table.get(&table).map_or(&[], Vec::as_slice)
    }

    /// Accesses in a function with their scoping.
    pub(crate) fn accesses_of(
        &self,
        function: FunctionId,
    ) -> impl Iterator<Item = (&Access, &Scoping)> {
        let found = self
            .by_function
            .get(&function)
            .map_or(&[][..], Vec::as_slice);
        found
            .iter()
            .map(|&index| (&self.program.events.accesses[index], &self.scopings[index]))
    }

    /// The calls in a function's body, its closures left out, in order of text.
    pub(crate) fn calls_of(&self, function: FunctionId) -> impl Iterator<Item = CallSite> {
        let calls = self
            .calls_by_function
            .get_or_init(|| CallsByFunction::new(self.program));
        let file = self.program.code.file_of(function);
        calls
            .of(function)
            .iter()
            .map(move |&call| CallSite { file, call })
    }

    /// The calls of a function, those in tests left out.
    pub(crate) fn callers(&self, function: FunctionId) -> impl Iterator<Item = CallSite> {
        let program = self.program;
        let callers = program.calls.callers(function).iter().copied();
        callers.filter(|site| !program.workspace.file(site.file).marks.test)
    }

    /// Functions with the closures that belong to them; made when first asked for.
    pub(crate) fn units(&self) -> &Units {
        self.units.get_or_init(|| Units::new(self.program))
    }

    /// Calls by name; made when first asked for.
    pub(crate) fn named_calls(&self) -> &NamedCalls {
        self.named.get_or_init(|| NamedCalls::new(self.program))
    }

    /// What a value is made of.
    pub(crate) fn ingredients(&self, at: ExprRef, reach: Reach) -> Ingredients {
        ingredients(&self.program.resolver(), &self.program.calls, at, reach)
    }

    /// Whether a value is, holds or comes from the tenant.
    pub(crate) fn is_tenant(&self, at: ExprRef, reach: Reach) -> bool {
        self.tenants.any(&self.ingredients(at, reach).names)
    }

    /// Accesses and events at a line, for `why` when no detector saw anything.
    pub(crate) fn describe_line(&self, file: FileId, line: u32) -> String {
        let program = self.program;
        let mut out = String::new();
        for (access, scoping) in program.events.accesses.iter().zip(&self.scopings) {
            let place = location(program, access.place);
            if access.place.file != file || line < place.line || line > place.end_line {
                continue;
            }
            let _ = writeln!(
                out,
                "  statement: {:?} {:?}",
                access.statement.verb, access.kind
            );
            for (index, table) in access.statement.tables.iter().enumerate() {
                let _ = writeln!(
                    out,
                    "    table {} ({:?})",
                    table.name,
                    scoping.uses.get(index)
                );
            }
            for predicate in &access.statement.predicates {
                let _ = writeln!(
                    out,
                    "    predicate {} {:?} {:?}",
                    predicate.column.column, predicate.op, predicate.value
                );
            }
            for set in &access.statement.assignments {
                let _ = writeln!(out, "    sets {} {:?}", set.column, set.value);
            }
            let reached = program.entries.reached(access.function);
            let _ = writeln!(out, "    reached from: {}", reached.names().join(", "));
        }
        for event in &program.events.events {
            let place = location(program, self.call_place(event.site));
            if event.site.file == file && line >= place.line && line <= place.end_line {
                let _ = writeln!(out, "  event: {} ({})", event.kind, event.library);
                for (slot, values) in &event.slots {
                    let mut made = Ingredients::default();
                    for &value in values {
                        made.merge(self.ingredients(value, Reach::LOCAL));
                    }
                    let names: Vec<&str> = made.names.iter().map(|name| name.as_str()).collect();
                    let _ = writeln!(out, "    {slot}: {}", names.join(", "));
                }
            }
        }
        out
    }

    /// The function whose body holds a call.
    pub(crate) fn function_of(&self, site: CallSite) -> FunctionId {
        let code = &self.program.code;
        code.function_id(site.file, code.ir(site.file).call(site.call).function)
    }

    /// The place of a call.
    pub(crate) fn call_place(&self, site: CallSite) -> betwixt_base::Place {
        let ir = self.program.code.ir(site.file);
        betwixt_base::Place {
            file: site.file,
            span: ir.expr(ir.call(site.call).expr).span,
        }
    }
}

/// The calls of each function, one after the other.
#[derive(Debug, Default)]
struct CallsByFunction {
    /// Where the calls of each function start; one more than there are functions.
    starts: Vec<u32>,
    calls: Vec<CallId>,
}

impl CallsByFunction {
    /// Sorts all calls by their function; linear in calls.
    fn new(program: &Program) -> Self {
        let mut starts = vec![0_u32; program.code.n_functions() + 1];
        let mut all: Vec<(FunctionId, CallId)> = Vec::new();
        for (file, facts) in program.code.code_files() {
            for (index, call) in facts.ir.calls.iter().enumerate() {
                let function = program.code.function_id(file, call.function);
                starts[function.index() + 1] += 1;
                all.push((function, CallId(index as u32)));
            }
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        all.sort_unstable();
        let calls = all.into_iter().map(|(_, call)| call).collect();
        Self { starts, calls }
    }

    fn of(&self, function: FunctionId) -> &[CallId] {
        let (from, to) = (
            self.starts[function.index()],
            self.starts[function.index() + 1],
        );
        &self.calls[from as usize..to as usize]
    }
}

/// What a detector sees in the whole program, in a stable order.
pub(crate) fn observe(context: &Context<'_>, detector: &str) -> Vec<Observation> {
    let families = [
        tenant_isolation::observe,
        idempotency::observe,
        race::observe,
        data_loss::observe,
        stale_cache::observe,
        protocol_edge::observe,
        storage_consistency::observe,
        auth_bypass::observe,
        resource_lifecycle::observe,
        schema_contract::observe,
    ];
    let mut seen = families
        .iter()
        .filter_map(|observe| observe(context, detector));
    let mut seen = seen.next().unwrap_or_default();
    let files = context
        .remarks
        .get_or_init(|| remarks::files(context.program));
    remarks::heed(files, context.program, &mut seen);
    seen
}
