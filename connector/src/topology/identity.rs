//! By what other systems may know the machine under a node: hints, and never a verdict.
//!
//! They stand in the order in which they count: what contradicts an earlier one counts for nothing. Only a provider id that was understood is certain, and
//! it is so with all that it says: an instance's name in GCE is one in its project and zone, a machine's in Azure one in its subscription and resource
//! group, which Azure compares without case. A private address or a host name may exist twice. Where nothing is known, there is no hint.

use crate::node::Node;
use crate::row::Row;
use crate::topology::provider_id::uuid::Uuid;
use crate::topology::provider_id::{Form, Parts, ProviderId, parse};

/// A virtual machine, as hypervisors and most clouds have them.
const VM: &str = "VM";
/// What some clouds call theirs.
const INSTANCE: &str = "Instance";
/// Anything that has addresses and runs a kubelet.
const HOST: &str = "Host";

/// Types of addresses that are names.
const NAMES: [&str; 3] = ["Hostname", "InternalDNS", "ExternalDNS"];
/// The label by which workloads choose a node. It is the host's name, unless somebody said otherwise.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// Most addresses of a node that are looked at: all are compared with each other, and whoever may write a node's status may write any number.
const MAX_ADDRESSES: usize = 64;

/// One of a node's.
#[derive(Debug, Default)]
struct Hint<'n> {
    kind: &'static str,
    by: &'static str,
    certain: bool,
    provider: Option<Option<&'n str>>,
    parts: Parts<'n>,
    address_type: Option<&'n str>,
    address: Option<&'n str>,
    hostname: Option<&'n str>,
}

/// Writes `same_as`: a node's hints. The node must have been read by a shape that has what [`crate::kinds::node`] reads of labels, provider id, addresses and
/// `nodeInfo.systemUUID`.
pub fn same_as(row: &mut Row<'_>, node: &Node<'_>) {
    let (metadata, spec, status) = (node.part("metadata"), node.part("spec"), node.part("status"));
    let info = status.part("nodeInfo");
    let provider_id = spec.text("providerID").and_then(parse);
    let machine = provider_id.as_ref().and_then(machine);
    let mut hints: Vec<Hint<'_>> = provider_id.iter().filter_map(by_provider_id).collect();
    hints.extend(info.filled("systemUUID").into_iter().flat_map(|text| by_system_uuid(text, machine)));
    by_address(status.items("addresses"), &mut hints);
    by_hostname(status.items("addresses"), metadata.pair("labels", HOSTNAME), &mut hints);
    row.list_of("same_as", hints.iter(), Hint::default, |row, hint| {
        row.text("type", hint.kind);
        row.text("by", hint.by);
        row.flag("certain", hint.certain);
        row.text_if("provider", hint.provider);
        hint.parts.members(row);
        row.text_if("address_type", hint.address_type.map(Some));
        row.text_if("address", hint.address.map(Some));
        row.text_if("hostname", hint.hostname.map(Some));
    });
}

/// What the provider has there, in its own word. GCE, EC2 and OpenStack have instances; Azure, vSphere and Hetzner's cloud have virtual machines, whatever
/// they call them. What was not understood may be anything, a container or a machine of its own.
fn machine(id: &ProviderId<'_>) -> Option<&'static str> {
    match id.form() {
        Form::Gce { .. } | Form::Ec2 { .. } | Form::OpenStack { .. } => Some(INSTANCE),
        Form::Azure { .. } | Form::Vsphere(_) | Form::Hcloud(_) => Some(VM),
        Form::Fargate { .. } | Form::Opaque(_) => None,
    }
}

/// None for Fargate: its machines are nobody's, and no instance of EC2. None for a bare scheme, which names nothing.
fn by_provider_id<'n>(id: &'n ProviderId<'_>) -> Option<Hint<'n>> {
    let (kind, certain) = match id.form() {
        Form::Fargate { .. } | Form::Opaque("") => return None,
        Form::Vsphere(uuid) => (machine(id), uuid.names_a_machine()),
        _ => (machine(id), machine(id).is_some()),
    };
    Some(Hint {
        kind: kind.unwrap_or(HOST),
        by: "provider_id",
        certain,
        provider: Some(id.provider()),
        parts: id.parts(),
        ..Hint::default()
    })
}

/// What the machine's firmware says, which is what a hypervisor or an inventory of hardware has. Where the provider does not say which of the two there is, it
/// may be either. Where there is no firmware to ask, the kubelet writes something else in its place: that is opaque.
fn by_system_uuid<'n>(text: &'n str, machine: Option<&'static str>) -> impl Iterator<Item = Hint<'n>> {
    let uuid = Uuid::parse(text);
    let kinds = match machine {
        _ if uuid.is_some_and(|uuid| !uuid.names_a_machine()) => [None, None],
        Some(machine) => [Some(machine), None],
        None => [Some(VM), Some(HOST)],
    };
    kinds.into_iter().flatten().map(move |kind| Hint {
        kind,
        by: "system_uuid",
        parts: Parts { uuid, opaque: Some(text).filter(|_| uuid.is_none()), ..Parts::default() },
        ..Hint::default()
    })
}

/// Every address, once.
fn by_address<'n>(addresses: &'n [Node<'_>], hints: &mut Vec<Hint<'n>>) {
    for address in addresses.iter().take(MAX_ADDRESSES) {
        let (address_type, address) = (address.text("type"), address.filled("address"));
        let known = |hint: &Hint<'_>| hint.address == address && hint.address_type == address_type;
        if address.is_none() || address_type.is_some_and(|kind| NAMES.contains(&kind)) || hints.iter().any(known) {
            continue;
        }
        hints.push(Hint { kind: HOST, by: "address", address_type, address, ..Hint::default() });
    }
}

/// Every name, once: names are compared without case. That it also is the label's is not said.
fn by_hostname<'n>(addresses: &'n [Node<'_>], label: Option<&'n str>, hints: &mut Vec<Hint<'n>>) {
    let named = addresses
        .iter()
        .take(MAX_ADDRESSES)
        .filter(|address| address.text("type").is_some_and(|kind| NAMES.contains(&kind)));
    let names = named.map(|address| (address.text("type"), address.filled("address")));
    for (address_type, hostname) in names.chain([(None, label.filter(|label| !label.is_empty()))]) {
        let Some(name) = hostname else { continue };
        if hints.iter().filter_map(|hint| hint.hostname).any(|known| known.eq_ignore_ascii_case(name)) {
            continue;
        }
        hints.push(Hint { kind: HOST, by: "hostname", address_type, hostname, ..Hint::default() });
    }
}
