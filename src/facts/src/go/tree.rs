//! The syntax tree of one file as a flat array.
//!
//! tree-sitter's own cursor is the expensive part of lowering, so it walks the tree exactly once and what
//! lowering needs is written down in preorder: kinds as a small enum, byte ranges, and for each node where its
//! subtree ends. Punctuation and comments are left out; an operator is a property of its parent. Nodes whose
//! text says everything (`"…"`, `a.b.c`, `pkg.T`) are leaves here.

use std::cell::Cell;
use std::sync::OnceLock;

use betwixt_base::Span;
use tree_sitter::{Language, Tree, TreeCursor};

macro_rules! kinds {
    ($($kind:ident = $name:literal,)*) => {
        /// What a node is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(super) enum Kind { $($kind,)* Error, Other }
        const KINDS: &[(&str, Kind)] = &[$(($name, Kind::$kind),)*];
    };
}

kinds! {
    ArgumentList = "argument_list",
    ArrayType = "array_type",
    AssignmentStatement = "assignment_statement",
    BinaryExpression = "binary_expression",
    BlankIdentifier = "blank_identifier",
    Block = "block",
    BreakStatement = "break_statement",
    CallExpression = "call_expression",
    ChannelType = "channel_type",
    CommunicationCase = "communication_case",
    CompositeLiteral = "composite_literal",
    ConstDeclaration = "const_declaration",
    ConstSpec = "const_spec",
    ContinueStatement = "continue_statement",
    DecStatement = "dec_statement",
    DefaultCase = "default_case",
    DeferStatement = "defer_statement",
    Dot = "dot",
    EmptyStatement = "empty_statement",
    ExpressionCase = "expression_case",
    ExpressionList = "expression_list",
    ExpressionStatement = "expression_statement",
    ExpressionSwitchStatement = "expression_switch_statement",
    FallthroughStatement = "fallthrough_statement",
    False = "false",
    FieldDeclaration = "field_declaration",
    FieldDeclarationList = "field_declaration_list",
    FieldIdentifier = "field_identifier",
    FloatLiteral = "float_literal",
    ForClause = "for_clause",
    ForStatement = "for_statement",
    FuncLiteral = "func_literal",
    FunctionDeclaration = "function_declaration",
    FunctionType = "function_type",
    GenericType = "generic_type",
    GoStatement = "go_statement",
    GotoStatement = "goto_statement",
    Identifier = "identifier",
    IfStatement = "if_statement",
    ImaginaryLiteral = "imaginary_literal",
    ImplicitLengthArrayType = "implicit_length_array_type",
    ImportDeclaration = "import_declaration",
    ImportSpec = "import_spec",
    ImportSpecList = "import_spec_list",
    IncStatement = "inc_statement",
    IndexExpression = "index_expression",
    IntLiteral = "int_literal",
    InterfaceType = "interface_type",
    InterpretedStringLiteral = "interpreted_string_literal",
    Iota = "iota",
    KeyedElement = "keyed_element",
    LabelName = "label_name",
    LabeledStatement = "labeled_statement",
    LiteralElement = "literal_element",
    LiteralValue = "literal_value",
    MapType = "map_type",
    MethodDeclaration = "method_declaration",
    MethodElem = "method_elem",
    NegatedType = "negated_type",
    Nil = "nil",
    PackageClause = "package_clause",
    PackageIdentifier = "package_identifier",
    ParameterDeclaration = "parameter_declaration",
    ParameterList = "parameter_list",
    ParenthesizedExpression = "parenthesized_expression",
    ParenthesizedType = "parenthesized_type",
    PointerType = "pointer_type",
    QualifiedType = "qualified_type",
    RangeClause = "range_clause",
    RawStringLiteral = "raw_string_literal",
    ReceiveStatement = "receive_statement",
    ReturnStatement = "return_statement",
    RuneLiteral = "rune_literal",
    SelectStatement = "select_statement",
    SelectorExpression = "selector_expression",
    SendStatement = "send_statement",
    ShortVarDeclaration = "short_var_declaration",
    SliceExpression = "slice_expression",
    SliceType = "slice_type",
    SourceFile = "source_file",
    StatementList = "statement_list",
    StructType = "struct_type",
    True = "true",
    TypeAlias = "type_alias",
    TypeArguments = "type_arguments",
    TypeAssertionExpression = "type_assertion_expression",
    TypeCase = "type_case",
    TypeConstraint = "type_constraint",
    TypeConversionExpression = "type_conversion_expression",
    TypeDeclaration = "type_declaration",
    TypeElem = "type_elem",
    TypeIdentifier = "type_identifier",
    TypeInstantiationExpression = "type_instantiation_expression",
    TypeParameterDeclaration = "type_parameter_declaration",
    TypeParameterList = "type_parameter_list",
    TypeSpec = "type_spec",
    TypeSwitchStatement = "type_switch_statement",
    UnaryExpression = "unary_expression",
    VarDeclaration = "var_declaration",
    VarSpec = "var_spec",
    VarSpecList = "var_spec_list",
    VariadicArgument = "variadic_argument",
    VariadicParameterDeclaration = "variadic_parameter_declaration",
}

