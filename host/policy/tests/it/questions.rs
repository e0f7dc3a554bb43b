//! The host's own questions: which requests they are, that there are no others, and what is read of answers, honest or not.

use crate::effects::{effect, literal};
use meho_policy::catalogue::{Catalogue, Description};
use meho_policy::effect::{Method, Trust};
use meho_policy::family::Family;
use meho_policy::grammar::Namespace;
use meho_policy::question::{Findings, Identity, Inquiry, MAX_ACCESSES, Question, Unanswered, Verdict};
use serde_json::{Value, json};

pub(crate) const ARGUMENTS: &str = r#"{
    "type": "object",
    "properties": {"namespace": {"type": "string", "format": "label"}, "name": {"type": "string", "format": "name"}},
    "additionalProperties": false
}"#;

/// A component with these operations, each of these effects.
pub(crate) fn component(operations: &[(&str, &str, Vec<Value>)]) -> Catalogue {
    let describe = |(id, trust, effects): &(&str, &str, Vec<Value>)| {
        json!({
            "id": id, "title": "x", "summary": "x", "category": "core", "trust": trust, "arguments": ARGUMENTS,
            "returns": r#"{"type":"object"}"#, "kind": "List", "entity": null, "effects": effects,
        })
    };
    let whole = json!({
        "identity": {"name": "kubernetes", "version": "1.0.0", "family": "kubernetes", "summary": "x"},
        "operations": operations.iter().map(describe).collect::<Vec<_>>(),
        "topology": null,
    });
    let description: Description = serde_json::from_value(whole).expect("a description");
    Catalogue::load(description).expect("a component that passes")
}

/// An effect as it stands in a description.
pub(crate) fn described(id: &str, path: &Value, more: &Value) -> Value {
    serde_json::to_value(effect(id, path, more)).expect("an effect")
}

/// In the namespace of the call: `base/namespaces/NAMESPACE/rest`.
pub(crate) fn in_namespace(base: &str, rest: &str) -> Value {
    json!([{"Literal": format!("{base}/namespaces/")}, {"Argument": "namespace"}, {"Literal": format!("/{rest}")}])
}

/// Lists pods, of one namespace or of all, and may look whether the namespace is there.
pub(crate) fn list_pods() -> Vec<Value> {
    let namespace = json!([{"Literal": "/api/v1/namespaces/"}, {"Argument": "namespace"}]);
    vec![
        described("all", &literal("/api/v1/pods"), &json!({"when": [{"Absent": "namespace"}]})),
        described("in-namespace", &in_namespace("/api/v1", "pods"), &json!({})),
        described("namespace", &namespace, &json!({"need": "Optional"})),
    ]
}

