//! `get_*`: one object of a kind, by a name that may be loose. Those that show more than a list's row have files of their own.

use crate::api::Reads;
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::effects::Effect;
use crate::bindings::meho::connector::failures::Failure;
use crate::effects::get;
use crate::kind::Kind;
use crate::node::Node;
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::lookup::{Found, find};
use crate::resource::Scope;
use crate::row::Row;
use std::marker::PhantomData;

/// Reads one object of a kind.
pub struct Get<K>(PhantomData<K>);

impl<K: Kind> Get<K> {
    /// What it may ask for.
    pub(crate) fn effects() -> Vec<Effect> {
        get(&K::RESOURCE)
    }
}

impl<K: Kind> Operation for Get<K> {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        K::row(&Node::missing(K::SHAPE), row);
    }
}

impl<K: Kind> Read for Get<K> {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let found = find_asked::<K>(api, arguments)?;
        let object = found.read(K::SHAPE)?;
        Ok(Notes::default().object(|row| K::row(&object, row)))
    }
}

/// Finds the object of a kind that the arguments name.
pub(crate) fn find_asked<K: Kind>(api: &Reads, arguments: &Arguments<'_>) -> Result<Found, Failure> {
    let namespace = match K::RESOURCE.scope {
        Scope::Cluster => None,
        Scope::Namespace => Some(arguments.required("namespace")),
    };
    find(api, K::RESOURCE, namespace, arguments.required("name"))
}
