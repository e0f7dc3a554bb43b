//! Finds an entity by what a person calls it: `pod/web-1`, `pods/shop/web-1`.

use crate::finding::Entity;
use crate::graph::Graph;
use crate::shown::last_segment;

/// As many as a person reads.
const MAX_CANDIDATES: usize = 20;

/// Why a text names no entity. Candidates are `TYPE/ID`, sorted, at most 20; they are text of the target's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotFound {
    /// It is none of the forms.
    #[error("an entity is named as TYPE/NAME or TYPE/NAMESPACE/NAME")]
    NotAName,
    /// No entity goes by it.
    #[error("nothing that was read goes by this name")]
    None {
        /// What goes by a name like it.
        candidates: Vec<String>,
    },
    /// More than one does.
    #[error("{count} that were read go by this name")]
    Several {
        /// How many.
        count: usize,
        /// Some of them.
        candidates: Vec<String>,
    },
}

impl Graph {
    /// The entity that a person calls `TYPE/NAME`, `TYPE/NAMESPACE/NAME`, or `TYPE/` and its whole id or uid. The type in any case, or in the plural; of the name
    /// as much as only one has. `namespace` is the one that a name without any is in.
    ///
    /// # Errors
    /// Where that is none, or more than one.
    pub fn find(&self, text: &str, namespace: Option<&str>) -> Result<&Entity, NotFound> {
        let (kind, name) = text.split_once('/').ok_or(NotFound::NotAName)?;
        if kind.is_empty() || name.is_empty() {
            return Err(NotFound::NotAName);
        }
        let of_kind = || self.entities().iter().filter(|entity| is_called(entity.kind.as_str(), kind));
        let mut named: Vec<&Entity> = of_kind().filter(|entity| goes_by(entity, name, namespace)).collect();
        if named.is_empty() {
            named = of_kind().filter(|entity| begins_so(entity, name, namespace)).collect();
        }
        match named.as_slice() {
            [entity] => Ok(entity),
            [] => Err(NotFound::None { candidates: self.like(kind, name) }),
            several => Err(NotFound::Several { count: several.len(), candidates: listed(several.iter().copied()) }),
        }
    }

    /// What has a name like it; where nothing of the type has, what goes by it of other types.
    fn like(&self, kind: &str, name: &str) -> Vec<String> {
        let name = last_segment(name);
        let is_like = |entity: &&Entity| last_segment(&entity.id).contains(name);
        let of_kind = self.entities().iter().filter(|entity| is_called(entity.kind.as_str(), kind));
        let candidates = listed(of_kind.filter(is_like));
        if !candidates.is_empty() {
            return candidates;
        }
        listed(self.entities().iter().filter(|entity| last_segment(&entity.id) == name))
    }
}

fn is_called(kind: &str, word: &str) -> bool {
    let plurals = ["s", "es"].iter().filter_map(|ending| {
        let stem = word.len().checked_sub(ending.len()).and_then(|at| word.split_at_checked(at));
        stem.filter(|(_, end)| end.eq_ignore_ascii_case(ending)).map(|(stem, _)| stem)
    });
    plurals.chain([word]).any(|word| kind.eq_ignore_ascii_case(word))
}

fn goes_by(entity: &Entity, name: &str, namespace: Option<&str>) -> bool {
    if *entity.id == *name || entity.uid.as_deref() == Some(name) {
        // A name without its namespace may be the id of something that is in none: that is it, whatever the namespace.
        return true;
    }
    let Some((within, last)) = entity.id.rsplit_once('/') else { return false };
    last == name && namespace.is_none_or(|namespace| namespace == within)
}

/// Whether a name that is no whole one is the beginning of this one's.
fn begins_so(entity: &Entity, name: &str, namespace: Option<&str>) -> bool {
    let Some((within, last)) = entity.id.rsplit_once('/') else { return entity.id.starts_with(name) };
    match name.rsplit_once('/') {
        Some(_) => entity.id.starts_with(name),
        None => last.starts_with(name) && namespace.is_none_or(|namespace| namespace == within),
    }
}

/// Entities are sorted already.
fn listed<'g>(entities: impl Iterator<Item = &'g Entity>) -> Vec<String> {
    entities.take(MAX_CANDIDATES).map(|entity| format!("{}/{}", entity.kind, entity.id)).collect()
}
