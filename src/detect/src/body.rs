//! One function as detectors see it that read its statements.
//!
//! Knows the IR and names; closures inside are functions of their own and are not entered.

use betwixt_base::{FileId, Place, Symbol};
use betwixt_facts::Function;
use betwixt_facts::ir::{
    Block, CallId, ExprId, ExprKind, FunctionIdx, Ir, List, LocalId, StmtId, StmtKind, StructEntry,
    UnaryOp,
};
use betwixt_program::control::{blocks, each_expr, exprs_of};
use betwixt_program::flow::defs::DefinitionKind;
use betwixt_program::{CallSite, ExprRef, FunctionId};
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::detectors::Context;
use crate::observation::Observation;

/// A function with what is needed to ask about it.
#[derive(Clone, Copy)]
pub(crate) struct Body<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) file: FileId,
    pub(crate) id: FunctionId,
    pub(crate) ir: &'a Ir,
    pub(crate) function: &'a Function,
}

const MAX_PEEL: usize = 12;

impl<'a> Body<'a> {
    /// The body of a function.
    pub(crate) fn new(context: &'a Context<'a>, id: FunctionId) -> Self {
        let code = &context.program.code;
        let file = code.file_of(id);
        Self {
            context,
            file,
            id,
            ir: code.ir(file),
            function: code.function(id),
        }
    }

    /// The expression with its file.
    pub(crate) fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.file,
            expr,
        }
    }

    /// The call with its file.
    pub(crate) fn site(&self, call: CallId) -> CallSite {
        CallSite {
            file: self.file,
            call,
        }
    }

    /// Where an expression is written.
    pub(crate) fn place(&self, expr: ExprId) -> Place {
        Place {
            file: self.file,
            span: self.ir.expr(expr).span,
        }
    }

    /// An observation at an expression of this function.
    pub(crate) fn observation(&self, expr: ExprId) -> Observation {
        Observation::new(self.place(expr), self.id)
    }

    /// The statements in order of text.
    pub(crate) fn statements(&self) -> Vec<StmtId> {
        below(self.ir, self.function.body)
    }

    /// The decisions of the function, in order of text.
    pub(crate) fn ifs(&self) -> impl Iterator<Item = If> {
        ifs(self.ir, self.statements())
    }

    /// Every expression of a statement itself and below it.
    pub(crate) fn each_expr(&self, stmt: StmtId, visit: &mut impl FnMut(ExprId)) {
        for expr in exprs_of(self.ir, stmt) {
            each_expr(self.ir, expr, visit);
        }
    }

    /// Every call of the function, in order of text.
    pub(crate) fn calls(&self) -> Vec<CallId> {
        let sites = self.context.calls_of(self.id);
        sites.map(|site| site.call).collect()
    }

    /// The last name a call is written with: `GetTenantID` of `middleware.GetTenantID(ctx)`.
    pub(crate) fn call_name(&self, call: CallId) -> Option<&'static str> {
        call_name(self.ir, call)
    }

    /// The values assigned to a local.
    pub(crate) fn definitions(
        &self,
        local: LocalId,
    ) -> &'a [betwixt_program::flow::defs::Definition] {
        self.context.program.flows[self.file.0 as usize].definitions(local)
    }

    /// An expression as text, for people.
    pub(crate) fn text(&self, expr: ExprId) -> String {
        text(self.ir, expr, 0, &|local, _| {
            self.ir.local(local).name.to_string()
        })
    }

    /// An expression as text that stays the same when locals get other names, for identities: a local is what is
    /// assigned to it, where that is one thing.
    pub(crate) fn shape(&self, expr: ExprId) -> String {
        self.shape_below(expr, 0)
    }

    fn shape_below(&self, expr: ExprId, depth: u32) -> String {
        text(
            self.ir,
            expr,
            depth,
            &|local, depth| match self.definitions(local) {
                [only] if only.how == DefinitionKind::Assign => {
                    self.shape_below(only.value, depth + 1)
                }
                _ => "_".to_owned(),
            },
        )
    }
}

