//! Provider ids of nodes: what clouds write is understood, and everything else is kept as it is.

use meho_kubernetes::row::{schema_of, write_object};
use meho_kubernetes::topology::provider_id::parse;
use meho_kubernetes::topology::provider_id::uuid::Uuid;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What is written of a provider id.
fn written(text: &str) -> Value {
    let Some(id) = parse(text) else { return Value::Null };
    let mut json = Vec::new();
    write_object(&mut json, |row| id.members(row));
    serde_json::from_slice(&json).expect("rows are JSON")
}

#[track_caller]
fn check(text: &str, expected: Value) {
    assert_eq!(written(text), expected, "{text:?}");
}

/// That nothing is made of it, and nothing of it is lost.
#[track_caller]
fn check_opaque(scheme: &str, rest: &str) {
    check(&format!("{scheme}://{rest}"), json!({"provider": scheme.to_lowercase(), "opaque": rest}));
}

const UUID: &str = "1c0e3f56-1111-2222-3333-444455556666";
const GROUP: &str = "/subscriptions/SUB/resourceGroups/RG/providers/Microsoft.Compute";

#[test]
fn a_scheme_is_compared_without_case() {
    for text in ["GCE://p/z/n", "Gce://p/z/n", "gce://p/z/n"] {
        check(text, json!({"provider": "gce", "project": "p", "zone": "z", "instance": "n", "match_key": "n"}));
    }
    check("HCloud://7", json!({"provider": "hcloud", "match_key": "7"}));
    check_opaque("K3S", "Node-1");
}

#[test]
fn an_instance_of_gce_has_a_project_a_zone_and_a_name() {
    for rest in
        ["", "/", "//", "///", "p/z/", "p//n", "/z/n", "p/z", "p/z/n/", "p/z/n/x", "p/z/n n", "p/z/n\u{e9}", " p/z/n"]
    {
        check_opaque("gce", rest);
    }
}

#[test]
fn the_last_segment_is_an_instance_of_ec2_where_it_is_one() {
    let ec2 = |zone: Option<&str>| json!({"provider": "aws", "zone": zone, "extracted_instance_id": "i-0abc", "match_key": "i-0abc"});
    check("aws:///eu-west-1a/i-0abc", ec2(Some("eu-west-1a")));
    check("aws:///eu-west-1a/i-0abc/", ec2(Some("eu-west-1a")));
    check("aws:///i-0abc", ec2(None));
    // A region in the authority is no zone, and neither is what stands before one segment more.
    check("aws://eu-west-1/i-0abc", ec2(None));
    check("aws:///eu-west-1a/more/i-0abc", ec2(None));
    for rest in ["", "/", "/eu-west-1a/", "/eu-west-1a/i-", "/eu-west-1a/mi-0abc", "/eu-west-1a/i-0abc/volume"] {
        check_opaque("aws", rest);
    }
    for rest in ["/eu-west-1a/ip-10-0-0-1", "/eu-west-1a/i-0a bc", "/eu-west-1a/ i-0abc", "/eu-west-1a/i-0\u{e9}"] {
        check_opaque("aws", rest);
    }
}

#[test]
fn a_machine_of_fargate_has_no_key() {
    let fargate = |zone: Option<&str>| json!({"provider": "aws", "zone": zone, "extracted_instance_id": null, "fargate": true, "match_key": null});
    check("aws:///us-west-2a/6f1e/fargate-10-0-0-1", fargate(Some("us-west-2a")));
    check("aws:///us-west-2a/fargate-10-0-0-1", fargate(Some("us-west-2a")));
    check("aws:///fargate-10-0-0-1", fargate(None));
    check_opaque("aws", "/us-west-2a/6f1e/fargate-");
    // Only the last segment counts.
    check_opaque("aws", "/us-west-2a/fargate-10-0-0-1/x");
}

#[test]
fn the_segments_of_azure_come_in_any_case() {
    let single = json!({
        "provider": "azure", "subscription": "Sub", "resource_group": "My-Group",
        "identifier": "VM-1", "match_key": "vm-1",
    });
    for path in [
        "subscriptions/Sub/resourceGroups/My-Group/providers/Microsoft.Compute/virtualMachines/VM-1",
        "subscriptions/Sub/resourcegroups/My-Group/providers/microsoft.compute/virtualmachines/VM-1",
        "SUBSCRIPTIONS/Sub/RESOURCEGROUPS/My-Group/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINES/VM-1",
    ] {
        check(&format!("azure:///{path}"), single.clone());
    }
    check(
        &format!("azure://{GROUP}/virtualmachinescalesets/Set/VirtualMachines/0"),
        json!({"provider": "azure", "subscription": "SUB", "resource_group": "RG", "identifier": "Set_0", "match_key": "set_0"}),
    );
}

