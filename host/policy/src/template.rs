//! Effects, parsed: a connector's description becomes a form in which filling in arguments cannot fail.
//!
//! Whatever a description may get wrong in a single effect is found here, once, when a component is loaded. What concerns two effects at a
//! time stands in `overlap`; what concerns the operation, in `catalogue`.

use crate::effect::{Choice, Condition, Effect, Form, Loose, Method, Need, PageSize, Piece, Place, Trust, Value};
use crate::family::{Family, Pages};
use crate::grammar::{EffectId, Format, MediaType, PathSegment, QueryKey};
use crate::schema::{ArgumentsSchema, Parameter, ParameterType};
use serde_json::Value as Json;

/// Steps of page sizes below the usual one, for pages that were too much for somebody.
pub const PAGE_LADDER: [u32; 5] = [500, 125, 31, 7, 1];
/// Largest page an effect may ask for. Servers answer in one piece of memory.
const MAX_ROWS: u32 = 1000;
/// Most cases of one choice.
const MAX_CASES: usize = 64;
/// Most media types of one `Accept` rule.
const MAX_ACCEPTS: usize = 4;
/// Most query keys of one effect: as many as a request may have.
const MAX_QUERY_RULES: usize = 32;
/// Most conditions of one effect, and most effects that one of them waits for.
const MAX_CONDITIONS: usize = 16;
/// Most pieces of a path or of a value. The longest value has 4, the longest path 8.
const MAX_PIECES: usize = 32;
/// Longest literal.
const MAX_LITERAL_BYTES: usize = 1024;
/// Most series of one effect in one call.
const MAX_SERIES: u16 = 256;

/// What is wrong with an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Flaw(pub String);

fn flaw<T>(reason: impl Into<String>) -> Result<T, Flaw> {
    Err(Flaw(reason.into()))
}

/// A place, by the index of its effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sight {
    /// Index of the read.
    pub effect: usize,
    /// Segments of the pointer, unescaped; `*` is any item.
    pub pointer: Vec<String>,
    /// How the value becomes text. None: any short string, as it stands (bodies compare it, paths and queries never hold it).
    pub form: Option<Form>,
}

/// One segment of a path, or several where a choice says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// As it stands.
    Literal(PathSegment),
    /// The value of an argument.
    Argument(String),
    /// Segments chosen by an argument.
    Chosen(String, Vec<(String, Vec<PathSegment>)>),
    /// An argument, or a longer name.
    Extends(String, Vec<Sight>),
    /// A value seen.
    Observed(Vec<Sight>),
}

/// A part of a query value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Literal(String),
    /// The value of an argument.
    Argument(String),
    /// Text chosen by an argument.
    Chosen(String, Vec<(String, String)>),
    /// An argument, or a longer name.
    Extends(String, Vec<Sight>),
    /// A value seen.
    Observed(Vec<Sight>),
}

/// A query key with the parts of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryTemplate {
    /// The key.
    pub key: QueryKey,
    /// The parts.
    pub parts: Vec<Part>,
    /// Whether it may be left out.
    pub may_omit: bool,
}

/// How an effect pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// What pages of the family say of themselves.
    pub of_family: Pages,
    /// The usual size.
    pub rows: u32,
    /// The argument that bounds the sum.
    pub limit: Option<String>,
    /// The argument that holds the first token.
    pub first_token: Option<String>,
}

/// A body, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyTemplate {
    /// The value of `Content-Type`.
    pub media_type: String,
    /// JSON with holes.
    pub template: Hole,
}

/// A JSON value in which parts are to be filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum Hole {
    /// As it stands.
    Literal(Json),
    /// Members, in the order of their names.
    Object(Vec<(String, Hole)>),
    /// Items.
    Array(Vec<Hole>),
    /// The value of an argument.
    Argument {
        /// Its name.
        name: String,
        /// Whether the member falls away where it is not given.
        optional: bool,
    },
    /// The call's instant.
    Clock,
    /// A string that stood in the answer to a read of the same path.
    Observed {
        /// Where.
        sight: Sight,
        /// Whether the member falls away where the read was answered otherwise than with 200.
        optional: bool,
    },
}

