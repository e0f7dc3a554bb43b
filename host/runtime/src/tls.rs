//! TLS by rustls: whom to believe, and which check it was that failed.

use crate::credential::Identity;
use crate::target::{TargetError, Verification};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The client side of TLS for one target and one credential.
pub(crate) fn client_config(
    verification: &Verification,
    identity: Option<&Identity>,
) -> Result<ClientConfig, TargetError> {
    let refused = |error: rustls::Error| TargetError::Tls { reason: error.to_string() };
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(refused)?;
    let builder = match verification {
        Verification::SystemRoots => builder.with_root_certificates(system_roots()),
        Verification::Ca(certificates) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates {
                roots.add(certificate.clone()).map_err(|error| TargetError::Ca { reason: error.to_string() })?;
            }
            builder.with_root_certificates(roots)
        }
        Verification::DangerousNone => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(NoVerification(provider())))
        }
    };
    match identity {
        Some(identity) => {
            builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key()).map_err(refused)
        }
        None => Ok(builder.with_no_client_auth()),
    }
}

/// The client side of TLS towards a proxy. It has to prove who it is whether or not the target does: it is shown its own credential. Under the system's
/// roots, or the CA that was given for the target, as whoever runs both may have signed both; it is never shown the target's client certificate.
pub(crate) fn proxy_config(verification: &Verification) -> Result<ClientConfig, TargetError> {
    let refused = |error: rustls::Error| TargetError::Tls { reason: error.to_string() };
    let mut roots = system_roots();
    if let Verification::Ca(certificates) = verification {
        roots.add_parsable_certificates(certificates.iter().cloned());
    }
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(refused)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The system's roots. Those that do not parse are left out, as every client does.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// What is wrong with the certificate that a target showed, in words, and what can be done.
pub(crate) fn explain(error: &rustls::Error) -> (String, &'static str) {
    const CA: &str = "give the CA that signed it (--ca-file, or certificate-authority in the kubeconfig); only to look at a test \
                      system, --skip-tls-verification";
    const NAME: &str = "use a server URL with a name that the certificate has, or give that name (tls-server-name in the kubeconfig); \
                        only to look at a test system, --skip-tls-verification";
    const TIME: &str = "renew the target's certificate, or set this machine's clock; only to look at a test system, \
                        --skip-tls-verification";
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::UnknownIssuer => ("its certificate is signed by an unknown CA".to_owned(), CA),
            CertificateError::BadSignature => ("its certificate's signature is wrong".to_owned(), CA),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("its certificate has expired".to_owned(), TIME)
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("its certificate is not valid yet".to_owned(), TIME)
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                ("its certificate is for another name".to_owned(), NAME)
            }
            other => (format!("its certificate is not accepted ({other})"), CA),
        },
        other => (
            format!("the TLS handshake failed ({other})"),
            "look whether the server URL is that of the target's TLS port, and whether a client certificate is wanted",
        ),
    }
}

/// Believes anybody. Only where an operator asked for it by name.
#[derive(Debug)]
struct NoVerification(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
