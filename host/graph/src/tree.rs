//! The graph as a tree of lines, for a terminal.
//!
//! The lines have no escape sequences: whoever shows them adds colour by the spans' roles. Each text of the graph goes through the escape that the caller gives. There are
//! bounds on how much is shown, and what they leave out is counted.

use crate::coverage::Extent;
use crate::finding::{Entity, Hint, Properties, Property};
use crate::graph::{Graph, Relationship};
use crate::shown::{absence, group_of, last_segment, state};
use crate::web::{Direction, Step, Web};
use crate::word::Word;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Deeper than anything that a person would follow; what hangs together in a long chain ends here and not in the stack.
const MAX_DEPTH: usize = 12;

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of one relationship of one thing.
    pub in_a_row: usize,
    /// In all, without what is said of the coverage.
    pub lines: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { in_a_row: 20, lines: 1_000 }
    }
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Span>);

/// Part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub role: Role,
    /// Escaped already.
    pub text: String,
}

/// What part of a line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Lines of the tree, and blanks.
    Branch,
    /// What stands above others.
    Heading,
    /// A type.
    Kind,
    /// A name.
    Name,
    /// The name of what is asked about.
    Start,
    /// How something hangs together with what is above it.
    Relationship,
    /// How something is, in its own word.
    State,
    /// What is more to be said.
    Note,
    /// What is not certain, or was not read.
    Doubt,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|span| f.write_str(&span.text))
    }
}

/// All of a graph, by what its entities are in: the tops, which nothing there leads to, and what they lead to.
pub fn lines(graph: &Graph, bounds: Bounds, escape: &dyn Fn(&str) -> String) -> Vec<Line> {
    let mut tree = Tree::of(graph, bounds, escape);
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for node in 0..tree.web.len() {
        groups.entry(group_of(tree.web.name(node).1)).or_default().push(node);
    }
    // What is in nothing comes last.
    let outside = groups.remove("").map(|nodes| ("", nodes));
    for (group, nodes) in groups.into_iter().chain(outside) {
        tree.group(group, &nodes);
    }
    tree.finished()
}

/// What is around one entity, in a graph that is no larger: what leads to it, and below it what it leads to.
pub fn lines_around(graph: &Graph, start: &Entity, bounds: Bounds, escape: &dyn Fn(&str) -> String) -> Vec<Line> {
    let mut tree = Tree::of(graph, bounds, escape);
    if let Some(node) = tree.web.node_of(start) {
        tree.around(node);
    }
    tree.finished()
}

struct Tree<'g> {
    web: Web<'g>,
    graph: &'g Graph,
    /// Types of entities that are about others.
    remarks: BTreeSet<&'g Word>,
    bounds: Bounds,
    escape: &'g dyn Fn(&str) -> String,
    /// What has been shown with all that is below it.
    seen: BTreeSet<usize>,
    /// What is said of a node on each line that names it, by the group that the lines are of. What many use is named by as many lines.
    known: BTreeMap<(usize, Option<String>), OnEachLine>,
    lines: Vec<Line>,
    left_out: usize,
}

/// What is said of a node wherever it is named.
#[derive(Clone)]
struct OnEachLine {
    leads_on: bool,
    elsewhere: Vec<Span>,
}

