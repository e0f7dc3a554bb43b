//! A small blocking client of the API server, as one user. It is for arranging and looking in tests; it judges nothing.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{HeaderMap, Method, Request, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::unavailable::Refused;
use crate::wait;

/// A request that takes longer has hung. Listing 10,000 pods takes the server three seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// 10,000 pods are 125 MB of indented JSON.
const BODY_BYTES: u64 = 1 << 30;
/// How often a status is written again when somebody else changed the object meanwhile.
const CONFLICTS: usize = 5;

/// A user's way to the API server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: ureq::Agent,
    server_url: Arc<str>,
    authorization: Arc<str>,
    /// `apiVersion` to the resources that the server has there.
    discovered: Arc<Mutex<HashMap<String, Value>>>,
}

/// What the server answered, whatever its status.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Which kind of patch a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patch {
    /// RFC 7386.
    Merge,
    /// RFC 6902.
    Json,
    /// Kubernetes' own, which merges lists by key.
    Strategic,
}

/// Why a request did not end as hoped.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer came.
    #[error("{method} {path}")]
    Transport {
        /// The method.
        method: Method,
        /// Path and query.
        path: String,
        /// What went wrong.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The server said no.
    #[error("{method} {path}: {status}: {message}")]
    Status {
        /// The method.
        method: Method,
        /// Path and query.
        path: String,
        /// The server's status code.
        status: StatusCode,
        /// The message of its Status object, or the body where it is none.
        message: String,
    },
    /// An answer, or an object to be sent, lacks what it needs to have.
    #[error("{what} in {place}")]
    Unexpected {
        /// What is missing or wrong.
        what: &'static str,
        /// Where.
        place: String,
    },
    /// The operating system refused something.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What was waited for did not happen.
    #[error("{path} was not as awaited after {}s; last seen: {last}", after.as_secs())]
    TimedOut {
        /// Path and query of the object.
        path: String,
        /// The limit.
        after: Duration,
        /// The object, or the server's refusal, when it was last looked at.
        last: String,
    },
}

impl ClientError {
    /// The server's status code, where it gave one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::Transport { .. } | Self::Unexpected { .. } | Self::Refused(_) | Self::TimedOut { .. } => None,
        }
    }
}

