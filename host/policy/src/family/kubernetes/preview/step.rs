//! What the questions of a preview are for.

/// What a question is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The object as it is.
    Object,
    /// The write, as a dry run.
    DryRun,
    /// The objects of a collection that goes.
    Objects,
    /// Pods that hang on it.
    Pods,
    /// ReplicaSets that hang on it.
    ReplicaSets,
    /// Jobs that hang on it.
    Jobs,
    /// The disruption budgets of its namespace.
    Budgets,
    /// Its controller.
    Owner,
}

impl Step {
    /// What it is called in records.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Object => "host-asks-object",
            Self::DryRun => "host-asks-dry-run",
            Self::Objects => "host-asks-objects",
            Self::Pods => "host-asks-pods",
            Self::ReplicaSets => "host-asks-replicasets",
            Self::Jobs => "host-asks-jobs",
            Self::Budgets => "host-asks-budgets",
            Self::Owner => "host-asks-owner",
        }
    }

    /// What is not known without its answer.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Object => "the object as it is",
            Self::DryRun => "what it would change",
            Self::Objects => "the objects that would go",
            Self::Pods => "its pods",
            Self::ReplicaSets => "its ReplicaSets",
            Self::Jobs => "its Jobs",
            Self::Budgets => "disruption budgets",
            Self::Owner => "what would recreate it",
        }
    }
}
