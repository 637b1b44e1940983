//! The case of a candidate, from the program: code to show, other ways in, tables, history.

use betwixt_findings::{Candidate, Role};
use betwixt_program::question::How;
use betwixt_program::schema::TableId;
use betwixt_program::{FunctionId, Program, Questions};
use betwixt_review::{Case, CaseTable, CaseWindow};
use betwixt_rules::Rule;

use super::answers::Answers;
use super::places::{functions, indexed, lines_of};
use super::tables::definition;

/// Most ways in that are listed beside that of the trace.
const MAX_WAYS: usize = 6;
/// Longest way in.
const MAX_DEPTH: u32 = 6;
/// Most tables whose definition is shown.
const MAX_TABLES: usize = 4;
/// Most commits.
const MAX_COMMITS: usize = 3;

/// Everything the engine knows of a candidate. Cheap: looks at the functions of its path alone.
#[must_use]
pub fn case(answers: &Answers<'_>, candidate: &Candidate, rule: Option<&Rule>) -> Case {
    let program = answers.questions.program;
    let on_path = path_functions(program, candidate);
    let windows = windows(program, candidate);
    // The function of the sink: that something else in its file changed says nothing.
    let lines = windows.first().map_or(1..u32::MAX, |window| {
        window.first..window.last.saturating_add(1)
    });
    let file = &candidate.location.file;
    let text =
        |text: fn(&Rule) -> &str| rule.map_or_else(String::new, |rule| text(rule).to_owned());
    Case {
        candidate: candidate.clone(),
        title: text(|rule| &rule.title),
        why: text(|rule| &rule.why),
        question: text(|rule| &rule.question),
        windows,
        callers: other_ways(answers.questions, candidate, &on_path),
        tables: tables(answers.questions, candidate, &on_path),
        history: answers.history_of_lines(file, &lines, MAX_COMMITS),
    }
}

/// Functions of the trace, that of the sink first, then the others from the sink outwards.
fn path_functions(program: &Program, candidate: &Candidate) -> Vec<FunctionId> {
    let steps = candidate.trace.iter().rev();
    let steps = steps.filter(|step| matches!(step.role, Role::Entry | Role::Step | Role::Sink));
    let places = std::iter::once(&candidate.location).chain(steps.map(|step| &step.location));
    let mut found: Vec<FunctionId> = Vec::new();
    for place in places {
        let Some(file) = indexed(program, &place.file) else {
            continue;
        };
        if let Some(&innermost) = functions(program, file, place.line, place.line).first()
            && !found.contains(&innermost)
        {
            found.push(innermost);
        }
    }
    found
}

/// The sink first, then the steps towards the entry, then guards and schema.
fn windows(program: &Program, candidate: &Candidate) -> Vec<CaseWindow> {
    let of = |is_wanted: fn(Role) -> bool| {
        let steps = candidate.trace.iter().rev();
        steps
            .filter(move |step| is_wanted(step.role))
            .map(|step| &step.location)
    };
    let path = of(|role| matches!(role, Role::Entry | Role::Step | Role::Sink));
    let rest = of(|role| matches!(role, Role::Guard | Role::Schema));
    let places = std::iter::once(&candidate.location).chain(path).chain(rest);
    let mut found: Vec<CaseWindow> = Vec::new();
    for place in places {
        let file = indexed(program, &place.file);
        let around = file.and_then(|file| {
            let around = functions(program, file, place.line, place.line);
            // A short closure says little without the function it is written in.
            let long = around.iter().find(|&&id| {
                let (first, last) = lines_of(program, id);
                last - first >= 8
            });
            long.or(around.last()).copied()
        });
        let (first, last) = around.map_or((1, u32::MAX), |id| lines_of(program, id));
        let window = CaseWindow {
            file: place.file.clone(),
            line: place.line,
            end_line: place.end_line.clamp(place.line, place.line + 40),
            first,
            last,
        };
        if !found.contains(&window) {
            found.push(window);
        }
    }
    found
}

/// Ways from an entry point to the function of the sink that the trace does not show.
fn other_ways(
    questions: &Questions<'_>,
    candidate: &Candidate,
    on_path: &[FunctionId],
) -> Vec<String> {
    let Some(&sink) = on_path.first() else {
        return Vec::new();
    };
    let program = questions.program;
    let hops = questions.callers(sink, MAX_DEPTH);
    let mut found = Vec::new();
    for (_, hop) in hops.iter().filter(|(_, hop)| hop.how != How::HandedOn) {
        if found.len() >= MAX_WAYS {
            break;
        }
        let entry = program.entries.of(hop.from).next();
        let (Some(entry), false) = (entry, on_path.contains(&hop.from)) else {
            continue;
        };
        let spot = questions.spot_of_function(hop.from);
        let name = entry.name.as_deref().unwrap_or("-");
        found.push(format!(
            "{} entry `{name}`: `{}` {}:{} reaches `{}`",
            entry.kind.name(),
            program.display(hop.from),
            questions.path_of(spot.file),
            spot.line,
            candidate.function
        ));
    }
    found
}

/// Tables that statements of the path touch, those of the sink first.
fn tables(
    questions: &Questions<'_>,
    candidate: &Candidate,
    on_path: &[FunctionId],
) -> Vec<CaseTable> {
    let program = questions.program;
    let mut found: Vec<TableId> = Vec::new();
    let mut add = |id: TableId| {
        if !found.contains(&id) {
            found.push(id);
        }
    };
    for &function in on_path {
        let accesses: Vec<_> = program.events.accesses_of(function).collect();
        let is_sink = |access: &&&betwixt_program::events::Access| {
            let spot = questions.spot_of_place(access.place);
            let place = &candidate.location;
            (place.line..=place.end_line).contains(&spot.line)
                && questions.path_of(spot.file) == place.file
        };
        for access in accesses.iter().filter(is_sink).chain(accesses.iter()) {
            access.tables.iter().flatten().for_each(|&id| add(id));
        }
    }
    let shown = found.into_iter().take(MAX_TABLES);
    shown
        .map(|id| CaseTable {
            name: questions.table_label(id),
            definition: definition(questions, id),
        })
        .collect()
}
