//! A small cluster as the lists that an API server has of it: of each kind some, in two namespaces, so that each relationship is there and each list has pages.

use serde_json::{Value, json};

/// What is listed: the kind, and the path without a namespace.
pub(super) const LISTS: [(&str, &str); 17] = [
    ("Namespace", "/api/v1/namespaces"),
    ("Node", "/api/v1/nodes"),
    ("StorageClass", "/apis/storage.k8s.io/v1/storageclasses"),
    ("PersistentVolume", "/api/v1/persistentvolumes"),
    ("PersistentVolumeClaim", "/api/v1/persistentvolumeclaims"),
    ("ConfigMap", "/api/v1/configmaps"),
    ("Secret", "/api/v1/secrets"),
    (SLICES, "/apis/discovery.k8s.io/v1/endpointslices"),
    (ENDPOINTS, "/api/v1/endpoints"),
    ("Service", "/api/v1/services"),
    ("Ingress", "/apis/networking.k8s.io/v1/ingresses"),
    ("Deployment", "/apis/apps/v1/deployments"),
    ("ReplicaSet", "/apis/apps/v1/replicasets"),
    ("StatefulSet", "/apis/apps/v1/statefulsets"),
    ("DaemonSet", "/apis/apps/v1/daemonsets"),
    ("Pod", "/api/v1/pods"),
    ("Event", "/api/v1/events"),
];
pub(super) const SLICES: &str = "EndpointSlice";
pub(super) const ENDPOINTS: &str = "Endpoints";
/// They have all of it twice.
pub(super) const SPACES: [&str; 2] = ["back", "shop"];
const DRIVER: &str = "csi.example.com";
/// What a kubelet's events have in place of a pod's uid.
const MIRROR: &str = "0d3b0bd1f1cc9a3b5a9ee0e7f0a11c22";

/// Always the same for the same object.
fn uid(kind: &str, space: &str, name: &str) -> String {
    // The constants of FNV-1a.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = format!("{kind}/{space}/{name}").bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("{:08x}-0000-4000-8000-{:012x}", hash >> 32, hash & 0xffff_ffff)
}

fn object(kind: &str, space: &str, name: &str, more: Value) -> Value {
    let mut object = more;
    let metadata = &mut object["metadata"];
    metadata["name"] = name.into();
    metadata["uid"] = uid(kind, space, name).into();
    if !space.is_empty() {
        metadata["namespace"] = space.into();
    }
    object
}

fn owned(api: &str, kind: &str, space: &str, name: &str) -> Value {
    json!([{"apiVersion": api, "kind": kind, "name": name, "uid": uid(kind, space, name), "controller": true}])
}

