//! Pod templates in few words, with everything that the API server fills in.

use serde_json::{Map, Value, json};

/// A container of a template.
#[derive(Debug, Clone)]
pub(super) struct Container(Value);

impl Container {
    pub(super) fn new(name: &str, image: &str) -> Self {
        Self(json!({
            "name": name,
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        }))
    }

    pub(super) fn port(mut self, name: &str, port: u16) -> Self {
        push(&mut self.0, "ports", json!({ "name": name, "containerPort": port, "protocol": "TCP" }));
        self
    }

    pub(super) fn requests(mut self, cpu: &str, memory: &str) -> Self {
        part(&mut self.0, "resources").insert("requests".to_owned(), json!({ "cpu": cpu, "memory": memory }));
        self
    }

    pub(super) fn limits(mut self, cpu: &str, memory: &str) -> Self {
        part(&mut self.0, "resources").insert("limits".to_owned(), json!({ "cpu": cpu, "memory": memory }));
        self
    }

    pub(super) fn memory_limit(mut self, memory: &str) -> Self {
        part(&mut self.0, "resources").insert("limits".to_owned(), json!({ "memory": memory }));
        self
    }

    pub(super) fn args(mut self, args: &[&str]) -> Self {
        set(&mut self.0, "args", json!(args));
        self
    }

    pub(super) fn command(mut self, command: &[&str]) -> Self {
        set(&mut self.0, "command", json!(command));
        self
    }

    pub(super) fn env(mut self, name: &str, value: &str) -> Self {
        push(&mut self.0, "env", json!({ "name": name, "value": value }));
        self
    }

    pub(super) fn env_of_secret(mut self, name: &str, secret: &str, key: &str) -> Self {
        let reference = json!({ "secretKeyRef": { "name": secret, "key": key } });
        push(&mut self.0, "env", json!({ "name": name, "valueFrom": reference }));
        self
    }

    pub(super) fn env_from(mut self, config_map: &str) -> Self {
        push(&mut self.0, "envFrom", json!({ "configMapRef": { "name": config_map } }));
        self
    }

    /// Readiness and liveness, asked of a path of a named port.
    pub(super) fn probed(mut self, path: &str, port: &str) -> Self {
        let probe = |period: u32, failures: u32| {
            json!({
                "httpGet": { "path": path, "port": port, "scheme": "HTTP" },
                "timeoutSeconds": 1, "periodSeconds": period, "successThreshold": 1, "failureThreshold": failures,
            })
        };
        set(&mut self.0, "readinessProbe", probe(10, 3));
        set(&mut self.0, "livenessProbe", probe(20, 6));
        self
    }

    /// Readiness only.
    pub(super) fn ready_at(mut self, path: &str, port: &str) -> Self {
        self = self.probed(path, port);
        if let Some(fields) = self.0.as_object_mut() {
            fields.remove("livenessProbe");
        }
        self
    }

    pub(super) fn mounts(mut self, volume: &str, path: &str) -> Self {
        push(&mut self.0, "volumeMounts", json!({ "name": volume, "mountPath": path }));
        self
    }

    pub(super) fn privileged(mut self) -> Self {
        set(&mut self.0, "securityContext", json!({ "privileged": true }));
        self
    }
}

/// A pod template.
#[derive(Debug, Clone)]
pub(super) struct Template {
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    spec: Value,
}

impl Template {
    /// Of an application, whose name is the label `app`.
    pub(super) fn of(app: &str, container: Container) -> Self {
        Self::labelled("app", app, container)
    }

    pub(super) fn labelled(key: &str, value: &str, container: Container) -> Self {
        Self {
            labels: Map::from_iter([(key.to_owned(), value.into())]),
            annotations: Map::new(),
            spec: json!({
                "containers": [container.0],
                "restartPolicy": "Always",
                "terminationGracePeriodSeconds": 30,
                "dnsPolicy": "ClusterFirst",
                "schedulerName": "default-scheduler",
                "securityContext": {},
            }),
        }
    }

    pub(super) fn and(mut self, container: Container) -> Self {
        push(&mut self.spec, "containers", container.0);
        self
    }

    pub(super) fn init(mut self, container: Container) -> Self {
        push(&mut self.spec, "initContainers", container.0);
        self
    }

