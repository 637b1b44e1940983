//! Who did something: which role, which model or person, in which conversation.
//!
//! The separation of roles is checked on these values: whoever traced a candidate does not review it. Knows neither
//! providers nor the store that holds the rule.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody is there for; nobody has two of these for one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActorRole {
    /// Picks what to look at.
    Scout,
    /// Follows the path and writes the finding.
    Tracer,
    /// Tries to refute it.
    Reviewer,
    /// Writes the test that fails because of it.
    Prover,
    /// Writes the smallest patch.
    Fixer,
    /// Judges patch and test.
    PatchReviewer,
    /// Answers the review until the checks are green.
    Finisher,
    /// The deterministic part: detection and the evidence gate.
    Engine,
    /// A human being; the only one who accepts or closes.
    Person,
}

impl ActorRole {
    /// Every role, in the order of the work.
    pub const ALL: [Self; 9] = [
        Self::Scout,
        Self::Tracer,
        Self::Reviewer,
        Self::Prover,
        Self::Fixer,
        Self::PatchReviewer,
        Self::Finisher,
        Self::Engine,
        Self::Person,
    ];

    /// The name in output and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scout => "scout",
            Self::Tracer => "tracer",
            Self::Reviewer => "reviewer",
            Self::Prover => "prover",
            Self::Fixer => "fixer",
            Self::PatchReviewer => "patch-reviewer",
            Self::Finisher => "finisher",
            Self::Engine => "engine",
            Self::Person => "person",
        }
    }
}

impl fmt::Display for ActorRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ActorRole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| format!("unknown role `{text}`"))
    }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// What for.
    pub role: ActorRole,
    /// `provider/model` of an agent, the name of a person, the version of the engine.
    pub name: String,
    /// The conversation in which it was done: unique for every agent's conversation, empty for persons and the engine.
    pub conversation: String,
}

impl Actor {
    /// Whether one conversation, or one person, would judge its own work: two roles of the same mind.
    #[must_use]
    pub fn is_same_mind(&self, other: &Self) -> bool {
        match (self.role, other.role) {
            (ActorRole::Person, ActorRole::Person) => self.name == other.name,
            (ActorRole::Person | ActorRole::Engine, _)
            | (_, ActorRole::Person | ActorRole::Engine) => false,
            _ => self.conversation == other.conversation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(role: ActorRole, conversation: &str) -> Actor {
        Actor {
            role,
            name: "local/small".into(),
            conversation: conversation.into(),
        }
    }

    #[test]
    fn one_conversation_is_one_mind_whatever_its_role() {
        let tracer = actor(ActorRole::Tracer, "c1");
        assert!(tracer.is_same_mind(&actor(ActorRole::Reviewer, "c1")));
        assert!(!tracer.is_same_mind(&actor(ActorRole::Reviewer, "c2")));
        assert!(!tracer.is_same_mind(&actor(ActorRole::Person, "")));
    }

    #[test]
    fn a_role_is_read_back_from_its_name() {
        for role in ActorRole::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
    }
}