/// The objects of a kind.
pub(super) fn list(kind: &str) -> Vec<Value> {
    let in_each = |of_space: &dyn Fn(&str) -> Vec<Value>| SPACES.iter().flat_map(|space| of_space(space)).collect();
    match kind {
        "Namespace" => ["back", "shop", "spare"]
            .map(|name| {
                object(kind, "", name, json!({"metadata": {"labels": {"is": name}}, "status": {"phase": "Active"}}))
            })
            .to_vec(),
        "Node" => (0..5).map(node).collect(),
        "StorageClass" => [("archive", "nfs.example.com"), ("other", ""), ("standard", DRIVER)]
            .map(|(name, provisioner)| {
                object(
                    kind,
                    "",
                    name,
                    json!({"provisioner": provisioner, "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}),
                )
            })
            .to_vec(),
        "PersistentVolume" => in_each(&|space| (0..3).map(|number| volume(space, number)).collect()),
        "PersistentVolumeClaim" => in_each(&claims),
        "ConfigMap" => in_each(&|space| {
            let map = |number| {
                object(
                    kind,
                    space,
                    &format!("config-{number}"),
                    json!({"data": {"text": format!("of {number}")}, "binaryData": {"bytes": "AAEC"}}),
                )
            };
            (0..4).map(map).collect()
        }),
        "Secret" => in_each(&|space| {
            let secret = |number| {
                object(
                    kind,
                    space,
                    &format!("secret-{number}"),
                    json!({"type": "Opaque", "data": {"password": "c2VjcmV0"}}),
                )
            };
            (0..4).map(secret).collect()
        }),
        SLICES => in_each(&slices),
        ENDPOINTS => in_each(&endpoints),
        "Service" => in_each(&|space| ["db", "web"].map(|name| service(space, name)).to_vec()),
        "Ingress" => in_each(&|space| ["edge", "inner"].map(|name| ingress(space, name)).to_vec()),
        "Deployment" => in_each(&|space| {
            let spec =
                json!({"spec": {"replicas": 3, "strategy": {"type": "RollingUpdate"}}, "status": {"readyReplicas": 3}});
            ["api", "web"].map(|name| object(kind, space, name, spec.clone())).to_vec()
        }),
        "ReplicaSet" => in_each(&|space| {
            let of = |name: &str| {
                let metadata = json!({"ownerReferences": owned("apps/v1", "Deployment", space, name)});
                object(
                    kind,
                    space,
                    &format!("{name}-1"),
                    json!({"metadata": metadata, "spec": {"replicas": 3}, "status": {"readyReplicas": 3}}),
                )
            };
            ["api", "web"].map(of).to_vec()
        }),
        "StatefulSet" => in_each(&|space| {
            vec![object(
                kind,
                space,
                "db",
                json!({"spec": {"replicas": 2, "serviceName": "db"}, "status": {"readyReplicas": 2}}),
            )]
        }),
        "DaemonSet" => in_each(&|space| {
            vec![object(kind, space, "agent", json!({"status": {"desiredNumberScheduled": 2, "numberReady": 1}}))]
        }),
        "Pod" => in_each(&pods),
        "Event" => in_each(&events),
        other => panic!("{other} is not listed"),
    }
}

fn node(number: u32) -> Value {
    let name = format!("node-{number}");
    let addresses =
        json!([{"type": "InternalIP", "address": format!("10.0.0.{number}")}, {"type": "Hostname", "address": name}]);
    let status = json!({
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": addresses,
        "capacity": {"cpu": "8", "memory": "32Gi"},
        "allocatable": {"cpu": "7", "memory": "30Gi"},
        "nodeInfo": {"kubeletVersion": "v1.36.0", "systemUUID": uid("Machine", "", &name)},
    });
    let spec = json!({"providerID": format!("aws:///eu-west-1a/i-0{number}")});
    object("Node", "", &name, json!({"metadata": {"labels": {"zone": "a"}}, "spec": spec, "status": status}))
}

fn volume_name(space: &str, number: u32) -> String {
    format!("pvc-{space}-{number}")
}

/// The last is for a claim that is gone.
fn volume(space: &str, number: u32) -> Value {
    let claim = if number < 2 { format!("data-db-{number}") } else { "gone".to_owned() };
    let spec = json!({
        "capacity": {"storage": "10Gi"},
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "standard",
        "claimRef": {"namespace": space, "name": claim, "uid": uid("PersistentVolumeClaim", space, &claim)},
    });
    let metadata = json!({"annotations": {"pv.kubernetes.io/provisioned-by": DRIVER}});
    object(
        "PersistentVolume",
        "",
        &volume_name(space, number),
        json!({"metadata": metadata, "spec": spec, "status": {"phase": "Bound"}}),
    )
}

/// Two that are bound, one that wants what is another's, and one that was made for a pod.
fn claims(space: &str) -> Vec<Value> {
    let claim = |name: &str, volume: u32, owners: Value| {
        let spec = json!({"volumeName": volume_name(space, volume), "storageClassName": "standard"});
        let status = json!({"phase": "Bound", "capacity": {"storage": "10Gi"}});
        object(
            "PersistentVolumeClaim",
            space,
            name,
            json!({"metadata": {"ownerReferences": owners}, "spec": spec, "status": status}),
        )
    };
    let mut scratch = claim("api-0-scratch", 0, owned("v1", "Pod", space, "api-0"));
    scratch["spec"] = json!({"storageClassName": "archive"});
    vec![scratch, claim("data-db-0", 0, json!([])), claim("data-db-1", 1, json!([])), claim("jealous", 2, json!([]))]
}

fn service(space: &str, name: &str) -> Value {
    let ports = json!([{"name": "main", "port": 80, "targetPort": "http", "protocol": "TCP", "nodePort": 30080}]);
    let spec = json!({"type": "NodePort", "clusterIP": "10.96.0.7", "ports": ports, "selector": {"app": name}});
    object("Service", space, name, json!({"spec": spec}))
}

fn ingress(space: &str, name: &str) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let spec = json!({
        "ingressClassName": "nginx",
        "defaultBackend": {"service": {"name": "db", "port": {"number": 80}}},
        "rules": [{"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
        "tls": [{"hosts": ["shop.example.com"], "secretName": "secret-0"}],
    });
    object("Ingress", space, name, json!({"spec": spec}))
}

/// What an endpoint is.
fn target(space: &str, name: &str) -> Value {
    json!({"kind": "Pod", "namespace": space, "name": name, "uid": uid("Pod", space, name)})
}

const BEHIND: [(&str, [&str; 2]); 2] = [("db", ["db-0", "db-1"]), ("web", ["web-0", "web-1"])];

fn slices(space: &str) -> Vec<Value> {
    let slice = |(service, pods): (&str, [&str; 2])| {
        let endpoint = |(number, pod): (usize, &str)| json!({"addresses": [format!("10.1.0.{number}")], "conditions": {"ready": number == 0}, "targetRef": target(space, pod)});
        let endpoints: Vec<Value> = pods.into_iter().enumerate().map(endpoint).collect();
        let metadata = json!({
            "labels": {
                "kubernetes.io/service-name": service,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": owned("v1", "Service", space, service),
        });
        object(
            SLICES,
            space,
            &format!("{service}-1"),
            json!({"metadata": metadata, "addressType": "IPv4", "endpoints": endpoints, "ports": []}),
        )
    };
    BEHIND.map(slice).to_vec()
}

fn endpoints(space: &str) -> Vec<Value> {
    let of = |(service, [ready, other]): (&str, [&str; 2])| {
        let subset = json!({"addresses": [{"ip": "10.1.0.0", "targetRef": target(space, ready)}], "notReadyAddresses": [{"ip": "10.1.0.1", "targetRef": target(space, other)}]});
        object(ENDPOINTS, space, service, json!({"subsets": [subset]}))
    };
    BEHIND.map(of).to_vec()
}

fn pods(space: &str) -> Vec<Value> {
    let pod = |name: &str, app: &str, owners: Value, volumes: Value| {
        let container = json!({
            "name": "app",
            "image": "registry.example.com/team/app:1.2.3",
            "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "config-0", "key": "text"}}}],
            "envFrom": [{"secretRef": {"name": "secret-1"}}],
        });
        let node = format!("node-{}", name.len() % 5);
        let spec = json!({"nodeName": node, "containers": [container], "volumes": volumes, "imagePullSecrets": [{"name": "secret-2"}]});
        let told = json!({"name": "app", "ready": true, "restartCount": 2, "state": {"running": {"startedAt": "2026-01-05T10:00:00Z"}}});
        let status = json!({"phase": "Running", "podIP": "10.1.0.9", "containerStatuses": [told]});
        let metadata = json!({"labels": {"app": app}, "ownerReferences": owners});
        object("Pod", space, name, json!({"metadata": metadata, "spec": spec, "status": status}))
    };
    let of_set = |name: &str| owned("apps/v1", "ReplicaSet", space, name);
    let mut made = vec![pod("api-0", "api", of_set("api-1"), json!([{"name": "scratch", "ephemeral": {}}]))];
    made.push(pod("agent-0", "agent", owned("apps/v1", "DaemonSet", space, "agent"), json!([])));
    for number in 0..2 {
        let claim = json!([{"name": "data", "persistentVolumeClaim": {"claimName": format!("data-db-{number}")}}]);
        made.push(pod(&format!("db-{number}"), "db", owned("apps/v1", "StatefulSet", space, "db"), claim));
        let sources = json!([{"configMap": {"name": "config-1"}}, {"secret": {"name": "secret-3"}}]);
        let volumes = json!([{"name": "all", "projected": {"sources": sources}}, {"name": "gone", "configMap": {"name": "gone"}}]);
        made.push(pod(&format!("web-{number}"), "web", of_set("web-1"), volumes));
    }
    let mut mirror = pod("static-node-1", "static", owned("v1", "Node", "", "node-1"), json!([]));
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": format!("{MIRROR}-{space}")});
    made.push(mirror);
    made
}

fn events(space: &str) -> Vec<Value> {
    let event = |name: &str, about: Value| {
        let more = json!({"involvedObject": about, "type": "Warning", "reason": "Told", "message": "of the suite", "count": 3});
        object("Event", space, name, more)
    };
    let about = |api: &str, kind: &str, name: &str, uid: &str| json!({"apiVersion": api, "kind": kind, "namespace": space, "name": name, "uid": uid});
    let web = uid("Pod", space, "web-0");
    vec![
        event("of-a-pod", about("v1", "Pod", "web-0", &web)),
        event("of-a-pod-that-was", about("v1", "Pod", "web-0", &uid("Pod", space, "before"))),
        event("of-a-file", about("v1", "Pod", "static-node-1", &format!("{MIRROR}-{space}"))),
        event("of-a-node", about("v1", "Node", "node-1", "node-1")),
        event("of-a-job", about("batch/v1", "Job", "nightly", "")),
    ]
}
