//! That an instance is one, and that nothing of it stays. All of it on instances in directories of their own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use meho_control_plane::{ControlPlane, Programs, Unavailable, until};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::scratch::Scratch;

/// Stopping takes two seconds and a bit; this is for a loaded machine.
const GONE: Duration = Duration::from_secs(60);
/// supervisor, etcd, API server, controller manager, scheduler, kwok
const PROCESSES: usize = 6;

/// Another process that uses an instance. Killed where a test ends early.
struct User(Child);

impl User {
    fn start(directory: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_control-plane"))
            .env("MEHO_CONTROL_PLANE_DIR", directory)
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn();
        Self(child.expect("the program runs"))
    }

    /// Waits until it has the instance; returns the line that names the server.
    fn server(&mut self) -> String {
        let stdout = self.0.stdout.as_mut().expect("its output");
        BufReader::new(stdout).lines().next().expect("a line").expect("text")
    }

    /// To its whole process group, as Ctrl-C at a terminal. Not SIGINT itself: that is ignored by what a script has started
    /// in the background, tests included.
    fn interrupt(&mut self) {
        kill_process_group(Pid::from_child(&self.0), Signal::TERM).expect("SIGTERM");
        self.0.wait().expect("its end");
    }

    fn kill(&mut self) {
        self.0.kill().expect("SIGKILL");
        self.0.wait().expect("its end");
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What runs in an instance's directory, by its working directory; a zombie has none.
fn processes_in(directory: &Path) -> Vec<PathBuf> {
    let run = directory.join("run");
    let processes = fs::read_dir("/proc").expect("/proc").flatten().map(|entry| entry.path());
    // Where the directory has been removed, the link says so behind the path.
    let there = |path: &PathBuf| {
        let cwd = fs::read_link(path.join("cwd")).unwrap_or_default();
        cwd.to_string_lossy().trim_end_matches(" (deleted)") == run.to_string_lossy()
    };
    processes.filter(there).collect()
}

#[track_caller]
fn nothing_stays(directory: &Path) {
    let gone = until(GONE, || (processes_in(directory).is_empty() && !directory.join("run").exists()).then_some(()));
    let names: Vec<_> = processes_in(directory).iter().map(|path| fs::read_to_string(path.join("comm"))).collect();
    assert!(gone.is_some(), "still there: {names:?}, and files: {}", directory.join("run").exists());
}

/// The programs, where this machine can have them.
fn programs(test: &str) -> Option<Programs> {
    ControlPlane::shared_or_skip(test).map(|cluster| cluster.programs().clone())
}

#[test]
fn processes_that_race_share_one_instance_which_ends_with_the_last_of_them() {
    let test = "processes_that_race_share_one_instance_which_ends_with_the_last_of_them";
    let Some(programs) = programs(test) else { return };
    let scratch = Scratch::new();
    let (mut one, mut other) = (User::start(scratch.path()), User::start(scratch.path()));
    let server = one.server();
    assert_eq!(server, other.server());
    assert_eq!(processes_in(scratch.path()).len(), PROCESSES);

    one.interrupt();
    let third = ControlPlane::in_directory(&programs, scratch.path()).expect("the same instance");
    assert!(server.ends_with(third.server_url()), "{server}: {third:?}");
    other.kill();
    third.admin().get("/version").expect("one user is left");
    drop(third);
    nothing_stays(scratch.path());
}

#[test]
fn everything_dies_with_a_killed_supervisor_and_the_next_start_clears_up() {
    let test = "everything_dies_with_a_killed_supervisor_and_the_next_start_clears_up";
    let Some(programs) = programs(test) else { return };
    let scratch = Scratch::new();
    let first = ControlPlane::in_directory(&programs, scratch.path()).expect("an instance");
    let (name, pid) = &first.processes()[0];
    assert!(name == "supervisor" && processes_in(scratch.path()).contains(&PathBuf::from(format!("/proc/{pid}"))));
    let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, Signal::KILL).expect("SIGKILL");
    first.wait_until_gone();
    let dead = until(GONE, || processes_in(scratch.path()).is_empty().then_some(()));
    assert!(dead.is_some(), "{:?}", processes_in(scratch.path()));
    assert!(scratch.path().join("run").exists(), "nobody was left to remove it");

    let next = ControlPlane::in_directory(&programs, scratch.path()).expect("a new instance in the same place");
    next.admin().get("/version").expect("it works");
    drop((first, next));
    nothing_stays(scratch.path());
}

#[test]
fn a_start_that_is_killed_half_way_leaves_nothing() {
    let test = "a_start_that_is_killed_half_way_leaves_nothing";
    if programs(test).is_none() {
        return;
    }
    let scratch = Scratch::new();
    let mut starter = User::start(scratch.path());
    // The API server runs, and is not ready yet.
    let begun = until(GONE, || scratch.path().join("run/kube-apiserver.log").exists().then_some(()));
    assert!(begun.is_some(), "it does not start");
    starter.kill();
    nothing_stays(scratch.path());
}

#[test]
fn a_component_that_fails_is_named_with_the_end_of_its_log() {
    let test = "a_component_that_fails_is_named_with_the_end_of_its_log";
    let Some(real) = programs(test) else { return };
    let scratch = Scratch::new();
    let broken = scratch.programs_with(&real, "kwok", "echo this is not your day; exit 7");
    let directory = scratch.path().join("instance");
    match ControlPlane::in_directory(&broken, &directory) {
        Err(Unavailable::Ended { component, how, log }) => {
            assert_eq!((component.as_str(), how.as_str()), ("kwok", "exit status: 7"));
            assert_eq!(log, "this is not your day");
        }
        other => panic!("expected kwok to end, got {other:?}"),
    }
    nothing_stays(&directory);
}

#[test]
fn a_port_that_was_taken_meanwhile_is_no_reason_to_give_up() {
    let test = "a_port_that_was_taken_meanwhile_is_no_reason_to_give_up";
    let Some(real) = programs(test) else { return };
    let scratch = Scratch::new();
    let first_time = scratch.path().join("first-time");
    fs::write(&first_time, "").expect("a file");
    let unlucky = format!(
        "rm {} 2>/dev/null && echo listen tcp: bind: address already in use && exit 1\nexec {} \"$@\"",
        first_time.display(),
        real.program("kube-apiserver").display(),
    );
    let programs = scratch.programs_with(&real, "kube-apiserver", &unlucky);
    let directory = scratch.path().join("instance");
    let cluster = ControlPlane::in_directory(&programs, &directory).expect("the second attempt");
    assert!(!first_time.exists());
    drop(cluster);
    nothing_stays(&directory);
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).expect("wider permissions");
    let programs = Programs::in_folder(PathBuf::from("/nonexistent"));
    let refused = ControlPlane::in_directory(&programs, scratch.path()).expect_err("anybody could read its tokens");
    let path = scratch.path().display();
    assert_eq!(refused.to_string(), format!("{path} must be a directory of ours that nobody else may enter"));
}

#[test]
fn a_stage_of_another_kwok_is_an_error_and_not_another_behaviour() {
    let scratch = Scratch::new();
    let stage = scratch.path().join("stages").join("node/fast/node-initialize.yaml");
    fs::create_dir_all(stage.parent().expect("a folder")).expect("the folder");
    fs::write(stage, "kind: Stage\n").expect("a stage without a selector");
    let programs = Programs::in_folder(scratch.path().to_owned());
    let refused = ControlPlane::in_directory(&programs, &scratch.path().join("instance")).expect_err("no such place");
    assert_eq!(
        refused.to_string(),
        "the kwok stage node/fast/node-initialize.yaml has no place for what is left alone"
    );
}
