//! The command line, and arguments of operations on it.

pub(crate) mod kept;

use crate::arguments::kept::{ApproveOptions, ApproverCommand, AuditCommand, AuditFilter, ExecuteOptions};
use crate::filter::Condition;
use crate::output::{Colour, Format};
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use meho_host::error::{CallError, ErrorCode};
use meho_host::policy::effect::Trust;
use meho_host::policy::family::Family;
use meho_host::policy::grammar::DISCOVERY;
use meho_host::policy::schema::{ArgumentsSchema, DRY_RUN, ParameterType};
use meho_host_cli::configuration::TargetName;
use meho_host_cli::text::safe;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Works on real infrastructure through sandboxed connectors
///
/// A connector is a WebAssembly component that nobody has to trust: it has no network, no files and no credential, and each of its requests is
/// judged before it is sent. The built-in one works on Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "meho-host", version, disable_help_subcommand = true)]
#[command(after_help = "Examples:
  meho-host ops                                                what there is to run
  meho-host target add prod --kubeconfig ~/.kube/config        a cluster, by a name of yours
  meho-host call list_pods namespace=production --target prod
  meho-host call get_pod_logs namespace=production name=api-gateway tail_lines=200
  meho-host call list_pods -o jsonl | jq -r .name

Exit codes: 0 done; 1 an error; 2 a command line that does not parse; 3 a write that nobody was there to approve, or that was answered with no.")]
pub(crate) struct Cli {
    /// How to print: a table at a terminal and JSON elsewhere, unless named
    #[arg(short, long, value_name = "FORMAT", global = true)]
    pub(crate) output: Option<Format>,

    /// When to use colours; NO_COLOR is honoured
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub(crate) color: Colour,

    /// The configuration file, in the place of $MEHO_CONFIG and $XDG_CONFIG_HOME/meho/config.toml
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,

    /// The same before the subcommand, where scripts may have it.
    #[arg(id = "connector-before", long = "connector", value_name = "FILE", hide = true)]
    pub(crate) connector: Option<PathBuf>,

    /// The directory of plans, approvals and the audit record, in the place of $MEHO_STATE and $XDG_STATE_HOME/meho
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) state: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The component that works: the one behind the subcommand, else the one before it.
    pub(crate) fn component<'c>(&'c self, option: &'c ComponentOption) -> Option<&'c Path> {
        option.connector.as_deref().or(self.connector.as_deref())
    }
}

