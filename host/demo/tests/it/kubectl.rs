//! `kubectl` on the believable cluster: what a person types first.

use meho_control_plane::Programs;
use meho_demo::{Demo, Settings, World};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Set to `1` where kubectl must be there, as for the control plane that it comes with.
const REQUIRED: &str = "MEHO_REQUIRE_CONTROL_PLANE";

/// A cluster and a kubectl for it.
struct Kubectl {
    _demo: Demo,
    program: PathBuf,
    home: PathBuf,
}

impl Drop for Kubectl {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

impl Kubectl {
    /// None where the machine cannot build it, after saying so.
    fn or_skip(test: &str) -> Option<Self> {
        let programs = match Programs::built() {
            Ok((programs, _)) => programs,
            Err(error) if error.may_be_skipped() && env::var_os(REQUIRED).is_none_or(|value| value != "1") => {
                eprintln!("SKIPPED: {test}: {}", error.explain());
                return None;
            }
            Err(error) => panic!("{test} needs kubectl: {}", error.explain()),
        };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let demo = runtime.block_on(Demo::start(Settings { port: 0, world: World::Believable })).expect("a cluster");
        let home = env::temp_dir().join(format!("meho-demo-kubectl-{}-{test}", std::process::id()));
        fs::create_dir_all(&home).expect("a folder");
        fs::write(home.join("config"), demo.kubeconfig()).expect("a file");
        Some(Self { _demo: demo, program: programs.program("kubectl"), home })
    }

    /// What is printed by a command that succeeds.
    #[track_caller]
    fn run(&self, command: &str) -> String {
        let (is_done, out, err) = self.ask(command);
        assert!(is_done, "kubectl {command}: {err}");
        out
    }

