//! Units of behaviour: a function together with the closures written in it that nobody calls from outside.
//!
//! What a handler does in a transaction body or a callback it does itself; two routes registered in one function stay apart.
//! Built once, linear in the number of functions and calls.

use betwixt_facts::ir::{CallId, ExprKind};
use betwixt_program::{CallSite, FunctionId, Program};
use rustc_hash::FxHashMap;

/// Functions grouped into units, and the calls of each.
#[derive(Debug, Default)]
pub(crate) struct Units {
    of: Vec<FunctionId>,
    members: FxHashMap<FunctionId, Vec<FunctionId>>,
    calls: FxHashMap<FunctionId, Vec<CallSite>>,
}

impl Units {
    pub(crate) fn new(program: &Program) -> Self {
        let mut units = Self::default();
        for function in program.code.function_ids() {
            let unit = unit_of(program, function);
            units.of.push(unit);
            units.members.entry(unit).or_default().push(function);
        }
        for (file, facts) in program.code.code_files() {
            for (index, call) in facts.ir.calls.iter().enumerate() {
                let unit = units.of(program.code.function_id(file, call.function));
                let site = CallSite {
                    file,
                    call: CallId(index as u32),
                };
                units.calls.entry(unit).or_default().push(site);
            }
        }
        units
    }

    /// The unit a function belongs to.
    pub(crate) fn of(&self, function: FunctionId) -> FunctionId {
        self.of[function.index()]
    }

    /// The functions of a unit, itself first.
    pub(crate) fn members(&self, unit: FunctionId) -> &[FunctionId] {
        self.members.get(&unit).map_or(&[], Vec::as_slice)
    }

    /// The calls in a unit, in order of text.
    pub(crate) fn calls(&self, unit: FunctionId) -> &[CallSite] {
        self.calls.get(&unit).map_or(&[], Vec::as_slice)
    }

    /// Units that call a unit, with the call; tests left out.
    pub(crate) fn callers(
        &self,
        program: &Program,
        unit: FunctionId,
    ) -> Vec<(FunctionId, CallSite)> {
        let mut found: Vec<(FunctionId, CallSite)> = Vec::new();
        for &member in self.members(unit) {
            for &site in program.calls.callers(member) {
                if program.workspace.file(site.file).marks.test {
                    continue;
                }
                let call = program.code.ir(site.file).call(site.call);
                let caller = self.of(program.code.function_id(site.file, call.function));
                if caller != unit {
                    found.push((caller, site));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The name a call is written with, without what stands before it.
pub(crate) fn call_name(program: &Program, site: CallSite) -> &'static str {
    let ir = program.code.ir(site.file);
    let mut callee = ir.call(site.call).callee;
    while let ExprKind::Unary(_, inner) = ir.kind(callee) {
        callee = inner;
    }
    match ir.kind(callee) {
        ExprKind::Field(_, name) => name.as_str(),
        ExprKind::Name(name) if !name.as_str().as_bytes().contains(&b':') => name.as_str(),
        ExprKind::Name(name) => name.as_str().rsplit("::").next().unwrap_or_default(),
        _ => "",
    }
}

/// The name of what a method is called on: `surveyCache` of `surveyCache.revalidate()`, the type of `Type::f()`.
pub(crate) fn receiver_name(program: &Program, site: CallSite) -> &'static str {
    let ir = program.code.ir(site.file);
    let base = match ir.kind(ir.call(site.call).callee) {
        ExprKind::Field(base, _) => base,
        ExprKind::Name(name) => {
            let owner = name
                .as_str()
                .rsplit_once("::")
                .map_or("", |(owner, _)| owner);
            return owner.rsplit("::").next().unwrap_or_default();
        }
        _ => return "",
    };
    let mut current = base;
    for _ in 0..8 {
        match ir.kind(current) {
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => current = inner,
            ExprKind::Field(_, name) | ExprKind::Name(name) => return name.as_str(),
            ExprKind::Local(local) => return ir.local(local).name.as_str(),
            _ => return "",
        }
    }
    ""
}

/// Words of a name, lower case: `clearModelCache` is `clear`, `model`, `cache`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut last_lower = false;
    let mut open = false;
    let bytes = name.as_bytes();
    for (at, &c) in bytes.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            open = false;
            last_lower = false;
            continue;
        }
        let next_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let starts = c.is_ascii_uppercase() && (last_lower || next_lower);
        if !open || starts {
            found.push(String::new());
        }
        if let Some(word) = found.last_mut() {
            word.push(char::from(c.to_ascii_lowercase()));
        }
        open = true;
        last_lower = !c.is_ascii_uppercase();
    }
    found
}

/// A word without the ending of its plural.
pub(crate) fn singular(word: &str) -> &str {
    if word.len() < 4 || word.ends_with("ss") {
        return word;
    }
    word.strip_suffix('s').unwrap_or(word)
}

/// Scripts, examples and command-line tools.
pub(crate) fn is_tooling(path: &str) -> bool {
    path.split(['/', '.']).any(|part| {
        words(part).first().is_some_and(|word| {
            matches!(
                word.as_str(),
                "script"
                    | "scripts"
                    | "example"
                    | "examples"
                    | "cli"
                    | "cmd"
                    | "tools"
                    | "seed"
                    | "seeds"
            )
        })
    })
}

fn unit_of(program: &Program, function: FunctionId) -> FunctionId {
    let code = &program.code;
    let mut current = function;
    for _ in 0..64 {
        if !code.function(current).flags.is_closure || program.entries.of(current).next().is_some()
        {
            break;
        }
        let Some(parent) = code.parent(current) else {
            break;
        };
        if code.function_place(parent).1.0 == 0 {
            break;
        }
        current = parent;
    }
    current
}

#[cfg(test)]
mod tests {
    use super::{singular, words};

    #[test]
    fn names_fall_into_words_at_capitals_and_separators() {
        assert_eq!(words("clearModelCache"), ["clear", "model", "cache"]);
        assert_eq!(words("HTTPServer"), ["http", "server"]);
        assert_eq!(words("eval_templates"), ["eval", "templates"]);
    }

    #[test]
    fn only_plurals_lose_their_ending() {
        assert_eq!(singular("surveys"), "survey");
        assert_eq!(singular("access"), "access");
    }
}
