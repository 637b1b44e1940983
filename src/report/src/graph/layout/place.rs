//! Heights within columns, columns beside each other, lines from box to box.

use super::{Arc, Area, Layers, Layout, MARGIN, Point, Size};

/// Least space between two boxes of a column.
const BOX_GAP: f64 = 22.0;
/// Least space around a line that passes through a column.
const LINE_GAP: f64 = 9.0;
/// Space between columns, and what each line in it adds.
const COLUMN_GAP: f64 = 100.0;
const GAP_PER_LINE: f64 = 3.2;
const MOST_GAP: f64 = 210.0;
const SWEEPS: usize = 40;

/// The middle of every slot: as near to its neighbours as the order and the space between allow.
pub(super) fn vertical(layers: &Layers) -> Vec<f64> {
    let n = layers.slots.len();
    let mut near: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n];
    for &(from, to, pull) in &layers.lines {
        near[from].push((to, pull));
        near[to].push((from, pull));
    }
    let mut y = vec![0.0; n];
    for slots in &layers.columns {
        let mut at = 0.0;
        for (index, &slot) in slots.iter().enumerate() {
            if index > 0 {
                at += gap(layers, slots[index - 1], slot);
            }
            y[slot] = at;
        }
        let middle = at / 2.0;
        slots.iter().for_each(|&slot| y[slot] -= middle);
    }
    for sweep in 0..SWEEPS {
        let columns: Vec<&Vec<usize>> = match sweep % 2 {
            0 => layers.columns.iter().collect(),
            _ => layers.columns.iter().rev().collect(),
        };
        for slots in columns {
            settle(layers, slots, &near, &mut y);
        }
    }
    y
}

fn gap(layers: &Layers, upper: usize, lower: usize) -> f64 {
    let (a, b) = (layers.slots[upper], layers.slots[lower]);
    let space = match (a.of, b.of) {
        (Some(_), Some(_)) => BOX_GAP,
        (None, None) => LINE_GAP,
        _ => LINE_GAP + 5.0,
    };
    (a.height + b.height) / 2.0 + space
}

