//! `describe_service`: a Service, what stands behind it, the pods that its selector means, and where nothing backs it, why.

use crate::api::{Asked, Reads, whole_pages};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::JSON;
use crate::failure::{unreadable, with_remedy};
use crate::kind::Kind;
use crate::kinds::endpoints::{Behind, Endpoints, Sliced, endpoints_row};
use crate::kinds::pod::{PODS, Pod};
use crate::kinds::service::Service;
use crate::metadata::equalities;
use crate::node::Node;
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::events::{Events, Selected};
use crate::operations::get::find_asked;
use crate::operations::get_endpoints::{address, ask_slices, parse, take_slices};
use crate::operations::lookup::MAX_OBJECT_BYTES;
use crate::page::read_pages;
use crate::pod_status::{PodColumns, columns, is_ready};
use crate::row::{Row, write_object};
use std::collections::BTreeSet;

/// Most pods that are shown, in the server's order.
const MAX_SHOWN: usize = 50;
/// Most pods that a sentence names.
const MAX_NAMED: usize = 5;

/// Describes one Service.
pub struct DescribeService;

impl Operation for DescribeService {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        let nothing = Node::missing(<Service as Kind>::SHAPE);
        let told = Told { behind: None, endpoints_error: None, pods: Pods::default(), events: Events::default() };
        told.write(&nothing, row);
    }
}

impl Read for DescribeService {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let found = find_asked::<Service>(api, arguments)?;
        let service = found.read(<Service as Kind>::SHAPE)?;
        let (name, namespace) = (found.name.as_str(), arguments.required("namespace"));
        let (metadata, spec) = (service.part("metadata"), service.part("spec"));
        let selector = selector(&spec);
        let mut notes = Notes::default();
        // All of these are on their way before any is waited for.
        let asked_slices = ask_slices(api, namespace, name, None);
        let asked_endpoints = api.get(address(namespace, name));
        let asked_pods = selector.as_ref().map(|selector| ask_pods(api, namespace, selector, None));
        let uid = metadata.filled("uid").ok_or_else(|| unreadable("a Service", "it has no uid"))?;
        let about = Selected::by_uid(namespace, uid);
        let asked_events = about.ask(api, None);
        let sliced = take_slices(api, namespace, name, asked_slices, &mut notes);
        let endpoints = asked_endpoints.bytes(MAX_OBJECT_BYTES);
        let (behind, endpoints_error) = behind(&metadata, endpoints, sliced, &mut notes);
        let pods = match (selector, asked_pods) {
            (Some(selector), Some(first)) => Pods::read(api, namespace, &selector, first, &mut notes),
            _ => Pods::default(),
        };
        let mut events = Events::default();
        events.take(api, &about, asked_events, &mut notes);
        events.settle(&mut notes);
        let told = Told { behind, endpoints_error, pods, events };
        Ok(notes.object(|row| told.write(&service, row)))
    }
}

const EXTERNAL: &str = "ExternalName";

/// The labels of the pods that get its traffic; none where it has no selector, or where that means nothing.
fn selector(spec: &Node<'_>) -> Option<String> {
    let equal = equalities(spec.pairs("selector"));
    (!equal.is_empty() && spec.text("type") != Some(EXTERNAL)).then(|| equal.join(","))
}

/// What stands behind it, and what of that could not be read.
fn behind(
    service: &Node<'_>,
    endpoints: Result<Vec<u8>, Failure>,
    sliced: Result<Sliced, String>,
    notes: &mut Notes,
) -> (Option<Behind>, Option<String>) {
    let mut lost = Vec::new();
    let sliced = sliced.map_err(|why| lost.push(format!("EndpointSlices could not be read: {why}"))).ok();
    let bytes = match endpoints {
        Ok(bytes) => Some(bytes),
        // A Service has none where nobody ever looked for its pods, or where its slices were made by hand.
        Err(Failure::NotFound(_)) => Some(b"{}".to_vec()),
        Err(failure) => {
            lost.push(format!("Endpoints could not be read: {}", with_remedy(&failure)));
            None
        }
    };
    let object = bytes.as_deref().and_then(|bytes| {
        parse(bytes)
            .map_err(|failure| lost.push(format!("Endpoints could not be read: {}", with_remedy(&failure))))
            .ok()
    });
    let behind = Behind::of(service, object.as_ref(), sliced.as_ref());
    lost.iter().for_each(|why| notes.lost(why.clone()));
    (behind, (!lost.is_empty()).then(|| lost.join("; ")))
}

