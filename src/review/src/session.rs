//! A run over many candidates: workers side by side, one tracer and one reviewer each, what is known not asked again.
//!
//! A worker is a thread that takes the next candidate. Conclusions come back in the order of the candidates whatever the
//! order they were reached in. A run ends early when a budget is used up or nobody answers; what is left is counted.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use betwixt_findings::{
    ActorRole, Candidate, Conclusion, Exchange, Fingerprint, Judgement, Usage, Verdict,
};

use crate::budget::{Budget, Limits, Spent};
use crate::case::{Case, CaseFile};
use crate::chat::Counted;
use crate::conversation::{Ended, Party, Surroundings};
use crate::error::ReviewError;
use crate::gate::Gate;
use crate::price::{Price, Prices};
use crate::prompt;
use crate::provider::Agent;
use crate::questions::{self, Questions};
use crate::record::Recorder;
use crate::reviewer::{self, Conclusion as Concluded};
use crate::sources::Sources;
use crate::tokens::tokens;
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

/// Where a run writes what it learns, and reads what earlier runs learned. Called from many threads.
///
/// An error ends the run: going on would pay for what is lost.
pub trait Journal: Sync {
    /// One request with its answer, as soon as it is over.
    fn exchange(&self, fingerprint: &Fingerprint, exchange: &Exchange) -> Result<(), String>;
    /// What one agent said; before the reviewer is asked.
    fn verdict(&self, verdict: &Verdict) -> Result<(), String>;
    /// What became of a candidate.
    fn conclusion(&self, conclusion: &Conclusion) -> Result<(), String>;
    /// The settled conclusion to this case file, if there is one.
    fn settled(&self, fingerprint: &Fingerprint, case: &str) -> Result<Option<Conclusion>, String>;
    /// The last tracer's verdict on this case file that has no conclusion yet.
    fn traced(&self, fingerprint: &Fingerprint, case: &str) -> Result<Option<Verdict>, String>;
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn exchange(&self, _: &Fingerprint, _: &Exchange) -> Result<(), String> {
        Ok(())
    }
    fn verdict(&self, _: &Verdict) -> Result<(), String> {
        Ok(())
    }
    fn conclusion(&self, _: &Conclusion) -> Result<(), String> {
        Ok(())
    }
    fn settled(&self, _: &Fingerprint, _: &str) -> Result<Option<Conclusion>, String> {
        Ok(None)
    }
    fn traced(&self, _: &Fingerprint, _: &str) -> Result<Option<Verdict>, String> {
        Ok(None)
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

/// This many candidates in a row without any answer end a run.
const MAX_UNREACHED: usize = 3;

/// Asks the agents about every candidate.
///
/// # Errors
/// What keeps agents from being asked at all; conclusions reached before are in the journal.
pub fn run(
    cases: &[Case],
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
        n_asked: AtomicUsize::new(0),
        n_unreached: AtomicUsize::new(0),
        worked: AtomicU64::new(0),
        waited: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        state: Mutex::default(),
    };
    thread::scope(|scope| {
        for _ in 0..settings.concurrency.clamp(1, 64).min(cases.len()) {
            scope.spawn(|| session.work());
        }
    });
    let engine = session.worked.load(Ordering::Relaxed);
    let engine = engine.saturating_sub(session.waited.load(Ordering::Relaxed));
    let state = session
        .state
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(error) = state.error {
        return Err(error);
    }
    let mut done = state.done;
    done.sort_by_key(|(at, ..)| *at);
    let n_left = cases.len() - done.len();
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
    cases: &'a [Case],
    questions: &'a dyn Questions,
    sources: &'a Sources<'a>,
    agents: Agents<'a>,
    prices: (Option<Price>, Option<Price>),
    settings: &'a Settings,
    budget: &'a Budget,
    journal: &'a dyn Journal,
    told: &'a (dyn Fn(&Event<'_>) + Sync),
    next: AtomicUsize,
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

/// What one candidate came to.
struct Done {
    conclusion: Conclusion,
    is_known: bool,
    /// Why the run should end here.
    cut: Option<String>,
    is_unreached: bool,
}

