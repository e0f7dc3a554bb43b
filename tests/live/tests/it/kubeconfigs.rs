//! Kubeconfigs and other files that a test gives the program, made of parts that may be wrong.

use meho_control_plane::Cluster;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory of a test's own, gone when this is dropped.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    /// Where a file of this name would be.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// A kubeconfig of one context, `test`. It is JSON, which is YAML too.
    pub(crate) fn kubeconfig(&self, cluster: &Value, user: &Value) -> PathBuf {
        self.write("kubeconfig", one_context("test", cluster, user).to_string())
    }
}

/// A kubeconfig of one context.
pub(crate) fn one_context(name: &str, cluster: &Value, user: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": name, "context": {"cluster": "cluster", "user": "user"}}],
        "current-context": name,
    })
}

/// The cluster of a kubeconfig that works, wherever that lies.
pub(crate) fn right_cluster(cluster: &Cluster) -> Value {
    json!({"server": cluster.server_url(), "certificate-authority-data": base64(cluster.ca_pem())})
}

/// The user of a kubeconfig that works.
pub(crate) fn right_user(cluster: &Cluster) -> Value {
    json!({"token": cluster.admin_token()})
}

/// These members, with others in their place or besides; null takes one away.
pub(crate) fn with(mut members: Value, others: &Value) -> Value {
    let object = members.as_object_mut().expect("an object");
    for (name, value) in others.as_object().expect("an object") {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    members
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// RFC 4648, section 4.
pub(crate) fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of_three = |three: &[u8]| -> String {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let digit = |at: usize| char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63]);
        (0..4).map(|at| if at <= three.len() { digit(at) } else { '=' }).collect()
    };
    text.as_bytes().chunks(3).map(of_three).collect()
}
