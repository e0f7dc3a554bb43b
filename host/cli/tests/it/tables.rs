//! Tables of every kind of thing, at a narrow terminal, at the usual one, at a wide one and on a pipe.

use meho_host::policy::column::Column;
use meho_host::policy::schema::ResultSchema;
use meho_host_cli::paint::Paint;
use meho_host_cli::table::{Namespaces, Rows, is_known};
use meho_host_cli::view::View;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

fn view(width: Option<usize>) -> View {
    View { width, paint: Paint::Plain, now: "2026-01-05T07:04:05Z".parse().expect("a time") }
}

/// The lists of the built-in catalogue, as it was shown last, by what their rows are of.
fn lists() -> Vec<(String, ResultSchema)> {
    let catalogue = include_str!("../../../../tests/contract/data/catalogue.json");
    let catalogue: Value = serde_json::from_str(catalogue).expect("JSON");
    let operations = catalogue.as_object().expect("operations").iter();
    let lists = operations.filter(|(id, operation)| id.starts_with("list_") && operation["returns"] == "array");
    let of = |operation: &Value| {
        let schema = ResultSchema::parse(&operation["result"].to_string()).expect("a schema");
        (operation["entity"].as_str().expect("an entity").to_owned(), schema)
    };
    lists.map(|(_, operation)| of(operation)).collect()
}

/// How the catalogue says that a list of an entity stands in a table.
fn described(entity: &str) -> Vec<Column> {
    let found = lists().into_iter().find(|(of, _)| of == entity);
    found.map(|(_, schema)| schema.columns().to_vec()).unwrap_or_default()
}

fn table(entity: &str, namespaces: Namespaces, rows: &[Value], view: &View) -> String {
    let mut table = Rows::of(Some(entity), &described(entity), namespaces);
    rows.iter().for_each(|row| table.push(row));
    table.take(view)
}

/// The table is exactly these lines.
#[track_caller]
fn check(entity: &str, width: Option<usize>, rows: &[Value], expected: &[&str]) {
    let shown = table(entity, Namespaces::Any, rows, &view(width));
    assert_eq!(shown.lines().collect::<Vec<_>>(), expected, "{entity} at {width:?}:\n{shown}");
}

fn pods() -> Vec<Value> {
    let pod = |name: &str, ready: &str, status: &str, restarts: u64, created: &str| {
        json!({
            "namespace": "production", "name": name, "ready": ready, "status": status, "restarts": restarts, "created": created,
            "pod_ip": "10.244.1.17", "node_name": "worker-1",
        })
    };
    vec![
        pod("api-gateway-7d9f8b6c5-x2x4z", "0/1", "CrashLoopBackOff", 7, "2026-01-02T03:04:05+00:00"),
        pod("web-0", "2/2", "Running", 0, "2026-01-05T07:00:00+00:00"),
    ]
}

#[test]
fn pods_on_a_pipe_have_all_their_columns_in_full() {
    check(
        "Pod",
        None,
        &pods(),
        &[
            "NAMESPACE   NAME                         READY  STATUS            RESTARTS  AGE   IP           NODE",
            "production  api-gateway-7d9f8b6c5-x2x4z  0/1    CrashLoopBackOff  7         3d4h  10.244.1.17  worker-1",
            "production  web-0                        2/2    Running           0         4m5s  10.244.1.17  worker-1",
        ],
    );
    check("Pod", Some(200), &pods(), &table("Pod", Namespaces::Any, &pods(), &view(None)).lines().collect::<Vec<_>>());
}

#[test]
fn at_the_usual_width_pods_lose_what_is_least_looked_for() {
    check(
        "Pod",
        Some(80),
        &pods(),
        &[
            "NAMESPACE   NAME                         READY  STATUS            RESTARTS  AGE",
            "production  api-gateway-7d9f8b6c5-x2x4z  0/1    CrashLoopBackOff  7         3d4h",
            "production  web-0                        2/2    Running           0         4m5s",
        ],
    );
}

#[test]
fn at_a_narrow_terminal_a_name_stands_alone_rather_than_being_cut() {
    check(
        "Pod",
        Some(40),
        &pods(),
        &[
            "NAME                    STATUS",
            "api-gateway-7d9f8b6c5-x2x4z",
            "                        CrashLoopBackOff",
            "web-0                   Running",
        ],
    );
}

