//! Which lines a remark speaks for, told from indentation alone, so that it is the same for every language.
//!
//! - A comment of its own speaks for the statement below it, with all that is indented under it: a whole function, when
//!   the comment is the function's.
//! - One at the start or the end of a block speaks for the block, for what opens it, and for the statement whose
//!   failure the block handles.
//! - A message inside the handler of a failure does the same; anything else speaks for its own line.

/// How many lines a remark speaks for at most, and how far it looks up.
const MOST_BELOW: usize = 400;
const MOST_ABOVE: usize = 40;

/// The lines of a text, from 0.
pub(super) struct Lines<'a> {
    starts: Vec<usize>,
    lines: Vec<&'a str>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self {
            starts,
            lines: text.split('\n').collect(),
        }
    }

    /// The line of an offset.
    pub(super) fn of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset) - 1
    }

    /// The comment around the line is a note that something is still to be done, or a directive of ours.
    pub(super) fn is_doubt(&self, line: usize) -> bool {
        let (first, last) = self.comment_block(line);
        self.lines[first..=last].iter().any(|line| {
            ["TODO", "FIXME", "XXX", "HACK", "BUG", "betwixt:"]
                .iter()
                .any(|mark| line.contains(mark))
        })
    }

    /// The first and last line that a phrase at an offset of a line speaks for.
    pub(super) fn extent(&self, line: usize, at: usize) -> Option<(usize, usize)> {
        if !self.is_comment(line) {
            let column = at - self.starts[line];
            let is_said = self.lines[line][..column].contains(['"', '\'', '`', '/', '-']);
            return is_said.then(|| self.handler_of(line).unwrap_or((line, line)));
        }
        let (top, bottom) = self.comment_block(line);
        let below = self.below(bottom + 1);
        let opener = self
            .above(top)
            .filter(|&above| self.indent(above) < self.indent(top));
        let is_closed =
            below.is_none_or(|below| self.lines[below].trim_start().starts_with(['}', ')']));
        if opener.is_some_and(|opener| self.is_handler(opener)) || is_closed {
            return self.handler_of(top);
        }
        let below = below?;
        let last = if self.lines[line].trim_start().starts_with("--") {
            self.end_of_sql(below)
        } else {
            self.end_of(self.past_attributes(below))
        };
        Some((below, last))
    }

    /// The statement whose failure the block of a line handles, to the end of the block.
    fn handler_of(&self, line: usize) -> Option<(usize, usize)> {
        let opener = self
            .opener(line)
            .filter(|&opener| self.is_handler(opener))?;
        let text = self.lines[opener].trim_start();
        let first = if text.starts_with('}') {
            self.same_indent_above(opener).unwrap_or(opener)
        } else if text.contains("=>") && !text.contains(".catch") {
            self.opener(opener).unwrap_or(opener)
        } else if text.starts_with("if err") && !text.contains(":=") || text.starts_with("if (err")
        {
            self.statement_above(opener).unwrap_or(opener)
        } else {
            opener
        };
        Some((first, self.end_of(opener)))
    }

    /// A line that opens a block for failures.
    fn is_handler(&self, line: usize) -> bool {
        let text = self.lines[line];
        ["err", "Err", "catch", "fail", "Fail", "else"]
            .iter()
            .any(|word| text.contains(word))
    }

    /// The nearest line above that is indented less.
    fn opener(&self, line: usize) -> Option<usize> {
        let indent = self.indent(line);
        let from = line.saturating_sub(MOST_ABOVE);
        (from..line)
            .rev()
            .find(|&above| self.is_code(above) && self.indent(above) < indent)
    }

    /// The line that `} catch {` goes with: the next one above of the same indentation.
    fn same_indent_above(&self, line: usize) -> Option<usize> {
        let indent = self.indent(line);
        let from = line.saturating_sub(MOST_ABOVE);
        (from..line)
            .rev()
            .find(|&above| self.is_code(above) && self.indent(above) <= indent)
    }

    /// The first line of the statement right above.
    fn statement_above(&self, line: usize) -> Option<usize> {
        let mut above = self.above(line)?;
        while self.lines[above].trim_start().starts_with(['}', ')'])
            || self.indent(above) > self.indent(line)
        {
            above = self.above(above)?;
        }
        Some(above)
    }

    /// The line after attributes and decorators.
    fn past_attributes(&self, mut line: usize) -> usize {
        while self.lines[line].trim_start().starts_with(['@', '#']) {
            match self.below(self.end_of(line) + 1) {
                Some(next) => line = next,
                None => break,
            }
        }
        line
    }

    /// The last line of what starts at a line: all that is indented under it, and what closes it.
    fn end_of(&self, line: usize) -> usize {
        let indent = self.indent(line);
        let limit = self.lines.len().min(line + MOST_BELOW);
        let mut end = line;
        for next in line + 1..limit {
            let text = self.lines[next].trim_start();
            if text.is_empty() || self.indent(next) > indent {
                continue;
            }
            if self.indent(next) < indent || !text.starts_with(['}', ')', ']']) {
                return end.max(next - 1);
            }
            end = next;
            if !text.trim_end().ends_with(['{', '(', '[']) {
                return end;
            }
        }
        end.max(limit - 1)
    }

    /// The last line of the SQL statement that starts at a line.
    fn end_of_sql(&self, line: usize) -> usize {
        let limit = self.lines.len().min(line + MOST_BELOW);
        let is_last = |&at: &usize| {
            self.lines[at].trim_end().ends_with(';')
                || self
                    .lines
                    .get(at + 1)
                    .is_none_or(|next| next.trim().is_empty())
        };
        (line..limit).find(is_last).unwrap_or(limit - 1)
    }

    fn comment_block(&self, line: usize) -> (usize, usize) {
        if !self.is_comment(line) {
            return (line, line);
        }
        let (mut first, mut last) = (line, line);
        while first > 0 && self.is_comment(first - 1) {
            first -= 1;
        }
        while last + 1 < self.lines.len() && self.is_comment(last + 1) {
            last += 1;
        }
        (first, last)
    }

    /// The line holds nothing but a comment.
    fn is_comment(&self, line: usize) -> bool {
        let text = self.lines[line].trim_start();
        ["//", "/*", "* ", "*/", "--", "{/*"]
            .iter()
            .any(|opener| text.starts_with(opener))
            || text == "*"
    }

    fn is_code(&self, line: usize) -> bool {
        !self.lines[line].trim().is_empty() && !self.is_comment(line)
    }

    fn above(&self, line: usize) -> Option<usize> {
        (line.saturating_sub(MOST_ABOVE)..line)
            .rev()
            .find(|&above| self.is_code(above))
    }

    fn below(&self, line: usize) -> Option<usize> {
        (line..self.lines.len().min(line + MOST_ABOVE)).find(|&below| self.is_code(below))
    }

    fn indent(&self, line: usize) -> usize {
        let text = self.lines[line];
        text.len() - text.trim_start().len()
    }
}