    fn ask(&self, command: &str) -> (bool, String, String) {
        let output = Command::new(&self.program)
            .args(command.split_whitespace())
            .env("KUBECONFIG", self.home.join("config"))
            .env("HOME", &self.home)
            .env("KUBECACHEDIR", self.home.join("cache"))
            .output()
            .expect("kubectl runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// The name of some pod of a label.
    fn pod(&self, namespace: &str, label: &str) -> String {
        let out = self.run(&format!("get pods -n {namespace} -l {label} -o name"));
        out.lines().next().and_then(|line| line.strip_prefix("pod/")).expect("a pod").to_owned()
    }
}

fn row<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let line = table.lines().find(|line| line.split_whitespace().any(|cell| cell == name));
    line.unwrap_or_else(|| panic!("no {name} in\n{table}")).split_whitespace().collect()
}

#[test]
fn get_prints_tables_and_objects() {
    let Some(kubectl) = Kubectl::or_skip("get") else { return };
    let nodes = kubectl.run("get nodes");
    assert_eq!(
        nodes.lines().next().map(|line| line.split_whitespace().collect::<Vec<_>>()),
        Some(vec!["NAME", "STATUS", "ROLES", "AGE", "VERSION"])
    );
    assert_eq!(row(&nodes, "worker-1")[1], "NotReady");
    assert_eq!(row(&nodes, "worker-02")[1], "Ready");
    let pods = kubectl.run("get pods -A");
    for status in ["Running", "CrashLoopBackOff", "ImagePullBackOff", "Pending", "Completed"] {
        assert!(pods.contains(status), "{status}\n{pods}");
    }
    let wide = kubectl.run("get pods -n production -o wide");
    assert!(wide.lines().next().is_some_and(|line| line.contains("NOMINATED NODE")), "{wide}");
    let nginx = kubectl.run("get pods -A -l app=nginx --no-headers");
    assert!(nginx.lines().count() >= 3 && nginx.lines().all(|line| line.contains("nginx")), "{nginx}");
    let on_node = kubectl.run("get pods -A -o wide --field-selector spec.nodeName=worker-3 --no-headers");
    assert!(on_node.lines().count() > 5 && on_node.lines().all(|line| line.contains("worker-3")), "{on_node}");
    let yaml = kubectl.run("get deployment -n production frontend -o yaml");
    assert!(yaml.starts_with("apiVersion: apps/v1\nkind: Deployment\n"), "{yaml}");
    let claims = kubectl.run("get pvc -A");
    assert!(claims.contains("Pending"), "{claims}");
    for resource in [
        "all -n staging",
        "events -n production",
        "endpoints -A",
        "endpointslices -A",
        "jobs,cronjobs -A",
        "sa,cm,secrets -A",
    ] {
        kubectl.run(&format!("get {resource}"));
    }
    let (is_done, _, error) = kubectl.ask("get pod -n production nothing");
    assert!(!is_done && error == "Error from server (NotFound): pods \"nothing\" not found\n", "{error}");
}

#[test]
fn describe_tells_of_each_kind_with_its_events() {
    let Some(kubectl) = Kubectl::or_skip("describe") else { return };
    let node = kubectl.run("describe node worker-1");
    assert!(node.contains("NodeStatusUnknown") && node.contains("Non-terminated Pods:"), "{node}");
    let deployment = kubectl.run("describe deployment -n production frontend");
    assert!(deployment.contains("ProgressDeadlineExceeded"), "{deployment}");
    let service = kubectl.run("describe service -n production payments");
    assert!(service.contains("Endpoints:"), "{service}");
    let name = kubectl.pod("production", "app=payments");
    let pod = kubectl.run(&format!("describe pod -n production {name}"));
    assert!(pod.contains("Containers:") && pod.contains("Events:"), "{pod}");
}

#[test]
fn logs_and_top_show_what_goes_on() {
    let Some(kubectl) = Kubectl::or_skip("logs") else { return };
    let logs = kubectl.run("logs -n production deploy/api-gateway --tail=7");
    assert_eq!(logs.lines().count(), 7, "{logs}");
    let top = kubectl.run("top nodes");
    assert!(row(&top, "worker-3")[1].ends_with('m'), "{top}");
    assert!(kubectl.run("top pods -n production").lines().count() > 5);
}

#[test]
fn changes_are_made_and_waited_for() {
    let Some(kubectl) = Kubectl::or_skip("changes") else { return };
    assert_eq!(kubectl.run("scale -n production deploy/nginx --replicas=5"), "deployment.apps/nginx scaled\n");
    assert_eq!(kubectl.run("get deploy -n production nginx -o jsonpath={.spec.replicas}"), "5");
    assert_eq!(kubectl.run("cordon worker-02"), "node/worker-02 cordoned\n");
    assert_eq!(row(&kubectl.run("get nodes"), "worker-02")[1], "Ready,SchedulingDisabled");
    assert_eq!(kubectl.run("uncordon worker-02"), "node/worker-02 uncordoned\n");
    kubectl.run("label -n production deploy/nginx team=edge");
    kubectl.run("annotate -n production deploy/nginx note=seen");
    assert_eq!(kubectl.run("get deploy -n production nginx -o jsonpath={.metadata.labels.team}"), "edge");
    let name = kubectl.pod("production", "app=nginx");
    kubectl.run(&format!("delete pod -n production {name} --grace-period=1"));
    let (is_done, _, _) = kubectl.ask(&format!("get pod -n production {name}"));
    assert!(!is_done, "delete waits until it is gone");
    kubectl.run("create namespace fresh");
    kubectl.run("create configmap -n fresh settings --from-literal=a=b");
    kubectl.run("delete namespace fresh");
}

#[test]
fn apply_creates_changes_and_leaves_alone() {
    let Some(kubectl) = Kubectl::or_skip("apply") else { return };
    let manifest = |image: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: hello\n  namespace: staging\nspec:\n  replicas: 2\n  \
             selector:\n    matchLabels:\n      app: hello\n  template:\n    metadata:\n      labels:\n        app: hello\n    \
             spec:\n      containers:\n      - name: main\n        image: {image}\n"
        )
    };
    let apply = |path: &Path, options: &str| kubectl.run(&format!("apply {options} -f {}", path.display()));
    let path = kubectl.file("hello.yaml", &manifest("registry.example/hello:1"));
    assert_eq!(apply(&path, "--validate=false"), "deployment.apps/hello created\n");
    let path = kubectl.file("hello.yaml", &manifest("registry.example/hello:2"));
    assert_eq!(apply(&path, ""), "deployment.apps/hello configured\n");
    assert_eq!(apply(&path, ""), "deployment.apps/hello unchanged\n");
    assert_eq!(apply(&path, "--server-side"), "deployment.apps/hello serverside-applied\n");
    kubectl.run("rollout status -n staging deploy/hello --timeout=60s");
    kubectl.run("delete -n staging deploy/hello");
}

#[test]
fn rights_are_told_and_held() {
    let Some(kubectl) = Kubectl::or_skip("rights") else { return };
    assert_eq!(kubectl.run("auth can-i create pods"), "yes\n");
    let (_, out, _) = kubectl.ask("--context demo-viewer auth can-i list secrets");
    assert_eq!(out, "no\n");
    assert!(kubectl.run("--context demo-viewer auth whoami").contains("system:serviceaccount:kube-system:demo-viewer"));
    let (is_done, _, error) = kubectl.ask("--context demo-viewer get nodes");
    assert!(
        !is_done && error.contains("cannot list resource \"nodes\" in API group \"\" at the cluster scope"),
        "{error}"
    );
    assert!(kubectl.run("create token default").len() > 20);
}
