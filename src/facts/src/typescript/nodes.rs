//! The syntax tree of a file as one flat list, read in a single walk.
//!
//! Walking with a cursor is what costs; afterwards the list is read in any order for nothing, so lowering can look
//! ahead (hoisting, `require`, decorators) without walking again. Punctuation and comments are left out.

use betwixt_base::Span;
use tree_sitter::{Tree, TreeCursor};

use super::kinds::{Field, Grammar, Kind, Step};

/// How much blank text before a closing bracket is looked at.
const MAX_REST: usize = 48;

/// A node of the list.
#[derive(Debug, Clone, Copy)]
struct Node {
    kind: Kind,
    field: Field,
    start: u32,
    end: u32,
    /// The node after everything inside this one.
    after: u32,
}

/// The position of a node in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(u32);

/// The nodes of a file in source order, parents first.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    items: Vec<Node>,
    /// The text that does not fit the grammar, in order; empty where something is missing.
    pub(super) errors: Vec<Span>,
    /// Whether some variable is declared with `var`.
    pub(super) has_var: bool,
}

impl Nodes {
    /// Reads the whole tree of `text`.
    pub(super) fn read(tree: &Tree, grammar: &Grammar, text: &str) -> Self {
        let root = tree.root_node();
        let mut nodes = Self {
            items: Vec::with_capacity(text.len() / 8),
            ..Self::default()
        };
        nodes.push(Kind::Program, Field::None, 0, text.len() as u32);
        if root.kind_id() == u16::MAX {
            nodes
                .errors
                .push(Span::new(root.start_byte() as u32, root.end_byte() as u32));
        }
        let mut cursor = tree.walk();
        if cursor.goto_first_child() {
            Walk {
                nodes: &mut nodes,
                grammar,
                text: text.as_bytes(),
                is_sound: !root.has_error(),
            }
            .run(&mut cursor);
        }
        nodes
    }

    fn push(&mut self, kind: Kind, field: Field, start: u32, end: u32) -> u32 {
        let id = self.items.len() as u32;
        self.items.push(Node {
            kind,
            field,
            start,
            end,
            after: id + 1,
        });
        id
    }

    /// The whole file.
    pub(super) fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// What the node is.
    pub(super) fn kind(&self, id: NodeId) -> Kind {
        self.items[id.0 as usize].kind
    }

    /// What the node is to its parent.
    pub(super) fn field_of(&self, id: NodeId) -> Field {
        self.items[id.0 as usize].field
    }

    /// The bytes of the node.
    pub(super) fn span(&self, id: NodeId) -> Span {
        let node = self.items[id.0 as usize];
        Span::new(node.start, node.end)
    }

    /// The children, words and signs included.
    pub(super) fn all_children(&self, id: NodeId) -> Children<'_> {
        Children {
            nodes: self,
            next: id.0 + 1,
            after: self.items[id.0 as usize].after,
        }
    }

    /// The children that are no words or signs.
    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.all_children(id)
            .filter(|&child| !self.kind(child).is_token())
    }

    /// The first child that is no word or sign.
    pub(super) fn first(&self, id: NodeId) -> Option<NodeId> {
        self.children(id).next()
    }

    /// The last child that is no word or sign.
    pub(super) fn last(&self, id: NodeId) -> Option<NodeId> {
        self.children(id).last()
    }

    /// The first child in that field.
    pub(super) fn field(&self, id: NodeId, field: Field) -> Option<NodeId> {
        self.all_children(id)
            .find(|&child| self.field_of(child) == field)
    }

    /// Whether one of the children is of that kind.
    pub(super) fn has(&self, id: NodeId, kind: Kind) -> bool {
        self.all_children(id).any(|child| self.kind(child) == kind)
    }

    /// All nodes inside, each after its parent; `enter` says whether to go into a node.
    pub(super) fn inside(&self, id: NodeId, mut enter: impl FnMut(NodeId, Kind) -> bool) {
        let after = self.items[id.0 as usize].after;
        let mut next = id.0 + 1;
        while next < after {
            let node = self.items[next as usize];
            next = if enter(NodeId(next), node.kind) {
                next + 1
            } else {
                node.after
            };
        }
    }
}

