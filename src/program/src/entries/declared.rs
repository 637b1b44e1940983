//! Entries known by what they are: signature, attribute, file and name, type.

use betwixt_base::{FileId, Language, Symbol};
use betwixt_facts::ir::{CallId, ExprKind, FunctionIdx, StmtKind, TypeRef, TypeRefId};
use betwixt_facts::{Attribute, Function};
use betwixt_rules::model::{EntryModel, Model, type_matches};

use super::find::Finder;
use super::glob::glob;
use crate::events::matching::{Target, dotted_name, last_name, matches_call, path_owner};
use crate::ids::{CallSite, ExprRef};
use crate::resolve::Resolver;

impl Finder<'_> {
    /// Functions that are entries by what they are: signature, attribute, file and name, type.
    pub(super) fn declarations(&mut self, file: FileId, model: &Model, entry: &EntryModel) {
        let facts = self.resolver.code.facts(file);
        let path = &self.workspace.file(file).path;
        if !entry.files.is_empty() && !entry.files.iter().any(|pattern| glob(pattern, path)) {
            return;
        }
        self.passed_on(file, model, entry);
        let file_says = self.has_directive(file, FunctionIdx(0), &entry.directives);
        let callers = self.callers_of(file, model, entry);
        for (index, function) in facts.functions.iter().enumerate().skip(1) {
            if !function.flags.has_body || function.flags.is_test {
                continue;
            }
            let idx = FunctionIdx(index as u32);
            // A file's `use server` speaks of what the file exports.
            let is_meant = entry.directives.is_empty()
                || self.has_directive(file, idx, &entry.directives)
                || (file_says && self.is_exported(file, function));
            let calls = entry.calling.is_empty() || callers.contains(&idx);
            if is_meant && calls && self.fits(file, function, entry) {
                let id = self.resolver.code.function_id(file, idx);
                let name = self
                    .attribute_name(file, function, entry)
                    .or_else(|| self.told_beside(file, function, entry));
                self.add(id, entry, model, name, None);
                match entry.entry.as_str() {
                    "http" | "webhook" => self.declare(id, model, entry),
                    "middleware" if entry.applies.as_deref() == Some("service") => {
                        self.service_file(id, Symbol::new(&model.library));
                    }
                    _ => {}
                }
            }
        }
    }

    /// `export const POST = handler` of a handler that stands in another file.
    fn passed_on(&mut self, file: FileId, model: &Model, entry: &EntryModel) {
        if entry.files.is_empty() || entry.exports.is_empty() || entry.entry != "http" {
            return;
        }
        let facts = self.resolver.code.facts(file);
        for export in &facts.exports {
            if !entry.exports.iter().any(|name| *name == export.exported) {
                continue;
            }
            let of_name = facts
                .globals
                .iter()
                .find(|global| global.name == export.local);
            let value = export.value.or(of_name.and_then(|global| global.init));
            let Some(expr) = value else { continue };
            for answer in self.answers(ExprRef { file, expr }, 0) {
                if self.resolver.code.file_of(answer.function) != file {
                    self.add(answer.function, entry, model, None, None);
                    self.declare_passed(file, export.exported, answer, model, entry);
                }
            }
        }
    }

    /// Functions whose own body makes one of the calls an entry is known by.
    pub(super) fn callers_of(
        &self,
        file: FileId,
        model: &Model,
        entry: &EntryModel,
    ) -> Vec<FunctionIdx> {
        let ir = self.resolver.code.ir(file);
        let makes = |call: CallId| {
            let callee = ir.call(call).callee;
            let last = last_name(ir, callee)?;
            let is_named = |known: &String| known.rsplit('.').next() == Some(last.as_str());
            if !entry.calling.iter().any(is_named) {
                return None;
            }
            let target = Target {
                callee: self.graph.callee(CallSite { file, call }),
                dotted: &dotted_name(ir, callee),
                path_owner: path_owner(ir, callee),
                is_imported: true,
            };
            let (types, known) = (&entry.types, entry.known_receiver);
            matches_call(self.resolver, model, types, known, &entry.calling, &target)
                .then_some(ir.call(call).function)
        };
        if entry.calling.is_empty() {
            return Vec::new();
        }
        (0..ir.calls.len() as u32)
            .map(CallId)
            .filter_map(makes)
            .collect()
    }

    pub(super) fn is_exported(&self, file: FileId, function: &Function) -> bool {
        let exports = &self.resolver.code.facts(file).exports;
        function.flags.is_exported
            || exports
                .iter()
                .any(|export| self.is_exported_value(file, function, export))
    }

    pub(super) fn fits(&self, file: FileId, function: &Function, entry: &EntryModel) -> bool {
        // A method that no other package can name answers no protocol.
        let is_go = self.resolver.code.facts(file).language == Language::Go;
        if is_go
            && entry.entry == "rpc"
            && function.receiver_type.is_some()
            && !function.flags.is_exported
        {
            return false;
        }
        let mut says_something =
            !entry.files.is_empty() || !entry.directives.is_empty() || !entry.calling.is_empty();
        if !entry.attributes.is_empty() {
            says_something = true;
            if !has_attribute(&function.attributes, &entry.attributes) {
                return false;
            }
        }
        if !entry.params.is_empty() || !entry.results.is_empty() {
            says_something = true;
            if !self.signature_fits(file, function, entry) {
                return false;
            }
        }
        if !entry.exports.is_empty() {
            says_something = true;
            let exports = &self.resolver.code.facts(file).exports;
            let is_exported = exports.iter().any(|export| {
                entry.exports.iter().any(|name| *name == export.exported)
                    && self.is_exported_value(file, function, export)
            });
            if !is_exported {
                return false;
            }
        }
        if !entry.implements.is_empty() || !entry.type_attributes.is_empty() {
            says_something = true;
            if !self.type_fits(file, function, entry) {
                return false;
            }
        }
        if !entry.beside.is_empty() {
            says_something = true;
            if self.told_beside(file, function, entry).is_none() {
                return false;
            }
        }
        if !entry.receivers.is_empty() {
            says_something = true;
            let is_one = |receiver: Symbol| {
                let receiver = receiver.as_str();
                entry
                    .receivers
                    .iter()
                    .any(|known| type_matches(known, receiver))
            };
            if !function.receiver_type.is_some_and(is_one) {
                return false;
            }
        }
        if !entry.methods.is_empty() {
            says_something = true;
            if !entry.methods.iter().any(|name| *name == function.name) {
                return false;
            }
        }
        if !entry.within.is_empty() {
            says_something = true;
            let display = function.display.as_str();
            if !function.flags.is_closure && function.receiver_type.is_some() {
                return false;
            }
            if !display
                .split('.')
                .rev()
                .skip(1)
                .any(|part| entry.within.iter().any(|key| key == part))
            {
                return false;
            }
        }
        says_something
    }

    pub(super) fn is_exported_value(
        &self,
        file: FileId,
        function: &Function,
        export: &betwixt_facts::Export,
    ) -> bool {
        if export.local == function.name && function.parent.is_none_or(|parent| parent.0 == 0) {
            return true;
        }
        let code = self.resolver.code;
        let ir = code.ir(file);
        let from_value = |expr| match ir.kind(expr) {
            ExprKind::Closure(idx) => {
                std::ptr::eq(&raw const code.facts(file).functions[idx.index()], function)
            }
            ExprKind::Call(_) => {
                let answers = self.answers(ExprRef { file, expr }, 0);
                answers
                    .iter()
                    .any(|answer| std::ptr::eq(code.function(answer.function), function))
            }
            ExprKind::Name(name) => name == function.name && !function.flags.is_closure,
            _ => false,
        };
        let global = code
            .facts(file)
            .globals
            .iter()
            .find(|global| global.name == export.local);
        export.value.is_some_and(from_value)
            || global
                .and_then(|global| global.init)
                .is_some_and(from_value)
    }

    pub(super) fn signature_fits(
        &self,
        file: FileId,
        function: &Function,
        entry: &EntryModel,
    ) -> bool {
        let ir = self.resolver.code.ir(file);
        if function.params.len() < entry.params.len()
            || function.results.len() < entry.results.len()
        {
            return false;
        }
        let params = entry.params.iter().zip(&function.params);
        let results = entry.results.iter().zip(&function.results);
        params.into_iter().all(|(pattern, &local)| {
            pattern == "_" || self.type_text_matches(file, pattern, ir.local(local).type_ref)
        }) && results.into_iter().all(|(pattern, &written)| {
            pattern == "_" || self.type_text_matches(file, pattern, written)
        })
    }

    pub(super) fn type_text_matches(
        &self,
        file: FileId,
        pattern: &str,
        written: TypeRefId,
    ) -> bool {
        let Some(text) = type_text(self.resolver, file, written, 0) else {
            return false;
        };
        type_matches(pattern, &text)
    }

    pub(super) fn type_fits(&self, file: FileId, function: &Function, entry: &EntryModel) -> bool {
        let Some(receiver) = function.receiver_type else {
            return false;
        };
        let facts = self.resolver.code.facts(file);
        let def = facts.types.iter().find(|def| def.name == receiver);
        if !entry.implements.is_empty() {
            let by_trait = function
                .implements
                .is_some_and(|name| entry.implements.iter().any(|known| *known == name));
            let by_base = def.is_some_and(|def| {
                def.bases.iter().any(|&base| {
                    entry
                        .implements
                        .iter()
                        .any(|known| self.type_text_matches(file, known, base))
                })
            });
            if !by_trait && !by_base {
                return false;
            }
        }
        entry.type_attributes.is_empty()
            || def.is_some_and(|def| has_attribute(&def.attributes, &entry.type_attributes))
            || has_attribute(&function.attributes, &entry.type_attributes)
    }

    /// What the methods beside a function answer: `GET /users` of `Method()` and `Path()`.
    fn told_beside(&self, file: FileId, function: &Function, entry: &EntryModel) -> Option<String> {
        let facts = self.resolver.code.facts(file);
        let ir = &facts.ir;
        let receiver = function.receiver_type?;
        let texts = entry.beside.iter().map(|name| {
            let is_meant =
                |other: &&Function| other.receiver_type == Some(receiver) && *name == other.name;
            let other = facts.functions.iter().find(is_meant)?;
            let &[only] = ir.block(other.body) else {
                return None;
            };
            let StmtKind::Return(values) = ir.stmt(only).kind else {
                return None;
            };
            match ir.kind(*ir.expr_list(values).first()?) {
                ExprKind::Str(text) => Some(text.to_string()),
                // `http.MethodPost`.
                ExprKind::Field(_, name) => {
                    let verb = name.as_str().strip_prefix("Method")?;
                    Some(verb.to_ascii_uppercase())
                }
                _ => None,
            }
        });
        let texts: Vec<String> = texts.collect::<Option<_>>()?;
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    pub(super) fn has_directive(
        &self,
        file: FileId,
        idx: FunctionIdx,
        directives: &[String],
    ) -> bool {
        if directives.is_empty() {
            return true;
        }
        let facts = self.resolver.code.facts(file);
        let ir = &facts.ir;
        let first = ir.block(facts.functions[idx.index()].body).first();
        first.is_some_and(|&stmt| match ir.stmt(stmt).kind {
            StmtKind::Expr(expr) => matches!(ir.kind(expr), ExprKind::Str(text) if directives.iter().any(|d| *d == text)),
            _ => false,
        })
    }

    pub(super) fn attribute_name(
        &self,
        file: FileId,
        function: &Function,
        entry: &EntryModel,
    ) -> Option<String> {
        entry.name.as_ref()?;
        let attribute = function.attributes.iter().find(|attribute| {
            entry
                .attributes
                .iter()
                .any(|known| attribute_is(attribute, known))
        })?;
        let ir = self.resolver.code.ir(file);
        let first = *ir.expr_list(attribute.args).first()?;
        let path = match ir.kind(first) {
            // `#[endpoint { method = GET, path = "/orders" }]`
            ExprKind::Struct(_, entries) => {
                let entries = ir.entry_list(entries);
                entries.iter().find(|entry| entry.name == "path")?.value
            }
            _ => first,
        };
        match ir.kind(path) {
            ExprKind::Str(text) => Some(text.to_string()),
            _ => None,
        }
    }
}

