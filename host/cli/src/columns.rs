//! The columns of tables: of rows as the catalogue describes them, of a pod, of what stands in an object, and of what is the program's own.

use crate::amounts;
use crate::cells::{self, Cell};
use crate::layout::{Column, Cut, EXTRA};
use crate::shown::Shown;
use crate::text::safe;
use meho_host::policy::column::{self, Column as Described};
use serde_json::Value;

/// Names are cut to this at the least.
const NAME_LEAST: usize = 20;
/// Prose is cut to this at the least, and lists of names and addresses.
const PROSE_LEAST: usize = 24;
const LIST_LEAST: usize = 12;
/// Most columns of an entity that is not known.
const MAX_COLUMNS: usize = 16;

/// How a cell is made of a row.
#[derive(Debug, Clone)]
enum Made {
    /// The member of this name.
    Member(String),
    /// The member of this name, which says how something is.
    State(&'static str),
    /// How long ago the time of this member was.
    Age(&'static str),
    /// Of several.
    By(fn(&Value) -> Cell),
    /// As a catalogue says: of these members, each by the way to it.
    Described(Shown, Vec<Vec<String>>),
}

/// One column, and how its cells are made.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) column: Column,
    made: Made,
}

impl Spec {
    fn new(heading: &str, rank: u8, made: Made) -> Self {
        Self { column: Column { heading: heading.to_owned(), rank, cut: Cut::Never }, made }
    }

    /// As a catalogue describes it. What it says has been checked.
    fn of(described: &Described) -> Self {
        let cut = match described.cut {
            column::Cut::Never => Cut::Never,
            column::Cut::Name => Cut::Late(NAME_LEAST),
            column::Cut::Word => Cut::Late(LIST_LEAST),
            column::Cut::List => Cut::Early(LIST_LEAST),
            column::Cut::Prose => Cut::Early(PROSE_LEAST),
        };
        let made = Made::Described(Shown::by_word(described.shown.as_deref()), described.of.clone());
        Self::new(&described.heading, described.rank, made).cut(cut)
    }

    fn cut(self, cut: Cut) -> Self {
        Self { column: Column { cut, ..self.column }, ..self }
    }

    /// Whether a row has anything to stand in it.
    pub(crate) fn has_something(&self, row: &Value) -> bool {
        self.cell(row) != Cell::nothing()
    }

    /// The cell of a row.
    pub(crate) fn cell(&self, row: &Value) -> Cell {
        match &self.made {
            Made::Member(name) => cells::member(row, name),
            Made::State(name) => cells::state(row, name),
            Made::Age(name) => cells::age(row, name),
            Made::By(made) => made(row),
            Made::Described(shown, of) => {
                let values: Vec<&Value> = of.iter().map(|path| cells::at(row, path)).collect();
                shown.cell(&values)
            }
        }
    }
}

fn member(heading: &str, rank: u8, name: &str) -> Spec {
    Spec::new(heading, rank, Made::Member(name.to_owned()))
}

fn state(heading: &str, rank: u8, name: &'static str) -> Spec {
    Spec::new(heading, rank, Made::State(name))
}

fn by(heading: &str, rank: u8, made: fn(&Value) -> Cell) -> Spec {
    Spec::new(heading, rank, Made::By(made))
}

fn since(heading: &str, rank: u8, name: &'static str) -> Spec {
    Spec::new(heading, rank, Made::Age(name))
}

fn age(rank: u8) -> Spec {
    since("AGE", rank, "created")
}

fn name() -> Spec {
    member("NAME", 0, "name").cut(Cut::Late(NAME_LEAST))
}

/// What stands in a column of an entity's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Under {
    /// The member of this name, as it is.
    Member(String),
    /// How long ago the time of this member was.
    AgeOf(String),
    /// What is made of several members.
    Several,
    /// There is no such column.
    Nothing,
}

