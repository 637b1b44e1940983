//! Why a rule or model file was refused; its author can fix every case.

/// A refused file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct RuleError {
    /// Path as the user knows it.
    pub file: String,
    /// Line from 1.
    pub line: u32,
    /// What is wrong and what would be right.
    pub message: String,
}

impl RuleError {
    /// An error at the first line that holds `needle`, or at line 1.
    pub(crate) fn at(file: &str, text: &str, needle: &str, message: impl Into<String>) -> Self {
        let line = text
            .lines()
            .position(|line| !needle.is_empty() && line.contains(needle))
            .map_or(1, |index| index as u32 + 1);
        Self {
            file: file.to_owned(),
            line,
            message: message.into(),
        }
    }

    pub(crate) fn from_yaml(file: &str, error: &serde_saphyr::Error) -> Self {
        let line = error
            .location()
            .map_or(1, |location| location.line() as u32);
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default().to_owned();
        Self {
            file: file.to_owned(),
            line,
            message: first,
        }
    }
}

/// The known word nearest to `word`, for "did you mean"; `None` when all differ by more than a third.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(cost, candidate)| *cost * 3 <= candidate.len().max(word.len()))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between two words; two neighbours that changed places are one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1];
        for j in 0..b.len() {
            let mut cost = (row[j] + usize::from(a[i] != b[j]))
                .min(next[j] + 1)
                .min(row[j + 1] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                cost = cost.min(before[j - 1] + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn swapped_letters_are_one_mistake() {
        assert_eq!(
            nearest("modle", ["model", "tracer"].into_iter()),
            Some("model")
        );
        assert_eq!(nearest("modle", ["severity"].into_iter()), None);
    }
}
