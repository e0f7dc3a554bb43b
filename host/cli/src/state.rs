//! Where plans, approvals and the audit record are, and a host that keeps them there.
//!
//! Where they cannot be kept a read still runs, and its answer says that it was not recorded; a write does not.

use crate::arguments::Cli;
use crate::rules;
use async_trait::async_trait;
use meho_host::approval::{Consumed, KeptPlan, PlanEntry, PlanStore, StoreRefused};
use meho_host::error::{CallError, ErrorCode};
use meho_host::host::HostSettings;
use meho_host::policy::plan::{Approval, Digest};
use meho_host::record::{CallRecord, Recorder, RequestIntent};
use meho_host_cli::text::safe;
use meho_host_store::audit::Audit;
use meho_host_store::{StateError, Store};
use std::path::PathBuf;
use std::sync::Arc;

/// Names the directory, where no option does.
const VARIABLE: &str = "MEHO_STATE";

/// The directory of an option, of the environment, or the usual one; none where there is no home to have one in.
fn directory(cli: &Cli) -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = cli.state.clone().or_else(|| variable(VARIABLE)) {
        return Some(path);
    }
    // The base directory specification: a relative path is none.
    let base = variable("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(variable("HOME")?.join(".local").join("state")))?;
    Some(base.join("meho"))
}

fn nowhere() -> CallError {
    CallError::new(ErrorCode::InvalidRequest, "there is no place for state: neither HOME nor XDG_STATE_HOME is set")
        .hint("name a directory with --state")
}

fn unusable(error: &StateError) -> CallError {
    CallError::new(ErrorCode::InvalidRequest, format!("the state cannot be used: {}", safe(&error.to_string())))
        .hint("it is a directory of this user alone, with mode 0700; --state names another")
}

/// Where the operator has a policy, the record is not to be led elsewhere by a command line.
fn chosen_well(cli: &Cli) -> Result<(), CallError> {
    if cli.state.is_none() || rules::text()?.is_none() {
        return Ok(());
    }
    Err(CallError::new(
        ErrorCode::PermissionDenied,
        "there is a policy: where plans and the record are kept is not a command line's to say",
    )
    .hint("leave --state out"))
}

/// The store.
pub(crate) fn store(cli: &Cli) -> Result<Store, CallError> {
    chosen_well(cli)?;
    opened(cli)
}

fn opened(cli: &Cli) -> Result<Store, CallError> {
    Store::open(&directory(cli).ok_or_else(nowhere)?).map_err(|error| unusable(&error))
}

/// The audit record, to be read.
pub(crate) fn audit(cli: &Cli) -> Result<Audit, CallError> {
    let directory = directory(cli).ok_or_else(nowhere)?;
    Audit::open(&directory).map_err(|error| {
        if directory.exists() {
            return unusable(&error);
        }
        let shown = safe(&directory.display().to_string());
        CallError::new(ErrorCode::InvalidRequest, format!("there is no record in {shown}"))
            .hint("calls make it; --state names another directory")
    })
}

/// How a host is set up that keeps what it does.
pub(crate) fn settings(cli: &Cli) -> Result<HostSettings, CallError> {
    chosen_well(cli)?;
    Ok(match opened(cli) {
        Ok(store) => {
            let store = Arc::new(store);
            HostSettings { recorder: store.clone(), plans: store, ..HostSettings::default() }
        }
        Err(error) => {
            let none = Arc::new(Nothing { why: error.message });
            HostSettings { recorder: none.clone(), plans: none, ..HostSettings::default() }
        }
    })
}

/// In the place of a store that cannot be used: keeps nothing, and says why.
struct Nothing {
    why: String,
}

impl Nothing {
    fn refused<T>(&self) -> Result<T, StoreRefused> {
        Err(StoreRefused::Failed(self.why.clone()))
    }
}

#[async_trait]
impl Recorder for Nothing {
    async fn intent(&self, _: &RequestIntent) -> Result<(), String> {
        Err(self.why.clone())
    }

    async fn call(&self, _: CallRecord) -> Result<(), String> {
        Err(self.why.clone())
    }
}

#[async_trait]
impl PlanStore for Nothing {
    async fn id(&self) -> Result<String, StoreRefused> {
        self.refused()
    }

    async fn keep(&self, _: KeptPlan) -> Result<Box<PlanEntry>, StoreRefused> {
        self.refused()
    }

    async fn list(&self) -> Result<Vec<PlanEntry>, StoreRefused> {
        self.refused()
    }

    async fn find(&self, _: Digest) -> Result<Box<PlanEntry>, StoreRefused> {
        self.refused()
    }

    async fn approve(&self, _: &Approval) -> Result<(), StoreRefused> {
        self.refused()
    }

    async fn reject(&self, _: Digest, _: &str) -> Result<(), StoreRefused> {
        self.refused()
    }

    async fn consume(&self, _: Digest) -> Result<Consumed, StoreRefused> {
        self.refused()
    }

    async fn settle(&self, _: Digest, _: Option<&str>) -> Result<(), StoreRefused> {
        self.refused()
    }
}
