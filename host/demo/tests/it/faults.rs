//! What goes wrong on request.

use crate::client::Client;
use http_body_util::BodyExt as _;
use meho_demo::{Effect, Fault};
use serde_json::json;
use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn fault(effect: Effect) -> Fault {
    Fault { method: Some("GET".to_owned()), path: MAPS.to_owned(), times: 1, effect }
}

#[tokio::test]
async fn a_fault_happens_as_often_as_it_was_asked_for_to_what_it_was_asked_for() {
    let client = Client::empty().await;
    let effect = Effect::TooManyRequests { retry_after: 7 };
    client.demo.faults().add(Fault { times: 2, ..fault(effect) });
    client.get("/version").await.expect(200);
    client.post(MAPS, &json!({ "metadata": { "name": "a" } })).await.expect(201);
    for _ in 0..2 {
        let refused = client.get(MAPS).await;
        assert_eq!((refused.status.as_u16(), refused.headers["retry-after"].to_str().ok()), (429, Some("7")));
    }
    client.get(MAPS).await.expect(200);
}

#[tokio::test]
async fn errors_are_answered_in_place_of_the_request() {
    let client = Client::empty().await;
    client.demo.faults().add(Fault { method: Some("POST".to_owned()), ..fault(Effect::InternalError) });
    let failed = client.post(MAPS, &json!({ "metadata": { "name": "a" } })).await;
    assert_eq!((failed.status.as_u16(), failed.json()["reason"].as_str()), (500, Some("InternalError")));
    assert_eq!(client.get(&format!("{MAPS}/a")).await.status, 404, "nothing was written");
    client.demo.faults().add(fault(Effect::Unavailable));
    let failed = client.get(MAPS).await;
    assert_eq!((failed.status.as_u16(), failed.text().as_str()), (503, "service unavailable\n"));
}

#[tokio::test]
async fn an_answer_may_be_late() {
    let client = Client::empty().await;
    client.demo.faults().add(fault(Effect::Latency(Duration::from_millis(300))));
    let start = Instant::now();
    client.get(MAPS).await.expect(200);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_body_may_be_cut() {
    let client = Client::empty().await;
    client.demo.faults().add(fault(Effect::CutAfter(20)));
    let response = client.open("GET", MAPS, &[], None).await.expect("headers");
    assert_eq!(response.status(), 200);
    let length: usize = response.headers()["content-length"].to_str().expect("text").parse().expect("a length");
    assert!(length > 20);
    assert!(response.into_body().collect().await.is_err(), "less came than was announced");
    client.get(MAPS).await.expect(200);
}

#[tokio::test]
async fn a_connection_may_be_reset_and_the_request_is_not_done() {
    let client = Client::empty().await;
    client.demo.faults().add(Fault { method: None, ..fault(Effect::Reset) });
    let body = json!({ "metadata": { "name": "a" } }).to_string();
    let reset = client.open("POST", MAPS, &[("content-type", "application/json")], Some(body.as_bytes())).await;
    let reset = reset.expect_err("there is no answer");
    let mut causes = std::iter::successors(Some(&reset as &(dyn Error + 'static)), |error| (*error).source());
    let is_reset = |error: &(dyn Error + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
    };
    assert!(causes.any(is_reset), "{reset:?}");
    assert_eq!(client.get(&format!("{MAPS}/a")).await.status, 404);
}

#[tokio::test]
async fn faults_are_asked_for_over_http_by_the_admin_alone() {
    let client = Client::empty().await;
    let wanted =
        json!({ "method": "GET", "path": MAPS, "times": 1, "effect": { "tooManyRequests": { "retryAfter": 3 } } });
    let viewer = client.with_token(Some(client.demo.viewer_token()));
    assert_eq!(viewer.post("/demo/faults", &wanted).await.status, 403);
    assert_eq!(client.post("/demo/faults", &wanted).await.expect(200), json!({ "pending": 1 }));
    assert_eq!(client.get(MAPS).await.status, 429);
    client.post("/demo/faults", &wanted).await.expect(200);
    assert_eq!(client.delete("/demo/faults").await.expect(200), json!({ "pending": 0 }));
    client.get(MAPS).await.expect(200);
    assert_eq!(client.post("/demo/faults", &json!({ "effect": { "nothing": {} } })).await.status, 400);
}
