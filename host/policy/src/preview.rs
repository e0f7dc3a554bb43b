//! The preview of a plan: what its request would change, what would go, and what would bring it back. Found out by the host, for whoever approves.
//!
//! Sans-IO: a [`Previewing`] gives questions, whoever can send them does so, and it reads the answers; which they are is the family's. None of them
//! changes anything. Most are reads. One may be the very request that is planned, as a *dry run*: the family puts into it what makes it one, and a second
//! rule of the family's, which knows nothing of the first, reads the finished request as the target would. Where that does not say that it is a dry run,
//! there is no question, and so no [`Permit`].

use crate::decide::{Basis, Permit};
use crate::effect::Trust;
use crate::family::Family;
use crate::family::kubernetes::preview::{Step, Study};
use crate::grammar::EffectId;
use crate::plan::PlannedRequest;
use crate::request::CanonicalRequest;
use serde::Serialize;

pub use crate::difference::Change;

/// Most of each list that a preview keeps.
pub const MAX_CHANGES: usize = 50;
/// Most objects.
pub const MAX_OBJECTS: usize = 100;
/// Most disruption budgets.
pub const MAX_BUDGETS: usize = 20;
/// Largest answer that is worth reading: an object has 1.5 MiB at most by default, a page of 500 pods' metadata some 2 MiB.
pub const MAX_ANSWER_BYTES: u64 = 8 << 20;

/// One of the questions of a preview. Only a [`Previewing`] makes it.
///
/// ```compile_fail,E0451
/// let forged = meho_policy::preview::Question { step: loop {}, request: loop {}, trust: loop {} };
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub(crate) step: Step,
    request: CanonicalRequest,
    trust: Trust,
}

impl Question {
    /// A read. None where the family does not call it one.
    pub(crate) fn read(family: Family, step: Step, request: Option<CanonicalRequest>) -> Option<Self> {
        let request = request.filter(|request| family.trust(request) == Trust::Read)?;
        Some(Self { step, request, trust: Trust::Read })
    }

    /// A planned request as a dry run. None where there is none, or where what was made of it does not read as one.
    pub(crate) fn dry_run(family: Family, step: Step, planned: &PlannedRequest) -> Option<Self> {
        let request = family.dry_run(planned.request()).filter(|request| family.is_dry_run(request))?;
        Some(Self { step, request, trust: planned.trust() })
    }

    /// The right to ask it. A dry run changes nothing, and it is kept and sent with all the care that the write itself is due: should a target not honour
    /// it, it was that write.
    ///
    /// # Panics
    /// Never: the ids of what is asked are literals of their grammar.
    #[must_use]
    pub fn permit(&self) -> Permit {
        let id = EffectId::parse(self.step.id()).expect("a literal of the grammar");
        Permit { request: self.request.clone(), id, trust: self.trust, basis: Basis::Question }
    }

    /// The request that is asked with.
    #[must_use]
    pub fn request(&self) -> &CanonicalRequest {
        &self.request
    }
}

/// What a planned request would do, as far as it could be found out. Whatever is not one of our words is the target's text.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Preview {
    /// What would be another than it is.
    pub changes: Vec<Change>,
    /// How many changes there are beyond those.
    pub changes_left_out: usize,
    /// Whether the target itself tried it: then the changes are its answer.
    pub was_tried: bool,
    /// The objects that would go.
    pub goes: Vec<Object>,
    /// How many go beyond those.
    pub goes_left_out: usize,
    /// The objects that would be left without an owner.
    pub orphaned: Vec<Object>,
    /// How many are orphaned beyond those.
    pub orphaned_left_out: usize,
    /// What makes what goes again; none where that is not known, or nothing goes.
    pub recreated_by: Option<Recreation>,
    /// The pods behind the object, where it has any.
    pub pods: Option<Pods>,
    /// The disruption budgets that cover pods that would go or be replaced.
    pub disruption_budgets: Vec<DisruptionBudget>,
    /// What could not be found out.
    pub unavailable: Vec<Unavailable>,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Object {
    /// Its kind; the resource of its path where the kind could not be read.
    pub kind: String,
    /// Its namespace; none where it is in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// What makes an object again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recreation {
    /// Its controller, and that one's.
    Controllers(Vec<Owner>),
    /// The kubelet of a node, from a file there.
    Kubelet {
        /// The node.
        node: Option<String>,
    },
    /// Nothing.
    Nothing {
        /// Why.
        because: &'static str,
    },
}

/// A controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Pods behind an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Pods {
    /// How many there are now.
    pub now: u64,
    /// Whether there may be more: not all were counted.
    pub is_at_least: bool,
    /// What becomes of them.
    pub fate: Fate,
}

/// What becomes of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// They go on running.
    Stay,
    /// They go.
    Go,
    /// Others come in their place.
    Replaced,
    /// So many there shall be.
    Become(u64),
    /// It is not known.
    Unknown,
}

/// A disruption budget that covers pods. It holds back evictions, and no other way in which a pod may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DisruptionBudget {
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// How many of its pods may be missing now besides those that are; none where it does not say.
    pub disruptions_allowed: Option<i64>,
    /// How many of the pods that would go, or be replaced, it covers.
    pub covers: u64,
}

/// What could not be found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unavailable {
    /// What, in words that fit "… could not be previewed".
    pub what: &'static str,
    /// Why, in our words.
    pub why: String,
    /// What the target said to it, in its words.
    pub target_says: Option<String>,
}

/// Questions about one planned request, and their answers. They come in rounds: what is asked next may follow from what was answered.
#[derive(Debug)]
pub struct Previewing {
    /// None for a family of which nothing can be asked.
    study: Option<Study>,
}

impl Previewing {
    /// Begins.
    #[must_use]
    pub fn new(family: Family, planned: &PlannedRequest) -> Self {
        match family {
            Family::Kubernetes => Self { study: Some(Study::new(planned)) },
            Family::GenericHttp => Self { study: None },
        }
    }

    /// The questions of the next round, which may be asked in any order and at the same time; none where there is nothing left to ask. There are three
    /// rounds at most, of six questions at most.
    pub fn questions(&mut self) -> Vec<Question> {
        self.study.as_mut().map(Study::questions).unwrap_or_default()
    }

    /// Reads the answer to one of them.
    pub fn read(&mut self, question: &Question, status: u16, body: &[u8]) {
        if let Some(study) = &mut self.study {
            study.read(question, status, body);
        }
    }

    /// One of them got no answer, for this reason.
    pub fn unheard(&mut self, question: &Question, why: &str) {
        if let Some(study) = &mut self.study {
            study.unheard(question, why);
        }
    }

    /// What has been found out.
    #[must_use]
    pub fn preview(self) -> Preview {
        match self.study {
            Some(study) => study.preview(),
            None => Preview {
                unavailable: vec![Unavailable {
                    what: "what it would change",
                    why: "of a target of this family nothing is known but what its methods mean".to_owned(),
                    target_says: None,
                }],
                ..Preview::default()
            },
        }
    }
}
