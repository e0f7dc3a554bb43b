//! Watches.

use crate::client::{Client, unscheduled};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::time::Duration;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A watch as it is read, event by event.
struct Events {
    body: Incoming,
    read: Vec<u8>,
}

impl Events {
    async fn open(client: &Client, path: &str) -> Self {
        let response = client.open("GET", path, &[], None).await.expect("an answer");
        assert_eq!(response.status(), 200);
        Self { body: response.into_body(), read: Vec::new() }
    }

    /// The next event; none where the watch is over.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("an event"));
            }
            let frame =
                tokio::time::timeout(Duration::from_secs(10), self.body.frame()).await.expect("an event in time")?;
            self.read.extend_from_slice(&frame.expect("a frame").into_data().expect("data"));
        }
    }

    async fn expect(&mut self, kind: &str, name: &str) -> Value {
        let event = self.next().await.expect("an event");
        assert_eq!((&event["type"], &event["object"]["metadata"]["name"]), (&json!(kind), &json!(name)), "{event}");
        event["object"].clone()
    }
}

#[tokio::test]
async fn a_watch_tells_what_changes_after_a_version() {
    let client = Client::empty().await;
    let list = client.get(MAPS).await.expect(200);
    let version = list["metadata"]["resourceVersion"].as_str().expect("a version");
    client.post(MAPS, &json!({ "metadata": { "name": "a" } })).await.expect(201);
    let mut events = Events::open(&client, &format!("{MAPS}?watch=true&resourceVersion={version}")).await;
    events.expect("ADDED", "a").await;
    client.merge(&format!("{MAPS}/a"), &json!({ "data": { "k": "v" } })).await.expect(200);
    let modified = events.expect("MODIFIED", "a").await;
    client.delete(&format!("{MAPS}/a")).await.expect(200);
    let deleted = events.expect("DELETED", "a").await;
    let number =
        |object: &Value| object["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse::<u64>().ok());
    assert!(number(&deleted) > number(&modified));
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_is_there() {
    let client = Client::empty().await;
    client.post(MAPS, &json!({ "metadata": { "name": "a" } })).await.expect(201);
    let mut events = Events::open(&client, &format!("{MAPS}?watch=1&timeoutSeconds=1")).await;
    events.expect("ADDED", "a").await;
    events.expect("ADDED", "kube-root-ca.crt").await;
    assert_eq!(events.next().await, None, "it lasts as long as it was asked to");
}

#[tokio::test]
async fn an_object_that_comes_to_be_selected_is_added_and_one_that_ceases_to_be_is_deleted() {
    let client = Client::empty().await;
    let pods = "/api/v1/namespaces/default/pods";
    let watch = format!("{pods}?watch=true&labelSelector=on%3Dyes&resourceVersion=1");
    client.post(pods, &unscheduled("a")).await.expect(201);
    let mut events = Events::open(&client, &watch).await;
    let label = |value: Value| json!({ "metadata": { "labels": { "on": value } } });
    client.merge(&format!("{pods}/a"), &label(json!("yes"))).await.expect(200);
    events.expect("ADDED", "a").await;
    client.merge(&format!("{pods}/a"), &label(json!("no"))).await.expect(200);
    events.expect("DELETED", "a").await;
}

#[tokio::test]
async fn initial_events_end_with_a_bookmark() {
    let client = Client::empty().await;
    let query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let mut events = Events::open(&client, &format!("{MAPS}?{query}")).await;
    events.expect("ADDED", "kube-root-ca.crt").await;
    let bookmark = events.next().await.expect("a bookmark");
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test]
async fn a_watch_ends_with_its_cluster() {
    let client = Client::empty().await;
    let mut events = Events::open(&client, &format!("{MAPS}?watch=true")).await;
    events.expect("ADDED", "kube-root-ca.crt").await;
    drop(client);
    let ended = tokio::time::timeout(Duration::from_secs(10), events.body.frame()).await.expect("an end in time");
    assert!(ended.is_none_or(|frame| frame.is_err()));
}
