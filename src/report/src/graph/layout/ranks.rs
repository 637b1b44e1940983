//! Which column each box is in.

use super::Arc;

/// A column for every box: arcs go right where they do not close a circle, columns hold no more than what makes the
/// whole about as wide as a screen.
pub(super) fn ranks(n: usize, arcs: &[Arc], is_joined: &[bool]) -> Vec<usize> {
    let after = turned(n, arcs);
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (from, targets) in after.iter().enumerate() {
        for &to in targets {
            before[to].push(from);
        }
    }
    let sequence = sequence(&after, &before);
    let mut ranks = vec![0; n];
    for &node in &sequence {
        for &to in &after[node] {
            ranks[to] = ranks[to].max(ranks[node] + 1);
        }
    }
    narrow(&mut ranks, &sequence, &after, is_joined);
    tighten(&mut ranks, &sequence, &after, &before, is_joined);
    ranks
}

/// Boxes that come after each box, without circles: an arc that would close one is turned round, a loose one left out
/// where both its ends have firm ones.
fn turned(n: usize, arcs: &[Arc]) -> Vec<Vec<usize>> {
    let mut has_firm = vec![false; n];
    for arc in arcs.iter().filter(|arc| arc.is_firm) {
        has_firm[arc.from] = true;
        has_firm[arc.to] = true;
    }
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); n];
    let firm = arcs.iter().filter(|arc| arc.is_firm);
    let loose = arcs
        .iter()
        .filter(|arc| !(arc.is_firm || has_firm[arc.from] && has_firm[arc.to]));
    for arc in firm.chain(loose) {
        let (from, to) = if leads(&after, arc.to, arc.from) {
            (arc.to, arc.from)
        } else {
            (arc.from, arc.to)
        };
        if !after[from].contains(&to) {
            after[from].push(to);
        }
    }
    after
}

fn leads(after: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; after.len()];
    let mut pending = vec![from];
    while let Some(node) = pending.pop() {
        if node == to {
            return true;
        }
        if !std::mem::replace(&mut seen[node], true) {
            pending.extend(after[node].iter().copied());
        }
    }
    false
}

/// All boxes, each after those it comes after.
fn sequence(after: &[Vec<usize>], before: &[Vec<usize>]) -> Vec<usize> {
    let mut open: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut sequence: Vec<usize> = (0..after.len()).filter(|&node| open[node] == 0).collect();
    let mut at = 0;
    while at < sequence.len() {
        for &to in &after[sequence[at]] {
            open[to] -= 1;
            if open[to] == 0 {
                sequence.push(to);
            }
        }
        at += 1;
    }
    sequence
}

/// Most boxes of a column.
fn most(n: usize) -> usize {
    let n = n as f64;
    ((n * 1.9).sqrt().ceil() as usize).max(6)
}

/// Moves what has nothing to its right out of columns that are too high, into the next.
fn narrow(ranks: &mut [usize], sequence: &[usize], after: &[Vec<usize>], is_joined: &[bool]) {
    let n_joined = is_joined.iter().filter(|joined| **joined).count();
    let most = most(n_joined);
    let mut depth = vec![0_usize; ranks.len()];
    for &node in sequence.iter().rev() {
        depth[node] = after[node]
            .iter()
            .map(|&to| depth[to] + 1)
            .max()
            .unwrap_or(0);
    }
    let mut column = 0;
    while column <= ranks.iter().copied().max().unwrap_or(0) {
        let mut here: Vec<usize> = (0..ranks.len())
            .filter(|&node| ranks[node] == column && is_joined[node])
            .collect();
        here.sort_by_key(|&node| (std::cmp::Reverse(depth[node]), node));
        for &node in here.iter().skip(most) {
            ranks[node] = column + 1;
        }
        if here.len() > most {
            for &node in sequence {
                for &to in &after[node] {
                    ranks[to] = ranks[to].max(ranks[node] + 1);
                }
            }
        }
        column += 1;
    }
}

/// Moves boxes right, next to what comes after them, where that makes more lines shorter than longer.
fn tighten(
    ranks: &mut [usize],
    sequence: &[usize],
    after: &[Vec<usize>],
    before: &[Vec<usize>],
    is_joined: &[bool],
) {
    let most = most(is_joined.iter().filter(|joined| **joined).count());
    for &node in sequence.iter().rev() {
        let Some(limit) = after[node].iter().map(|&to| ranks[to]).min() else {
            continue;
        };
        if after[node].len() <= before[node].len() {
            continue;
        }
        for column in (ranks[node] + 1..limit).rev() {
            let n_there = ranks.iter().filter(|rank| **rank == column).count();
            if n_there < most {
                ranks[node] = column;
                break;
            }
        }
    }
}