/// The one walk over the tree.
///
/// Every step of a cursor costs, so in sound code those are left out whose outcome the text tells: brackets and
/// semicolons at the end of a node, `.name` of a member, lists of names.
struct Walk<'n> {
    nodes: &'n mut Nodes,
    grammar: &'n Grammar,
    text: &'n [u8],
    is_sound: bool,
}

impl Walk<'_> {
    fn run(&mut self, cursor: &mut TreeCursor<'_>) {
        let mut open = vec![0u32];
        let mut parent = self.nodes.items[0];
        loop {
            let mut is_last = false;
            if let Some(entered) = self.visit(cursor, parent, &mut is_last) {
                open.push(entered);
                parent = self.nodes.items[entered as usize];
                // The opening bracket says nothing.
                let is_bracket = self.is_sound && parent.kind.is_bracketed();
                if !is_bracket || cursor.goto_next_sibling() {
                    continue;
                }
            }
            while is_last || !cursor.goto_next_sibling() {
                cursor.goto_parent();
                let after = self.nodes.items.len() as u32;
                let Some(closed) = open.pop() else {
                    return;
                };
                self.nodes.items[closed as usize].after = after;
                let Some(&around) = open.last() else {
                    return;
                };
                parent = self.nodes.items[around as usize];
                is_last = self.is_last(self.nodes.items[closed as usize].end, parent);
            }
        }
    }

    /// Keeps the node under the cursor if it says something; its id when its children are next.
    fn visit(
        &mut self,
        cursor: &mut TreeCursor<'_>,
        parent: Node,
        is_last: &mut bool,
    ) -> Option<u32> {
        let node = cursor.node();
        let (kind, step) = self.grammar.kind(node.kind_id());
        let is_kept = match step {
            Step::Skip => false,
            Step::Token => kind.is_kept_below(parent.kind),
            Step::Leaf | Step::Inner => true,
        };
        if !is_kept {
            if !self.is_sound && node.is_missing() {
                let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
                self.nodes.errors.push(Span::new(start, end));
            }
            *is_last = kind == Kind::Close && self.is_last(node.end_byte() as u32, parent);
            return None;
        }
        let mut field = Field::None;
        if parent.kind.has_fields() {
            field = cursor
                .field_id()
                .map_or(Field::None, |id| self.grammar.field(id.get()));
        }
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        let id = self.nodes.push(kind, field, start, end);
        if !self.is_sound && (kind == Kind::Error || start == end && node.is_missing()) {
            self.nodes.errors.push(Span::new(start, end));
        }
        self.nodes.has_var |= kind == Kind::VariableDeclaration || kind == Kind::Var;
        if step == Step::Inner
            && !self.is_told_by_text(kind, start, end)
            && cursor.goto_first_child()
        {
            return Some(id);
        }
        *is_last = self.is_last(end, parent);
        None
    }

    /// Whether after a child that ends at `end` nothing comes that says anything.
    fn is_last(&self, end: u32, parent: Node) -> bool {
        if !self.is_sound {
            return false;
        }
        if parent.kind == Kind::MemberExpression {
            return true;
        }
        let rest = self
            .text
            .get(end as usize..parent.end as usize)
            .unwrap_or_default();
        match rest {
            [] => true,
            [between @ .., b')' | b']' | b'}' | b';'] if rest.len() <= MAX_REST => between
                .iter()
                .all(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b';')),
            _ => false,
        }
    }

    /// Whether the children of a node are read from its text.
    fn is_told_by_text(&self, kind: Kind, start: u32, end: u32) -> bool {
        if !self.is_sound {
            return false;
        }
        let text = self
            .text
            .get(start as usize..end as usize)
            .unwrap_or_default();
        match kind {
            Kind::JsxAttribute => text.ends_with(b"\"") || text.ends_with(b"'"),
            Kind::ImportSpecifier | Kind::ExportSpecifier => text
                .iter()
                .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b' ')),
            _ => text.len() == 2 && kind.is_bracketed(),
        }
    }
}

/// The children of a node.
pub(super) struct Children<'n> {
    nodes: &'n Nodes,
    next: u32,
    after: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.next >= self.after {
            return None;
        }
        let id = self.next;
        self.next = self.nodes.items[id as usize].after;
        Some(NodeId(id))
    }
}
