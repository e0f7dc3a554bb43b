//! The namespace `kube-system`: what a cluster needs to be one.

use super::cluster::{Cluster, DAY, EVICTED, LOST_NODE};
use super::template::{Container, Template};
use super::workload::{Seat, evicted, on, steady};

pub(super) const NAMESPACE: &str = "kube-system";
const BORN: i64 = 212 * DAY;
const CRITICAL: &str = "system-cluster-critical";

pub(super) fn add(cluster: &mut Cluster) {
    cluster.deployment(steady(
        NAMESPACE,
        "coredns",
        BORN,
        coredns(),
        vec![on("worker-3", 41 * DAY), on("worker-02", EVICTED), evicted(41 * DAY)],
    ));
    cluster.deployment(steady(NAMESPACE, "metrics-server", BORN, metrics_server(), vec![on("worker-02", 41 * DAY)]));
    cluster.deployment(steady(NAMESPACE, "cilium-operator", BORN, cilium_operator(), vec![on("worker-3", 41 * DAY)]));
    cluster.deployment(steady(
        NAMESPACE,
        "vsphere-csi-controller",
        BORN,
        csi_controller(),
        vec![on("worker-3", 41 * DAY)],
    ));
    cluster.deployment(steady(
        NAMESPACE,
        "ingress-nginx-controller",
        180 * DAY,
        ingress(),
        vec![on("worker-02", 25 * DAY), on("worker-3", 25 * DAY - 30)],
    ));
    cluster.daemon_set("kube-proxy", BORN, &kube_proxy(), &everywhere(41 * DAY));
    cluster.daemon_set("cilium", BORN, &cilium(), &everywhere(41 * DAY + 120));
    cluster.daemon_set("vsphere-csi-node", BORN, &csi_node(), &everywhere(41 * DAY + 300));
    cluster.daemon_set("node-problem-detector", 150 * DAY, &problem_detector(), &everywhere(41 * DAY + 600));
}

/// On every node, not before the youngest of them was there.
fn everywhere(age: i64) -> Vec<Seat> {
    vec![on(LOST_NODE, age), on("worker-02", age - 7), on("worker-3", age - 11)]
}

fn coredns() -> Template {
    let coredns = Container::new("coredns", "registry.k8s.io/coredns/coredns:v1.13.1")
        .args(&["-conf", "/etc/coredns/Corefile"])
        .port("metrics", 9153)
        .requests("100m", "70Mi")
        .memory_limit("170Mi")
        .mounts("config-volume", "/etc/coredns");
    Template::labelled("k8s-app", "kube-dns", coredns)
        .config_volume("config-volume", "coredns")
        .account("coredns")
        .class(CRITICAL)
        .tolerates("CriticalAddonsOnly", "", None)
}

fn metrics_server() -> Template {
    let server = Container::new("metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.8.0")
        .args(&["--secure-port=10250", "--kubelet-preferred-address-types=InternalIP", "--metric-resolution=15s"])
        .port("https", 10250)
        .requests("100m", "200Mi");
    Template::labelled("k8s-app", "metrics-server", server).account("metrics-server").class(CRITICAL)
}

fn cilium_operator() -> Template {
    let operator = Container::new("cilium-operator", "quay.io/cilium/operator-generic:v1.18.4")
        .command(&["cilium-operator-generic"])
        .port("prometheus", 9963);
    Template::labelled("name", "cilium-operator", operator).account("cilium-operator").class(CRITICAL)
}

fn csi_controller() -> Template {
    let image = |name: &str, version: &str| format!("registry.k8s.io/csi-vsphere/{name}:{version}");
    let sidecar =
        |name: &str, version: &str| Container::new(name, &format!("registry.k8s.io/sig-storage/{name}:{version}"));
    let driver = Container::new("vsphere-csi-controller", &image("driver", "v3.5.0"))
        .port("healthz", 9808)
        .requests("100m", "128Mi")
        .mounts("vsphere-config", "/etc/cloud");
    Template::of("vsphere-csi-controller", driver)
        .and(sidecar("csi-attacher", "v4.9.0").requests("10m", "32Mi"))
        .and(sidecar("csi-provisioner", "v5.3.0").requests("10m", "32Mi"))
        .secret_volume("vsphere-config", "vsphere-config-secret")
        .annotation("kubectl.kubernetes.io/default-container", "vsphere-csi-controller")
        .account("vsphere-csi-controller")
        .class(CRITICAL)
}

fn ingress() -> Template {
    let controller = Container::new("controller", "registry.k8s.io/ingress-nginx/controller:v1.14.0")
        .args(&["/nginx-ingress-controller", "--ingress-class=nginx"])
        .port("http", 80)
        .port("https", 443)
        .requests("100m", "90Mi")
        .probed("/healthz", "http");
    Template::labelled("app.kubernetes.io/name", "ingress-nginx", controller).account("ingress-nginx")
}

fn kube_proxy() -> Template {
    let proxy = Container::new("kube-proxy", "registry.k8s.io/kube-proxy:v1.36.3")
        .command(&["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"])
        .mounts("kube-proxy", "/var/lib/kube-proxy")
        .privileged();
    Template::labelled("k8s-app", "kube-proxy", proxy)
        .config_volume("kube-proxy", "kube-proxy")
        .account("kube-proxy")
        .selects_nodes("kubernetes.io/os", "linux")
        .of_the_node()
}

fn cilium() -> Template {
    let image = "quay.io/cilium/cilium:v1.18.4";
    let config = Container::new("config", image).command(&["cilium-dbg", "build-config"]);
    let agent = Container::new("cilium-agent", image)
        .command(&["cilium-agent", "--config-dir=/tmp/cilium/config-map"])
        .port("health", 9879)
        .requests("100m", "256Mi")
        .mounts("bpf-maps", "/sys/fs/bpf")
        .privileged();
    Template::labelled("k8s-app", "cilium", agent)
        .init(config)
        .host_volume("bpf-maps", "/sys/fs/bpf")
        .account("cilium")
        .of_the_node()
}

fn csi_node() -> Template {
    let driver = Container::new("vsphere-csi-node", "registry.k8s.io/csi-vsphere/driver:v3.5.0")
        .port("healthz", 9809)
        .requests("10m", "64Mi")
        .mounts("plugin-dir", "/csi")
        .privileged();
    let registrar =
        Container::new("node-driver-registrar", "registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.15.0")
            .args(&["--csi-address=/csi/csi.sock"]);
    Template::of("vsphere-csi-node", driver)
        .and(registrar)
        .host_volume("plugin-dir", "/var/lib/kubelet/plugins/csi.vsphere.vmware.com")
        .account("vsphere-csi-node")
        .of_the_node()
}

fn problem_detector() -> Template {
    let detector =
        Container::new("node-problem-detector", "registry.k8s.io/node-problem-detector/node-problem-detector:v1.34.0")
            .command(&[
                "/node-problem-detector",
                "--logtostderr",
                "--config.system-log-monitor=/config/kernel-monitor.json",
            ])
            .requests("20m", "40Mi")
            .limits("200m", "100Mi")
            .mounts("log", "/var/log")
            .privileged();
    Template::of("node-problem-detector", detector)
        .host_volume("log", "/var/log")
        .account("node-problem-detector")
        .of_the_node()
}
