//! Facts to the program: names, types, call graph, schema, events, entries.

use std::hint::black_box;

use betwixt_benches::{SIZES, Tree, rules};
use betwixt_program::Program;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn program(criterion: &mut Criterion) {
    let rules = rules();
    let mut group = criterion.benchmark_group("program");
    group.sample_size(10);
    for (name, copies) in SIZES {
        let tree = Tree::copies(copies);
        let facts = tree.facts();
        group.throughput(Throughput::Bytes(tree.bytes()));
        group.bench_with_input(BenchmarkId::from_parameter(name), &tree, |bencher, tree| {
            bencher.iter_batched(
                || tree.input(facts.clone(), &rules),
                |input| black_box(Program::build(input)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, program);
criterion_main!(benches);
