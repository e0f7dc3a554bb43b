//! The tests of the demo cluster: over real HTTPS, as its clients see it.

mod client;
mod controllers;
mod objects;
mod world;
