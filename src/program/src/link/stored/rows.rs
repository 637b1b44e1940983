//! Where the columns of a row arrive in the code that asks for it: in the result of a call, in a variable that is scanned into.
//!
//! By the shape of the few ways there are: a result with the column as a field (`rows[0].name`, `row.name`), a result asked by name
//! or place (`row.get("name")`), variables given in the order of the columns (`Scan(&id, &name)`), a struct given whole
//! (`db.Get(&member, …)`). Looks at the function of the statement, its closures and one function the row is handed to.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, FunctionIdx, Ir, LocalId, LocalKind, UnaryOp};

use super::super::{LinkContext, Target, ValueMap, last_of, same_field};
use crate::calls::Callee;
use crate::events::Access;
use crate::events::chain::peel;
use crate::ids::{CallSite, ExprRef};

/// Most places one statement's row arrives at.
const MAX_ARRIVALS: usize = 48;
const MAX_DEPTH: u32 = 6;

/// Calls that give one column by its name or place.
const GETTERS: &[&str] = &["get", "try_get", "get_unchecked", "get_ref"];
/// Calls that turn rows into values with the columns as fields.
const COLLECTORS: &[&str] = &["CollectRows", "CollectOneRow", "CollectExactlyOneRow"];
/// Calls that fill one struct with the columns as fields.
const FILLERS: &[&str] = &["StructScan", "ScanStruct", "ScanOne", "ScanAll"];

/// A place where one or all columns of a row arrive.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    to: Target,
    prefix: Vec<Symbol>,
    form: Form,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    /// All columns, as fields.
    Row,
    /// The column at this place.
    At(usize),
    /// The column of this name.
    Named(Symbol),
    /// The only column, without a name.
    Only,
}

impl Arrival {
    fn row(to: Target, prefix: &[&str]) -> Self {
        Self {
            to,
            prefix: prefix.iter().map(|part| Symbol::new(part)).collect(),
            form: Form::Row,
        }
    }

    /// The column `name` at `idx` of the result is `value`; `None` where another column arrives here.
    pub(super) fn map(&self, name: Symbol, idx: Option<usize>, value: ExprRef) -> Option<ValueMap> {
        let mut path = self.prefix.clone();
        match self.form {
            Form::Row => path.push(name),
            Form::At(n) if idx == Some(n) => {}
            Form::Named(wanted) if same_field(wanted, name) => {}
            Form::Only => {}
            Form::At(_) | Form::Named(_) => return None,
        }
        Some(super::map(value, self.to, &path))
    }
}

/// Where the row of a statement arrives.
pub(super) fn arrivals(context: &LinkContext<'_>, access: &Access) -> Vec<Arrival> {
    let look = Look {
        context,
        access,
        file: access.site.file,
        ir: context.resolver.code.ir(access.site.file),
    };
    let mut found = look.results();
    let language = context.resolver.code.facts(look.file).language.name();
    if language == "go" {
        found.extend(look.given());
    }
    let (_, function) = context.resolver.code.function_place(access.function);
    for (index, call) in look.ir.calls.iter().enumerate() {
        if look.is_inside(call.function, function) {
            look.call(CallId(index as u32), &mut found);
        }
        if found.len() >= MAX_ARRIVALS {
            break;
        }
    }
    found.truncate(MAX_ARRIVALS);
    found
}

struct Look<'a> {
    context: &'a LinkContext<'a>,
    access: &'a Access,
    file: FileId,
    ir: &'a Ir,
}

