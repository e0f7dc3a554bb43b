//! Answers that a real server gives to nobody who asks for them: objects that are not what the API says, an API that is not there, a clock of its own.
//! None of it needs a cluster.

use crate::embedded::{Caller, target_with};
use crate::kubeconfigs::Files;
use crate::shapes;
use crate::suite::data::lists;
use crate::terminal::Terminal;
use meho_host::call::AnswerMeta;
use meho_host::policy::family::Family;
use meho_host::target::{TargetSettings, Verification};
use meho_test_fake::{Answer, Authority, Body, Fake};
use serde_json::{Value, json};
use std::ffi::OsStr;

/// What stands at each path, whatever is asked for of it: first come, first served.
type Answers<'p> = Vec<(&'p str, Answer)>;

/// Calls an operation of a server with these answers.
fn ask(answers: Answers<'_>, operation: &str, arguments: Value) -> (Value, AnswerMeta) {
    let answers: Vec<(String, Answer)> = answers.into_iter().map(|(path, answer)| (path.to_owned(), answer)).collect();
    let fake = Fake::answering(move |seen| {
        let is_asked = |(target, _): &&(String, Answer)| seen.target.starts_with(target);
        answers.iter().find(is_asked).map(|(_, answer)| answer.clone())
    });
    let mut settings = TargetSettings::new("fake", &fake.url(), Family::Kubernetes);
    settings.verification = Verification::ca(Authority::shared().pem().as_bytes()).expect("PEM");
    Caller::new(target_with("a-token-for-a-fake", settings)).answer(operation, arguments)
}

fn list(items: Value) -> Answer {
    Answer::json(json!({"metadata": {"resourceVersion": "7"}, "items": items}).to_string())
}

fn status(code: u16, reason: &str) -> Answer {
    let status = json!({"kind": "Status", "message": format!("it says {reason}"), "reason": reason, "code": code});
    Answer::json(status.to_string()).status(code)
}

/// Each list, its path, and an object of it that has something of a wrong type.
fn wrong_objects() -> impl Iterator<Item = (&'static str, String, Value)> {
    lists().filter_map(|list| {
        let mut wrong = list.wrong.clone()?;
        let metadata = wrong.as_object_mut().expect("members").entry("metadata").or_insert_with(|| json!({}));
        metadata["name"] = json!("bad");
        metadata["namespace"] = json!("there");
        Some((list.operation.as_str(), path_of(&list.operation), wrong))
    })
}

/// Where the objects of all namespaces are listed.
fn path_of(operation: &str) -> String {
    let contract = shapes::operation(operation);
    let requests = contract["requests"].as_array().expect("requests");
    let mut paths = requests.iter().filter_map(|request| request["path"].as_str());
    paths.find(|path| !path.contains('{')).expect("a path").to_owned()
}

const SLICES: &str = "/apis/discovery.k8s.io/v1/endpointslices";

#[test]
fn an_object_that_is_not_what_the_api_says_is_left_out_counted_and_named() {
    assert!(wrong_objects().count() > 0);
    for (operation, path, wrong) in wrong_objects() {
        let good = |name: &str| json!({"metadata": {"name": name, "namespace": "there", "uid": name}});
        let answers = vec![(path.as_str(), list(json!([good("a"), wrong, good("z")]))), (SLICES, list(json!([])))];
        let (rows, meta) = ask(answers, operation, json!({}));
        let names: Vec<&Value> = rows.as_array().expect("rows").iter().map(|row| &row["name"]).collect();
        assert_eq!(names, ["a", "z"], "{operation}");
        assert!(!meta.complete, "{operation}");
        assert_eq!(meta.warnings, ["1 object is not what the API says and left out: there/bad"], "{operation}");
    }
    let labels = json!({"kubernetes.io/service-name": "web"});
    let slice = json!({"metadata": {"name": "bad", "namespace": "there", "labels": labels}, "endpoints": "none"});
    let answers = vec![("/api/v1/endpoints", list(json!([]))), (SLICES, list(json!([slice])))];
    let (rows, meta) = ask(answers, "list_endpoints", json!({}));
    assert_eq!((rows, meta.complete), (json!([]), false));
    let words = "of the EndpointSlices 1 object is not what the API says and left out: there/bad";
    assert_eq!(meta.warnings, [words]);
}