#[test]
fn a_table_knows_what_it_had_no_room_for() {
    for (width, left_out) in [
        (None, &[][..]),
        (Some(120), &[]),
        (Some(90), &["IP"]),
        (Some(80), &["IP", "NODE"]),
        (Some(60), &["READY", "RESTARTS", "AGE", "IP", "NODE"]),
    ] {
        let mut table = Rows::of(Some("Pod"), &[], Namespaces::Any);
        pods().iter().for_each(|row| table.push(row));
        let shown = table.take(&view(width));
        assert_eq!(table.left_out(), left_out, "{width:?}: {shown}");
        assert!(shown.contains("api-gateway-7d9f8b6c5-x2x4z"), "{width:?}: {shown}");
    }
}

#[test]
fn one_namespace_is_not_said_in_every_line() {
    let shown = table("Pod", Namespaces::One, &pods(), &view(None));
    assert!(shown.starts_with("NAME  "), "{shown}");
    assert!(!shown.contains("production"), "{shown}");
}

#[test]
fn nodes_have_the_columns_of_kubectl() {
    let node = |name: &str, status: &str| {
        json!({
            "name": name, "created": "2025-12-01T00:00:00+00:00", "status": status, "roles": ["worker"], "internal_ip": "10.0.0.11",
            "kubelet_version": "v1.34.1", "container_runtime": "containerd://2.1.0", "node_info": {"os_image": "Debian GNU/Linux 12"},
        })
    };
    let nodes =
        [node("worker-1", "Ready"), node("worker-02", "Ready,SchedulingDisabled"), node("worker-3", "NotReady")];
    check(
        "Node",
        None,
        &nodes,
        &[
            "NAME       STATUS                    ROLES   AGE  VERSION  INTERNAL-IP  OS-IMAGE             CONTAINER-RUNTIME",
            "worker-1   Ready                     worker  35d  v1.34.1  10.0.0.11    Debian GNU/Linux 12  containerd://2.1.0",
            "worker-02  Ready,SchedulingDisabled  worker  35d  v1.34.1  10.0.0.11    Debian GNU/Linux 12  containerd://2.1.0",
            "worker-3   NotReady                  worker  35d  v1.34.1  10.0.0.11    Debian GNU/Linux 12  containerd://2.1.0",
        ],
    );
    check(
        "Node",
        Some(40),
        &nodes[1..2],
        &["NAME       STATUS                    AGE", "worker-02  Ready,SchedulingDisabled  35d"],
    );
    let told = json!({"name": "a", "status": "Ready", "roles": ["control-plane", "etcd"], "kubelet_version": "v1.35.0", "internal_ip": "fd00::1"});
    check(
        "Node",
        Some(80),
        &[told],
        &[
            "NAME  STATUS  ROLES               AGE  VERSION  INTERNAL-IP  CONTAINER-RUNTIME",
            "a     Ready   control-plane,etcd  -    v1.35.0  fd00::1      -",
        ],
    );
}

#[test]
fn services_say_where_they_are_reached() {
    let services = [
        json!({"namespace": "web", "name": "a", "type": "ClusterIP", "cluster_ip": "10.96.0.1", "created": "2026-01-05T07:00:05+00:00",
            "ports": [{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}], "selector": {"app": "a"}}),
        json!({"namespace": "web", "name": "b", "type": "NodePort", "cluster_ip": "10.96.0.2", "ports": [{"port": 80, "node_port": 30080, "protocol": "TCP"}]}),
        json!({"namespace": "web", "name": "c", "type": "LoadBalancer", "cluster_ip": "10.96.0.3", "load_balancer_ingress": []}),
        json!({"namespace": "web", "name": "d", "type": "LoadBalancer", "cluster_ip": "10.96.0.4", "load_balancer_ingress": [{"ip": null, "hostname": "lb.example"}]}),
        json!({"namespace": "web", "name": "e", "type": "ExternalName", "cluster_ip": null, "external_name": "db.example"}),
    ];
    check(
        "Service",
        None,
        &services,
        &[
            "NAMESPACE  NAME  TYPE          CLUSTER-IP  EXTERNAL-IP  PORT(S)        AGE  SELECTOR",
            "web        a     ClusterIP     10.96.0.1   -            80/TCP,53/UDP  4m   app=a",
            "web        b     NodePort      10.96.0.2   -            80:30080/TCP   -    -",
            "web        c     LoadBalancer  10.96.0.3   <pending>    -              -    -",
            "web        d     LoadBalancer  10.96.0.4   lb.example   -              -    -",
            "web        e     ExternalName  -           db.example   -              -    -",
        ],
    );
}

