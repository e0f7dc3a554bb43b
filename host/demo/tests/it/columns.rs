//! The columns of a pod, against the cases that were checked on a real server.

use crate::client::Client;
use serde_json::{Value, json};

const VECTORS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/data/pod-status-vectors.json"));
const PODS: &str = "/api/v1/namespaces/default/pods";

#[tokio::test]
async fn a_pod_has_the_columns_that_the_real_server_prints() {
    let client = Client::empty().await;
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("vectors");
    assert!(vectors.len() >= 20);
    for (index, vector) in vectors.iter().enumerate() {
        let name = format!("vector-{index}");
        let mut pod = vector["pod"].clone();
        let is_going = pod["metadata"].get("deletionTimestamp").is_some();
        pod["metadata"] = json!({ "name": name, "finalizers": ["demo.example/held"] });
        pod["spec"]["schedulerName"] = json!("nobody");
        if let Some(spec) = pod["spec"].as_object_mut() {
            spec.remove("nodeName");
        }
        client.post(PODS, &pod).await.expect(201);
        let status = json!({ "status": pod["status"] });
        client.merge(&format!("{PODS}/{name}/status"), &status).await.expect(200);
        if is_going {
            client.delete(&format!("{PODS}/{name}")).await.expect(200);
        }
        let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
        let table = client.send("GET", &format!("{PODS}/{name}"), &table, None).await.expect(200);
        let cells = &table["rows"][0]["cells"];
        let restarts =
            cells[3].as_str().and_then(|cell| cell.split(' ').next()).and_then(|cell| cell.parse::<i64>().ok());
        let seen = json!({ "ready": cells[1], "status": cells[2], "restarts": restarts });
        assert_eq!(seen, vector["expect"], "{}", vector["case"]);
    }
}
