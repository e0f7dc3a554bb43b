//! Kubeconfigs as an embedder has them read: what becomes of them when their files are rewritten, rightly or by halves.

use crate::fixtures::HONEST;
use crate::trial::{Trial, a_pod, run};
use meho_artifacts::KUBERNETES;
use meho_host::credential::{Credential, CredentialError, CredentialProvider, Identity, IdentityError, Subjects};
use meho_host::error::ErrorCode;
use meho_host::kubeconfig::{self, Word};
use meho_host::target::Target;
use meho_test_fake::{Authority, Certificate, Fake, Settings};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A JWT, of which only the middle says anything.
fn jwt(claims: &str) -> String {
    format!("eyJhbGciOiJub25lIn0.{claims}.c2lnbmF0dXJl")
}

/// `{"sub":"a"}`
const SUB_A: &str = "eyJzdWIiOiJhIn0";
/// `{"sub":"a","exp":1000000000.75}`
const FRACTION: &str = "eyJzdWIiOiJhIiwiZXhwIjoxMDAwMDAwMDAwLjc1fQ";
/// `{"sub":"a","exp":"soon"}`
const EXP_IS_TEXT: &str = "eyJzdWIiOiJhIiwiZXhwIjoic29vbiJ9";
/// `{"sub":7,"exp":1000000000}`
const SUB_IS_A_NUMBER: &str = "eyJzdWIiOjcsImV4cCI6MTAwMDAwMDAwMH0";

/// A directory with a kubeconfig in it.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    /// Another file in the place of the one before, which is how files are rotated.
    fn put(&self, name: &str, content: &str) -> PathBuf {
        let (fresh, path) = (self.0.path().join("fresh"), self.0.path().join(name));
        std::fs::write(&fresh, content).expect("a file");
        std::fs::rename(fresh, &path).expect("a file");
        path
    }

    fn pair(&self, client: &Certificate) {
        self.put("client.pem", client.pem());
        self.put("key.pem", client.key_pem());
    }

    fn kubeconfig(&self, server: &str, user: &Value) -> PathBuf {
        let config = json!({
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": self.put("ca.pem", &Authority::shared().pem())}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "k",
        });
        self.put("kubeconfig", &config.to_string())
    }
}

fn provider(path: &Path) -> Arc<dyn CredentialProvider> {
    kubeconfig::read(Some(path), None, Word::Operator).expect("a kubeconfig").1
}

#[track_caller]
fn is_another(provider: &dyn CredentialProvider) {
    let asked = run(async { provider.current().await });
    assert!(matches!(asked, Err(CredentialError::Changed { what: "identity", .. })), "{asked:?}");
}

/// A read that cannot be made says why.
#[track_caller]
fn says_in(target: &Target, words: &str) {
    let error = Trial::of(KUBERNETES).operation("list_pods").target(target.clone()).run().error().clone();
    assert_eq!(error.code, ErrorCode::InvalidRequest, "{error:?}");
    assert!(error.message.contains(words), "{error:?}");
}

#[test]
fn a_certificate_and_a_key_that_are_not_each_others_are_no_identity() {
    let [one, two] = [Authority::shared().client("somebody"), Authority::shared().client("somebody")];
    assert!(Identity::from_pem(one.pem().as_bytes(), one.key_pem().as_bytes()).is_ok());
    let mixed = Identity::from_pem(one.pem().as_bytes(), two.key_pem().as_bytes());
    assert_eq!(mixed.err(), Some(IdentityError::NotAPair));
    // Their names tell keys apart, too.
    let generation = |client: &Certificate| {
        let identity = Identity::from_pem(client.pem().as_bytes(), client.key_pem().as_bytes()).expect("an identity");
        Credential::new(None, Some(Arc::new(identity))).generation().to_owned()
    };
    assert_eq!(generation(&one), generation(&one));
    assert_ne!(generation(&one), generation(&two));
}

#[test]
fn a_client_certificate_that_is_replaced_before_its_key_is_used_once_both_are() {
    let wants = Settings { wants_client_certificate: true, ..Settings::default() };
    let fake = Fake::answering_with(wants, |_| Some(a_pod()));
    let files = Files::new();
    let [one, two] = [Authority::shared().client("somebody"), Authority::shared().client("somebody")];
    files.pair(&one);
    let path = files.kubeconfig(&fake.url(), &json!({"client-certificate": "client.pem", "client-key": "key.pem"}));
    let target = kubeconfig::target(Some(&path), None, Word::Caller).expect("a target");
    Trial::of(HONEST).target(target.clone()).succeeds();
    files.put("client.pem", two.pem());
    for _ in 0..2 {
        says_in(&target, "do not belong together");
    }
    files.put("key.pem", two.key_pem());
    Trial::of(HONEST).target(target).succeeds();
}

