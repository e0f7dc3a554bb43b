//! How a cell is made of members that a catalogue names: one word for each way. The words are listed in `wit/catalog.wit`; to one that is not known
//! here the first member that there is stands as it is.

use crate::age;
use crate::cells::{Cell, brief, endpoints, expression, named, part, port, shortened_mode};
use crate::paint::Tone;
use serde_json::Value;

/// Whether there is a way of its own for a word of a catalogue.
#[must_use]
pub fn is_known(word: &str) -> bool {
    Shown::by_word(Some(word)) != Shown::AsItIs
}

/// A way to make a cell of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The first that there is, as it is.
    AsItIs,
    /// A word that says how something is.
    State,
    /// How long ago the first of these times was.
    Age,
    /// How many items or members there are in all of them.
    Count,
    /// So many of so many.
    Part,
    /// So many, where so many are wanted.
    Enough,
    /// A number that should not be 0.
    Wanted,
    /// A number that should be 0.
    Unwanted,
    /// A name, and whether it is the one that is taken where none is named.
    MarkedDefault,
    /// How something is, or that it goes: the second says since when.
    StateOrGoing,
    /// A namespace and a name in it.
    Within,
    /// A kind and a name.
    Reference,
    /// From when to when.
    Span,
    /// How many have succeeded, how many shall, how many run at a time.
    Completions,
    /// Labels, and expressions of a selector.
    Selector,
    /// Access modes of a volume.
    AccessModes,
    /// Ports of a Service.
    Ports,
    /// The ports of a web server that has these certificates.
    TlsPorts,
    /// Names of hosts; every one where there is none.
    Hosts,
    /// Addresses, or else names, of load balancers.
    ReachedAt,
    /// Type, load balancers, external addresses and external name of a Service.
    ServiceAddress,
    /// Addresses with their ports.
    Endpoints,
}

impl Shown {
    /// The way that a word stands for.
    pub(crate) fn by_word(word: Option<&str>) -> Self {
        match word {
            Some("state") => Self::State,
            Some("age") => Self::Age,
            Some("count") => Self::Count,
            Some("part") => Self::Part,
            Some("enough") => Self::Enough,
            Some("wanted") => Self::Wanted,
            Some("unwanted") => Self::Unwanted,
            Some("marked-default") => Self::MarkedDefault,
            Some("state-or-going") => Self::StateOrGoing,
            Some("within") => Self::Within,
            Some("reference") => Self::Reference,
            Some("span") => Self::Span,
            Some("completions") => Self::Completions,
            Some("selector") => Self::Selector,
            Some("access-modes") => Self::AccessModes,
            Some("ports") => Self::Ports,
            Some("tls-ports") => Self::TlsPorts,
            Some("hosts") => Self::Hosts,
            Some("reached-at") => Self::ReachedAt,
            Some("service-address") => Self::ServiceAddress,
            Some("endpoints") => Self::Endpoints,
            Some(_) | None => Self::AsItIs,
        }
    }

    /// The cell of members, which are null where a row has none.
    pub(crate) fn cell(self, of: &[&Value]) -> Cell {
        match self {
            Self::AsItIs => as_it_is(of),
            Self::State => state(of),
            Self::Age => since(of),
            Self::Count => count(of),
            Self::Part => part(number(of, 0), number(of, 1)),
            Self::Enough => enough(of),
            Self::Wanted => counted(number(of, 0), number(of, 0) == 0, Tone::Bad),
            Self::Unwanted => counted(number(of, 0), number(of, 0) > 0, Tone::Warn),
            Self::MarkedDefault => marked_default(of),
            Self::StateOrGoing => state_or_going(of),
            Self::Within => within(of),
            Self::Reference => reference(of),
            Self::Span => span(of),
            Self::Completions => completions(of),
            Self::Selector => selector(of),
            Self::AccessModes => list(items(of, 0).iter().filter_map(Value::as_str).map(shortened_mode)),
            Self::Ports => list(items(of, 0).iter().map(port)),
            Self::TlsPorts => Cell::text(if items(of, 0).is_empty() { "80" } else { "80,443" }),
            Self::Hosts => hosts(of),
            Self::ReachedAt => list(items(of, 0).iter().filter_map(named)),
            Self::ServiceAddress => service_address(of),
            Self::Endpoints => list(items(of, 0).iter().flat_map(endpoints)),
        }
    }
}

fn nth<'r>(of: &[&'r Value], at: usize) -> &'r Value {
    of.get(at).copied().unwrap_or(&Value::Null)
}

