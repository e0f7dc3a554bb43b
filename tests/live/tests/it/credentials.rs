//! Each kind of credential on the real server, rotated and ended in the middle of calls: what the server saw of it is in its audit log.

use crate::approvals::scaler;
use crate::embedded::{Caller, settings, yes};
use crate::kubeconfigs::{Files, base64, one_context, right_cluster, text, with};
use crate::objects::{SOON, cluster, deployed, pending_pod, still_deployment};
use crate::program::{self, call};
use async_trait::async_trait;
use meho_control_plane::{AuditEvent, AuditMark, ControlPlane, Method, Namespace, Rule, User, until};
use meho_host::credential::{Credential, CredentialError, CredentialProvider, Refusal, TokenFile};
use meho_host::error::{CallError, ErrorCode};
use meho_host::in_cluster::InCluster;
use meho_host::kubeconfig::{self, Word};
use meho_host::target::Target;
use meho_test_fake::{Authority, Form, Proxy, Speaks, Validity};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const V1: &str = "client.authentication.k8s.io/v1";
/// A token that nobody has.
const NOBODYS: &str = "nobodys-token.0123456789";

/// A provider before which something is done, once, when it is asked for the nth time: the host asks before every request.
#[derive(Debug)]
struct Before<F> {
    inner: Arc<dyn CredentialProvider>,
    asked: AtomicUsize,
    nth: usize,
    first: F,
}

/// Does `first` before the nth request.
fn before<F>(nth: usize, inner: Arc<dyn CredentialProvider>, first: F) -> Arc<dyn CredentialProvider>
where
    F: Fn() + Clone + Send + Sync + 'static,
{
    Arc::new(Before { inner, asked: AtomicUsize::new(0), nth, first: Debugged(first) })
}

/// A closure, which has nothing to show.
#[derive(Clone)]
struct Debugged<F>(F);

impl<F> std::fmt::Debug for Debugged<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("something to do")
    }
}

#[async_trait]
impl<F: Fn() + Clone + Send + Sync + 'static> CredentialProvider for Before<Debugged<F>> {
    fn principal(&self) -> String {
        self.inner.principal()
    }

    async fn current(&self) -> Result<Arc<Credential>, CredentialError> {
        if self.asked.fetch_add(1, Ordering::SeqCst) + 1 == self.nth {
            let first = self.first.0.clone();
            tokio::task::spawn_blocking(first).await.expect("it is done");
        }
        self.inner.current().await
    }

    async fn refresh(&self, refused: &Credential) -> Result<Arc<Credential>, CredentialError> {
        self.inner.refresh(refused).await
    }

    fn refusal(&self, refused: &Credential) -> Refusal {
        self.inner.refusal(refused)
    }
}

/// Something that holds a token and can be given another, in one of the ways in which that is done.
struct Held {
    files: Files,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// A token file in the place of a mounted one.
    File,
    /// A kubeconfig with the token in it, written anew.
    Kubeconfig,
    /// A plugin of a kubeconfig, which prints what its login left somewhere.
    Plugin,
    /// The files that a pod finds mounted.
    InCluster,
}

const ALL: [How; 4] = [How::File, How::Kubeconfig, How::Plugin, How::InCluster];

impl Held {
    fn new(how: How, cluster: &ControlPlane, token: &str) -> Self {
        let held = Self { files: Files::new(), how };
        held.files.write("ca.crt", cluster.ca_pem());
        held.files.write("namespace", "somewhere\n");
        held.to(cluster, token);
        held
    }

    /// Rotates it, as whoever does that would.
    fn to(&self, cluster: &ControlPlane, token: &str) {
        rotate(self.how, &self.files.path(""), cluster, token);
    }

    fn provider(&self) -> Arc<dyn CredentialProvider> {
        match self.how {
            How::File | How::InCluster => Arc::new(TokenFile::new(self.files.path("token"), None)),
            How::Kubeconfig | How::Plugin => {
                let path = self.files.path("kubeconfig");
                kubeconfig::read(Some(&path), None, Word::Operator).expect("a kubeconfig").1
            }
        }
    }

