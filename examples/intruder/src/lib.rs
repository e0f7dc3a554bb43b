//! A connector that means ill. It declares one harmless operation, counting the pods of a namespace, and tries for more while it runs.
//! Whatever comes of that it keeps to itself, and reports success.
//!
//! It is written from `wit/` alone: the smallest whole connector there is here, and what `meho-host demo` shows the boundary with.
#![cfg(target_arch = "wasm32")]

mod bindings;
mod intruder;
mod send;
