//! The text of a Prisma schema as blocks, fields and attributes; names only, no meaning.

use betwixt_base::Span;

/// `model User { … }`.
pub(super) struct Block<'a> {
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) fields: Vec<Field<'a>>,
    /// `@@…`
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) span: Span,
}

/// `name Type? @attribute`.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) type_name: &'a str,
    pub(super) is_list: bool,
    pub(super) is_optional: bool,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) span: Span,
}

/// `@name(arguments)`.
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: Vec<Argument<'a>>,
}

/// `key: value`, `value`, `[a, b]`.
pub(super) struct Argument<'a> {
    pub(super) key: Option<&'a str>,
    /// The string, when it is one.
    pub(super) text: Option<&'a str>,
    /// The names in the value: one, or those of a list.
    pub(super) names: Vec<&'a str>,
}

impl<'a> Block<'a> {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }
}

impl<'a> Field<'a> {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }
}

impl<'a> Attribute<'a> {
    fn argument(&self, key: &str) -> Option<&Argument<'a>> {
        self.arguments
            .iter()
            .find(|argument| argument.key == Some(key))
    }

    /// The string of `key: "…"`.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.argument(key)?.text
    }

    /// The string that comes without a key, or as `name:`.
    pub(super) fn first_text(&self) -> Option<&'a str> {
        self.arguments
            .iter()
            .find(|argument| matches!(argument.key, None | Some("name")))?
            .text
    }

    /// The names of `key: [a, b]`.
    pub(super) fn names(&self, key: &str) -> Vec<&'a str> {
        self.argument(key)
            .map(|argument| argument.names.clone())
            .unwrap_or_default()
    }
}

/// A token with its place; a line end is one where it ends a field.
#[derive(Clone, Copy, PartialEq)]
struct Token<'a> {
    text: &'a str,
    start: u32,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += bytes[at..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' && bytes[at] != b'\n' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(bytes.len());
            }
            b'@' if bytes.get(at + 1) == Some(&b'@') => at += 2,
            byte if is_name(byte) => {
                while at < bytes.len()
                    && (is_name(bytes[at]) || bytes[at] == b'.' || bytes[at] == b'-')
                {
                    at += 1;
                }
            }
            _ => at += 1,
        }
        while !text.is_char_boundary(at) {
            at += 1;
        }
        tokens.push(Token {
            text: &text[start..at],
            start: start as u32,
        });
    }
    tokens
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The blocks of a schema, and the lines with what could not be read there.
pub(super) fn blocks(text: &str) -> (Vec<Block<'_>>, Vec<(u32, String)>) {
    let mut reader = Reader {
        tokens: tokens(text),
        at: 0,
    };
    let mut blocks = Vec::new();
    let mut problems = Vec::new();
    loop {
        reader.skip_lines();
        let Some(start) = reader.peek() else { break };
        match reader.block() {
            Some(block) => blocks.push(block),
            None => {
                let line = text[..start.start as usize]
                    .bytes()
                    .filter(|byte| *byte == b'\n')
                    .count() as u32
                    + 1;
                problems.push((
                    line,
                    format!("`{}` starts no block of a Prisma schema", start.text),
                ));
                reader.skip_line();
            }
        }
        // Enough is enough: a file of nonsense gets no line for each of its lines.
        if problems.len() > 20 {
            break;
        }
    }
    (blocks, problems)
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn text(&self) -> &'a str {
        self.peek().map_or("", |token| token.text)
    }

    fn next(&mut self) -> &'a str {
        let text = self.text();
        self.at += 1;
        text
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.text() == text;
        self.at += usize::from(found);
        found
    }

    fn skip_lines(&mut self) {
        while self.text() == "\n" {
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some() && !self.eat("\n") {
            self.at += 1;
        }
    }

    fn span_from(&self, start: u32) -> Span {
        let end = self
            .at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last));
        Span::new(
            start,
            end.map_or(start, |token| token.start + token.text.len() as u32)
                .max(start),
        )
    }

    /// `kind name { … }`.
    fn block(&mut self) -> Option<Block<'a>> {
        let start = self.peek()?.start;
        let before = self.at;
        let (kind, name) = (self.next(), self.next());
        if !kind.starts_with(|first: char| first.is_ascii_alphabetic()) || !self.eat("{") {
            self.at = before;
            return None;
        }
        let mut block = Block {
            kind,
            name,
            fields: Vec::new(),
            attributes: Vec::new(),
            span: Span::default(),
        };
        loop {
            self.skip_lines();
            match self.text() {
                "" => break,
                "}" => {
                    self.at += 1;
                    break;
                }
                "@@" => {
                    self.at += 1;
                    let attribute = self.attribute();
                    block.attributes.push(attribute);
                }
                _ if matches!(kind, "model" | "view" | "type") => block.fields.extend(self.field()),
                _ => self.at += 1,
            }
        }
        block.span = self.span_from(start);
        Some(block)
    }

    fn field(&mut self) -> Option<Field<'a>> {
        let start = self.peek()?.start;
        let name = self.next();
        let type_name = self.text();
        if matches!(type_name, "\n" | "" | "}") {
            return None;
        }
        self.at += 1;
        let mut field = Field {
            name,
            type_name,
            is_list: false,
            is_optional: false,
            attributes: Vec::new(),
            span: Span::default(),
        };
        // `Unsupported("…")`
        if self.text() == "(" {
            self.arguments();
        }
        loop {
            match self.text() {
                "\n" | "" | "}" => break,
                "[" => field.is_list = true,
                "?" => field.is_optional = true,
                "@" => {
                    self.at += 1;
                    let attribute = self.attribute();
                    field.attributes.push(attribute);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        field.span = self.span_from(start);
        Some(field)
    }

    /// The attribute behind its `@`.
    fn attribute(&mut self) -> Attribute<'a> {
        let name = self.next();
        let arguments = if self.text() == "(" {
            self.arguments()
        } else {
            Vec::new()
        };
        Attribute { name, arguments }
    }

    /// What stands between the brackets that open here.
    fn arguments(&mut self) -> Vec<Argument<'a>> {
        let mut arguments = Vec::new();
        let mut current: Option<Argument<'a>> = None;
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            self.at += 1;
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                "," if depth == 1 => arguments.extend(current.take()),
                "," | "\n" => {}
                ":" => {
                    if depth == 1
                        && let Some(argument) = &mut current
                    {
                        argument.key = argument.names.pop();
                    }
                }
                text => {
                    let argument = current.get_or_insert(Argument {
                        key: None,
                        text: None,
                        names: Vec::new(),
                    });
                    match text.strip_prefix('"') {
                        Some(rest) => {
                            argument.text = argument
                                .text
                                .or(Some(rest.strip_suffix('"').unwrap_or(rest)))
                        }
                        // Names of a list, not of what stands in brackets behind them: `createdAt(sort: Desc)`.
                        None if depth <= 2
                            && is_name(text.as_bytes()[0])
                            && !self.is_inside_call(depth) =>
                        {
                            argument.names.push(text)
                        }
                        None => {}
                    }
                }
            }
        }
        arguments.extend(current);
        arguments
    }

    /// Whether the token just read stands in the brackets of a call inside a list.
    fn is_inside_call(&self, depth: usize) -> bool {
        if depth < 2 {
            return false;
        }
        let before = self.tokens[..self.at.saturating_sub(1)].iter().rev();
        before
            .map(|token| token.text)
            .find(|text| matches!(*text, "(" | "[" | "]" | ")"))
            == Some("(")
    }
}
