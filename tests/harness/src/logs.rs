//! The logs that every pod has: kwok serves the same files for all of them, through the API server's `log` subresource.
//!
//! Which one a request gets is decided by the container's name, and by `previous=true`. A pod needs a node for it (any
//! pod that runs has one); kwok answers for waiting containers too, where a kubelet would refuse.

use std::fmt::Write as _;

use crate::directory::Directory;
use crate::unavailable::Refused;

/// A log with known text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownLog {
    /// What any container has that is not named below: 100 lines.
    Usual,
    /// What `previous=true` gives, for any container: 3 lines.
    Previous,
    /// The container `sidecar`: 5 lines.
    Sidecar,
    /// The container `silent`: nothing at all.
    Silent,
    /// The container `chatty`: 20,000 lines of 100 bytes.
    Chatty,
    /// The container `vast`: 50,000 lines of 1000 bytes.
    Vast,
}

impl KnownLog {
    pub(crate) const ALL: [Self; 6] =
        [Self::Usual, Self::Previous, Self::Sidecar, Self::Silent, Self::Chatty, Self::Vast];

    /// What a container of this name has, and what it had before.
    pub(crate) fn of(container: &str, previous: bool) -> Self {
        let named = Self::ALL.into_iter().find(|log| log.container() == Some(container));
        if previous { Self::Previous } else { named.unwrap_or(Self::Usual) }
    }

    /// The name that a container must have for this log; `None` where the name does not matter.
    #[must_use]
    pub fn container(self) -> Option<&'static str> {
        match self {
            Self::Usual | Self::Previous => None,
            Self::Sidecar => Some("sidecar"),
            Self::Silent => Some("silent"),
            Self::Chatty => Some("chatty"),
            Self::Vast => Some("vast"),
        }
    }

    /// The lines, as the `log` subresource gives them when it is asked for nothing special; without line ends.
    #[must_use]
    pub fn lines(self) -> Vec<String> {
        let numbered = |count: usize, text: &str| (1..=count).map(|line| format!("{text} {line}")).collect();
        match self {
            Self::Usual => numbered(100, "usual line"),
            Self::Previous => numbered(3, "previous line"),
            Self::Sidecar => numbered(5, "sidecar line"),
            Self::Silent => Vec::new(),
            Self::Chatty => (1..=20_000).map(|line| format!("{line:-<99}")).collect(),
            Self::Vast => {
                let rest = "-".repeat(994);
                (1..=50_000).map(|line| format!("{line:05}{rest}")).collect()
            }
        }
    }

    /// The lines with their times in front, as `timestamps=true` gives them: the lines are a second apart, from
    /// 2026-01-01T00:00:00Z on.
    #[must_use]
    pub fn lines_with_times(self) -> Vec<String> {
        (0..).zip(self.lines()).map(|(second, line)| format!("{} {line}", time(second))).collect()
    }

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Usual => "usual-container.log",
            Self::Previous => "previous-container.log",
            Self::Sidecar => "sidecar-container.log",
            Self::Silent => "silent-container.log",
            Self::Chatty => "chatty-container.log",
            Self::Vast => "vast-container.log",
        }
    }

    /// Writes all of them, in the format of container runtimes.
    pub(crate) fn write_all(directory: &Directory) -> Result<(), Refused> {
        for log in Self::ALL {
            let mut text = String::new();
            for (second, line) in (0..).zip(log.lines()) {
                let _ = writeln!(text, "{} stdout F {line}", time(second));
            }
            directory.write(log.file_name(), text)?;
        }
        Ok(())
    }
}

/// No log is longer than a day.
pub(crate) fn time(second: u32) -> String {
    format!("2026-01-01T{:02}:{:02}:{:02}.000000000Z", second / 3600, second / 60 % 60, second % 60)
}