#[test]
fn nulls_and_what_is_missing_are_nothing_whatever_they_stand_for() {
    for (operation, path, _) in wrong_objects() {
        let objects = json!([
            {"metadata": {"name": "bare"}},
            {
                "metadata": {"name": "nulls", "namespace": null, "uid": null, "labels": null, "annotations": null, "creationTimestamp": null},
                "spec": null, "status": null, "subsets": null, "involvedObject": null, "source": null, "count": null,
                "data": null, "binaryData": null, "immutable": null, "provisioner": null, "parameters": null, "mountOptions": null,
                "series": null, "eventTime": null, "firstTimestamp": null, "lastTimestamp": null, "type": null, "reason": null,
            },
            {
                "metadata": {"name": "inner-nulls"},
                "spec": {
                    "ports": null, "taints": null, "podCIDRs": null, "selector": null, "template": null, "updateStrategy": null, "volumeClaimTemplates": null,
                    "jobTemplate": null, "rules": null, "tls": null, "defaultBackend": null, "podSelector": null, "ingress": null, "egress": null,
                    "policyTypes": null, "claimRef": null, "csi": null, "nodeAffinity": null,
                },
                "status": {"conditions": null, "nodeInfo": null, "active": null, "loadBalancer": null},
            },
        ]);
        let answers = vec![(path.as_str(), list(objects)), (SLICES, list(json!([])))];
        // The host has held each row against the schema.
        let (rows, meta) = ask(answers, operation, json!({}));
        assert_eq!(rows.as_array().map(Vec::len), Some(3), "{operation}");
        assert!(meta.complete && meta.warnings.is_empty(), "{operation}: {meta:?}");
        let [bare, nulls, _] = rows.as_array().expect("rows").as_slice() else { panic!("three rows") };
        let mut same = bare.clone();
        same["name"] = json!("nulls");
        assert_eq!(&same, nulls, "{operation}");
    }
}

#[test]
fn a_nodes_last_word_on_its_readiness_counts() {
    let conditions = |statuses: &[&str]| {
        let of = |status: &&str| json!({"type": "Ready", "status": status});
        json!(statuses.iter().map(of).collect::<Vec<_>>())
    };
    let cases = [
        (&["True"][..], false, "Ready"),
        (&["False"], false, "NotReady"),
        (&["Unknown"], true, "NotReady,SchedulingDisabled"),
        (&["False", "True"], false, "Ready"),
        (&[], true, "Unknown,SchedulingDisabled"),
    ];
    for (statuses, unschedulable, expected) in cases {
        let node = json!({
            "metadata": {"name": "one"}, "spec": {"unschedulable": unschedulable}, "status": {"conditions": conditions(statuses)},
        });
        let (rows, _) = ask(vec![("/api/v1/nodes", list(json!([node])))], "list_nodes", json!({}));
        assert_eq!(rows[0]["status"], expected);
    }
}

#[test]
fn a_node_comes_without_metrics_and_it_is_said_why() {
    let node = || ("/api/v1/nodes/one", Answer::json(json!({"metadata": {"name": "one"}}).to_string()));
    let metrics = "/apis/metrics.k8s.io/v1beta1/nodes/one";
    let unknown = "what the node uses is not known: ";
    let unread = "what the node uses could not be read: ";
    let cases = [
        (Answer::new(404).text("404 page not found"), true, unknown),
        (status(404, "NotFound"), true, unknown),
        (status(403, "Forbidden"), false, unread),
        (status(500, "InternalError"), false, unread),
        (Answer::json("{\"usage\": 7}"), false, unread),
    ];
    for (answer, complete, words) in cases {
        let (row, meta) = ask(vec![(metrics, answer), node()], "get_node", json!({"name": "one"}));
        assert_eq!((&row["name"], &row["usage"], &row["usage_time"]), (&json!("one"), &json!({}), &Value::Null));
        assert_eq!(meta.complete, complete, "{meta:?}");
        assert!(matches!(&meta.warnings[..], [one] if one.starts_with(words)), "{meta:?}");
    }
}

