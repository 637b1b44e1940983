//! The node kinds and fields of the two grammars (TypeScript and TSX) as small numbers.
//!
//! Both grammars number their kinds differently and give some names several numbers, so one table per grammar
//! maps their ids to [`Kind`] once per process. Names that are not listed become [`Kind::Other`].

use std::sync::OnceLock;

use tree_sitter::{Language, Tree};

/// What the reading of the tree does at a node of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Kept with its children.
    Inner,
    /// Kept; what is inside is read from the text, if at all.
    Leaf,
    /// A word or sign that is kept below some parents.
    Token,
    /// Left out with everything inside.
    Skip,
}

macro_rules! kinds {
    ($($step:ident { $($kind:ident $($name:literal)|+,)* })*) => {
        /// The kind of a node.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(super) enum Kind {
            /// A node the grammar could not place.
            Error,
            /// A named node that has no meaning of its own here.
            Other,
            /// A sign of no interest.
            Punctuation,
            /// A closing bracket or semicolon.
            Close,
            $($($kind,)*)*
        }

        fn kind_of(name: &str) -> Option<(Kind, Step)> {
            match name {
                $($($($name)|+ => Some((Kind::$kind, Step::$step)),)*)*
                _ => None,
            }
        }
    };
}

kinds! {
    Inner {
        Program "program",
        ExportStatement "export_statement",
        ExportClause "export_clause",
        ExportSpecifier "export_specifier",
        NamespaceExport "namespace_export",
        ImportStatement "import_statement",
        ImportClause "import_clause",
        NamedImports "named_imports",
        ImportSpecifier "import_specifier",
        NamespaceImport "namespace_import",
        ImportRequireClause "import_require_clause",
        ImportAlias "import_alias",
        AmbientDeclaration "ambient_declaration",
        Namespace "internal_module" | "module",
        FunctionDeclaration "function_declaration" | "generator_function_declaration",
        FunctionSignature "function_signature",
        FunctionExpression "function_expression" | "generator_function",
        ArrowFunction "arrow_function",
        MethodDefinition "method_definition",
        MethodSignature "method_signature",
        AbstractMethodSignature "abstract_method_signature",
        FormalParameters "formal_parameters",
        RequiredParameter "required_parameter",
        OptionalParameter "optional_parameter",
        ClassDeclaration "class_declaration" | "abstract_class_declaration",
        ClassExpression "class",
        ClassBody "class_body",
        ClassHeritage "class_heritage",
        ExtendsClause "extends_clause",
        ImplementsClause "implements_clause",
        ClassStaticBlock "class_static_block",
        FieldDefinition "public_field_definition",
        Decorator "decorator",
        ComputedPropertyName "computed_property_name",
        InterfaceDeclaration "interface_declaration",
        ObjectType "interface_body" | "object_type",
        ExtendsTypeClause "extends_type_clause",
        TypeAliasDeclaration "type_alias_declaration",
        EnumDeclaration "enum_declaration",
        EnumBody "enum_body",
        EnumAssignment "enum_assignment",
        PropertySignature "property_signature",
        IndexSignature "index_signature",
        CallSignature "call_signature",
        TypeParameters "type_parameters",
        TypeParameter "type_parameter",
        TypeAnnotation "type_annotation",
        TypeArguments "type_arguments",
        GenericType "generic_type",
        ArrayType "array_type",
        TupleType "tuple_type",
        UnionType "union_type" | "intersection_type",
        FunctionType "function_type" | "constructor_type",
        WrappedType "parenthesized_type" | "readonly_type" | "optional_type" | "rest_type" | "flow_maybe_type",
        StatementBlock "statement_block",
        ExpressionStatement "expression_statement",
        LexicalDeclaration "lexical_declaration",
        VariableDeclaration "variable_declaration",
        VariableDeclarator "variable_declarator",
        IfStatement "if_statement",
        ElseClause "else_clause",
        ForStatement "for_statement",
        ForInStatement "for_in_statement",
        WhileStatement "while_statement",
        DoStatement "do_statement",
        SwitchStatement "switch_statement",
        SwitchBody "switch_body",
        SwitchCase "switch_case",
        SwitchDefault "switch_default",
        TryStatement "try_statement",
        CatchClause "catch_clause",
        FinallyClause "finally_clause",
        ThrowStatement "throw_statement",
        ReturnStatement "return_statement",
        BreakStatement "break_statement",
        ContinueStatement "continue_statement",
        LabeledStatement "labeled_statement",
        WithStatement "with_statement",
        CallExpression "call_expression",
        NewExpression "new_expression",
        Arguments "arguments",
        MemberExpression "member_expression",
        SubscriptExpression "subscript_expression",
        AwaitExpression "await_expression",
        BinaryExpression "binary_expression",
        UnaryExpression "unary_expression",
        UpdateExpression "update_expression",
        AssignmentExpression "assignment_expression",
        AugmentedAssignment "augmented_assignment_expression",
        TernaryExpression "ternary_expression",
        SequenceExpression "sequence_expression",
        YieldExpression "yield_expression",
        SpreadElement "spread_element",
        ParenthesizedExpression "parenthesized_expression",
        AsExpression "as_expression" | "satisfies_expression",
        NonNullExpression "non_null_expression",
        TypeAssertion "type_assertion",
        InstantiationExpression "instantiation_expression",
        Object "object",
        Pair "pair",
        Array "array",
        TemplateString "template_string",
        TemplateSubstitution "template_substitution",
        ObjectPattern "object_pattern",
        ArrayPattern "array_pattern",
        PairPattern "pair_pattern",
        AssignmentPattern "assignment_pattern" | "object_assignment_pattern",
        RestPattern "rest_pattern",
        JsxElement "jsx_element",
        JsxOpeningElement "jsx_opening_element",
        JsxSelfClosingElement "jsx_self_closing_element",
        JsxAttribute "jsx_attribute",
        JsxExpression "jsx_expression",
    }
    Leaf {
        LiteralType "literal_type",
        Identifier "identifier",
        PropertyIdentifier "property_identifier",
        PrivatePropertyIdentifier "private_property_identifier",
        ShorthandPropertyIdentifier "shorthand_property_identifier",
        ShorthandPattern "shorthand_property_identifier_pattern",
        TypeIdentifier "type_identifier",
        NestedIdentifier "nested_identifier" | "nested_type_identifier",
        String "string",
        Number "number",
        Regex "regex",
        True "true",
        False "false",
        Null "null" | "undefined",
        This "this",
        Super "super",
        Import "import",
        MetaProperty "meta_property",
        PredefinedType "predefined_type" | "this_type" | "existential_type",
        TypeQuery "type_query",
        TypePredicate "type_predicate" | "type_predicate_annotation",
        // Types with no form in the IR.
        OpaqueType "conditional_type" | "lookup_type" | "index_type_query" | "template_literal_type" | "infer_type"
            | "asserts" | "asserts_annotation",
        MappedTypeClause "mapped_type_clause",
        AccessibilityModifier "accessibility_modifier",
        EmptyStatement "empty_statement" | "debugger_statement",
        JsxText "jsx_text" | "html_character_reference",
        JsxNamespaceName "jsx_namespace_name",
    }
    Token {
        Async "async",
        Static "static",
        Const "const",
        Let "let",
        Var "var",
        Await "await",
        Type "type",
        Default "default",
        Global "global",
        Readonly "readonly",
        Of "of",
        Question "?",
        Equals "=",
        Comma ",",
        Star "*",
        Operator "+" | "-" | "/" | "%" | "**" | "&&" | "||" | "??" | "==" | "===" | "!=" | "!==" | "<" | "<=" | ">" | ">="
            | "&" | "|" | "^" | "<<" | ">>" | ">>>" | "in" | "instanceof" | "!" | "~" | "typeof" | "void" | "delete"
            | "++" | "--" | "+=" | "-=" | "*=" | "/=" | "%=" | "**=" | "&=" | "|=" | "^=" | "<<=" | ">>=" | ">>>="
            | "&&=" | "||=" | "??=",
    }
    Skip {
        Comment "comment" | "html_comment" | "hash_bang_line",
        StringFragment "string_fragment" | "escape_sequence",
        OptionalChain "optional_chain",
        OverrideModifier "override_modifier",
        ImportAttribute "import_attribute",
        Constraint "constraint" | "default_type",
        JsxClosingElement "jsx_closing_element",
        ConstructSignature "construct_signature",
        StatementIdentifier "statement_identifier",
    }
}

