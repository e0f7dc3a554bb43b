//! Whether two effects of one operation could both fit one request, and whether an effect can be reached at all.
//!
//! If a request could fit two effects, a connector could spend the count of the wrong one. So a pair must differ in something that can be seen in the
//! description alone, for every value of the arguments that choose among literals. A description is a stranger's: what can be told without trying
//! such values is told first, and the values that are tried are counted.

use crate::schema::{ArgumentsSchema, Parameter, ParameterType};
use crate::template::{Part, QueryTemplate, Segment, Template};
use std::collections::BTreeMap;

/// Most values of choosing arguments tried for all effects of one operation. Kinds choose in the busiest operation, and a tenth of this does for it.
const MAX_COMBINATIONS: usize = 4096;

/// What a choosing argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen<'a> {
    /// The value of a case.
    Case(&'a str),
    /// Not given. A rule of a query that names it falls away.
    Absent,
}

/// Values of the choosing arguments.
pub(crate) type Assignment<'a> = BTreeMap<&'a str, Chosen<'a>>;

/// What the choosing arguments of some effects can be where all of these effects exist. Any other value ends one of them.
pub(crate) struct Domains<'a>(BTreeMap<&'a str, Vec<Chosen<'a>>>);

/// How many combinations may still be tried.
#[derive(Debug)]
pub(crate) struct Combinations {
    left: usize,
}

/// More combinations than may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_COMBINATIONS} combinations of choosing arguments would have to be tried")]
pub(crate) struct TooManyCombinations;

impl Combinations {
    /// Of one operation.
    pub(crate) fn of_one_operation() -> Self {
        Self { left: MAX_COMBINATIONS }
    }

    fn take(&mut self, wanted: usize) -> Result<(), TooManyCombinations> {
        self.left = self.left.checked_sub(wanted).ok_or(TooManyCombinations)?;
        Ok(())
    }
}

impl<'a> Domains<'a> {
    /// None where the effects never exist in one call.
    fn of(effects: &[&'a Template], schema: &'a ArgumentsSchema) -> Option<Self> {
        let mut domains = BTreeMap::new();
        for effect in effects {
            for (name, _) in effect.choices() {
                if !domains.contains_key(name) && is_single(name, schema) {
                    domains.insert(name, domain(name, effects, schema)?);
                }
            }
        }
        Some(Self(domains))
    }

    /// Without the arguments that do not choose in the path.
    fn in_path(mut self, effect: &Template) -> Self {
        self.0.retain(|name, _| effect.path_choices().any(|(chooses, _)| chooses == *name));
        self
    }

    fn combinations(&self) -> usize {
        self.0.values().fold(1, |product: usize, values| product.saturating_mul(values.len()))
    }

    /// All combinations, made one by one.
    fn assignments(&self) -> impl Iterator<Item = Assignment<'a>> {
        (0..self.combinations()).map(|mut number| {
            let mut assignment = Assignment::new();
            for (name, values) in &self.0 {
                if let Some(value) = values.get(number % values.len()) {
                    assignment.insert(name, *value);
                }
                number /= values.len();
            }
            assignment
        })
    }
}

/// A list may hold several of its values at a time, so a condition on it rules nothing out.
fn is_single(name: &str, schema: &ArgumentsSchema) -> bool {
    schema.parameters().get(name).is_some_and(|parameter| parameter.kind != ParameterType::Texts)
}

/// What one argument can be where all of these effects exist; none where nothing is left.
fn domain<'a>(name: &str, effects: &[&'a Template], schema: &'a ArgumentsSchema) -> Option<Vec<Chosen<'a>>> {
    let parameter = schema.parameters().get(name)?;
    let mut lists = effects.iter().flat_map(|effect| effect.choices()).filter(|(chooses, _)| *chooses == name);
    let (_, mut values) = lists.next()?;
    for (_, others) in lists {
        values.retain(|value| others.contains(value));
    }
    if let Some(allowed) = &parameter.allowed {
        values.retain(|value| allowed.iter().any(|allowed| allowed == value));
    }
    if effects.iter().any(|effect| effect.absent.iter().any(|absent| absent == name)) {
        values.clear();
    }
    let mut domain: Vec<Chosen<'a>> = values.into_iter().map(Chosen::Case).collect();
    if !parameter.is_always_given() && !effects.iter().any(|effect| effect.exists_only_with(name)) {
        domain.push(Chosen::Absent);
    }
    (!domain.is_empty()).then_some(domain)
}

