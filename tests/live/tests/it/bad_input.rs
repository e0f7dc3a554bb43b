//! What the program is given and cannot use: operations, arguments, components, kubeconfigs. Each has its error code and its exit code, and nothing
//! is sent for it; so one server is enough.

use crate::embedded::Caller;
use crate::kubeconfigs::{Files, one_context, right_cluster, right_user, text, with};
use crate::objects::cluster;
use crate::program::{call, command, finish, run};
use meho_host::error::ErrorCode;
use meho_host::kubeconfig::{self, Word};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::PathBuf;

const TOKEN: &str = "canary-5f0e6a1c9b7d4e2f8a3b";

/// A server that must not be asked anything, and a kubeconfig for it.
struct Unasked {
    listener: TcpListener,
    kubeconfig: PathBuf,
    _files: Files,
}

impl Unasked {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not wait");
        let files = Files::new();
        let server = format!("https://{}", listener.local_addr().expect("its address"));
        let kubeconfig = files.kubeconfig(&json!({"server": server}), &json!({"token": TOKEN}));
        Self { listener, kubeconfig, _files: files }
    }

    /// Whether nobody has come.
    fn is_unasked(&self) -> bool {
        matches!(self.listener.accept(), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

#[test]
fn an_operation_that_does_not_exist_is_named_with_those_that_do() {
    let unasked = Unasked::new();
    for operation in ["list_pod", "", "LIST_PODS", "list_pods ", "../list_pods"] {
        let error = call(&unasked.kubeconfig, &[operation]).error(1, "UNKNOWN_OPERATION");
        let known = error["details"]["candidates"].as_array().expect("those that do").clone();
        for operation in ["list_pods", "get_pod", "get_pod_logs", "list_deployments", "scale_deployment"] {
            assert!(known.contains(&json!(operation)), "{error}");
        }
    }
    // Whatever the target is.
    call(&unasked.kubeconfig.with_file_name("missing"), &["list_pod"]).error(1, "UNKNOWN_OPERATION");
    assert!(unasked.is_unasked());
}

#[test]
fn arguments_that_do_not_fit_are_refused_by_name_before_anything_is_asked() {
    let unasked = Unasked::new();
    let of_pod = ["namespace=production", "name=web"];
    // As a command line's text is typed.
    let cases: [(&str, &[&str], &str); 6] = [
        ("list_pods", &["limit=many"], "limit"),
        ("list_pods", &["limit=99999999999999999999"], "limit"),
        ("list_pods", &["--args", r#"{"limit":"5"}"#], "limit"),
        ("get_pod", &["namespace=production", "name="], "name"),
        ("get_pod_logs", &[of_pod[0], of_pod[1], "previous=perhaps"], "previous"),
        ("scale_deployment", &of_pod, "replicas"),
    ];
    for (operation, arguments, argument) in cases {
        let error = call(&unasked.kubeconfig, &[&[operation], arguments].concat()).error(1, "INVALID_REQUEST");
        assert_eq!(error["details"]["argument"], argument, "{operation} {arguments:?}: {error}");
    }
    let target = kubeconfig::target(Some(&unasked.kubeconfig), None, Word::Caller).expect("a target");
    let caller = Caller::new(target);
    let logs = |name: &str, value: Value| json!({"namespace": "production", "name": "web", name: value});
    let cases = [
        ("list_pods", json!({"nmespace": "production"}), "nmespace"),
        ("list_pods", json!({"namespace": "a/b"}), "namespace"),
        ("list_pods", json!({"namespace": ".."}), "namespace"),
        ("list_pods", json!({"namespace": "%2e%2e"}), "namespace"),
        ("list_pods", json!({"namespace": "Production"}), "namespace"),
        ("list_pods", json!({"namespace": "a?watch=true"}), "namespace"),
        ("list_pods", json!({"namespace": 7}), "namespace"),
        ("list_pods", json!({"limit": 0}), "limit"),
        ("list_pods", json!({"limit": -1}), "limit"),
        ("list_pods", json!({"limit": 1.5}), "limit"),
        ("list_pods", json!({"limit": true}), "limit"),
        ("list_pods", json!({"label_selector": ["a"]}), "label_selector"),
        ("get_pod", json!({"namespace": "production"}), "name"),
        ("get_pod", json!({"namespace": "production", "name": null}), "name"),
        ("get_pod", json!({"name": "web"}), "namespace"),
        ("get_pod", json!({"namespace": "production", "name": "web/exec"}), "name"),
        ("get_pod_logs", logs("tail_lines", json!(0)), "tail_lines"),
        ("get_pod_logs", logs("container", json!("a b")), "container"),
        ("scale_deployment", logs("replicas", json!(-1)), "replicas"),
    ];
    for (operation, arguments, argument) in cases {
        let error = caller.refused(ErrorCode::InvalidRequest, operation, arguments);
        assert_eq!(error.details["argument"], argument, "{operation}: {error:?}");
    }
    for (arguments, words) in [
        (&["--args", "{"][..], "--args: this is not JSON"),
        (&["--args", "[]"], "--args: a JSON object is wanted"),
        (&["--args", "null"], "--args: a JSON object is wanted"),
        (&["namespace"], "namespace: an argument is written KEY=VALUE"),
    ] {
        let error = call(&unasked.kubeconfig, &[&["list_pods"], arguments].concat()).error(1, "INVALID_REQUEST");
        assert!(error["message"].as_str().is_some_and(|message| message.starts_with(words)), "{error}");
    }
    assert!(unasked.is_unasked());
}

#[test]
fn a_command_line_that_does_not_parse_is_exit_code_2() {
    for arguments in [
        &[][..],
        &["call"],
        &["cal", "list_pods"],
        &["call", "list_pods", "--kubecfg", "x"],
        &["call", "list_pods", "-o", "xml"],
        &["call", "list_pods", "--timeout", "0"],
        &["call", "list_pods", "--server", "https://127.0.0.1:1"],
        &["call", "list_pods", "--token-file", "x"],
        &["call", "list_pods", "--kubeconfig", "x", "--server", "https://127.0.0.1:1", "--token-file", "x"],
        &["call", "list_pods", "--server", "x", "--token-file", "x", "--ca-file", "x", "--skip-tls-verification"],
        &["inspect"],
    ] {
        let run = run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}: {run:#?}");
        assert!(!run.stderr.is_empty());
    }
}

#[test]
fn a_component_that_is_none_is_refused() {
    let files = Files::new();
    let unasked = Unasked::new();
    let core_module = b"\0asm\x01\0\0\0";
    let cut = &meho_artifacts::KUBERNETES[..meho_artifacts::KUBERNETES.len() / 2];
    // A component without anything in it: it does not keep the contract.
    let empty_component = b"\0asm\x0d\0\x01\0";
    let cases = [
        (files.path("missing.wasm"), "INVALID_REQUEST"),
        (std::env::temp_dir(), "INVALID_REQUEST"),
        (files.write("empty.wasm", b""), "CONNECTOR_FAULT"),
        (files.write("text.wasm", "this is no component"), "CONNECTOR_FAULT"),
        (files.write("text.wat", "(component)"), "CONNECTOR_FAULT"),
        (files.write("module.wasm", core_module), "CONNECTOR_FAULT"),
        (files.write("nothing.wasm", empty_component), "CONNECTOR_FAULT"),
        (files.write("cut.wasm", cut), "CONNECTOR_FAULT"),
    ];
    for (component, code) in cases {
        call(&unasked.kubeconfig, &["list_pods", "--connector", text(&component)]).error(1, code);
        run(&["ops", "--connector", text(&component)]).error(1, code);
        run(&["inspect", text(&component)]).error(1, code);
    }
    assert!(unasked.is_unasked());
}

#[test]
fn a_kubeconfig_that_cannot_be_read_is_refused_without_quoting_it() {
    let files = Files::new();
    let token = format!("token: {TOKEN}");
    let cases = [
        files.path("missing"),
        std::env::temp_dir(),
        files.write("empty", ""),
        files.write("text", "no kubeconfig"),
        files.write("list", "[1, 2]"),
        files.write("open", format!("users:\n- name: a\n  user: {{{token}")),
        files.write("tab", format!("users:\n\t- user:\n    {token}\n")),
        files.write("shape", format!("users:\n- name: a\n  user:\n    {token}\n    username: [1]\n")),
        files.write("double", format!("users:\n- name: a\n  user:\n    {token}\n    {token}\n")),
        files.write("bytes", b"users: \xff\xfe"),
    ];
    for kubeconfig in &cases {
        let error = kubeconfig::target(Some(kubeconfig), None, Word::Operator).expect_err("it cannot be read");
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{}: {error:?}", kubeconfig.display());
        assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
    }
    // As the program says it.
    for kubeconfig in [&cases[0], &cases[5]] {
        let error = call(kubeconfig, &["list_pods"]).error(1, "INVALID_REQUEST");
        assert!(error["message"].as_str().is_some_and(|message| message.starts_with("the kubeconfig")), "{error}");
    }
}

#[test]
fn a_context_that_does_not_exist_is_named_with_those_that_do() {
    let Some(cluster) = cluster() else { return };
    let files = Files::new();
    let mut config = one_context("one", &right_cluster(&cluster), &right_user(&cluster));
    let contexts = config["contexts"].as_array_mut().expect("contexts");
    contexts.push(json!({"name": "no-cluster", "context": {"cluster": "gone", "user": "user"}}));
    contexts.push(json!({"name": "no-user", "context": {"cluster": "cluster", "user": "gone"}}));
    contexts.push(json!({"name": "nothing"}));
    let kubeconfig = files.write("kubeconfig", config.to_string());
    let at = |context: &str| call(&kubeconfig, &["list_deployments", "limit=1", "--context", context]);
    at("one").answer();
    let error = at("two").error(1, "INVALID_REQUEST");
    assert_eq!(error["details"]["contexts"], json!(["one", "no-cluster", "no-user", "nothing"]));
    let message = |context: &str| at(context).error(1, "INVALID_REQUEST")["message"].clone();
    assert_eq!(message("no-cluster"), "the kubeconfig's context no-cluster names a cluster that it does not have");
    assert_eq!(message("no-user"), "the kubeconfig's context no-user names a user that it does not have");
    at("nothing").error(1, "INVALID_REQUEST");
    config.as_object_mut().expect("members").remove("current-context");
    let kubeconfig = files.write("without-current", config.to_string());
    let error = call(&kubeconfig, &["list_pods"]).error(1, "INVALID_REQUEST");
    assert_eq!(error["message"], "the kubeconfig has no current context");
    call(&kubeconfig, &["list_deployments", "limit=1", "--context", "one"]).answer();
}

#[test]
fn what_a_kubeconfig_asks_for_and_is_not_supported_is_refused_loudly() {
    let unasked = Unasked::new();
    let files = Files::new();
    let server = format!("https://{}", unasked.listener.local_addr().expect("its address"));
    let base = json!({"server": server});
    let user = json!({"token": TOKEN});
    let nothing = json!({});
    let missing = files.path("missing");
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let refused_clusters = [
        (json!({"server": null}), "has no server"),
        (json!({"server": "http://127.0.0.1:1"}), "plain http"),
        (json!({"server": "ftp://127.0.0.1:1"}), "https"),
        (json!({"server": "127.0.0.1"}), "https://HOST"),
        (json!({"server": format!("https://user:{TOKEN}@127.0.0.1:1")}), "user part"),
        (json!({"server": format!("{server}/?a=b")}), "query"),
        (json!({"proxy-url": "ftp://127.0.0.1:1"}), "none of http, https and socks5"),
        (json!({"proxy-url": "127.0.0.1:1"}), "the proxy"),
        (json!({"proxy-url": format!("http://a:{TOKEN}@127.0.0.1:1/path")}), "the proxy"),
        (json!({"tls-server-name": "not a name"}), "TLS server name"),
        (json!({"certificate-authority": missing}), "the CA file"),
        (json!({"certificate-authority-data": "%%%"}), "the CA certificate"),
        (json!({"certificate-authority-data": "AAAA"}), "the CA certificate"),
        (json!({"certificate-authority-data": pem, "insecure-skip-tls-verify": true}), "contradict"),
    ];
    let refused_users = [
        (
            json!({"token": null, "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "true"}}),
            "an exec plugin",
        ),
        (json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "true"}}), "an exec plugin"),
        (json!({"auth-provider": {"name": "gcp", "config": {}}}), "an auth provider"),
        (json!({"token": null, "username": "a", "password": TOKEN}), "a password"),
        (json!({"as": "somebody"}), "impersonation"),
        (json!({"as-groups": ["system:masters"]}), "impersonation"),
        (json!({"as-uid": "1"}), "impersonation"),
        (json!({"as-user-extra": {"a": ["b"]}}), "impersonation"),
        (json!({"client-certificate-data": "QUFBQQ=="}), "a client certificate without a key"),
        (json!({"client-certificate": missing, "client-key": missing}), "the client certificate"),
        (json!({"client-certificate-data": "QUFBQQ==", "client-key-data": "QUFBQQ=="}), "does not parse"),
        (json!({"token": "two\nlines"}), "token"),
    ];
    let clusters = refused_clusters.iter().map(|(cluster, words)| (cluster, &nothing, words));
    let users = refused_users.iter().map(|(user, words)| (&nothing, user, words));
    for (of_cluster, of_user, words) in clusters.chain(users) {
        let kubeconfig = files.kubeconfig(&with(base.clone(), of_cluster), &with(user.clone(), of_user));
        let error = kubeconfig::target(Some(&kubeconfig), None, Word::Caller).expect_err("it is refused");
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{error:?}");
        assert!(error.message.contains(words), "{of_cluster} {of_user}: {words:?} is not in {error:?}");
        assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
    }
    // What no permission to run programs makes good.
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "true"});
    let plugins = [
        (json!({"interactiveMode": "Always"}), "interactiveMode: Always"),
        (json!({"apiVersion": "client.authentication.k8s.io/v1alpha1"}), "apiVersion that is not supported"),
        (json!({"apiVersion": null}), "apiVersion that is not supported"),
        (json!({"command": null}), "has no command"),
        (json!({"env": [{"name": "A"}]}), "a variable without"),
        (json!({"env": [{"name": "A=B", "value": "c"}]}), "a variable without"),
    ];
    for (members, words) in plugins {
        let kubeconfig = files.kubeconfig(&base, &json!({"exec": with(exec.clone(), &members)}));
        let error = kubeconfig::target(Some(&kubeconfig), None, Word::Operator).expect_err("it is refused");
        assert!(error.message.contains(words), "{members}: {words:?} is not in {error:?}");
    }
    let besides = files.kubeconfig(&base, &json!({"exec": exec, "token": TOKEN}));
    let error = kubeconfig::target(Some(&besides), None, Word::Operator).expect_err("it is refused");
    assert!(error.message.contains("a token besides"), "{error:?}");
    call(&besides, &["list_pods"]).error(1, "INVALID_REQUEST");
    let kubeconfig = files.kubeconfig(&base, &json!({"tokenFile": missing}));
    call(&kubeconfig, &["list_pods"]).error(1, "INVALID_REQUEST");
    assert!(unasked.is_unasked());
}

#[test]
fn without_any_target_that_is_said_and_the_environment_names_one() {
    let Some(cluster) = cluster() else { return };
    let files = Files::new();
    let home = |variable: &str, value: PathBuf| {
        let mut command = command(&["call", "list_deployments", "limit=1"]);
        command.env("HOME", files.path("nowhere")).env(variable, value);
        finish(command)
    };
    home("UNUSED", PathBuf::new()).error(1, "INVALID_REQUEST");
    home("KUBECONFIG", files.path("missing")).error(1, "INVALID_REQUEST");
    home("KUBECONFIG", cluster.admin_kubeconfig()).answer();
    std::fs::create_dir(files.path(".kube")).expect("a directory");
    std::fs::copy(cluster.admin_kubeconfig(), files.path(".kube/config")).expect("a kubeconfig");
    home("HOME", files.path("")).answer();
}

#[test]
fn an_error_in_each_format_is_one_document_where_programs_read_it() {
    let unasked = Unasked::new();
    let fails = |format: &str| call(&unasked.kubeconfig, &["list_pods", "limit=0", "-o", format]);
    let json: Value = fails("json").json();
    let yaml: Value = serde_saphyr::from_str(&fails("yaml").stdout).expect("YAML");
    let lines = fails("jsonl");
    assert_eq!(lines.stdout.lines().count(), 1);
    assert_eq!((&json, &json), (&yaml, &lines.json()));
    let shown = fails("table");
    assert_eq!((shown.code, shown.stdout.as_str()), (Some(1), ""));
    assert!(shown.stderr.starts_with("error: INVALID_REQUEST: limit"), "{shown:#?}");
}
