//! Patterns: what they test and what they bind.
//!
//! `Some(x)` tested against `s` is `Matches(s, Some)`, and binds `x = Unwrap(s)`. Testing and binding both walk
//! the pattern; the projections they build (`s.field`, `Unwrap(s).0`) have no effects, so that each may build its own.

use betwixt_base::{Span, Symbol};
use syn::{Member, Pat, PatIdent, PatOr, PatSlice, PatStruct, PatTuple, PatTupleStruct, Path};

use super::Lowering;
use crate::ir::{BinaryOp, ExprId, ExprKind, LocalId, LocalKind, TypeRefId, UnaryOp};

/// The way to a part of a value.
#[derive(Clone, Copy)]
enum Step {
    /// The n-th part of a tuple.
    Nth(usize),
    /// The n-th element of a slice.
    At(usize),
    /// An element that is not counted from the start.
    Some,
    Field(Symbol),
}

/// Whether the name makes a binding, not a test against a constant or variant.
fn is_binding(pat: &PatIdent, word: &str) -> bool {
    let is_path_like = word.starts_with(char::is_uppercase);
    pat.by_ref.is_some() || pat.mutability.is_some() || pat.subpat.is_some() || !is_path_like
}

/// The alternatives of `A | B`, or the pattern itself.
pub(super) fn alternatives(pat: &Pat) -> Vec<&Pat> {
    match pat {
        Pat::Or(or) => or.cases.iter().flat_map(alternatives).collect(),
        Pat::Paren(inner) => alternatives(&inner.pat),
        Pat::Guard(inner) => alternatives(&inner.pat),
        _ => vec![pat],
    }
}

