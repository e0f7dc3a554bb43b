//! What a pod is made from: its spec, or the template of a workload. Containers with their probes, what they take in and where volumes are put; what decides
//! where a pod may run. Values of environment variables are not read: they may be secrets.

use crate::node::Shape::{Flag, Int, IntOrText, List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::row::Row;

/// What is read of a port of a container.
pub(crate) const PORTS: Shape = List(&Object(&[("name", Text), ("containerPort", Int), ("protocol", Text)]));
/// What is read of the amounts that a container asks for.
pub(crate) const RESOURCES: Shape = Object(&[("requests", Pairs), ("limits", Pairs)]);
/// A list of objects that only have a name.
const NAMES: Shape = List(&Object(&[("name", Text)]));

const PROBE: Shape = Object(&[
    ("httpGet", Object(&[("scheme", Text), ("host", Text), ("port", IntOrText), ("path", Text)])),
    ("tcpSocket", Object(&[("host", Text), ("port", IntOrText)])),
    ("grpc", Object(&[("port", Int), ("service", Text)])),
    ("exec", Object(&[("command", List(&Text))])),
    ("initialDelaySeconds", Int),
    ("timeoutSeconds", Int),
    ("periodSeconds", Int),
    ("successThreshold", Int),
    ("failureThreshold", Int),
]);

/// Where the value of an environment variable comes from, for each type the members that say what it is.
const VALUE_FROM: Shape = Object(&[
    ("configMapKeyRef", Object(&[("name", Text), ("key", Text), ("optional", Flag)])),
    ("secretKeyRef", Object(&[("name", Text), ("key", Text), ("optional", Flag)])),
    ("fieldRef", Object(&[("fieldPath", Text)])),
    ("resourceFieldRef", Object(&[("containerName", Text), ("resource", Text)])),
    ("fileKeyRef", Object(&[("volumeName", Text), ("key", Text), ("optional", Flag)])),
]);

const CONTAINER: Shape = Object(&[
    ("name", Text),
    ("image", Text),
    ("imagePullPolicy", Text),
    ("restartPolicy", Text),
    ("targetContainerName", Text),
    ("command", List(&Text)),
    ("args", List(&Text)),
    ("ports", PORTS),
    ("resources", RESOURCES),
    ("livenessProbe", PROBE),
    ("readinessProbe", PROBE),
    ("startupProbe", PROBE),
    ("env", List(&Object(&[("name", Text), ("valueFrom", VALUE_FROM)]))),
    (
        "envFrom",
        List(&Object(&[
            ("prefix", Text),
            ("configMapRef", Object(&[("name", Text), ("optional", Flag)])),
            ("secretRef", Object(&[("name", Text), ("optional", Flag)])),
        ])),
    ),
    ("volumeMounts", List(&Object(&[("name", Text), ("mountPath", Text), ("subPath", Text), ("readOnly", Flag)]))),
]);

/// A volume: its name, and for each type the member that says where it comes from.
const VOLUME: Shape = Object(&[
    ("name", Text),
    ("configMap", Object(&[("name", Text)])),
    ("secret", Object(&[("secretName", Text)])),
    ("persistentVolumeClaim", Object(&[("claimName", Text)])),
    ("emptyDir", Object(&[("medium", Text)])),
    ("hostPath", Object(&[("path", Text)])),
    ("projected", Object(&[])),
    ("downwardAPI", Object(&[])),
    ("ephemeral", Object(&[])),
    ("csi", Object(&[("driver", Text)])),
    ("image", Object(&[("reference", Text)])),
    ("nfs", Object(&[("server", Text)])),
    ("iscsi", Object(&[("targetPortal", Text)])),
    ("fc", Object(&[])),
    ("awsElasticBlockStore", Object(&[("volumeID", Text)])),
    ("azureDisk", Object(&[("diskName", Text)])),
    ("azureFile", Object(&[("shareName", Text)])),
    ("gcePersistentDisk", Object(&[("pdName", Text)])),
    ("vsphereVolume", Object(&[("volumePath", Text)])),
    ("portworxVolume", Object(&[("volumeID", Text)])),
    ("cephfs", Object(&[("path", Text)])),
    ("rbd", Object(&[("image", Text)])),
    ("glusterfs", Object(&[("path", Text)])),
    ("cinder", Object(&[("volumeID", Text)])),
    ("flexVolume", Object(&[("driver", Text)])),
]);

/// What is read of tolerations.
pub(crate) const TOLERATIONS: Shape =
    List(&Object(&[("key", Text), ("operator", Text), ("value", Text), ("effect", Text), ("tolerationSeconds", Int)]));

const AFFINITY: Shape =
    Object(&[("nodeAffinity", Object(&[])), ("podAffinity", Object(&[])), ("podAntiAffinity", Object(&[]))]);

/// What is read of the spec of a pod.
pub(crate) const POD_SPEC: Shape = Object(&[
    ("containers", List(&CONTAINER)),
    ("initContainers", List(&CONTAINER)),
    ("ephemeralContainers", List(&CONTAINER)),
    ("volumes", List(&VOLUME)),
    ("serviceAccountName", Text),
    ("imagePullSecrets", NAMES),
    ("restartPolicy", Text),
    ("terminationGracePeriodSeconds", Int),
    ("priorityClassName", Text),
    ("priority", Int),
    ("runtimeClassName", Text),
    ("hostNetwork", Flag),
    ("dnsPolicy", Text),
    ("schedulerName", Text),
    ("schedulingGates", NAMES),
    ("readinessGates", List(&Object(&[("conditionType", Text)]))),
    ("nodeSelector", Pairs),
    ("tolerations", TOLERATIONS),
    ("affinity", AFFINITY),
    (
        "topologySpreadConstraints",
        List(&Object(&[("maxSkew", Int), ("topologyKey", Text), ("whenUnsatisfiable", Text)])),
    ),
]);

/// What is read of a template.
pub(crate) const TEMPLATE: Shape =
    Object(&[("metadata", Object(&[("labels", Pairs), ("annotations", Pairs)])), ("spec", POD_SPEC)]);

/// The template that a workload makes its pods from.
pub(crate) fn template(template: &Node<'_>, row: &mut Row<'_>) {
    let (metadata, spec) = (template.part("metadata"), template.part("spec"));
    row.pairs("labels", metadata.pairs("labels").iter());
    row.pairs("annotations", metadata.pairs("annotations").iter());
    row.text_or_null("service_account", spec.filled("serviceAccountName"));
    for (name, list) in [("containers", "containers"), ("init_containers", "initContainers")] {
        row.list(name, spec.member(list), |row, container| {
            row.text("name", container.text("name").unwrap_or_default());
            row.text_or_null("image", container.filled("image"));
            ports(row, container);
            resources(row, container);
            how_it_is_made(container, row);
        });
    }
    how_it_runs(&spec, row);
    volumes(&spec, row);
    placement(&spec, row);
}

/// The ports of a container.
pub(crate) fn ports(row: &mut Row<'_>, container: &Node<'_>) {
    row.list("ports", container.member("ports"), |row, port| {
        row.text_or_null("name", port.filled("name"));
        row.int("port", port.count("containerPort"));
        row.text_or_null("protocol", port.filled("protocol"));
    });
}

/// What a container asks for, and what it may have.
pub(crate) fn resources(row: &mut Row<'_>, container: &Node<'_>) {
    let resources = container.part("resources");
    row.object("resources", |row| {
        row.pairs("requests", resources.pairs("requests").iter());
        row.pairs("limits", resources.pairs("limits").iter());
    });
}

/// A container of a [`POD_SPEC`], by the list that it stands in and its name; nothing of its shape where there is none.
pub(crate) fn container_named<'a>(spec: &Node<'a>, list: &str, name: Option<&str>) -> Node<'a> {
    let found = spec.items(list).iter().find(|container| container.text("name") == name);
    found.cloned().unwrap_or_else(|| spec.member(list).node().item())
}

