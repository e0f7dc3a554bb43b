//! The decision on one request. Pure and total: the same authority, state and request give the same answer, and there is always one.

use crate::authority::{Authority, Bound, BoundHole, BoundPaging, BoundSegment, Phase, Variable};
use crate::denial::{Denial, Rule};
use crate::effect::Trust;
use crate::family::Pages;
use crate::grammar::EffectId;
use crate::plan::PlannedRequest;
use crate::request::CanonicalRequest;
use crate::state::{State, TokenDigest, token_digest};
use crate::template::PAGE_LADDER;
use serde_json::{Map, Value};

/// The right to send one request, once. [`decide`] makes it of a connector's request, a [`Question`](crate::question::Question) of the host's own, which
/// has a fixed form. Nothing else can be sent.
///
/// ```compile_fail,E0451
/// // Its fields are private: there is no other way to one.
/// let forged = meho_policy::decide::Permit { request: loop {}, id: loop {}, trust: loop {}, basis: loop {} };
/// ```
#[derive(Debug)]
pub struct Permit {
    pub(crate) request: CanonicalRequest,
    pub(crate) id: EffectId,
    pub(crate) trust: Trust,
    pub(crate) basis: Basis,
}

/// Why a request may be sent.
#[derive(Debug)]
pub(crate) enum Basis {
    /// It fits an effect of the call's authority.
    Effect { effect: usize, page: Page, longer: Option<(String, String)> },
    /// It is the host's own.
    Question,
}

impl Permit {
    /// The request that was judged: what is sent is rendered from it.
    #[must_use]
    pub fn request(&self) -> &CanonicalRequest {
        &self.request
    }

    /// The effect that it fits, or what the host asks.
    #[must_use]
    pub fn effect(&self) -> &EffectId {
        &self.id
    }

    /// What it may do: the higher of what the effect says and what the family says.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// Whether it is the host's own, and no connector's.
    #[must_use]
    pub fn is_of_host(&self) -> bool {
        matches!(self.basis, Basis::Question)
    }
}

/// What becomes of a request that is not denied.
#[derive(Debug)]
pub enum Decision {
    /// It may be sent.
    Send(Permit),
    /// It is the write of a plan run: it is not sent, and the run is over.
    Plan(PlannedRequest),
}

/// Where a request stands in its effect's series.
#[derive(Debug)]
pub(crate) enum Page {
    First { key: String, asked: Option<(TokenDigest, u32)> },
    Further { series: usize, asked: (TokenDigest, u32) },
}

/// Decides on one request.
///
/// # Errors
/// The denial names the rule, and the effect that came closest.
pub fn decide(authority: &Authority, state: &State, request: &CanonicalRequest) -> Result<Decision, Denial> {
    let mut closest: Option<(usize, Denial)> = None;
    for (index, effect) in authority.effects.iter().enumerate().filter(|(_, effect)| effect.exists) {
        let mut matching = Matching { authority, state, request, effect, longer: None };
        match matching.fit(index) {
            Ok(page) => {
                let longer = matching.longer;
                return conclude(authority, state, request, index, page, longer)
                    .map_err(|denial| denial.of(&effect.id));
            }
            Err((depth, denial)) => {
                if closest.as_ref().is_none_or(|(deepest, _)| depth > *deepest) {
                    let denial = if denial.rule > Rule::Path { denial.of(&effect.id) } else { denial };
                    closest = Some((depth, denial));
                }
            }
        }
    }
    let nothing = || Denial::new(Rule::Method, request.method().as_str());
    Err(closest.map_or_else(nothing, |(_, denial)| denial))
}

