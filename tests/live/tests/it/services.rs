//! Services and claims: every field is what kubectl reads.

use crate::embedded::Caller;
use crate::lists::{check_rows, read_by_kubectl};
use crate::objects::SOON;
use crate::servers::has_no_kubectl;
use meho_control_plane::{Cluster, Namespace};
use serde_json::{Value, json};

both![
    every_field_of_a_service_is_what_kubectl_reads,
    every_field_of_a_claim_is_what_kubectl_reads_and_those_that_wait_can_be_told,
];

/// A Service of each type, with as much in it as can be and as little.
fn serve(namespace: &Namespace) {
    let make = |name: &str, spec: Value| {
        let service = json!({"metadata": {"name": name, "labels": {"of": "suite"}}, "spec": spec});
        namespace.cluster().admin().post(&namespace.path("services"), &service).expect("a Service")
    };
    let two = json!([
        {"name": "http", "port": 80, "targetPort": "web", "appProtocol": "kubernetes.io/h2c"},
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 5353},
    ]);
    make(
        "cluster-ip",
        json!({"selector": {"app": "web", "tier": "front"}, "ports": two, "sessionAffinity": "ClientIP"}),
    );
    make("headless", json!({"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80}]}));
    make("node-port", json!({"type": "NodePort", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]}));
    make("elsewhere", json!({"type": "ExternalName", "externalName": "db.example.com"}));
    let balanced = json!({"type": "LoadBalancer", "loadBalancerIP": "203.0.113.9", "ports": [{"port": 443}]});
    make("balanced", balanced);
    let status = json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}, {"hostname": "lb.example.com"}]}});
    namespace.cluster().admin().write_status(&namespace.path("services/balanced"), &status).expect("a status");
}

fn every_field_of_a_service_is_what_kubectl_reads(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    serve(&namespace);
    let caller = Caller::admin(cluster);
    let rows = caller.data("list_services", json!({"namespace": namespace.name()}));
    check_rows("Service", &rows, &read_by_kubectl(cluster, &namespace, "services"));
    let named = |name: &str| rows.as_array().expect("rows").iter().find(|row| row["name"] == name).expect("it").clone();
    assert_eq!(named("cluster-ip")["ports"][0]["app_protocol"], "kubernetes.io/h2c");
    assert_eq!(named("cluster-ip")["ports"][1]["target_port"], "5353");
    assert_eq!(named("cluster-ip")["ip_families"], json!(["IPv4"]));
    assert_eq!(named("cluster-ip")["ip_family_policy"], "SingleStack");
    assert_eq!(named("node-port")["external_traffic_policy"], "Local");
    assert_eq!(named("elsewhere")["ip_families"], json!([]));
    assert_eq!(named("headless")["cluster_ip"], "None");
    let everywhere = caller.data("list_services", json!({"label_selector": "of=suite"}));
    let here = everywhere.as_array().expect("rows").iter().filter(|row| row["namespace"] == namespace.name()).count();
    assert_eq!(here, 5);
}

/// Claims that wait, that are bound, and one whose status somebody wrote.
fn claim(namespace: &Namespace) {
    let make = |name: &str, more: Value| {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        spec.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        let claim = json!({"metadata": {"name": name}, "spec": spec});
        namespace.cluster().admin().post(&namespace.path("persistentvolumeclaims"), &claim).expect("a claim");
    };
    make("bound", json!({}));
    make("waiting", json!({"storageClassName": "nobody", "accessModes": ["ReadWriteMany", "ReadOnlyMany"]}));
    make("unclassed", json!({"storageClassName": "", "volumeMode": "Block"}));
    make("resizing", json!({"storageClassName": "nobody"}));
    let status = json!({
        "phase": "Pending", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
        "conditions": [{"type": "Resizing", "status": "True", "message": "by hand", "lastTransitionTime": "2026-01-02T03:04:05Z"}],
    });
    let admin = namespace.cluster().admin();
    admin.write_status(&namespace.path("persistentvolumeclaims/resizing"), &status).expect("a status");
    let is_bound = |claim: &Value| claim["status"]["phase"] == "Bound";
    admin.wait_for(&namespace.path("persistentvolumeclaims/bound"), SOON, is_bound).expect("a bound claim");
}

fn every_field_of_a_claim_is_what_kubectl_reads_and_those_that_wait_can_be_told(cluster: &Cluster) {
    if has_no_kubectl(cluster) {
        return;
    }
    let namespace = cluster.namespace().expect("a namespace");
    claim(&namespace);
    let caller = Caller::admin(cluster);
    let rows = caller.data("list_pvcs", json!({"namespace": namespace.name()}));
    check_rows("PersistentVolumeClaim", &rows, &read_by_kubectl(cluster, &namespace, "persistentvolumeclaims"));
    let rows = rows.as_array().expect("rows");
    let pending: Vec<&Value> = rows.iter().filter(|row| row["phase"] == "Pending").map(|row| &row["name"]).collect();
    assert_eq!(pending, ["resizing", "unclassed", "waiting"]);
    let named = |name: &str| rows.iter().find(|row| row["name"] == name).expect("the claim");
    assert_eq!(named("bound")["actual_access_modes"], json!(["ReadWriteOnce"]));
    assert_eq!(named("waiting")["actual_access_modes"], json!([]));
    let condition = json!({
        "type": "Resizing", "status": "True", "reason": null, "message": "by hand", "last_transition_time": "2026-01-02T03:04:05+00:00",
    });
    assert_eq!(named("resizing")["conditions"], json!([condition]));
}
