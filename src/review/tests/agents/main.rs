//! Agents against a scripted server on this machine that misbehaves on purpose, and against scripted agents.

mod budget;
mod honesty;
mod injection;
mod protocol;
mod replay;
mod support;