impl Look<'_> {
    /// What the statement's own calls give back.
    fn results(&self) -> Vec<Arrival> {
        let mut found = Vec::new();
        let mut sites = vec![self.access.site, self.access.last];
        sites.dedup();
        for site in sites {
            let to = Target::Result(site);
            found.push(Arrival::row(to, &[]));
            found.push(Arrival::row(to, &["rows"]));
            let callee = last_of(self.ir, self.ir.call(site.call).callee);
            let first = last_of(self.ir, self.ir.call(self.access.site.call).callee);
            let is_scalar = callee.contains("scalar") || first.contains("scalar");
            if is_scalar && self.access.statement.projection.len() == 1 {
                found.push(Arrival {
                    to,
                    prefix: Vec::new(),
                    form: Form::Only,
                });
            }
        }
        found
    }

    /// `db.GetContext(ctx, &member, "SELECT …")`, `db.Where(…).First(&member)`.
    fn given(&self) -> Vec<Arrival> {
        let mut found = Vec::new();
        for site in [self.access.site, self.access.last] {
            let call = self.ir.call(site.call);
            if last_of(self.ir, call.callee) != "Scan" {
                for &arg in self.ir.expr_list(call.args) {
                    let is_pointer = matches!(self.ir.kind(arg), ExprKind::Unary(UnaryOp::Ref, _));
                    found.extend(self.filled(arg).filter(|_| is_pointer));
                }
            }
        }
        found
    }

    fn filled(&self, arg: ExprId) -> impl Iterator<Item = Arrival> + use<> {
        let place = place(self.ir, arg, 0);
        let n_columns = self.access.statement.projection.len();
        let file = self.file;
        place.into_iter().flat_map(move |(local, prefix)| {
            let to = Target::Local(file, local);
            let forms = [Some(Form::Row), (n_columns == 1).then_some(Form::At(0))];
            forms.into_iter().flatten().map(move |form| Arrival {
                to,
                prefix: prefix.clone(),
                form,
            })
        })
    }

    /// What one call near the statement does with its row.
    fn call(&self, id: CallId, found: &mut Vec<Arrival>) {
        let call = self.ir.call(id);
        let args = self.ir.expr_list(call.args);
        let last = last_of(self.ir, call.callee);
        let site = CallSite {
            file: self.file,
            call: id,
        };
        if COLLECTORS.contains(&last) {
            if args.first().is_some_and(|&rows| self.is_row(rows, 0)) {
                found.push(Arrival::row(Target::Result(site), &[]));
            }
            return;
        }
        let receiver = match self.ir.kind(call.callee) {
            ExprKind::Field(receiver, _) => Some(receiver),
            _ => None,
        };
        let is_of_row = || receiver.is_some_and(|receiver| self.is_row(receiver, 0));
        if last == "Scan" && is_of_row() {
            found.extend(scanned(self.ir, self.file, args));
        } else if FILLERS.contains(&last)
            && (is_of_row() || args.iter().any(|&arg| self.is_row(arg, 0)))
        {
            found.extend(args.iter().flat_map(|&arg| self.filled(arg)));
        } else if GETTERS.contains(&last) && is_of_row() {
            let form = args.first().and_then(|&arg| match self.ir.kind(arg) {
                ExprKind::Str(name) => Some(Form::Named(name)),
                ExprKind::Number(n) => n.as_str().parse().ok().map(Form::At),
                _ => None,
            });
            found.extend(form.map(|form| Arrival {
                to: Target::Result(site),
                prefix: Vec::new(),
                form,
            }));
        } else if let Callee::One(function) = self.context.graph.callee(site)
            && let Some(n) = args.iter().position(|&arg| self.is_row(arg, 0))
        {
            self.handed_on(*function, n, found);
        }
    }

    /// `scanMember(row)`: a function of the project that scans the row it is given.
    fn handed_on(&self, function: crate::ids::FunctionId, n: usize, found: &mut Vec<Arrival>) {
        let code = self.context.resolver.code;
        let (file, idx) = code.function_place(function);
        let ir = code.ir(file);
        let Some(&row) = code.function(function).params.get(n) else {
            return;
        };
        for call in ir.calls.iter().filter(|call| call.function == idx) {
            if last_of(ir, call.callee) == "Scan"
                && let ExprKind::Field(receiver, _) = ir.kind(call.callee)
                && matches!(ir.kind(receiver), ExprKind::Local(local) if local == row)
            {
                found.extend(scanned(ir, file, ir.expr_list(call.args)));
            }
        }
    }

    /// Whether a value is what the statement gives, one of its rows, or what a closure nearby is handed of it.
    fn is_row(&self, expr: ExprId, depth: u32) -> bool {
        let expr = peel(self.ir, expr);
        match self.ir.kind(expr) {
            ExprKind::Call(call) => call == self.access.site.call || call == self.access.last.call,
            ExprKind::Project(inner, _)
            | ExprKind::Index(inner, _)
            | ExprKind::Field(inner, _)
            | ExprKind::Cast(_, inner)
            | ExprKind::Unary(_, inner)
                if depth < MAX_DEPTH =>
            {
                self.is_row(inner, depth + 1)
            }
            ExprKind::Local(local) if depth < MAX_DEPTH => {
                let facts = self.ir.local(local);
                let (_, own) = self
                    .context
                    .resolver
                    .code
                    .function_place(self.access.function);
                let is_closures = matches!(facts.kind, LocalKind::Param(_))
                    && facts.function != own
                    && self.is_inside(facts.function, own);
                let definitions =
                    self.context.resolver.flows[self.file.0 as usize].definitions(local);
                is_closures && is_called_row(facts.name.as_str())
                    || (definitions.iter().take(8)).any(|known| self.is_row(known.value, depth + 1))
            }
            _ => false,
        }
    }

    fn is_inside(&self, function: FunctionIdx, outer: FunctionIdx) -> bool {
        let functions = &self.context.resolver.code.facts(self.file).functions;
        let mut current = function;
        for _ in 0..8 {
            if current == outer {
                return true;
            }
            match functions[current.index()].parent {
                Some(parent) if functions[current.index()].flags.is_closure => current = parent,
                _ => return false,
            }
        }
        false
    }
}

fn is_called_row(name: &str) -> bool {
    name.to_ascii_lowercase().contains("row") || matches!(name, "r" | "rs" | "record")
}

/// `Scan(&member.ID, &name)`: the variables, in the order of the columns.
fn scanned(ir: &Ir, file: FileId, args: &[ExprId]) -> Vec<Arrival> {
    let places = args.iter().enumerate().filter_map(|(n, &arg)| {
        let (local, prefix) = place(ir, arg, 0)?;
        Some(Arrival {
            to: Target::Local(file, local),
            prefix,
            form: Form::At(n),
        })
    });
    places.collect()
}

/// The variable behind a pointer, and which part of it.
fn place(ir: &Ir, expr: ExprId, depth: u32) -> Option<(LocalId, Vec<Symbol>)> {
    if depth > MAX_DEPTH {
        return None;
    }
    match ir.kind(expr) {
        ExprKind::Local(local) => Some((local, Vec::new())),
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => place(ir, inner, depth + 1),
        ExprKind::Field(base, name) => {
            let (local, mut path) = place(ir, base, depth + 1)?;
            path.push(name);
            Some((local, path))
        }
        // `pq.Array(&names)`.
        ExprKind::Call(call) => match ir.expr_list(ir.call(call).args) {
            &[only] => place(ir, only, depth + 1),
            _ => None,
        },
        _ => None,
    }
}
