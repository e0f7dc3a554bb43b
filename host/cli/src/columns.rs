//! The columns that an operator expects of each kind of thing, most of them as `kubectl` has them. A new entity is one more table here.

use crate::amounts;
use crate::cells::{self, Cell};
use crate::layout::{Column, Cut, EXTRA};
use crate::text::safe;
use serde_json::Value;

/// Names are cut to this at the least.
const NAME_LEAST: usize = 20;
/// Prose is cut to this at the least, and lists of names and addresses.
const PROSE_LEAST: usize = 24;
const LIST_LEAST: usize = 12;
/// Most columns of an entity that is not known.
const MAX_COLUMNS: usize = 16;

/// How a cell is made of a row.
#[derive(Debug, Clone)]
enum Made {
    /// The member of this name.
    Member(String),
    /// The member of this name, which says how something is.
    State(&'static str),
    /// How long ago the time of this member was.
    Age(&'static str),
    /// Of several.
    By(fn(&Value) -> Cell),
}

/// One column, and how its cells are made.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) column: Column,
    made: Made,
}

impl Spec {
    fn new(heading: &str, rank: u8, made: Made) -> Self {
        Self { column: Column { heading: heading.to_owned(), rank, cut: Cut::Never }, made }
    }

    fn cut(self, cut: Cut) -> Self {
        Self { column: Column { cut, ..self.column }, ..self }
    }

    /// Whether a row has anything to stand in it.
    pub(crate) fn has_something(&self, row: &Value) -> bool {
        self.cell(row) != Cell::nothing()
    }

    /// The cell of a row.
    pub(crate) fn cell(&self, row: &Value) -> Cell {
        match &self.made {
            Made::Member(name) => cells::member(row, name),
            Made::State(name) => cells::state(row, name),
            Made::Age(name) => cells::age(row, name),
            Made::By(made) => made(row),
        }
    }
}

fn member(heading: &str, rank: u8, name: &str) -> Spec {
    Spec::new(heading, rank, Made::Member(name.to_owned()))
}

fn state(heading: &str, rank: u8, name: &'static str) -> Spec {
    Spec::new(heading, rank, Made::State(name))
}

fn by(heading: &str, rank: u8, made: fn(&Value) -> Cell) -> Spec {
    Spec::new(heading, rank, Made::By(made))
}

fn since(heading: &str, rank: u8, name: &'static str) -> Spec {
    Spec::new(heading, rank, Made::Age(name))
}

fn age(rank: u8) -> Spec {
    since("AGE", rank, "created")
}

fn name() -> Spec {
    member("NAME", 0, "name").cut(Cut::Late(NAME_LEAST))
}

/// What stands in a column of an entity's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Under {
    /// The member of this name, as it is.
    Member(String),
    /// How long ago the time of this member was.
    AgeOf(String),
    /// What is made of several members.
    Several,
    /// There is no such column.
    Nothing,
}

/// What stands under a heading, however its letters are written.
#[must_use]
pub fn under(entity: &str, heading: &str) -> Under {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let columns = of(entity).unwrap_or_default();
    match columns.into_iter().find(|spec| plain(&spec.column.heading) == plain(heading)).map(|spec| spec.made) {
        Some(Made::Member(name)) => Under::Member(name),
        Some(Made::State(name)) => Under::Member(name.to_owned()),
        Some(Made::Age(name)) => Under::AgeOf(name.to_owned()),
        Some(Made::By(_)) => Under::Several,
        None => Under::Nothing,
    }
}

/// What a list of one namespace leaves out.
const NAMESPACE: &str = "NAMESPACE";

fn namespace() -> Spec {
    member(NAMESPACE, 2, "namespace").cut(Cut::Late(LIST_LEAST))
}

fn images() -> Spec {
    member("IMAGES", EXTRA + 2, "images").cut(Cut::Early(PROSE_LEAST))
}

