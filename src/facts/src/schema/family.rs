//! What a column of a written type can hold, roughly.

use super::TypeFamily;

impl TypeFamily {
    /// The family of a type as SQL, a schema language or a query builder writes it; case does not matter.
    #[must_use]
    pub fn of_type(written: &str) -> Self {
        let lower = written.trim().to_ascii_lowercase();
        if lower.ends_with(']') || lower.starts_with("array(") || lower.ends_with(" array") {
            return Self::Array;
        }
        // ClickHouse wraps types in what they may be besides.
        for wrapper in ["nullable(", "lowcardinality("] {
            if let Some(inner) = lower.strip_prefix(wrapper) {
                return Self::of_type(inner.strip_suffix(')').unwrap_or(inner));
            }
        }
        // MySQL has no other boolean.
        if lower == "tinyint(1)" {
            return Self::Bool;
        }
        let word = lower.split(['(', ' ']).next().unwrap_or("");
        let word = word.rsplit('.').next().unwrap_or(word).trim_matches('"');
        Self::of_word(word)
    }

    fn of_word(word: &str) -> Self {
        match word {
            "int" | "integer" | "tinyint" | "smallint" | "mediumint" | "bigint" | "int2"
            | "int4" | "int8" | "int16" | "int32" | "int64" | "int128" | "int256" | "uint8"
            | "uint16" | "uint32" | "uint64" | "uint128" | "uint256" | "uint" | "serial"
            | "smallserial" | "bigserial" | "serial4" | "serial8" | "year" | "oid" | "long"
            | "biginteger" => Self::Integer,
            "decimal" | "numeric" | "real" | "double" | "float" | "float4" | "float8"
            | "float32" | "float64" | "money" | "decimal32" | "decimal64" | "decimal128"
            | "decimal256" | "number" => Self::Decimal,
            "text" | "varchar" | "char" | "character" | "bpchar" | "citext" | "string"
            | "tinytext" | "mediumtext" | "longtext" | "nvarchar" | "nchar" | "fixedstring"
            | "name" | "clob" | "inet" | "cidr" => Self::Text,
            "bool" | "boolean" => Self::Bool,
            "timestamp" | "timestamptz" | "date" | "time" | "timetz" | "datetime" | "datetime2"
            | "datetime64" | "date32" | "interval" | "datetimeoffset" => Self::Time,
            "uuid" | "uniqueidentifier" => Self::Uuid,
            "json" | "jsonb" | "map" | "object" => Self::Json,
            "bytea" | "blob" | "binary" | "varbinary" | "tinyblob" | "mediumblob" | "longblob"
            | "bytes" => Self::Bytes,
            "array" | "_text" | "_int4" | "_int8" | "_uuid" => Self::Array,
            "enum" | "enum8" | "enum16" | "set" => Self::Enum,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_types_have_a_family() {
        let cases = [
            ("BIGINT", TypeFamily::Integer),
            ("varchar(255)", TypeFamily::Text),
            ("character varying", TypeFamily::Text),
            ("double precision", TypeFamily::Decimal),
            ("timestamp with time zone", TypeFamily::Time),
            ("DateTime64(3, 'UTC')", TypeFamily::Time),
            ("Nullable(UInt64)", TypeFamily::Integer),
            ("LowCardinality(Nullable(String))", TypeFamily::Text),
            ("text[]", TypeFamily::Array),
            ("Array(String)", TypeFamily::Array),
            ("enum('a','b')", TypeFamily::Enum),
            ("tinyint(1)", TypeFamily::Bool),
            ("public.citext", TypeFamily::Text),
            ("jsonb", TypeFamily::Json),
            ("geometry(Point)", TypeFamily::Other),
            ("", TypeFamily::Other),
        ];
        for (written, expected) in cases {
            assert_eq!(TypeFamily::of_type(written), expected, "{written}");
        }
    }
}
