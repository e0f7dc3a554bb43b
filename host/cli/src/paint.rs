//! Colours: few, and each with one meaning. They are put around text that is escaped already, and are the only escape sequences that the program writes.

use anstyle::{AnsiColor, Style};

/// What a text is, to the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing out of the ordinary.
    #[default]
    Plain,
    /// Stands over what follows.
    Heading,
    /// It failed.
    Bad,
    /// It waits, or is a warning.
    Warn,
    /// It is as it should be, where that is worth saying.
    Good,
    /// Less important than what is around it.
    Faint,
}

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// There are.
    Coloured,
    /// There are none.
    Plain,
}

impl Paint {
    /// The text in its tone.
    #[must_use]
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Heading => Style::new().bold(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Warn => AnsiColor::Yellow.on_default(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Faint => Style::new().dimmed(),
        };
        match self {
            Self::Coloured if !text.is_empty() => format!("{style}{text}{style:#}"),
            Self::Coloured | Self::Plain => text.to_owned(),
        }
    }
}

/// Words by which something says that it failed, whole or at their end.
const BAD: [&str; 16] = [
    "BackOff",
    "Error",
    "OOMKilled",
    "Failed",
    "NotReady",
    "Evicted",
    "Lost",
    "Unknown",
    "InvalidImageName",
    "ErrImagePull",
    "ErrImageNeverPull",
    "DeadlineExceeded",
    "ContainerCannotRun",
    "NodeLost",
    "StartError",
    "UnexpectedAdmissionError",
];
/// Words by which something says that it waits, or wants to be looked at, whole or at their beginning.
const WARN: [&str; 11] = [
    "Pending",
    "ContainerCreating",
    "PodInitializing",
    "Terminating",
    "Init:",
    "SchedulingDisabled",
    "Warning",
    "Released",
    "Suspended",
    "SchedulingGated",
    "ContainerStatusUnknown",
];

/// The tone of a status word, such as a pod's or an event's.
#[must_use]
pub fn tone_of(status: &str) -> Tone {
    let parts = || status.split(',');
    if parts().any(|part| BAD.iter().any(|word| part.ends_with(word))) {
        return Tone::Bad;
    }
    if parts().any(|part| WARN.iter().any(|word| part.starts_with(word))) {
        return Tone::Warn;
    }
    Tone::Plain
}
