//! The authority of one call: effects with the call's arguments filled in. A decidable set of requests, bounded in count.

use crate::catalogue::Effects;
use crate::effect::{Form, Method, Trust};
use crate::family::{Family, Pages};
use crate::grammar::{EffectId, MediaType, OperationId, PathSegment, QueryKey};
use crate::plan::ApprovedPlan;
use crate::rules::{CallRules, TargetRules};
use crate::schema::Arguments;
use crate::template::{Hole, Part, Segment, Sight, Template};

/// What a run is for. A call that may write is run twice: once to see what it would write, once to write exactly that.
#[derive(Debug)]
pub enum Phase {
    /// Reads are sent; the first write is the plan, and is not sent.
    Plan,
    /// Reads are sent, and the one write that was approved.
    Execute(Box<ApprovedPlan>),
}

/// The authority of one call.
#[derive(Debug)]
pub struct Authority {
    pub(crate) family: Family,
    pub(crate) clock: String,
    pub(crate) arguments: Arguments,
    pub(crate) effects: Vec<Bound>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) phase: Phase,
    pub(crate) rules: CallRules,
}

/// Where values are collected during the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) effect: usize,
    pub(crate) pointer: Vec<String>,
    pub(crate) form: Option<Form>,
    /// Only values that begin so are kept.
    pub(crate) prefix: Option<String>,
}

/// An effect with the call's arguments in it.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) id: EffectId,
    pub(crate) trust: Trust,
    pub(crate) method: Method,
    /// False where a condition on arguments does not hold. The effect keeps its place, so that indices stay what they were.
    pub(crate) exists: bool,
    pub(crate) after_404: Vec<Vec<usize>>,
    pub(crate) path: Vec<BoundSegment>,
    pub(crate) query: Vec<BoundRule>,
    pub(crate) paging: Option<BoundPaging>,
    pub(crate) accept: Vec<MediaType>,
    pub(crate) body: Option<(String, BoundHole)>,
    pub(crate) series: u16,
    pub(crate) pages: u16,
}

#[derive(Debug)]
pub(crate) enum BoundSegment {
    Literal(PathSegment),
    Variable(Variable),
}

/// A part of a request that depends on what was seen.
#[derive(Debug)]
pub(crate) enum Variable {
    /// The argument's value, or one longer name.
    Extends { argument: String, value: String, slots: Vec<usize> },
    /// Any value seen.
    Observed { slots: Vec<usize> },
}

#[derive(Debug)]
pub(crate) struct BoundRule {
    pub(crate) key: QueryKey,
    pub(crate) prefix: String,
    pub(crate) variable: Option<Variable>,
    pub(crate) suffix: String,
    pub(crate) may_omit: bool,
}

#[derive(Debug)]
pub(crate) struct BoundPaging {
    pub(crate) of_family: Pages,
    pub(crate) rows: u32,
    pub(crate) limit: Option<u64>,
    pub(crate) first_token: Option<String>,
}

/// A body in which only what was seen is open.
#[derive(Debug)]
pub(crate) enum BoundHole {
    Literal(serde_json::Value),
    Object(Vec<(String, BoundHole)>),
    Array(Vec<BoundHole>),
    /// A member that falls away.
    Absent,
    Observed {
        slot: usize,
        effect: usize,
        optional: bool,
    },
}

impl Authority {
    /// Fills a call's arguments in. `clock` is the call's instant as RFC 3339 in UTC, to the second.
    #[must_use]
    pub fn compile(effects: &Effects, arguments: &Arguments, clock: &str, phase: Phase) -> Self {
        let mut authority = Self {
            family: effects.family(),
            clock: clock.to_owned(),
            arguments: arguments.clone(),
            effects: Vec::new(),
            slots: Vec::new(),
            phase,
            rules: CallRules::default(),
        };
        for template in effects.templates() {
            let bound = authority.bind(template);
            authority.effects.push(bound);
        }
        authority
    }

    /// No right at all: what a component has while it describes itself.
    #[must_use]
    pub fn none() -> Self {
        Self {
            family: Family::Kubernetes,
            clock: String::new(),
            arguments: Arguments::default(),
            effects: Vec::new(),
            slots: Vec::new(),
            phase: Phase::Plan,
            rules: CallRules::default(),
        }
    }

    /// The same under an operator's rules for the target, as far as they are about the requests of this operation. They only ever take away.
    #[must_use]
    pub fn under(self, rules: &TargetRules, operation: &OperationId) -> Self {
        Self { rules: rules.of_call(operation), ..self }
    }