#[test]
fn another_resource_of_azure_is_no_machine() {
    for rest in [
        "virtualMachines",
        "virtualMachines/",
        "virtualMachines/a/",
        "virtualMachines/a b",
        "virtualMachines/a/extensions/b",
        "virtualMachineScaleSets/a",
        "virtualMachineScaleSets/a/virtualMachines",
        "virtualMachineScaleSets/a/virtualMachines/",
        "virtualMachineScaleSets//virtualMachines/0",
        "virtualMachineScaleSets/a/virtualMachines/0/networkInterfaces/b",
        "availabilitySets/a",
    ] {
        check_opaque("azure", &format!("{GROUP}/{rest}"));
    }
    for rest in [
        "",
        "/subscriptions//resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/a",
        "/subscriptions/SUB/resourceGroups//providers/Microsoft.Compute/virtualMachines/a",
        "/subscriptions/SUB/resourceGroups/RG/providers/Microsoft.ClassicCompute/virtualMachines/a",
        "subscriptions/SUB/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/a",
        UUID,
    ] {
        check_opaque("azure", rest);
    }
}

#[test]
fn a_machine_of_vsphere_is_a_uuid_in_either_byte_order() {
    let (one, other) = ("420bcf8f-a2f2-d154-329b-575d9bc5e19c", "8fcf0b42-f2a2-54d1-329b-575d9bc5e19c");
    check(
        &format!("vsphere://{}", one.to_uppercase()),
        json!({"provider": "vsphere", "uuid": one, "uuid_byteswapped": other}),
    );
    check(&format!("VSphere://{other}"), json!({"provider": "vsphere", "uuid": other, "uuid_byteswapped": one}));
    for rest in [
        "",
        "my-vm",
        "/420bcf8f-a2f2-d154-329b-575d9bc5e19c",
        "420bcf8f-a2f2-d154-329b-575d9bc5e19c/",
        "420bcf8f-a2f2-d154-329b-575d9bc5e19c-00",
        "420bcf8fa2f2d154329b575d9bc5e19c",
        "420bcf8f-a2f2-d154-329b-575d9bc5e19",
        "420bcf8f-a2f2d-154-329b-575d9bc5e19c",
        "420bcf8f-a2f2-d154-329b-575d9bc5e19g",
        "+20bcf8f-a2f2-d154-329b-575d9bc5e19c",
        "420bcf8f-a2f2-d154-329b-575d9bc5e1\u{e9}",
        "{420bcf8f-a2f2-d154-329b-575d9bc5e19c}",
    ] {
        check_opaque("vsphere", rest);
    }
}

#[test]
fn a_server_of_openstack_may_have_a_region() {
    check(&format!("openstack:///{UUID}"), json!({"provider": "openstack", "match_key": UUID}));
    check(
        &format!("openstack://RegionOne/{UUID}"),
        json!({"provider": "openstack", "region": "RegionOne", "match_key": UUID}),
    );
    check(&format!("openstack:///{}", UUID.to_uppercase()), json!({"provider": "openstack", "match_key": UUID}));
    for rest in
        [UUID, "/", "/my-server", "RegionOne/", &format!("a/b/{UUID}"), &format!("//{UUID}"), &format!(" /{UUID}")]
    {
        check_opaque("openstack", rest);
    }
}

#[test]
fn a_server_of_hetzners_cloud_is_a_number() {
    // The third is a machine of its own, as another controller wrote them.
    for rest in ["", "/", "bm-42", "42/", "4 2", "-42", "\u{664}\u{662}"] {
        check_opaque("hcloud", rest);
    }
}

