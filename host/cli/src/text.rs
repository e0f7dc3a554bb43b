//! Text from clusters and guests on its way to a terminal: nothing in it may act.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character escaped that a terminal, or a reader's eye, would take for something else: control characters, and those that
/// turn the direction of writing or cannot be seen.
pub(crate) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if acts(character) {
            write!(out, "{}", character.escape_unicode()).expect("writing into a String never fails");
        } else {
            out.push(character);
        }
    }
    out
}

/// The same for text of several lines: line feeds and tabs stay.
pub(crate) fn safe_lines(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.split('\t').map(safe).collect::<Vec<_>>().join("\t"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether text of several lines has a character in it that acts.
pub(crate) fn has_acting(text: &str) -> bool {
    text.chars().any(|character| !matches!(character, '\n' | '\t') && acts(character))
}

/// Well-formed JSON with every character escaped that acts. It says the same: such characters stand in its strings only, where any character may be
/// escaped, or they are white space between its tokens.
pub(crate) fn safe_json(json: &str, escape: fn(char, &mut String)) -> Cow<'_, str> {
    if !has_acting(json) && !json.contains('\t') {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\n' => out.push('\n'),
            // A string holds neither as it is.
            '\t' | '\r' => out.push(' '),
            character if acts(character) => escape(character, &mut out),
            character => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// As JSON escapes a character (RFC 8259, section 7).
pub(crate) fn json_escape(character: char, out: &mut String) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        write!(out, "\\u{unit:04x}").expect("writing into a String never fails");
    }
}

/// As YAML escapes a character (YAML 1.2, section 5.7): it knows no pairs.
pub(crate) fn yaml_escape(character: char, out: &mut String) {
    write!(out, "\\U{:08x}", u32::from(character)).expect("writing into a String never fails");
}

/// Control characters, bidirectional controls (Unicode TR9), and characters without a width.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}'
                | '\u{061c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
