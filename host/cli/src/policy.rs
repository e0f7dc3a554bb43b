//! The policy file's text: what an operator lets be done on which servers, read strictly, each mistake with its line.
//!
//! It knows no file; the program's `rules` reads it, and holds it against what a connector offers. What the rules mean is `meho_policy::rules`'.

mod lines;
mod mended;
mod server;

use crate::configuration::TargetName;
pub use lines::{Lines, Mistake};
use meho_host::policy::approver::{ApproverKey, Approvers};
use meho_host::policy::effect::Trust;
use meho_host::policy::grammar::{Namespace, OperationId};
use meho_host::policy::plan::{Digest, POLICY};
use meho_host::policy::rules::{Allowance, AutomaticApproval, Bounds, Names, SecretRule, TargetRules};
use mended::{Holes, Mended};
use serde::de::{Error as _, SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
pub use server::Server;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// What stands for all of something.
const ANY: &str = "any";
/// The section of servers that no other is about.
pub const DEFAULT: &str = "default";
/// A caller may not have more time than an hour either.
const MAX_SECONDS: u64 = 3600;
/// More than any list of a cluster has pages.
const MAX_REQUESTS: u32 = 100_000;
/// More than any answer has.
const MAX_RESPONSE_MIB: u64 = 64 << 10;
/// What the engine has for an instance, and what an empty one takes.
const MEMORY_MIB: std::ops::RangeInclusive<u64> = 4..=64;

/// What a policy says.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Of servers that no section is about.
    pub default: Option<TargetRules>,
    /// Of the servers of each section.
    pub sections: BTreeMap<TargetName, Section>,
}

/// What a policy says of some servers.
#[derive(Debug, Clone)]
pub struct Section {
    /// The servers. By these alone it is found: a name can be pointed elsewhere.
    pub servers: BTreeSet<Server>,
    /// The rules.
    pub rules: TargetRules,
}

/// Why a policy has no rules for a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unruled {
    /// The section of the target's name is about other servers.
    #[error("its section {0} is about other servers than {1}")]
    Elsewhere(String, String),
    /// No section is about its server.
    #[error("it says nothing of {0}, and has no [default]")]
    Unknown(String),
}

impl Policy {
    /// Reads a policy's text.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        Self::read(text).map_err(|mistakes| mistakes.into_iter().next().expect("what is refused has a mistake"))
    }

    /// Reads a policy's text to its end.
    ///
    /// # Errors
    /// Its mistakes, by their lines: one at least. What is no TOML has one alone, and what may come of a mistake that is told is not told as another.
    pub fn read(text: &str) -> Result<Self, Vec<Mistake>> {
        let lines = Lines::of(text).map_err(|mistake| vec![mistake])?;
        let Mended { read, mut mistakes, holes } = mended::read::<Written>(&lines);
        let policy = read.map(|written| Self::of(written, &lines, &holes, &mut mistakes));
        mistakes.sort_by_key(|mistake| mistake.line);
        match policy {
            Some(policy) if mistakes.is_empty() => Ok(policy),
            Some(_) | None => Err(mistakes),
        }
    }

    fn of(written: Written, lines: &Lines<'_>, holes: &Holes, mistakes: &mut Vec<Mistake>) -> Self {
        let default = written.default.map(|section| {
            if section.servers.is_some() {
                mistakes.push(lines.at(&[DEFAULT, "servers"], "default is about every server that no section names"));
            }
            rules(section, lines, &[DEFAULT], mistakes)
        });
        let mut sections: BTreeMap<TargetName, Section> = BTreeMap::new();
        for (name, section) in written.target {
            let at = ["target", name.as_str()];
            let servers = section.servers.iter().flatten().map(|word| word.0.clone()).collect::<BTreeSet<_>>();
            if servers.is_empty() && !holes.are_in(lines, &at) {
                let why = "a section says which servers it is about (servers = [\"https://…\"]): a target's name could be pointed elsewhere";
                mistakes.push(lines.at(&at, why));
            }
            let twice = sections.iter().find_map(|(other, known)| {
                known.servers.intersection(&servers).next().map(|server| (other.clone(), server.clone()))
            });
            if let Some((other, server)) = twice {
                let why = format!("{server} is one of the servers of {other} already");
                mistakes.push(lines.at(&["target", name.as_str(), "servers"], &why));
            }
            let rules = rules(section, lines, &at, mistakes);
            sections.insert(name, Section { servers, rules });
        }
        Self { default, sections }
    }

    /// The rules for a target at this URL, and the section that they are of. `name` is what the operator calls it, where that is known.
    ///
    /// # Errors
    /// Where there are none: then nothing may be done there.
    pub fn rules_for(&self, url: &str, name: Option<&str>) -> Result<(&str, &TargetRules), Unruled> {
        // What has no form here might be one of theirs: it is in no section, and not in the default one either.
        let server = Server::parse(url).map_err(|_| Unruled::Unknown(url.to_owned()))?;
        let found = self.sections.iter().find(|(_, section)| section.servers.contains(&server));
        let namesake = self.sections.keys().find(|known| Some(known.as_str()) == name);
        match (found, namesake, &self.default) {
            (Some((name, section)), ..) => Ok((name.as_str(), &section.rules)),
            (None, Some(name), _) => Err(Unruled::Elsewhere(name.to_string(), url.to_owned())),
            (None, None, Some(rules)) => Ok((DEFAULT, rules)),
            (None, None, None) => Err(Unruled::Unknown(url.to_owned())),
        }
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    default: Option<WrittenSection>,
    #[serde(default)]
    target: BTreeMap<TargetName, WrittenSection>,
}