/// An effect in parsed form.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as in effect::Effect")]
pub struct Template {
    pub id: EffectId,
    pub trust: Trust,
    pub need: Need,
    pub method: Method,
    pub given: Vec<String>,
    pub absent: Vec<String>,
    pub one_of: Vec<(String, Vec<String>)>,
    pub after_404: Vec<Vec<usize>>,
    pub path: Vec<Segment>,
    pub query: Vec<QueryTemplate>,
    pub paging: Option<Paging>,
    pub accept: Vec<MediaType>,
    pub body: Option<BodyTemplate>,
    pub series: u16,
    pub pages: u16,
}

/// What an effect is read against.
pub(crate) struct Context<'a> {
    pub(crate) arguments: &'a ArgumentsSchema,
    pub(crate) effects: &'a [Effect],
    pub(crate) family: Family,
}

impl Context<'_> {
    fn parameter(&self, name: &str) -> Result<&Parameter, Flaw> {
        self.arguments.parameters().get(name).ok_or_else(|| Flaw(format!("there is no argument {name}")))
    }

    fn index(&self, id: &EffectId) -> Result<usize, Flaw> {
        self.effects.iter().position(|effect| effect.id == *id).ok_or_else(|| Flaw(format!("there is no effect {id}")))
    }

    fn sight(&self, place: &Place) -> Result<Sight, Flaw> {
        self.sight_of(&place.effect, &place.pointer, Some(place.form))
    }

    fn sight_of(&self, id: &EffectId, pointer: &str, form: Option<Form>) -> Result<Sight, Flaw> {
        let effect = self.index(id)?;
        if self.effects[effect].trust != Trust::Read {
            return flaw(format!("{id} is looked at and is no read"));
        }
        let Some(inner) = pointer.strip_prefix('/') else {
            return flaw(format!("{pointer} is no JSON pointer into an object"));
        };
        let segments: Vec<String> = inner.split('/').map(|s| s.replace("~1", "/").replace("~0", "~")).collect();
        if segments.len() > 8 || segments.iter().any(String::is_empty) {
            return flaw(format!("{pointer} has empty segments or more than 8"));
        }
        Ok(Sight { effect, pointer: segments, form })
    }

    fn sights(&self, places: &[Place]) -> Result<Vec<Sight>, Flaw> {
        if places.is_empty() || places.len() > 8 {
            return flaw("1 to 8 places are wanted");
        }
        places.iter().map(|place| self.sight(place)).collect()
    }
}

impl Template {
    /// Parses one effect.
    pub(crate) fn parse(effect: &Effect, ctx: &Context<'_>) -> Result<Self, Flaw> {
        check_lengths(effect)?;
        let mut template = Self {
            id: effect.id.clone(),
            trust: effect.trust,
            need: effect.need,
            method: effect.method,
            given: Vec::new(),
            absent: Vec::new(),
            one_of: Vec::new(),
            after_404: Vec::new(),
            path: parse_path(effect, ctx)?,
            query: Vec::new(),
            paging: None,
            accept: effect
                .accept
                .iter()
                .map(|text| MediaType::parse(text))
                .collect::<Result<_, _>>()
                .or_else(|e| flaw(e.to_string()))?,
            body: None,
            series: effect.count.series,
            pages: effect.count.pages,
        };
        template.parse_conditions(effect, ctx)?;
        template.parse_query(effect, ctx)?;
        if template.accept.is_empty() {
            return flaw("no media type is accepted");
        }
        if let Some(rule) = &effect.body {
            let json = crate::json::parse_strict(rule.template.as_bytes()).or_else(|e| flaw(e.to_string()))?;
            let media_types = ctx.family.body_media_types();
            if !media_types.contains(&rule.media_type.as_str()) {
                return flaw(format!("the body's media type is none of {}", media_types.join(", ")));
            }
            let template_body = parse_hole(json, effect, ctx)?;
            template.body = Some(BodyTemplate { media_type: rule.media_type.clone(), template: template_body });
        }
        template.check_counts(effect)?;
        template.check_write(effect)?;
        Ok(template)
    }