impl Kind {
    /// Whether a word or sign of this kind says something below `parent`.
    pub(super) fn is_kept_below(self, parent: Kind) -> bool {
        match self {
            Kind::Async => matches!(
                parent,
                Kind::ArrowFunction
                    | Kind::FunctionExpression
                    | Kind::FunctionDeclaration
                    | Kind::FunctionSignature
                    | Kind::MethodDefinition
            ),
            Kind::Static => matches!(parent, Kind::FieldDefinition | Kind::MethodDefinition),
            Kind::Const => {
                matches!(parent, Kind::LexicalDeclaration | Kind::ForInStatement)
            }
            Kind::Let | Kind::Var | Kind::Await | Kind::Of => parent == Kind::ForInStatement,
            Kind::Type => matches!(
                parent,
                Kind::ImportStatement
                    | Kind::ImportSpecifier
                    | Kind::ExportStatement
                    | Kind::ExportSpecifier
            ),
            Kind::Default | Kind::Equals => parent == Kind::ExportStatement,
            Kind::Global => parent == Kind::AmbientDeclaration,
            Kind::Readonly => matches!(
                parent,
                Kind::RequiredParameter | Kind::OptionalParameter | Kind::FieldDefinition
            ),
            Kind::Question => matches!(parent, Kind::PropertySignature | Kind::FieldDefinition),
            Kind::Comma => parent == Kind::ArrayPattern,
            Kind::Star => matches!(parent, Kind::ExportStatement | Kind::BinaryExpression),
            Kind::Operator => matches!(
                parent,
                Kind::BinaryExpression
                    | Kind::UnaryExpression
                    | Kind::UpdateExpression
                    | Kind::AugmentedAssignment
            ),
            _ => false,
        }
    }

