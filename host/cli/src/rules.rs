//! The operator's policy on disk, and its rules on a target.
//!
//! It is the operator's word: it lies beside the operator's configuration, or where the environment says, and nothing on a command line leads around it.

use crate::store::{Kind, Store, believed};
use meho_host::error::{CallError, ErrorCode};
use meho_host::target::Target;
use meho_host_cli::policy::Policy;
use meho_host_cli::text::safe;
use nix::unistd::{User, geteuid};
use std::path::{Path, PathBuf};

/// Beside the configuration.
const FILE: &str = "policy.toml";
/// Names the file.
const VARIABLE: &str = "MEHO_POLICY";

const POLICY: Kind = Kind { name: "policy", decides: "what may be done" };

/// Where the policy is, and whether somebody said so.
fn place() -> Option<(PathBuf, Named)> {
    match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(path) => Some((path.into(), Named::ByTheEnvironment)),
        // Not beside one that a command line names. An environment without a home does not lead around it.
        None => {
            let beside = Store::of(None).map(|store| store.beside(FILE));
            let at_home = || Some(User::from_uid(geteuid()).ok()??.dir.join(".config").join("meho").join(FILE));
            Some((beside.or_else(at_home)?, Named::ByNobody))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    ByTheEnvironment,
    ByNobody,
}

/// The policy that holds, with its place; none where there is none.
pub(crate) fn text() -> Result<Option<(PathBuf, String)>, CallError> {
    let Some((path, named)) = place() else { return Ok(None) };
    match believed(&path, &POLICY)? {
        Some(text) => Ok(Some((path, text))),
        None if named == Named::ByTheEnvironment => {
            let message = format!("the policy {} that {VARIABLE} names does not exist", shown(&path));
            Err(CallError::new(ErrorCode::InvalidRequest, message).hint(format!(
                "nothing is done while it is not there: put the policy there, or have {VARIABLE} name where it is"
            )))
        }
        // A link that leads nowhere is a policy that is not to be had just now, and not none.
        None if path.is_symlink() => {
            let message = format!("the policy {} is a link that leads nowhere", shown(&path));
            Err(CallError::new(ErrorCode::InvalidRequest, message).hint("nothing is done while it cannot be read"))
        }
        None => Ok(None),
    }
}

/// Where the policy would be.
pub(crate) fn usual() -> Option<PathBuf> {
    place().map(|(path, _)| path)
}

/// A path for people.
pub(crate) fn shown(path: &Path) -> String {
    safe(&path.display().to_string())
}

/// The target under the rules that the operator has for it. `name` is what the operator calls it.
pub(crate) fn put_on(target: Target, name: Option<&str>) -> Result<Target, CallError> {
    let Some((path, text)) = text()? else { return Ok(target) };
    let policy = Policy::parse(&text).map_err(|mistake| {
        let message = format!("the policy {}, {}", shown(&path), safe(&mistake.to_string()));
        CallError::new(ErrorCode::InvalidRequest, message)
            .hint("nothing is done while it cannot be read: `meho-host policy check` shows what is wrong")
    })?;
    match policy.rules_for(target.server(), name) {
        Ok((_, rules)) => {
            let rules = rules.clone();
            Ok(target.with_rules(rules))
        }
        Err(why) => {
            let message =
                format!("the operator's policy {} does not allow this: {}", shown(&path), safe(&why.to_string()));
            Err(CallError::new(ErrorCode::PermissionDenied, message)
                .hint("nothing was sent; whoever keeps the policy can put this server among those of a section")
                .detail("rule", "policy-target")
                .detail("server", target.server()))
        }
    }
}
