//! A client of a demo cluster, over real HTTPS, that trusts its authority and nothing else.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use meho_demo::{Demo, Settings, World};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use std::sync::Arc;

/// A cluster, and somebody who asks it.
pub(crate) struct Client {
    pub(crate) demo: Arc<Demo>,
    http: Http<HttpsConnector<HttpConnector>, Full<Bytes>>,
    token: Option<String>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }

    /// The object, of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, reason: &str, message: &str) {
        let object = self.json();
        assert_eq!((self.status.as_u16(), object["reason"].as_str().unwrap_or_default()), (status, reason), "{object}");
        assert_eq!(object["message"], message);
        assert_eq!(
            (&object["kind"], &object["status"], &object["code"]),
            (&json!("Status"), &json!("Failure"), &json!(status))
        );
    }
}

impl Client {
    /// An empty cluster.
    pub(crate) async fn empty() -> Self {
        Self::of(World::Empty).await
    }

    pub(crate) async fn of(world: World) -> Self {
        let demo = Demo::start(Settings { port: 0, world }).await.expect("a cluster starts");
        Self::new(Arc::new(demo))
    }

    fn new(demo: Arc<Demo>) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(demo.ca_pem().as_bytes()).expect("PEM")).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.expect("versions").with_root_certificates(roots).with_no_client_auth();
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_only();
        let connector = connector.enable_http1().enable_http2().build();
        let token = Some(demo.admin_token().to_owned());
        Self { demo, http: Http::builder(TokioExecutor::new()).build(connector), token }
    }

    /// The same cluster as somebody else sees it.
    pub(crate) fn with_token(&self, token: Option<&str>) -> Self {
        Self { demo: self.demo.clone(), http: self.http.clone(), token: token.map(str::to_owned) }
    }

    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).expect("a method"));
        request = request.uri(format!("{}{path}", self.demo.server_url()));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::copy_from_slice(body.unwrap_or_default()));
        self.http.request(request.body(body).expect("a request")).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let response = self.open(method, path, headers, body).await.expect("an answer");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, "application/json", body).await
    }

    pub(crate) async fn merge(&self, path: &str, body: &Value) -> Answer {
        self.json("PATCH", path, "application/merge-patch+json", body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, content_type: &str, body: &Value) -> Answer {
        self.send(method, path, &[("content-type", content_type)], Some(body.to_string().as_bytes())).await
    }

    /// A token of a new service account that has these rules everywhere.
    pub(crate) async fn user(&self, name: &str, rules: &Value) -> Self {
        let accounts = "/api/v1/namespaces/default/serviceaccounts";
        self.post(accounts, &json!({ "metadata": { "name": name } })).await.expect(201);
        let roles = "/apis/rbac.authorization.k8s.io/v1";
        let role = json!({ "metadata": { "name": name }, "rules": rules });
        self.post(&format!("{roles}/clusterroles"), &role).await.expect(201);
        let binding = json!({
            "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
            "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": "default" }],
        });
        self.post(&format!("{roles}/clusterrolebindings"), &binding).await.expect(201);
        let token = self.post(&format!("{accounts}/{name}/token"), &json!({})).await.expect(201);
        self.with_token(token["status"]["token"].as_str())
    }
}

/// A pod of one container, as people write it.
pub(crate) fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "labels": { "app": name } },
        "spec": { "containers": [{ "name": "main", "image": "registry.example/app:1" }] },
    })
}

/// A Deployment of pods that are labelled with its name.
pub(crate) fn deployment(name: &str, replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "main", "image": "registry.example/app:1" }] },
            },
        },
    })
}

/// A pod that no scheduler here looks at.
pub(crate) fn unscheduled(name: &str) -> Value {
    let mut pod = pod(name);
    pod["spec"]["schedulerName"] = json!("nobody");
    pod
}
