//! The programs of the control plane: built once from the Go module, and kept in the user's cache.
//!
//! A build goes into a folder of its own and is renamed into place when it is whole, so what is in the cache is complete.
//! A lock keeps two processes from building the same thing. kwok's stages are files of its module, so the build copies
//! them too, and starting needs no Go module cache. Nothing here removes old builds (about 450 MB each): the folder
//! `meho/control-plane` of the cache may be deleted at any time when no control plane is running.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output};
use std::time::{Duration, Instant};

use ring::digest::{Context, SHA256};

use crate::unavailable::{Doing, Refused, Unavailable, last_lines};

/// The Go module, as a folder of this repository.
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../control-plane");
/// Without its version a Kubernetes program says v0.0.0, and kubectl refuses to speak to such a server.
const LDFLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
    -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";
/// What `go build` calls etcd's program, after its package.
const ETCD_AS_BUILT: &str = "server";
const PROGRAMS: [&str; 6] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"];
/// kwok has no behaviour of its own. These are the ones its module ships, below `kustomize/stage`.
const STAGES: [&str; 15] = [
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "node/chaos/node-not-ready.yaml",
    "pod/general/pod-create.yaml",
    "pod/general/pod-init-container-running.yaml",
    "pod/general/pod-init-container-completed.yaml",
    "pod/general/pod-ready.yaml",
    "pod/general/pod-complete.yaml",
    "pod/general/pod-delete.yaml",
    "pod/chaos/pod-container-running-failed.yaml",
    "pod/chaos/pod-init-container-running-failed.yaml",
    "volume/fast/pv-bind.yaml",
    "volume/fast/pv-delete.yaml",
    "volume/fast/pvc-provision.yaml",
    "volume/fast/pvc-delete.yaml",
];
/// How much of a failed build's output is shown.
const OUTPUT_LINES: usize = 40;

/// A folder with all programs, and kwok's stages.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
}

/// How the programs were come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// They were in the cache.
    Cached,
    /// They were built now, and it took so long.
    Built(Duration),
}

impl Programs {
    /// The programs of this module, version of Go and machine, from the cache. Builds them where they are not there yet:
    /// some minutes from nothing, half a minute where Go still has the packages. Says so on stderr, past libtest's capture.
    ///
    /// # Errors
    /// [`Unavailable::NoGo`] where Go is missing; [`Unavailable::Build`] where it fails.
    pub fn built() -> Result<(Self, Build), Unavailable> {
        let module = Path::new(MODULE);
        let cache = cache_folder()?;
        fs::create_dir_all(&cache).at("creating the cache", &cache)?;
        let programs = Self { folder: cache.join(key(module)?) };
        if programs.folder.is_dir() {
            return Ok((programs, Build::Cached));
        }
        let _lock = lock(&cache)?;
        if programs.folder.is_dir() {
            return Ok((programs, Build::Cached));
        }
        tell("building a Kubernetes control plane, once; minutes when Go starts from nothing");
        let started = Instant::now();
        build(module, &cache, &programs.folder)?;
        Ok((programs, Build::Built(started.elapsed())))
    }

    /// Programs in a folder that somebody else has filled, laid out as a built one: `bin/NAME` and `stages/GROUP/…/NAME.yaml`.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where they are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of one of them: `etcd`, `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `kubectl`, `kwok`.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Names and texts of kwok's stages, in a fixed order. A name is a path such as `pod/general/pod-ready.yaml`.
    pub(crate) fn stages(&self) -> impl Iterator<Item = Result<(&'static str, String), Unavailable>> {
        STAGES.into_iter().map(|name| {
            let path = self.folder.join("stages").join(name);
            Ok((name, fs::read_to_string(&path).at("reading", &path)?))
        })
    }
}

