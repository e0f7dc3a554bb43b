//! The ends of generated names.

/// The letters and digits of generated names: none that make words, or look like another.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Five letters or digits, as the server puts them behind a `generateName`.
pub(crate) fn suffix() -> String {
    let random = uuid::Uuid::new_v4();
    let letter = |byte: &u8| char::from(ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().unwrap_or(b'x'));
    random.as_bytes().iter().take(5).map(letter).collect()
}
