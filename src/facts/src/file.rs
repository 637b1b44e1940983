//! What one file defines.

use betwixt_base::{Language, LineIndex, Problem, Span, Symbol};
use serde::{Deserialize, Serialize};

use crate::ir::{Block, ExprId, FunctionIdx, Ir, List, LocalId, TypeRefId};

/// Everything later stages know about one file of code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// What it is written in.
    pub language: Language,
    /// Go: the package clause. Rust and TypeScript: none.
    pub package: Option<Symbol>,
    /// What it imports, in order.
    pub imports: Vec<Import>,
    /// What it exports under which name (TypeScript `export`, Rust `pub use`). Go exports by case and has none.
    pub exports: Vec<Export>,
    /// Rust: the `mod x;` declarations, whose code is in other files. Others: none.
    pub child_modules: Vec<ChildModule>,
    /// Types, also those declared inside functions (their name is then not unique).
    pub types: Vec<TypeDef>,
    /// Package-level or module-level variables and constants.
    pub globals: Vec<Global>,
    /// Functions, methods, closures. `functions[0]` is always the module's own top-level code, named `<module>`;
    /// its body assigns the globals (`Assign(Name(global), init)`) and holds top-level statements.
    pub functions: Vec<Function>,
    /// Rust: nested `mod` blocks are flattened; a definition inside has its module path here.
    pub ir: Ir,
    /// Line starts.
    pub lines: LineIndex,
    /// What could not be parsed or was cut short (the file's name is filled in later).
    pub problems: Vec<Problem>,
}

/// One imported name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The path as written: Go `"github.com/jackc/pgx/v5"`, TypeScript `"../db"`, Rust `crate::db` (all before the last segment).
    pub path: Symbol,
    /// The name in the other module: Go none; TypeScript the exported name, `default` or `*`; Rust the last segment or `*`.
    pub imported: Option<Symbol>,
    /// The name in this file. Go without alias: the last path segment that is not a version (`pgx`); `_` and `.` as written.
    pub local: Symbol,
    /// `import type`.
    pub type_only: bool,
    /// Rust: the module inside the file whose names it extends (`a::b` of nested `mod`s), empty for the file itself.
    pub module: Symbol,
    /// Where.
    pub span: Span,
}

/// A module of this file whose code is in a file of its own: Rust `mod x;`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildModule {
    /// Its name.
    pub name: Symbol,
    /// The module inside the file that declares it (`a::b` of nested `mod`s), empty for the file itself.
    pub module: Symbol,
    /// `#[path = "…"]`.
    pub path_attribute: Option<Symbol>,
    /// `#[cfg(test)]`, on it or around it.
    pub is_test: bool,
    /// Where.
    pub span: Span,
}

/// One exported name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The name others import: `default` for the default export, `*` for `export * from`.
    /// Rust: with the module inside the file before it (`a::Name` for `mod a { pub use x::Name; }`).
    pub exported: Symbol,
    /// The name here (or, with `from`, in that module); `*` for `export * as ns`. `module.exports = x` exports `default`.
    pub local: Symbol,
    /// The module it is passed on from.
    pub from: Option<Symbol>,
    /// The exported value where it has no name (`export default createRouter({…})`).
    pub value: Option<ExprId>,
}

/// A type that is defined here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeDef {
    /// Its name.
    pub name: Symbol,
    /// Rust: module path inside the file, empty at the top. Others: empty.
    pub module: Symbol,
    /// What it is.
    pub kind: TypeKind,
    /// Fields of a struct, class or object type; columns of an entity.
    pub fields: Vec<Field>,
    /// Methods an interface or trait asks for (bodies, where given, are functions too).
    pub methods: Vec<MethodSignature>,
    /// Embedded types (Go), `extends` and `implements`, supertraits; for `impl Trait for T` see [`Function::implements`].
    pub bases: Vec<TypeRefId>,
    /// What an alias or a defined non-struct type stands for.
    pub aliased: Option<TypeRefId>,
    /// Variants of an enum; members of a TypeScript enum with their values.
    pub variants: Vec<EnumVariant>,
    /// Rust attributes and derives (`derive` has its names as `Name` arguments), TypeScript decorators.
    pub attributes: Vec<Attribute>,
    /// Type parameter names.
    pub type_params: Vec<Symbol>,
    /// The whole definition.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
}

