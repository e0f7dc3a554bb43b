//! Endpoints: the addresses that stand behind a Service, and the EndpointSlices that know more of them.
//!
//! An Endpoints object has 1,000 addresses and one family at most, and none where a Service's slices were made by hand. So a row is of the object where that
//! knows as many addresses as the slices do, and of the slices where they know more; `source` says of which.

use crate::column::{Column, NAME, NAMESPACE, column};
use crate::kind::Kind;
use crate::metadata::{METADATA, after_name, head};
use crate::node::Shape::{Flag, Int, List, Object, Text};
use crate::node::{Node, Shape};
use crate::resource::{CORE, Resource};
use crate::row::{Row, write_object};

/// Endpoints.
pub struct Endpoints;

/// The label of a slice that names its Service.
pub(crate) const SERVICE: &str = "kubernetes.io/service-name";
/// The label of a slice that names who writes it.
pub(crate) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// Those who write slices of Services that have an Endpoints object too.
const CONTROLLERS: [&str; 2] = [CONTROLLER, "endpointslicemirroring-controller.k8s.io"];
/// Who writes them after a Service's selector.
pub(crate) const CONTROLLER: &str = "endpointslice-controller.k8s.io";

const TARGET: Shape = Object(&[("kind", Text), ("name", Text), ("namespace", Text)]);
const ADDRESSES: Shape = List(&Object(&[("ip", Text), ("hostname", Text), ("nodeName", Text), ("targetRef", TARGET)]));
const PORTS: Shape = List(&Object(&[("name", Text), ("port", Int), ("protocol", Text)]));

/// What is read of a slice.
pub(crate) const SLICE: Shape = Object(&[
    ("metadata", METADATA),
    ("addressType", Text),
    (
        "endpoints",
        List(&Object(&[
            ("addresses", List(&Text)),
            ("conditions", Object(&[("ready", Flag), ("terminating", Flag)])),
            ("hostname", Text),
            ("nodeName", Text),
            ("targetRef", TARGET),
        ])),
    ),
    ("ports", PORTS),
]);

/// Where they are kept.
pub(crate) const ENDPOINTS: Resource = Resource::namespaced("Endpoints", CORE, "endpoints").told_by_uid();

impl Kind for Endpoints {
    const RESOURCE: Resource = ENDPOINTS;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        ("subsets", List(&Object(&[("addresses", ADDRESSES), ("notReadyAddresses", ADDRESSES), ("ports", PORTS)]))),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        column("READY", 1, &["ready_count"]).shown("wanted"),
        column("NOT-READY", 2, &["not_ready_count"]).shown("unwanted"),
        column("ENDPOINTS", 3, &["subsets"]).shown("endpoints").cut("prose"),
    ];

    fn row(endpoints: &Node<'_>, row: &mut Row<'_>) {
        endpoints_row(endpoints, None, row);
    }
}

/// How many addresses are ready, and how many are not.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    ready: i64,
    not_ready: i64,
}

impl Counts {
    fn all(self) -> i64 {
        self.ready + self.not_ready
    }
}

/// What the slices of one Service know.
#[derive(Debug, Default)]
pub(crate) struct Sliced {
    /// What a row without an Endpoints object begins with, written from the first slice.
    head: Vec<u8>,
    /// A subset each, written.
    subsets: Vec<Vec<u8>>,
    names: Vec<String>,
    /// By family: an endpoint with an address of each is one endpoint.
    counts: Vec<(String, Counts)>,
    /// Whether somebody else than Kubernetes' own controllers wrote one of them: then there may be no Endpoints object.
    pub(crate) is_by_hand: bool,
}

/// The name of the Service that a slice belongs to. There are slices that belong to none.
pub(crate) fn service_of<'s>(metadata: &'s Node<'_>) -> Option<&'s str> {
    metadata.pair("labels", SERVICE).filter(|name| !name.is_empty())
}

