//! What was served, for whoever wants to look it up: one record for each request, as an audit log has it.

use crate::request::Request;
use crate::route::Route;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many records are kept; the oldest go first.
const RECORDS: usize = 100_000;

/// The longest id that is taken from a request.
const ID_BYTES: usize = 64;

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The id of the request's `Audit-ID` header, or a fresh one. The answer has it too.
    pub audit_id: String,
    /// Who sent it; empty where that was not found out.
    pub user: String,
    /// Such as `get`, `list`, `watch`, `create` or `deletecollection`; for other paths the method in lower case.
    pub verb: String,
    /// The API group; empty for the core group and for other paths.
    pub group: String,
    /// The version of the API; empty for other paths.
    pub version: String,
    /// The plural name of the resource.
    pub resource: String,
    /// Such as `log` or `scale`.
    pub subresource: String,
    /// Empty where the request was for all namespaces, or for what has none.
    pub namespace: String,
    /// Empty where the request was for many objects.
    pub name: String,
    /// Path and query as they came.
    pub uri: String,
    /// Which program asked; empty where it did not say.
    pub user_agent: String,
    /// The options of a deletion, where its body has any: they say whether it was a dry run.
    pub options: Option<serde_json::Value>,
    /// The status that was answered.
    pub status: u16,
}

impl Served {
    pub(crate) fn of(request: &Request, route: &Route) -> Self {
        let id = request.header("audit-id").filter(|id| !id.is_empty() && id.len() <= ID_BYTES);
        let place = match route {
            Route::Resource(place) => place.clone(),
            Route::Path(_) => crate::route::Place::default(),
        };
        Self {
            audit_id: id.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned),
            user: String::new(),
            verb: route.verb().to_owned(),
            group: place.group,
            version: place.version,
            resource: place.resource,
            subresource: place.subresource,
            namespace: place.namespace,
            name: place.name,
            options: (route.verb() == "delete").then(|| serde_json::from_slice(&request.body).ok()).flatten(),
            uri: request.uri.clone(),
            user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
            status: 0,
        }
    }
}

/// The records.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    last: VecDeque<Served>,
    /// How many are gone.
    gone: usize,
}

impl Record {
    pub(crate) fn keep(&self, served: Served) {
        let mut kept = self.kept();
        if kept.last.len() == RECORDS {
            kept.last.pop_front();
            kept.gone += 1;
        }
        kept.last.push_back(served);
    }

    /// How many there have ever been.
    pub(crate) fn count(&self) -> usize {
        let kept = self.kept();
        kept.gone + kept.last.len()
    }

    /// Those after the first so many, as far as they are still there.
    pub(crate) fn since(&self, first: usize) -> Vec<Served> {
        let kept = self.kept();
        kept.last.iter().skip(first.saturating_sub(kept.gone)).cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
