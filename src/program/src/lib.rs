//! All facts to one program: names, value flow, call graph, schema, events.