impl Lowering<'_> {
    /// The condition under which `pat` matches; `None` when it always does, as far as its form tells.
    pub(super) fn pattern_test(&mut self, pat: &Pat, subject: ExprId) -> Option<ExprId> {
        self.deeper(|lowering| {
            if let Pat::Or(or) = pat {
                return lowering.or_test(or, subject);
            }
            let mut tests = Vec::new();
            if let Some(selector) = lowering.selector(pat) {
                let span = lowering.ir.ir().expr(selector).span;
                let kind = ExprKind::Binary(BinaryOp::Matches, subject, selector);
                tests.push(lowering.ir.expr(kind, span));
            }
            lowering.inner_tests(pat, subject, &mut tests);
            lowering.fold(BinaryOp::And, &tests)
        })?
    }

    fn or_test(&mut self, or: &PatOr, subject: ExprId) -> Option<ExprId> {
        let tests: Option<Vec<_>> = or
            .cases
            .iter()
            .map(|case| self.pattern_test(case, subject))
            .collect();
        self.fold(BinaryOp::Or, &tests?)
    }

    pub(super) fn fold(&mut self, op: BinaryOp, operands: &[ExprId]) -> Option<ExprId> {
        let (&first, rest) = operands.split_first()?;
        Some(rest.iter().fold(first, |left, &right| {
            let ir = self.ir.ir();
            let span = Span::new(ir.expr(left).span.start, ir.expr(right).span.end);
            self.ir.expr(ExprKind::Binary(op, left, right), span)
        }))
    }

    /// The path or literal that selects; `None` for patterns that bind or take apart only.
    pub(super) fn selector(&mut self, pat: &Pat) -> Option<ExprId> {
        match pat {
            Pat::Ident(pat) => match &pat.subpat {
                Some((_, inner)) => self.deeper(|lowering| lowering.selector(inner))?,
                None => {
                    let (name, span) = self.source.ident(&pat.ident);
                    let is_test = !is_binding(pat, self.source.slice(span.start, span.end));
                    is_test.then(|| self.constant(name, span))
                }
            },
            Pat::Path(pat) => Some(self.path_selector(&pat.path)),
            Pat::TupleStruct(pat) => Some(self.path_selector(&pat.path)),
            Pat::Struct(pat) => Some(self.path_selector(&pat.path)),
            Pat::Lit(pat) => Some(self.literal(&pat.lit)),
            Pat::Range(pat) => {
                Some(self.range(pat.start.as_deref(), pat.end.as_deref(), pat.limits))
            }
            Pat::Const(pat) => Some(self.block_value(&pat.block, None)),
            Pat::Macro(pat) => Some(self.macro_value(&pat.mac)),
            Pat::Slice(pat) => {
                let span = self.source.span(pat.bracket_token.span.join());
                Some(self.unit(span))
            }
            Pat::Reference(pat) => self.deeper(|lowering| lowering.selector(&pat.pat))?,
            Pat::Paren(pat) => self.deeper(|lowering| lowering.selector(&pat.pat))?,
            Pat::Type(pat) => self.deeper(|lowering| lowering.selector(&pat.pat))?,
            Pat::Guard(pat) => self.deeper(|lowering| lowering.selector(&pat.pat))?,
            _ => None,
        }
    }

    fn path_selector(&mut self, path: &Path) -> ExprId {
        let (name, span) = self.source.path(path);
        self.constant(name, span)
    }

    fn constant(&mut self, name: Symbol, span: Span) -> ExprId {
        let kind = if name == self.source.words.none {
            ExprKind::Nil
        } else {
            ExprKind::Name(name)
        };
        self.ir.expr(kind, span)
    }

    /// The tests of the parts of a pattern, its own selector not counted.
    pub(super) fn inner_tests(&mut self, pat: &Pat, subject: ExprId, tests: &mut Vec<ExprId>) {
        match pat {
            Pat::Reference(inner) => self.inner_tests_deeper(&inner.pat, subject, tests),
            Pat::Paren(inner) => self.inner_tests_deeper(&inner.pat, subject, tests),
            Pat::Type(inner) => self.inner_tests_deeper(&inner.pat, subject, tests),
            Pat::Guard(inner) => self.inner_tests_deeper(&inner.pat, subject, tests),
            Pat::Ident(pat) => {
                if let Some((_, inner)) = &pat.subpat {
                    self.inner_tests_deeper(inner, subject, tests);
                }
            }
            // An alternative below one of these: `(A | B)`.
            Pat::Or(or) => tests.extend(self.or_test(or, subject)),
            _ => self.each_part(pat, subject, &mut |lowering, part, value| {
                if lowering.is_refutable(part) {
                    let value = value(lowering);
                    tests.extend(lowering.pattern_test(part, value));
                }
            }),
        }
    }

    fn inner_tests_deeper(&mut self, pat: &Pat, subject: ExprId, tests: &mut Vec<ExprId>) {
        self.deeper(|lowering| lowering.inner_tests(pat, subject, tests));
    }

    /// Declares what `pat` binds and emits `name = part of subject`.
    pub(super) fn bind(&mut self, pat: &Pat, subject: ExprId) {
        self.bind_typed(pat, subject, TypeRefId(0));
    }

    pub(super) fn bind_typed(&mut self, pat: &Pat, subject: ExprId, type_ref: TypeRefId) {
        let mut bound = Vec::new();
        let mut binding = Binding {
            again: false,
            bound: &mut bound,
        };
        self.bind_part(pat, subject, type_ref, &mut binding);
    }

    fn bind_part(
        &mut self,
        pat: &Pat,
        subject: ExprId,
        type_ref: TypeRefId,
        binding: &mut Binding<'_>,
    ) {
        self.deeper(|lowering| match pat {
            Pat::Ident(pat) => {
                let (name, span) = lowering.source.ident(&pat.ident);
                if is_binding(pat, lowering.source.slice(span.start, span.end)) {
                    lowering.bind_name(name, span, subject, type_ref, binding);
                }
                if let Some((_, inner)) = &pat.subpat {
                    lowering.bind_part(inner, subject, TypeRefId(0), binding);
                }
            }
            Pat::Type(pat) => {
                let type_ref = lowering.type_ref(&pat.ty);
                lowering.bind_part(&pat.pat, subject, type_ref, binding);
            }
            Pat::Reference(pat) => lowering.bind_part(&pat.pat, subject, type_ref, binding),
            Pat::Paren(pat) => lowering.bind_part(&pat.pat, subject, type_ref, binding),
            Pat::Guard(pat) => lowering.bind_part(&pat.pat, subject, type_ref, binding),
            Pat::Or(or) => {
                let outer = binding.again;
                for case in &or.cases {
                    lowering.bind_part(case, subject, type_ref, binding);
                    binding.again = true;
                }
                binding.again = outer;
            }
            _ => lowering.each_part(pat, subject, &mut |lowering, part, value| {
                if binds(part) {
                    let value = value(lowering);
                    lowering.bind_part(part, value, TypeRefId(0), binding);
                }
            }),
        });
    }

    fn bind_name(
        &mut self,
        name: Symbol,
        span: Span,
        subject: ExprId,
        type_ref: TypeRefId,
        binding: &mut Binding<'_>,
    ) {
        let local = if binding.again {
            let Some(local) = self.lookup(name) else {
                return;
            };
            // `A(x) | B(x)` takes the same part of the subject twice.
            let is_same = |&(known, value): &(LocalId, ExprId)| {
                known == local && self.is_same_part(value, subject)
            };
            if binding.bound.iter().any(is_same) {
                return;
            }
            local
        } else {
            self.ir.declare(name, type_ref, LocalKind::Variable, span)
        };
        binding.bound.push((local, subject));
        self.assign_local(local, subject, span);
    }

    /// Declares a variable and gives it its first value.
    pub(super) fn bind_plain(
        &mut self,
        (name, span): (Symbol, Span),
        value: ExprId,
        type_ref: TypeRefId,
    ) {
        let local = self.ir.declare(name, type_ref, LocalKind::Variable, span);
        self.assign_local(local, value, span);
    }

    fn assign_local(&mut self, local: LocalId, value: ExprId, span: Span) {
        let target = self.ir.expr(ExprKind::Local(local), span);
        self.ir.assign(target, value, span);
    }

    fn is_same_part(&self, a: ExprId, b: ExprId) -> bool {
        let ir = self.ir.ir();
        match (ir.kind(a), ir.kind(b)) {
            _ if a == b => true,
            (ExprKind::Unary(UnaryOp::Unwrap, a), ExprKind::Unary(UnaryOp::Unwrap, b)) => {
                self.is_same_part(a, b)
            }
            (ExprKind::Project(a, n), ExprKind::Project(b, m)) => n == m && self.is_same_part(a, b),
            (ExprKind::Field(a, n), ExprKind::Field(b, m)) => n == m && self.is_same_part(a, b),
            _ => false,
        }
    }

    /// Gives every part of a struct, tuple, variant or slice pattern with a maker of its value.
    fn each_part(&mut self, pat: &Pat, subject: ExprId, found: &mut Found<'_>) {
        match pat {
            Pat::TupleStruct(pat) => self.variant_parts(pat, subject, found),
            Pat::Struct(pat) => self.struct_parts(pat, subject, found),
            Pat::Tuple(pat) => self.tuple_parts(pat, subject, found),
            Pat::Slice(pat) => self.slice_parts(pat, subject, found),
            _ => {}
        }
    }

    fn variant_parts(&mut self, pat: &PatTupleStruct, subject: ExprId, found: &mut Found<'_>) {
        let span = self.source.span(pat.paren_token.span.join());
        let mut payload = None;
        let mut steps = Steps::new(Step::Nth);
        for part in &pat.elems {
            let Some(step) = steps.next(part) else {
                continue;
            };
            let is_only = pat.elems.len() == 1;
            found(self, part, &mut |lowering| {
                let payload = *payload.get_or_insert_with(|| {
                    lowering
                        .ir
                        .expr(ExprKind::Unary(UnaryOp::Unwrap, subject), span)
                });
                if is_only {
                    payload
                } else {
                    lowering.part(payload, step, span)
                }
            });
        }
    }

    fn struct_parts(&mut self, pat: &PatStruct, subject: ExprId, found: &mut Found<'_>) {
        let mut payload = None;
        for field in &pat.fields {
            let (name, span) = self.member(&field.member);
            found(self, &field.pat, &mut |lowering| {
                let payload = *payload
                    .get_or_insert_with(|| lowering.struct_payload(&pat.path, subject, span));
                lowering.part(payload, Step::Field(name), span)
            });
        }
    }

    /// `Kind::Variant { x }` has its fields behind the variant, `Point { x }` is the value itself.
    fn struct_payload(&mut self, path: &Path, subject: ExprId, span: Span) -> ExprId {
        let n = path.segments.len();
        let owner = n
            .checked_sub(2)
            .map(|nth| self.source.word(&path.segments[nth].ident));
        let is_variant = owner.is_some_and(|owner| owner.starts_with(char::is_uppercase));
        if is_variant {
            return self
                .ir
                .expr(ExprKind::Unary(UnaryOp::Unwrap, subject), span);
        }
        subject
    }

    fn tuple_parts(&mut self, pat: &PatTuple, subject: ExprId, found: &mut Found<'_>) {
        let span = self.source.span(pat.paren_token.span.join());
        let mut steps = Steps::new(Step::Nth);
        for part in &pat.elems {
            let Some(step) = steps.next(part) else {
                continue;
            };
            found(self, part, &mut |lowering| {
                lowering.part(subject, step, span)
            });
        }
    }

    fn slice_parts(&mut self, pat: &PatSlice, subject: ExprId, found: &mut Found<'_>) {
        let span = self.source.span(pat.bracket_token.span.join());
        let mut steps = Steps::new(Step::At);
        for part in &pat.elems {
            let Some(step) = steps.next(part) else {
                continue;
            };
            found(self, part, &mut |lowering| {
                lowering.part(subject, step, span)
            });
        }
    }

    fn part(&mut self, base: ExprId, step: Step, span: Span) -> ExprId {
        // A part of a tuple or array that is written out is the element itself.
        if let (ExprKind::List(items), Step::Nth(nth) | Step::At(nth)) =
            (self.ir.ir().kind(base), step)
            && let Some(&item) = self.ir.ir().expr_list(items).get(nth)
        {
            return item;
        }
        let kind = match step {
            Step::Nth(nth) => ExprKind::Project(base, nth as u32),
            Step::Field(name) => ExprKind::Field(base, name),
            Step::At(nth) => {
                let index = ExprKind::Number(Symbol::new(&nth.to_string()));
                ExprKind::Index(base, self.ir.expr(index, span))
            }
            Step::Some => ExprKind::Index(base, self.unknown(span)),
        };
        self.ir.expr(kind, span)
    }

    /// `name` or `0` of a field.
    pub(super) fn member(&mut self, member: &Member) -> (Symbol, Span) {
        match member {
            Member::Named(ident) => self.source.ident(ident),
            Member::Unnamed(index) => {
                let name = Symbol::new(&index.index.to_string());
                (name, self.source.span(index.span))
            }
        }
    }

    /// The local of that name that this function can see.
    pub(super) fn lookup(&self, name: Symbol) -> Option<LocalId> {
        let local = self.ir.lookup(name)?;
        (self.ir.ir().local(local).function >= self.floor).then_some(local)
    }

    /// Whether a part can tell values apart; plain names are most parts and cannot.
    fn is_refutable(&self, pat: &Pat) -> bool {
        match pat {
            Pat::Wild(_) | Pat::Rest(_) => false,
            Pat::Ident(_) => self.plain_name(pat).is_none(),
            _ => true,
        }
    }

    /// The only name a pattern binds, when it is just a name.
    pub(super) fn plain_name(&self, pat: &Pat) -> Option<(Symbol, Span)> {
        match pat {
            Pat::Ident(pat) if pat.subpat.is_none() => {
                let (name, span) = self.source.ident(&pat.ident);
                is_binding(pat, self.source.slice(span.start, span.end)).then_some((name, span))
            }
            Pat::Reference(inner) => self.plain_name(&inner.pat),
            _ => None,
        }
    }
}

