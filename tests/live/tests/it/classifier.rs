//! What the classifier says of a request against what the server's own audit log says of it: thousands of requests of all shapes, sent by a user who may
//! do nothing, so that none changes anything and no watch begins.

use meho_control_plane::{AuditEvent, AuditMark, Cluster, Method, ObjectRef, Response, StatusCode, User, until};
use meho_host::policy::effect::Method as Asked;
use meho_host::policy::family::kubernetes::{Attributes, attributes_of};
use meho_host::policy::request::{CanonicalRequest, RawRequest};
use std::collections::{BTreeMap, BTreeSet};

use crate::objects::SOON;

both![every_request_is_read_as_the_server_reads_it, a_prefix_with_nothing_behind_it_is_read_by_nobody];

/// How many requests are held against the log of a server.
const REQUESTS: usize = 4000;
/// How many are under way at a time.
const AT_A_TIME: usize = 4;
/// The number that all choices follow from.
const SEED: u64 = 20_260_117;

/// Groups with a version and resources that are there, and some that are not.
const GROUPS: [(&str, &str, &[&str]); 14] = [
    (
        "",
        "v1",
        &["pods", "services", "nodes", "secrets", "configmaps", "serviceaccounts", "namespaces", "events", "bindings"],
    ),
    (
        "",
        "v1",
        &["persistentvolumes", "persistentvolumeclaims", "replicationcontrollers", "componentstatuses", "things"],
    ),
    ("", "v2", &["pods", "namespaces"]),
    ("apps", "v1", &["deployments", "statefulsets", "replicasets", "daemonsets", "controllerrevisions", "scale"]),
    ("apps", "v1beta1", &["deployments"]),
    ("batch", "v1", &["jobs", "cronjobs"]),
    ("autoscaling", "v2", &["horizontalpodautoscalers"]),
    ("policy", "v1", &["poddisruptionbudgets"]),
    ("certificates.k8s.io", "v1", &["certificatesigningrequests"]),
    ("rbac.authorization.k8s.io", "v1", &["roles", "clusterroles", "rolebindings"]),
    ("authentication.k8s.io", "v1", &["tokenreviews"]),
    ("metrics.k8s.io", "v1beta1", &["pods", "nodes"]),
    ("example.com", "v1alpha1", &["widgets", "namespaces", "watch", "proxy"]),
    ("namespaces", "namespaces", &["namespaces", "status"]),
];
const SUBRESOURCES: [&str; 19] = [
    "status",
    "scale",
    "log",
    "exec",
    "attach",
    "portforward",
    "proxy",
    "eviction",
    "binding",
    "token",
    "finalize",
    "approval",
    "ephemeralcontainers",
    "resize",
    "namespaces",
    "watch",
    "unheard-of",
    "a:b",
    "x~y",
];
/// Segments that are no name of anything, and names that mean something elsewhere.
const SEGMENTS: [&str; 19] = [
    "web",
    "web-1",
    "default",
    "kube-system",
    "status",
    "finalize",
    "namespaces",
    "pods",
    "watch",
    "proxy",
    "api",
    "apis",
    "system:node:n",
    "A_b",
    "~",
    "...",
    "-",
    "v1",
    "https:web:443",
];
const OTHER_PATHS: [&str; 18] = [
    "api",
    "apis",
    "version",
    "healthz",
    "livez",
    "readyz",
    "metrics",
    "openapi",
    "logs",
    "debug",
    "ui",
    "swagger.json",
    ".well-known",
    "API",
    "apis.",
    "v1",
    "namespaces",
    "watch",
];
const WATCHES: [&str; 16] = [
    "true",
    "1",
    "",
    "false",
    "0",
    "t",
    "yes",
    "False",
    "FALSE",
    "fal\u{17f}e",
    "FAL\u{17f}E",
    "00",
    "no",
    "f",
    " false",
    "True",
];
const NUMBERS: [&str; 12] =
    ["500", "0", "-1", "+5", "", "x", "1.0", "9223372036854775807", "9223372036854775808", "0x10", "1_0", " 1"];
