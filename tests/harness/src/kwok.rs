//! kwok's configuration: how it plays nodes, pods and volumes, and which logs it serves.
//!
//! The stages are those of kwok's own module, with two changes. Pods become ready within a second instead of within twelve,
//! and are gone two seconds after their deletion instead of at any time of their grace period (of 30 seconds). And there is one node, [`NODE_BY_HAND`], on whose pods kwok plays no stage but deletion, so that a status which a test
//! has written stays; the same goes for pods and nodes with the label [`BY_HAND`]. A YAML document of kwok's stages has one fixed layout; a change that finds no place in it is an error.
//!
//! Pods go wrong where they are asked to. kwok's own stages of chaos let a pod or a node fail that has their label, such as
//! `pod-container-running-failed.stage.kwok.x-k8s.io`; ours, in `stages/fate.yaml`, play a pod with the label [`FATE`] from its beginning.

use serde_json::json;

use crate::by_hand::{BY_HAND, NODE_BY_HAND};
use crate::directory::Directory;
use crate::logs::KnownLog;
use crate::programs::Programs;
use crate::unavailable::Unavailable;

/// The label of pods that go wrong; its value says how, see `stages/fate.yaml`.
pub const FATE: &str = "meho.dev/fate";
const FATES: &str = include_str!("../stages/fate.yaml");

const SELECTOR: &str = "  selector:\n    matchExpressions:\n";
const DELAY: &str = "    durationMilliseconds: 1000\n";
const JITTER: &str = "    jitterDurationMilliseconds: 5000\n";
const SHORT_DELAY: &str = "    durationMilliseconds: 100\n";
const SHORT_JITTER: &str = "    jitterDurationMilliseconds: 300\n";
const DELETE_JITTER: &str = "    jitterDurationFrom:\n      expressionFrom: '.metadata.deletionTimestamp'\n";
const SHORT_DELETE_JITTER: &str = "    jitterDurationMilliseconds: 2000\n";
/// The one stage that also plays on the node by hand: without it, no pod there would ever go away.
const DELETE: &str = "pod/general/pod-delete.yaml";

/// The text of kwok's configuration file.
///
/// A `KwokConfiguration` object must not be in it: together with flags it loses kwok's defaults.
pub(crate) fn configuration(programs: &Programs, directory: &Directory) -> Result<String, Unavailable> {
    let mut text = String::new();
    for stage in programs.stages() {
        let (name, mut stage) = stage?;
        if name == DELETE {
            stage = change(name, &stage, "a shorter jitter", DELETE_JITTER, SHORT_DELETE_JITTER)?;
        } else if name.starts_with("pod/general/") {
            stage = change(name, &stage, "a shorter delay", DELAY, SHORT_DELAY)?;
            stage = change(name, &stage, "a shorter jitter", JITTER, SHORT_JITTER)?;
        }
        if name != DELETE {
            let elsewhere = format!("{SELECTOR}{}", left_alone(name));
            stage = change(name, &stage, "what is left alone", SELECTOR, &elsewhere)?;
        }
        text.push_str("---\n");
        text.push_str(&stage);
    }
    text.push_str(&format!("---\n{FATES}"));
    text.push_str(&format!("---\n{}\n", logs(directory)));
    Ok(text)
}

/// What keeps a stage from objects that are written by hand, or that have a fate of their own. Volumes are played wherever their class is kwok's.
fn left_alone(stage: &str) -> String {
    let mut conditions = String::new();
    if stage.starts_with("pod/") {
        conditions.push_str(&format!(
            "    - key: '.spec.nodeName'\n      operator: 'NotIn'\n      values:\n      - '{NODE_BY_HAND}'\n"
        ));
    }
    if stage.starts_with("pod/") || stage.starts_with("node/") {
        conditions.push_str(&format!("    - key: '.metadata.labels[\"{BY_HAND}\"]'\n      operator: 'DoesNotExist'\n"));
    }
    if stage.starts_with("pod/general/") {
        conditions.push_str(&format!("    - key: '.metadata.labels[\"{FATE}\"]'\n      operator: 'DoesNotExist'\n"));
    }
    conditions
}

fn change(stage: &str, text: &str, what: &'static str, from: &str, to: &str) -> Result<String, Unavailable> {
    match text.matches(from).count() {
        1 => Ok(text.replace(from, to)),
        _ => Err(Unavailable::Stage { stage: stage.to_owned(), what }),
    }
}

/// Which file is served for which container; JSON is YAML too.
fn logs(directory: &Directory) -> String {
    let previous = directory.file(KnownLog::Previous.file_name());
    let logs: Vec<_> = KnownLog::ALL
        .into_iter()
        .filter(|log| *log != KnownLog::Previous)
        .map(|log| {
            let mut entry = json!({ "logsFile": directory.file(log.file_name()), "previousLogsFile": previous });
            if let Some(container) = log.container() {
                entry["containers"] = json!([container]);
            }
            entry
        })
        .collect();
    json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": { "name": "known-logs" },
        "spec": { "logs": logs },
    })
    .to_string()
}
