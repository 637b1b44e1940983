//! The floor: parsing alone, Go and TypeScript through tree-sitter.

use std::hint::black_box;

use betwixt_base::Language;
use betwixt_benches::{SIZES, Tree};
use betwixt_syntax::{Limits, TreeLanguage, parse_tree};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn syntax(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("syntax");
    group.sample_size(10);
    for (name, copies) in SIZES {
        let tree = Tree::copies(copies);
        group.throughput(Throughput::Bytes(tree.bytes()));
        group.bench_with_input(BenchmarkId::from_parameter(name), &tree, |bencher, tree| {
            bencher.iter(|| {
                for (file, text) in tree.workspace.files.iter().zip(&tree.texts) {
                    let grammar = match file.language {
                        Language::Go => TreeLanguage::Go,
                        Language::TypeScript => TreeLanguage::TypeScript,
                        Language::Tsx | Language::JavaScript => TreeLanguage::Tsx,
                        _ => continue,
                    };
                    let _ = black_box(parse_tree(grammar, text, &Limits::default()));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, syntax);
criterion_main!(benches);