const FIELD_SELECTORS: [&str; 31] = [
    "metadata.name=web",
    "metadata.name==web",
    "metadata.name===web",
    "metadata.name!=web",
    "metadata.name=",
    "metadata.name",
    "metadata.name=web,metadata.name=api",
    "metadata.name!=a,metadata.name==b",
    "metadata.name==z,metadata.name=a",
    "metadata.namespace=default,metadata.name=web",
    "spec.nodeName=n,metadata.name=web,status.phase!=Failed",
    ",metadata.name=web,",
    ",",
    "",
    "=",
    "!=",
    "x",
    "metadata.name=web,x",
    "metadata.name=web,x=a=b",
    "metadata.name=a\\,b",
    "metadata.name=a\\=b\\\\c",
    "metadata.name=a\\b",
    "metadata.name=a\\",
    "metadata.name=..",
    "metadata.name=.",
    "metadata.name=a/b",
    "metadata.name=a%2Fb",
    " metadata.name=web",
    "metadata.name =web",
    "metadata.name=W\u{e9}b web",
    "metadata.name=a!b",
];
/// What label selectors are put together from.
const LABEL_PARTS: [&str; 29] = [
    "a",
    "b",
    "example.com/c",
    "UP.x_y-z",
    "in",
    "notin",
    "(",
    ")",
    ",",
    "=",
    "==",
    "!=",
    "!",
    ">",
    "<",
    " ",
    "5",
    "-",
    "a/b/c",
    "/a",
    "a/",
    "Example.com/a",
    "\u{e9}",
    "9223372036854775808",
    " in (a, b)",
    " notin ()",
    "a=b",
    "a..b/c",
    ",",
];
const OTHER_PAIRS: [(&str, &str); 14] = [
    ("continue", "x"),
    ("resourceVersion", "nonsense"),
    ("resourceVersionMatch", "Never"),
    ("allowWatchBookmarks", "x"),
    ("sendInitialEvents", "x"),
    ("shardSelector", "x y"),
    ("pretty", "true"),
    ("dryRun", "All"),
    ("follow", "true"),
    ("container", "app"),
    ("Watch", "true"),
    ("fieldselector", "metadata.name=x"),
    ("namespace", "other"),
    ("name", "other"),
];

