//! The syntax tree of a file as one flat list, read in a single walk.
//!
//! Walking with a cursor is what costs; afterwards the list is read in any order for nothing, so lowering can look
//! ahead (hoisting, `require`, decorators) without walking again. Punctuation and comments are left out.

use betwixt_base::Span;
use tree_sitter::Tree;

use super::kinds::{Field, Grammar, Kind, Step};

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
    /// Reads the whole tree.
    pub(super) fn read(tree: &Tree, grammar: &Grammar) -> Self {
        let root = tree.root_node();
        let mut nodes = Self {
            items: Vec::with_capacity(root.end_byte() / 8),
            ..Self::default()
        };
        let is_damaged = root.has_error();
        let mut cursor = tree.walk();
        nodes.push(Kind::Program, Field::None, 0, root.end_byte() as u32);
        if root.kind_id() == u16::MAX {
            nodes
                .errors
                .push(Span::new(root.start_byte() as u32, root.end_byte() as u32));
        }
        let mut open = vec![0u32];
        let mut parent = Kind::Program;
        if !cursor.goto_first_child() {
            return nodes;
        }
        loop {
            let node = cursor.node();
            let (kind, step) = grammar.kind(node.kind_id());
            let is_kept = match step {
                Step::Skip => false,
                Step::Token => kind.is_kept_below(parent),
                Step::Leaf | Step::Inner => true,
            };
            if is_kept {
                let field = if parent.has_fields() {
                    cursor
                        .field_id()
                        .map_or(Field::None, |id| grammar.field(id.get()))
                } else {
                    Field::None
                };
                let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
                let id = nodes.push(kind, field, start, end);
                if is_damaged && (kind == Kind::Error || start == end && node.is_missing()) {
                    nodes.errors.push(Span::new(start, end));
                }
                nodes.has_var |= kind == Kind::VariableDeclaration || kind == Kind::Var;
                if step == Step::Inner && cursor.goto_first_child() {
                    open.push(id);
                    parent = kind;
                    continue;
                }
            } else if is_damaged && node.is_missing() {
                nodes
                    .errors
                    .push(Span::new(node.start_byte() as u32, node.end_byte() as u32));
            }
            while !cursor.goto_next_sibling() {
                cursor.goto_parent();
                let after = nodes.items.len() as u32;
                if let Some(closed) = open.pop() {
                    nodes.items[closed as usize].after = after;
                }
                let Some(&around) = open.last() else {
                    return nodes;
                };
                parent = nodes.items[around as usize].kind;
            }
        }
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
