//! `describe_node`: a node, the pods on it, how much of it they ask for, what it uses, its heartbeat, and what happened to it.

use crate::allocation::{Allocated, Amounts, PodNeeds, amounts};
use crate::api::{Address, Asked, Reads, whole_pages};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::clock::seconds_since;
use crate::effects::JSON;
use crate::failure::{unreadable, with_remedy};
use crate::kind::Kind;
use crate::kinds::event::object_event;
use crate::kinds::node::{METRICS, Node, usage};
use crate::kinds::pod::PODS;
use crate::node::Shape::{Int, Object, Text};
use crate::node::{Node as Json, Shape};
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::events::{Events, Selected};
use crate::operations::get::find_asked;
use crate::operations::node::{ask_metrics, parse_metrics, take_metrics};
use crate::page::{Item, read_pages};
use crate::quantity::Quantity;
use crate::resource::LEASES;
use crate::row::{Row, write_object};

/// Most pods that are named.
const MAX_NAMED: usize = 20;
/// Most pods whose quantities cannot be read that are named.
const MAX_WARNED: usize = 5;
/// Largest Lease: it has half a dozen fields, and managedFields.
const MAX_LEASE_BYTES: usize = 1 << 20;
/// The namespace of the nodes' heartbeats.
const HEARTBEATS: &str = "kube-node-lease";

/// Describes one node.
pub struct DescribeNode;

impl Operation for DescribeNode {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        let described = Described {
            node: Json::missing(<Node as Kind>::SHAPE),
            pods: Pods::default(),
            metrics: Json::missing(METRICS),
            metrics_error: None,
            lease: Lease::default(),
            events: Events::default(),
        };
        described.write(&[], row);
    }
}

impl Read for DescribeNode {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let found = find_asked::<Node>(api, arguments)?;
        let node = found.read(<Node as Kind>::SHAPE)?;
        let name = found.name.as_str();
        let mut notes = Notes::default();
        // All of these are on their way before any is waited for.
        let about = Selected::by_name(None, "Node", name);
        let asked_pods = ask_pods(api, name, None);
        let asked_events = about.ask(api, None);
        let asked_metrics = ask_metrics(api, name);
        let asked_lease = api.get(Address { resource: LEASES, namespace: Some(HEARTBEATS), name });
        let pods = Pods::read(api, name, asked_pods, &mut notes);
        let mut events = Events::shown_by(object_event);
        events.take(api, &about, asked_events, &mut notes);
        events.settle(&mut notes);
        let metrics = take_metrics(asked_metrics, &mut notes);
        let lease = Lease::read(asked_lease, &mut notes);
        let metrics_error = metrics.as_ref().err().cloned();
        let metrics = parse_metrics(metrics.as_deref().ok(), &mut notes);
        let described = Described { node, pods, metrics, metrics_error, lease, events };
        let resources = described.resources(&mut notes);
        Ok(notes.object(|row| described.write(&resources, row)))
    }
}

/// Everything that is told of a node.
struct Described<'a> {
    node: Json<'a>,
    pods: Pods,
    metrics: Json<'a>,
    metrics_error: Option<String>,
    lease: Lease,
    events: Events,
}

/// A resource of the node, and what becomes of it.
#[derive(Default)]
struct Resource {
    name: String,
    allocatable: Option<Quantity>,
    /// None where pods could not be read.
    requests: Option<Quantity>,
    limits: Option<Quantity>,
    /// None where the metrics API does not say.
    used: Option<Quantity>,
}

impl Described<'_> {
    /// The resources that `kubectl describe node` lists, in its order.
    fn resources(&self, notes: &mut Notes) -> Vec<Resource> {
        let mut read = |what: &str, found: Result<Amounts, String>| {
            found.unwrap_or_else(|why| {
                notes.lost(format!("the node's {what} could not be read: {why}"));
                Amounts::new()
            })
        };
        let status = self.node.part("status");
        let allocatable = match status.pairs("allocatable") {
            [] => read("capacity", amounts(status.pairs("capacity"))),
            pairs => read("allocatable resources", amounts(pairs)),
        };
        let used = read("usage", amounts(self.metrics.pairs("usage")));
        let always = ["cpu", "memory", "ephemeral-storage"];
        let others = || allocatable.keys().map(String::as_str).filter(|name| !always.contains(name) && *name != "pods");
        let is_huge = |name: &&str| name.starts_with("hugepages-");
        let names = always.into_iter().chain(others().filter(is_huge)).chain(others().filter(|name| !is_huge(name)));
        let of_pods = |amounts: &Amounts, name: &str| {
            self.pods.error.is_none().then(|| amounts.get(name).copied().unwrap_or(Quantity::ZERO))
        };
        let resource = |name: &str| Resource {
            name: name.to_owned(),
            allocatable: allocatable.get(name).copied(),
            requests: of_pods(&self.pods.allocated.requests, name),
            limits: of_pods(&self.pods.allocated.limits, name),
            used: used.get(name).copied(),
        };
        names.map(resource).collect()
    }

    fn write(&self, resources: &[Resource], row: &mut Row<'_>) {
        Node::row(&self.node, row);
        self.pods.member(row);
        row.list_of("allocated_resources", resources.iter(), Resource::default, |row, resource| resource.write(row));
        usage(&self.metrics, row);
        row.untrusted("usage_error", self.metrics_error.as_deref());
        self.lease.member(row);
        self.events.member(row);
        row.untrusted("events_error", self.events.error.as_deref());
    }
}

