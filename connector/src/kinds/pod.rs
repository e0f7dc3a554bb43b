//! Pods.

use crate::kind::Kind;
use crate::kinds::pod_template::{self, PORTS, RESOURCES};
use crate::metadata::{CONDITIONS, METADATA, conditions, head};
use crate::node::Shape::{Flag, Int, List, Object, Text};
use crate::node::{Node, Shape};
use crate::pod_status::{PodColumns, columns};
use crate::resource::{CORE, Resource};
use crate::row::Row;

/// Pods.
pub struct Pod;

pub(crate) const CONTAINERS: Shape = List(&Object(&[
    ("name", Text),
    ("image", Text),
    ("ports", PORTS),
    ("resources", RESOURCES),
    ("restartPolicy", Text),
]));

const STATE: Shape = Object(&[
    ("running", Object(&[("startedAt", Text)])),
    ("waiting", Object(&[("reason", Text), ("message", Text)])),
    (
        "terminated",
        Object(&[
            ("exitCode", Int),
            ("signal", Int),
            ("reason", Text),
            ("message", Text),
            ("startedAt", Text),
            ("finishedAt", Text),
        ]),
    ),
]);

pub(crate) const STATUSES: Shape = List(&Object(&[
    ("name", Text),
    ("imageID", Text),
    ("containerID", Text),
    ("ready", Flag),
    ("restartCount", Int),
    ("started", Flag),
    ("state", STATE),
    ("lastState", STATE),
]));

/// Where they are kept.
pub(crate) const PODS: Resource = Resource::namespaced("Pod", CORE, "pods").found().told_by_uid();

impl Kind for Pod {
    const RESOURCE: Resource = PODS;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("nodeName", Text),
                ("serviceAccountName", Text),
                ("containers", CONTAINERS),
                ("initContainers", CONTAINERS),
            ]),
        ),
        (
            "status",
            Object(&[
                ("phase", Text),
                ("reason", Text),
                ("message", Text),
                ("hostIP", Text),
                ("podIP", Text),
                ("podIPs", List(&Object(&[("ip", Text)]))),
                ("startTime", Text),
                ("qosClass", Text),
                ("conditions", CONDITIONS),
                ("containerStatuses", STATUSES),
                ("initContainerStatuses", STATUSES),
            ]),
        ),
    ]);

    fn row(pod: &Node<'_>, row: &mut Row<'_>) {
        pod_row(pod, &|_, _, _| {}, row);
    }
}

/// Says more of a container than a list does. It is told the list that the container stands in, and its row in that list.
pub(crate) type More<'m> = &'m dyn Fn(&str, &Node<'_>, &mut Row<'_>);

/// The row of a pod, with more of each of its containers.
pub(crate) fn pod_row(pod: &Node<'_>, more: More<'_>, row: &mut Row<'_>) {
    let (metadata, spec, status) = (pod.part("metadata"), pod.part("spec"), pod.part("status"));
    let columns = columns(pod);
    head(row, &metadata);
    row.text("status", &columns.status);
    row.text("ready", &columns.ready);
    row.int("restarts", columns.restarts);
    row.text_or_null("phase", status.filled("phase"));
    row.text_or_null("reason", status.filled("reason"));
    row.untrusted("message", status.filled("message"));
    row.text_or_null("host_ip", status.filled("hostIP"));
    row.text_or_null("pod_ip", status.filled("podIP"));
    row.texts("pod_ips", status.items("podIPs").iter().filter_map(|address| address.text("ip")));
    row.time("start_time", status.text("startTime"));
    row.text_or_null("node_name", spec.filled("nodeName"));
    row.text_or_null("service_account", spec.filled("serviceAccountName"));
    states(pod, more, row);
    row.text_or_null("qos_class", status.filled("qosClass"));
}

/// What a pod's containers and its conditions are at.
fn states(pod: &Node<'_>, more: More<'_>, row: &mut Row<'_>) {
    let status = pod.part("status");
    containers(pod, "containers", ("containers", "containerStatuses"), more, row);
    containers(pod, "init_containers", ("initContainers", "initContainerStatuses"), more, row);
    conditions(row, status.member("conditions"));
}

