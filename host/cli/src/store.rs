//! The configuration file on disk. It decides where credentials go and which programs a kubeconfig may start, so it is believed only where nobody
//! else can write it, and it is replaced whole or not at all.

use meho_host::error::{CallError, ErrorCode};
use meho_host::file::{self, FileError, How, Part};
use meho_host::target::RedactionKey;
use meho_host_cli::configuration::{Configuration, Refused};
use meho_host_cli::text::safe;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Largest configuration. A target has some hundred bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Beside the configuration.
const REDACTION_KEY: &str = "redaction.key";
/// Names the file, where no option does.
const VARIABLE: &str = "MEHO_CONFIG";

fn refused(why: String) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, why)
}

/// Whose word a configuration is. What it says may start programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The operator's, who has put it where it is.
    Operator,
    /// Whoever typed the command line, and named a file there.
    Caller,
}

/// A file of the operator's, in words.
pub(crate) struct Kind {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it decides.
    pub(crate) decides: &'static str,
}

const CONFIGURATION: Kind = Kind { name: "configuration", decides: "where credentials go" };

/// The text of a file that is believed only where nobody else could have written it; none where there is no such file.
pub(crate) fn believed(path: &Path, kind: &Kind) -> Result<Option<String>, CallError> {
    let Kind { name, decides } = kind;
    let shown = safe(&path.display().to_string());
    let unread = |error: FileError| refused(format!("the {name} {shown} cannot be read: {error}"));
    let file = match file::open(path) {
        Ok(file) => file,
        Err(FileError::System(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unread(error)),
    };
    // Of what is open, and not of what may have come to lie there since.
    let exposed = file::exposed(&file, path)
        .map_err(|error| refused(format!("the {name} {shown} cannot be read: {}", error.kind())))?;
    if let Some(exposed) = exposed {
        let shown = safe(&exposed.path.display().to_string());
        let what = match exposed.part {
            Part::File => format!("the {name} {shown}"),
            Part::Directory => format!("the directory of the {name}, {shown},"),
        };
        return Err(match exposed.how {
            How::Mode => refused(format!("{what} can be written by others"))
                .hint(format!("it decides {decides}: chmod go-w {shown}")),
            How::Owner => refused(format!("{what} belongs to somebody else"))
                .hint(format!("it decides {decides}: use one of your own")),
        });
    }
    let bytes = file::whole(&file, MAX_BYTES).map_err(unread)?;
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| refused(format!("the {name} {shown} is no text in UTF-8")))
}

/// Where the configuration is.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    path: PathBuf,
    /// Whether somebody asked for this very file.
    is_named: bool,
    word: Word,
}

impl Store {
    /// The file of an option, of the environment, or the usual one; none where there is no home to have one in.
    pub(crate) fn of(option: Option<&Path>) -> Option<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(path) = option {
            return Some(Self { path: path.to_owned(), is_named: true, word: Word::Caller });
        }
        let word = Word::Operator;
        if let Some(path) = variable(VARIABLE) {
            return Some(Self { path, is_named: true, word });
        }
        // The base directory specification: a relative path is none.
        let base = variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        let base = base.or_else(|| Some(variable("HOME")?.join(".config")))?;
        Some(Self { path: base.join("meho").join("config.toml"), is_named: false, word })
    }

    /// Whose word it is.
    pub(crate) fn word(&self) -> Word {
        self.word
    }

    /// Its path for people.
    pub(crate) fn shown(&self) -> String {
        safe(&self.path.display().to_string())
    }

    /// What it says. The usual file need not be there; one that was named must.
    pub(crate) fn read(&self) -> Result<Configuration, CallError> {
        match self.text()? {
            Some(text) => Configuration::parse(&text).map_err(|error| self.explain(error)),
            None if self.is_named => Err(refused(format!("the configuration {} does not exist", self.shown()))
                .hint("`meho-host target add` makes it")),
            None => Ok(Configuration::default()),
        }
    }

    /// A file in the same directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    /// The error in the file's name.
    pub(crate) fn explain(&self, error: Refused) -> CallError {
        match error {
            Refused::Line { .. } | Refused::Whole(_) => {
                refused(format!("the configuration {}, {}", self.shown(), safe(&error.to_string())))
            }
            Refused::NoTarget { name, known } => {
                refused(format!("the configuration {} has no target {}", self.shown(), safe(&name)))
                    .hint("`meho-host target list` shows them")
                    .detail("targets", known)
            }
            Refused::Exists(name) => refused(format!("there is a target {name} already"))
                .hint("give --replace to put the new one in its place"),
            Refused::Entry(error) => refused(error.to_string()),
        }
    }

    /// Its text; none where there is no such file.
    fn text(&self) -> Result<Option<String>, CallError> {
        believed(&self.path, &CONFIGURATION)
    }

    /// Changes it, one change after another: of two at the same time none is lost, and whoever reads meanwhile reads the old or the new.
    pub(crate) fn change(&self, edit: impl FnOnce(&str) -> Result<String, Refused>) -> Result<(), CallError> {
        let failed = |error: io::Error| self.failed("written", &error);
        let path = self.real_path().map_err(failed)?;
        let directory = path.parent().unwrap_or(Path::new("/"));
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let lock = File::open(directory).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let text = self.text()?.unwrap_or_default();
        let changed = edit(&text).map_err(|error| self.explain(error))?;
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
        file.write_all(changed.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        // So that the new name outlives a crash, too.
        lock.sync_all().map_err(failed)
    }

    /// The key of the digests that stand for values of Secrets, beside the configuration; made where there is none yet. Whoever reads it can try values out.
    pub(crate) fn redaction_key(&self) -> Result<[u8; RedactionKey::BYTES], CallError> {
        let failed = |error: &dyn std::fmt::Display| {
            refused(format!(
                "the key beside the configuration {}, {REDACTION_KEY}, cannot be used: {error}",
                self.shown()
            ))
        };
        let path = self.real_path().map_err(|error| failed(&error))?.with_file_name(REDACTION_KEY);
        if !path.exists() {
            let directory = path.parent().unwrap_or(Path::new("/"));
            let mut file = tempfile::NamedTempFile::new_in(directory).map_err(|error| failed(&error))?;
            file.write_all(&RedactionKey::random_bytes())
                .and_then(|()| file.as_file().sync_all())
                .map_err(|error| failed(&error))?;
            // Of two at the same time the first one's counts.
            match file.persist_noclobber(&path) {
                Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(&error.error)),
                Ok(_) | Err(_) => {}
            }
        }
        let bytes = file::read(&path, RedactionKey::BYTES as u64).map_err(|error| failed(&error))?;
        bytes.try_into().map_err(|_| failed(&"it is cut short"))
    }

    /// Where the file really is: a link to it stays one.
    fn real_path(&self) -> io::Result<PathBuf> {
        match fs::canonicalize(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(&self.path),
            found => found,
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> CallError {
        refused(format!("the configuration {} cannot be {what}: {}", self.shown(), error.kind()))
    }
}
