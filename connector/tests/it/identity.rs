//! By what another system may know a node's machine: what is certain, what is not, and nothing where nothing is known.

use meho_kubernetes::kind::Kind;
use meho_kubernetes::kinds::node::Node as Nodes;
use meho_kubernetes::node::Node;
use meho_kubernetes::row::{schema_of, write_object};
use meho_kubernetes::topology::identity::same_as;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The hints of a node that the server gave so.
fn hints(node: &Value) -> Vec<Value> {
    let text = serde_json::to_vec(node).expect("JSON");
    let node = Node::parse(Nodes::SHAPE, &text).expect("a node");
    let mut json = Vec::new();
    write_object(&mut json, |row| same_as(row, &node));
    let mut row: Value = serde_json::from_slice(&json).expect("rows are JSON");
    serde_json::from_value(row["same_as"].take()).expect("a list")
}

fn of_provider(id: &str) -> Vec<Value> {
    hints(&json!({"spec": {"providerID": id}}))
}

#[test]
fn a_node_gives_its_hints_in_the_order_in_which_they_count() {
    let node = json!({
        "metadata": {"name": "n1", "labels": {"kubernetes.io/hostname": "other", "kubernetes.io/os": "linux"}},
        "spec": {"providerID": "gce://proj/us-central1-a/n1"},
        "status": {
            "addresses": [
                {"type": "Hostname", "address": "n1"},
                {"type": "InternalIP", "address": "10.0.0.5"},
                {"type": "InternalIP", "address": "fd00::5"},
                {"type": "InternalDNS", "address": "n1.internal"},
                {"type": "ExternalIP", "address": "203.0.113.5"},
                {"type": "ExternalDNS", "address": "n1.example.com"},
            ],
            "nodeInfo": {"systemUUID": "420BCF8F-A2F2-D154-329B-575D9BC5E19C"},
        },
    });
    let expected = json!([
        {
            "type": "Instance", "by": "provider_id", "certain": true, "provider": "gce",
            "project": "proj", "zone": "us-central1-a", "instance": "n1", "match_key": "n1",
        },
        {
            "type": "Instance", "by": "system_uuid", "certain": false,
            "uuid": "420bcf8f-a2f2-d154-329b-575d9bc5e19c", "uuid_byteswapped": "8fcf0b42-f2a2-54d1-329b-575d9bc5e19c",
        },
        {"type": "Host", "by": "address", "certain": false, "address_type": "InternalIP", "address": "10.0.0.5"},
        {"type": "Host", "by": "address", "certain": false, "address_type": "InternalIP", "address": "fd00::5"},
        {"type": "Host", "by": "address", "certain": false, "address_type": "ExternalIP", "address": "203.0.113.5"},
        {"type": "Host", "by": "hostname", "certain": false, "address_type": "Hostname", "hostname": "n1"},
        {"type": "Host", "by": "hostname", "certain": false, "address_type": "InternalDNS", "hostname": "n1.internal"},
        {"type": "Host", "by": "hostname", "certain": false, "address_type": "ExternalDNS", "hostname": "n1.example.com"},
        {"type": "Host", "by": "hostname", "certain": false, "hostname": "other"},
    ]);
    assert_eq!(Value::from(hints(&node)), expected);
}

#[test]
fn where_nothing_is_known_there_is_no_hint() {
    for node in [
        json!({}),
        json!({"metadata": {"name": "n1", "labels": null}, "spec": {"providerID": null}, "status": {"addresses": null}}),
        json!({"spec": {"providerID": ""}, "status": {"addresses": [], "nodeInfo": {"systemUUID": ""}}}),
        json!({"status": {"addresses": [{"type": "InternalIP"}, {"type": "Hostname", "address": ""}, {}]}}),
        json!({"metadata": {"labels": {"kubernetes.io/hostname": ""}}}),
        json!({"spec": {"providerID": "gce://"}}),
    ] {
        assert_eq!(hints(&node), Vec::<Value>::new(), "{node}");
    }
}

#[test]
fn a_provider_id_is_certain_where_it_was_understood() {
    let uuid = "1c0e3f56-1111-2222-3333-444455556666";
    let azure = "azure:///subscriptions/S/resourceGroups/R/providers/Microsoft.Compute/virtualMachines/V";
    for (id, kind, certain) in [
        ("gce://p/z/n", "Instance", true),
        ("aws:///z/i-0abc", "Instance", true),
        (&format!("openstack:///{uuid}"), "Instance", true),
        (azure, "VM", true),
        (&format!("vsphere://{uuid}"), "VM", true),
        ("hcloud://42", "VM", true),
        ("gce://bad", "Host", false),
        ("aws:///z/mi-0abc", "Host", false),
        ("vsphere://my-vm", "Host", false),
        ("hcloud://bm-42", "Host", false),
        ("kind://docker/kind/kind-worker", "Host", false),
        ("ocid1.instance.oc1.phx.abc", "Host", false),
        // What firmware says where it has no UUID.
        ("vsphere://00000000-0000-0000-0000-000000000000", "VM", false),
    ] {
        let [hint] = &of_provider(id)[..] else { panic!("{id}: {:?}", of_provider(id)) };
        assert_eq!(
            (&hint["type"], &hint["by"], &hint["certain"]),
            (&json!(kind), &json!("provider_id"), &json!(certain)),
            "{id}"
        );
    }
}

