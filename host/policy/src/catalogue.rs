//! What a component offers, checked: the only way from a description, which is a stranger's text, to operations that can be called.
//!
//! Start at [`Catalogue::load`]. What it refuses is never run.

use crate::effect::{Effect, Trust};
use crate::family::Family;
use crate::grammar::{ConnectorName, DISCOVERY, EffectId, EntityTypeName, OperationId, RelationshipName};
use crate::overlap::{Combinations, can_coexist, overlap, path_assignments};
use crate::schema::{ArgumentsSchema, ResultSchema};
use crate::template::{Context, Part, Segment, Template};
use serde::{Deserialize, Serialize};

/// Most operations of a component.
pub const MAX_OPERATIONS: usize = 512;
/// Most effects of an operation. Discovery of a whole cluster has about 40.
pub const MAX_EFFECTS: usize = 128;
/// Most types of entities, and of relationships, that discovery may find.
const MAX_ENTITY_TYPES: usize = 64;
const MAX_RELATIONSHIP_TYPES: usize = 256;
/// Most properties of an entity that are promised, and most types of others that it may be the same as.
const MAX_PROPERTIES: usize = 64;
const MAX_SAME_AS: usize = 16;
/// What stands with an entity, and is no relationship.
const SAME_AS: &str = "same_as";
/// The type of an end that may be anything.
const ANY: &str = "any";
/// Longest title, summary or category.
const MAX_PROSE_CHARS: usize = 1000;

/// A component's description of itself, as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct Description {
    pub identity: Identity,
    pub operations: Vec<OperationDescription>,
    pub topology: Option<DiscoveryDescription>,
}

/// Who made a component and what it speaks to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct Identity {
    pub name: String,
    pub version: String,
    pub family: String,
    pub summary: String,
}

/// Which kind of thing a row is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct Entity {
    pub name: String,
    pub id_member: String,
    pub name_member: String,
}

/// The shape of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResultKind {
    /// Rows, as they are read.
    List,
    /// One object.
    Object,
}

/// One operation, as it was described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct OperationDescription {
    pub id: String,
    pub title: String,
    pub summary: String,
    pub category: String,
    pub trust: Trust,
    pub arguments: String,
    pub returns: String,
    pub kind: ResultKind,
    pub entity: Option<Entity>,
    pub effects: Vec<Effect>,
}

/// Discovery, as it was described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct DiscoveryDescription {
    pub summary: String,
    pub arguments: String,
    pub entities: Vec<EntityType>,
    pub relationships: Vec<RelationshipType>,
    pub effects: Vec<Effect>,
}

/// A type of entity that discovery finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct EntityType {
    pub name: String,
    pub id: String,
    pub properties: Vec<String>,
    pub same_as: Vec<String>,
}

/// A relationship that discovery finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct RelationshipType {
    pub source: String,
    pub name: String,
    pub destination: String,
}

/// Why a component is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", self.location())]
pub struct CatalogueRefused {
    /// The operation at fault, or `topology`, where one is.
    pub operation: Option<String>,
    /// Its effect at fault, where one is.
    pub effect: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl CatalogueRefused {
    fn location(&self) -> String {
        match (&self.operation, &self.effect) {
            (Some(operation), Some(effect)) => format!("operation {operation}, effect {effect}: "),
            (Some(operation), None) => format!("operation {operation}: "),
            (None, _) => String::new(),
        }
    }
}

/// An operation that can be called.
#[derive(Debug)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct Operation {
    pub id: OperationId,
    pub title: String,
    pub summary: String,
    pub category: String,
    pub trust: Trust,
    pub arguments: ArgumentsSchema,
    pub returns: ResultSchema,
    pub kind: ResultKind,
    pub entity: Option<Entity>,
    pub effects: Effects,
}

/// Discovery that can be run.
#[derive(Debug)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct Discovery {
    /// [`DISCOVERY`]: what it is called where an operation's id stands.
    pub id: OperationId,
    pub summary: String,
    pub arguments: ArgumentsSchema,
    pub entities: Vec<EntityType>,
    pub relationships: Vec<RelationshipType>,
    pub effects: Effects,
}

