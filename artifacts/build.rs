//! Builds the components for wasm32-wasip2 with a cargo of its own, in a target directory of its own, and adds that target where it is
//! missing. Nobody else builds components.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";
/// Packages of components, and what they are called here.
const COMPONENTS: [(&str, &str); 2] = [("meho-kubernetes", "kubernetes"), ("meho-example-intruder", "intruder")];
const HOSTILE: &str = "meho-test-hostile";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
    add_target();
    // OUT_DIR is target/PROFILE/build/NAME-HASH/out. One directory for all profiles of the host, so that nothing builds twice.
    let guests = out.ancestors().nth(4).expect("OUT_DIR is deep in the target directory").join("guests");
    for (package, name) in COMPONENTS {
        // A connector is an ordinary library for those who read it natively; here, and only here, it becomes a component.
        let library = ["rustc", "--package", package, "--lib", "--crate-type", "cdylib"];
        let built = build(&root, &guests, "component", &library).join(package.replace('-', "_")).with_extension("wasm");
        fs::copy(built, out.join(name).with_extension("wasm")).expect("the component can be copied");
    }
    watch(&root, &["connector/src", "connector/Cargo.toml", "examples", "wit", "Cargo.toml", "Cargo.lock"]);
    if env::var_os("CARGO_FEATURE_HOSTILE").is_some() {
        let built =
            build(&root, &guests, "hostile", &["build", "--package", HOSTILE, "--examples", "--features", "guest"])
                .join("examples");
        hostile(&root.join("tests/hostile/examples"), &built, &out);
        watch(&root, &["tests/hostile/src", "tests/hostile/examples", "tests/hostile/Cargo.toml"]);
    }
}

fn watch(root: &Path, paths: &[&str]) {
    for path in paths {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
}

fn add_target() {
    let libdir = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .expect("rustc runs");
    let libdir = String::from_utf8(libdir.stdout).expect("a path in UTF-8");
    if Path::new(libdir.trim()).is_dir() {
        return;
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    assert!(
        added.is_ok_and(|status| status.success()),
        "the target {TARGET} is missing and `rustup target add {TARGET}` failed"
    );
}

/// Builds components in a profile, by a command of cargo and what it is to build, and gives the directory that they are in.
fn build(root: &Path, guests: &Path, profile: &str, what: &[&str]) -> PathBuf {
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets it"));
    cargo
        .current_dir(root)
        .args(what)
        .args(["--profile", profile, "--target", TARGET, "--locked"])
        .arg("--target-dir")
        .arg(guests);
    // What the outer cargo was told is for the host: flags, and clippy in the compiler's place.
    for variable in
        ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"]
    {
        cargo.env_remove(variable);
    }
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "building {what:?} for {TARGET} failed");
    guests.join(TARGET).join(profile)
}

/// Writes down every hostile component: a constant with its bytes, and its name in a macro that goes through all of them. Whoever calls that
/// macro with a demand, such as that a test name it, makes it of each.
fn hostile(sources: &Path, built: &Path, out: &Path) {
    let mut names: Vec<String> = fs::read_dir(sources)
        .expect("the hostile components are there")
        .map(|entry| entry.expect("a directory can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().expect("a file has a name").to_str().expect("in UTF-8").to_owned())
        .collect();
    names.sort_unstable();
    let mut code = String::new();
    for name in &names {
        let source = fs::read_to_string(sources.join(name).with_extension("rs")).expect("a source can be read");
        let what = source
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("//! "))
            .expect("a source begins with what it does");
        let component = out.join(name).with_extension("wasm");
        fs::copy(built.join(name).with_extension("wasm"), &component).expect("the component can be copied");
        let constant = name.to_ascii_uppercase();
        writeln!(code, "/// {what}\npub const {constant}: &[u8] = include_bytes!({component:?});")
            .expect("a String takes all");
    }
    let all = names.join(" ").to_ascii_uppercase();
    writeln!(
        code,
        "/// Hands the names of all hostile components to a macro.\n#[macro_export]\nmacro_rules! foreach_hostile {{\n    \
         ($demand:ident) => {{ $demand! {{ {all} }} }};\n}}"
    )
    .expect("a String takes all");
    fs::write(out.join("hostile.rs"), code).expect("the list can be written");
}
