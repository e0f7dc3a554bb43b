//! What the graph makes of what discovery streams, and how it is shown.

mod around;
mod browser;
mod collecting;
mod dot;
mod find;
mod lines;
mod order;
mod page;
mod streams;
mod tree;
mod world;
