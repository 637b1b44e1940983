//! The order within each column: few lines cross.

use super::Layers;

/// How often the columns are gone through from left to right and back.
const SWEEPS: usize = 24;

/// Orders every column by where the neighbours of its slots are, and keeps the best that was met.
pub(super) fn order(layers: &mut Layers) {
    let n = layers.slots.len();
    let mut left: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut right: Vec<Vec<usize>> = vec![Vec::new(); n];
    for &(from, to, _) in &layers.lines {
        right[from].push(to);
        left[to].push(from);
    }
    start(layers, &left, &right);
    let mut best = layers.columns.clone();
    let mut fewest = crossings(&layers.columns, &right, n);
    for sweep in 0..SWEEPS {
        if fewest == 0 {
            break;
        }
        let columns = layers.columns.len();
        if sweep % 2 == 0 {
            for column in 1..columns {
                by_neighbours(layers, column, &left);
            }
        } else {
            for column in (0..columns.saturating_sub(1)).rev() {
                by_neighbours(layers, column, &right);
            }
        }
        swap_neighbours(layers, &left, &right);
        let now = crossings(&layers.columns, &right, n);
        if now < fewest {
            fewest = now;
            best.clone_from(&layers.columns);
        }
    }
    layers.columns = best;
}

/// The first order: what hangs together stays together.
fn start(layers: &mut Layers, left: &[Vec<usize>], right: &[Vec<usize>]) {
    let n = layers.slots.len();
    let mut column_of = vec![usize::MAX; n];
    for (column, slots) in layers.columns.iter().enumerate() {
        for &slot in slots {
            column_of[slot] = column;
        }
    }
    let mut seen = vec![false; n];
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); layers.columns.len()];
    for first in layers.columns.iter().flatten() {
        let mut pending = std::collections::VecDeque::from([*first]);
        while let Some(slot) = pending.pop_front() {
            if !std::mem::replace(&mut seen[slot], true) {
                columns[column_of[slot]].push(slot);
                pending.extend(right[slot].iter().chain(&left[slot]).copied());
            }
        }
    }
    layers.columns = columns;
}

fn positions(columns: &[Vec<usize>], n: usize) -> Vec<usize> {
    let mut at = vec![0; n];
    for slots in columns {
        for (position, &slot) in slots.iter().enumerate() {
            at[slot] = position;
        }
    }
    at
}

/// Sorts a column by the middle of the neighbours on one side; slots without neighbours there keep their place.
fn by_neighbours(layers: &mut Layers, column: usize, near: &[Vec<usize>]) {
    let at = positions(&layers.columns, layers.slots.len());
    let slots = &layers.columns[column];
    let middle = |slot: usize| -> Option<f64> {
        let mut found: Vec<usize> = near[slot].iter().map(|&other| at[other]).collect();
        if found.is_empty() {
            return None;
        }
        found.sort_unstable();
        let half = found.len() / 2;
        let mean = found.iter().sum::<usize>() as f64 / found.len() as f64;
        // The median, and the mean among equals.
        Some(found[half] as f64 + mean * 1e-3)
    };
    let mut moved: Vec<(f64, usize)> = slots
        .iter()
        .filter_map(|&slot| Some((middle(slot)?, slot)))
        .collect();
    moved.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut moved = moved.into_iter().map(|(_, slot)| slot);
    let sorted = slots.iter().map(|&slot| match near[slot].is_empty() {
        true => slot,
        false => moved.next().unwrap_or(slot),
    });
    layers.columns[column] = sorted.collect();
}

/// Swaps slots that stand one above the other where that saves crossings.
fn swap_neighbours(layers: &mut Layers, left: &[Vec<usize>], right: &[Vec<usize>]) {
    let mut at = positions(&layers.columns, layers.slots.len());
    for column in 0..layers.columns.len() {
        for _ in 0..3 {
            let mut is_better = false;
            for index in 1..layers.columns[column].len() {
                let (upper, lower) = (
                    layers.columns[column][index - 1],
                    layers.columns[column][index],
                );
                let cost = |a: usize, b: usize| {
                    [left, right]
                        .iter()
                        .map(|near| crossing_pairs(&near[a], &near[b], &at))
                        .sum::<usize>()
                };
                if cost(lower, upper) < cost(upper, lower) {
                    layers.columns[column].swap(index - 1, index);
                    at.swap(upper, lower);
                    is_better = true;
                }
            }
            if !is_better {
                break;
            }
        }
    }
}

/// How many lines of the upper slot cross lines of the lower one.
fn crossing_pairs(upper: &[usize], lower: &[usize], at: &[usize]) -> usize {
    let pairs = upper
        .iter()
        .map(|&a| lower.iter().filter(|&&b| at[a] > at[b]).count());
    pairs.sum()
}

fn crossings(columns: &[Vec<usize>], right: &[Vec<usize>], n: usize) -> usize {
    let at = positions(columns, n);
    let mut total = 0;
    for slots in columns {
        // Ends in order of starts; every inversion is a crossing, counted in a tree of prefix sums.
        let mut ends: Vec<usize> = Vec::new();
        for &slot in slots {
            let mut own: Vec<usize> = right[slot].iter().map(|&other| at[other]).collect();
            own.sort_unstable();
            ends.extend(own);
        }
        let size = ends.iter().copied().max().map_or(0, |most| most + 1);
        let mut tree = vec![0_usize; size + 1];
        for (n_before, &end) in ends.iter().enumerate() {
            let mut not_above = 0;
            let mut node = end + 1;
            while node > 0 {
                not_above += tree[node];
                node &= node - 1;
            }
            total += n_before - not_above;
            let mut node = end + 1;
            while node <= size {
                tree[node] += 1;
                node += node & node.wrapping_neg();
            }
        }
    }
    total
}
