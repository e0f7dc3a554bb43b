//! What the graph makes of what discovery streams, and how it is shown.

mod around;
mod browser;
mod collecting;
mod find;
mod lines;
mod order;
mod page;
mod streams;
mod world;
