//! The digest of an operator's rules: every field with its length before it, so that no two sets of rules have the same bytes.

use super::{Allowance, AutomaticApproval, Bounds, Names, SecretRule, TargetRules};
use crate::approver::Approvers;
use crate::json::to_canonical;
use crate::plan::Digest;

/// Nothing is left out of it: each struct is taken apart whole, so that a new field does not compile until it stands here.
pub(super) fn of(rules: &TargetRules) -> Digest {
    let TargetRules { components, operations, namespaces, raised, automatic, approvers, secrets, allowance } = rules;
    let mut bytes = Fields(Vec::new());
    bytes.text("meho rules 1");
    match components {
        Names::Any => bytes.text("any"),
        Names::Only(digests) => {
            bytes.text("only");
            bytes.count(digests.len());
            digests.iter().for_each(|digest| bytes.text(&digest.to_string()));
        }
    }
    bytes.names(operations, |name| name.as_str());
    bytes.names(namespaces, |name| name.as_str());
    bytes.count(raised.len());
    for (operation, level) in raised {
        bytes.text(operation.as_str());
        bytes.text(&level.to_string());
    }
    bytes.count(automatic.len());
    automatic.iter().for_each(|rule| bytes.automatic(rule));
    match approvers {
        Approvers::Anybody => bytes.text("anybody"),
        Approvers::Keys(keys) => {
            bytes.text("keys");
            bytes.count(keys.len());
            keys.iter().for_each(|key| bytes.text(&key.to_string()));
        }
    }
    bytes.text(match secrets {
        SecretRule::AsSet => "as set",
        SecretRule::Redacted => "redacted",
    });
    let Allowance { wall, requests, response_bytes, memory_bytes } = allowance;
    bytes.number(wall.map(|wall| wall.as_millis()));
    bytes.number(requests.map(u128::from));
    bytes.number(response_bytes.map(u128::from));
    bytes.number(memory_bytes.map(u128::from));
    Digest::of(&bytes.0)
}

struct Fields(Vec<u8>);

impl Fields {
    fn field(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.field(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.field(&(count as u64).to_be_bytes());
    }

    fn number(&mut self, number: Option<u128>) {
        match number {
            Some(number) => self.field(&number.to_be_bytes()),
            None => self.field(b""),
        }
    }

    fn names<T: Ord>(&mut self, names: &Names<T>, text: impl Fn(&T) -> &str) {
        match names {
            Names::Any => self.text("any"),
            Names::Only(names) => {
                self.text("only");
                self.count(names.len());
                names.iter().for_each(|name| self.text(text(name)));
            }
        }
    }

    fn automatic(&mut self, rule: &AutomaticApproval) {
        let AutomaticApproval { operation, namespaces, arguments } = rule;
        self.text(operation.as_str());
        self.names(namespaces, |name| name.as_str());
        self.count(arguments.len());
        for (name, bounds) in arguments {
            self.text(name);
            match bounds {
                Bounds::Integer(least, most) => {
                    self.text("integer");
                    self.field(&least.to_be_bytes());
                    self.field(&most.to_be_bytes());
                }
                Bounds::OneOf(texts) => {
                    self.text("one of");
                    self.count(texts.len());
                    texts.iter().for_each(|text| self.text(text));
                }
                Bounds::Exactly(value) => {
                    self.text("exactly");
                    self.field(&to_canonical(value));
                }
            }
        }
    }
}
