//! The tests of the demo cluster: over real HTTPS, as its clients see it.

mod client;
mod objects;
