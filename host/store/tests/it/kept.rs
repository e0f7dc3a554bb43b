//! Plans to keep: a patch of a Deployment's scale, as a plan run comes to it.

use crate::plans::open;
use meho_host::approval::{KeptPlan, PlanStore as _};
use meho_host::policy::authority::{Authority, Phase};
use meho_host::policy::catalogue::Effects;
use meho_host::policy::decide::{Decision, decide};
use meho_host::policy::effect::{Effect, Trust};
use meho_host::policy::family::Family;
use meho_host::policy::grammar::OperationId;
use meho_host::policy::plan::{Approval, Confirmation, Digest, Plan, PlanContext};
use meho_host::policy::request::{CanonicalRequest, RawRequest};
use meho_host::policy::schema::ArgumentsSchema;
use meho_host::policy::state::State;
use meho_host_store::Store;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const PATH: &str = "/apis/apps/v1/namespaces/prod/deployments/web/scale";
/// What stands in a body and nowhere else.
pub(crate) const MARK: &str = "0b6e2f9c7d514e0a";

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A plan that sets so many replicas and waits for so many seconds.
pub(crate) fn plan(store: &str, replicas: u32, lifetime: u64) -> Plan {
    of("somebody", store, replicas, lifetime)
}

/// The same of a principal.
pub(crate) fn of(principal: &str, store: &str, replicas: u32, lifetime: u64) -> Plan {
    let effect: Effect = serde_json::from_value(json!({
        "id": "scale", "trust": "Write", "need": "Required", "when": [], "method": "Patch", "path": [{"Literal": PATH}], "query": [],
        "accept": ["application/json"], "count": {"series": 1, "pages": 1},
        "body": {
            "media_type": "application/merge-patch+json",
            "template": json!({"metadata": {"annotations": {"mark": MARK}}, "spec": {"replicas": {"$argument": "replicas"}}}).to_string(),
        },
    }))
    .expect("an effect");
    let schema = json!({
        "type": "object", "properties": {"replicas": {"type": "integer", "minimum": 1, "maximum": 1000}}, "required": ["replicas"],
        "additionalProperties": false,
    });
    let schema = ArgumentsSchema::parse(&schema.to_string()).expect("a schema");
    let effects = Effects::check(&[effect], &schema, Trust::Write, Family::Kubernetes).expect("effects that pass");
    let arguments = json!({"replicas": replicas});
    let arguments = schema.check(arguments.as_object().expect("an object").clone()).expect("arguments that fit");
    let authority = Authority::compile(&effects, &arguments, "2026-01-02T03:04:05Z", Phase::Plan);
    let body = json!({"metadata": {"annotations": {"mark": MARK}}, "spec": {"replicas": replicas}}).to_string();
    let request = CanonicalRequest::parse(&RawRequest {
        method: "PATCH",
        scheme: "https",
        authority: "target.invalid",
        path_and_query: PATH,
        headers: vec![("accept", b"application/json"), ("content-type", b"application/merge-patch+json")],
        body: body.as_bytes(),
    })
    .expect("a canonical request");
    let Decision::Plan(planned) = decide(&authority, &State::new(&authority), &request).expect("permitted") else {
        panic!("a plan run sends no write");
    };
    let context = PlanContext {
        operation: OperationId::parse("scale").expect("an id"),
        arguments: br#"{"replicas":3}"#.to_vec(),
        component: Digest::of(b"component"),
        policy: Digest::of(b"policy"),
        target: Digest::of(b"target"),
        principal: principal.to_owned(),
        store: store.to_owned(),
        expires: now() + lifetime,
        clock: now(),
        seed: [7; 32],
    };
    Plan::new(planned, context)
}

/// The plan, and what is shown of it.
pub(crate) fn kept(plan: &Plan) -> KeptPlan {
    let view = json!({"operation": "scale", "request": {"method": "PATCH", "path": PATH, "body": {"mark": MARK}}});
    KeptPlan { plan: plan.clone(), view, note: Value::Null }
}

pub(crate) fn yes(plan: &Plan) -> Approval {
    Approval { digest: plan.digest(), approver: "alice".to_owned(), confirmation: Confirmation::Once, signature: None }
}

/// A store with a plan in it that has its yes.
pub(crate) async fn approved(path: &Path) -> (Store, Plan) {
    let store = open(path);
    let plan = plan(&store.id().await.expect("a name"), 3, 900);
    store.keep(kept(&plan)).await.expect("it is kept");
    store.approve(&yes(&plan)).await.expect("it waits");
    (store, plan)
}
