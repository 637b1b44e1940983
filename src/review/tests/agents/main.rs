//! Agents against a scripted server on this machine that misbehaves on purpose, and against scripted agents.

#![expect(clippy::unwrap_used, reason = "what helps a test is a test")]

mod budget;
mod honesty;
mod injection;
mod protocol;
mod replay;
mod support;