    /// The arguments of the call.
    #[must_use]
    pub fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    /// The family of the target.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    fn bind(&mut self, template: &Template) -> Bound {
        let mut bound = Bound {
            id: template.id.clone(),
            trust: template.trust,
            method: template.method,
            exists: self.conditions_hold(template),
            after_404: template.after_404.clone(),
            path: Vec::new(),
            query: Vec::new(),
            paging: None,
            accept: template.accept.clone(),
            body: None,
            series: template.series,
            pages: template.pages,
        };
        match self.bind_path(template) {
            Some(path) => bound.path = path,
            None => bound.exists = false,
        }
        for rule in &template.query {
            match self.bind_rule(rule) {
                Binding::Rule(rule) => bound.query.push(rule),
                Binding::FallsAway => {}
                Binding::NoEffect => bound.exists = false,
            }
        }
        bound.paging = template.paging.as_ref().map(|paging| BoundPaging {
            of_family: paging.of_family,
            rows: paging.rows,
            limit: paging
                .limit
                .as_ref()
                .and_then(|name| self.arguments.value(name))
                // No schema lets a limit be less than one; one that were is no limit to do without.
                .map(|limit| limit.as_u64().unwrap_or_default()),
            first_token: paging.first_token.as_ref().and_then(|name| self.arguments.text(name)),
        });
        bound.body = template.body.as_ref().map(|body| (body.media_type.clone(), self.bind_hole(&body.template)));
        bound
    }

    fn conditions_hold(&self, template: &Template) -> bool {
        template.given.iter().all(|name| self.arguments.value(name).is_some())
            && template.absent.iter().all(|name| self.arguments.value(name).is_none())
            && template.one_of.iter().all(|(name, values)| self.arguments.is_one_of(name, values))
    }

    /// None where an argument of the path is absent or has no case: then there is no such request.
    fn bind_path(&mut self, template: &Template) -> Option<Vec<BoundSegment>> {
        let mut path = Vec::new();
        for segment in &template.path {
            match segment {
                Segment::Literal(text) => path.push(BoundSegment::Literal(text.clone())),
                Segment::Argument(name) => {
                    let text = self.arguments.text(name)?;
                    path.push(BoundSegment::Literal(PathSegment::parse(&text).ok()?));
                }
                Segment::Chosen(name, cases) => {
                    let value = self.arguments.text(name)?;
                    let (_, literal) = cases.iter().find(|(case, _)| *case == value)?;
                    path.extend(literal.iter().cloned().map(BoundSegment::Literal));
                }
                Segment::Extends(name, sights) => {
                    let variable = self.bind_extends(name, sights)?;
                    path.push(BoundSegment::Variable(variable));
                }
                Segment::Observed(sights) => {
                    let slots = self.slots_of(sights, None);
                    path.push(BoundSegment::Variable(Variable::Observed { slots }));
                }
            }
        }
        Some(path)
    }

    fn bind_rule(&mut self, rule: &crate::template::QueryTemplate) -> Binding {
        let mut bound = BoundRule {
            key: rule.key.clone(),
            prefix: String::new(),
            variable: None,
            suffix: String::new(),
            may_omit: rule.may_omit,
        };
        // First: no case, no effect, whichever other argument of the rule is absent.
        if rule.parts.iter().any(|part| self.has_no_case(part)) {
            return Binding::NoEffect;
        }
        for part in &rule.parts {
            let text = match part {
                Part::Literal(text) => text.clone(),
                Part::Argument(name) => match self.arguments.text(name) {
                    Some(text) => text,
                    None => return Binding::FallsAway,
                },
                Part::Chosen(name, cases) => {
                    let Some(value) = self.arguments.text(name) else { return Binding::FallsAway };
                    match cases.iter().find(|(case, _)| *case == value) {
                        Some((_, literal)) => literal.clone(),
                        None => return Binding::NoEffect,
                    }
                }
                Part::Extends(name, sights) => match self.bind_extends(name, sights) {
                    Some(variable) => {
                        bound.variable = Some(variable);
                        continue;
                    }
                    None => return Binding::FallsAway,
                },
                Part::Observed(sights) => {
                    let slots = self.slots_of(sights, None);
                    bound.variable = Some(Variable::Observed { slots });
                    continue;
                }
            };
            let side = if bound.variable.is_none() { &mut bound.prefix } else { &mut bound.suffix };
            side.push_str(&text);
        }
        Binding::Rule(bound)
    }

    /// Whether the argument that chooses is given and is none of the cases.
    fn has_no_case(&self, part: &Part) -> bool {
        match part {
            Part::Chosen(name, cases) => {
                self.arguments.text(name).is_some_and(|value| !cases.iter().any(|(case, _)| *case == value))
            }
            Part::Literal(_) | Part::Argument(_) | Part::Extends(..) | Part::Observed(_) => false,
        }
    }

    fn bind_extends(&mut self, name: &str, sights: &[Sight]) -> Option<Variable> {
        let value = self.arguments.text(name)?;
        let slots = self.slots_of(sights, Some(&value));
        Some(Variable::Extends { argument: name.to_owned(), value, slots })
    }

    fn bind_hole(&mut self, hole: &Hole) -> BoundHole {
        match hole {
            Hole::Literal(value) => BoundHole::Literal(value.clone()),
            Hole::Clock => BoundHole::Literal(serde_json::Value::from(self.clock.as_str())),
            Hole::Argument { name, optional: _ } => match self.arguments.value(name) {
                Some(value) => BoundHole::Literal(value.clone()),
                None => BoundHole::Absent,
            },
            Hole::Observed { sight, optional } => {
                let slot = self.slot(sight, None);
                BoundHole::Observed { slot, effect: sight.effect, optional: *optional }
            }
            Hole::Object(members) => {
                BoundHole::Object(members.iter().map(|(name, hole)| (name.clone(), self.bind_hole(hole))).collect())
            }
            Hole::Array(items) => BoundHole::Array(items.iter().map(|hole| self.bind_hole(hole)).collect()),
        }
    }

    fn slots_of(&mut self, sights: &[Sight], prefix: Option<&str>) -> Vec<usize> {
        sights.iter().map(|sight| self.slot(sight, prefix)).collect()
    }

    fn slot(&mut self, sight: &Sight, prefix: Option<&str>) -> usize {
        let slot = Slot {
            effect: sight.effect,
            pointer: sight.pointer.clone(),
            form: sight.form,
            prefix: prefix.map(str::to_owned),
        };
        match self.slots.iter().position(|known| *known == slot) {
            Some(index) => index,
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        }
    }
}

enum Binding {
    Rule(BoundRule),
    FallsAway,
    NoEffect,
}