    fn parse_conditions(&mut self, effect: &Effect, ctx: &Context<'_>) -> Result<(), Flaw> {
        for condition in &effect.when {
            match condition {
                Condition::Given(name) => {
                    ctx.parameter(name)?;
                    self.given.push(name.clone());
                }
                Condition::Absent(name) => {
                    if ctx.parameter(name)?.is_always_given() {
                        return flaw(format!("{name} is never absent, so no argument could reach this effect"));
                    }
                    self.absent.push(name.clone());
                }
                Condition::OneOf((name, values)) => {
                    let parameter = ctx.parameter(name)?;
                    let possible =
                        |value: &String| parameter.allowed.as_ref().is_none_or(|allowed| allowed.contains(value));
                    if values.is_empty() || values.len() > MAX_CASES || !values.iter().all(possible) {
                        return flaw(format!("{name} is never one of these values, or they are more than {MAX_CASES}"));
                    }
                    self.one_of.push((name.clone(), values.clone()));
                }
                Condition::Answered404(ids) => {
                    let indices = ids.iter().map(|id| ctx.index(id)).collect::<Result<Vec<_>, _>>()?;
                    if indices.is_empty() || indices.len() > MAX_CONDITIONS || ids.contains(&effect.id) {
                        return flaw(format!(
                            "waits for itself, for nothing or for more than {MAX_CONDITIONS} effects"
                        ));
                    }
                    self.after_404.push(indices);
                }
            }
        }
        if let Some(name) = self.given.iter().find(|name| self.absent.contains(name)) {
            return flaw(format!("{name} cannot be both given and absent"));
        }
        Ok(())
    }

    fn parse_query(&mut self, effect: &Effect, ctx: &Context<'_>) -> Result<(), Flaw> {
        let pages = ctx.family.pages();
        let is_size = |key: &str| pages.is_some_and(|pages| key == pages.size_key);
        let is_token = |key: &str| pages.is_some_and(|pages| key == pages.token_key);
        let mut size = None;
        let mut token = None;
        for rule in &effect.query {
            let key = QueryKey::parse(&rule.key).or_else(|e| flaw(e.to_string()))?;
            check_not_reserved(key.as_str(), ctx)?;
            match &rule.value {
                Value::PageSize(page_size) if is_size(&rule.key) && size.is_none() => {
                    size = Some(check_page_size(page_size, ctx)?);
                }
                Value::PageToken(argument) if is_token(&rule.key) && token.is_none() => {
                    if let Some(name) = argument {
                        match ctx.parameter(name)?.kind {
                            ParameterType::Text(Some(Format::Token)) => {}
                            _ => return flaw(format!("{name} is not of the format token")),
                        }
                    }
                    token = Some(argument.clone());
                }
                Value::PageSize(_) | Value::PageToken(_) => {
                    return flaw(match pages {
                        Some(Pages { size_key, token_key, .. }) => {
                            format!("{key}: pages have the keys {size_key} and {token_key}, once each")
                        }
                        None => format!("{key}: nothing is known of pages of the family {}", ctx.family.name()),
                    });
                }
                Value::Pieces(_) if is_size(&rule.key) || is_token(&rule.key) => {
                    return flaw(format!("{key} is a page's key"));
                }
                Value::Pieces(pieces) => {
                    if self.query.iter().any(|other| other.key == key) {
                        return flaw(format!("{key} has two rules"));
                    }
                    let parts = parse_parts(pieces, ctx)?;
                    self.query.push(QueryTemplate { key, parts, may_omit: rule.may_omit });
                }
            }
        }
        self.query.sort_by(|a, b| a.key.cmp(&b.key));
        self.paging = match (size, token, pages) {
            (Some((rows, limit)), Some(first_token), Some(of_family)) => {
                Some(Paging { of_family, rows, limit, first_token })
            }
            (None, None, _) => None,
            _ => return flaw("a page has a size and a token"),
        };
        Ok(())
    }

