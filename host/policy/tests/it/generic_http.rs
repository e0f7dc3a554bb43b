//! The family of any server over HTTP: what methods mean, and nothing else.

use crate::effects::{Ask, effect, get, literal, schema};
use meho_policy::authority::{Authority, Phase};
use meho_policy::catalogue::Effects;
use meho_policy::decide::{Decision, decide};
use meho_policy::denial::Rule;
use meho_policy::effect::{Effect, Trust};
use meho_policy::family::Family;
use meho_policy::question::Inquiry;
use meho_policy::rbac::{Rights, rights};
use meho_policy::state::State;
use serde_json::json;

fn check(effects: &[Effect], trust: Trust) -> Result<Effects, String> {
    Effects::check(effects, &schema(), trust, Family::GenericHttp).map_err(|(_, reason)| reason)
}

/// What becomes of a request, in one word.
#[track_caller]
fn decided(effects: &[Effect], trust: Trust, ask: &Ask<'_>) -> Result<&'static str, Rule> {
    let effects = check(effects, trust).expect("effects that pass");
    let given = json!({"namespace": "prod", "name": "web", "limit": 5});
    let arguments = schema().check(given.as_object().expect("an object").clone()).expect("arguments that fit");
    let authority = Authority::compile(&effects, &arguments, "2026-01-02T03:04:05Z", Phase::Plan);
    let request = ask.canonical().map_err(|denial| denial.rule)?;
    match decide(&authority, &State::new(&authority), &request) {
        Ok(Decision::Send(permit)) => {
            assert_eq!(permit.trust(), Trust::Read);
            Ok("sent")
        }
        Ok(Decision::Plan(planned)) => Ok(match planned.trust() {
            Trust::Destructive => "planned as destructive",
            Trust::Read | Trust::Write => "planned",
        }),
        Err(denial) => Err(denial.rule),
    }
}

fn item(method: &str, trust: &str, more: serde_json::Value) -> Vec<Effect> {
    let path = json!([{"Literal": "/v2/items/"}, {"Argument": "name"}]);
    let mut all = json!({"method": method, "trust": trust});
    more.as_object().expect("an object").iter().for_each(|(name, value)| all[name] = value.clone());
    vec![effect("one", &path, &all)]
}

#[test]
fn a_get_reads_a_delete_removes_and_the_rest_writes() {
    let ask = |method, body| Ask { method, media_type: Some("application/json"), body, ..get("/v2/items/web") };
    let bare = |method| Ask { method, ..get("/v2/items/web") };
    let body = json!({"body": {"media_type": "application/json", "template": "{\"on\":true}"}});
    let read = item("Get", "Read", json!({}));
    assert_eq!(decided(&read, Trust::Read, &bare("GET")), Ok("sent"));
    assert_eq!(decided(&read, Trust::Read, &get("/v2/items/other")), Err(Rule::Path));
    assert_eq!(decided(&read, Trust::Read, &get("/v2/items/web?_method=DELETE")), Err(Rule::QueryKey));
    for (method, token) in [("Post", "POST"), ("Put", "PUT"), ("Patch", "PATCH")] {
        let effects = item(method, "Write", body.clone());
        assert_eq!(decided(&effects, Trust::Write, &ask(token, "{\"on\":true}")), Ok("planned"));
        assert_eq!(decided(&effects, Trust::Write, &ask(token, "{\"on\":false}")), Err(Rule::Body));
        assert_eq!(
            check(&item(method, "Read", body.clone()), Trust::Read).err().as_deref(),
            Some("is declared READ and is WRITE")
        );
        // What an effect says of itself beyond that holds.
        let more = item(method, "Destructive", body.clone());
        assert_eq!(decided(&more, Trust::Destructive, &ask(token, "{\"on\":true}")), Ok("planned as destructive"));
    }
    let delete = item("Delete", "Destructive", json!({}));
    assert_eq!(decided(&delete, Trust::Destructive, &bare("DELETE")), Ok("planned as destructive"));
    let lesser = item("Delete", "Write", json!({}));
    assert_eq!(check(&lesser, Trust::Write).err().as_deref(), Some("is declared WRITE and is DESTRUCTIVE"));
}

#[test]
fn nothing_is_known_of_pages() {
    let query = json!([
        {"key": "limit", "value": {"PageSize": {"rows": 100, "limit": null}}, "may_omit": false},
        {"key": "continue", "value": {"PageToken": null}, "may_omit": false},
    ]);
    let paged = effect("list", &literal("/v2/items"), &json!({"query": query}));
    let refused = check(&[paged], Trust::Read).expect_err("a family without pages");
    assert_eq!(refused, "limit: nothing is known of pages of the family generic-http");
    // Its keys are keys like any other.
    let query = json!([{"key": "limit", "value": {"Pieces": [{"Argument": "limit"}]}, "may_omit": false}]);
    let plain = [effect("list", &literal("/v2/items"), &json!({"query": query}))];
    assert_eq!(decided(&plain, Trust::Read, &get("/v2/items?limit=5")), Ok("sent"));
    assert_eq!(decided(&plain, Trust::Read, &get("/v2/items?limit=7")), Err(Rule::QueryValue));
    assert_eq!(decided(&plain, Trust::Read, &get("/v2/items?limit=5&continue=x")), Err(Rule::QueryKey));
}

#[test]
fn a_body_is_json_and_nothing_that_is_read_by_other_rules() {
    for media_type in
        ["application/merge-patch+json", "application/x-www-form-urlencoded", "text/plain", "application/yaml"]
    {
        let body = json!({"body": {"media_type": media_type, "template": "{}"}});
        let refused = check(&item("Patch", "Write", body), Trust::Write).expect_err("another media type");
        assert_eq!(refused, "the body's media type is none of application/json");
    }
}

#[test]
fn a_path_of_kubernetes_means_nothing_to_it() {
    // No rights, and no way to ask for any.
    let effects = [effect("list", &literal("/api/v1/secrets"), &json!({}))];
    let effects = check(&effects, Trust::Read).expect("effects that pass");
    assert_eq!(rights(&effects, &schema()), Rights::default());
    assert_eq!(Inquiry::new(Family::GenericHttp, [], None).questions().count(), 0);
    assert_eq!(Inquiry::new(Family::Kubernetes, [], None).questions().count(), 2);
}

#[test]
fn a_family_has_one_name() {
    for family in [Family::Kubernetes, Family::GenericHttp] {
        assert_eq!(Family::from_name(family.name()), Some(family));
        assert_eq!(serde_json::to_value(family).expect("a name"), json!(family.name()));
    }
    assert_eq!(Family::from_name("Kubernetes"), None);
    assert_eq!(Family::from_name("http"), None);
}