    /// The target, as whoever has this makes it.
    fn target(&self, cluster: &ControlPlane) -> Target {
        match self.how {
            How::File => Target::new(settings(cluster), self.provider()).expect("a target"),
            How::Kubeconfig | How::Plugin => {
                let path = self.files.path("kubeconfig");
                kubeconfig::target(Some(&path), None, Word::Operator).expect("a target")
            }
            How::InCluster => {
                let (host, port) =
                    cluster.server_url().trim_start_matches("https://").rsplit_once(':').expect("a port");
                let mounted =
                    InCluster { host: host.to_owned(), port: port.to_owned(), directory: self.files.path("") };
                assert_eq!(mounted.namespace().as_deref(), Some("somewhere"));
                mounted.target().expect("a target")
            }
        }
    }
}

fn rotate(how: How, directory: &Path, cluster: &ControlPlane, token: &str) {
    let put = |name: &str, content: String| {
        let fresh = directory.join("fresh");
        std::fs::write(&fresh, content).expect("a file");
        std::fs::rename(fresh, directory.join(name)).expect("a file");
    };
    put("token", token.to_owned());
    match how {
        How::File | How::InCluster => {}
        How::Kubeconfig => {
            put("kubeconfig", one_context("test", &right_cluster(cluster), &json!({"token": token})).to_string());
        }
        How::Plugin if directory.join("kubeconfig").exists() => {}
        How::Plugin => {
            let user = plugin(&format!(
                "{}printf '%s' \"$(cat '{}')\"; echo '\"}}}}'",
                printed_head(),
                directory.join("token").display()
            ));
            put("kubeconfig", one_context("test", &right_cluster(cluster), &user).to_string());
        }
    }
}

/// A line that prints an ExecCredential up to its token.
fn printed_head() -> String {
    format!(r#"printf '%s' '{{"apiVersion":"{V1}","kind":"ExecCredential","status":{{"token":"'; "#)
}

/// A user of a kubeconfig whose plugin is this script.
fn plugin(script: &str) -> Value {
    json!({"exec": {"apiVersion": V1, "command": "/bin/sh", "args": ["-c", script], "interactiveMode": "Never"}})
}

/// A user whose plugin prints this status.
fn printing(status: &Value) -> Value {
    let document = json!({"apiVersion": V1, "kind": "ExecCredential", "status": status});
    plugin(&format!("cat <<'END'\n{document}\nEND\n"))
}

/// What the server logged of the requests of a caller.
#[track_caller]
fn logged(cluster: &ControlPlane, since: AuditMark, caller: &Caller) -> Vec<AuditEvent> {
    let requests = caller.requests();
    let ids: Vec<&str> = requests.iter().map(|request| request.audit_id.as_str()).collect();
    let is_there = |events: &[AuditEvent]| ids.iter().all(|id| events.iter().any(|event| event.audit_id == *id));
    let events = until(SOON, || {
        let (events, _) = cluster.audit_events(since).expect("the audit log");
        let mine: Vec<_> = events.into_iter().filter(|event| ids.contains(&event.audit_id.as_str())).collect();
        is_there(&mine).then_some(mine)
    });
    events.expect("every request has an event")
}

fn code(event: &AuditEvent) -> u16 {
    event.response_status.as_ref().map_or(0, |status| status.code)
}

fn reader(namespace: &Namespace) -> User {
    namespace.user("reader", &[Rule::new("", "pods", &["list"])]).expect("a user")
}

/// Waits until the server does not take a token any more: it remembers for some seconds that it did.
#[track_caller]
fn until_refused(namespace: &Namespace, token: &str) {
    let client = namespace.cluster().admin().with_token(token);
    let refused = until(SOON, || {
        let answer = client.request(Method::GET, &namespace.path("pods"), &[], None).expect("an answer");
        (answer.status == 401).then_some(())
    });
    refused.expect("it is refused");
}

#[test]
fn every_kind_of_credential_is_somebody_to_the_server() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = reader(&namespace);
    let place = json!({"namespace": namespace.name()});
    let is_seen_as = |target: Target, name: &str| {
        let since = cluster.audit_mark().expect("the audit log");
        let caller = Caller::new(target);
        caller.data("list_pods", place.clone());
        let events = logged(&cluster, since, &caller);
        assert!(!events.is_empty() && events.iter().all(|event| event.user.username == name), "{name}: {events:#?}");
    };
    pending_pod(&namespace, "web");
    for how in ALL {
        is_seen_as(Held::new(how, &cluster, user.token()).target(&cluster), user.username());
    }
    let files = Files::new();
    let client = cluster.client_certificate("somebody").expect("a certificate");
    let of_files = json!({
        "client-certificate": files.write("client.pem", &client.certificate),
        "client-key": files.write("client-key.pem", &client.key),
    });
    let inline =
        json!({"client-certificate-data": base64(&client.certificate), "client-key-data": base64(&client.key)});
    let printed = printing(&json!({"clientCertificateData": client.certificate, "clientKeyData": client.key}));
    for user in [of_files, inline, printed] {
        let path = files.kubeconfig(&right_cluster(&cluster), &user);
        let target = kubeconfig::target(Some(&path), None, Word::Operator).expect("a target");
        is_seen_as(target, "somebody");
    }
    // A token file beside it, named as the kubeconfig sees it.
    files.write("token", user.token());
    let path = files.kubeconfig(&right_cluster(&cluster), &json!({"tokenFile": "token"}));
    is_seen_as(kubeconfig::target(Some(&path), None, Word::Caller).expect("a target"), user.username());
    // And a plugin: a bare name would be looked up, this is a path.
    std::os::unix::fs::symlink("/bin/sh", files.path("plugin")).expect("a link");
    let mut beside = printing(&json!({"token": user.token()}));
    beside["exec"]["command"] = json!("./plugin");
    let path = files.kubeconfig(&right_cluster(&cluster), &beside);
    is_seen_as(kubeconfig::target(Some(&path), None, Word::Operator).expect("a target"), user.username());
}

