//! Definitions and uses of one file: what is assigned to each local, stored in each field, returned by each function.

use betwixt_base::Symbol;
use betwixt_facts::FileFacts;
use betwixt_facts::ir::{
    BinaryOp, Block, ExprId, ExprKind, FunctionIdx, Ir, LocalId, StmtId, StmtKind, UnaryOp,
};
use smallvec::SmallVec;

/// One value that reaches a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// The variable.
    pub local: LocalId,
    /// The value.
    pub value: ExprId,
    /// How it gets there.
    pub how: DefinitionKind,
    /// The statement.
    pub stmt: StmtId,
}

/// How a value reaches a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefinitionKind {
    /// `x = value`.
    Assign,
    /// `x += value`.
    Append,
    /// `x[i] = value`, `x.field = value`, `x.push(value)`.
    Part,
    /// `json.Unmarshal(value, &x)`: the same in another form, part for part.
    Decoded,
    /// `value.map((x) => …)`: one of its elements at a time.
    Element,
}

/// A store to a field of something that is no local, or of a local.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldStore {
    /// The field's name.
    pub name: Symbol,
    /// What it is a field of; `None` in a composite literal.
    pub base: Option<ExprId>,
    /// The literal's expression, where it is one.
    pub literal: Option<ExprId>,
    /// The value.
    pub value: ExprId,
}

/// Definitions and uses of one file.
#[derive(Debug, Default)]
pub struct FileFlow {
    definitions: Vec<Definition>,
    start: Vec<u32>,
    /// Returned values by function.
    pub returns: Vec<SmallVec<[StmtId; 2]>>,
    /// Assignments to module-level names: name and value.
    pub global_stores: Vec<(Symbol, ExprId)>,
    /// Stores to fields by assignment.
    pub field_stores: Vec<FieldStore>,
    /// The function of every statement.
    pub stmt_function: Vec<FunctionIdx>,
}

/// Methods that put their argument into what they are called on.
const MUTATORS: &[&str] = &[
    "push",
    "append",
    "add",
    "unshift",
    "push_str",
    "insert",
    "set",
    "extend",
    "WriteString",
    "Write",
    "push_back",
    "concat_mut",
    "extend_from_slice",
];

/// Methods that call their argument with each element of what they are called on.
const EACH: &[&str] = &[
    "map",
    "forEach",
    "filter",
    "flatMap",
    "find",
    "some",
    "every",
    "for_each",
    "filter_map",
    "flat_map",
    "find_map",
    "any",
    "all",
    "inspect",
    "partition",
    "position",
    "findIndex",
    "retain",
    "take_while",
    "skip_while",
    "max_by_key",
    "min_by_key",
    "sort_by_key",
    // What an `Option` holds.
    "and_then",
    "is_some_and",
];

/// Functions that call their second argument with each element of their first (`lo.Map(list, func(x, _) …)`).
const EACH_OF: &[&str] = &[
    "Map",
    "FilterMap",
    "FlatMap",
    "ForEach",
    "Filter",
    "SliceToMap",
    "Associate",
    "UniqMap",
];

/// Calls that read their first argument into their second.
const DECODERS: &[&str] = &["Unmarshal", "UnmarshalStrict"];

impl FileFlow {
    /// Indexes one file; linear.
    #[must_use]
    pub fn new(facts: &FileFacts) -> Self {
        let ir = &facts.ir;
        let mut flow = Self {
            returns: vec![SmallVec::new(); facts.functions.len()],
            stmt_function: vec![FunctionIdx(0); ir.stmts.len()],
            ..Self::default()
        };
        for (index, function) in facts.functions.iter().enumerate() {
            flow.walk(ir, FunctionIdx(index as u32), function.body);
        }
        flow.elements(facts);
        flow.definitions
            .sort_by_key(|definition| (definition.local, definition.stmt));
        flow.start = starts(&flow.definitions, ir.locals.len());
        flow
    }

    /// Parameters of closures that are called with each element of a list.
    fn elements(&mut self, facts: &FileFacts) {
        let ir = &facts.ir;
        for call in &ir.calls {
            let args = ir.expr_list(call.args);
            let given = match (ir.kind(call.callee), args) {
                (ExprKind::Field(list, method), &[closure, ..])
                    if EACH.contains(&method.as_str()) =>
                {
                    Some((list, closure))
                }
                (ExprKind::Field(_, method), &[list, closure, ..])
                    if EACH_OF.contains(&method.as_str()) =>
                {
                    Some((list, closure))
                }
                _ => None,
            };
            let Some((list, closure)) = given else {
                continue;
            };
            let ExprKind::Closure(idx) = ir.kind(closure) else {
                continue;
            };
            let function = &facts.functions[idx.index()];
            let first = ir.block(function.body).first();
            if let (Some(&local), Some(&stmt)) = (function.params.first(), first) {
                self.definitions.push(Definition {
                    local,
                    value: list,
                    how: DefinitionKind::Element,
                    stmt,
                });
            }
        }
    }

    /// What reaches a local, in statement order.
    #[must_use]
    pub fn definitions(&self, local: LocalId) -> &[Definition] {
        let index = local.index();
        &self.definitions[self.start[index] as usize..self.start[index + 1] as usize]
    }

