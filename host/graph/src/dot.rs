//! The graph in Graphviz' language, for whoever lays out and draws with that.
//!
//! Names of a target stand only in quoted strings. There a quote is escaped; a backslash, after which Graphviz would read `\N` as a node's name; and an ampersand, which
//! begins a character by its number. Whatever cannot be seen, or turns the direction of writing, is written out.

use crate::finding::{Entity, Hint, HintHead, Properties, Property};
use crate::graph::{End, Graph, Relationship};
use crate::shown::{self, absence, group_of, last_segment, state, visible};
use crate::web::Web;
use crate::word::Word;
use std::collections::{BTreeMap, BTreeSet};
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

/// What a hint may call the other system's thing by.
const MACHINE_NAMES: [&str; 2] = ["match_key", "uuid"];
/// The property of a relationship that says whether it works now.
const READY: &str = "ready";
/// What is not well, and what is not ready, is drawn in this; it is said in words, too.
const ILL: &str = "orangered3";

/// Writes the graph. Where there is a start, its border is thick.
///
/// That something is in a namespace is said by the box that it is in, and remarks, which are about anything, are counted only: edges of either kind say little, and there are so many
/// that nobody could follow the others.
///
/// # Errors
/// Where the writer fails.
pub fn write(graph: &Graph, title: &str, start: Option<&Entity>, mut to: impl io::Write) -> io::Result<()> {
    let drawing = Drawing::of(graph, start);
    writeln!(to, "digraph {} {{", quoted(&visible(title)))?;
    // Without the newer ranking Graphviz gives up where edges lead back and forth between many boxes.
    let label = quoted(&drawing.told(title));
    writeln!(to, "  graph [rankdir=LR, newrank=true, fontname=\"sans-serif\", label={label}];")?;
    writeln!(to, "  node [fontname=\"sans-serif\", style=filled];\n  edge [fontname=\"sans-serif\", fontsize=10];")?;
    for (place, (group, nodes)) in drawing.groups().iter().enumerate() {
        let indent = if group.is_empty() { "  " } else { "    " };
        if !group.is_empty() {
            let label = quoted(&visible(group));
            writeln!(to, "  subgraph cluster_{place} {{\n    label={label}; style=rounded; color=gray;")?;
        }
        for &node in nodes {
            writeln!(to, "{indent}n{node} [{}];", drawing.node(node))?;
        }
        if !group.is_empty() {
            writeln!(to, "  }}")?;
        }
    }
    for relationship in graph.relationships() {
        let ends = [&relationship.from, &relationship.to].map(|end| drawing.drawn(end));
        let [Some(from), Some(end)] = ends else { continue };
        if !drawing.web.is_membership(relationship) {
            writeln!(to, "  n{from} -> n{end} [{}];", edge(relationship))?;
        }
    }
    drawing.machines(&mut to)?;
    writeln!(to, "}}")
}

/// A graph as it is drawn.
struct Drawing<'g> {
    graph: &'g Graph,
    web: Web<'g>,
    start: Option<usize>,
    /// Types of entities that are about others.
    remarks: BTreeSet<&'g Word>,
    /// The place of each type among all.
    kinds: BTreeMap<&'g Word, usize>,
    /// What others are in: it stands with them in its box.
    entered: BTreeSet<usize>,
}

impl<'g> Drawing<'g> {
    fn of(graph: &'g Graph, start: Option<&Entity>) -> Self {
        let web = Web::of(graph);
        let kinds: BTreeSet<&Word> = (0..web.len()).map(|node| web.name(node).0).collect();
        let kinds = kinds.into_iter().enumerate().map(|(place, kind)| (kind, place)).collect();
        let memberships = graph.relationships().iter().filter(|relationship| web.is_membership(relationship));
        let entered = memberships.filter_map(|relationship| web.node(&relationship.to)).collect();
        let start = start.and_then(|start| web.node_of(start));
        Self { graph, web, start, remarks: graph.coverage().remarks(), kinds, entered }
    }

    fn is_drawn(&self, node: usize) -> bool {
        self.start == Some(node) || !self.remarks.contains(self.web.name(node).0)
    }

    fn drawn(&self, end: &End) -> Option<usize> {
        self.web.node(end).filter(|node| self.is_drawn(*node))
    }

