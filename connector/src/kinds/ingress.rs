//! Ingresses.

use crate::column::{Column, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::metadata::{METADATA, head};
use crate::node::Shape::{Int, List, Object, Text};
use crate::node::{Node, Shape};
use crate::resource::{NETWORKING, Resource};
use crate::row::Row;

/// Ingresses.
pub struct Ingress;

/// Where requests go: a Service, whose port has a number or a name, or another object.
const BACKEND: Shape = Object(&[
    ("service", Object(&[("name", Text), ("port", Object(&[("number", Int), ("name", Text)]))])),
    ("resource", Object(&[("apiGroup", Text), ("kind", Text), ("name", Text)])),
]);

const PATHS: Shape = List(&Object(&[("path", Text), ("pathType", Text), ("backend", BACKEND)]));

impl Kind for Ingress {
    const RESOURCE: Resource = Resource::namespaced("Ingress", NETWORKING, "ingresses").found().told_by_uid();
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("ingressClassName", Text),
                ("defaultBackend", BACKEND),
                ("rules", List(&Object(&[("host", Text), ("http", Object(&[("paths", PATHS)]))]))),
                ("tls", List(&Object(&[("hosts", List(&Text)), ("secretName", Text)]))),
            ]),
        ),
        (
            "status",
            Object(&[("loadBalancer", Object(&[("ingress", List(&Object(&[("ip", Text), ("hostname", Text)])))]))]),
        ),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        column("CLASS", 3, &["ingress_class_name"]),
        column("HOSTS", 1, &["hosts"]).shown("hosts").cut("list"),
        column("ADDRESS", 4, &["load_balancer_ingress"]).shown("reached-at").cut("list"),
        column("PORTS", 5, &["tls"]).shown("tls-ports"),
        age(2),
    ];

    fn row(ingress: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (ingress.part("metadata"), ingress.part("spec"), ingress.part("status"));
        let balancer = status.part("loadBalancer");
        head(row, &metadata);
        row.text_or_null("ingress_class_name", spec.filled("ingressClassName"));
        // Those of the rules, each once. A rule without one is for every host.
        let mut hosts: Vec<&str> = Vec::new();
        for host in spec.items("rules").iter().filter_map(|rule| rule.filled("host")) {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        row.texts("hosts", hosts.into_iter());
        row.object_or_null("default_backend", spec.member("defaultBackend"), backend);
        row.list("rules", spec.member("rules"), |row, rule| {
            row.text_or_null("host", rule.filled("host"));
            row.list("paths", rule.part("http").member("paths"), |row, path| {
                row.untrusted("path", path.filled("path"));
                row.text_or_null("path_type", path.filled("pathType"));
                row.object("backend", |row| backend(row, &path.part("backend")));
            });
        });
        row.list("tls", spec.member("tls"), |row, tls| {
            row.texts("hosts", tls.items("hosts").iter().filter_map(Node::as_text));
            row.text_or_null("secret_name", tls.filled("secretName"));
        });
        row.list("load_balancer_ingress", balancer.member("ingress"), |row, entry| {
            row.text_or_null("ip", entry.filled("ip"));
            row.text_or_null("hostname", entry.filled("hostname"));
        });
    }
}

fn backend(row: &mut Row<'_>, backend: &Node<'_>) {
    let service = backend.part("service");
    let port = service.part("port");
    row.text_or_null("service_name", service.filled("name"));
    // A port that has a name has no number.
    row.int_or_null("service_port", port.int("number").filter(|number| *number != 0));
    row.text_or_null("service_port_name", port.filled("name"));
    row.object_or_null("resource", backend.member("resource"), |row, resource| {
        row.text_or_null("api_group", resource.filled("apiGroup"));
        row.text_or_null("kind", resource.filled("kind"));
        row.text_or_null("name", resource.filled("name"));
    });
}
