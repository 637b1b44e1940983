//! One Go file: package, imports, and the order in which its parts are lowered.

use betwixt_base::{Language, LineIndex, Problem, ProblemSeverity, Span, Symbol};
use betwixt_syntax::{Limits, TreeLanguage, parse_tree};
use rustc_hash::{FxHashMap, FxHashSet};
use tree_sitter::Tree;

use super::symbols::SymbolCache;
use super::tree::{FlatTree, Kind, NodeIdx};
use crate::IrBuilder;
use crate::file::{FileFacts, Function, FunctionFlags, Global, Import, TypeDef};
use crate::ir::{Block, ExprKind, FunctionIdx, Ir, LocalId, TypeRef, TypeRefId};

/// Lowers one Go file. Never fails: what could not be read is in the problems of the result.
#[must_use]
pub fn lower(text: &str, limits: &Limits) -> FileFacts {
    if u32::try_from(text.len()).is_err() {
        return empty(
            text,
            "the file is larger than 4 GiB and was left out".to_owned(),
        );
    }
    if text.ends_with('\n') {
        return lower_lines(text, limits);
    }
    // The grammar wants every declaration ended, the last one too.
    let mut facts = lower_lines(&format!("{text}\n"), limits);
    facts.lines = LineIndex::new(text);
    facts
}

/// Lowers a file whose last line is ended.
fn lower_lines(text: &str, limits: &Limits) -> FileFacts {
    let tree = match parse(text, limits) {
        Ok(tree) => tree,
        Err(message) => return empty(text, message),
    };
    let flat = FlatTree::new(&tree, text);
    let mut lowering = Lowering::new(text, &flat, limits);
    lowering.file();
    let mut facts = lowering.finish();
    flat.recycle();
    if let Some(line) = first_damage(&tree) {
        let problem = Problem {
            line: Some(line),
            ..Problem::warning(
                "",
                format!("syntax error near line {line}; the rest was read"),
            )
        };
        facts.problems.insert(0, problem);
    }
    facts
}

/// The tree of the text, with a second try for code newer than the grammar.
fn parse(text: &str, limits: &Limits) -> Result<Tree, String> {
    let tree = parse_tree(TreeLanguage::Go, text, limits)?;
    if tree.root_node().has_error()
        && let Some(plain) = new_of_values(text)
        && let Ok(second) = parse_tree(TreeLanguage::Go, &plain, limits)
        && first_damage(&second).is_none_or(|line| Some(line) > first_damage(&tree))
    {
        return Ok(second);
    }
    Ok(tree)
}

/// Since Go 1.26 `new(60 * time.Second)` is allowed; the grammar takes only types. The text with every such `new`
/// spelt as an ordinary name of the same length, or `None` where there is none.
fn new_of_values(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out: Option<Vec<u8>> = None;
    for (at, _) in text.match_indices("new(") {
        let is_whole = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        if is_whole && takes_value(text[at + 4..].trim_start()) {
            out.get_or_insert_with(|| bytes.to_vec())[at..at + 3].copy_from_slice(b"nEw");
        }
    }
    String::from_utf8(out?).ok()
}

fn takes_value(argument: &str) -> bool {
    let is_typelike =
        |byte: u8| byte.is_ascii_alphanumeric() || b"_.*[]".contains(&byte) || byte >= 0x80;
    let end = argument
        .bytes()
        .position(|byte| !is_typelike(byte))
        .unwrap_or(argument.len());
    let (word, rest) = argument.split_at(end);
    if matches!(
        word,
        "struct" | "interface" | "func" | "chan" | "true" | "false"
    ) {
        return matches!(word, "true" | "false");
    }
    word.is_empty() || word.as_bytes()[0].is_ascii_digit() || !rest.trim_start().starts_with(')')
}

fn empty(text: &str, message: String) -> FileFacts {
    let mut facts = Lowering::new("", &FlatTree::empty(), &Limits::default()).finish();
    facts.lines = LineIndex::new(text);
    facts.problems = vec![Problem {
        severity: ProblemSeverity::Error,
        ..Problem::warning("", message)
    }];
    facts
}

