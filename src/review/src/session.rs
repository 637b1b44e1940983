//! A run over many candidates: workers side by side, one tracer and one reviewer each, what is known not asked again.
//!
//! A worker is a thread that takes the next candidate. Conclusions come back in the order of the candidates whatever the
//! order they were reached in. A candidate that another run on the same journal has is left for later. A run ends early when a budget is used up or nobody answers; what is left is counted.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use betwixt_findings::{ActorRole, Candidate, Conclusion, Exchange, Usage, Verdict};

use crate::budget::{Budget, Limits, Spent};
use crate::case::{Case, CaseFile};
use crate::conversation::{Party, Surroundings};
use crate::error::ReviewError;
use crate::flow::{Done, Flow, to_review};
use crate::gate::Gate;
use crate::journal::Journal;
use crate::price::{Price, Prices};
use crate::provider::Agent;
use crate::questions::Questions;
use crate::record::Recorder;
use crate::reviewer;
use crate::sources::Sources;
use crate::tracer;

/// Who is asked.
#[derive(Clone, Copy)]
pub struct Agents<'a> {
    /// Follows the path.
    pub tracer: &'a dyn Agent,
    /// Tries to break the conclusion, in a conversation of its own.
    pub reviewer: &'a dyn Agent,
}

/// How a run goes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What may be spent.
    pub limits: Limits,
    /// What models cost.
    pub prices: Prices,
    /// How many candidates are worked on at once.
    pub concurrency: usize,
    /// How often an agent may ask before it has to answer.
    pub max_turns: u32,
    /// The longest one request may take, retries included.
    pub timeout: Duration,
    /// The longest answer, in tokens.
    pub max_output_tokens: u32,
    /// Where answers are recorded.
    pub recorder: Option<Recorder>,
    /// Ask again what was settled before.
    pub again: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            prices: Prices::default(),
            concurrency: 4,
            max_turns: 8,
            timeout: Duration::from_secs(300),
            max_output_tokens: 4_096,
            recorder: None,
            again: false,
        }
    }
}

/// Told while a run goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// A candidate is done.
    Concluded {
        /// What became of it.
        conclusion: &'a Conclusion,
        /// Whether it was known from before.
        is_known: bool,
        /// What was spent in all until now.
        spent: Spent,
    },
    /// Nothing is left but candidates that other runs have; told once.
    Waiting {
        /// How many.
        n_candidates: usize,
    },
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// One for each candidate that was looked at, in the order of the candidates.
    pub conclusions: Vec<Conclusion>,
    /// Candidates that were not looked at, or not to the end.
    pub n_cut: usize,
    /// Why, when something ended the run early.
    pub cut: Option<String>,
    /// How many conclusions were known from before.
    pub n_known: usize,
    /// What was spent.
    pub spent: Spent,
    /// Tokens of each case file, in the order of the conclusions.
    pub case_tokens: Vec<u64>,
    /// Time the engine took for all of them (case file, gate, journal), waiting for agents not counted.
    pub engine: Duration,
}

/// How long a worker with nothing else to do waits for another run.
const PATIENCE: Duration = Duration::from_millis(250);

/// This many candidates in a row without any answer end a run.
const MAX_UNREACHED: usize = 3;

/// The candidates of a run; the case file of each is made when it is its turn.
pub trait Cases: Sync {
    /// How many there are.
    fn n_cases(&self) -> usize;
    /// One of them, by its place in the order of the run.
    fn case(&self, at: usize) -> Cow<'_, Case>;
}

impl Cases for Vec<Case> {
    fn n_cases(&self) -> usize {
        self.len()
    }

    fn case(&self, at: usize) -> Cow<'_, Case> {
        Cow::Borrowed(&self[at])
    }
}

