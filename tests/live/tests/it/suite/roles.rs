//! Each operation under the ClusterRoles that every cluster comes with, `view` and `edit`: what of it works is a table in `docs/roles.md`, made here.

use super::case::Is;
use super::rights::{Somebody, lines_of};
use super::world::World;
use crate::embedded::embedded;
use crate::servers;
use meho_control_plane::{Cluster, Namespace};
use meho_host::error::ErrorCode;
use meho_host::policy::catalogue::Operation;
use meho_host::policy::effect::Trust;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

const UPDATE: &str = "MEHO_UPDATE_ROLES";
const FILE: &str = "../../docs/roles.md";
const ROLES: [&str; 2] = ["view", "edit"];

const HEAD: &str = "\
# What works under `view` and `edit`

Every cluster has the ClusterRoles `view` and `edit`. Neither was made for these operations: `view` reads no Secrets, no nodes, no volumes and no storage
classes, and `edit` changes no nodes. `meho-host rbac` prints the least rules that are enough, for all operations or for some.

This table is what a real API server let each operation do, for an account that has the role in the whole cluster. *Partial* means that the operation works
and says that its answer is not complete, or what it did not look for.

";

/// An account that has one of these roles everywhere.
fn somebody(cluster: &Cluster, home: &Namespace, role: &str) -> Somebody {
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": role, "namespace": home.name()}});
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": format!("{home}-{role}")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": role, "namespace": home.name()}],
    });
    let somebody = Somebody::with(cluster, &[account, binding]);
    // The role itself is there already; it is the binding that has to be seen.
    let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]});
    super::rights::effective(
        cluster,
        &format!("system:serviceaccount:{home}:{role}"),
        &json!({"metadata": {}, "rules": [rule]}),
    );
    somebody
}

/// The rights that a text says were missing: `cannot get resource "nodes" in API group ""`.
fn missing(text: &str) -> BTreeSet<String> {
    let right = |rest: &str| {
        let (verb, rest) = rest.split_once(" resource \"")?;
        let (resource, rest) = rest.split_once("\" in API group \"")?;
        let (group, _) = rest.split_once('"')?;
        Some(named(verb, resource, group))
    };
    text.split("cannot ").skip(1).filter_map(right).collect()
}

fn named(verb: &str, resource: &str, group: &str) -> String {
    if group.is_empty() { format!("{verb} {resource}") } else { format!("{verb} {resource}.{group}") }
}

/// What an operation comes to.
fn verdict(operation: &Operation, whole: &World, somebody: &Somebody) -> String {
    let lines = lines_of(operation);
    let first = lines
        .iter()
        .find(|case| case.is == Is::Success)
        .unwrap_or_else(|| panic!("{}: no line succeeds", operation.id));
    let own = (operation.trust != Trust::Read).then(|| World::of(whole.cluster(), &first.resource()));
    let world = own.as_ref().unwrap_or(whole);
    let mut lost = BTreeSet::new();
    for case in std::iter::once(first).chain(&lines).filter(|case| case.arguments["continue"].is_null()) {
        match somebody.caller.call(operation.id.as_str(), world.filled(&case.arguments)) {
            Ok((_, meta)) => meta.warnings.iter().for_each(|said| lost.append(&mut missing(said))),
            Err(error) if error.code == ErrorCode::PermissionDenied => {
                let text = |member: &str| error.details[member].as_str().unwrap_or_default();
                return format!("denied: `{}`", named(text("verb"), text("resource"), text("api_group")));
            }
            Err(error) => lost.append(&mut missing(&error.hint)),
        }
    }
    if lost.is_empty() {
        return "works".to_owned();
    }
    let lost: Vec<String> = lost.iter().map(|right| format!("`{right}`")).collect();
    format!("partial: without {}", lost.join(", "))
}

#[test]
fn what_works_under_view_and_edit_is_what_the_table_says() {
    let Some(real) = servers::real() else { return };
    let world = World::make(&real);
    let operations = embedded().connector.catalogue().operations();
    let column = |role: &'static str| {
        let somebody = somebody(&real, world.namespace(), role);
        operations.iter().map(|operation| verdict(operation, &world, &somebody)).collect::<Vec<_>>()
    };
    let columns: Vec<Vec<String>> = std::thread::scope(|scope| {
        let column = &column;
        let columns = ROLES.map(|role| scope.spawn(move || column(role)));
        columns.into_iter().map(|it| it.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause))).collect()
    });
    let mut made = format!("{HEAD}| Operation | `view` | `edit` |\n|---|---|---|\n");
    for (number, operation) in operations.iter().enumerate() {
        made.push_str(&format!("| `{}` | {} | {} |\n", operation.id, columns[0][number], columns[1][number]));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, made).expect("the table is written");
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let differences: Vec<String> =
        made.lines().filter(|line| !there.lines().any(|known| known == *line)).map(str::to_owned).collect();
    assert!(
        there == made,
        "docs/roles.md is not what the server lets do ({UPDATE}=1 makes it anew):\n{}",
        differences.join("\n")
    );
}

#[test]
fn the_rights_that_a_server_names_are_read_out_of_its_words() {
    let words = r#"events could not be read: events is forbidden: User "u" cannot list resource "events" in API group "" in the namespace "x"; nodes.metrics.k8s.io "n" is forbidden: User "u" cannot get resource "nodes" in API group "metrics.k8s.io" at the cluster scope"#;
    let found: Vec<String> = missing(words).into_iter().collect();
    assert_eq!(found, ["get nodes.metrics.k8s.io", "list events"]);
    assert_eq!(missing("everybody can do all, and cannot say so"), BTreeSet::new());
}