impl Sliced {
    /// Adds a slice of the Service with this name.
    pub(crate) fn add(&mut self, service: &str, slice: &Node<'_>) {
        let metadata = slice.part("metadata");
        if self.names.is_empty() {
            write_object(&mut self.head, |row| {
                row.text("name", service);
                row.text("namespace", metadata.text("namespace").unwrap_or_default());
                after_name(row, &metadata);
            });
        }
        self.names.push(metadata.text("name").unwrap_or_default().to_owned());
        let writer = metadata.pair("labels", MANAGED_BY).unwrap_or_default();
        self.is_by_hand |= !CONTROLLERS.contains(&writer);
        let of = |wanted: Readiness| slice.items("endpoints").iter().filter(move |it| Readiness::of(it) == wanted);
        let count = |wanted| i64::try_from(of(wanted).count()).unwrap_or(i64::MAX);
        let counts = Counts { ready: count(Readiness::Ready), not_ready: count(Readiness::NotReady) };
        if counts.all() == 0 {
            return;
        }
        let family = slice.text("addressType").unwrap_or_default();
        match self.counts.iter_mut().find(|(known, _)| known == family) {
            Some((_, known)) => {
                known.ready += counts.ready;
                known.not_ready += counts.not_ready;
            }
            None => self.counts.push((family.to_owned(), counts)),
        }
        let mut subset = Vec::new();
        write_object(&mut subset, |row| {
            for (name, wanted) in [("addresses", Readiness::Ready), ("not_ready_addresses", Readiness::NotReady)] {
                let nothing = || Node::missing(&SLICE).part("endpoints").item();
                row.list_of(name, of(wanted), nothing, |row, endpoint| {
                    // There may be several; the API says that clients use the first.
                    address(row, endpoint.items("addresses").first().and_then(Node::as_text), endpoint);
                });
            }
            // The controller has them in the order of a hash.
            let mut sorted: Vec<&Node<'_>> = slice.items("ports").iter().collect();
            sorted.sort_by_key(|port| (port.count("port"), port.text("name").unwrap_or_default()));
            row.list_of("ports", sorted.into_iter(), || slice.member("ports").node().item(), port);
        });
        self.subsets.push(subset);
    }

    /// Whether no slice has been added.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn addresses(&self) -> i64 {
        self.counts.iter().map(|(_, counts)| counts.all()).sum()
    }

    /// Of the family with the most.
    fn counts(&self) -> Counts {
        self.counts.iter().map(|(_, counts)| *counts).max_by_key(|counts| counts.all()).unwrap_or_default()
    }

    /// The row of a Service that has no Endpoints object.
    pub(crate) fn row(&self, row: &mut Row<'_>) {
        row.written_members(&self.head);
        self.rest(row);
    }

    fn rest(&self, row: &mut Row<'_>) {
        summary(row, "EndpointSlice", self.counts(), &self.names);
        row.written_list("subsets", self.subsets.iter().map(Vec::as_slice), |_| {});
    }
}

/// Whether an endpoint gets traffic. One that is ending gets none, and Endpoints objects leave it out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readiness {
    Ready,
    NotReady,
    Ending,
}

impl Readiness {
    /// A readiness that is not known counts as ready, as the API says.
    fn of(endpoint: &Node<'_>) -> Self {
        let conditions = endpoint.part("conditions");
        match (conditions.flag("ready"), conditions.is("terminating")) {
            (None | Some(true), _) => Self::Ready,
            (Some(false), true) => Self::Ending,
            (Some(false), false) => Self::NotReady,
        }
    }
}

/// What stands behind one Service, written as an Endpoints row.
#[derive(Debug)]
pub(crate) struct Behind {
    pub(crate) json: Vec<u8>,
    pub(crate) source: &'static str,
    /// How many addresses get traffic, and how many would if they were ready.
    pub(crate) ready: i64,
    pub(crate) not_ready: i64,
}

