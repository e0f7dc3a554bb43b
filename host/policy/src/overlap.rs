//! Whether two effects of one operation could both fit one request, and whether an effect can be reached at all.
//!
//! If a request could fit two effects, a connector could spend the count of the wrong one. So a pair must differ in something that can be seen in the
//! description alone, for every value of the arguments that choose among literals.

use crate::schema::{ArgumentsSchema, ParameterType};
use crate::template::{Part, Segment, Template};
use std::collections::BTreeMap;

/// Most combinations of choosing arguments that a pair is looked at under; more than that is taken for an overlap.
const MAX_COMBINATIONS: usize = 20_000;

/// Values of the choosing arguments. `None` is any value that no choice and no condition names.
pub(crate) type Assignment<'a> = BTreeMap<&'a str, Option<&'a str>>;

/// All combinations of the arguments by which these effects choose. None where there are too many.
pub(crate) fn assignments<'a>(effects: &[&'a Template], schema: &'a ArgumentsSchema) -> Option<Vec<Assignment<'a>>> {
    let mut values: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for effect in effects {
        let named = effect
            .one_of
            .iter()
            .map(|(name, values)| (name.as_str(), values.iter().map(String::as_str).collect::<Vec<_>>()));
        for (name, mentioned) in named.chain(effect.choices()) {
            // A list may hold several of the values at a time: it rules nothing out.
            let Some(parameter) = schema.parameters().get(name).filter(|p| p.kind != ParameterType::Texts) else {
                continue;
            };
            let slot = values.entry(name).or_default();
            slot.extend(mentioned.into_iter().map(Some));
            if parameter.allowed.is_none() {
                slot.push(None);
            }
        }
    }
    let mut combinations: Vec<Assignment<'a>> = vec![BTreeMap::new()];
    for (name, mut options) in values {
        options.sort_unstable();
        options.dedup();
        if combinations.len() * options.len() > MAX_COMBINATIONS {
            return None;
        }
        combinations = combinations
            .into_iter()
            .flat_map(|assignment| {
                options.iter().map(move |option| {
                    let mut assignment = assignment.clone();
                    assignment.insert(name, *option);
                    assignment
                })
            })
            .collect();
    }
    Some(combinations)
}

/// Whether both effects can exist in one call.
pub(crate) fn can_coexist(a: &Template, b: &Template, schema: &ArgumentsSchema) -> bool {
    !contradict(a, b)
        && assignments(&[a, b], schema)
            .is_none_or(|all| all.iter().any(|assignment| a.exists_under(assignment) && b.exists_under(assignment)))
}

/// Whether one request could fit both effects.
pub(crate) fn overlap(a: &Template, b: &Template, schema: &ArgumentsSchema) -> bool {
    if a.method != b.method || contradict(a, b) || !share_accept(a, b) || body_media(a) != body_media(b) {
        return false;
    }
    let Some(all) = assignments(&[a, b], schema) else { return true };
    all.iter()
        .filter(|assignment| a.exists_under(assignment) && b.exists_under(assignment))
        .any(|assignment| paths_meet(a, b, assignment) && queries_meet(a, b, assignment, schema))
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

fn paths_meet(a: &Template, b: &Template, assignment: &Assignment<'_>) -> bool {
    let (a, b) = (a.path_under(assignment), b.path_under(assignment));
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

fn queries_meet(a: &Template, b: &Template, assignment: &Assignment<'_>, schema: &ArgumentsSchema) -> bool {
    if a.paging.is_some() != b.paging.is_some() {
        return false;
    }
    let keeps_apart = |one: &Template, other: &Template| {
        one.query.iter().filter(|rule| one.always_stands(rule, schema)).any(|rule| {
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
            Part::Chosen(name, cases) => match chosen(cases, assignment.get(name.as_str()).copied().flatten()) {
                Some(text) => prefix.push_str(text),
                None => break,
            },
            Part::Argument(_) | Part::Extends(..) | Part::Observed(_) => break,
        }
    }
    prefix
}

fn chosen<'a, T>(cases: &'a [(String, T)], value: Option<&str>) -> Option<&'a T> {
    cases.iter().find(|(case, _)| Some(case.as_str()) == value).map(|(_, literal)| literal)
}

impl Template {
    /// The arguments that choose literals, with the values that have a case.
    fn choices(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let in_path = self.path.iter().filter_map(|segment| match segment {
            Segment::Chosen(name, cases) => {
                Some((name.as_str(), cases.iter().map(|(value, _)| value.as_str()).collect()))
            }
            Segment::Literal(_) | Segment::Argument(_) | Segment::Extends(..) | Segment::Observed(_) => None,
        });
        let in_query = self.query.iter().flat_map(|rule| &rule.parts).filter_map(|part| match part {
            Part::Chosen(name, cases) => Some((name.as_str(), cases.iter().map(|(value, _)| value.as_str()).collect())),
            Part::Literal(_) | Part::Argument(_) | Part::Extends(..) | Part::Observed(_) => None,
        });
        in_path.chain(in_query)
    }

    /// Whether the effect exists where the choosing arguments have these values.
    pub(crate) fn exists_under(&self, assignment: &Assignment<'_>) -> bool {
        let fits = |name: &str, values: &[&str]| match assignment.get(name) {
            Some(Some(value)) => values.contains(value),
            Some(None) => false,
            None => true,
        };
        let conditions =
            self.one_of.iter().all(|(name, values)| fits(name, &values.iter().map(String::as_str).collect::<Vec<_>>()));
        conditions && self.choices().all(|(name, values)| fits(name, &values))
    }

    /// The path under an assignment: literal segments, and `None` where a segment varies.
    pub(crate) fn path_under<'a>(&'a self, assignment: &Assignment<'_>) -> Vec<Option<&'a str>> {
        let mut segments = Vec::new();
        for segment in &self.path {
            match segment {
                Segment::Literal(text) => segments.push(Some(text.as_str())),
                Segment::Chosen(name, cases) => match chosen(cases, assignment.get(name.as_str()).copied().flatten()) {
                    Some(literal) => segments.extend(literal.iter().map(|s| Some(s.as_str()))),
                    None => segments.push(None),
                },
                Segment::Argument(_) | Segment::Extends(..) | Segment::Observed(_) => segments.push(None),
            }
        }
        segments
    }

    /// Whether a query key must stand in every request of this effect.
    fn always_stands(&self, rule: &crate::template::QueryTemplate, schema: &ArgumentsSchema) -> bool {
        let given = |name: &String| {
            self.given.contains(name)
                || schema.parameters().get(name).is_some_and(crate::schema::Parameter::is_always_given)
        };
        !rule.may_omit
            && rule.parts.iter().all(|part| match part {
                Part::Literal(_) | Part::Observed(_) | Part::Chosen(..) => true,
                Part::Argument(name) | Part::Extends(name, _) => given(name),
            })
    }
}
