//! `betwixt suppressions`: every comment that silences hits, with what it does, who wrote it and when.

use std::collections::BTreeMap;
use std::fmt::Write;

use betwixt_files::{Authorship, Repository};
use betwixt_report::clean;
use serde::Serialize;

use crate::analysis::{self, Asked};
use crate::cli::{OfRules, SuppressionsArgs};
use crate::failure::Failure;
use crate::measure::Stopwatch;
use crate::project::Project;
use crate::suppress::{self, Context, Day, Effect};
use crate::{clock, settle, terminal, threads};

use super::scan;

/// Version of the document's shape.
const SCHEMA: &str = "betwixt.suppressions/1";
const SECONDS_A_DAY: i64 = 24 * 3600;

/// Runs the command.
pub(super) fn run(args: &SuppressionsArgs) -> Result<u8, Failure> {
    let project = Project::open(&args.path, true)?;
    let catalogue = scan::select(&project, &OfRules::default())?;
    let asked = Asked {
        project: &project,
        catalogue: &catalogue,
        severity: None,
        confidence: None,
    };
    let mut watch = Stopwatch::default();
    let analyse = || analysis::analyse(&project.request(), asked, &mut watch);
    let mut analysis = threads::pool(0)?.install(analyse)?;
    analysis.close(&mut Stopwatch::default());
    std::mem::forget(analysis.program.take());
    settle::prepare(&mut analysis.hits, &analysis.workspace, &project.config);
    let context = Context {
        known: &project.rulebook.catalogue,
        ran: catalogue.rules(),
        today: clock::today(),
    };
    let effects = suppress::effects(&mut analysis.hits, &analysis.comments, context);
    let repository = Repository::around(analysis.source.root()).ok();
    let entries = entries(&effects, repository.as_ref());
    let text = if args.json {
        json(&entries)?
    } else {
        page(&entries)
    };
    terminal::print(&text)?;
    Ok(0)
}

/// One suppression, as it is shown.
#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    line: u32,
    rules: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// How many hits it silences.
    hits: usize,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    mistakes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_days: Option<i64>,
}

fn entries<'a>(effects: &'a [Effect<'_>], repository: Option<&Repository>) -> Vec<Entry<'a>> {
    let mut lines: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for effect in effects {
        lines
            .entry(effect.file)
            .or_default()
            .push(effect.comment.line);
    }
    let mut written: BTreeMap<(&str, u32), Authorship> = BTreeMap::new();
    for (file, lines) in repository.map(|_| lines).unwrap_or_default() {
        let found = repository.map(|repository| repository.authorship(file, &lines));
        for (line, authorship) in lines.into_iter().zip(found.unwrap_or_default()) {
            written.extend(authorship.map(|authorship| ((file, line), authorship)));
        }
    }
    effects
        .iter()
        .map(|effect| entry(effect, written.remove(&(effect.file, effect.comment.line))))
        .collect()
}

fn entry<'a>(effect: &'a Effect<'_>, written: Option<Authorship>) -> Entry<'a> {
    let content = effect.comment.content.as_ref().ok();
    let age = |seconds: i64| (clock::seconds() - seconds).max(0) / SECONDS_A_DAY;
    Entry {
        file: effect.file,
        line: effect.comment.line,
        rules: content.map_or(&[], |content| &content.rules),
        reason: content.map(|content| content.reason.as_str()),
        until: content.and_then(|content| content.until).map(date),
        hits: effect.n_silenced,
        mistakes: &effect.mistakes,
        age_days: written.as_ref().map(|written| age(written.seconds)),
        commit: written.as_ref().map(|written| written.commit.clone()),
        author: written.map(|written| written.author),
    }
}

fn date((year, month, day): Day) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

fn json(entries: &[Entry<'_>]) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        suppressions: &'a [Entry<'a>],
    }
    let document = Document {
        schema: SCHEMA,
        suppressions: entries,
    };
    let text = serde_json::to_string_pretty(&document);
    text.map(|text| format!("{text}\n"))
        .map_err(|error| Failure::Internal(error.to_string()))
}

fn page(entries: &[Entry<'_>]) -> String {
    let mut out = String::new();
    for entry in entries {
        let _ = write!(out, "{}:{}", clean(entry.file), entry.line);
        if !entry.rules.is_empty() {
            let _ = write!(out, " [{}]", clean(&entry.rules.join(", ")));
        }
        if let Some(until) = &entry.until {
            let _ = write!(out, " until {until}");
        }
        let _ = write!(out, ": {}", counted(entry.hits));
        match (&entry.author, entry.age_days) {
            (Some(author), Some(days)) => {
                let _ = writeln!(out, "; {}, {}", clean(author), age(days));
            }
            _ => out.push_str("; not committed\n"),
        }
        if let Some(reason) = entry.reason {
            let _ = writeln!(out, "  {}", clean(reason));
        }
        for mistake in entry.mistakes {
            let _ = writeln!(out, "  warning: {}", clean(mistake));
        }
    }
    let n_idle = entries.iter().filter(|entry| entry.hits == 0).count();
    let _ = match entries.len() {
        0 => writeln!(out, "no suppressions"),
        1 => writeln!(out, "1 suppression, {n_idle} without effect"),
        n => writeln!(out, "{n} suppressions, {n_idle} without effect"),
    };
    out
}

fn counted(n_hits: usize) -> String {
    match n_hits {
        0 => "silences nothing".to_owned(),
        1 => "silences 1 hit".to_owned(),
        n => format!("silences {n} hits"),
    }
}

fn age(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}