pub(super) fn has_attribute(attributes: &[Attribute], wanted: &[String]) -> bool {
    attributes
        .iter()
        .any(|attribute| wanted.iter().any(|known| attribute_is(attribute, known)))
}

pub(super) fn attribute_is(attribute: &Attribute, known: &str) -> bool {
    let name = attribute.name.as_str();
    name == known
        || name.rsplit("::").next() == Some(known)
        || name.rsplit('.').next() == Some(known)
}

/// A written type as text: `pb.CreateRequest`, `http.ResponseWriter`, `Job`.
pub(super) fn type_text(
    resolver: &Resolver<'_>,
    file: FileId,
    written: TypeRefId,
    depth: u32,
) -> Option<String> {
    if depth > 6 {
        return None;
    }
    match resolver.code.ir(file).type_ref(written) {
        TypeRef::Named {
            qualifier,
            name,
            args,
        } => {
            if matches!(
                name.as_str(),
                "Arc" | "Box" | "Promise" | "Result" | "Option"
            ) && let Some(&first) = args.first()
            {
                return type_text(resolver, file, first, depth + 1);
            }
            Some(match qualifier {
                Some(qualifier) => {
                    let separator = if resolver.names.is_rust(file) {
                        "::"
                    } else {
                        "."
                    };
                    format!("{qualifier}{separator}{name}")
                }
                None => name.to_string(),
            })
        }
        TypeRef::Pointer(inner) | TypeRef::Slice(inner) => {
            type_text(resolver, file, *inner, depth + 1)
        }
        _ => None,
    }
}