/// What a look at every function in the scanned tree gives, in a stable order; tests and generated files are left out.
pub(crate) fn observe_bodies<'a>(
    context: &'a Context<'a>,
    look: impl Fn(&Body<'a>) -> Vec<Observation> + Sync,
) -> Vec<Observation> {
    reported(context)
        .par_iter()
        .flat_map_iter(|&id| look(&Body::new(context, id)))
        .collect()
}

/// Functions with a body in files whose hits are reported.
pub(crate) fn reported<'a>(context: &'a Context<'_>) -> &'a [FunctionId] {
    context.reported.get_or_init(|| {
        let program = context.program;
        let mut found = Vec::new();
        for (file, facts) in program.code.code_files() {
            if !program.workspace.file(file).marks.is_reported() {
                continue;
            }
            for (index, function) in facts.functions.iter().enumerate().skip(1) {
                if function.flags.has_body && !function.flags.is_test {
                    found.push(program.code.function_id(file, FunctionIdx(index as u32)));
                }
            }
        }
        found
    })
}

/// A decision: `if cond { then } else { otherwise }`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct If {
    pub(crate) stmt: StmtId,
    pub(crate) cond: ExprId,
    pub(crate) then: Block,
    pub(crate) otherwise: Block,
}

/// The decisions among statements, in their order.
pub(crate) fn ifs(
    ir: &Ir,
    statements: impl IntoIterator<Item = StmtId>,
) -> impl Iterator<Item = If> {
    statements
        .into_iter()
        .filter_map(move |stmt| match ir.stmt(stmt).kind {
            StmtKind::If {
                cond,
                then,
                otherwise,
            } => Some(If {
                stmt,
                cond,
                then,
                otherwise,
            }),
            _ => None,
        })
}

/// The statements of a block and below, in order of text.
pub(crate) fn below(ir: &Ir, block: Block) -> Vec<StmtId> {
    let mut found = Vec::new();
    let mut pending: SmallVec<[StmtId; 24]> = ir.block(block).iter().rev().copied().collect();
    while let Some(stmt) = pending.pop() {
        found.push(stmt);
        for inner in blocks(ir, stmt).into_iter().rev() {
            pending.extend(ir.block(inner).iter().rev().copied());
        }
    }
    found
}

/// The last name a call is written with, a macro without its mark.
pub(crate) fn call_name(ir: &Ir, call: CallId) -> Option<&'static str> {
    match ir.kind(ir.call(call).callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => Some(last_part(name)),
        ExprKind::Local(local) => Some(ir.local(local).name.as_str()),
        _ => None,
    }
}

fn last_part(name: Symbol) -> &'static str {
    let text = name.as_str();
    let last = match text.as_bytes().contains(&b':') {
        true => text.rsplit("::").next().unwrap_or(text),
        false => text,
    };
    last.trim_end_matches('!')
}

/// What is left without conversions, references, `await` and `?`.
pub(crate) fn peel(ir: &Ir, expr: ExprId) -> ExprId {
    let mut current = expr;
    for _ in 0..MAX_PEEL {
        current = match ir.kind(current) {
            ExprKind::Unary(
                UnaryOp::Ref | UnaryOp::Deref | UnaryOp::Await | UnaryOp::Try | UnaryOp::Unwrap,
                inner,
            )
            | ExprKind::Cast(_, inner)
            | ExprKind::Project(inner, _) => inner,
            ExprKind::Call(call) if is_conversion(ir, call) => {
                match ir.kind(ir.call(call).callee) {
                    ExprKind::Field(receiver, _) => receiver,
                    _ => match ir.expr_list(ir.call(call).args).first() {
                        Some(&arg) => arg,
                        None => return current,
                    },
                }
            }
            _ => return current,
        };
    }
    current
}

