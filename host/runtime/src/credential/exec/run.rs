//! One run of an exec plugin: a short environment, no standard input, a process group of its own, a deadline, bounded output.

use crate::credential::exec::{ExecSettings, PluginFault};
use crate::mask::Mask;
use secrecy::zeroize::Zeroizing;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

/// Most that a plugin may print. A token has kilobytes, a chain of certificates tens of them.
const MAX_OUTPUT_BYTES: usize = 1 << 20;
/// How much of what it says is kept: the end, where the reason stands.
const MAX_SAID_BYTES: usize = 16 << 10;
/// How long the end of that is waited for once the plugin has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How much of that is shown.
const MAX_SAID_CHARS: usize = 500;
/// Words this long with a digit in them are taken for secrets: nobody can know what a plugin says.
const SECRET_CHARS: usize = 32;

/// What a plugin keeps of the environment of this process. Where things are, and which login of a cloud's tool is meant, as those tools document it (AWS CLI
/// and SDKs, gcloud, Azure CLI); no value of these is a secret. What else it needs stands in the kubeconfig, under `exec.env`. `PATH` is kept without
/// its relative entries.
const KEPT: [&str; 24] = [
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AZURE_CONFIG_DIR",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "SYSTEMROOT",
];

/// A run to be made.
pub(super) struct Run<'s> {
    pub(super) settings: &'s ExecSettings,
    /// What `KUBERNETES_EXEC_INFO` says.
    pub(super) info: String,
    pub(super) deadline: Duration,
}

/// What came of a run that ended by itself.
pub(super) struct Printed {
    pub(super) stdout: Zeroizing<Vec<u8>>,
    pub(super) stderr: Vec<u8>,
    status: ExitStatus,
}

impl Printed {
    /// How it failed, where it did.
    pub(super) fn failure(&self) -> Option<String> {
        (!self.status.success()).then(|| self.status.to_string())
    }
}

/// Why a run did not come to its own end.
pub(super) enum Ended {
    Missing(Option<String>),
    CannotRun(io::Error),
    Hung(Duration, Vec<u8>),
    Flooded,
}

impl Ended {
    /// As a fault, with what was said as `said` writes it.
    pub(super) fn fault(self, said: impl FnOnce(&[u8]) -> String) -> PluginFault {
        match self {
            Self::Missing(install_hint) => PluginFault::Missing { install_hint },
            Self::CannotRun(error) => PluginFault::CannotRun { reason: error.kind().to_string() },
            Self::Hung(after, stderr) => PluginFault::Hung { after, said: said(&stderr) },
            Self::Flooded => PluginFault::Flooded { bytes: MAX_OUTPUT_BYTES },
        }
    }
}

/// Why the output could not be read to its end.
enum Cut {
    Flooded,
    Broken(io::Error),
}

