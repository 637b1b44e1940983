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
    let frame = Frame {
        arcs,
        layers,
        boxes: &layout.boxes,
        y,
        top,
        column_of: &column_of,
        edges: &edges,
    };
    layout.routes = routes(&frame);
    let points = layout.routes.iter().flatten();
    layout.width = points
        .map(|point| point.x + MARGIN)
        .fold(layout.width, f64::max);
    layout
}

/// What lines are drawn in.
struct Frame<'a> {
    arcs: &'a [Arc],
    layers: &'a Layers,
    boxes: &'a [Area],
    /// Middle of every slot, `top` lower than in the picture.
    y: &'a [f64],
    top: f64,
    /// By slot.
    column_of: &'a [usize],
    /// Left and right of every column.
    edges: &'a [(f64, f64)],
}

/// Which side of a box, and what a line there leads to.
struct Port {
    arc: usize,
    is_right: bool,
    is_start: bool,
    /// How high the other end is.
    toward: f64,
}

/// From where to where each line goes.
type Ends = Vec<[Point; 2]>;

fn routes(frame: &Frame<'_>) -> Vec<Vec<Point>> {
    let ends = ends(frame);
    let mut found = Vec::new();
    for (index, arc) in frame.arcs.iter().enumerate() {
        let chain = &frame.layers.chains[index];
        let [start, end] = ends[index];
        let mut route = vec![start];
        for &slot in chain.iter().skip(1).take(chain.len().saturating_sub(2)) {
            let (left, right) = frame.edges[frame.column_of[slot]];
            let y = frame.y[slot] - frame.top;
            route.extend([Point { x: left, y }, Point { x: right, y }]);
        }
        route.push(end);
        if !chain.is_empty() && chain[0] != arc.from {
            route.reverse();
        }
        found.push(route);
    }
    found
}

/// The lines of every box, on the side where their other end is.
fn ports(frame: &Frame<'_>) -> Vec<Vec<Port>> {
    let mut ports: Vec<Vec<Port>> = Vec::new();
    ports.resize_with(frame.boxes.len(), Vec::new);
    for (arc, line) in frame.arcs.iter().enumerate() {
        let mut add = |slot: usize, is_right, is_start, toward: usize| {
            ports[slot].push(Port {
                arc,
                is_right,
                is_start,
                toward: frame.y[toward],
            });
        };
        match frame.layers.chains[arc].as_slice() {
            chain @ [first, second, ..] => {
                let (before, last) = (chain[chain.len() - 2], chain[chain.len() - 1]);
                add(*first, true, true, *second);
                add(last, false, false, before);
            }
            // Both in one column: the line bends out to the right.
            _ => {
                add(line.from, true, true, line.to);
                add(line.to, true, false, line.from);
            }
        }
    }
    ports
}

/// Spreads the lines of each side of a box over it, in the order of their other ends.
fn ends(frame: &Frame<'_>) -> Ends {
    let mut found: Ends = vec![[Point { x: 0.0, y: 0.0 }; 2]; frame.arcs.len()];
    let breadth = |port: &Port| frame.arcs[port.arc].breadth + 4.0;
    for (ports, area) in ports(frame).iter().zip(frame.boxes) {
        for is_right in [true, false] {
            let side = ports.iter().filter(|port| port.is_right == is_right);
            let mut side: Vec<&Port> = side.collect();
            side.sort_by(|a, b| a.toward.total_cmp(&b.toward).then(a.arc.cmp(&b.arc)));
            let total: f64 = side.iter().map(|port| breadth(port)).sum();
            let scale = ((area.height - 10.0) / total.max(1.0)).min(1.0);
            let mut y = area.y + (area.height - total * scale) / 2.0;
            for port in side {
                let half = breadth(port) * scale / 2.0;
                let x = area.x + if is_right { area.width } else { 0.0 };
                found[port.arc][usize::from(!port.is_start)] = Point { x, y: y + half };
                y += 2.0 * half;
            }
        }
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
