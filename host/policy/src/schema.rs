//! JSON Schemas of arguments and results: a closed subset, checked before a schema library sees them, and the arguments of a call.
//!
//! A schema is a connector's text. `$ref` would make a library fetch things and `pattern` would make it backtrack, so a schema with a
//! keyword outside the list is refused when the component is loaded. What the subset means is then left to the library.

use crate::column::{self, Column};
use crate::grammar::{Format, PLAIN_ARGUMENT_MAX_CHARS};
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// The keywords of the subset.
const KEYWORDS: [&str; 16] = [
    "type",
    "properties",
    "required",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "items",
    "additionalProperties",
    "format",
    "default",
    "title",
    "description",
];
/// How a list of such objects stands in a table: the one keyword that is not JSON Schema's.
const COLUMNS: &str = "columns";
/// Deepest nesting of a schema: a pod's row has 4 levels.
const MAX_DEPTH: usize = 16;
/// Most properties of the arguments: the busiest operation has 9.
const MAX_PARAMETERS: usize = 64;
/// The argument that the host takes of every operation that writes.
pub const DRY_RUN: &str = "dry_run";

/// Why a schema is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schema refused at {at}: {reason}")]
pub struct SchemaRefused {
    /// JSON pointer into the schema.
    pub at: String,
    /// What is wrong.
    pub reason: String,
}

/// The type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterType {
    /// Text, of a format or plain.
    Text(Option<Format>),
    /// A 64-bit integer.
    Integer,
    /// True or false.
    Boolean,
    /// A list of texts.
    Texts,
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its type.
    pub kind: ParameterType,
    /// Whether a call without it is refused.
    pub required: bool,
    /// What stands for it when it is absent.
    pub default: Option<Value>,
    /// The only values it may have, where the schema lists them.
    pub allowed: Option<Vec<String>>,
    /// What it means, for people.
    pub description: String,
    /// Least and greatest value of an integer.
    pub bounds: (Option<i64>, Option<i64>),
}

impl Parameter {
    /// Whether the parameter has a value in every call.
    #[must_use]
    pub fn is_always_given(&self) -> bool {
        self.required || self.default.is_some()
    }
}

/// Schema of an operation's arguments.
pub struct ArgumentsSchema {
    source: Value,
    parameters: BTreeMap<String, Parameter>,
    validator: jsonschema::Validator,
}

impl fmt::Debug for ArgumentsSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgumentsSchema").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

/// Why the arguments of a call are refused. `argument` is empty where the whole is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ArgumentRefused {
    /// Name of the argument.
    pub argument: String,
    /// What is wrong with it, in a sentence that does not quote its value.
    pub message: String,
    /// Names that exist, where the name does not.
    pub candidates: Vec<String>,
}

/// The arguments of a call: they fit their schema, defaults are in, and what was null is out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// The value of an argument; none where it is not given.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The arguments as a JSON object.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// As text for a request: a string as it stands, an integer in decimal, a boolean as `true` or `false`. None where it is not given or is a list.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether the argument is one of the values, or, where it is a list, one of its items is.
    #[must_use]
    pub fn is_one_of(&self, name: &str, values: &[String]) -> bool {
        match self.0.get(name) {
            Some(Value::Array(items)) => {
                items.iter().any(|item| item.as_str().is_some_and(|item| values.iter().any(|value| value == item)))
            }
            Some(_) => self.text(name).is_some_and(|text| values.contains(&text)),
            None => false,
        }
    }
}

