//! What a text is laid out for: how wide it may be, in which colours, and what time it is.

use crate::paint::Paint;
use jiff::Timestamp;

/// For whom something is laid out.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Columns of the terminal; none where there is none, and all is shown in full.
    pub width: Option<usize>,
    /// Its colours.
    pub paint: Paint,
    /// What ages are counted to.
    pub now: Timestamp,
}

impl View {
    /// The same, so many columns narrower.
    #[must_use]
    pub fn narrower(self, columns: usize) -> Self {
        Self { width: self.width.map(|width| width.saturating_sub(columns)), ..self }
    }
}
