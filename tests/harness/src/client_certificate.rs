//! Certificates that the server takes for a client's: the common name is the user, the organisation a group.

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};

use crate::client::ClientError;
use crate::control_plane::ControlPlane;
use crate::credentials::{CLIENT_AUTHORITY, CLIENT_CA_KEY, authority_params};

/// A certificate and its key, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate")
    }
}

impl ControlPlane {
    /// A certificate of an admin of this name, good for longer than any run. In `system:masters`, so that no role is needed.
    ///
    /// # Errors
    /// Where the authority's key is not as expected.
    pub fn client_certificate(&self, user: &str) -> Result<ClientCertificate, ClientError> {
        self.client_certificate_until(user, 2999)
    }

    /// One of which nothing is wrong but that it ended with the year 2000.
    ///
    /// # Errors
    /// As there.
    pub fn expired_client_certificate(&self, user: &str) -> Result<ClientCertificate, ClientError> {
        self.client_certificate_until(user, 2001)
    }

    /// One that ends with the first day of a year.
    fn client_certificate_until(&self, user: &str, year: i32) -> Result<ClientCertificate, ClientError> {
        let wrong = |_: rcgen::Error| ClientError::Unexpected {
            what: "an authority that cannot sign",
            place: "signing a client's certificate".to_owned(),
        };
        let authority = authority_params(CLIENT_AUTHORITY).map_err(wrong)?;
        let signer = KeyPair::from_pem(&self.directory().read(CLIENT_CA_KEY)?).map_err(wrong)?;
        let mut params = CertificateParams::new(Vec::new()).map_err(wrong)?;
        params.distinguished_name.push(DnType::OrganizationName, "system:masters");
        params.distinguished_name.push(DnType::CommonName, user);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(1999, 1, 1), rcgen::date_time_ymd(year, 1, 1));
        let key = KeyPair::generate().map_err(wrong)?;
        let signed = params.signed_by(&key, &Issuer::from_params(&authority, signer)).map_err(wrong)?;
        Ok(ClientCertificate { certificate: signed.pem(), key: key.serialize_pem() })
    }
}
