//! The end that somebody asks for: Ctrl-C, or a service manager. The program then ends what it has started before it ends itself: a plugin is in a process
//! group of its own, and a terminal's signal does not reach it.

use std::future::pending;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How long what is under way may take to end.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);
/// How long whoever waits for the signal may be held up by work that does not yield, such as compiling a component.
const HELD_UP: Duration = Duration::from_secs(2);
/// A shell's exit codes for signals begin here.
const SIGNALLED: i32 = 128;

/// Waits until this program is asked to end, and gives the exit code for that. It is ended in any case, if a little later.
pub(crate) async fn asked() -> u8 {
    let (says, mut said) = mpsc::channel(1);
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        // One that cannot be listened to ends the program as it always did.
        let Ok(mut listening) = signal(kind) else { continue };
        let says = says.clone();
        tokio::spawn(async move {
            listening.recv().await;
            let code = SIGNALLED + kind.as_raw_value();
            let _ = says.send(u8::try_from(code).unwrap_or(u8::MAX)).await;
            tokio::time::sleep(HELD_UP).await;
            std::process::exit(code);
        });
    }
    drop(says);
    match said.recv().await {
        Some(code) => code,
        None => pending().await,
    }
}
