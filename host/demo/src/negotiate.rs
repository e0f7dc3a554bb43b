//! What form an answer is wanted in: the header `Accept`, as the API server reads it.

use crate::request::Request;
use crate::status::Refusal;

/// How an object or a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// As it is.
    Whole,
    /// `PartialObjectMetadata` and its list.
    Metadata,
    /// Columns, and of each row's object what is asked for.
    Table(Include),
}

/// Of the object of a row of a Table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    None,
    Metadata,
    Object,
}

/// The form on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Yaml,
}

const ACCEPTED: &str = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// One media range of an `Accept`.
struct Range<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f32,
}

impl Range<'_> {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn encoding(&self) -> Option<Encoding> {
        match self.media {
            "application/json" | "application/*" | "*/*" | "" => Some(Encoding::Json),
            "application/yaml" => Some(Encoding::Yaml),
            _ => None,
        }
    }
}

/// The view and the encoding of an answer.
///
/// # Errors
/// 406 where nothing that is asked for can be given.
pub(crate) fn negotiate(request: &Request) -> Result<(View, Encoding), Refusal> {
    for range in ranges(request.header("accept").unwrap_or("*/*")) {
        let Some(encoding) = range.encoding() else { continue };
        let meta =
            range.parameter("g") == Some("meta.k8s.io") && matches!(range.parameter("v"), Some("v1" | "v1beta1"));
        let view = match (range.parameter("as"), meta) {
            (None, _) => View::Whole,
            (Some("Table"), true) => View::Table(include(request)?),
            (Some("PartialObjectMetadata" | "PartialObjectMetadataList"), true) => View::Metadata,
            (Some(_), _) => continue,
        };
        return Ok((view, encoding));
    }
    Err(not_acceptable())
}

/// As [`negotiate`], for an object or a list, which say themselves what forms there are.
///
/// # Errors
/// 406 where nothing that is asked for can be given.
pub(crate) fn for_resource(request: &Request, verb: &str) -> Result<(View, Encoding), Refusal> {
    let ranges = ranges(request.header("accept").unwrap_or("*/*"));
    if ranges.iter().any(|range| range.encoding().is_some()) { negotiate(request) } else { Err(unavailable(verb)) }
}

/// Whether the aggregated form of discovery is accepted, before the plain one.
pub(crate) fn wants_aggregated_discovery(request: &Request) -> bool {
    let chosen =
        ranges(request.header("accept").unwrap_or("*/*")).into_iter().find(|range| match range.parameter("as") {
            None => range.encoding().is_some(),
            Some(wanted) => {
                range.media == "application/json"
                    && wanted == "APIGroupDiscoveryList"
                    && range.parameter("g") == Some("apidiscovery.k8s.io")
                    && range.parameter("v") == Some("v2")
            }
        });
    chosen.is_some_and(|range| range.parameter("as").is_some())
}

/// The 406 of a resource, which says what there is.
fn unavailable(verb: &str) -> Refusal {
    const FORMS: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    let streams = match verb {
        "list" | "watch" => ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
        _ => "",
    };
    let message = format!("406: Not Acceptable\n\nAvailable representations: {FORMS}{streams}");
    let mut refusal = Refusal::new(406, "NotAcceptable", message);
    refusal.has_details = true;
    refusal
}

/// The 406 of what negotiates for itself.
pub(crate) fn not_acceptable() -> Refusal {
    Refusal::new(406, "NotAcceptable", ACCEPTED)
}

fn include(request: &Request) -> Result<Include, Refusal> {
    match request.query.get("includeObject").unwrap_or_default() {
        "" | "Metadata" => Ok(Include::Metadata),
        "None" => Ok(Include::None),
        "Object" => Ok(Include::Object),
        other => {
            let why = "must be 'Metadata', 'Object', 'None', or empty";
            let message =
                format!("Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: {why}");
            Err(Refusal::new(400, "BadRequest", message))
        }
    }
}

/// The ranges by their quality; those of the same one in their order.
fn ranges(accept: &str) -> Vec<Range<'_>> {
    let mut ranges: Vec<Range<'_>> = accept
        .split(',')
        .map(|clause| {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
            let quality = parameters.iter().find(|(key, _)| *key == "q").and_then(|(_, value)| value.parse().ok());
            Range { media, parameters, quality: quality.unwrap_or(1.0) }
        })
        .collect();
    ranges.sort_by(|one, other| other.quality.total_cmp(&one.quality));
    ranges
}
