//! The name a queue object was made with, where it is handed out by the project: `Mails.getInstance()?.add(…)`.
//!
//! A backward walk from the receiver to the library's constructor; its first argument is the name. Bounded.

use std::collections::BTreeSet;

use betwixt_facts::ir::{BinaryOp, CallForm, ExprId, ExprKind, StmtKind};
use rustc_hash::FxHashSet;

use super::super::LinkContext;
use super::topic::{Topics, is_readable};
use crate::events::chain::peel;
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef};
use crate::names::Def;

const MAX_STEPS: usize = 80;

/// The topics the receiver of a call may have been made with.
pub(super) fn topics(
    context: &LinkContext<'_>,
    topics: &Topics<'_>,
    site: CallSite,
) -> Vec<String> {
    let ir = context.resolver.code.ir(site.file);
    let ExprKind::Field(receiver, _) = ir.kind(ir.call(site.call).callee) else {
        return Vec::new();
    };
    let mut walk = Walk {
        context,
        topics,
        seen: FxHashSet::default(),
        names: Vec::new(),
    };
    walk.value(ExprRef {
        file: site.file,
        expr: receiver,
    });
    let mut found = BTreeSet::new();
    for name in walk.names {
        let texts = topics.of(&[name], site).into_iter();
        found.extend(texts.filter(|text| is_readable(text)));
    }
    found.into_iter().collect()
}

struct Walk<'a> {
    context: &'a LinkContext<'a>,
    topics: &'a Topics<'a>,
    seen: FxHashSet<ExprRef>,
    names: Vec<ExprRef>,
}

impl Walk<'_> {
    fn value(&mut self, start: ExprRef) {
        let mut pending = vec![start];
        while let Some(at) = pending.pop() {
            if self.seen.len() < MAX_STEPS && self.seen.insert(at) {
                pending.extend(self.from(at));
            }
        }
    }

    /// What a value may be.
    fn from(&mut self, at: ExprRef) -> Vec<ExprRef> {
        let resolver = self.context.resolver;
        let ir = resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(peel(ir, at.expr)) {
            ExprKind::Call(call) => self.called(CallSite {
                file: at.file,
                call,
            }),
            ExprKind::Conditional(_, a, b)
            | ExprKind::Binary(BinaryOp::Or | BinaryOp::Coalesce | BinaryOp::And, a, b) => {
                vec![to(a), to(b)]
            }
            ExprKind::Local(local) => {
                let known = resolver.flows[at.file.0 as usize].definitions(local).iter();
                known
                    .filter(|known| known.how == DefinitionKind::Assign)
                    .map(|known| to(known.value))
                    .collect()
            }
            ExprKind::Name(name) => match resolver.names.resolve(at.file, name) {
                Some(Def::Global(global)) => {
                    let (file, _) = resolver.code.global_place(global);
                    let init = resolver.code.global(global).init;
                    init.map(|expr| ExprRef { file, expr })
                        .into_iter()
                        .collect()
                }
                Some(Def::Value(value)) => vec![value],
                _ => Vec::new(),
            },
            ExprKind::Field(base, name) => self.topics.stores(at, base, name),
            ExprKind::Index(base, _) | ExprKind::Cast(_, base) | ExprKind::Project(base, 0) => {
                vec![to(base)]
            }
            _ => Vec::new(),
        }
    }

    /// A library's constructor names the queue; a function of the project returns it.
    fn called(&mut self, site: CallSite) -> Vec<ExprRef> {
        let resolver = self.context.resolver;
        let ir = resolver.code.ir(site.file);
        let call = ir.call(site.call);
        let callee = self.context.graph.callee(site);
        if call.form == CallForm::New {
            if let (true, Some(&expr)) = (
                callee.functions().is_empty(),
                ir.expr_list(call.args).first(),
            ) {
                let file = site.file;
                self.names.push(ExprRef { file, expr });
            }
            return Vec::new();
        }
        let mut found = Vec::new();
        for &function in callee.functions().iter().take(2) {
            let (file, idx) = resolver.code.function_place(function);
            let ir = resolver.code.ir(file);
            let returns = &resolver.flows[file.0 as usize].returns[idx.index()];
            if returns.len() > 3 {
                // `getQueue(Names.Mails)`: one of many, by its name.
                let args = resolver.code.ir(site.file).expr_list(call.args).iter();
                let file = site.file;
                self.names
                    .extend(args.take(1).map(|&expr| ExprRef { file, expr }));
                continue;
            }
            for &stmt in returns {
                if let StmtKind::Return(values) = ir.stmt(stmt).kind
                    && let Some(&expr) = ir.expr_list(values).first()
                {
                    found.push(ExprRef { file, expr });
                }
            }
        }
        found
    }
}
