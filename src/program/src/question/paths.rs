//! Paths from one thing to another over calls, links and messages.
//!
//! A path goes from function to function. A topic or table as an end adds one step: to whoever reads it, or from
//! whoever uses it. Where calls, links and messages lead nowhere, a path goes through rows and cache entries, too, from the service
//! that writes them to the one that reads them; never otherwise: too much of a program shares one table.

use std::collections::VecDeque;

use petgraph::Direction;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Hop, Questions, Subject};
use crate::ids::{CallSite, FunctionId};
use crate::link::LinkKind;

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most paths.
    pub n_paths: usize,
    /// How many steps longer than the shortest a path may be.
    pub detour: u32,
    /// Most steps the search itself may take.
    pub work: usize,
}

impl Bounds {
    /// The shortest path alone.
    pub const SHORTEST: Self = Self {
        n_paths: 1,
        detour: 0,
        work: 200_000,
    };
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// From function to function.
    Hop(Hop),
    /// From a topic or table to a function that reads it.
    Reads(FunctionId, Option<CallSite>),
    /// From a function to a topic or table it writes or uses, with the word for it.
    Uses(FunctionId, CallSite, &'static str),
}

/// Paths, the shortest first; equally long ones in order of their functions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paths {
    /// The paths; each is never empty unless both ends are the same function.
    pub paths: Vec<Vec<PathStep>>,
    /// There are more within the bounds of length.
    pub is_cut: bool,
}

/// Where a path may start or end: functions, each with the step between it and the subject.
type Ends = Vec<(FunctionId, Option<PathStep>)>;

impl Questions<'_> {
    /// Paths from one subject to another. Only the path between them counts: its inner functions are no start and no end.
    #[must_use]
    pub fn paths(&self, from: &Subject, to: &Subject, bounds: &Bounds) -> Paths {
        let starts = self.starts(from);
        let ends = self.ends(to);
        if let (Subject::Service(a), Subject::Service(b)) = (from, to)
            && a == b
        {
            return Paths::default();
        }
        let search = |kept| {
            let search = Search {
                questions: self,
                starts: starts.iter().map(|(function, _)| *function).collect(),
                left: self.distances(&ends, kept),
                bounds: *bounds,
                kept,
            };
            search.run()
        };
        let mut found = search(false);
        if found.paths.is_empty() && found.meeting.is_none() && !found.is_cut {
            found = search(true);
        }
        let finish = |hops: Vec<Hop>, only: Option<FunctionId>| {
            let first = hops.first().map(|hop| hop.from).or(only);
            let last = hops.last().map(|hop| hop.to).or(only);
            let step = |ends: &Ends, at: Option<FunctionId>| {
                let end = ends.iter().find(|(function, _)| Some(*function) == at);
                end.and_then(|(_, step)| step.clone())
            };
            let mut steps: Vec<PathStep> = step(&starts, first).into_iter().collect();
            steps.extend(hops.into_iter().map(PathStep::Hop));
            steps.extend(step(&ends, last));
            steps
        };
        let mut paths: Vec<Vec<PathStep>> = Vec::new();
        // A function that is both: the way in and the way out meet there.
        paths.extend(
            found
                .meeting
                .map(|function| finish(Vec::new(), Some(function))),
        );
        paths.extend(found.paths.into_iter().map(|hops| finish(hops, None)));
        paths.truncate(bounds.n_paths);
        Paths {
            paths,
            is_cut: found.is_cut,
        }
    }

    fn starts(&self, subject: &Subject) -> Ends {
        match subject {
            Subject::Function(function) => vec![(*function, None)],
            Subject::Service(service) => self.functions_of(*service),
            Subject::Topic(name) => {
                let channels = self.channels().named(LinkKind::Queue, name);
                let consumers = channels.into_iter().flat_map(|channel| &channel.consumers);
                consumers
                    .map(|one| (one.function, Some(PathStep::Reads(one.function, one.site))))
                    .collect()
            }
            Subject::Table(table) => {
                let users = self.table_users(*table).into_iter();
                let readers = users.filter(|user| !user.is_write());
                readers
                    .map(|user| {
                        let step = PathStep::Reads(user.function, Some(user.site));
                        (user.function, Some(step))
                    })
                    .collect()
            }
        }
    }

    fn ends(&self, subject: &Subject) -> Ends {
        match subject {
            Subject::Function(function) => vec![(*function, None)],
            Subject::Service(service) => self.functions_of(*service),
            Subject::Topic(name) => {
                let channels = self.channels().named(LinkKind::Queue, name);
                let publishers = channels.into_iter().flat_map(|channel| &channel.publishers);
                publishers
                    .map(|one| {
                        let step = PathStep::Uses(one.function, one.site, "publish");
                        (one.function, Some(step))
                    })
                    .collect()
            }
            Subject::Table(table) => {
                let users = self.table_users(*table).into_iter();
                users
                    .map(|user| {
                        let verb = super::tables::verb_name(user.verb);
                        let step = PathStep::Uses(user.function, user.site, verb);
                        (user.function, Some(step))
                    })
                    .collect()
            }
        }
    }

    fn functions_of(&self, service: betwixt_base::workspace::ServiceId) -> Ends {
        let functions = self.program.code.function_ids();
        functions
            .filter(|&function| self.home_of(function) == Some(service) && !self.is_test(function))
            .map(|function| (function, None))
            .collect()
    }

    /// Steps from every function to the nearest end; one walk backwards.
    fn distances(&self, ends: &Ends, kept: bool) -> FxHashMap<FunctionId, u32> {
        let mut left: FxHashMap<FunctionId, u32> = FxHashMap::default();
        let mut pending: VecDeque<FunctionId> = VecDeque::new();
        for (function, _) in ends {
            if left.insert(*function, 0).is_none() {
                pending.push_back(*function);
            }
        }
        while let Some(function) = pending.pop_front() {
            let next = left[&function] + 1;
            for hop in self.hops_over(function, Direction::Incoming, kept) {
                left.entry(hop.from).or_insert_with(|| {
                    pending.push_back(hop.from);
                    next
                });
            }
        }
        left
    }
}