fn ask_pods<'a>(api: &Reads, namespace: &'a str, selector: &str, token: Option<&str>) -> Asked<'a> {
    let mut query = whole_pages(token);
    query.push(("labelSelector", selector.to_owned()));
    api.list(PODS, Some(namespace), &query, JSON)
}

/// The pods that a selector means.
#[derive(Default)]
struct Pods {
    count: usize,
    ready: usize,
    shown: Vec<Vec<u8>>,
    /// The first few that are not ready, and how they are.
    unready: Vec<String>,
    /// Names of ports of their containers, with the protocol.
    ports: BTreeSet<(String, String)>,
    error: Option<String>,
}

impl Pods {
    fn read<'a>(api: &Reads, namespace: &'a str, selector: &str, first: Asked<'a>, notes: &mut Notes) -> Self {
        let mut pods = Self::default();
        let read = read_pages::<Pod>(
            first,
            &mut |head| head.next_token.as_deref().map(|token| ask_pods(api, namespace, selector, Some(token))),
            &mut |pod| pods.add(pod),
        );
        match read {
            Ok(pages) => pages.malformed.warning().into_iter().for_each(|warning| notes.lost(warning)),
            Err(failure) => {
                let why = with_remedy(&failure);
                notes.lost(format!("pods could not be read: {why}"));
                pods = Self { error: Some(why), ..Self::default() };
            }
        }
        if pods.count > pods.shown.len() {
            notes.warn(format!("{} pods match: the first {MAX_SHOWN} are shown", pods.count));
        }
        pods
    }

    fn add(&mut self, pod: &Node<'_>) {
        let columns = columns(pod);
        self.count += 1;
        if is_ready(pod) {
            self.ready += 1;
        } else if self.unready.len() < MAX_NAMED {
            let name = pod.part("metadata").text("name").unwrap_or_default().to_owned();
            self.unready.push(format!("{name} ({})", columns.status));
        }
        let spec = pod.part("spec");
        let sidecars =
            spec.items("initContainers").iter().filter(|container| container.text("restartPolicy") == Some("Always"));
        let ports = spec.items("containers").iter().chain(sidecars).flat_map(|container| container.items("ports"));
        self.ports.extend(ports.filter_map(|port| {
            Some((port.filled("name")?.to_owned(), port.filled("protocol").unwrap_or("TCP").to_owned()))
        }));
        if self.shown.len() < MAX_SHOWN {
            let mut json = Vec::new();
            write_object(&mut json, |row| matching(pod, &columns, row));
            self.shown.push(json);
        }
    }

    /// Those that are not ready, by name.
    fn named(&self) -> String {
        let more = if self.count - self.ready > self.unready.len() { ", …" } else { "" };
        format!("{}{more}", self.unready.join(", "))
    }

    fn members(&self, row: &mut Row<'_>) {
        // Null where pods could not be read.
        let known = |count: usize| i64::try_from(count).ok().filter(|_| self.error.is_none());
        row.int_or_null("matching_pods", known(self.count));
        row.int_or_null("ready_pods", known(self.ready));
        let nothing = |row: &mut Row<'_>| {
            let columns = PodColumns { status: String::new(), ready: String::new(), restarts: 0 };
            matching(&Node::missing(<Pod as Kind>::SHAPE), &columns, row);
        };
        row.written_list("pods", self.shown.iter().map(Vec::as_slice), nothing);
        row.untrusted("pods_error", self.error.as_deref());
    }
}

fn matching(pod: &Node<'_>, columns: &PodColumns, row: &mut Row<'_>) {
    let (metadata, status) = (pod.part("metadata"), pod.part("status"));
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text("uid", metadata.text("uid").unwrap_or_default());
    row.text("status", &columns.status);
    row.text("ready", &columns.ready);
    row.int("restarts", columns.restarts);
    // Whether it gets traffic: all its containers may be ready, and it not yet.
    row.flag("is_ready", is_ready(pod));
    row.text_or_null("pod_ip", status.filled("podIP"));
    row.text_or_null("node_name", pod.part("spec").filled("nodeName"));
    row.time("created", metadata.text("creationTimestamp"));
}

