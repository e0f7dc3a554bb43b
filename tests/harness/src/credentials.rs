//! Keys, certificates, tokens and kubeconfigs of one instance, as files in its directory.
//!
//! All of it is made anew for every instance and is worth nothing after it; still it is readable by its owner alone.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;

use crate::directory::Directory;
use crate::programs::hex;
use crate::unavailable::{Doing, Refused, Unavailable};

/// The authority that signed the server's certificate.
pub(crate) const CA: &str = "ca.pem";
/// One that signed nothing.
pub(crate) const OTHER_CA: &str = "other-ca.pem";
/// Whose certificates the server takes for a client's, and the key that signs them.
pub(crate) const CLIENT_CA: &str = "client-ca.pem";
pub(crate) const CLIENT_CA_KEY: &str = "client-ca-key.pem";
pub(crate) const SERVING_CERTIFICATE: &str = "serving.pem";
pub(crate) const SERVING_KEY: &str = "serving-key.pem";
/// Signs the tokens of service accounts. P-256, because `ring` makes no RSA keys; to a client a token is opaque anyway.
pub(crate) const SERVICE_ACCOUNT_KEY: &str = "service-account-key.pem";
pub(crate) const SERVICE_ACCOUNT_PUBLIC_KEY: &str = "service-account-public.pem";
/// kube-apiserver's static tokens: `token,user,uid,"groups"` a line.
pub(crate) const TOKENS: &str = "tokens.csv";
pub(crate) const ADMIN_TOKEN: &str = "admin-token";
pub(crate) const ADMIN_KUBECONFIG: &str = "admin.kubeconfig";

/// The name of whoever signs clients' certificates.
pub(crate) const CLIENT_AUTHORITY: &str = "MEHO test clients";

const ADMIN: &str = "harness-admin";
/// The components that are users, and their names in the audit log. All may do everything, like the admin.
const COMPONENTS: [(&str, &str); 3] = [
    ("kube-controller-manager", "system:kube-controller-manager"),
    ("kube-scheduler", "system:kube-scheduler"),
    ("kwok", "harness-kwok"),
];

/// Writes all files. Returns the admin's token.
pub(crate) fn make(directory: &Directory, server_url: &str) -> Result<String, Unavailable> {
    let ca = authority("MEHO test control plane")?;
    directory.write(CA, ca.pem())?;
    directory.write(OTHER_CA, authority("MEHO other authority")?.pem())?;

    let key = KeyPair::generate()?;
    directory.write(CLIENT_CA_KEY, key.serialize_pem())?;
    directory.write(CLIENT_CA, CertifiedIssuer::self_signed(authority_params(CLIENT_AUTHORITY)?, key)?.pem())?;

    let names = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    let mut serving = CertificateParams::new(names.map(str::to_owned))?;
    serving.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    serving.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    serving.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    serving.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    directory.write(SERVING_CERTIFICATE, serving.signed_by(&key, &ca)?.pem())?;
    directory.write(SERVING_KEY, key.serialize_pem())?;

    let key = KeyPair::generate()?;
    directory.write(SERVICE_ACCOUNT_KEY, key.serialize_pem())?;
    directory.write(SERVICE_ACCOUNT_PUBLIC_KEY, key.public_key_pem())?;

    let line = |token: &str, username: &str| format!("{token},{username},{username},\"system:masters\"\n");
    let admin = random_hex()?;
    let mut csv = line(&admin, ADMIN);
    directory.write(ADMIN_TOKEN, &admin)?;
    write_kubeconfig(directory, ADMIN_KUBECONFIG, server_url, "default", &admin)?;
    for (component, username) in COMPONENTS {
        let token = random_hex()?;
        csv.push_str(&line(&token, username));
        write_kubeconfig(directory, &kubeconfig_name(component), server_url, "default", &token)?;
    }
    directory.write(TOKENS, csv)?;
    Ok(admin)
}

/// The file name of a component's kubeconfig.
pub(crate) fn kubeconfig_name(component: &str) -> String {
    format!("{component}.kubeconfig")
}

/// A kubeconfig whose one context uses the token. It is JSON, which is YAML too.
pub(crate) fn write_kubeconfig(
    directory: &Directory,
    name: &str,
    server_url: &str,
    namespace: &str,
    token: &str,
) -> Result<PathBuf, Refused> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "test",
            "cluster": { "server": server_url, "certificate-authority": directory.file(CA) },
        }],
        "users": [{ "name": "test", "user": { "token": token } }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test", "namespace": namespace } }],
        "current-context": "test",
    });
    directory.write(name, config.to_string())
}

/// A new authority.
pub(crate) fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, Unavailable> {
    Ok(CertifiedIssuer::self_signed(authority_params(name)?, KeyPair::generate()?)?)
}

/// What an authority of this name is, but for its key.
pub(crate) fn authority_params(name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// 128 random bits.
pub(crate) fn random_hex() -> Result<String, Refused> {
    let mut bytes = [0; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| std::io::Error::other("no random numbers")).doing("making a token")?;
    Ok(hex(&bytes))
}
