//! `get_pod`: a pod with its volumes, where it may run, and what happened to it.

use crate::api::Reads;
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::kind::Kind;
use crate::kinds::pod::Pod;
use crate::metadata::{TOLERATIONS, tolerations};
use crate::node::Shape::{List, Object, Pairs, Text};
use crate::node::{Node, Shape};
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::events::Events;
use crate::operations::get::find_asked;
use crate::row::Row;

/// Reads one pod.
pub struct GetPod;

/// What a list leaves out.
const EXTRA: &Shape = &Object(&[
    ("metadata", Object(&[("uid", Text), ("annotations", Pairs)])),
    ("spec", Object(&[("volumes", List(&VOLUME)), ("tolerations", TOLERATIONS), ("nodeSelector", Pairs)])),
]);

/// A volume: its name, and for each type the member that says where it comes from.
const VOLUME: Shape = Object(&[
    ("name", Text),
    ("configMap", Object(&[("name", Text)])),
    ("secret", Object(&[("secretName", Text)])),
    ("persistentVolumeClaim", Object(&[("claimName", Text)])),
    ("emptyDir", Object(&[("medium", Text)])),
    ("hostPath", Object(&[("path", Text)])),
    ("projected", Object(&[])),
    ("downwardAPI", Object(&[])),
    ("ephemeral", Object(&[])),
    ("csi", Object(&[("driver", Text)])),
    ("image", Object(&[("reference", Text)])),
    ("nfs", Object(&[("server", Text)])),
    ("iscsi", Object(&[("targetPortal", Text)])),
    ("fc", Object(&[])),
    ("awsElasticBlockStore", Object(&[("volumeID", Text)])),
    ("azureDisk", Object(&[("diskName", Text)])),
    ("azureFile", Object(&[("shareName", Text)])),
    ("gcePersistentDisk", Object(&[("pdName", Text)])),
    ("vsphereVolume", Object(&[("volumePath", Text)])),
    ("portworxVolume", Object(&[("volumeID", Text)])),
    ("cephfs", Object(&[("path", Text)])),
    ("rbd", Object(&[("image", Text)])),
    ("glusterfs", Object(&[("path", Text)])),
    ("cinder", Object(&[("volumeID", Text)])),
    ("flexVolume", Object(&[("driver", Text)])),
]);

impl Operation for GetPod {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        detail(&Node::missing(Pod::SHAPE), &Node::missing(EXTRA), &Events::default(), row);
    }
}

impl Read for GetPod {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let namespace = arguments.required("namespace");
        let found = find_asked::<Pod>(api, arguments)?;
        let (pod, extra) = (found.read(Pod::SHAPE)?, found.read(EXTRA)?);
        let mut notes = Notes::default();
        let metadata = extra.part("metadata");
        // A static pod's kubelet writes its events under the uid of this annotation.
        let mirror = metadata.pair("annotations", "kubernetes.io/config.mirror");
        let uids: Vec<&str> = metadata.filled("uid").into_iter().chain(mirror.filter(|uid| !uid.is_empty())).collect();
        let events = Events::read(api, namespace, &uids, &mut notes);
        Ok(notes.object(|row| detail(&pod, &extra, &events, row)))
    }
}

fn detail(pod: &Node<'_>, extra: &Node<'_>, events: &Events, row: &mut Row<'_>) {
    let spec = extra.part("spec");
    Pod::row(pod, row);
    row.list("volumes", spec.member("volumes"), |row, volume| {
        let source = source(volume);
        row.text("name", volume.text("name").unwrap_or_default());
        // As the API names it: `configMap`, `emptyDir`, `persistentVolumeClaim`, …
        row.text_or_null("type", source.as_ref().map(|(kind, _)| *kind));
        // The object, path or driver it comes from, where it comes from one.
        row.text_or_null("source", source.as_ref().and_then(|(_, origin)| origin.as_deref()));
    });
    tolerations(row, spec.member("tolerations"));
    row.pairs("node_selector", spec.pairs("nodeSelector").iter());
    events.member(row);
}

/// The type of a volume and where it comes from.
fn source(volume: &Node<'_>) -> Option<(&'static str, Option<String>)> {
    let Object(members) = VOLUME else { return None };
    members.iter().skip(1).find_map(|(kind, shape)| {
        let origin = volume.part(kind);
        let Object(inner) = shape else { return None };
        let named = inner.first().and_then(|(name, _)| origin.filled(name).map(str::to_owned));
        (!origin.is_missing()).then_some((*kind, named))
    })
}
