//! What a load refuses: effects that overlap, cannot be reached, or ask for less than they do.

use crate::effects::{check, effect, literal, pods};
use meho_policy::catalogue::{Catalogue, Description};
use meho_policy::effect::{Effect, Trust};
use serde_json::{Value, json};

#[track_caller]
fn refused(trust: Trust, effects: &[Effect], why: &str) {
    let reason = check(effects, trust).expect_err("refused");
    assert!(reason.contains(why), "{reason}");
}

#[track_caller]
fn passes(effects: &[Effect]) {
    check(effects, Trust::Read).expect("passes");
}

fn query(key: &str, pieces: Value) -> Value {
    json!([{"key": key, "value": {"Pieces": pieces}, "may_omit": false}])
}

#[test]
fn effects_that_one_request_could_fit_are_refused() {
    let name = || json!({"Argument": "name"});
    let twice = [effect("a", &pods(vec![name()]), &json!({})), effect("b", &pods(vec![name()]), &json!({}))];
    refused(Trust::Read, &twice, "overlaps effect a");
    let free_segment = [
        effect("a", &json!([{"Literal": "/api/v1/"}, {"Argument": "name"}]), &json!({})),
        effect("b", &literal("/api/v1/pods"), &json!({})),
    ];
    refused(Trust::Read, &free_segment, "overlaps");
    let optional_key = [
        effect(
            "a",
            &literal("/api/v1/pods"),
            &json!({"query": query("labelSelector", json!([{"Argument": "selector"}]))}),
        ),
        effect("b", &literal("/api/v1/pods"), &json!({})),
    ];
    refused(Trust::Read, &optional_key, "overlaps");
    let nested_prefix = [
        effect(
            "a",
            &literal("/api/v1/pods"),
            &json!({"query": query("f", json!([{"Literal": "x="}, {"Argument": "name"}]))}),
        ),
        effect(
            "b",
            &literal("/api/v1/pods"),
            &json!({"query": query("f", json!([{"Literal": "x=y"}, {"Argument": "name"}]))}),
        ),
    ];
    refused(Trust::Read, &nested_prefix, "overlaps");
}

#[test]
fn effects_that_differ_in_what_can_be_seen_pass() {
    let one = |id: &str, more: Value| effect(id, &literal("/api/v1/pods"), &more);
    passes(&[one("a", json!({})), effect("b", &literal("/api/v1/nodes"), &json!({}))]);
    passes(&[one("a", json!({})), effect("b", &literal("/api/v1/pods/x"), &json!({}))]);
    passes(&[one("a", json!({})), one("b", json!({"accept": ["text/plain"]}))]);
    passes(&[one("a", json!({"when": [{"Given": "selector"}]})), one("b", json!({"when": [{"Absent": "selector"}]}))]);
    passes(&[
        one("a", json!({"when": [{"OneOf": ["kind", ["Pod"]]}]})),
        one("b", json!({"when": [{"OneOf": ["kind", ["Node"]]}]})),
    ]);
    passes(&[one("a", json!({"query": query("x", json!([{"Literal": "1"}]))})), one("b", json!({}))]);
    let prefixed = |id: &str, prefix: &str| {
        one(id, json!({"query": query("f", json!([{"Literal": prefix}, {"Argument": "name"}]))}))
    };
    passes(&[prefixed("a", "uid="), prefixed("b", "name=")]);
    let chosen = |id: &str, first: &str, second: &str| {
        let cases = json!([["Pod", first], ["Node", second]]);
        effect(id, &json!([{"Literal": "/api/v1/"}, {"Chosen": {"argument": "kind", "cases": cases}}]), &json!({}))
    };
    passes(&[chosen("a", "pods", "nodes"), chosen("b", "nodes", "pods")]);
    refused(Trust::Read, &[chosen("a", "pods", "nodes"), chosen("b", "pods", "x")], "overlaps");
}

