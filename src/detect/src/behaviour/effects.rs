//! What a function does, itself and through its callees, as sets without order.

use betwixt_facts::ir::{CallId, ExprKind};
use betwixt_facts::sql::{Statement, Value, Verb};
use betwixt_program::events::{Access, Event};
use betwixt_program::link::LinkKind;
use betwixt_program::{CallSite, FunctionId, Program};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{TableKey, main_table, read_tables};

/// How a table is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Use(u8);

impl Use {
    pub(crate) const READ: Self = Self(1);
    pub(crate) const LOCKED: Self = Self(2);
    pub(crate) const INSERT: Self = Self(4);
    pub(crate) const UPDATE: Self = Self(8);
    pub(crate) const DELETE: Self = Self(16);
    pub(crate) const COUNT: Self = Self(32);

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    /// Whether rows are changed.
    pub(crate) fn changes(self) -> bool {
        self.has(Self::INSERT.with(Self::UPDATE).with(Self::DELETE))
    }
    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Things a function does besides using tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Acts(u16);

impl Acts {
    /// Takes a lock that other processes see: advisory, distributed.
    pub(crate) const SHARED_LOCK: Self = Self(1);
    /// Takes a lock of this process.
    pub(crate) const MUTEX: Self = Self(2);
    /// Gives a lock back.
    pub(crate) const RELEASE: Self = Self(4);
    /// Starts a transaction.
    pub(crate) const BEGIN: Self = Self(8);
    /// Starts one that is serializable.
    pub(crate) const SERIALIZABLE: Self = Self(16);
    /// Publishes a message.
    pub(crate) const PUBLISH: Self = Self(32);
    /// Asks or tells another service.
    pub(crate) const REMOTE: Self = Self(64);
    /// Acknowledges messages.
    pub(crate) const ACK: Self = Self(128);
    /// Gives messages back.
    pub(crate) const NACK: Self = Self(256);
    /// Stores or removes an object or a file.
    pub(crate) const STORE: Self = Self(512);
    /// Reads rows with a row lock.
    pub(crate) const ROW_LOCK: Self = Self(1024);
    /// Takes an advisory lock that outlives the transaction.
    pub(crate) const SESSION_LOCK: Self = Self(4096);
    /// Gives a session's advisory lock back.
    pub(crate) const UNLOCK_SESSION: Self = Self(2048);

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What a function does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Tables with how they are used.
    pub(crate) tables: SmallVec<[(TableKey, Use); 2]>,
    /// Other things.
    pub(crate) acts: Acts,
}

/// Most tables a function is known to use.
const MAX_TABLES: usize = 24;
/// How many calls deep effects are carried.
const ROUNDS: usize = 3;

impl Effects {
    /// How a table is used.
    pub(crate) fn of(&self, table: TableKey) -> Use {
        self.tables
            .iter()
            .find(|(known, _)| *known == table)
            .map_or(Use::default(), |(_, how)| *how)
    }

    /// Whether rows are changed.
    pub(crate) fn changes_rows(&self) -> bool {
        self.tables.iter().any(|(_, how)| how.changes())
    }

    /// Whether something outside the process is changed: rows, messages, other services, objects.
    pub(crate) fn changes_anything(&self) -> bool {
        self.changes_rows()
            || self.acts.has(Acts::PUBLISH)
            || self.acts.has(Acts::REMOTE)
            || self.acts.has(Acts::STORE)
    }

    fn add(&mut self, table: TableKey, how: Use) {
        if let Some((_, known)) = self.tables.iter_mut().find(|(known, _)| *known == table) {
            *known = known.with(how);
        } else if self.tables.len() < MAX_TABLES {
            self.tables.push((table, how));
        }
    }

