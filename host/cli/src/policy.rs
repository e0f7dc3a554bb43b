//! The policy file's text: what an operator lets be done on which servers, read strictly, each mistake with its line.
//!
//! It knows no file; the program's `rules` reads it, and holds it against what a connector offers. What the rules mean is `meho_policy::rules`'.

mod server;

use crate::configuration::TargetName;
use meho_host::policy::approver::{ApproverKey, Approvers};
use meho_host::policy::effect::Trust;
use meho_host::policy::grammar::{Namespace, OperationId};
use meho_host::policy::plan::{Digest, POLICY};
use meho_host::policy::rules::{Allowance, AutomaticApproval, Bounds, Names, SecretRule, TargetRules};
use serde::de::{Error as _, SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
pub use server::Server;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;
use toml_edit::{Document, Item};

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

/// A mistake, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, in one line.
    pub message: String,
}

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
        let lines = Lines::of(text)?;
        let written: Written = toml_edit::de::from_str(text).map_err(|error| lines.of_error(&error))?;
        let default = match written.default {
            Some(WrittenSection { servers: Some(_), .. }) => {
                return Err(lines.at(&[DEFAULT, "servers"], "default is about every server that no section names"));
            }
            Some(section) => Some(rules(section, &lines, &[DEFAULT])?),
            None => None,
        };
        let mut sections: BTreeMap<TargetName, Section> = BTreeMap::new();
        for (name, section) in written.target {
            let at = ["target", name.as_str()];
            let servers = section.servers.iter().flatten().map(|word| word.0.clone()).collect::<BTreeSet<_>>();
            if servers.is_empty() {
                let why = "a section says which servers it is about (servers = [\"https://…\"]): a target's name could be pointed elsewhere";
                return Err(lines.at(&at, why));
            }
            let twice = sections.iter().find_map(|(other, known)| {
                known.servers.intersection(&servers).next().map(|server| (other.clone(), server.clone()))
            });
            if let Some((other, server)) = twice {
                let why = format!("{server} is one of the servers of {other} already");
                return Err(lines.at(&["target", name.as_str(), "servers"], &why));
            }
            let rules = rules(section, &lines, &at)?;
            sections.insert(name, Section { servers, rules });
        }
        Ok(Self { default, sections })
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

/// Where things stand in a text.
pub struct Lines<'t> {
    text: &'t str,
    document: Document<&'t str>,
}

impl<'t> Lines<'t> {
    /// The places of a text.
    ///
    /// # Errors
    /// Where it is no TOML.
    pub fn of(text: &'t str) -> Result<Self, Mistake> {
        let document = Document::parse(text).map_err(|error| mistake(text, error.span(), error.message()))?;
        Ok(Self { text, document })
    }

    /// A mistake in what stands behind these keys, or in the closest thing around it. A number is a place in a list.
    #[must_use]
    pub fn at(&self, path: &[&str], message: &str) -> Mistake {
        let mut item: &Item = self.document.as_item();
        let mut span = None;
        for step in path {
            let next = item.get(*step).or_else(|| step.parse::<usize>().ok().and_then(|place| item.get(place)));
            let Some(next) = next else { break };
            span = next.span().or(span);
            item = next;
        }
        mistake(self.text, span, message)
    }

    /// Where a text stands in the list behind these keys; the list itself where it does not.
    #[must_use]
    pub fn place_in(&self, path: &[&str], text: &str) -> String {
        let list = path.iter().try_fold(self.document.as_item(), |item, step| item.get(*step));
        let items = list.and_then(Item::as_array);
        let place = items.and_then(|items| items.iter().position(|item| item.as_str() == Some(text)));
        place.map(|place| place.to_string()).unwrap_or_default()
    }

    fn of_error(&self, error: &toml_edit::de::Error) -> Mistake {
        mistake(self.text, error.span(), error.message())
    }
}

fn mistake(text: &str, span: Option<std::ops::Range<usize>>, message: &str) -> Mistake {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join("; ");
    Mistake { line: before.matches('\n').count() + 1, message }
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

fn rules(section: WrittenSection, lines: &Lines<'_>, at: &[&str]) -> Result<TargetRules, Mistake> {
    let raised = section.raise.into_iter().map(|(operation, level)| (operation, level.trust())).collect();
    let automatic = section.automatic.into_iter().map(WrittenApproval::rule).collect();
    let keys: Option<Vec<ApproverKey>> = section.approvers.map(|keys| keys.into_iter().map(|word| word.0).collect());
    if keys.iter().flatten().any(|key| key.name() == POLICY) {
        let why = format!(
            "no approver is called {POLICY}: what the policy approves by itself stands in the record by that name"
        );
        return Err(lines.at(&[at, &["approvers"]].concat(), &why));
    }
    let built_in = || Names::Only(BTreeSet::from([Component::built_in()]));
    let components = match section.components.map_or_else(built_in, |names| names.0) {
        Names::Any => Names::Any,
        Names::Only(names) => Names::Only(names.into_iter().map(|component| component.0).collect()),
    };
    Ok(TargetRules {
        components,
        operations: section.operations.map_or(Names::Any, |names| names.0),
        namespaces: section.namespaces.map_or(Names::Any, |names| names.0),
        raised,
        automatic,
        // An empty list is nobody.
        approvers: keys.map_or(Approvers::Anybody, Approvers::Keys),
        secrets: if section.redact_secrets { SecretRule::Redacted } else { SecretRule::AsSet },
        allowance: section.budgets.map(|budgets| budgets.0).unwrap_or_default(),
    })
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

struct WrittenBudgets(Allowance);

impl<'de> Deserialize<'de> for WrittenBudgets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        struct Keys {
            seconds: Option<u64>,
            requests: Option<u32>,
            response_mib: Option<u64>,
            memory_mib: Option<u64>,
        }
        let Keys { seconds, requests, response_mib, memory_mib } = Keys::deserialize(deserializer)?;
        let within = |key: &str, value: Option<u64>, bounds: std::ops::RangeInclusive<u64>| match value {
            Some(value) if !bounds.contains(&value) => {
                Err(D::Error::custom(format!("{key} is from {} to {}", bounds.start(), bounds.end())))
            }
            Some(_) | None => Ok(()),
        };
        within("seconds", seconds, 1..=MAX_SECONDS)?;
        within("requests", requests.map(u64::from), 1..=u64::from(MAX_REQUESTS))?;
        within("response-mib", response_mib, 1..=MAX_RESPONSE_MIB)?;
        within("memory-mib", memory_mib, MEMORY_MIB)?;
        Ok(Self(Allowance {
            wall: seconds.map(Duration::from_secs),
            requests,
            response_bytes: response_mib.map(|mib| mib << 20),
            memory_bytes: memory_mib.map(|mib| mib << 20),
        }))
    }
}