#[test]
fn a_certificate_of_another_is_no_rotation_whatever_stands_beside_it() {
    let certificate = json!({"client-certificate": "client.pem", "client-key": "key.pem"});
    let beside = |member: &str, value: Value| {
        let mut user = certificate.clone();
        user[member] = value;
        user
    };
    let exec =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/false", "interactiveMode": "Never"});
    for user in [
        certificate.clone(),
        beside("tokenFile", json!("token")),
        beside("token", json!(jwt(SUB_A))),
        beside("exec", exec),
    ] {
        let files = Files::new();
        files.put("token", "a-token-of-the-tests-own");
        files.pair(&Authority::shared().client("somebody"));
        let provider = provider(&files.kubeconfig("https://127.0.0.1:1", &user));
        assert!(provider.principal().contains("CN=somebody"), "{}", provider.principal());
        // The same somebody's is one.
        files.pair(&Authority::shared().client("somebody"));
        let renewed = run(async { provider.current().await });
        assert!(!matches!(renewed, Err(CredentialError::Changed { .. })), "{user}: {renewed:?}");
        files.pair(&Authority::shared().client("another"));
        is_another(provider.as_ref());
    }
}

#[test]
fn a_token_and_a_certificate_each_say_whose_they_are() {
    let client = Authority::shared().client("somebody");
    let identity = Identity::from_pem(client.pem().as_bytes(), client.key_pem().as_bytes()).expect("an identity");
    let both = Credential::new(Some(SecretString::from(jwt(SUB_A))), Some(Arc::new(identity)));
    let named = Subjects { token: Some("a".to_owned()), certificate: Some("CN=somebody".to_owned()) };
    assert_eq!(both.subjects(), &named);
    let says = |claims: &str| {
        let credential = Credential::new(Some(SecretString::from(jwt(claims))), None);
        (credential.subjects().token.clone(), credential.expires().map(|end| end.to_string()))
    };
    let (a, end) = (Some("a".to_owned()), Some("2001-09-09T01:46:40Z".to_owned()));
    // A number with a fraction is a time (RFC 7519), and what one claim has wrong takes nothing from the other.
    assert_eq!(says(FRACTION), (a.clone(), end.clone()));
    assert_eq!(says(EXP_IS_TEXT), (a, None));
    assert_eq!(says(SUB_IS_A_NUMBER), (None, end));
    assert_eq!(says("nonsense"), (None, None));
}

#[test]
fn what_is_written_while_a_kubeconfig_is_read_is_seen_as_a_change() {
    let files = Files::new();
    let user = |token: &str| json!({"token": token});
    let path = files.kubeconfig("https://127.0.0.1:1", &user("the-first-token"));
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("a file")).expect("JSON");
    // So much takes a while to parse, and much longer than to read.
    config["preferences"] = json!({"long": "x ".repeat(3 << 20)});
    let contexts = config["contexts"].as_array_mut().expect("contexts");
    contexts.extend((0..15_000).map(|n| json!({"name": format!("n{n}"), "context": {"cluster": "c", "user": "u"}})));
    let first = config.to_string();
    config["users"][0]["user"] = user("the-second-token");
    let second = config.to_string();
    files.put("kubeconfig", &first);
    let expected = Credential::new(Some(SecretString::from("the-second-token")), None).generation().to_owned();
    let provider = std::thread::scope(|scope| {
        let reading = scope.spawn(|| provider(&path));
        std::thread::sleep(Duration::from_millis(30));
        files.put("kubeconfig", &second);
        assert!(!reading.is_finished(), "it has to be written in between");
        reading.join().expect("it is read")
    });
    let credential = run(async { provider.current().await }).expect("a credential");
    assert_eq!(credential.generation(), expected);
}

#[test]
fn a_link_that_comes_to_lead_elsewhere_later_sends_nothing() {
    let fake = Fake::answering(|_| Some(a_pod()));
    let (files, elsewhere) = (Files::new(), Files::new());
    let secret = elsewhere.put("token", "a-secret-of-one-line");
    files.put("token", "a-token-of-the-tests-own");
    let path = files.kubeconfig(&fake.url(), &json!({"tokenFile": "token"}));
    let target = kubeconfig::target(Some(&path), None, Word::Caller).expect("a target");
    Trial::of(HONEST).target(target.clone()).succeeds();
    std::fs::remove_file(files.0.path().join("token")).expect("a file");
    std::os::unix::fs::symlink(secret, files.0.path().join("token")).expect("a link");
    says_in(&target, "it is not in the directory");
    let tokens: Vec<_> = fake.seen().iter().map(|seen| seen.token().map(str::to_owned)).collect();
    assert_eq!(tokens, [Some("a-token-of-the-tests-own".to_owned())]);
}