impl Resource {
    fn write(&self, row: &mut Row<'_>) {
        row.text("resource", &self.name);
        let text = |quantity: Option<Quantity>| quantity.map(|quantity| quantity.to_string());
        // Of what is allocatable. Limits may be over 100.
        let percent = |quantity: Option<Quantity>| quantity?.percent_of(self.allocatable?);
        row.text_or_null("allocatable", text(self.allocatable).as_deref());
        row.text_or_null("requests", text(self.requests).as_deref());
        row.int_or_null("requests_percent", percent(self.requests));
        row.text_or_null("limits", text(self.limits).as_deref());
        row.int_or_null("limits_percent", percent(self.limits));
        row.text_or_null("usage", text(self.used).as_deref());
        row.int_or_null("usage_percent", percent(self.used));
    }
}

/// The pods on a node that have not ended.
#[derive(Default)]
struct Pods {
    count: usize,
    /// The first few, in the server's order.
    named: Vec<Vec<u8>>,
    allocated: Allocated,
    error: Option<String>,
}

fn ask_pods<'a>(api: &Reads, node: &str, token: Option<&str>) -> Asked<'a> {
    let mut query = whole_pages(token);
    query.push(("fieldSelector", format!("spec.nodeName={node},status.phase!=Succeeded,status.phase!=Failed")));
    api.list(PODS, None, &query, JSON)
}

impl Pods {
    fn read(api: &Reads, node: &str, first: Asked<'_>, notes: &mut Notes) -> Self {
        let mut pods = Self::default();
        let mut left_out = Vec::new();
        let read = read_pages::<PodNeeds>(
            first,
            &mut |head| head.next_token.as_deref().map(|token| ask_pods(api, node, Some(token))),
            &mut |pod| {
                pods.count += 1;
                if pods.named.len() < MAX_NAMED {
                    let mut json = Vec::new();
                    write_object(&mut json, |row| named(pod, row));
                    pods.named.push(json);
                }
                if let Err(why) = pods.allocated.add(pod) {
                    let metadata = pod.part("metadata");
                    let part = |name: &str| metadata.text(name).unwrap_or_default().to_owned();
                    left_out.push(format!("{}/{} ({why})", part("namespace"), part("name")));
                }
            },
        );
        match read {
            Ok(pages) => pages.malformed.warning().into_iter().for_each(|warning| notes.lost(warning)),
            Err(failure) => {
                let why = with_remedy(&failure);
                notes.lost(format!("pods could not be read, so what they ask for is not known: {why}"));
                pods.error = Some(why);
            }
        }
        if !left_out.is_empty() {
            let count = left_out.len();
            left_out.truncate(MAX_WARNED);
            let more = if count > MAX_WARNED { ", …" } else { "" };
            let what = left_out.join(", ");
            notes.lost(format!("the sums are without {count} pods whose quantities cannot be read: {what}{more}"));
        }
        pods
    }

    fn member(&self, row: &mut Row<'_>) {
        row.int("running_pods", i64::try_from(self.count).unwrap_or(i64::MAX));
        let nothing = |row: &mut Row<'_>| named(&Json::missing(<PodNeeds as Item>::SHAPE), row);
        row.written_list("pod_list", self.named.iter().map(Vec::as_slice), nothing);
        row.flag("pod_list_truncated", self.count > self.named.len());
        row.untrusted("pods_error", self.error.as_deref());
    }
}

fn named(pod: &Json<'_>, row: &mut Row<'_>) {
    let metadata = pod.part("metadata");
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text("namespace", metadata.text("namespace").unwrap_or_default());
}

const LEASE: &Shape = &Object(&[(
    "spec",
    Object(&[("holderIdentity", Text), ("leaseDurationSeconds", Int), ("acquireTime", Text), ("renewTime", Text)]),
)]);

/// The heartbeat of a node's kubelet.
#[derive(Default)]
struct Lease {
    bytes: Option<Vec<u8>>,
    /// When the server answered, by its own clock.
    date: Option<String>,
    error: Option<String>,
}

impl Lease {
    fn read(asked: Asked<'_>, notes: &mut Notes) -> Self {
        let read = || -> Result<Self, Failure> {
            let mut body = asked.body()?;
            let date = body.date();
            let (bytes, _) = body.read_up_to(MAX_LEASE_BYTES)?;
            Json::parse(LEASE, &bytes).map_err(|error| unreadable("a Lease", &error.to_string()))?;
            Ok(Self { bytes: Some(bytes), date, error: None })
        };
        match read() {
            Ok(lease) => lease,
            // A node whose kubelet never came has none.
            Err(Failure::NotFound(_)) => Self::default(),
            Err(failure) => {
                let why = with_remedy(&failure);
                notes.lost(format!("the node's heartbeat could not be read: {why}"));
                Self { error: Some(why), ..Self::default() }
            }
        }
    }

    fn member(&self, row: &mut Row<'_>) {
        let read = self.bytes.as_deref().and_then(|bytes| Json::parse(LEASE, bytes).ok());
        let lease = read.unwrap_or_else(|| Json::missing(LEASE));
        row.object_or_null("lease", lease.member("spec"), |row, spec| {
            let renewed = spec.filled("renewTime");
            row.text_or_null("holder", spec.filled("holderIdentity"));
            row.time("acquire_time", spec.filled("acquireTime"));
            row.time("renew_time", renewed);
            // A kubelet renews it well before this has passed; then the node counts as lost.
            row.int_or_null("duration_seconds", spec.int("leaseDurationSeconds"));
            row.int_or_null("age_seconds", renewed.and_then(|time| seconds_since(self.date.as_deref(), time)));
        });
        row.untrusted("lease_error", self.error.as_deref());
    }
}