impl ArgumentsSchema {
    /// Reads a schema of arguments.
    ///
    /// # Errors
    /// Where the text is not JSON, uses a keyword outside the subset, or is not an object of plain parameters with `additionalProperties: false`.
    pub fn parse(text: &str) -> Result<Self, SchemaRefused> {
        let source = read(text)?;
        let top = source.as_object().ok_or_else(|| refused("", "not an object"))?;
        if top.get("type") != Some(&Value::from("object"))
            || top.get("additionalProperties") != Some(&Value::Bool(false))
        {
            return Err(refused("", "arguments are an object with additionalProperties: false"));
        }
        if top.contains_key(COLUMNS) {
            return Err(refused("/columns", "this keyword is for results"));
        }
        let empty = Map::new();
        let properties = match top.get("properties") {
            Some(Value::Object(properties)) => properties,
            None => &empty,
            Some(_) => return Err(refused("/properties", "not an object")),
        };
        if properties.len() > MAX_PARAMETERS {
            return Err(refused("/properties", "too many parameters"));
        }
        let required: Vec<&str> = top
            .get("required")
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |names| names.iter().filter_map(Value::as_str).collect());
        if let Some(name) = required.iter().find(|name| !properties.contains_key(**name)) {
            return Err(refused("/required", &format!("there is no parameter {name}")));
        }
        let mut parameters = BTreeMap::new();
        for (name, schema) in properties {
            let at = format!("/properties/{name}");
            if crate::grammar::OperationId::parse(name).is_err() {
                return Err(refused(&at, "a parameter's name is lower-case letters, digits and '_'"));
            }
            if name == DRY_RUN {
                return Err(refused(&at, "this name is the host's"));
            }
            parameters.insert(name.clone(), parameter(schema, required.contains(&name.as_str()), &at)?);
        }
        let validator = compile(&source)?;
        for (name, parameter) in &parameters {
            if let Some(default) = &parameter.default {
                let mut alone = Map::new();
                alone.insert(name.clone(), default.clone());
                let fits = validator
                    .iter_errors(&Value::Object(alone))
                    .all(|error| matches!(error.kind(), ValidationErrorKind::Required { .. }));
                if !fits {
                    return Err(refused(&format!("/properties/{name}/default"), "does not fit its own schema"));
                }
            }
        }
        Ok(Self { source, parameters, validator })
    }

    /// The schema itself.
    #[must_use]
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// The parameters by name.
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<String, Parameter> {
        &self.parameters
    }

    /// Checks what a caller gave. Null, and an empty string for an optional argument, mean "not given".
    ///
    /// # Errors
    /// Names the first argument that does not fit, or all that are missing.
    pub fn check(&self, given: Map<String, Value>) -> Result<Arguments, ArgumentRefused> {
        let mut arguments = Map::new();
        for (name, value) in given {
            let optional = self.parameters.get(&name).is_some_and(|parameter| !parameter.required);
            let not_given = value.is_null() || (optional && value.as_str() == Some(""));
            if !not_given {
                arguments.insert(name, integral(value));
            }
        }
        let whole = Value::Object(arguments);
        let mut errors: Vec<_> = self.validator.iter_errors(&whole).collect();
        // A misspelt name is what a caller must hear of first, and not that the right one is missing.
        errors.sort_by_key(|error| !matches!(error.kind(), ValidationErrorKind::AdditionalProperties { .. }));
        if let Some(error) = errors.first() {
            return Err(missing(&errors).unwrap_or_else(|| self.explain(error)));
        }
        drop(errors);
        let Value::Object(mut arguments) = whole else { return Ok(Arguments::default()) };
        for (name, parameter) in &self.parameters {
            if let (Some(default), false) = (&parameter.default, arguments.contains_key(name)) {
                arguments.insert(name.clone(), default.clone());
            }
        }
        if let Some(refusal) = self.beyond_the_schema(&arguments) {
            return Err(refusal);
        }
        Ok(Arguments(arguments))
    }

    /// What the subset cannot say: plain text has a length, lists have plain items.
    fn beyond_the_schema(&self, arguments: &Map<String, Value>) -> Option<ArgumentRefused> {
        let refuse = |name: &str, message: String| {
            Some(ArgumentRefused { argument: name.to_owned(), message, candidates: Vec::new() })
        };
        let plain =
            |text: &str| text.chars().count() <= PLAIN_ARGUMENT_MAX_CHARS && !text.chars().any(char::is_control);
        for (name, value) in arguments {
            let fits = match value {
                Value::String(text) => {
                    self.parameters.get(name).is_some_and(|p| p.kind != ParameterType::Text(None)) || plain(text)
                }
                Value::Array(items) => items.iter().filter_map(Value::as_str).all(plain),
                Value::Number(number) => number.is_i64(),
                Value::Null | Value::Bool(_) | Value::Object(_) => true,
            };
            if !fits {
                let message = match value {
                    Value::Number(_) => format!("{name}: a whole number of 64 bits is wanted"),
                    _ => format!(
                        "{name}: text of at most {PLAIN_ARGUMENT_MAX_CHARS} characters without control characters is wanted"
                    ),
                };
                return refuse(name, message);
            }
        }
        None
    }

    fn explain(&self, error: &jsonschema::ValidationError<'_>) -> ArgumentRefused {
        let path = error.instance_path().as_str();
        let argument = path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
        let known = || self.parameters.keys().cloned().collect::<Vec<_>>();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let name = unexpected.first().cloned().unwrap_or_default();
                let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                let message = format!("{name}: there is no such argument");
                ArgumentRefused { argument: name, message, candidates: known() }
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default().to_owned();
                ArgumentRefused {
                    message: format!("{name}: this argument is required"),
                    argument: name,
                    candidates: Vec::new(),
                }
            }
            kind => {
                let wanted = wanted(kind);
                let message = if argument.is_empty() { wanted } else { format!("{argument}: {wanted}") };
                let candidates = match kind {
                    ValidationErrorKind::Enum { options } => {
                        let options = options.as_array().map_or(&[][..], Vec::as_slice);
                        options.iter().filter_map(|option| option.as_str().map(str::to_owned)).collect()
                    }
                    _ => Vec::new(),
                };
                ArgumentRefused { argument, message, candidates }
            }
        }
    }
}

