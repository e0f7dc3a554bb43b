//! The boundary between a host, the guests that it does not trust, and the targets that it does not trust either.
//!
//! Everything here is real but the target: components built from `tests/hostile`, the host, sockets, TLS. What a test does is a [`trial::Trial`]: a
//! call of a component on a fake target, and what must come of it. After every trial that ends badly for its guest, an honest guest is
//! served by the same host.

mod fixtures;
mod records;
mod trial;
mod world;

mod checks;
mod durable;
mod hostile;
mod kubeconfigs;
mod plugins;
mod previews;
mod proxies;
mod rotation;
mod targets;

mod canary;
