//! Lists: pages, tokens that expire, selectors, and versions.

use crate::client::{Client, unscheduled};
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/lists/configmaps";

/// A namespace with seven ConfigMaps, the one that it comes with included.
async fn seven() -> Client {
    let client = Client::empty().await;
    client.post("/api/v1/namespaces", &json!({ "metadata": { "name": "lists" } })).await.expect(201);
    for name in ["a", "b", "c", "d", "e", "f"] {
        let labels = json!({ "first": (name < "c").to_string() });
        client.post(MAPS, &json!({ "metadata": { "name": name, "labels": labels } })).await.expect(201);
    }
    client
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items").iter();
    items.map(|item| item["metadata"]["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn pages_show_one_state_whatever_is_written_between_them() {
    let client = seven().await;
    let first = client.get(&format!("{MAPS}?limit=3")).await.expect(200);
    assert_eq!(names(&first), ["a", "b", "c"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 4);
    assert!(first["items"][0].get("kind").is_none() && first["items"][0].get("apiVersion").is_none());
    client.delete(&format!("{MAPS}/e")).await.expect(200);
    client.post(MAPS, &json!({ "metadata": { "name": "dd" } })).await.expect(201);
    client.merge(&format!("{MAPS}/d"), &json!({ "data": { "new": "x" } })).await.expect(200);
    let token = first["metadata"]["continue"].as_str().expect("a token");
    let rest = client.get(&format!("{MAPS}?limit=3&continue={token}")).await.expect(200);
    assert_eq!(names(&rest), ["d", "e", "f"]);
    assert!(rest["items"][0].get("data").is_none(), "{rest}");
    assert_eq!(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    let token = rest["metadata"]["continue"].as_str().expect("a token");
    let last = client.get(&format!("{MAPS}?limit=3&continue={token}")).await.expect(200);
    assert_eq!(names(&last), ["kube-root-ca.crt"]);
    assert!(last["metadata"].get("continue").is_none() && last["metadata"].get("remainingItemCount").is_none());
}

#[tokio::test]
async fn what_remains_is_not_told_where_something_is_selected() {
    let client = seven().await;
    let page = client.get(&format!("{MAPS}?limit=1&labelSelector=first%3Dtrue")).await.expect(200);
    assert_eq!(names(&page), ["a"]);
    assert!(page["metadata"]["continue"].is_string() && page["metadata"].get("remainingItemCount").is_none());
}

#[tokio::test]
async fn an_expired_token_comes_with_one_that_goes_on() {
    let client = seven().await;
    let first = client.get(&format!("{MAPS}?limit=3")).await.expect(200);
    let token = first["metadata"]["continue"].as_str().expect("a token");
    client.demo.expire_continue_tokens();
    client.post(MAPS, &json!({ "metadata": { "name": "dd" } })).await.expect(201);
    let expired = client.get(&format!("{MAPS}?limit=3&continue={token}")).await;
    let status = expired.json();
    assert_eq!((expired.status.as_u16(), &status["reason"]), (410, &json!("Expired")));
    assert!(expired.message().starts_with("The provided continue parameter is too old"), "{status}");
    let fresh = status["metadata"]["continue"].as_str().expect("a token");
    let rest = client.get(&format!("{MAPS}?continue={fresh}")).await.expect(200);
    assert_eq!(names(&rest), ["d", "dd", "e", "f", "kube-root-ca.crt"]);
}

#[tokio::test]
async fn a_token_is_bound_to_nothing() {
    let client = seven().await;
    let first = client.get(&format!("{MAPS}?limit=1")).await.expect(200);
    let token = first["metadata"]["continue"].as_str().expect("a token");
    let other = format!("/api/v1/namespaces/lists/serviceaccounts?continue={token}");
    assert_eq!(names(&client.get(&other).await.expect(200)), ["default"]);
}

#[tokio::test]
async fn a_path_with_an_empty_namespace_lists_all_of_them() {
    let client = seven().await;
    let all = client.get("/api/v1/namespaces//configmaps").await.expect(200);
    assert_eq!(names(&all).len(), 7 + 4);
    let order: Vec<_> =
        all["items"].as_array().expect("items").iter().map(|item| &item["metadata"]["namespace"]).collect();
    assert!(order.is_sorted_by_key(|namespace| namespace.as_str().unwrap_or_default()));
}

#[tokio::test]
async fn a_list_of_a_namespace_that_is_not_there_is_empty() {
    let client = Client::empty().await;
    let list = client.get("/api/v1/namespaces/nowhere/pods").await.expect(200);
    assert_eq!((&list["kind"], &list["items"]), (&json!("PodList"), &json!([])));
}

#[tokio::test]
async fn label_selectors_select() {
    let client = seven().await;
    let cases = [
        ("first=true", vec!["a", "b"]),
        ("first==true", vec!["a", "b"]),
        ("first!=true", vec!["c", "d", "e", "f", "kube-root-ca.crt"]),
        ("first in (true,false)", vec!["a", "b", "c", "d", "e", "f"]),
        ("first notin (true)", vec!["c", "d", "e", "f", "kube-root-ca.crt"]),
        ("first", vec!["a", "b", "c", "d", "e", "f"]),
        ("!first", vec!["kube-root-ca.crt"]),
        ("first,first!=false", vec!["a", "b"]),
        ("", vec!["a", "b", "c", "d", "e", "f", "kube-root-ca.crt"]),
    ];
    for (selector, expected) in cases {
        let selector = selector.replace(' ', "%20").replace('=', "%3D");
        let list = client.get(&format!("{MAPS}?labelSelector={selector}")).await.expect(200);
        assert_eq!(names(&list), expected, "{selector}");
    }
}

#[tokio::test]
async fn malformed_selectors_are_refused_in_the_servers_words() {
    let client = Client::empty().await;
    let cases = [
        ("labelSelector", "a in", "unable to parse requirement: found '' expected: '('"),
        ("labelSelector", "a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("labelSelector", "a=b,", "found '', expected: identifier after ','"),
        ("labelSelector", "=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("fieldSelector", "a", "invalid selector: 'a'; can't understand 'a'"),
        ("fieldSelector", "a=b", "field label not supported: a"),
        ("fieldSelector", "metadata.name=a=b", "invalid field selector: unescaped character in value: 61"),
    ];
    for (kind, selector, message) in cases {
        let selector = selector.replace(' ', "%20").replace('=', "%3D");
        let refused = client.get(&format!("/api/v1/pods?{kind}={selector}")).await;
        refused.refused(400, "BadRequest", message);
    }
    let refused = client.get("/api/v1/configmaps?fieldSelector=a%3Db").await;
    let message = "\"a\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    refused.refused(400, "BadRequest", message);
}

#[tokio::test]
async fn field_selectors_select() {
    let client = Client::empty().await;
    for name in ["a", "b"] {
        client.post("/api/v1/namespaces/default/pods", &unscheduled(name)).await.expect(201);
    }
    let status = json!({ "status": { "phase": "Running" } });
    client.merge("/api/v1/namespaces/default/pods/b/status", &status).await.expect(200);
    let cases = [
        ("metadata.name=a", vec!["a"]),
        ("metadata.name!=a", vec!["b"]),
        ("status.phase=Running", vec!["b"]),
        ("status.phase!=Running,metadata.namespace=default", vec!["a"]),
        ("spec.schedulerName=nobody", vec!["a", "b"]),
        ("spec.nodeName=", vec!["a", "b"]),
        ("spec.host=x", vec![]),
    ];
    for (selector, expected) in cases {
        let list =
            client.get(&format!("/api/v1/pods?fieldSelector={}", selector.replace('=', "%3D"))).await.expect(200);
        assert_eq!(names(&list), expected, "{selector}");
    }
    let nodes = client.get("/api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue").await.expect(200);
    assert_eq!(names(&nodes), Vec::<&str>::new());
}

#[tokio::test]
async fn a_version_from_the_future_is_waited_for_elsewhere() {
    let client = Client::empty().await;
    let refused = client.get("/api/v1/pods?resourceVersion=999999999").await;
    assert_eq!((refused.status.as_u16(), refused.headers["retry-after"].to_str().ok()), (504, Some("1")));
    assert_eq!(refused.json()["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
}

#[tokio::test]
async fn a_large_list_is_compressed_where_that_is_asked_for() {
    let client = Client::empty().await;
    let large = json!({ "metadata": { "name": "large" }, "data": { "k": "x".repeat(200_000) } });
    client.post("/api/v1/namespaces/default/configmaps", &large).await.expect(201);
    let path = "/api/v1/namespaces/default/configmaps";
    let answer = client.send("GET", path, &[("accept-encoding", "gzip")], None).await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert!(answer.body.len() < 50_000);
    let plain = client.get(path).await;
    assert!(plain.headers.get("content-encoding").is_none() && plain.body.len() > 200_000);
    let small = client.send("GET", "/version", &[("accept-encoding", "gzip")], None).await;
    assert!(small.headers.get("content-encoding").is_none());
}
