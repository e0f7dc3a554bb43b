//! What has to wait waits for a gate, and never for a time.

use tokio::sync::watch;

/// Closed until somebody opens it; then open for good. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn closed() -> Self {
        Self::default()
    }

    /// Lets all through.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it is open.
    pub async fn passed(&self) {
        // The sender is `self`, so the wait ends with the gate's opening and with nothing else.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}
