//! A preview's dry run is one as the server reads it, by an oracle that knows nothing of how it was made; and nothing else in a preview can write.

use super::{JSON, MERGE, Write, delete, patch, preview, shown};
use meho_policy::effect::{Method, Trust};
use meho_policy::request::CanonicalRequest;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::cell::Cell;

/// The dry run of a write, as it is sent; none where there is none.
#[track_caller]
fn dry_run(write: &Write<'_>) -> Option<String> {
    let questions = write.previewing().questions();
    let of: Vec<String> =
        questions.iter().map(shown).filter(|(name, _)| name == "dry-run").map(|(_, line)| line).collect();
    assert!(of.len() <= 1, "{of:?}");
    of.into_iter().next()
}

const POD: &str = "/api/v1/namespaces/prod/pods/web";

#[test]
fn a_delete_with_a_body_has_the_word_in_its_body_and_nothing_in_its_query() {
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "u-1"}});
    let asked = dry_run(&delete(POD, Some(options)));
    let body = r#"{"apiVersion":"v1","dryRun":["All"],"kind":"DeleteOptions","preconditions":{"uid":"u-1"}}"#;
    assert_eq!(asked, Some(format!("DELETE {POD} {body}")));
}

#[test]
fn every_other_write_has_the_word_in_its_query() {
    assert_eq!(dry_run(&delete(POD, None)), Some(format!("DELETE {POD}?dryRun=All")));
    let with_grace = format!("{POD}?gracePeriodSeconds=0");
    assert_eq!(dry_run(&delete(&with_grace, None)), Some(format!("DELETE {POD}?dryRun=All&gracePeriodSeconds=0")));
    let scale = "/apis/apps/v1/namespaces/prod/deployments/web/scale";
    let asked = dry_run(&patch(scale, json!({"spec": {"replicas": 3}})));
    assert_eq!(asked, Some(format!("PATCH {scale}?dryRun=All {{\"spec\":{{\"replicas\":3}}}}")));
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}});
    let put = Write { method: "Put", target: POD, body: Some((JSON, object.clone())) };
    assert_eq!(dry_run(&put), Some(format!("PUT {POD}?dryRun=All {object}")));
    let pods = "/api/v1/namespaces/prod/pods";
    let post = Write { method: "Post", target: pods, body: Some((JSON, object.clone())) };
    assert_eq!(dry_run(&post), Some(format!("POST {pods}?dryRun=All {object}")));
}

#[test]
fn the_form_that_a_connector_wants_to_see_is_none_of_the_dry_runs() {
    let mut previewing = patch(POD, json!({"metadata": {"labels": {"a": "b"}}})).previewing();
    let questions = previewing.questions();
    let asked = questions.iter().find(|question| shown(question).0 == "dry-run").expect("a dry run");
    assert_eq!(asked.request().accept().as_str(), JSON);
    assert_eq!(asked.request().body().map(|body| body.media_type().to_owned()).as_deref(), Some(MERGE));
}

