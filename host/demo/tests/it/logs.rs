//! Logs of the believable cluster, and what is said where there is none.

use crate::client::{Answer, Client, unscheduled};
use meho_demo::World;
use serde_json::Value;

async fn pods(client: &Client, selector: &str) -> Vec<Value> {
    let list = client.get(&format!("/api/v1/namespaces/production/pods{selector}")).await.expect(200);
    list["items"].as_array().expect("items").clone()
}

fn path(pod: &Value) -> String {
    format!("/api/v1/namespaces/production/pods/{}/log", pod["metadata"]["name"].as_str().expect("a name"))
}

fn lines(answer: &Answer) -> usize {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "text/plain");
    answer.text().lines().count()
}

#[tokio::test]
async fn a_log_is_text_and_is_cut_as_asked_for() {
    let client = Client::of(World::Believable).await;
    let nginx = pods(&client, "?labelSelector=app%3Dnginx").await;
    let path = path(&nginx[0]);
    let all = client.get(&path).await;
    assert!(lines(&all) > 20);
    let tail = client.get(&format!("{path}?tailLines=5")).await;
    assert_eq!(lines(&tail), 5);
    assert_eq!(lines(&client.get(&format!("{path}?tailLines=0")).await), 0);
    let bytes = client.get(&format!("{path}?limitBytes=10")).await;
    assert_eq!(bytes.body.len(), 10);
    assert!(all.body.starts_with(&bytes.body), "bytes are counted from the start");
    let timed = client.get(&format!("{path}?tailLines=1&timestamps=true")).await.text();
    let (time, _) = timed.split_once(' ').expect("a time and a line");
    assert!(time.len() == 30 && time.ends_with('Z'), "{time}");
    let since = client.get(&format!("{path}?sinceTime={time}")).await;
    assert!(lines(&since) >= 1 && lines(&since) < lines(&all));
    assert!(lines(&client.get(&format!("{path}?sinceSeconds=60")).await) < lines(&all));
}

#[tokio::test]
async fn a_run_that_is_over_is_read_as_the_previous_one() {
    let client = Client::of(World::Believable).await;
    let all = pods(&client, "").await;
    let crashed = all.iter().find(|pod| {
        let statuses = pod["status"]["containerStatuses"].as_array();
        pod["spec"]["containers"].as_array().is_some_and(|list| list.len() == 1)
            && statuses
                .is_some_and(|statuses| statuses.iter().any(|status| status["lastState"].get("terminated").is_some()))
    });
    let crashed = path(crashed.expect("something has crashed"));
    assert!(lines(&client.get(&format!("{crashed}?previous=true")).await) > 0);
    let fine = pods(&client, "?labelSelector=app%3Dnginx").await;
    let (path, name) = (path(&fine[0]), fine[0]["metadata"]["name"].as_str().expect("a name"));
    let container = fine[0]["spec"]["containers"][0]["name"].as_str().expect("a name");
    let message = format!("previous terminated container \"{container}\" in pod \"{name}\" not found");
    client.get(&format!("{path}?previous=true")).await.refused(400, "BadRequest", &message);
}

#[tokio::test]
async fn of_several_containers_one_has_to_be_named() {
    let client = Client::of(World::Believable).await;
    let all = pods(&client, "").await;
    let several = all.iter().find(|pod| pod["spec"]["containers"].as_array().is_some_and(|list| list.len() > 1));
    let several = several.expect("a pod of several containers");
    let (path, name) = (path(several), several["metadata"]["name"].as_str().expect("a name"));
    let refused = client.get(&path).await;
    let message = format!("a container name must be specified for pod {name}, choose one of: [");
    assert_eq!(refused.status, 400);
    assert!(refused.message().starts_with(&message), "{}", refused.text());
    let container = several["spec"]["containers"][0]["name"].as_str().expect("a name");
    assert!(lines(&client.get(&format!("{path}?container={container}&tailLines=3")).await) <= 3);
    let refused = client.get(&format!("{path}?container=other")).await;
    refused.refused(400, "BadRequest", &format!("container other is not valid for pod {name}"));
}

#[tokio::test]
async fn a_container_that_waits_has_no_log_yet() {
    let client = Client::of(World::Believable).await;
    let all = pods(&client, "").await;
    let waiting = all
        .iter()
        .find(|pod| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff");
    let waiting = waiting.expect("an image that cannot be pulled");
    let (name, container) = (&waiting["metadata"]["name"], &waiting["spec"]["containers"][0]["name"]);
    let message = format!("container {container} in pod {name} is waiting to start: trying and failing to pull image");
    client.get(&path(waiting)).await.refused(400, "BadRequest", &message);
}

#[tokio::test]
async fn a_pod_without_a_node_has_an_empty_answer_and_strange_options_are_refused() {
    let client = Client::empty().await;
    client.post("/api/v1/namespaces/default/pods", &unscheduled("a")).await.expect(201);
    let path = "/api/v1/namespaces/default/pods/a/log";
    let answer = client.get(path).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    let cases = [
        ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
        ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
        ("tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
    ];
    for (query, why) in cases {
        let refused = client.get(&format!("{path}?{query}")).await;
        refused.refused(422, "Invalid", &format!("PodLogOptions \"a\" is invalid: {why}"));
    }
}
