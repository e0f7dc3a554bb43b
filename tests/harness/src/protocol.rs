//! The words that the library and the supervisor say to each other. Both compile this file; it holds no logic.
//!
//! A user connects to the socket and is told `granted PID` when its lease counts; a connection that is closed without that
//! line came too late, to a supervisor that is already stopping. Being connected is the lease: when the process dies, in
//! whatever way, the kernel gives it back. On that connection the one who starts the instance then asks, a line each:
//!
//! | Request | Answer |
//! |---|---|
//! | `start NAME`, a line for the program and each argument, an empty line | `started PID`, or `failed REASON` |
//! | `status` | `running`, or `exited NAME HOW` for the first component that is gone |
//! | `ready`: from now on the instance may be shared, and lingers | `ok` |

/// The socket, in the instance's directory.
pub(crate) const SOCKET: &str = "socket";
/// The file beside the instance's directory that a supervisor keeps locked for as long as it lives. A directory whose
/// lock is free has no supervisor: no process id is ever trusted to say so.
pub(crate) const ALIVE: &str = "alive";

/// First argument of the supervisor, before the caller's process id and the instance's directory: start a supervisor there,
/// and exit once it listens.
pub(crate) const LAUNCH: &str = "launch";

pub(crate) const GRANTED: &str = "granted";
pub(crate) const START: &str = "start";
pub(crate) const STARTED: &str = "started";
pub(crate) const STATUS: &str = "status";
pub(crate) const RUNNING: &str = "running";
pub(crate) const READY: &str = "ready";
