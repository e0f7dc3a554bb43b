//! What of the connector can be held without a host: its arithmetic, and what it makes of names that others gave.

mod identity;
mod provider_id;
mod quantity;
