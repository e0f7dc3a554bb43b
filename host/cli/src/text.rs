//! Text from clusters and guests on its way to a terminal: nothing in it may act.

use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar as _;

/// A terminal that says it is narrower is not believed.
const MIN_WIDTH: usize = 20;

/// The text with every character escaped that a terminal, or a reader's eye, would take for something else: control characters, and those that
/// turn the direction of writing or cannot be seen.
pub fn safe(text: &str) -> String {
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
pub fn safe_lines(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.split('\t').map(safe).collect::<Vec<_>>().join("\t"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands before whatever goes on from the line above: no line of ours begins so.
pub const GOES_ON: &str = "  | ";

/// A line, escaped and cut into as many as a terminal of this width needs for it. The terminal would cut it too, and what came to stand at the
/// start of a line could pass for one of ours.
pub fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    let mut taken = 0;
    for character in safe(line).chars() {
        let columns = character.width().unwrap_or_default();
        if taken + columns > width.max(MIN_WIDTH) {
            lines.push(std::mem::replace(&mut current, GOES_ON.to_owned()));
            taken = GOES_ON.len();
        }
        current.push(character);
        taken += columns;
    }
    lines.push(current);
    lines
}

/// As much of a text as fits into so many columns, escaped; where that is not all, it ends with `…`.
pub fn one_line(text: &str, columns: usize) -> String {
    let whole = safe(text);
    let mut taken = 0;
    for (at, character) in whole.char_indices() {
        taken += character.width().unwrap_or_default();
        if taken > columns {
            let mut room = columns.saturating_sub(1);
            let fits = |character: &char| {
                room.checked_sub(character.width().unwrap_or_default()).map(|rest| room = rest).is_some()
            };
            let kept: String = whole[..at].chars().take_while(fits).collect();
            return format!("{kept}…");
        }
    }
    whole
}

/// The same, parted between words where there are any: for text that is read and not compared.
pub fn wrapped_at_words(line: &str, width: usize) -> Vec<String> {
    in_pieces(&safe(line), width, GOES_ON)
}

/// A line that is all the program's own, parted between words: what goes on stands as far to the right as it began.
pub fn prose(line: &str, width: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    in_pieces(&safe(line), width, &" ".repeat(indent))
}

fn in_pieces(text: &str, width: usize, goes_on: &str) -> Vec<String> {
    let width = width.max(MIN_WIDTH);
    let indent = text.len() - text.trim_start_matches(' ').len();
    let mut lines = Vec::new();
    let mut current = " ".repeat(indent);
    let mut begun = indent;
    let columns = |text: &str| -> usize { text.chars().map(|c| c.width().unwrap_or_default()).sum() };
    for word in text[indent..].split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        if !bare.is_empty() && current.len() > begun && columns(&current) + columns(bare) > width {
            lines.push(std::mem::replace(&mut current, goes_on.to_owned()));
            begun = goes_on.len();
        }
        // A word that is wider than a line is cut like anything else.
        for character in word.chars() {
            // Blanks behind the edge are nothing that anybody would see.
            if character == ' ' && columns(&current) >= width {
                continue;
            }
            if character != ' ' && columns(&current) + character.width().unwrap_or_default() > width {
                lines.push(std::mem::replace(&mut current, goes_on.to_owned()));
                begun = goes_on.len();
            }
            current.push(character);
        }
    }
    lines.push(current);
    lines.iter().map(|line| line.trim_end_matches(' ').to_owned()).collect()
}

/// Whether text of several lines has a character in it that acts.
pub fn has_acting(text: &str) -> bool {
    text.chars().any(|character| !matches!(character, '\n' | '\t') && acts(character))
}

/// Well-formed JSON with every character escaped that acts. It says the same: such characters stand in its strings only, where any character may be
/// escaped, or they are white space between its tokens.
pub fn safe_json(json: &str, escape: fn(char, &mut String)) -> Cow<'_, str> {
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
pub fn json_escape(character: char, out: &mut String) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        write!(out, "\\u{unit:04x}").expect("writing into a String never fails");
    }
}

/// As YAML escapes a character (YAML 1.2, section 5.7): it knows no pairs.
pub fn yaml_escape(character: char, out: &mut String) {
    write!(out, "\\U{:08x}", u32::from(character)).expect("writing into a String never fails");
}

/// Whether a terminal, or the eye, would take a character for something else or for nothing:
///
/// - control characters;
/// - what Unicode says is not to be shown (`Default_Ignorable_Code_Point` of DerivedCoreProperties.txt, Unicode 17): soft hyphens, joiners,
///   fillers, turns of the direction (TR9), variation selectors, tags; and the interlinear annotations that stand behind them;
/// - spaces that are not the space, separators of lines and paragraphs (`White_Space` of PropList.txt, and the blank pattern of Braille).
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}'
                | '\u{034f}'
                | '\u{061c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
        || matches!(
            character,
            '\u{00a0}' | '\u{1680}' | '\u{2000}'
                ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{2800}' | '\u{3000}'
        )
}
