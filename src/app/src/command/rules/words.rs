//! The words rules may use, as a page.

use std::fmt::Write;

use betwixt_rules::{Detector, Vocabulary, Word};

/// Detectors with their conditions, then guards, then facts; with a text only those whose name or meaning contains it.
pub(super) fn page(vocabulary: &Vocabulary, text: Option<&str>) -> String {
    let is_wanted = |word: &Word| {
        text.is_none_or(|text| word.name.contains(text) || word.meaning.contains(text))
    };
    let mut out = String::new();
    for detector in vocabulary.detectors() {
        if is_wanted(&detector.word) {
            describe(detector, &mut out);
        }
    }
    list(
        "guards (`unless`)",
        vocabulary.guards().filter(|word| is_wanted(word)),
        &mut out,
    );
    list(
        "facts (`if`)",
        vocabulary.facts().filter(|word| is_wanted(word)),
        &mut out,
    );
    out
}

fn describe(detector: &Detector, out: &mut String) {
    let _ = writeln!(
        out,
        "detector {}: {}",
        detector.word.name, detector.word.meaning
    );
    for (key, values) in detector.conditions {
        let _ = writeln!(out, "  when {}: {}", key.name, key.meaning);
        for value in *values {
            let _ = writeln!(out, "    {}: {}", value.name, value.meaning);
        }
    }
    let _ = writeln!(
        out,
        "  holes of the message: {}\n",
        detector.holes.join(", ")
    );
}

fn list(title: &str, words: impl Iterator<Item = &'static Word>, out: &mut String) {
    let mut words: Vec<&Word> = words.collect();
    if words.is_empty() {
        return;
    }
    words.sort_by_key(|word| word.name);
    let _ = writeln!(out, "{title}");
    for word in words {
        let _ = writeln!(out, "  {}: {}", word.name, word.meaning);
    }
    out.push('\n');
}