#[test]
fn a_message_of_an_event_is_cut_and_not_broken() {
    let event = json!({
        "namespace": "production", "type": "Warning", "reason": "BackOff", "count": 42, "last_timestamp": "2026-01-05T07:02:05+00:00",
        "involved_object": {"kind": "Pod", "name": "api-7d9f"}, "message": "Back-off restarting failed container app in pod api-7d9f\n",
    });
    let heading = "NAMESPACE   LAST SEEN  TYPE     REASON   OBJECT        MESSAGE                                                   COUNT";
    let row = "production  2m         Warning  BackOff  pod/api-7d9f  Back-off restarting failed container app in pod api-7d9f  42";
    check("Event", None, std::slice::from_ref(&event), &[heading, row]);
    check(
        "Event",
        Some(80),
        std::slice::from_ref(&event),
        &[
            "NAMESPACE   LAST SEEN  TYPE     REASON   OBJECT        MESSAGE",
            "production  2m         Warning  BackOff  pod/api-7d9f  Back-off restarting fail…",
        ],
    );
    check("Event", Some(40), &[event], &["OBJECT        MESSAGE", "pod/api-7d9f  Back-off restarting faile…"]);
}

#[test]
fn claims_and_volumes_are_shortened_as_kubectl_does() {
    let claim = json!({"namespace": "web", "name": "data", "phase": "Pending", "volume_name": null, "capacity": {},
        "access_modes": ["ReadWriteOnce", "ReadOnlyMany"], "storage_class_name": "fast", "created": "2026-01-04T07:04:05+00:00"});
    check(
        "PersistentVolumeClaim",
        Some(80),
        &[claim],
        &[
            "NAMESPACE  NAME  STATUS   VOLUME  CAPACITY  ACCESS MODES  STORAGECLASS  AGE",
            "web        data  Pending  -       -         RWO,ROX       fast          24h",
        ],
    );
    let volume = json!({"name": "pv-1", "capacity": {"storage": "10Gi"}, "access_modes": ["ReadWriteMany"], "reclaim_policy": "Retain",
        "phase": "Bound", "claim_ref": {"namespace": "web", "name": "data"}, "storage_class_name": "fast", "created": null});
    check(
        "PersistentVolume",
        None,
        &[volume],
        &[
            "NAME  CAPACITY  ACCESS MODES  RECLAIM POLICY  STATUS  CLAIM     STORAGECLASS  AGE  REASON",
            "pv-1  10Gi      RWX           Retain          Bound   web/data  fast          -    -",
        ],
    );
    let going = json!({"name": "pv-2", "phase": "Bound", "deletion_timestamp": "2026-01-05T06:04:05+00:00"});
    let shown = table("PersistentVolume", Namespaces::Any, &[going], &view(None));
    assert!(shown.contains("Terminating") && !shown.contains("Bound"), "{shown}");
    let class = json!({"name": "fast", "is_default": true, "provisioner": "disk.example",
        "reclaim_policy": "Delete", "volume_binding_mode": "Immediate", "allow_volume_expansion": false});
    check(
        "StorageClass",
        None,
        &[class],
        &[
            "NAME            PROVISIONER   RECLAIM POLICY  BINDING MODE  EXPANSION  AGE",
            "fast (default)  disk.example  Delete          Immediate     false      -",
        ],
    );
}