/// What stands under a heading, however its letters are written.
#[must_use]
pub fn under(entity: &str, described: &[Described], heading: &str) -> Under {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let columns = of(entity, described).unwrap_or_default();
    match columns.into_iter().find(|spec| plain(&spec.column.heading) == plain(heading)).map(|spec| spec.made) {
        Some(Made::Member(name)) => Under::Member(name),
        Some(Made::State(name)) => Under::Member(name.to_owned()),
        Some(Made::Age(name)) => Under::AgeOf(name.to_owned()),
        Some(Made::Described(shown, of)) => match (shown, one_member(&of)) {
            (Shown::Age, Some(name)) => Under::AgeOf(name),
            (Shown::AsItIs | Shown::State, Some(name)) => Under::Member(name),
            (_, _) => Under::Several,
        },
        Some(Made::By(_)) => Under::Several,
        None => Under::Nothing,
    }
}

/// The member that cells are made of, where it is one of the row itself.
fn one_member(of: &[Vec<String>]) -> Option<String> {
    match of {
        [path] => path.first().filter(|_| path.len() == 1).cloned(),
        _ => None,
    }
}

/// What a list of one namespace leaves out.
const NAMESPACE: &str = "NAMESPACE";

fn namespace() -> Spec {
    member(NAMESPACE, 2, "namespace").cut(Cut::Late(LIST_LEAST))
}

/// The columns of rows; none where nobody says which. Of pods, which stand in other objects too, they are the program's.
pub(crate) fn of(entity: &str, described: &[Described]) -> Option<Vec<Spec>> {
    match entity {
        POD => Some(pods()),
        _ if described.is_empty() => None,
        _ => Some(described.iter().map(Spec::of).collect()),
    }
}

/// The one entity that the program knows by itself.
const POD: &str = "Pod";

fn pods() -> Vec<Spec> {
    vec![
        namespace(),
        name(),
        by("READY", 2, cells::pod_ready),
        state("STATUS", 1, "status"),
        by("RESTARTS", 4, cells::pod_restarts),
        age(3),
        member("IP", EXTRA + 1, "pod_ip"),
        member("NODE", EXTRA, "node_name").cut(Cut::Late(LIST_LEAST)),
    ]
}

/// What the program itself has tables of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Targets of the configuration, as `target list` has them for programs.
    Targets,
    /// Operations of a check.
    Checks,
    /// Operations of one category.
    Operations,
    /// Parameters of an operation, as `ops` has them for programs.
    Parameters,
    /// Plans, as `plans` has them for programs.
    Plans,
    /// The sections of a policy.
    Policy,
    /// Entries of the audit record, in short.
    Audit,
}

/// The columns of a table of the program's own.
pub(crate) fn own(table: Own) -> Vec<Spec> {
    match table {
        Own::Targets => vec![
            member("NAME", 0, "name"),
            by("DEFAULT", 3, cells::target_default),
            by("WHERE", 1, cells::target_place).cut(Cut::Early(PROSE_LEAST)),
            member("CONTEXT", 2, "context").cut(Cut::Early(LIST_LEAST)),
            by("VERIFIED BY", 4, cells::target_proof).cut(Cut::Early(LIST_LEAST)),
            member("NAMESPACE", 5, "namespace"),
        ],
        Own::Checks => vec![
            member("OPERATION", 0, "operation"),
            by("ALLOWED", 1, cells::allowed),
            member("MISSING RIGHTS", 2, "missing").cut(Cut::Wrap(PROSE_LEAST)),
        ],
        Own::Operations => vec![
            member("OPERATION", 0, "operation"),
            by("TRUST", 1, cells::trust),
            member("PARAMETERS", EXTRA, "parameters").cut(Cut::Early(PROSE_LEAST)),
            member("SUMMARY", 2, "summary").cut(Cut::Wrap(40)),
        ],
        Own::Parameters => vec![
            member("NAME", 0, "name"),
            by("REQUIRED", 1, cells::parameter_required),
            by("TYPE", 2, cells::parameter_type),
            member("DEFAULT", 3, "default"),
            by("MEANING", 4, cells::parameter_meaning).cut(Cut::Wrap(PROSE_LEAST)),
        ],
        Own::Policy => vec![
            member("SECTION", 0, "section"),
            member("OPERATIONS", 1, "operations"),
            member("NAMESPACES", 2, "namespaces").cut(Cut::Wrap(PROSE_LEAST)),
            member("AUTOMATIC", 3, "automatic").cut(Cut::Wrap(PROSE_LEAST)),
            member("APPROVERS", 4, "approvers").cut(Cut::Early(LIST_LEAST)),
            member("SERVERS", 5, "servers").cut(Cut::Wrap(PROSE_LEAST)),
        ],
        Own::Plans => vec![
            member("ID", 0, "id"),
            member("STATE", 1, "state"),
            by("TRUST", 2, cells::trust),
            member("REQUEST", 3, "request").cut(Cut::Wrap(PROSE_LEAST)),
            member("TARGET", 4, "target").cut(Cut::Early(LIST_LEAST)),
            member("OPERATION", 6, "operation"),
            member("CALLER", 7, "principal").cut(Cut::Early(LIST_LEAST)),
            member("EXPIRES", 5, "expires"),
        ],
        Own::Audit => vec![
            member("NUMBER", 0, "number"),
            member("AT", 1, "at"),
            member("KIND", 2, "kind"),
            member("WHAT", 3, "what").cut(Cut::Wrap(PROSE_LEAST)),
            member("BY", 5, "by").cut(Cut::Early(LIST_LEAST)),
            member("CAME TO", 4, "came_to"),
        ],
    }
}

