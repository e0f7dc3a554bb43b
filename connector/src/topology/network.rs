//! Services and Ingresses, and what traffic for a Service goes to.
//!
//! What a Service routes to is what its EndpointSlices say. Where they cannot all be read, its Endpoints say it; where those cannot either, its selector is held against the
//! labels of pods, which says what it is meant for and not what it does.

use crate::kind::Kind as _;
use crate::kinds::endpoints::{CONTROLLER, Endpoints, MANAGED_BY, service_of};
use crate::kinds::ingress::Ingress;
use crate::kinds::service::{PORTS, SERVICES, ports};
use crate::node::Shape::{Flag, List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::resource::{ENDPOINT_SLICES, Resource};
use crate::row::Row;
use crate::topology::configuration::SECRET;
use crate::topology::entity::{ANNOTATED, EntityKind, META, OWNERS, Pass};
use crate::topology::findings::{End, Findings, Says};
use crate::topology::held::Selector;
use crate::topology::relationship::{INGRESS_TO_SERVICE, INGRESS_USES_SECRET, Known, SERVICE_TO_POD};
use crate::topology::workload::name;
use std::collections::BTreeSet;

/// The annotation of an Endpoints object that has more addresses than it can hold.
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// The older way to name the class of an Ingress.
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

/// Services.
pub(crate) const SERVICE: EntityKind = EntityKind {
    resource: SERVICES,
    same_types: &["Service"],
    shape: &Object(&[
        ("metadata", META),
        ("spec", Object(&[("type", Text), ("clusterIP", Text), ("ports", PORTS), ("selector", Pairs)])),
    ]),
    properties: service,
    same_as: None,
    relationships: keep_selector,
};

fn service(service: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let spec = service.part("spec");
    name(service, row);
    row.text_or_null("type", spec.filled("type"));
    row.text_or_null("cluster_ip", spec.filled("clusterIP"));
    ports(row, &spec);
    row.pairs("selector", spec.pairs("selector").iter());
}

/// An absent or empty selector selects nothing, and what is outside has no pods whatever it selects.
fn keep_selector(service: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let spec = service.part("spec");
    let selector = spec.pairs("selector");
    let Some(selectors) = &mut pass.held.selectors else { return };
    if selector.is_empty() || spec.text("type") == Some("ExternalName") {
        return;
    }
    selectors.entry(this.namespace.unwrap_or_default().to_owned()).or_default().push(Selector {
        service: this.name.to_owned(),
        uid: this.uid.unwrap_or_default().to_owned(),
        pairs: selector.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
    });
}

/// What the selectors of Services say of a pod. One that is over is no endpoint.
pub(crate) fn selected(pod: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let Some(selectors) = &pass.held.selectors else { return };
    let (metadata, status) = (pod.part("metadata"), pod.part("status"));
    if matches!(status.text("phase"), Some("Succeeded" | "Failed")) {
        return;
    }
    let namespace = this.namespace.unwrap_or_default();
    for of in selectors.get(namespace).into_iter().flatten() {
        if of.pairs.iter().all(|(key, value)| metadata.pair("labels", key) == Some(value)) {
            let from = End::named(SERVICE.resource.kind, this.namespace, &of.service).with_uid(Some(&of.uid));
            pass.findings.relationship(SERVICE_TO_POD, from, *this, (Known::Selector, false), Says::Nothing);
        }
    }
}

/// What says where the traffic of Services goes.
pub(crate) struct Routes {
    pub(crate) resource: Resource,
    pub(crate) shape: &'static Shape,
    /// Hands out what one of them says. Gives why it does not say all.
    pub(crate) found: fn(&Node<'_>, &mut Findings) -> Option<String>,
}

const TARGET: Shape = Object(&[("kind", Text), ("name", Text), ("namespace", Text), ("uid", Text)]);

/// EndpointSlices.
pub(crate) const SLICES: Routes = Routes {
    resource: ENDPOINT_SLICES,
    shape: &Object(&[
        ("metadata", Object(&[("name", Text), ("namespace", Text), ("labels", Pairs), ("ownerReferences", OWNERS)])),
        ("endpoints", List(&Object(&[("conditions", Object(&[("ready", Flag)])), ("targetRef", TARGET)]))),
    ]),
    found: of_slice,
};

/// The label names the Service, whoever owns the slice. Where the Service does, there is its uid.
fn of_slice(slice: &Node<'_>, findings: &mut Findings) -> Option<String> {
    let metadata = slice.part("metadata");
    let service = service_of(&metadata)?;
    let owner = metadata.items("ownerReferences").iter().find(|owner| {
        owner.text("kind") == Some(SERVICE.resource.kind)
            && owner.text("apiVersion") == Some("v1")
            && owner.text("name") == Some(service)
    });
    let namespace = metadata.filled("namespace");
    let from = End::named(SERVICE.resource.kind, namespace, service).with_uid(owner.and_then(|it| it.filled("uid")));
    // Whoever may write slices may name a pod beside an address that is not that pod's.
    let is_controllers = owner.is_some() && metadata.pair("labels", MANAGED_BY) == Some(CONTROLLER);
    for endpoint in slice.items("endpoints") {
        // Not said means ready.
        let ready = endpoint.part("conditions").flag("ready") != Some(false);
        route(from, &endpoint.part("targetRef"), ready, (Known::EndpointSlice, is_controllers), findings);
    }
    None
}

/// Endpoints.
pub(crate) const ENDPOINTS: Routes = Routes {
    resource: Endpoints::RESOURCE,
    shape: &Object(&[
        ("metadata", Object(&[("name", Text), ("namespace", Text), ("annotations", Pairs)])),
        (
            "subsets",
            List(&Object(&[
                ("addresses", List(&Object(&[("targetRef", TARGET)]))),
                ("notReadyAddresses", List(&Object(&[("targetRef", TARGET)]))),
            ])),
        ),
    ]),
    found: of_endpoints,
};

fn of_endpoints(endpoints: &Node<'_>, findings: &mut Findings) -> Option<String> {
    let metadata = endpoints.part("metadata");
    let (namespace, service) = (metadata.filled("namespace"), metadata.filled("name")?);
    let from = End::named(SERVICE.resource.kind, namespace, service);
    for subset in endpoints.items("subsets") {
        for (member, ready) in [("addresses", true), ("notReadyAddresses", false)] {
            for address in subset.items(member) {
                route(from, &address.part("targetRef"), ready, (Known::Endpoints, true), findings);
            }
        }
    }
    let is_cut = metadata.pair("annotations", OVER_CAPACITY) == Some("truncated");
    is_cut.then(|| {
        format!("the Endpoints {}/{service} have more addresses than they hold", namespace.unwrap_or_default())
    })
}

fn route(service: End<'_>, target: &Node<'_>, ready: bool, known: (Known, bool), findings: &mut Findings) {
    let (Some("Pod"), Some(pod)) = (target.text("kind"), target.filled("name")) else { return };
    // A target is in the namespace of what names it. One that says otherwise is none of the API's making.
    if target.filled("namespace").is_some_and(|namespace| Some(namespace) != service.namespace) {
        return;
    }
    let to = End::named(SERVICE_TO_POD.destination, service.namespace, pod).with_uid(target.filled("uid"));
    findings.relationship(SERVICE_TO_POD, service, to, known, Says::Ready(ready));
}

const BACKEND: Shape = Object(&[("service", Object(&[("name", Text)]))]);

/// Ingresses.
pub(crate) const INGRESS: EntityKind = EntityKind {
    resource: Ingress::RESOURCE,
    same_types: &["Ingress"],
    shape: &Object(&[
        ("metadata", ANNOTATED),
        (
            "spec",
            Object(&[
                ("ingressClassName", Text),
                ("defaultBackend", BACKEND),
                (
                    "rules",
                    List(&Object(&[
                        ("host", Text),
                        ("http", Object(&[("paths", List(&Object(&[("backend", BACKEND)])))])),
                    ])),
                ),
                ("tls", List(&Object(&[("hosts", List(&Text)), ("secretName", Text)]))),
            ]),
        ),
    ]),
    properties: ingress,
    same_as: None,
    relationships: of_ingress,
};

fn ingress(ingress: &Node<'_>, row: &mut Row<'_>, _: bool) {
    let (metadata, spec) = (ingress.part("metadata"), ingress.part("spec"));
    name(ingress, row);
    row.texts("hosts", spec.items("rules").iter().filter_map(|rule| rule.filled("host")));
    let older = metadata.pair("annotations", CLASS_ANNOTATION).filter(|class| !class.is_empty());
    row.text_or_null("ingress_class", spec.filled("ingressClassName").or(older));
    row.list("tls", spec.member("tls"), |row, tls| {
        row.texts("hosts", tls.items("hosts").iter().filter_map(Node::as_text));
        row.text_or_null("secret_name", tls.filled("secretName"));
    });
}

fn of_ingress(ingress: &Node<'_>, this: &End<'_>, pass: &mut Pass<'_>) {
    let spec = ingress.part("spec");
    let mut services: BTreeSet<String> = BTreeSet::new();
    let mut add = |backend: &Node<'_>| services.extend(backend.part("service").filled("name").map(str::to_owned));
    add(&spec.part("defaultBackend"));
    for rule in spec.items("rules") {
        for path in rule.part("http").items("paths") {
            add(&path.part("backend"));
        }
    }
    for service in &services {
        let to = End::named(SERVICE.resource.kind, this.namespace, service);
        pass.findings.relationship(INGRESS_TO_SERVICE, *this, to, (Known::Spec, true), Says::Nothing);
    }
    let secrets: BTreeSet<&str> = spec.items("tls").iter().filter_map(|tls| tls.filled("secretName")).collect();
    for secret in secrets {
        let to = End::named(SECRET.resource.kind, this.namespace, secret);
        pass.findings.relationship(INGRESS_USES_SECRET, *this, to, (Known::Spec, true), Says::Nothing);
    }
}
