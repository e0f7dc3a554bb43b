//! What one instance of a component has: its share of WASI, its hooks, its limits. One store, one call, and gone.

use crate::bindings::{logging, rows};
use crate::boundary::{Boundary, Finish};
use crate::egress::Egress;
use crate::record::GuestLevel;
use crate::rows::Sink;
use async_trait::async_trait;
use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime::{Engine, ResourceLimiter};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Random bytes that a guest may ask for at a time.
const RANDOM_BYTES: u64 = 64 << 10;
/// Core instances, memories and tables of a component together: one that a language's toolchain makes has a handful.
const PARTS: usize = 32;

/// What one instance has.
pub(crate) struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    egress: Egress,
    sink: Sink,
    /// Entries of all tables together.
    table_elements: usize,
    pub(crate) boundary: Arc<Boundary>,
}

/// What makes two runs of a call alike: the same instant, the same randomness.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replay {
    /// Since 1970.
    pub(crate) clock: Duration,
    pub(crate) seed: [u8; 32],
}

impl Guest {
    pub(crate) fn new(boundary: Arc<Boundary>, sink: Sink, replay: Replay) -> Self {
        let mut wasi = WasiCtx::builder();
        let mut insecure_seed = [0; 16];
        insecure_seed.copy_from_slice(&replay.seed[..16]);
        wasi.wall_clock(Frozen(replay.clock))
            .secure_random(StdRng::from_seed(replay.seed))
            .insecure_random(StdRng::from_seed(replay.seed))
            .insecure_random_seed(u128::from_le_bytes(insecure_seed))
            .max_random_size(RANDOM_BYTES)
            .stdout(LogStream { boundary: boundary.clone(), level: GuestLevel::Info })
            .stderr(LogStream { boundary: boundary.clone(), level: GuestLevel::Error });
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(boundary.budgets.header_bytes);
        let mut table = ResourceTable::new();
        table.set_max_capacity(boundary.budgets.handles);
        Self {
            wasi: wasi.build(),
            http,
            table,
            egress: Egress::new(boundary.clone()),
            sink,
            table_elements: 0,
            boundary,
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.egress, table: &mut self.table, ctx: &mut self.http }
    }
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

struct Contract;

impl HasData for Contract {
    type Data<'a> = &'a mut Guest;
}

/// Everything that the world imports, and nothing else. Files and sockets are not in here, so no component can have them.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    use wasmtime_wasi::p2::bindings::{cli, clocks, random};
    use wasmtime_wasi_io::bindings::wasi::io;
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    io::error::add_to_linker::<Guest, Io>(l, |guest| &mut guest.table)?;
    io::poll::add_to_linker::<Guest, Io>(l, |guest| &mut guest.table)?;
    io::streams::add_to_linker::<Guest, Io>(l, |guest| &mut guest.table)?;
    clocks::monotonic_clock::add_to_linker::<Guest, WasiClocks>(l, Guest::clocks)?;
    clocks::wall_clock::add_to_linker::<Guest, WasiClocks>(l, Guest::clocks)?;
    random::random::add_to_linker::<Guest, WasiRandom>(l, Guest::random)?;
    random::insecure::add_to_linker::<Guest, WasiRandom>(l, Guest::random)?;
    random::insecure_seed::add_to_linker::<Guest, WasiRandom>(l, Guest::random)?;
    cli::environment::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::exit::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::stdin::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::stdout::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::stderr::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_input::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_output::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stdin::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stdout::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    cli::terminal_stderr::add_to_linker::<Guest, WasiCli>(l, Guest::cli)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    rows::add_to_linker::<Guest, Contract>(l, |guest| guest)?;
    logging::add_to_linker::<Guest, Contract>(l, |guest| guest)?;
    Ok(linker)
}

impl rows::Host for Guest {
    async fn push(&mut self, lines: Vec<u8>) -> wasmtime::Result<()> {
        self.sink.push(&self.boundary, lines).await
    }
}

impl logging::Host for Guest {
    fn log(&mut self, level: logging::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            logging::Level::Trace => GuestLevel::Trace,
            logging::Level::Debug => GuestLevel::Debug,
            logging::Level::Info => GuestLevel::Info,
            logging::Level::Warn => GuestLevel::Warn,
            logging::Level::Error => GuestLevel::Error,
        };
        self.boundary.log(level, &message);
        Ok(())
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if self.boundary.grow_memory(desired.saturating_sub(current)) {
            return Ok(true);
        }
        self.boundary.end(Finish::Budget("memory_bytes", self.boundary.budgets.memory_bytes.to_string()));
        Err(wasmtime::format_err!("the guest's memory is used up"))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.table_elements = self.table_elements.saturating_add(desired.saturating_sub(current));
        if self.table_elements <= self.boundary.budgets.table_elements {
            return Ok(true);
        }
        self.boundary.end(Finish::Budget("table_elements", self.boundary.budgets.table_elements.to_string()));
        Err(wasmtime::format_err!("the guest's tables are used up"))
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}

/// The same instant throughout a call.
struct Frozen(Duration);

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// Standard output and error: lines of the call's log. What is beyond its bound is dropped, never an error.
#[derive(Clone)]
struct LogStream {
    boundary: Arc<Boundary>,
    level: GuestLevel,
}

impl LogStream {
    fn take(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for line in text.lines().filter(|line| !line.is_empty()) {
            self.boundary.log(self.level, line);
        }
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(4096)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
