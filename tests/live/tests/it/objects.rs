//! Objects for the tests, as JSON, and waiting until they are as a test needs them.

use crate::servers;
use meho_control_plane::{Cluster, ControlPlane, Namespace};
use serde_json::{Value, json};
use std::time::Duration;

/// Everything that is waited for comes within seconds; this is for a loaded machine.
pub(crate) const SOON: Duration = Duration::from_secs(90);
/// A scheduler that nobody plays: its pods stay without a node.
const NOBODY: &str = "nobody";
pub(crate) const IMAGE: &str = "registry.example.com/team/app:1.2.3";

/// The real cluster, for a test that needs only one; none where this machine cannot have it.
pub(crate) fn cluster() -> Option<ControlPlane> {
    servers::real()
}

/// Containers with these names.
pub(crate) fn containers(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"name": name, "image": IMAGE})).collect()
}

/// Makes a pod and gives it as the server has it.
#[track_caller]
pub(crate) fn pod(namespace: &Namespace, name: &str, spec: Value) -> Value {
    annotated_pod(namespace, name, json!({}), spec)
}

/// Makes a pod with annotations.
#[track_caller]
pub(crate) fn annotated_pod(namespace: &Namespace, name: &str, annotations: Value, spec: Value) -> Value {
    let object = json!({"metadata": {"name": name, "annotations": annotations}, "spec": spec});
    namespace.cluster().admin().post(&namespace.path("pods"), &object).expect("a pod")
}

/// Makes a pod that stays without a node.
#[track_caller]
pub(crate) fn pending_pod(namespace: &Namespace, name: &str) -> Value {
    pod(namespace, name, nowhere(&["app"]))
}

/// The spec of a pod that stays without a node.
pub(crate) fn nowhere(names: &[&str]) -> Value {
    json!({"schedulerName": NOBODY, "containers": containers(names)})
}

/// Makes a pod that kwok runs, and waits until it does.
#[track_caller]
pub(crate) fn running_pod(namespace: &Namespace, name: &str, names: &[&str]) -> Value {
    pod(namespace, name, json!({"containers": containers(names)}));
    running(namespace, name)
}

/// Waits until a pod runs, every container of it.
#[track_caller]
pub(crate) fn running(namespace: &Namespace, name: &str) -> Value {
    let is_ready = |pod: &Value| {
        let conditions = pod["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
        conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    let path = namespace.path(&format!("pods/{name}"));
    namespace.cluster().admin().wait_for(&path, SOON, is_ready).expect("a running pod")
}

/// Makes a Deployment whose pods stay without a node, and waits until its controller has nothing more to do: from then on nobody but the test
/// changes it.
#[track_caller]
pub(crate) fn still_deployment(namespace: &Namespace, name: &str, replicas: u32) -> Value {
    let labels = json!({"app": name});
    let admin = namespace.cluster().admin();
    let object = json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": nowhere(&["app"])},
        },
    });
    admin.post(&namespace.path_in("apps/v1", "deployments"), &object).expect("a Deployment");
    still(namespace, name)
}

/// Waits until a Deployment's controller has nothing more to do.
#[track_caller]
pub(crate) fn still(namespace: &Namespace, name: &str) -> Value {
    let is_still = |deployment: &Value| {
        let (spec, status) = (&deployment["spec"], &deployment["status"]);
        let count = |name: &str| status[name].as_u64().unwrap_or_default();
        let wanted = spec["replicas"].as_u64().unwrap_or_default();
        status["observedGeneration"] == deployment["metadata"]["generation"]
            && [count("replicas"), count("updatedReplicas")] == [wanted, wanted]
            && count("unavailableReplicas") + count("availableReplicas") == wanted
            && status["conditions"].as_array().is_some_and(|conditions| conditions.len() == 2)
    };
    let path = namespace.path_in("apps/v1", &format!("deployments/{name}"));
    namespace.cluster().admin().wait_for(&path, SOON, is_still).expect("a Deployment that is still")
}

/// What kubectl prints, without its heading: columns of each line. Those are parted by three spaces, and a value may hold one.
#[track_caller]
pub(crate) fn kubectl_columns(cluster: &Cluster, arguments: &[&str]) -> Vec<Vec<String>> {
    let text = kubectl(cluster, arguments);
    let cut =
        |line: &str| line.split("  ").map(str::trim).filter(|column| !column.is_empty()).map(str::to_owned).collect();
    text.lines().skip(1).map(cut).collect()
}

/// What kubectl prints.
#[track_caller]
pub(crate) fn kubectl(cluster: &Cluster, arguments: &[&str]) -> String {
    let output = cluster.kubectl(arguments).expect("kubectl runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What must not change where nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployed {
    pub(crate) uid: String,
    pub(crate) resource_version: String,
    pub(crate) replicas: u32,
}

impl Deployed {
    #[track_caller]
    pub(crate) fn of(deployment: &Value) -> Self {
        let text = |pointer: &str| {
            deployment.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}")).to_owned()
        };
        let replicas = deployment["spec"]["replicas"].as_u64().and_then(|count| u32::try_from(count).ok());
        Self {
            uid: text("/metadata/uid"),
            resource_version: text("/metadata/resourceVersion"),
            replicas: replicas.expect("a number of replicas"),
        }
    }
}

/// A Deployment as the server has it now.
#[track_caller]
pub(crate) fn deployed(namespace: &Namespace, name: &str) -> Deployed {
    let path = namespace.path_in("apps/v1", &format!("deployments/{name}"));
    Deployed::of(&namespace.cluster().admin().get(&path).expect("a Deployment"))
}
