//! `restart_deployment`: new pods for a Deployment, one after another.

use crate::bindings::meho::connector::effects::Effect;
use crate::effects::{argument, object, patch, read, search};
use crate::resource::DEPLOYMENTS;

/// The Deployment is read first, where it may be: a paused one is refused, since nothing would roll.
pub(crate) fn effects() -> Vec<Effect> {
    let body = r#"{
        "metadata": {"uid": {"$observed": ["before", "/metadata/uid"], "optional": true}},
        "spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": {"$clock": "rfc3339"}}}}}
    }"#;
    let path = || object(&DEPLOYMENTS, argument("name"));
    vec![read("before", path()).optional(), search("near", &DEPLOYMENTS, &["before"]), patch("patch", path(), body)]
}