/// More than one page of the server's.
const MANY: u32 = 505;

#[test]
fn a_token_that_is_rotated_between_the_pages_of_a_list_does_not_end_it() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "many", MANY);
    let user = reader(&namespace);
    let other = namespace.token_bound_to(&user, "other").expect("a token");
    let place = json!({"namespace": namespace.name()});
    for how in ALL {
        let held = Held::new(how, &cluster, user.token());
        let rotates = |token: &str| {
            let (directory, cluster, token) = (held.files.path(""), cluster.clone(), token.to_owned());
            move || rotate(how, &directory, &cluster, &token)
        };
        // To another that holds.
        let provider = before(2, held.provider(), rotates(&other));
        let caller = Caller::new(Target::new(settings(&cluster), provider).expect("a target"));
        let (rows, meta) = caller.answer("list_pods", place.clone());
        assert_eq!((rows.as_array().map(Vec::len), meta.complete), (Some(MANY as usize), true), "{how:?}");

        // To one that does not: what it was is said, and nobody takes the first page for the whole.
        held.to(&cluster, user.token());
        let provider = before(2, held.provider(), rotates(NOBODYS));
        let since = cluster.audit_mark().expect("the audit log");
        let caller = Caller::new(Target::new(settings(&cluster), provider).expect("a target"));
        if how == How::Plugin {
            // Its first token is kept as long as it holds, so it is only asked again once that is refused.
            caller.answer("list_pods", place.clone());
            continue;
        }
        let error = caller.refused(ErrorCode::AuthenticationFailed, "list_pods", place.clone());
        assert_advice(how, &held, &error);
        let mut codes: Vec<u16> = logged(&cluster, since, &caller).iter().map(code).collect();
        // The second is asked for while the first is still read.
        codes.sort_unstable();
        assert_eq!(codes, [200, 401], "{how:?}");
        // And without a restart of anything it goes on.
        held.to(&cluster, &other);
        assert_eq!(caller.data("list_pods", place.clone()).as_array().map(Vec::len), Some(MANY as usize), "{how:?}");
    }
}

