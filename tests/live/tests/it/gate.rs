//! A gate in front of the API server: it ends the TLS of whoever comes, as a server with a certificate of its own, and passes on what is said inside. It
//! knows which HTTP version was agreed on, and may want a client certificate.

use crate::embedded::embedded;
use meho_control_plane::Cluster;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What a gate wants of whoever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Certificate,
    NoCertificate,
}

/// A gate. It stays open until the process ends.
pub(crate) struct Gate {
    address: SocketAddr,
    authority: CertifiedIssuer<'static, KeyPair>,
    passages: Arc<Mutex<Vec<String>>>,
}

impl Gate {
    /// Opens one.
    pub(crate) fn open(cluster: &Cluster, wants: Wants) -> Self {
        let authority = authority();
        let server = Arc::new(server_config(&authority, wants));
        let roots = roots(cluster.ca_pem());
        let behind: String = cluster.server_url().trim_start_matches("https://").to_owned();
        let passages: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = passages.clone();
        let runtime = &embedded().runtime;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("its address");
        runtime.spawn(async move {
            while let Ok((peer, _)) = listener.accept().await {
                tokio::spawn(pass(peer, server.clone(), roots.clone(), behind.clone(), seen.clone()));
            }
        });
        Self { address, authority, passages }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Who signed its certificate.
    pub(crate) fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// A client certificate that it accepts, and its key.
    pub(crate) fn client(&self) -> (String, String) {
        signed(&self.authority, "a client", ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// The HTTP version of each connection that was let through so far.
    pub(crate) fn passages(&self) -> Vec<String> {
        self.passages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn pass(
    peer: TcpStream,
    server: Arc<ServerConfig>,
    roots: RootCertStore,
    behind: String,
    seen: Arc<Mutex<Vec<String>>>,
) {
    let Ok(mut inner) = TlsAcceptor::from(server).accept(peer).await else { return };
    let protocol = inner.get_ref().1.alpn_protocol().unwrap_or(b"http/1.1").to_vec();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8_lossy(&protocol).into_owned());
    let mut client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![protocol];
    let stream = TcpStream::connect(behind).await.expect("the API server");
    let name = ServerName::try_from("localhost").expect("a name");
    let mut outer = TlsConnector::from(Arc::new(client)).connect(name, stream).await.expect("the API server's TLS");
    // A connection ends as it likes.
    let _ = tokio::io::copy_bidirectional(&mut inner, &mut outer).await;
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// A certificate and its key, as PEM.
fn signed(
    authority: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    usage: ExtendedKeyUsagePurpose,
) -> (String, String) {
    let names = if usage == ExtendedKeyUsagePurpose::ServerAuth { vec!["127.0.0.1".to_owned()] } else { Vec::new() };
    let mut params = CertificateParams::new(names).expect("parameters");
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

fn roots(pem: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")).expect("a root");
    roots
}

fn server_config(authority: &CertifiedIssuer<'static, KeyPair>, wants: Wants) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (certificate, key) = signed(authority, "a gate", ExtendedKeyUsagePurpose::ServerAuth);
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().expect("versions");
    let builder = match wants {
        Wants::NoCertificate => builder.with_no_client_auth(),
        Wants::Certificate => {
            let roots = Arc::new(roots(&authority.pem()));
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build().expect("a verifier");
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let mut config = builder.with_single_cert(chain, key).expect("a configuration");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}
