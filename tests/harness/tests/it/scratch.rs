//! A private directory for a test, and programs that are not what they seem.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use meho_control_plane::Programs;

/// Removed when dropped. Its path is short, because sockets lie in it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("meho-it-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&path).expect("a new directory");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a file in the directory")).expect("its folder");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
        path
    }

    /// The real programs, but for one that is this script.
    pub(crate) fn programs_with(&self, real: &Programs, name: &str, script: &str) -> Programs {
        let folder = self.0.join("programs");
        fs::create_dir_all(folder.join("bin")).expect("a folder");
        symlink(real.folder().join("stages"), folder.join("stages")).expect("the stages");
        for program in fs::read_dir(real.folder().join("bin")).expect("the programs") {
            let program = program.expect("a program");
            if program.file_name() != name {
                symlink(program.path(), folder.join("bin").join(program.file_name())).expect("a link");
            }
        }
        self.script(&format!("programs/bin/{name}"), script);
        Programs::in_folder(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
