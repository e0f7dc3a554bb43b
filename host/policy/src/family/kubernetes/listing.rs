//! What the query of a list says to the server's authorizer: whether it is a watch, and which one name it selects.
//!
//! The server reads all options of a list for this, and where one of them is malformed none of them says anything but `watch`. So it is done here.

use super::label_selector;
use crate::grammar::QueryKey;
use std::collections::BTreeMap;

/// The field by whose equality rights to one name are enough for a list.
const NAME_FIELD: &str = "metadata.name";
/// Options that are numbers.
const NUMBERS: [&str; 2] = ["limit", "timeoutSeconds"];

/// What the authorizer sees of a list's query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Whether it is a watch.
    pub(super) watch: bool,
    /// The name that its field selector wants; empty where that wants none.
    pub(super) name: String,
}

impl Listing {
    pub(super) fn of(query: &BTreeMap<QueryKey, String>) -> Self {
        let value = |key: &str| query.get(key).map(String::as_str);
        let terms = field_terms(value("fieldSelector").unwrap_or_default());
        let number = |key: &&str| value(key).is_none_or(|text| text.parse::<i64>().is_ok());
        let labels = value("labelSelector").is_none_or(label_selector::is_well_formed);
        match terms {
            Some(terms) if labels && NUMBERS.iter().all(number) => {
                Self { watch: value("watch").is_some_and(is_on), name: name_in(terms) }
            }
            _ => Self { watch: value("watch").is_some_and(is_on_among_malformed), name: String::new() },
        }
    }
}

/// Go's comparison without case knows one more character that is an `s`: U+017F.
fn is_on(text: &str) -> bool {
    text != "0" && !text.replace('\u{17f}', "s").eq_ignore_ascii_case("false")
}

/// Where another option is malformed the server compares otherwise.
fn is_on_among_malformed(text: &str) -> bool {
    text != "0" && !text.eq_ignore_ascii_case("false")
}

/// An equality of a field selector: field and value, unescaped. An inequality has no value.
type Term<'a> = (&'a str, Option<String>);

/// The terms of a field selector, in the server's order, which is that of their bytes. None where it is malformed.
fn field_terms(selector: &str) -> Option<Vec<Term<'_>>> {
    let mut texts = split_unescaped(selector);
    texts.sort_unstable();
    texts.into_iter().filter(|text| !text.is_empty()).map(field_term).collect()
}

/// Splits at commas that no backslash is before.
fn split_unescaped(text: &str) -> Vec<&str> {
    let mut escaped = false;
    text.split(|character| {
        let ends = character == ',' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })
    .collect()
}

fn field_term(text: &str) -> Option<Term<'_>> {
    let (field, rest) = text.split_once('=')?;
    match field.strip_suffix('!') {
        Some(field) => unescaped(rest).map(|_| (field, None)),
        None => unescaped(rest.strip_prefix('=').unwrap_or(rest)).map(|value| (field, Some(value))),
    }
}

/// A value as it is meant. None where it has an escape of something else than `\`, `,` and `=`, or one of the latter bare.
fn unescaped(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        value.push(match character {
            '\\' => rest.next().filter(|next| matches!(next, '\\' | ',' | '='))?,
            ',' | '=' => return None,
            plain => plain,
        });
    }
    Some(value)
}

/// The name that the first equality wants. One that could be no object's is none.
fn name_in(terms: Vec<Term<'_>>) -> String {
    let wanted = terms.into_iter().find_map(|(field, value)| value.filter(|_| field == NAME_FIELD));
    wanted.filter(|name| name != "." && name != ".." && !name.contains(['/', '%'])).unwrap_or_default()
}
