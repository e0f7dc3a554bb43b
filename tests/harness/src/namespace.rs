//! A namespace of one's own for each test, so that tests which share a cluster do not see each other.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, ClientError};
use crate::cluster::Cluster;

/// The controller manager makes the account as soon as it sees the namespace; this is for a loaded machine.
const DEFAULT_ACCOUNT: Duration = Duration::from_secs(60);

/// A namespace, deleted with everything in it when this is dropped; nobody waits for that. Displays as its name.
#[derive(Debug)]
pub struct Namespace {
    cluster: Cluster,
    name: String,
}

impl Cluster {
    /// Makes an empty namespace with a name that no other has, in which pods can be made.
    ///
    /// # Errors
    /// Where the server refuses, or its default service account does not come.
    pub fn namespace(&self) -> Result<Namespace, ClientError> {
        let made = self.admin().post("/api/v1/namespaces", &json!({ "metadata": { "generateName": "test-" } }))?;
        let name = made.pointer("/metadata/name").and_then(Value::as_str);
        let name = name.ok_or_else(|| ClientError::Unexpected { what: "no name", place: made.to_string() })?.to_owned();
        let namespace = Namespace { cluster: self.clone(), name };
        self.admin().wait_for(&namespace.path("serviceaccounts/default"), DEFAULT_ACCOUNT, |_| true)?;
        Ok(namespace)
    }
}

impl Namespace {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster it is in.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The path of something of the core group in it: `pods`, `pods/web`, `pods/web/log`.
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.name)
    }

    /// The path of something of another group in it: `path_in("apps/v1", "deployments/web")`.
    #[must_use]
    pub fn path_in(&self, group_version: &str, rest: &str) -> String {
        format!("/apis/{group_version}/namespaces/{}/{rest}", self.name)
    }

    /// [`Client::apply`] as the admin, in this namespace.
    ///
    /// # Errors
    /// As there.
    pub fn apply(&self, object: Value) -> Result<Value, ClientError> {
        self.admin().apply(&self.holding(object))
    }

    /// [`Client::create`] as the admin, in this namespace.
    ///
    /// # Errors
    /// As there.
    pub fn create(&self, object: Value) -> Result<Value, ClientError> {
        self.admin().create(&self.holding(object))
    }

    fn holding(&self, mut object: Value) -> Value {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("namespace".to_owned(), json!(self.name));
        }
        object
    }

    pub(crate) fn admin(&self) -> &Client {
        self.cluster.admin()
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The cluster may be gone, and a test that is over has nobody to tell.
        let _ = self.admin().delete(&format!("/api/v1/namespaces/{}", self.name));
    }
}