impl Run<'_> {
    pub(super) async fn to_its_end(&self) -> Result<Printed, Ended> {
        let missing = || Ended::Missing(self.settings.install_hint.as_deref().map(|hint| cut(&escaped(hint))));
        let path = absolute_path();
        let program = found(&self.settings.command, path.as_deref()).ok_or_else(missing)?;
        let spawned = self.command(&program, path).spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => Ended::CannotRun(error),
        })?;
        let mut group = Group::of(spawned);
        let mut said = Said::default();
        let (out, err) = (group.child.stdout.take(), group.child.stderr.take());
        let outcome = {
            let reading = pin!(async {
                let stdout = whole(out).await?;
                // Not before all is read: until it has been waited for, its group's number is nobody else's, and may be ended.
                let status = group.child.wait().await.map_err(Cut::Broken)?;
                Ok((stdout, status))
            });
            let saying = pin!(said.keep_end_of(err));
            tokio::time::timeout(self.deadline, both(reading, saying)).await
        };
        match outcome {
            Ok(Ok((stdout, status))) => {
                group.has_ended = true;
                Ok(Printed { stdout, stderr: said.bytes, status })
            }
            Ok(Err(Cut::Flooded)) => Err(Ended::Flooded),
            Ok(Err(Cut::Broken(error))) => Err(Ended::CannotRun(error)),
            Err(_) => Err(Ended::Hung(self.deadline, said.bytes)),
        }
    }

    fn command(&self, program: &Path, path: Option<OsString>) -> Command {
        let mut command = Command::new(program);
        command.args(&self.settings.args).env_clear();
        command.envs(KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.envs(path.map(|path| ("PATH", path)));
        command.envs(self.settings.env.iter().map(|(name, value)| (name, value)));
        command.env("KUBERNETES_EXEC_INFO", &self.info);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

/// The first, with the second beside it. That is not waited for: a plugin may have left something running that says more, now or never.
async fn both<T>(mut first: Pin<&mut impl Future<Output = T>>, mut second: Pin<&mut impl Future<Output = ()>>) -> T {
    let done = tokio::select! {
        done = &mut first => done,
        () = &mut second => return first.await,
    };
    // What was said before the end is on its way.
    let _ = tokio::time::timeout(LAST_WORDS, second).await;
    done
}

/// `PATH` without what would be looked up where this process happens to be; none where nothing is left of it, because an empty one means that place.
fn absolute_path() -> Option<OsString> {
    let path = env::var_os("PATH")?;
    let joined = env::join_paths(env::split_paths(&path).filter(|entry| entry.is_absolute())).ok()?;
    Some(joined).filter(|path| !path.is_empty())
}

/// The program that a command names. The system's own search would also look where this process happens to be, where there is no `PATH`.
fn found(command: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    if command.contains('/') {
        return std::path::absolute(command).ok();
    }
    let places = path.into_iter().flat_map(env::split_paths).filter(|entry| entry.is_absolute());
    places.map(|entry| entry.join(command)).find(|candidate| is_program(candidate))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// A plugin and whatever it started. Ended as a whole where it is dropped before its end, for one because the call was abandoned.
struct Group {
    child: Child,
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
    has_ended: bool,
}

impl Group {
    fn of(child: Child) -> Self {
        Self {
            #[cfg(unix)]
            id: child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw),
            child,
            has_ended: false,
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.id.filter(|_| !self.has_ended) {
            // One that is gone already is what is wanted.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

async fn whole(pipe: Option<impl AsyncRead + Unpin>) -> Result<Zeroizing<Vec<u8>>, Cut> {
    let mut read = Zeroizing::new(Vec::with_capacity(64 << 10));
    if let Some(pipe) = pipe {
        pipe.take(MAX_OUTPUT_BYTES as u64 + 1).read_to_end(&mut read).await.map_err(Cut::Broken)?;
    }
    if read.len() > MAX_OUTPUT_BYTES { Err(Cut::Flooded) } else { Ok(read) }
}

/// The end of what a plugin says.
#[derive(Default)]
struct Said {
    bytes: Vec<u8>,
}

impl Said {
    async fn keep_end_of(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else { return };
        let mut piece = [0; 4096];
        loop {
            // Words that cannot be read are not worth the credential.
            let count = pipe.read(&mut piece).await.unwrap_or_default();
            if count == 0 {
                return;
            }
            self.bytes.extend_from_slice(&piece[..count]);
            if self.bytes.len() > 2 * MAX_SAID_BYTES {
                self.bytes.drain(..self.bytes.len() - MAX_SAID_BYTES);
            }
        }
    }
}

/// What a plugin said, for a message: masked, without what looks like a secret, in one line of plain characters, its end. Behind a colon, or nothing.
pub(super) fn said(stderr: &[u8], mask: &Mask) -> String {
    let text = mask.text(&String::from_utf8_lossy(stderr));
    let words: Vec<String> = text.split_whitespace().map(without_secrets).collect();
    let line = escaped(&words.join(" "));
    if line.is_empty() {
        return line;
    }
    match line.char_indices().rev().nth(MAX_SAID_CHARS) {
        Some((at, skipped)) => format!(": …{}", &line[at + skipped.len_utf8()..]),
        None => format!(": {line}"),
    }
}

/// A word without its pieces that look like keys and tokens.
fn without_secrets(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+_=.~-*%".contains(c);
    let mut kept = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at(end);
        let is_secret = piece.len() >= SECRET_CHARS && piece.bytes().any(|byte| byte.is_ascii_digit());
        kept.push_str(if is_secret { "[left out]" } else { piece });
        let next = behind.find(is_plain).unwrap_or(behind.len());
        kept.push_str(&behind[..next]);
        rest = &behind[next..];
    }
    kept
}

/// Text of somebody else's with nothing in it that acts on a terminal.
pub(super) fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let is_plain = c == ' ' || c.is_ascii_graphic() || (c.is_alphanumeric() && !c.is_ascii());
            let escape = (!is_plain).then(|| c.escape_default());
            escape.into_iter().flatten().chain(is_plain.then_some(c))
        })
        .collect()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_SAID_CHARS).collect()
}
