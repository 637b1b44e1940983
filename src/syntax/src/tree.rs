//! Trees from tree-sitter grammars.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Instant;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::Limits;

/// A grammar we parse with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TreeLanguage {
    /// Go.
    Go,
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX; also JavaScript.
    Tsx,
}

thread_local! {
    static PARSERS: RefCell<[Option<Parser>; 3]> = const { RefCell::new([None, None, None]) };
}

/// Parses `text`; an error says why there is no tree (only when the deadline passed).
pub fn parse_tree(language: TreeLanguage, text: &str, limits: &Limits) -> Result<Tree, String> {
    PARSERS.with_borrow_mut(|parsers| {
        let parser = parsers[language as usize].get_or_insert_with(|| {
            let grammar = match language {
                TreeLanguage::Go => tree_sitter_go::LANGUAGE.into(),
                TreeLanguage::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
                TreeLanguage::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            };
            let mut parser = Parser::new();
            parser
                .set_language(&grammar)
                .expect("the grammars are built for this tree-sitter");
            parser
        });
        parser.reset();
        let deadline = Instant::now() + limits.parse_time;
        let mut out_of_time = |_: &ParseState| {
            if Instant::now() >= deadline {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let bytes = text.as_bytes();
        let tree = parser.parse_with_options(
            &mut |offset, _| bytes.get(offset..).unwrap_or(&[]),
            None,
            Some(ParseOptions::new().progress_callback(&mut out_of_time)),
        );
        tree.ok_or_else(|| {
            format!(
                "parsing stopped after {} ms; the file was left out",
                limits.parse_time.as_millis()
            )
        })
    })
}