/// A section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenSection {
    servers: Option<BTreeSet<Word<Server>>>,
    components: Option<AnyOr<Component>>,
    operations: Option<AnyOr<OperationId>>,
    namespaces: Option<AnyOr<Namespace>>,
    #[serde(default)]
    raise: BTreeMap<OperationId, Level>,
    #[serde(default)]
    automatic: Vec<WrittenApproval>,
    approvers: Option<Vec<Word<ApproverKey>>>,
    #[serde(default)]
    redact_secrets: bool,
    budgets: Option<WrittenBudgets>,
}

fn rules(section: WrittenSection, lines: &Lines<'_>, at: &[&str], mistakes: &mut Vec<Mistake>) -> TargetRules {
    let raised = section.raise.into_iter().map(|(operation, level)| (operation, level.trust())).collect();
    let automatic = section.automatic.into_iter().map(WrittenApproval::rule).collect();
    let keys: Option<Vec<ApproverKey>> = section.approvers.map(|keys| keys.into_iter().map(|word| word.0).collect());
    if keys.iter().flatten().any(|key| key.name() == POLICY) {
        let why = format!(
            "no approver is called {POLICY}: what the policy approves by itself stands in the record by that name"
        );
        mistakes.push(lines.at(&[at, &["approvers"]].concat(), &why));
    }
    let built_in = || Names::Only(BTreeSet::from([Component::built_in()]));
    let components = match section.components.map_or_else(built_in, |names| names.0) {
        Names::Any => Names::Any,
        Names::Only(names) => Names::Only(names.into_iter().map(|component| component.0).collect()),
    };
    TargetRules {
        components,
        operations: section.operations.map_or(Names::Any, |names| names.0),
        namespaces: section.namespaces.map_or(Names::Any, |names| names.0),
        raised,
        automatic,
        // An empty list is nobody.
        approvers: keys.map_or(Approvers::Anybody, Approvers::Keys),
        secrets: if section.redact_secrets { SecretRule::Redacted } else { SecretRule::AsSet },
        allowance: section.budgets.map(WrittenBudgets::allowance).unwrap_or_default(),
    }
}

/// A component, by its digest. What is built in has a word, so that a policy outlives an update of the program.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Component(Digest);

/// That word.
const BUILT_IN: &str = "built-in";

impl Component {
    fn built_in() -> Self {
        Self(Digest::of(meho_artifacts::KUBERNETES))
    }
}

impl TryFrom<String> for Component {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == BUILT_IN {
            return Ok(Self::built_in());
        }
        Digest::try_from(text).map(Self).map_err(|_| {
            format!(
                "a component is \"{BUILT_IN}\", or sha256: and 64 hexadecimal digits, as `meho-host inspect` prints it"
            )
        })
    }
}

/// What a level may be raised to.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Level {
    Write,
    Destructive,
}

impl Level {
    fn trust(&self) -> Trust {
        match self {
            Self::Write => Trust::Write,
            Self::Destructive => Trust::Destructive,
        }
    }
}

/// What a text becomes, or says why it does not.
trait Parsed: TryFrom<String, Error: fmt::Display> {}

impl<T: TryFrom<String, Error: fmt::Display>> Parsed for T {}

/// A text of a list. A mistake in it is told where it stands, and not where its list begins.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Word<T>(T);