#[test]
fn what_nobody_here_knows_is_kept_as_it_is() {
    for (scheme, rest) in [
        ("kind", "docker/kind/kind-worker"),
        ("k3s", "node-1"),
        ("metal3", "metal3/host-0/worker-0"),
        ("oci", "ocid1.instance.oc1.phx.abc"),
        ("digitalocean", "12345"),
        ("ibm", "account///cluster/worker"),
        ("eks-hybrid", "/eu-west-1/cluster/mi-0abc"),
        ("hrobot", "42"),
        ("new-cloud", ""),
        ("new-cloud", "a://b \u{1f980}\n"),
    ] {
        check_opaque(scheme, rest);
    }
}

#[test]
fn without_a_scheme_all_of_it_is_kept() {
    for text in [
        "ocid1.instance.oc1.phx.abc",
        "i-0abc",
        "://x",
        " gce://p/z/n",
        "a b://x",
        "gce:/p/z/n",
        "gce:",
        " ",
        "\u{e9}://x",
    ] {
        check(text, json!({"provider": null, "opaque": text}));
    }
    check("", Value::Null);
}

#[test]
fn what_is_written_is_what_the_schema_says() {
    let id = parse("x://").expect("something");
    let schema: Value = serde_json::from_str(&schema_of(|row| id.members(row))).expect("JSON");
    assert_eq!(schema["required"], json!(["provider"]));
    for text in [
        "gce://p/z/n",
        "aws:////i-0abc",
        "aws:///z/6f1e/fargate-x",
        &format!("azure://{GROUP}/virtualMachines/a"),
        &format!("vsphere://{UUID}"),
        &format!("openstack://r/{UUID}"),
        "hcloud://1",
    ] {
        for (member, value) in written(text).as_object().expect("an object") {
            let types = &schema["properties"][member]["type"];
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                _ => "string",
            };
            let fits = types == kind || types.as_array().is_some_and(|types| types.iter().any(|known| known == kind));
            assert!(fits, "{text}: {member} is {value}, not {types}");
        }
    }
}

/// A name as clouds give them.
const NAME: &str = "[a-zA-Z0-9][-a-zA-Z0-9._]{0,20}";

/// A text near enough to a provider id that it gets far.
fn nearly() -> impl Strategy<Value = String> {
    let schemes = prop::sample::select(vec!["gce", "AWS", "azure", "vsphere", "openstack", "hcloud", "kind", "", " "]);
    let parts = vec![
        "/",
        "//",
        "i-0abc",
        "fargate-x",
        UUID,
        "subscriptions",
        "resourceGroups",
        "virtualMachines",
        "\u{130}",
        "0",
        " ",
    ];
    let rest = prop::collection::vec(prop::sample::select(parts), 0..14);
    (schemes, prop::sample::select(vec!["://", ":///", ":/", ""]), rest)
        .prop_map(|(scheme, colon, rest)| format!("{scheme}{colon}{}", rest.concat()))
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        nearly(),
        (nearly(), any::<String>()).prop_map(|(head, tail)| format!("{head}/{tail}"))
    ]
}

/// Characters whose lower case is more than one, or depends on what stands around them.
fn azure() -> impl Strategy<Value = String> {
    let name = "[-a-zA-Z0-9_.\u{130}\u{3a3}\u{391}\u{df}\u{1e9e}]{1,12}";
    let machine = prop_oneof![
        name.prop_map(|name| format!("virtualMachines/{name}")),
        (name, name).prop_map(|(set, number)| format!("virtualMachineScaleSets/{set}/virtualMachines/{number}")),
    ];
    (name, name, machine).prop_map(|(subscription, group, machine)| {
        format!("azure:///subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/{machine}")
    })
}

fn lower_or_upper(text: &str, mask: u64) -> String {
    let case = |(index, char): (usize, char)| {
        if mask >> (index % 64) & 1 == 1 { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() }
    };
    text.chars().enumerate().map(case).collect()
}

