//! The graph in Graphviz' language, for whoever lays out and draws with that.
//!
//! Names of a target stand only in quoted strings. There a quote is escaped; a backslash, after which Graphviz would read `\N` as a node's name; and an ampersand, which
//! begins a character by its number. Whatever cannot be seen, or turns the direction of writing, is written out.

use crate::coverage::Coverage;
use crate::graph::{Graph, Relationship};
use crate::shown::{group_of, last_segment, visible};
use crate::web::Web;
use crate::word::Word;
use std::collections::BTreeMap;
use std::io;

/// Colours that Graphviz has by name, and shapes, for the types in the order of their names. There are more types than shapes, so both go round.
const COLOURS: [&str; 12] = [
    "lightblue",
    "palegreen",
    "khaki",
    "lightpink",
    "plum",
    "peachpuff",
    "paleturquoise",
    "thistle",
    "wheat",
    "lightsalmon",
    "lightgrey",
    "darkseagreen1",
];
const SHAPES: [&str; 5] = ["box", "ellipse", "hexagon", "folder", "component"];

/// Writes the graph.
///
/// # Errors
/// Where the writer fails.
pub fn write(graph: &Graph, title: &str, mut to: impl io::Write) -> io::Result<()> {
    let web = Web::of(graph);
    let kinds: BTreeMap<&Word, usize> = {
        let mut kinds: Vec<&Word> = (0..web.len()).map(|node| web.name(node).0).collect();
        kinds.sort();
        kinds.dedup();
        kinds.into_iter().enumerate().map(|(place, kind)| (kind, place)).collect()
    };
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for node in 0..web.len() {
        groups.entry(group_of(web.name(node).1)).or_default().push(node);
    }
    writeln!(to, "digraph {} {{", quoted(&visible(title)))?;
    writeln!(to, "  graph [rankdir=LR, fontname=\"sans-serif\", label={}];", quoted(&told(title, graph.coverage())))?;
    writeln!(to, "  node [fontname=\"sans-serif\", style=filled];\n  edge [fontname=\"sans-serif\", fontsize=10];")?;
    for (place, (group, nodes)) in groups.iter().enumerate() {
        let indent = if group.is_empty() { "  " } else { "    " };
        if !group.is_empty() {
            writeln!(
                to,
                "  subgraph cluster_{place} {{\n    label={}; style=rounded; color=gray;",
                quoted(&visible(group))
            )?;
        }
        for &node in nodes {
            let kind = kinds.get(web.name(node).0).copied().unwrap_or_default();
            writeln!(to, "{indent}n{node} [{}];", attributes(&web, node, kind))?;
        }
        if !group.is_empty() {
            writeln!(to, "  }}")?;
        }
    }
    for relationship in graph.relationships() {
        let (Some(from), Some(end)) = (web.node(&relationship.from), web.node(&relationship.to)) else { continue };
        writeln!(to, "  n{from} -> n{end} [{}];", edge(relationship))?;
    }
    writeln!(to, "}}")
}

fn attributes(web: &Web<'_>, node: usize, kind: usize) -> String {
    let (name, id) = web.name(node);
    let pick = |of: &[&'static str]| of.get(kind % of.len()).copied().unwrap_or_default();
    let (shape, colour) = (pick(&SHAPES), pick(&COLOURS));
    match web.entity(node) {
        Some(_) => {
            let label = quoted(&format!("{name}\n{}", visible(last_segment(id))));
            format!("label={label}, tooltip={}, shape={shape}, fillcolor={colour}", quoted(&visible(id)))
        }
        None => {
            let label = quoted(&format!("{name}\n{}\n(not read)", visible(last_segment(id))));
            format!("label={label}, tooltip={}, shape={shape}, style=dotted", quoted(&visible(id)))
        }
    }
}

fn edge(relationship: &Relationship) -> String {
    let label = quoted(relationship.name.as_str());
    let tooltip = quoted(&format!("known by {}", relationship.known_by));
    let is_read = relationship.from.resolved && relationship.to.resolved;
    let style = match (is_read, relationship.certain) {
        (false, _) => "dotted",
        (true, false) => "dashed",
        (true, true) => "solid",
    };
    // An end that was not read does not say whether the relationship is certain: that is in words.
    let label = if relationship.certain { label } else { quoted(&format!("{} ?", relationship.name)) };
    format!("label={label}, tooltip={tooltip}, style={style}")
}

/// What stands under the picture: a reader must not take what was not read for what is not there.
fn told(title: &str, coverage: &Coverage) -> String {
    let missing = coverage.missing();
    let missing =
        missing.map(|(what, extent)| format!("{what}: {}: {}", extent.told(), extent.reason().unwrap_or_default()));
    // Each line is one: a reason cannot begin another.
    let lines = std::iter::once(title.to_owned()).chain(missing);
    lines.map(|line| visible(&line)).collect::<Vec<_>>().join("\n")
}

/// A quoted string of one or more lines, none of whose parts has a line feed that is not ours.
fn quoted(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}
