//! Which objects of a list are wanted: label selectors and field selectors.

mod fields;
mod labels;

pub(crate) use fields::Fields;
pub(crate) use labels::Labels;

use crate::request::Query;
use crate::resource::Resource;
use crate::status::Refusal;
use serde_json::Value;

/// Both selectors of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    labels: Labels,
    fields: Fields,
}

impl Selection {
    /// # Errors
    /// 400 where one of them is malformed, or names a field that cannot be selected by.
    pub(crate) fn of(query: &Query, resource: &Resource) -> Result<Self, Refusal> {
        let bad = |message| Refusal::new(400, "BadRequest", message);
        let labels = query.get("labelSelector").map(Labels::parse).transpose().map_err(bad)?;
        let fields = query.get("fieldSelector").map(|text| Fields::parse(text, resource)).transpose().map_err(bad)?;
        Ok(Self { labels: labels.unwrap_or_default(), fields: fields.unwrap_or_default() })
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.matches(object.pointer("/metadata/labels")) && self.fields.matches(object)
    }

    /// Whether everything is wanted.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }
}
