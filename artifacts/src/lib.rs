//! The components, as bytes. `build.rs` makes them; nothing else of the workspace knows how.

#[cfg(feature = "hostile")]
pub mod hostile;

/// The Kubernetes connector.
pub const KUBERNETES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/kubernetes.wasm"));

/// A connector that means ill, for showing what comes of that.
pub const INTRUDER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/intruder.wasm"));