/// The columns of an entity; none where it is not known.
pub(crate) fn of(entity: &str) -> Option<Vec<Spec>> {
    let list = |heading: &str, rank, made| by(heading, rank, made).cut(Cut::Early(LIST_LEAST));
    let columns = match entity {
        "Pod" => vec![
            namespace(),
            name(),
            by("READY", 2, cells::pod_ready),
            state("STATUS", 1, "status"),
            by("RESTARTS", 4, cells::pod_restarts),
            age(3),
            member("IP", EXTRA + 1, "pod_ip"),
            member("NODE", EXTRA, "node_name").cut(Cut::Late(LIST_LEAST)),
        ],
        "Node" => vec![
            name(),
            by("STATUS", 1, cells::node_status),
            by("ROLES", 3, cells::node_roles).cut(Cut::Late(LIST_LEAST)),
            age(2),
            by("VERSION", 4, cells::node_version),
            by("INTERNAL-IP", EXTRA, cells::node_address),
            list("OS-IMAGE", EXTRA + 2, cells::node_image),
            list("CONTAINER-RUNTIME", EXTRA + 1, cells::node_runtime),
        ],
        "Namespace" => vec![name(), state("STATUS", 1, "phase"), age(2)],
        "Service" => vec![
            namespace(),
            name(),
            member("TYPE", 2, "type"),
            member("CLUSTER-IP", 1, "cluster_ip"),
            list("EXTERNAL-IP", 5, cells::service_address),
            list("PORT(S)", 2, cells::service_ports),
            age(4),
            member("SELECTOR", EXTRA, "selector").cut(Cut::Early(LIST_LEAST)),
        ],
        "Endpoints" => vec![
            namespace(),
            name(),
            by("READY", 1, cells::endpoints_ready),
            by("NOT-READY", 2, cells::endpoints_not_ready),
            by("ENDPOINTS", 3, cells::endpoints_addresses).cut(Cut::Early(PROSE_LEAST)),
        ],
        "Event" => vec![
            namespace(),
            by("LAST SEEN", 3, cells::event_age),
            state("TYPE", 4, "type"),
            member("REASON", 2, "reason"),
            by("OBJECT", 0, cells::event_object).cut(Cut::Late(NAME_LEAST)),
            member("MESSAGE", 1, "message").cut(Cut::Early(PROSE_LEAST)),
            member("COUNT", 5, "count"),
        ],
        "Ingress" => vec![
            namespace(),
            name(),
            member("CLASS", 3, "ingress_class_name"),
            list("HOSTS", 1, cells::ingress_hosts),
            list("ADDRESS", 4, cells::ingress_address),
            by("PORTS", 5, cells::ingress_ports),
            age(2),
        ],
        "NetworkPolicy" => vec![
            namespace(),
            name(),
            list("POD-SELECTOR", 1, cells::policy_pods),
            member("INGRESS", 2, "ingress_allows"),
            member("EGRESS", 2, "egress_allows"),
            age(3),
            member("POLICY TYPES", EXTRA, "policy_types"),
        ],
        "ConfigMap" => vec![namespace(), name(), by("DATA", 1, cells::data), age(2)],
        "Secret" => vec![namespace(), name(), member("TYPE", 2, "type"), by("DATA", 1, cells::data), age(3)],
        other => return workload(other).or_else(|| storage(other)),
    };
    Some(columns)
}

fn workload(entity: &str) -> Option<Vec<Spec>> {
    Some(match entity {
        "Deployment" => vec![
            namespace(),
            name(),
            by("READY", 1, cells::replicas_ready),
            member("UP-TO-DATE", 4, "updated_replicas"),
            member("AVAILABLE", 4, "available_replicas"),
            age(2),
            images(),
        ],
        "ReplicaSet" => vec![
            namespace(),
            name(),
            member("DESIRED", 2, "replicas"),
            by("READY", 1, cells::replicas_ready),
            member("AVAILABLE", 4, "available_replicas"),
            age(2),
            images(),
        ],
        "StatefulSet" => vec![
            namespace(),
            name(),
            by("READY", 1, cells::replicas_ready),
            member("UP-TO-DATE", 4, "updated_replicas"),
            age(2),
            member("SERVICE", EXTRA, "service_name").cut(Cut::Late(LIST_LEAST)),
            images(),
        ],
        "DaemonSet" => vec![
            namespace(),
            name(),
            member("DESIRED", 2, "desired_number_scheduled"),
            member("CURRENT", 5, "current_number_scheduled"),
            by("READY", 1, cells::daemons_ready),
            member("UP-TO-DATE", 6, "updated_number_scheduled"),
            member("AVAILABLE", 4, "number_available"),
            age(2),
            member("NODE SELECTOR", EXTRA, "node_selector").cut(Cut::Early(LIST_LEAST)),
            images(),
        ],
        "Job" => vec![
            namespace(),
            name(),
            by("STATUS", 1, cells::job_status),
            by("COMPLETIONS", 2, cells::job_completions),
            by("DURATION", 5, cells::job_duration),
            age(2),
            images(),
        ],
        "CronJob" => vec![
            namespace(),
            name(),
            member("SCHEDULE", 1, "schedule"),
            member("TIMEZONE", EXTRA, "time_zone"),
            member("SUSPEND", 2, "suspend"),
            member("ACTIVE", 4, "active_jobs"),
            since("LAST SCHEDULE", 3, "last_schedule_time"),
            age(5),
            images(),
        ],
        _ => return None,
    })
}