/// Choices that are the same in every run: SplitMix64.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("a small number")
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// So many times of a hundred.
    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn segments(&mut self) -> Vec<&'static str> {
        if self.happens(12) {
            let depth = self.below(4);
            let mut segments = vec![self.of(&OTHER_PATHS)];
            segments.extend((0..depth).map(|_| self.of(&SEGMENTS)));
            return segments;
        }
        let (group, version, resources) = self.of(&GROUPS);
        let mut segments = if group.is_empty() { vec!["api", version] } else { vec!["apis", group, version] };
        if self.happens(12) {
            segments.push(self.of(&["watch", "proxy"]));
        }
        if self.happens(60) {
            segments.extend(["namespaces", self.of(&SEGMENTS)]);
        }
        if self.happens(90) {
            segments.push(self.of(resources));
        }
        if self.happens(55) {
            segments.push(self.of(&SEGMENTS));
            if self.happens(50) {
                segments.push(self.of(&SUBRESOURCES));
                let more = self.below(3);
                segments.extend((0..more).map(|_| self.of(&SEGMENTS)));
            }
        }
        // Any part may be missing, too many, or in the place of another.
        match self.below(20) {
            0 => drop(segments.remove(self.below(segments.len()))),
            1 => segments.insert(self.below(segments.len() + 1), self.of(&SEGMENTS)),
            2 => {
                let (one, other) = (self.below(segments.len()), self.below(segments.len()));
                segments.swap(one, other);
            }
            _ => {}
        }
        segments
    }

    fn label_selector(&mut self) -> String {
        let parts = self.below(7);
        (0..parts).map(|_| self.of(&LABEL_PARTS)).collect()
    }

    fn query(&mut self) -> BTreeMap<&'static str, String> {
        let mut query = BTreeMap::new();
        if self.happens(40) {
            query.insert("watch", self.of(&WATCHES).to_owned());
        }
        if self.happens(60) {
            query.insert("fieldSelector", self.of(&FIELD_SELECTORS).to_owned());
        }
        if self.happens(30) {
            query.insert("labelSelector", self.label_selector());
        }
        for key in ["limit", "timeoutSeconds"] {
            if self.happens(12) {
                query.insert(key, self.of(&NUMBERS).to_owned());
            }
        }
        if self.happens(30) {
            let (key, value) = self.of(&OTHER_PAIRS);
            query.insert(key, value.to_owned());
        }
        query
    }

    /// A request in its canonical form; none where what was put together has none.
    fn request(&mut self) -> Option<CanonicalRequest> {
        let method = self.of(&["GET", "GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "DELETE"]);
        let mut target = self.segments().iter().fold(String::new(), |path, segment| path + "/" + segment);
        if method == "GET" || self.happens(30) {
            for (index, (key, value)) in self.query().into_iter().enumerate() {
                let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
                target += &format!("{}{key}={value}", if index == 0 { '?' } else { '&' });
            }
        }
        canonical(method, &target)
    }
}

fn canonical(method: &str, target: &str) -> Option<CanonicalRequest> {
    let headers = vec![("accept", &b"application/json"[..])];
    let (scheme, authority) = ("https", "target.invalid");
    let raw = RawRequest { method, scheme, authority, path_and_query: target, headers, body: b"" };
    CanonicalRequest::parse(&raw).ok()
}

/// Of a prefix with nothing behind it the server reads nothing at all.
fn is_bare_prefix(request: &CanonicalRequest) -> bool {
    let segments: Vec<&str> = request.path().iter().map(|segment| segment.as_str()).collect();
    matches!(segments.as_slice(), ["api", _, "watch" | "proxy"] | ["apis", _, _, "watch" | "proxy"])
}

fn send(user: &User, id: &str, request: &CanonicalRequest) -> Response {
    let method = match request.method() {
        Asked::Get => Method::GET,
        Asked::Post => Method::POST,
        Asked::Put => Method::PUT,
        Asked::Patch => Method::PATCH,
        Asked::Delete => Method::DELETE,
    };
    let target = request.rendered_path_and_query();
    let headers = [("Audit-ID", id), ("Accept", "application/json")];
    user.client().request(method, &target, &headers, None).unwrap_or_else(|err| panic!("{target}: {err:?}"))
}

/// The final event of each of these ids.
#[track_caller]
fn events(cluster: &Cluster, since: AuditMark, ids: &BTreeSet<String>) -> BTreeMap<String, AuditEvent> {
    let mut mark = since;
    let mut found = BTreeMap::new();
    let all = until(SOON, || {
        let (events, next) = cluster.audit_events(mark).expect("the audit log");
        mark = next;
        let ours = events.into_iter().filter(|it| it.stage == "ResponseComplete" && ids.contains(&it.audit_id));
        found.extend(ours.map(|event| (event.audit_id.clone(), event)));
        (found.len() == ids.len()).then_some(())
    });
    let missing: Vec<_> = ids.iter().filter(|id| !found.contains_key(*id)).take(5).collect();
    assert!(all.is_some(), "the audit log has no event of {missing:?}");
    found
}

/// Who asks, and may do nothing.
fn nobody(cluster: &Cluster) -> (meho_control_plane::Namespace, User) {
    let namespace = cluster.namespace().expect("a namespace");
    let user = namespace.user("nobody", &[]).expect("a user");
    (namespace, user)
}

fn every_request_is_read_as_the_server_reads_it(cluster: &Cluster) {
    let (_namespace, user) = nobody(cluster);
    let since = cluster.audit_mark().expect("a log");
    let mut choices = Choices(SEED);
    let mut requests: BTreeMap<String, CanonicalRequest> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    while requests.len() < REQUESTS {
        let Some(request) = choices.request().filter(|request| !is_bare_prefix(request)) else { continue };
        if asked.insert(format!("{} {}", request.method(), request.rendered_path_and_query())) {
            requests.insert(format!("{}-{}", user.uid(), requests.len()), request);
        }
    }
    let all: Vec<(&String, &CanonicalRequest)> = requests.iter().collect();
    std::thread::scope(|scope| {
        for some in all.chunks(REQUESTS.div_ceil(AT_A_TIME)) {
            let user = &user;
            scope.spawn(move || {
                some.iter().for_each(|(id, request)| check_is_denied(request, send(user, id, request).status))
            });
        }
    });
    let events = events(cluster, since, &requests.keys().cloned().collect());
    let mut verbs: BTreeMap<String, usize> = BTreeMap::new();
    let mut selected = 0;
    let mut differences = Vec::new();
    for (id, request) in &requests {
        let read = Read::of(request);
        let event = &events[id];
        let logged = Read { verb: event.verb.clone(), about: event.object_ref.clone() };
        if read != logged {
            let target = request.rendered_path_and_query();
            differences.push(format!("{} {target}\n  read   {read:?}\n  logged {logged:?}", request.method()));
        }
        assert_eq!(event.uri, request.rendered_path_and_query(), "what is sent is what was judged");
        let about = logged.about.unwrap_or_default();
        selected += usize::from(matches!(logged.verb.as_str(), "list" | "watch") && !about.name.is_empty());
        *verbs.entry(if about.resource.is_empty() { "path".to_owned() } else { logged.verb }).or_default() += 1;
    }
    println!("{} requests compared: {verbs:?}, {selected} lists and watches of one name", requests.len());
    let shown = differences.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {} differ:\n{shown}", differences.len(), requests.len());
    for verb in ["path", "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "proxy"] {
        assert!(verbs.get(verb).is_some_and(|count| *count >= 50), "{verb}: {verbs:?}");
    }
    assert!(selected >= 50, "{selected} lists and watches of one name");
}

/// What a request is about, in an event's words.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    verb: String,
    about: Option<ObjectRef>,
}

