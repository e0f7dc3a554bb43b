//! Effects, arguments and requests by the ten thousands, the same in every run: each decided, and looked up in what the oracle has written down.

use crate::effects::{Session, check, effect, schema};
use crate::oracle::{Allowed, Call, NAMES, NOW, SELECTORS, TOKENS, UIDS, Wire};
use meho_policy::effect::{Effect, Trust};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// How many triples are decided.
const TRIPLES: usize = 40_000;
/// How many calls there are of one operation.
const CALLS: usize = 4;
/// How many requests are made in one call at one point of it.
const REQUESTS: usize = 6;
/// The number that all choices follow from.
const SEED: u64 = 4;

static SCHEMA: LazyLock<meho_policy::schema::ArgumentsSchema> = LazyLock::new(schema);

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

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// So many times of a hundred.
    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these, each effect as likely as the next.
    fn one(&mut self, allowed: &[Allowed]) -> Allowed {
        let effects: BTreeSet<usize> = allowed.iter().map(|one| one.effect).collect();
        let effect = self.of(&Vec::from_iter(effects));
        let of_effect: Vec<&Allowed> = allowed.iter().filter(|one| one.effect == effect).collect();
        self.of(&of_effect).clone()
    }

    /// Some of these, if there are any.
    fn some(&mut self, allowed: &[Allowed]) -> Vec<Wire> {
        (0..REQUESTS).filter(|_| !allowed.is_empty()).map(|_| self.one(allowed).wire).collect()
    }

    fn status(&mut self) -> u16 {
        self.of(&[200, 200, 200, 404, 403])
    }

    fn arguments(&mut self) -> Map<String, Value> {
        let mut given = json!({"namespace": self.of(&["prod", "dev"]), "name": self.of(&["web", "api"])});
        let optional = [
            ("kind", vec![json!("Pod"), json!("Node")]),
            ("selector", vec![json!("app=web"), json!("a in (b, c)"), json!("\u{e9}&x=y")]),
            ("limit", vec![json!(1), json!(8), json!(600), json!(5000)]),
            ("token", vec![json!("t1"), json!("mine")]),
            ("replicas", vec![json!(0), json!(7)]),
            ("flag", vec![json!(true), json!(false)]),
            ("kinds", vec![json!([]), json!(["Node"]), json!(["Pod", "Node"])]),
            ("free", vec![json!("a b"), json!("")]),
            ("tier", vec![json!("gold"), json!("tin"), json!("lead")]),
            ("unbounded", vec![json!(-3), json!(0)]),
        ];
        for (name, values) in optional {
            if self.happens(55) {
                given[name] = self.of(&values);
            }
        }
        given.as_object().expect("an object").clone()
    }

    fn conditions(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        if self.happens(20) {
            all.push(json!({"Given": self.of(&["limit", "selector", "tier"])}));
        }
        if self.happens(15) {
            all.push(json!({"Absent": self.of(&["token", "free", "kinds"])}));
        }
        if self.happens(25) {
            let (name, values) = self.of(&[
                ("kind", &["Pod"][..]),
                ("kind", &["Pod", "Node"]),
                ("kinds", &["Node"]),
                ("flag", &["false"]),
                ("replicas", &["3", "7"]),
            ]);
            all.push(json!({"OneOf": [name, values]}));
        }
        all
    }

    /// Pieces of a query's value.
    fn value(&mut self) -> Vec<Value> {
        let choice = json!({"Chosen": {"argument": "tier", "cases": [["gold", "g"], ["tin", "t="]]}});
        let by_kind = json!({"Chosen": {"argument": "kind", "cases": [["Pod", "p"], ["Node", "n"]]}});
        match self.below(9) {
            0 => vec![json!({"Argument": "selector"})],
            1 => vec![json!({"Argument": "free"})],
            2 => vec![json!({"Literal": "app="}), json!({"Argument": "name"})],
            3 => vec![json!({"Argument": "name"}), json!({"Literal": ",x="}), json!({"Argument": "unbounded"})],
            4 => vec![choice],
            5 => vec![json!({"Literal": "k"}), by_kind, json!({"Argument": "flag"})],
            6 => vec![json!({"Literal": "true"})],
            7 => vec![seen_in(self, "get"), json!({"Literal": "!"})],
            _ => vec![json!({"Literal": "metadata.name="}), longer()],
        }
    }

    fn query(&mut self) -> Vec<Value> {
        let mut rules = Vec::new();
        for key in ["labelSelector", "fieldSelector", "container"] {
            if self.happens(35) {
                rules.push(json!({"key": key, "value": {"Pieces": self.value()}, "may_omit": self.happens(40)}));
            }
        }
        rules
    }

    fn pages(&mut self) -> Vec<Value> {
        let limit = self.happens(60).then_some("limit");
        let token = self.happens(60).then_some("token");
        let size = json!({"PageSize": {"rows": self.of(&[500, 31, 6]), "limit": limit}});
        vec![
            json!({"key": "limit", "value": size, "may_omit": false}),
            json!({"key": "continue", "value": {"PageToken": token}, "may_omit": false}),
        ]
    }

    fn accept(&mut self) -> Value {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        if self.happens(30) { json!(["application/json", table]) } else { json!(["application/json"]) }
    }

    fn read(&mut self, id: &str, path: &Value, after: Vec<Value>, query: &[Value], is_paged: bool) -> Effect {
        let mut when = self.conditions();
        when.extend(after);
        let mut query = query.to_vec();
        if is_paged {
            query.extend(self.pages());
        }
        let pages = if is_paged { self.below(3) + 1 } else { 1 };
        let count = json!({"series": self.below(3) + 1, "pages": pages});
        let more = json!({"when": when, "query": query, "accept": self.accept(), "count": count});
        effect(id, path, &more)
    }

    /// Effects of one operation, as a connector may describe them.
    fn effects(&mut self) -> (Vec<Effect>, Trust) {
        let object = |name: Value| json!([{"Literal": "/apis/apps/v1/namespaces/"}, {"Argument": "namespace"}, {"Literal": "/deployments/"}, name]);
        let list =
            json!([{"Literal": "/apis/apps/v1/namespaces/"}, {"Argument": "namespace"}, {"Literal": "/deployments"}]);
        let mut effects = Vec::new();
        let is_loose = self.happens(60);
        let name = if is_loose { longer() } else { json!({"Argument": "name"}) };
        effects.push(effect(
            "get",
            &object(name),
            &json!({"count": {"series": 3, "pages": 1}, "accept": self.accept()}),
        ));
        let after = if self.happens(50) { vec![json!({"Answered404": ["get"]})] } else { Vec::new() };
        let query = if self.happens(50) { self.query() } else { Vec::new() };
        let is_paged = self.happens(60);
        effects.push(self.read("search", &list, after, &query, is_paged));
        if self.happens(50) {
            let by_kind =
                json!({"Chosen": {"argument": "kind", "cases": [["Pod", "v1/pods"], ["Node", "v1/nodes/n"]]}});
            let path = json!([{"Literal": "/api/"}, by_kind]);
            let query = self.query();
            effects.push(self.read("chosen", &path, Vec::new(), &query, false));
        }
        if self.happens(50) {
            let path = json!([{"Literal": "/api/v1/nodes/"}, seen_in(self, "get"), {"Literal": "/status"}]);
            effects.push(self.read("look", &path, Vec::new(), &[], false));
        }
        if self.happens(50) {
            let path = json!([{"Literal": "/api/v1/namespaces/"}, {"Argument": "namespace"}, {"Literal": "/pods"}]);
            let place = json!({"effect": "get", "pointer": "/spec/selector", "form": "LabelSelector"});
            let rule = json!({"key": "labelSelector", "value": {"Pieces": [{"Observed": [place]}]}, "may_omit": false});
            let is_paged = self.happens(50);
            effects.push(self.read("pods", &path, Vec::new(), &[rule], is_paged));
        }
        if self.happens(50) {
            effects.push(self.write(is_loose));
        }
        let trust = effects.iter().map(|effect| effect.trust).max().expect("effects");
        (effects, trust)
    }

    fn write(&mut self, is_loose: bool) -> Effect {
        // What a body holds of an object was read at the body's own path, which holds no longer name.
        let path = json!([
            {"Literal": "/apis/apps/v1/namespaces/"}, {"Argument": "namespace"}, {"Literal": "/deployments/"}, {"Argument": "name"},
        ]);
        let uid = json!({"$observed": ["get", "/metadata/uid"]});
        let maybe = json!({"$observed": ["get", "/metadata/uid"], "optional": true});
        let mut body = json!({
            "metadata": {"name": {"$argument": "name"}, "labels": {"tier": {"$argument": "tier", "optional": true}}},
            "spec": {"replicas": {"$argument": "replicas"}, "paused": false, "list": [1, {"$argument": "limit", "optional": true}, null]},
        });
        if self.happens(50) {
            body["at"] = json!({"$clock": "rfc3339"});
        }
        if !is_loose && self.happens(70) {
            body["metadata"]["uid"] = if self.happens(60) { maybe } else { uid };
        }
        let (method, trust, media_type) = self.of(&[
            ("Patch", "Write", "application/merge-patch+json"),
            ("Patch", "Destructive", "application/strategic-merge-patch+json"),
            ("Put", "Write", "application/json"),
            ("Delete", "Destructive", "application/json"),
        ]);
        let body = json!({"media_type": media_type, "template": body.to_string()});
        effect("write", &path, &json!({"method": method, "trust": trust, "body": body, "accept": self.accept()}))
    }

    /// An answer with whatever may stand where effects look.
    fn answer(&mut self) -> Value {
        let name = |choices: &mut Self| {
            let other = [json!("Bad_Name"), json!(""), json!("a/b"), json!("web"), json!(7), Value::Null, json!({})];
            if choices.happens(85) { json!(choices.of(&NAMES)) } else { choices.of(&other) }
        };
        let uid =
            if self.happens(80) { json!(self.of(&UIDS)) } else { self.of(&[json!("u i d"), Value::Null, json!("")]) };
        let token =
            if self.happens(80) { json!(self.of(&TOKENS)) } else { self.of(&[json!("t 1"), json!(""), Value::Null]) };
        let (selector, _) = self.of(&SELECTORS);
        let selector: Value = serde_json::from_str(selector).expect("a selector");
        let selector = if self.happens(80) { selector } else { self.of(&[json!({}), json!("a=1"), json!({"a": 1})]) };
        let items: Vec<Value> = (0..self.below(6)).map(|_| json!({"metadata": {"name": name(self)}})).collect();
        json!({"metadata": {"uid": uid, "continue": token}, "spec": {"node": name(self), "selector": selector}, "items": items})
    }

    /// A request with one thing changed in it.
    fn edited(&mut self, wire: &Wire) -> Wire {
        let mut wire = wire.clone();
        let mut segments: Vec<String> = wire.path.split('/').skip(1).map(str::to_owned).collect();
        let at = self.below(segments.len());
        match self.below(12) {
            0 => {
                segments[at] = self
                    .of(&["other", "dev", "prod", "web", "api", "web-1", "web-7d9f", "api-x", "status", "..", "%2e"])
                    .to_owned()
            }
            1 => drop(segments.remove(at)),
            2 => segments.insert(at, self.of(&["namespaces", "status", "web", ""]).to_owned()),
            3 => segments[at] = self.text(&segments[at].clone()),
            4 => wire.method = self.of(&["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "get"]).to_owned(),
            5 => wire.accept = self.of(&["application/json", "application/yaml", "*/*", ""]).to_owned(),
            6 | 7 => self.edit_body(&mut wire),
            _ => self.edit_query(&mut wire),
        }
        wire.path = segments.iter().fold(String::new(), |path, segment| path + "/" + segment);
        wire
    }

    fn edit_query(&mut self, wire: &mut Wire) {
        let added = [
            ("watch", "true"),
            ("limit", "5"),
            ("continue", "t1"),
            ("labelSelector", ""),
            ("dryRun", "All"),
            ("container", "k"),
        ];
        if wire.pairs.is_empty() || self.happens(20) {
            let (key, value) = self.of(&added);
            return wire.pairs.push((key.to_owned(), value.to_owned()));
        }
        let at = self.below(wire.pairs.len());
        match self.below(6) {
            0 => drop(wire.pairs.remove(at)),
            1 => wire.pairs[at].0 = self.text(&wire.pairs[at].0.clone()),
            2 => wire.pairs.push(wire.pairs[at].clone()),
            3 => {
                wire.pairs[at].1 =
                    self.of(&["1", "7", "31", "125", "500", "501", "t1", "T.3", "mine", "web-1", "01"]).to_owned()
            }
            4 => wire.pairs.reverse(),
            _ => wire.pairs[at].1 = self.text(&wire.pairs[at].1.clone()),
        }
    }

    fn edit_body(&mut self, wire: &mut Wire) {
        let Some((media_type, text)) = &mut wire.body else {
            wire.body = Some(("application/json".to_owned(), self.of(&["{}", "null", ""]).to_owned()));
            return;
        };
        match self.below(5) {
            0 => *media_type = self.of(&["application/json", "application/merge-patch+json", "text/plain"]).to_owned(),
            1 => wire.body = None,
            2 => {
                let mut value: Value = serde_json::from_str(text).expect("an honest body");
                let metadata = value["metadata"].as_object_mut().expect("an object");
                if metadata.remove("uid").is_none() {
                    value["spec"]["more"] = json!(self.below(3));
                }
                *text = value.to_string();
            }
            3 => text.insert(1, ' '),
            _ => *text = self.text(&text.clone()),
        }
    }

    /// A text with one character put in, taken out or changed.
    fn text(&mut self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let at = self.below(characters.len() + 1);
        let other = self.of(&['a', 'b', '0', '1', '-', ' ', '"', ',', 'A', '\u{e9}', '{', ']', '=', '\u{430}']);
        match self.below(3) {
            0 if at < characters.len() => drop(characters.remove(at)),
            1 if at < characters.len() => characters[at] = other,
            _ => characters.insert(at, other),
        }
        characters.into_iter().collect()
    }
}

/// The name, or a longer one that a search found.
fn longer() -> Value {
    json!({"Extends": {"argument": "name", "found": [{"effect": "search", "pointer": "/items/*/metadata/name", "form": "Name"}]}})
}

fn seen_in(choices: &mut Choices, read: &str) -> Value {
    let node = json!({"effect": read, "pointer": "/spec/node", "form": "Name"});
    let uid = json!({"effect": read, "pointer": "/metadata/uid", "form": "Uid"});
    let several = choices.of(&[vec![node.clone()], vec![uid.clone()], vec![node, uid]]);
    json!({"Observed": several})
}

/// What came of all triples.
#[derive(Default)]
struct Tally {
    allowed: usize,
    denied: usize,
    /// Denied after one change of what is allowed.
    near: usize,
    features: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn take(&mut self, found: Option<&Allowed>, is_edited: bool) {
        match found {
            Some(allowed) => {
                self.allowed += 1;
                allowed.features.iter().for_each(|feature| *self.features.entry(feature).or_default() += 1);
            }
            None => {
                self.denied += 1;
                self.near += usize::from(is_edited);
            }
        }
    }
}

#[test]
fn ten_thousand_requests_and_more_are_decided_as_they_are_written_down() {
    let mut choices = Choices(SEED);
    let mut tally = Tally::default();
    while tally.allowed + tally.denied < TRIPLES {
        let (effects, trust) = choices.effects();
        // Two that could fit one request are no connector's.
        if check(&effects, trust).is_err() {
            continue;
        }
        for _ in 0..CALLS {
            // What is allowed at one point of a call need not be at another.
            let mut elsewhere = Vec::new();
            let given = Value::Object(choices.arguments());
            let mut session = Session::planning(&effects, trust, &given);
            let arguments = SCHEMA.check(given.as_object().expect("an object").clone()).expect("arguments that fit");
            let mut call = Call::new(&effects, arguments.as_map());
            for _ in 0..choices.below(6) {
                compare(&mut choices, &mut tally, &session, &call, &mut elsewhere);
                let reads: Vec<Allowed> = call.allowed().into_iter().filter(|it| it.wire.method == "GET").collect();
                if reads.is_empty() {
                    break;
                }
                // Had something else been asked or answered, other requests would be allowed.
                let (mut other, same) = (call.clone(), choices.one(&reads));
                other.send(same.clone(), choices.status(), choices.answer());
                elsewhere.extend(choices.some(&other.allowed()));
                let next = if choices.happens(50) { same } else { choices.one(&reads) };
                let (status, answer) = (choices.status(), choices.answer());
                next.wire.with_ask(|ask| session.send(ask, status, &answer));
                call.send(Call::find(&reads, &next.wire).expect("itself").clone(), status, answer);
            }
            compare(&mut choices, &mut tally, &session, &call, &mut elsewhere);
        }
    }
    println!(
        "{} allowed, {} denied, {} of them by one change: {:#?}",
        tally.allowed, tally.denied, tally.near, tally.features
    );
    assert!(tally.allowed * 5 >= TRIPLES, "{} of {TRIPLES} allowed", tally.allowed);
    assert!(tally.near * 5 >= TRIPLES, "{} of {TRIPLES} denied for one change", tally.near);
    assert_eq!(tally.features.len(), 19, "all that effects can say: {:#?}", tally.features);
    for (feature, count) in &tally.features {
        assert!(*count >= 20, "{feature}: {count}");
    }
}

/// Holds some requests at one point of a call against the oracle.
#[track_caller]
fn compare(choices: &mut Choices, tally: &mut Tally, session: &Session, call: &Call<'_>, elsewhere: &mut Vec<Wire>) {
    let allowed = call.allowed();
    if allowed.is_empty() && elsewhere.is_empty() {
        return;
    }
    // A request fits one effect at most.
    let mut effects: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for one in &allowed {
        effects.entry(format!("{:?}", one.wire)).or_default().insert(one.effect);
    }
    assert!(effects.values().all(|of| of.len() == 1), "{effects:#?}");
    for _ in 0..REQUESTS {
        let is_of_here = elsewhere.is_empty() || (!allowed.is_empty() && choices.happens(60));
        let wire = if is_of_here { choices.one(&allowed).wire } else { choices.of(elsewhere) };
        let is_edited = is_of_here && choices.happens(45);
        let wire = if is_edited { choices.edited(&wire) } else { wire };
        let found = Call::find(&allowed, &wire);
        let decided = wire.with_ask(|ask| session.decide(ask).map(|_| ()));
        assert_eq!(
            decided.is_ok(),
            found.is_some(),
            "at {NOW}: {wire:#?}\ndecided: {decided:?}\nwritten down: {found:#?}"
        );
        tally.take(found, is_edited);
    }
    elsewhere.extend(choices.some(&allowed));
}
