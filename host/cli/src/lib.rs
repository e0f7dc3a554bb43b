//! How answers look to people: pure functions from values to text. It knows no terminal, no file and no clock; what varies is in [`view::View`].
//!
//! And what stands in the configuration file ([`configuration`]), which is text, too.
//!
//! Whatever comes in is a stranger's. It is escaped where it becomes a cell or a line ([`text`]), so nothing that acts on a terminal can
//! be in what goes out, but the colours that [`paint`] puts around it. Start with [`table`] for lists and [`sheet`] for one object.

pub mod check;
pub mod outlook;
pub mod sheet;
pub mod table;

pub mod age;
mod amounts;
pub mod branches;
mod cells;
mod columns;
mod layout;
pub mod paint;
mod shown;
pub mod text;
pub mod view;
pub mod yaml;

pub mod configuration;
pub mod policy;