#[track_caller]
fn assert_advice(how: How, held: &Held, error: &CallError) {
    let file = held.files.path("token").display().to_string();
    let kubeconfig = held.files.path("kubeconfig").display().to_string();
    let (message, hint) = match how {
        How::File | How::InCluster => (format!("the token in the file {file}"), "rotates".to_owned()),
        How::Kubeconfig => ("the token of the kubeconfig's user user".to_owned(), kubeconfig),
        How::Plugin => ("the credential that the exec plugin /bin/sh".to_owned(), "log in again".to_owned()),
    };
    let given = error.hint.clone();
    assert!(error.message.contains(&message) && given.contains(&hint), "{how:?}: {error:?}");
    assert!(!error.is_from_connector() && !format!("{error:?}").contains(NOBODYS), "{error:?}");
}

#[test]
fn a_token_that_ends_on_the_server_is_an_error_with_advice_and_a_fresh_one_is_taken_without_a_restart() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    pending_pod(&namespace, "web");
    let user = reader(&namespace);
    let place = json!({"namespace": namespace.name()});
    let bound = namespace.token_bound_to(&user, "bound").expect("a token");
    let held: Vec<Held> = ALL.iter().map(|how| Held::new(*how, &cluster, &bound)).collect();
    let callers: Vec<Caller> = held.iter().map(|held| Caller::new(held.target(&cluster))).collect();
    for caller in &callers {
        caller.data("list_pods", place.clone());
    }
    cluster.admin().delete(&namespace.path("secrets/bound")).expect("it is deleted");
    until_refused(&namespace, &bound);
    for (caller, held) in callers.iter().zip(&held) {
        let error = caller.refused(ErrorCode::AuthenticationFailed, "list_pods", place.clone());
        assert_advice(held.how, held, &error);
        held.to(&cluster, user.token());
        // The next call finds the fresh one, a plugin because the server refuses the one before.
        caller.data("list_pods", place.clone());
    }
    // One that says itself when it was over.
    let over = Held::new(How::File, &cluster, &cluster.expired_token(&user).expect("a token"));
    let caller = Caller::new(over.target(&cluster));
    let error = caller.refused(ErrorCode::AuthenticationFailed, "list_pods", place);
    assert!(error.message.contains(", which expired at 20"), "{error:?}");
}

#[test]
fn a_write_with_a_credential_that_is_refused_is_made_once_and_only_once() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 2);
    let user = scaler(&namespace);
    let other = namespace.token_bound_to(&user, "other").expect("a token");
    let to = |replicas: u32| json!({"namespace": namespace.name(), "name": "web", "replicas": replicas});
    let writes = |since: AuditMark, caller: &Caller| -> Vec<u16> {
        let events = logged(&cluster, since, caller);
        events.iter().filter(|event| event.uri.contains("/scale") && event.verb == "patch").map(code).collect()
    };
    for (how, replicas) in [(How::File, 4), (How::Kubeconfig, 5), (How::InCluster, 6)] {
        let before_it = deployed(&namespace, "web");
        let held = Held::new(how, &cluster, user.token());
        let rotates = |token: &str| {
            let (directory, cluster, token) = (held.files.path(""), cluster.clone(), token.to_owned());
            move || rotate(how, &directory, &cluster, &token)
        };
        // Its plan reads twice, its preview reads and tries, its execution reads twice again, and then it writes.
        let provider = before(7, held.provider(), rotates(NOBODYS));
        let since = cluster.audit_mark().expect("the audit log");
        let caller = Caller::new(Target::new(settings(&cluster), provider).expect("a target")).asking(yes());
        let error = caller.refused(ErrorCode::AuthenticationFailed, "scale_deployment", to(9));
        assert_advice(how, &held, &error);
        assert_eq!((&error.details["outcome"], &error.details["write_status"]), (&json!("answered"), &json!(401)));
        assert_eq!(writes(since, &caller), [401], "{how:?}: it is not sent again");
        assert_eq!(deployed(&namespace, "web"), before_it, "{how:?}");

        // One that is rotated right before it, and holds, carries it: once.
        held.to(&cluster, user.token());
        let since = cluster.audit_mark().expect("the audit log");
        let provider = before(7, held.provider(), rotates(&other));
        let caller = Caller::new(Target::new(settings(&cluster), provider).expect("a target")).asking(yes());
        caller.data("scale_deployment", to(replicas));
        assert_eq!((writes(since, &caller), deployed(&namespace, "web").replicas), (vec![200], replicas), "{how:?}");
        crate::objects::still(&namespace, "web");
    }
}