/// Which component works. Only where one does.
#[derive(Debug, Clone, Args)]
pub(crate) struct ComponentOption {
    /// Another component than the built-in Kubernetes connector
    #[arg(long, value_name = "FILE")]
    pub(crate) connector: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See it work on a cluster in this process
    ///
    /// Ten questions are answered on it, two changes are made, and a connector that means ill tries for more.
    #[command(after_help = "Examples:
  meho-host demo
  meho-host demo --serve                              keeps the cluster running; prints how to use it
  meho-host demo --serve --kubeconfig demo.kubeconfig &
  KUBECONFIG=demo.kubeconfig kubectl get pods -A")]
    Demo(DemoOptions),
    /// List the operations that the connector offers, or show one
    #[command(after_help = "Examples:
  meho-host ops                          all of them, by category
  meho-host ops scale_deployment         what one takes, sends and needs
  meho-host ops -o json | jq -r '.[].id'")]
    Ops {
        /// The operation to show
        operation: Option<String>,
        #[command(flatten)]
        component: ComponentOption,
    },
    /// Run an operation
    ///
    /// A read runs at once. Anything that changes the target is shown first, as the exact request that would be sent, and is sent only
    /// after a yes at the terminal. Elsewhere nothing is sent, and the exit code is 3.
    #[command(after_help = "Examples:
  meho-host call list_pods namespace=production
  meho-host call list_pods --where status=CrashLoopBackOff
  meho-host call get_pod_logs namespace=production name=api-gateway tail_lines=200
  meho-host call scale_deployment namespace=web name=nginx replicas=5
  meho-host call list_pods --server https://10.0.0.1:6443 --token-file token --ca-file ca.pem

What an operation takes: meho-host ops OPERATION")]
    Call(Box<CallOptions>),
    /// Show what there is, and how it hangs together
    ///
    /// From Ingresses and workloads over pods to the machines under them. Reads only. At a terminal it is a tree; with --from, what leads to one thing and what that stands on. What could not be read is said, and is never taken for
    /// what is not there.
    #[command(after_help = "Examples:
  meho-host topology namespace=production
  meho-host topology --from pod/production/api-gateway         from its Deployment down to the machine it runs on
  meho-host topology -o json | jq '.data.entities[] | select(.type == \"Node\").same_as'
  meho-host topology --draw html > cluster.html                a page to look at, which works offline
  meho-host topology --draw dot | dot -Tsvg > cluster.svg

What it takes: meho-host ops topology.discover")]
    Topology(Box<TopologyOptions>),
    /// List the plans: writes that wait for a yes, and what became of others
    ///
    /// A write that is called where nobody can be asked becomes a plan. It waits for a quarter of an hour.
    #[command(after_help = "Examples:
  meho-host plans
  meho-host plans -o json | jq -r '.[] | select(.state == \"waiting\").id'")]
    Plans,
    /// Show what exactly a plan would send
    #[command(after_help = "Examples:
  meho-host plan 3f1c
  meho-host plan 3f1c -o json | jq .plan.request")]
    Plan {
        /// The plan: the first digits of its id are enough
        id: String,
    },
    /// Say yes to a plan; nothing is sent
    ///
    /// At the terminal the plan is shown and asked about. Where a target's approvals are signed, the yes is signed with an approver's key; or it is
    /// signed elsewhere, over what --statement prints, and given with --signature.
    #[command(after_help = "Examples:
  meho-host approve 3f1c9d02ab7755e0
  meho-host approve 3f1c9d02ab7755e0 --statement > yes && ssh-keygen -Y sign -n meho-approval -f ~/.ssh/id_ed25519 yes
  meho-host approve 3f1c9d02ab7755e0 --signature yes.sig")]
    Approve(ApproveOptions),
    /// Say no to a plan; nothing is sent
    #[command(after_help = "Examples:
  meho-host reject 3f1c")]
    Reject {
        /// The plan: the first digits of its id are enough
        id: String,
    },
    /// Send the request of a plan that was approved; once
    ///
    /// The operation is run again. Where it comes to another request than the one that was approved, to the byte, nothing is sent.
    #[command(after_help = "Examples:
  meho-host execute 3f1c

It goes where the plan's call would have gone. Prints what the call would have printed.")]
    Execute(Box<ExecuteOptions>),
    /// Make a key that approvals are signed with
    #[command(subcommand)]
    #[command(after_help = "Examples:
  meho-host approver init")]
    Approver(ApproverCommand),
    /// Show the record of what was done, or whether it is whole
    ///
    /// Calls, plans, approvals, and each request that left, under the id that the target's own log has.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:
  meho-host audit --last 20
  meho-host audit --kind call --operation delete_pod -o json
  meho-host audit verify
  meho-host audit head                       a line to keep elsewhere
  meho-host audit verify --head 17:9f…       whether the record still has what it had then"
    )]
    Audit {
        #[command(subcommand)]
        command: Option<AuditCommand>,
        #[command(flatten)]
        filter: AuditFilter,
    },
    /// Show what a component is and may do, without running an operation of it
    #[command(after_help = "Examples:
  meho-host inspect component.wasm
  meho-host inspect component.wasm -o json | jq '.operations[].effects'")]
    Inspect {
        /// The component
        component: PathBuf,
    },
    /// Print the service account and the least rules for operations
    ///
    /// The rules follow from the requests that the operations may make, and allow nothing beyond them.
    #[command(after_help = "Examples:
  meho-host rbac --trust read --with-optional | kubectl apply -f -
  meho-host rbac --operations list_pods,get_pod_logs --namespace web
  meho-host rbac -o json | jq '.items[].rules'

