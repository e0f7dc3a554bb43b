//! Patches: RFC 6902, RFC 7396, Kubernetes' strategic merge, and apply as a merge of the same kind.

mod strategic;

use crate::decode;
use crate::status::Refusal;
use json_patch::{Patch, PatchOperation};
use serde_json::Value;

/// The largest JSON Patch.
const OPERATIONS: usize = 10_000;

/// Which kind of patch a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Form {
    /// # Errors
    /// 415 where the media type is no patch's.
    pub(crate) fn of(content_type: &str) -> Result<Self, Refusal> {
        match content_type {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/strategic-merge-patch+json" => Ok(Self::Strategic),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            _ => {
                let mut refusal = Refusal::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
                refusal.has_details = true;
                Err(refusal)
            }
        }
    }
}

/// What an object becomes by a patch.
///
/// # Errors
/// 400 for a body that is no patch, 413 for one of too many operations, 422 for one that does not fit the object.
pub(crate) fn apply(form: Form, body: &[u8], object: &Value) -> Result<Value, Refusal> {
    let mut patched = object.clone();
    match form {
        Form::Json => operations(body, &mut patched)?,
        Form::Merge => json_patch::merge(&mut patched, &map(body)?),
        Form::Strategic => strategic::merge(&mut patched, &map(body)?),
        Form::Apply => strategic::merge(&mut patched, &applied(body)?),
    }
    if patched.is_object() { Ok(patched) } else { Err(unprocessable()) }
}

/// The body of an apply: YAML, of which JSON is a part.
///
/// # Errors
/// 400 where it is neither.
pub(crate) fn applied(body: &[u8]) -> Result<Value, Refusal> {
    let bad = |why: String| Refusal::new(400, "BadRequest", format!("error decoding YAML: {why}"));
    let text = std::str::from_utf8(body).map_err(|error| bad(error.to_string()))?;
    let value: Value = serde_saphyr::from_str(text).map_err(|error| bad(error.to_string()))?;
    if value.is_object() { Ok(value) } else { Err(bad("not an object".to_owned())) }
}

fn map(body: &[u8]) -> Result<Value, Refusal> {
    let bad = |why: String| Refusal::new(400, "BadRequest", format!("error decoding patch: {why}"));
    let value: Value = serde_json::from_slice(body).map_err(|error| bad(decode::json_error(&error)))?;
    let is = |kind: &str| bad(format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"));
    match value {
        Value::Object(_) => Ok(value),
        other => Err(is(decode::kind_of(&other))),
    }
}

fn operations(body: &[u8], object: &mut Value) -> Result<(), Refusal> {
    let bad = |why: String| Refusal::new(400, "BadRequest", format!("error decoding patch: {why}"));
    let value: Value = serde_json::from_slice(body).map_err(|error| bad(decode::json_error(&error)))?;
    if !value.is_array() {
        let kind = decode::kind_of(&value);
        return Err(bad(format!("json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp")));
    }
    let patch: Patch = serde_json::from_value(value).map_err(|_| unprocessable())?;
    if patch.0.len() > OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {OPERATIONS}, got {}",
            patch.0.len()
        );
        return Err(Refusal::new(413, "RequestEntityTooLarge", message));
    }
    for operation in patch.0 {
        // To the server's library what is absent is null.
        if let PatchOperation::Test(test) = &operation
            && test.value.is_null()
            && object.pointer(test.path.as_str()).is_none()
        {
            continue;
        }
        json_patch::patch(object, &[operation]).map_err(|_| unprocessable())?;
    }
    Ok(())
}

fn unprocessable() -> Refusal {
    let mut refusal = Refusal::new(422, "Invalid", "the server rejected our request due to an error in our request");
    refusal.has_details = true;
    refusal
}