    pub(super) fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }

    /// The service account it runs as.
    pub(super) fn account(mut self, name: &str) -> Self {
        set(&mut self.spec, "serviceAccountName", name.into());
        set(&mut self.spec, "serviceAccount", name.into());
        self
    }

    pub(super) fn config_volume(mut self, volume: &str, config_map: &str) -> Self {
        let source = json!({ "name": config_map, "defaultMode": 420 });
        push(&mut self.spec, "volumes", json!({ "name": volume, "configMap": source }));
        self
    }

    pub(super) fn secret_volume(mut self, volume: &str, secret: &str) -> Self {
        let source = json!({ "secretName": secret, "defaultMode": 420 });
        push(&mut self.spec, "volumes", json!({ "name": volume, "secret": source }));
        self
    }

    pub(super) fn claim_volume(mut self, volume: &str, claim: &str) -> Self {
        push(&mut self.spec, "volumes", json!({ "name": volume, "persistentVolumeClaim": { "claimName": claim } }));
        self
    }

    pub(super) fn empty_volume(mut self, volume: &str) -> Self {
        push(&mut self.spec, "volumes", json!({ "name": volume, "emptyDir": {} }));
        self
    }

    pub(super) fn host_volume(mut self, volume: &str, path: &str) -> Self {
        push(&mut self.spec, "volumes", json!({ "name": volume, "hostPath": { "path": path, "type": "" } }));
        self
    }

    /// With a toleration that stays for so many seconds, or for ever.
    pub(super) fn tolerates(mut self, key: &str, effect: &str, seconds: Option<u32>) -> Self {
        let mut toleration = json!({ "key": key, "operator": "Exists", "effect": effect });
        if let (Some(seconds), Some(fields)) = (seconds, toleration.as_object_mut()) {
            fields.insert("tolerationSeconds".to_owned(), seconds.into());
        }
        push(&mut self.spec, "tolerations", toleration);
        self
    }

    /// As an agent of its node: on every node, whatever is wrong with it, in the node's own network.
    pub(super) fn of_the_node(mut self) -> Self {
        push(&mut self.spec, "tolerations", json!({ "operator": "Exists" }));
        set(&mut self.spec, "hostNetwork", true.into());
        self.class("system-node-critical")
    }

    pub(super) fn class(mut self, name: &str) -> Self {
        set(&mut self.spec, "priorityClassName", name.into());
        set(&mut self.spec, "priority", crate::defaults::pod::priority(name).into());
        self
    }

    pub(super) fn grace(mut self, seconds: u32) -> Self {
        set(&mut self.spec, "terminationGracePeriodSeconds", seconds.into());
        self
    }

    pub(super) fn restarts(mut self, policy: &str) -> Self {
        set(&mut self.spec, "restartPolicy", policy.into());
        self
    }

    pub(super) fn selects_nodes(mut self, key: &str, value: &str) -> Self {
        part(&mut self.spec, "nodeSelector").insert(key.to_owned(), value.into());
        self
    }

    /// The template as it stands in a workload.
    pub(super) fn value(&self) -> Value {
        let mut metadata = json!({ "labels": self.labels });
        if !self.annotations.is_empty() {
            set(&mut metadata, "annotations", self.annotations.clone().into());
        }
        json!({ "metadata": metadata, "spec": self.spec })
    }

    /// What the workload selects its pods by: the first label it was given, and no others.
    pub(super) fn selector(&self) -> Value {
        let own = ["app", "k8s-app", "app.kubernetes.io/name", "name"];
        let labels: Map<_, _> = own
            .iter()
            .filter_map(|key| self.labels.get(*key).map(|value| ((*key).to_owned(), value.clone())))
            .take(1)
            .collect();
        json!({ "matchLabels": labels })
    }
}

/// An object of an object, made where it is not there.
pub(super) fn part<'a>(value: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    crate::store::child_mut(value, key)
}

pub(super) fn set(value: &mut Value, key: &str, to: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(key.to_owned(), to);
    }
}

fn push(value: &mut Value, key: &str, item: Value) {
    if let Some(fields) = value.as_object_mut()
        && let Some(list) = fields.entry(key.to_owned()).or_insert_with(|| json!([])).as_array_mut()
    {
        list.push(item);
    }
}
