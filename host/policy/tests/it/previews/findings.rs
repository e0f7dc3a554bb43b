//! What a preview says of answers.

use super::{JSON, Reply, Write, delete, patch, preview};
use meho_policy::preview::{
    Change, DisruptionBudget, Fate, MAX_CHANGES, Object, Owner, Pods, Preview, Recreation, Unavailable,
};
use serde_json::{Value, json};

const POD: &str = "/api/v1/namespaces/prod/pods/web-1";
const SCALE: &str = "/apis/apps/v1/namespaces/prod/deployments/web/scale";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/prod/deployments/web";
const NODE: &str = "/api/v1/nodes/n1";

/// The questions of each round, as they are sent.
fn asked(write: &Write<'_>, replies: &[Reply]) -> Vec<Vec<String>> {
    let (_, rounds) = preview(write, replies);
    rounds.into_iter().map(|round| round.into_iter().map(|(_, line)| line).collect()).collect()
}

fn of(write: &Write<'_>, replies: &[Reply]) -> Preview {
    preview(write, replies).0
}

fn object(kind: &str, name: &str) -> Object {
    Object { kind: kind.to_owned(), namespace: Some("prod".to_owned()), name: name.to_owned() }
}

fn owner(kind: &str, name: &str) -> Owner {
    Owner { kind: kind.to_owned(), name: name.to_owned() }
}

fn change(pointer: &str, before: Value, after: Value) -> Change {
    Change { pointer: pointer.to_owned(), before, after, is_cut: false }
}

fn reference(api_version: &str, kind: &str, name: &str) -> Value {
    json!([{"apiVersion": api_version, "kind": kind, "name": name, "uid": format!("uid-{name}"), "controller": true}])
}

/// A pod with this owner, and other members.
fn pod(owners: &Value, more: &Value) -> Value {
    let mut pod = json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": "web-1", "namespace": "prod", "uid": "uid-web-1", "labels": {"app": "web"}, "ownerReferences": owners},
        "spec": {"nodeName": "n1"}, "status": {"phase": "Running"},
    });
    for (pointer, value) in more.as_object().expect("members") {
        let (place, name) = pointer.rsplit_once('/').expect("a pointer");
        pod.pointer_mut(place).expect("its place")[name] = value.clone();
    }
    pod
}

fn replica_set(replicas: u32) -> Value {
    json!({
        "kind": "ReplicaSet", "metadata": {"name": "web-abc", "uid": "uid-web-abc", "ownerReferences": reference("apps/v1", "Deployment", "web")},
        "spec": {"replicas": replicas},
    })
}

fn budget(name: &str, selector: &Value, allowed: u32) -> Value {
    json!({"metadata": {"name": name, "namespace": "prod"}, "spec": {"selector": selector}, "status": {"disruptionsAllowed": allowed}})
}

fn list(items: &[Value]) -> Value {
    json!({"metadata": {}, "items": items})
}

const PAGE: &str = "limit=500";

