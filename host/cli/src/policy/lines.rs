//! Where things stand in a policy's text, and so in which line a mistake is.

use toml_edit::{Document, Item, Table};

/// A mistake, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, in one line.
    pub message: String,
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
        let items = self.item(path).and_then(Item::as_array);
        let place = items.and_then(|items| items.iter().position(|item| item.as_str() == Some(text)));
        place.map(|place| place.to_string()).unwrap_or_default()
    }

    /// All of it.
    pub(super) fn root(&self) -> &Table {
        self.document.as_table()
    }

    /// What is behind these keys.
    pub(super) fn item(&self, path: &[&str]) -> Option<&Item> {
        path.iter().try_fold(self.document.as_item(), |item, step| item.get(*step))
    }

    pub(super) fn of_error(&self, error: &toml_edit::de::Error) -> Mistake {
        mistake(self.text, error.span(), error.message())
    }
}

fn mistake(text: &str, span: Option<std::ops::Range<usize>>, message: &str) -> Mistake {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join("; ");
    Mistake { line: before.matches('\n').count() + 1, message }
}