/// The nearest places to what the slots of a column want that keep order and space: blocks that want into each other
/// are put together at the mean of what they want.
fn settle(layers: &Layers, slots: &[usize], near: &[Vec<(usize, f64)>], y: &mut [f64]) {
    struct Block {
        first: usize,
        weight: f64,
        /// What the first slot of the block wants, weighted.
        sum: f64,
    }
    let mut offset = vec![0.0; slots.len()];
    for index in 1..slots.len() {
        offset[index] = offset[index - 1] + gap(layers, slots[index - 1], slots[index]);
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (index, &slot) in slots.iter().enumerate() {
        let pull: f64 = near[slot].iter().map(|(_, pull)| pull).sum();
        let (wanted, weight) = if pull > 0.0 {
            let sum: f64 = near[slot]
                .iter()
                .map(|&(other, pull)| y[other] * pull)
                .sum();
            (sum / pull, pull)
        } else {
            (y[slot], 0.1)
        };
        blocks.push(Block {
            first: index,
            weight,
            sum: (wanted - offset[index]) * weight,
        });
        while let [.., upper, lower] = blocks.as_slice()
            && upper.sum / upper.weight > lower.sum / lower.weight
        {
            let (weight, sum) = (lower.weight, lower.sum);
            blocks.pop();
            if let Some(upper) = blocks.last_mut() {
                upper.weight += weight;
                upper.sum += sum;
            }
        }
    }
    for (index, block) in blocks.iter().enumerate() {
        let end = blocks.get(index + 1).map_or(slots.len(), |next| next.first);
        for at in block.first..end {
            y[slots[at]] = block.sum / block.weight + offset[at];
        }
    }
}

/// Columns beside each other, and the lines.
pub(super) fn assemble(sizes: &[Size], arcs: &[Arc], layers: &Layers, y: &[f64]) -> Layout {
    let top = layers
        .columns
        .iter()
        .flatten()
        .map(|&slot| y[slot] - layers.slots[slot].height / 2.0)
        .fold(f64::INFINITY, f64::min);
    let top = if top.is_finite() { top - MARGIN } else { 0.0 };
    let mut layout = Layout {
        boxes: vec![Area::default(); sizes.len()],
        ..Layout::default()
    };
    let mut column_of = vec![0; layers.slots.len()];
    let mut edges: Vec<(f64, f64)> = Vec::new();
    let mut x = MARGIN;
    for (column, slots) in layers.columns.iter().enumerate() {
        let boxes = slots.iter().filter_map(|&slot| layers.slots[slot].of);
        let width = boxes.map(|of| sizes[of].width).fold(0.0, f64::max);
        for &slot in slots {
            column_of[slot] = column;
            if let Some(of) = layers.slots[slot].of {
                let Size {
                    width: own, height, ..
                } = sizes[of];
                layout.boxes[of] = Area {
                    x: x + (width - own) / 2.0,
                    y: y[slot] - height / 2.0 - top,
                    width: own,
                    height,
                };
            }
        }
        edges.push((x, x + width));
        let n_lines = layers
            .lines
            .iter()
            .filter(|line| slots.contains(&line.0))
            .count();
        x += width + (COLUMN_GAP + GAP_PER_LINE * n_lines as f64).min(MOST_GAP);
    }
    let all = layout.boxes.iter().filter(|area| area.width > 0.0);
    layout.width = edges.last().map_or(0.0, |edge| edge.1) + MARGIN;
    let bottom = all.map(|area| area.y + area.height).fold(0.0, f64::max);
    let lines = layers.columns.iter().flatten().map(|&slot| y[slot] - top);
    layout.height = lines.fold(bottom, f64::max) + MARGIN;
    layout.routes = routes(arcs, layers, &layout, y, top, &column_of, &edges);
    let points = layout.routes.iter().flatten();
    layout.width = points
        .map(|point| point.x + MARGIN)
        .fold(layout.width, f64::max);
    layout
}

/// Which side of a box, and what a line there leads to.
struct Port {
    arc: usize,
    is_right: bool,
    toward: f64,
}

#[allow(clippy::too_many_arguments, reason = "the parts of one picture")]
fn routes(
    arcs: &[Arc],
    layers: &Layers,
    layout: &Layout,
    y: &[f64],
    top: f64,
    column_of: &[usize],
    edges: &[(f64, f64)],
) -> Vec<Vec<Point>> {
    let mut ports: Vec<Vec<Port>> = Vec::new();
    ports.resize_with(layout.boxes.len(), Vec::new);
    for (index, arc) in arcs.iter().enumerate() {
        let chain = &layers.chains[index];
        match chain.as_slice() {
            [first, second, ..] => {
                let last = chain[chain.len() - 1];
                let before = chain[chain.len() - 2];
                let mut add = |slot: usize, is_right, toward: usize| {
                    ports[slot].push(Port {
                        arc: index,
                        is_right,
                        toward: y[toward],
                    });
                };
                add(*first, true, *second);
                add(last, false, before);
            }
            _ => {
                for (own, other) in [(arc.from, arc.to), (arc.to, arc.from)] {
                    ports[own].push(Port {
                        arc: index,
                        is_right: true,
                        toward: y[other],
                    });
                }
            }
        }
    }
    let mut starts = vec![Point { x: 0.0, y: 0.0 }; arcs.len()];
    let mut ends = starts.clone();
    for (of, own) in ports.iter_mut().enumerate() {
        let area = layout.boxes[of];
        for is_right in [true, false] {
            let mut side: Vec<&Port> = own
                .iter()
                .filter(|port| port.is_right == is_right)
                .collect();
            side.sort_by(|a, b| a.toward.total_cmp(&b.toward).then(a.arc.cmp(&b.arc)));
            let breadth: f64 = side.iter().map(|port| arcs[port.arc].breadth + 4.0).sum();
            let scale = ((area.height - 10.0) / breadth.max(1.0)).min(1.0);
            let mut at = area.y + (area.height - breadth * scale) / 2.0;
            for port in side {
                let half = (arcs[port.arc].breadth + 4.0) * scale / 2.0;
                at += half;
                let x = if is_right {
                    area.x + area.width
                } else {
                    area.x
                };
                let point = Point { x, y: at };
                at += half;
                let is_within = layers.chains[port.arc].is_empty();
                let is_start = if is_within {
                    arcs[port.arc].from == of
                } else {
                    is_right
                };
                if is_start {
                    starts[port.arc] = point;
                } else {
                    ends[port.arc] = point;
                }
            }
        }
    }
    let mut found = Vec::new();
    for (index, arc) in arcs.iter().enumerate() {
        let chain = &layers.chains[index];
        let mut route = vec![starts[index]];
        for &slot in chain.iter().skip(1).take(chain.len().saturating_sub(2)) {
            let (left, right) = edges[column_of[slot]];
            let y = y[slot] - top;
            route.extend([Point { x: left, y }, Point { x: right, y }]);
        }
        route.push(ends[index]);
        if !chain.is_empty() && chain[0] != arc.from {
            route.reverse();
        }
        found.push(route);
    }
    found
}

/// Puts boxes without lines in rows below the others.
pub(super) fn rest(layout: &mut Layout, sizes: &[Size], is_joined: &[bool]) {
    let alone: Vec<usize> = (0..sizes.len())
        .filter(|&index| !is_joined[index])
        .collect();
    if alone.is_empty() {
        return;
    }
    let total: f64 = alone
        .iter()
        .map(|&index| sizes[index].width + BOX_GAP)
        .sum();
    let room = layout.width.max((total * 60.0).sqrt().max(700.0));
    let (mut x, mut y, mut row) = (MARGIN, layout.height.max(MARGIN), 0.0_f64);
    for index in alone {
        let Size { width, height, pad } = sizes[index];
        if x + width + MARGIN > room && x > MARGIN {
            x = MARGIN;
            y += row + BOX_GAP;
            row = 0.0;
        }
        layout.boxes[index] = Area {
            x,
            y: y + pad,
            width,
            height,
        };
        x += width + BOX_GAP;
        row = row.max(height + 2.0 * pad);
        layout.width = layout.width.max(x - BOX_GAP + MARGIN);
    }
    layout.height = y + row + MARGIN;
}