/// The line of the first node that the parser made up or could not place.
fn first_damage(tree: &Tree) -> Option<u32> {
    let mut cursor = tree.walk();
    if !cursor.node().has_error() {
        return None;
    }
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() || !cursor.goto_first_child() {
            return Some(node.start_position().row as u32 + 1);
        }
        while !cursor.node().has_error() {
            if !cursor.goto_next_sibling() {
                return Some(node.start_position().row as u32 + 1);
            }
        }
    }
}

/// Names that are asked for at every other statement.
pub(super) struct Words {
    pub(super) blank: Symbol,
    pub(super) panic: Symbol,
    pub(super) one: Symbol,
}

impl Words {
    fn new() -> Self {
        Self {
            blank: Symbol::new("_"),
            panic: Symbol::new("panic"),
            one: Symbol::new("1"),
        }
    }
}

/// The state of lowering one file; the other files of this folder add the verbs.
pub(super) struct Lowering<'t> {
    pub(super) text: &'t str,
    pub(super) tree: &'t FlatTree,
    pub(super) builder: IrBuilder,
    pub(super) functions: Vec<Function>,
    pub(super) types: Vec<TypeDef>,
    pub(super) globals: Vec<Global>,
    imports: Vec<Import>,
    pub(super) words: Words,
    symbols: SymbolCache<'t>,
    /// Names of imported packages in this file, with their paths.
    pub(super) packages: FxHashMap<&'t str, &'t str>,
    /// Names of types declared anywhere in this file.
    pub(super) type_names: FxHashSet<&'t str>,
    /// What module-level defined types stand for.
    pub(super) defined: FxHashMap<Symbol, TypeRefId>,
    /// Written types of the fields of the structs of this file, by type and field.
    pub(super) field_types: FxHashMap<(Symbol, Symbol), TypeRefId>,
    /// Package-level variables and constants with their written types.
    pub(super) global_types: FxHashMap<Symbol, TypeRefId>,
    /// Module-level functions of this file.
    pub(super) function_names: FxHashSet<&'t str>,
    /// Type parameters in scope.
    pub(super) type_params: Vec<&'t str>,
    /// Types by their text, for those that are written again and again.
    pub(super) known_types: FxHashMap<&'t str, TypeRefId>,
    /// Locals that are surely channels or iterators although no type is written.
    pub(super) channels: FxHashSet<LocalId>,
    /// Named results of the functions around, innermost last.
    pub(super) results: Vec<Vec<LocalId>>,
    /// Labels met so far in the function.
    pub(super) labels: FxHashSet<&'t str>,
    /// The module-level variable that is being initialised.
    pub(super) global: Option<Symbol>,
    depth: u32,
    max_depth: u32,
    too_deep: Option<u32>,
}

impl<'t> Lowering<'t> {
    fn new(text: &'t str, tree: &'t FlatTree, limits: &Limits) -> Self {
        let module = Symbol::new("<module>");
        let mut lowering = Self {
            text,
            tree,
            builder: IrBuilder::new(),
            functions: Vec::new(),
            types: Vec::new(),
            globals: Vec::new(),
            imports: Vec::new(),
            words: Words::new(),
            symbols: SymbolCache::new(),
            packages: FxHashMap::default(),
            type_names: FxHashSet::default(),
            defined: FxHashMap::default(),
            field_types: FxHashMap::default(),
            global_types: FxHashMap::default(),
            function_names: FxHashSet::default(),
            type_params: Vec::new(),
            known_types: FxHashMap::default(),
            channels: FxHashSet::default(),
            results: Vec::new(),
            labels: FxHashSet::default(),
            global: None,
            depth: 0,
            max_depth: limits.depth,
            too_deep: None,
        };
        let span = Span::new(0, text.len() as u32);
        lowering.functions.push(Function {
            flags: FunctionFlags {
                has_body: true,
                ..FunctionFlags::default()
            },
            ..blank_function(module, span, Span::new(0, 0))
        });
        lowering
    }

