//! What views have in common: names as they are shown, how something is, and what to say of what nobody has seen.

use crate::coverage::{Coverage, Extent};
use crate::finding::Entity;
use crate::word::Word;
use std::fmt::Write as _;

/// Properties that say how something is, in one word. The first that is there counts.
pub(crate) const STATES: [&str; 2] = ["status", "phase"];

/// States of what is well. Whatever else is said is worth a look.
pub(crate) const WELL: [&str; 9] =
    ["Running", "Ready", "Active", "Bound", "Available", "Succeeded", "Completed", "Complete", "Normal"];

/// How something is, where it says so.
pub(crate) fn state(entity: &Entity) -> Option<String> {
    let members = entity.properties.members();
    let word = STATES.iter().find_map(|name| members.get(*name)?.as_str().filter(|word| !word.is_empty()));
    word.map(str::to_owned)
}

/// Whether it is the state of something that is well.
pub(crate) fn is_well(state: &str) -> bool {
    WELL.contains(&state)
}

/// What to say of something of a type that nobody has seen: whether all of its type was read is the difference.
pub(crate) fn absence(coverage: &Coverage, kind: &Word) -> &'static str {
    match coverage.of(kind) {
        Some(Extent::Complete) => "not found",
        Some(Extent::Partial(_) | Extent::Denied(_)) | None => "not read",
    }
}

/// The part of an id that people call it by.
pub(crate) fn last_segment(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, last)| last)
}

/// What an id stands in, such as a namespace. Empty where it stands in nothing.
pub(crate) fn group_of(id: &str) -> &str {
    id.split_once('/').map_or("", |(group, _)| group)
}

/// The text with what cannot be seen, and what turns the direction of writing, written out.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unseen(character) {
            write!(out, "{}", character.escape_unicode()).expect("writing into a String never fails");
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether it is a control character, turns the direction of writing, or takes no room.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}