    fn check_counts(&self, effect: &Effect) -> Result<(), Flaw> {
        let count = effect.count;
        if count.series == 0 || count.series > MAX_SERIES || count.pages == 0 {
            return flaw("between 1 and 256 series of at least one page are wanted");
        }
        if self.paging.is_none() && count.pages != 1 {
            return flaw("an effect without pages has 1 page");
        }
        Ok(())
    }

    fn check_write(&self, effect: &Effect) -> Result<(), Flaw> {
        if self.method == Method::Get && self.body.is_some() {
            return flaw("a GET has no body");
        }
        if self.method == Method::Delete && self.body.is_some() && !effect.query.is_empty() {
            return flaw("a DELETE has its options in its body or in its query, not in both: servers read one of them");
        }
        if self.trust == Trust::Read {
            return if self.body.as_ref().is_some_and(|body| body.template.looks_anywhere()) {
                flaw("a read's body holds arguments only")
            } else {
                Ok(())
            };
        }
        if self.paging.is_some() || self.series != 1 {
            return flaw("a write is one request");
        }
        let variable = |piece: &Piece| matches!(piece, Piece::Extends(_) | Piece::Observed(_));
        if effect.pieces().any(variable) {
            return flaw("a write's path and query hold arguments only");
        }
        Ok(())
    }
}

impl Hole {
    fn looks_anywhere(&self) -> bool {
        match self {
            Self::Observed { .. } => true,
            Self::Object(members) => members.iter().any(|(_, hole)| hole.looks_anywhere()),
            Self::Array(items) => items.iter().any(Self::looks_anywhere),
            Self::Literal(_) | Self::Argument { .. } | Self::Clock => false,
        }
    }
}

/// Effects are compared with one another, so nothing in them is as long as its author likes.
fn check_lengths(effect: &Effect) -> Result<(), Flaw> {
    let at_most = |what: &str, found: usize, most: usize| {
        if found <= most { Ok(()) } else { flaw(format!("more than {most} {what}")) }
    };
    at_most("media types are accepted", effect.accept.len(), MAX_ACCEPTS)?;
    at_most("query keys", effect.query.len(), MAX_QUERY_RULES)?;
    at_most("conditions", effect.when.len(), MAX_CONDITIONS)?;
    at_most("pieces of a path", effect.path.len(), MAX_PIECES)?;
    for rule in &effect.query {
        if let Value::Pieces(pieces) = &rule.value {
            at_most("pieces of a value", pieces.len(), MAX_PIECES)?;
        }
    }
    for piece in effect.pieces() {
        let longest = match piece {
            Piece::Literal(text) => text.len(),
            Piece::Chosen(choice) => choice.cases.iter().map(|(_, text)| text.len()).max().unwrap_or_default(),
            Piece::Argument(_) | Piece::Extends(_) | Piece::Observed(_) => 0,
        };
        at_most("bytes of a literal", longest, MAX_LITERAL_BYTES)?;
    }
    Ok(())
}

/// Servers match some names whatever their case, so case makes no other name.
fn check_not_reserved(name: &str, ctx: &Context<'_>) -> Result<(), Flaw> {
    match ctx.family.reserved_keys().iter().find(|reserved| reserved.eq_ignore_ascii_case(name)) {
        Some(reserved) => flaw(format!("{reserved} is the host's to say")),
        None => Ok(()),
    }
}

fn check_page_size(size: &PageSize, ctx: &Context<'_>) -> Result<(u32, Option<String>), Flaw> {
    if size.rows == 0 || size.rows > MAX_ROWS {
        return flaw("a page has 1 to 1000 items");
    }
    if let Some(name) = &size.limit {
        let parameter = ctx.parameter(name)?;
        let (least, _) = parameter.bounds;
        if parameter.kind != ParameterType::Integer || least.is_none_or(|least| least < 1) {
            return flaw(format!("{name} is no integer with a minimum of 1 or more"));
        }
    }
    Ok((size.rows, size.limit.clone()))
}

