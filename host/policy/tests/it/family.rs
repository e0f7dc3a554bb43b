//! What requests mean to a Kubernetes API server.

use meho_policy::effect::{Method, Trust};
use meho_policy::family::kubernetes::{Attributes, attributes_of, trust_of};
use meho_policy::request::{CanonicalRequest, RawRequest};
use serde_json::{Value, json};

/// Method, path; verb, group, version, resource/subresource, namespace, name.
const READ_BY_THE_SERVER: [(&str, &str, &str); 26] = [
    ("GET", "/api/v1/pods", "list  v1 pods - -"),
    ("GET", "/api/v1/pods?watch=true", "watch  v1 pods - -"),
    ("GET", "/api/v1/namespaces/a/pods", "list  v1 pods a -"),
    ("GET", "/api/v1/namespaces/a/pods/p", "get  v1 pods a p"),
    ("GET", "/api/v1/namespaces/a/pods/p/log", "get  v1 pods/log a p"),
    ("POST", "/api/v1/namespaces/a/pods", "create  v1 pods a -"),
    ("PUT", "/api/v1/namespaces/a/pods/p", "update  v1 pods a p"),
    ("PATCH", "/api/v1/namespaces/a/pods/p", "patch  v1 pods a p"),
    ("DELETE", "/api/v1/namespaces/a/pods/p", "delete  v1 pods a p"),
    ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection  v1 pods a -"),
    ("GET", "/api/v1/namespaces", "list  v1 namespaces - -"),
    ("GET", "/api/v1/namespaces/a", "get  v1 namespaces a a"),
    ("PUT", "/api/v1/namespaces/a/finalize", "update  v1 namespaces/finalize a a"),
    ("GET", "/api/v1/namespaces/a/status", "get  v1 namespaces/status a a"),
    ("GET", "/api/v1/nodes/n/proxy/logs", "get  v1 nodes/proxy - n"),
    ("GET", "/api/v1/watch/pods", "watch  v1 pods - -"),
    ("GET", "/api/v1/watch/namespaces/a/pods/p", "watch  v1 pods a p"),
    ("GET", "/api/v1/proxy/nodes/n", "proxy  v1 nodes - n"),
    ("GET", "/apis/apps/v1/deployments", "list apps v1 deployments - -"),
    ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale", "patch apps v1 deployments/scale a d"),
    ("GET", "/apis/metrics.k8s.io/v1beta1/nodes/n", "get metrics.k8s.io v1beta1 nodes - n"),
    ("POST", "/api/v1/namespaces/a/serviceaccounts/s/token", "create  v1 serviceaccounts/token a s"),
    ("POST", "/api/v1/namespaces/a/pods/p/eviction", "create  v1 pods/eviction a p"),
    ("GET", "/apis", "get /apis"),
    ("GET", "/apis/apps/v1", "get /apis/apps/v1"),
    ("GET", "/version", "get /version"),
];

fn classify(method: &str, target: &str) -> Attributes {
    let headers = vec![("accept", &b"application/json"[..])];
    let (scheme, authority) = ("https", "target.invalid");
    let raw = RawRequest { method, scheme, authority, path_and_query: target, headers, body: b"" };
    attributes_of(&CanonicalRequest::parse(&raw).expect("a canonical request"))
}

#[test]
fn a_path_is_read_as_the_server_reads_it() {
    for (method, target, wanted) in READ_BY_THE_SERVER {
        let found = match classify(method, target) {
            Attributes::NonResource { verb, path } => format!("{verb} {path}"),
            Attributes::Resource(found) => {
                let dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
                let subresource =
                    if found.subresource.is_empty() { String::new() } else { format!("/{}", found.subresource) };
                let (namespace, name) = (dash(found.namespace), dash(found.name));
                format!(
                    "{} {} {} {}{subresource} {namespace} {name}",
                    found.verb, found.group, found.version, found.resource
                )
            }
        };
        assert_eq!(found, wanted, "{method} {target}");
    }
}

#[track_caller]
fn needs(trust: Trust, method: &str, target: &str, body: &Value) {
    let body = (!body.is_null()).then_some(body);
    let token = Method::from_token(method).expect("a method");
    assert_eq!(trust_of(token, &classify(method, target), body), trust, "{method} {target} {body:?}");
}