#[test]
fn a_plugins_token_that_is_refused_at_a_write_is_not_sent_again_and_the_next_call_has_another() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    still_deployment(&namespace, "web", 2);
    let user = scaler(&namespace);
    let bound = namespace.token_bound_to(&user, "bound").expect("a token");
    let held = Held::new(How::Plugin, &cluster, &bound);
    let ends = {
        let (directory, cluster, name) = (held.files.path(""), cluster.clone(), namespace.name().to_owned());
        let (bound, token, path) = (bound.clone(), user.token().to_owned(), namespace.path("deployments"));
        move || {
            cluster.admin().delete(&format!("/api/v1/namespaces/{name}/secrets/bound")).expect("it is deleted");
            let client = cluster.admin().with_token(&bound);
            let refused = until(SOON, || {
                let answer = client.request(Method::GET, &path, &[], None).expect("an answer");
                (answer.status == 401).then_some(())
            });
            refused.expect("it is refused");
            rotate(How::Plugin, &directory, &cluster, &token);
        }
    };
    let provider = before(7, held.provider(), ends);
    let since = cluster.audit_mark().expect("the audit log");
    let caller = Caller::new(Target::new(settings(&cluster), provider).expect("a target")).asking(yes());
    let to = |replicas: u32| json!({"namespace": namespace.name(), "name": "web", "replicas": replicas});
    let error = caller.refused(ErrorCode::AuthenticationFailed, "scale_deployment", to(3));
    assert_advice(How::Plugin, &held, &error);
    assert_eq!(deployed(&namespace, "web").replicas, 2);
    caller.data("scale_deployment", to(4));
    let events = logged(&cluster, since, &caller);
    let codes: Vec<u16> = events.iter().filter(|event| event.verb == "patch").map(code).collect();
    assert_eq!((codes, deployed(&namespace, "web").replicas), (vec![401, 200], 4));
}

#[test]
fn a_read_that_a_plugins_old_token_is_refused_for_is_made_again_with_its_new_one() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = reader(&namespace);
    pending_pod(&namespace, "web");
    let held = Held::new(How::Plugin, &cluster, NOBODYS);
    let provider = held.provider();
    let since = cluster.audit_mark().expect("the audit log");
    let caller = Caller::new(Target::new(settings(&cluster), provider.clone()).expect("a target"));
    let place = json!({"namespace": namespace.name()});
    caller.refused(ErrorCode::AuthenticationFailed, "list_pods", place.clone());
    held.to(&cluster, user.token());
    assert_eq!(caller.data("list_pods", place)[0]["name"], "web");
    let seen: Vec<u16> = logged(&cluster, since, &caller).iter().map(code).collect();
    assert_eq!(seen, [401, 401, 200]);
}

