//! What hostile connectors are made of: a description with one operation, `act`, and a way to send whatever one likes.
//!
//! Each file in `examples/` is one connector that tries one thing. It implements [`Fixture`] and ends with `hostile!`. Which variation it tries a
//! caller says in the argument `how`. `meho-artifacts` builds them all, and the suite in `tests/boundary` has a test for each, or does not compile.

pub mod bindings;

pub mod fixture;

pub mod describe;
pub mod http;
pub mod outcome;

pub use bindings::exports::meho::connector::catalog::{Description, Discovery, Operation};
pub use bindings::meho::connector::{logging, rows};
pub use fixture::{Acted, Arguments, Discovered, Fixture};
pub use http::Request;
