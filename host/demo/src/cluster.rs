//! The server without its sockets: a request goes in, an answer comes out, one at a time.

use crate::answer::Answer;
use crate::audit::{Record, Served};
use crate::authn::{self, Tokens};
use crate::faults::Faults;
use crate::negotiate;
use crate::rbac;
use crate::request::Request;
use crate::resource::{ENDPOINTS, RESOURCES, Resource};
use crate::route::{Place, Route};
use crate::status::Refusal;
use crate::store::{Clock, Store};
use crate::subresource::Written;
use crate::{controllers, discovery, lifecycle, read, review, subresource, write};
use http::Method;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What v1 Endpoints are answered with.
const DEPRECATED: &str = "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"";

/// How often what holds the objects to their rules may want to run again after one write.
const ROUNDS: usize = 50;

/// Everything of a cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    state: Mutex<State>,
    pub(crate) faults: Faults,
    pub(crate) record: Record,
}

/// What requests read and change.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    /// The authority of the server, which each namespace has a copy of.
    pub(crate) ca_pem: String,
    /// How far the owners of what was removed have been followed.
    pub(crate) swept: u64,
    pub(crate) written: Written,
}

impl Cluster {
    pub(crate) fn new(clock: Clock, ca_pem: &str) -> Self {
        let ca_pem = ca_pem.to_owned();
        let (store, tokens) = (Store::new(clock), Tokens::default());
        let state = State { store, tokens, ca_pem, swept: 1, written: Written::default() };
        Self { state: Mutex::new(state), faults: Faults::default(), record: Record::default() }
    }

    /// The state, also where a thread panicked that had it: a demonstration goes on.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request, and keeps a record of that.
    pub(crate) fn answer(self: &Arc<Self>, request: &Request) -> Answer {
        let Some(route) = Route::of(request) else { return unread(request) };
        let mut served = Served::of(request, &route);
        let answer = self.decide(request, &route, &mut served).unwrap_or_else(Answer::from);
        let answer = answer.with("audit-id", served.audit_id.clone()).with("cache-control", "no-cache, private");
        served.status = answer.status;
        self.record.keep(served);
        answer
    }

    /// Whether a request says whose it is, before anything of its body is kept.
    pub(crate) fn knows(&self, request: &Request) -> bool {
        let state = self.state();
        authn::authenticate(request, &state.tokens, &state.store).is_ok()
    }

    /// What takes time in a cluster goes on.
    pub(crate) fn tick(&self) {
        let mut state = self.state();
        controllers::tick(&mut state.store);
        state.settle();
    }

    fn decide(self: &Arc<Self>, request: &Request, route: &Route, served: &mut Served) -> Result<Answer, Refusal> {
        let mut state = self.state();
        let user = authn::authenticate(request, &state.tokens, &state.store)?;
        served.user.clone_from(&user.name);
        let user = authn::impersonate(request, &state.store, user)?;
        rbac::authorize(&state.store, &user, route, &request.path)?;
        match route {
            Route::Path(_) if request.path.trim_end_matches('/') == crate::faults::PATH => self.faults.answer(request),
            Route::Path(_) => Ok(discovery::answer(request)),
            Route::Resource(place) => {
                let revision = state.store.revision();
                let answer = state.dispatch(self, request, place, &user)?;
                if state.store.revision() != revision {
                    state.settle();
                }
                Ok(answer)
            }
        }
    }
}

impl State {
    /// Brings everything to rest.
    pub(crate) fn settle(&mut self) {
        for _ in 0..ROUNDS {
            let before = self.store.revision();
            lifecycle::settle(self);
            controllers::settle(&mut self.store);
            if self.store.revision() == before {
                return;
            }
        }
    }

    fn dispatch(
        &mut self,
        cluster: &Arc<Cluster>,
        request: &Request,
        place: &Place,
        user: &authn::User,
    ) -> Result<Answer, Refusal> {
        let Some(resource) = place.served().filter(|_| place.rest.is_empty() && !place.is_prefixed) else {
            return unserved(place);
        };
        if !place.subresource.is_empty() {
            if !resource.subresources.contains(&place.subresource.as_str()) {
                return unserved(place);
            }
            return subresource::answer(self, request, resource, place);
        }
        let is_many = matches!(place.verb.as_str(), "list" | "watch" | "deletecollection" | "create");
        let is_misplaced = resource.namespaced == place.namespace.is_empty()
            && (!is_many || matches!(place.verb.as_str(), "create" | "deletecollection"))
            && resource.plural != "namespaces";
        if is_misplaced || !crate::discovery::verbs(resource).contains(&place.verb.as_str()) {
            return Err(not_allowed());
        }
        if resource.access == crate::resource::Access::Review {
            return review::answer(&self.store, request, resource, user);
        }
        if place.name.is_empty() && matches!(place.verb.as_str(), "update" | "patch") {
            return Err(not_allowed());
        }
        let answer = self.serve(cluster, request, resource, place);
        if *resource != ENDPOINTS {
            return answer;
        }
        // Said of what is not there, too.
        Ok(answer.unwrap_or_else(Answer::from).with("warning", DEPRECATED))
    }

    fn serve(
        &mut self,
        cluster: &Arc<Cluster>,
        request: &Request,
        resource: &'static Resource,
        place: &Place,
    ) -> Result<Answer, Refusal> {
        let view = negotiate::for_resource(request, &place.verb)?;
        match place.verb.as_str() {
            "get" => read::one(&self.store, request, resource, place, view),
            "list" => read::list(&self.store, request, resource, place, view),
            "watch" => read::watch(&self.store, cluster, request, resource, place, view),
            "create" if request.method == Method::POST && place.name.is_empty() => {
                write::create(&mut self.store, request, resource, place, view)
            }
            "update" => write::update(&mut self.store, request, resource, place, view),
            "patch" => write::patch(&mut self.store, request, resource, place, view),
            "delete" => write::delete(&mut self.store, request, resource, place, view),
            "deletecollection" => write::delete_many(&mut self.store, request, resource, place, view),
            _ => Err(not_allowed()),
        }
    }
}

/// What the server says where it can make nothing of a path. It keeps no record of that.
fn unread(request: &Request) -> Answer {
    let why = "failed to create RequestInfo: unable to determine kind and namespace from url";
    Answer::text(500, format!("Internal Server Error: {:?}: {why}, {}\n", request.uri, request.uri))
        .with("x-content-type-options", "nosniff")
}

/// A group that is served knows what it has; another leads nowhere.
fn unserved(place: &Place) -> Result<Answer, Refusal> {
    let is_served = |resource: &&Resource| resource.group == place.group && resource.version == place.version;
    if !RESOURCES.iter().any(is_served) {
        return Ok(Answer::nowhere());
    }
    let mut refusal = Refusal::new(404, "NotFound", "the server could not find the requested resource");
    refusal.has_details = true;
    Err(refusal)
}

/// The 405 of the API server.
pub(crate) fn not_allowed() -> Refusal {
    let message = "the server does not allow this method on the requested resource";
    let mut refusal = Refusal::new(405, "MethodNotAllowed", message);
    refusal.has_details = true;
    refusal
}
