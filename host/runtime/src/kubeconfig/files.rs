//! The files that make a kubeconfig: found, read bounded, parsed by kube-client, and merged. Knows for each user and cluster in which directory it was
//! written, and whether somebody else could have written any of them.

use crate::error::CallError;
use crate::file::{self, Exposed, FileError};
use crate::kubeconfig::{chain, refused};
use kube_client::config::{Kubeconfig, KubeconfigError};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Largest file of a kubeconfig. With a thousand clusters and their authorities it has some megabytes.
const MAX_BYTES: u64 = 8 << 20;

/// Their paths, in the order in which they are merged.
#[derive(Debug)]
pub(super) struct Files(Vec<PathBuf>);

/// What they say together.
pub(super) struct Merged {
    pub(super) config: Kubeconfig,
    /// The canonical directory of the file that each user is from, and each cluster.
    pub(super) home_of_user: HashMap<String, PathBuf>,
    pub(super) home_of_cluster: HashMap<String, PathBuf>,
    /// The first that somebody else could have written, or why that is not known.
    pub(super) exposed: Option<Result<Exposed, String>>,
}

impl Files {
    pub(super) fn find(path: Option<&Path>) -> Result<Self, CallError> {
        if let Some(path) = path {
            return Ok(Self(vec![path.to_owned()]));
        }
        let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
        let paths: Vec<PathBuf> = std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
        if !paths.is_empty() {
            return Ok(Self(paths));
        }
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let home = home.ok_or_else(|| refused("the kubeconfig cannot be found: there is no home directory"))?;
        Ok(Self(vec![home.join(".kube/config")]))
    }

    /// Reads and merges them, as Kubernetes' clients do: what stands in an earlier one stays.
    pub(super) fn read(&self) -> Result<Merged, CallError> {
        let mut merged = Merged {
            config: Kubeconfig::default(),
            home_of_user: HashMap::new(),
            home_of_cluster: HashMap::new(),
            exposed: None,
        };
        for path in &self.0 {
            let failed = |why: String| {
                refused(format!("the kubeconfig cannot be read: {why}")).hint("give its path with --kubeconfig")
            };
            merged.take(path).map_err(|error| match error {
                Unread::File(error) => failed(format!("{}: {error}", path.display())),
                Unread::Text => failed(format!("{}: it is no text", path.display())),
                Unread::Config(error) => failed(explain(&error)),
            })?;
        }
        Ok(merged)
    }

    /// What they are like now.
    pub(super) fn stamps(&self) -> Vec<Stamp> {
        self.0.iter().cloned().map(Stamp::of).collect()
    }

    /// For people.
    pub(super) fn shown(&self) -> String {
        self.0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// The same from wherever it is said: the files' whole paths.
    pub(super) fn whole(&self) -> String {
        self.0.iter().map(|path| file::whole_path(path)).collect::<Vec<_>>().join(", ")
    }
}

enum Unread {
    File(FileError),
    Text,
    Config(KubeconfigError),
}

impl Merged {
    fn take(&mut self, path: &Path) -> Result<(), Unread> {
        let system = |error: std::io::Error| Unread::File(error.into());
        let file = file::open(path).map_err(Unread::File)?;
        if self.exposed.is_none() {
            self.exposed = file::exposed(&file, path).map_err(|error| error.kind().to_string()).transpose();
        }
        let bytes = file::whole(&file, MAX_BYTES).map_err(Unread::File)?;
        let mut config = Kubeconfig::from_yaml(&text(bytes).ok_or(Unread::Text)?).map_err(Unread::Config)?;
        let absolute = std::path::absolute(path).map_err(system)?;
        let directory = absolute.parent().unwrap_or(Path::new("/"));
        let real = std::fs::canonicalize(path).map_err(system)?;
        let home = real.parent().unwrap_or(Path::new("/"));
        for cluster in &mut config.clusters {
            self.home_of_cluster.entry(cluster.name.clone()).or_insert_with(|| home.to_owned());
            if let Some(cluster) = &mut cluster.cluster {
                lead_from(directory, &mut cluster.certificate_authority);
            }
        }
        for user in &mut config.auth_infos {
            self.home_of_user.entry(user.name.clone()).or_insert_with(|| home.to_owned());
            let Some(user) = &mut user.auth_info else { continue };
            lead_from(directory, &mut user.client_certificate);
            lead_from(directory, &mut user.client_key);
            lead_from(directory, &mut user.token_file);
            // A bare name is looked up in PATH.
            if let Some(exec) = &mut user.exec
                && exec.command.as_ref().is_some_and(|command| command.contains('/'))
            {
                lead_from(directory, &mut exec.command);
            }
        }
        self.config = std::mem::take(&mut self.config).merge(config).map_err(Unread::Config)?;
        Ok(())
    }
}

/// A path that leads to the same from everywhere: where it is relative, it is so to its kubeconfig's directory.
fn lead_from(directory: &Path, path: &mut Option<String>) {
    let relative = path.as_deref().filter(|path| !path.is_empty() && Path::new(path).is_relative());
    if let Some(joined) = relative.and_then(|path| directory.join(path).to_str().map(str::to_owned)) {
        *path = Some(joined);
    }
}

/// As text: UTF-8, or UTF-16 where it says so with a byte order mark, as editors of another system write it.
fn text(bytes: Vec<u8>) -> Option<String> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units).ok().filter(|_| odd.is_empty())
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// What is wrong with a kubeconfig. The parser's own text quotes the lines around the place, and credentials stand in them.
fn explain(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(inner) => match inner.location() {
            Some(at) => format!("it is not a kubeconfig in YAML, see line {}, column {}", at.line(), at.column()),
            None => "it is not a kubeconfig in YAML".to_owned(),
        },
        // These are of paths and kinds.
        other => chain(other),
    }
}

/// What a file was like when it was read. Whoever rewrites it changes one of these; where the clock is too coarse for that, a refusal has it read again.
#[derive(Clone, PartialEq)]
pub(super) struct Stamp {
    path: PathBuf,
    of: Option<(Option<SystemTime>, u64, u64)>,
}

impl Stamp {
    pub(super) fn of(path: PathBuf) -> Self {
        let of = std::fs::metadata(&path).ok();
        Self { path, of: of.map(|metadata| (metadata.modified().ok(), metadata.len(), inode(&metadata))) }
    }

    pub(super) fn still_holds(&self) -> bool {
        *self == Self::of(self.path.clone())
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}
