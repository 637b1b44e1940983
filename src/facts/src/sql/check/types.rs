//! Types of a PostgreSQL expression: built in, an enum of the schema, or not known.

use betwixt_base::Symbol;

use super::builtin::catalogue;

/// A type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Type {
    /// The type, or that of the elements.
    pub(crate) scalar: Scalar,
    /// An array of it.
    pub(crate) is_array: bool,
}

/// A type that is no array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// Its number in the catalogue.
    Builtin(u8),
    /// An enum of the schema.
    Enum(Symbol),
}

/// What is known of an expression's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ty {
    /// Nothing: whatever is said of it could be wrong.
    Any,
    /// The database has not decided either: a parameter or quoted literal.
    Unknown,
    /// This type.
    Is(Type),
}

impl Type {
    /// A built-in type by its catalogue name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (name, is_array) = match name.strip_suffix("[]") {
            Some(element) => (element, true),
            None => (name, false),
        };
        let number = catalogue().number(name)?;
        Some(Self {
            scalar: Scalar::Builtin(number),
            is_array,
        })
    }

    /// The array of a type; `None` for arrays, which have no arrays of their own.
    pub(crate) fn array(self) -> Self {
        Self {
            is_array: true,
            ..self
        }
    }

    /// The type of an array's elements.
    pub(crate) fn element(self) -> Option<Self> {
        self.is_array.then_some(Self {
            is_array: false,
            ..self
        })
    }

    /// The letter of its category.
    pub(crate) fn category(self) -> u8 {
        match self.scalar {
            _ if self.is_array => b'A',
            Scalar::Builtin(number) => catalogue().category(number),
            Scalar::Enum(_) => b'E',
        }
    }

    /// Whether it is what its category prefers.
    pub(crate) fn is_preferred(self) -> bool {
        match self.scalar {
            Scalar::Builtin(number) if !self.is_array => catalogue().is_preferred(number),
            _ => false,
        }
    }

    /// Whether it is this built-in type.
    pub(crate) fn is(self, name: &str) -> bool {
        !self.is_array && self.base_name() == name
    }

    /// The catalogue's name, of the elements for arrays.
    pub(crate) fn base_name(&self) -> &str {
        match &self.scalar {
            Scalar::Builtin(number) => catalogue().name(*number),
            Scalar::Enum(name) => name.as_str(),
        }
    }

    /// The name people know.
    pub(crate) fn shown(self) -> String {
        let name = match self.base_name() {
            "int2" => "smallint",
            "int4" => "integer",
            "int8" => "bigint",
            "float4" => "real",
            "float8" => "double precision",
            "varchar" => "character varying",
            "bpchar" => "character",
            "bool" => "boolean",
            "timestamptz" => "timestamp with time zone",
            "timestamp" => "timestamp without time zone",
            other => other,
        };
        if self.is_array {
            format!("{name}[]")
        } else {
            name.to_owned()
        }
    }

    /// The type a column definition or cast names; `None` when it is not built in.
    pub(crate) fn written(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let mut rest = lower.as_str();
        let mut is_array = false;
        while let Some(open) = rest.strip_suffix(']').and_then(|inner| inner.rfind('[')) {
            rest = rest[..open].trim_end();
            is_array = true;
        }
        if let Some(inner) = rest.strip_suffix(" array") {
            rest = inner;
            is_array = true;
        }
        let rest = rest.strip_prefix("pg_catalog.").unwrap_or(rest);
        let plain = without_brackets(rest);
        let name = canonical(plain.trim())?;
        let scalar = Scalar::Builtin(catalogue().number(name)?);
        Some(Self { scalar, is_array })
    }
}

/// `numeric(10, 2)` without what stands in brackets.
fn without_brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    for ch in text.chars() {
        match ch {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(ch),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The catalogue's name of a type as people write it.
fn canonical(name: &str) -> Option<&str> {
    Some(match name {
        "int" | "integer" | "serial" | "serial4" => "int4",
        "bigint" | "bigserial" | "serial8" => "int8",
        "smallint" | "smallserial" | "serial2" => "int2",
        "decimal" | "dec" => "numeric",
        "real" => "float4",
        "float" | "double precision" => "float8",
        "boolean" => "bool",
        "character varying" | "char varying" => "varchar",
        "character" | "char" => "bpchar",
        "\"char\"" => "\"char\"",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        "time with time zone" => "timetz",
        "time without time zone" => "time",
        "bit varying" => "varbit",
        known if catalogue().number(known).is_some() => known,
        interval if interval.starts_with("interval ") => "interval",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_types_are_recognised() {
        let cases = [
            ("varchar(20)", Some("character varying")),
            (
                "timestamp(3) with time zone",
                Some("timestamp with time zone"),
            ),
            ("TIMESTAMPTZ", Some("timestamp with time zone")),
            ("text[]", Some("text[]")),
            ("double precision", Some("double precision")),
            ("bigserial", Some("bigint")),
            ("order_status", None),
            ("datetime", None),
        ];
        for (text, expected) in cases {
            let shown = Type::written(text).map(Type::shown);
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
    }
}
