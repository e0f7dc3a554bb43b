//! Rights: an operation works with exactly the rules that are derived from its effects, is denied without any that is required, and says what it could
//! not read without one that is not.

use crate::embedded::{Caller, embedded, own_warnings, yes};
use crate::objects::{pending_pod, running_pod, still_deployment};
use meho_control_plane::{Cluster, NODE_BY_HAND, Namespace, Rule, User};
use meho_host::error::ErrorCode;
use meho_host::policy::rbac::{Right, Rights, rights};
use serde_json::{Value, json};
use std::collections::BTreeSet;

both![
    with_all_its_rights_an_operation_is_complete_and_without_a_required_one_it_is_denied,
    without_an_optional_right_an_operation_works_and_says_what_is_lost,
    a_list_of_all_namespaces_wants_a_right_that_is_of_no_namespace,
];

/// What comes of a call that lacks an optional right.
#[derive(Debug, Clone, Copy)]
enum Without {
    /// An answer that is not complete, with a warning that begins so.
    Warns(&'static str),
    /// NOT_FOUND, with a hint that begins so: the name that was given is not there, and others were not looked for.
    Hints(&'static str),
}

/// A call that needs one of its optional rights.
struct Case {
    operation: &'static str,
    arguments: Value,
    right: (&'static str, &'static str, &'static str),
    without: Without,
}

/// The rights that follow from an operation's effects.
pub(crate) fn derived(operation: &str) -> Rights {
    let operation = embedded().connector.catalogue().operation(operation).expect("the operation");
    rights(&operation.effects, &operation.arguments)
}

/// A rule for each right.
pub(crate) fn rules<'r>(rights: impl Iterator<Item = &'r Right>) -> Vec<Rule> {
    rights.map(|right| Rule::new(&right.api_group, &right.resource, &[&right.verb])).collect()
}

/// What an operation is about, and so where the rights to it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Namespace,
    Cluster,
}

fn reach(operation: &str) -> Reach {
    match operation {
        "list_nodes" | "get_node" | "list_namespaces" | "get_namespace" => Reach::Cluster,
        _ => Reach::Namespace,
    }
}

/// Somebody with these rights and no others, where the operation is about, who says yes to what needs it.
#[track_caller]
fn somebody(
    cluster: &Cluster,
    namespace: &Namespace,
    operation: &str,
    name: &str,
    rights: &BTreeSet<Right>,
) -> (Caller, User) {
    let rules = rules(rights.iter());
    let user = match reach(operation) {
        Reach::Namespace => namespace.user(name, &rules),
        Reach::Cluster => namespace.cluster_user(name, &rules),
    };
    let user = user.expect("a user");
    (Caller::user(cluster, &user).asking(yes()), user)
}

/// What is in the namespace: a pod that runs, one that waits, a Deployment. Of a node it is known what it uses.
fn populate(namespace: &Namespace) {
    let usage = json!({"cpu": "1", "memory": "1Gi"});
    namespace.cluster().node_uses(NODE_BY_HAND, &usage).expect("metrics");
    running_pod(namespace, "web-1", &["app"]);
    pending_pod(namespace, "idle");
    still_deployment(namespace, "front", 1);
}

/// A call of each operation that succeeds, and needs none of its optional rights to find what it is about.
fn calls(namespace: &Namespace) -> Vec<(&'static str, Value)> {
    let place = || json!({"namespace": namespace.name()});
    let of = |name: &str| json!({"namespace": namespace.name(), "name": name});
    vec![
        ("list_pods", place()),
        ("get_pod", of("web-1")),
        ("get_pod_logs", json!({"namespace": namespace.name(), "name": "web-1", "container": "app"})),
        ("list_nodes", json!({})),
        ("get_node", json!({"name": NODE_BY_HAND})),
        ("list_namespaces", json!({})),
        ("get_namespace", json!({"name": namespace.name()})),
        ("list_deployments", place()),
        ("scale_deployment", json!({"namespace": namespace.name(), "name": "front", "replicas": 1})),
        ("list_services", place()),
        ("list_endpoints", place()),
        ("list_pvcs", place()),
        ("list_events", place()),
    ]
}

fn with_all_its_rights_an_operation_is_complete_and_without_a_required_one_it_is_denied(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let mut denied = 0;
    for (operation, arguments) in calls(&namespace) {
        let Rights { required, optional } = derived(operation);
        let all: BTreeSet<Right> = required.union(&optional).cloned().collect();
        let name = operation.replace('_', "-");
        let somebody =
            |as_whom: String, rights: &BTreeSet<Right>| somebody(cluster, &namespace, operation, &as_whom, rights);
        let (caller, _user) = somebody(format!("{name}-all"), &all);
        caller.data(operation, arguments.clone());
        // What is required is enough for an answer.
        let (caller, _user) = somebody(format!("{name}-required"), &required);
        caller.answer(operation, arguments.clone());
        for (number, missing) in required.iter().enumerate() {
            let mut others = all.clone();
            others.remove(missing);
            let (caller, _user) = somebody(format!("{name}-without-{number}"), &others);
            let error = caller.refused(ErrorCode::PermissionDenied, operation, arguments.clone());
            let said = ["api_group", "resource", "verb"].map(|member| error.details[member].clone());
            assert_eq!(said, [&missing.api_group, &missing.resource, &missing.verb].map(|text| json!(text)));
            let role = match reach(operation) {
                Reach::Namespace => format!("a Role in namespace {namespace}"),
                Reach::Cluster => "a ClusterRole".to_owned(),
            };
            let place = (reach(operation) == Reach::Namespace).then(|| json!(namespace.name()));
            assert_eq!(error.details.get("namespace"), place.as_ref());
            let rule = format!(
                r#"{role} with the rule apiGroups: ["{}"], resources: ["{}"], verbs: ["{}"] would allow it"#,
                missing.api_group, missing.resource, missing.verb
            );
            assert_eq!(error.hint, rule);
            denied += 1;
        }
    }
    assert_eq!(denied, 13);
}

fn without_an_optional_right_an_operation_works_and_says_what_is_lost(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    populate(&namespace);
    let empty = cluster.namespace().expect("an empty namespace");
    let of = |name: &str| json!({"namespace": namespace.name(), "name": name});
    let scale = |name: &str| json!({"namespace": namespace.name(), "name": name, "replicas": 1});
    let pods_list = ("", "pods", "list");
    let lists = ["list_pods", "list_deployments", "list_services", "list_endpoints", "list_pvcs", "list_events"];
    let unsure = lists.map(|operation| Case {
        operation,
        arguments: json!({"namespace": empty.name()}),
        right: ("", "namespaces", "get"),
        without: Without::Warns("whether the namespace "),
    });
    let others = [
        Case {
            operation: "get_node",
            arguments: json!({"name": NODE_BY_HAND}),
            right: ("metrics.k8s.io", "nodes", "get"),
            without: Without::Warns("what the node uses could not be read: nodes.metrics.k8s.io "),
        },
        Case {
            operation: "get_node",
            arguments: json!({"name": "node-by-han"}),
            right: ("", "nodes", "list"),
            without: Without::Hints("names that begin with node-by-han were not looked for: nodes is forbidden"),
        },
        Case {
            operation: "get_namespace",
            arguments: json!({"name": "kube-sys"}),
            right: ("", "namespaces", "list"),
            without: Without::Hints("names that begin with kube-sys were not looked for: namespaces is forbidden"),
        },
        Case {
            operation: "list_endpoints",
            arguments: json!({"namespace": namespace.name()}),
            right: ("discovery.k8s.io", "endpointslices", "list"),
            without: Without::Warns("EndpointSlices could not be read, so the rows know of Endpoints only: "),
        },
        Case {
            operation: "get_pod",
            arguments: of("web-1"),
            right: ("", "events", "list"),
            without: Without::Warns("events could not be read: events is forbidden"),
        },
        Case {
            operation: "get_pod",
            arguments: of("web"),
            right: pods_list,
            without: Without::Hints("names that begin with web were not looked for: pods is forbidden"),
        },
        Case {
            operation: "get_pod_logs",
            arguments: of("web-1"),
            right: ("", "pods", "get"),
            without: Without::Warns("the pod itself could not be read, only its logs: pods \"web-1\" is forbidden"),
        },
        Case {
            operation: "get_pod_logs",
            arguments: of("web"),
            right: pods_list,
            without: Without::Hints("names that begin with web were not looked for: pods is forbidden"),
        },
        Case {
            operation: "scale_deployment",
            arguments: scale("front"),
            right: ("apps", "deployments/scale", "get"),
            without: Without::Warns("the number of replicas before could not be read: "),
        },
        Case {
            operation: "scale_deployment",
            arguments: scale("front"),
            right: ("autoscaling", "horizontalpodautoscalers", "list"),
            without: Without::Warns("whether an autoscaler targets this Deployment could not be looked up: "),
        },
        Case {
            operation: "scale_deployment",
            arguments: scale("fron"),
            right: ("apps", "deployments", "list"),
            without: Without::Hints("names like fron were not looked for: deployments.apps is forbidden"),
        },
    ];
    let cases: Vec<Case> = unsure.into_iter().chain(others).collect();
    for (number, case) in cases.iter().enumerate() {
        let Rights { required, optional } = derived(case.operation);
        let missing =
            |right: &&Right| (right.api_group.as_str(), right.resource.as_str(), right.verb.as_str()) == case.right;
        assert_eq!(optional.iter().filter(missing).count(), 1, "{:?} is not optional: {optional:?}", case.right);
        let others: BTreeSet<Right> =
            required.iter().chain(optional.iter().filter(|right| !missing(right))).cloned().collect();
        let place = if case.arguments["namespace"] == empty.name() { &empty } else { &namespace };
        let (caller, _user) = somebody(cluster, place, case.operation, &format!("without-{number}"), &others);
        match case.without {
            Without::Warns(words) => {
                let (_, meta) = caller.answer(case.operation, case.arguments.clone());
                assert!(!meta.complete, "{}: {meta:?}", case.operation);
                assert!(matches!(own_warnings(&meta), [one] if one.starts_with(words)), "{words:?}: {meta:?}");
            }
            Without::Hints(words) => {
                let error = caller.refused(ErrorCode::NotFound, case.operation, case.arguments.clone());
                assert!(error.hint.starts_with(words), "{words:?}: {error:?}");
            }
        }
    }
    // There is a case for each.
    for (operation, _) in calls(&namespace) {
        let covered = cases.iter().filter(|case| case.operation == operation).count();
        assert_eq!(covered, derived(operation).optional.len(), "{operation}: {:?}", derived(operation).optional);
    }
}

fn a_list_of_all_namespaces_wants_a_right_that_is_of_no_namespace(cluster: &Cluster) {
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    for operation in ["list_pods", "list_deployments", "list_services", "list_endpoints", "list_pvcs", "list_events"] {
        let Rights { required, .. } = derived(operation);
        let name = operation.replace('_', "-");
        let (inside, _user) = somebody(cluster, &namespace, operation, &format!("{name}-inside"), &required);
        inside.answer(operation, json!({"namespace": namespace.name()}));
        let error = inside.refused(ErrorCode::PermissionDenied, operation, json!({}));
        assert!(error.hint.starts_with("a ClusterRole with the rule "), "{error:?}");
        let user = namespace.cluster_user(&format!("{name}-everywhere"), &rules(required.iter())).expect("a user");
        // Without the right to read slices an answer is not complete.
        Caller::user(cluster, &user).answer(operation, json!({}));
    }
}
