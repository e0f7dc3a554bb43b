//! Effects as people read them: one line for a request, with what varies in braces.

use crate::effect::{Condition, Effect, Need, Piece, Place, Value};
use serde_json::{Map, Value as Json, json};

impl Effect {
    /// The path with what varies in braces: `{namespace}` is an argument, `{name…}` it or a longer name, `{get/metadata/uid}` a value
    /// that stood there in the answer to the effect `get`.
    #[must_use]
    pub fn shown_path(&self) -> String {
        show_pieces(&self.path)
    }

    /// The query keys with their values, shown in the same way.
    #[must_use]
    pub fn shown_query(&self) -> Vec<(String, String)> {
        let rules = self.query.iter().map(|rule| {
            let value = match &rule.value {
                Value::Pieces(pieces) => show_pieces(pieces),
                Value::PageSize(size) => match &size.limit {
                    Some(limit) => format!("{{at most {} or {limit}}}", size.rows),
                    None => format!("{{at most {}}}", size.rows),
                },
                Value::PageToken(Some(argument)) => format!("{{{argument}, or the next page's token}}"),
                Value::PageToken(None) => "{the next page's token}".to_owned(),
            };
            (rule.key.clone(), value)
        });
        rules.collect()
    }

    /// The whole effect as JSON for people and for tools that only look.
    #[must_use]
    pub fn shown(&self) -> Json {
        let query: Map<String, Json> = self.shown_query().into_iter().map(|(key, value)| (key, value.into())).collect();
        json!({
            "id": self.id.as_str(),
            "trust_level": self.trust.to_string(),
            "need": match self.need {
                Need::Required => "required",
                Need::Optional => "optional",
            },
            "when": self.when.iter().map(show_condition).collect::<Vec<_>>(),
            "method": self.method.as_str(),
            "path": self.shown_path(),
            "query": query,
            "accept": self.accept,
            "content_type": self.body.as_ref().map(|body| &body.media_type),
            "body": self.body.as_ref().map(|body| serde_json::from_str::<Json>(&body.template).unwrap_or_default()),
            "at_most": {"series": self.count.series, "pages": self.count.pages},
        })
    }
}

fn show_pieces(pieces: &[Piece]) -> String {
    pieces.iter().map(show_piece).collect()
}

fn show_piece(piece: &Piece) -> String {
    match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Argument(name) => format!("{{{name}}}"),
        Piece::Chosen(choice) => {
            let mut literals: Vec<&str> = choice.cases.iter().map(|(_, literal)| literal.as_str()).collect();
            literals.sort_unstable();
            literals.dedup();
            format!("{{{} by {}}}", literals.join("|"), choice.argument)
        }
        Piece::Extends(loose) => format!("{{{}…}}", loose.argument),
        Piece::Observed(places) => {
            let places: Vec<String> =
                places.iter().map(|Place { effect, pointer, .. }| format!("{effect}{pointer}")).collect();
            format!("{{{}}}", places.join("|"))
        }
    }
}

fn show_condition(condition: &Condition) -> String {
    match condition {
        Condition::Given(name) => format!("{name} is given"),
        Condition::Absent(name) => format!("{name} is not given"),
        Condition::OneOf((name, values)) => format!("{name} is {}", values.join(" or ")),
        Condition::Answered404(ids) => {
            let ids: Vec<&str> = ids.iter().map(crate::grammar::EffectId::as_str).collect();
            format!("{} was answered 404", ids.join(" or "))
        }
    }
}