/// All arguments that are missing, where several are and nothing else is wrong: whoever adds one after another is refused as often.
fn missing(errors: &[jsonschema::ValidationError<'_>]) -> Option<ArgumentRefused> {
    let name = |error: &jsonschema::ValidationError<'_>| match error.kind() {
        ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
        _ => None,
    };
    let names: Vec<String> = errors.iter().map(name).collect::<Option<_>>()?;
    match names.as_slice() {
        [] | [_] => None,
        [first, ..] => Some(ArgumentRefused {
            message: format!("{}: these arguments are required", names.join(", ")),
            argument: first.clone(),
            candidates: Vec::new(),
        }),
    }
}

/// Schema of a result: of the object, or of one row.
pub struct ResultSchema {
    source: Value,
    columns: Vec<Column>,
    lists: BTreeMap<String, Vec<Column>>,
    validator: jsonschema::Validator,
}

impl fmt::Debug for ResultSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultSchema").finish_non_exhaustive()
    }
}

impl ResultSchema {
    /// Reads a schema of a result.
    ///
    /// # Errors
    /// Where the text is not JSON or uses a keyword outside the subset.
    pub fn parse(text: &str) -> Result<Self, SchemaRefused> {
        let source = read(text)?;
        if source.get("type") != Some(&Value::from("object")) {
            return Err(refused("", "a result, or a row, is an object"));
        }
        let columns = columns(&source).map_err(|(below, reason)| refused(&format!("/{COLUMNS}{below}"), reason))?;
        let lists = lists(&source);
        let validator = compile(&source)?;
        Ok(Self { source, columns, lists, validator })
    }

    /// The schema itself.
    #[must_use]
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// How a list of such objects stands in a table. None where the connector leaves it to whoever shows them.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How the lists of objects that such an object has stand in tables, by the names of its members: those of which the schema says it.
    #[must_use]
    pub fn lists(&self) -> &BTreeMap<String, Vec<Column>> {
        &self.lists
    }

    /// Checks an object or a row.
    ///
    /// # Errors
    /// Where it stands and what is wrong, for the first thing that is.
    pub fn check(&self, value: &Value) -> Result<(), SchemaRefused> {
        match self.validator.iter_errors(value).next() {
            Some(error) => Err(refused(error.instance_path().as_str(), &error.to_string())),
            None => Ok(()),
        }
    }
}

fn refused(at: &str, reason: &str) -> SchemaRefused {
    SchemaRefused { at: if at.is_empty() { "/".to_owned() } else { at.to_owned() }, reason: reason.to_owned() }
}

fn read(text: &str) -> Result<Value, SchemaRefused> {
    let source = crate::json::parse_strict(text.as_bytes()).map_err(|error| refused("", &error.to_string()))?;
    check_subset(&source, "", 0)?;
    Ok(source)
}

fn check_subset(schema: &Value, at: &str, depth: usize) -> Result<(), SchemaRefused> {
    let members = schema.as_object().ok_or_else(|| refused(at, "a schema is an object"))?;
    if depth > MAX_DEPTH {
        return Err(refused(at, "nested too deeply"));
    }
    for (keyword, value) in members {
        let at = format!("{at}/{keyword}");
        match keyword.as_str() {
            "properties" => {
                let properties = value.as_object().ok_or_else(|| refused(&at, "not an object"))?;
                for (name, inner) in properties {
                    check_subset(inner, &format!("{at}/{name}"), depth + 1)?;
                }
            }
            "items" => check_subset(value, &at, depth + 1)?,
            COLUMNS => {
                columns(schema).map_err(|(below, reason)| refused(&format!("{at}{below}"), reason))?;
            }
            "additionalProperties" if !value.is_boolean() => check_subset(value, &at, depth + 1)?,
            "format" if value.as_str().and_then(Format::from_keyword).is_none() => {
                return Err(refused(&at, "a format without a meaning here"));
            }
            known if KEYWORDS.contains(&known) => {}
            _ => return Err(refused(&at, "this keyword is outside the subset")),
        }
    }
    Ok(())
}

