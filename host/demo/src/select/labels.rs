//! Label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`, and `matchLabels` with `matchExpressions`.

use crate::name;
use serde_json::Value;

/// Requirements that must all hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels(Vec<Requirement>);

#[derive(Debug, Clone)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// What a selector consists of, with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Symbol(&'static str),
    Unknown(String),
    End,
}

const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

impl Labels {
    /// # Errors
    /// The server's message.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text), at: 0 };
        let mut requirements = Vec::new();
        loop {
            match parser.peek() {
                Token::End => return Ok(Self(requirements)),
                Token::Word(_) | Token::Symbol("!") => {
                    let requirement = parser.requirement();
                    requirements.push(requirement.map_err(|why| format!("unable to parse requirement: {why}"))?);
                }
                other => return Err(format!("found '{}', expected: !, identifier, or 'end of string'", other.text())),
            }
            match parser.next() {
                Token::End => return Ok(Self(requirements)),
                Token::Symbol(",") => match parser.peek() {
                    Token::Word(_) | Token::Symbol("!") => {}
                    other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
                },
                other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
            }
        }
    }

    /// A selector as it stands in objects. None where it selects nothing, because it is not there.
    pub(crate) fn of_object(selector: Option<&Value>) -> Option<Self> {
        let selector = selector?.as_object()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let exact = |(key, value): (&String, &Value)| Requirement {
            key: key.clone(),
            operator: Operator::In,
            values: vec![text(value)],
        };
        let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten().map(exact);
        let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
        let expressions = expressions.filter_map(|expression| {
            Some(Requirement {
                key: text(expression.get("key")?),
                operator: match expression.get("operator")?.as_str()? {
                    "In" => Operator::In,
                    "NotIn" => Operator::NotIn,
                    "Exists" => Operator::Exists,
                    _ => Operator::DoesNotExist,
                },
                values: expression.get("values").and_then(Value::as_array).into_iter().flatten().map(text).collect(),
            })
        });
        Some(Self(labels.chain(expressions).collect()))
    }

    /// A plain map of labels, as a Service's selector is one.
    pub(crate) fn of_map(selector: Option<&Value>) -> Option<Self> {
        let selector = selector?.as_object().filter(|map| !map.is_empty())?;
        Self::of_object(Some(&serde_json::json!({ "matchLabels": selector })))
    }

    pub(crate) fn matches(&self, labels: Option<&Value>) -> bool {
        self.0.iter().all(|requirement| requirement.matches(labels))
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// As `kubectl` prints it.
    pub(crate) fn show(&self) -> String {
        let mut parts: Vec<&Requirement> = self.0.iter().collect();
        parts.sort_by(|one, other| one.key.cmp(&other.key));
        parts.iter().map(|part| part.show()).collect::<Vec<_>>().join(",")
    }
}

impl Requirement {
    fn matches(&self, labels: Option<&Value>) -> bool {
        let value = labels.and_then(|labels| labels.get(&self.key)).and_then(Value::as_str);
        let has = |value: &str| self.values.iter().any(|wanted| wanted == value);
        let compares = |is: fn(&i64, &i64) -> bool| {
            let wanted = self.values.first().and_then(|wanted| wanted.parse().ok());
            value.and_then(|value| value.parse().ok()).zip(wanted).is_some_and(|(value, wanted)| is(&value, &wanted))
        };
        match self.operator {
            Operator::In => value.is_some_and(has),
            Operator::NotIn => !value.is_some_and(has),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => compares(i64::gt),
            Operator::LessThan => compares(i64::lt),
        }
    }

    fn show(&self) -> String {
        let mut values = self.values.clone();
        values.sort();
        let (key, list) = (&self.key, values.join(","));
        match self.operator {
            Operator::In if values.len() == 1 => format!("{key}={list}"),
            Operator::In => format!("{key} in ({list})"),
            Operator::NotIn => format!("{key} notin ({list})"),
            Operator::Exists => key.clone(),
            Operator::DoesNotExist => format!("!{key}"),
            Operator::GreaterThan => format!("{key}>{list}"),
            Operator::LessThan => format!("{key}<{list}"),
        }
    }

