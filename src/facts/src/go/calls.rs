//! Calls, and what looks like a call: conversions, `make`, `new`.

use betwixt_base::Span;
use smallvec::SmallVec;

use super::file::Lowering;
use super::tree::{Kind, NodeIdx, Token};
use crate::ir::{CallForm, CallMode, ExprId, ExprKind, TypeRefId};

/// Types of the standard library that values are converted to by name.
const STANDARD_CONVERSIONS: &[(&str, &[&str])] = &[
    ("encoding/json", &["Number", "RawMessage"]),
    (
        "html/template",
        &["CSS", "HTML", "HTMLAttr", "JS", "JSStr", "URL"],
    ),
    ("io/fs", &["FileMode"]),
    ("log/slog", &["Level"]),
    ("net", &["HardwareAddr", "IP", "IPMask"]),
    (
        "net/http",
        &["ConnState", "Dir", "HandlerFunc", "Header", "SameSite"],
    ),
    ("net/url", &["Values"]),
    ("os", &["FileMode"]),
    ("sort", &["Float64Slice", "IntSlice", "StringSlice"]),
    ("syscall", &["Signal"]),
    ("time", &["Duration", "Month", "Weekday"]),
    ("unsafe", &["Pointer"]),
];

impl<'t> Lowering<'t> {
    pub(super) fn call(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let span = tree.span(idx);
        let Some(callee) = tree.first(idx) else {
            return self.builder.expr(ExprKind::Unknown, span);
        };
        let Some(args) = tree.child(idx, Kind::ArgumentList) else {
            self.for_effects(callee);
            return self.builder.expr(ExprKind::Unknown, span);
        };
        let callee = self.without_wrappers(callee, &[Kind::ParenthesizedExpression]);
        match tree.kind(callee) {
            Kind::Identifier => {
                let name = self.str(callee);
                if matches!(name, "make" | "new") && self.local(name).is_none() {
                    return self.allocation(idx, callee, args);
                }
                if self.is_type_name(name)
                    && let Some(value) = self.only_argument(args)
                {
                    return self.conversion(idx, callee, value);
                }
            }
            Kind::SelectorExpression => {
                if let Some(text) = self.formatted_text(callee, args, span) {
                    return text;
                }
                if self.is_standard_conversion(callee)
                    && let Some(value) = self.only_argument(args)
                {
                    return self.conversion(idx, callee, value);
                }
            }
            Kind::UnaryExpression if self.is_pointer_type(callee) => {
                if let Some(value) = self.only_argument(args) {
                    return self.conversion(idx, callee, value);
                }
            }
            _ => {}
        }
        self.plain_call(idx, callee, args)
    }

    /// `[]byte(x)`. The grammar also reads `handlers[topic](m)` and `Parse[T](s)` as conversions to a generic type.
    pub(super) fn type_conversion(&mut self, idx: NodeIdx) -> ExprId {
        let tree = self.tree;
        let written = tree
            .first(idx)
            .filter(|&written| tree.kind(written) == Kind::GenericType);
        let Some((callee, list)) = written.and_then(|written| {
            let callee = tree.first(written)?;
            Some((callee, tree.child(written, Kind::TypeArguments)?))
        }) else {
            return self.cast(idx, false);
        };
        if self.is_type_name(self.str(callee)) {
            return self.cast(idx, false);
        }
        let target = self.expr(callee);
        let (target, type_args) = self.instantiate(callee, target, list);
        let args: SmallVec<[ExprId; 2]> = tree
            .children(idx)
            .skip(1)
            .map(|arg| self.expr(arg))
            .collect();
        self.builder.call_with_types(
            target,
            &args,
            &type_args,
            CallMode::Plain,
            CallForm::Function,
            tree.span(idx),
        )
    }

    /// `f[x]` before an argument list: an element of `f`, or `f` with its type arguments.
    fn instantiate(
        &mut self,
        callee: NodeIdx,
        target: ExprId,
        list: NodeIdx,
    ) -> (ExprId, Vec<TypeRefId>) {
        match self.index_in_type_arguments(callee, target, list) {
            Some(index) => {
                let index = self.expr(index);
                let span = Span::new(self.tree.node(callee).start, self.tree.node(list).end);
                (
                    self.builder.expr(ExprKind::Index(target, index), span),
                    Vec::new(),
                )
            }
            None => (target, self.type_arguments(list)),
        }
    }

    fn plain_call(&mut self, idx: NodeIdx, callee: NodeIdx, args: NodeIdx) -> ExprId {
        let tree = self.tree;
        let span = tree.span(idx);
        let mut type_args: SmallVec<[TypeRefId; 2]> = SmallVec::new();
        let mut target = self.expr(callee);
        if tree.kind(callee) == Kind::TypeInstantiationExpression {
            for written in tree.children(callee).skip(1) {
                type_args.push(self.type_ref(written));
            }
        }
        if let Some(list) = tree.child(idx, Kind::TypeArguments) {
            let (instance, written) = self.instantiate(callee, target, list);
            target = instance;
            type_args.extend(written);
        }
        let mut values: SmallVec<[ExprId; 8]> = SmallVec::new();
        for arg in tree.children(args) {
            values.push(self.expr(arg));
        }
        self.builder.call_with_types(
            target,
            &values,
            &type_args,
            CallMode::Plain,
            CallForm::Function,
            span,
        )
    }