impl Session<'_> {
    fn work(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = self.cases.get(at) else {
                return;
            };
            let started = Instant::now();
            let file = CaseFile::new(case, self.sources);
            let done = self.one(&case.candidate, &file);
            let worked = started.elapsed().as_nanos() as u64;
            self.worked.fetch_add(worked, Ordering::Relaxed);
            match done {
                Ok(Some(done)) => self.finish(at, file.tokens, done),
                Ok(None) => return,
                Err(error) => {
                    self.is_over.store(true, Ordering::Relaxed);
                    self.lock().error.get_or_insert(error);
                    return;
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
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
        let mut state = self.lock();
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

    /// One candidate; `None` when no more may be asked about.
    fn one(&self, candidate: &Candidate, file: &CaseFile) -> Result<Option<Done>, ReviewError> {
        let known = |found: Result<_, String>| found.map_err(ReviewError::Journal);
        let fingerprint = &candidate.fingerprint;
        let mut traced = None;
        if !self.settings.again {
            if let Some(mut conclusion) = known(self.journal.settled(fingerprint, &file.hash))? {
                // What was paid before is not paid again.
                conclusion.usage = Usage::NONE;
                return Ok(Some(Done {
                    conclusion,
                    is_known: true,
                    cut: None,
                    is_unreached: false,
                }));
            }
            traced = self
                .journal
                .traced(fingerprint, &file.hash)
                .map_err(ReviewError::Journal)?;
        }
        let limit = self.settings.limits.candidates;
        if limit.is_some_and(|limit| self.n_asked.fetch_add(1, Ordering::Relaxed) >= limit) {
            let why = "the number of candidates is used up".to_owned();
            self.lock().cut.get_or_insert(why);
            self.is_over.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        self.ask(candidate, file, traced).map(Some)
    }

    fn ask(
        &self,
        candidate: &Candidate,
        file: &CaseFile,
        traced: Option<Verdict>,
    ) -> Result<Done, ReviewError> {
        let keep = |exchange: &Exchange| self.journal.exchange(&candidate.fingerprint, exchange);
        let around = Surroundings {
            questions: self.questions,
            sources: self.sources,
            budget: self.budget,
            recorder: self.settings.recorder.as_ref(),
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

/// What of a tracer's verdict goes to the reviewer: what held at the gate.
fn to_review(traced: &Verdict) -> Option<Concluded<'_>> {
    match traced.judgement {
        Judgement::Confirmed => traced.finding.as_ref().map(Concluded::Bug),
        Judgement::Refuted => traced.guard.as_ref().map(Concluded::Safety),
        Judgement::Undecided => None,
    }
}

/// One candidate on its way to a conclusion.
struct Flow<'a> {
    candidate: &'a Candidate,
    file: &'a CaseFile,
    reviewed: Option<Verdict>,
    /// Why there was no answer.
    nothing: Option<String>,
    cut: Option<String>,
    is_unreached: bool,
}

impl<'a> Flow<'a> {
    fn new(candidate: &'a Candidate, file: &'a CaseFile) -> Self {
        Self {
            candidate,
            file,
            reviewed: None,
            nothing: None,
            cut: None,
            is_unreached: false,
        }
    }

    fn note<T>(&mut self, ended: &Ended<T>, is_unreachable: bool) {
        self.is_unreached |= is_unreachable;
        match ended {
            Ended::Answered(_) => {}
            Ended::Nothing(why) => self.nothing = Some(why.clone()),
            Ended::OutOfBudget(why) => self.cut = Some(why.clone()),
        }
    }

    fn is_going_on(&self) -> bool {
        self.nothing.is_none() && self.cut.is_none()
    }

    fn end(self, traced: Verdict) -> Done {
        let is_settled = self.is_going_on();
        let (judgement, reason) = match (&self.nothing, &self.cut) {
            (_, Some(why)) => (Judgement::Undecided, format!("not finished: {why}")),
            (Some(why), _) => (Judgement::Undecided, format!("no usable answer: {why}")),
            _ => decide(&traced, self.reviewed.as_ref()),
        };
        let lowered = self
            .reviewed
            .as_ref()
            .and_then(|reviewed| reviewed.severity);
        let severity = match judgement {
            Judgement::Confirmed => lowered.unwrap_or(self.candidate.severity),
            _ => self.candidate.severity,
        };
        let refuting = self
            .reviewed
            .as_ref()
            .and_then(|reviewed| reviewed.guard.clone());
        let mut usage = traced.usage;
        if let Some(reviewed) = &self.reviewed {
            usage += reviewed.usage;
        }
        let conclusion = Conclusion {
            fingerprint: self.candidate.fingerprint.clone(),
            case: self.file.hash.clone(),
            judgement,
            severity: severity.min(self.candidate.severity),
            is_settled,
            reason,
            finding: traced
                .finding
                .clone()
                .filter(|_| judgement == Judgement::Confirmed),
            guard: refuting
                .or_else(|| traced.guard.clone())
                .filter(|_| judgement == Judgement::Refuted),
            verdicts: std::iter::once(traced).chain(self.reviewed).collect(),
            usage,
        };
        Done {
            conclusion,
            is_known: false,
            cut: self.cut,
            is_unreached: self.is_unreached,
        }
    }
}

/// What two verdicts make together.
fn decide(traced: &Verdict, reviewed: Option<&Verdict>) -> (Judgement, String) {
    use Judgement::{Confirmed, Refuted, Undecided};
    let open = |reason: String| (Undecided, reason);
    if let Some(why) = tracer::rejection(traced) {
        return open(format!("what the tracer cites does not hold: {why}"));
    }
    let Some(reviewed) = reviewed else {
        let missing = traced
            .missing
            .as_deref()
            .unwrap_or("it did not say what is missing");
        return open(format!("the tracer cannot tell: {missing}"));
    };
    if let Some(why) = tracer::rejection(reviewed) {
        return open(format!("what the reviewer cites does not hold: {why}"));
    }
    match (traced.judgement, reviewed.judgement) {
        (Confirmed, Confirmed) => (
            Confirmed,
            "the tracer found it and the reviewer could not break it".to_owned(),
        ),
        (Refuted, Refuted) => (
            Refuted,
            "a guard makes it safe and the reviewer could not break it".to_owned(),
        ),
        (Confirmed, Refuted) => (
            Refuted,
            "the reviewer found a guard that the tracer missed".to_owned(),
        ),
        (Refuted, Confirmed) => open("the reviewer found a way around the guard".to_owned()),
        _ => {
            let missing = reviewed
                .missing
                .as_deref()
                .unwrap_or("it did not say what is missing");
            open(format!("the reviewer cannot tell: {missing}"))
        }
    }
}

/// What a run would send first about a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The candidate.
    pub fingerprint: Fingerprint,
    /// The system part.
    pub system: String,
    /// The first message, its fences as they would be but for their random markers.
    pub message: String,
    /// Tokens of the case file.
    pub case_tokens: u64,
    /// Tokens of the whole first request: instructions, tools and case file.
    pub request_tokens: u64,
    /// What both conversations cost when each answers at once, in millionths of a dollar; `None` where a price is not known.
    pub least_micro_usd: Option<u64>,
    /// What they cost when every question is asked and every answer is as long as may be.
    pub most_micro_usd: Option<u64>,
}

/// What [`run`] would send, without sending it; needs no key.
///
/// # Errors
/// [`ReviewError::Random`] when there are no random numbers.
pub fn preview(
    case: &Case,
    questions: &dyn Questions,
    models: (&str, &str),
    settings: &Settings,
) -> Result<Preview, ReviewError> {
    let sources = Sources::new(questions);
    let file = CaseFile::new(case, &sources);
    let message = file.fenced()?;
    let tools = serde_json::to_string(&questions::tools()).unwrap_or_default();
    let rest = |system: &str, schema: &serde_json::Value| {
        tokens(system) + tokens(&tools) + tokens(&schema.to_string())
    };
    let request = |system: &str, schema| rest(system, schema) + tokens(&message);
    let traced = request(prompt::TRACER, prompt::tracer_schema());
    let reviewed = request(prompt::REVIEWER, prompt::reviewer_schema()) + CONCLUSION_TOKENS;
    let cost = |turns: u64, output: u64| {
        let of = |model: &str, input: u64| {
            // Each turn sends everything before it once more.
            let grown = turns * (turns + 1) / 2 * ANSWER_TOKENS;
            let counted = Counted {
                input: input * (turns + 1) + grown,
                output: output * (turns + 1),
                ..Counted::default()
            };
            settings
                .prices
                .of(model)
                .map(|price| price.micro_usd(&counted))
        };
        Some(of(models.0, traced)? + of(models.1, reviewed)?)
    };
    Ok(Preview {
        fingerprint: case.candidate.fingerprint.clone(),
        system: prompt::TRACER.to_owned(),
        message,
        case_tokens: file.tokens,
        request_tokens: traced,
        least_micro_usd: cost(0, TYPICAL_OUTPUT),
        most_micro_usd: cost(
            u64::from(settings.max_turns) + 1,
            u64::from(settings.max_output_tokens),
        ),
    })
}

/// Tokens of a finding's claim and places.
const CONCLUSION_TOKENS: u64 = 400;
/// Tokens of an answer in six parts.
const TYPICAL_OUTPUT: u64 = 900;
/// Tokens of one answer to a question, at most.
const ANSWER_TOKENS: u64 = 2_300;