impl<'de, T: Parsed> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfText<T>(PhantomData<T>);

        impl<T: Parsed> Visitor<'_> for OfText<T> {
            type Value = Word<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Word<T>, E> {
                T::try_from(text.to_owned()).map(Word).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(OfText(PhantomData))
    }
}

/// `"any"`, or a list.
struct AnyOr<T>(Names<T>);

impl<'de, T: Parsed + Ord> Deserialize<'de> for AnyOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyOrVisitor(PhantomData))
    }
}

struct AnyOrVisitor<T>(PhantomData<T>);

impl<'de, T: Parsed + Ord> Visitor<'de> for AnyOrVisitor<T> {
    type Value = AnyOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"any\", or a list of names")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text == ANY {
            return Ok(AnyOr(Names::Any));
        }
        Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        let words = BTreeSet::<Word<T>>::deserialize(SeqAccessDeserializer::new(items))?;
        Ok(AnyOr(Names::Only(words.into_iter().map(|word| word.0).collect())))
    }
}

/// An automatic approval as it is written. Where it goes has to be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenApproval {
    operation: OperationId,
    namespaces: AnyOr<Namespace>,
    #[serde(default)]
    arguments: BTreeMap<String, WrittenBounds>,
}

impl WrittenApproval {
    fn rule(self) -> AutomaticApproval {
        let arguments = self.arguments.into_iter().map(|(name, bounds)| (name, bounds.0)).collect();
        AutomaticApproval { operation: self.operation, namespaces: self.namespaces.0, arguments }
    }
}

struct WrittenBounds(Bounds);

impl<'de> Deserialize<'de> for WrittenBounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        struct Keys {
            min: Option<i64>,
            max: Option<i64>,
            one_of: Option<BTreeSet<String>>,
            is: Option<Value>,
        }
        let bounds = match Keys::deserialize(deserializer)? {
            Keys { min: None, max: None, one_of: None, is: Some(is) } => match is {
                Value::Bool(_) | Value::String(_) => Bounds::Exactly(is),
                Value::Number(ref number) if number.is_i64() => Bounds::Exactly(is),
                _ => return Err(D::Error::custom("what an argument is, is a text, an integer, true or false")),
            },
            Keys { min: None, max: None, one_of: Some(texts), is: None } if !texts.is_empty() => Bounds::OneOf(texts),
            Keys { min, max, one_of: None, is: None } if min.is_some() || max.is_some() => {
                let (least, most) = (min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX));
                if least > most {
                    return Err(D::Error::custom(format!("nothing is from {least} to {most}")));
                }
                Bounds::Integer(least, most)
            }
            _ => return Err(D::Error::custom("the bounds of an argument are min and max, or one-of, or is")),
        };
        Ok(Self(bounds))
    }
}

/// Budgets as they are written. Each is held against its bounds where it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenBudgets {
    #[serde(default, deserialize_with = "seconds")]
    seconds: Option<u64>,
    #[serde(default, deserialize_with = "requests")]
    requests: Option<u32>,
    #[serde(default, deserialize_with = "response_mib")]
    response_mib: Option<u64>,
    #[serde(default, deserialize_with = "memory_mib")]
    memory_mib: Option<u64>,
}

impl WrittenBudgets {
    fn allowance(self) -> Allowance {
        Allowance {
            wall: self.seconds.map(Duration::from_secs),
            requests: self.requests,
            response_bytes: self.response_mib.map(|mib| mib << 20),
            memory_bytes: self.memory_mib.map(|mib| mib << 20),
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within(deserializer, "seconds", 1..=MAX_SECONDS)
}

fn requests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    within(deserializer, "requests", 1..=MAX_REQUESTS)
}

fn response_mib<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within(deserializer, "response-mib", 1..=MAX_RESPONSE_MIB)
}

fn memory_mib<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within(deserializer, "memory-mib", MEMORY_MIB)
}

fn within<'de, D: Deserializer<'de>, N: TryFrom<i64> + PartialOrd + fmt::Display>(
    deserializer: D,
    key: &str,
    bounds: std::ops::RangeInclusive<N>,
) -> Result<Option<N>, D::Error> {
    let written = i64::deserialize(deserializer)?;
    let fits = N::try_from(written).ok().filter(|number| bounds.contains(number));
    let out = || D::Error::custom(format!("{key} is from {} to {}", bounds.start(), bounds.end()));
    fits.map(Some).ok_or_else(out)
}