/// Speaks to the person who runs the tests. `eprintln!` would be captured by libtest, and nobody would see it.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn cache_folder() -> Result<PathBuf, Refused> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let base = base.ok_or_else(|| io::Error::other("neither XDG_CACHE_HOME nor HOME names a folder"));
    Ok(base.doing("looking for the cache")?.join("meho/control-plane"))
}

/// Waits for whoever is building.
fn lock(cache: &Path) -> Result<File, Refused> {
    let path = cache.join("lock");
    let file = File::create(&path).at("creating", &path)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => tell("waiting for another process that builds the control plane"),
        Err(TryLockError::Error(err)) => Err(err).at("locking", &path)?,
    }
    file.lock().at("locking", &path)?;
    Ok(file)
}

/// Everything that decides what the programs are.
fn key(module: &Path) -> Result<String, Unavailable> {
    let mut context = Context::new(&SHA256);
    for name in ["go.mod", "go.sum"] {
        let path = module.join(name);
        context.update(&fs::read(&path).at("reading", &path)?);
    }
    context.update(LDFLAGS.as_bytes());
    context.update(&go(module, &["env", "GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED"])?.stdout);
    for name in PROGRAMS.iter().chain(&STAGES) {
        context.update(name.as_bytes());
    }
    Ok(hex(context.finish().as_ref()).chars().take(16).collect())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn build(module: &Path, cache: &Path, place: &Path) -> Result<(), Unavailable> {
    let fresh = cache.join(format!("building-{}", process::id()));
    forget_abandoned_builds(cache)?;
    let bin = fresh.join("bin");
    fs::create_dir_all(&bin).at("creating", &bin)?;
    // The slash makes Go take it for a folder.
    let into = format!("{}/", bin.display());
    go(module, &["build", "-ldflags", LDFLAGS, "-o", &into, "tool"])?;
    fs::rename(bin.join(ETCD_AS_BUILT), bin.join("etcd")).doing("naming the etcd program")?;
    for name in PROGRAMS {
        let program = bin.join(name);
        fs::metadata(&program).at("looking for the program", &program)?;
    }
    copy_stages(module, &fresh.join("stages"))?;
    fs::rename(&fresh, place).at("moving the build to", place)?;
    Ok(())
}

/// A build that was killed leaves its folder. Whoever holds the lock is the only one who builds.
fn forget_abandoned_builds(cache: &Path) -> Result<(), Refused> {
    for entry in fs::read_dir(cache).at("reading", cache)? {
        let entry = entry.at("reading", cache)?;
        if entry.file_name().to_string_lossy().starts_with("building-") {
            fs::remove_dir_all(entry.path()).at("removing an abandoned build", &entry.path())?;
        }
    }
    Ok(())
}

fn copy_stages(module: &Path, into: &Path) -> Result<(), Unavailable> {
    let listed = go(module, &["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"])?;
    let shipped = Path::new(String::from_utf8_lossy(&listed.stdout).trim()).join("kustomize/stage");
    for name in STAGES {
        let (from, to) = (shipped.join(name), into.join(name));
        // Written, not copied: files of Go's module cache are read-only, and a copy would be too.
        let text = fs::read(&from).at("reading", &from)?;
        fs::create_dir_all(to.parent().unwrap_or(into)).at("creating the folder of", &to)?;
        fs::write(&to, text).at("writing", &to)?;
    }
    Ok(())
}

fn go(module: &Path, arguments: &[&str]) -> Result<Output, Unavailable> {
    let output = Command::new("go").args(arguments).current_dir(module).output();
    let output = match output {
        Err(err) if err.kind() == io::ErrorKind::NotFound && module.is_dir() => return Err(Unavailable::NoGo),
        other => other.at("running go in", module)?,
    };
    if output.status.success() {
        return Ok(output);
    }
    let end = last_lines(&String::from_utf8_lossy(&output.stderr), OUTPUT_LINES);
    let output = format!("{end}\ngo {}: {}", arguments.join(" "), output.status);
    Err(Unavailable::Build { module: module.to_owned(), output })
}