#[test]
fn where_it_is_not_known_to_be_honoured_no_dry_run_is_asked_and_that_is_said() {
    let body = || Some(json!({}));
    let post = |target: &'static str| Write { method: "Post", target, body: Some((JSON, json!({}))) };
    let cases = [
        // Groups behind which there may be another server.
        patch("/apis/example.com/v1/namespaces/prod/widgets/web", json!({"spec": {}})),
        delete("/apis/metrics.k8s.io/v1beta1/nodes/n1", None),
        delete("/apis/custom.metrics.k8s.io/v1/things/web", body()),
        // What starts, opens, issues or decides something.
        post("/api/v1/namespaces/prod/pods/web/exec"),
        post("/api/v1/namespaces/prod/pods/web/attach"),
        post("/api/v1/namespaces/prod/pods/web/portforward"),
        post("/api/v1/namespaces/prod/pods/web/eviction"),
        post("/api/v1/namespaces/prod/pods/web/binding"),
        post("/api/v1/namespaces/prod/serviceaccounts/web/token"),
        delete("/api/v1/namespaces/prod/services/web/proxy/admin", None),
        delete("/api/v1/nodes/n1/proxy/pods", None),
        post("/apis/authorization.k8s.io/v1/subjectaccessreviews"),
        // Many at once, another namespace than one thinks, and what is no resource.
        delete("/api/v1/namespaces/prod/pods", None),
        delete("/api/v1/namespaces/prod/pods", body()),
        delete("/api/v1/proxy/namespaces/prod/pods/web", None),
        delete("/api/v1/watch/namespaces/prod/pods/web", None),
        patch("/api/v1/namespaces/prod/finalize", json!({})),
        delete("/version", None),
        delete("/api/v1/namespaces/prod/pods/web/status/more", None),
    ];
    for write in cases {
        assert_eq!(dry_run(&write), None, "{write:?}");
        let (preview, _) = preview(&write, &[]);
        let told = preview.unavailable.iter().find(|lost| lost.what == "what it would change").expect("it is said");
        assert!(told.why.starts_with("a dry run is asked of single objects of Kubernetes' own kinds only"), "{told:?}");
        assert!(!preview.was_tried && preview.changes.is_empty());
    }
}

#[test]
fn a_description_that_has_the_word_itself_is_not_admitted() {
    for write in [
        delete(POD, Some(json!({"dryRun": ["All"]}))),
        delete("/api/v1/namespaces/prod/pods/web?dryRun=All", None),
        patch(POD, json!({"dryRun": ["All"]})),
    ] {
        assert!(write.planned().is_none(), "{write:?}");
    }
}

#[test]
fn a_dry_run_is_kept_and_sent_with_the_care_of_its_write() {
    let mut previewing = delete(POD, None).previewing();
    for question in previewing.questions() {
        let permit = question.permit();
        let is_dry = permit.effect().as_str() == "host-asks-dry-run";
        assert_eq!(permit.trust(), if is_dry { Trust::Destructive } else { Trust::Read });
    }
}

/// Whether the API server keeps what a request makes or takes, by what its sources and its documentation say of where it looks for the word. True in doubt.
fn is_kept(request: &CanonicalRequest) -> bool {
    let target = request.rendered_path_and_query();
    let (path, query) = target.split_once('?').unwrap_or((target.as_str(), ""));
    let pairs: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let in_query: Vec<&str> = pairs.iter().filter(|(key, _)| *key == "dryRun").map(|(_, value)| *value).collect();
    let body = request.body().map(|body| body.bytes()).unwrap_or_default();
    let says_so = if request.method() == Method::Delete && !body.is_empty() {
        let options: Value = serde_json::from_slice(body).expect("JSON");
        options["dryRun"] == json!(["All"]) && options.as_object().is_some_and(|members| members.len() <= 8)
    } else {
        in_query == ["All"]
    };
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest): (&str, &[&str]) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("core", rest),
        ["apis", group, _, rest @ ..] => (group, rest),
        _ => return true,
    };
    let known = ["core", "apps", "batch", "policy", "autoscaling", "networking.k8s.io", "storage.k8s.io"];
    let is_of_server = known.contains(&group) || group.ends_with(".k8s.io") && !group.contains("metrics");
    let rest = match rest {
        ["namespaces", _, inner @ ..] if !inner.is_empty() && !["status", "finalize"].contains(&inner[0]) => inner,
        rest => rest,
    };
    let goes_to_the_store = match rest {
        [first, ..] if ["watch", "proxy"].contains(first) => false,
        [_] | [_, _] => true,
        [_, _, subresource] => ["status", "scale"].contains(subresource),
        _ => false,
    };
    !(says_so && is_of_server && goes_to_the_store)
}