#[test]
fn a_client_certificate_is_rotated_in_its_files_and_an_expired_one_says_so() {
    let Some(cluster) = cluster() else { return };
    let files = Files::new();
    let put = |client: &meho_control_plane::ClientCertificate| {
        (files.write("client.pem", &client.certificate), files.write("client-key.pem", &client.key))
    };
    let (certificate, key) = put(&cluster.expired_client_certificate("somebody").expect("a certificate"));
    let user = json!({"client-certificate": certificate, "client-key": key});
    let path = files.kubeconfig(&right_cluster(&cluster), &user);
    let since = cluster.audit_mark().expect("the audit log");
    let caller = Caller::new(kubeconfig::target(Some(&path), None, Word::Caller).expect("a target"));
    let list = json!({"limit": 1});
    let error = caller.refused(ErrorCode::AuthenticationFailed, "list_deployments", list.clone());
    let wanted = "the target does not accept the client certificate of the kubeconfig's user user, which expired at 2001-01-01T00:00:00Z";
    assert_eq!(error.message, wanted);
    put(&cluster.client_certificate("somebody").expect("a certificate"));
    caller.answer("list_deployments", list.clone());
    let events = logged(&cluster, since, &caller);
    let seen: Vec<(u16, &str)> = events.iter().map(|event| (code(event), event.user.username.as_str())).collect();
    assert_eq!(seen, [(401, ""), (200, "somebody")]);
    // Somebody else's is no rotation.
    put(&cluster.client_certificate("another").expect("a certificate"));
    let error = caller.refused(ErrorCode::InvalidRequest, "list_deployments", list);
    assert!(error.message.contains("has another identity now"), "{error:?}");
    assert_eq!(caller.requests().len(), 2, "nothing was sent");
}

#[test]
fn a_kubeconfig_that_comes_to_mean_another_target_is_not_followed() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let (one, two) = (reader(&namespace), namespace.user("other", &[]).expect("a user"));
    let files = Files::new();
    let right = right_cluster(&cluster);
    let path = files.kubeconfig(&right, &json!({"token": one.token()}));
    let caller = Caller::new(kubeconfig::target(Some(&path), None, Word::Operator).expect("a target"));
    let place = json!({"namespace": namespace.name()});
    caller.answer("list_pods", place.clone());
    let sent = caller.requests().len();
    let changes = [
        (
            with(right.clone(), &json!({"server": "https://127.0.0.1:1"})),
            json!({"token": one.token()}),
            "another server",
        ),
        (
            with(right.clone(), &json!({"proxy-url": "http://127.0.0.1:1"})),
            json!({"token": one.token()}),
            "another server",
        ),
        (right.clone(), json!({"token": two.token()}), "another identity"),
        (right.clone(), printing(&json!({"token": one.token()})), "another identity"),
    ];
    for (cluster_now, user, words) in changes {
        files.kubeconfig(&cluster_now, &user);
        let error = caller.refused(ErrorCode::InvalidRequest, "list_pods", place.clone());
        assert!(error.message.contains(words), "{error:?}");
    }
    std::fs::write(&path, "nonsense: [").expect("a file");
    caller.refused(ErrorCode::InvalidRequest, "list_pods", place.clone());
    assert_eq!(caller.requests().len(), sent, "nothing was sent");
    files.kubeconfig(&right, &json!({"token": one.token()}));
    caller.answer("list_pods", place);
}

#[test]
fn the_program_runs_the_plugin_of_the_current_kubeconfig() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = reader(&namespace);
    pending_pod(&namespace, "web");
    let place = format!("namespace={namespace}");
    let files = Files::new();
    let list = |user: &Value| {
        let mut command = program::command(&["call", "list_pods", &place]);
        command.env("KUBECONFIG", files.kubeconfig(&right_cluster(&cluster), user));
        program::finish(command)
    };
    let (data, _) = list(&printing(&json!({"token": user.token()}))).answer();
    assert_eq!(data[0]["name"], "web");
    // What it is told of the cluster is what the kubeconfig says.
    let mut told = plugin(&format!(
        "case \"$KUBERNETES_EXEC_INFO\" in *'\"server\":\"{}\"'*) ;; *) exit 3 ;; esac; {}",
        cluster.server_url(),
        printing(&json!({"token": user.token()}))["exec"]["args"][1].as_str().expect("a script")
    ));
    told["exec"]["provideClusterInfo"] = json!(true);
    list(&told).answer();

    let fails = |user: &Value, code: &str, words: &str| {
        let error = list(user).error(1, code);
        assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{words:?}: {error}");
        error
    };
    let says = format!("echo 'session over {}' >&2; exit 1", user.token());
    let error = fails(&plugin(&says), "AUTHENTICATION_FAILED", "failed: exit status: 1: session over [left out]");
    assert!(!error.to_string().contains(user.token()), "{error}");
    fails(&plugin("echo nonsense"), "AUTHENTICATION_FAILED", "printed no credential");
    let over = json!({"token": user.token(), "expirationTimestamp": "2001-01-01T00:00:00Z"});
    fails(&printing(&over), "AUTHENTICATION_FAILED", "expired at 2001-01-01T00:00:00Z");
    let mut missing = plugin("");
    missing["exec"]["command"] = json!("no-such-plugin-anywhere");
    missing["exec"]["installHint"] = json!("get it from the shop");
    let error = fails(&missing, "INVALID_REQUEST", "was not found");
    assert_eq!(error["hint"], "get it from the shop");
    fails(&printing(&json!({"token": NOBODYS})), "AUTHENTICATION_FAILED", "the exec plugin /bin/sh");
}

