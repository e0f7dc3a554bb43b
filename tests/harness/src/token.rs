//! Tokens that the server did not issue, but that its key has signed: to see what it says to one that is out of date.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::client::ClientError;
use crate::cluster::{Cluster, Server};
use crate::control_plane::ControlPlane;
use crate::credentials::SERVICE_ACCOUNT_KEY;
use crate::directory::Directory;
use crate::user::User;

/// The server forgives a minute of clock difference; this is well beyond it.
const LONG_AGO: Duration = Duration::from_secs(3600);

impl Cluster {
    /// A token of this user whose time is over since an hour. Nothing else is wrong with it. The demo cluster's own tokens say nothing of when they end;
    /// there it is one that has been brought to its end.
    ///
    /// # Errors
    /// Where the user's own token, whose claims it copies, or the server's key is not as expected.
    pub fn expired_token(&self, user: &User) -> Result<String, ClientError> {
        match self.server() {
            Server::Real(_) => signed(self.directory(), user, SystemTime::now() - LONG_AGO),
            Server::Demo(demo) => {
                let token = user.another_token()?;
                demo.demo.revoke_token(&token);
                Ok(token)
            }
        }
    }
}

impl ControlPlane {
    /// A token of this user with a time of its end. It is signed with the server's key and has the claims of the user's
    /// own token, but for its times.
    ///
    /// # Errors
    /// As [`Cluster::expired_token`].
    pub fn token_until(&self, user: &User, end: SystemTime) -> Result<String, ClientError> {
        signed(self.directory(), user, end)
    }
}

fn signed(directory: &Directory, user: &User, end: SystemTime) -> Result<String, ClientError> {
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut claims = claims_of(user.token()).ok_or_else(|| wrong("a token without claims"))?;
    claims.extend([
        ("iat".to_owned(), json!(seconds(end - LONG_AGO))),
        ("nbf".to_owned(), json!(seconds(end - LONG_AGO))),
        ("exp".to_owned(), json!(seconds(end))),
    ]);
    sign(directory, &Value::Object(claims))
}

/// RFC 7515, compact form, ES256.
fn sign(directory: &Directory, claims: &Value) -> Result<String, ClientError> {
    let pem = directory.read(SERVICE_ACCOUNT_KEY)?;
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(der).map_err(|_| wrong("a key that is no PEM"))?;
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random)
        .map_err(|_| wrong("a key that is no P-256 key"))?;
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encoded(&json!({ "alg": "ES256", "typ": "JWT" })), encoded(claims));
    let signature = key.sign(&random, signed.as_bytes()).map_err(|_| wrong("a key that cannot sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn claims_of(token: &str) -> Option<serde_json::Map<String, Value>> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn wrong(what: &'static str) -> ClientError {
    ClientError::Unexpected { what, place: "signing a token".to_owned() }
}
