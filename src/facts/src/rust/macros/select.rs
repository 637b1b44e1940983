//! `select! { pattern = future => body, … }`.

use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Macro, Pat, Token, token};

use crate::ir::{Arm, BinaryOp, ExprId, List, StmtKind};
use crate::rust::Lowering;
use crate::rust::statements::Dest;

struct Branch {
    /// What is waited for, and the pattern its result must match; nothing for `else`.
    wait: Option<(Pat, Expr)>,
    guard: Option<Expr>,
    body: Expr,
}

fn parse_branches(input: ParseStream) -> syn::Result<Vec<Branch>> {
    if input.peek(Ident) && input.peek2(Token![;]) {
        // `biased;`
        input.parse::<Ident>()?;
        input.parse::<Token![;]>()?;
    }
    let mut branches = Vec::new();
    while !input.is_empty() {
        branches.push(parse_branch(input)?);
    }
    Ok(branches)
}

fn parse_branch(input: ParseStream) -> syn::Result<Branch> {
    let is_default = input.peek(Token![else]) || input.peek(Ident) && input.peek2(Token![=>]);
    let mut guard = None;
    let wait = if is_default {
        input.parse::<proc_macro2::TokenTree>()?;
        None
    } else {
        let pat = Pat::parse_multi_with_leading_vert(input)?;
        input.parse::<Token![=]>()?;
        let future = input.parse()?;
        if input.peek(Token![,]) && input.peek2(Token![if]) {
            input.parse::<Token![,]>()?;
            input.parse::<Token![if]>()?;
            guard = Some(input.parse()?);
        }
        Some((pat, future))
    };
    input.parse::<Token![=>]>()?;
    let body = if input.peek(token::Brace) {
        Expr::parse_with_earlier_boundary_rule(input)?
    } else {
        input.parse()?
    };
    input.parse::<Option<Token![,]>>()?;
    Ok(Branch { wait, guard, body })
}

impl Lowering<'_> {
    /// Lowers the macro as a switch; false when it has another form.
    pub(super) fn select(&mut self, mac: &Macro, dest: Dest) -> bool {
        let Ok(branches) = parse_branches.parse2(mac.tokens.clone()) else {
            return false;
        };
        let span = self.macro_span(mac);
        // Every future is made before the first one is waited for.
        let futures: Vec<_> = branches
            .iter()
            .map(|branch| branch.wait.as_ref().map(|(_, future)| self.future(future)))
            .collect();
        let arms: Vec<_> = branches
            .iter()
            .zip(futures)
            .map(|(branch, received)| self.select_arm(branch, received, dest))
            .collect();
        let arms = self.ir.arm_list(&arms);
        self.ir.stmt(
            StmtKind::Switch {
                subject: None,
                arms,
            },
            span,
        );
        true
    }

    fn future(&mut self, future: &Expr) -> ExprId {
        let value = self.expr(future);
        let span = self.ir.ir().expr(value).span;
        self.awaited(value, span)
    }

    fn select_arm(&mut self, branch: &Branch, received: Option<ExprId>, dest: Dest) -> Arm {
        self.ir.open_block();
        let mut guards = Vec::new();
        let mut patterns = List::default();
        if let (Some((pat, _)), Some(received)) = (&branch.wait, received) {
            patterns = self.ir.expr_list(&[received]);
            guards.extend(self.pattern_test(pat, received));
            if let Some(guard) = &branch.guard {
                guards.push(self.expr(guard));
            }
            self.bind(pat, received);
        }
        let guard = self.fold(BinaryOp::And, &guards);
        self.branch(&branch.body, dest);
        let body = self.ir.close_block();
        Arm {
            patterns,
            guard,
            body,
        }
    }
}
