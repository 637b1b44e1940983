//! How deeply a Rust text may nest, read from its bytes in one pass.
//!
//! A parser by recursive descent cannot be stopped, so the depth must be known before it starts. The estimate
//! never says less than the parser's recursion; for odd code it may say more, which only costs a larger stack.
//! Knows tokens, not grammar.

/// What the brackets and operators of a text say about the depth of its syntax tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nesting {
    /// Deepest nesting of `()`, `[]`, `{}`.
    pub brackets: u32,
    /// No less than the depth of the tree: brackets plus everything that nests without them
    /// (`a.b().c()`, `- - x`, `A<B<C>>`, `return return`).
    pub tree: u32,
}

/// Measures `text`; linear in its length.
#[must_use]
pub fn nesting(text: &str) -> Nesting {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        groups: vec![Group::default()],
        brackets: 0,
    };
    scan.run();
    while scan.groups.len() > 1 {
        scan.close();
    }
    let tree = scan.groups.pop().map_or(0, Group::depth);
    Nesting {
        brackets: scan.brackets,
        tree,
    }
}

/// Bytes of identifiers and numbers; all outside ASCII are.
static IS_WORD: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

/// One open bracket.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// Tokens of the current run that can nest what follows or precedes them. Runs end where siblings start.
    run: u32,
    /// Deepest group inside the current run.
    inner: u32,
    /// Deepest finished run.
    deepest: u32,
    /// `<` that have no `>` yet: a comma then separates type arguments, not siblings.
    angles: u32,
    /// A `|` was seen: a comma may then separate closure parameters.
    has_pipe: bool,
}

impl Group {
    fn end_run(&mut self) {
        self.deepest = self.deepest.max(self.run + self.inner);
        (self.run, self.inner, self.angles, self.has_pipe) = (0, 0, 0, false);
    }

    fn depth(mut self) -> u32 {
        self.end_run();
        self.deepest
    }
}

/// The kind of the token before the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Previous {
    Word,
    CloseBrace,
    Other,
}

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Never empty: the first is the file.
    groups: Vec<Group>,
    brackets: u32,
}

