//! Finding one object by a name that may be loose: the exact name first; after its 404, the one longer name that begins with it.

use crate::api::{Address, Reads, whole_pages};
use crate::bindings::meho::connector::failures::{Failure, NotFound};
use crate::effects::METADATA_LIST;
use crate::failure::{in_a_line, invalid_argument, unreadable};
use crate::node::Shape::{Object, Text};
use crate::node::{Node, Shape};
use crate::page::{Item, read_pages};
use crate::resource::Resource;

/// Largest object that is read whole. The API server's store takes objects of 1.5 MiB, and of 8 MiB where an operator raised that.
pub(crate) const MAX_OBJECT_BYTES: usize = 16 << 20;
/// Most candidates of an ambiguous name, and most near names, that are told.
const MAX_TOLD: usize = 20;
/// Near names may differ in so many places.
const MAX_DISTANCE: usize = 3;

/// An object that was found.
pub(crate) struct Found {
    resource: Resource,
    /// Its own name, which may be longer than the one asked for.
    pub(crate) name: String,
    /// The object as the server sent it.
    pub(crate) bytes: Vec<u8>,
}

impl Found {
    /// An object that is the one that was asked for: what is asked about it next is asked by its name.
    fn new(resource: Resource, name: &str, bytes: Vec<u8>) -> Result<Self, Failure> {
        let found = Self { resource, name: name.to_owned(), bytes };
        match found.read(NamedItem::SHAPE)?.part("metadata").filled("name") {
            Some(own) if own == name => {}
            Some(_) => return Err(found.is_not_it("it has another name")),
            None => return Err(found.is_not_it("it has no name")),
        }
        Ok(found)
    }

    /// The members that a shape names.
    pub(crate) fn read(&self, shape: &'static Shape) -> Result<Node<'_>, Failure> {
        Node::parse(shape, &self.bytes).map_err(|error| self.is_not_it(&error.to_string()))
    }

    fn is_not_it(&self, why: &str) -> Failure {
        unreadable(&format!("the {} that was asked for", self.resource.kind), why)
    }
}

/// Reads an object by its exact name, or else by the only longer name.
pub(crate) fn find(api: &Reads, resource: Resource, namespace: Option<&str>, name: &str) -> Result<Found, Failure> {
    let read = |name: &str| api.get(Address { resource, namespace, name }).bytes(MAX_OBJECT_BYTES);
    match read(name) {
        Ok(bytes) => Found::new(resource, name, bytes),
        Err(Failure::NotFound(missing)) => {
            let longer = longer_name(api, resource, namespace, name, missing)?;
            Found::new(resource, &longer, read(&longer)?)
        }
        Err(failure) => Err(failure),
    }
}

/// The only name that begins with this one; else a failure that says which names there are.
pub(crate) fn longer_name(
    api: &Reads,
    resource: Resource,
    namespace: Option<&str>,
    name: &str,
    mut missing: NotFound,
) -> Result<String, Failure> {
    let names = match names(api, resource, namespace, name) {
        Ok(names) => names,
        Err(failure) => {
            let hint = format!("names that begin with {name} were not looked for: {}", in_a_line(&failure));
            missing.problem.hint = Some(hint);
            return Err(Failure::NotFound(missing));
        }
    };
    let mut longer = names.longer;
    match longer.len() {
        0 => {
            missing.near = names.near;
            Err(Failure::NotFound(missing))
        }
        1 => {
            let longer = longer.remove(0);
            // Whoever meant another is to see which one this is.
            api.note(format!("{name} is no {}'s name: read {longer}", resource.kind));
            Ok(longer)
        }
        count => {
            longer.sort_unstable();
            longer.truncate(MAX_TOLD);
            let message = format!("{count} {} begin with {name}: give one of their names", resource.plural);
            Err(invalid_argument("name", message, longer))
        }
    }
}

/// Adds near names to a NOT_FOUND of an operation that takes exact names only.
pub(crate) fn with_near_names(
    api: &Reads,
    resource: Resource,
    namespace: Option<&str>,
    name: &str,
    mut missing: NotFound,
) -> Failure {
    match names(api, resource, namespace, name) {
        Ok(mut names) => {
            names.longer.sort_unstable();
            missing.near = names.longer;
            missing.near.extend(names.near);
            missing.near.truncate(MAX_TOLD);
        }
        Err(failure) => {
            missing.problem.hint = Some(format!("names like {name} were not looked for: {}", in_a_line(&failure)));
        }
    }
    Failure::NotFound(missing)
}

/// Names in the place where one was looked for.
#[derive(Default)]
struct Names {
    /// Those that begin with it.
    longer: Vec<String>,
    /// Those that look like it, the likest first.
    near: Vec<String>,
}

struct NamedItem;

impl Item for NamedItem {
    const SHAPE: &'static Shape = &Object(&[("metadata", Object(&[("name", Text)]))]);
}

fn names(api: &Reads, resource: Resource, namespace: Option<&str>, name: &str) -> Result<Names, Failure> {
    let mut names = Names::default();
    let mut near: Vec<(usize, String)> = Vec::new();
    let ask = |token: Option<&str>| api.list(resource, namespace, &whole_pages(token), METADATA_LIST);
    read_pages::<NamedItem>(
        ask(None),
        &mut |head| head.next_token.as_deref().map(|token| ask(Some(token))),
        &mut |item| {
            let metadata = item.part("metadata");
            let Some(found) = metadata.filled("name") else { return };
            if found.starts_with(name) {
                names.longer.push(found.to_owned());
                return;
            }
            let distance = distance(name, found);
            if distance <= MAX_DISTANCE {
                near.push((distance, found.to_owned()));
            }
            if near.len() > 2 * MAX_TOLD {
                near.sort_unstable();
                near.truncate(MAX_TOLD);
            }
        },
    )?;
    near.sort_unstable();
    near.truncate(MAX_TOLD);
    names.near = near.into_iter().map(|(_, name)| name).collect();
    Ok(names)
}

/// How many letters must be put in, left out or changed to make one name of the other (Levenshtein). Names are ASCII.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > MAX_DISTANCE {
        return usize::MAX;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