Without --namespace the rules hold in all of them, and the account is made in `default`.")]
    Rbac(RbacOptions),
    /// Say whether the policy is in order: what may be done on which servers
    #[command(subcommand)]
    #[command(after_help = "Examples:
  meho-host policy check
  meho-host policy check draft.toml -o json

The policy is policy.toml beside the configuration, or what $MEHO_POLICY names. No option leads around it.")]
    Policy(PolicyCommand),
    /// Name the clusters that you work on, in the configuration file
    #[command(subcommand)]
    #[command(after_help = "Examples:
  meho-host target add prod --kubeconfig ~/.kube/config --context prod --default
  meho-host target add lab --server https://10.0.0.1:6443 --token-file token --ca-file ca.pem
  meho-host target list
  meho-host target check prod

A call goes where its own options say, else to its --target, else to the default of the configuration, else to the current kubeconfig.")]
    Target(TargetCommand),
    /// Print a completion script for a shell
    ///
    /// It completes subcommands, options, the operations of the connector and their parameters, which are written into it, and the targets of
    /// the configuration. Make it again after an update.
    #[command(after_help = "Examples:
  meho-host completions bash > ~/.local/share/bash-completion/completions/meho-host
  meho-host completions zsh > ~/.zfunc/_meho-host                      # with ~/.zfunc in $fpath
  meho-host completions fish > ~/.config/fish/completions/meho-host.fish")]
    Completions {
        /// The shell
        #[arg(value_parser = shell)]
        shell: Shell,
        #[command(flatten)]
        component: ComponentOption,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print what a policy comes to, or its mistakes
    ///
    /// It is read strictly, and then held against what a connector offers. All mistakes of either are told, each with its line; of a text that is
    /// no TOML the first.
    #[command(after_help = "Examples:
  meho-host policy check
  meho-host policy check draft.toml
  meho-host policy check -o json | jq '.sections[] | {section, operations}'")]
    Check {
        /// The policy, in the place of the one that holds
        file: Option<PathBuf>,
        #[command(flatten)]
        component: ComponentOption,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RbacOptions {
    /// The operations; all where neither these nor a trust level are named
    #[arg(long, value_name = "OPERATION,…", value_delimiter = ',', conflicts_with = "trust")]
    pub(crate) operations: Vec<String>,
    /// The operations up to this trust level
    #[arg(long, value_name = "LEVEL", value_parser = trust)]
    pub(crate) trust: Option<Trust>,
    /// The namespace that the operations are to be about, in the place of all of them
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Rules too without which an operation works, and says what is lost
    #[arg(long)]
    pub(crate) with_optional: bool,
    /// What to call the service account
    #[arg(long, value_name = "NAME", default_value = "meho")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) component: ComponentOption,
}

fn trust(text: &str) -> Result<Trust, String> {
    match text {
        "read" => Ok(Trust::Read),
        "write" => Ok(Trust::Write),
        "destructive" => Ok(Trust::Destructive),
        _ => Err("read, write and destructive are there".to_owned()),
    }
}

fn family(text: &str) -> Result<Family, String> {
    Family::from_name(text).ok_or_else(|| "kubernetes and generic-http are there".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum TargetCommand {
    /// Add a target to the configuration file
    ///
    /// The file gets paths and never a secret; relative paths are made absolute.
    #[command(after_help = "Examples:
  meho-host target add prod --kubeconfig ~/.kube/config --context prod --default
  meho-host target add lab --server https://10.0.0.1:6443 --token-file token --ca-file ca.pem --namespace web
  meho-host target add here --in-cluster                # in a pod: its service account")]
    Add(Box<AddOptions>),
    /// List the targets of the configuration file
    #[command(after_help = "Examples:
  meho-host target list
  meho-host target list -o json | jq -r '.[].name'")]
    List,
    /// Remove a target from the configuration file; nothing of the cluster changes
    #[command(after_help = "Examples:
  meho-host target remove lab")]
    Remove {
        /// The target
        name: String,
    },
    /// Make a target the one that calls go to which name none
    #[command(after_help = "Examples:
  meho-host target default prod")]
    Default {
        /// The target
        name: String,
    },
    /// Ask a target who it is, whom it takes you for, and which operations you may run
    ///
    /// Nothing is changed and no operation is run. Without a name, the target that a call would go to.
    #[command(after_help = "Examples:
  meho-host target check prod
  meho-host target check --namespace web
  meho-host target check --kubeconfig ~/.kube/config --context lab
  meho-host target check prod -o json | jq -r '.operations[] | select(.verdict == \"denied\").operation'")]
    Check(Box<CheckOptions>),
    /// Print the names of the targets, for completions
    #[command(hide = true)]
    Names,
}

/// What the options of a server do not go with. That they need one is no longer asked where one of these stands in its place.
const OTHER_PLACES: [&str; 2] = ["kubeconfig", "in_cluster"];

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("place").args(["kubeconfig", "server", "in_cluster"]).required(true)))]
pub(crate) struct AddOptions {
    /// What to call it: letters, digits, '-', '_' and '.'
    pub(crate) name: TargetName,
    /// A kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig, in the place of its current one
    #[arg(long, value_name = "CONTEXT", requires = "kubeconfig", conflicts_with_all = ["server", "in_cluster"])]
    pub(crate) context: Option<String>,
    /// The URL of an API server
    #[arg(long, value_name = "URL", requires = "token_file")]
    pub(crate) server: Option<String>,
    /// A file with the token for --server; read anew at each call
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with_all = OTHER_PLACES)]
    pub(crate) token_file: Option<PathBuf>,
    /// The CA that signed the server's certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with_all = OTHER_PLACES, conflicts_with = "skip_tls_verification")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Do not verify who answers. Whoever is between can read the token
    #[arg(long, requires = "server", conflicts_with_all = OTHER_PLACES)]
    pub(crate) skip_tls_verification: bool,
    /// The name that the server's certificate must have, where that is not the URL's host
    #[arg(long, value_name = "NAME", requires = "server", conflicts_with_all = OTHER_PLACES)]
    pub(crate) tls_server_name: Option<String>,
    /// What answers there: kubernetes, or generic-http
    #[arg(long, value_name = "FAMILY", requires = "server", conflicts_with_all = OTHER_PLACES, value_parser = family)]
    pub(crate) family: Option<Family>,
    /// The cluster in whose pod this runs, as its service account
    #[arg(long)]
    pub(crate) in_cluster: bool,
    /// The namespace of calls that name none; `namespace=` asks for all
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Answer with sizes and keyed digests in the place of the values of Secrets: for a target whose answers agents read
    #[arg(long)]
    pub(crate) redact_secrets: bool,
    /// Calls that name no target go to this one
    #[arg(long)]
    pub(crate) default: bool,
    /// Put it in the place of a target of the same name
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Keep the cluster running until Ctrl-C, in the place of asking it questions
    #[arg(long)]
    pub(crate) serve: bool,
    /// The port to serve at, on loopback; any that is free where none is named
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// Where to write the kubeconfig that leads to it; in a private temporary folder where none is named
    #[arg(long, value_name = "FILE", requires = "serve")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    /// The target
    #[arg(conflicts_with_all = ["target", "kubeconfig", "context", "server"])]
    name: Option<String>,
    /// Ask about operations in this namespace, in the place of all of them
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// How many seconds the check may take
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
    #[command(flatten)]
    pub(crate) component: ComponentOption,
    #[command(flatten)]
    target: TargetOptions,
}