#[test]
fn the_oracle_knows_a_write_from_a_dry_run() {
    let planned = |write: Write<'_>| write.planned().expect("a plan");
    for write in [delete(POD, None), delete(POD, Some(json!({}))), patch(POD, json!({"spec": {}}))] {
        assert!(is_kept(planned(write.clone()).request()), "{write:?}");
    }
}

fn any_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(words).prop_map(str::to_owned)
}

fn any_path() -> impl Strategy<Value = String> {
    let base = any_of(&[
        "/api/v1",
        "/apis/apps/v1",
        "/apis/batch/v1",
        "/apis/policy/v1",
        "/apis/example.com/v1",
        "/apis/metrics.k8s.io/v1beta1",
        "/apis/authorization.k8s.io/v1",
        "/apis/rbac.authorization.k8s.io/v1",
        "/apis",
        "",
    ]);
    let words: &[&str] = &[
        "namespaces",
        "prod",
        "pods",
        "web",
        "nodes",
        "deployments",
        "scale",
        "status",
        "exec",
        "proxy",
        "watch",
        "token",
        "eviction",
        "finalize",
        "dryRun",
        "All",
        "serviceaccounts",
        "binding",
        "secrets",
    ];
    let segments = proptest::collection::vec(any_of(words), 1..6);
    (base, segments).prop_map(|(base, segments)| segments.iter().fold(base, |path, segment| path + "/" + segment))
}

fn any_query() -> impl Strategy<Value = String> {
    let pair = any_of(&[
        "gracePeriodSeconds=0",
        "propagationPolicy=Orphan",
        "fieldManager=dryRun",
        "labelSelector=dryRun%3DAll",
        "dryrun=All",
        "DryRun=All",
        "pretty=true",
    ]);
    proptest::collection::vec(pair, 0..3).prop_map(|pairs| pairs.join("&"))
}

fn any_body() -> impl Strategy<Value = Option<(&'static str, Value)>> {
    let body = proptest::sample::select(vec![
        json!({}),
        json!([]),
        json!({"spec": {"replicas": 2}}),
        json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "u"}}),
        json!({"dryrun": ["All"]}),
        json!({"DryRun": []}),
        json!({"metadata": {"labels": {"dryRun": "All"}}}),
        json!([{"op": "add", "path": "/dryRun", "value": ["All"]}]),
        json!("text"),
    ]);
    let media = proptest::sample::select(vec![JSON, MERGE, "application/json-patch+json"]);
    proptest::option::of((media, body))
}

#[test]
fn whatever_is_planned_no_question_of_its_preview_changes_anything() {
    let (planned, dry_runs) = (Cell::new(0), Cell::new(0));
    let any_write = (any_of(&["Post", "Put", "Patch", "Delete"]), any_path(), any_query(), any_body());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(6000));
    let ran = runner.run(&any_write, |(method, path, query, body)| {
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let write = Write { method: &method, target: &target, body };
        let Some(plan) = write.planned() else { return Ok(()) };
        planned.set(planned.get() + 1);
        let (_, rounds) = preview(&write, &[]);
        prop_assert!(rounds.iter().all(|round| round.len() <= 6));
        for question in write.previewing().questions() {
            let permit = question.permit();
            let request = permit.request();
            if permit.effect().as_str() == "host-asks-dry-run" {
                dry_runs.set(dry_runs.get() + 1);
                prop_assert!(!is_kept(request), "{:?} of {:?}", shown(&question), write);
                prop_assert_eq!(request.method(), plan.request().method());
                prop_assert_eq!(request.path(), plan.request().path());
                prop_assert_eq!(permit.trust(), plan.trust());
            } else {
                prop_assert_eq!((request.method(), permit.trust()), (Method::Get, Trust::Read));
                prop_assert!(request.body().is_none());
            }
        }
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    assert!(planned.get() > 2000 && dry_runs.get() > 80, "{planned:?} plans, {dry_runs:?} dry runs");
}