#[test]
fn workloads_say_how_many_of_how_many_are_ready() {
    let base =
        json!({"namespace": "web", "name": "nginx", "created": "2026-01-05T06:04:05+00:00", "images": ["nginx:1.29"]});
    let with = |more: Value| {
        let mut row = base.clone();
        row.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        [row]
    };
    check(
        "Deployment",
        None,
        &with(json!({"replicas": 3, "ready_replicas": 2, "updated_replicas": 3, "available_replicas": 2})),
        &[
            "NAMESPACE  NAME   READY  UP-TO-DATE  AVAILABLE  AGE  IMAGES",
            "web        nginx  2/3    3           2          60m  nginx:1.29",
        ],
    );
    check(
        "ReplicaSet",
        None,
        &with(json!({"replicas": 3, "ready_replicas": 2, "available_replicas": 2})),
        &[
            "NAMESPACE  NAME   DESIRED  READY  AVAILABLE  AGE  IMAGES",
            "web        nginx  3        2/3    2          60m  nginx:1.29",
        ],
    );
    check(
        "StatefulSet",
        None,
        &with(json!({"replicas": 1, "ready_replicas": 1, "updated_replicas": 1, "service_name": "db"})),
        &[
            "NAMESPACE  NAME   READY  UP-TO-DATE  AGE  SERVICE  IMAGES",
            "web        nginx  1/1    1           60m  db       nginx:1.29",
        ],
    );
    check(
        "DaemonSet",
        None,
        &with(
            json!({"desired_number_scheduled": 3, "current_number_scheduled": 3, "number_ready": 2, "updated_number_scheduled": 3, "number_available": 2,
                "node_selector": {"disk": "fast"}}),
        ),
        &[
            "NAMESPACE  NAME   DESIRED  CURRENT  READY  UP-TO-DATE  AVAILABLE  AGE  NODE SELECTOR  IMAGES",
            "web        nginx  3        3        2      3           2          60m  disk=fast      nginx:1.29",
        ],
    );
    check(
        "Job",
        None,
        &with(
            json!({"status": "Complete", "completions": 2, "succeeded": 2, "start_time": "2026-01-05T06:04:05+00:00",
                "completion_time": "2026-01-05T06:09:17+00:00"}),
        ),
        &[
            "NAMESPACE  NAME   STATUS    COMPLETIONS  DURATION  AGE  IMAGES",
            "web        nginx  Complete  2/2          5m12s     60m  nginx:1.29",
        ],
    );
    check(
        "Job",
        Some(80),
        &with(
            json!({"status": "Terminating", "completions": null, "parallelism": 3, "succeeded": 0, "start_time": null}),
        ),
        &[
            "NAMESPACE  NAME   STATUS       COMPLETIONS  DURATION  AGE  IMAGES",
            "web        nginx  Terminating  0/1 of 3     -         60m  nginx:1.29",
        ],
    );
    check(
        "CronJob",
        None,
        &with(
            json!({"schedule": "*/5 * * * *", "suspend": false, "active_jobs": 1, "last_schedule_time": "2026-01-05T07:00:00+00:00"}),
        ),
        &[
            "NAMESPACE  NAME   SCHEDULE     TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  AGE  IMAGES",
            "web        nginx  */5 * * * *  -         false    1       4m5s           60m  nginx:1.29",
        ],
    );
}

#[test]
fn all_the_other_entities_of_the_contract_have_columns_of_their_own() {
    let created = "2026-01-05T06:04:05+00:00";
    let cases: [(&str, Value, [&str; 2]); 6] = [
        (
            "Namespace",
            json!({"name": "web", "phase": "Terminating", "created": created}),
            ["NAME  STATUS       AGE", "web   Terminating  60m"],
        ),
        (
            "Endpoints",
            json!({"namespace": "web", "name": "a", "ready_count": 2, "not_ready_count": 1, "subsets": [{"addresses": [{"ip": "10.1.1.1"}, {"ip": "10.1.1.2"}],
                "not_ready_addresses": [{"ip": "10.1.1.3"}], "ports": [{"port": 80}]}]}),
            [
                "NAMESPACE  NAME  READY  NOT-READY  ENDPOINTS",
                "web        a     2      1          10.1.1.1:80,10.1.1.2:80",
            ],
        ),
        (
            "Ingress",
            json!({"namespace": "web", "name": "a", "ingress_class_name": "nginx", "created": created, "tls": [{}],
                "hosts": ["a.example"], "load_balancer_ingress": [{"ip": "192.0.2.1"}]}),
            [
                "NAMESPACE  NAME  CLASS  HOSTS      ADDRESS    PORTS   AGE",
                "web        a     nginx  a.example  192.0.2.1  80,443  60m",
            ],
        ),
        (
            "NetworkPolicy",
            json!({"namespace": "web", "name": "a", "pod_selector": {"app": "a"}, "policy_types": ["Ingress"], "ingress_allows": "some",
                "egress_allows": "unrestricted", "created": created,
                "pod_selector_expressions": [{"key": "tier", "operator": "In", "values": ["x", "y"]}, {"key": "old", "operator": "DoesNotExist", "values": []}]}),
            [
                "NAMESPACE  NAME  POD-SELECTOR              INGRESS  EGRESS        AGE  POLICY TYPES",
                "web        a     app=a,tier in (x,y),!old  some     unrestricted  60m  Ingress",
            ],
        ),
        (
            "ConfigMap",
            json!({"namespace": "web", "name": "a", "keys": ["x", "y", "z"], "created": created}),
            ["NAMESPACE  NAME  DATA  AGE", "web        a     3     60m"],
        ),
        (
            "Secret",
            json!({"namespace": "web", "name": "a", "type": "Opaque", "keys": ["x", "y"], "created": created}),
            ["NAMESPACE  NAME  TYPE    DATA  AGE", "web        a     Opaque  2     60m"],
        ),
    ];
    for (entity, row, expected) in cases {
        check(entity, None, &[row], &expected);
    }
}

