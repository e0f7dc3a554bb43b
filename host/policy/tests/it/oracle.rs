//! What effects allow, said once more and otherwise: all requests that they allow are written down one by one, and a request is allowed where it is one of
//! them. Nothing here knows how a request is matched.

use crate::effects::Ask;
use meho_policy::effect::{Condition, Effect, Form, Piece, Place, QueryRule, Value as Rule};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The instant of every call here.
pub(crate) const NOW: &str = "2026-01-02T03:04:05Z";
/// Names, uids and tokens that answers hold. Whatever else stands there is none.
pub(crate) const NAMES: [&str; 6] = ["web-1", "web-7d9f", "api-x", "node-a", "ns:x", "0f9a-11"];
pub(crate) const UIDS: [&str; 6] = ["0f9a-11", "B7", "web-1", "web-7d9f", "api-x", "node-a"];
pub(crate) const TOKENS: [&str; 3] = ["t1", "t-2_=", "T.3"];
/// Selectors as objects have them, and as text.
pub(crate) const SELECTORS: [(&str, &str); 4] = [
    (r#"{"b":"2","a":"1"}"#, "a=1,b=2"),
    (r#"{"matchLabels":{"app":"web"}}"#, "app=web"),
    (
        r#"{"matchLabels":{"z":"","app":"web"},"matchExpressions":[{"key":"t","operator":"In","values":["y","x"]}]}"#,
        "app=web,z=,t in (x,y)",
    ),
    (
        r#"{"matchExpressions":[{"key":"k","operator":"DoesNotExist"},{"key":"j","operator":"NotIn","values":["v"]}]}"#,
        "!k,j notin (v)",
    ),
];
/// Page sizes that may be chosen instead of the whole.
const STEPS: [u64; 5] = [500, 125, 31, 7, 1];

/// A request in plain words: decoded, and the body as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wire {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) accept: String,
    pub(crate) body: Option<(String, String)>,
}

impl Wire {
    /// What follows from it for a connector to send.
    pub(crate) fn with_ask<T>(&self, then: impl FnOnce(&Ask<'_>) -> T) -> T {
        let mut target = self.path.clone();
        for (index, (key, value)) in self.pairs.iter().enumerate() {
            let value: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            target += &format!("{}{key}={value}", if index == 0 { '?' } else { '&' });
        }
        let body = self.body.as_ref();
        then(&Ask {
            method: &self.method,
            target: &target,
            accept: &self.accept,
            media_type: body.map(|(media_type, _)| media_type.as_str()),
            body: body.map_or("", |(_, text)| text),
        })
    }

    fn value(&self, key: &str) -> Option<String> {
        self.pairs.iter().find(|(other, _)| other == key).map(|(_, value)| value.clone())
    }

    /// Without order of the query, and with the body as what it says.
    fn plain(&self) -> (Self, Option<Value>) {
        let mut plain = self.clone();
        plain.pairs.sort();
        let said = plain.body.as_mut().map(|(_, text)| serde_json::from_str(&std::mem::take(text)));
        (plain, said.and_then(Result::ok))
    }
}

/// A request that is allowed.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    pub(crate) effect: usize,
    pub(crate) wire: Wire,
    /// What is made use of.
    pub(crate) features: BTreeSet<&'static str>,
    longer: Option<(String, String)>,
    /// Which series it goes on with; a new one without.
    series: Option<usize>,
}

/// One request that was sent.
#[derive(Clone)]
struct Sent {
    allowed: Allowed,
    series: usize,
    status: u16,
    answer: Value,
}

/// A call as far as it has come.
#[derive(Clone)]
pub(crate) struct Call<'a> {
    effects: &'a [Effect],
    arguments: &'a Map<String, Value>,
    sent: Vec<Sent>,
}

/// Path, pairs of the query, and whether a longer name is in them.
type Bare = (String, Vec<(String, String)>, bool);

/// What a piece may be; the flag says whether it is a longer name.
enum Texts {
    These(Vec<(String, bool)>),
    FallsAway,
    NoEffect,
}

