//! Bodies of requests: read of those who may ask for something, and not for ever.

use crate::client::Client;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// For a loaded machine: a body may take ten seconds.
const SOON: Duration = Duration::from_secs(60);

/// What is answered to the head of a request whose body does not come.
async fn answered(client: &Client, authorization: &str) -> String {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(client.demo.ca_pem().as_bytes()).expect("PEM")).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.expect("versions").with_root_certificates(roots).with_no_client_auth();
    let address = client.demo.server_url().trim_start_matches("https://").to_owned();
    let socket = TcpStream::connect(&address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = TlsConnector::from(Arc::new(tls)).connect(name, socket).await.expect("TLS");
    let head = format!(
        "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n{authorization}\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("it takes the head");
    stream.write_all(&[b' '; 1000]).await.expect("it takes a beginning");
    let mut answer = Vec::new();
    // A connection that is broken off may be so without a word.
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn whoever_has_no_token_is_refused_before_the_body_is_read() {
    let client = Client::empty().await;
    for authorization in ["", "authorization: Bearer nobodys\r\n"] {
        let answer = answered(&client, authorization).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let client = Client::empty().await;
    let answer = answered(&client, &format!("authorization: Bearer {}\r\n", client.demo.admin_token())).await;
    assert_eq!(answer, "");
}
