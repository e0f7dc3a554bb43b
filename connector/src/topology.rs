//! Discovery: what there is in a cluster, and how it hangs together.

pub mod identity;
pub mod provider_id;