impl<'a> Call<'a> {
    pub(crate) fn new(effects: &'a [Effect], arguments: &'a Map<String, Value>) -> Self {
        Self { effects, arguments, sent: Vec::new() }
    }

    pub(crate) fn send(&mut self, allowed: Allowed, status: u16, answer: Value) {
        let begun = self.of(allowed.effect).map(|sent| sent.series + 1).max().unwrap_or_default();
        let series = allowed.series.unwrap_or(begun);
        self.sent.push(Sent { allowed, series, status, answer });
    }

    /// The request of the list that this is.
    pub(crate) fn find<'l>(list: &'l [Allowed], wire: &Wire) -> Option<&'l Allowed> {
        let wanted = wire.plain();
        list.iter().find(|allowed| allowed.wire.plain() == wanted)
    }

    /// All requests that are allowed now.
    pub(crate) fn allowed(&self) -> Vec<Allowed> {
        (0..self.effects.len()).filter(|index| self.holds(*index)).flat_map(|index| self.requests(index)).collect()
    }

    fn of(&self, effect: usize) -> impl Iterator<Item = &Sent> {
        self.sent.iter().filter(move |sent| sent.allowed.effect == effect)
    }

    fn index(&self, id: &meho_policy::grammar::EffectId) -> usize {
        self.effects.iter().position(|effect| effect.id == *id).expect("an effect of this id")
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.arguments.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(_) => None,
            other => Some(other.to_string()),
        }
    }

    fn holds(&self, index: usize) -> bool {
        self.effects[index].when.iter().all(|condition| match condition {
            Condition::Given(name) => self.arguments.contains_key(name),
            Condition::Absent(name) => !self.arguments.contains_key(name),
            Condition::OneOf((name, values)) => match self.arguments.get(name) {
                Some(Value::Array(items)) => items.iter().any(|item| values.iter().any(|value| item == value)),
                _ => self.text(name).is_some_and(|text| values.contains(&text)),
            },
            Condition::Answered404(ids) => ids.iter().any(|id| self.of(self.index(id)).any(|sent| sent.status == 404)),
        })
    }

    /// Texts that stood in a place of answers, all of them.
    fn stood(&self, effect: usize, pointer: &str) -> Vec<&Value> {
        let answers = self.of(effect).filter(|sent| sent.status == 200).map(|sent| &sent.answer);
        let steps = || pointer.trim_start_matches('/').split('/');
        let mut found: Vec<&Value> = answers.collect();
        for step in steps() {
            found = match step {
                "*" => found.into_iter().flat_map(|value| value.as_array().into_iter().flatten()).collect(),
                name => found.into_iter().filter_map(|value| value.as_object()?.get(name)).collect(),
            };
        }
        found
    }

    fn seen(&self, places: &[Place]) -> Vec<String> {
        let mut texts = BTreeSet::new();
        for place in places {
            for value in self.stood(self.index(&place.effect), &place.pointer) {
                let selector = SELECTORS
                    .iter()
                    .find(|(object, _)| serde_json::from_str::<Value>(object).expect("a selector") == *value);
                let text = value.as_str().unwrap_or_default();
                match place.form {
                    Form::Name if NAMES.contains(&text) => texts.insert(text.to_owned()),
                    Form::Uid if UIDS.contains(&text) => texts.insert(text.to_owned()),
                    Form::LabelSelector => selector.is_some_and(|(_, text)| texts.insert((*text).to_owned())),
                    Form::Name | Form::Uid => false,
                };
            }
        }
        texts.into_iter().collect()
    }

    /// The longer names that one argument may stand for: the one in use, else each that was found.
    fn longer(&self, pieces: &[&Piece]) -> Vec<Option<(String, String)>> {
        let loose = pieces.iter().find_map(|piece| if let Piece::Extends(loose) = piece { Some(loose) } else { None });
        let Some((loose, value)) = loose.and_then(|loose| Some((loose, self.text(&loose.argument)?))) else {
            return vec![None];
        };
        let in_use =
            self.sent.iter().filter_map(|sent| sent.allowed.longer.clone()).find(|(of, _)| *of == loose.argument);
        if in_use.is_some() {
            return vec![in_use];
        }
        let found = self.seen(&loose.found).into_iter().filter(|name| name.starts_with(&value) && *name != value);
        std::iter::once(None).chain(found.map(|name| Some((loose.argument.clone(), name)))).collect()
    }

    fn texts(&self, piece: &Piece, longer: Option<&(String, String)>) -> Texts {
        let plain = |text: String| Texts::These(vec![(text, false)]);
        match piece {
            Piece::Literal(text) => plain(text.clone()),
            Piece::Argument(name) => self.text(name).map_or(Texts::FallsAway, plain),
            Piece::Chosen(choice) => match self.text(&choice.argument) {
                None => Texts::FallsAway,
                Some(value) => {
                    let case = choice.cases.iter().find(|(case, _)| *case == value);
                    case.map_or(Texts::NoEffect, |(_, text)| plain(text.clone()))
                }
            },
            Piece::Extends(loose) => match self.text(&loose.argument) {
                None => Texts::FallsAway,
                Some(value) => {
                    let longer = longer.map(|(_, longer)| (longer.clone(), true));
                    Texts::These(std::iter::once((value, false)).chain(longer).collect())
                }
            },
            Piece::Observed(places) => Texts::These(self.seen(places).into_iter().map(|text| (text, false)).collect()),
        }
    }

    /// All texts that pieces in a row may be.
    fn joined(&self, pieces: &[Piece], longer: Option<&(String, String)>) -> Texts {
        let all: Vec<Texts> = pieces.iter().map(|piece| self.texts(piece, longer)).collect();
        if all.iter().any(|texts| matches!(texts, Texts::NoEffect)) {
            return Texts::NoEffect;
        }
        let mut joined = vec![(String::new(), false)];
        for texts in all {
            let Texts::These(texts) = texts else { return Texts::FallsAway };
            joined = joined
                .iter()
                .flat_map(|(before, is_longer)| {
                    texts.iter().map(move |(text, longer)| (format!("{before}{text}"), *is_longer || *longer))
                })
                .collect();
        }
        Texts::These(joined)
    }

    fn requests(&self, index: usize) -> Vec<Allowed> {
        let effect = &self.effects[index];
        let in_query = effect.query.iter().flat_map(|rule| match &rule.value {
            Rule::Pieces(pieces) => pieces.as_slice(),
            Rule::PageSize(_) | Rule::PageToken(_) => &[],
        });
        let pieces: Vec<&Piece> = effect.path.iter().chain(in_query).collect();
        let longer = self.longer(&pieces);
        longer.iter().flat_map(|longer| self.requests_with(index, longer.as_ref())).collect()
    }

    fn requests_with(&self, index: usize, longer: Option<&(String, String)>) -> Vec<Allowed> {
        let effect = &self.effects[index];
        let Texts::These(paths) = self.joined(&effect.path, longer) else { return Vec::new() };
        let mut bare: Vec<Bare> = paths.into_iter().map(|(path, is_longer)| (path, Vec::new(), is_longer)).collect();
        for rule in &effect.query {
            let Rule::Pieces(pieces) = &rule.value else { continue };
            let values = match self.joined(pieces, longer) {
                Texts::NoEffect => return Vec::new(),
                Texts::FallsAway => continue,
                Texts::These(values) => values,
            };
            bare = bare.iter().flat_map(|request| with_key(request, rule, &values)).collect();
        }
        let body = match &effect.body {
            None => None,
            Some(rule) => match self.filled(&serde_json::from_str(&rule.template).expect("JSON")) {
                Some(Some(body)) => Some((rule.media_type.clone(), body.to_string())),
                Some(None) | None => return Vec::new(),
            },
        };
        let mut found = Vec::new();
        for (path, pairs, is_longer) in bare {
            for accept in &effect.accept {
                let wire = Wire {
                    method: effect.method.to_string(),
                    path: path.clone(),
                    pairs: pairs.clone(),
                    accept: accept.clone(),
                    body: body.clone(),
                };
                let longer = longer.filter(|_| is_longer).cloned();
                let features = features(effect, is_longer, body.as_ref().map(|(_, text)| text.as_str()));
                let base = Allowed { effect: index, wire, features, longer, series: None };
                found.extend(self.paged(effect, base));
            }
        }
        found
    }

    /// A request of each page, or the one that there is. None where the count is spent.
    fn paged(&self, effect: &Effect, base: Allowed) -> Vec<Allowed> {
        let begun: BTreeSet<usize> = self.of(base.effect).map(|sent| sent.series).collect();
        let has_room = begun.len() < usize::from(effect.count.series);
        let size = effect.query.iter().find_map(|rule| match &rule.value {
            Rule::PageSize(size) => Some(size),
            Rule::PageToken(_) | Rule::Pieces(_) => None,
        });
        let token = effect.query.iter().find_map(|rule| match &rule.value {
            Rule::PageToken(argument) => Some(argument),
            Rule::PageSize(_) | Rule::Pieces(_) => None,
        });
        let (Some(size), Some(token)) = (size, token) else {
            return if has_room { vec![base] } else { Vec::new() };
        };
        let limit = size.limit.as_ref().and_then(|name| self.arguments.get(name)?.as_u64()).unwrap_or(u64::MAX);
        let most = |left: u64| u64::from(size.rows).min(left);
        let page = |token: Option<&String>, rows: u64, series: Option<usize>, feature: &'static str| {
            let mut page = base.clone();
            page.wire.pairs.push(("limit".to_owned(), rows.to_string()));
            page.wire.pairs.extend(token.map(|token| ("continue".to_owned(), token.clone())));
            page.series = series;
            page.features.insert(feature);
            page
        };
        let mut pages = Vec::new();
        for series in begun.into_iter().rev() {
            let of_series: Vec<&Sent> = self.of(base.effect).filter(|sent| sent.series == series).collect();
            let is_same = of_series.iter().all(|sent| without_page(&sent.allowed.wire) == without_page(&base.wire));
            if !is_same || of_series.len() >= usize::from(effect.count.pages) {
                continue;
            }
            let asked = |sent: &Sent| (sent.allowed.wire.value("continue"), rows(&sent.allowed.wire));
            let latest = of_series.last().map(|sent| asked(sent)).expect("a series has a request");
            // Each page is paid for once, with what it was last asked for.
            let paid = |but: Option<&String>| -> u64 {
                let tokens: BTreeSet<Option<String>> = of_series.iter().map(|sent| asked(sent).0).collect();
                let last = |token: &Option<String>| {
                    of_series
                        .iter()
                        .rev()
                        .map(|sent| asked(sent))
                        .find(|(of, _)| of == token)
                        .map_or(0, |(_, rows)| rows)
                };
                tokens.iter().filter(|token| token.as_ref() != but).map(last).sum()
            };
            let again = most(limit.saturating_sub(paid(latest.0.as_ref())));
            let smaller = STEPS.iter().filter(|step| **step < again && **step < latest.1);
            pages.extend(smaller.map(|step| page(latest.0.as_ref(), *step, Some(series), "a page again")));
            let known = of_series.iter().filter(|sent| sent.status == 200);
            for token in known.filter_map(|sent| sent.answer.pointer("/metadata/continue")?.as_str()) {
                let token = token.to_owned();
                let is_new = of_series.iter().all(|sent| asked(sent).0.as_ref() != Some(&token));
                let whole = most(limit.saturating_sub(paid(Some(&token))));
                if is_new && TOKENS.contains(&token.as_str()) && whole > 0 {
                    let steps = STEPS.iter().copied().filter(|step| *step < whole);
                    let sizes = std::iter::once(whole).chain(steps);
                    pages.extend(sizes.map(|rows| page(Some(&token), rows, Some(series), "a further page")));
                }
            }
        }
        if has_room && most(limit) > 0 {
            let first = token.as_ref().and_then(|name| self.text(name));
            let steps = STEPS.iter().copied().filter(|step| *step < most(limit));
            let sizes = std::iter::once(most(limit)).chain(steps);
            pages.extend(sizes.map(|rows| page(first.as_ref(), rows, None, "a first page")));
        }
        pages
    }

    /// A body with its holes filled; the inner none where it falls away, the outer one where there can be no body now.
    fn filled(&self, template: &Value) -> Option<Option<Value>> {
        let Value::Object(members) = template else {
            let Value::Array(items) = template else { return Some(Some(template.clone())) };
            let items: Option<Vec<Option<Value>>> = items.iter().map(|item| self.filled(item)).collect();
            return Some(Some(items?.into_iter().flatten().collect()));
        };
        if let Some(Value::String(name)) = members.get("$argument") {
            return Some(self.arguments.get(name).cloned());
        }
        if members.contains_key("$clock") {
            return Some(Some(Value::from(NOW)));
        }
        if let Some(Value::Array(place)) = members.get("$observed") {
            let [Value::String(id), Value::String(pointer)] = place.as_slice() else { panic!("a place") };
            let read = self.effects.iter().position(|effect| effect.id.as_str() == id).expect("a read");
            let stood: BTreeSet<&str> = self
                .stood(read, pointer)
                .iter()
                .filter_map(|value| value.as_str())
                .filter(|text| !text.is_empty())
                .collect();
            let is_refused = self.of(read).next().is_some() && self.of(read).all(|sent| sent.status != 200);
            return match stood.into_iter().collect::<Vec<_>>().as_slice() {
                [one] => Some(Some(Value::from(*one))),
                [] if members.contains_key("optional") && is_refused => Some(None),
                _ => None,
            };
        }
        let mut filled = Map::new();
        for (name, member) in members {
            if let Some(value) = self.filled(member)? {
                filled.insert(name.clone(), value);
            }
        }
        Some((members.is_empty() || !filled.is_empty()).then_some(Value::Object(filled)))
    }
}

