//! All facts to one program: names resolved, value flow, call graph, schema, events.
//!
//! Pure and deterministic: the same facts give the same program whatever the file order or the number of threads.

mod callees;
pub mod calls;
pub mod contract;
pub mod control;
mod describe;
pub mod entries;
pub mod events;
mod extensions;
pub mod failure;
pub mod flow;
pub mod graphql;
mod ids;
mod implementers;
mod index;
mod indirect;
mod input;
pub mod link;
mod models;
mod names;
mod program;
pub mod proto;
pub mod question;
mod resolve;
pub mod schema;
pub mod trust;
mod types;
mod wrapped;

pub use ids::{CallSite, ExprRef, FunctionId, GlobalId, LocalRef, ModuleId, TypeId};
pub use index::{Code, Methods};
pub use input::{CodeFile, Input, TenancyConfig};
pub use models::ModelIndex;
pub use names::{Def, Names};
pub use program::{Program, Stats};
pub use proto::Proto;
pub use question::Questions;
pub use resolve::Resolver;
pub use trust::{Trust, Whose};
pub use types::Type;
