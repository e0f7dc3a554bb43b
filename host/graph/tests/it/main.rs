//! What the graph makes of what discovery streams, and how it is shown.

mod around;
mod collecting;
mod find;
mod lines;
mod order;
mod streams;