/// The same without the namespace: all are of the one that was asked for.
pub(crate) fn without_namespace(mut columns: Vec<Spec>) -> Vec<Spec> {
    columns.retain(|spec| spec.column.heading != NAMESPACE);
    columns
}

/// The columns of a table that stands in an object under this name: as its catalogue describes them, or else the program's own, whose last one may go on in the lines below.
pub(crate) fn nested(member_name: &str, described: &[Described]) -> Option<Vec<Spec>> {
    if !described.is_empty() {
        return Some(described.iter().map(Spec::of).collect());
    }
    let prose = |spec: Spec| spec.cut(Cut::Wrap(PROSE_LEAST));
    Some(match member_name {
        "conditions" => vec![
            member("TYPE", 0, "type"),
            by("STATUS", 1, cells::condition),
            since("SINCE", 4, "last_transition_time"),
            member("REASON", 2, "reason"),
            prose(member("MESSAGE", 3, "message")),
        ],
        "containers" | "init_containers" => vec![
            member("NAME", 0, "name"),
            member("READY", 3, "ready"),
            by("STATE", 1, cells::container_state),
            member("RESTARTS", 4, "restart_count"),
            by("LAST STATE", 2, cells::container_before),
            member("IMAGE", 5, "image").cut(Cut::Early(PROSE_LEAST)),
            by("PROBES", EXTRA, cells::container_probes).cut(Cut::Early(PROSE_LEAST)),
            prose(by("MESSAGE", 6, cells::container_message)),
        ],
        "events" => vec![
            by("LAST SEEN", 2, cells::event_age),
            state("TYPE", 3, "type"),
            member("REASON", 0, "reason"),
            member("COUNT", 5, "count"),
            by("FROM", EXTRA, cells::event_from),
            prose(member("MESSAGE", 1, "message")),
        ],
        "pods" => without_namespace(pods()),
        // Of a node: they are of any.
        "pod_list" => pods(),
        "allocated_resources" => vec![
            member("RESOURCE", 0, "resource"),
            by("ALLOCATABLE", 1, |row| amounts::amount(row, "allocatable")),
            by("REQUESTS", 2, |row| amounts::share(row, "requests")),
            by("LIMITS", 3, |row| amounts::share(row, "limits")),
            by("USAGE", 4, |row| amounts::share(row, "usage")),
        ],
        _ => return None,
    })
}

/// Columns of rows that nobody knows: their members that fit a cell, or, where `also` says so, others too. Their names are a row's, and a row is a guest's.
pub(crate) fn unknown(row: &Value, also: fn(&Value) -> bool) -> Vec<Spec> {
    let members = row.as_object().into_iter().flatten();
    let short = members
        .filter(|(_, value)| !matches!(value, Value::Object(_) | Value::Array(_)) || also(value))
        .take(MAX_COLUMNS);
    let spec = |(at, (name, _)): (usize, (&String, &Value))| {
        // The first say most; so do names.
        let rank = if at == 0 || name == "name" { 0 } else { EXTRA + u8::try_from(at).unwrap_or_default() };
        let cut = if name == "name" { Cut::Late(NAME_LEAST) } else { Cut::Early(LIST_LEAST) };
        member(&safe(&name.to_uppercase().replace('_', "-")), rank, name).cut(cut)
    };
    short.enumerate().map(spec).collect()
}