    fn file(&mut self) {
        let tree = self.tree;
        let root = tree.root();
        self.builder.open_block();
        self.collect_names(root);
        for child in tree.children(root) {
            match tree.kind(child) {
                Kind::TypeDeclaration => self.type_declaration(child),
                Kind::ConstDeclaration | Kind::VarDeclaration => self.collect_globals(child),
                _ => {}
            }
        }
        for child in tree.children(root) {
            match tree.kind(child) {
                Kind::PackageClause | Kind::ImportDeclaration | Kind::TypeDeclaration => {}
                Kind::ConstDeclaration | Kind::VarDeclaration => self.globals_declaration(child),
                _ => self.statement(child),
            }
        }
        self.functions[0].body = self.builder.close_block();
    }

    fn finish(mut self) -> FileFacts {
        let package = self.tree.child(self.tree.root(), Kind::PackageClause);
        let package = package
            .and_then(|clause| self.tree.first(clause))
            .map(|name| Symbol::new(self.str(name)));
        let mut problems = Vec::new();
        let lines = LineIndex::new(self.text);
        if let Some(offset) = self.too_deep {
            let (line, depth) = (lines.line(offset), self.max_depth);
            let message =
                format!("code nested deeper than {depth} levels near line {line} was left out");
            problems.push(Problem {
                line: Some(line),
                ..Problem::warning("", message)
            });
        }
        let ir = self.builder.finish();
        name_by_use(&mut self.imports, &ir);
        FileFacts {
            language: Language::Go,
            package,
            imports: self.imports,
            exports: Vec::new(),
            child_modules: Vec::new(),
            types: self.types,
            globals: self.globals,
            functions: self.functions,
            ir,
            lines,
            problems,
        }
    }

    /// Imports, and the names that decide whether `name(x)` is a call or a conversion.
    fn collect_names(&mut self, root: NodeIdx) {
        let tree = self.tree;
        for (idx, node) in tree.nodes() {
            match node.kind {
                Kind::ImportSpec => self.import(idx),
                Kind::TypeSpec | Kind::TypeAlias => {
                    if let Some(name) = self.tree.first(idx) {
                        self.type_names.insert(self.str(name));
                    }
                }
                _ => {}
            }
        }
        for child in tree.children(root) {
            if tree.kind(child) == Kind::FunctionDeclaration
                && let Some(name) = tree.first(child)
            {
                self.function_names.insert(self.str(name));
            }
        }
    }

    fn import(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let (mut alias, mut path) = (None, None);
        for child in tree.children(idx) {
            match self.tree.kind(child) {
                Kind::InterpretedStringLiteral | Kind::RawStringLiteral => path = Some(child),
                Kind::Error => {}
                _ => alias = Some(self.str(child)),
            }
        }
        let Some(path) = path else { return };
        let path = self.str(path);
        let path = path.get(1..path.len().saturating_sub(1)).unwrap_or("");
        let local = alias.unwrap_or_else(|| package_name(path));
        self.packages.insert(local, path);
        self.imports.push(Import {
            path: Symbol::new(path),
            imported: None,
            local: Symbol::new(local),
            type_only: false,
            module: Symbol::empty(),
            span: self.tree.span(idx),
        });
    }

    /// The source text of a node.
    pub(super) fn str(&self, idx: NodeIdx) -> &'t str {
        let node = self.tree.node(idx);
        self.text
            .get(node.start as usize..node.end as usize)
            .unwrap_or("")
    }

    pub(super) fn symbol(&self, idx: NodeIdx) -> Symbol {
        self.symbols.get(self.str(idx))
    }

    /// The symbol of a piece of this file's text.
    pub(super) fn intern(&self, text: &'t str) -> Symbol {
        self.symbols.get(text)
    }

    /// The local a name means here.
    pub(super) fn local(&self, name: &'t str) -> Option<LocalId> {
        self.builder.lookup(self.intern(name))
    }

    /// Goes one level deeper, or notes that the code is nested too deep. Pair with [`Self::ascend`].
    pub(super) fn descend(&mut self, idx: NodeIdx) -> bool {
        if self.depth >= self.max_depth {
            self.too_deep.get_or_insert(self.tree.node(idx).start);
            return false;
        }
        self.depth += 1;
        true
    }

    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// Whether this file calls the package of that path by that name, and no local hides it.
    pub(super) fn is_package(&self, name: &'t str, path: &str) -> bool {
        self.packages.get(name) == Some(&path) && self.local(name).is_none()
    }

    /// Keeps a value whose only use is what it does: a statement when it calls something, nothing otherwise.
    pub(super) fn for_effects(&mut self, idx: NodeIdx) {
        let before = self.builder.ir().calls.len();
        let value = self.expr(idx);
        if self.builder.ir().calls.len() > before {
            self.builder
                .stmt(crate::ir::StmtKind::Expr(value), self.tree.span(idx));
        }
    }
}

