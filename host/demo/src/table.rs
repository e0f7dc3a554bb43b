//! Tables: the columns that `kubectl get` prints, as the API server has them for each kind.

mod cells;
mod cluster;
mod network;
mod pods;
mod storage;
mod workloads;

use crate::negotiate::Include;
use crate::resource::Resource;
use crate::show;
use jiff::Timestamp;
use serde_json::{Value, json};

/// One column.
#[derive(Debug, Clone, Copy)]
struct Column {
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    /// 1 where it is printed with `-o wide` alone.
    priority: u8,
}

const NAME: Column = Column { name: "Name", kind: "string", format: "name", priority: 0 };
const AGE: Column = text("Age");

const fn text(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 0 }
}

const fn number(name: &'static str) -> Column {
    Column { name, kind: "integer", format: "", priority: 0 }
}

const fn wide(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 1 }
}

/// The columns of a kind, and what stands in them for an object.
struct Layout {
    columns: &'static [Column],
    cells: fn(&Value, Timestamp) -> Vec<Value>,
}

/// A Table without its metadata.
pub(crate) fn of(resource: &Resource, objects: &[&Value], include: Include, now: Timestamp) -> Value {
    let layout = layout(resource);
    let columns: Vec<Value> = layout
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name, "type": column.kind, "format": column.format, "description": "",
                "priority": column.priority,
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut row = json!({ "cells": (layout.cells)(object, now), "object": show::included(object, include) });
            if let Some(condition) = pods::condition(resource, object) {
                row["conditions"] = json!([condition]);
            }
            row
        })
        .collect();
    json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": columns, "rows": rows })
}

fn layout(resource: &Resource) -> Layout {
    match (resource.group, resource.plural) {
        ("", "pods") => pods::PODS,
        ("", "nodes") => cluster::NODES,
        ("", "namespaces") => cluster::NAMESPACES,
        ("" | "events.k8s.io", "events") => cluster::EVENTS,
        ("", "configmaps") => cluster::CONFIG_MAPS,
        ("", "secrets") => cluster::SECRETS,
        ("", "resourcequotas") => cluster::QUOTAS,
        ("", "serviceaccounts") => cluster::ACCOUNTS,
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => cluster::BINDINGS,
        ("coordination.k8s.io", _) => cluster::LEASES,
        ("apps", "deployments") => workloads::DEPLOYMENTS,
        ("apps", "replicasets") | ("", "replicationcontrollers") => workloads::REPLICA_SETS,
        ("apps", "statefulsets") => workloads::STATEFUL_SETS,
        ("apps", "daemonsets") => workloads::DAEMON_SETS,
        ("batch", "jobs") => workloads::JOBS,
        ("batch", "cronjobs") => workloads::CRON_JOBS,
        ("autoscaling", _) => workloads::AUTOSCALERS,
        ("policy", _) => workloads::BUDGETS,
        ("", "services") => network::SERVICES,
        ("", "endpoints") => network::ENDPOINTS,
        ("discovery.k8s.io", _) => network::SLICES,
        ("networking.k8s.io", "ingresses") => network::INGRESSES,
        ("networking.k8s.io", "networkpolicies") => network::POLICIES,
        ("", "persistentvolumeclaims") => storage::CLAIMS,
        ("", "persistentvolumes") => storage::VOLUMES,
        ("storage.k8s.io", _) => storage::CLASSES,
        _ => cells::OTHERS,
    }
}