fn storage(entity: &str) -> Option<Vec<Spec>> {
    Some(match entity {
        "PersistentVolumeClaim" => vec![
            namespace(),
            name(),
            by("STATUS", 1, cells::volume_status),
            member("VOLUME", 6, "volume_name").cut(Cut::Early(LIST_LEAST)),
            by("CAPACITY", 2, cells::capacity),
            by("ACCESS MODES", 5, cells::access_modes),
            member("STORAGECLASS", 4, "storage_class_name").cut(Cut::Late(LIST_LEAST)),
            age(2),
        ],
        "PersistentVolume" => vec![
            name(),
            by("CAPACITY", 2, cells::capacity),
            by("ACCESS MODES", 6, cells::access_modes),
            member("RECLAIM POLICY", 5, "reclaim_policy"),
            by("STATUS", 1, cells::volume_status),
            by("CLAIM", 3, cells::volume_claim).cut(Cut::Late(NAME_LEAST)),
            member("STORAGECLASS", 7, "storage_class_name").cut(Cut::Late(LIST_LEAST)),
            age(4),
            member("REASON", EXTRA, "reason"),
        ],
        "StorageClass" => vec![
            by("NAME", 0, cells::class_name).cut(Cut::Late(NAME_LEAST)),
            member("PROVISIONER", 1, "provisioner").cut(Cut::Late(LIST_LEAST)),
            member("RECLAIM POLICY", 4, "reclaim_policy"),
            member("BINDING MODE", 3, "volume_binding_mode"),
            member("EXPANSION", 5, "allow_volume_expansion"),
            age(2),
        ],
        _ => return None,
    })
}

/// What the program itself has tables of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Targets of the configuration, as `target list` has them for programs.
    Targets,
    /// Operations of a check.
    Checks,
    /// Operations of one category.
    Operations,
    /// Parameters of an operation, as `ops` has them for programs.
    Parameters,
    /// Plans, as `plans` has them for programs.
    Plans,
    /// The sections of a policy.
    Policy,
    /// Entries of the audit record, in short.
    Audit,
}

/// The columns of a table of the program's own.
pub(crate) fn own(table: Own) -> Vec<Spec> {
    match table {
        Own::Targets => vec![
            member("NAME", 0, "name"),
            by("DEFAULT", 3, cells::target_default),
            by("WHERE", 1, cells::target_place).cut(Cut::Early(PROSE_LEAST)),
            member("CONTEXT", 2, "context").cut(Cut::Early(LIST_LEAST)),
            by("VERIFIED BY", 4, cells::target_proof).cut(Cut::Early(LIST_LEAST)),
            member("NAMESPACE", 5, "namespace"),
        ],
        Own::Checks => vec![
            member("OPERATION", 0, "operation"),
            by("ALLOWED", 1, cells::allowed),
            member("MISSING RIGHTS", 2, "missing").cut(Cut::Wrap(PROSE_LEAST)),
        ],
        Own::Operations => vec![
            member("OPERATION", 0, "operation"),
            by("TRUST", 1, cells::trust),
            member("PARAMETERS", EXTRA, "parameters").cut(Cut::Early(PROSE_LEAST)),
            member("SUMMARY", 2, "summary").cut(Cut::Wrap(40)),
        ],
        Own::Parameters => vec![
            member("NAME", 0, "name"),
            by("REQUIRED", 1, cells::parameter_required),
            by("TYPE", 2, cells::parameter_type),
            member("DEFAULT", 3, "default"),
            by("MEANING", 4, cells::parameter_meaning).cut(Cut::Wrap(PROSE_LEAST)),
        ],
        Own::Policy => vec![
            member("SECTION", 0, "section"),
            member("OPERATIONS", 1, "operations"),
            member("NAMESPACES", 2, "namespaces").cut(Cut::Wrap(PROSE_LEAST)),
            member("AUTOMATIC", 3, "automatic").cut(Cut::Wrap(PROSE_LEAST)),
            member("APPROVERS", 4, "approvers").cut(Cut::Early(LIST_LEAST)),
            member("SERVERS", 5, "servers").cut(Cut::Wrap(PROSE_LEAST)),
        ],
        Own::Plans => vec![
            member("ID", 0, "id"),
            member("STATE", 1, "state"),
            by("TRUST", 2, cells::trust),
            member("REQUEST", 3, "request").cut(Cut::Wrap(PROSE_LEAST)),
            member("TARGET", 4, "target").cut(Cut::Early(LIST_LEAST)),
            member("OPERATION", 6, "operation"),
            member("CALLER", 7, "principal").cut(Cut::Early(LIST_LEAST)),
            member("EXPIRES", 5, "expires"),
        ],
        Own::Audit => vec![
            member("NUMBER", 0, "number"),
            member("AT", 1, "at"),
            member("KIND", 2, "kind"),
            member("WHAT", 3, "what").cut(Cut::Wrap(PROSE_LEAST)),
            member("BY", 5, "by").cut(Cut::Early(LIST_LEAST)),
            member("CAME TO", 4, "came_to"),
        ],
    }
}