fn check_choice(choice: &Choice, ctx: &Context<'_>) -> Result<(), Flaw> {
    if ctx.parameter(&choice.argument)?.kind == ParameterType::Texts {
        return flaw(format!("{} is a list and chooses nothing", choice.argument));
    }
    let mut values: Vec<&String> = choice.cases.iter().map(|(value, _)| value).collect();
    values.sort_unstable();
    values.dedup();
    if values.is_empty() || values.len() != choice.cases.len() || values.len() > MAX_CASES {
        return flaw(format!("the cases of {} are none, too many, or not distinct", choice.argument));
    }
    Ok(())
}

/// An argument that may stand in a path, or beside other pieces of a query value: it has no character that means something there.
fn check_bound_argument(name: &str, ctx: &Context<'_>) -> Result<(), Flaw> {
    match ctx.parameter(name)?.kind {
        ParameterType::Text(Some(format)) if format.is_segment() => Ok(()),
        ParameterType::Integer | ParameterType::Boolean => Ok(()),
        ParameterType::Text(_) | ParameterType::Texts => {
            flaw(format!("{name} is free text and may not stand in a path or beside other pieces"))
        }
    }
}

/// A longer name is a name: a selector written out begins with anything.
fn check_loose(loose: &Loose, ctx: &Context<'_>) -> Result<(), Flaw> {
    if loose.found.iter().any(|place| place.form == Form::LabelSelector) {
        return flaw("a selector is no longer name");
    }
    check_bound_argument(&loose.argument, ctx)
}

fn parse_path(effect: &Effect, ctx: &Context<'_>) -> Result<Vec<Segment>, Flaw> {
    let literal_segments = |text: &str| -> Result<Vec<PathSegment>, Flaw> {
        text.split('/').map(|s| PathSegment::parse(s).or_else(|e| flaw(format!("{text}: {e}")))).collect()
    };
    let mut segments = Vec::new();
    // Whether the next piece begins a segment: true after a literal's closing slash.
    let mut open = false;
    for (index, piece) in effect.path.iter().enumerate() {
        if let Piece::Literal(text) = piece {
            let Some(inner) = text.strip_prefix('/').filter(|_| !open) else {
                return flaw("a literal of a path begins with a slash, and two do not touch");
            };
            let last = index + 1 == effect.path.len();
            let inner = match inner.strip_suffix('/') {
                Some(inner) if !last => {
                    open = true;
                    inner
                }
                None if last && !inner.is_empty() => inner,
                _ if inner.is_empty() && !last => {
                    open = true;
                    inner
                }
                _ => return flaw("a literal of a path ends with a slash exactly where a piece follows"),
            };
            if !inner.is_empty() {
                segments.extend(literal_segments(inner)?.into_iter().map(Segment::Literal));
            }
            continue;
        }
        if !open {
            return flaw("a piece of a path fills whole segments");
        }
        open = false;
        segments.push(match piece {
            Piece::Argument(name) => {
                check_bound_argument(name, ctx)?;
                Segment::Argument(name.clone())
            }
            Piece::Chosen(choice) => {
                check_choice(choice, ctx)?;
                let cases = choice.cases.iter().map(|(value, text)| Ok((value.clone(), literal_segments(text)?)));
                Segment::Chosen(choice.argument.clone(), cases.collect::<Result<_, Flaw>>()?)
            }
            Piece::Extends(loose) => {
                check_loose(loose, ctx)?;
                Segment::Extends(loose.argument.clone(), ctx.sights(&loose.found)?)
            }
            Piece::Observed(places) => {
                if places.iter().any(|place| place.form == Form::LabelSelector) {
                    return flaw("a selector is no segment");
                }
                Segment::Observed(ctx.sights(places)?)
            }
            // Handled above.
            Piece::Literal(_) => continue,
        });
    }
    if open || !matches!(segments.first(), Some(Segment::Literal(_) | Segment::Chosen(..))) {
        return flaw("a path begins with a literal and does not end with a slash");
    }
    Ok(segments)
}

