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

/// The words of one category of rules, or those that several share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Ways of looking.
    pub detectors: &'static [Detector],
    /// Words of `unless:`.
    pub guards: &'static [Word],
    /// Words of `if:` in adjustments.
    pub facts: &'static [Word],
}

/// Everything a rule may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vocabulary {
    /// Its words by category; a name is meant once in all of them.
    pub families: &'static [Family],
}

impl Vocabulary {
    /// Ways of looking.
    pub fn detectors(&self) -> impl Iterator<Item = &'static Detector> {
        self.families.iter().flat_map(|family| family.detectors)
    }

    /// Words of `unless:`.
    pub fn guards(&self) -> impl Iterator<Item = &'static Word> {
        self.families.iter().flat_map(|family| family.guards)
    }

    /// Words of `if:` in adjustments.
    pub fn facts(&self) -> impl Iterator<Item = &'static Word> {
        self.families.iter().flat_map(|family| family.facts)
    }
}