/// The same without the namespace: all are of the one that was asked for.
pub(crate) fn without_namespace(mut columns: Vec<Spec>) -> Vec<Spec> {
    columns.retain(|spec| spec.column.heading != NAMESPACE);
    columns
}

/// The columns of a table that stands in an object under this name. Its last one may go on in the lines below.
pub(crate) fn nested(member_name: &str) -> Option<Vec<Spec>> {
    let prose = |spec: Spec| spec.cut(Cut::Wrap(PROSE_LEAST));
    Some(match member_name {
        "conditions" => vec![
            member("TYPE", 0, "type"),
            by("STATUS", 1, cells::condition),
            since("SINCE", 4, "last_transition_time"),
            member("REASON", 2, "reason"),
            prose(member("MESSAGE", 3, "message")),
        ],
        "containers" | "init_containers" => vec![
            member("NAME", 0, "name"),
            member("READY", 3, "ready"),
            by("STATE", 1, cells::container_state),
            member("RESTARTS", 4, "restart_count"),
            by("LAST STATE", 2, cells::container_before),
            member("IMAGE", 5, "image").cut(Cut::Early(PROSE_LEAST)),
            by("PROBES", EXTRA, cells::container_probes).cut(Cut::Early(PROSE_LEAST)),
            prose(by("MESSAGE", 6, cells::container_message)),
        ],
        "events" => vec![
            by("LAST SEEN", 2, cells::event_age),
            state("TYPE", 3, "type"),
            member("REASON", 0, "reason"),
            member("COUNT", 5, "count"),
            by("FROM", EXTRA, cells::event_from),
            prose(member("MESSAGE", 1, "message")),
        ],
        "pods" => without_namespace(of("Pod")?),
        // Of a node: they are of any.
        "pod_list" => of("Pod")?,
        "allocated_resources" => vec![
            member("RESOURCE", 0, "resource"),
            by("ALLOCATABLE", 1, |row| amounts::amount(row, "allocatable")),
            by("REQUESTS", 2, |row| amounts::share(row, "requests")),
            by("LIMITS", 3, |row| amounts::share(row, "limits")),
            by("USAGE", 4, |row| amounts::share(row, "usage")),
        ],
        "replica_sets" => without_namespace(of("ReplicaSet")?),
        _ => return None,
    })
}

/// Columns of rows that nobody knows: their members that fit a cell, or, where `also` says so, others too. Their names are a row's, and a row is a guest's.
pub(crate) fn unknown(row: &Value, also: fn(&Value) -> bool) -> Vec<Spec> {
    let members = row.as_object().into_iter().flatten();
    let short = members
        .filter(|(_, value)| !matches!(value, Value::Object(_) | Value::Array(_)) || also(value))
        .take(MAX_COLUMNS);
    let spec = |(at, (name, _)): (usize, (&String, &Value))| {
        // The first say most; so do names.
        let rank = if at == 0 || name == "name" { 0 } else { EXTRA + u8::try_from(at).unwrap_or_default() };
        let cut = if name == "name" { Cut::Late(NAME_LEAST) } else { Cut::Early(LIST_LEAST) };
        member(&safe(&name.to_uppercase().replace('_', "-")), rank, name).cut(cut)
    };
    short.enumerate().map(spec).collect()
}