impl Client {
    /// A client that trusts exactly the given authority.
    pub(crate) fn new(server_url: &str, ca_pem: &str, token: &str) -> Result<Self, ClientError> {
        let certificate = Certificate::from_pem(ca_pem.as_bytes())
            .map_err(|_| ClientError::Unexpected { what: "no certificate", place: "the CA file".to_owned() })?;
        let config = ureq::Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[certificate])).build())
            // The environment's proxy is for the outside world.
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(REQUEST_TIMEOUT))
            .max_redirects(0)
            .build();
        Ok(Self {
            http: config.new_agent(),
            server_url: server_url.into(),
            authorization: format!("Bearer {token}").into(),
            discovered: Arc::default(),
        })
    }

    /// The same way to the server as another user.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { authorization: format!("Bearer {token}").into(), ..self.clone() }
    }

    /// Sends a request and gives back whatever the server answers. `path` starts with a slash and may have a query.
    ///
    /// # Errors
    /// [`ClientError::Transport`] where no answer came. A status such as 403 is an answer.
    pub fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Response, ClientError> {
        let failed =
            |source| ClientError::Transport { method: method.clone(), path: path.to_owned(), source: Box::new(source) };
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", self.server_url))
            .header("authorization", &*self.authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(bytes) => request.body(bytes.to_vec()).map_err(Into::into).and_then(|request| self.http.run(request)),
            None => request.body(()).map_err(Into::into).and_then(|request| self.http.run(request)),
        };
        let (parts, mut body) = answer.map_err(failed)?.into_parts();
        let body = body.with_config().limit(BODY_BYTES).read_to_vec().map_err(failed)?;
        Ok(Response { status: parts.status, headers: parts.headers, body })
    }

    /// Reads an object or a list.
    ///
    /// # Errors
    /// [`ClientError::Status`] for every status outside 2xx; so it is for all methods below.
    pub fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.json(Method::GET, path, "", None)
    }

    /// Creates an object below a collection's path.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn post(&self, path: &str, object: &Value) -> Result<Value, ClientError> {
        self.json(Method::POST, path, "application/json", Some(object))
    }

    /// Replaces an object.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn put(&self, path: &str, object: &Value) -> Result<Value, ClientError> {
        self.json(Method::PUT, path, "application/json", Some(object))
    }

    /// Changes an object.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn patch(&self, path: &str, kind: Patch, patch: &Value) -> Result<Value, ClientError> {
        let media_type = match kind {
            Patch::Merge => "application/merge-patch+json",
            Patch::Json => "application/json-patch+json",
            Patch::Strategic => "application/strategic-merge-patch+json",
        };
        self.json(Method::PATCH, path, media_type, Some(patch))
    }

    /// Deletes an object. Options go into the query: `?propagationPolicy=Background&gracePeriodSeconds=0`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn delete(&self, path: &str) -> Result<Value, ClientError> {
        self.json(Method::DELETE, path, "", None)
    }

    /// Creates or updates the object (server-side apply, forced). Its path comes from its kind and the server's discovery;
    /// a namespaced object without a namespace goes to `default`.
    ///
    /// # Errors
    /// [`ClientError::Unexpected`] where the object has no `apiVersion`, `kind` or name, or the server does not know its kind.
    pub fn apply(&self, object: &Value) -> Result<Value, ClientError> {
        let path = self.path_of(object)?;
        let query = "fieldManager=meho-tests&force=true";
        self.json(Method::PATCH, &format!("{path}?{query}"), "application/apply-patch+yaml", Some(object))
    }

    /// Creates the object, where its kind, by the server's discovery, and its namespace say.
    ///
    /// # Errors
    /// As [`Client::apply`].
    pub fn create(&self, object: &Value) -> Result<Value, ClientError> {
        let path = self.path_of(object)?;
        let collection = path.rsplit_once('/').map_or(path.as_str(), |(collection, _)| collection);
        self.post(collection, object)
    }

    /// The path of an object, by its kind, namespace and name.
    ///
    /// # Errors
    /// As [`Client::apply`].
    pub fn path_of(&self, object: &Value) -> Result<String, ClientError> {
        let text = |pointer: &str, what: &'static str| {
            let found = object.pointer(pointer).and_then(Value::as_str);
            found.ok_or_else(|| ClientError::Unexpected { what, place: object.to_string() })
        };
        let version = text("/apiVersion", "no apiVersion")?;
        let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let (resource, namespaced) = self.resource_of(version, text("/kind", "no kind")?, &root)?;
        let name = text("/metadata/name", "no name")?;
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default");
        Ok(match namespaced {
            Scope::Namespace => format!("{root}/namespaces/{namespace}/{resource}/{name}"),
            Scope::Cluster => format!("{root}/{resource}/{name}"),
        })
    }

    /// Writes an object's status by hand, whatever it was. `path` is the object's own; the rest of it stays.
    /// For pods see [`Namespace::pod_by_hand`](crate::Namespace::pod_by_hand): others are written to by kwok.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn write_status(&self, path: &str, status: &Value) -> Result<Value, ClientError> {
        let mut written = Err(ClientError::Unexpected { what: "no attempt", place: path.to_owned() });
        for _ in 0..CONFLICTS {
            let mut object = self.get(path)?;
            if let Some(fields) = object.as_object_mut() {
                fields.insert("status".to_owned(), status.clone());
            }
            written = self.put(&format!("{path}/status"), &object);
            match &written {
                Err(err) if err.status() == Some(StatusCode::CONFLICT) => {}
                _ => break,
            }
        }
        written
    }

    /// Reads an object again and again until the predicate holds, and returns it as it then was. That it does not exist yet
    /// is waited for too.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`] with what was last seen.
    pub fn wait_for(
        &self,
        path: &str,
        within: Duration,
        mut predicate: impl FnMut(&Value) -> bool,
    ) -> Result<Value, ClientError> {
        let mut last = String::new();
        let seen = wait::until(within, || match self.get(path) {
            Ok(object) if predicate(&object) => Some(object),
            Ok(object) => {
                last = object.to_string();
                None
            }
            Err(err) => {
                last = err.to_string();
                None
            }
        });
        seen.ok_or_else(|| ClientError::TimedOut { path: path.to_owned(), after: within, last })
    }

    fn json(&self, method: Method, path: &str, media_type: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let body = body.map(Value::to_string);
        let headers = [("accept", "application/json"), ("content-type", media_type)];
        let headers = if body.is_some() { &headers[..] } else { &headers[..1] };
        let answer = self.request(method.clone(), path, headers, body.as_deref().map(str::as_bytes))?;
        let value = answer.json();
        if answer.status.is_success() {
            return value.ok_or_else(|| ClientError::Unexpected { what: "no JSON", place: format!("{method} {path}") });
        }
        let message = value.as_ref().and_then(|status| status.get("message")).and_then(Value::as_str);
        let message = message.map_or_else(|| answer.text(), str::to_owned);
        Err(ClientError::Status { method, path: path.to_owned(), status: answer.status, message })
    }

    /// The plural name of a kind, and whether its objects live in namespaces.
    fn resource_of(&self, version: &str, kind: &str, root: &str) -> Result<(String, Scope), ClientError> {
        let known =
            self.discovered.lock().unwrap_or_else(PoisonError::into_inner).get(version).and_then(|it| find(it, kind));
        if let Some(found) = known {
            return Ok(found);
        }
        let resources = self.get(root)?;
        let found = find(&resources, kind);
        self.discovered.lock().unwrap_or_else(PoisonError::into_inner).insert(version.to_owned(), resources);
        found.ok_or_else(|| ClientError::Unexpected { what: "no such kind", place: format!("{root}: {kind}") })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server_url", &self.server_url).finish_non_exhaustive()
    }
}

impl Response {
    /// The body as JSON, where it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

enum Scope {
    Namespace,
    Cluster,
}

fn find(resources: &Value, kind: &str) -> Option<(String, Scope)> {
    let resource = resources.get("resources")?.as_array()?.iter().find(|resource| {
        // Subresources such as pods/eviction have kinds of their own.
        resource["kind"] == json!(kind) && !resource["name"].as_str().unwrap_or_default().contains('/')
    })?;
    let scope = if resource["namespaced"] == json!(true) { Scope::Namespace } else { Scope::Cluster };
    Some((resource["name"].as_str()?.to_owned(), scope))
}
