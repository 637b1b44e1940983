//! Prints the schemas that code declares: `cargo run --example schema -- FILE…`.
#![expect(clippy::print_stdout, reason = "it is there to print")]

use betwixt_base::Language;
use betwixt_facts::schema::{print_schema, read_code};
use betwixt_facts::{go, rust, typescript};
use betwixt_syntax::Limits;

fn main() {
    let limits = Limits::default();
    let mut seconds = 0.0;
    for file in std::env::args().skip(1) {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let facts = match file.rsplit('.').next() {
            Some("go") => go::lower(&text, &limits),
            Some("rs") => rust::lower(&text, &limits),
            Some("tsx") => typescript::lower(Language::Tsx, &text, &limits),
            Some("ts") => typescript::lower(Language::TypeScript, &text, &limits),
            Some("js") => typescript::lower(Language::JavaScript, &text, &limits),
            _ => continue,
        };
        let start = std::time::Instant::now();
        let ops = read_code(&facts);
        seconds += start.elapsed().as_secs_f64();
        if !ops.is_empty() {
            println!("-- {file}\n{}", print_schema(&ops));
        }
    }
    println!("read in {seconds:.4} s");
}
