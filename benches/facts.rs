//! Text to facts: parsing and lowering, every language, on one thread.

use std::hint::black_box;

use betwixt_benches::{SIZES, Tree};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn facts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("facts");
    group.sample_size(10);
    for (name, copies) in SIZES {
        let tree = Tree::copies(copies);
        group.throughput(Throughput::Bytes(tree.bytes()));
        group.bench_with_input(BenchmarkId::from_parameter(name), &tree, |bencher, tree| {
            bencher.iter(|| black_box(tree.facts()));
        });
    }
    group.finish();
}

criterion_group!(benches, facts);
criterion_main!(benches);