    fn checked(self) -> Result<Self, String> {
        let quoted = |place: &str, value: &str, faults: &[String]| match faults {
            [] => None,
            faults => Some(format!("{place}: Invalid value: {value:?}: {}", faults.join("; "))),
        };
        let mut faults: Vec<String> = quoted("key", &self.key, &name::label_key(&self.key)).into_iter().collect();
        let is_number = matches!(self.operator, Operator::GreaterThan | Operator::LessThan);
        for (index, value) in self.values.iter().enumerate() {
            if is_number && value.parse::<i64>().is_err() {
                let fault = "for 'Gt', 'Lt' operators, the value must be an integer";
                faults.push(format!("values[{index}]: Invalid value: {value:?}: {fault}"));
            }
            faults.extend(quoted(&format!("values[{index}][{}]", self.key), value, &name::label_value(value)));
        }
        match faults.as_slice() {
            [] => Ok(self),
            [fault] => Err(fault.clone()),
            _ => Err(format!("[{}]", faults.join(", "))),
        }
    }
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Unknown(text) => text,
            Self::Symbol(text) => text,
            Self::End => "",
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Token {
        self.tokens.get(self.at).cloned().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let is_negated = self.peek() == Token::Symbol("!");
        if is_negated {
            self.next();
        }
        let key = match self.next() {
            Token::Word(key) => key,
            other => return Err(format!("found '{}', expected: identifier", other.text())),
        };
        if let [fault, ..] = name::label_key(&key).as_slice() {
            return Err(format!("<nil>: Invalid value: {key:?}: {fault}"));
        }
        let is_alone = matches!(self.peek(), Token::End | Token::Symbol(","));
        if is_negated || is_alone {
            let operator = if is_negated { Operator::DoesNotExist } else { Operator::Exists };
            return Ok(Requirement { key, operator, values: Vec::new() });
        }
        let token = self.next();
        let (operator, is_set) = match &token {
            Token::Word(word) if word == "in" => (Operator::In, true),
            Token::Word(word) if word == "notin" => (Operator::NotIn, true),
            Token::Symbol("=" | "==") => (Operator::In, false),
            Token::Symbol("!=") => (Operator::NotIn, false),
            Token::Symbol(">") => (Operator::GreaterThan, false),
            Token::Symbol("<") => (Operator::LessThan, false),
            other => return Err(format!("found '{}', expected: {OPERATORS}", other.text())),
        };
        let values = if is_set { self.values()? } else { vec![self.value()?] };
        Requirement { key, operator, values }.checked()
    }

    fn value(&mut self) -> Result<String, String> {
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            return Ok(String::new());
        }
        match self.next() {
            Token::Word(value) => Ok(value),
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        let opening = self.next();
        if opening != Token::Symbol("(") {
            return Err(format!("found '{}' expected: '('", opening.text()));
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                Token::Word(value) => values.push(value),
                Token::Symbol(")") if values.is_empty() => return Ok(vec![String::new()]),
                Token::Symbol(mark @ ("," | ")")) => {
                    values.push(String::new());
                    if mark == ")" {
                        return Ok(values);
                    }
                    continue;
                }
                other => return Err(format!("found '{}', expected: ',', ')' or identifier", other.text())),
            }
            match self.next() {
                Token::Symbol(",") => {}
                Token::Symbol(")") => return Ok(values),
                other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
            }
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let is_special = |character: char| "=!(),><".contains(character);
        let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
        let length = match symbol {
            Some(symbol) => {
                tokens.push(Token::Symbol(symbol));
                symbol.len()
            }
            None => {
                let end = rest.find(|c: char| is_special(c) || c.is_whitespace()).unwrap_or(rest.len());
                let word = rest.get(..end).unwrap_or_default();
                tokens.push(if word.is_empty() {
                    Token::Unknown(rest.to_owned())
                } else {
                    Token::Word(word.to_owned())
                });
                if word.is_empty() { rest.len() } else { end }
            }
        };
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    tokens.push(Token::End);
    tokens
}