#[test]
fn every_list_of_the_catalogue_says_its_columns_in_words_that_are_known() {
    let lists = lists();
    assert!(!lists.is_empty());
    for (entity, schema) in lists {
        // A pod's are the program's.
        assert_eq!(schema.columns().is_empty(), entity == "Pod", "{entity}");
        for column in schema.columns() {
            assert!(column.shown.as_deref().is_none_or(is_known), "{entity}: {column:?}");
            for path in &column.of {
                let known = |schema: Value, name: &String| schema["properties"][name].clone();
                let found = path.iter().fold(schema.source().clone(), known);
                assert!(found.is_object() || path[0] == "capacity", "{entity}: there is no member {path:?}");
            }
        }
    }
}

#[test]
fn a_word_that_is_not_known_leaves_a_member_as_it_is() {
    let schema = json!({"type": "object", "properties": {"size": {"type": "integer"}, "note": {"type": "string"}},
        "columns": [{"heading": "SIZE", "of": ["note", "size"], "as": "of-tomorrow", "rank": 0}]});
    let schema = ResultSchema::parse(&schema.to_string()).expect("a schema");
    let mut table = Rows::of(Some("Elsewhere"), schema.columns(), Namespaces::Any);
    table.push(&json!({"size": 3, "labels": {"x": "y"}}));
    assert_eq!(table.take(&view(None)), "SIZE\n3\n");
}

#[test]
fn an_entity_that_is_not_known_has_its_own_members_for_columns() {
    let row = json!({"name": "a", "full_size": 3, "labels": {"x": "y"}, "note": null, "items": []});
    check("Elsewhere", None, &[row], &["NAME  FULL-SIZE  NOTE", "a     3          -"]);
}

#[test]
fn no_line_is_wider_than_the_terminal_whatever_stands_in_it() {
    let wide = "数据库-主节点-".repeat(9);
    let nasty = format!("e\u{301}{}\u{1b}[31mred\u{202e}", "🚢".repeat(30));
    let mut rows = pods();
    rows.push(
        json!({"namespace": wide, "name": nasty, "ready": "1/1", "status": wide, "restarts": 1, "node_name": nasty}),
    );
    for entity in ["Pod", "Event", "Service", "Elsewhere"] {
        for width in 20..130 {
            let shown = table(entity, Namespaces::Any, &rows, &view(Some(width)));
            for line in shown.lines() {
                assert!(line.width() <= width, "{entity} at {width}: {} columns: {line}", line.width());
                assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line:?}");
            }
        }
    }
}

#[test]
fn parts_of_a_long_list_keep_the_columns_of_its_first() {
    let mut table = Rows::of(Some("Pod"), &[], Namespaces::Any);
    let narrow = view(Some(80));
    table.push(&pods()[0]);
    let first = table.take(&narrow);
    assert_eq!(first.lines().count(), 2, "{first}");
    table.push(&json!({"namespace": "a", "name": "b", "ready": "1/1", "status": "Running", "restarts": 0, "node_name": "worker-1"}));
    assert_eq!(table.take(&narrow), "a          b     1/1    Running  0         -\n");
    assert_eq!(table.take(&narrow), "");
    assert_eq!(Rows::of(Some("Pod"), &[], Namespaces::Any).take(&narrow), "nothing found\n");
}
