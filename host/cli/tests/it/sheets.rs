//! One object as a sheet.

use meho_host::policy::schema::ResultSchema;
use meho_host_cli::paint::Paint;
use meho_host_cli::sheet::{Lists, object};
use meho_host_cli::text::{prose, wrapped_at_words};
use meho_host_cli::view::View;
use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

fn view(width: Option<usize>) -> View {
    View { width, paint: Paint::Plain, now: "2026-01-05T07:04:05Z".parse().expect("a time") }
}

fn pod() -> serde_json::Value {
    json!({
        "name": "api-7d9f",
        "namespace": "production",
        "labels": {"app": "api", "tier": "front"},
        "annotations": {},
        "created": "2026-01-02T03:04:05+00:00",
        "status": "CrashLoopBackOff",
        "pod_ips": ["10.1.1.1", "fd00::1"],
        "node_name": null,
        "containers": [{
            "name": "app", "image": "registry.example.com/api:1", "ready": false, "restart_count": 7, "state": "waiting",
            "waiting_reason": "CrashLoopBackOff", "waiting_message": "back-off 5m0s restarting failed container",
            "last_state": {"exit_code": 137, "reason": "OOMKilled", "message": null},
        }],
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady",
            "message": "containers with unready status: [app]", "last_transition_time": "2026-01-05T07:00:05+00:00"}],
        "events": [{"type": "Warning", "reason": "BackOff", "message": "Back-off restarting failed container app", "count": 42,
            "last_timestamp": "2026-01-05T07:02:05+00:00", "reporting_component": "kubelet"}],
    })
}

#[test]
fn a_node_is_described_in_units_that_people_count_in() {
    let node = json!({
        "name": "worker-1",
        "allocated_resources": [
            {"resource": "cpu", "allocatable": "4", "requests": "1250m", "requests_percent": 31, "limits": "0", "limits_percent": 0,
                "usage": "213456789n", "usage_percent": 5},
            {"resource": "memory", "allocatable": "16318480Ki", "requests": "1536Mi", "requests_percent": 9, "limits": "2147483648",
                "limits_percent": 12, "usage": null, "usage_percent": null},
            {"resource": "example.com/gpu", "allocatable": "2", "requests": "1", "requests_percent": 50, "limits": "1", "limits_percent": 50,
                "usage": null, "usage_percent": null},
            {"resource": "ephemeral-storage", "allocatable": "no quantity", "requests": null, "requests_percent": null, "limits": null,
                "limits_percent": null, "usage": null, "usage_percent": null},
        ],
        "pod_list": [{"name": "web-0", "namespace": "production"}, {"name": "dns", "namespace": "kube-system"}],
        "pod_list_truncated": true,
    });
    let expected = "\
name:               worker-1
pod_list_truncated: true
allocated_resources:
  RESOURCE           ALLOCATABLE  REQUESTS     LIMITS     USAGE
  cpu                4            1250m (31%)  0 (0%)     213m (5%)
  memory             15.6Gi       1.5Gi (9%)   2Gi (12%)  -
  example.com/gpu    2            1 (50%)      1 (50%)    -
  ephemeral-storage  no quantity  -            -          -
pod_list:
  NAMESPACE    NAME
  production   web-0
  kube-system  dns
  these are the first 2: there are more
";
    assert_eq!(object(&node, Some("Node"), &Lists::new(), &view(None)), expected);
}

#[test]
fn an_object_is_a_sheet_with_tables_in_it() {
    let expected = "\
name:      api-7d9f
namespace: production
annotations: none
created:   2026-01-02T03:04:05+00:00 (3d4h ago)
status:    CrashLoopBackOff
pod_ips:   10.1.1.1,fd00::1
node_name: -
labels:
  app: api
  tier: front
containers:
  NAME  READY  STATE                      RESTARTS  LAST STATE       IMAGE                       MESSAGE
  app   false  waiting: CrashLoopBackOff  7         OOMKilled (137)  registry.example.com/api:1  back-off 5m0s restarting failed container
conditions:
  TYPE   STATUS  SINCE  REASON              MESSAGE
  Ready  False   4m     ContainersNotReady  containers with unready status: [app]
events:
  LAST SEEN  TYPE     REASON   COUNT  FROM     MESSAGE
  2m         Warning  BackOff  42     kubelet  Back-off restarting failed container app
";
    // `annotations` is the longest name.
    let expected = expected.replace("name:      a", "name:        a").replace("namespace: p", "namespace:   p");
    let expected = expected.replace("created:   2", "created:     2").replace("status:    C", "status:      C");
    let expected = expected.replace("pod_ips:   1", "pod_ips:     1").replace("node_name: -", "node_name:   -");
    let shown = object(&pod(), Some("Pod"), &Lists::new(), &view(None));
    assert_eq!(shown, expected, "{shown}");
}

#[test]
fn at_a_narrow_terminal_what_is_said_stands_below_and_is_not_lost() {
    let shown = object(&pod(), Some("Pod"), &Lists::new(), &view(Some(40)));
    assert!(shown.lines().all(|line| line.width() <= 40), "{shown}");
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "containers with unready status: [app]",
        "back-off 5m0s restarting failed container",
        "Back-off restarting failed container app",
        "CrashLoopBackOff",
    ] {
        assert!(words.contains(said), "{said:?} is not in {shown}");
    }
}

#[test]
fn what_a_write_has_to_say_is_name_and_value() {
    let shown =
        object(&json!({"deployment": "web", "replicas": 3, "scaled": true}), None, &Lists::new(), &view(Some(80)));
    assert_eq!(shown, "deployment: web\nreplicas: 3\nscaled: true\n");
}

