//! Metadata of objects and of lists, and what many kinds share, as far as rows show it.

use crate::node::Shape::{Flag, Int, List, Object, Pairs, Text};
use crate::node::{MemberOf, Node, Shape};
use crate::row::Row;
use std::borrow::Cow;

/// kubectl's copy of the whole object: it repeats the object, and of a Secret the values. Dropped everywhere.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object's metadata.
pub(crate) const METADATA: Shape = Object(&[
    ("name", Text),
    ("namespace", Text),
    ("uid", Text),
    ("labels", Pairs),
    ("annotations", Pairs),
    ("creationTimestamp", Text),
    ("deletionTimestamp", Text),
    ("generation", Int),
    ("finalizers", List(&Text)),
    ("ownerReferences", List(&Object(&[("kind", Text), ("name", Text), ("uid", Text), ("controller", Flag)]))),
]);

/// A condition.
pub(crate) const CONDITIONS: Shape = List(&Object(&[
    ("type", Text),
    ("status", Text),
    ("reason", Text),
    ("message", Text),
    ("lastTransitionTime", Text),
]));

/// What a selector asks for beyond equality.
pub(crate) const EXPRESSIONS: Shape = List(&Object(&[("key", Text), ("operator", Text), ("values", List(&Text))]));

/// A label selector.
pub(crate) const LABEL_SELECTOR: Shape = Object(&[("matchLabels", Pairs), ("matchExpressions", EXPRESSIONS)]);

/// Containers of a template, for their images.
pub(crate) const CONTAINERS: Shape = List(&Object(&[("image", Text)]));

/// What every row of an object in a namespace begins with.
pub(crate) fn head(row: &mut Row<'_>, metadata: &Node<'_>) {
    row.text("name", metadata.text("name").unwrap_or_default());
    row.text("namespace", metadata.text("namespace").unwrap_or_default());
    after_name(row, metadata);
}

/// What every row of an object of the cluster begins with.
pub(crate) fn cluster_head(row: &mut Row<'_>, metadata: &Node<'_>) {
    row.text("name", metadata.text("name").unwrap_or_default());
    after_name(row, metadata);
}

/// What stands in every row after name and namespace.
pub(crate) fn after_name(row: &mut Row<'_>, metadata: &Node<'_>) {
    row.text("uid", metadata.text("uid").unwrap_or_default());
    row.pairs("labels", metadata.pairs("labels").iter());
    row.pairs("annotations", metadata.pairs("annotations").iter().filter(|(key, _)| key != LAST_APPLIED));
    row.time("created", metadata.text("creationTimestamp"));
    row.time("deletion_timestamp", metadata.text("deletionTimestamp"));
    row.list("owner_references", metadata.member("ownerReferences"), |row, owner| {
        row.text_or_null("kind", owner.filled("kind"));
        row.text_or_null("name", owner.filled("name"));
        row.text_or_null("uid", owner.filled("uid"));
        row.flag("controller", owner.is("controller"));
    });
}

/// An object's conditions, in the server's order.
pub(crate) fn conditions(row: &mut Row<'_>, conditions: MemberOf<'_, '_>) {
    row.list("conditions", conditions, |row, condition| {
        row.text("type", condition.text("type").unwrap_or_default());
        row.text("status", condition.text("status").unwrap_or_default());
        row.text_or_null("reason", condition.filled("reason"));
        row.untrusted("message", condition.filled("message"));
        row.time("last_transition_time", condition.text("lastTransitionTime"));
    });
}

/// A workload's selector.
pub(crate) fn selector(row: &mut Row<'_>, selector: &Node<'_>) {
    row.pairs("selector", selector.pairs("matchLabels").iter());
    expressions(row, "selector_expressions", selector.member("matchExpressions"));
}

/// Expressions of a selector.
pub(crate) fn expressions(row: &mut Row<'_>, name: &'static str, expressions: MemberOf<'_, '_>) {
    row.list(name, expressions, |row, expression| {
        row.text("key", expression.text("key").unwrap_or_default());
        row.text("operator", expression.text("operator").unwrap_or_default());
        row.texts("values", expression.items("values").iter().filter_map(Node::as_text));
    });
}

/// Whether a selector can be asked by: it selects something, and each expression says what it is about and how.
pub(crate) fn is_whole_selector(selector: &Node<'_>) -> bool {
    let expressions = selector.items("matchExpressions");
    let is_whole = |expression: &Node<'_>| {
        let is_known = matches!(expression.text("operator"), Some("In" | "NotIn" | "Exists" | "DoesNotExist"));
        is_known && expression.filled("key").is_some()
    };
    let selects = !selector.pairs("matchLabels").is_empty() || !expressions.is_empty();
    selects && expressions.iter().all(is_whole)
}

/// The images of a template's containers, by its `spec`.
pub(crate) fn images(row: &mut Row<'_>, pod: &Node<'_>) {
    row.texts("images", pod.items("containers").iter().filter_map(|container| container.filled("image")));
}

/// The keys of a member that is a map of strings.
pub(crate) fn keys<'o>(object: &'o Node<'_>, member: &str) -> impl Iterator<Item = &'o str> {
    object.pairs(member).iter().map(|(key, _)| &**key)
}

/// A selector as it is asked by: equalities by key, then expressions in their order, their values sorted. The host writes it in the same form.
pub(crate) fn selector_text(selector: &Node<'_>) -> String {
    let equal = equalities(selector.pairs("matchLabels"));
    let expressions = selector.items("matchExpressions").iter().map(|expression| {
        let key = expression.text("key").unwrap_or_default();
        let mut values: Vec<&str> = expression.items("values").iter().filter_map(Node::as_text).collect();
        values.sort_unstable();
        let values = values.join(",");
        match expression.text("operator").unwrap_or_default() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        }
    });
    equal.into_iter().chain(expressions).collect::<Vec<_>>().join(",")
}

/// Labels that must all be there, each as `key=value`, in the order of the keys.
pub(crate) fn equalities(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Vec<String> {
    let mut equal: Vec<_> = pairs.iter().collect();
    equal.sort_unstable_by_key(|(key, _)| key);
    equal.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// A list's metadata.
const LIST_META: Shape = Object(&[("resourceVersion", Text), ("continue", Text), ("remainingItemCount", Int)]);

/// What a page says of its list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ListMeta {
    /// The version the list was read at.
    pub(crate) resource_version: Option<String>,
    /// The token of the next page, where there is one: the last page has none, or an empty one.
    pub(crate) next_token: Option<String>,
    /// How many objects there are beyond this page, where the server says so.
    pub(crate) remaining: Option<u64>,
}

impl ListMeta {
    /// The shape it is read as.
    pub(crate) const SHAPE: &'static Shape = &LIST_META;
}

impl From<&Node<'_>> for ListMeta {
    fn from(node: &Node<'_>) -> Self {
        Self {
            resource_version: node.filled("resourceVersion").map(str::to_owned),
            next_token: node.filled("continue").map(str::to_owned),
            remaining: node.int("remainingItemCount").and_then(|count| u64::try_from(count).ok()),
        }
    }
}
