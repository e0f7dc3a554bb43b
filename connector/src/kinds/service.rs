//! Services.

use crate::column::{Column, EXTRA, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::metadata::{METADATA, head};
use crate::node::Shape::{Int, IntOrText, List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::resource::{CORE, Resource};
use crate::row::Row;

/// Services.
pub struct Service;

/// What is read of its ports.
pub(crate) const PORTS: Shape = List(&Object(&[
    ("name", Text),
    ("port", Int),
    ("targetPort", IntOrText),
    ("protocol", Text),
    ("nodePort", Int),
    ("appProtocol", Text),
]));

/// Where they are kept.
pub(crate) const SERVICES: Resource = Resource::namespaced("Service", CORE, "services").found().told_by_uid();

impl Kind for Service {
    const RESOURCE: Resource = SERVICES;
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("type", Text),
                ("clusterIP", Text),
                ("clusterIPs", List(&Text)),
                ("externalIPs", List(&Text)),
                ("externalName", Text),
                ("loadBalancerIP", Text),
                ("ports", PORTS),
                ("selector", Pairs),
                ("sessionAffinity", Text),
                ("ipFamilies", List(&Text)),
                ("ipFamilyPolicy", Text),
                ("externalTrafficPolicy", Text),
                ("internalTrafficPolicy", Text),
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
        column("TYPE", 2, &["type"]),
        column("CLUSTER-IP", 1, &["cluster_ip"]),
        column("EXTERNAL-IP", 5, &["type", "load_balancer_ingress", "external_ips", "external_name"])
            .shown("service-address")
            .cut("list"),
        column("PORT(S)", 2, &["ports"]).shown("ports").cut("list"),
        age(4),
        column("SELECTOR", EXTRA, &["selector"]).cut("list"),
    ];

    fn row(service: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec, status) = (service.part("metadata"), service.part("spec"), service.part("status"));
        let balancer = status.part("loadBalancer");
        head(row, &metadata);
        row.text_or_null("type", spec.filled("type"));
        row.text_or_null("cluster_ip", spec.filled("clusterIP"));
        row.texts("cluster_ips", texts(&spec, "clusterIPs"));
        row.texts("external_ips", texts(&spec, "externalIPs"));
        row.text_or_null("external_name", spec.filled("externalName"));
        row.text_or_null("load_balancer_ip", spec.filled("loadBalancerIP"));
        ports(row, &spec);
        row.pairs("selector", spec.pairs("selector").iter());
        row.text_or_null("session_affinity", spec.filled("sessionAffinity"));
        row.texts("ip_families", texts(&spec, "ipFamilies"));
        row.text_or_null("ip_family_policy", spec.filled("ipFamilyPolicy"));
        row.text_or_null("external_traffic_policy", spec.filled("externalTrafficPolicy"));
        row.text_or_null("internal_traffic_policy", spec.filled("internalTrafficPolicy"));
        row.list("load_balancer_ingress", balancer.member("ingress"), |row, ingress| {
            row.text_or_null("ip", ingress.filled("ip"));
            row.text_or_null("hostname", ingress.filled("hostname"));
        });
    }
}

fn texts<'s>(spec: &'s Node<'_>, list: &str) -> impl Iterator<Item = &'s str> {
    spec.items(list).iter().filter_map(Node::as_text)
}

/// The ports of a Service, by its spec.
pub(crate) fn ports(row: &mut Row<'_>, spec: &Node<'_>) {
    row.list("ports", spec.member("ports"), |row, port| {
        row.text_or_null("name", port.filled("name"));
        row.int("port", port.count("port"));
        row.text_or_null("target_port", port.filled("targetPort"));
        row.text_or_null("protocol", port.filled("protocol"));
        // 0 is how some writers say that there is none.
        row.int_or_null("node_port", port.int("nodePort").filter(|port| *port != 0));
        row.text_or_null("app_protocol", port.filled("appProtocol"));
    });
}