/// The paths that one effect can have: what the arguments that choose in its path can be.
///
/// # Errors
/// Where these are more than may be tried.
pub(crate) fn path_assignments<'a>(
    effect: &'a Template,
    schema: &'a ArgumentsSchema,
    combinations: &mut Combinations,
) -> Result<Vec<Assignment<'a>>, TooManyCombinations> {
    let Some(domains) = Domains::of(&[effect], schema).map(|domains| domains.in_path(effect)) else {
        return Ok(Vec::new());
    };
    combinations.take(domains.combinations())?;
    Ok(domains.assignments().collect())
}

/// Whether both effects can exist in one call.
pub(crate) fn can_coexist(a: &Template, b: &Template, schema: &ArgumentsSchema) -> bool {
    !contradict(a, b) && Domains::of(&[a, b], schema).is_some()
}

/// Whether one request could fit both effects.
///
/// # Errors
/// Where it cannot be told without trying more than may be tried.
pub(crate) fn overlap(
    a: &Template,
    b: &Template,
    schema: &ArgumentsSchema,
    combinations: &mut Combinations,
) -> Result<bool, TooManyCombinations> {
    let nothing_chosen = Assignment::new();
    let apart = a.method != b.method
        || body_media(a) != body_media(b)
        || a.paging.is_some() != b.paging.is_some()
        || !share_accept(a, b)
        || contradict(a, b)
        || !path_ends_meet(a, b)
        || !queries_meet(a, b, &nothing_chosen, schema);
    if apart {
        return Ok(false);
    }
    let Some(domains) = Domains::of(&[a, b], schema) else { return Ok(false) };
    combinations.take(domains.combinations())?;
    Ok(domains.assignments().any(|assignment| paths_meet(a, b, &assignment) && queries_meet(a, b, &assignment, schema)))
}

fn contradict(a: &Template, b: &Template) -> bool {
    let against = |a: &Template, b: &Template| a.given.iter().any(|name| b.absent.contains(name));
    against(a, b) || against(b, a)
}

fn share_accept(a: &Template, b: &Template) -> bool {
    a.accept.iter().any(|accept| b.accept.contains(accept))
}

fn body_media(effect: &Template) -> Option<&str> {
    effect.body.as_ref().map(|body| body.media_type.as_str())
}

/// Whether the paths could meet whatever is chosen: by their lengths, and by their segments up to the first choice and back to the last.
fn path_ends_meet(a: &Template, b: &Template) -> bool {
    let ((a_least, a_most), (b_least, b_most)) = (a.path_lengths(), b.path_lengths());
    let fixed = |segment: &&Segment| !matches!(segment, Segment::Chosen(..));
    let same = |(a, b): (&Segment, &Segment)| match (a, b) {
        (Segment::Literal(a), Segment::Literal(b)) => a == b,
        _ => true,
    };
    let from_start = a.path.iter().take_while(fixed).zip(b.path.iter().take_while(fixed)).all(same);
    let from_end = a.path.iter().rev().take_while(fixed).zip(b.path.iter().rev().take_while(fixed)).all(same);
    a_least <= b_most && b_least <= a_most && from_start && from_end
}

fn paths_meet(a: &Template, b: &Template, assignment: &Assignment<'_>) -> bool {
    let (a, b) = (a.path_under(assignment), b.path_under(assignment));
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

fn queries_meet(a: &Template, b: &Template, assignment: &Assignment<'_>, schema: &ArgumentsSchema) -> bool {
    let keeps_apart = |one: &Template, other: &Template| {
        one.query.iter().filter(|rule| one.always_stands(rule, assignment, schema)).any(|rule| {
            match other.query.iter().find(|candidate| candidate.key == rule.key) {
                None => true,
                Some(candidate) => {
                    let (p, q) =
                        (literal_prefix(&rule.parts, assignment), literal_prefix(&candidate.parts, assignment));
                    !p.starts_with(&q) && !q.starts_with(&p)
                }
            }
        })
    };
    !keeps_apart(a, b) && !keeps_apart(b, a)
}

fn literal_prefix(parts: &[Part], assignment: &Assignment<'_>) -> String {
    let mut prefix = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => prefix.push_str(text),
            Part::Chosen(name, cases) => match chosen(name, cases, assignment) {
                Some(text) => prefix.push_str(text),
                None => break,
            },
            Part::Argument(_) | Part::Extends(..) | Part::Observed(_) => break,
        }
    }
    prefix
}

