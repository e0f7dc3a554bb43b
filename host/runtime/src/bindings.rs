//! The contract as the host's types, generated from `wit/`.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "connector",
    imports: {
        "meho:connector/rows": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "wasi:io": wasmtime_wasi_io::bindings::wasi::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:random": wasmtime_wasi::p2::bindings::random,
        "wasi:cli": wasmtime_wasi::p2::bindings::cli,
        "wasi:http": wasmtime_wasi_http::p2::bindings::http,
    },
    additional_derives: [serde::Serialize],
    include_component_type: true,
});

pub(crate) use exports::meho::connector::catalog;
pub(crate) use exports::meho::connector::operations::{Call, Meta, Outcome};
pub(crate) use exports::meho::connector::topology::{Extent, Summary};
pub(crate) use meho::connector::failures::Failure;
pub(crate) use meho::connector::{logging, rows};
