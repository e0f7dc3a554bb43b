//! A native client, as one would write it: typed structs, pages of 500 one after another, gzip, the same HTTP and TLS libraries.

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

/// A native client of one API server.
pub(crate) struct Native {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    server: String,
    token: String,
}

#[derive(Deserialize)]
struct List<'a> {
    metadata: ListMeta,
    #[serde(borrow)]
    items: Vec<Pod<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    #[serde(default, rename = "continue")]
    token: String,
}

#[derive(Deserialize)]
struct Pod<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(borrow)]
    spec: Spec<'a>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    name: Cow<'a, str>,
    namespace: Cow<'a, str>,
    uid: Cow<'a, str>,
    #[serde(default)]
    labels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(default)]
    annotations: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    creation_timestamp: Option<Cow<'a, str>>,
    deletion_timestamp: Option<Cow<'a, str>>,
    #[serde(default)]
    owner_references: Vec<Owner<'a>>,
}

#[derive(Deserialize, Serialize)]
struct Owner<'a> {
    kind: Cow<'a, str>,
    name: Cow<'a, str>,
    uid: Cow<'a, str>,
    #[serde(default)]
    controller: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    node_name: Option<Cow<'a, str>>,
    service_account_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    containers: Vec<Container<'a>>,
}

#[derive(Deserialize)]
struct Container<'a> {
    name: Cow<'a, str>,
    image: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    phase: Option<Cow<'a, str>>,
    #[serde(rename = "podIP")]
    pod_ip: Option<Cow<'a, str>>,
    #[serde(rename = "hostIP")]
    host_ip: Option<Cow<'a, str>>,
    start_time: Option<Cow<'a, str>>,
    qos_class: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    conditions: Vec<Condition<'a>>,
    #[serde(borrow, default)]
    container_statuses: Vec<ContainerStatus<'a>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all(deserialize = "camelCase"))]
struct Condition<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    status: Cow<'a, str>,
    reason: Option<Cow<'a, str>>,
    message: Option<Cow<'a, str>>,
    last_transition_time: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus<'a> {
    name: Cow<'a, str>,
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    restart_count: i64,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    namespace: &'a str,
    uid: &'a str,
    labels: &'a BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    annotations: &'a BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    created: Option<&'a str>,
    deletion_timestamp: Option<&'a str>,
    owner_references: &'a [Owner<'a>],
    phase: Option<&'a str>,
    ready: String,
    restarts: i64,
    host_ip: Option<&'a str>,
    pod_ip: Option<&'a str>,
    start_time: Option<&'a str>,
    node_name: Option<&'a str>,
    service_account: Option<&'a str>,
    containers: Vec<ContainerRow<'a>>,
    conditions: &'a [Condition<'a>],
    qos_class: Option<&'a str>,
}

#[derive(Serialize)]
struct ContainerRow<'a> {
    name: &'a str,
    image: Option<&'a str>,
    ready: bool,
    restart_count: i64,
}

impl Native {
    pub(crate) fn new(server: &str, token: &str, ca_pem: &str) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
            roots.add(certificate.expect("the CA parses")).expect("the CA is a root");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).http1_max_buf_size(1 << 20).build(https);
        Self { client, server: server.to_owned(), token: token.to_owned() }
    }

    /// All pods as rows, page by page. Gives the count and the bytes of the rows.
    pub(crate) async fn list(&self) -> (usize, usize) {
        let mut rows = Vec::new();
        let mut count = 0;
        let mut token = String::new();
        loop {
            let page = self.page(&token).await;
            let list: List<'_> = serde_json::from_slice(&page).expect("a PodList");
            rows.clear();
            for pod in &list.items {
                serde_json::to_writer(&mut rows, &row(pod)).expect("a row");
                rows.push(b'\n');
                count += 1;
            }
            if list.metadata.token.is_empty() {
                return (count, rows.len());
            }
            token = list.metadata.token;
        }
    }

    async fn page(&self, token: &str) -> Vec<u8> {
        let more = if token.is_empty() { String::new() } else { format!("&continue={token}") };
        let request = Request::get(format!("{}/api/v1/pods?limit=500{more}", self.server))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_ENCODING, "gzip")
            .header(header::USER_AGENT, "native-client/1")
            .body(Empty::new())
            .expect("a request");
        let response = self.client.request(request).await.expect("an answer");
        assert_eq!(response.status(), 200);
        let zipped = response.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        if !zipped {
            return body.to_vec();
        }
        let mut page = Vec::with_capacity(body.len() * 12);
        GzDecoder::new(&body[..]).read_to_end(&mut page).expect("gzip");
        page
    }
}

fn row<'a>(pod: &'a Pod<'a>) -> Row<'a> {
    let statuses = &pod.status.container_statuses;
    let container = |container: &'a Container<'a>| {
        let status = statuses.iter().find(|status| status.name == container.name);
        ContainerRow {
            name: &container.name,
            image: container.image.as_deref(),
            ready: status.is_some_and(|status| status.ready),
            restart_count: status.map_or(0, |status| status.restart_count),
        }
    };
    Row {
        name: &pod.metadata.name,
        namespace: &pod.metadata.namespace,
        uid: &pod.metadata.uid,
        labels: &pod.metadata.labels,
        annotations: &pod.metadata.annotations,
        created: pod.metadata.creation_timestamp.as_deref(),
        deletion_timestamp: pod.metadata.deletion_timestamp.as_deref(),
        owner_references: &pod.metadata.owner_references,
        phase: pod.status.phase.as_deref(),
        ready: format!("{}/{}", statuses.iter().filter(|status| status.ready).count(), pod.spec.containers.len()),
        restarts: statuses.iter().map(|status| status.restart_count).sum(),
        host_ip: pod.status.host_ip.as_deref(),
        pod_ip: pod.status.pod_ip.as_deref(),
        start_time: pod.status.start_time.as_deref(),
        node_name: pod.spec.node_name.as_deref(),
        service_account: pod.spec.service_account_name.as_deref(),
        containers: pod.spec.containers.iter().map(container).collect(),
        conditions: &pod.status.conditions,
        qos_class: pod.status.qos_class.as_deref(),
    }
}
