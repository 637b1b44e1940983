//! One statement's tokens to text that sqlparser takes: parameters numbered, holes filled, foreign syntax put aside.
//!
//! What is put aside is kept here: conflict targets (sqlparser knows only plain columns), ClickHouse's `FINAL`,
//! what each hole was filled with. The filling is a choice by position; the reader tries the next one when the
//! text is refused. Knows nothing of sqlparser's types.

use super::fill::{Fill, Prepared, Segment, Target, hole_name};
use super::normal::normal_list;
use super::param::Params;
use super::token::{HOLE, Kind, Tokens, is_one_of};

/// What part of a statement a token stands in; one per open bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    Start,
    With,
    Select,
    From,
    Condition,
    Set,
    Into,
    Rows,
    Order,
    List,
}

fn clause_of(word: &str) -> Option<Clause> {
    const TABLE: &[(&str, Clause)] = &[
        ("with", Clause::With),
        ("select", Clause::Select),
        ("returning", Clause::Select),
        ("from", Clause::From),
        ("join", Clause::From),
        ("using", Clause::From),
        ("update", Clause::From),
        ("where", Clause::Condition),
        ("prewhere", Clause::Condition),
        ("having", Clause::Condition),
        ("on", Clause::Condition),
        ("set", Clause::Set),
        ("into", Clause::Into),
        ("values", Clause::Rows),
        ("order", Clause::Order),
        ("group", Clause::Order),
        ("limit", Clause::Order),
        ("offset", Clause::Order),
        ("settings", Clause::Order),
    ];
    TABLE
        .iter()
        .find(|(keyword, _)| keyword.eq_ignore_ascii_case(word))
        .map(|(_, clause)| *clause)
}

/// Makes tokens `from..to` of a text ready. `first_hole` is the number of holes before them.
pub(crate) fn prepare(tokens: &Tokens<'_>, from: usize, to: usize, first_hole: u32) -> Prepared {
    let mut preparer = Preparer {
        tokens,
        to,
        at: from,
        next_hole: first_hole,
        clauses: vec![Clause::Start],
        fixed: String::new(),
        params: Params::default(),
        out: Prepared::default(),
    };
    preparer.number_params(from);
    preparer.mutation();
    preparer.run();
    preparer.out
}

struct Preparer<'a> {
    tokens: &'a Tokens<'a>,
    to: usize,
    at: usize,
    next_hole: u32,
    clauses: Vec<Clause>,
    fixed: String,
    params: Params,
    out: Prepared,
}