/// What is told of a Service.
struct Told {
    behind: Option<Behind>,
    endpoints_error: Option<String>,
    pods: Pods,
    events: Events,
}

impl Told {
    fn write(&self, service: &Node<'_>, row: &mut Row<'_>) {
        Service::row(service, row);
        let spec = service.part("spec");
        row.untrusted("why_no_endpoints", self.why_nothing(&spec).as_deref());
        let found = self.findings(&spec);
        row.untrusted_texts("findings", found.iter().map(String::as_str));
        let nothing = |row: &mut Row<'_>| endpoints_row(&Node::missing(<Endpoints as Kind>::SHAPE), None, row);
        row.written_or_null("endpoints", self.behind.as_ref().map(|behind| behind.json.as_slice()), nothing);
        row.text_or_null("endpoints_source", self.behind.as_ref().map(|behind| behind.source));
        row.untrusted("endpoints_error", self.endpoints_error.as_deref());
        self.pods.members(row);
        self.events.member(row);
        row.untrusted("events_error", self.events.error.as_deref());
    }

    /// Why no traffic for it gets anywhere; none where some does, or where that is not known.
    fn why_nothing(&self, spec: &Node<'_>) -> Option<String> {
        if spec.text("type") == Some(EXTERNAL) {
            let name = spec.text("externalName").unwrap_or_default();
            return Some(format!(
                "it is an ExternalName: DNS answers with {name}, and nothing in the cluster is behind it"
            ));
        }
        let behind = self.behind.as_ref()?;
        let lost = self.lost_ports(spec);
        let is_lost = !lost.is_empty() && lost.len() == spec.items("ports").len();
        if behind.ready > 0 && !is_lost {
            return None;
        }
        let pods = &self.pods;
        let Some(selector) = selector(spec) else {
            return Some(match behind.not_ready {
                0 => "it has no selector, and nobody has written addresses for it".to_owned(),
                count => {
                    format!("it has no selector, and none of the {count} addresses that were written for it is ready")
                }
            });
        };
        Some(match (pods.count, pods.ready) {
            _ if pods.error.is_some() => "no address is ready, and which pods match could not be read".to_owned(),
            (0, _) => format!("no pod in its namespace has the labels {selector}"),
            _ if is_lost => lost.join("; "),
            (1, 0) => format!("one pod matches, and is not ready: {}", pods.named()),
            (count, 0) => format!("{count} pods match, and none of them is ready: {}", pods.named()),
            (_, ready) => format!("{ready} of the pods that match are ready, and none has come to its endpoints (yet)"),
        })
    }

    /// What is amiss although some traffic gets through.
    fn findings(&self, spec: &Node<'_>) -> Vec<String> {
        let is_reached =
            self.behind.as_ref().is_some_and(|behind| behind.ready > 0) && self.why_nothing(spec).is_none();
        if !is_reached {
            return Vec::new();
        }
        let mut found = self.lost_ports(spec);
        let (count, ready) = (self.pods.count, self.pods.ready);
        if ready < count {
            found.push(format!("{} of {count} pods that match are not ready: {}", count - ready, self.pods.named()));
        }
        found
    }

    /// Its ports that go to a named one, where no pod that matches has a port of that name.
    fn lost_ports(&self, spec: &Node<'_>) -> Vec<String> {
        if self.pods.count == 0 {
            return Vec::new();
        }
        let lost = spec.items("ports").iter().filter_map(|port| {
            let target = port.filled("targetPort").filter(|target| target.parse::<u16>().is_err())?;
            let wanted = (target.to_owned(), port.filled("protocol").unwrap_or("TCP").to_owned());
            (!self.pods.ports.contains(&wanted)).then(|| {
                let (number, protocol) = (port.count("port"), &wanted.1);
                format!("its port {number} goes to a {protocol} port named {target}, which no container of the pods that match has")
            })
        });
        lost.collect()
    }
}