type Found<'f> =
    dyn FnMut(&mut Lowering<'_>, &Pat, &mut dyn FnMut(&mut Lowering<'_>) -> ExprId) + 'f;

fn binds(pat: &Pat) -> bool {
    !matches!(
        pat,
        Pat::Wild(_) | Pat::Rest(_) | Pat::Lit(_) | Pat::Path(_) | Pat::Range(_)
    )
}

/// What is known while one pattern is bound.
struct Binding<'b> {
    /// In an alternative after the first: the names exist.
    again: bool,
    bound: &'b mut Vec<(LocalId, ExprId)>,
}

/// Counts the parts of a sequence; after `..` they are not counted.
struct Steps {
    nth: usize,
    is_after_rest: bool,
    counted: fn(usize) -> Step,
}

impl Steps {
    fn new(counted: fn(usize) -> Step) -> Self {
        Self {
            nth: 0,
            is_after_rest: false,
            counted,
        }
    }

    /// How to reach `part`; `None` for `..`.
    fn next(&mut self, part: &Pat) -> Option<Step> {
        let is_named_rest = match part {
            Pat::Rest(_) => {
                self.is_after_rest = true;
                return None;
            }
            Pat::Ident(pat) => {
                matches!(&pat.subpat, Some((_, inner)) if matches!(**inner, Pat::Rest(_)))
            }
            _ => false,
        };
        self.is_after_rest |= is_named_rest;
        let step = if self.is_after_rest {
            Step::Some
        } else {
            (self.counted)(self.nth)
        };
        self.nth += 1;
        Some(step)
    }
}