fn pods_and_nodes() -> Catalogue {
    let nodes = vec![described("nodes", &literal("/api/v1/nodes"), &json!({}))];
    let scale = vec![
        described(
            "read",
            &json!([
                {"Literal": "/apis/apps/v1/namespaces/"}, {"Argument": "namespace"}, {"Literal": "/deployments/"},
                {"Argument": "name"}, {"Literal": "/scale"},
            ]),
            &json!({}),
        ),
        described(
            "write",
            &json!([
                {"Literal": "/apis/apps/v1/namespaces/"}, {"Argument": "namespace"}, {"Literal": "/deployments/"},
                {"Argument": "name"}, {"Literal": "/scale"},
            ]),
            &json!({
                "method": "Patch", "trust": "Write",
                "body": {"media_type": "application/merge-patch+json", "template": r#"{"spec":{"replicas":1}}"#},
            }),
        ),
    ];
    component(&[("list_pods", "Read", list_pods()), ("list_nodes", "Read", nodes), ("scale", "Write", scale)])
}

pub(crate) fn namespace(name: &str) -> Namespace {
    Namespace::parse(name).expect("a label")
}

fn inquiry(namespace: Option<&str>) -> Inquiry {
    let namespace = namespace.map(self::namespace);
    Inquiry::new(Family::Kubernetes, pods_and_nodes().operations(), namespace.as_ref())
}

/// A question as it is sent.
fn line(question: &Question) -> String {
    let permit = question.permit();
    let request = permit.request();
    assert_eq!((permit.trust(), permit.is_of_host()), (Trust::Read, true));
    assert_eq!(request.accept().as_str(), "application/json");
    let body = request.body().map(|body| {
        assert_eq!(body.media_type(), "application/json");
        String::from_utf8(body.bytes().to_vec()).expect("JSON is UTF-8")
    });
    let line = format!("{} {} {}", request.method(), request.rendered_path_and_query(), body.unwrap_or_default());
    line.trim_end().to_owned()
}

const REVIEW: &str = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews ";

fn review(group: &str, namespace: &str, resource: &str, subresource: &str, verb: &str) -> String {
    let attributes = format!(
        r#""group":"{group}","namespace":"{namespace}","resource":"{resource}","subresource":"{subresource}","verb":"{verb}""#
    );
    let kind = r#""apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview""#;
    format!("{REVIEW}{{{kind},\"spec\":{{\"resourceAttributes\":{{{attributes}}}}}}}")
}

fn opening() -> [String; 2] {
    [
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews \
         {\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}"
            .to_owned(),
        "GET /version".to_owned(),
    ]
}

#[test]
fn the_questions_are_exactly_these() {
    let asked = |namespace: Option<&str>| inquiry(namespace).questions().map(|asked| line(&asked)).collect::<Vec<_>>();
    let everywhere = [
        review("", "", "namespaces", "", "get"),
        review("", "", "nodes", "", "list"),
        review("", "", "pods", "", "list"),
        review("apps", "", "deployments", "scale", "get"),
        review("apps", "", "deployments", "scale", "patch"),
    ];
    assert_eq!(asked(None), [&opening()[..], &everywhere[..]].concat());
    // What is in no namespace is asked about in none.
    let in_one = [
        review("", "", "nodes", "", "list"),
        review("", "prod", "namespaces", "", "get"),
        review("", "prod", "pods", "", "list"),
        review("apps", "prod", "deployments", "scale", "get"),
        review("apps", "prod", "deployments", "scale", "patch"),
    ];
    assert_eq!(asked(Some("prod")), [&opening()[..], &in_one[..]].concat());
}

#[test]
fn without_operations_two_questions_are_left() {
    let inquiry = Inquiry::new(Family::Kubernetes, [], None);
    assert_eq!(inquiry.questions().map(|asked| line(&asked)).collect::<Vec<_>>(), opening());
}

#[test]
fn a_question_has_a_form_that_no_word_of_a_component_leaves() {
    // Whatever the grammar lets through as a segment: dots, tildes, colons.
    let strange = ["...", "~", "a:b", "selfsubjectaccessreviews", "..x", "_"];
    let effects = |(number, text): (usize, &&str)| {
        described(&format!("e{number}"), &literal(&format!("/apis/{text}/{text}/{text}")), &json!({}))
    };
    let hostile = component(&[("act", "Read", strange.iter().enumerate().map(effects).collect())]);
    let inquiry = Inquiry::new(Family::Kubernetes, hostile.operations(), None);
    let mut shapes = Vec::new();
    for question in inquiry.questions() {
        let permit = question.permit();
        assert_eq!(permit.trust(), Trust::Read);
        assert!(permit.request().query().is_empty());
        if let Some(body) = permit.request().body() {
            let known = ["apiVersion", "kind", "spec"];
            assert!(body.value().as_object().expect("an object").keys().all(|key| known.contains(&key.as_str())));
        }
        shapes.push((permit.request().method(), permit.request().rendered_path(), permit.effect().to_string()));
    }
    shapes.dedup();
    let shape = |method: Method, path: &str, id: &str| (method, path.to_owned(), id.to_owned());
    let three = [
        shape(Method::Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "host-asks-identity"),
        shape(Method::Get, "/version", "host-asks-version"),
        shape(Method::Post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "host-asks-access"),
    ];
    assert_eq!(shapes, three);
}

#[test]
fn a_component_with_more_rights_than_are_asked_about_is_not_taken_for_allowed() {
    let effects = |operation: usize| -> Vec<Value> {
        let one = |number: usize| {
            described(&format!("e{number}"), &literal(&format!("/apis/x{operation}/v1/r{number}")), &json!({}))
        };
        (0..100).map(one).collect()
    };
    let many = component(&[("a", "Read", effects(1)), ("b", "Read", effects(2)), ("c", "Read", effects(3))]);
    let mut inquiry = Inquiry::new(Family::Kubernetes, many.operations(), None);
    let questions: Vec<Question> = inquiry.questions().collect();
    assert_eq!(questions.len(), 2 + MAX_ACCESSES);
    questions.iter().skip(2).for_each(|asked| inquiry.read(asked, 201, br#"{"status":{"allowed":true}}"#));
    let findings = inquiry.findings();
    let verdicts: Vec<Verdict> = findings.operations.iter().map(|operation| operation.verdict).collect();
    assert_eq!(verdicts, [Verdict::Allowed, Verdict::Allowed, Verdict::Unknown]);
    assert_eq!(findings.operations[2].unknown.len(), 300 - MAX_ACCESSES);
    let untold = Unanswered {
        question: "whether the credential has a right",
        times: 300 - MAX_ACCESSES,
        status: None,
        because: "at most 256 rights are asked about".to_owned(),
    };
    assert_eq!(findings.unanswered, [untold]);
}

/// The answers of a target: to what it is, to who the credential is, and to each right by resource and verb.
fn findings(
    version: (u16, &str),
    identity: (u16, &str),
    access: impl Fn(&str, &str) -> (u16, &'static str),
) -> Findings {
    let mut inquiry = inquiry(Some("prod"));
    let questions: Vec<Question> = inquiry.questions().collect();
    for (number, question) in questions.iter().enumerate() {
        let permit = question.permit();
        let (status, body) = match number {
            0 => identity,
            1 => version,
            _ => {
                let body = permit.request().body().expect("a review").value();
                let text = |name: &str| body["spec"]["resourceAttributes"][name].as_str().expect("a text");
                access(text("resource"), text("verb"))
            }
        };
        inquiry.read(question, status, body.as_bytes());
    }
    inquiry.findings()
}

const VERSION: (u16, &str) = (200, r#"{"major":"1","minor":"36","gitVersion":"v1.36.3","platform":"linux/amd64"}"#);
const IDENTITY: (u16, &str) = (
    201,
    r#"{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"ada","uid":"7","groups":["dev","system:authenticated"]}}}"#,
);
const YES: (u16, &str) = (201, r#"{"status":{"allowed":true,"reason":"RBAC: allowed by …"}}"#);
const NO: (u16, &str) = (201, r#"{"status":{"allowed":false}}"#);

fn ada() -> Identity {
    Identity {
        username: "ada".to_owned(),
        uid: Some("7".to_owned()),
        groups: vec!["dev".to_owned(), "system:authenticated".to_owned()],
        groups_left_out: 0,
        is_anonymous: false,
    }
}

fn verdicts(findings: &Findings) -> Vec<(&str, Verdict)> {
    findings.operations.iter().map(|operation| (operation.operation.as_str(), operation.verdict)).collect()
}

#[test]
fn who_has_all_rights_may_call_everything() {
    let found = findings(VERSION, IDENTITY, |_, _| YES);
    assert_eq!(found.version.as_deref(), Some("v1.36.3"));
    assert_eq!(found.identity, Some(ada()));
    let all = [("list_pods", Verdict::Allowed), ("list_nodes", Verdict::Allowed), ("scale", Verdict::Allowed)];
    assert_eq!(verdicts(&found), all);
    assert_eq!(found.unanswered, []);
    assert!(found.is_authenticated());
}

#[test]
fn what_is_missing_is_told_with_its_namespace() {
    let found = findings(VERSION, IDENTITY, |resource, verb| match (resource, verb) {
        ("namespaces" | "nodes", _) | (_, "patch") => NO,
        _ => YES,
    });
    let all = [("list_pods", Verdict::Partly), ("list_nodes", Verdict::Denied), ("scale", Verdict::Denied)];
    assert_eq!(verdicts(&found), all);
    let told = serde_json::to_value(&found.operations).expect("JSON");
    assert_eq!(
        told,
        json!([
            {
                "operation": "list_pods", "verdict": "partly", "missing": [], "unknown": [],
                "missing_optional": [{"namespace": "prod", "api_group": "", "resource": "namespaces", "verb": "get"}],
            },
            {
                "operation": "list_nodes", "verdict": "denied", "missing_optional": [], "unknown": [],
                "missing": [{"namespace": null, "api_group": "", "resource": "nodes", "verb": "list"}],
            },
            {
                "operation": "scale", "verdict": "denied", "missing_optional": [], "unknown": [],
                "missing": [
                    {"namespace": "prod", "api_group": "apps", "resource": "deployments/scale", "verb": "patch"},
                ],
            },
        ])
    );
}

#[test]
fn a_version_shows_nothing_about_a_credential() {
    let found = findings(VERSION, (403, "{}"), |_, _| (403, "{}"));
    assert_eq!(found.version.as_deref(), Some("v1.36.3"));
    assert!(!found.is_authenticated());
    assert!(found.operations.iter().all(|operation| operation.verdict == Verdict::Unknown));
    let told: Vec<_> = found.unanswered.iter().map(|untold| (untold.question, untold.times, untold.status)).collect();
    let rights = "whether the credential has a right";
    assert_eq!(told, [("who the credential is", 1, Some(403)), (rights, 5, Some(403))]);
    // Nor does the name that a server gives those who show none.
    for user in [r#"{"username":"system:anonymous"}"#, r#"{"username":"x","groups":["system:unauthenticated"]}"#] {
        let body = format!(r#"{{"status":{{"userInfo":{user}}}}}"#);
        let found = findings(VERSION, (201, &body), |_, _| NO);
        assert!(found.identity.as_ref().is_some_and(|identity| identity.is_anonymous), "{found:?}");
        assert!(!found.is_authenticated());
    }
}

#[test]
fn a_target_that_does_not_serve_the_reviews_is_said_to() {
    let found = findings(VERSION, (404, "404 page not found"), |_, _| (404, "404 page not found"));
    let because = "the target does not serve this kind of review";
    assert!(found.unanswered.iter().all(|untold| untold.because == because), "{:?}", found.unanswered);
    assert_eq!(found.unanswered.len(), 2);
    assert_eq!(found.operations[0].unknown.len(), 2);
}

#[test]
fn an_answer_that_says_neither_yes_nor_no_is_no_yes() {
    let strange = [
        "",
        "true",
        "null",
        "[]",
        "{}",
        "not JSON",
        r#"{"status":true}"#,
        r#"{"status":{}}"#,
        r#"{"status":{"allowed":"true"}}"#,
        r#"{"status":{"allowed":1}}"#,
        r#"{"status":{"allowed":null}}"#,
        r#"{"status":{"Allowed":true}}"#,
        r#"{"allowed":true}"#,
        r#"{"status":[{"allowed":true}]}"#,
        r#"{"status":{"allowed":true}}{"status":{"allowed":true}}"#,
        r#"{"status":{"allowed":true}"#,
    ];
    for body in strange {
        let found = findings(VERSION, IDENTITY, |_, _| (201, body));
        assert!(found.operations.iter().all(|operation| operation.verdict == Verdict::Unknown), "{body}: {found:?}");
        assert_eq!(found.unanswered.len(), 1, "{body}");
    }
    for status in [202, 200, 299] {
        let found = findings(VERSION, IDENTITY, |_, _| (status, YES.1));
        assert!(found.operations.iter().all(|operation| operation.verdict == Verdict::Allowed));
    }
    // Whatever it says beside it, an answer that is none says nothing.
    for status in [100, 199, 300, 302, 304, 400, 401, 403, 404, 409, 429, 500, 503, 999] {
        let found = findings(VERSION, IDENTITY, |_, _| (status, YES.1));
        assert!(found.operations.iter().all(|operation| operation.verdict == Verdict::Unknown), "{status}");
    }
}

#[test]
fn an_identity_is_read_as_far_as_it_is_one() {
    let read = |user: Value| {
        let body = json!({"status": {"userInfo": user}}).to_string();
        findings(VERSION, (201, &body), |_, _| NO).identity
    };
    for nobody in [json!(null), json!("ada"), json!({}), json!({"username": 7}), json!({"username": ""}), json!([])] {
        assert_eq!(read(nobody.clone()), None, "{nobody}");
    }
    let only = Identity { uid: None, groups: Vec::new(), ..ada() };
    for rest in [json!({}), json!({"uid": 7, "groups": "dev"}), json!({"uid": {}, "groups": [1, null, ["x"]]})] {
        let mut user = rest;
        user["username"] = "ada".into();
        assert_eq!(read(user.clone()), Some(only.clone()), "{user}");
    }
    // A stranger's text is kept as it is, and bounded.
    let acting = "a\u{1b}[2Jda\u{202e}\u{0}";
    let user = json!({"username": acting, "uid": "u".repeat(100_000), "groups": vec!["g\n".repeat(1000); 5000]});
    let found = read(user).expect("somebody");
    assert_eq!(found.username, acting);
    assert_eq!(found.uid.map(|uid| uid.len()), Some(512));
    assert_eq!((found.groups.len(), found.groups_left_out), (100, 4900));
    assert!(found.groups.iter().all(|group| group.chars().count() == 512));
}

#[test]
fn a_version_is_bounded_and_text() {
    for (body, wanted) in [
        (json!({"gitVersion": "v".repeat(9000)}), Some("v".repeat(512))),
        (json!({"gitVersion": 1}), None),
        (json!({"major": "1"}), None),
        (json!(["v1"]), None),
    ] {
        let found = findings((200, &body.to_string()), IDENTITY, |_, _| NO);
        assert_eq!(found.version, wanted);
    }
}