impl CheckOptions {
    /// Where it goes: a name is a target's.
    pub(crate) fn place(&self) -> TargetOptions {
        TargetOptions { target: self.name.clone().or(self.target.target.clone()), ..self.target.clone() }
    }

    /// The target that was named.
    pub(crate) fn named(&self) -> Option<&str> {
        self.name.as_deref().or(self.target.target.as_deref())
    }
}

#[derive(Debug, Args)]
pub(crate) struct TopologyOptions {
    #[command(flatten)]
    pub(crate) given: GivenArguments,
    /// Only what is near this: TYPE/NAME, or TYPE/NAMESPACE/NAME; of the name as much as only one has
    #[arg(long, value_name = "TYPE/NAME")]
    pub(crate) from: Option<String>,
    /// How many steps away from it, 0 to 64, in the formats for programs and in drawings. A step is one relationship, and none turns round on the one before; a tree shows what
    /// leads to it and what it leads to
    #[arg(long, value_name = "STEPS", requires = "from", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=64))]
    pub(crate) depth: u32,
    /// Draw it: a page of HTML, or text for Graphviz
    #[arg(long, value_name = "FORMAT", conflicts_with = "output")]
    pub(crate) draw: Option<Drawing>,
    /// How many seconds it may take
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
    #[command(flatten)]
    pub(crate) component: ComponentOption,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// What a graph is drawn as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// One page that works offline: a picture to move in, with filters and properties
    Html,
    /// Text for Graphviz
    Dot,
}

