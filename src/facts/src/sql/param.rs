//! Numbers for parameters, however they are written.

use betwixt_base::Symbol;

/// Parameters met so far in one statement.
#[derive(Debug, Default)]
pub(crate) struct Params {
    /// Highest number given out.
    pub(crate) highest: u32,
    /// Names by number - 1; shorter than `highest` when the last ones have none.
    pub(crate) names: Vec<Symbol>,
}

impl Params {
    /// The number of a parameter token, from 1; 0 when the program decides it (`$` before a hole).
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        let rest = &text[1..];
        match text.as_bytes()[0] {
            _ if rest.contains(super::token::HOLE) => 0,
            b'$' | b'?'
                if rest
                    .bytes()
                    .next()
                    .is_some_and(|byte| byte.is_ascii_digit()) =>
            {
                let number = rest.parse::<u32>().unwrap_or(0);
                if number < 1 << 16 { number } else { 0 }
            }
            b'?' => {
                self.highest += 1;
                self.highest
            }
            b'{' => self.named(rest.split(':').next().unwrap_or(rest).trim()),
            _ => self.named(rest),
        }
    }

    /// The number of a named parameter; the same name has the same number.
    pub(crate) fn named(&mut self, name: &str) -> u32 {
        let name = Symbol::new(name);
        if let Some(index) = self.names.iter().position(|known| *known == name) {
            return index as u32 + 1;
        }
        self.highest += 1;
        self.names
            .resize(self.highest as usize - 1, Symbol::empty());
        self.names.push(name);
        self.highest
    }
}
