//! Components, admitted: what they import, what they say they do, compiled and ready.
//!
//! The order matters. The imports are held against the world before anything is compiled; the description is asked for in an instance that may
//! send nothing, twice; and what policy refuses of it is never run.

use crate::bindings::{self, catalog};
use crate::boundary::{Boundary, Finish};
use crate::budget::Budgets;
use crate::engine::TICK;
use crate::error::{CallError, ErrorCode};
use crate::fault;
use crate::guest::{Guest, Replay};
use crate::record::{CallId, NoRecorder};
use crate::rows::Sink;
use meho_policy::authority::Authority;
use meho_policy::catalogue::{Callable, Catalogue, Description, Discovery, Operation};
use meho_policy::grammar::DISCOVERY;
use meho_policy::plan::Digest;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Store, UpdateDeadline};

/// Largest component. Those of languages with a runtime have a dozen MiB.
pub const MAX_COMPONENT_BYTES: usize = 64 << 20;
/// Largest description.
const MAX_DESCRIPTION_BYTES: usize = 4 << 20;
/// How long a component may take to describe itself.
const DESCRIBE: Duration = Duration::from_secs(5);

/// A component that may be called. Immutable: a newer version is another one, and calls in flight keep the one they began with.
pub struct Connector {
    digest: Digest,
    bytes: usize,
    imports: Vec<String>,
    catalogue: Catalogue,
    pre: bindings::ConnectorPre<Guest>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("digest", &self.digest)
            .field("identity", self.catalogue.identity())
            .finish_non_exhaustive()
    }
}

fn refused(why: impl std::fmt::Display) -> CallError {
    CallError::new(ErrorCode::ConnectorFault, format!("the component is refused: {why}"))
        .hint("a component of the world meho:connector/connector is wanted")
}

impl Connector {
    /// Admits a component.
    pub(crate) async fn admit(
        engine: &Engine,
        linker: &Linker<Guest>,
        budgets: &Budgets,
        bytes: Vec<u8>,
    ) -> Result<Self, CallError> {
        if bytes.len() > MAX_COMPONENT_BYTES {
            return Err(refused(format!("it has more than {MAX_COMPONENT_BYTES} bytes")));
        }
        let digest = Digest::of(&bytes);
        let size = bytes.len();
        let (engine_of_task, linker) = (engine.clone(), linker.clone());
        let compiled = tokio::task::spawn_blocking(move || compile(&engine_of_task, &linker, &bytes)).await;
        let (pre, imports) =
            compiled.map_err(|_| CallError::new(ErrorCode::InternalError, "compiling a component panicked"))??;
        let pre = bindings::ConnectorPre::new(pre).map_err(refused)?;
        let first = describe(engine, &pre, budgets).await?;
        let second = describe(engine, &pre, budgets).await?;
        if first != second {
            return Err(refused("it describes itself differently each time"));
        }
        let description: Description =
            serde_json::from_value(first).map_err(|error| refused(format!("its description: {error}")))?;
        // Checking is much work for a description that was made for it: not on a thread that serves calls.
        let checked = tokio::task::spawn_blocking(move || Catalogue::load(description)).await;
        let catalogue = checked
            .map_err(|_| CallError::new(ErrorCode::InternalError, "checking a description panicked"))?
            .map_err(refused)?;
        Ok(Self { digest, bytes: size, imports, catalogue, pre })
    }

    /// SHA-256 of the component.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Its size.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// The interfaces it imports.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// What it offers.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// One of its operations.
    ///
    /// # Errors
    /// UNKNOWN_OPERATION, with those that there are.
    pub fn operation(&self, id: &str) -> Result<&Operation, CallError> {
        self.catalogue.operation(id).ok_or_else(|| {
            let ids: Vec<String> = self.catalogue.operations().iter().map(|known| known.id.to_string()).collect();
            let shown: String = id.chars().filter(|c| !c.is_control()).take(64).collect();
            CallError::new(ErrorCode::UnknownOperation, format!("there is no operation {shown}"))
                .hint("`ops` lists the operations")
                .detail("candidates", ids)
        })
    }

    /// What is called so: one of its operations, or `topology.discover`.
    ///
    /// # Errors
    /// UNKNOWN_OPERATION, with the operations that there are.
    pub fn callable(&self, id: &str) -> Result<Callable<'_>, CallError> {
        if id == DISCOVERY { self.discovery().map(Callable::from) } else { self.operation(id).map(Callable::from) }
    }

    /// Its discovery.
    ///
    /// # Errors
    /// UNKNOWN_OPERATION, where it has none.
    pub fn discovery(&self) -> Result<&Discovery, CallError> {
        self.catalogue.topology().ok_or_else(|| {
            CallError::new(ErrorCode::UnknownOperation, "this connector does not discover what there is")
                .hint("`ops` lists what it does")
        })
    }

    pub(crate) fn pre(&self) -> &bindings::ConnectorPre<Guest> {
        &self.pre
    }
}

