//! The tests of the demo cluster.
