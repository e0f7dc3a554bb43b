//! Nothing: an integration test needs a library beside it.