#[test]
fn of_a_pod_that_goes_it_is_asked_what_it_is_what_brings_it_back_and_which_budgets_cover_it() {
    let write = delete(POD, Some(json!({"preconditions": {"uid": "uid-web-1"}})));
    let before = pod(&reference("apps/v1", "ReplicaSet", "web-abc"), &json!({}));
    let mut after = before.clone();
    after["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
    after["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    after["metadata"]["resourceVersion"] = json!("17");
    let budgets = list(&[
        budget("web", &json!({"matchLabels": {"app": "web"}}), 1),
        budget("db", &json!({"matchLabels": {"app": "db"}}), 0),
        budget("all", &json!({}), 0),
        budget("none", &Value::Null, 0),
    ]);
    let replies =
        [("object", 200, before), ("dry-run", 200, after), ("budgets", 200, budgets), ("owner", 200, replica_set(2))];
    let dry = r#"{"dryRun":["All"],"preconditions":{"uid":"uid-web-1"}}"#;
    let first = vec![
        format!("GET {POD}"),
        format!("DELETE {POD} {dry}"),
        format!("GET /apis/policy/v1/namespaces/prod/poddisruptionbudgets?{PAGE}"),
    ];
    let second = vec!["GET /apis/apps/v1/namespaces/prod/replicasets/web-abc".to_owned()];
    assert_eq!(asked(&write, &replies), [first, second]);
    let preview = of(&write, &replies);
    let covers = |name: &str, allowed| DisruptionBudget {
        namespace: Some("prod".to_owned()),
        name: name.to_owned(),
        disruptions_allowed: Some(allowed),
        covers: 1,
    };
    assert_eq!(
        preview,
        Preview {
            changes: vec![change("/metadata/deletionGracePeriodSeconds", Value::Null, json!(30))],
            was_tried: true,
            goes: vec![object("Pod", "web-1")],
            recreated_by: Some(Recreation::Controllers(vec![
                owner("ReplicaSet", "web-abc"),
                owner("Deployment", "web")
            ])),
            disruption_budgets: vec![covers("web", 1), covers("all", 0)],
            ..Preview::default()
        }
    );
}

#[track_caller]
fn check_recreated(pod: Value, owner: Option<Value>, wanted: Option<Recreation>) {
    let mut replies = vec![("object", 200, pod)];
    replies.extend(owner.map(|owner| ("owner", 200, owner)));
    assert_eq!(of(&delete(POD, None), &replies).recreated_by, wanted);
}

#[test]
fn what_makes_a_pod_again_is_told_and_where_nothing_does_why() {
    let nothing = |because| Some(Recreation::Nothing { because });
    let by = |owners: &[(&str, &str)]| {
        Some(Recreation::Controllers(owners.iter().map(|(kind, name)| owner(kind, name)).collect()))
    };
    check_recreated(pod(&json!([]), &json!({})), None, nothing("no controller owns it"));
    // An owner that is no controller makes nothing.
    let mut mere = reference("apps/v1", "ReplicaSet", "web-abc");
    mere[0]["controller"] = json!(false);
    check_recreated(pod(&mere, &json!({})), None, nothing("no controller owns it"));
    let of_set = reference("apps/v1", "ReplicaSet", "web-abc");
    check_recreated(pod(&of_set, &json!({})), None, by(&[("ReplicaSet", "web-abc")]));
    let zero = nothing("its controller wants no pods");
    check_recreated(pod(&of_set, &json!({})), Some(replica_set(0)), zero);
    let mut going = replica_set(1);
    going["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
    check_recreated(pod(&of_set, &json!({})), Some(going), nothing("its controller is being deleted"));
    let mut other = replica_set(1);
    other["metadata"]["uid"] = json!("another");
    let another = nothing("its controller is gone: what has its name is another");
    check_recreated(pod(&of_set, &json!({})), Some(other), another);
    let over = json!({"/status/phase": "Succeeded"});
    let ended = nothing("it has ended, and its controller does not count it any more");
    check_recreated(pod(&of_set, &over), Some(replica_set(1)), ended);
    let of_stateful = reference("apps/v1", "StatefulSet", "db");
    let stateful = json!({"kind": "StatefulSet", "metadata": {"uid": "uid-db"}, "spec": {}});
    check_recreated(pod(&of_stateful, &over), Some(stateful), by(&[("StatefulSet", "db")]));
    let of_daemon = reference("apps/v1", "DaemonSet", "agent");
    let daemon = json!({"kind": "DaemonSet", "metadata": {"uid": "uid-agent"}});
    check_recreated(pod(&of_daemon, &json!({})), Some(daemon), by(&[("DaemonSet", "agent")]));
    let of_job = reference("batch/v1", "Job", "mail-1");
    let job = |conditions: Value| {
        json!({
            "metadata": {"uid": "uid-mail-1", "ownerReferences": reference("batch/v1", "CronJob", "mail")},
            "status": {"conditions": conditions},
        })
    };
    let runs = by(&[("Job", "mail-1"), ("CronJob", "mail")]);
    check_recreated(pod(&of_job, &json!({})), Some(job(json!([]))), runs);
    let complete = json!([{"type": "Complete", "status": "True"}]);
    check_recreated(pod(&of_job, &json!({})), Some(job(complete)), nothing("its Job is over"));
    // A stranger's controller is taken at the pod's word, and is not asked for.
    let of_stranger = reference("example.com/v1", "Widget", "w");
    check_recreated(pod(&of_stranger, &json!({})), None, by(&[("Widget", "w")]));
    let mirror = json!({"/metadata/annotations": {"kubernetes.io/config.mirror": "x"}});
    let kubelet = Recreation::Kubelet { node: Some("n1".to_owned()) };
    check_recreated(pod(&reference("v1", "Node", "n1"), &mirror), None, Some(kubelet));
}

#[test]
fn a_name_that_is_none_leads_nowhere() {
    for name in ["../../secrets/x", "a/b", "", "web?x=1", "Web", "\u{202e}web"] {
        let replies = [("object", 200, pod(&reference("apps/v1", "ReplicaSet", name), &json!({})))];
        assert_eq!(asked(&delete(POD, None), &replies).len(), 1, "{name}");
    }
}

#[test]
fn of_a_deployment_that_goes_all_that_it_owns_goes_and_of_others_nothing() {
    let owned = |kind: &str, name: &str, owners: &[&str]| {
        let owners: Vec<Value> = owners.iter().map(|uid| json!({"uid": uid, "kind": kind})).collect();
        json!({"metadata": {"name": name, "namespace": "prod", "uid": format!("uid-{name}"), "ownerReferences": owners, "labels": {"app": "web"}}})
    };
    let sets = list(&[owned("Deployment", "web-abc", &["uid-web"]), owned("Deployment", "other", &["uid-other"])]);
    let pods = list(&[
        owned("ReplicaSet", "web-abc-1", &["uid-web-abc"]),
        owned("ReplicaSet", "other-1", &["uid-other-set"]),
        // Of two owners one stays, and so does it.
        owned("ReplicaSet", "shared", &["uid-web-abc", "uid-other"]),
        owned("ReplicaSet", "free", &[]),
    ]);
    let deployment = json!({"kind": "Deployment", "metadata": {"name": "web", "uid": "uid-web"}});
    let budgets =
        list(&[budget("web", &json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}), 0)]);
    let status = json!({"kind": "Status", "status": "Success"});
    let replies = [
        ("object", 200, deployment),
        ("dry-run", 200, status),
        ("replicasets", 200, sets),
        ("pods", 200, pods),
        ("budgets", 200, budgets),
    ];
    let preview = of(&delete(DEPLOYMENT, None), &replies);
    let goes = [object("Deployment", "web"), object("ReplicaSet", "web-abc"), object("Pod", "web-abc-1")];
    assert_eq!((preview.goes.as_slice(), preview.orphaned.as_slice()), (&goes[..], &[][..]));
    assert_eq!(preview.disruption_budgets.iter().map(|budget| budget.covers).collect::<Vec<_>>(), [1]);
    assert_eq!((preview.changes, preview.was_tried), (Vec::new(), true));
    assert_eq!(preview.recreated_by, Some(Recreation::Nothing { because: "no controller owns it" }));
    for orphaning in [
        delete("/apis/apps/v1/namespaces/prod/deployments/web?propagationPolicy=Orphan", None),
        delete(DEPLOYMENT, Some(json!({"propagationPolicy": "Orphan"}))),
        delete(DEPLOYMENT, Some(json!({"orphanDependents": true}))),
    ] {
        let preview = of(&orphaning, &replies);
        assert_eq!(preview.goes, [object("Deployment", "web")], "{orphaning:?}");
        assert_eq!(preview.orphaned, [object("ReplicaSet", "web-abc")]);
        assert_eq!(preview.disruption_budgets, []);
    }
}

#[test]
fn a_job_leaves_its_pods_unless_the_deletion_says_otherwise() {
    let target = "/apis/batch/v1/namespaces/prod/jobs/mail";
    let pods = list(&[json!({"metadata": {"name": "mail-1", "uid": "p", "ownerReferences": [{"uid": "uid-mail"}]}})]);
    let job = json!({"kind": "Job", "metadata": {"name": "mail", "uid": "uid-mail"}});
    let replies = [("object", 200, job), ("pods", 200, pods)];
    let preview = of(&delete(target, None), &replies);
    assert_eq!((preview.goes.len(), preview.orphaned), (1, vec![object("Pod", "mail-1")]));
    let preview = of(&delete(target, Some(json!({"propagationPolicy": "Background"}))), &replies);
    assert_eq!((preview.goes.len(), preview.orphaned), (2, Vec::new()));
}

#[test]
fn of_many_that_go_those_are_listed_that_are_selected() {
    let target = "/api/v1/namespaces/prod/pods?labelSelector=app%3Dweb&propagationPolicy=Background";
    let write = delete(target, None);
    let first = asked(&write, &[]).remove(0);
    assert_eq!(first[0], format!("GET /api/v1/namespaces/prod/pods?labelSelector=app%3Dweb&{PAGE}"));
    let items = list(&[json!({"metadata": {"name": "web-1", "namespace": "prod", "labels": {"app": "web"}}})]);
    let mut page = items.clone();
    page["metadata"]["continue"] = json!("more");
    let preview = of(&write, &[("objects", 200, page)]);
    assert_eq!(preview.goes, [object("pods", "web-1")]);
    let told = preview.unavailable.iter().find(|lost| lost.what == "the objects that would go").expect("it is said");
    assert_eq!(told.why, "there are more than 500, and only those were looked at");
}

fn scale(replicas: u32, now: u32) -> Value {
    let spec = if replicas == 0 { json!({}) } else { json!({"replicas": replicas}) };
    json!({
        "kind": "Scale", "metadata": {"name": "web", "resourceVersion": "7"}, "spec": spec,
        "status": {"replicas": now, "selector": "app=web,tier in (a,b)"},
    })
}

#[test]
fn of_a_scale_the_numbers_are_told_and_where_pods_go_whom_that_meets() {
    let up = patch(SCALE, json!({"spec": {"replicas": 5}}));
    let replies = [("object", 200, scale(3, 3)), ("dry-run", 200, scale(5, 3))];
    let only = vec![format!("GET {SCALE}"), format!("PATCH {SCALE}?dryRun=All {{\"spec\":{{\"replicas\":5}}}}")];
    assert_eq!(asked(&up, &replies), [only]);
    let preview = of(&up, &replies);
    assert_eq!(preview.changes, [change("/spec/replicas", json!(3), json!(5))]);
    assert_eq!(preview.pods, Some(Pods { now: 3, is_at_least: false, fate: Fate::Become(5) }));

    let down = patch(SCALE, json!({"spec": {"replicas": 0}}));
    let pods = list(&[json!({"metadata": {"name": "web-1", "labels": {"app": "web"}}})]);
    let budgets = list(&[budget("web", &json!({"matchLabels": {"app": "web"}}), 0)]);
    let replies =
        [("object", 200, scale(3, 3)), ("dry-run", 200, scale(0, 3)), ("pods", 200, pods), ("budgets", 200, budgets)];
    let second = [
        format!("GET /api/v1/namespaces/prod/pods?labelSelector=app%3Dweb%2Ctier%20in%20%28a%2Cb%29&{PAGE}"),
        format!("GET /apis/policy/v1/namespaces/prod/poddisruptionbudgets?{PAGE}"),
    ];
    assert_eq!(asked(&down, &replies)[1], second);
    let preview = of(&down, &replies);
    assert_eq!(preview.changes, [change("/spec/replicas", json!(3), Value::Null)]);
    assert_eq!(preview.pods, Some(Pods { now: 3, is_at_least: false, fate: Fate::Become(0) }));
    assert_eq!(preview.disruption_budgets.len(), 1);
    // Without a dry run the request itself says how many there shall be.
    let preview = of(&down, &[("object", 200, scale(3, 3))]);
    assert_eq!(preview.pods, Some(Pods { now: 3, is_at_least: false, fate: Fate::Become(0) }));
    assert_eq!(of(&down, &[]).pods, None);
}

#[test]
fn another_template_replaces_pods_unless_the_workload_rests() {
    let restart =
        patch(DEPLOYMENT, json!({"spec": {"template": {"metadata": {"annotations": {"example.com/at": "now"}}}}}));
    let deployment = |annotation: Option<&str>, paused: bool| {
        let annotations = annotation.map(|text| json!({"example.com/at": text}));
        json!({
            "kind": "Deployment",
            "metadata": {"generation": if annotation.is_some() { 2 } else { 1 }},
            "spec": {"paused": paused, "template": {"metadata": {"labels": {"app": "web"}, "annotations": annotations}}},
            // It goes on counting meanwhile.
            "status": {"replicas": 4, "observedGeneration": if annotation.is_some() { 9 } else { 8 }},
        })
    };
    let budgets = list(&[budget("web", &json!({"matchLabels": {"app": "web"}}), 1)]);
    let replies = |paused| {
        [
            ("object", 200, deployment(None, paused)),
            ("dry-run", 200, deployment(Some("now"), paused)),
            ("budgets", 200, budgets.clone()),
        ]
    };
    let preview = of(&restart, &replies(false));
    let pointer = "/spec/template/metadata/annotations/example.com~1at";
    assert_eq!(preview.changes, [change(pointer, Value::Null, json!("now"))]);
    assert_eq!(preview.pods, Some(Pods { now: 4, is_at_least: false, fate: Fate::Replaced }));
    assert_eq!(preview.disruption_budgets.iter().map(|budget| budget.covers).collect::<Vec<_>>(), [4]);
    let preview = of(&restart, &replies(true));
    assert_eq!((preview.changes.len(), preview.pods, preview.disruption_budgets), (1, None, Vec::new()));
}

#[test]
fn a_cordon_leaves_the_pods_of_its_node_and_nobody_says_so_of_other_changes() {
    let cordon = patch(NODE, json!({"spec": {"unschedulable": true}}));
    let node = |spec: Value| json!({"kind": "Node", "metadata": {"name": "n1"}, "spec": spec});
    let pods = list(&[json!({"metadata": {"name": "a"}}), json!({"metadata": {"name": "b"}})]);
    let replies =
        |after: Value| [("object", 200, node(json!({}))), ("dry-run", 200, node(after)), ("pods", 200, pods.clone())];
    assert_eq!(
        asked(&cordon, &replies(json!({})))[0][2],
        format!("GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn1&{PAGE}")
    );
    let preview = of(&cordon, &replies(json!({"unschedulable": true})));
    assert_eq!(preview.changes, [change("/spec/unschedulable", Value::Null, json!(true))]);
    assert_eq!(preview.pods, Some(Pods { now: 2, is_at_least: false, fate: Fate::Stay }));
    let tainted = json!({"unschedulable": true, "taints": [{"effect": "NoExecute", "key": "a"}]});
    let preview = of(&cordon, &replies(tainted));
    assert_eq!(preview.pods.map(|pods| pods.fate), Some(Fate::Unknown));
    assert_eq!(of(&cordon, &[("pods", 200, pods.clone())]).pods.map(|pods| pods.fate), Some(Fate::Unknown));
    let preview = of(&delete(NODE, None), &[("pods", 200, pods)]);
    assert_eq!(preview.pods.map(|pods| pods.fate), Some(Fate::Go));
}

#[test]
fn what_could_not_be_asked_is_named_with_the_right_that_it_takes() {
    let forbidden = json!({"kind": "Status", "message": "pods \"web-1\" is forbidden"});
    let replies =
        [("object", 403, forbidden.clone()), ("dry-run", 403, forbidden.clone()), ("budgets", 403, forbidden)];
    let preview = of(&delete(POD, None), &replies);
    let says = Some("pods \"web-1\" is forbidden".to_owned());
    let lost = |what, why: &str| Unavailable { what, why: why.to_owned(), target_says: says.clone() };
    assert_eq!(
        preview.unavailable,
        [
            lost("the object as it is", "the credential may not get pods in namespace prod"),
            lost(
                "what it would change",
                "the target refuses it as a dry run, with 403, and would refuse the write as well"
            ),
            lost("disruption budgets", "the credential may not list poddisruptionbudgets.policy in namespace prod"),
        ]
    );
    // What goes is known from the request alone.
    assert_eq!((preview.goes, preview.recreated_by), (vec![object("pods", "web-1")], None));
}

#[test]
fn answers_that_are_none_are_no_findings() {
    let write = delete(POD, None);
    for (status, body) in
        [(200, json!("text")), (200, json!([])), (302, json!({})), (500, json!({})), (429, json!({"message": 7}))]
    {
        let replies = [("object", status, body.clone()), ("dry-run", status, body.clone()), ("budgets", status, body)];
        let preview = of(&write, &replies);
        assert_eq!((preview.unavailable.len(), preview.was_tried, preview.recreated_by), (3, false, None));
    }
    // Well-formed, and of the wrong types all the way down.
    let wrong = json!({"kind": 1, "metadata": {"uid": [], "ownerReferences": [7, {"controller": true}], "labels": "x"}, "items": {}});
    let replies = [("object", 200, wrong.clone()), ("dry-run", 200, wrong.clone()), ("budgets", 200, wrong)];
    assert_eq!(of(&write, &replies).changes, []);
    let mut previewing = write.previewing();
    for question in previewing.questions() {
        previewing.read(&question, 200, b"{\"metadata\":");
        previewing.unheard(&question, "no answer came");
    }
    assert_eq!(previewing.preview().unavailable.len(), 6);
}

#[test]
fn changes_are_bounded_and_long_values_are_cut() {
    let object = |count: usize, text: &str| {
        let labels: serde_json::Map<String, Value> = (0..count).map(|at| (format!("l{at:03}"), json!(text))).collect();
        json!({"kind": "ConfigMap", "metadata": {"labels": labels}})
    };
    let write = patch("/api/v1/namespaces/prod/configmaps/c", json!({"data": {}}));
    let preview = of(&write, &[("object", 200, object(0, "")), ("dry-run", 200, object(70, &"x".repeat(5000)))]);
    assert_eq!((preview.changes.len(), preview.changes_left_out), (MAX_CHANGES, 70 - MAX_CHANGES));
    let first = &preview.changes[0];
    assert_eq!((first.pointer.as_str(), first.is_cut), ("/metadata/labels/l000", true));
    assert!(first.after.as_str().is_some_and(|text| text.chars().count() == 301 && text.ends_with('…')));
}

#[test]
fn a_key_may_be_long_and_a_pointer_is_not() {
    let object = |keys: Value| json!({"kind": "ConfigMap", "data": keys});
    let write = patch("/api/v1/namespaces/prod/configmaps/c", json!({"data": {}}));
    let preview =
        of(&write, &[("object", 200, object(json!({}))), ("dry-run", 200, object(json!({"ü".repeat(9000): "x"})))]);
    let [change] = &preview.changes[..] else { panic!("one change: {preview:?}") };
    assert!(
        change.is_cut && change.pointer.chars().count() == 501 && change.pointer.starts_with("/data/üü"),
        "{change:?}"
    );
}

#[test]
fn that_a_namespace_takes_everything_with_it_is_said() {
    let namespace = json!({"kind": "Namespace", "metadata": {"name": "prod", "uid": "u"}});
    let write = delete("/api/v1/namespaces/prod", None);
    assert_eq!(asked(&write, &[])[0], ["GET /api/v1/namespaces/prod", "DELETE /api/v1/namespaces/prod?dryRun=All"]);
    let preview = of(&write, &[("object", 200, namespace.clone()), ("dry-run", 200, namespace)]);
    assert_eq!(preview.goes, [Object { kind: "Namespace".to_owned(), namespace: None, name: "prod".to_owned() }]);
    let told: Vec<&str> = preview.unavailable.iter().map(|lost| lost.why.as_str()).collect();
    assert_eq!(told, ["everything that is in the namespace goes with it, and was not looked at"]);
}

#[test]
fn an_evicted_pod_is_a_pod_that_goes_and_what_a_strangers_kind_owns_is_looked_for() {
    let eviction = Write {
        method: "Post",
        target: "/api/v1/namespaces/prod/pods/web-1/eviction",
        body: Some((JSON, json!({"metadata": {"name": "web-1"}}))),
    };
    let preview = of(&eviction, &[("object", 200, pod(&json!([]), &json!({})))]);
    assert_eq!((preview.goes, preview.was_tried), (vec![object("Pod", "web-1")], false));
    let widget = delete("/apis/example.com/v1/namespaces/prod/widgets/w", None);
    let base = |group: &str, resource: &str| format!("GET {group}/namespaces/prod/{resource}?{PAGE}");
    let wanted = [
        "GET /apis/example.com/v1/namespaces/prod/widgets/w".to_owned(),
        base("/apis/apps/v1", "replicasets"),
        base("/apis/batch/v1", "jobs"),
        base("/api/v1", "pods"),
        base("/apis/policy/v1", "poddisruptionbudgets"),
    ];
    assert_eq!(asked(&widget, &[]), [wanted]);
}

#[test]
fn of_an_object_that_is_made_all_its_members_are_changes() {
    let write = Write {
        method: "Post",
        target: "/api/v1/namespaces/prod/configmaps",
        body: Some((JSON, json!({"data": {"a": "b"}}))),
    };
    let made = json!({
        "kind": "ConfigMap", "metadata": {"name": "c", "uid": "u", "creationTimestamp": "now", "managedFields": [{}]}, "data": {"a": "b"},
    });
    let preview = of(&write, &[("dry-run", 201, made)]);
    let pointers: Vec<&str> = preview.changes.iter().map(|change| change.pointer.as_str()).collect();
    assert_eq!(pointers, ["/data/a", "/kind", "/metadata/name"]);
}

#[test]
fn no_value_of_a_secret_is_in_a_preview() {
    let secret = |value: &str| {
        let copy = format!("{{\"data\":{{\"a\":\"{value}\"}}}}");
        json!({
            "kind": "Secret", "data": {"a": value}, "stringData": {"b": value},
            "metadata": {"labels": {"l": value.len()}, "annotations": {"kubectl.kubernetes.io/last-applied-configuration": copy}},
        })
    };
    let target = "/api/v1/namespaces/prod/secrets/s";
    let write = patch(target, json!({"data": {"a": "Y2FuYXJ5"}}));
    let quoting = json!({"message": "Invalid value: Y2FuYXJ5"});
    let preview = of(&write, &[("object", 200, secret("Y2FuYXJ5")), ("dry-run", 200, secret("Y2FuYXJ5LTI="))]);
    let shown = serde_json::to_string(&preview).expect("JSON");
    assert!(!shown.contains("Y2FuYXJ5"), "{shown}");
    assert_eq!(preview.changes, [change("/metadata/labels/l", json!(8), json!(12))]);
    assert!(preview.unavailable.iter().any(|lost| lost.why == "values of a Secret are not compared, and not shown"));
    for dry in [422, 403] {
        let preview = of(&write, &[("object", 403, quoting.clone()), ("dry-run", dry, quoting.clone())]);
        assert!(preview.unavailable.iter().all(|lost| lost.target_says.is_none()), "{preview:?}");
    }
}

#[test]
fn selectors_select_as_kubernetes_reads_them() {
    let covers = |selector: Value| {
        let replies =
            [("object", 200, pod(&json!([]), &json!({}))), ("budgets", 200, list(&[budget("b", &selector, 0)]))];
        !of(&delete(POD, None), &replies).disruption_budgets.is_empty()
    };
    let expression = |key: &str, operator: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
    for selector in [
        json!({}),
        json!({"matchLabels": {"app": "web"}, "matchExpressions": null}),
        expression("app", "In", json!(["db", "web"])),
        expression("app", "NotIn", json!(["db"])),
        expression("tier", "NotIn", json!(["web"])),
        expression("app", "Exists", Value::Null),
        expression("tier", "DoesNotExist", json!([])),
    ] {
        assert!(covers(selector.clone()), "{selector}");
    }
    for selector in [
        Value::Null,
        json!("app=web"),
        json!({"matchLabels": {"app": "db"}}),
        json!({"matchLabels": {"app": "web", "tier": "a"}}),
        json!({"matchLabels": {"app": 1}}),
        json!({"matchLabels": []}),
        json!({"app": "web"}),
        expression("app", "In", json!(["db"])),
        expression("app", "NotIn", json!(["web"])),
        expression("tier", "In", json!(["web"])),
        expression("tier", "Exists", Value::Null),
        expression("app", "DoesNotExist", Value::Null),
        expression("app", "Is", json!(["web"])),
    ] {
        assert!(!covers(selector.clone()), "{selector}");
    }
}