#[test]
fn a_machine_of_fargate_is_nobodys_and_gives_nothing_certain() {
    let fargate = "aws:///us-west-2a/6f1e/fargate-ip-10-0-0-1.us-west-2.compute.internal";
    assert_eq!(of_provider(fargate), Vec::<Value>::new());
    let addresses = json!([{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "InternalDNS", "address": "ip-10-0-0-1.internal"}]);
    let found = hints(&json!({"spec": {"providerID": fargate}, "status": {"addresses": addresses}}));
    let by: Vec<_> = found.iter().map(|hint| (hint["by"].as_str(), hint["certain"].as_bool())).collect();
    assert_eq!(by, [(Some("address"), Some(false)), (Some("hostname"), Some(false))]);
}

#[test]
fn a_system_uuid_is_a_machines_of_either_sort_where_the_provider_does_not_say() {
    let of = |id: Value, uuid: &str| {
        hints(&json!({"spec": {"providerID": id}, "status": {"nodeInfo": {"systemUUID": uuid}}}))
    };
    let uuid = "4c4c4544-0042-3010-8051-b4c04f564432";
    let kinds = |hints: Vec<Value>| -> Vec<Value> {
        hints.into_iter().filter(|hint| hint["by"] == "system_uuid").map(|mut hint| hint["type"].take()).collect()
    };
    assert_eq!(kinds(of(Value::Null, uuid)), ["VM", "Host"]);
    assert_eq!(kinds(of(json!("kind://docker/kind/a"), uuid)), ["VM", "Host"]);
    assert_eq!(kinds(of(json!("hcloud://42"), uuid)), ["VM"]);
    // Firmware that has none says so in one of two ways.
    assert_eq!(of(Value::Null, "00000000-0000-0000-0000-000000000000"), Vec::<Value>::new());
    assert_eq!(of(Value::Null, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"), Vec::<Value>::new());
    // A kubelet that found no firmware writes the machine's id.
    let [first, _] = &of(Value::Null, "9f2c1d0e8b7a46d5a1b2c3d4e5f60718")[..] else { panic!("two hints") };
    let expected =
        json!({"type": "VM", "by": "system_uuid", "certain": false, "opaque": "9f2c1d0e8b7a46d5a1b2c3d4e5f60718"});
    assert_eq!(*first, expected);
}

#[test]
fn what_is_said_twice_is_one_hint() {
    let node = json!({
        "metadata": {"labels": {"kubernetes.io/hostname": "n1"}},
        "status": {"addresses": [
            {"type": "InternalIP", "address": "10.0.0.5"},
            {"type": "InternalIP", "address": "10.0.0.5"},
            {"type": "ExternalIP", "address": "10.0.0.5"},
            {"type": "Hostname", "address": "N1"},
            {"type": "InternalDNS", "address": "n1"},
        ]},
    });
    let found = hints(&node);
    let said: Vec<_> = found.iter().map(|hint| (&hint["address_type"], &hint["address"], &hint["hostname"])).collect();
    let (internal, external, host) = (json!("InternalIP"), json!("ExternalIP"), json!("Hostname"));
    let (address, name) = (json!("10.0.0.5"), json!("N1"));
    let nothing = Value::Null;
    assert_eq!(said, [(&internal, &address, &nothing), (&external, &address, &nothing), (&host, &nothing, &name)]);
}

#[test]
fn the_schema_has_every_member_that_a_hint_may_have() {
    let schema = schema_of(|row| same_as(row, &Node::missing(Nodes::SHAPE)));
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let hint = &schema["properties"]["same_as"]["items"];
    assert_eq!(hint["required"], json!(["type", "by", "certain"]));
    for member in
        ["provider", "match_key", "uuid_byteswapped", "opaque", "fargate", "address_type", "address", "hostname"]
    {
        assert!(hint["properties"][member].is_object(), "{member}");
    }
}

proptest! {
    #[test]
    fn only_a_provider_id_is_certain_and_no_hint_is_empty(
        id in prop_oneof![any::<String>(), "(gce|aws|azure|vsphere|hcloud|x)://[/a-c0-9i-]{0,12}"],
        uuid in any::<String>(),
        addresses in prop::collection::vec(("InternalIP|ExternalIP|Hostname|InternalDNS|x|", any::<String>()), 0..6),
        label in any::<String>(),
    ) {
        let addresses: Vec<Value> = addresses.iter().map(|(kind, address)| json!({"type": kind, "address": address})).collect();
        let node = json!({
            "metadata": {"labels": {"kubernetes.io/hostname": label}},
            "spec": {"providerID": id},
            "status": {"addresses": addresses, "nodeInfo": {"systemUUID": uuid}},
        });
        for hint in hints(&node) {
            prop_assert!(matches!(hint["type"].as_str(), Some("VM" | "Instance" | "Host")), "{}", hint);
            if hint["certain"] == true {
                prop_assert_eq!(&hint["by"], "provider_id");
                prop_assert!(hint["opaque"].is_null(), "{}", hint);
            }
            let keys = ["match_key", "uuid", "opaque", "address", "hostname"];
            let said: Vec<&str> = keys.iter().filter_map(|key| hint[key].as_str()).collect();
            prop_assert!(matches!(&said[..], [one] if !one.is_empty()), "{}", hint);
        }
    }
}