/// What there is to call, whatever comes of it: an operation, or discovery.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "see wit/catalog.wit")]
pub struct Callable<'c> {
    pub id: &'c OperationId,
    pub summary: &'c str,
    pub trust: Trust,
    pub arguments: &'c ArgumentsSchema,
    pub effects: &'c Effects,
}

impl<'c> From<&'c Operation> for Callable<'c> {
    fn from(operation: &'c Operation) -> Self {
        let Operation { id, title, summary, trust, arguments, effects, .. } = operation;
        let summary = if summary.is_empty() { title } else { summary };
        Self { id, summary, trust: *trust, arguments, effects }
    }
}

impl<'c> From<&'c Discovery> for Callable<'c> {
    fn from(discovery: &'c Discovery) -> Self {
        let Discovery { id, summary, arguments, effects, .. } = discovery;
        Self { id, summary, trust: Trust::Read, arguments, effects }
    }
}

/// The checked effects of one operation: none overlaps another, each can be reached, none asks for less trust than its path has.
#[derive(Debug)]
pub struct Effects {
    described: Vec<Effect>,
    templates: Vec<Template>,
    family: Family,
}

impl Effects {
    /// The effects as they were described.
    #[must_use]
    pub fn described(&self) -> &[Effect] {
        &self.described
    }

    pub(crate) fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The family that they were checked for.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// Checks the effects of one operation.
    ///
    /// # Errors
    /// Names the effect and what is wrong with it.
    pub fn check(
        described: &[Effect],
        arguments: &ArgumentsSchema,
        trust: Trust,
        family: Family,
    ) -> Result<Self, (Option<EffectId>, String)> {
        if described.len() > MAX_EFFECTS {
            return Err((None, format!("more than {MAX_EFFECTS} effects")));
        }
        let ctx = Context { arguments, effects: described, family };
        let mut templates: Vec<Template> = Vec::new();
        let mut combinations = Combinations::of_one_operation();
        for effect in described {
            let at = |reason: String| (Some(effect.id.clone()), reason);
            if templates.iter().any(|other| other.id == effect.id) {
                return Err(at("this id stands twice".to_owned()));
            }
            let template = Template::parse(effect, &ctx).map_err(|flaw| at(flaw.0))?;
            if template.trust > trust {
                return Err(at(format!("is {} in an operation that is {trust}", template.trust)));
            }
            check_least_trust(&template, arguments, family, &mut combinations).map_err(at)?;
            for other in &templates {
                if overlap(other, &template, arguments, &mut combinations).map_err(|error| at(error.to_string()))? {
                    return Err(at(format!("overlaps effect {}", other.id)));
                }
            }
            templates.push(template);
        }
        if templates.iter().map(|template| template.trust).max().is_some_and(|highest| highest != trust) {
            return Err((None, format!("is {trust}, and none of its effects is")));
        }
        check_reachable(&templates, arguments)?;
        Ok(Self { described: described.to_vec(), templates, family })
    }
}

/// What a component offers.
#[derive(Debug)]
pub struct Catalogue {
    identity: Identity,
    family: Family,
    operations: Vec<Operation>,
    topology: Option<Discovery>,
}

impl Catalogue {
    /// Checks a description.
    ///
    /// # Errors
    /// Names the first thing that is wrong. A component with such a description is not run at all.
    pub fn load(description: Description) -> Result<Self, CatalogueRefused> {
        let whole = |reason: String| CatalogueRefused { operation: None, effect: None, reason };
        let identity = description.identity;
        ConnectorName::parse(&identity.name).map_err(|error| whole(error.to_string()))?;
        let family = Family::from_name(&identity.family)
            .ok_or_else(|| whole(format!("there is no family {}", identity.family.escape_debug())))?;
        let plain_version =
            identity.version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
        if identity.version.is_empty() || identity.version.len() > 64 || !plain_version {
            return Err(whole("the version is no semantic version".to_owned()));
        }
        check_prose(&[&identity.summary]).map_err(whole)?;
        if description.operations.len() > MAX_OPERATIONS {
            return Err(whole(format!("more than {MAX_OPERATIONS} operations")));
        }
        let mut operations: Vec<Operation> = Vec::new();
        for described in description.operations {
            let name: String = described.id.chars().take(64).flat_map(char::escape_debug).collect();
            let operation = load_operation(described, family).map_err(|(effect, reason)| CatalogueRefused {
                operation: Some(name.clone()),
                effect: effect.map(String::from),
                reason,
            })?;
            if operations.iter().any(|other| other.id == operation.id) {
                return Err(CatalogueRefused {
                    operation: Some(name),
                    effect: None,
                    reason: "this id stands twice".to_owned(),
                });
            }
            operations.push(operation);
        }
        let topology = description.topology.map(|described| load_discovery(described, family)).transpose().map_err(
            |(effect, reason)| CatalogueRefused {
                operation: Some("topology".to_owned()),
                effect: effect.map(String::from),
                reason,
            },
        )?;
        Ok(Self { identity, family, operations, topology })
    }