impl Read {
    fn of(request: &CanonicalRequest) -> Self {
        match attributes_of(request) {
            Attributes::NonResource { verb, path } => {
                assert_eq!(path, request.rendered_path());
                Self { verb, about: None }
            }
            Attributes::Resource(found) => Self {
                verb: found.verb,
                about: Some(ObjectRef {
                    api_group: found.group,
                    api_version: found.version,
                    resource: found.resource,
                    subresource: found.subresource,
                    namespace: found.namespace,
                    name: found.name,
                }),
            },
        }
    }
}

/// Whoever may do nothing gets nothing but what everybody may read. Everything else ends before it is begun.
#[track_caller]
fn check_is_denied(request: &CanonicalRequest, status: StatusCode) {
    let about = format!("{} {}: {status}", request.method(), request.rendered_path_and_query());
    match attributes_of(request) {
        Attributes::Resource(_) => assert_eq!(status, StatusCode::FORBIDDEN, "{about}"),
        Attributes::NonResource { .. } if request.method() == Asked::Get => {
            assert!(!status.is_server_error(), "{about}");
        }
        Attributes::NonResource { .. } => assert!(status.is_client_error(), "{about}"),
    }
}

fn a_prefix_with_nothing_behind_it_is_read_by_nobody(cluster: &Cluster) {
    let (_namespace, user) = nobody(cluster);
    let since = cluster.audit_mark().expect("a log");
    for (index, target) in ["/api/v1/watch", "/api/v1/proxy", "/apis/apps/v1/watch"].into_iter().enumerate() {
        let request = canonical("GET", target).expect("a request");
        let answer = send(&user, &format!("{}-{index}", user.uid()), &request);
        let why = "failed to create RequestInfo: unable to determine kind and namespace from url";
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{target}");
        assert_eq!(answer.text(), format!("Internal Server Error: \"{target}\": {why}, {target}\n"));
        assert!(matches!(attributes_of(&request), Attributes::NonResource { .. }), "{target}");
    }
    assert!(crate::audit::events_of(cluster, &user, since).is_empty(), "the server keeps no record of them");
}