proptest! {
    #[test]
    fn every_text_is_something_and_no_key_is_empty(text in any_text()) {
        let written = written(&text);
        if text.is_empty() {
            prop_assert_eq!(written, Value::Null);
            return Ok(());
        }
        let provider = &written["provider"];
        prop_assert!(provider.is_null() || provider.as_str().is_some_and(|name| !name.is_empty() && name == name.to_lowercase()));
        let keys: Vec<&str> = ["match_key", "uuid"].iter().filter_map(|key| written[key].as_str()).collect();
        prop_assert!(keys.iter().all(|key| !key.is_empty()), "{}", written);
        match written["opaque"].as_str() {
            // Nothing of an opaque one is lost, and nothing is made of it.
            Some(opaque) => {
                prop_assert!(text.ends_with(opaque), "{}", written);
                prop_assert!(text == opaque || text.len() == opaque.len() + 3 + provider.as_str().map_or(0, str::len), "{}", written);
                prop_assert_eq!(written.as_object().map(|members| members.len()), Some(2));
            }
            None => prop_assert!(keys.len() == 1 || written["fargate"] == true, "{}", written),
        }
    }

    #[test]
    fn a_long_text_is_kept_whole(part in "[/a: \u{e9}-]{1,4}", scheme in "gce|aws|azure|vsphere|openstack|hcloud|x") {
        let rest = part.repeat(10_240 / part.len());
        prop_assert_eq!(written(&format!("{scheme}://{rest}")), json!({"provider": scheme, "opaque": rest}));
    }

    #[test]
    fn an_instance_of_gce_is_what_it_was_made_of(project in "([a-z]{1,8}\\.com:)?[a-z][-a-z0-9]{0,28}", zone in NAME, name in NAME) {
        let expected = json!({"provider": "gce", "project": project, "zone": zone, "instance": name, "match_key": name});
        prop_assert_eq!(written(&format!("gce://{project}/{zone}/{name}")), expected);
    }

    #[test]
    fn an_instance_of_ec2_is_what_it_was_made_of(zone in prop::option::of("[a-z]{2}-[a-z]{4,9}-[1-9][a-f]"), id in "i-[0-9a-f]{8,17}") {
        let expected = json!({"provider": "aws", "zone": zone, "extracted_instance_id": id, "match_key": id});
        prop_assert_eq!(written(&format!("aws:///{}/{id}", zone.unwrap_or_default())), expected);
    }

    #[test]
    fn a_machine_of_azure_is_what_it_was_made_of(subscription in NAME, group in "[-\\w._()]{1,20}", name in NAME, number in any::<u32>(), mask in any::<u64>()) {
        let (sets, machines) = (lower_or_upper("virtualMachineScaleSets", mask), lower_or_upper("virtualMachines", mask));
        let head = lower_or_upper("subscriptions", mask);
        let (groups, compute) = (lower_or_upper("resourceGroups", mask), lower_or_upper("providers/Microsoft.Compute", mask));
        let head = format!("azure:///{head}/{subscription}/{groups}/{group}/{compute}");
        for (rest, identifier) in [
            (format!("{machines}/{name}"), name.clone()),
            (format!("{sets}/{name}/{machines}/{number}"), format!("{name}_{number}")),
        ] {
            let expected = json!({
                "provider": "azure", "subscription": subscription, "resource_group": group,
                "identifier": identifier, "match_key": identifier.to_lowercase(),
            });
            prop_assert_eq!(written(&format!("{head}/{rest}")), expected);
        }
    }

    #[test]
    fn the_case_of_an_id_of_azure_changes_no_key(id in azure(), mask in any::<u64>()) {
        let key = written(&id)["match_key"].clone();
        prop_assert!(key.is_string(), "{}", id);
        for other in [id.to_lowercase(), lower_or_upper(&id, mask)] {
            prop_assert_eq!(&written(&other)["match_key"], &key, "{}", other);
        }
    }

    #[test]
    fn a_uuid_is_read_in_any_case_and_twice_swapped_is_itself(bytes in any::<[u8; 16]>(), mask in any::<u64>()) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        let uuid = Uuid::parse(&lower_or_upper(&text, mask)).expect("a UUID");
        prop_assert_eq!(uuid.to_string(), text.clone());
        prop_assert_eq!(uuid.byteswapped().byteswapped(), uuid);
        let swapped: Vec<&str> = [6, 4, 2, 0].iter().map(|at| &hex[*at..at + 2]).collect();
        let (first, second, third) = (swapped.concat(), [&hex[10..12], &hex[8..10]].concat(), [&hex[14..16], &hex[12..14]].concat());
        let expected = format!("{first}-{second}-{third}{}", &text[18..]);
        prop_assert_eq!(uuid.byteswapped().to_string(), expected.clone());
        let written = written(&format!("vsphere://{text}"));
        prop_assert_eq!(written, json!({"provider": "vsphere", "uuid": text, "uuid_byteswapped": expected}));
    }
}
