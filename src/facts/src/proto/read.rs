//! The text of a `.proto` file to its facts, by way of the descriptors protobuf compilers exchange.

use std::borrow::Cow;

use betwixt_base::{LineIndex, Problem, Span, Symbol};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::source_code_info::Location;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    MethodDescriptorProto, ServiceDescriptorProto,
};
use rustc_hash::FxHashMap;

use super::{ProtoEnum, ProtoField, ProtoFile, ProtoMessage, ProtoMethod, ProtoService, http};

/// Numbers of the fields of descriptors, as locations name them.
mod tag {
    pub(super) const MESSAGE: i32 = 4;
    pub(super) const ENUM: i32 = 5;
    pub(super) const SERVICE: i32 = 6;
    pub(super) const NAME: i32 = 1;
    pub(super) const MEMBER: i32 = 2;
    pub(super) const NESTED_MESSAGE: i32 = 3;
    pub(super) const NESTED_ENUM: i32 = 4;
}

/// What a `.proto` file defines; none, and a problem, where it is broken. Problems have no file name yet.
#[must_use]
pub fn read_proto(path: &str, text: &str) -> (Option<ProtoFile>, Vec<Problem>) {
    match protox_parse::parse(path, &with_syntax(text)) {
        Ok(file) => {
            let places = Places::new(text, &file);
            (Some(Reader { places }.file(&file)), Vec::new())
        }
        Err(error) => {
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default();
            let problem =
                Problem::warning("", format!("the protobuf file cannot be read: {first}"));
            (None, vec![problem])
        }
    }
}

/// The parser knows `syntax`; files of an edition are read as version three, whose fields mean nearly the same.
fn with_syntax(text: &str) -> Cow<'_, str> {
    let is_edition = |line: &str| {
        line.strip_prefix("edition")
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    if !text.lines().any(|line| is_edition(line.trim_start())) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        if is_edition(line.trim_start()) {
            "syntax = \"proto3\";\n"
        } else {
            line
        }
    });
    Cow::Owned(lines.collect())
}

/// Where names are written, by the path of the descriptor.
struct Places<'a> {
    lines: LineIndex,
    len: u32,
    locations: FxHashMap<&'a [i32], &'a Location>,
}

impl<'a> Places<'a> {
    fn new(text: &str, file: &'a FileDescriptorProto) -> Self {
        let locations = file
            .source_code_info
            .as_ref()
            .map_or(&[][..], |info| &info.location);
        Self {
            lines: LineIndex::new(text),
            len: text.len() as u32,
            locations: locations
                .iter()
                .map(|location| (location.path.as_slice(), location))
                .collect(),
        }
    }

    fn name(&self, path: &[i32]) -> Span {
        let path: Vec<i32> = path.iter().copied().chain([tag::NAME]).collect();
        let Some(location) = self.locations.get(path.as_slice()) else {
            return Span { start: 0, end: 0 };
        };
        let at = |line: i32, column: i32| {
            let start = self.lines.line_start(line as u32 + 1).unwrap_or(0);
            (start + column as u32).min(self.len)
        };
        match *location.span.as_slice() {
            [line, from, to] => Span {
                start: at(line, from),
                end: at(line, to),
            },
            [line, from, last, to] => Span {
                start: at(line, from),
                end: at(last, to),
            },
            _ => Span { start: 0, end: 0 },
        }
    }
}

struct Reader<'a> {
    places: Places<'a>,
}