/// A function of which only the name is known.
pub(super) fn blank_function(name: Symbol, span: Span, name_span: Span) -> Function {
    Function {
        name,
        display: name,
        receiver_type: None,
        module: Symbol::empty(),
        implements: None,
        receiver: None,
        params: Vec::new(),
        results: Vec::new(),
        body: Block::new(0, 0),
        parent: None,
        attributes: Vec::new(),
        flags: FunctionFlags::default(),
        span,
        name_span,
    }
}

/// The name a package most likely has: the last segment of its path, versions left out.
fn package_name(path: &str) -> &str {
    let mut segments = path.rsplit('/').filter(|segment| !segment.is_empty());
    let last = segments.next().unwrap_or(path);
    let named = if is_version(last) {
        segments.next().unwrap_or(last)
    } else {
        last
    };
    match named.rsplit_once('.') {
        Some((name, version)) if is_version(version) && !name.is_empty() => name,
        _ => named,
    }
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Other names a package may have that is imported without one: `v1` of `k8s.io/api/core/v1`, `redis` of `…/go-redis/v9`.
fn other_names(import: &Import) -> Vec<&str> {
    let path = import.path.as_str();
    let usual = package_name(path);
    if import.local != usual {
        return Vec::new();
    }
    let last = path.rsplit('/').next().unwrap_or("");
    let version = (is_version(last) && usual != last).then_some(last);
    // What cannot be written in code is not the name.
    let parts = usual.contains(['-', '.']).then(|| {
        let bare = usual.trim_start_matches("go-").trim_start_matches("go.");
        let bare = bare.trim_end_matches("-go").trim_end_matches(".go");
        std::iter::once(bare).chain(usual.rsplit(['-', '.']))
    });
    version
        .into_iter()
        .chain(parts.into_iter().flatten())
        .collect()
}

/// `import "k8s.io/api/core/v1"` is called `v1` in the file, unlike `import "…/pgx/v5"`: only its uses tell.
fn name_by_use(imports: &mut [Import], ir: &Ir) {
    if imports.iter().all(|import| other_names(import).is_empty()) {
        return;
    }
    let in_types = ir.type_refs.iter().filter_map(|known| match known {
        TypeRef::Named { qualifier, .. } => *qualifier,
        _ => None,
    });
    let in_code = ir.exprs.iter().filter_map(|expr| match expr.kind {
        ExprKind::Field(base, _) => match ir.kind(base) {
            ExprKind::Name(name) => Some(name),
            _ => None,
        },
        _ => None,
    });
    let used: FxHashSet<Symbol> = in_types.chain(in_code).collect();
    let taken: FxHashSet<Symbol> = imports.iter().map(|import| import.local).collect();
    for import in imports {
        if used.contains(&import.local) {
            continue;
        }
        let mut names = other_names(import).into_iter().map(Symbol::new);
        if let Some(name) = names.find(|name| used.contains(name) && !taken.contains(name)) {
            import.local = name;
        }
    }
}

impl Lowering<'_> {
    /// The function whose body is being lowered; `None` at the top of the file.
    pub(super) fn parent_function(&self) -> Option<FunctionIdx> {
        Some(self.builder.current_function()).filter(|function| function.0 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::package_name;

    #[test]
    fn versions_are_no_package_names() {
        assert_eq!(package_name("github.com/jackc/pgx/v5"), "pgx");
        assert_eq!(package_name("gopkg.in/yaml.v3"), "yaml");
        assert_eq!(package_name("github.com/redis/go-redis/v9"), "go-redis");
        assert_eq!(package_name("database/sql"), "sql");
        assert_eq!(package_name("fmt"), "fmt");
        assert_eq!(package_name(""), "");
    }
}
