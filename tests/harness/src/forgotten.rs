//! Continue tokens of a state that the server has forgotten, as it does by itself after some minutes.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::cluster::{Cluster, Server};
use crate::start::ETCD;

/// A version of the cluster's store from before anything of a test was in it.
const OLD: u64 = 50;

impl Cluster {
    /// A continue token that was good once, for a list of anything: the server answers it with 410.
    ///
    /// # Errors
    /// Where the server cannot be brought to forget.
    pub fn forgotten_token(&self) -> io::Result<String> {
        match self.server() {
            Server::Real(_) => self.forget_first_versions()?,
            Server::Demo(demo) => demo.demo.forget_before(2 * OLD),
        }
        let token = json!({ "v": "meta.k8s.io/v1", "rv": OLD, "start": "a\u{0}" });
        Ok(URL_SAFE_NO_PAD.encode(token.to_string()))
    }

    /// etcd listens on a socket beside the files of the instance, and speaks JSON over HTTP there.
    fn forget_first_versions(&self) -> io::Result<()> {
        let mut stream = UnixStream::connect(self.directory().file(ETCD))?;
        let body = json!({ "revision": (2 * OLD).to_string(), "physical": true }).to_string();
        let head =
            "POST /v3/kv/compaction HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\nContent-Type: application/json";
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        // It may have forgotten them before.
        if answer.starts_with("HTTP/1.1 200") || answer.contains("has been compacted") {
            return Ok(());
        }
        Err(io::Error::other(answer))
    }
}