macro_rules! tokens {
    ($($token:ident = $name:literal,)*) => {
        /// A token that says what its parent does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(super) enum Token { None, $($token,)* }
        const TOKENS: &[(&str, Token)] = &[$(($name, Token::$token),)*];
    };
}

tokens! {
    Plus = "+", Minus = "-", Star = "*", Slash = "/", Percent = "%",
    Shl = "<<", Shr = ">>", Amp = "&", AndNot = "&^", Pipe = "|", Caret = "^",
    EqEq = "==", NotEq = "!=", Lt = "<", LtEq = "<=", Gt = ">", GtEq = ">=", AndAnd = "&&", OrOr = "||",
    Not = "!", Arrow = "<-", Define = ":=", Assign = "=",
    PlusAssign = "+=", MinusAssign = "-=", StarAssign = "*=", SlashAssign = "/=", PercentAssign = "%=",
    ShlAssign = "<<=", ShrAssign = ">>=", AmpAssign = "&=", AndNotAssign = "&^=", PipeAssign = "|=",
    CaretAssign = "^=",
}

macro_rules! roles {
    ($($role:ident = $name:literal,)*) => {
        /// Which part of its parent a node is, where kind and order do not say it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(super) enum Role { None, $($role,)* }
        const ROLES: &[(&str, Role)] = &[$(($name, Role::$role),)*];
    };
}

roles! {
    Condition = "condition", Initializer = "initializer", Update = "update",
}

/// One node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Index after the last node of the subtree.
    next: u32,
    pub(super) kind: Kind,
    pub(super) role: Role,
    pub(super) token: Token,
}

/// An index into a [`FlatTree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeIdx(u32);

/// Trees with more nodes than this are rare and their memory is not kept.
const MOST_SPARE: usize = 1 << 18;

thread_local! {
    static SPARE: Cell<Vec<Node>> = const { Cell::new(Vec::new()) };
}

/// The nodes of one file in preorder; node 0 is the whole file.
pub(super) struct FlatTree {
    nodes: Vec<Node>,
}

impl FlatTree {
    pub(super) fn new(tree: &Tree, text: &str) -> Self {
        let grammar = Grammar::of(tree);
        let mut nodes = SPARE.take();
        nodes.clear();
        flatten(grammar, &mut tree.walk(), text.as_bytes(), &mut nodes);
        Self { nodes }
    }

    /// Gives the memory back for the next file of this thread: asking the system for it anew is slow.
    pub(super) fn recycle(self) {
        if self.nodes.capacity() <= MOST_SPARE {
            SPARE.set(self.nodes);
        }
    }

    /// The tree of an empty file.
    pub(super) fn empty() -> Self {
        let (kind, role, token) = (Kind::SourceFile, Role::None, Token::None);
        Self {
            nodes: vec![Node {
                start: 0,
                end: 0,
                next: 1,
                kind,
                role,
                token,
            }],
        }
    }