/// Checks imports and exports against the world, and only then compiles.
fn compile(
    engine: &Engine,
    linker: &Linker<Guest>,
    bytes: &[u8],
) -> Result<(InstancePre<Guest>, Vec<String>), CallError> {
    if !wasmparser::Parser::is_component(bytes) {
        return Err(refused("it is no WebAssembly component"));
    }
    let (resolve, world) = wit_parser::decoding::decode_world(bindings::COMPONENT_TYPE)
        .map_err(|error| CallError::new(ErrorCode::InternalError, format!("the world does not decode: {error}")))?;
    let imports = imports(bytes)?;
    let offered: Vec<String> = resolve.worlds[world].imports.keys().map(|key| resolve.name_world_key(key)).collect();
    let outside: Vec<&str> = imports
        .iter()
        .filter(|import| !offered.iter().any(|name| is_same_interface(name, import)))
        .map(String::as_str)
        .collect();
    if !outside.is_empty() {
        return Err(refused(fault::cut(&format!("it imports what no connector gets: {}", outside.join(", ")))));
    }
    wit_component::targets(&resolve, world, bytes, true).map_err(|error| refused(flat(&error)))?;
    let component = Component::from_binary(engine, bytes).map_err(|error| refused(error.root_cause()))?;
    let pre = linker.instantiate_pre(&component).map_err(|error| refused(error.root_cause()))?;
    Ok((pre, imports))
}

/// Whether two names are of one interface, whatever their versions: whether those fit is for `targets` to say.
fn is_same_interface(one: &str, other: &str) -> bool {
    let name = |full: &str| full.split('@').next().unwrap_or_default().to_owned();
    name(one) == name(other)
}

/// The interfaces that a component imports, by its own word.
fn imports(bytes: &[u8]) -> Result<Vec<String>, CallError> {
    let decoded = wit_component::decode(bytes).map_err(|error| refused(flat(&error)))?;
    let wit_component::DecodedWasm::Component(resolve, world) = decoded else {
        return Err(refused("it is a package of interfaces and has no code"));
    };
    Ok(resolve.worlds[world].imports.keys().map(|key| resolve.name_world_key(key)).collect())
}

fn flat(error: &anyhow::Error) -> String {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    fault::cut(&chain.join(": "))
}

/// Asks a component what it is, in an instance that may send nothing.
async fn describe(
    engine: &Engine,
    pre: &bindings::ConnectorPre<Guest>,
    budgets: &Budgets,
) -> Result<serde_json::Value, CallError> {
    let budgets = Budgets {
        wall: DESCRIBE,
        cpu: DESCRIBE,
        hostcall_bytes: MAX_DESCRIPTION_BYTES,
        requests: 0,
        ..budgets.clone()
    };
    let boundary = Arc::new(Boundary::new(Authority::none(), None, (CallId::default(), Arc::new(NoRecorder)), budgets));
    let replay = Replay { clock: Duration::ZERO, seed: [0; 32] };
    let mut store = store(engine, Guest::new(boundary.clone(), Sink::Closed, replay));
    let asked = async {
        let connector = pre.instantiate_async(&mut store).await?;
        connector.meho_connector_catalog().call_describe(&mut store).await
    };
    let described: Result<catalog::Description, CallError> = tokio::select! {
        described = asked => described.map_err(|error| fault::of_trap(&error, &boundary.budgets)),
        () = tokio::time::sleep(DESCRIBE) => Err(refused("it takes too long to describe itself")),
    };
    drop(store);
    match boundary.close().0 {
        Some(Finish::Budget("requests", _)) => Err(refused("it sends requests while it describes itself")),
        Some(finish) => Err(refused(fault::of_finish(finish).message)),
        None => serde_json::to_value(described.map_err(|error| refused(error.message))?).map_err(refused),
    }
}

/// A store with its limits set.
pub(crate) fn store(engine: &Engine, guest: Guest) -> Store<Guest> {
    let budgets = guest.boundary.budgets.clone();
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| guest);
    store.set_hostcall_fuel(budgets.hostcall_bytes);
    store.set_max_component_handles(budgets.handles);
    store.set_epoch_deadline(1);
    let max_ticks = u64::try_from(budgets.cpu.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX);
    store.epoch_deadline_callback(move |ctx| {
        let boundary = &ctx.data().boundary;
        if boundary.tick() <= max_ticks {
            return Ok(UpdateDeadline::Yield(1));
        }
        boundary.end(Finish::Budget("cpu", format!("{} s", boundary.budgets.cpu.as_secs())));
        Err(wasmtime::format_err!("the guest's time is used up"))
    });
    store
}