impl Preparer<'_> {
    /// `$n` keep their numbers; the others are counted after the highest of them.
    fn number_params(&mut self, from: usize) {
        for index in from..self.to {
            if self.tokens.kind(index) == Some(Kind::Param)
                && let Some(number) = self
                    .tokens
                    .str(index)
                    .strip_prefix('$')
                    .and_then(|text| text.parse::<u32>().ok())
                && number < 1 << 16
            {
                self.params.highest = self.params.highest.max(number);
            }
        }
    }

    fn run(&mut self) {
        while self.at < self.to {
            let before = self.at;
            if before > 0 && !self.tokens.touches_previous(before) {
                self.fixed.push(' ');
            }
            self.token();
            // Every branch of `token` moves on; this keeps a mistake there from looping.
            self.at = self.at.max(before + 1);
        }
        self.repair();
        self.flush();
        self.out.n_params = self.params.highest;
        self.out.param_names = std::mem::take(&mut self.params.names);
    }

    /// ClickHouse's `ALTER TABLE t DELETE WHERE …` is `DELETE FROM t WHERE …`, likewise `UPDATE`.
    fn mutation(&mut self) {
        let Some(action) = super::quick::mutation(self.tokens, self.at, self.to) else {
            return;
        };
        self.out.is_clickhouse = true;
        let is_delete = self.tokens.is(action, "delete");
        self.fixed
            .push_str(if is_delete { "DELETE FROM " } else { "UPDATE " });
        self.at += 2;
        while self.at < action && !self.tokens.is(self.at, "on") {
            self.copy();
        }
        self.fixed.push_str(if is_delete { " " } else { " SET " });
        self.clauses = vec![if is_delete { Clause::From } else { Clause::Set }];
        self.at = action + 1;
    }

    fn flush(&mut self) {
        if !self.fixed.is_empty() {
            self.out
                .segments
                .push(Segment::Fixed(std::mem::take(&mut self.fixed)));
        }
    }

    fn is(&self, ahead: usize, keyword: &str) -> bool {
        self.at + ahead < self.to && self.tokens.is(self.at + ahead, keyword)
    }

    fn token(&mut self) {
        let text = self.tokens.str(self.at);
        match self.tokens.kind(self.at) {
            Some(Kind::Hole) => self.hole(),
            Some(Kind::Param) => self.param(text),
            Some(Kind::Word) => self.word(text),
            Some(Kind::Punct) => self.punct(text),
            _ => self.copy(),
        }
    }

    /// Copies one token, holes inside it named.
    fn copy(&mut self) {
        for ch in self.tokens.str(self.at).chars() {
            if ch == HOLE {
                self.fixed.push_str(&hole_name(self.next_hole));
                self.next_hole += 1;
            } else {
                self.fixed.push(ch);
            }
        }
        self.at += 1;
    }

    fn punct(&mut self, text: &str) {
        let is = |ahead: usize, punct: &str| self.tokens.is_punct(self.at + ahead, punct);
        match text {
            // ClickHouse's `tuple.1` is written as an index.
            "." if self.tokens.kind(self.at + 1) == Some(Kind::Number) => {
                self.fixed
                    .push_str(&format!("[{}]", self.tokens.str(self.at + 1)));
                self.at += 2;
                return;
            }
            // `(t).*` is `t.*`.
            "(" if is(2, ")")
                && is(3, ".")
                && self.tokens.kind(self.at + 1) == Some(Kind::Word) =>
            {
                self.at += 1;
                self.copy();
                self.at += 1;
                return;
            }
            "(" => {
                let inner = self.clause_inside();
                self.clauses.push(inner);
            }
            ")" if self.clauses.len() > 1 => {
                self.clauses.pop();
            }
            _ => {}
        }
        self.copy();
    }

    /// The clause a bracket opens: a condition inside a condition, else a list.
    fn clause_inside(&self) -> Clause {
        let is_call = self.at > 0
            && (self.tokens.ends_operand(self.at - 1) || self.tokens.is(self.at - 1, "in"));
        if self.clause() == Clause::Condition && !is_call {
            Clause::Condition
        } else {
            Clause::List
        }
    }

    fn clause(&self) -> Clause {
        self.clauses.last().copied().unwrap_or(Clause::Start)
    }

    fn param(&mut self, text: &str) {
        self.out.is_clickhouse |= text.starts_with('{');
        let number = self.params.number(text);
        self.fixed.push_str(&format!("${number}"));
        if text.contains(HOLE) {
            self.next_hole += 1;
        }
        self.at += 1;
    }

    fn word(&mut self, text: &str) {
        if self.special(text) {
            return;
        }
        if let Some(clause) = clause_of(text)
            && let Some(last) = self.clauses.last_mut()
        {
            *last = clause;
        }
        self.copy();
    }

    /// Syntax that sqlparser does not take, rewritten. False when there is none here.
    fn special(&mut self, text: &str) -> bool {
        let behind_operand = self.at > 0 && self.tokens.ends_operand(self.at - 1);
        match text.to_ascii_lowercase().as_str() {
            "sqlc" => self.sqlc(),
            "final" if behind_operand && self.clause() == Clause::From => {
                self.out.is_clickhouse = true;
                self.at += 1;
                true
            }
            "global"
                if self.is(1, "in")
                    || self.is(1, "not")
                    || self.is(1, "join")
                    || self.is(2, "join") =>
            {
                self.out.is_clickhouse = true;
                self.at += 1;
                true
            }
            "any" | "all" | "asof" | "semi" | "anti" if self.is_join_strictness() => {
                self.out.is_clickhouse = true;
                self.at += 1;
                true
            }
            "prewhere" | "settings" if behind_operand => {
                self.out.is_clickhouse = true;
                false
            }
            "array" if self.is(1, "join") => {
                self.out.is_clickhouse = true;
                false
            }
            "on" if self.is(1, "conflict") => self.conflict(),
            "limit" if self.is(2, "by") => self.limit_by(),
            "using"
                if self.clause() == Clause::From
                    && self.tokens.kind(self.at + 1) == Some(Kind::Word) =>
            {
                self.using()
            }
            "any" | "all" if self.is_containment() => {
                self.out.has_dropped_any = true;
                self.at += 1;
                true
            }
            "for" => self.row_lock(),
            _ => false,
        }
    }

    /// `LEFT ANY JOIN`, `ANY LEFT JOIN`, `ANY JOIN`.
    fn is_join_strictness(&self) -> bool {
        let sides = ["left", "right", "inner", "full"];
        let behind_side = self.at > 0 && sides.iter().any(|side| self.tokens.is(self.at - 1, side));
        self.clause() != Clause::Select
            && (self.is(1, "join")
                || self.is(2, "join") && sides.iter().any(|side| self.is(1, side)))
            && (behind_side || self.at > 0 && self.tokens.ends_operand(self.at - 1))
    }

    /// The `ANY` of `a @> ANY(…)`, which sqlparser knows behind comparisons only.
    fn is_containment(&self) -> bool {
        let operators = ["@>", "<@", "&&", "||", "->", "->>"];
        self.at > 0
            && operators
                .iter()
                .any(|operator| self.tokens.is_punct(self.at - 1, operator))
    }

    /// `sqlc.arg(x)` and its kin are parameters, `sqlc.embed(t)` is `t.*`.
    fn sqlc(&mut self) -> bool {
        let function = self.tokens.str(self.at + 2);
        let name = self.tokens.str(self.at + 4).trim_matches(['\'', '"']);
        let is_call = self.tokens.is_punct(self.at + 1, ".")
            && self.tokens.is_punct(self.at + 3, "(")
            && self.tokens.is_punct(self.at + 5, ")");
        if !is_call {
            return false;
        }
        if function == "embed" {
            self.fixed.push_str(name);
            self.fixed.push_str(".*");
        } else {
            let number = self.params.named(name);
            self.fixed.push_str(&format!("${number}"));
        }
        self.at += 6;
        true
    }

    /// `LIMIT 1 BY a, b` says how many rows of each group are kept; nothing is kept of it.
    fn limit_by(&mut self) -> bool {
        self.out.is_clickhouse = true;
        let mut depth = 0usize;
        while self.at < self.to {
            self.at += 1;
            match self.tokens.str(self.at) {
                "(" => depth += 1,
                ")" if depth == 0 => break,
                ")" => depth -= 1,
                word if depth == 0
                    && is_one_of(word, &["limit", "settings", "format", "union", "order"]) =>
                {
                    break;
                }
                _ => {}
            }
        }
        true
    }

    /// `USING a, b` of ClickHouse, and `DELETE … USING t`, which stays as it is.
    fn using(&mut self) -> bool {
        let joins = (0..self.at)
            .rev()
            .map(|index| self.tokens.str(index))
            .take(8);
        if !joins
            .into_iter()
            .any(|word| word.eq_ignore_ascii_case("join"))
        {
            return false;
        }
        self.out.is_clickhouse = true;
        self.fixed.push_str("USING (");
        self.at += 1;
        self.copy();
        while self.tokens.is_punct(self.at, ",") && self.at + 1 < self.to {
            self.copy();
            self.copy();
        }
        self.fixed.push(')');
        true
    }

    /// `ON CONFLICT (…) WHERE …`: the target is read here, a plain column stands in its place.
    fn conflict(&mut self) -> bool {
        let open = self.at + 2;
        if self.clause() == Clause::Select {
            // Without `FROM` sqlparser takes `ON` for an alias.
            self.fixed.push_str("WHERE TRUE ");
        }
        if !self.tokens.is_punct(open, "(") {
            return false;
        }
        let close = self.tokens.closing(open).min(self.to);
        let columns = normal_list(self.tokens, open + 1, close);
        let mut end = close + 1;
        let mut predicate = None;
        if self.tokens.is(end, "where") {
            let start = end + 1;
            while end < self.to && !self.tokens.is(end, "do") {
                end += 1;
            }
            predicate = Some(super::normal::normal_condition(self.tokens, start, end));
        }
        self.fixed.push_str(&format!(
            "ON CONFLICT (bwtarget_{}) ",
            self.out.targets.len()
        ));
        self.out.targets.push(Target { columns, predicate });
        for index in open..end.min(self.to) {
            self.next_hole += self.tokens.str(index).matches(HOLE).count() as u32;
        }
        self.at = end;
        true
    }

    /// `FOR NO KEY UPDATE OF a, b` is `FOR UPDATE OF a`.
    fn row_lock(&mut self) -> bool {
        let (length, mode) = if self.is(1, "no") && self.is(2, "key") && self.is(3, "update") {
            (4, "UPDATE")
        } else if self.is(1, "key") && self.is(2, "share") {
            (3, "SHARE")
        } else if self.is(1, "update") {
            (2, "UPDATE")
        } else if self.is(1, "share") {
            (2, "SHARE")
        } else {
            return false;
        };
        self.fixed.push_str("FOR ");
        self.fixed.push_str(mode);
        self.at += length;
        self.clauses
            .last_mut()
            .into_iter()
            .for_each(|clause| *clause = Clause::Order);
        if self.is(0, "of") {
            // Which tables are locked is not kept; sqlparser reads one name only.
            while self.at < self.to
                && !self.is(0, "skip")
                && !self.is(0, "nowait")
                && !self.is(0, "for")
                && !self.ends_lock()
            {
                self.at += 1;
            }
            self.fixed.push(' ');
        }
        true
    }

    fn ends_lock(&self) -> bool {
        self.tokens.is_punct(self.at, ")")
            || self.tokens.kind(self.at) == Some(Kind::Hole)
            || self.is(0, "limit")
    }

    fn hole(&mut self) {
        let number = self.next_hole;
        self.next_hole += 1;
        self.flush();
        self.out.segments.push(Segment::Hole {
            number,
            options: self.options(),
        });
        self.at += 1;
    }

    /// The fillings that can fit here, likeliest first.
    fn options(&self) -> &'static [Fill] {
        use Fill::{
            And, Assign, CommaAssign, CommaName, Commas, Cte, Equals, Join, List, Name, Nothing,
            Query, Where,
        };
        let previous = self.at.checked_sub(1);
        let is = |keyword: &str| previous.is_some_and(|index| self.tokens.is(index, keyword));
        let behind_operand = previous.is_some_and(|index| self.tokens.ends_operand(index));
        let before_operand = self.at + 1 < self.to && self.tokens.starts_operand(self.at + 1);
        let before_condition = self.is(1, "and") || self.is(1, "or");
        let before_hole = self.tokens.kind(self.at + 1) == Some(Kind::Hole);
        let opens = previous.is_some_and(|index| self.tokens.is_punct(index, "("));
        let two_back = |keyword: &str| self.at >= 2 && self.tokens.is(self.at - 2, keyword);
        match self.clause() {
            _ if opens
                && (two_back("from")
                    || two_back("as")
                    || two_back("exists")
                    || two_back("join")) =>
            {
                &[Query, Name]
            }
            _ if is("values") || is("in") => &[List, Name, Nothing],
            Clause::Start => &[Query, Nothing, Name],
            Clause::With if !behind_operand => &[Cte, Name, Nothing],
            Clause::Into if previous.is_some_and(|index| self.tokens.is_punct(index, ")")) => {
                &[Query, Nothing, List]
            }
            Clause::Condition if behind_operand && before_operand && !before_hole => {
                &[Equals, And, Nothing, Name]
            }
            Clause::Condition if behind_operand => &[And, Nothing, Name],
            Clause::Set if behind_operand => &[CommaAssign, Nothing, And, Name],
            Clause::Set => &[Assign, Name, Nothing],
            Clause::Select if behind_operand && !before_operand => &[CommaName, Nothing, Name],
            Clause::Select if behind_operand => &[Commas, Nothing, Name],
            Clause::List | Clause::Rows if behind_operand => {
                &[CommaName, Nothing, And, Equals, Name]
            }
            Clause::From if behind_operand && before_condition => &[Where],
            Clause::From if behind_operand && before_operand => &[Join, Nothing, Name],
            Clause::Order if behind_operand => &[Nothing, Name],
            _ if behind_operand => &[Name, Nothing, And],
            _ if before_operand => &[Name, Nothing, CommaName],
            _ => &[Name, Nothing, List],
        }
    }

    /// Text that ends in the middle: rows a batch insert gets later, a value or condition that is appended,
    /// up to three open brackets, a list of CTEs alone.
    fn repair(&mut self) {
        let last = self.to.saturating_sub(1);
        let ends_open = self.tokens.is_punct(last, ",")
            || !self.tokens.ends_operand(last) && !self.is_complete(last);
        if self.tokens.is(last, "values") && !(last > 0 && self.tokens.is(last - 1, "default")) {
            self.fixed.push_str(" (1)");
            self.out.has_added_rows = true;
        } else if self.clauses.len() == 1 && self.clause() == Clause::Into {
            self.fixed.push_str(" VALUES (1)");
            self.out.has_added_rows = true;
        } else if ends_open && self.to > 0 {
            self.fixed.push(' ');
            self.at = self.to;
            self.hole();
        }
        if self.clauses.len() <= 4 {
            for _ in 1..self.clauses.len() {
                self.fixed.push(')');
            }
        }
        if self.clauses.first() == Some(&Clause::With) {
            self.fixed.push_str(" SELECT 1");
        }
    }

    /// Words and signs that can end a statement though they end no operand.
    fn is_complete(&self, last: usize) -> bool {
        self.tokens.is_punct(last, "*")
            || ["all", "first", "values"]
                .iter()
                .any(|word| self.tokens.is(last, word))
    }
}