/// The request with each value of a key, and without it where it may be left out.
fn with_key((path, pairs, is_longer): &Bare, rule: &QueryRule, values: &[(String, bool)]) -> Vec<Bare> {
    let with = |(value, longer): &(String, bool)| {
        let pair = (rule.key.clone(), value.clone());
        (path.clone(), pairs.iter().cloned().chain([pair]).collect(), *is_longer || *longer)
    };
    let without = rule.may_omit.then(|| (path.clone(), pairs.clone(), *is_longer));
    values.iter().map(with).chain(without).collect()
}

fn without_page(wire: &Wire) -> Wire {
    let mut wire = wire.clone();
    wire.pairs.retain(|(key, _)| key != "limit" && key != "continue");
    wire.pairs.sort();
    wire
}

fn rows(wire: &Wire) -> u64 {
    wire.value("limit").and_then(|text| text.parse().ok()).expect("a page has a size")
}

fn features(effect: &Effect, is_longer: bool, body: Option<&str>) -> BTreeSet<&'static str> {
    let shown = serde_json::to_string(effect).expect("an effect");
    let optional = effect.body.as_ref().filter(|rule| rule.template.contains("optional"));
    let is_left_out = optional.is_some() && body.is_some_and(|body| !body.contains("uid") || !body.contains("tier"));
    let table: [(&'static str, bool); 16] = [
        ("a longer name", is_longer),
        ("a value seen", shown.contains("\"Observed\"")),
        ("a selector seen", shown.contains("\"LabelSelector\"")),
        ("a choice", shown.contains("\"Chosen\"")),
        ("a condition: given", shown.contains("\"Given\"")),
        ("a condition: absent", shown.contains("\"Absent\"")),
        ("a condition: one of", shown.contains("\"OneOf\"")),
        ("a condition: after a 404", shown.contains("\"Answered404\"")),
        ("a key that may be left out", shown.contains("\"may_omit\":true")),
        ("one of two media types", effect.accept.len() > 1),
        ("several series", effect.count.series > 1),
        ("a body", body.is_some()),
        ("a body with what was seen", shown.contains("$observed") && body.is_some_and(|body| body.contains("uid"))),
        ("a body without a member", is_left_out),
        ("a body with the clock", shown.contains("$clock")),
        ("a body with an argument", shown.contains("$argument")),
    ];
    table.into_iter().filter(|(_, is_used)| *is_used).map(|(feature, _)| feature).collect()
}