/// Arguments of an operation, or of discovery.
#[derive(Debug, Args)]
pub(crate) struct GivenArguments {
    /// Its arguments
    #[arg(value_name = "KEY=VALUE")]
    pub(crate) pairs: Vec<String>,
    /// Its arguments as a JSON object; KEY=VALUE goes first
    #[arg(long, value_name = "JSON")]
    pub(crate) args: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CallOptions {
    /// The operation; `meho-host ops` lists them
    pub(crate) operation: String,
    #[command(flatten)]
    pub(crate) given: GivenArguments,
    /// Print only rows whose MEMBER is VALUE, is not (MEMBER!=VALUE), or has a text in it (MEMBER~TEXT); all conditions hold where there
    /// are several
    ///
    /// A member is one of the answer's (`meho-host ops OPERATION -o json` lists them), one within another (containers.image, labels.app), or a
    /// heading of the table. MEMBER= is met where there is nothing: pod_ip= chooses pods without an address. Rows are chosen after they are read:
    /// `meta` counts all of them, and with limit=N only the first N are looked at.
    #[arg(long = "where", value_name = "MEMBER=VALUE")]
    pub(crate) only: Vec<Condition>,
    /// How many seconds the call may take, from when it begins: what the connector takes to load comes before that
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
    #[command(flatten)]
    pub(crate) component: ComponentOption,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// Where to. With none of these, the configuration's default target, else the current kubeconfig's current context.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TargetOptions {
    /// A target of the configuration file
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with_all = ["kubeconfig", "context", "server"])]
    pub(crate) target: Option<String>,
    /// A kubeconfig
    #[arg(long, value_name = "FILE", help_heading = "Target", conflicts_with = "server")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with = "server")]
    pub(crate) context: Option<String>,
    /// The URL of an API server
    #[arg(long, value_name = "URL", help_heading = "Target", requires = "token_file")]
    pub(crate) server: Option<String>,
    /// A file with the token for --server; read anew at each call
    #[arg(long, value_name = "FILE", help_heading = "Target", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
    /// The CA that signed the server's certificate, as PEM
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Target",
        requires = "server",
        conflicts_with = "skip_tls_verification"
    )]
    pub(crate) ca_file: Option<PathBuf>,
    /// Do not verify who answers. Whoever is between can read the token
    #[arg(long, help_heading = "Target", requires = "server")]
    pub(crate) skip_tls_verification: bool,
}

impl TargetOptions {
    /// Whether nothing is said.
    pub(crate) fn is_none(&self) -> bool {
        self.note().as_object().is_none_or(Map::is_empty)
    }

