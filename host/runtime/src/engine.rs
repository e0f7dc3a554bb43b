//! The engine: how components are compiled and instantiated, and the clock that interrupts them.

use crate::budget::Budgets;
use std::thread;
use std::time::Duration;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often running guest code is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(10);
/// Calls at a time. A further one waits for its turn.
pub(crate) const MAX_CALLS: u32 = 64;
/// Linear memory and tables that a pool's slot keeps between calls, so that the next one need not fault pages in.
const KEPT_MEMORY_BYTES: usize = 4 << 20;
const KEPT_TABLE_BYTES: usize = 64 << 10;
/// Components that are asked what they are at a time, besides the calls.
pub(crate) const MAX_ADMISSIONS: u32 = 4;
/// What one component may have: one with WASI has three core instances, one of an interpreted language's toolchain a couple of dozen, all on one memory
/// and one table or a few. The pool has so much for every call, so that none can use up another's.
const CORE_INSTANCES_A_COMPONENT: u32 = 32;
const MEMORIES_A_COMPONENT: u32 = 2;
const TABLES_A_COMPONENT: u32 = 8;

/// An engine with a pool of instances and a ticking epoch.
///
/// # Errors
/// Where this machine cannot run it.
pub(crate) fn engine(budgets: &Budgets, keeps_dumps: bool) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    let components = MAX_CALLS + MAX_ADMISSIONS;
    pool.total_component_instances(components)
        .total_core_instances(components * CORE_INSTANCES_A_COMPONENT)
        .total_memories(components * MEMORIES_A_COMPONENT)
        .total_tables(components * TABLES_A_COMPONENT)
        .total_stacks(components)
        .max_memories_per_component(MEMORIES_A_COMPONENT)
        .max_tables_per_component(TABLES_A_COMPONENT)
        .max_core_instances_per_component(CORE_INSTANCES_A_COMPONENT)
        .max_memory_size(budgets.memory_bytes)
        .table_elements(budgets.table_elements);
    // Without the scan, keeping memory costs more than it brings.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(KEPT_MEMORY_BYTES)
            .table_keep_resident(KEPT_TABLE_BYTES)
            .pagemap_scan(Enabled::Auto);
    }
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .wasm_component_model(true)
        .native_unwind_info(false);
    #[cfg(feature = "memory-inspection")]
    config.coredump_on_trap(keeps_dumps);
    #[cfg(not(feature = "memory-inspection"))]
    let _ = keeps_dumps;
    let engine = Engine::new(&config)?;
    tick(&engine)?;
    Ok(engine)
}

/// One thread for each engine. It ends with the engine, and is never used to end a call of its own: epochs are everybody's.
fn tick(engine: &Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("meho-epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