    /// What is drawn, by the box that it is in.
    fn groups(&self) -> BTreeMap<&'g str, Vec<usize>> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for node in (0..self.web.len()).filter(|node| self.is_drawn(*node)) {
            let id = self.web.name(node).1;
            let group = if self.entered.contains(&node) { id } else { group_of(id) };
            groups.entry(group).or_default().push(node);
        }
        groups
    }

    fn node(&self, node: usize) -> String {
        let (kind, id) = self.web.name(node);
        let place = self.kinds.get(kind).copied().unwrap_or_default();
        let pick = |of: &[&'static str]| of.get(place % of.len()).copied().unwrap_or_default();
        let mut lines = vec![kind.to_string(), visible(last_segment(id))];
        let mut look = format!("shape={}", pick(&SHAPES));
        let mut is_well = true;
        match self.web.entity(node) {
            Some(entity) => {
                look.push_str(&format!(", fillcolor={}", pick(&COLOURS)));
                if let Some(state) = state(entity) {
                    is_well = shown::is_well(&state);
                    lines.push(format!("{}{}", if is_well { "" } else { "! " }, visible(&state)));
                }
            }
            None => {
                lines.push(format!("({})", absence(self.graph.coverage(), kind)));
                look.push_str(", style=dotted");
            }
        }
        if !is_well {
            look.push_str(&format!(", color={ILL}"));
        }
        match (self.start == Some(node), is_well) {
            (true, _) => look.push_str(", penwidth=5"),
            (false, false) => look.push_str(", penwidth=2.5"),
            (false, true) => {}
        }
        format!("label={}, tooltip={}, {look}", quoted(&lines.join("\n")), quoted(&visible(id)))
    }

    /// What other systems certainly know what was read by, each once.
    fn machines(&self, to: &mut impl io::Write) -> io::Result<()> {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for (node, entity) in self.graph.entities().iter().enumerate().filter(|(node, _)| self.is_drawn(*node)) {
            for hint in &entity.same_as {
                let head = hint.head();
                if !head.certain {
                    continue;
                }
                let next = known.len();
                let place = *known.entry(hint.object().as_str()).or_insert(next);
                if place == next {
                    let (label, tooltip) = (quoted(&machine(hint, &head)), quoted(&format!("known by {}", head.by)));
                    writeln!(to, "  m{place} [label={label}, tooltip={tooltip}, shape=box3d, fillcolor=white];")?;
                }
                let tooltip = quoted(&format!("known by {}", head.by));
                writeln!(to, "  n{node} -> m{place} [label=\"same_as\", tooltip={tooltip}, style=solid];")?;
            }
        }
        Ok(())
    }

    /// What stands under the picture: a reader must not take what was not read, or is not drawn, for what is not there.
    fn told(&self, title: &str) -> String {
        let missing = self.graph.coverage().missing();
        let missing =
            missing.map(|(what, extent)| format!("{what}: {}: {}", extent.told(), extent.reason().unwrap_or_default()));
        let mut left_out: BTreeMap<&Word, usize> = BTreeMap::new();
        for node in (0..self.web.len()).filter(|node| !self.is_drawn(*node)) {
            *left_out.entry(self.web.name(node).0).or_default() += 1;
        }
        let left_out = left_out.into_iter().map(|(kind, count)| format!("{kind}: {count} not drawn"));
        // Each line is one: a reason cannot begin another.
        let lines = std::iter::once(title.to_owned()).chain(missing).chain(left_out);
        lines.map(|line| visible(&line)).collect::<Vec<_>>().join("\n")
    }
}

/// A type, and what the other system calls it, where that is known.
fn machine(hint: &Hint, head: &HintHead) -> String {
    let members = hint.object().members();
    let name = MACHINE_NAMES.iter().find_map(|name| members.get(*name)?.as_str());
    name.map_or_else(|| head.kind.to_string(), |name| format!("{}\n{}", head.kind, visible(name)))
}

fn edge(relationship: &Relationship) -> String {
    let tooltip = quoted(&format!("known by {}", relationship.known_by));
    let is_read = relationship.from.resolved && relationship.to.resolved;
    let style = match (is_read, relationship.certain) {
        (false, _) => "dotted",
        (true, false) => "dashed",
        (true, true) => "solid",
    };
    // An end that was not read does not say whether the relationship is certain: that is in words.
    let mut label = relationship.name.to_string();
    if !relationship.certain {
        label.push_str(" ?");
    }
    let Properties(properties) = &relationship.properties;
    let is_ready = properties.get(READY) != Some(&Property::Flag(false));
    if is_ready {
        return format!("label={}, tooltip={tooltip}, style={style}", quoted(&label));
    }
    let label = quoted(&format!("{label}\n! ready=no"));
    format!("label={label}, tooltip={tooltip}, style={style}, color={ILL}, fontcolor={ILL}, penwidth=2")
}

/// A quoted string of one or more lines, none of whose parts has a line feed that is not ours.
fn quoted(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}