#[test]
fn a_list_argument_keeps_nothing_apart() {
    let one =
        |id: &str, kind: &str| effect(id, &literal("/api/v1/pods"), &json!({"when": [{"OneOf": ["kinds", [kind]]}]}));
    refused(Trust::Read, &[one("a", "Pod"), one("b", "Node")], "overlaps");
}

#[test]
fn a_choice_that_may_be_absent_keeps_nothing_apart() {
    let argument = |name: &str, cases: Value| json!({"Chosen": {"argument": name, "cases": cases}});
    let one = |id: &str, more: Value| effect(id, &literal("/api/v1/pods"), &more);
    let plain = || one("b", json!({}));
    let chosen = |name: &str, cases: Value| query("fieldSelector", json!([argument(name, cases)]));
    let of_tier = || chosen("tier", json!([["gold", "x=1"], ["silver", "x=2"]]));
    // `kind` has a default, `tier` may be absent, and then the rule falls away.
    let of_kind = || chosen("kind", json!([["Pod", "x=1"], ["Node", "x=2"]]));
    passes(&[one("a", json!({"query": of_kind()})), plain()]);
    refused(Trust::Read, &[one("a", json!({"query": of_tier()})), plain()], "overlaps effect a");
    refused(Trust::Read, &[plain(), one("c", json!({"query": of_tier()}))], "overlaps effect b");
    for condition in [json!({"Given": "tier"}), json!({"OneOf": ["tier", ["gold"]]})] {
        passes(&[one("a", json!({"query": of_tier(), "when": [condition]})), plain()]);
    }
    refused(
        Trust::Read,
        &[one("a", json!({"query": of_tier(), "when": [{"Absent": "tier"}]})), plain()],
        "overlaps effect a",
    );
    // Two rules that choose different text fall away together.
    let other = chosen("tier", json!([["gold", "y=1"], ["silver", "y=2"]]));
    let two = [one("a", json!({"query": of_tier()})), one("b", json!({"query": other}))];
    refused(Trust::Read, &two, "overlaps effect a");
    let in_path = json!([{"Literal": "/api/v1/"}, argument("tier", json!([["gold", "pods"], ["silver", "nodes"]]))]);
    passes(&[effect("a", &in_path, &json!({"query": of_tier()})), effect("b", &literal("/api/v1/pods"), &json!({}))]);
    let of_list = chosen("kinds", json!([["Pod", "x=1"]]));
    refused(Trust::Read, &[one("a", json!({"query": of_list}))], "is a list and chooses nothing");
}

/// Query rules that choose by many arguments at a time, each of them optional, and so alike that no single one tells two effects apart.
fn choosing_by(arguments: &[&str]) -> Value {
    let cases: Vec<Value> = (0..64).map(|case| json!([format!("v{case}"), format!("x={case}")])).collect();
    arguments
        .iter()
        .map(|name| {
            let pieces = json!([{"Chosen": {"argument": name, "cases": cases}}]);
            json!({"key": name, "value": {"Pieces": pieces}, "may_omit": false})
        })
        .collect()
}

#[test]
fn what_chooses_among_too_much_is_refused_and_not_tried() {
    let many = |path: &dyn Fn(usize) -> String| -> Vec<Effect> {
        let query = choosing_by(&["free", "tier", "selector"]);
        (0..128)
            .map(|number| effect(&format!("e{number}"), &literal(&path(number)), &json!({"query": query})))
            .collect()
    };
    refused(Trust::Read, &many(&|_| "/api/v1/pods".to_owned()), "more than 4096 combinations");
    // Where literals tell them apart no value is tried at all.
    passes(&many(&|number| format!("/api/v1/pods{number}")));
    // Few for each pair, too many for all: the paths of any two differ in every case.
    let shifted = |number: usize| {
        let literals = |case: usize| format!("r{}", (case + number) % 64);
        let cases: Vec<Value> = (0..64).map(|case| json!([format!("v{case}"), literals(case)])).collect();
        json!([{"Literal": "/api/v1/"}, {"Chosen": {"argument": "free", "cases": cases}}])
    };
    let rotated = |count: usize| -> Vec<Effect> {
        (0..count).map(|number| effect(&format!("e{number}"), &shifted(number), &json!({}))).collect()
    };
    passes(&rotated(8));
    refused(Trust::Read, &rotated(64), "more than 4096 combinations");
    let wide_path: Vec<Value> = ["free", "tier", "selector"]
        .iter()
        .flat_map(|name| {
            let cases: Vec<Value> = (0..64).map(|case| json!([format!("v{case}"), "x"])).collect();
            [json!({"Literal": "/"}), json!({"Chosen": {"argument": name, "cases": cases}})]
        })
        .collect();
    refused(Trust::Read, &[effect("a", &Value::Array(wide_path), &json!({}))], "more than 4096 combinations");
}