/// What the request really is, and whether this run may send it.
fn conclude(
    authority: &Authority,
    state: &State,
    request: &CanonicalRequest,
    index: usize,
    page: Page,
    longer: Option<(String, String)>,
) -> Result<Decision, Denial> {
    let effect = &authority.effects[index];
    let classified = authority.family.trust(request);
    if effect.trust == Trust::Read && classified > Trust::Read {
        return Err(Denial::new(Rule::Trust, format!("declared READ and is {classified}")));
    }
    authority.rules.judge(authority.family, request)?;
    let trust = authority.rules.raise(effect.trust.max(classified));
    let basis = Basis::Effect { effect: index, page, longer };
    let permit = || Permit { request: request.clone(), id: effect.id.clone(), trust, basis };
    if trust == Trust::Read {
        return Ok(Decision::Send(permit()));
    }
    if state.written {
        return Err(Denial::new(Rule::OneWrite, request.method().as_str()));
    }
    let planned = PlannedRequest::new(request.clone(), effect.id.clone(), trust);
    match &authority.phase {
        Phase::Plan => Ok(Decision::Plan(planned)),
        Phase::Execute(approved) => match approved.difference(&planned) {
            None => Ok(Decision::Send(permit())),
            Some(difference) => Err(Denial::new(Rule::Plan, difference)),
        },
    }
}

/// One request against one effect.
struct Matching<'a> {
    authority: &'a Authority,
    state: &'a State,
    request: &'a CanonicalRequest,
    effect: &'a Bound,
    /// The longer name that this request would settle on.
    longer: Option<(String, String)>,
}

/// How far a request got, so that the denial of the closest effect is the one that is told.
type Miss = (usize, Denial);