#[test]
fn a_log_is_shown_as_it_is() {
    let logs = json!({"pod": "a", "logs": "one\n\ttwo\u{1b}[31m\nthree"});
    assert_eq!(object(&logs, None, &Lists::new(), &view(Some(20))), "one\n\ttwo\\u{1b}[31m\nthree\n");
    assert_eq!(object(&json!({"logs": ""}), None, &Lists::new(), &view(None)), "");
}

#[test]
fn what_is_too_deep_for_a_table_is_a_list() {
    let endpoints = json!({"name": "a", "subsets": [{"addresses": [{"ip": "10.1.1.1", "node_name": "worker-1"}], "ports": [{"port": 80}]}]});
    let expected = "\
name: a
subsets:
  - addresses:
      IP        NODE-NAME
      10.1.1.1  worker-1
    ports:
      PORT
      80
";
    assert_eq!(object(&endpoints, Some("Endpoints"), &Lists::new(), &view(None)), expected);
}

#[test]
fn a_list_of_an_object_stands_in_the_columns_that_its_schema_says() {
    let items = json!({"type": "object", "properties": {"colour": {}, "ready": {}, "wanted": {}}, "columns": [
        {"heading": "SHADE", "of": ["colour"], "rank": 0}, {"heading": "READY", "of": ["ready", "wanted"], "rank": 1, "as": "part"},
    ]});
    let schema = json!({"type": "object", "properties": {"sets": {"type": "array", "items": items}}});
    let schema = ResultSchema::parse(&schema.to_string()).expect("a schema");
    let set = json!({"colour": "red", "ready": 1, "wanted": 2});
    // What only has its name stands as it would.
    let sets = json!({"sets": [set], "inner": {"sets": [set]}});
    let expected = "\
sets:
  SHADE  READY
  red    1/2
inner:
  sets:
    COLOUR  READY  WANTED
    red     1      2
";
    assert_eq!(object(&sets, Some("Set"), schema.lists(), &view(None)), expected);
}

#[test]
fn nothing_that_an_object_says_acts_or_passes_for_another_member() {
    let acting = "x\u{1b}[2J\u{202e}\r\nstatus: Running";
    let object_of = json!({"name": acting, acting: acting, "labels": {acting: acting},
        "conditions": [{"type": acting, "status": "True", "message": acting}], "events": [{"reason": acting, "message": acting}]});
    for width in [None, Some(40), Some(80)] {
        for paint in [Paint::Plain, Paint::Coloured] {
            let shown = object(&object_of, Some("Pod"), &Lists::new(), &View { paint, ..view(width) });
            let ours = ["\u{1b}[1m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[0m"];
            let rest = ours.iter().fold(shown.clone(), |text, sequence| text.replace(sequence, ""));
            assert!(!rest.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown:?}");
            assert!(!rest.lines().any(|line| line.starts_with("status: Running")), "{shown}");
        }
    }
}

#[test]
fn sentences_stand_first_in_a_line_each_and_names_in_one() {
    let pod = json!({
        "name": "api", "finalizers": ["a", "b"], "findings": ["it is being deleted", "container app waits: CrashLoopBackOff: \u{1b}[31mred"],
    });
    let expected = "\
findings:
  - it is being deleted
  - container app waits: CrashLoopBackOff: \\u{1b}[31mred
name:       api
finalizers: a,b
";
    assert_eq!(object(&pod, Some("Pod"), &Lists::new(), &view(None)), expected);
    // What goes on in the next line is told from the next sentence.
    let narrow = object(&pod, Some("Pod"), &Lists::new(), &view(Some(30)));
    assert!(narrow.lines().all(|line| line.width() <= 30), "{narrow}");
    assert_eq!(narrow.lines().filter(|line| line.starts_with("  - ")).count(), 2, "{narrow}");
}

#[test]
fn what_asks_a_container_how_it_is_stands_in_one_column() {
    let probe = |action: &str| json!({"action": action, "period_seconds": 10});
    let pod = json!({"containers": [{
        "name": "app", "state": "running", "liveness_probe": probe("http-get http://:8080/live"), "readiness_probe": null,
        "startup_probe": probe("exec [cat /tmp/up]"),
    }]});
    let shown = object(&pod, Some("Pod"), &Lists::new(), &view(None));
    assert!(shown.contains("PROBES\n"), "{shown}");
    assert!(shown.contains("live http-get http://:8080/live, started exec [cat /tmp/up]\n"), "{shown}");
}

#[test]
fn prose_is_parted_between_words_and_a_strangers_text_stays_marked() {
    assert_eq!(prose("    so that nobody has to guess", 20), ["    so that nobody", "    has to guess"]);
    assert_eq!(
        wrapped_at_words("warning: the connector says: no", 20),
        ["warning: the", "  | connector says:", "  | no"]
    );
    // What has no place to be parted is cut, and blanks do not let anything slip behind the edge.
    assert_eq!(wrapped_at_words(&"x".repeat(30), 20), ["x".repeat(20), format!("  | {}", "x".repeat(10))]);
    let pushed = wrapped_at_words(&format!("note:{}error: forged", " ".repeat(40)), 20);
    assert!(pushed[1..].iter().all(|line| line.starts_with("  | ")), "{pushed:?}");
    for text in ["数据库 主节点 数据库主节点数据库主节点", "a  b   c    d     e      f", ""] {
        for width in 20..40 {
            assert!(wrapped_at_words(text, width).iter().all(|line| line.width() <= width), "{text:?} at {width}");
        }
    }
}
