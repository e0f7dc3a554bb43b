//! The API server as an operation sees it. A read operation gets [`Reads`], which has no method that writes.

use crate::bindings::meho::connector::failures::Failure;
use crate::effects::{JSON, MERGE_PATCH, METADATA, PAGE_ROWS};
use crate::failure::{Subject, of_answer};
use crate::http::{Answer, Body, Pending, Request, send};
use crate::resource::Resource;
use std::cell::RefCell;
use std::ops::Deref;
use wasip2::http::types::Method;

/// Reading requests.
#[derive(Default)]
pub struct Reads {
    /// What is to be said about what was read, whoever asked for it.
    notes: RefCell<Vec<String>>,
}

/// Reading requests, and the one that writes.
pub struct Writes(Reads);

impl Deref for Writes {
    type Target = Reads;
    fn deref(&self) -> &Reads {
        &self.0
    }
}

/// Where an object is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) resource: Resource,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: &'a str,
}

impl<'a> Address<'a> {
    /// What a request with this verb is for.
    pub(crate) fn subject(self, verb: &'a str, subresource: &'a str) -> Subject<'a> {
        Subject { verb, resource: self.resource, subresource, namespace: self.namespace, name: Some(self.name) }
    }
}

/// A request on its way, and what it is for.
pub(crate) struct Asked<'a> {
    pending: Pending,
    subject: Subject<'a>,
}

impl Asked<'_> {
    /// The body of a 200, to be read; the failure that anything else means.
    pub(crate) fn body(self) -> Result<Body, Failure> {
        let answer = self.answer()?;
        Ok(answer.body)
    }

    /// The whole body of a 200, up to a bound.
    pub(crate) fn bytes(self, max_bytes: usize) -> Result<Vec<u8>, Failure> {
        let kind = self.subject.resource.kind;
        let (bytes, cut) = self.body()?.read_up_to(max_bytes)?;
        if cut {
            return Err(crate::failure::unreadable(kind, &format!("it has more than {max_bytes} bytes")));
        }
        Ok(bytes)
    }

    /// An answer with status 200.
    fn answer(self) -> Result<Answer, Failure> {
        match self.pending.wait()? {
            answer if answer.status == 200 => Ok(answer),
            answer => Err(of_answer(answer, &self.subject)),
        }
    }

    /// The answer, whatever its status, and what it was for.
    pub(crate) fn any_answer(self) -> Result<Answer, Failure> {
        self.pending.wait()
    }
}

impl Reads {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Notes something that belongs to the answer of whichever operation reads.
    pub(crate) fn note(&self, note: String) {
        self.notes.borrow_mut().push(note);
    }

    /// What was noted.
    pub(crate) fn into_notes(self) -> Vec<String> {
        self.notes.into_inner()
    }

    /// Asks for an object.
    pub(crate) fn get<'a>(&self, address: Address<'a>) -> Asked<'a> {
        self.ask(&address.resource.object(address.namespace, address.name), &[], JSON, address.subject("get", ""))
    }

    /// Asks for an object's metadata.
    pub(crate) fn get_metadata<'a>(&self, address: Address<'a>) -> Asked<'a> {
        self.ask(&address.resource.object(address.namespace, address.name), &[], METADATA, address.subject("get", ""))
    }

    /// Asks for a subresource of an object.
    pub(crate) fn get_subresource<'a>(
        &self,
        address: Address<'a>,
        subresource: &'a str,
        query: &[(&str, String)],
        accept: &str,
    ) -> Asked<'a> {
        let path = format!("{}/{subresource}", address.resource.object(address.namespace, address.name));
        self.ask(&path, query, accept, address.subject("get", subresource))
    }

    /// Asks for a page of a list.
    pub(crate) fn list<'a>(
        &self,
        resource: Resource,
        namespace: Option<&'a str>,
        query: &[(&str, String)],
        accept: &str,
    ) -> Asked<'a> {
        let subject = Subject { verb: "list", resource, subresource: "", namespace, name: None };
        self.ask(&resource.collection(namespace), query, accept, subject)
    }

    fn ask<'a>(&self, path: &str, query: &[(&str, String)], accept: &str, subject: Subject<'a>) -> Asked<'a> {
        let request = Request { method: Method::Get, path, query, accept, body: None };
        Asked { pending: send(&request), subject }
    }
}

/// The query of a page of a list that is read to its end.
pub(crate) fn whole_pages(token: Option<&str>) -> Vec<(&'static str, String)> {
    let mut query = vec![("limit", PAGE_ROWS.to_string())];
    query.extend(token.map(|token| ("continue", token.to_owned())));
    query
}

impl Writes {
    pub(crate) fn new() -> Self {
        Self(Reads::new())
    }

    /// Sends a merge patch of an object.
    pub(crate) fn patch<'a>(&self, address: Address<'a>, patch: &[u8]) -> Asked<'a> {
        let path = address.resource.object(address.namespace, address.name);
        self.write(Method::Patch, &path, (MERGE_PATCH, patch), address.subject("patch", ""))
    }

    /// Sends a merge patch of a subresource.
    pub(crate) fn patch_subresource<'a>(&self, address: Address<'a>, subresource: &'a str, patch: &[u8]) -> Asked<'a> {
        let path = format!("{}/{subresource}", address.resource.object(address.namespace, address.name));
        self.write(Method::Patch, &path, (MERGE_PATCH, patch), address.subject("patch", subresource))
    }

    /// Deletes an object. What stands in a query is ignored where there is a body, so everything is in these options.
    pub(crate) fn delete<'a>(&self, address: Address<'a>, options: &[u8]) -> Asked<'a> {
        let path = address.resource.object(address.namespace, address.name);
        self.write(Method::Delete, &path, (JSON, options), address.subject("delete", ""))
    }

    fn write<'a>(&self, method: Method, path: &str, body: (&str, &[u8]), subject: Subject<'a>) -> Asked<'a> {
        let request = Request { method, path, query: &[], accept: JSON, body: Some(body) };
        Asked { pending: send(&request), subject }
    }
}
