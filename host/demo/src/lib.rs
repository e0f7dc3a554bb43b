//! A cluster in the box: a Kubernetes API server in memory, over HTTPS on loopback.
//!
//! It answers what a kube-apiserver 1.36 answers wherever the connector, or `kubectl`, reads it. It runs no container: what
//! a kubelet, a scheduler or a controller would do to objects is done in `controllers`, as far as a demonstration needs it.
//! Start reading at `demo` for the public side, at `route` for what happens to a request.

mod resource;
mod status;
mod time;

mod store;

mod controllers;
mod world;