    pub(super) fn root(&self) -> NodeIdx {
        NodeIdx(0)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (NodeIdx, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .map(|(idx, node)| (NodeIdx(idx as u32), node))
    }

    pub(super) fn node(&self, idx: NodeIdx) -> Node {
        self.nodes[idx.0 as usize]
    }

    pub(super) fn kind(&self, idx: NodeIdx) -> Kind {
        self.node(idx).kind
    }

    pub(super) fn span(&self, idx: NodeIdx) -> Span {
        let node = self.node(idx);
        Span::new(node.start, node.end)
    }

    /// The children in order.
    pub(super) fn children(&self, idx: NodeIdx) -> Children<'_> {
        Children {
            tree: self,
            next: idx.0 + 1,
            end: self.nodes[idx.0 as usize].next,
        }
    }

    /// The node and everything below it.
    pub(super) fn subtree(&self, idx: NodeIdx) -> impl Iterator<Item = NodeIdx> {
        (idx.0..self.nodes[idx.0 as usize].next).map(NodeIdx)
    }

    pub(super) fn first(&self, idx: NodeIdx) -> Option<NodeIdx> {
        self.children(idx).next()
    }

    pub(super) fn child(&self, idx: NodeIdx, kind: Kind) -> Option<NodeIdx> {
        self.children(idx).find(|&child| self.kind(child) == kind)
    }

    pub(super) fn role(&self, idx: NodeIdx, role: Role) -> Option<NodeIdx> {
        self.children(idx)
            .find(|&child| self.node(child).role == role)
    }
}

/// The children of one node.
#[derive(Clone)]
pub(super) struct Children<'t> {
    tree: &'t FlatTree,
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeIdx;

    fn next(&mut self) -> Option<NodeIdx> {
        if self.next >= self.end {
            return None;
        }
        let idx = NodeIdx(self.next);
        self.next = self.tree.nodes[idx.0 as usize].next;
        Some(idx)
    }
}

/// How one numbered symbol of the grammar is written down.
#[derive(Clone, Copy)]
struct Entry {
    kind: Kind,
    token: Token,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Punctuation and comments; a token is noted in the parent.
    Dropped,
    /// Has no children worth seeing.
    Leaf,
    /// A leaf when its text is names and dots only.
    Dotted,
    /// Has children between brackets; a leaf when it is only `()` or `{}`.
    Brackets,
    /// Has children.
    Inner,
    /// Has children whose roles matter.
    WithRoles,
}

struct Grammar {
    entries: Vec<Entry>,
    roles: Vec<Role>,
}

impl Grammar {
    fn of(tree: &Tree) -> &'static Self {
        static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
        GRAMMAR.get_or_init(|| Self::new(&tree.language()))
    }

    fn new(language: &Language) -> Self {
        let entry = |id: u16| {
            let name = language.node_kind_for_id(id).unwrap_or("");
            if !language.node_kind_is_named(id) {
                let token = TOKENS
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map_or(Token::None, |&(_, token)| token);
                return Entry {
                    kind: Kind::Other,
                    token,
                    shape: Shape::Dropped,
                };
            }
            let kind = KINDS
                .iter()
                .find(|(known, _)| *known == name)
                .map_or(Kind::Other, |&(_, kind)| kind);
            let shape = if name == "comment" {
                Shape::Dropped
            } else {
                shape(kind)
            };
            Entry {
                kind,
                token: Token::None,
                shape,
            }
        };
        let role = |id: u16| {
            let name = language.field_name_for_id(id).unwrap_or("");
            ROLES
                .iter()
                .find(|(known, _)| *known == name)
                .map_or(Role::None, |&(_, role)| role)
        };
        Self {
            entries: (0..language.node_kind_count() as u16).map(entry).collect(),
            roles: (0..=language.field_count() as u16).map(role).collect(),
        }
    }

    fn role(&self, cursor: &TreeCursor<'_>) -> Role {
        let field = cursor.field_id().map_or(0, |field| field.get() as usize);
        self.roles.get(field).copied().unwrap_or(Role::None)
    }
}

