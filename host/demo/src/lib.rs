//! A cluster in the box: a Kubernetes API server in memory, over HTTPS on loopback.
//!
//! It answers what a kube-apiserver 1.36 answers wherever the connector, or `kubectl`, reads it. It runs no container: what
//! a kubelet, a scheduler or a controller would do to objects is done in `controllers`, as far as a demonstration needs it.
//! Start reading at `demo` for the public side, at `cluster` for what happens to a request.

mod demo;

mod certificate;
mod serve;

mod answer;
mod request;
mod status;

mod audit;
mod faults;

mod cluster;
mod route;

mod authn;
mod rbac;

mod decode;
mod negotiate;
mod protobuf;
mod show;

mod delete;
mod discovery;
mod read;
mod review;
mod subresource;
mod watch;
mod write;

mod page;
mod patch;
mod select;
mod table;
mod validate;

mod defaults;
mod events;
mod name;
mod quantity;
mod random;
mod time;

mod resource;
mod store;

mod controllers;
mod lifecycle;
mod world;

pub use audit::Served;
pub use demo::{Demo, DemoError, Settings, World};
pub use faults::{Effect, Fault, Faults};