impl Matching<'_> {
    fn fit(&mut self, index: usize) -> Result<Page, Miss> {
        const PATH: usize = 1;
        let at = |depth: usize, rule: Rule, part: &str| (depth, Denial::new(rule, part));
        if self.effect.method != self.request.method() {
            return Err(at(0, Rule::Method, self.request.method().as_str()));
        }
        self.fit_path().map_err(|(depth, denial)| (PATH + depth, denial))?;
        // Past the path an effect is closer than any that fell at it: paths have 32 segments at most.
        let past = |step: usize| PATH + 64 + step;
        self.fit_conditions().map_err(|denial| (past(0), denial))?;
        if !self.effect.accept.contains(self.request.accept()) {
            return Err(at(past(1), Rule::Accept, self.request.accept().as_str()));
        }
        self.fit_query().map_err(|denial| (past(2), denial))?;
        self.fit_body().map_err(|denial| (past(3), denial))?;
        self.fit_count(index).map_err(|denial| (past(4), denial))
    }

    fn fit_path(&mut self) -> Result<(), Miss> {
        let request = self.request;
        let effect = self.effect;
        let same = |(segment, expected): (&crate::grammar::PathSegment, &BoundSegment)| match expected {
            BoundSegment::Literal(literal) => literal == segment,
            BoundSegment::Variable(_) => true,
        };
        let matching = request.path().iter().zip(&effect.path).take_while(|pair| same(*pair)).count();
        if matching < effect.path.len() || effect.path.len() != request.path().len() {
            return Err((matching, Denial::new(Rule::Path, request.rendered_path())));
        }
        for (segment, expected) in request.path().iter().zip(&effect.path) {
            if let BoundSegment::Variable(variable) = expected
                && !self.fit_variable(variable, segment.as_str())
            {
                return Err((matching, Denial::new(Rule::PathValue, segment.as_str())));
            }
        }
        Ok(())
    }

    fn fit_conditions(&self) -> Result<(), Denial> {
        for group in &self.effect.after_404 {
            if !group.iter().any(|other| self.state.effects[*other].answered.not_found) {
                let names: Vec<&str> = group.iter().map(|other| self.authority.effects[*other].id.as_str()).collect();
                return Err(Denial::new(Rule::Condition, format!("only after a 404 to {}", names.join(" or "))));
            }
        }
        Ok(())
    }

    fn fit_query(&mut self) -> Result<(), Denial> {
        let effect = self.effect;
        let pages = effect.paging.as_ref().map(|paging| paging.of_family);
        for (key, value) in self.request.query() {
            if pages.is_some_and(|pages| key.as_str() == pages.size_key || key.as_str() == pages.token_key) {
                continue;
            }
            let rule = effect
                .query
                .iter()
                .find(|rule| rule.key == *key)
                .ok_or_else(|| Denial::new(Rule::QueryKey, key.as_str()))?;
            let inner =
                value.strip_prefix(rule.prefix.as_str()).and_then(|rest| rest.strip_suffix(rule.suffix.as_str()));
            let fits = match (inner, &rule.variable) {
                (Some(inner), Some(variable)) => self.fit_variable(variable, inner),
                (Some(inner), None) => inner.is_empty(),
                (None, _) => false,
            };
            if !fits {
                return Err(Denial::new(Rule::QueryValue, format!("{key}={value}")));
            }
        }
        let missing =
            effect.query.iter().find(|rule| !rule.may_omit && !self.request.query().contains_key(rule.key.as_str()));
        match (missing, pages) {
            (Some(rule), _) => Err(Denial::new(Rule::QueryMissing, rule.key.as_str())),
            (None, Some(pages)) if self.request.query_value(pages.size_key).is_none() => {
                Err(Denial::new(Rule::QueryMissing, pages.size_key))
            }
            (None, _) => Ok(()),
        }
    }

    fn fit_variable(&mut self, variable: &Variable, text: &str) -> bool {
        match variable {
            Variable::Observed { slots } => self.was_seen(slots, text),
            Variable::Extends { argument, value, slots } => {
                if text == value {
                    return true;
                }
                let settled = self.longer.as_ref().filter(|(name, _)| name == argument).map(|(_, longer)| longer);
                match settled.or_else(|| self.state.longer.get(argument)) {
                    Some(longer) => longer == text,
                    None if text.starts_with(value.as_str()) && self.was_seen(slots, text) => {
                        self.longer = Some((argument.clone(), text.to_owned()));
                        true
                    }
                    None => false,
                }
            }
        }
    }

    fn was_seen(&self, slots: &[usize], text: &str) -> bool {
        slots.iter().any(|slot| self.state.seen[*slot].contains(text))
    }

    fn fit_body(&self) -> Result<(), Denial> {
        let (rule, body) = match (&self.effect.body, self.request.body()) {
            (None, None) => return Ok(()),
            (Some((media_type, _)), None) => {
                return Err(Denial::new(Rule::MediaType, format!("no body, {media_type} is wanted")));
            }
            (None, Some(body)) => return Err(Denial::new(Rule::MediaType, body.media_type())),
            (Some(rule), Some(body)) => (rule, body),
        };
        let (media_type, template) = rule;
        if body.media_type() != media_type {
            return Err(Denial::new(Rule::MediaType, body.media_type()));
        }
        match self.fill(template)? {
            Some(expected) if expected == *body.value() => Ok(()),
            Some(expected) => Err(Denial::new(Rule::Body, difference(&expected, body.value(), ""))),
            None => Err(Denial::new(Rule::Body, "nothing is left of the body")),
        }
    }

    /// The body that the template stands for in this state; none where all of it falls away.
    fn fill(&self, hole: &BoundHole) -> Result<Option<Value>, Denial> {
        match hole {
            BoundHole::Literal(value) => Ok(Some(value.clone())),
            BoundHole::Absent => Ok(None),
            BoundHole::Observed { slot, effect, optional } => {
                let answered = self.state.effects[*effect].answered;
                let read = &self.authority.effects[*effect].id;
                let seen = &self.state.seen[*slot];
                match seen.first() {
                    Some(text) if seen.len() == 1 => Ok(Some(Value::from(text.as_str()))),
                    Some(_) => Err(Denial::new(Rule::Body, format!("{read} has been answered in two ways"))),
                    None if *optional && !answered.ok && (answered.not_found || answered.otherwise) => Ok(None),
                    None => Err(Denial::new(Rule::Body, format!("what {read} reads has not been seen"))),
                }
            }
            BoundHole::Array(items) => {
                let filled: Result<Vec<Option<Value>>, Denial> = items.iter().map(|item| self.fill(item)).collect();
                Ok(Some(Value::Array(filled?.into_iter().flatten().collect())))
            }
            BoundHole::Object(members) => {
                let mut object = Map::new();
                for (name, member) in members {
                    if let Some(value) = self.fill(member)? {
                        object.insert(name.clone(), value);
                    }
                }
                let all_left_out = object.is_empty() && !members.is_empty();
                Ok((!all_left_out).then_some(Value::Object(object)))
            }
        }
    }

    fn fit_count(&self, index: usize) -> Result<Page, Denial> {
        let series = &self.state.effects[index].series;
        let room = series.len() < usize::from(self.effect.series);
        match &self.effect.paging {
            Some(paging) => self.fit_page(index, paging, room),
            None if room => Ok(Page::First { key: String::new(), asked: None }),
            None => Err(Denial::new(Rule::Count, format!("more than {} requests", self.effect.series))),
        }
    }

    fn fit_page(&self, index: usize, paging: &BoundPaging, room: bool) -> Result<Page, Denial> {
        let Pages { size_key, token_key, .. } = paging.of_family;
        let size_text = self.request.query_value(size_key).unwrap_or_default();
        let size = parse_size(size_text).ok_or_else(|| Denial::new(Rule::PageSize, size_text))?;
        let token = self.request.query_value(token_key);
        let digest = token_digest(token);
        let key = series_key(self.request, size_key, token_key);
        let begins = token == paging.first_token.as_deref();
        let mut rule = Denial::new(Rule::PageToken, token.unwrap_or("none"));
        for (number, series) in
            self.state.effects[index].series.iter().enumerate().rev().filter(|(_, series)| series.key == key)
        {
            let asked_before = series.asked.contains_key(&digest);
            // A page is asked for when its token was seen, and once more, smaller, only while it is the latest.
            let may_be_asked =
                if asked_before { series.latest == Some(digest) } else { series.tokens.contains(&digest) };
            if !may_be_asked {
                continue;
            }
            if !size_fits(size, paging, series, &digest) {
                rule = Denial::new(Rule::PageSize, size_text);
                continue;
            }
            if series.pages >= self.effect.pages {
                rule = Denial::new(Rule::Count, format!("more than {} pages", self.effect.pages));
                continue;
            }
            return Ok(Page::Further { series: number, asked: (digest, size) });
        }
        if !begins {
            return Err(rule);
        }
        if !room {
            let repeated = rule.rule == Rule::PageSize || rule.rule == Rule::Count;
            return Err(if repeated {
                rule
            } else {
                Denial::new(Rule::Count, format!("more than {} series", self.effect.series))
            });
        }
        let first = crate::state::Series {
            key: String::new(),
            pages: 0,
            asked: std::collections::BTreeMap::new(),
            latest: None,
            tokens: std::collections::BTreeSet::new(),
        };
        if !size_fits(size, paging, &first, &digest) {
            return Err(Denial::new(Rule::PageSize, size_text));
        }
        Ok(Page::First { key, asked: Some((digest, size)) })
    }
}

