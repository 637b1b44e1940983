//! Which table a mapper call is about.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir, TypeRef, UnaryOp};
use betwixt_rules::model::StatementModel;

use super::super::chain::peel;
use super::{Chain, Reader};
use crate::flow::text::text;
use crate::ids::ExprRef;
use crate::names::Def;
use crate::schema::TableId;
use crate::types::Type;

/// A table as code names it, and as the schema does.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableName {
    pub(super) name: Symbol,
    pub(super) id: TableId,
}

impl Reader<'_> {
    /// The table of a statement, looked for where the model says.
    pub(super) fn table(
        &self,
        statement: &StatementModel,
        chain: &Chain,
        verb: CallId,
    ) -> Option<TableName> {
        std::iter::once(&statement.table)
            .chain(&statement.or_table)
            .find_map(|place| self.table_at(place, statement, chain, verb))
    }

    fn table_at(
        &self,
        place: &str,
        statement: &StatementModel,
        chain: &Chain,
        verb: CallId,
    ) -> Option<TableName> {
        let ir = self.resolver.code.ir(self.file);
        let args = ir.expr_list(ir.call(verb).args);
        match place {
            "accessor" => self.accessor(verb),
            "argument" => {
                let named = chain.links.iter().filter(|link| {
                    statement
                        .table_calls
                        .iter()
                        .any(|known| known == super::spelled(link))
                });
                let by_call =
                    named.filter_map(|link| ir.expr_list(ir.call(link.call).args).first().copied());
                let by_role = statement.verbs.keys().filter_map(|verb_name| {
                    let roles = statement.arguments.get(verb_name)?;
                    let position = roles
                        .iter()
                        .position(|role| role == "table" || role == "target")?;
                    let link = chain.links.iter().find(|link| *verb_name == link.name)?;
                    ir.expr_list(ir.call(link.call).args).get(position).copied()
                });
                // A builder known by its shape alone takes tables, not their names: `search.delete("page")` is none.
                let is_table = |&expr: &ExprId| {
                    !(statement.by_shape && matches!(ir.kind(expr), ExprKind::Str(_)))
                };
                by_call
                    .chain(by_role)
                    .filter(is_table)
                    .find_map(|expr| self.of_value(expr, 0))
            }
            "receiver" => {
                let root = chain.root?;
                self.of_value(root.expr, 0).or_else(|| {
                    let ExprKind::Field(base, _) = ir.kind(ir.call(verb).callee) else {
                        return None;
                    };
                    self.of_value(base, 0)
                })
            }
            "receiver-type" => {
                let root = chain.root?;
                self.of_type_argument(root)
            }
            "type" => {
                let by_call = chain.links.iter().find_map(|link| {
                    let call = ir.call(link.call);
                    ir.type_list(call.type_args).iter().find_map(|&written| {
                        self.of_type(self.resolver.written(self.file, written))
                    })
                });
                by_call.or_else(|| {
                    let targets = chain
                        .links
                        .iter()
                        .flat_map(|link| ir.expr_list(ir.call(link.call).args).first().copied());
                    let mut targets: Vec<ExprId> = targets.collect();
                    targets.extend(args.first().copied());
                    targets
                        .into_iter()
                        .find_map(|expr| self.of_value_type(expr))
                })
            }
            "root-type" => self.root_type(chain, verb),
            "key" => {
                let &options = args.first()?;
                let at = ExprRef {
                    file: self.file,
                    expr: options,
                };
                statement.table_calls.iter().find_map(|key| {
                    let found = super::super::select::field(self.resolver, at, Symbol::new(key), 0);
                    found.first().and_then(|value| self.of_value(value.expr, 0))
                })
            }
            _ => None,
        }
    }

    /// `x.user.findMany`: the field before the verb, or before the first call of the chain.
    fn accessor(&self, verb: CallId) -> Option<TableName> {
        let ir = self.resolver.code.ir(self.file);
        let ExprKind::Field(base, _) = ir.kind(ir.call(verb).callee) else {
            return None;
        };
        match ir.kind(peel(ir, base)) {
            ExprKind::Field(owner, name) if !is_web_object(ir, owner) => self.named(name),
            _ => None,
        }
    }

    /// `user::Entity::find()`, `Entity::find()`, `User::find()`.
    fn root_type(&self, chain: &Chain, verb: CallId) -> Option<TableName> {
        let ir = self.resolver.code.ir(self.file);
        let first = chain.links.first().map_or(verb, |link| link.call);
        let ExprKind::Name(path) = ir.kind(ir.call(first).callee) else {
            return chain
                .root
                .and_then(|root| self.of_type(self.resolver.type_of(root)));
        };
        let segments: Vec<&str> = path.as_str().split("::").collect();
        let owner = segments.len().checked_sub(2).map(|at| segments[at])?;
        let is_part = matches!(owner, "Entity" | "ActiveModel" | "Model" | "Column");
        let before = segments.len().checked_sub(3).map(|at| segments[at]);
        match (is_part, before) {
            (true, Some(module)) => self.named(Symbol::new(module)).or_else(|| {
                let module = segments[..segments.len() - 2].join("::");
                let model = Symbol::new(&format!("{module}::Model"));
                match self.resolver.names.resolve(self.file, model) {
                    Some(Def::Type(id)) => self.of_type(Type::Def(id)),
                    _ => None,
                }
            }),
            (true, None) => match self.resolver.names.resolve(self.file, Symbol::new(owner)) {
                Some(Def::Type(id)) => self.of_type(Type::Def(id)),
                _ => None,
            },
            _ => match self.resolver.names.resolve(self.file, Symbol::new(owner)) {
                Some(Def::Type(id)) => self.of_type(Type::Def(id)),
                _ => self.named(Symbol::new(owner)),
            },
        }
    }

    fn named(&self, name: Symbol) -> Option<TableName> {
        let text = name.as_str();
        let (schema, bare) = match text.rsplit_once('.') {
            Some((schema, bare)) => (Some(Symbol::new(schema)), Symbol::new(bare)),
            None => (None, name),
        };
        let bare = Symbol::new(bare.as_str().split_whitespace().next().unwrap_or_default());
        let path = self.context.paths[self.file.0 as usize].as_str();
        let id = self
            .context
            .schema
            .resolve(schema, bare, Some(path))
            .or_else(|| {
                self.context.schema.resolve(
                    None,
                    Symbol::new(&super::snake(bare.as_str())),
                    Some(path),
                )
            })?;
        Some(TableName { name: bare, id })
    }

    /// The only table a file defines, as entity modules do.
    fn defined_in(&self, file: FileId) -> Option<TableName> {
        let schema = self.context.schema;
        let is_here = |id: &TableId| {
            let sources = &schema.table(*id).sources;
            sources.iter().any(|place| place.file == file)
        };
        let mut tables = schema.ids().filter(is_here);
        let id = tables.next()?;
        let name = schema.table(id).name;
        tables.next().is_none().then_some(TableName { name, id })
    }

    /// A string, a table object, an entity class or module.
    fn of_value(&self, expr: ExprId, depth: u32) -> Option<TableName> {
        if depth > 4 {
            return None;
        }
        let ir = self.resolver.code.ir(self.file);
        match ir.kind(peel(ir, expr)) {
            ExprKind::Str(name) => self.named(name),
            ExprKind::Name(name) => {
                let text = name.as_str();
                if let Some((module, last)) = text.rsplit_once("::") {
                    // diesel: `users::table`, `schema::users::dsl::users`.
                    let module = module
                        .rsplit("::")
                        .find(|part| !matches!(*part, "dsl" | "table" | "columns"))?;
                    let by_module = matches!(last, "table" | "dsl" | "Entity")
                        .then(|| self.named(Symbol::new(module)));
                    return by_module
                        .flatten()
                        .or_else(|| self.named(Symbol::new(last)));
                }
                let found = match self.resolver.names.resolve(self.file, name) {
                    Some(Def::Type(id)) => self.of_type(Type::Def(id)),
                    Some(Def::Global(_)) => {
                        let at = ExprRef {
                            file: self.file,
                            expr,
                        };
                        text_name(self, at).and_then(|name| self.named(name))
                    }
                    _ => None,
                };
                found.or_else(|| self.named(name))
            }
            ExprKind::Field(_, name) => self.named(name).or_else(|| self.of_value_type(expr)),
            ExprKind::Struct(written, _) => self.of_type(self.resolver.written(self.file, written)),
            ExprKind::Call(call) => {
                let call = ir.call(call);
                let args = ir.expr_list(call.args);
                args.first()
                    .and_then(|&arg| self.of_value(arg, depth + 1))
                    .or_else(|| match ir.kind(call.callee) {
                        ExprKind::Field(base, _) => self.of_value(base, depth + 1),
                        _ => None,
                    })
            }
            ExprKind::Local(_) => self.of_value_type(expr).or_else(|| {
                text_name(
                    self,
                    ExprRef {
                        file: self.file,
                        expr,
                    },
                )
                .and_then(|name| self.named(name))
            }),
            _ => None,
        }
    }

    fn of_value_type(&self, expr: ExprId) -> Option<TableName> {
        let ir = self.resolver.code.ir(self.file);
        let mut inner = expr;
        while let ExprKind::Unary(UnaryOp::Ref | UnaryOp::Deref, next) = ir.kind(inner) {
            inner = next;
        }
        let mut found = self.resolver.type_of(ExprRef {
            file: self.file,
            expr: inner,
        });
        for _ in 0..3 {
            if let Some(table) = self.of_type(found) {
                return Some(table);
            }
            found = self.resolver.element(found);
        }
        None
    }

    fn of_type(&self, of: Type) -> Option<TableName> {
        match of {
            Type::Def(id) => {
                let def = self.resolver.code.type_def(id);
                if matches!(def.name.as_str(), "Entity" | "Model" | "ActiveModel") {
                    let (file, _) = self.resolver.code.type_place(id);
                    let path = &self.context.paths[file.0 as usize];
                    let stem = path
                        .rsplit('/')
                        .next()
                        .and_then(|name| name.split('.').next())?;
                    return self
                        .named(Symbol::new(stem))
                        .or_else(|| self.defined_in(file));
                }
                self.named(def.name)
            }
            Type::External { name, .. } => {
                let last = name.as_str().rsplit(['.', ':']).next().unwrap_or_default();
                self.named(Symbol::new(last))
            }
            _ => None,
        }
    }

    /// `Repository<User>`: the type argument of what the chain starts from.
    fn of_type_argument(&self, root: ExprRef) -> Option<TableName> {
        let ir = self.resolver.code.ir(root.file);
        let written = match ir.kind(root.expr) {
            ExprKind::Local(local) => ir.local(local).type_ref,
            ExprKind::Field(base, name) => {
                let Type::Def(owner) = self.resolver.type_of(ExprRef {
                    file: root.file,
                    expr: base,
                }) else {
                    return None;
                };
                let def = self.resolver.code.type_def(owner);
                let (file, _) = self.resolver.code.type_place(owner);
                let field = def.fields.iter().find(|field| field.name == name)?;
                return self.argument_of(file, field.type_ref);
            }
            ExprKind::Call(call) => {
                let &arg = ir.expr_list(ir.call(call).args).first()?;
                return self.of_value(arg, 0);
            }
            _ => return None,
        };
        self.argument_of(root.file, written)
    }

    fn argument_of(
        &self,
        file: betwixt_base::FileId,
        written: betwixt_facts::ir::TypeRefId,
    ) -> Option<TableName> {
        let TypeRef::Named { args, .. } = self.resolver.code.ir(file).type_ref(written) else {
            return None;
        };
        args.first()
            .and_then(|&arg| self.of_type(self.resolver.written(file, arg)))
    }
}

fn text_name(reader: &Reader<'_>, at: ExprRef) -> Option<Symbol> {
    let known = text(reader.resolver, Some(reader.graph), at).constant()?;
    (!known.is_empty() && known.len() < 80).then(|| Symbol::new(&known))
}

/// Objects of the browser, whose members look like a mapper's: `navigator.credentials.create(…)`.
fn is_web_object(ir: &Ir, owner: ExprId) -> bool {
    matches!(ir.kind(owner), ExprKind::Name(name)
        if matches!(name.as_str(), "navigator" | "window" | "document" | "self" | "globalThis" | "chrome" | "browser"))
}