fn chosen<'c, T>(name: &str, cases: &'c [(String, T)], assignment: &Assignment<'_>) -> Option<&'c T> {
    let Some(Chosen::Case(value)) = assignment.get(name) else { return None };
    cases.iter().find(|(case, _)| case == value).map(|(_, literal)| literal)
}

fn values<T>(cases: &[(String, T)]) -> Vec<&str> {
    cases.iter().map(|(value, _)| value.as_str()).collect()
}

impl Template {
    fn path_choices(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.path.iter().filter_map(|segment| match segment {
            Segment::Chosen(name, cases) => Some((name.as_str(), values(cases))),
            Segment::Literal(_) | Segment::Argument(_) | Segment::Extends(..) | Segment::Observed(_) => None,
        })
    }

    /// The arguments that choose a literal or whether the effect exists, with the values with which it does.
    fn choices(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let in_query = self.query.iter().flat_map(|rule| &rule.parts).filter_map(|part| match part {
            Part::Chosen(name, cases) => Some((name.as_str(), values(cases))),
            Part::Literal(_) | Part::Argument(_) | Part::Extends(..) | Part::Observed(_) => None,
        });
        let conditions = self
            .one_of
            .iter()
            .map(|(name, values)| (name.as_str(), values.iter().map(String::as_str).collect::<Vec<_>>()));
        conditions.chain(self.path_choices()).chain(in_query)
    }

    /// Whether there is no such effect in a call without this argument. A rule of a query falls away instead.
    fn exists_only_with(&self, name: &str) -> bool {
        let in_path = |segment: &Segment| match segment {
            Segment::Argument(other) | Segment::Chosen(other, _) | Segment::Extends(other, _) => other == name,
            Segment::Literal(_) | Segment::Observed(_) => false,
        };
        self.given.iter().any(|given| given == name)
            || self.one_of.iter().any(|(other, _)| other == name)
            || self.path.iter().any(in_path)
    }

    /// Least and greatest number of segments.
    fn path_lengths(&self) -> (usize, usize) {
        self.path.iter().fold((0, 0), |(least, most), segment| match segment {
            Segment::Chosen(_, cases) => {
                let lengths = || cases.iter().map(|(_, literal)| literal.len());
                (least + lengths().min().unwrap_or_default(), most + lengths().max().unwrap_or_default())
            }
            Segment::Literal(_) | Segment::Argument(_) | Segment::Extends(..) | Segment::Observed(_) => {
                (least + 1, most + 1)
            }
        })
    }

    /// The path under an assignment: literal segments, and `None` where a segment varies.
    pub(crate) fn path_under<'a>(&'a self, assignment: &Assignment<'_>) -> Vec<Option<&'a str>> {
        let mut segments = Vec::new();
        for segment in &self.path {
            match segment {
                Segment::Literal(text) => segments.push(Some(text.as_str())),
                Segment::Chosen(name, cases) => match chosen(name, cases, assignment) {
                    Some(literal) => segments.extend(literal.iter().map(|s| Some(s.as_str()))),
                    None => segments.push(None),
                },
                Segment::Argument(_) | Segment::Extends(..) | Segment::Observed(_) => segments.push(None),
            }
        }
        segments
    }

    /// Whether a query key must stand in every request of this effect, where the choosing arguments are these.
    fn always_stands(&self, rule: &QueryTemplate, assignment: &Assignment<'_>, schema: &ArgumentsSchema) -> bool {
        let given = |name: &str| match assignment.get(name) {
            Some(Chosen::Case(_)) => true,
            Some(Chosen::Absent) => false,
            None => {
                self.exists_only_with(name) || schema.parameters().get(name).is_some_and(Parameter::is_always_given)
            }
        };
        !rule.may_omit
            && rule.parts.iter().all(|part| match part {
                Part::Literal(_) | Part::Observed(_) => true,
                Part::Argument(name) | Part::Extends(name, _) | Part::Chosen(name, _) => given(name),
            })
    }
}