impl Reader<'_> {
    fn file(&self, file: &FileDescriptorProto) -> ProtoFile {
        let go_package = go_package(file);
        let mut read = ProtoFile {
            package: Symbol::new(file.package()),
            go_package: Symbol::new(go_package.split(';').next().unwrap_or_default()),
            imports: file
                .dependency
                .iter()
                .map(|path| Symbol::new(path))
                .collect(),
            services: Vec::new(),
            messages: Vec::new(),
            enums: Vec::new(),
        };
        for (service, idx) in file.service.iter().zip(0..) {
            read.services.push(self.service(service, idx));
        }
        for (message, idx) in file.message_type.iter().zip(0..) {
            self.message(message, "", &[tag::MESSAGE, idx], &mut read);
        }
        for (one, idx) in file.enum_type.iter().zip(0..) {
            read.enums
                .push(self.enumeration(one, "", &[tag::ENUM, idx]));
        }
        read
    }

    fn service(&self, service: &ServiceDescriptorProto, idx: i32) -> ProtoService {
        let path = [tag::SERVICE, idx];
        let methods = service.method.iter().zip(0..);
        ProtoService {
            name: Symbol::new(service.name()),
            methods: methods
                .map(|(method, at)| self.method(method, &[tag::SERVICE, idx, tag::MEMBER, at]))
                .collect(),
            span: self.places.name(&path),
        }
    }

    fn method(&self, method: &MethodDescriptorProto, path: &[i32]) -> ProtoMethod {
        let options = method
            .options
            .iter()
            .flat_map(|options| &options.uninterpreted_option);
        let http = options.filter(|option| {
            let mut names = option.name.iter().map(|part| part.name_part.as_str());
            names.any(|name| name.trim_start_matches('.') == "google.api.http")
        });
        let routes = http.flat_map(|option| http::routes(option.aggregate_value()));
        ProtoMethod {
            name: Symbol::new(method.name()),
            request: Symbol::new(method.input_type()),
            response: Symbol::new(method.output_type()),
            streams_requests: method.client_streaming(),
            streams_responses: method.server_streaming(),
            routes: routes.collect(),
            span: self.places.name(path),
        }
    }

    fn message(&self, message: &DescriptorProto, outer: &str, path: &[i32], read: &mut ProtoFile) {
        let name = within(outer, message.name());
        let fields = message.field.iter().zip(0..);
        read.messages.push(ProtoMessage {
            name: Symbol::new(&name),
            fields: fields
                .map(|(field, at)| {
                    let path: Vec<i32> = path.iter().copied().chain([tag::MEMBER, at]).collect();
                    self.field(message, field, &path)
                })
                .collect(),
            span: self.places.name(path),
        });
        let below = |member: i32, at: i32| -> Vec<i32> {
            path.iter().copied().chain([member, at]).collect()
        };
        for (one, at) in message.enum_type.iter().zip(0..) {
            let path = below(tag::NESTED_ENUM, at);
            read.enums.push(self.enumeration(one, &name, &path));
        }
        for (inner, at) in message.nested_type.iter().zip(0..) {
            if !is_map_entry(inner) {
                self.message(inner, &name, &below(tag::NESTED_MESSAGE, at), read);
            }
        }
    }

    fn field(
        &self,
        message: &DescriptorProto,
        field: &FieldDescriptorProto,
        path: &[i32],
    ) -> ProtoField {
        let is_optional = field.proto3_optional();
        let one_of = field.oneof_index.filter(|_| !is_optional).and_then(|at| {
            let one_of = message.oneof_decl.get(at as usize)?;
            Some(Symbol::new(one_of.name()))
        });
        let last = field.type_name().rsplit('.').next().unwrap_or_default();
        let entry = message
            .nested_type
            .iter()
            .find(|inner| is_map_entry(inner) && inner.name() == last);
        let value = entry.and_then(|entry| entry.field.iter().find(|part| part.number() == 2));
        ProtoField {
            name: Symbol::new(field.name()),
            number: field.number().try_into().unwrap_or(0),
            field_type: type_of(value.unwrap_or(field)),
            is_repeated: field.label == Some(Label::Repeated as i32),
            is_map: entry.is_some(),
            is_optional,
            is_required: field.label == Some(Label::Required as i32),
            is_deprecated: is_deprecated(field),
            one_of,
            span: self.places.name(path),
        }
    }

    fn enumeration(&self, one: &EnumDescriptorProto, outer: &str, path: &[i32]) -> ProtoEnum {
        let values = one.value.iter();
        ProtoEnum {
            name: Symbol::new(&within(outer, one.name())),
            values: values
                .map(|value| (Symbol::new(value.name()), value.number()))
                .collect(),
            span: self.places.name(path),
        }
    }
}

fn go_package(file: &FileDescriptorProto) -> String {
    let Some(options) = &file.options else {
        return String::new();
    };
    let written = options
        .uninterpreted_option
        .iter()
        .find(|option| option.name.len() == 1 && option.name[0].name_part == "go_package");
    match written {
        Some(option) => String::from_utf8_lossy(option.string_value()).into_owned(),
        None => options.go_package().to_owned(),
    }
}

fn within(outer: &str, name: &str) -> String {
    if outer.is_empty() {
        name.to_owned()
    } else {
        format!("{outer}.{name}")
    }
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(|options| options.map_entry())
}

fn is_deprecated(field: &FieldDescriptorProto) -> bool {
    field.options.as_ref().is_some_and(|options| {
        options.deprecated()
            || options.uninterpreted_option.iter().any(|option| {
                option.identifier_value() == "true"
                    && option
                        .name
                        .iter()
                        .any(|part| part.name_part == "deprecated")
            })
    })
}

/// `string` and its kin by name, messages and enums as written.
fn type_of(field: &FieldDescriptorProto) -> Symbol {
    if !field.type_name().is_empty() {
        return Symbol::new(field.type_name());
    }
    let name = field.r#type.and_then(|number| Type::try_from(number).ok());
    let name = name.map_or("", |known| known.as_str_name());
    Symbol::new(&name.trim_start_matches("TYPE_").to_ascii_lowercase())
}
