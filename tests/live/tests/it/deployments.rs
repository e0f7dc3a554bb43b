//! `get_deployment` and `get_pvc`: what a list leaves out.

use crate::embedded::Caller;
use crate::objects::{IMAGE, still_deployment};
use crate::shapes;
use meho_control_plane::{Cluster, Patch, Rule};
use serde_json::{Value, json};

both![a_deployment_is_told_with_its_revision_and_what_its_pods_are_made_from, a_claim_is_told_with_its_events,];

fn a_deployment_is_told_with_its_revision_and_what_its_pods_are_made_from(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 0);
    let path = namespace.path_in("apps/v1", "deployments/web");
    let container = json!({
        "name": "app", "image": IMAGE, "imagePullPolicy": "Always", "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "250m"}}, "livenessProbe": {"tcpSocket": {"port": "http"}},
        "env": [{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}}, {"name": "PLAIN", "value": "must-not-be-told"}],
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/app", "readOnly": true}],
    });
    let spec = json!({
        "serviceAccountName": "default", "nodeSelector": {"disk": "fast"}, "containers": [container],
        "initContainers": [{"name": "setup", "image": IMAGE, "command": ["prepare"]}], "volumes": [{"name": "settings", "configMap": {"name": "settings"}}],
    });
    let patch = json!({"spec": {"minReadySeconds": 5, "template": {"spec": spec}}});
    cluster.admin().patch(&path, Patch::Merge, &patch).expect("another template");
    let second = |object: &Value| {
        let reasons =
            object["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice).iter().map(|it| &it["reason"]);
        object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
            && object["status"]["observedGeneration"] == object["metadata"]["generation"]
            && reasons.into_iter().any(|reason| reason == "NewReplicaSetAvailable")
    };
    let object = cluster.admin().wait_for(&path, crate::objects::SOON, second).expect("its second revision");
    let data = Caller::admin(cluster).data_of_loose(
        "get_deployment",
        json!({"namespace": namespace.name(), "name": "we"}),
        "web",
    );
    assert_eq!(shapes::check(&shapes::shape("Deployment"), &data, &object), Vec::<String>::new());
    assert_eq!((&data["revision"], &data["min_ready_seconds"]), (&json!(2), &json!(5)));
    let template = &data["pod_template"];
    assert_eq!((&template["labels"], &template["service_account"]), (&json!({"app": "web"}), &json!("default")));
    assert_eq!((&template["node_selector"], &template["scheduler"]), (&json!({"disk": "fast"}), &json!("nobody")));
    let app = &template["containers"][0];
    assert_eq!(app["ports"], json!([{"name": "http", "port": 8080, "protocol": "TCP"}]));
    assert_eq!((&app["image"], &app["image_pull_policy"]), (&json!(IMAGE), &json!("Always")));
    assert_eq!(app["resources"], json!({"requests": {"cpu": "250m"}, "limits": {}}));
    assert_eq!(app["liveness_probe"]["action"], "tcp-socket :http");
    assert_eq!(app["readiness_probe"], Value::Null);
    assert_eq!((&app["env"][0]["source"], &app["env"][1]["type"]), (&json!("settings"), &json!("value")));
    let mount = json!({"name": "settings", "mount_path": "/etc/app", "sub_path": null, "read_only": true});
    assert_eq!(app["volume_mounts"][0], mount);
    assert_eq!(template["init_containers"][0]["command"], json!(["prepare"]));
    assert_eq!(template["volumes"], json!([{"name": "settings", "type": "configMap", "source": "settings"}]));
    assert!(!data.to_string().contains("must-not-be-told"));
}

fn a_claim_is_told_with_its_events(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "nobodys", "resources": {"requests": {"storage": "1Gi"}}},
    });
    cluster.admin().post(&namespace.path("persistentvolumeclaims"), &claim).expect("a claim");
    let arguments = json!({"namespace": namespace.name(), "name": "data"});
    let caller = Caller::admin(cluster);
    let failed = || {
        let data = caller.data("get_pvc", arguments.clone());
        (data["events"][0]["reason"] == "ProvisioningFailed").then_some(data)
    };
    let data = meho_control_plane::until(crate::objects::SOON, failed).expect("it is told why it waits");
    assert_eq!((&data["phase"], &data["events"][0]["type"]), (&json!("Pending"), &json!("Warning")));
    let said = data["events"][0]["message"].as_str().expect("a message");
    assert!(said.contains("\"nobodys\" not found"), "{said}");
    let user = namespace.user("reader", &[Rule::new("", "persistentvolumeclaims", &["get"])]).expect("a user");
    let (data, meta) = Caller::user(cluster, &user).answer("get_pvc", arguments);
    assert_eq!((&data["name"], &data["events"], meta.complete), (&json!("data"), &json!([]), false));
    assert!(matches!(&meta.warnings[..], [one] if one.starts_with("events could not be read: ")), "{meta:?}");
}
