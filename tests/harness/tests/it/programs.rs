//! Building, and machines that cannot.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::{env, fs};

use meho_control_plane::ControlPlane;

use crate::scratch::Scratch;

const PROGRAM: &str = env!("CARGO_BIN_EXE_control-plane");

fn build(path: &Path, cache: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("build").env("PATH", path).env("XDG_CACHE_HOME", cache).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn without_go_the_build_says_so_in_its_exit_code() {
    let scratch = Scratch::new();
    let output = build(scratch.path(), scratch.path()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(stderr(&output), "control-plane: the `go` program is missing, and it builds the control plane\n");
}

#[test]
fn a_failed_build_is_a_failure_and_shows_what_go_said() {
    let scratch = Scratch::new();
    scratch.script("go", r#"case $1 in build) echo "no space left on device" >&2; exit 1;; esac"#);
    let output = build(scratch.path(), scratch.path()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("no space left on device"), "{}", stderr(&output));
}

#[test]
fn an_unknown_word_is_a_wrong_command_line() {
    let output = Command::new(PROGRAM).arg("biuld").output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn processes_that_race_build_once() {
    let test = "processes_that_race_build_once";
    let Some(cluster) = ControlPlane::shared_or_skip(test) else { return };
    let scratch = Scratch::new();
    // A `go` that needs no time and makes empty programs, but keeps count.
    let shipped = scratch.path().join("kwok/kustomize");
    fs::create_dir_all(&shipped).expect("a folder");
    symlink(cluster.programs().folder().join("stages"), shipped.join("stage")).expect("a link");
    let here = scratch.path().display();
    scratch.script(
        "bin/go",
        &format!(
            r#"case $1 in
build)
    echo built >>{here}/count
    while [ "$1" != -o ]; do shift; done
    for name in server kube-apiserver kube-controller-manager kube-scheduler kubectl kwok; do : >"$2$name"; done;;
list) echo {here}/kwok;;
esac"#
        ),
    );
    let start = || build(&scratch.path().join("bin"), scratch.path()).spawn().expect("the program runs");
    let racers: Vec<Child> = (0..4).map(|_| start()).collect();
    for racer in racers {
        let output = racer.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(scratch.path().join("count")).expect("a count"), "built\n");
}

/// Runs one test of this binary in a process of its own, on a machine without Go.
fn run_without_go(required: &str) -> Output {
    let scratch = Scratch::new();
    Command::new(env::current_exe().expect("this test's own program"))
        .args(["--exact", "cluster::a_cluster_is_ready_when_it_is_handed_out"])
        .env("PATH", scratch.path())
        .env("MEHO_REQUIRE_CONTROL_PLANE", required)
        .output()
        .expect("it runs")
}

#[test]
fn without_go_a_suite_says_that_it_is_skipped() {
    let output = run_without_go("0");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let expected = "SKIPPED: a_cluster_is_ready_when_it_is_handed_out: \
        the `go` program is missing, and it builds the control plane\n";
    assert_eq!(stderr(&output), expected);
}

#[test]
fn without_go_a_suite_fails_where_a_control_plane_is_required() {
    assert!(!run_without_go("1").status.success());
}
