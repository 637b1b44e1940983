//! The history of one finding as text: when it was seen, what agents said and what the gate found, who decided, what it cost.

use std::fmt::Write as _;

use betwixt_findings::{CitationCheck, CitationOutcome, Verdict};
use betwixt_ledger::Event;
use betwixt_report::clean;

/// Where what belongs to a line starts.
const HANG: usize = 18;

/// The page; empty when nothing happened.
#[must_use]
pub fn chronicle(events: &[Event]) -> String {
    if events.is_empty() {
        return String::new();
    }
    let mut out = String::from("## History\n\n");
    let mut rest = events;
    while let Some(event) = rest.first() {
        let n_alike = rest
            .iter()
            .take_while(|other| is_alike(event, other))
            .count();
        let (group, later) = rest.split_at(n_alike);
        told(group, &mut out);
        rest = later;
    }
    let (cost, n_exchanges) = cost(events);
    if n_exchanges > 0 {
        let _ = writeln!(
            out,
            "\ncost: {cost} for {}",
            counted(n_exchanges, "request")
        );
    }
    out
}

/// Sightings in a row and requests of one conversation are one line.
fn is_alike(first: &Event, other: &Event) -> bool {
    let is_joined = match first.kind.as_str() {
        "sighting" => first.event == "seen" && other.event == "seen",
        "exchange" => first.conversation == other.conversation,
        _ => false,
    };
    (is_joined && first.kind == other.kind) || std::ptr::eq(first, other)
}

fn told(group: &[Event], out: &mut String) {
    let (first, last) = (&group[0], &group[group.len() - 1]);
    let at = minutes(&first.at);
    match first.kind.as_str() {
        "sighting" => {
            let _ = writeln!(out, "{at}  {}", sighting(group, last));
        }
        "exchange" => {
            let (cost, n) = cost(group);
            let requests = counted(n, "request");
            let _ = writeln!(out, "{at}  {} asked: {requests}, {cost}", who(first));
            for event in group.iter().filter(|event| event.event != "answered") {
                let _ = writeln!(out, "{:HANG$}{}: {}", "", event.event, clean(&event.text));
            }
        }
        "verdict" => {
            let said = clean(&first.text);
            let _ = writeln!(
                out,
                "{at}  {} {said}; after the gate: {}",
                who(first),
                first.event
            );
            if let Some(verdict) = &first.verdict {
                verdict_told(verdict, out);
            }
        }
        "conclusion" => {
            let _ = writeln!(
                out,
                "{at}  concluded: {}, {}",
                first.event,
                clean(&first.text)
            );
        }
        _ => {
            let (person, reason) = (clean(&first.actor), clean(&first.text));
            let _ = writeln!(out, "{at}  {person} decided: {}, {reason}", first.event);
        }
    }
}

fn sighting(group: &[Event], last: &Event) -> String {
    let run = last.run.unwrap_or_default();
    match last.event.as_str() {
        "new" => format!("first seen, run {run}"),
        "seen" if group.len() > 1 => {
            let at = minutes(&last.at);
            format!(
                "seen in {} more runs, the last at {at}, run {run}",
                group.len()
            )
        }
        "seen" => format!("seen again, run {run}"),
        "gone" => format!("gone, run {run}"),
        _ => format!("back, run {run}"),
    }
}

fn verdict_told(verdict: &Verdict, out: &mut String) {
    if let Some(severity) = verdict.severity {
        let _ = writeln!(out, "{:HANG$}severity: {severity}", "");
    }
    for reason in &verdict.reasons {
        let _ = writeln!(out, "{:HANG$}{}", "", clean(reason));
    }
    if let Some(guard) = &verdict.guard {
        let _ = writeln!(out, "{:HANG$}safe because {}", "", clean(&guard.statement));
    }
    for check in &verdict.citations {
        let _ = writeln!(out, "{:HANG$}{}", "", citation(check));
    }
}

fn citation(check: &CitationCheck) -> String {
    let citation = &check.citation;
    let quote = clean(citation.quote.lines().next().unwrap_or_default().trim());
    let place = format!("{}:{} `{quote}`", clean(&citation.file), citation.line);
    match &check.outcome {
        CitationOutcome::Held { line, .. } if *line == citation.line => format!("{place} holds"),
        CitationOutcome::Held { line, .. } => format!("{place} holds, at line {line}"),
        CitationOutcome::Failed { failure, detail } => {
            format!("{place} does not hold: {failure}, {}", clean(detail))
        }
    }
}

fn who(event: &Event) -> String {
    let name = clean(&event.actor);
    match &event.conversation {
        Some(conversation) => format!("{} {name} ({})", event.role, clean(conversation)),
        None => format!("{} {name}", event.role),
    }
}

/// What the exchanges among the events cost, and how many they are.
fn cost(events: &[Event]) -> (String, usize) {
    let exchanges = events.iter().filter(|event| event.kind == "exchange");
    let prices: Vec<Option<i64>> = exchanges.map(|event| event.micro_usd).collect();
    let known: i64 = prices.iter().flatten().sum();
    let n_unknown = prices.iter().filter(|price| price.is_none()).count();
    let mut text = format!("${}.{:06}", known / 1_000_000, known % 1_000_000);
    if n_unknown > 0 {
        let _ = write!(
            text,
            " and {} of unknown price",
            counted(n_unknown, "request")
        );
    }
    (text, prices.len())
}

fn counted(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

fn minutes(at: &str) -> String {
    clean(at.get(..16).unwrap_or(at)).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, event: &str, minute: u32) -> Event {
        Event {
            at: format!("2026-11-20T13:{minute:02}:00.000000Z"),
            kind: kind.into(),
            run: Some(i64::from(minute)),
            event: event.into(),
            role: "tracer".into(),
            actor: "local/small".into(),
            conversation: (kind == "exchange").then(|| "c1".into()),
            text: "because".into(),
            micro_usd: None,
            verdict: None,
        }
    }

    #[test]
    fn what_happened_in_a_row_is_one_line() {
        let mut paid = event("exchange", "answered", 6);
        paid.micro_usd = Some(1_500_000);
        let events = [
            event("sighting", "new", 1),
            event("sighting", "seen", 2),
            event("sighting", "seen", 3),
            event("sighting", "gone", 4),
            event("sighting", "back", 5),
            paid,
            event("exchange", "failed", 7),
            event("conclusion", "undecided", 8),
            event("decision", "accept", 9),
        ];
        let expected = "## History\n\n\
            2026-11-20 13:01  first seen, run 1\n\
            2026-11-20 13:02  seen in 2 more runs, the last at 2026-11-20 13:03, run 3\n\
            2026-11-20 13:04  gone, run 4\n\
            2026-11-20 13:05  back, run 5\n\
            2026-11-20 13:06  tracer local/small (c1) asked: 2 requests, $1.500000 and 1 request of unknown price\n\
            \u{20}                 failed: because\n\
            2026-11-20 13:08  concluded: undecided, because\n\
            2026-11-20 13:09  local/small decided: accept, because\n\n\
            cost: $1.500000 and 1 request of unknown price for 2 requests\n";
        assert_eq!(chronicle(&events), expected);
    }

    #[test]
    fn nothing_that_happened_is_no_page() {
        assert_eq!(chronicle(&[]), "");
    }
}
