//! Namespaces, accounts, ConfigMaps and Secrets. The values of Secrets are plainly made up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::cluster::{Cluster, DAY, merge};
use super::{production, staging, system};

const SPACES: [(&str, i64); 6] = [
    ("default", 212 * DAY),
    ("kube-system", 212 * DAY),
    ("kube-public", 212 * DAY),
    ("kube-node-lease", 212 * DAY),
    (production::NAMESPACE, 120 * DAY),
    (staging::NAMESPACE, 88 * DAY),
];

const SYSTEM_ACCOUNTS: [&str; 9] = [
    "coredns",
    "metrics-server",
    "cilium-operator",
    "vsphere-csi-controller",
    "ingress-nginx",
    "kube-proxy",
    "cilium",
    "vsphere-csi-node",
    "node-problem-detector",
];

pub(super) fn add(cluster: &mut Cluster) {
    for (name, age) in SPACES {
        cluster.namespace(name, age);
    }
    for account in SYSTEM_ACCOUNTS {
        cluster.account(system::NAMESPACE, account, 212 * DAY);
    }
    cluster.account(production::NAMESPACE, "api-gateway", 120 * DAY);
    for space in [production::NAMESPACE, staging::NAMESPACE] {
        shop(cluster, space);
    }
    system_configuration(cluster);
}

fn shop(cluster: &mut Cluster, space: &str) {
    let nginx = "server {\n  listen 80;\n  location /healthz { return 200; }\n  location / { root /usr/share/nginx/html; }\n}\n";
    cluster.config_map(space, "nginx-config", &[("default.conf", nginx)]);
    cluster.config_map(
        space,
        "frontend-config",
        &[("API_BASE_URL", "http://api-gateway/api"), ("FEATURE_NEW_CART", "true"), ("NODE_ENV", space)],
    );
    let routes = "/api/catalog=http://catalog\n/api/checkout=http://checkout\n/api/payments=grpc://payments:9000\n/api/search=http://search:9200\n";
    cluster.config_map(space, "api-gateway-routes", &[("ROUTES", routes)]);
    cluster.secret(space, "frontend-session", "Opaque", &[("key", "not-a-real-session-key")]);
    cluster.secret(space, "payments-psp", "Opaque", &[("api-key", "sk_demo_not_a_real_key")]);
    cluster.secret(
        space,
        "order-queue",
        "Opaque",
        &[("url", "amqp://demo:not-a-real-password@queue.shop.example:5672")],
    );
    cluster.secret(
        space,
        "orders-db",
        "Opaque",
        &[("password", "not-a-real-password"), ("url", "postgres://orders:not-a-real-password@orders-db:5432/orders")],
    );
    let registry = r#"{"auths":{"registry.shop.example":{"username":"demo","password":"not-a-real-password"}}}"#;
    cluster.secret(space, "registry", "kubernetes.io/dockerconfigjson", &[(".dockerconfigjson", registry)]);
    let name = if space == staging::NAMESPACE { "staging-tls" } else { "shop-tls" };
    cluster.secret(
        space,
        name,
        "kubernetes.io/tls",
        &[("tls.crt", "not a real certificate\n"), ("tls.key", "not a real key\n")],
    );
}

fn system_configuration(cluster: &mut Cluster) {
    let corefile = ".:53 {\n    errors\n    health { lameduck 5s }\n    ready\n    kubernetes cluster.local in-addr.arpa \
                    ip6.arpa\n    prometheus :9153\n    forward . /etc/resolv.conf\n    cache 30\n    loop\n    reload\n}\n";
    cluster.config_map(system::NAMESPACE, "coredns", &[("Corefile", corefile)]);
    let proxy = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: nftables\n";
    cluster.config_map(system::NAMESPACE, "kube-proxy", &[("config.conf", proxy)]);
    cluster.config_map(system::NAMESPACE, "cilium-config", &[("tunnel-protocol", "vxlan"), ("enable-ipv4", "true")]);
    cluster.secret(
        system::NAMESPACE,
        "vsphere-config-secret",
        "Opaque",
        &[(
            "csi-vsphere.conf",
            "[VirtualCenter \"vcenter.shop.example\"]\nuser = \"demo\"\npassword = \"not-a-real-password\"\n",
        )],
    );
}

impl Cluster {
    pub(super) fn namespace(&mut self, name: &str, age: i64) {
        let namespace = self.object("v1", "Namespace", "", name, age);
        self.put(
            namespace,
            json!({
                "metadata": { "labels": { "kubernetes.io/metadata.name": name } },
                "spec": { "finalizers": ["kubernetes"] },
                "status": { "phase": "Active" },
            }),
        );
        self.account(name, "default", age);
    }

    fn account(&mut self, space: &str, name: &str, age: i64) {
        let account = self.object("v1", "ServiceAccount", space, name, age);
        self.put(account, Value::Null);
    }

    fn config_map(&mut self, space: &str, name: &str, data: &[(&str, &str)]) {
        let map = self.object("v1", "ConfigMap", space, name, 88 * DAY);
        let data: Map<_, _> = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        self.put(map, json!({ "data": data }));
    }

    fn secret(&mut self, space: &str, name: &str, kind: &str, data: &[(&str, &str)]) {
        let mut secret = self.object("v1", "Secret", space, name, 88 * DAY);
        let data: Map<_, _> =
            data.iter().map(|(key, value)| ((*key).to_owned(), STANDARD.encode(value).into())).collect();
        merge(&mut secret, json!({ "type": kind, "data": data }));
        self.objects.push(secret);
    }
}