    fn merge(&mut self, other: &Self) {
        for &(table, how) in &other.tables {
            self.add(table, how);
        }
        self.acts.add(other.acts);
    }
}

/// The effects of every function that has some; linear in calls for each round.
pub(super) fn all(program: &Program) -> FxHashMap<FunctionId, Effects> {
    let mut found: FxHashMap<FunctionId, Effects> = FxHashMap::default();
    for access in &program.events.accesses {
        of_access(found.entry(access.function).or_default(), access);
    }
    for event in &program.events.events {
        let acts = of_event(program, event);
        if acts != Acts::default() {
            found.entry(event.function).or_default().acts.add(acts);
        }
    }
    for site in asked(program) {
        let ir = program.code.ir(site.file);
        let function = program
            .code
            .function_id(site.file, ir.call(site.call).function);
        found.entry(function).or_default().acts.add(Acts::REMOTE);
    }
    for _ in 0..ROUNDS {
        let next = carried(program, &found);
        let mut is_changed = false;
        for (function, effects) in next {
            let known = found.entry(function).or_default();
            let before = known.clone();
            known.merge(&effects);
            is_changed |= *known != before;
        }
        if !is_changed {
            break;
        }
    }
    found
}

/// The calls of other services, whether or not it is known who answers.
fn asked(program: &Program) -> impl Iterator<Item = CallSite> {
    let links = program.links();
    let linked = links.links().iter().map(|link| (link.kind, link.site));
    let unlinked = links.unlinked.iter().map(|one| (one.kind, one.site));
    linked
        .chain(unlinked)
        .filter(|(kind, _)| *kind == LinkKind::Rpc)
        .map(|(_, site)| site)
}

/// The effects that each function gets from what it calls, in id order.
fn carried(
    program: &Program,
    found: &FxHashMap<FunctionId, Effects>,
) -> Vec<(FunctionId, Effects)> {
    let mut next: std::collections::BTreeMap<FunctionId, Effects> =
        std::collections::BTreeMap::new();
    for (file, facts) in program.code.code_files() {
        for (index, call) in facts.ir.calls.iter().enumerate() {
            let site = CallSite {
                file,
                call: CallId(index as u32),
            };
            for callee in program.calls.callee(site).functions().iter().take(4) {
                if let Some(effects) = found.get(callee) {
                    let caller = program.code.function_id(file, call.function);
                    next.entry(caller).or_default().merge(effects);
                }
            }
        }
        for index in 1..facts.functions.len() as u32 {
            let id = program
                .code
                .function_id(file, betwixt_facts::ir::FunctionIdx(index));
            let parent = program.code.parent(id);
            if let (Some(parent), Some(effects)) = (parent, found.get(&id))
                && program.code.function_place(parent).1.0 != 0
            {
                next.entry(parent).or_default().merge(effects);
            }
        }
    }
    next.into_iter().collect()
}

fn of_access(effects: &mut Effects, access: &Access) {
    let statement = &access.statement;
    if mentions(statement, "advisory_unlock") {
        effects.acts.add(Acts::UNLOCK_SESSION);
    } else if statement.advisory_lock {
        effects.acts.add(Acts::SHARED_LOCK);
        if !mentions(statement, "xact") {
            effects.acts.add(Acts::SESSION_LOCK);
        }
    }
    if statement.row_lock {
        effects.acts.add(Acts::ROW_LOCK);
    }
    let how = match statement.verb {
        Verb::Select => {
            let mut how = Use::READ;
            if statement.row_lock {
                how = how.with(Use::LOCKED);
            }
            if counts(access) {
                how = how.with(Use::COUNT);
            }
            for table in read_tables(access) {
                effects.add(table, how);
            }
            return;
        }
        Verb::Insert => Use::INSERT,
        Verb::Update => Use::UPDATE,
        Verb::Delete => Use::DELETE,
        Verb::Begin => {
            effects.acts.add(Acts::BEGIN);
            return;
        }
        _ => return,
    };
    if let Some((table, _)) = main_table(access) {
        effects.add(table, how);
    }
}

/// Whether a statement counts rows: `SELECT count(*)`.
pub(crate) fn counts(access: &Access) -> bool {
    access
        .statement
        .projection
        .iter()
        .any(|column| calls(&column.value, "count"))
        || is_count_name(access)
}

fn is_count_name(access: &Access) -> bool {
    matches!(access.kind, betwixt_program::events::AccessKind::Named(name)
        if name.as_str().to_ascii_lowercase().starts_with("count"))
}

fn calls(value: &Value, name: &str) -> bool {
    match value {
        Value::Call(called, args) => {
            called.as_str().eq_ignore_ascii_case(name) || args.iter().any(|arg| calls(arg, name))
        }
        _ => false,
    }
}

/// Whether a called function of the select list has a word in its name.
fn mentions(statement: &Statement, word: &str) -> bool {
    fn inside(value: &Value, word: &str) -> bool {
        match value {
            Value::Call(name, args) => {
                name.as_str().to_ascii_lowercase().contains(word)
                    || args.iter().any(|arg| inside(arg, word))
            }
            _ => false,
        }
    }
    let root = statement.scopes.first().into_iter();
    statement
        .projection
        .iter()
        .map(|column| &column.value)
        .chain(root.flat_map(|scope| &scope.values))
        .any(|value| inside(value, word))
}

fn of_event(program: &Program, event: &Event) -> Acts {
    let mut acts = Acts::default();
    match event.kind {
        "lock.acquire" if event.has("per-process") => acts.add(Acts::MUTEX),
        "lock.acquire" => acts.add(Acts::SHARED_LOCK),
        "lock.release" => acts.add(Acts::RELEASE),
        "sql.begin" => {
            acts.add(Acts::BEGIN);
            if is_serializable(program, event.site) {
                acts.add(Acts::SERIALIZABLE);
            }
        }
        "queue.publish" => acts.add(Acts::PUBLISH),
        "queue.ack" => acts.add(Acts::ACK),
        "queue.nack" => acts.add(Acts::NACK),
        "rpc.call" | "effect.payment" | "effect.webhook" => acts.add(Acts::REMOTE),
        "object.put" | "object.delete" => acts.add(Acts::STORE),
        _ => {}
    }
    acts
}

/// Whether a transaction is begun with an isolation level under which a stale read fails the commit.
pub(crate) fn is_serializable(program: &Program, site: CallSite) -> bool {
    let ir = program.code.ir(site.file);
    let mut found = false;
    let mut look = |text: &str| {
        let plain = crate::tenant::plain(text);
        found |= plain.contains("serializable") || plain.contains("repeatableread");
    };
    for &arg in ir.expr_list(ir.call(site.call).args) {
        betwixt_program::control::each_expr(ir, arg, &mut |id| match ir.kind(id) {
            ExprKind::Name(name) | ExprKind::Field(_, name) | ExprKind::Str(name) => {
                look(name.as_str());
            }
            _ => {}
        });
    }
    found
}
