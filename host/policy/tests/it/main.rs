//! What policy decides, rule by rule: an allow, a deny and a bypass for each, and properties of each parser of outside input.

mod address;
mod approvers;
mod canonical;
mod decisions;
mod effects;
mod family;
mod generic_http;
mod grammar;
mod load;
mod observing;
mod oracle;
mod overlapping;
mod plans;
mod previews;
mod questions;
mod redaction;
mod rights;
mod rules;
mod schemas;
mod strict_json;
mod triples;