/// The columns of a schema of an object; none where it says nothing of them.
fn columns(schema: &Value) -> Result<Vec<Column>, (String, &'static str)> {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    schema.get(COLUMNS).map_or_else(|| Ok(Vec::new()), |columns| column::read(columns, properties))
}

/// The columns of the lists that an object of a schema has. The schema has been checked.
fn lists(schema: &Value) -> BTreeMap<String, Vec<Column>> {
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let of_list = |(name, member): (&String, &Value)| {
        let columns = columns(member.get("items")?).ok().filter(|columns| !columns.is_empty())?;
        Some((name.clone(), columns))
    };
    members.filter_map(of_list).collect()
}

fn compile(source: &Value) -> Result<jsonschema::Validator, SchemaRefused> {
    let mut options = jsonschema::options().should_validate_formats(true);
    for format in Format::ALL {
        if format != Format::DateTime {
            options = options.with_format(format.as_str(), move |text: &str| format.accepts(text));
        }
    }
    options.build(source).map_err(|error| refused(error.instance_path().as_str(), &error.to_string()))
}

fn parameter(schema: &Value, required: bool, at: &str) -> Result<Parameter, SchemaRefused> {
    let format = schema.get("format").and_then(Value::as_str).and_then(Format::from_keyword);
    let kind = match schema.get("type").and_then(Value::as_str) {
        Some("string") => ParameterType::Text(format),
        Some("integer") => ParameterType::Integer,
        Some("boolean") => ParameterType::Boolean,
        Some("array") if schema.pointer("/items/type") == Some(&Value::from("string")) => ParameterType::Texts,
        _ => return Err(refused(at, "a parameter is a string, an integer, a boolean or an array of strings")),
    };
    if format == Some(Format::UntrustedText) {
        return Err(refused(at, "this format is for results"));
    }
    let texts = |value: Option<&Value>| -> Option<Vec<String>> {
        value?.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let listed = match kind {
        ParameterType::Texts => schema.pointer("/items/enum"),
        ParameterType::Text(_) | ParameterType::Integer | ParameterType::Boolean => schema.get("enum"),
    };
    Ok(Parameter {
        kind,
        required,
        default: schema.get("default").filter(|default| !default.is_null()).cloned(),
        allowed: texts(listed),
        description: schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        bounds: (schema.get("minimum").and_then(Value::as_i64), schema.get("maximum").and_then(Value::as_i64)),
    })
}

/// `5.0` is an integer to JSON Schema and must be the same text as `5` afterwards.
fn integral(value: Value) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53 by the guard")]
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() < EXACT => Value::from(number as i64),
        _ => value,
    }
}

fn wanted(kind: &ValidationErrorKind) -> String {
    match kind {
        ValidationErrorKind::Format { format } => match Format::from_keyword(format) {
            Some(format) => format!("{} is wanted", format.describe()),
            None => "this format is not known".to_owned(),
        },
        ValidationErrorKind::Enum { .. } => "not one of the allowed values".to_owned(),
        ValidationErrorKind::Minimum { limit } => format!("{limit} or more is wanted"),
        ValidationErrorKind::Maximum { limit } => format!("{limit} or less is wanted"),
        ValidationErrorKind::Type { kind } => match kind {
            jsonschema::error::TypeKind::Single(single) => format!("a value of type {single} is wanted"),
            jsonschema::error::TypeKind::Multiple(_) => "a value of another type is wanted".to_owned(),
        },
        ValidationErrorKind::MinLength { limit } => format!("at least {limit} characters are wanted"),
        ValidationErrorKind::MaxLength { limit } => format!("at most {limit} characters are wanted"),
        ValidationErrorKind::MinItems { limit } => format!("at least {limit} items are wanted"),
        ValidationErrorKind::MaxItems { limit } => format!("at most {limit} items are wanted"),
        other => format!("does not fit its schema ({})", other.keyword()),
    }
}