struct Search<'a, 'p> {
    questions: &'a Questions<'p>,
    starts: Vec<FunctionId>,
    left: FxHashMap<FunctionId, u32>,
    bounds: Bounds,
    /// Also through rows and cache entries.
    kept: bool,
}

#[derive(Default)]
struct Hops {
    paths: Vec<Vec<Hop>>,
    meeting: Option<FunctionId>,
    is_cut: bool,
    work: usize,
}

impl Search<'_, '_> {
    /// Ever longer paths, so that the shortest come first.
    fn run(&self) -> Hops {
        let mut found = Hops::default();
        let mut starts = self.starts.clone();
        starts.sort();
        starts.dedup();
        found.meeting = starts
            .iter()
            .copied()
            .find(|start| self.left.get(start) == Some(&0));
        let is_start: FxHashSet<FunctionId> = starts.iter().copied().collect();
        let reachable = starts
            .iter()
            .filter_map(|start| self.left.get(start).copied())
            .filter(|&left| left > 0);
        let Some(shortest) = reachable.min() else {
            return found;
        };
        if found.meeting.is_some() && self.bounds.n_paths == 1 {
            return found;
        }
        let longest = shortest + self.bounds.detour;
        for length in shortest..=longest {
            for &start in &starts {
                let mut path = Vec::new();
                self.extend(start, length, &is_start, &mut path, &mut found);
                if found.is_cut {
                    return found;
                }
            }
        }
        found
    }

    /// Adds all paths of exactly `length` more steps that begin with `path` and go on from `at`.
    fn extend(
        &self,
        at: FunctionId,
        length: u32,
        is_start: &FxHashSet<FunctionId>,
        path: &mut Vec<Hop>,
        found: &mut Hops,
    ) {
        found.work += 1;
        if found.work > self.bounds.work {
            found.is_cut = true;
            return;
        }
        let left = self.left.get(&at).copied();
        if left == Some(0) && !path.is_empty() {
            if length == 0 {
                if found.paths.len() == self.bounds.n_paths {
                    found.is_cut = true;
                } else {
                    found.paths.push(path.clone());
                }
            }
            return;
        }
        if length == 0 || left.is_none_or(|left| left > length) {
            return;
        }
        for hop in (self.questions).hops_over(at, Direction::Outgoing, self.kept) {
            let is_seen = is_start.contains(&hop.to)
                || path
                    .iter()
                    .any(|earlier| earlier.from == hop.to || earlier.to == hop.to);
            let is_near = self.left.get(&hop.to).is_some_and(|&left| left < length);
            if is_seen || !is_near {
                continue;
            }
            path.push(hop);
            self.extend(hop.to, length - 1, is_start, path, found);
            path.pop();
            if found.is_cut {
                return;
            }
        }
    }
}