impl Behind {
    /// Of the Service with this metadata: what its slices say; the Endpoints object where slices could not be read, or know less. Each is none where it
    /// could not be read, and an object or slices that are not there know of nothing. None where neither could be read.
    pub(crate) fn of(service: &Node<'_>, endpoints: Option<&Node<'_>>, sliced: Option<&Sliced>) -> Option<Self> {
        let object = endpoints.filter(|endpoints| endpoints.part("metadata").filled("name").is_some());
        let counts = object.map(counts_of).unwrap_or_default();
        let mut json = Vec::new();
        let known = match (object, sliced) {
            (object, Some(sliced))
                if sliced.addresses() >= counts.all() && (object.is_none() || !sliced.is_empty()) =>
            {
                write_object(&mut json, |row| {
                    match object {
                        Some(object) => head(row, &object.part("metadata")),
                        None if sliced.is_empty() => nameless(service, row),
                        None => row.written_members(&sliced.head),
                    }
                    sliced.rest(row);
                });
                ("EndpointSlice", sliced.counts())
            }
            (Some(object), sliced) => {
                write_object(&mut json, |row| endpoints_row(object, sliced, row));
                ("Endpoints", counts)
            }
            (None, _) if endpoints.is_some() => {
                write_object(&mut json, |row| {
                    nameless(service, row);
                    summary(row, "Endpoints", Counts::default(), &[]);
                    row.written_list("subsets", std::iter::empty(), |_| {});
                });
                ("Endpoints", Counts::default())
            }
            (None, _) => return None,
        };
        let (source, Counts { ready, not_ready }) = known;
        Some(Self { json, source, ready, not_ready })
    }
}

/// The head of an object that is not there: it would have the name of its Service.
fn nameless(service: &Node<'_>, row: &mut Row<'_>) {
    row.text("name", service.text("name").unwrap_or_default());
    row.text("namespace", service.text("namespace").unwrap_or_default());
    after_name(row, &Node::missing(&METADATA));
}

fn counts_of(endpoints: &Node<'_>) -> Counts {
    let count = |list: &str| {
        let of_subset = |subset: &Node<'_>| i64::try_from(subset.items(list).len()).unwrap_or(i64::MAX);
        endpoints.items("subsets").iter().map(of_subset).sum()
    };
    Counts { ready: count("addresses"), not_ready: count("notReadyAddresses") }
}

/// The row of an Endpoints object, and of the slices of the same Service where they could be read.
pub(crate) fn endpoints_row(endpoints: &Node<'_>, sliced: Option<&Sliced>, row: &mut Row<'_>) {
    let metadata = endpoints.part("metadata");
    head(row, &metadata);
    let counts = counts_of(endpoints);
    match sliced {
        Some(sliced) if sliced.addresses() > counts.all() => return sliced.rest(row),
        Some(sliced) => summary(row, "Endpoints", counts, &sliced.names),
        None => summary(row, "Endpoints", counts, &[]),
    }
    row.list("subsets", endpoints.member("subsets"), |row, subset| {
        for (name, list) in [("addresses", "addresses"), ("not_ready_addresses", "notReadyAddresses")] {
            row.list(name, subset.member(list), |row, found| address(row, found.text("ip"), found));
        }
        ports(row, subset);
    });
}

fn summary(row: &mut Row<'_>, source: &str, counts: Counts, slices: &[String]) {
    row.text("source", source);
    row.int("ready_count", counts.ready);
    row.int("not_ready_count", counts.not_ready);
    row.texts("endpoint_slices", slices.iter().map(String::as_str));
}

fn address(row: &mut Row<'_>, ip: Option<&str>, found: &Node<'_>) {
    row.text("ip", ip.unwrap_or_default());
    row.text_or_null("hostname", found.filled("hostname"));
    row.text_or_null("node_name", found.filled("nodeName"));
    row.object_or_null("target_ref", found.member("targetRef"), |row, target| {
        row.text_or_null("kind", target.filled("kind"));
        row.text_or_null("name", target.filled("name"));
        row.text_or_null("namespace", target.filled("namespace"));
    });
}

fn ports(row: &mut Row<'_>, of: &Node<'_>) {
    row.list("ports", of.member("ports"), port);
}

fn port(row: &mut Row<'_>, port: &Node<'_>) {
    row.text_or_null("name", port.filled("name"));
    row.int("port", port.count("port"));
    row.text_or_null("protocol", port.filled("protocol"));
}