    /// Who made the component.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What it speaks to.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// All operations, in the component's order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of this id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id.as_str() == id)
    }

    /// All that there is to call: the operations and then discovery, where there is one.
    pub fn callables(&self) -> impl Iterator<Item = Callable<'_>> {
        self.operations.iter().map(Callable::from).chain(self.topology.as_ref().map(Callable::from))
    }

    /// Discovery, where the component offers it.
    #[must_use]
    pub fn topology(&self) -> Option<&Discovery> {
        self.topology.as_ref()
    }
}

type Refusal = (Option<EffectId>, String);

fn load_operation(described: OperationDescription, family: Family) -> Result<Operation, Refusal> {
    let plain = |reason: String| (None, reason);
    let id = OperationId::parse(&described.id).map_err(|error| plain(error.to_string()))?;
    if id.as_str() == DISCOVERY {
        return Err(plain("this is what discovery is called".to_owned()));
    }
    check_prose(&[&described.title, &described.summary, &described.category]).map_err(plain)?;
    let arguments =
        ArgumentsSchema::parse(&described.arguments).map_err(|error| plain(format!("arguments: {error}")))?;
    let returns = ResultSchema::parse(&described.returns).map_err(|error| plain(format!("returns: {error}")))?;
    let effects = Effects::check(&described.effects, &arguments, described.trust, family)?;
    Ok(Operation {
        id,
        title: described.title,
        summary: described.summary,
        category: described.category,
        trust: described.trust,
        arguments,
        returns,
        kind: described.kind,
        entity: described.entity,
        effects,
    })
}

fn load_discovery(described: DiscoveryDescription, family: Family) -> Result<Discovery, Refusal> {
    let plain = |reason: String| (None, reason);
    let id = OperationId::parse(DISCOVERY).map_err(|error| plain(error.to_string()))?;
    check_prose(&[&described.summary]).map_err(plain)?;
    let arguments =
        ArgumentsSchema::parse(&described.arguments).map_err(|error| plain(format!("arguments: {error}")))?;
    check_entity_types(&described.entities).map_err(plain)?;
    check_relationship_types(&described).map_err(plain)?;
    let effects = Effects::check(&described.effects, &arguments, Trust::Read, family)?;
    Ok(Discovery {
        id,
        summary: described.summary,
        arguments,
        entities: described.entities,
        relationships: described.relationships,
        effects,
    })
}

fn check_entity_types(types: &[EntityType]) -> Result<(), String> {
    if types.len() > MAX_ENTITY_TYPES {
        return Err(format!("more than {MAX_ENTITY_TYPES} types of entities"));
    }
    for (index, entity) in types.iter().enumerate() {
        let at = |reason: String| format!("entity type {}: {reason}", entity.name.escape_debug());
        EntityTypeName::parse(&entity.name).map_err(|error| at(error.to_string()))?;
        if entity.name == ANY || types[..index].iter().any(|other| other.name == entity.name) {
            return Err(at("this name is taken".to_owned()));
        }
        if entity.properties.len() > MAX_PROPERTIES || entity.same_as.len() > MAX_SAME_AS {
            return Err(at(format!("more than {MAX_PROPERTIES} properties, or {MAX_SAME_AS} types of the same")));
        }
        for name in &entity.same_as {
            EntityTypeName::parse(name).map_err(|error| at(error.to_string()))?;
        }
        let texts: Vec<&str> = entity.properties.iter().map(String::as_str).chain([entity.id.as_str()]).collect();
        check_prose(&texts).map_err(at)?;
    }
    Ok(())
}

