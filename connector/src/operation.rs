//! What an operation is to the table: arguments, a result that says its own schema, and an API handle that fits its trust.

use crate::api::{Reads, Writes};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::{Meta, Outcome};
use crate::bindings::meho::connector::failures::Failure;
use crate::bindings::meho::connector::rows;
use crate::resource::Resource;
use crate::row::{Row, write_object};

/// Rows, or one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Rows that leave through the sink.
    List,
    /// One object.
    Object,
}

/// What all operations have.
pub trait Operation {
    /// Rows, or one object.
    const RETURNS: Returns;
    /// What it lists, where it is the list of a kind.
    const LISTS: Option<Resource> = None;

    /// Writes the row, or the object, with nothing in it: that is its schema.
    fn members(row: &mut Row<'_>);
}

/// An operation that changes nothing: it gets a handle that cannot.
///
/// ```compile_fail,E0277
/// use meho_kubernetes::operations::scale::ScaleDeployment;
/// use meho_kubernetes::table::Entry;
/// // A write in a row for reads does not compile.
/// const WRONG: Entry = Entry::read::<ScaleDeployment>("scale_deployment", "Scale Deployment");
/// ```
pub trait Read: Operation {
    /// Runs it.
    ///
    /// # Errors
    /// What the target said, in the contract's terms.
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure>;
}

/// An operation that changes something.
pub trait Write: Operation {
    /// Runs it.
    ///
    /// # Errors
    /// What the target said, in the contract's terms.
    fn run(api: &Writes, arguments: &Arguments<'_>) -> Result<Outcome, Failure>;
}

/// What is to be said about an answer, gathered while it is made.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    warnings: Vec<String>,
    incomplete: bool,
}

impl Notes {
    /// Something worth knowing. Nothing is missing.
    pub(crate) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Something that belongs to the answer could not be read.
    pub(crate) fn lost(&mut self, warning: String) {
        self.incomplete = true;
        self.warnings.push(warning);
    }

    /// The outcome with one object.
    pub(crate) fn object(self, members: impl FnOnce(&mut Row<'_>)) -> Outcome {
        let mut data = Vec::new();
        write_object(&mut data, members);
        let data = String::from_utf8(data).expect("what is written is made of strings");
        Outcome { data: Some(data), meta: self.meta() }
    }

    /// What is to be known about the answer.
    pub(crate) fn meta(self) -> Meta {
        Meta {
            complete: !self.incomplete,
            remaining: None,
            continue_: None,
            resource_version: None,
            warnings: self.warnings,
        }
    }
}

/// A batch of rows leaves when it has grown to this. Smaller ones cost calls, larger ones memory.
const BATCH_BYTES: usize = 64 * 1024;
/// Largest row: what a host takes by default. A larger one would end the call, for all that are well.
const MAX_ROW_BYTES: usize = 4 << 20;

/// Rows on their way out.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    batch: Vec<u8>,
}

impl Rows {
    /// One row, where it is not larger than rows may be; whether it was taken.
    #[must_use]
    pub(crate) fn push(&mut self, members: impl FnOnce(&mut Row<'_>)) -> bool {
        let before = self.batch.len();
        write_object(&mut self.batch, members);
        if self.batch.len() - before > MAX_ROW_BYTES {
            self.batch.truncate(before);
            return false;
        }
        self.end_row();
        true
    }

    /// One row that has been written already.
    pub(crate) fn push_written(&mut self, json: &[u8]) {
        self.batch.extend_from_slice(json);
        self.end_row();
    }

    fn end_row(&mut self) {
        self.batch.push(b'\n');
        if self.batch.len() >= BATCH_BYTES {
            self.flush();
        }
    }

    /// Hands over what is left.
    pub(crate) fn flush(&mut self) {
        if !self.batch.is_empty() {
            rows::push(&self.batch);
            self.batch.clear();
        }
    }
}