/// The size is what is left to ask for, or a step of the ladder below that; a page asked for again is asked for by a lower step.
fn size_fits(size: u32, paging: &BoundPaging, series: &crate::state::Series, token: &TokenDigest) -> bool {
    let asked_elsewhere: u64 =
        series.asked.iter().filter(|(other, _)| *other != token).map(|(_, size)| u64::from(*size)).sum();
    let left = paging.limit.map_or(u64::MAX, |limit| limit.saturating_sub(asked_elsewhere));
    let whole = u64::from(paging.rows).min(left);
    let on_ladder = PAGE_LADDER.contains(&size) && u64::from(size) < whole;
    match series.asked.get(token) {
        Some(before) => on_ladder && size < *before,
        None => whole > 0 && (u64::from(size) == whole || on_ladder),
    }
}

/// A page size as it is written: decimal, without a sign or leading zeros.
fn parse_size(text: &str) -> Option<u32> {
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn series_key(request: &CanonicalRequest, size_key: &str, token_key: &str) -> String {
    let mut key = format!("{} {}", request.rendered_path(), request.accept());
    for (name, value) in request.query() {
        if name.as_str() != size_key && name.as_str() != token_key {
            key.push('\n');
            key.push_str(name.as_str());
            key.push('=');
            key.push_str(value);
        }
    }
    key
}

/// Where two values differ first, as a JSON pointer. Values are not quoted: they are a connector's.
fn difference(expected: &Value, found: &Value, at: &str) -> String {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, value) in expected {
                match found.get(name) {
                    Some(other) if other == value => {}
                    Some(other) => return difference(value, other, &format!("{at}/{name}")),
                    None => return format!("{at}/{name} is missing"),
                }
            }
            let extra = found.keys().find(|name| !expected.contains_key(*name));
            extra.map_or_else(|| at.to_owned(), |name| format!("{at}/{name} is not of the template"))
        }
        _ => format!("{} differs", if at.is_empty() { "the body" } else { at }),
    }
}
