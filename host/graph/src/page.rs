//! The graph as one HTML page that needs nothing else: no server, no network.
//!
//! Text of the graph is hostile. It stands in the page as JSON in which no character begins a tag, and the page's script puts it into the document as text only. Should either
//! fail, the page's policy lets no script run but the two that are named in it by their digests, and nothing be fetched.

use crate::finding::Entity;
use crate::graph::Graph;
use crate::shown::{STATES, WELL, is_unseen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::ser::Formatter;
use sha2::{Digest as _, Sha256};
use std::io;

const PAGE: &str = include_str!("../assets/page.html");
const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");
/// Lays out and draws: see `assets/force-graph/NOTICE`.
const LIBRARY: &str = include_str!("../assets/force-graph/force-graph.min.js");
/// What the library puts into style elements of its own. They are empty first.
const LIBRARY_STYLES: [&str; 3] = [
    "",
    ".force-graph-container canvas {\n  display: block;\n  user-select: none;\n  outline: none;\n  -webkit-tap-highlight-color: transparent;\n}\n\n.force-graph-container .clickable {\n  cursor: pointer;\n}\n\n.force-graph-container .grabbable {\n  cursor: move;\n  cursor: grab;\n  cursor: -moz-grab;\n  cursor: -webkit-grab;\n}\n\n.force-graph-container .grabbable:active {\n  cursor: grabbing;\n  cursor: -moz-grabbing;\n  cursor: -webkit-grabbing;\n}\n",
    ".float-tooltip-kap {\n  position: absolute;\n  width: max-content; /* prevent shrinking near right edge */\n  max-width: max(50%, 150px);\n  padding: 3px 5px;\n  border-radius: 3px;\n  font: 12px sans-serif;\n  color: #eee;\n  background: rgba(0,0,0,0.6);\n  pointer-events: none;\n}\n",
];

/// What the page's script knows beside the graph.
#[derive(Serialize)]
struct View<'g> {
    /// What the page opens with.
    start: Option<Start<'g>>,
    /// Properties that say how something is.
    states: [&'static str; STATES.len()],
    /// What they say of something that is well.
    well: [&'static str; WELL.len()],
}

#[derive(Serialize)]
struct Start<'g> {
    #[serde(rename = "type")]
    kind: &'g str,
    id: &'g str,
    uid: Option<&'g str>,
}

/// Writes the page. The title may be any text. Where there is a start, the page opens with that in the middle, and what is known of it beside it.
///
/// # Errors
/// Where the writer fails.
pub fn write(graph: &Graph, title: &str, start: Option<&Entity>, mut to: impl io::Write) -> io::Result<()> {
    let mut rest = PAGE;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        to.write_all(before.as_bytes())?;
        match name {
            "policy" => to.write_all(policy().as_bytes())?,
            "title" => to.write_all(as_text(title).as_bytes())?,
            "style" => to.write_all(STYLE.as_bytes())?,
            "library" => to.write_all(LIBRARY.as_bytes())?,
            "script" => to.write_all(SCRIPT.as_bytes())?,
            "data" => embed(graph, &mut to)?,
            "view" => {
                let start =
                    start.map(|Entity { kind, id, uid, .. }| Start { kind: kind.as_str(), id, uid: uid.as_deref() });
                embed(&View { start, states: STATES, well: WELL }, &mut to)?;
            }
            name => return Err(io::Error::other(format!("the page's template has a place called {name}"))),
        }
        rest = after;
    }
    to.write_all(rest.as_bytes())
}

/// As JSON that can stand in a script element.
fn embed(value: &impl Serialize, to: &mut impl io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(to, WithoutMarkup);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// Nothing is loaded from anywhere; what runs, and how it looks, is what this crate has.
fn policy() -> String {
    let digest = |text: &&str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    let scripts = [LIBRARY, SCRIPT].iter().map(digest).collect::<Vec<_>>().join(" ");
    let styles = LIBRARY_STYLES.iter().chain([&STYLE]).map(digest).collect::<Vec<_>>().join(" ");
    format!("default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'; form-action 'none'")
}

/// Text in the document, outside of scripts. What cannot be seen, or turns the direction of writing, is left out.
fn as_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            character if is_unseen(character) => {}
            character => out.push(character),
        }
    }
    out
}

/// JSON that says the same without a character that has a meaning in HTML, or ends a line in JavaScript. All of them stand in strings.
struct WithoutMarkup;

impl WithoutMarkup {
    fn write<W: io::Write + ?Sized>(writer: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        // And what would act on a terminal, should somebody have the page printed there.
        let acts =
            |character: char| matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') || is_unseen(character);
        while let Some(at) = rest.find(acts) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut characters = from.chars();
            let found = characters.next().unwrap_or_default();
            for unit in found.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

impl Formatter for WithoutMarkup {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        Self::write(writer, fragment)
    }

    fn write_raw_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        Self::write(writer, fragment)
    }
}
