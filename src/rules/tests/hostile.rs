//! Rule and model files may hold anything: the loader answers with an error or a rule, never with a panic.

use betwixt_rules::{ModelSet, Rule, SourceText, Vocabulary};

const RULE: &str = include_str!("../../../rules/tenant-isolation/missing-tenant-filter.yml");
const MODEL: &str = include_str!("../../../grammars/go/models/database-sql.yml");

const EMPTY: Vocabulary = Vocabulary { families: &[] };

fn read(text: &str) {
    let _ = Rule::parse("missing-tenant-filter.yml", text, &EMPTY);
    let _ = ModelSet::load(&[SourceText {
        path: "m.yml".into(),
        text: text.into(),
    }]);
}

#[test]
fn every_beginning_of_a_file_is_answered() {
    for text in [RULE, MODEL] {
        for (end, _) in text.char_indices().step_by(7) {
            read(&text[..end]);
        }
    }
}

#[test]
fn random_changes_are_answered() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound.max(1) as u64) as usize
    };
    for text in [RULE, MODEL] {
        for _ in 0..400 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=next(6) {
                let at = next(bytes.len());
                match next(3) {
                    0 => bytes[at] = b" :-[]{}\"'|>&*!%#\n\t0a"[next(20)],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"\n:[{-"[next(5)]),
                }
            }
            read(&String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn deep_and_long_files_are_answered() {
    read(&"[".repeat(20_000));
    read(&"a: ".repeat(20_000));
    read(&format!("id: {}", "x".repeat(1_000_000)));
    read("a: &a [*a, *a]");
}
