//! What an error says of what to do next, on a line of its own.

use crate::program::Home;
use crate::target::{self, with};
use meho_test_fake::{Answer, Fake};
use serde_json::json;

/// The hints of a call that fails.
#[track_caller]
fn hints(home: &Home, arguments: &[&str]) -> String {
    let error = home.run(&[arguments, &["-o", "table"]].concat()).failed(1);
    error.lines().filter(|line| line.starts_with("hint: ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn without_any_target_one_is_told_how_to_come_by_one() {
    let home = Home::new();
    let hints = hints(&home, &["call", "list_pods"]);
    assert!(
        hints.contains("`meho-host target add NAME --kubeconfig FILE --default`") && hints.contains("`meho-host demo`"),
        "{hints}"
    );
    let error = home.run(&["call", "list_pods"]);
    assert_eq!(error.code, Some(1));
    let error: serde_json::Value = serde_json::from_str(&error.stdout).expect("JSON");
    assert_eq!(error["error"]["code"], "INVALID_REQUEST");
}

#[test]
fn a_slip_of_a_name_is_answered_with_what_was_meant() {
    let home = Home::new();
    for (arguments, hint) in [
        (&["call", "list_pod"][..], "did you mean list_pods? `ops` lists the operations"),
        (&["call", "scale_deploymant"], "did you mean scale_deployment? `ops` lists the operations"),
        (&["call", "pods"], "did you mean list_pods? `ops` lists the operations"),
        (&["call", "svc"], "did you mean list_services? `ops` lists the operations"),
        (&["call", "uncordon"], "did you mean uncordon_node? `ops` lists the operations"),
        (&["call", "xyzzy"], "`ops` lists the operations"),
        (&["ops", "get_pods"], "did you mean get_pod? `ops` lists the operations"),
    ] {
        assert_eq!(hints(&home, arguments), format!("hint: {hint}\n"), "{arguments:?}");
    }
    let fake = Fake::silent();
    let options = target::options(&fake, &home);
    let parameter = hints(&home, &with(&["call", "list_pods", "namspace=web"], &options));
    assert_eq!(parameter, "hint: did you mean namespace? `meho-host ops list_pods` shows what it takes\n");
    let missing = hints(&home, &with(&["call", "get_pod", "name=a"], &options));
    assert!(
        missing.starts_with("hint: give namespace=NAME, or the target one with `meho-host target add --namespace`"),
        "{missing}"
    );
    let unnamed = hints(&home, &with(&["call", "get_pod", "namespace=web"], &options));
    assert_eq!(unnamed, "hint: `meho-host ops get_pod` shows what it takes\n");
    // Whoever is told what was meant is not told all that there is.
    let told = |operation: &str| home.run(&["call", operation, "-o", "table"]).failed(1);
    assert!(!told("list_pod").contains("candidates:") && told("xyzzy").contains("candidates:"));
    let document: serde_json::Value = serde_json::from_str(&home.run(&["call", "list_pod"]).stdout).expect("JSON");
    assert!(document["error"]["details"]["candidates"].is_array(), "{document:#}");
    let kubeconfig = json!({
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": "a-token-of-the-tests-own"}}],
        "contexts": [{"name": "production", "context": {"cluster": "c", "user": "u"}}],
    });
    home.write(".kube/config", kubernetes(&kubeconfig));
    let context = hints(&home, &["call", "list_pods", "--context", "prodution"]);
    assert_eq!(context, "hint: did you mean production? name one of its contexts\n");
}

#[test]
fn what_is_kubectls_is_answered_with_what_it_is_here() {
    let home = Home::new();
    for (line, hint) in [
        ("call list_pods -n production", "write namespace=production"),
        ("call list_pods --namespace=production", "write namespace=production"),
        ("call list_pods -A", "leave namespace out, and all of them are asked"),
        ("call list_pods -l app=web", "write label_selector=SELECTOR"),
        ("get pods", "operations are called so: `meho-host call list_pods`; `meho-host ops` lists them"),
        ("get po web-0", "operations are called so: `meho-host call get_pod`; `meho-host ops` lists them"),
        (
            "scale deployment/web",
            "operations are called so: `meho-host call scale_deployment`; `meho-host ops` lists them",
        ),
        ("get ing", "operations are called so: `meho-host call list_ingresses`; `meho-host ops` lists them"),
        (
            "get networkpolicies web",
            "operations are called so: `meho-host call get_network_policy`; `meho-host ops` lists them",
        ),
        (
            "describe persistentvolumeclaim/data",
            "operations are called so: `meho-host call get_pvc`; `meho-host ops` lists them",
        ),
        ("delete deployment/web", "nothing here does delete deployment: `meho-host ops` lists what there is"),
        ("list_pods", "operations are called so: `meho-host call list_pods`; `meho-host ops` lists them"),
        ("apply", "there is no apply here: `meho-host ops` lists what there is"),
    ] {
        let error = home.run(&line.split(' ').collect::<Vec<_>>()).failed(2);
        assert!(error.ends_with(&format!("\nhint: {hint}\n")), "{line}: {error}");
    }
    assert!(!home.run(&["xyzzy"]).failed(2).contains("hint:"));
    // An option that is not of a call is none of a call's.
    assert!(!home.run(&["ops", "-n", "web"]).failed(2).contains("hint:"));
    let help = |arguments: &[&str]| home.run(arguments).done();
    assert_eq!(help(&["help"]), help(&["--help"]));
    assert_eq!(help(&["help", "target", "add"]), help(&["target", "add", "--help"]));
    assert_eq!(help(&["version"]), help(&["--version"]));
}

fn kubernetes(config: &serde_json::Value) -> String {
    config.to_string()
}

#[test]
fn a_server_that_is_not_there_is_told_from_one_that_is_not_believed() {
    let home = Home::new();
    let fake = Fake::silent();
    let mut options = target::options(&fake, &home);
    // The CA of nobody.
    options.truncate(4);
    let error = hints(&home, &with(&["call", "list_pods"], &options));
    assert!(error.contains("--ca-file") && error.contains("--skip-tls-verification"), "{error}");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    options[1] = format!("https://127.0.0.1:{port}");
    let error = hints(&home, &with(&["call", "list_pods"], &options));
    assert!(error.contains("hint: look whether the server URL is right"), "{error}");
    assert!(error.contains("hint: `meho-host target list` shows where each target is"), "{error}");
}

/// A refusal of the API server's.
fn refusal(code: u16, reason: &str, message: &str) -> Fake {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": message});
    Fake::answering(move |_| Some(Answer::json(status.to_string()).status(code)))
}

#[test]
fn a_refusal_says_whose_turn_it_is() {
    let home = Home::new();
    let fake = refusal(401, "Unauthorized", "Unauthorized");
    let options = target::options(&fake, &home);
    let error = hints(&home, &with(&["call", "list_pods"], &options));
    assert!(
        error.contains("hint: whoever rotates that file has to put a fresh token there; it is read again"),
        "{error}"
    );
    let fake = refusal(
        403,
        "Forbidden",
        "pods is forbidden: User \"ann\" cannot list resource \"pods\" in API group \"\" in the namespace \"web\"",
    );
    let options = target::options(&fake, &home);
    let error = hints(&home, &with(&["call", "list_pods", "namespace=web"], &options));
    let rule =
        r#"a Role in namespace web with the rule apiGroups: [""], resources: ["pods"], verbs: ["list"] would allow it"#;
    assert!(error.contains(rule), "{error}");
}

#[test]
fn where_nobody_knows_more_the_usual_is_said_in_the_programs_own_name() {
    let home = Home::new();
    let fake = refusal(422, "Invalid", "the label selector is none");
    let options = target::options(&fake, &home);
    let invalid = hints(&home, &with(&["call", "list_pods"], &options));
    assert_eq!(invalid, "hint: put right what the message names: the same again is refused again\n");
    // Beside what the program knows better it is not said.
    let named = hints(&home, &with(&["call", "list_pods", "limit=0"], &options));
    assert_eq!(named, "hint: `meho-host ops list_pods` shows what it takes\n");
}

#[test]
fn a_name_that_fits_several_is_answered_with_all_of_them() {
    let home = Home::new();
    let [one, two] = ["api-gateway-1", "api-gateway-2"].map(|name| target::pod("web", name, None));
    let not_found =
        json!({"kind": "Status", "reason": "NotFound", "code": 404, "message": "pods \"api-gateway\" not found"});
    let list = json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [one, two]});
    let fake = Fake::answering(move |seen| {
        let is_list = seen.line().contains("/pods?");
        Some(if is_list { Answer::json(list.to_string()) } else { Answer::json(not_found.to_string()).status(404) })
    });
    let options = target::options(&fake, &home);
    let run = home.run(&with(&["call", "get_pod", "namespace=web", "name=api-gateway", "-o", "table"], &options));
    let error = run.failed(1);
    assert!(error.contains("  the connector says: candidates: api-gateway-1, api-gateway-2\n"), "{error}");
    let hints: Vec<&str> = error.lines().filter(|line| line.starts_with("hint: ")).collect();
    assert_eq!(hints, ["hint: call again with one of the candidates"], "{error}");
}