/// What a list of pods leaves out of each container.
pub(crate) fn how_it_is_made(container: &Node<'_>, row: &mut Row<'_>) {
    row.text_or_null("image_pull_policy", container.filled("imagePullPolicy"));
    // `Always` for one that runs beside the others, although it is an init container.
    row.text_or_null("restart_policy", container.filled("restartPolicy"));
    row.untrusted_texts("command", texts(container, "command"));
    row.untrusted_texts("args", texts(container, "args"));
    for (name, member) in
        [("liveness_probe", "livenessProbe"), ("readiness_probe", "readinessProbe"), ("startup_probe", "startupProbe")]
    {
        row.object_or_null(name, container.member(member), probe);
    }
    row.list("env", container.member("env"), variable);
    row.list("env_from", container.member("envFrom"), |row, source| {
        let (map, secret) = (source.part("configMapRef"), source.part("secretRef"));
        let kind = if secret.is_missing() { "ConfigMap" } else { "Secret" };
        row.text("kind", kind);
        row.text_or_null("name", map.filled("name").or(secret.filled("name")));
        row.text_or_null("prefix", source.filled("prefix"));
        row.flag("optional", map.is("optional") || secret.is("optional"));
    });
    row.list("volume_mounts", container.member("volumeMounts"), |row, mount| {
        row.text("name", mount.text("name").unwrap_or_default());
        row.untrusted_text("mount_path", mount.text("mountPath").unwrap_or_default());
        row.untrusted("sub_path", mount.filled("subPath"));
        row.flag("read_only", mount.is("readOnly"));
    });
}