#[test]
fn the_last_hour_is_that_of_the_servers_clock_where_it_says_one() {
    let event = |name: &str, time: Value| json!({"metadata": {"name": name}, "lastTimestamp": time});
    let events = || {
        json!([
            event("older", json!("2020-06-01T10:59:59Z")),
            event("the-first-second", json!("2020-06-01T11:00:00Z")),
            event("within", json!("2020-06-01T11:30:00Z")),
            event("of-no-time", Value::Null),
        ])
    };
    let names = |answer: Answer| {
        let (rows, _) = ask(vec![("/api/v1/events", answer)], "list_events", json!({"since_seconds": 3600}));
        rows.as_array().expect("rows").iter().map(|row| row["name"].clone()).collect::<Vec<_>>()
    };
    let dated = list(events()).header("date", "Mon, 01 Jun 2020 12:00:00 GMT");
    assert_eq!(names(dated), ["within", "the-first-second", "of-no-time"]);
    // Our own clock is years ahead of these.
    for undated in [list(events()), list(events()).header("date", "once upon a time")] {
        assert_eq!(names(undated), ["of-no-time"]);
    }
}

/// A slice of this family of the Service `web`.
fn slice(family: &str, addresses: &[&str]) -> Value {
    let endpoint = |address: &&str| json!({"addresses": [address], "conditions": {"ready": true}});
    json!({
        "metadata": {"name": format!("web-{family}"), "namespace": "there", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": family, "endpoints": addresses.iter().map(endpoint).collect::<Vec<_>>(), "ports": null,
    })
}

fn endpoints(addresses: &[&str]) -> Value {
    let addresses: Vec<Value> = addresses.iter().map(|ip| json!({"ip": ip})).collect();
    json!({"metadata": {"name": "web", "namespace": "there"}, "subsets": [{"addresses": addresses}]})
}

#[test]
fn an_endpoint_with_an_address_of_two_families_is_one_endpoint() {
    let slices = json!([slice("IPv4", &["192.0.2.1", "192.0.2.2"]), slice("IPv6", &["2001:db8::1", "2001:db8::2"])]);
    let answers =
        vec![("/api/v1/endpoints", list(json!([endpoints(&["192.0.2.1", "192.0.2.2"])]))), (SLICES, list(slices))];
    let (rows, _) = ask(answers, "list_endpoints", json!({}));
    assert_eq!((&rows[0]["source"], &rows[0]["ready_count"]), (&json!("EndpointSlice"), &json!(2)));
    let ips = rows[0]["subsets"]
        .as_array()
        .expect("subsets")
        .iter()
        .flat_map(|it| it["addresses"].as_array().expect("a list"));
    let ips: Vec<&Value> = ips.map(|address| &address["ip"]).collect();
    assert_eq!(ips, ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
}

#[test]
fn slices_that_could_not_all_be_read_say_nothing() {
    let first = json!({"metadata": {"resourceVersion": "7", "continue": "more"}, "items": [slice("IPv4", &["192.0.2.1", "192.0.2.2"])]});
    let answers = vec![
        ("/apis/discovery.k8s.io/v1/endpointslices?continue=more&limit=500", status(410, "Expired")),
        (SLICES, Answer::json(first.to_string())),
        ("/api/v1/endpoints", list(json!([endpoints(&["192.0.2.1"])]))),
    ];
    let (rows, meta) = ask(answers, "list_endpoints", json!({}));
    let row = &rows[0];
    assert_eq!(
        (&row["source"], &row["ready_count"], &row["endpoint_slices"]),
        (&json!("Endpoints"), &json!(1), &json!([]))
    );
    assert!(!meta.complete);
    let words = "EndpointSlices could not be read, so the rows know of Endpoints only: it says Expired";
    assert_eq!(meta.warnings, [words]);
}

#[test]
fn bytes_of_a_log_that_are_no_text_are_replaced_and_it_is_said() {
    let pod = json!({"metadata": {"name": "one", "namespace": "there"}, "spec": {"nodeName": "here", "containers": [{"name": "app"}]}});
    let log =
        Answer::new(200).header("content-type", "text/plain").body(Body::Whole(b"whole\na \xff b\n".as_slice().into()));
    let path = "/api/v1/namespaces/there/pods/one";
    let answers = vec![("/api/v1/namespaces/there/pods/one/log", log), (path, Answer::json(pod.to_string()))];
    let (data, _) = ask(answers, "get_pod_logs", json!({"namespace": "there", "name": "one"}));
    assert_eq!((&data["logs"], &data["invalid_utf8"]), (&json!("whole\na \u{fffd} b\n"), &json!(true)));
}

#[test]
fn lines_of_a_log_and_names_do_not_act_at_a_terminal() {
    let acting = "a\u{1b}[2J\u{9b}2J\u{202e}b\u{200b}\u{2066}\u{feff}\u{7}\u{8}\u{7f}c";
    let pod = |name: &str| json!({"metadata": {"name": name, "namespace": "there"}, "spec": {"nodeName": "here", "containers": [{"name": "app"}]}});
    let (one, pods) = (Answer::json(pod("one").to_string()), list(json!([pod(acting)])));
    let log = Answer::new(200).header("content-type", "text/plain").text(format!("first\n{acting}\nlast\n"));
    let fake = Fake::answering(move |seen| match seen.target.split('?').next().unwrap_or_default() {
        "/api/v1/namespaces/there/pods" => Some(pods.clone()),
        "/api/v1/namespaces/there/pods/one" => Some(one.clone()),
        "/api/v1/namespaces/there/pods/one/log" => Some(log.clone()),
        _ => None,
    });
    let files = Files::new();
    let (token, ca) = (files.write("token", "a-token-for-a-fake"), files.write("ca.pem", Authority::shared().pem()));
    let url = fake.url();
    let options = ["--server", &url, "--token-file"].map(OsStr::new);
    let options = [&options[..], &[token.as_os_str(), OsStr::new("--ca-file"), ca.as_os_str()]].concat();
    for arguments in [&["get_pod_logs", "namespace=there", "name=one"][..], &["list_pods", "namespace=there"]] {
        // It fails where an escape character comes through.
        let (status, shown) = Terminal::call_with(arguments, &options).ends();
        assert!(status.success(), "{shown}");
        let acts = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{200b}\u{2066}\u{feff}".contains(c);
        assert!(!shown.contains(acts), "{shown:?}");
        assert!(shown.contains("[2J"), "it is shown, escaped: {shown}");
    }
}

/// The Secret `there/login` of a server that has these values.
fn secret(data: Value, decode: bool) -> (Value, AnswerMeta) {
    let secret = json!({"metadata": {"name": "login", "namespace": "there", "uid": "u"}, "data": data});
    let answers = vec![("/api/v1/namespaces/there/secrets/login", Answer::json(secret.to_string()))];
    ask(answers, "get_secret", json!({"namespace": "there", "name": "login", "decode": decode}))
}

#[test]
fn a_value_that_is_no_base64_is_handed_on_as_it_is_and_told() {
    let data = json!({
        "good": "aGk=", "stars": "***", "unpadded": "aGk", "spaced": "aG k=", "null": null,
        // Only the host writes this, and only whole.
        "like-redacted": "!redacted bytes=3 digest=abc",
    });
    for decode in [false, true] {
        let (row, meta) = secret(data.clone(), decode);
        let bytes = |key: &str| {
            let values = row["values"].as_array().expect("values");
            values.iter().find(|value| value["key"] == key).expect("a value")["bytes"].clone()
        };
        assert_eq!((bytes("good"), bytes("null")), (json!(2), json!(0)));
        for key in ["stars", "unpadded", "spaced", "like-redacted"] {
            assert_eq!((&row["data"][key], bytes(key)), (&data[key], Value::Null), "{key}");
        }
        assert_eq!(row["data"]["good"], if decode { "hi" } else { "aGk=" });
        assert_eq!(row["redacted"], false);
        assert!(!meta.complete);
        assert_eq!(meta.warnings, ["not base64, and as the server sent it: stars, unpadded, spaced, like-redacted"]);
    }
}
