//! All rules over a program.

use std::hint::black_box;

use betwixt_benches::{SIZES, Tree, rules};
use betwixt_program::Program;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn detect(criterion: &mut Criterion) {
    let rules = rules();
    let mut group = criterion.benchmark_group("detect");
    group.sample_size(10);
    for (name, copies) in SIZES {
        let tree = Tree::copies(copies);
        let program = Program::build(tree.input(tree.facts(), &rules));
        group.throughput(Throughput::Bytes(tree.bytes()));
        group.bench_with_input(
            BenchmarkId::from_parameter(name),
            &program,
            |bencher, program| {
                bencher.iter(|| black_box(betwixt_detect::detect(program, &rules.catalogue)));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, detect);
criterion_main!(benches);