fn texts<'n>(node: &'n Node<'_>, list: &str) -> impl Iterator<Item = &'n str> {
    node.items(list).iter().filter_map(Node::as_text)
}

/// A variable: its name, and where its value comes from. `value` is one that stands in the spec itself.
fn variable(row: &mut Row<'_>, variable: &Node<'_>) {
    let from = variable.part("valueFrom");
    let Object(kinds) = VALUE_FROM else { return };
    let kind = kinds.iter().map(|(kind, _)| *kind).find(|kind| !from.part(kind).is_missing());
    let (map, secret, field) = (from.part("configMapKeyRef"), from.part("secretKeyRef"), from.part("fieldRef"));
    let (amount, file) = (from.part("resourceFieldRef"), from.part("fileKeyRef"));
    let of =
        map.filled("name").or(secret.filled("name")).or(amount.filled("containerName")).or(file.filled("volumeName"));
    let key = map
        .filled("key")
        .or(secret.filled("key"))
        .or(field.filled("fieldPath"))
        .or(amount.filled("resource"))
        .or(file.filled("key"));
    row.text("name", variable.text("name").unwrap_or_default());
    row.text("type", kind.unwrap_or("value"));
    row.text_or_null("source", of);
    row.untrusted("key", key);
    row.flag("optional", map.is("optional") || secret.is("optional") || file.is("optional"));
}

fn probe(row: &mut Row<'_>, probe: &Node<'_>) {
    row.untrusted("action", action(probe).as_deref());
    row.int("initial_delay_seconds", probe.count("initialDelaySeconds"));
    row.int_or_null("timeout_seconds", probe.int("timeoutSeconds"));
    row.int_or_null("period_seconds", probe.int("periodSeconds"));
    row.int_or_null("success_threshold", probe.int("successThreshold"));
    row.int_or_null("failure_threshold", probe.int("failureThreshold"));
}

/// What a probe does, as `kubectl describe` words it; none for what is none of the known ways.
pub(crate) fn action(probe: &Node<'_>) -> Option<String> {
    let (http, tcp, grpc, exec) =
        (probe.part("httpGet"), probe.part("tcpSocket"), probe.part("grpc"), probe.part("exec"));
    let host_and_port =
        |of: &Node<'_>| format!("{}:{}", of.text("host").unwrap_or_default(), of.text("port").unwrap_or_default());
    if !http.is_missing() {
        let scheme = http.filled("scheme").unwrap_or("HTTP").to_lowercase();
        let path = http.text("path").unwrap_or_default();
        let slash = if path.starts_with('/') { "" } else { "/" };
        return Some(format!("http-get {scheme}://{}{slash}{path}", host_and_port(&http)));
    }
    if !tcp.is_missing() {
        return Some(format!("tcp-socket {}", host_and_port(&tcp)));
    }
    if !grpc.is_missing() {
        return Some(
            format!("grpc :{} {}", grpc.count("port"), grpc.text("service").unwrap_or_default()).trim_end().to_owned(),
        );
    }
    (!exec.is_missing()).then(|| format!("exec [{}]", texts(&exec, "command").collect::<Vec<_>>().join(" ")))
}