/// `id.String()`, `x.to_string()`, `strings.TrimSpace(x)` is left alone: only methods without arguments.
fn is_conversion(ir: &Ir, call: CallId) -> bool {
    let facts = ir.call(call);
    let is_method = matches!(ir.kind(facts.callee), ExprKind::Field(..));
    is_method
        && facts.args.is_empty()
        && call_name(ir, call).is_some_and(|name| {
            matches!(
                name,
                "String"
                    | "toString"
                    | "to_string"
                    | "to_owned"
                    | "clone"
                    | "as_str"
                    | "as_ref"
                    | "as_bytes"
                    | "as_deref"
                    | "trim"
                    | "into"
                    | "into_inner"
                    | "copied"
                    | "cloned"
                    | "unwrap"
                    | "unwrap_or_default"
            )
        })
}

/// The names along a chain of fields and calls, outermost last: `[logger, WithFields, Warn]` of `s.logger.WithFields(…).Warn(…)`
/// without the root's own parts that are no names.
pub(crate) fn chain_names(ir: &Ir, expr: ExprId) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut current = expr;
    for _ in 0..32 {
        current = match ir.kind(current) {
            ExprKind::Field(base, name) => {
                found.push(name.as_str());
                base
            }
            ExprKind::Call(call) => ir.call(call).callee,
            ExprKind::Unary(_, inner)
            | ExprKind::Cast(_, inner)
            | ExprKind::Index(inner, _)
            | ExprKind::Project(inner, _) => inner,
            ExprKind::Local(local) => {
                found.push(ir.local(local).name.as_str());
                break;
            }
            ExprKind::Name(name) => {
                found.extend(
                    name.as_str()
                        .split("::")
                        .collect::<Vec<_>>()
                        .into_iter()
                        .rev(),
                );
                break;
            }
            ExprKind::This => {
                found.push("this");
                break;
            }
            _ => break,
        };
    }
    found.reverse();
    found
}

/// The entries of an object literal, or of a variable that is one.
pub(crate) fn written_out(
    context: &Context<'_>,
    file: FileId,
    value: ExprId,
) -> Option<List<StructEntry>> {
    let ir = context.program.code.ir(file);
    let mut current = value;
    for _ in 0..6 {
        current = match ir.kind(current) {
            ExprKind::Struct(_, entries) => return Some(entries),
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => inner,
            ExprKind::Local(local) => {
                let flow = &context.program.flows[file.0 as usize];
                let whole = flow
                    .definitions(local)
                    .iter()
                    .filter(|known| known.how == DefinitionKind::Assign);
                let mut whole = whole.map(|known| known.value);
                match (whole.next(), whole.next()) {
                    (Some(only), None) => only,
                    _ => return None,
                }
            }
            _ => return None,
        };
    }
    None
}

/// The literal text of an expression.
pub(crate) fn literal(ir: &Ir, expr: ExprId) -> Option<&'static str> {
    match ir.kind(expr) {
        ExprKind::Str(text) => Some(text.as_str()),
        _ => None,
    }
}

/// An expression as text; `name` says what stands for a local at a depth.
fn text(ir: &Ir, expr: ExprId, depth: u32, name: &dyn Fn(LocalId, u32) -> String) -> String {
    if depth > 6 {
        return "…".to_owned();
    }
    let inner = |expr: ExprId| text(ir, expr, depth + 1, name);
    match ir.kind(expr) {
        ExprKind::Local(local) => name(local, depth),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::This => "this".to_owned(),
        ExprKind::Str(text) => format!("{:?}", text.as_str()),
        ExprKind::Number(text) => text.to_string(),
        ExprKind::Field(base, name) => format!("{}.{name}", inner(base)),
        ExprKind::Call(call) => format!("{}(…)", inner(ir.call(call).callee)),
        ExprKind::Unary(_, expr) | ExprKind::Cast(_, expr) | ExprKind::Project(expr, _) => {
            inner(expr)
        }
        ExprKind::Index(base, _) => format!("{}[…]", inner(base)),
        _ => "…".to_owned(),
    }
}