#[test]
fn a_plugin_is_not_run_where_nobody_allowed_it() {
    let files = Files::new();
    let mark = files.path("ran");
    let user = plugin(&format!("touch '{}'", mark.display()));
    let path = files.kubeconfig(&json!({"server": "https://127.0.0.1:1"}), &user);
    let error = kubeconfig::target(Some(&path), None, Word::default()).expect_err("it is refused");
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert!(error.message.contains("an exec plugin") && error.message.contains("was not allowed"), "{error:?}");
    let target = kubeconfig::target(Some(&path), None, Word::Operator).expect("a target");
    assert!(!mark.exists(), "nor before somebody calls");
    Caller::new(target).refused(ErrorCode::AuthenticationFailed, "list_pods", json!({}));
    assert!(mark.exists());
}

#[test]
fn a_kubeconfigs_proxy_is_used_and_the_environments_is_not() {
    let Some(cluster) = cluster() else { return };
    let namespace = cluster.namespace().expect("a namespace");
    let user = reader(&namespace);
    pending_pod(&namespace, "web");
    let place = format!("namespace={namespace}");
    let files = Files::new();
    let to = cluster.server_url().trim_start_matches("https://").to_owned();
    // The proxy's own certificate, beside the cluster's.
    let authority = Authority::shared();
    let both = files.write("both.pem", format!("{}\n{}", cluster.ca_pem(), authority.pem()));
    let https = Speaks::Https(authority.server(&["127.0.0.1"], Validity::Now));
    for speaks in [Speaks::Http, https, Speaks::Socks5] {
        let proxy = Proxy::wanting(speaks, "somebody:secret-password");
        let at = json!({
            "proxy-url": proxy.url_as("somebody:secret-password"), "certificate-authority": both, "certificate-authority-data": null,
            // The server's certificate is good for this name too.
            "tls-server-name": "kubernetes.default",
        });
        let kubeconfig = files.kubeconfig(&with(right_cluster(&cluster), &at), &json!({"token": user.token()}));
        let run = call(&kubeconfig, &["list_pods", &place]);
        assert_eq!(run.answer().0[0]["name"], "web");
        let passages = proxy.passages();
        assert!(passages.len() == 1 && passages[0].to == to, "{passages:?}");
        assert_eq!(Form::found(user.token(), &proxy.carried()), []);
        let wrong = json!({"proxy-url": proxy.url_as("somebody:another-password"), "certificate-authority": both, "certificate-authority-data": null});
        let kubeconfig = files.kubeconfig(&with(right_cluster(&cluster), &wrong), &json!({"token": user.token()}));
        let run = call(&kubeconfig, &["list_pods", &place]);
        run.error(1, "CONNECTION_FAILED");
        assert!(!format!("{run:?}").contains("another-password"), "{run:?}");
    }
    let proxy = Proxy::new(Speaks::Http);
    let mut command = program::command(&["call", "list_pods", &place, "--kubeconfig", text(user.kubeconfig())]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, proxy.url());
    }
    program::finish(command).answer();
    assert_eq!(proxy.passages(), []);
}
