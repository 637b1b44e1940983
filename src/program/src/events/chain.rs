//! Method chains: `db.select().from(t).where(c)` as one thing.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir, UnaryOp};

/// For every call of a file, the call made on its result.
#[derive(Debug, Default)]
pub struct Chains {
    next: Vec<Option<CallId>>,
}

/// One link of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The call.
    pub call: CallId,
    /// The method's name; empty when the value itself is called.
    pub name: Symbol,
}

impl Chains {
    /// Links the calls of a file; linear.
    #[must_use]
    pub fn new(ir: &Ir) -> Self {
        let mut next = vec![None; ir.calls.len()];
        for (index, call) in ir.calls.iter().enumerate() {
            if let Some(inner) = receiver_call(ir, call.callee) {
                next[inner.index()] = Some(CallId(index as u32));
            }
        }
        Self { next }
    }

    /// The call made on the result of this one.
    #[must_use]
    pub fn next(&self, call: CallId) -> Option<CallId> {
        self.next[call.index()]
    }

    /// The same where the chains of the file were not read.
    #[must_use]
    pub fn next_checked(&self, call: CallId) -> Option<CallId> {
        self.next.get(call.index()).copied().flatten()
    }

    /// The last call of the chain.
    #[must_use]
    pub fn last(&self, call: CallId) -> CallId {
        let mut current = call;
        for _ in 0..200 {
            match self.next(current) {
                Some(next) => current = next,
                None => break,
            }
        }
        current
    }

    /// Whether another call is made on the result.
    #[must_use]
    pub fn is_last(&self, call: CallId) -> bool {
        self.next(call).is_none()
    }

    /// The chain that ends with `last`, first call first, and what the first call is made on.
    #[must_use]
    pub fn links(&self, ir: &Ir, last: CallId) -> (Option<ExprId>, Vec<Link>) {
        let mut links = Vec::new();
        let mut current = last;
        let root = loop {
            let callee = ir.call(current).callee;
            let (base, name) = match ir.kind(callee) {
                ExprKind::Field(base, name) => (Some(base), name),
                ExprKind::Name(name) => (None, last_segment(name)),
                _ => (Some(callee), Symbol::empty()),
            };
            links.push(Link {
                call: current,
                name,
            });
            match base.map(|base| peel(ir, base)) {
                Some(base) => match ir.kind(base) {
                    ExprKind::Call(inner) if links.len() < 100 => current = inner,
                    _ => break Some(base),
                },
                None => break None,
            }
        };
        links.reverse();
        (root, links)
    }
}

/// `note::Entity::find` is the link `find`.
fn last_segment(path: Symbol) -> Symbol {
    match path.as_str().rsplit_once("::") {
        Some((_, last)) => Symbol::new(last),
        None => path,
    }
}

fn receiver_call(ir: &Ir, callee: ExprId) -> Option<CallId> {
    let base = match ir.kind(callee) {
        ExprKind::Field(base, _) => base,
        ExprKind::Call(inner) => return Some(inner),
        _ => return None,
    };
    match ir.kind(peel(ir, base)) {
        ExprKind::Call(inner) => Some(inner),
        _ => None,
    }
}

/// Without `await`, `?`, `!`, `&`, `*`.
pub(crate) fn peel(ir: &Ir, expr: ExprId) -> ExprId {
    let mut current = expr;
    for _ in 0..16 {
        match ir.kind(current) {
            ExprKind::Unary(
                UnaryOp::Await | UnaryOp::Try | UnaryOp::Unwrap | UnaryOp::Ref | UnaryOp::Deref,
                inner,
            ) => {
                current = inner;
            }
            _ => break,
        }
    }
    current
}