    fn walk(&mut self, ir: &Ir, function: FunctionIdx, block: Block) {
        for &id in ir.block(block) {
            self.stmt_function[id.index()] = function;
            match ir.stmt(id).kind {
                StmtKind::Expr(expr) => self.effect(ir, id, expr),
                StmtKind::Assign { target, value, op } => self.assign(ir, id, target, value, op),
                StmtKind::Return(_) => self.returns[function.index()].push(id),
                StmtKind::If {
                    then, otherwise, ..
                } => {
                    self.walk(ir, function, then);
                    self.walk(ir, function, otherwise);
                }
                StmtKind::Loop { body, .. } | StmtKind::Block(body) => {
                    self.walk(ir, function, body)
                }
                StmtKind::Switch { arms, .. } => {
                    for arm in ir.arm_list(arms) {
                        self.walk(ir, function, arm.body);
                    }
                }
                StmtKind::Try {
                    body,
                    handler,
                    finalizer,
                    ..
                } => {
                    self.walk(ir, function, body);
                    self.walk(ir, function, handler);
                    self.walk(ir, function, finalizer);
                }
                StmtKind::Throw(_) | StmtKind::Break | StmtKind::Continue => {}
            }
        }
    }

    fn assign(
        &mut self,
        ir: &Ir,
        stmt: StmtId,
        target: ExprId,
        value: ExprId,
        op: Option<BinaryOp>,
    ) {
        let how = if op.is_some() {
            DefinitionKind::Append
        } else {
            DefinitionKind::Assign
        };
        match ir.kind(target) {
            ExprKind::Local(local) => self.definitions.push(Definition {
                local,
                value,
                how,
                stmt,
            }),
            ExprKind::Name(name) => self.global_stores.push((name, value)),
            ExprKind::Field(base, name) => {
                self.field_stores.push(FieldStore {
                    name,
                    base: Some(base),
                    literal: None,
                    value,
                });
                self.part(ir, stmt, base, value);
            }
            ExprKind::Index(base, key) => {
                self.part(ir, stmt, base, value);
                self.part(ir, stmt, base, key);
                // `s.handlers[topic] = fn`: a store to the field's elements.
                if let ExprKind::Field(owner, name) = ir.kind(base) {
                    self.field_stores.push(FieldStore {
                        name,
                        base: Some(owner),
                        literal: None,
                        value,
                    });
                }
            }
            ExprKind::Unary(UnaryOp::Deref, inner) => self.assign(ir, stmt, inner, value, op),
            _ => {}
        }
        self.effect(ir, stmt, value);
    }

    fn part(&mut self, ir: &Ir, stmt: StmtId, base: ExprId, value: ExprId) {
        if let Some(local) = root_local(ir, base) {
            self.definitions.push(Definition {
                local,
                value,
                how: DefinitionKind::Part,
                stmt,
            });
        }
    }

    /// `parts.push(x)` puts `x` into `parts`.
    fn effect(&mut self, ir: &Ir, stmt: StmtId, expr: ExprId) {
        let expr = match ir.kind(expr) {
            ExprKind::Unary(UnaryOp::Await | UnaryOp::Try, inner) => inner,
            _ => expr,
        };
        let ExprKind::Call(call) = ir.kind(expr) else {
            return;
        };
        let call = ir.call(call);
        let ExprKind::Field(receiver, method) = ir.kind(call.callee) else {
            return;
        };
        if let (true, &[value, target, ..]) =
            (DECODERS.contains(&method.as_str()), ir.expr_list(call.args))
        {
            if let Some(local) = decoded_into(ir, target) {
                let how = DefinitionKind::Decoded;
                self.definitions.push(Definition {
                    local,
                    value,
                    how,
                    stmt,
                });
            }
            return;
        }
        if !MUTATORS.contains(&method.as_str()) {
            return;
        }
        let Some(local) = root_local(ir, receiver) else {
            return;
        };
        for &value in ir.expr_list(call.args) {
            self.definitions.push(Definition {
                local,
                value,
                how: DefinitionKind::Part,
                stmt,
            });
        }
    }
}

fn starts(definitions: &[Definition], n_locals: usize) -> Vec<u32> {
    let mut start = Vec::with_capacity(n_locals + 1);
    let mut at = 0;
    for local in 0..=n_locals as u32 {
        while at < definitions.len() && definitions[at].local.0 < local {
            at += 1;
        }
        start.push(at as u32);
    }
    start
}

/// `&x`, or `x` that is a pointer.
fn decoded_into(ir: &Ir, target: ExprId) -> Option<LocalId> {
    match ir.kind(target) {
        ExprKind::Local(local) => Some(local),
        ExprKind::Unary(UnaryOp::Ref, inner) => match ir.kind(inner) {
            ExprKind::Local(local) => Some(local),
            _ => None,
        },
        _ => None,
    }
}

/// The local a chain of fields, indexes and references starts from.
#[must_use]
pub fn root_local(ir: &Ir, expr: ExprId) -> Option<LocalId> {
    let mut current = expr;
    for _ in 0..64 {
        match ir.kind(current) {
            ExprKind::Local(local) => return Some(local),
            ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Unary(_, base) => {
                current = base
            }
            _ => return None,
        }
    }
    None
}
