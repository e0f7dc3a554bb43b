//! House rules that a machine can hold: each is a sentence that fails with the place where it does not hold.

use crate::kinds;
use std::path::{Path, PathBuf};
use std::process::Command;

type Rule = fn(&Path, &str) -> Option<String>;

/// The rules for Rust sources.
const RULES: [Rule; 5] = [
    opens_with_its_purpose,
    has_no_catch_all_name,
    leaves_nothing_for_later,
    expects_with_reasons,
    hides_no_tests_in_src,
];

/// Names that say nothing of what is inside.
const CATCH_ALL: [&str; 5] = ["mod.rs", "utils.rs", "helpers.rs", "common.rs", "misc.rs"];

/// Checks every tracked Rust file, and what the repository may not hold.
pub(crate) fn check() -> Result<(), String> {
    let mut broken = Vec::new();
    let files = tracked()?;
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        broken.extend(RULES.iter().filter_map(|rule| rule(file, &text)));
    }
    broken.extend(knows_no_kind_but_pods(&files)?);
    broken.extend(kinds::stand_where_they_belong(&files)?);
    for file in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "rust-toolchain.toml", "Cargo.lock"] {
        if !files.iter().any(|tracked| tracked == Path::new(file)) {
            broken.push(format!("{file} is missing"));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(format!("\n  {}", broken.join("\n  "))) }
}

/// The files of the repository that are there: tracked, or new and not ignored.
fn tracked() -> Result<Vec<PathBuf>, String> {
    let listed = Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output();
    let listed = listed.map_err(|error| format!("git does not run: {error}"))?.stdout;
    let listed = String::from_utf8(listed).map_err(|_| "a file's name is not UTF-8".to_owned())?;
    Ok(listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).filter(|path| path.is_file()).collect())
}

fn opens_with_its_purpose(file: &Path, text: &str) -> Option<String> {
    (!text.starts_with("//!")).then(|| format!("{}: opens without //! and what it is for", file.display()))
}

fn has_no_catch_all_name(file: &Path, _: &str) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    CATCH_ALL.contains(&name).then(|| format!("{}: a name that says nothing of what is inside", file.display()))
}

fn leaves_nothing_for_later(file: &Path, text: &str) -> Option<String> {
    // In two parts, so that this file keeps its own rule.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!()"), concat!("unimplemented", "!(")];
    let at = text.lines().position(|line| marks.iter().any(|mark| line.contains(mark)))?;
    Some(format!("{}:{}: something is left for later", file.display(), at + 1))
}

fn expects_with_reasons(file: &Path, text: &str) -> Option<String> {
    let bare = |line: &str| {
        line.trim_start().starts_with(concat!("#[", "allow("))
            || line.trim_start().starts_with(concat!("#![", "allow("))
    };
    let at = text.lines().position(bare)?;
    Some(format!("{}:{}: expect with a reason, never allow", file.display(), at + 1))
}

fn hides_no_tests_in_src(file: &Path, text: &str) -> Option<String> {
    let in_src = file.components().any(|part| part.as_os_str() == "src");
    let at = text.lines().position(|line| line.trim() == concat!("#[cfg", "(test)]"))?;
    in_src.then(|| format!("{}:{}: test-only code stands in src", file.display(), at + 1))
}

/// Whose rows are what stands in the connector's table, and the program learns it there: a kind that it names is a kind that it would have to be changed for.
fn knows_no_kind_but_pods(files: &[PathBuf]) -> Result<Vec<String>, String> {
    const TABLE: &str = "connector/src/table.rs";
    const POD: &str = "Pod";
    let read = |file: &Path| std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()));
    let table = read(Path::new(TABLE))?;
    let named = table.split(".of(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let kinds: Vec<String> = named.filter(|kind| *kind != POD).map(|kind| format!("\"{kind}\"")).collect();
    if kinds.is_empty() {
        return Err(format!("{TABLE}: its rows are of no kind"));
    }
    let mut broken = Vec::new();
    let of_the_host = ["host/cli/src", "host/graph/src", "host/runtime/src"];
    for file in files.iter().filter(|file| of_the_host.iter().any(|place| file.starts_with(place))) {
        let text = read(file)?;
        let lines = text.lines().enumerate();
        let naming = lines.filter_map(|(at, line)| Some((at, kinds.iter().find(|kind| line.contains(kind.as_str()))?)));
        broken
            .extend(naming.map(|(at, kind)| format!("{}:{}: the host names the kind {kind}", file.display(), at + 1)));
    }
    Ok(broken)
}
