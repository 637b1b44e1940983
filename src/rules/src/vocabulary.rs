//! The words rules may use, handed in by the stages that understand them.

/// A word with its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// As written in rules.
    pub name: &'static str,
    /// One line for the documentation.
    pub meaning: &'static str,
}

/// A way of looking, with the conditions it understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detector {
    /// Its name and meaning.
    pub word: Word,
    /// Keys of `when:` it understands, each with the values it may have.
    pub conditions: &'static [(Word, &'static [Word])],
    /// Holes its messages may use: `{table}`.
    pub holes: &'static [&'static str],
}

/// Everything a rule may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vocabulary {
    /// Ways of looking.
    pub detectors: &'static [Detector],
    /// Words of `unless:`.
    pub guards: &'static [Word],
    /// Words of `if:` in adjustments.
    pub facts: &'static [Word],
}
