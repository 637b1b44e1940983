//! How bad, how sure, what kind.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! level {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The name used in rules, output and options.
            #[must_use]
            pub fn name(self) -> &'static str { match self { $(Self::$variant => $text,)* } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.name()) }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.name() == text).ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|value| value.name()).collect();
                    format!("unknown {} `{text}`; one of {}", stringify!($name).to_lowercase(), names.join(", "))
                })
            }
        }
    };
}

level! {
    /// How bad a finding is if it is true. Ordered from harmless to worst.
    Severity {
        /// Worth knowing.
        Info = "info",
        /// A nuisance.
        Low = "low",
        /// Wrong results for some.
        Medium = "medium",
        /// Another tenant's data, lost data, money counted wrongly.
        High = "high",
        /// The same, reachable by anybody from outside.
        Critical = "critical",
    }
}

level! {
    /// How sure we are. Ordered from doubtful to sure.
    Confidence {
        /// The shape is there; something the engine cannot see may well make it right.
        Low = "low",
        /// Probably real.
        Medium = "medium",
        /// No guard found where siblings have one.
        High = "high",
    }
}

level! {
    /// The bug classes.
    Category {
        /// Data of one tenant reached with the identity of another.
        TenantIsolation = "tenant-isolation",
        /// An effect repeated when its trigger is repeated.
        Idempotency = "idempotency",
        /// Two at once give what neither alone would.
        Race = "race",
        /// Something acknowledged and gone.
        DataLoss = "data-loss",
        /// A copy that is no longer true.
        StaleCache = "stale-cache",
        /// The unusual message, order or end of a list.
        ProtocolEdge = "protocol-edge",
        /// Two stores that disagree.
        StorageConsistency = "storage-consistency",
        /// A check that is not made.
        AuthBypass = "auth-bypass",
        /// Something created that is never removed.
        ResourceLifecycle = "resource-lifecycle",
        /// Code and schema, or two services, disagree.
        SchemaContract = "schema-contract",
    }
}