fn shape(kind: Kind) -> Shape {
    match kind {
        Kind::BlankIdentifier
        | Kind::Dot
        | Kind::EmptyStatement
        | Kind::False
        | Kind::FieldIdentifier
        | Kind::FloatLiteral
        | Kind::Identifier
        | Kind::ImaginaryLiteral
        | Kind::IntLiteral
        | Kind::InterpretedStringLiteral
        | Kind::Iota
        | Kind::LabelName
        | Kind::Nil
        | Kind::PackageIdentifier
        | Kind::RawStringLiteral
        | Kind::RuneLiteral
        | Kind::True
        | Kind::TypeIdentifier => Shape::Leaf,
        Kind::QualifiedType | Kind::SelectorExpression => Shape::Dotted,
        Kind::ArgumentList
        | Kind::Block
        | Kind::FieldDeclarationList
        | Kind::LiteralValue
        | Kind::ParameterList => Shape::Brackets,
        Kind::ForClause => Shape::WithRoles,
        _ => Shape::Inner,
    }
}

/// A node whose children are being written down.
struct Open {
    idx: u32,
    end: u32,
    has_roles: bool,
}

fn flatten(grammar: &Grammar, cursor: &mut TreeCursor<'_>, text: &[u8], nodes: &mut Vec<Node>) {
    let mut open: Vec<Open> = Vec::with_capacity(64);
    loop {
        let node = cursor.node();
        let known = grammar.entries.get(node.kind_id() as usize).copied();
        let entry = known.unwrap_or(Entry {
            kind: Kind::Error,
            token: Token::None,
            shape: Shape::Inner,
        });
        let mut end = 0;
        if entry.shape == Shape::Dropped {
            if entry.token != Token::None
                && let Some(parent) = open.last()
            {
                nodes[parent.idx as usize].token = entry.token;
            }
        } else {
            let idx = nodes.len() as u32;
            let start = node.start_byte() as u32;
            end = node.end_byte() as u32;
            let role = match open.last() {
                Some(parent) if parent.has_roles => grammar.role(cursor),
                _ => Role::None,
            };
            nodes.push(Node {
                start,
                end,
                next: idx + 1,
                kind: entry.kind,
                role,
                token: Token::None,
            });
            let is_leaf = match entry.shape {
                Shape::Leaf => true,
                Shape::Dotted => is_dotted(&text[start as usize..end as usize]),
                Shape::Brackets => end - start == 2,
                _ => false,
            };
            if !is_leaf && cursor.goto_first_child() {
                open.push(Open {
                    idx,
                    end,
                    has_roles: entry.shape == Shape::WithRoles,
                });
                continue;
            }
        }
        loop {
            let Some(parent) = open.last() else { return };
            let is_last = end > 0 && closes(text, end, parent.end);
            if !is_last && cursor.goto_next_sibling() {
                break;
            }
            nodes[parent.idx as usize].next = nodes.len() as u32;
            end = parent.end;
            cursor.goto_parent();
            open.pop();
        }
    }
}

/// Whether nothing but closing brackets and separators stands between a node and the end of its parent. It saves
/// asking the cursor, which is what most of the time is spent on.
fn closes(text: &[u8], from: u32, to: u32) -> bool {
    from >= to
        || text[from as usize..to as usize].iter().all(|byte| {
            matches!(
                byte,
                b')' | b'}' | b']' | b',' | b';' | b' ' | b'\n' | b'\t' | b'\r'
            )
        })
}

/// Whether the text is `a.b` or longer, with nothing between the names.
fn is_dotted(text: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'.';
    text.first()
        .is_some_and(|byte| !byte.is_ascii_digit() && *byte != b'.')
        && text.last() != Some(&b'.')
        && text.iter().all(is_name)
}
