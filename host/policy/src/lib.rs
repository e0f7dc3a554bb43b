//! What a connector may do.
//!
//! Pure: no clock, no network, no runtime, no logging. A connector's description becomes a [`catalogue::Catalogue`] or is refused; a call's arguments
//! become an [`authority::Authority`]; each request becomes a [`request::CanonicalRequest`] or is denied; and [`decide::decide`] makes the one
//! thing that a transport accepts, a [`decide::Permit`]. Read the modules in the order below.

pub mod grammar;

pub mod column;
pub mod effect;
pub mod schema;
mod show;
pub mod template;

pub mod catalogue;
mod overlap;

pub mod family;
pub mod json;
pub mod request;

pub mod address;
pub mod approver;
pub mod authority;
pub mod decide;
pub mod denial;
mod difference;
pub mod observer;
pub mod plan;
pub mod preview;
pub mod question;
pub mod rbac;
pub mod redaction;
pub mod rules;
pub mod state;
