//! Ways to the server: HTTP/1.1 and HTTP/2, client certificates, token files, and servers that are not there, not the one that was meant, or that
//! do not take the credential. This is about the transport alone, on the real server.

use crate::embedded::{Caller, settings, target_with};
use crate::gate::{Gate, Wants};
use crate::kubeconfigs::{Files, base64, right_cluster, right_user, text, with};
use crate::objects::{cluster, pending_pod};
use crate::program::{call, list_pods_at};
use meho_control_plane::{Cluster, Rule};
use meho_host::target::{HttpVersions, Verification};
use serde_json::{Value, json};
use std::net::TcpListener;

/// How often a caller asks, one call after the other.
const CALLS: usize = 12;

#[test]
fn both_http_versions_give_the_same_answer_over_connections_that_are_kept() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    ["one", "two"].iter().for_each(|name| drop(pending_pod(&namespace, name)));
    let arguments = json!({"namespace": namespace.name()});
    let direct = Caller::admin(&cluster).data("list_pods", arguments.clone());
    // HTTP/2 has room on its one connection at any time. One of HTTP/1.1 is free again when the pool's own task has seen the end of an answer, a
    // moment after its reader has: a call that comes within that moment opens another, which is then kept as well.
    for (http, protocol, most) in [(HttpVersions::Any, "h2", 1), (HttpVersions::Http1, "http/1.1", 3)] {
        let gate = Gate::open(&cluster, Wants::NoCertificate);
        let mut settings = settings(&cluster);
        settings.server = gate.url();
        settings.verification = Verification::ca(gate.ca_pem().as_bytes()).expect("a CA");
        settings.http = http;
        let caller = Caller::new(target_with(cluster.admin_token(), settings));
        for _ in 0..CALLS {
            assert_eq!(caller.data("list_pods", arguments.clone()), direct);
        }
        let passages = gate.passages();
        assert!(passages.iter().all(|passage| passage == protocol), "{passages:?}");
        assert!((1..=most).contains(&passages.len()), "{CALLS} calls over {passages:?}");
    }
}

#[test]
fn a_client_certificate_of_a_kubeconfig_is_shown_to_the_server() {
    let Some(cluster) = cluster() else { return };
    let gate = Gate::open(&cluster, Wants::Certificate);
    let files = Files::new();
    let at = json!({"server": gate.url(), "certificate-authority": files.write("ca.pem", gate.ca_pem())});
    let (certificate, key) = gate.client();
    let of_files = json!({
        "client-certificate": files.write("client.pem", &certificate), "client-key": files.write("client-key.pem", &key),
    });
    let inline = json!({"client-certificate-data": base64(&certificate), "client-key-data": base64(&key)});
    for user in [of_files, inline] {
        let kubeconfig = files.kubeconfig(&at, &with(right_user(&cluster), &user));
        call(&kubeconfig, &["list_deployments", "limit=1"]).answer();
    }
    assert_eq!(gate.passages().len(), 2);
    let kubeconfig = files.kubeconfig(&at, &right_user(&cluster));
    // With TLS 1.3 the server says no after the handshake, which may come as a refused certificate or as a connection that closes.
    let run = call(&kubeconfig, &["list_deployments", "limit=1"]);
    let code = if run.stdout.contains("TLS_ERROR") { "TLS_ERROR" } else { "CONNECTION_FAILED" };
    let error = run.error(1, code);
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("client certificate")), "{error}");
    assert_eq!(gate.passages().len(), 2, "nobody passes without one");
}

#[test]
fn a_server_with_a_token_file_is_a_target() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    let place = format!("namespace={namespace}");
    let user = namespace.user("reader", &[Rule::new("", "pods", &["list"])]).expect("a user");
    let ca = cluster.ca_file();
    let (data, meta) =
        list_pods_at(cluster.server_url(), user.token_file(), &[&place, "--ca-file", text(&ca)]).answer();
    assert_eq!((&data[0]["name"], &meta["warnings"]), (&json!("web"), &json!([])));
    let (data, meta) =
        list_pods_at(cluster.server_url(), user.token_file(), &[&place, "--skip-tls-verification"]).answer();
    assert_eq!(data[0]["name"], "web");
    let warning = meta["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.starts_with("the target's certificate was not verified"), "{meta}");

    let files = Files::new();
    let ca = text(&ca);
    for token_file in
        [files.path("missing"), files.write("empty", ""), files.write("lines", "two\nlines"), std::env::temp_dir()]
    {
        list_pods_at(cluster.server_url(), &token_file, &["--ca-file", ca]).error(1, "INVALID_REQUEST");
    }
    for ca_file in [files.path("missing"), files.write("no-ca", "no certificate")] {
        list_pods_at(cluster.server_url(), user.token_file(), &["--ca-file", text(&ca_file)])
            .error(1, "INVALID_REQUEST");
    }
    for server in ["127.0.0.1:6443", "http://127.0.0.1:6443", "https://", "https://a b", "file:///etc/passwd"] {
        list_pods_at(server, user.token_file(), &["--ca-file", ca]).error(1, "INVALID_REQUEST");
    }
}

