//! Connectors that try what they must not: one a file in `tests/hostile/examples`, and a macro that goes through their names.

include!(concat!(env!("OUT_DIR"), "/hostile.rs"));
