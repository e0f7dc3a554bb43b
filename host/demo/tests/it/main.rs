//! The tests of the demo cluster: over real HTTPS, as its clients see it.

mod client;

mod bodies;
mod columns;
mod controllers;
mod deleting;
mod faults;
mod kubectl;
mod listing;
mod logs;
mod objects;
mod patching;
mod random;
mod refusals;
mod rights;
mod views;
mod watching;
mod world;