#[test]
fn lists_of_an_effect_have_an_end() {
    let odd = |more: Value, why: &str| refused(Trust::Read, &[effect("a", &literal("/api/v1/pods"), &more)], why);
    let accept = |count: usize| -> Value { (0..count).map(|number| format!("text/x{number}")).collect() };
    passes(&[effect("a", &literal("/api/v1/pods"), &json!({"accept": accept(4)}))]);
    odd(json!({"accept": accept(5)}), "more than 4 media types");
    let rules = |count: usize| -> Value {
        (0..count)
            .map(|number| json!({"key": format!("k{number}"), "value": {"Pieces": [{"Literal": "1"}]}, "may_omit": false}))
            .collect()
    };
    passes(&[effect("a", &literal("/api/v1/pods"), &json!({"query": rules(32)}))]);
    odd(json!({"query": rules(33)}), "more than 32 query keys");
    odd(json!({"when": vec![json!({"Given": "free"}); 17]}), "more than 16 conditions");
    odd(json!({"when": [{"OneOf": ["free", vec!["x"; 65]]}]}), "more than 64");
    odd(json!({"when": [{"Answered404": vec!["a"; 17]}]}), "more than 16 effects");
    odd(json!({"query": query("k", vec![json!({"Literal": "1"}); 33].into())}), "more than 32 pieces of a value");
    odd(json!({"query": query("k", json!([{"Literal": "1".repeat(1025)}]))}), "more than 1024 bytes");
}

#[test]
fn an_effect_that_no_call_could_reach_is_refused() {
    let one = |more: Value| [effect("a", &literal("/api/v1/pods"), &more)];
    refused(Trust::Read, &one(json!({"when": [{"Absent": "name"}]})), "never absent");
    refused(Trust::Read, &one(json!({"when": [{"Absent": "kind"}]})), "never absent");
    refused(Trust::Read, &one(json!({"when": [{"OneOf": ["kind", ["Secret"]]}]})), "never one of");
    refused(Trust::Read, &one(json!({"when": [{"Given": "nothing"}]})), "no argument nothing");
    refused(Trust::Read, &one(json!({"when": [{"Given": "free"}, {"Absent": "free"}]})), "both given and absent");
    refused(
        Trust::Read,
        &one(json!({"when": [{"OneOf": ["kind", ["Pod"]]}, {"OneOf": ["kind", ["Node"]]}]})),
        "no argument could ever reach",
    );
    refused(Trust::Read, &one(json!({"when": [{"Answered404": ["a"]}]})), "waits for itself");
    let waiting =
        |id: &str, path: &str, on: &str| effect(id, &literal(path), &json!({"when": [{"Answered404": [on]}]}));
    refused(
        Trust::Read,
        &[waiting("a", "/api/v1/pods", "b"), waiting("b", "/api/v1/nodes", "a")],
        "no call could ever reach",
    );
    let apart = [
        effect("a", &literal("/api/v1/pods"), &json!({"when": [{"Given": "free"}]})),
        effect("b", &literal("/api/v1/nodes"), &json!({"when": [{"Absent": "free"}, {"Answered404": ["a"]}]})),
    ];
    refused(Trust::Read, &apart, "no call could ever reach");
}

