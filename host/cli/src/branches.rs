//! Lines of a graph's tree as a terminal shows them: coloured, and each cut where the terminal ends.

use crate::paint::{Tone, tone_of};
use crate::text::one_line;
use crate::view::View;
use meho_host::graph::tree::{Line, Role};
use unicode_width::UnicodeWidthStr as _;

/// The lines, each no longer than there is room for: one that went on would break the tree.
#[must_use]
pub fn lines(lines: &[Line], view: &View) -> String {
    let mut text = String::new();
    for line in lines {
        let mut room = view.width.unwrap_or(usize::MAX);
        for span in &line.0 {
            let shown = one_line(&span.text, room);
            room = room.saturating_sub(shown.width());
            let tone = if span.role == Role::State { tone_of(span.text.trim()) } else { tone(span.role) };
            text.push_str(&view.paint.paint(tone, &shown));
            if room == 0 {
                break;
            }
        }
        text.push('\n');
    }
    text
}

fn tone(role: Role) -> Tone {
    match role {
        Role::Branch | Role::Name | Role::State => Tone::Plain,
        Role::Heading | Role::Start => Tone::Heading,
        Role::Kind | Role::Relationship | Role::Note => Tone::Faint,
        Role::Doubt => Tone::Warn,
    }
}