/// The kinds of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TypeKind {
    /// Go or Rust struct.
    Struct,
    /// Class.
    Class,
    /// Go or TypeScript interface, Rust trait.
    Interface,
    /// Enum.
    Enum,
    /// `type A = B`, `type A B`.
    Alias,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name; an embedded Go field has its type's name, tuple fields are `0`, `1`, …
    pub name: Symbol,
    /// Its written type.
    pub type_ref: TypeRefId,
    /// Go: the struct tag, decoded. Others: empty.
    pub tag: Symbol,
    /// Rust attributes, TypeScript decorators.
    pub attributes: Vec<Attribute>,
    /// Initial value of a class field.
    pub init: Option<ExprId>,
    /// Whether the field is an embedded type (Go) .
    pub embedded: bool,
    /// `?` in TypeScript.
    pub optional: bool,
    /// Where.
    pub span: Span,
}

/// A method an interface asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodSignature {
    /// Its name.
    pub name: Symbol,
    /// Parameter types, the receiver not counted.
    pub params: Vec<TypeRefId>,
    /// Parameter names, `_` where none is written.
    pub param_names: Vec<Symbol>,
    /// Result types.
    pub results: Vec<TypeRefId>,
}

/// One variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumVariant {
    /// Its name.
    pub name: Symbol,
    /// Its value, where one is written.
    pub value: Option<ExprId>,
    /// Payload types.
    pub payload: Vec<TypeRefId>,
    /// Rust attributes of the variant (`#[sea_orm(belongs_to = "…")]`). Others: none.
    pub attributes: Vec<Attribute>,
}

/// A package-level or module-level variable or constant (not functions; `const f = () => …` is a function **and** a global).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Global {
    /// Its name. Static class members and Rust associated constants are `Class.name` / `Type::NAME`.
    pub name: Symbol,
    /// Rust: module path inside the file.
    pub module: Symbol,
    /// Its written type.
    pub type_ref: TypeRefId,
    /// Its first value. Go `const` groups with `iota` have `None`.
    pub init: Option<ExprId>,
    /// `const` (all languages), `static` without `mut`.
    pub is_const: bool,
    /// Where.
    pub span: Span,
}

/// A Rust attribute or TypeScript decorator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Path: `tokio::main`, `get`, `Controller`, `derive`, `sea_orm`.
    pub name: Symbol,
    /// Arguments: positional as they are; `key = value` as `Struct` entries of one trailing `Struct`; a bare word as `Name`.
    pub args: List<ExprId>,
    /// Where.
    pub span: Span,
}

/// A function, method or closure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its bare name. A closure takes the name it is bound to (variable, object key, class field, struct field), else `<closure>`.
    pub name: Symbol,
    /// The name a programmer would use: `(*Server).GetStream`, `Server.GetStream`, `Class.method`, `mod::func`, `Type::method`,
    /// `router.promote` (an object key inside a module-level constant), `outer.<closure>`.
    pub display: Symbol,
    /// The type it is a method of, without pointer and generics.
    pub receiver_type: Option<Symbol>,
    /// Rust: module path inside the file.
    pub module: Symbol,
    /// Rust: the trait of `impl Trait for T`, last segment.
    pub implements: Option<Symbol>,
    /// The receiver (Go receiver, Rust `self`).
    pub receiver: Option<LocalId>,
    /// The parameters in order, the receiver not counted.
    pub params: Vec<LocalId>,
    /// Result types; a TypeScript or Rust result is one element, absent when none is written.
    pub results: Vec<TypeRefId>,
    /// What it does. Empty for a declaration without a body.
    pub body: Block,
    /// The function it is written in; `None` at the top of the file.
    pub parent: Option<FunctionIdx>,
    /// Rust attributes, TypeScript decorators. A decorator of a parameter (`@Body("x") dto`) is here, too, with the
    /// parameter as its first argument ([`crate::ir::ExprKind::Local`]).
    pub attributes: Vec<Attribute>,
    /// Yes-or-no properties.
    pub flags: FunctionFlags,
    /// The whole definition.
    pub span: Span,
    /// Its name, or its first bytes when it has none.
    pub name_span: Span,
}

/// Yes-or-no properties of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FunctionFlags {
    /// `async`.
    pub is_async: bool,
    /// Visible outside its module: Go by case, `export`ed, `pub`.
    pub is_exported: bool,
    /// A function literal.
    pub is_closure: bool,
    /// Has a body.
    pub has_body: bool,
    /// A static method.
    pub is_static: bool,
    /// The last parameter takes the rest (`...T`).
    pub is_variadic: bool,
    /// Test code inside a production file (`#[cfg(test)]`, `#[test]`).
    pub is_test: bool,
}