/// What stands below a node.
enum Below<'g> {
    Step(Step<'g>),
    Hint(&'g Hint),
    /// So many more by the same relationship.
    More(usize),
    /// So many remarks of a type.
    Remarks(&'g Word, usize),
}

impl<'g> Tree<'g> {
    fn of(graph: &'g Graph, bounds: Bounds, escape: &'g dyn Fn(&str) -> String) -> Self {
        let (seen, lines) = (BTreeSet::new(), Vec::new());
        let remarks = graph.coverage().remarks();
        Self { web: Web::of(graph), graph, remarks, bounds, escape, seen, known: BTreeMap::new(), lines, left_out: 0 }
    }

    fn group(&mut self, group: &str, nodes: &[usize]) {
        let leads_here = |tree: &Self, node: usize| {
            let steps = tree.web.steps(node).iter().filter(|step| step.direction == Direction::Backwards);
            let mut onward = steps.filter(|step| tree.is_shown(step) && step.node != node);
            onward.any(|step| tree.is_in(step.node, group))
        };
        let is_own = |tree: &Self, node: usize| {
            let (kind, _) = tree.web.name(node);
            // What was not read is shown for what it leads to.
            let is_there = tree.web.entity(node).is_some() || !tree.below(node, Some(group)).is_empty();
            is_there && !tree.remarks.contains(kind)
        };
        let own: Vec<usize> = nodes.iter().copied().filter(|node| is_own(self, *node)).collect();
        if own.is_empty() {
            return;
        }
        let name = if group.is_empty() { "in no namespace".to_owned() } else { self.safe(group) };
        self.push(vec![span(Role::Heading, name)]);
        let tops: Vec<usize> = own.iter().copied().filter(|node| !leads_here(self, *node)).collect();
        // What only goes round has no top: it begins anywhere.
        for node in tops.into_iter().chain(own) {
            if self.seen.contains(&node) {
                continue;
            }
            let mut line = vec![span(Role::Branch, "  ")];
            line.extend(self.named(node, Some(group), Role::Name));
            line.extend(self.elsewhere(node, Some(group)));
            self.push(line);
            self.branches(node, "  ", Some(group), 0);
        }
    }

    /// What leads to the start, one below the other, and then the start with all that is around it.
    fn around(&mut self, start: usize) {
        let mut chain: Vec<Step<'g>> = Vec::new();
        let mut passed = BTreeSet::from([start]);
        let mut at = start;
        while let Some(step) = self.step_up(at).filter(|step| chain.len() < MAX_DEPTH && passed.insert(step.node)) {
            at = step.node;
            chain.push(step);
        }
        if chain.len() == MAX_DEPTH && self.step_up(at).is_some() {
            self.push(vec![span(Role::Note, "…")]);
        }
        let mut indent = String::new();
        let top = if chain.is_empty() { Role::Start } else { Role::Name };
        let line = self.named(at, None, top);
        self.push(line);
        let below = chain.iter().rev().skip(1).map(|step| step.node).chain([start]);
        let below: Vec<usize> = below.collect();
        for (step, node) in chain.iter().rev().zip(below) {
            let mut line = vec![span(Role::Branch, format!("{indent}└─ "))];
            line.extend(self.relationship(step.relationship, Direction::Forwards));
            line.extend(self.named(node, None, if node == start { Role::Start } else { Role::Name }));
            line.extend(self.how(step.relationship));
            self.push(line);
            indent.push_str("   ");
        }
        let led: BTreeSet<usize> = chain.first().map(|step| step.node).into_iter().collect();
        self.seen.extend(passed);
        // Here, what is in it is shown, too.
        let are_remarks = |step: &Step<'g>| self.remarks.contains(&step.relationship.from.kind);
        let others: Vec<Step<'g>> = self.web.steps(start).iter().copied().filter(|step| !are_remarks(step)).collect();
        let to_here =
            others.into_iter().filter(|step| step.direction == Direction::Backwards && !led.contains(&step.node));
        let mut below = self.rows(to_here);
        below.extend(self.below(start, None));
        self.list(below, &indent, None, 0);
    }

    /// To what in the same group leads here and nothing else does by the same relationship, such as an owner.
    fn step_up(&self, node: usize) -> Option<Step<'g>> {
        let steps =
            self.web.steps(node).iter().filter(|step| step.direction == Direction::Backwards && self.is_shown(step));
        let mut by_name: BTreeMap<&Word, Vec<Step<'g>>> = BTreeMap::new();
        for step in steps {
            by_name.entry(&step.relationship.name).or_default().push(*step);
        }
        let only =
            by_name.into_values().filter_map(|steps| if let [only] = steps.as_slice() { Some(*only) } else { None });
        let group = group_of(self.web.name(node).1);
        only.into_iter().find(|step| self.is_in(step.node, group))
    }

    /// Whether it is more than a remark, or that something is in its group.
    fn is_shown(&self, step: &Step<'g>) -> bool {
        let Relationship { from, .. } = step.relationship;
        !self.web.is_membership(step.relationship) && !self.remarks.contains(&from.kind)
    }

    fn is_in(&self, node: usize, group: &str) -> bool {
        group_of(self.web.name(node).1) == group
    }

    /// What a node leads to; in one group, where one is named.
    fn below(&self, node: usize, within: Option<&str>) -> Vec<Below<'g>> {
        let all = self.web.entity(node).map_or(&[][..], |entity| entity.same_as.as_slice());
        // Where one is certain, what only fits says nothing more.
        let is_settled = all.iter().any(|hint| hint.head().certain);
        let hints = all.iter().filter(|hint| hint.head().certain || !is_settled).map(Below::Hint);
        let steps = self.web.steps(node).iter().copied();
        let onward =
            steps.filter(|step| step.direction == Direction::Forwards && step.node != node && self.is_shown(step));
        let shown = onward.filter(|step| within.is_none_or(|group| self.is_in(step.node, group)));
        let mut remarks: BTreeMap<&Word, usize> = BTreeMap::new();
        for step in self.web.steps(node).iter().filter(|step| step.direction == Direction::Backwards) {
            let kind = &step.relationship.from.kind;
            if self.remarks.contains(kind) && !self.web.is_membership(step.relationship) {
                *remarks.entry(kind).or_default() += 1;
            }
        }
        let mut below: Vec<Below<'g>> = hints.collect();
        below.extend(self.rows(shown));
        below.extend(remarks.into_iter().map(|(kind, count)| Below::Remarks(kind, count)));
        below
    }

    /// As many steps by each relationship as there may be in a row.
    fn rows(&self, steps: impl Iterator<Item = Step<'g>>) -> Vec<Below<'g>> {
        let mut by_name: BTreeMap<(&Word, Direction), Vec<Step<'g>>> = BTreeMap::new();
        for step in steps {
            by_name.entry((&step.relationship.name, step.direction)).or_default().push(step);
        }
        let mut rows = Vec::new();
        for steps in by_name.into_values() {
            let more = steps.len().saturating_sub(self.bounds.in_a_row);
            rows.extend(steps.into_iter().take(self.bounds.in_a_row).map(Below::Step));
            rows.extend((more > 0).then_some(Below::More(more)));
        }
        rows
    }

    fn branches(&mut self, node: usize, indent: &str, within: Option<&str>, depth: usize) {
        if self.seen.insert(node) {
            self.list(self.below(node, within), indent, within, depth);
        }
    }

    fn list(&mut self, below: Vec<Below<'g>>, indent: &str, within: Option<&str>, depth: usize) {
        let last = below.len().saturating_sub(1);
        for (place, item) in below.into_iter().enumerate() {
            let (branch, room) = if place == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let mut line = vec![span(Role::Branch, format!("{indent}{branch}"))];
            let Below::Step(step) = item else {
                line.extend(self.told(&item));
                self.push(line);
                continue;
            };
            line.extend(self.relationship(step.relationship, step.direction));
            line.extend(self.named(step.node, within, Role::Name));
            line.extend(self.how(step.relationship));
            let known = self.on_each_line(step.node, within);
            line.extend(known.elsewhere);
            let is_new = !self.seen.contains(&step.node);
            let goes_on = step.direction == Direction::Forwards && known.leads_on;
            let is_cut = goes_on && (!is_new || depth == MAX_DEPTH);
            line.extend(is_cut.then(|| span(Role::Note, " …")));
            self.push(line);
            if goes_on && is_new && depth < MAX_DEPTH {
                self.branches(step.node, &format!("{indent}{room}"), within, depth + 1);
            }
            self.seen.insert(step.node);
        }
    }

    fn told(&self, item: &Below<'g>) -> Vec<Span> {
        match item {
            Below::Step(_) => Vec::new(),
            Below::More(count) => vec![span(Role::Note, format!("and {count} more"))],
            Below::Remarks(kind, count) => {
                vec![span(Role::Note, format!("{count} {} about it", self.safe(kind.as_str())))]
            }
            Below::Hint(hint) => self.hint(hint),
        }
    }

    fn hint(&self, hint: &Hint) -> Vec<Span> {
        let head = hint.head();
        // The same thing, or only something that fits.
        let is = if head.certain { "same_as " } else { "may be " };
        let mut spans = vec![span(Role::Relationship, is), span(Role::Kind, self.safe(head.kind.as_str()))];
        let members = hint.object().members().into_iter();
        let rest =
            members.filter(|(name, value)| !matches!(name.as_str(), "type" | "by" | "certain") && !value.is_null());
        for (name, value) in rest {
            let value = if let Value::String(text) = value { text } else { value.to_string() };
            spans.push(span(Role::Note, format!(" {}=", self.safe(&name))));
            spans.push(span(Role::Name, self.safe(&value)));
        }
        spans.extend((!head.certain).then(|| span(Role::Doubt, " ?")));
        spans.push(span(Role::Note, format!("  by {}", self.safe(head.by.as_str()))));
        spans
    }

    fn relationship(&self, relationship: &Relationship, direction: Direction) -> Vec<Span> {
        let name = self.safe(relationship.name.as_str());
        let arrow = match direction {
            Direction::Forwards => format!("{name} "),
            Direction::Backwards => format!("← {name} "),
        };
        vec![span(Role::Relationship, arrow)]
    }

    /// A type and a name, with what it is in where that is not where the line stands.
    fn named(&self, node: usize, within: Option<&str>, role: Role) -> Vec<Span> {
        let (kind, id) = self.web.name(node);
        let name = if within.is_some_and(|group| self.is_in(node, group)) { last_segment(id) } else { id };
        let mut spans = vec![span(Role::Kind, format!("{} ", self.safe(kind.as_str()))), span(role, self.safe(name))];
        match self.web.entity(node) {
            Some(entity) => {
                spans.extend(state(entity).map(|state| span(Role::Note, format!(" {}", self.safe(&state)))))
            }
            None => spans.push(span(Role::Doubt, format!(" ({})", absence(self.graph.coverage(), kind)))),
        }
        spans
    }

    /// How a relationship is known, and what more is known of it.
    fn how(&self, relationship: &Relationship) -> Vec<Span> {
        let mut spans = Vec::new();
        let Properties(properties) = &relationship.properties;
        for (name, property) in properties {
            let (value, role) = match property {
                Property::Flag(true) => ("yes".to_owned(), Role::Note),
                Property::Flag(false) => ("no".to_owned(), Role::Doubt),
                Property::List(list) => {
                    (list.iter().map(|item| self.safe(item)).collect::<Vec<_>>().join(","), Role::Note)
                }
            };
            spans.push(span(role, format!(" {}={value}", self.safe(name))));
        }
        // What is doubted stands before how it is known: where a line is cut, that is what is left out.
        spans.extend((!relationship.certain).then(|| span(Role::Doubt, " ?")));
        spans.push(span(Role::Note, format!("  by {}", self.safe(relationship.known_by.as_str()))));
        spans
    }

    fn on_each_line(&mut self, node: usize, within: Option<&str>) -> OnEachLine {
        let key = (node, within.map(str::to_owned));
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let leads_on = !self.below(node, within).is_empty();
        let found = OnEachLine { leads_on, elsewhere: self.elsewhere(node, within) };
        self.known.insert(key, found.clone());
        found
    }

    /// What a node leads to, and is led to from, outside of the group that the lines are of: on its own line.
    fn elsewhere(&self, node: usize, within: Option<&str>) -> Vec<Span> {
        let Some(group) = within else { return Vec::new() };
        let mut ways: BTreeMap<(Direction, &Word, &Word), Vec<Step<'g>>> = BTreeMap::new();
        for step in self.web.steps(node).iter().filter(|step| self.is_shown(step) && !self.is_in(step.node, group)) {
            let kind = self.web.name(step.node).0;
            ways.entry((step.direction, &step.relationship.name, kind)).or_default().push(*step);
        }
        let mut spans = Vec::new();
        for ((direction, name, kind), steps) in ways {
            let (name, kind) = (self.safe(name.as_str()), self.safe(kind.as_str()));
            match (direction, steps.as_slice()) {
                (Direction::Forwards, [step]) => {
                    spans.push(span(Role::Relationship, format!("  {name} ")));
                    spans.extend(self.named(step.node, within, Role::Name));
                    spans.extend((!step.relationship.certain).then(|| span(Role::Doubt, " ?")));
                }
                (Direction::Forwards, steps) => {
                    spans.push(span(Role::Note, format!("  {name} {} {kind}", steps.len())))
                }
                (Direction::Backwards, steps) => {
                    spans.push(span(Role::Note, format!("  ← {name} {} {kind}", steps.len())))
                }
            }
        }
        spans
    }

    fn safe(&self, text: &str) -> String {
        (self.escape)(text)
    }

    fn push(&mut self, spans: Vec<Span>) {
        if self.lines.len() < self.bounds.lines {
            self.lines.push(Line(spans));
        } else {
            self.left_out += 1;
        }
    }

    /// The lines, how many were left out, and what was not read.
    fn finished(mut self) -> Vec<Line> {
        if self.left_out > 0 {
            self.lines.push(Line(vec![span(Role::Note, format!("… {} more lines", self.left_out))]));
        }
        // What is read of a type is missing for the same reason as the type.
        let mut told: BTreeSet<Option<&str>> = BTreeSet::new();
        let missing = self.graph.coverage().missing();
        let missing: Vec<(String, &Extent)> = missing.filter(|(_, extent)| told.insert(extent.reason())).collect();
        if !missing.is_empty() {
            let heading = "Not everything was read. What is missing here may exist all the same:";
            self.lines.push(Line(vec![span(Role::Doubt, heading)]));
        }
        for (what, extent) in missing {
            let reason = self.safe(extent.reason().unwrap_or_default());
            let told = vec![
                span(Role::Branch, "  "),
                span(Role::Kind, self.safe(&what)),
                span(Role::Doubt, format!(": {}", extent.told())),
                span(Role::Note, format!(": {reason}")),
            ];
            self.lines.push(Line(told));
        }
        self.lines
    }
}

fn span(role: Role, text: impl Into<String>) -> Span {
    Span { role, text: text.into() }
}