    /// What is kept beside a plan, so that its execution finds the target again from wherever it is called. Paths and names, and never a secret.
    pub(crate) fn note(&self) -> Value {
        let path = |path: &Option<PathBuf>| {
            path.as_ref().and_then(|path| std::path::absolute(path).ok()?.to_str().map(str::to_owned))
        };
        let mut note = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                note.insert(name.to_owned(), value.into());
            }
        };
        put("target", self.target.clone());
        put("kubeconfig", path(&self.kubeconfig));
        put("context", self.context.clone());
        put("server", self.server.clone());
        put("token_file", path(&self.token_file));
        put("ca_file", path(&self.ca_file));
        if self.skip_tls_verification {
            note.insert("skip_tls_verification".to_owned(), true.into());
        }
        Value::Object(note)
    }

    /// The options of a note.
    pub(crate) fn of_note(note: &Value) -> Self {
        let text = |name: &str| note.get(name).and_then(Value::as_str).map(str::to_owned);
        let path = |name: &str| text(name).map(PathBuf::from);
        Self {
            target: text("target"),
            kubeconfig: path("kubeconfig"),
            context: text("context"),
            server: text("server"),
            token_file: path("token_file"),
            ca_file: path("ca_file"),
            skip_tls_verification: note.get("skip_tls_verification") == Some(&Value::Bool(true)),
        }
    }
}

/// The shells that there are completions for.
fn shell(text: &str) -> Result<Shell, String> {
    match text {
        "bash" => Ok(Shell::Bash),
        "zsh" => Ok(Shell::Zsh),
        "fish" => Ok(Shell::Fish),
        _ => Err("bash, zsh and fish are there".to_owned()),
    }
}

/// What was meant by an operation's name: the command is called otherwise than what it runs.
pub(crate) fn meant_operation(id: &str) -> &str {
    if id == "topology" { DISCOVERY } else { id }
}

/// The parameter that a target's namespace stands for where a call has none.
pub(crate) const NAMESPACE: &str = "namespace";

/// The arguments of a call: the JSON object, then the pairs, each typed by the schema, and last the target's namespace where they have none.
pub(crate) fn merge(
    given: &GivenArguments,
    schema: &ArgumentsSchema,
    namespace: Option<&str>,
) -> Result<Map<String, Value>, CallError> {
    let refused = |message: String| CallError::new(ErrorCode::InvalidRequest, message);
    let mut arguments = match &given.args {
        None => Map::new(),
        Some(text) => match serde_json::from_str(text) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(refused("--args: a JSON object is wanted".to_owned())),
            Err(error) => return Err(refused(format!("--args: this is not JSON: {error}"))),
        },
    };
    let mut names = BTreeSet::new();
    for pair in &given.pairs {
        let (name, text) =
            pair.split_once('=').ok_or_else(|| refused(format!("{}: an argument is written KEY=VALUE", safe(pair))))?;
        if !names.insert(name) {
            return Err(refused(format!("{}: this argument is given twice", safe(name))));
        }
        arguments.insert(name.to_owned(), typed(name, text, schema));
    }
    let takes_namespace = schema.parameters().contains_key(NAMESPACE);
    if let Some(namespace) = namespace.filter(|_| takes_namespace && !arguments.contains_key(NAMESPACE)) {
        arguments.insert(NAMESPACE.to_owned(), namespace.into());
    }
    Ok(arguments)
}

/// Text as the schema's type. What does not parse stays text: the host's check says what is wanted.
pub(crate) fn typed(name: &str, text: &str, schema: &ArgumentsSchema) -> Value {
    let as_flag = || text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from);
    if name == DRY_RUN {
        return as_flag();
    }
    let parameter = schema.parameters().get(name);
    match parameter.map(|parameter| &parameter.kind) {
        Some(ParameterType::Integer) => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        Some(ParameterType::Boolean) => as_flag(),
        Some(ParameterType::Texts) => text.split(',').map(Value::from).collect(),
        Some(ParameterType::Text(_)) | None => Value::from(text),
    }
}
