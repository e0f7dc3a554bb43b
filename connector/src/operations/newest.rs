//! The newest of many events: the server has no order by time, so all are read and few are kept.

use crate::kinds::event::order;
use crate::node::Node;
use crate::operation::Notes;
use crate::row::{Row, write_object};

/// The newest events, newest first. Memory follows how many are wanted.
#[derive(Debug)]
pub(crate) struct Newest {
    most: usize,
    /// When each was last seen, and its JSON.
    kept: Vec<(String, Vec<u8>)>,
    /// How many were seen.
    seen: usize,
}

impl Newest {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Vec::new(), seen: 0 }
    }

    /// Takes an event in. `members` writes it.
    pub(crate) fn add(&mut self, event: &Node<'_>, members: fn(&Node<'_>, &mut Row<'_>)) {
        self.seen += 1;
        let mut json = Vec::new();
        write_object(&mut json, |row| members(event, row));
        self.kept.push((order(event).unwrap_or_default(), json));
        if self.kept.len() / 2 > self.most {
            self.cut();
        }
    }

    /// The sort is stable, so events of the same time keep the server's order.
    fn cut(&mut self) {
        self.kept.sort_by(|a, b| b.0.cmp(&a.0));
        self.kept.truncate(self.most);
    }

    /// To be called when all are there.
    pub(crate) fn finish(&mut self) {
        self.cut();
    }

    /// How many were seen.
    pub(crate) fn seen(&self) -> usize {
        self.seen
    }

    /// How many of those that were seen are not kept.
    pub(crate) fn left_out(&self) -> usize {
        self.seen - self.kept.len()
    }

    /// Says that there are more, where there are.
    pub(crate) fn note_cut(&self, notes: &mut Notes) {
        if self.left_out() > 0 {
            notes.warn(format!("there are {} events: the newest {} are shown", self.seen, self.kept.len()));
        }
    }

    /// Their JSON.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.kept.iter().map(|(_, json)| json.as_slice())
    }
}
