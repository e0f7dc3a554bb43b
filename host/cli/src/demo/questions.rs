//! The ten questions that an operator asks of a cluster, and how each is asked here. The demo answers them one after another; on another cluster
//! the same commands do.

/// A question, and the calls that answer it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) text: &'static str,
    pub(crate) steps: &'static [Step],
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) operation: &'static str,
    /// `KEY=VALUE`, as on the command line.
    pub(crate) arguments: &'static [&'static str],
    /// `--where`, where only some rows answer the question.
    pub(crate) only: Option<&'static str>,
    /// Of a large object the members that answer the question; all of them where none is named. The command prints all.
    pub(crate) members: &'static [&'static str],
}

const fn step(operation: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { operation, arguments, only: None, members: &[] }
}

impl Step {
    const fn only(self, condition: &'static str) -> Self {
        Self { only: Some(condition), ..self }
    }

    const fn showing(self, members: &'static [&'static str]) -> Self {
        Self { members, ..self }
    }

    /// The command that does the same. Nothing in it needs quoting.
    pub(crate) fn command(&self) -> String {
        let mut words = vec!["meho-host", "call", self.operation];
        words.extend(self.arguments);
        words.extend(self.only.into_iter().flat_map(|condition| ["--where", condition]));
        words.join(" ")
    }
}

/// The questions, in the order of the contract.
pub(crate) const QUESTIONS: [Question; 10] = [
    Question {
        text: "Show me all pods in CrashLoopBackOff in the production namespace",
        steps: &[step("list_pods", &["namespace=production"]).only("status=CrashLoopBackOff")],
    },
    Question {
        text: "What's the resource utilization of node worker-3?",
        steps: &[step("describe_node", &["name=worker-3"]).showing(&[
            "name",
            "status",
            "running_pods",
            "allocated_resources",
        ])],
    },
    Question {
        text: "Scale the nginx deployment to 5 replicas",
        steps: &[step("scale_deployment", &["namespace=production", "name=nginx", "replicas=5"])],
    },
    Question {
        text: "Which pods are running on nodes that are NotReady?",
        steps: &[
            step("list_nodes", &[]).only("status~NotReady"),
            step("list_pods", &["field_selector=spec.nodeName=worker-1"]),
        ],
    },
    Question {
        text: "Get the logs from the api-gateway pod — the last 200 lines",
        steps: &[step("get_pod_logs", &["namespace=production", "name=api-gateway", "tail_lines=200"])],
    },
    Question {
        text: "List all PVCs that are in Pending state",
        steps: &[step("list_pvcs", &[]).only("phase=Pending")],
    },
    Question {
        text: "What events happened in the kube-system namespace in the last hour?",
        steps: &[step("list_events", &["namespace=kube-system", "since_seconds=3600"])],
    },
    Question {
        text: "Describe the frontend deployment and show me why pods are failing",
        steps: &[step("describe_deployment", &["namespace=production", "name=frontend"]).showing(&[
            "name",
            "ready_replicas",
            "replicas",
            "conditions",
            "unhealthy_pods",
            "events",
        ])],
    },
    Question {
        text: "Which services don't have any endpoints backing them?",
        steps: &[step("list_endpoints", &[]).only("ready_count=0")],
    },
    Question {
        text: "Cordon worker-02 so no new pods get scheduled there",
        steps: &[step("cordon_node", &["name=worker-02"])],
    },
];