#[test]
fn reads_are_reads() {
    for target in [
        "/api/v1/pods",
        "/api/v1/namespaces/a/pods/p/log",
        "/api/v1/namespaces/a/pods/p/status",
        "/apis/apps/v1/namespaces/a/deployments/d/scale",
        "/apis/example.com/v1/widgets",
        "/apis",
        "/api/v1",
        "/version",
        "/healthz",
        "/openapi/v3",
        "/api/v1/secrets",
        "/api/v1/pods?watch=true",
    ] {
        needs(Trust::Read, "GET", target, &Value::Null);
    }
    needs(Trust::Read, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &json!({}));
    needs(Trust::Read, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", &json!({}));
}

#[test]
fn a_get_that_opens_a_connection_is_no_read() {
    for target in [
        "/api/v1/namespaces/a/pods/p/exec",
        "/api/v1/namespaces/a/pods/p/attach",
        "/api/v1/namespaces/a/pods/p/portforward",
        "/api/v1/namespaces/a/pods/p/proxy",
        "/api/v1/namespaces/a/services/s/proxy/x",
        "/api/v1/nodes/n/proxy/run",
        "/api/v1/proxy/nodes/n",
        "/logs/x",
        "/debug/pprof/heap",
        "/metrics",
        "/api",
        "/api/v1/namespaces/a/pods/p/unheard-of",
    ] {
        needs(Trust::Destructive, "GET", target, &Value::Null);
    }
}

#[test]
fn writes_of_known_kinds_are_writes() {
    needs(Trust::Write, "PATCH", "/api/v1/nodes/n", &json!({"spec": {"unschedulable": true}}));
    needs(Trust::Write, "PATCH", "/apis/apps/v1/namespaces/a/deployments/d", &json!({"spec": {"template": {}}}));
    needs(Trust::Write, "PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale", &json!({"spec": {"replicas": 2}}));
    needs(Trust::Write, "POST", "/api/v1/namespaces/a/configmaps", &json!({}));
}

#[test]
fn what_removes_interrupts_grants_or_is_not_known_is_destructive() {
    for (method, target, body) in [
        ("DELETE", "/api/v1/namespaces/a/pods/p", json!({})),
        ("DELETE", "/api/v1/namespaces/a/pods", json!({})),
        ("POST", "/api/v1/namespaces/a/pods/p/eviction", json!({})),
        ("POST", "/api/v1/namespaces/a/serviceaccounts/s/token", json!({})),
        ("PATCH", "/api/v1/namespaces/a", json!({})),
        ("POST", "/api/v1/namespaces", json!({})),
        ("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", json!({})),
        ("PATCH", "/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles/r", json!({})),
        ("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json!({})),
        ("POST", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", json!({})),
        ("PATCH", "/apis/example.com/v1/namespaces/a/widgets/w", json!({})),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale", json!({"spec": {"replicas": 0}})),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale", json!({"spec": {"replicas": null}})),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale", json!({})),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/a/deployments/d/scale",
            json!([{"op": "replace", "path": "/spec/replicas", "value": 0}]),
        ),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d", json!({"spec": {"replicas": 0}})),
        ("PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval", json!({})),
        ("POST", "/version", json!({})),
    ] {
        needs(Trust::Destructive, method, target, &body);
    }
}

#[test]
fn a_read_is_made_by_get_alone() {
    needs(Trust::Read, "GET", "/api/v1/watch/namespaces/a/pods/p", &Value::Null);
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for target in ["/api/v1/watch/pods", "/api/v1/watch/namespaces/a/pods/p", "/apis/apps/v1/watch/deployments"] {
            needs(Trust::Destructive, method, target, &json!({}));
        }
        for target in ["/version", "/apis", "/healthz"] {
            needs(Trust::Destructive, method, target, &json!({}));
        }
    }
}

