//! Protocol buffers: what a `.proto` file promises between services.
//!
//! One file to its services, messages and enums, names full within the file's package (`Outer.Inner`). Types of fields and
//! methods are kept as written; `program` resolves them over all files. A file that cannot be read is a problem and
//! has no facts. Knows nothing of the code that is generated from it.

mod http;
mod read;

use betwixt_base::{Span, Symbol};
use serde::{Deserialize, Serialize};

pub use read::read_proto;

/// What one `.proto` file defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoFile {
    /// `package billing.v1;`, empty when there is none.
    pub package: Symbol,
    /// `option go_package`, without the name after `;`.
    pub go_package: Symbol,
    /// Imported files, as written.
    pub imports: Vec<Symbol>,
    /// Services in order.
    pub services: Vec<ProtoService>,
    /// Messages in order, nested ones behind the one they are in.
    pub messages: Vec<ProtoMessage>,
    /// Enums in order, nested ones too.
    pub enums: Vec<ProtoEnum>,
}

/// `service Invoices { … }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoService {
    /// Its name.
    pub name: Symbol,
    /// Its methods in order.
    pub methods: Vec<ProtoMethod>,
    /// The name's place.
    pub span: Span,
}

/// `rpc Get (GetRequest) returns (stream Invoice);`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoMethod {
    /// Its name.
    pub name: Symbol,
    /// The request's message, as written.
    pub request: Symbol,
    /// The response's message, as written.
    pub response: Symbol,
    /// The caller sends a stream.
    pub streams_requests: bool,
    /// The callee answers with a stream.
    pub streams_responses: bool,
    /// Routes it is also served under (`google.api.http`).
    pub routes: Vec<ProtoRoute>,
    /// The name's place.
    pub span: Span,
}

/// `get: "/v1/invoices/{id}"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoRoute {
    /// In upper case: `GET`.
    pub verb: Symbol,
    /// The path as written.
    pub path: Symbol,
    /// `*`, the field that is the body, or empty.
    pub body: Symbol,
}

/// `message Invoice { … }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoMessage {
    /// Its name within the package: `Outer.Inner`.
    pub name: Symbol,
    /// Its fields in order.
    pub fields: Vec<ProtoField>,
    /// The name's place.
    pub span: Span,
}

/// `repeated string tags = 4;`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoField {
    /// Its name.
    pub name: Symbol,
    /// Its number.
    pub number: u32,
    /// `string`, `int64`, …, or the message or enum as written.
    pub field_type: Symbol,
    /// `repeated`, and maps.
    pub is_repeated: bool,
    /// `map<K, V>`: the type is `V`.
    pub is_map: bool,
    /// `optional`, written.
    pub is_optional: bool,
    /// `required` (proto2).
    pub is_required: bool,
    /// `[deprecated = true]`.
    pub is_deprecated: bool,
    /// The `oneof` it is one of.
    pub one_of: Option<Symbol>,
    /// The name's place.
    pub span: Span,
}

/// `enum Status { … }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtoEnum {
    /// Its name within the package: `Outer.Status`.
    pub name: Symbol,
    /// Its values in order.
    pub values: Vec<(Symbol, i32)>,
    /// The name's place.
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"syntax = "proto3";
package billing.v1;
option go_package = "example.com/pb/billingv1;billing";
import "google/api/annotations.proto";
service Invoices {
  rpc Get (GetRequest) returns (Invoice) { option (google.api.http) = { get: "/v1/invoices/{id}" }; }
  rpc Watch (stream .shared.Tick) returns (stream Invoice);
}
message GetRequest { string id = 1; optional string note = 2; }
message Invoice {
  enum Status { STATUS_UNSPECIFIED = 0; PAID = 1; }
  message Line { int64 cents = 1; }
  Status status = 1;
  repeated Line lines = 2;
  map<string, Line> by_name = 3;
  oneof payer { string user_id = 4; string org_id = 5 [deprecated = true]; }
}
"#;

    fn read() -> ProtoFile {
        let (file, problems) = read_proto("a.proto", FILE);
        assert_eq!(problems, []);
        file.expect("the file is sound")
    }

    #[test]
    fn services_have_methods_with_their_messages() {
        let file = read();
        assert_eq!(
            (file.package.as_str(), file.go_package.as_str()),
            ("billing.v1", "example.com/pb/billingv1")
        );
        let [get, watch] = file.services[0].methods.as_slice() else {
            panic!("two methods");
        };
        assert_eq!(
            (get.request.as_str(), get.response.as_str()),
            ("GetRequest", "Invoice")
        );
        assert!(!get.streams_requests && !get.streams_responses);
        assert_eq!(watch.request.as_str(), ".shared.Tick");
        assert!(watch.streams_requests && watch.streams_responses);
    }

    #[test]
    fn routes_of_a_method_are_read() {
        let file = read();
        let route = &file.services[0].methods[0].routes[0];
        assert_eq!(
            (route.verb.as_str(), route.path.as_str()),
            ("GET", "/v1/invoices/{id}")
        );
        assert!(file.services[0].methods[1].routes.is_empty());
    }

    #[test]
    fn fields_say_how_they_are_set() {
        let file = read();
        let names: Vec<&str> = file
            .messages
            .iter()
            .map(|message| message.name.as_str())
            .collect();
        assert_eq!(names, ["GetRequest", "Invoice", "Invoice.Line"]);
        let field = |message: usize, name: &str| {
            let fields = &file.messages[message].fields;
            fields
                .iter()
                .find(|field| field.name == name)
                .expect("the field")
                .clone()
        };
        assert!(field(0, "note").is_optional && !field(0, "id").is_optional);
        assert_eq!(field(0, "note").one_of, None);
        assert!(field(1, "lines").is_repeated && !field(1, "lines").is_map);
        let map = field(1, "by_name");
        assert!(map.is_map);
        assert_eq!(map.field_type.as_str(), "Line");
        assert_eq!(field(1, "org_id").one_of.map(Symbol::as_str), Some("payer"));
        assert!(field(1, "org_id").is_deprecated && !field(1, "user_id").is_deprecated);
        assert_eq!(file.enums[0].name.as_str(), "Invoice.Status");
        assert_eq!(file.enums[0].values[1], (Symbol::new("PAID"), 1));
    }

    #[test]
    fn places_are_where_the_names_are() {
        let file = read();
        let at = |span: Span| &FILE[span.start as usize..span.end as usize];
        assert_eq!(at(file.services[0].span), "Invoices");
        assert_eq!(at(file.services[0].methods[1].span), "Watch");
        assert_eq!(at(file.messages[1].fields[0].span), "status");
    }

    #[test]
    fn editions_are_read_like_version_three() {
        let (file, problems) = read_proto(
            "a.proto",
            "edition = \"2023\";\nmessage A { string x = 1; }\n",
        );
        assert_eq!(problems, []);
        assert_eq!(file.expect("the file is sound").messages.len(), 1);
    }

    #[test]
    fn a_broken_file_is_a_problem() {
        let (file, problems) = read_proto("a.proto", "message A { string = ; }");
        assert!(file.is_none());
        assert_eq!(problems.len(), 1);
        let deep = "message A {".repeat(5000);
        assert!(read_proto("a.proto", &deep).0.is_none());
    }
}