/// What holds for all containers of a pod.
pub(crate) fn how_it_runs(spec: &Node<'_>, row: &mut Row<'_>) {
    row.text_or_null("restart_policy", spec.filled("restartPolicy"));
    row.int_or_null("termination_grace_period_seconds", spec.int("terminationGracePeriodSeconds"));
    row.text_or_null("priority_class", spec.filled("priorityClassName"));
    row.int_or_null("priority", spec.int("priority"));
    row.text_or_null("runtime_class", spec.filled("runtimeClassName"));
    row.flag("host_network", spec.is("hostNetwork"));
    row.text_or_null("dns_policy", spec.filled("dnsPolicy"));
    row.texts("image_pull_secrets", names(spec, "imagePullSecrets"));
    row.texts("readiness_gates", spec.items("readinessGates").iter().filter_map(|gate| gate.filled("conditionType")));
}

/// What decides on which node a pod may run.
pub(crate) fn placement(spec: &Node<'_>, row: &mut Row<'_>) {
    let affinity = spec.part("affinity");
    let Object(kinds) = AFFINITY else { return };
    row.text_or_null("scheduler", spec.filled("schedulerName"));
    row.texts("scheduling_gates", names(spec, "schedulingGates"));
    node_selector(spec, row);
    tolerations(spec, row);
    // Which kinds of it there are; the rules themselves are in the object.
    row.texts("affinity", kinds.iter().map(|(kind, _)| *kind).filter(|kind| !affinity.part(kind).is_missing()));
    row.list("topology_spread", spec.member("topologySpreadConstraints"), |row, spread| {
        row.text_or_null("topology_key", spread.filled("topologyKey"));
        row.int_or_null("max_skew", spread.int("maxSkew"));
        row.text_or_null("when_unsatisfiable", spread.filled("whenUnsatisfiable"));
    });
}

/// The names of a list.
pub(crate) fn names<'n>(spec: &'n Node<'_>, list: &str) -> impl Iterator<Item = &'n str> {
    spec.items(list).iter().filter_map(|item| item.filled("name"))
}

/// Labels that a node must have.
pub(crate) fn node_selector(spec: &Node<'_>, row: &mut Row<'_>) {
    row.pairs("node_selector", spec.pairs("nodeSelector").iter());
}

/// Taints of nodes that a pod puts up with.
pub(crate) fn tolerations(spec: &Node<'_>, row: &mut Row<'_>) {
    row.list("tolerations", spec.member("tolerations"), |row, toleration| {
        row.text_or_null("key", toleration.filled("key"));
        row.text_or_null("operator", toleration.filled("operator"));
        row.text_or_null("value", toleration.filled("value"));
        row.text_or_null("effect", toleration.filled("effect"));
        row.int_or_null("toleration_seconds", toleration.int("tolerationSeconds"));
    });
}

/// Volumes, and where they come from.
pub(crate) fn volumes(spec: &Node<'_>, row: &mut Row<'_>) {
    row.list("volumes", spec.member("volumes"), |row, volume| {
        let source = source(volume);
        row.text("name", volume.text("name").unwrap_or_default());
        // As the API names it: `configMap`, `emptyDir`, `persistentVolumeClaim`, …
        row.text_or_null("type", source.as_ref().map(|(kind, _)| *kind));
        // The object, path or driver it comes from, where it comes from one.
        row.text_or_null("source", source.as_ref().and_then(|(_, origin)| origin.as_deref()));
    });
}

/// The type of a volume and where it comes from.
fn source(volume: &Node<'_>) -> Option<(&'static str, Option<String>)> {
    let Object(members) = VOLUME else { return None };
    members.iter().skip(1).find_map(|(kind, shape)| {
        let origin = volume.part(kind);
        let Object(inner) = shape else { return None };
        let named = inner.first().and_then(|(name, _)| origin.filled(name).map(str::to_owned));
        (!origin.is_missing()).then_some((*kind, named))
    })
}