fn text<'r>(of: &[&'r Value], at: usize) -> &'r str {
    nth(of, at).as_str().unwrap_or_default()
}

fn number(of: &[&Value], at: usize) -> i64 {
    nth(of, at).as_i64().unwrap_or_default()
}

fn items<'r>(of: &[&'r Value], at: usize) -> &'r [Value] {
    nth(of, at).as_array().map_or(&[], Vec::as_slice)
}

fn list(texts: impl Iterator<Item = String>) -> Cell {
    Cell::some(&texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(","))
}

/// The first that there is.
fn as_it_is(of: &[&Value]) -> Cell {
    Cell::text(&brief(of.iter().find(|value| !value.is_null()).unwrap_or(&&Value::Null)))
}

fn state(of: &[&Value]) -> Cell {
    Cell::status(&brief(nth(of, 0)))
}

/// How long ago the first of these times was.
fn since(of: &[&Value]) -> Cell {
    let time = of.iter().filter_map(|time| time.as_str()).find_map(age::parse);
    time.map_or_else(Cell::nothing, Cell::Since)
}

/// How many there are in all of them.
fn count(of: &[&Value]) -> Cell {
    let size = |value: &&Value| match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    Cell::text(&of.iter().map(size).sum::<usize>().to_string())
}

fn counted(number: i64, is_amiss: bool, tone: Tone) -> Cell {
    Cell::toned(&number.to_string(), if is_amiss { tone } else { Tone::Plain })
}

/// So many, where so many are wanted.
fn enough(of: &[&Value]) -> Cell {
    counted(number(of, 0), number(of, 0) < number(of, 1), Tone::Warn)
}

fn marked_default(of: &[&Value]) -> Cell {
    match nth(of, 1) {
        Value::Bool(true) => Cell::text(&format!("{} (default)", text(of, 0))),
        _ => Cell::some(text(of, 0)),
    }
}

fn state_or_going(of: &[&Value]) -> Cell {
    if text(of, 1).is_empty() { state(of) } else { Cell::status("Terminating") }
}

fn within(of: &[&Value]) -> Cell {
    match (text(of, 0), text(of, 1)) {
        (_, "") => Cell::nothing(),
        (namespace, name) => Cell::text(&format!("{namespace}/{name}")),
    }
}

fn hosts(of: &[&Value]) -> Cell {
    if items(of, 0).is_empty() { Cell::text("*") } else { as_it_is(of) }
}

/// `pod/web-1`, as `kubectl` would take it.
fn reference(of: &[&Value]) -> Cell {
    match (text(of, 0), text(of, 1)) {
        ("", name) => Cell::some(name),
        (kind, name) => Cell::text(&format!("{}/{name}", kind.to_lowercase())),
    }
}

/// How long something took, or has been at it.
fn span(of: &[&Value]) -> Cell {
    match (age::parse(text(of, 0)), age::parse(text(of, 1))) {
        (Some(start), Some(end)) => Cell::text(&age::since(start, end)),
        (Some(start), None) => Cell::Since(start),
        (None, _) => Cell::nothing(),
    }
}

/// How many have succeeded, of how many. A work queue, whose pods know themselves when it is empty, says of how many of them one must succeed.
fn completions(of: &[&Value]) -> Cell {
    let succeeded = number(of, 0);
    Cell::text(&match (nth(of, 1).as_i64(), number(of, 2)) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
        (None, _) => format!("{succeeded}/1"),
    })
}

/// Labels and expressions as `kubectl` writes selectors: all where there are none.
fn selector(of: &[&Value]) -> Cell {
    let equal = nth(of, 0).as_object().into_iter().flatten();
    let equal = equal.map(|(key, value)| format!("{key}={}", brief(value)));
    let all: Vec<String> = equal.chain(items(of, 1).iter().map(expression)).collect();
    if all.is_empty() { Cell::text("<all>") } else { Cell::text(&all.join(",")) }
}

/// Where a Service is reached from outside: its type, its load balancer, its external addresses and its external name say it.
fn service_address(of: &[&Value]) -> Cell {
    let external = || items(of, 2).iter().filter_map(Value::as_str).map(str::to_owned);
    match text(of, 0) {
        "LoadBalancer" => match list(items(of, 1).iter().filter_map(named).chain(external())) {
            cell if cell == Cell::nothing() => Cell::toned("<pending>", Tone::Warn),
            cell => cell,
        },
        "ExternalName" => Cell::some(text(of, 3)),
        _ => list(external()),
    }
}
