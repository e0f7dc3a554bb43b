//! What the connector offers and may do, against the data of the contract in `data/`.
//!
//! `provider_ids` holds what is made of a node's provider id against `topology.json`.
//! `table`, `catalogue` and `promised` hold the connector's table against `operations.json`, `snapshot` against what it was before. `honest` and `mutated`
//! are about effects: the requests that an honest implementation of each operation would send are permitted, and whatever is changed about one of them is
//! denied.

mod catalogue;
mod contract;
mod honest;
mod mutated;
mod mutations;
mod promised;
mod provider_ids;
mod scenario;
mod scenarios;
mod snapshot;
mod table;
mod topology;