fn parse_parts(pieces: &[Piece], ctx: &Context<'_>) -> Result<Vec<Part>, Flaw> {
    let alone = pieces.len() == 1;
    let mut parts = Vec::new();
    let mut variables = 0;
    for piece in pieces {
        parts.push(match piece {
            Piece::Literal(text) if text.chars().any(char::is_control) => return flaw("a control character"),
            Piece::Literal(text) => Part::Literal(text.clone()),
            Piece::Argument(name) => {
                if alone {
                    if ctx.parameter(name)?.kind == ParameterType::Texts {
                        return flaw(format!("{name} is a list"));
                    }
                } else {
                    check_bound_argument(name, ctx)?;
                }
                Part::Argument(name.clone())
            }
            Piece::Chosen(choice) => {
                check_choice(choice, ctx)?;
                Part::Chosen(choice.argument.clone(), choice.cases.clone())
            }
            Piece::Extends(loose) => {
                variables += 1;
                check_loose(loose, ctx)?;
                Part::Extends(loose.argument.clone(), ctx.sights(&loose.found)?)
            }
            Piece::Observed(places) => {
                variables += 1;
                Part::Observed(ctx.sights(places)?)
            }
        });
    }
    if parts.is_empty() || variables > 1 {
        return flaw("a value has pieces, and at most one that was seen");
    }
    Ok(parts)
}

fn parse_hole(json: Json, effect: &Effect, ctx: &Context<'_>) -> Result<Hole, Flaw> {
    match json {
        Json::Object(members) if members.keys().any(|name| name.starts_with('$')) => {
            let optional = match members.get("optional") {
                None => false,
                Some(Json::Bool(flag)) => *flag,
                Some(_) => return flaw("optional is true or false"),
            };
            let hole = match (members.get("$argument"), members.get("$clock"), members.get("$observed")) {
                (Some(Json::String(name)), None, None) => {
                    let always =
                        ctx.parameter(name)?.is_always_given() || effect.when.contains(&Condition::Given(name.clone()));
                    if !always && !optional {
                        return flaw(format!("{name} may be absent and the body does not say what then"));
                    }
                    Hole::Argument { name: name.clone(), optional }
                }
                (None, Some(Json::String(form)), None) if form == "rfc3339" && !optional => Hole::Clock,
                (None, None, Some(Json::Array(place))) => {
                    let [Json::String(id), Json::String(pointer)] = place.as_slice() else {
                        return flaw("$observed names an effect and a pointer");
                    };
                    let id = EffectId::parse(id).or_else(|e| flaw(e.to_string()))?;
                    let sight = ctx.sight_of(&id, pointer, None)?;
                    if ctx.effects[sight.effect].path != effect.path {
                        return flaw(format!("{id} reads another path than this request's"));
                    }
                    if sight.pointer.iter().any(|segment| segment == "*") {
                        return flaw("a body holds one value, not any item");
                    }
                    Hole::Observed { sight, optional }
                }
                _ => return flaw("a hole that is not known"),
            };
            let known = 1 + usize::from(members.contains_key("optional"));
            if members.len() == known { Ok(hole) } else { flaw("a hole has nothing beside it but optional") }
        }
        Json::Object(members) => {
            let mut holes = members
                .into_iter()
                .map(|(name, value)| {
                    check_not_reserved(&name, ctx)?;
                    Ok((name, parse_hole(value, effect, ctx)?))
                })
                .collect::<Result<Vec<_>, Flaw>>()?;
            holes.sort_by(|a, b| a.0.cmp(&b.0));
            Ok(Hole::Object(holes))
        }
        Json::Array(items) => {
            Ok(Hole::Array(items.into_iter().map(|item| parse_hole(item, effect, ctx)).collect::<Result<_, _>>()?))
        }
        plain => Ok(Hole::Literal(plain)),
    }
}