#[test]
fn a_review_is_posted_to_its_collection() {
    for review in [
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    ] {
        needs(Trust::Read, "POST", review, &json!({}));
        for method in ["PUT", "PATCH", "DELETE"] {
            needs(Trust::Destructive, method, review, &json!({}));
        }
        needs(Trust::Destructive, "POST", &format!("{review}/x"), &json!({}));
        needs(Trust::Destructive, "POST", &format!("{review}/x/y"), &json!({}));
        let (base, resource) = review.rsplit_once('/').expect("a path");
        needs(Trust::Destructive, "POST", &format!("{base}/namespaces/a/{resource}"), &json!({}));
        needs(Trust::Destructive, "POST", &format!("{base}/watch/{resource}"), &json!({}));
    }
    needs(Trust::Destructive, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", &json!({}));
}

#[test]
fn a_subresource_is_written_only_where_that_is_known_to_be_a_write() {
    let pod = "/api/v1/namespaces/a/pods/p";
    let scale = "/apis/apps/v1/namespaces/a/deployments/d/scale";
    for method in ["PUT", "PATCH"] {
        needs(Trust::Write, method, pod, &json!({"spec": {}}));
        needs(Trust::Write, method, &format!("{pod}/status"), &json!({"status": {}}));
        needs(Trust::Write, method, scale, &json!({"spec": {"replicas": 1}}));
        for subresource in ["log", "ephemeralcontainers", "resize", "binding", "eviction", "unheard-of"] {
            needs(Trust::Destructive, method, &format!("{pod}/{subresource}"), &json!({"spec": {}}));
        }
    }
    for subresource in ["log", "ephemeralcontainers", "resize"] {
        needs(Trust::Read, "GET", &format!("{pod}/{subresource}"), &Value::Null);
    }
}

/// Target; a body that is a WRITE there; bodies that are more.
#[test]
fn a_body_may_make_more_of_a_write() {
    let job = "/apis/batch/v1/namespaces/a/jobs/j";
    let cron_job = "/apis/batch/v1/namespaces/a/cronjobs/c";
    let node = "/api/v1/nodes/n";
    let pod = "/api/v1/namespaces/a/pods/p";
    let deployment = "/apis/apps/v1/namespaces/a/deployments/d";
    let taint = |effect: Value| json!({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "k", "effect": effect}]}});
    let table: [(&str, Value, Vec<Value>); 8] = [
        (
            deployment,
            json!({"spec": {"replicas": 1}}),
            [json!(0), json!(null), json!(-1), json!("1"), json!([])]
                .map(|replicas| json!({"spec": {"replicas": replicas}}))
                .to_vec(),
        ),
        (
            deployment,
            json!({"spec": {"template": {"metadata": {"annotations": {"a": "$patch"}}}}}),
            vec![
                json!({"spec": null}),
                json!({"spec": []}),
                json!({"spec": "x"}),
                json!([]),
                json!("x"),
                json!({"$patch": "delete"}),
                json!({"spec": {"$patch": "replace"}}),
                json!({"spec": {"$retainKeys": ["strategy"]}}),
                json!({"spec": {"template": {"spec": {"containers": [{"name": "x", "$patch": "delete"}]}}}}),
                json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}}),
                json!({"spec": {"$setElementOrder/containers": []}}),
            ],
        ),
        (
            job,
            json!({"spec": {"suspend": false, "parallelism": 2}}),
            vec![
                json!({"spec": {"suspend": true}}),
                json!({"spec": {"suspend": null}}),
                json!({"spec": {"suspend": "true"}}),
                json!({"spec": {"parallelism": 0}}),
                json!({"spec": {"parallelism": null}}),
                json!({"spec": {"activeDeadlineSeconds": 1}}),
            ],
        ),
        (cron_job, json!({"spec": {"suspend": true}}), vec![json!({"spec": {"replicas": 0}})]),
        (
            node,
            taint(json!("PreferNoSchedule")),
            vec![
                taint(json!("NoExecute")),
                taint(json!("noexecute")),
                taint(json!(null)),
                json!({"spec": {"taints": [{"key": "k"}]}}),
                json!({"spec": {"taints": ["NoExecute"]}}),
                json!({"spec": {"taints": {"key": "k", "effect": "NoSchedule"}}}),
            ],
        ),
        (node, json!({"spec": {"taints": null, "unschedulable": true}}), vec![json!({"spec": null})]),
        (pod, json!({"metadata": {"labels": {"a": "b"}}}), vec![json!({"spec": {"activeDeadlineSeconds": 1}})]),
        (
            "/api/v1/namespaces/a/secrets/s",
            json!({"type": "Opaque", "data": {}}),
            vec![
                json!({"type": "kubernetes.io/service-account-token", "metadata": {"annotations": {}}}),
                json!({"type": null}),
                json!({"type": ["kubernetes.io/service-account-token"]}),
            ],
        ),
    ];
    for (object, harmless, drastic) in table {
        let (collection, _) = object.rsplit_once('/').expect("a path");
        for (method, target) in [("POST", collection), ("PUT", object), ("PATCH", object)] {
            needs(Trust::Write, method, target, &harmless);
            for body in &drastic {
                needs(Trust::Destructive, method, target, body);
            }
        }
    }
    // Only where it means that.
    needs(Trust::Write, "PATCH", "/api/v1/namespaces/a/configmaps/c", &json!({"type": null, "data": {}}));
}