    /// Whether the first child of such a node is a bracket.
    pub(super) fn is_bracketed(self) -> bool {
        matches!(
            self,
            Kind::Arguments
                | Kind::Array
                | Kind::ArrayPattern
                | Kind::ClassBody
                | Kind::FormalParameters
                | Kind::JsxExpression
                | Kind::NamedImports
                | Kind::Object
                | Kind::ObjectPattern
                | Kind::ObjectType
                | Kind::ParenthesizedExpression
                | Kind::StatementBlock
                | Kind::SwitchBody
                | Kind::TemplateSubstitution
                | Kind::TypeArguments
        )
    }

    /// Whether it is a word or sign.
    pub(super) fn is_token(self) -> bool {
        self as u8 >= Kind::Async as u8
    }

    /// Whether the children of such a node are told apart by field.
    pub(super) fn has_fields(self) -> bool {
        !matches!(
            self,
            Kind::Program
                | Kind::StatementBlock
                | Kind::ExpressionStatement
                | Kind::Arguments
                | Kind::Array
                | Kind::Object
                | Kind::ArrayPattern
                | Kind::ObjectPattern
                | Kind::FormalParameters
                | Kind::LexicalDeclaration
                | Kind::TypeAnnotation
                | Kind::TypeArguments
                | Kind::UnionType
                | Kind::ObjectType
                | Kind::ParenthesizedExpression
                | Kind::ReturnStatement
                | Kind::AwaitExpression
                | Kind::TemplateString
                | Kind::TemplateSubstitution
                | Kind::JsxAttribute
                | Kind::JsxExpression
                | Kind::NamedImports
                | Kind::ImportClause
                | Kind::AsExpression
                | Kind::SpreadElement
                | Kind::ArrayType
        )
    }
}

macro_rules! fields {
    ($($field:ident $name:literal,)*) => {
        /// What a node is to its parent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field {
            /// Nothing that is asked for.
            None,
            $($field,)*
        }

        fn field_of(name: &str) -> Field {
            match name {
                $($name => Field::$field,)*
                _ => Field::None,
            }
        }
    };
}

fields! {
    Name "name",
    Alias "alias",
    Body "body",
    Parameters "parameters",
    Parameter "parameter",
    Pattern "pattern",
    ReturnType "return_type",
    Type "type",
    TypeParameters "type_parameters",
    TypeArguments "type_arguments",
    IndexType "index_type",
    Value "value",
    Key "key",
    Left "left",
    Right "right",
    Operator "operator",
    Argument "argument",
    Object "object",
    Property "property",
    Index "index",
    Function "function",
    Arguments "arguments",
    Constructor "constructor",
    Condition "condition",
    Consequence "consequence",
    Alternative "alternative",
    Initializer "initializer",
    Increment "increment",
    Handler "handler",
    Finalizer "finalizer",
    Source "source",
    Declaration "declaration",
    Decorator "decorator",
    OpenTag "open_tag",
    Attribute "attribute",
}

/// The ids of one grammar.
pub(super) struct Grammar {
    kinds: Vec<(Kind, Step)>,
    fields: Vec<Field>,
}

impl Grammar {
    /// The table of the grammar `tree` was parsed with.
    pub(super) fn of(tree: &Tree, is_tsx: bool) -> &'static Self {
        static TABLES: [OnceLock<Grammar>; 2] = [const { OnceLock::new() }; 2];
        TABLES[usize::from(is_tsx)].get_or_init(|| Grammar::new(&tree.language()))
    }

    fn new(language: &Language) -> Self {
        let kind = |id: u16| {
            let name = language.node_kind_for_id(id).unwrap_or_default();
            let is_named = language.node_kind_is_named(id);
            match kind_of(name) {
                None if matches!(name, ")" | "]" | "}" | ";") => (Kind::Close, Step::Skip),
                // `this`, `import` and others are both words and nodes.
                Some((kind, step)) if is_named || step == Step::Token => (kind, step),
                _ if is_named => (Kind::Other, Step::Inner),
                _ => (Kind::Punctuation, Step::Skip),
            }
        };
        let field = |id: u16| field_of(language.field_name_for_id(id).unwrap_or_default());
        Self {
            kinds: (0..language.node_kind_count() as u16).map(kind).collect(),
            fields: (0..=language.field_count() as u16).map(field).collect(),
        }
    }

    /// The kind of a node with this id; ids outside of the table are errors.
    pub(super) fn kind(&self, id: u16) -> (Kind, Step) {
        self.kinds
            .get(id as usize)
            .copied()
            .unwrap_or((Kind::Error, Step::Inner))
    }

    /// The field with this id.
    pub(super) fn field(&self, id: u16) -> Field {
        self.fields.get(id as usize).copied().unwrap_or(Field::None)
    }
}