#[test]
fn an_effect_asks_for_the_trust_that_its_path_has() {
    let exec = effect("exec", &pods(vec![json!({"Argument": "name"}), json!({"Literal": "/exec"})]), &json!({}));
    refused(Trust::Read, &[exec], "declared READ and is DESTRUCTIVE");
    let delete =
        effect("delete", &pods(vec![json!({"Argument": "name"})]), &json!({"method": "Delete", "trust": "Write"}));
    refused(Trust::Write, &[delete], "declared WRITE and is DESTRUCTIVE");
    let post = effect("post", &pods(vec![]), &json!({"method": "Post"}));
    refused(Trust::Read, &[post], "declared READ and is WRITE");
    let write =
        effect("write", &pods(vec![json!({"Argument": "name"})]), &json!({"method": "Patch", "trust": "Write"}));
    refused(Trust::Read, std::slice::from_ref(&write), "is WRITE in an operation that is READ");
    refused(Trust::Destructive, &[write], "is DESTRUCTIVE, and none of its effects is");
    let review = effect(
        "review",
        &literal("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        &json!({"method": "Post"}),
    );
    passes(&[review]);
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let path = |pieces: Value, why: &str| refused(Trust::Read, &[effect("a", &pieces, &json!({}))], why);
    path(json!([]), "begins with a literal");
    path(json!([{"Argument": "name"}]), "fills whole segments");
    path(json!([{"Literal": "/api/"}]), "ends with a slash exactly where");
    path(json!([{"Literal": "/api"}, {"Argument": "name"}]), "ends with a slash exactly where");
    path(json!([{"Literal": "/api/"}, {"Argument": "name"}, {"Argument": "name"}]), "fills whole segments");
    path(json!([{"Literal": "/api/../x"}]), "path segment");
    path(json!([{"Literal": "/api/%41"}]), "path segment");
    path(json!([{"Literal": "/api/"}, {"Argument": "selector"}]), "free text");
    path(json!([{"Literal": "/api/"}, {"Argument": "free"}]), "free text");
    path(json!([{"Literal": "/api/"}, {"Argument": "nothing"}]), "no argument");
    let odd = |more: Value, why: &str| refused(Trust::Read, &[effect("a", &literal("/api/v1/pods"), &more)], why);
    odd(json!({"accept": []}), "no media type");
    odd(json!({"count": {"series": 0, "pages": 1}}), "series");
    odd(json!({"count": {"series": 1, "pages": 2}}), "has 1 page");
    odd(json!({"query": query("limit", json!([{"Literal": "1"}]))}), "is a page's key");
    odd(
        json!({"query": [{"key": "limit", "value": {"PageSize": {"rows": 5, "limit": null}}, "may_omit": false}]}),
        "a size and a token",
    );
    odd(json!({"query": query("x", json!([{"Literal": "a"}, {"Argument": "free"}]))}), "free text");
    odd(json!({"body": {"media_type": "application/json", "template": "{}"}}), "a GET has no body");
}

#[test]
fn a_write_holds_arguments_only() {
    let seen = json!([{"effect": "read", "pointer": "/metadata/uid", "form": "Uid"}]);
    let write = |more: Value| {
        let mut whole = json!({"trust": "Write", "method": "Patch"});
        for (name, value) in more.as_object().expect("an object") {
            whole[name] = value.clone();
        }
        [
            effect("read", &literal("/api/v1/pods"), &json!({})),
            effect("write", &pods(vec![json!({"Argument": "name"})]), &whole),
        ]
    };
    refused(Trust::Write, &write(json!({"query": query("x", json!([{"Observed": seen}]))})), "hold arguments only");
    refused(Trust::Write, &write(json!({"count": {"series": 2, "pages": 1}})), "one request");
    let body = |template: &str| json!({"body": {"media_type": "application/json", "template": template}});
    refused(Trust::Write, &write(body(r#"{"uid": {"$observed": ["read", "/metadata/uid"]}}"#)), "reads another path");
    refused(Trust::Write, &write(body(r#"{"a": {"$argument": "free"}}"#)), "may be absent");
    refused(Trust::Write, &write(body(r#"{"a": {"$env": "HOME"}}"#)), "not known");
    refused(Trust::Write, &write(body(r#"{"a": {"$argument": "name", "also": 1}}"#)), "nothing beside it");
    refused(Trust::Write, &write(body(r#"{"a": 1, "a": 2}"#)), "stands twice");
    refused(Trust::Write, &write(body(r#"{"a": 1.5}"#)), "64-bit integer");
}

/// A DELETE of a pod with this query and, unless it is null, with this body.
fn delete(query: Value, template: &Value) -> [Effect; 1] {
    let body = match template {
        Value::Null => Value::Null,
        template => json!({"media_type": "application/json", "template": template.to_string()}),
    };
    let whole = json!({"method": "Delete", "trust": "Destructive", "query": query, "body": body});
    [effect("delete", &pods(vec![json!({"Argument": "name"})]), &whole)]
}

#[test]
fn no_effect_says_that_it_only_pretends() {
    let options = json!({"kind": "DeleteOptions", "gracePeriodSeconds": 5});
    check(&delete(json!([]), &options), Trust::Destructive).expect("options in the body");
    let seconds = || query("gracePeriodSeconds", json!([{"Literal": "5"}]));
    check(&delete(seconds(), &Value::Null), Trust::Destructive).expect("options in the query");
    refused(Trust::Destructive, &delete(seconds(), &options), "in its body or in its query");
    for key in ["dryRun", "dryrun", "DRYRUN"] {
        let all = || query(key, json!([{"Literal": "All"}]));
        refused(Trust::Destructive, &delete(all(), &Value::Null), "dryRun is the host's");
        refused(Trust::Destructive, &delete(all(), &options), "dryRun is the host's");
        for body in [json!({key: ["All"]}), json!({"a": {key: "All"}}), json!({"a": [{"b": {key: []}}]})] {
            refused(Trust::Destructive, &delete(json!([]), &body), "dryRun is the host's");
        }
    }
    let may_omit = json!([{"key": "dryRun", "value": {"Pieces": [{"Literal": "All"}]}, "may_omit": true}]);
    refused(Trust::Read, &[effect("a", &literal("/api/v1/pods"), &json!({"query": may_omit}))], "dryRun is the host's");
}

#[test]
fn a_body_is_of_a_type_that_is_read_as_json() {
    let write = |media_type: &str| {
        let body = json!({"media_type": media_type, "template": "{}"});
        let whole = json!({"method": "Patch", "trust": "Write", "body": body});
        [effect("write", &pods(vec![json!({"Argument": "name"})]), &whole)]
    };
    for media_type in [
        "application/json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/json-patch+json",
    ] {
        check(&write(media_type), Trust::Write).expect(media_type);
    }
    for media_type in [
        "application/yaml",
        "application/apply-patch+yaml",
        "application/vnd.kubernetes.protobuf",
        "application/json;charset=utf-8",
        "application/JSON",
        " application/json",
        "*/*",
        "",
    ] {
        refused(Trust::Write, &write(media_type), "media type is none of");
    }
}

#[test]
fn where_the_server_says_its_address_no_effect_goes() {
    let choosing = |first: &str, second: &str| {
        let cases = json!([["Pod", first], ["Node", second]]);
        json!([{"Literal": "/"}, {"Chosen": {"argument": "kind", "cases": cases}}])
    };
    passes(&[effect("a", &literal("/apis"), &json!({}))]);
    passes(&[effect("a", &literal("/api/v1"), &json!({}))]);
    passes(&[effect("a", &choosing("apis", "version"), &json!({}))]);
    refused(Trust::Read, &[effect("a", &literal("/api"), &json!({}))], "may ask for");
    refused(Trust::Read, &[effect("a", &choosing("apis", "api"), &json!({}))], "may ask for");
    let declared = |method: &str| [effect("a", &literal("/api"), &json!({"trust": "Destructive", "method": method}))];
    refused(Trust::Destructive, &declared("Get"), "may ask for");
    refused(Trust::Destructive, &declared("Post"), "may ask for");
}

#[test]
fn a_longer_name_is_never_a_selector() {
    let read = || effect("read", &literal("/api/v1/nodes"), &json!({}));
    let found = |form: &str| {
        let places = json!([
            {"effect": "read", "pointer": "/items/*/metadata/name", "form": "Name"},
            {"effect": "read", "pointer": "/metadata/x", "form": form},
        ]);
        json!({"Extends": {"argument": "name", "found": places}})
    };
    let in_path = |form: &str| [read(), effect("a", &pods(vec![found(form)]), &json!({}))];
    let in_query = |form: &str, before: &str| {
        let pieces = json!([{"Literal": before}, found(form)]);
        [read(), effect("a", &pods(vec![]), &json!({"query": query("fieldSelector", pieces)}))]
    };
    for form in ["Name", "Uid"] {
        passes(&in_path(form));
        passes(&in_query(form, "metadata.name="));
    }
    refused(Trust::Read, &in_path("LabelSelector"), "no longer name");
    refused(Trust::Read, &in_query("LabelSelector", "metadata.name="), "no longer name");
    refused(Trust::Read, &in_query("LabelSelector", ""), "no longer name");
}

#[test]
fn what_bounds_the_pages_is_a_number_from_one() {
    let paged = |limit: &str| {
        let query = json!([
            {"key": "limit", "value": {"PageSize": {"rows": 500, "limit": limit}}, "may_omit": false},
            {"key": "continue", "value": {"PageToken": null}, "may_omit": false},
        ]);
        [effect("a", &pods(vec![]), &json!({"query": query}))]
    };
    passes(&paged("limit"));
    for other in ["replicas", "unbounded", "free", "flag", "kinds"] {
        refused(Trust::Read, &paged(other), "no integer with a minimum of 1");
    }
}

fn description(change: impl FnOnce(&mut Value)) -> Description {
    let mut whole = json!({
        "identity": {"name": "kubernetes", "version": "1.0.0", "family": "kubernetes", "summary": "x"},
        "operations": [{
            "id": "list_pods", "title": "List", "summary": "x", "category": "core", "trust": "Read",
            "arguments": r#"{"type":"object","additionalProperties":false}"#, "returns": r#"{"type":"object"}"#,
            "kind": "List", "entity": null, "effects": [effect("all", &literal("/api/v1/pods"), &json!({}))],
        }],
        "topology": null,
    });
    change(&mut whole);
    serde_json::from_value(whole).expect("a description")
}

#[test]
fn a_description_is_loaded_whole_or_not_at_all() {
    assert!(Catalogue::load(description(|_| ())).is_ok());
    type Change = fn(&mut Value);
    let refused: [(&str, Change); 9] = [
        ("there is no family gopher", |d| d["identity"]["family"] = "gopher".into()),
        ("connector name", |d| d["identity"]["name"] = "Kubernetes!".into()),
        ("semantic version", |d| d["identity"]["version"] = "one two".into()),
        ("control characters", |d| d["identity"]["summary"] = "a\u{1b}[2Jb".into()),
        ("operation id", |d| d["operations"][0]["id"] = "list-рods".into()),
        ("stands twice", |d| {
            let twin = d["operations"][0].clone();
            d["operations"].as_array_mut().expect("a list").push(twin);
        }),
        ("outside the subset", |d| {
            d["operations"][0]["arguments"] = r##"{"type":"object","additionalProperties":false,"$ref":"#"}"##.into()
        }),
        ("outside the subset", |d| d["operations"][0]["returns"] = r#"{"type":"object","pattern":"(a+)+"}"#.into()),
        ("more than 512", |d| {
            let twins = vec![d["operations"][0].clone(); 513];
            d["operations"] = twins.into();
        }),
    ];
    for (why, change) in refused {
        let refusal = Catalogue::load(description(change)).expect_err(why).to_string();
        assert!(refusal.contains(why), "{refusal}");
    }
}

/// A description that discovers pods and what they run on.
fn discovering(change: impl FnOnce(&mut Value)) -> Description {
    description(|whole| {
        let entity = |name: &str| json!({"name": name, "id": "{name}", "properties": ["name"], "same_as": []});
        let mut topology = json!({
            "summary": "x", "arguments": r#"{"type":"object","additionalProperties":false}"#,
            "entities": [entity("Pod"), entity("Node")],
            "relationships": [{"source": "Pod", "name": "runs_on", "destination": "Node"}],
            "effects": [effect("all", &literal("/api/v1/pods"), &json!({}))],
        });
        change(&mut topology);
        whole["topology"] = topology;
    })
}

#[test]
fn a_description_of_discovery_is_loaded_whole_or_not_at_all() {
    assert!(Catalogue::load(discovering(|_| ())).is_ok());
    // A relationship may end at what is not found, and at anything.
    for to in ["VM", "any"] {
        Catalogue::load(discovering(|d| d["relationships"][0]["destination"] = to.into())).expect("loaded");
    }
    type Change = fn(&mut Value);
    let refused: [(&str, Change); 16] = [
        ("this name is taken", |d| d["entities"][1] = d["entities"][0].clone()),
        ("this name is taken", |d| d["entities"][1]["name"] = "any".into()),
        ("more than 64 types of entities", |d| {
            let entity =
                |number| json!({"name": format!("Kind{number}"), "id": "{name}", "properties": [], "same_as": []});
            d["entities"] = (0..65).map(entity).collect();
        }),
        ("entity type", |d| d["entities"][1]["name"] = "Nоde".into()),
        ("entity type", |d| d["entities"][1]["same_as"] = json!(["a VM"])),
        ("control characters", |d| d["entities"][1]["id"] = "{name}\u{1b}[2J".into()),
        ("it is from nothing that is found", |d| d["relationships"][0]["source"] = "Secret".into()),
        ("it is from nothing that is found", |d| d["relationships"][0]["source"] = "any".into()),
        ("it stands with the entity", |d| d["relationships"][0]["name"] = "same_as".into()),
        ("relationship Pod Runs On Node", |d| d["relationships"][0]["name"] = "Runs On".into()),
        ("it stands twice", |d| d["relationships"] = json!([d["relationships"][0], d["relationships"][0]])),
        ("more than 256 types of relationships", |d| {
            let relation = |number| json!({"source": "Pod", "name": format!("uses_{number}"), "destination": "Node"});
            d["relationships"] = (0..257).map(relation).collect();
        }),
        ("control characters", |d| d["summary"] = "a\u{1b}[2Jb".into()),
        ("outside the subset", |d| {
            d["arguments"] = r##"{"type":"object","additionalProperties":false,"$ref":"#"}"##.into();
        }),
        ("effect all: ", |d| d["effects"][0]["method"] = "Post".into()),
        ("effect all: ", |d| d["effects"][0]["trust"] = "Write".into()),
    ];
    for (why, change) in refused {
        let refused = Catalogue::load(discovering(change)).expect_err(why);
        assert!(
            refused.to_string().starts_with("operation topology") && refused.to_string().contains(why),
            "{refused}"
        );
    }
}

#[test]
fn no_operation_is_called_what_discovery_is_called() {
    let named = |id: &str| Catalogue::load(description(|d| d["operations"][0]["id"] = id.into()));
    named("topology_discover").expect("loaded");
    let refused = named("topology.discover").expect_err("refused");
    assert!(refused.to_string().contains("this is what discovery is called"), "{refused}");
}
