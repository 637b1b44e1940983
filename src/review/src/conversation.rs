//! One conversation with one agent: questions in bounded number, one repair, every exchange paid for and handed on.
//!
//! Ends with an answer of the wanted shape, or with why there is none. Knows nothing of what is asked about.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use betwixt_findings::{Actor, ActorRole, Exchange, ExchangeOutcome, Usage};
use serde_json::Value;

use crate::budget::Budget;
use crate::chat::{Answer, Ask, Chat, Counted, Message, Stop, ToolResult};
use crate::error::ReviewError;
use crate::fence::{fence, marker};
use crate::present::one_line;
use crate::price::Price;
use crate::prompt;
use crate::provider::{Agent, Trouble};
use crate::questions::{self, Questions};
use crate::record::{self, Recorder};
use crate::sources::Sources;
use crate::tokens::tokens;

/// Finds an answer by role, request and turn.
pub(crate) type Known<'a> =
    dyn Fn(ActorRole, &str, u32) -> Result<Option<Exchange>, String> + Sync + 'a;

/// What a conversation needs of the run.
pub(crate) struct Surroundings<'a> {
    pub(crate) questions: &'a dyn Questions,
    pub(crate) sources: &'a Sources<'a>,
    pub(crate) budget: &'a Budget,
    pub(crate) recorder: Option<&'a Recorder>,
    /// The usable answer of an earlier conversation to the same request in the same turn.
    pub(crate) known: &'a Known<'a>,
    /// Takes every exchange, also of those that come to nothing.
    pub(crate) keep: &'a (dyn Fn(&Exchange) -> Result<(), String> + Sync),
    /// How often an agent may ask before it has to answer.
    pub(crate) max_turns: u32,
    /// The longest one request may take, retries included.
    pub(crate) timeout: Duration,
    pub(crate) max_output_tokens: u32,
    /// Sums up what was waited for agents, in nanoseconds.
    pub(crate) waited: &'a AtomicU64,
}

/// Who is asked in a conversation.
pub(crate) struct Party<'a> {
    pub(crate) role: ActorRole,
    pub(crate) agent: &'a dyn Agent,
    pub(crate) price: Option<Price>,
}

/// How a conversation ended.
#[derive(Debug)]
pub(crate) enum Ended<T> {
    /// With an answer.
    Answered(T),
    /// Without one: refused, empty, cut, malformed or failed; asking again may help.
    Nothing(String),
    /// A budget was used up.
    OutOfBudget(String),
}

/// A conversation that is over.
pub(crate) struct Talk<T> {
    pub(crate) actor: Actor,
    pub(crate) usage: Usage,
    pub(crate) ended: Ended<T>,
    /// No answer came at all: the transport failed.
    pub(crate) is_unreachable: bool,
}

/// Most questions answered in one turn.
const MAX_CALLS: usize = 6;

/// Talks until there is an answer that `read` takes; its error is what is wrong, for the agent.
pub(crate) fn talk<T>(
    around: &Surroundings<'_>,
    party: &Party<'_>,
    system: &str,
    first: String,
    (answer_name, schema): (&'static str, &Value),
    read: &dyn Fn(&str) -> Result<T, String>,
) -> Result<Talk<T>, ReviewError> {
    let mut talking = Talking {
        around,
        party,
        actor: Actor {
            role: party.role,
            name: party.agent.name().to_owned(),
            conversation: marker()?,
        },
        chat: Chat {
            system: system.to_owned(),
            messages: vec![Message::User { text: first }],
            tools: questions::tools(),
            is_last: around.max_turns == 0,
            answer_name,
            answer_schema: schema.clone(),
            max_output_tokens: around.max_output_tokens,
        },
        usage: Usage::NONE,
        last: Usage::NONE,
        turn: 0,
        is_unreachable: false,
    };
    let ended = talking.run(read)?;
    Ok(Talk {
        actor: talking.actor,
        usage: talking.usage,
        ended,
        is_unreachable: talking.is_unreachable,
    })
}

struct Talking<'a> {
    around: &'a Surroundings<'a>,
    party: &'a Party<'a>,
    actor: Actor,
    chat: Chat,
    usage: Usage,
    /// Of the last request alone.
    last: Usage,
    turn: u32,
    is_unreachable: bool,
}

