//! Throughput of each stage; see the files beside this one.
