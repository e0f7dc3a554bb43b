//! What of the connector can be held without a host: its arithmetic.

mod quantity;
