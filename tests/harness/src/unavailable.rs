//! Why there is no control plane. Only what the machine lacks may be skipped; everything else is a failure.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::client::ClientError;

/// Why a control plane could not be had. Cheap to clone, because all tests of a process share the first answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// The machine has no Go. Suites may skip.
    #[error("the `go` program is missing, and it builds the control plane")]
    NoGo,
    /// Nothing but Linux lets a process tie the life of its children to its own. Suites may skip.
    #[error("the control plane runs on Linux only")]
    NotLinux,
    /// Go is there, and the build failed.
    #[error("building the control plane in {}:\n{output}", module.display())]
    Build {
        /// The folder of the Go module.
        module: PathBuf,
        /// The last lines that the build printed.
        output: String,
    },
    /// A component ended while the control plane was starting.
    #[error("{component} ended while the control plane was starting ({how}); the end of its log:\n{log}")]
    Ended {
        /// The program's name.
        component: String,
        /// Its exit status, as text.
        how: String,
        /// The last lines of its log.
        log: String,
    },
    /// The control plane took too long to start.
    #[error("no {awaited} after {}s; the end of the log of {component}:\n{log}", after.as_secs())]
    TooSlow {
        /// What did not come.
        awaited: String,
        /// The program that should have made it come.
        component: String,
        /// The limit.
        after: Duration,
        /// The last lines of the program's log.
        log: String,
    },
    /// The running control plane refused what its own start asked for.
    #[error("preparing the new control plane")]
    Prepare(#[source] Arc<ClientError>),
    /// A directory that others may write to, or that is somebody else's, cannot hold tokens.
    #[error("{} must be a directory of ours that nobody else may enter", .0.display())]
    NotPrivate(PathBuf),
    /// A file of the module is not as this crate expects it; it was made for another version of kwok.
    #[error("the kwok stage {stage} has no place for {what}")]
    Stage {
        /// The stage's file name.
        stage: String,
        /// What should be put there.
        what: &'static str,
    },
    /// Making keys or certificates failed.
    #[error("making certificates")]
    Certificates(#[source] Arc<rcgen::Error>),
    /// The demo cluster did not start.
    #[error("starting the demo cluster")]
    Demo(#[source] Arc<meho_demo::DemoError>),
    /// The operating system refused something.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// The operating system refused something.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing}")]
pub struct Refused {
    doing: String,
    source: Arc<io::Error>,
}

impl Unavailable {
    /// Whether the machine merely lacks what the control plane needs.
    #[must_use]
    pub fn may_be_skipped(&self) -> bool {
        match self {
            Self::NoGo | Self::NotLinux => true,
            Self::Build { .. }
            | Self::Ended { .. }
            | Self::TooSlow { .. }
            | Self::Prepare(_)
            | Self::NotPrivate(_)
            | Self::Stage { .. }
            | Self::Certificates(_)
            | Self::Demo(_)
            | Self::Refused(_) => false,
        }
    }

    /// The error and its causes on one line; the last link is often the only one that says what to do.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(err) = cause {
            text.push_str(&format!(": {err}"));
            cause = err.source();
        }
        text
    }
}

impl From<ClientError> for Unavailable {
    fn from(err: ClientError) -> Self {
        Self::Prepare(Arc::new(err))
    }
}

impl From<meho_demo::DemoError> for Unavailable {
    fn from(err: meho_demo::DemoError) -> Self {
        Self::Demo(Arc::new(err))
    }
}

impl From<rcgen::Error> for Unavailable {
    fn from(err: rcgen::Error) -> Self {
        Self::Certificates(Arc::new(err))
    }
}

/// Names what was being done when the operating system refused.
pub(crate) trait Doing<T> {
    fn doing(self, what: &str) -> Result<T, Refused>;
    fn at(self, what: &str, path: &Path) -> Result<T, Refused>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &str) -> Result<T, Refused> {
        self.map_err(|err| Refused { doing: what.to_owned(), source: Arc::new(err) })
    }

    fn at(self, what: &str, path: &Path) -> Result<T, Refused> {
        self.map_err(|err| Refused { doing: format!("{what} {}", path.display()), source: Arc::new(err) })
    }
}

/// The end of what a program printed.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let skipped = text.lines().count().saturating_sub(count);
    text.lines().skip(skipped).collect::<Vec<_>>().join("\n")
}