impl Scan<'_> {
    fn run(&mut self) {
        let mut previous = Previous::Other;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' if self.peek(1) == b'/' => self.line_comment(),
                b'/' if self.peek(1) == b'*' => self.block_comment(),
                b'0'..=b'9' => {
                    self.word();
                    previous = Previous::Other;
                }
                b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => previous = self.word_token(previous),
                b'"' => {
                    self.string();
                    previous = Previous::Other;
                }
                b'\'' => {
                    self.quote();
                    previous = Previous::Other;
                }
                _ => previous = self.punctuation(byte, previous),
            }
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn group(&mut self) -> &mut Group {
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    fn punctuation(&mut self, byte: u8, previous: Previous) -> Previous {
        let before = if self.at == 0 {
            0
        } else {
            self.bytes[self.at - 1]
        };
        self.at += 1;
        match byte {
            b'(' | b'[' | b'{' => {
                self.group().run += 1;
                self.groups.push(Group::default());
                self.brackets = self.brackets.max(self.groups.len() as u32 - 1);
                return Previous::Other;
            }
            b')' | b']' | b'}' => {
                self.close();
                return if byte == b'}' {
                    Previous::CloseBrace
                } else {
                    Previous::Other
                };
            }
            _ => {}
        }
        let group = self.group();
        match byte {
            b';' => group.end_run(),
            b',' if group.angles == 0 && !group.has_pipe => group.end_run(),
            b'>' if before == b'=' => group.end_run(),
            b'#' if previous == Previous::CloseBrace => group.end_run(),
            b'<' => {
                group.angles += 1;
                // The parser needs about twice the stack for a type in a type.
                group.run += 2;
            }
            b'>' if before != b'-' => group.angles = group.angles.saturating_sub(1),
            b':' if before == b':' => {}
            b'|' => {
                group.has_pipe = true;
                group.run += 1;
            }
            _ => group.run += 1,
        }
        Previous::Other
    }

    fn close(&mut self) {
        // A closing bracket with no partner is the tokenizer's to report.
        if self.groups.len() > 1
            && let Some(group) = self.groups.pop()
        {
            let depth = group.depth() + 1;
            let outer = self.group();
            outer.inner = outer.inner.max(depth);
        }
    }

    /// An identifier, keyword or the prefix of a literal.
    fn word_token(&mut self, previous: Previous) -> Previous {
        let start = self.at;
        self.word();
        let (word, next) = (&self.bytes[start..self.at], self.peek(0));
        // Outside ASCII a character may also be a space; every one is counted as if it were.
        if !word.is_ascii() {
            let n_foreign = word.iter().filter(|byte| !byte.is_ascii()).count();
            self.group().run += n_foreign as u32;
        }
        match (word, next) {
            (b"r" | b"br" | b"cr", b'"' | b'#') if self.raw_string() => return Previous::Other,
            (b"b" | b"c", b'"') => {
                self.string();
                return Previous::Other;
            }
            (b"b", b'\'') => {
                self.quote();
                return Previous::Other;
            }
            (b"else" | b"as", _) => self.group().run += 1,
            _ if previous == Previous::CloseBrace => self.group().end_run(),
            _ if previous == Previous::Word => self.group().run += 1,
            _ => {}
        }
        Previous::Word
    }

    fn word(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at)
            && IS_WORD[byte as usize]
        {
            self.at += 1;
        }
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn block_comment(&mut self) {
        let mut depth = 0u32;
        while let Some(found) = memchr::memchr2(b'/', b'*', &self.bytes[self.at..]) {
            self.at += found;
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
    }

    /// From an opening `"` to after the closing one.
    fn string(&mut self) {
        self.at += 1;
        while let Some(found) = memchr::memchr2(b'"', b'\\', &self.bytes[self.at..]) {
            self.at += found + 1;
            if self.bytes[self.at - 1] == b'"' {
                return;
            }
            self.at = (self.at + 1).min(self.bytes.len());
        }
        self.at = self.bytes.len();
    }

    /// `#"…"#` after its prefix; false, and nothing read, when it is a raw identifier.
    fn raw_string(&mut self) -> bool {
        let hashes = self.bytes[self.at..]
            .iter()
            .take_while(|&&byte| byte == b'#')
            .count();
        if self.peek(hashes) != b'"' {
            return false;
        }
        self.at += hashes + 1;
        while let Some(found) = memchr::memchr(b'"', &self.bytes[self.at..]) {
            self.at += found + 1;
            let closing = self.bytes[self.at..].iter().take(hashes);
            if closing.take_while(|&&byte| byte == b'#').count() == hashes {
                self.at += hashes;
                return true;
            }
        }
        self.at = self.bytes.len();
        true
    }

    /// A character literal or a lifetime.
    fn quote(&mut self) {
        self.at += 1;
        let rest = &self.bytes[self.at..];
        if rest.first() == Some(&b'\\') {
            self.at = (self.at + 2).min(self.bytes.len());
            let rest = &self.bytes[self.at..];
            // The longest escape is `\u{10FFFF}`.
            let end = rest.iter().take(16).position(|&byte| byte == b'\'');
            self.at += end.map_or(0, |end| end + 1);
            return;
        }
        let width = match rest.first() {
            None => return,
            Some(0..0x80) => 1,
            Some(0x80..0xe0) => 2,
            Some(0xe0..0xf0) => 3,
            Some(0xf0..) => 4,
        };
        if rest.get(width) == Some(&b'\'') {
            self.at += width + 1;
        } else {
            self.word();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_text_and_comments_do_not_nest() {
        let text = r####"fn f() { let a = "((\"(("; let b = r##"(("#("##; let c = '('; let d = b'['; /* (( /* ( */ */ } // (("####;
        assert_eq!(nesting(text).brackets, 1);
        assert_eq!(
            nesting("fn f<'a>(x: &'a str) -> char { '\\'' }").brackets,
            1
        );
        assert_eq!(nesting("r#type((x))").brackets, 2);
    }

    #[test]
    fn siblings_do_not_add_up_but_chains_do() {
        assert!(nesting(&"let a = b.c();".repeat(1000)).tree < 10);
        assert!(nesting(&format!("[{}]", "a.b(), ".repeat(1000))).tree < 10);
        assert!(nesting(&"fn f() { g() } ".repeat(1000)).tree < 10);
        assert!(nesting(&format!("a{};", ".b()".repeat(1000))).tree > 1000);
        assert!(nesting(&format!("{}x", "-".repeat(1000))).tree >= 1000);
        assert!(nesting(&format!("{}x", "return ".repeat(1000))).tree >= 1000);
        assert!(nesting(&format!("x{}", " as A".repeat(1000))).tree >= 1000);
        assert!(nesting(&"A<B, ".repeat(1000)).tree >= 1000);
        assert!(nesting(&"|a, b| ".repeat(1000)).tree >= 1000);
        assert!(nesting(&"if a {} else ".repeat(1000)).tree >= 1000);
    }

    #[test]
    fn unfinished_tokens_end_with_the_text() {
        for text in [
            "\"", "\"\\", "r#\"", "'", "'\\", "/*", "b'", "b\"", "(", ")", "r#", "'a",
        ] {
            let _ = nesting(text);
        }
    }
}
