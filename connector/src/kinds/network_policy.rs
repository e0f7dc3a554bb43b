//! NetworkPolicies, whole: in what they leave out there is meaning. Of a direction that a policy is about, no rule at all allows nothing, and an empty
//! rule allows everything; a peer without a selector is not one with an empty selector. See
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>.

use crate::column::{Column, EXTRA, NAME, NAMESPACE, age, column};
use crate::kind::Kind;
use crate::metadata::{LABEL_SELECTOR, METADATA, expressions, head};
use crate::node::Shape::{Int, IntOrText, List, Object, Text};
use crate::node::{MemberOf, Node, Shape};
use crate::resource::{NETWORKING, Resource};
use crate::row::Row;

/// NetworkPolicies.
pub struct NetworkPolicy;

/// Who a rule is about: addresses, or pods by their labels, by those of their namespaces, or by both.
const PEERS: Shape = List(&Object(&[
    ("ipBlock", Object(&[("cidr", Text), ("except", List(&Text))])),
    ("podSelector", LABEL_SELECTOR),
    ("namespaceSelector", LABEL_SELECTOR),
]));

const PORTS: Shape = List(&Object(&[("port", IntOrText), ("endPort", Int), ("protocol", Text)]));

/// What is said of traffic in one direction, and how.
struct Direction {
    policy_type: &'static str,
    /// The member with its rules, and the member of a rule with its peers.
    rules: &'static str,
    peers: &'static str,
    /// Members of a row.
    count: &'static str,
    allows: &'static str,
    any_peer: &'static str,
}

const INGRESS: Direction = Direction {
    policy_type: "Ingress",
    rules: "ingress",
    peers: "from",
    count: "ingress_rules_count",
    allows: "ingress_allows",
    any_peer: "any_source",
};

const EGRESS: Direction = Direction {
    policy_type: "Egress",
    rules: "egress",
    peers: "to",
    count: "egress_rules_count",
    allows: "egress_allows",
    any_peer: "any_destination",
};

impl Kind for NetworkPolicy {
    const RESOURCE: Resource = Resource::namespaced("NetworkPolicy", NETWORKING, "networkpolicies").told_by_uid();
    const SHAPE: &'static Shape = &Object(&[
        ("metadata", METADATA),
        (
            "spec",
            Object(&[
                ("podSelector", LABEL_SELECTOR),
                ("policyTypes", List(&Text)),
                ("ingress", List(&Object(&[("from", PEERS), ("ports", PORTS)]))),
                ("egress", List(&Object(&[("to", PEERS), ("ports", PORTS)]))),
            ]),
        ),
    ]);
    const COLUMNS: &'static [Column] = &[
        NAMESPACE,
        NAME,
        column("POD-SELECTOR", 1, &["pod_selector", "pod_selector_expressions"]).shown("selector").cut("list"),
        column("INGRESS", 2, &["ingress_allows"]),
        column("EGRESS", 2, &["egress_allows"]),
        age(3),
        column("POLICY TYPES", EXTRA, &["policy_types"]),
    ];

    fn row(policy: &Node<'_>, row: &mut Row<'_>) {
        let (metadata, spec) = (policy.part("metadata"), policy.part("spec"));
        let pods = spec.part("podSelector");
        head(row, &metadata);
        row.pairs("pod_selector", pods.pairs("matchLabels").iter());
        expressions(row, "pod_selector_expressions", pods.member("matchExpressions"));
        row.texts("policy_types", spec.items("policyTypes").iter().filter_map(Node::as_text));
        for direction in [&INGRESS, &EGRESS] {
            row.int(direction.count, i64::try_from(spec.items(direction.rules).len()).unwrap_or(i64::MAX));
            row.text(direction.allows, direction.allowed(&spec));
        }
        for direction in [&INGRESS, &EGRESS] {
            row.list(direction.rules, spec.member(direction.rules), |row, rule| direction.rule(row, rule));
        }
    }
}

impl Direction {
    /// What a policy lets through of this direction: `unrestricted` where it says nothing of it, then `nothing`, `everything`, or `some`.
    fn allowed(&self, spec: &Node<'_>) -> &'static str {
        let rules = spec.items(self.rules);
        let types = spec.items("policyTypes");
        // Without types a policy is about ingress, and about egress where it has rules for that.
        let is_about = match types {
            [] => self.policy_type == INGRESS.policy_type || !rules.is_empty(),
            types => types.iter().any(|known| known.as_text() == Some(self.policy_type)),
        };
        let is_open = |rule: &Node<'_>| rule.items(self.peers).is_empty() && rule.items("ports").is_empty();
        match rules {
            _ if !is_about => "unrestricted",
            [] => "nothing",
            rules if rules.iter().any(is_open) => "everything",
            _ => "some",
        }
    }

    fn rule(&self, row: &mut Row<'_>, rule: &Node<'_>) {
        // None named is any.
        row.flag(self.any_peer, rule.items(self.peers).is_empty());
        row.list(self.peers, rule.member(self.peers), peer);
        row.flag("any_port", rule.items("ports").is_empty());
        row.list("ports", rule.member("ports"), |row, port| {
            row.text_or_null("protocol", port.filled("protocol"));
            row.text_or_null("port", port.filled("port"));
            row.int_or_null("end_port", port.int("endPort"));
        });
    }
}

fn peer(row: &mut Row<'_>, peer: &Node<'_>) {
    row.object_or_null("ip_block", peer.member("ipBlock"), |row, block| {
        row.text_or_null("cidr", block.filled("cidr"));
        row.texts("except", block.items("except").iter().filter_map(Node::as_text));
    });
    label_selector(row, "pod_selector", peer.member("podSelector"));
    label_selector(row, "namespace_selector", peer.member("namespaceSelector"));
}

/// A selector, or null where there is none: an empty one selects everything.
fn label_selector(row: &mut Row<'_>, name: &'static str, selector: MemberOf<'_, '_>) {
    row.object_or_null(name, selector, |row, selector| {
        row.pairs("match_labels", selector.pairs("matchLabels").iter());
        expressions(row, "match_expressions", selector.member("matchExpressions"));
    });
}
