//! What the suites of other crates rely on, tried on a real control plane. Start with `cluster.rs`.

mod cluster;
mod lifecycle;
mod oracle;
mod pods;
mod programs;
mod rights;
mod scratch;
