//! Hostile guests, by what they try.

mod budgets;
mod families;
mod findings;
mod load;
mod requests;
mod results;
mod rules;
mod secrets;
mod surroundings;
pub(crate) mod writes;