#[test]
fn a_token_in_a_kubeconfigs_file_is_read_and_a_ca_in_base64_is_taken() {
    let Some(cluster) = cluster() else { return };
    let files = Files::new();
    let at = json!({"server": cluster.server_url(), "certificate-authority-data": base64(cluster.ca_pem())});
    let kubeconfig = files.kubeconfig(&at, &json!({"tokenFile": files.write("token", cluster.admin_token())}));
    call(&kubeconfig, &["list_deployments", "limit=1"]).answer();
    // The server's certificate is good for this name too.
    let named = with(right_cluster(&cluster), &json!({"tls-server-name": "kubernetes.default"}));
    call(&files.kubeconfig(&named, &right_user(&cluster)), &["list_deployments", "limit=1"]).answer();
}

/// A kubeconfig that works but for these members of its cluster.
fn differing(cluster: &Cluster, files: &Files, others: &Value) -> std::path::PathBuf {
    files.kubeconfig(&with(right_cluster(cluster), others), &right_user(cluster))
}

#[test]
fn a_server_that_is_not_the_one_that_was_meant_gets_no_credential() {
    let Some(cluster) = cluster() else { return };
    let files = Files::new();
    let other = std::fs::read_to_string(cluster.other_ca_file()).expect("an authority");
    let cases = [
        (json!({"certificate-authority-data": base64(&other)}), "signed by an unknown CA"),
        // The system's roots did not sign it either.
        (json!({"certificate-authority-data": null}), "signed by an unknown CA"),
        (json!({"tls-server-name": "another.example.com"}), "for another name"),
    ];
    for (others, words) in cases {
        let error = call(&differing(&cluster, &files, &others), &["list_pods"]).error(1, "TLS_ERROR");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{error}");
        let hint = error["hint"].as_str().unwrap_or_default();
        assert!(hint.contains("kubeconfig") && hint.contains("--skip-tls-verification"), "both remedies: {hint}");
    }
    // A server that speaks something else.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("its address"));
    let answers = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut peer, _) = listener.accept().expect("the program comes");
        let mut seen = vec![0; 4096];
        let count = peer.read(&mut seen).unwrap_or_default();
        let _ = peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
        seen[..count].to_vec()
    });
    call(&differing(&cluster, &files, &json!({"server": url})), &["list_pods"]).error(1, "TLS_ERROR");
    let seen = answers.join().expect("it answers");
    let token = cluster.admin_token().as_bytes();
    assert!(!seen.is_empty() && !seen.windows(token.len()).any(|piece| piece == token));
}

#[test]
fn a_server_that_does_not_answer_is_an_error_of_its_own() {
    let Some(cluster) = cluster() else { return };
    let files = Files::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("its address"));
    // It takes the connection, and says nothing.
    let silent = differing(&cluster, &files, &json!({"server": url}));
    call(&silent, &["list_pods", "--timeout", "1"]).error(1, "TIMEOUT");
    drop(listener);
    let error = call(&silent, &["list_pods"]).error(1, "CONNECTION_FAILED");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("server URL")), "{error}");
    let nowhere = differing(&cluster, &files, &json!({"server": "https://no-such-host.invalid"}));
    call(&nowhere, &["list_pods"]).error(1, "CONNECTION_FAILED");
    let scale = ["scale_deployment", "namespace=a", "name=b", "replicas=1"];
    call(&silent, &scale).error(1, "CONNECTION_FAILED");
}

#[test]
fn a_token_that_the_server_does_not_take_is_told_from_a_missing_right() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.user("late", &[Rule::new("", "pods", &["list"])]).expect("a user");
    let files = Files::new();
    let place = format!("namespace={namespace}");
    let list = |token: &str, operation: &str| {
        let kubeconfig = files.kubeconfig(&right_cluster(&cluster), &json!({"token": token}));
        call(&kubeconfig, &[operation, &place])
    };
    let expired = cluster.expired_token(&user).expect("a token");
    let cases = [
        (expired.as_str(), "which expired at 20", "write a fresh one into"),
        ("nonsense-but-long-enough", "the token of the kubeconfig's user user", "may have expired"),
        ("", "a call without a credential", "a token or a client certificate is wanted"),
    ];
    for (token, what, advice) in cases {
        let error = list(token, "list_pods").error(1, "AUTHENTICATION_FAILED");
        let (message, hint) =
            (error["message"].as_str().unwrap_or_default(), error["hint"].as_str().unwrap_or_default());
        assert!(message.contains(what) && hint.contains(advice), "{error}");
    }
    list(user.token(), "list_pods").answer();
    list(user.token(), "list_deployments").error(1, "PERMISSION_DENIED");
}