/// Asks the agents about every candidate.
///
/// # Errors
/// What keeps agents from being asked at all; conclusions reached before are in the journal.
pub fn run(
    cases: &dyn Cases,
    questions: &dyn Questions,
    agents: Agents<'_>,
    settings: &Settings,
    journal: &dyn Journal,
    told: &(dyn Fn(&Event<'_>) + Sync),
) -> Result<Outcome, ReviewError> {
    let sources = Sources::new(questions);
    let budget = Budget::new(settings.limits);
    let prices = prices(agents, settings)?;
    let session = Session {
        cases,
        questions,
        sources: &sources,
        agents,
        prices,
        settings,
        budget: &budget,
        journal,
        told,
        next: AtomicUsize::new(0),
        postponed: Mutex::default(),
        has_waited: AtomicBool::new(false),
        n_asked: AtomicUsize::new(0),
        n_unreached: AtomicUsize::new(0),
        worked: AtomicU64::new(0),
        waited: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        state: Mutex::default(),
    };
    thread::scope(|scope| {
        for _ in 0..settings.concurrency.clamp(1, 64).min(cases.n_cases()) {
            scope.spawn(|| session.work());
        }
    });
    let engine = session.worked.load(Ordering::Relaxed);
    let engine = engine.saturating_sub(session.waited.load(Ordering::Relaxed));
    let state = session
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = state.error {
        return Err(error);
    }
    let mut done = state.done;
    done.sort_by_key(|(at, ..)| *at);
    let n_left = cases.n_cases() - done.len();
    Ok(Outcome {
        n_cut: n_left + state.n_unfinished,
        cut: state.cut,
        n_known: state.n_known,
        engine: Duration::from_nanos(engine),
        spent: budget.spent(),
        case_tokens: done.iter().map(|(_, _, tokens)| *tokens).collect(),
        conclusions: done
            .into_iter()
            .map(|(_, conclusion, _)| conclusion)
            .collect(),
    })
}

fn prices(
    agents: Agents<'_>,
    settings: &Settings,
) -> Result<(Option<Price>, Option<Price>), ReviewError> {
    let of = |agent: &dyn Agent| {
        let price = settings.prices.of(agent.model());
        if price.is_none() && settings.limits.micro_usd.is_some() {
            return Err(ReviewError::UnknownPrice {
                model: agent.model().to_owned(),
            });
        }
        Ok(price)
    };
    Ok((of(agents.tracer)?, of(agents.reviewer)?))
}

struct Session<'a> {
    cases: &'a dyn Cases,
    questions: &'a dyn Questions,
    sources: &'a Sources<'a>,
    agents: Agents<'a>,
    prices: (Option<Price>, Option<Price>),
    settings: &'a Settings,
    budget: &'a Budget,
    journal: &'a dyn Journal,
    told: &'a (dyn Fn(&Event<'_>) + Sync),
    next: AtomicUsize,
    /// Candidates that another run has; looked at again when nothing else is left.
    postponed: Mutex<VecDeque<usize>>,
    has_waited: AtomicBool,
    n_asked: AtomicUsize,
    n_unreached: AtomicUsize,
    /// Nanoseconds of all workers, and of those what they waited for agents.
    worked: AtomicU64,
    waited: AtomicU64,
    is_over: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    done: Vec<(usize, Conclusion, u64)>,
    n_known: usize,
    n_unfinished: usize,
    cut: Option<String>,
    error: Option<ReviewError>,
}

/// What became of a candidate that a worker took.
enum Step {
    Done(Box<Done>),
    /// Another run has it.
    Later,
    /// No more may be asked about.
    Over,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session<'_> {
    fn work(&self) {
        while let Some(at) = self.next() {
            let started = Instant::now();
            let case = self.cases.case(at);
            let file = CaseFile::new(&case, self.sources);
            let done = self.one(&case.candidate, &file);
            let worked = started.elapsed().as_nanos() as u64;
            self.worked.fetch_add(worked, Ordering::Relaxed);
            match done {
                Ok(Step::Done(done)) => self.finish(at, file.tokens, *done),
                Ok(Step::Later) => lock(&self.postponed).push_back(at),
                Ok(Step::Over) => return,
                Err(error) => {
                    self.is_over.store(true, Ordering::Relaxed);
                    lock(&self.state).error.get_or_insert(error);
                    return;
                }
            }
        }
    }

    /// The next candidate: one nobody looked at, else, after a while, one that another run had.
    fn next(&self) -> Option<usize> {
        if self.is_over.load(Ordering::Relaxed) {
            return None;
        }
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        if at < self.cases.n_cases() {
            return Some(at);
        }
        let (at, n_candidates) = {
            let mut postponed = lock(&self.postponed);
            let n = postponed.len();
            (postponed.pop_front()?, n)
        };
        if !self.has_waited.swap(true, Ordering::Relaxed) {
            (self.told)(&Event::Waiting { n_candidates });
        }
        if self.budget.left().is_some_and(|left| left.is_zero()) {
            let why = "the time is used up; other runs have the rest".to_owned();
            lock(&self.state).cut.get_or_insert(why);
            return None;
        }
        thread::sleep(PATIENCE);
        Some(at)
    }

    fn finish(&self, at: usize, tokens: u64, done: Done) {
        let n_unreached = match done.is_unreached {
            true => self.n_unreached.fetch_add(1, Ordering::Relaxed) + 1,
            false => {
                self.n_unreached.store(0, Ordering::Relaxed);
                0
            }
        };
        (self.told)(&Event::Concluded {
            conclusion: &done.conclusion,
            is_known: done.is_known,
            spent: self.budget.spent(),
        });
        let mut state = lock(&self.state);
        state.n_known += usize::from(done.is_known);
        let cut = match done.cut {
            None if n_unreached >= MAX_UNREACHED => Some(format!(
                "no answer, {n_unreached} times in a row: {}",
                done.conclusion.reason
            )),
            cut => cut,
        };
        if let Some(cut) = cut {
            self.is_over.store(true, Ordering::Relaxed);
            state.cut.get_or_insert(cut);
        }
        state.n_unfinished += usize::from(!done.conclusion.is_settled);
        state.done.push((at, done.conclusion, tokens));
    }