/// What one request came to.
enum Turn {
    Answer(Answer),
    Failed(String),
    OutOfBudget(String),
}

impl Talking<'_> {
    fn run<T>(
        &mut self,
        read: &dyn Fn(&str) -> Result<T, String>,
    ) -> Result<Ended<T>, ReviewError> {
        let mut has_repaired = false;
        loop {
            let started = Instant::now();
            let key = record::key(self.party.role, &self.chat);
            let turn = match self.known(&key)? {
                Some(answer) => Turn::Answer(answer),
                None => self.ask()?,
            };
            let answer = match turn {
                Turn::Answer(answer) => answer,
                Turn::Failed(why) => {
                    self.is_unreachable = true;
                    self.keep(&key, None, ExchangeOutcome::Failed, Some(&why), started)?;
                    return Ok(Ended::Nothing(why));
                }
                Turn::OutOfBudget(why) => return Ok(Ended::OutOfBudget(why)),
            };
            if let Some(recorder) = self.around.recorder {
                recorder.write(self.party.role, &key, self.party.agent.name(), &answer)?;
            }
            if let (false, Stop::Complete, false) =
                (answer.calls.is_empty(), answer.stop, self.chat.is_last)
            {
                self.keep(
                    &key,
                    Some(&answer),
                    ExchangeOutcome::Answered,
                    None,
                    started,
                )?;
                self.answer_questions(answer)?;
                continue;
            }
            let (outcome, problem) = match judge(&answer, read) {
                Ok(value) => {
                    self.keep(
                        &key,
                        Some(&answer),
                        ExchangeOutcome::Answered,
                        None,
                        started,
                    )?;
                    return Ok(Ended::Answered(value));
                }
                Err(failed) => failed,
            };
            self.keep(&key, Some(&answer), outcome, Some(&problem), started)?;
            if has_repaired {
                return Ok(Ended::Nothing(problem));
            }
            has_repaired = true;
            self.wish_for_another(answer, &problem);
        }
    }

    /// What this agent said to the same request in a conversation that was broken off; nothing is paid for it again.
    fn known(&mut self, key: &str) -> Result<Option<Answer>, ReviewError> {
        let known = (self.around.known)(self.party.role, key, self.turn);
        let known = known.map_err(ReviewError::Journal)?;
        let same = known.filter(|exchange| exchange.actor.name == self.actor.name);
        let answer = same.and_then(|exchange| {
            let request = serde_json::from_str(&exchange.request).ok()?;
            let response = serde_json::from_str(&exchange.response).ok()?;
            self.party.agent.reread(request, response)
        });
        self.last = Usage::NONE;
        Ok(answer)
    }

    /// Sends the chat as it is, if the budget has room for it.
    fn ask(&mut self) -> Result<Turn, ReviewError> {
        let estimate = Counted {
            input: tokens(&serde_json::to_string(&self.chat).unwrap_or_default()),
            output: u64::from(self.chat.max_output_tokens),
            ..Counted::default()
        };
        let (budget, price) = (self.around.budget, self.party.price);
        let reserved = match budget.reserve(self.party.role, estimate.input, estimate.output, price)
        {
            Ok(reserved) => reserved,
            Err(why) => return Ok(Turn::OutOfBudget(why)),
        };
        let left = budget.left().unwrap_or(Duration::MAX);
        let ask = Ask {
            timeout: self.around.timeout.min(left),
        };
        let started = Instant::now();
        let asked = self.party.agent.complete(&self.chat, ask);
        let waited = started.elapsed().as_nanos() as u64;
        self.around.waited.fetch_add(waited, Ordering::Relaxed);
        let counted = match &asked {
            Ok(answer) => answer.counted,
            // What was sent and never answered may have to be paid all the same.
            Err(Trouble::Lost(_)) => None,
            Err(_) => Some(Counted::default()),
        };
        self.last = budget.settle(&reserved, counted.as_ref(), price, &estimate);
        self.usage += self.last;
        match asked {
            Ok(answer) => Ok(Turn::Answer(answer)),
            Err(Trouble::Failed(why) | Trouble::Lost(why)) => Ok(Turn::Failed(why)),
            Err(Trouble::Fatal(error)) => Err(error),
        }
    }

    fn answer_questions(&mut self, answer: Answer) -> Result<(), ReviewError> {
        let mut results = Vec::new();
        for (at, call) in answer.calls.iter().enumerate() {
            let text = match at < MAX_CALLS {
                true => questions::answer(self.around.questions, self.around.sources, call),
                false => format!("not answered: at most {MAX_CALLS} questions at once"),
            };
            results.push(ToolResult {
                id: call.id.clone(),
                name: call.name.clone(),
                text: fence("Answer", &text)?,
            });
        }
        self.chat.messages.push(Message::Assistant {
            text: answer.text,
            calls: answer.calls,
        });
        self.chat.messages.push(Message::Tools { results });
        self.turn_over();
        Ok(())
    }

    fn wish_for_another(&mut self, answer: Answer, problem: &str) {
        self.chat.messages.push(Message::Assistant {
            text: if answer.text.trim().is_empty() {
                "(nothing)".to_owned()
            } else {
                answer.text
            },
            calls: Vec::new(),
        });
        self.chat.messages.push(Message::User {
            text: prompt::repair(problem),
        });
        self.chat.is_last = true;
    }

    fn turn_over(&mut self) {
        let n_asked = self.chat.messages.len() / 2;
        if n_asked as u32 >= self.around.max_turns && !self.chat.is_last {
            self.chat.is_last = true;
            self.chat.messages.push(Message::User {
                text: prompt::LAST.to_owned(),
            });
        }
    }

    fn keep(
        &mut self,
        key: &str,
        answer: Option<&Answer>,
        outcome: ExchangeOutcome,
        error: Option<&str>,
        started: Instant,
    ) -> Result<(), ReviewError> {
        let json = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
        let exchange = Exchange {
            key: key.to_owned(),
            actor: self.actor.clone(),
            turn: self.turn,
            request: json(answer.map(|answer| &answer.request)),
            response: json(answer.map(|answer| &answer.response)),
            outcome,
            error: error.map(str::to_owned),
            milliseconds: started.elapsed().as_millis() as u64,
            usage: self.last,
        };
        self.turn += 1;
        (self.around.keep)(&exchange).map_err(ReviewError::Journal)
    }
}

/// Whether an answer can be used; an error says how it ended and what is wrong with it.
fn judge<T>(
    answer: &Answer,
    read: &dyn Fn(&str) -> Result<T, String>,
) -> Result<T, (ExchangeOutcome, String)> {
    let failed = |outcome, why: &str| Err((outcome, why.to_owned()));
    match answer.stop {
        Stop::Refusal => failed(ExchangeOutcome::Refused, "the agent declined"),
        Stop::Length => failed(ExchangeOutcome::Truncated, "it was cut off by its length"),
        Stop::Complete if !answer.calls.is_empty() => failed(
            ExchangeOutcome::Malformed,
            "it asks although questions are over",
        ),
        Stop::Complete if answer.text.trim().is_empty() => {
            failed(ExchangeOutcome::Empty, "it is empty")
        }
        Stop::Complete => read(&answer.text).map_err(|why| {
            let why = one_line(&why, 400).into_owned();
            (ExchangeOutcome::Malformed, why)
        }),
    }
}