    /// What stands inside nodes of these kinds, however deep.
    fn without_wrappers(&self, mut idx: NodeIdx, wrappers: &[Kind]) -> NodeIdx {
        while wrappers.contains(&self.tree.kind(idx))
            && let Some(inner) = self.tree.first(idx)
        {
            idx = inner;
        }
        idx
    }

    fn only_argument(&self, args: NodeIdx) -> Option<NodeIdx> {
        let mut children = self.tree.children(args);
        let only = children.next()?;
        (children.next().is_none() && self.tree.kind(only) != Kind::VariadicArgument)
            .then_some(only)
    }

    fn conversion(&mut self, idx: NodeIdx, written: NodeIdx, value: NodeIdx) -> ExprId {
        let value = self.expr(value);
        let type_ref = self.type_ref(written);
        self.builder
            .expr(ExprKind::Cast(type_ref, value), self.tree.span(idx))
    }

    fn is_standard_conversion(&self, callee: NodeIdx) -> bool {
        let Some((package, name)) = self.str(callee).split_once('.') else {
            return false;
        };
        let Some(&path) = self.packages.get(package) else {
            return false;
        };
        STANDARD_CONVERSIONS
            .iter()
            .any(|&(known, names)| known == path && names.contains(&name))
            && self.is_package(package, path)
    }

    /// `(*T)(x)`: a conversion unless `T` is a variable.
    fn is_pointer_type(&self, callee: NodeIdx) -> bool {
        let mut at = callee;
        while self.tree.kind(at) == Kind::UnaryExpression {
            match self.tree.first(at) {
                Some(inner) if self.tree.node(at).token == Token::Star => at = inner,
                _ => return false,
            }
        }
        if self.tree.kind(at) == Kind::IndexExpression {
            at = self.tree.first(at).unwrap_or(at);
        }
        let text = self.str(at);
        let first = text.split('.').next().unwrap_or(text);
        matches!(
            self.tree.kind(at),
            Kind::Identifier | Kind::SelectorExpression
        ) && self.local(first).is_none()
    }

    /// `make([]T, n)` and `new(T)`: the type is a type argument. Since Go 1.26 `new` also takes a value.
    fn allocation(&mut self, idx: NodeIdx, callee: NodeIdx, args: NodeIdx) -> ExprId {
        let tree = self.tree;
        let target = self.expr(callee);
        let mut type_args: SmallVec<[TypeRefId; 1]> = SmallVec::new();
        let mut values: SmallVec<[ExprId; 4]> = SmallVec::new();
        for (nth, arg) in tree.children(args).enumerate() {
            if nth == 0 && !self.is_value(arg) {
                type_args.push(self.type_ref(arg));
            } else {
                values.push(self.expr(arg));
            }
        }
        let span = tree.span(idx);
        self.builder.call_with_types(
            target,
            &values,
            &type_args,
            CallMode::Plain,
            CallForm::Function,
            span,
        )
    }

    /// Whether what the grammar takes for a type is a variable, or an expression.
    pub(super) fn is_value(&self, idx: NodeIdx) -> bool {
        let idx = self.without_wrappers(
            idx,
            &[Kind::TypeElem, Kind::PointerType, Kind::ParenthesizedType],
        );
        match self.tree.kind(idx) {
            Kind::TypeIdentifier => self.is_variable(self.str(idx)),
            Kind::QualifiedType => {
                let (first, name) = self.str(idx).split_once('.').unwrap_or_default();
                let is_exported = name.chars().next().is_some_and(char::is_uppercase);
                !is_exported || self.is_variable(first)
            }
            Kind::Error => true,
            Kind::TypeInstantiationExpression => false,
            kind => super::statements::is_expression(kind),
        }
    }

    fn is_variable(&self, name: &'t str) -> bool {
        let symbol = self.intern(name);
        self.builder.lookup(symbol).is_some() || self.global_types.contains_key(&symbol)
    }

    /// The grammar reads `handlers[topic](m)` as a generic call. It is an index when the callee or what stands in
    /// the brackets is no type but a variable, or when the callee is a field: methods have no type parameters.
    fn index_in_type_arguments(
        &self,
        callee: NodeIdx,
        target: ExprId,
        list: NodeIdx,
    ) -> Option<NodeIdx> {
        let mut children = self.tree.children(list);
        let only = children.next().filter(|_| children.next().is_none())?;
        let ir = self.builder.ir();
        let is_table = match ir.kind(target) {
            ExprKind::Name(name) => self.global_types.contains_key(&name),
            ExprKind::Field(base, _) => match ir.kind(base) {
                ExprKind::Name(package) => !self.packages.contains_key(package.as_str()),
                _ => true,
            },
            _ => true,
        };
        let is_bare = matches!(
            self.tree.kind(callee),
            Kind::Identifier | Kind::TypeIdentifier
        );
        let is_generic = is_bare && self.function_names.contains(self.str(callee));
        (self.is_value(only) || is_table && !is_generic && !self.is_type(only)).then_some(only)
    }

    /// Whether a type argument can be nothing but a type.
    fn is_type(&self, idx: NodeIdx) -> bool {
        let idx = self.without_wrappers(idx, &[Kind::TypeElem, Kind::ParenthesizedType]);
        match self.tree.kind(idx) {
            Kind::TypeIdentifier => self.is_type_name(self.str(idx)),
            Kind::QualifiedType | Kind::GenericType => false,
            kind => !super::statements::is_expression(kind),
        }
    }
}