    /// One candidate, unless another run has it or no more may be asked about.
    fn one(&self, candidate: &Candidate, file: &CaseFile) -> Result<Step, ReviewError> {
        if let Some(done) = self.known(candidate, file)? {
            return Ok(Step::Done(done));
        }
        let told = ReviewError::Journal;
        let (journal, fingerprint) = (self.journal, &candidate.fingerprint);
        if !journal.claim(fingerprint, &file.hash).map_err(told)? {
            return Ok(Step::Later);
        }
        let step = self.claimed(candidate, file);
        let released = match &step {
            Ok(Step::Done(done)) if !done.is_known => Ok(()),
            other => {
                let is_settled = matches!(other, Ok(Step::Done(_)));
                journal.release(fingerprint, &file.hash, is_settled)
            }
        };
        let released = released.map_err(told);
        let step = step?;
        released.map(|()| step)
    }

    /// One candidate that no other run may ask about.
    fn claimed(&self, candidate: &Candidate, file: &CaseFile) -> Result<Step, ReviewError> {
        // Another run may have settled it just before.
        if let Some(done) = self.known(candidate, file)? {
            return Ok(Step::Done(done));
        }
        let limit = self.settings.limits.candidates;
        if limit.is_some_and(|limit| self.n_asked.fetch_add(1, Ordering::Relaxed) >= limit) {
            let why = "the number of candidates is used up".to_owned();
            lock(&self.state).cut.get_or_insert(why);
            self.is_over.store(true, Ordering::Relaxed);
            return Ok(Step::Over);
        }
        let traced = match self.settings.again {
            true => None,
            false => (self.journal)
                .traced(&candidate.fingerprint, &file.hash)
                .map_err(ReviewError::Journal)?,
        };
        self.ask(candidate, file, traced)
            .map(|done| Step::Done(Box::new(done)))
    }

    /// What earlier runs settled.
    fn known(
        &self,
        candidate: &Candidate,
        file: &CaseFile,
    ) -> Result<Option<Box<Done>>, ReviewError> {
        if self.settings.again {
            return Ok(None);
        }
        let settled = self.journal.settled(&candidate.fingerprint, &file.hash);
        let known = |mut conclusion: Conclusion| {
            // What was paid before is not paid again.
            conclusion.usage = Usage::NONE;
            Box::new(Done {
                conclusion,
                is_known: true,
                cut: None,
                is_unreached: false,
            })
        };
        Ok(settled.map_err(ReviewError::Journal)?.map(known))
    }

    fn ask(
        &self,
        candidate: &Candidate,
        file: &CaseFile,
        traced: Option<Verdict>,
    ) -> Result<Done, ReviewError> {
        let fingerprint = &candidate.fingerprint;
        let known = |role: ActorRole, key: &str, turn: u32| match self.settings.again {
            true => Ok(None),
            false => self.journal.answered(fingerprint, role, key, turn),
        };
        let keep = |exchange: &Exchange| self.journal.exchange(fingerprint, exchange);
        let around = Surroundings {
            questions: self.questions,
            sources: self.sources,
            budget: self.budget,
            recorder: self.settings.recorder.as_ref(),
            known: &known,
            keep: &keep,
            max_turns: self.settings.max_turns,
            timeout: self.settings.timeout,
            max_output_tokens: self.settings.max_output_tokens,
            waited: &self.waited,
        };
        let gate = Gate::new(self.questions, self.sources, candidate);
        let mut flow = Flow::new(candidate, file);
        let traced = match traced {
            // Traced by a run that ended before the review.
            Some(traced) => traced,
            None => {
                let party = Party {
                    role: ActorRole::Tracer,
                    agent: self.agents.tracer,
                    price: self.prices.0,
                };
                let talk = tracer::trace(&around, &party, file)?;
                flow.note(&talk.ended, talk.is_unreachable);
                let verdict = tracer::verdict(candidate, file, talk, &gate);
                self.store(&flow, &verdict)?;
                verdict
            }
        };
        if let Some(concluded) = to_review(&traced).filter(|_| flow.is_going_on()) {
            let party = Party {
                role: ActorRole::Reviewer,
                agent: self.agents.reviewer,
                price: self.prices.1,
            };
            let talk = reviewer::review(&around, &party, file, concluded)?;
            flow.note(&talk.ended, talk.is_unreachable);
            let reviewed = reviewer::verdict(candidate, file, concluded, talk, &gate);
            self.store(&flow, &reviewed)?;
            flow.reviewed = Some(reviewed);
        }
        let done = flow.end(traced);
        self.journal
            .conclusion(&done.conclusion)
            .map_err(ReviewError::Journal)?;
        Ok(done)
    }

    /// A verdict is worth keeping when the agent gave one.
    fn store(&self, flow: &Flow<'_>, verdict: &Verdict) -> Result<(), ReviewError> {
        match flow.is_going_on() {
            true => self.journal.verdict(verdict).map_err(ReviewError::Journal),
            false => Ok(()),
        }
    }
}
