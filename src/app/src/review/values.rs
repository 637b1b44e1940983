//! Which values two statements of a function have in common, what they were made from included.

use betwixt_facts::ir::{ExprKind, Ir, LocalId, StmtId, StmtKind};
use betwixt_program::control::{Control, each_expr, exprs_of};

/// How far back the making of a value is followed.
const MAX_STEPS: usize = 3;
/// Names of what is handed to everything and says nothing about what is done.
const AMBIENT: [&str; 10] = [
    "ctx", "context", "err", "error", "c", "cx", "self", "this", "log", "logger",
];

/// The locals of a function's statements.
pub(super) struct Values<'a> {
    ir: &'a Ir,
    control: &'a Control<'a>,
}

impl<'a> Values<'a> {
    pub(super) fn new(ir: &'a Ir, control: &'a Control<'a>) -> Self {
        Self { ir, control }
    }

    /// Whether both speak of one value; what everything is handed (contexts, errors) does not count.
    pub(super) fn share(&self, a: StmtId, b: StmtId) -> bool {
        let (a, b) = (self.made_from(a), self.made_from(b));
        a.iter().any(|local| b.contains(local))
    }

    /// The locals of a statement, and those they were made from.
    fn made_from(&self, stmt: StmtId) -> Vec<LocalId> {
        let mut found = self.of(stmt);
        for _ in 0..MAX_STEPS {
            let before = found.len();
            for &other in self.control.statements() {
                if let StmtKind::Assign { target, .. } = self.ir.stmt(other).kind
                    && let ExprKind::Local(local) = self.ir.kind(target)
                    && found.contains(&local)
                {
                    for made_from in self.of(other) {
                        if !found.contains(&made_from) {
                            found.push(made_from);
                        }
                    }
                }
            }
            if found.len() == before {
                break;
            }
        }
        found
    }

    fn of(&self, stmt: StmtId) -> Vec<LocalId> {
        let mut found = Vec::new();
        for expr in exprs_of(self.ir, stmt) {
            each_expr(self.ir, expr, &mut |id| {
                if let ExprKind::Local(local) = self.ir.kind(id) {
                    let name = self.ir.local(local).name.as_str();
                    if !AMBIENT.contains(&name.to_ascii_lowercase().as_str()) {
                        found.push(local);
                    }
                }
            });
        }
        found
    }
}
