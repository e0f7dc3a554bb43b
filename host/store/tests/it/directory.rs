//! The state directory: this user's alone.

use meho_host_store::{StateError, Store};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use tempfile::TempDir;

#[test]
fn it_is_made_for_this_user_alone_with_all_that_is_in_it() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("a/b/state");
    drop(Store::open(&path).expect("a store"));
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for file in fs::read_dir(&path).expect("a directory").flatten() {
        assert_eq!(mode(&file.path()), 0o600, "{}", file.path().display());
    }
}

#[test]
fn a_directory_or_a_file_that_others_can_read_is_refused() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    drop(Store::open(&path).expect("a store"));
    for (what, mode, usual) in [("", 0o750, 0o700), ("state.db", 0o640, 0o600), ("audit.key", 0o604, 0o600)] {
        let at = path.join(what);
        fs::set_permissions(&at, Permissions::from_mode(mode)).expect("a mode");
        assert!(matches!(Store::open(&path), Err(StateError::Exposed { .. })), "{what}");
        fs::set_permissions(&at, Permissions::from_mode(usual)).expect("a mode");
    }
    drop(Store::open(&path).expect("it is as it was"));
}

#[test]
fn a_link_inside_it_is_not_followed() {
    for name in ["state.db", "audit.key", "audit.head", "lock", "state.db-wal"] {
        let directory = TempDir::new().expect("a directory");
        let (path, elsewhere) = (directory.path().join("state"), directory.path().join("elsewhere"));
        drop(Store::open(&path).expect("a store"));
        let at = path.join(name);
        if at.exists() {
            fs::rename(&at, &elsewhere).expect("it can be moved");
        } else {
            fs::write(&elsewhere, b"").expect("a file");
        }
        symlink(&elsewhere, &at).expect("a link");
        assert!(matches!(Store::open(&path), Err(StateError::Link { .. })), "{name}");
    }
}

#[test]
fn a_key_that_is_gone_is_not_made_anew() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("state");
    drop(Store::open(&path).expect("a store"));
    fs::remove_file(path.join("audit.key")).expect("it was there");
    assert!(matches!(Store::open(&path), Err(StateError::Gone { .. })));
}