/// The containers of one list, each joined by name to its status where the kubelet has reported one.
pub(crate) fn containers(
    pod: &Node<'_>,
    name: &'static str,
    (list, statuses): (&str, &str),
    more: More<'_>,
    row: &mut Row<'_>,
) {
    let (spec, status) = (pod.part("spec"), pod.part("status"));
    row.list(name, spec.member(list), |row, spec| {
        let nothing = status.member(statuses).node().item();
        let reported = status.items(statuses).iter().find(|status| status.text("name") == spec.text("name"));
        container(row, spec, reported, &nothing);
        more(list, spec, row);
    });
}

/// A pod beside something else: no more than what tells how it is.
pub(crate) fn how_it_is(pod: &Node<'_>, columns: &PodColumns, row: &mut Row<'_>) {
    let (metadata, spec, status) = (pod.part("metadata"), pod.part("spec"), pod.part("status"));
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text("uid", metadata.text("uid").unwrap_or_default());
    row.text("status", &columns.status);
    row.text("ready", &columns.ready);
    row.int("restarts", columns.restarts);
    row.text_or_null("phase", status.filled("phase"));
    row.text_or_null("reason", status.filled("reason"));
    row.untrusted("message", status.filled("message"));
    row.text_or_null("node_name", spec.filled("nodeName"));
    row.time("created", metadata.text("creationTimestamp"));
    row.time("deletion_timestamp", metadata.text("deletionTimestamp"));
    states(pod, &|_, _, _| {}, row);
}

fn container(row: &mut Row<'_>, spec: &Node<'_>, reported: Option<&Node<'_>>, nothing: &Node<'_>) {
    row.text("name", spec.text("name").unwrap_or_default());
    row.text_or_null("image", spec.filled("image"));
    pod_template::ports(row, spec);
    pod_template::resources(row, spec);
    let status = reported.unwrap_or(nothing);
    row.flag_if("ready", reported.map(|status| status.is("ready")));
    row.int_if("restart_count", reported.map(|status| status.count("restartCount")));
    row.flag_or_null_if("started", reported.map(|status| status.flag("started")));
    state(row, &status.part("state"));
    row.object_if("last_state", status.part("lastState").member("terminated"), terminated);
}

/// Which member of a container's state is set, and what it says.
fn state(row: &mut Row<'_>, state: &Node<'_>) {
    let (running, waiting, ended) = (state.part("running"), state.part("waiting"), state.part("terminated"));
    let name = if !running.is_missing() {
        Some("running")
    } else if !waiting.is_missing() {
        Some("waiting")
    } else if !ended.is_missing() {
        Some("terminated")
    } else {
        None
    };
    row.word_if("state", &["running", "waiting", "terminated"], name);
    row.time_if("started_at", (name == Some("running")).then(|| running.text("startedAt")));
    let is_waiting = name == Some("waiting");
    row.text_if("waiting_reason", is_waiting.then(|| waiting.filled("reason")));
    row.untrusted_if("waiting_message", waiting.filled("message").filter(|_| is_waiting));
    let has_ended = name == Some("terminated");
    row.int_if("exit_code", has_ended.then(|| ended.count("exitCode")));
    row.text_if("terminated_reason", has_ended.then(|| ended.filled("reason")));
    row.time_if("finished_at", has_ended.then(|| ended.text("finishedAt")));
}

/// How a container ended.
pub(crate) fn terminated(row: &mut Row<'_>, ended: &Node<'_>) {
    row.int("exit_code", ended.count("exitCode"));
    row.int_or_null("signal", ended.int("signal").filter(|signal| *signal != 0));
    row.text_or_null("reason", ended.filled("reason"));
    row.untrusted("message", ended.filled("message"));
    row.time("started_at", ended.text("startedAt"));
    row.time("finished_at", ended.text("finishedAt"));
}
