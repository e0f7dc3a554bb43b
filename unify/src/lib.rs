//! Nothing but a list of dependencies with their features, in `Cargo.toml`: so that nothing heavy builds twice.
