//! Identities that follow from what they are for, so that the same cluster has the same ones every time.

use serde_json::Value;

/// The letters of generated names: Kubernetes leaves out what could make words or be misread.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A hash that is the same on every machine (FNV-1a), mixed so that its low bits are as good as the others.
pub(crate) fn hash(text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    let hash = text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

/// An uid for what a text names.
pub(crate) fn uid(text: &str) -> String {
    let mut bytes = [0; 16];
    let (first, second) = bytes.split_at_mut(8);
    first.copy_from_slice(&hash(text).to_be_bytes());
    second.copy_from_slice(&hash(&format!("{text}/")).to_be_bytes());
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// The uid of an object that is there from the start.
pub(crate) fn uid_of(kind: &str, namespace: &str, name: &str) -> String {
    uid(&format!("{kind}/{namespace}/{name}"))
}

/// As many letters of a generated name as asked for, at most 13.
pub(crate) fn suffix(text: &str, letters: usize) -> String {
    let mut rest = hash(text);
    let letter = |_| {
        let letter = LETTERS.get((rest % 27) as usize).copied().unwrap_or(b'b');
        rest /= 27;
        char::from(letter)
    };
    (0..letters).map(letter).collect()
}

/// Lower-case hexadecimal digits, as many as asked for.
pub(crate) fn digits(text: &str, count: usize) -> String {
    let part = |index: usize| format!("{:016x}", hash(&format!("{index}:{text}")));
    (0..count.div_ceil(16)).map(part).collect::<String>().chars().take(count).collect()
}

/// The hash of a pod template that stands in the names of its ReplicaSets.
pub(crate) fn template_hash(template: &Value) -> String {
    suffix(&template.to_string(), 10)
}

/// A reference to the controller that owns an object.
pub(crate) fn owner_reference(owner: &Value) -> Value {
    serde_json::json!({
        "apiVersion": owner.get("apiVersion"),
        "kind": owner.get("kind"),
        "name": owner.pointer("/metadata/name"),
        "uid": owner.pointer("/metadata/uid"),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}