fn check_relationship_types(discovery: &DiscoveryDescription) -> Result<(), String> {
    let types = &discovery.relationships;
    if types.len() > MAX_RELATIONSHIP_TYPES {
        return Err(format!("more than {MAX_RELATIONSHIP_TYPES} types of relationships"));
    }
    for (index, of) in types.iter().enumerate() {
        let at = |reason: &str| {
            let [source, name, to] = [&of.source, &of.name, &of.destination].map(|text| text.escape_debug());
            format!("relationship {source} {name} {to}: {reason}")
        };
        RelationshipName::parse(&of.name).map_err(|error| at(&error.to_string()))?;
        EntityTypeName::parse(&of.destination).map_err(|error| at(&error.to_string()))?;
        if of.name == SAME_AS {
            return Err(at("it stands with the entity"));
        }
        if !discovery.entities.iter().any(|entity| entity.name == of.source) {
            return Err(at("it is from nothing that is found"));
        }
        if types[..index].contains(of) {
            return Err(at("it stands twice"));
        }
    }
    Ok(())
}

fn check_prose(texts: &[&str]) -> Result<(), String> {
    let fits = |text: &&str| text.chars().count() <= MAX_PROSE_CHARS && !text.chars().any(char::is_control);
    if texts.iter().all(fits) { Ok(()) } else { Err("prose is too long or holds control characters".to_owned()) }
}

/// Whether the family takes the effect's requests, by their method and path alone, for more than the effect says.
fn check_least_trust(
    template: &Template,
    arguments: &ArgumentsSchema,
    family: Family,
    combinations: &mut Combinations,
) -> Result<(), String> {
    let reachable = path_assignments(template, arguments, combinations).map_err(|error| error.to_string())?;
    if reachable.is_empty() {
        return Err("no argument could ever reach this effect".to_owned());
    }
    for assignment in reachable {
        let path: Vec<&str> =
            template.path_under(&assignment).into_iter().map(|segment| segment.unwrap_or("x")).collect();
        if family.withholds(&path) {
            return Err(format!("/{} is nothing that a connector may ask for", path.join("/")));
        }
        let least = family.least_trust(template.method, &path);
        if least > template.trust {
            return Err(format!("is declared {} and is {least}", template.trust));
        }
    }
    Ok(())
}

/// An effect is reached where what it waits for can be answered 404, and what it looks at can be read, in a call in which it exists.
fn check_reachable(templates: &[Template], arguments: &ArgumentsSchema) -> Result<(), Refusal> {
    let needs: Vec<Vec<Vec<usize>>> = templates.iter().map(|template| needs(template, templates, arguments)).collect();
    let mut reached = vec![false; templates.len()];
    loop {
        let before = reached.clone();
        for (index, groups) in needs.iter().enumerate() {
            reached[index] = groups.iter().all(|group| group.iter().any(|other| reached[*other]));
        }
        if reached == before {
            break;
        }
    }
    match reached.iter().position(|reached| !reached) {
        Some(index) => Err((Some(templates[index].id.clone()), "no call could ever reach this effect".to_owned())),
        None => Ok(()),
    }
}

/// Groups of effects of each of which one must have been used before this one, in a call in which both exist.
fn needs(template: &Template, templates: &[Template], arguments: &ArgumentsSchema) -> Vec<Vec<usize>> {
    let coexists: Vec<bool> = templates.iter().map(|other| can_coexist(template, other, arguments)).collect();
    let in_path = template.path.iter().filter_map(|segment| match segment {
        Segment::Observed(sights) => Some(sights),
        Segment::Literal(_) | Segment::Argument(_) | Segment::Chosen(..) | Segment::Extends(..) => None,
    });
    let must_stand = template.query.iter().filter(|rule| !rule.may_omit).flat_map(|rule| &rule.parts);
    let in_query = must_stand.filter_map(|part| match part {
        Part::Observed(sights) => Some(sights),
        Part::Literal(_) | Part::Argument(_) | Part::Chosen(..) | Part::Extends(..) => None,
    });
    let seen = in_path.chain(in_query).map(|sights| sights.iter().map(|sight| sight.effect).collect());
    let groups = template.after_404.iter().cloned().chain(seen);
    groups.map(|group: Vec<usize>| group.into_iter().filter(|other| coexists[*other]).collect()).collect()
}
