//! Which target a command line names, and who calls.

use crate::arguments::TargetOptions;
use meho_host::credential::TokenFile;
use meho_host::error::{CallError, ErrorCode};
use meho_host::kubeconfig::{self, ExecPlugins};
use meho_host::policy::family::Family;
use meho_host::target::{Target, TargetSettings, Verification};
use std::sync::Arc;

/// The target.
pub(crate) fn of(options: &TargetOptions) -> Result<Target, CallError> {
    let Some(server) = &options.server else {
        // Whoever types this command is the operator: the kubeconfig is theirs, or they have named it.
        let (path, context) = (options.kubeconfig.as_deref(), options.context.as_deref());
        return kubeconfig::target(path, context, ExecPlugins::Allowed);
    };
    let refused = |why: String| CallError::new(ErrorCode::InvalidRequest, why);
    let token_file = options.token_file.clone().ok_or_else(|| refused("--server needs --token-file".to_owned()))?;
    let mut settings = TargetSettings::new(server, server, Family::Kubernetes);
    if let Some(path) = &options.ca_file {
        let pem = std::fs::read(path)
            .map_err(|error| refused(format!("the CA file {} cannot be read: {}", path.display(), error.kind())))?;
        settings.verification = Verification::ca(&pem).map_err(|error| refused(error.to_string()))?;
    }
    if options.skip_tls_verification {
        settings.verification = Verification::DangerousNone;
    }
    Target::new(settings, Arc::new(TokenFile::new(token_file, None))).map_err(|error| refused(error.to_string()))
}

/// Who calls: the user of this terminal.
pub(crate) fn principal() -> String {
    let user = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    format!("user:{}", user.unwrap_or_else(|| "unknown".to_owned()))
}
