//! A statement made ready for parsing: fixed text and holes, each with the fillings that can fit.
//!
//! A filled hole is a name that says its number, so that it is found again in the tree.

use betwixt_base::Symbol;

/// What a hole can be filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    /// A name, which is also a value and a condition.
    Name,
    /// `(h)`.
    List,
    /// ` AND h `.
    And,
    /// Nothing at all.
    Nothing,
    /// `=`.
    Equals,
    /// `h = h`.
    Assign,
    /// `, h = h`.
    CommaAssign,
    /// `, h`.
    CommaName,
    /// `SELECT * FROM h`.
    Query,
    /// `h AS (SELECT 1)`.
    Cte,
    /// `JOIN`.
    Join,
    /// ` WHERE h `.
    Where,
    /// `, h,`.
    Commas,
}

/// A piece of the text to parse.
#[derive(Debug)]
pub(super) enum Segment {
    Fixed(String),
    Hole {
        number: u32,
        options: &'static [Fill],
    },
}

/// `ON CONFLICT (…) WHERE …`, put aside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    pub(crate) columns: Vec<Symbol>,
    pub(crate) predicate: Option<Symbol>,
}

/// A statement made ready.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    pub(super) segments: Vec<Segment>,
    /// Highest parameter number.
    pub(crate) n_params: u32,
    /// Names of named parameters.
    pub(crate) param_names: Vec<Symbol>,
    /// Conflict targets in order; the text has `bwtarget_0` and so on in their place.
    pub(crate) targets: Vec<Target>,
    /// Syntax only ClickHouse has was seen.
    pub(crate) is_clickhouse: bool,
    /// The `ANY` of `a @> ANY(…)` was left out.
    pub(crate) has_dropped_any: bool,
    /// Rows were added to a bare `INSERT INTO t (…)`.
    pub(crate) has_added_rows: bool,
}

/// Text with the holes filled.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) text: String,
    /// Where each hole's filling starts, with the hole's place among the statement's holes.
    pub(crate) holes: Vec<(usize, usize)>,
}

/// The name that stands for hole `number`.
pub(crate) fn hole_name(number: u32) -> String {
    format!("bwhole{number}_")
}

/// The hole a name or literal stands for, when it is nothing else; `Err` has the first hole inside it.
pub(crate) fn hole_of(text: &str) -> Option<Result<u32, u32>> {
    let start = text.find("bwhole")?;
    let digits = &text[start + 6..];
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 || digits.as_bytes().get(len) != Some(&b'_') {
        return None;
    }
    let number = digits[..len].parse().ok()?;
    Some(if start == 0 && len + 7 == text.len() {
        Ok(number)
    } else {
        Err(number)
    })
}

/// `text` with `?` for every hole in it.
pub(crate) fn without_holes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("bwhole") {
        let len = rest[start + 6..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let end = start + 6 + len;
        out.push_str(&rest[..start]);
        if len > 0 && rest.as_bytes().get(end) == Some(&b'_') {
            out.push('?');
            rest = &rest[end + 1..];
        } else {
            out.push_str("bwhole");
            rest = &rest[start + 6..];
        }
    }
    out.push_str(rest);
    out
}

impl Prepared {
    /// How many holes stand on their own.
    pub(crate) fn n_holes(&self) -> usize {
        self.segments
            .iter()
            .filter(|segment| matches!(segment, Segment::Hole { .. }))
            .count()
    }

    /// Whether parameter `number` stands anywhere in the text.
    pub(crate) fn mentions(&self, number: u32) -> bool {
        let name = format!("${number}");
        let is_in = |text: &str| {
            text.match_indices(&name).any(|(at, _)| {
                let next = text.as_bytes().get(at + name.len());
                !next.is_some_and(u8::is_ascii_digit)
            })
        };
        let in_text = self.segments.iter().any(|segment| match segment {
            Segment::Fixed(fixed) => is_in(fixed),
            Segment::Hole { .. } => false,
        });
        let mut predicates = self.targets.iter().filter_map(|target| target.predicate);
        in_text || predicates.any(|predicate| is_in(predicate.as_str()))
    }

    /// How many fillings the hole at `place` has.
    pub(crate) fn n_options(&self, place: usize) -> usize {
        self.holes()
            .nth(place)
            .map_or(0, |(_, options)| options.len())
    }

    /// Hole numbers and what each is filled with.
    pub(crate) fn fills<'a>(
        &'a self,
        choices: &'a [usize],
    ) -> impl Iterator<Item = (u32, Fill)> + 'a {
        self.holes()
            .zip(choices)
            .map(|((number, options), choice)| {
                (
                    number,
                    options.get(*choice).copied().unwrap_or(Fill::Nothing),
                )
            })
    }

    fn holes(&self) -> impl Iterator<Item = (u32, &'static [Fill])> + '_ {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Hole { number, options } => Some((*number, *options)),
            Segment::Fixed(_) => None,
        })
    }

    /// The text with each hole filled by its chosen option.
    pub(crate) fn render(&self, choices: &[usize]) -> Rendered {
        let mut text = String::new();
        let mut holes = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Fixed(fixed) => text.push_str(fixed),
                Segment::Hole { number, options } => {
                    let place = holes.len();
                    holes.push((text.len(), place));
                    let fill = choices
                        .get(place)
                        .and_then(|choice| options.get(*choice))
                        .copied();
                    let name = hole_name(*number);
                    match fill.unwrap_or(Fill::Nothing) {
                        Fill::Name => text.push_str(&name),
                        Fill::List => text.extend(["(", &name, ")"]),
                        Fill::And => text.extend([" AND ", &name, " "]),
                        Fill::Nothing => text.push(' '),
                        Fill::Equals => text.push_str(" = "),
                        Fill::Assign => text.extend([&name, " = ", &name]),
                        Fill::CommaAssign => text.extend([", ", &name, " = ", &name]),
                        Fill::CommaName => text.extend([", ", &name]),
                        Fill::Query => text.extend([" SELECT * FROM ", &name]),
                        Fill::Cte => text.extend([&name, " AS (SELECT 1)"]),
                        Fill::Join => text.push_str(" JOIN "),
                        Fill::Where => text.extend([" WHERE ", &name, " "]),
                        Fill::Commas => text.extend([", ", &name, ", "]),
                    }
                }
            }
        }
        Rendered { text, holes }
    }
}
