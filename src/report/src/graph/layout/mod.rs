//! Where boxes and the lines between them are drawn: layers from left to right.
//!
//! The known recipe: turn arcs so that none leads back ([`ranks`]), give each box a column, put stand-ins where a line
//! crosses a column, order each column so that few lines cross ([`order`]), then move everything as near to its
//! neighbours as there is room ([`place`]). Only sums and sorts of numbers, so the same graph gets the same picture.

mod order;
mod place;
mod ranks;

/// A line between two boxes, given once for each pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arc {
    /// Index of a box.
    pub(super) from: usize,
    /// Index of another box.
    pub(super) to: usize,
    /// It says what stands before what; others only follow.
    pub(super) is_firm: bool,
    /// How much room it takes across.
    pub(super) breadth: f64,
}

/// How large a box is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Space that is kept free above and below.
    pub(super) pad: f64,
}

/// A point of the picture; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Where a box is: its left upper corner, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A finished layout.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Layout {
    /// By box.
    pub(super) boxes: Vec<Area>,
    /// By arc, from its `from` to its `to`: an even number of points, each pair joined by a curve, straight between pairs.
    pub(super) routes: Vec<Vec<Point>>,
    /// Of everything.
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Space around everything.
const MARGIN: f64 = 28.0;
/// More stand-ins than this make no picture clearer; lines then go straight.
const MAX_STAND_INS: usize = 4000;

/// A box or a stand-in in a column.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Slot {
    /// Index of the box; `None` for a stand-in.
    of: Option<usize>,
    height: f64,
}

/// Boxes and stand-ins in their columns, with the short lines between neighbouring columns.
#[derive(Debug, Default)]
struct Layers {
    slots: Vec<Slot>,
    /// Slots of each column from top to bottom.
    columns: Vec<Vec<usize>>,
    /// (slot, slot in the next column, how much it wants to be straight)
    lines: Vec<(usize, usize, f64)>,
    /// By arc: its slots from left to right; empty for arcs within a column.
    chains: Vec<Vec<usize>>,
}

/// Lays out boxes of these sizes; boxes without arcs are put below the others.
pub(super) fn layered(sizes: &[Size], arcs: &[Arc]) -> Layout {
    let mut is_joined = vec![false; sizes.len()];
    for arc in arcs {
        is_joined[arc.from] = true;
        is_joined[arc.to] = true;
    }
    let ranks = ranks::ranks(sizes.len(), arcs, &is_joined);
    let mut layers = layers(sizes, arcs, &ranks, &is_joined);
    order::order(&mut layers);
    let y = place::vertical(&layers);
    let mut layout = place::assemble(sizes, arcs, &layers, &y);
    place::rest(&mut layout, sizes, &is_joined);
    layout
}

fn layers(sizes: &[Size], arcs: &[Arc], ranks: &[usize], is_joined: &[bool]) -> Layers {
    let mut layers = Layers::default();
    let n_columns = ranks
        .iter()
        .zip(is_joined)
        .filter(|(_, joined)| **joined)
        .map(|(rank, _)| rank + 1)
        .max()
        .unwrap_or(0);
    layers.columns = vec![Vec::new(); n_columns];
    for (index, size) in sizes.iter().enumerate() {
        layers.slots.push(Slot {
            of: Some(index),
            height: size.height + 2.0 * size.pad,
        });
        if is_joined[index] {
            layers.columns[ranks[index]].push(index);
        }
    }
    let span = |arc: &Arc| ranks[arc.from].abs_diff(ranks[arc.to]);
    let n_stand_ins: usize = arcs.iter().map(|arc| span(arc).saturating_sub(1)).sum();
    for arc in arcs {
        let (left, right) = if ranks[arc.from] <= ranks[arc.to] {
            (arc.from, arc.to)
        } else {
            (arc.to, arc.from)
        };
        if ranks[left] == ranks[right] {
            layers.chains.push(Vec::new());
            continue;
        }
        let mut chain = vec![left];
        if n_stand_ins <= MAX_STAND_INS {
            for column in ranks[left] + 1..ranks[right] {
                layers.slots.push(Slot {
                    of: None,
                    height: arc.breadth,
                });
                let slot = layers.slots.len() - 1;
                layers.columns[column].push(slot);
                chain.push(slot);
            }
            chain.push(right);
            for pair in chain.windows(2) {
                let n_boxes = pair.iter().filter(|slot| layers.slots[**slot].of.is_some());
                let pull = [8.0, 3.0, 1.0][n_boxes.count()];
                layers.lines.push((pair[0], pair[1], pull));
            }
        } else {
            chain.push(right);
        }
        layers.chains.push(chain);
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arc(from: usize, to: usize) -> Arc {
        Arc {
            from,
            to,
            is_firm: true,
            breadth: 6.0,
        }
    }

    fn size(width: f64) -> Size {
        Size {
            width,
            height: 40.0,
            pad: 0.0,
        }
    }

    fn overlap(a: &Area, b: &Area) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    #[test]
    fn boxes_never_overlap_and_calls_go_right() {
        let sizes = vec![size(120.0); 40];
        let mut arcs: Vec<Arc> = (1..40).map(|to| arc((to * 7) % to, to)).collect();
        arcs.push(arc(39, 0));
        let layout = layered(&sizes, &arcs);
        for (index, a) in layout.boxes.iter().enumerate() {
            assert!(layout.boxes[index + 1..].iter().all(|b| !overlap(a, b)));
            assert!(a.x >= 0.0 && a.x + a.width <= layout.width);
            assert!(a.y >= 0.0 && a.y + a.height <= layout.height);
        }
        let goes_right = |arc: &&Arc| layout.boxes[arc.from].x < layout.boxes[arc.to].x;
        assert_eq!(arcs.iter().filter(goes_right).count(), 39);
    }

    #[test]
    fn boxes_without_lines_have_a_place_too() {
        let layout = layered(&[size(100.0); 5], &[arc(0, 1)]);
        assert!(layout.boxes[2].y > layout.boxes[0].y);
        assert_ne!(layout.boxes[2], layout.boxes[3]);
        assert!(layered(&[], &[]).boxes.is_empty());
    }

    #[test]
    fn a_cycle_and_a_pair_within_a_column_are_drawn() {
        let soft = Arc {
            is_firm: false,
            ..arc(1, 2)
        };
        let arcs = [arc(0, 1), arc(0, 2), soft, arc(1, 3), arc(3, 0)];
        let layout = layered(&[size(100.0); 4], &arcs);
        assert!(layout.routes.iter().all(|route| route.len() >= 2));
    }
}
