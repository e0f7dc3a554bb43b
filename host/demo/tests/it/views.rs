//! Tables, metadata alone, YAML, and discovery.

use crate::client::{Client, deployment, unscheduled};
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/default/pods";
const TABLE: (&str, &str) = ("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");

fn columns(table: &Value) -> Vec<&str> {
    let columns = table["columnDefinitions"].as_array().expect("columns").iter();
    columns.map(|column| column["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn a_table_has_the_columns_of_its_kind_and_what_is_asked_for_of_each_object() {
    let client = Client::empty().await;
    client.post(PODS, &unscheduled("a")).await.expect(201);
    for (include, kind) in [("None", None), ("Metadata", Some("PartialObjectMetadata")), ("Object", Some("Pod"))] {
        let path = format!("{PODS}?includeObject={include}");
        let table = client.send("GET", &path, &[TABLE], None).await.expect(200);
        assert_eq!(table["kind"], "Table");
        let names = ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"];
        assert_eq!(columns(&table), names);
        assert_eq!(table["rows"][0]["object"]["kind"].as_str(), kind);
        assert!(table["metadata"]["resourceVersion"].is_string());
    }
    let refused = client.send("GET", &format!("{PODS}?includeObject=x"), &[TABLE], None).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_table_of_secrets_without_objects_has_no_value() {
    let client = Client::empty().await;
    let annotations = json!({ "kubectl.kubernetes.io/last-applied-configuration": "hidden" });
    let secret = json!({ "metadata": { "name": "s", "annotations": annotations }, "stringData": { "k": "hidden" } });
    let path = "/api/v1/namespaces/default/secrets";
    client.post(path, &secret).await.expect(201);
    let table = client.send("GET", &format!("{path}?includeObject=None"), &[TABLE], None).await;
    assert!(!table.text().contains("hidden"));
    assert_eq!(table.json()["rows"][0]["cells"][2], 1);
    let table = client.send("GET", path, &[TABLE], None).await;
    assert!(table.text().contains("hidden"), "the default form carries the annotation in clear");
}

#[tokio::test]
async fn metadata_alone_has_neither_spec_nor_data() {
    let client = Client::empty().await;
    client.post(PODS, &unscheduled("a")).await.expect(201);
    let accept = [("accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")];
    let object = client.send("GET", &format!("{PODS}/a"), &accept, None).await.expect(200);
    assert_eq!((&object["kind"], &object["apiVersion"]), (&json!("PartialObjectMetadata"), &json!("meta.k8s.io/v1")));
    assert!(object.get("spec").is_none() && object["metadata"]["labels"]["app"] == "a");
    let accept = [("accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")];
    let list = client.send("GET", PODS, &accept, None).await.expect(200);
    assert_eq!(list["items"][0]["kind"], "PartialObjectMetadata");
    let empty = client.send("GET", "/api/v1/namespaces/kube-public/pods", &accept, None).await.expect(200);
    assert_eq!(empty["items"], Value::Null);
}

#[tokio::test]
async fn an_object_is_shown_in_yaml_too() {
    let client = Client::empty().await;
    client.post("/apis/apps/v1/namespaces/default/deployments", &deployment("a", 0)).await.expect(201);
    let yaml = [("accept", "application/yaml")];
    let answer = client.send("GET", "/apis/apps/v1/namespaces/default/deployments/a", &yaml, None).await;
    assert_eq!(answer.headers["content-type"], "application/yaml");
    assert!(answer.text().contains("kind: Deployment"), "{}", answer.text());
}

#[tokio::test]
async fn everything_that_is_served_is_discovered_in_both_forms() {
    let client = Client::empty().await;
    let version = client.get("/version").await.expect(200);
    assert_eq!((&version["gitVersion"], &version["minor"]), (&json!("v1.36.3"), &json!("36")));
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let mut served = Vec::new();
    for root in ["/api", "/apis"] {
        let aggregated = client.send("GET", root, &[("accept", accept)], None).await;
        let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        assert_eq!(aggregated.headers["content-type"], kind);
        for group in aggregated.json()["items"].as_array().expect("groups") {
            let name = group["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            for version in group["versions"].as_array().expect("versions") {
                let version_name = version["version"].as_str().expect("a version");
                let path = if name.is_empty() {
                    format!("/api/{version_name}")
                } else {
                    format!("/apis/{name}/{version_name}")
                };
                let plain = client.get(&path).await.expect(200);
                let plain: Vec<&str> = plain["resources"]
                    .as_array()
                    .expect("resources")
                    .iter()
                    .filter_map(|resource| resource["name"].as_str())
                    .collect();
                for resource in version["resources"].as_array().expect("resources") {
                    let resource_name = resource["resource"].as_str().expect("a name");
                    assert!(plain.contains(&resource_name), "{path} {resource_name}");
                    if resource["verbs"].to_string().contains("\"list\"") {
                        client.get(&format!("{path}/{resource_name}")).await.expect(200);
                    }
                    served.push(resource_name.to_owned());
                }
            }
        }
    }
    assert!(served.len() >= 38, "{served:?}");
    let groups = client.get("/apis").await.expect(200);
    assert_eq!(groups["kind"], "APIGroupList");
    for path in ["/healthz", "/livez", "/readyz"] {
        assert_eq!(client.get(path).await.text(), "ok");
    }
}
