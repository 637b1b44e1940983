//! Calls: functions, constructors, tagged templates, and the names their callbacks get.

use betwixt_base::{Span, Symbol};
use smallvec::SmallVec;

use super::kinds::{Field, Kind};
use super::lowering::Lowering;
use super::nodes::NodeId;
use crate::ir::{CallForm, CallMode, ExprId, ExprKind, TypeRefId, UnaryOp};

/// A few values in order.
pub(super) type Values = SmallVec<[ExprId; 8]>;

/// Longer first arguments are no part of names.
const MAX_ROUTE: usize = 80;

/// Chains longer than this give their callbacks no longer names.
const MAX_HEAD: u32 = 16;

impl Lowering<'_> {
    /// A name followed by `.x`, `[i]`, `!` and `(…)` in any number.
    ///
    /// The grammar reads `await f<T>(x).y` as `(await f)<T>(x).y`. A prefix can only stand before the whole chain,
    /// so one that is found at its start is set aside and applied at its end.
    pub(super) fn chain(&mut self, at: NodeId) -> ExprId {
        let mark = self.prefixes.len();
        let mut value = self.link(at);
        let end = self.span(at).end;
        while self.prefixes.len() > mark
            && let Some((op, start)) = self.prefixes.pop()
        {
            value = self.prefixed(op, value, Span::new(start, end));
        }
        value
    }

    fn link(&mut self, at: NodeId) -> ExprId {
        let span = self.span(at);
        match self.kind(at) {
            Kind::CallExpression => self.call(at),
            Kind::MemberExpression => {
                let object = self.base(at, Field::Object);
                let name = self.names.symbol(self.property(at));
                self.new_expr(ExprKind::Field(object, name), span)
            }
            Kind::SubscriptExpression => {
                let object = self.base(at, Field::Object);
                let index = self.operand(at, Field::Index);
                self.new_expr(ExprKind::Index(object, index), span)
            }
            _ => {
                let operand = match self.nodes.first(at) {
                    Some(operand) => self.base_of(operand),
                    None => self.new_expr(ExprKind::Unknown, span),
                };
                self.new_expr(ExprKind::Unary(UnaryOp::Unwrap, operand), span)
            }
        }
    }

    /// Where the name after the last dot of a member expression is.
    pub(super) fn property(&self, at: NodeId) -> Span {
        if let Some(name) = self.field(at, Field::Property) {
            return self.span(name);
        }
        let span = self.span(at);
        let is_name = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'\\' | 0x80..)
        };
        let text = self.text_in(span).as_bytes();
        let length = text.iter().rev().take_while(|byte| is_name(byte)).count();
        Span::new(span.end - length as u32, span.end)
    }

    fn base(&mut self, at: NodeId, field: Field) -> ExprId {
        match self.field(at, field) {
            Some(base) => self.base_of(base),
            None => self.new_expr(ExprKind::Unknown, self.span(at)),
        }
    }

    fn base_of(&mut self, base: NodeId) -> ExprId {
        let mut base = base;
        loop {
            let op = match self.kind(base) {
                Kind::AwaitExpression => UnaryOp::Await,
                Kind::UnaryExpression => self.unary_op(base),
                _ => break,
            };
            let Some(operand) = self.nodes.first(base) else {
                break;
            };
            self.prefixes.push((op, self.span(base).start));
            base = operand;
        }
        match self.kind(base) {
            Kind::CallExpression
            | Kind::MemberExpression
            | Kind::SubscriptExpression
            | Kind::NonNullExpression => match self.deeper(base, |lowering| lowering.link(base)) {
                Some(value) => value,
                None => self.new_expr(ExprKind::Unknown, self.span(base)),
            },
            _ => self.expr(base),
        }
    }

    /// `f(x)` and ``tag`text` ``.
    fn call(&mut self, at: NodeId) -> ExprId {
        let callee = self.base(at, Field::Function);
        let types = self.type_arguments(at);
        let Some(list) = self.field(at, Field::Arguments) else {
            return self.new_call_of(callee, &[], &types, CallForm::Function, at);
        };
        if self.kind(list) == Kind::TemplateString {
            let text = self.template(list);
            let types = self.template_type_arguments(at, list);
            return self.new_call_of(callee, &[text], &types, CallForm::Tagged, at);
        }
        let args = self.arguments_of(at, list);
        self.new_call_of(callee, &args, &types, CallForm::Function, at)
    }

    /// `new T(x)`.
    pub(super) fn new_call(&mut self, at: NodeId) -> ExprId {
        let Some(constructor) = self.field(at, Field::Constructor) else {
            return self.unknown(at);
        };
        let callee = self.expr(constructor);
        let types = self.type_arguments(at);
        let list = self.field(at, Field::Arguments);
        let args = list.map_or_else(Values::new, |list| self.arguments_of(at, list));
        self.new_call_of(callee, &args, &types, CallForm::New, at)
    }

    fn new_call_of(
        &mut self,
        callee: ExprId,
        args: &[ExprId],
        types: &[TypeRefId],
        form: CallForm,
        at: NodeId,
    ) -> ExprId {
        let span = self.span(at);
        self.b
            .call_with_types(callee, args, types, CallMode::Plain, form, span)
    }

    fn type_arguments(&mut self, at: NodeId) -> Vec<TypeRefId> {
        let list = self.field(at, Field::TypeArguments);
        list.map_or_else(Vec::new, |list| self.types_of(list))
    }

    /// The types in ``tag<T>`…` ``, which the grammar does not know and were put aside.
    fn template_type_arguments(&mut self, call: NodeId, template: NodeId) -> Vec<TypeRefId> {
        let gap = Span::new(self.span(call).start, self.span(template).start);
        let written = self.type_arguments;
        let next = written.partition_point(|written| written.span.end <= gap.end);
        match next.checked_sub(1).and_then(|last| written.get(last)) {
            Some(last) if gap.contains(last.span) => self.types_put_aside(last),
            _ => Vec::new(),
        }
    }

    /// The arguments, with what their functions are called while they are lowered.
    ///
    /// Inside functions an argument is bound to nothing. Where the module sets things up, it belongs to what the
    /// result is bound to (`routes.update` in `const routes = router({update: procedure.mutation(() => …)})`) or
    /// to the call (`app.get /users`).
    fn arguments_of(&mut self, call: NodeId, list: NodeId) -> Values {
        if !self.is_in_module() && self.prefix.is_none() {
            let path = std::mem::take(&mut self.path);
            let args = self.arguments(list);
            self.path = path;
            return args;
        }
        if self.path.is_empty()
            && let Some(head) = self.call_head(call, 0)
        {
            return self.named(Symbol::new(&head), |lowering| lowering.arguments(list));
        }
        self.arguments(list)
    }

    /// The values of a list of arguments.
    pub(super) fn arguments(&mut self, list: NodeId) -> Values {
        self.nodes
            .children(list)
            .map(|argument| self.expr(argument))
            .collect()
    }

    /// `router.post /x` for `router.post("/x", …)`.
    fn call_head(&self, call: NodeId, depth: u32) -> Option<String> {
        let function = self
            .field(call, Field::Function)
            .or(self.field(call, Field::Constructor))?;
        let mut head = self.head_of(function, depth)?;
        let list = self.field(call, Field::Arguments)?;
        let first = self
            .nodes
            .first(list)
            .filter(|&first| self.kind(first) == Kind::String);
        if let Some(first) = first.filter(|&first| self.text_of(first).len() <= MAX_ROUTE) {
            head.push(' ');
            head.push_str(self.string_text(first).as_str());
        }
        Some(head)
    }

    fn head_of(&self, at: NodeId, depth: u32) -> Option<String> {
        if depth > MAX_HEAD {
            return None;
        }
        match self.kind(at) {
            Kind::Identifier => Some(self.text_of(at).to_owned()),
            Kind::MemberExpression => {
                let mut head = self.head_of(self.field(at, Field::Object)?, depth + 1)?;
                head.push('.');
                head.push_str(self.text_in(self.property(at)));
                Some(head)
            }
            Kind::CallExpression | Kind::NewExpression => self.call_head(at, depth + 1),
            _ => None,
        }
    }

    /// The text of a name or of names joined by dots.
    pub(super) fn dotted(&self, at: NodeId) -> Option<String> {
        let mut names = Vec::new();
        let mut rest = at;
        while self.kind(rest) == Kind::MemberExpression {
            names.push(self.text_in(self.property(rest)));
            rest = self.field(rest, Field::Object)?;
        }
        if !matches!(self.kind(rest), Kind::Identifier | Kind::This) {
            return None;
        }
        names.push(self.text_of(rest));
        names.reverse();
        Some(names.join("."))
    }
}
