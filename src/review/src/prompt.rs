//! The texts agents are given; data files, so that they can be read and changed as such.
//!
//! They hold instructions only: scanned text reaches an agent fenced, in messages, never here.

use std::sync::OnceLock;

use serde_json::Value;

/// What the tracer is told.
pub(crate) const TRACER: &str = include_str!("../prompts/tracer.md");
/// What the reviewer is told.
pub(crate) const REVIEWER: &str = include_str!("../prompts/reviewer.md");
/// Said where a server cannot be held to a shape.
const SHAPE: &str = include_str!("../prompts/shape.md");
/// Said once after an answer that cannot be used.
const REPAIR: &str = include_str!("../prompts/repair.md");
/// Said when no more questions may be asked.
pub(crate) const LAST: &str = include_str!("../prompts/last.md");

/// The shape of the tracer's answer.
pub(crate) fn tracer_schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| parse(include_str!("../prompts/tracer.schema.json")))
}

/// The shape of the reviewer's answer.
pub(crate) fn reviewer_schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| parse(include_str!("../prompts/reviewer.schema.json")))
}

/// A schema that is part of the binary; a test reads them all.
fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// The shape as an instruction.
pub(crate) fn shape(schema: &Value) -> String {
    SHAPE.replace("{schema}", &schema.to_string())
}

/// What is wrong with an answer, and the wish for another.
pub(crate) fn repair(problem: &str) -> String {
    REPAIR.replace("{problem}", problem)
}

/// Changes when what agents are told changes: a verdict was given to these words.
pub(crate) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut hasher = blake3::Hasher::new();
        for text in [TRACER, REVIEWER, SHAPE, REPAIR, LAST] {
            hasher.update(text.as_bytes());
        }
        hasher.update(tracer_schema().to_string().as_bytes());
        hasher.update(reviewer_schema().to_string().as_bytes());
        hasher.finalize().to_hex()[..12].to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_are_schemas_with_every_property_required() {
        for schema in [tracer_schema(), reviewer_schema()] {
            assert!(jsonschema::validator_for(schema).is_ok());
            let properties = schema["properties"].as_object().unwrap();
            let required = schema["required"].as_array().unwrap();
            assert_eq!(properties.len(), required.len());
        }
    }
}
