use super::{Found, Machine};
use serde_json::Value as Json;

/// Attributes, and the variables that people usually give them to the pod by (`fieldRef` of the downward API); the
/// first one that is set counts.
const VARIABLES: [(&str, &[&str]); 14] = [
    ("k8s.cluster.name", &["K8S_CLUSTER_NAME", "CLUSTER_NAME"]),
    (
        "k8s.namespace.name",
        &[
            "K8S_NAMESPACE_NAME",
            "K8S_NAMESPACE",
            "K8S_POD_NAMESPACE",
            "POD_NAMESPACE",
            "MY_POD_NAMESPACE",
            "NAMESPACE",
        ],
    ),
    ("k8s.node.name", &["K8S_NODE_NAME", "KUBE_NODE_NAME", "NODE_NAME", "MY_NODE_NAME"]),
    ("k8s.pod.name", &["K8S_POD_NAME", "POD_NAME", "MY_POD_NAME"]),
    ("k8s.pod.uid", &["K8S_POD_UID", "POD_UID", "MY_POD_UID"]),
    ("k8s.pod.ip", &["K8S_POD_IP", "POD_IP", "MY_POD_IP"]),
    ("k8s.container.name", &["K8S_CONTAINER_NAME", "CONTAINER_NAME"]),
    ("k8s.deployment.name", &["K8S_DEPLOYMENT_NAME"]),
    ("k8s.statefulset.name", &["K8S_STATEFULSET_NAME"]),
    ("k8s.daemonset.name", &["K8S_DAEMONSET_NAME"]),
    ("k8s.replicaset.name", &["K8S_REPLICASET_NAME"]),
    ("k8s.job.name", &["K8S_JOB_NAME"]),
    ("k8s.cronjob.name", &["K8S_CRONJOB_NAME"]),
    ("k8s.node.uid", &["K8S_NODE_UID"]),
];

/// Files of the pod.
const NAMESPACE: &str = "var/run/secrets/kubernetes.io/serviceaccount/namespace";
const LISTS: [(&str, &str); 2] =
    [("k8s.pod.label", "etc/podinfo/labels"), ("k8s.pod.annotation", "etc/podinfo/annotations")];

/// Labels and annotations of each kind that are taken at the most, and bytes of a value. What tools keep in
/// annotations is longer.
const MAX_ENTRIES: usize = 64;
const MAX_VALUE: usize = 1024;

/// The pod that the agent runs in: from the downward API's variables and volume, and the service account's namespace.
pub(super) fn detect(machine: &Machine) -> Result<Found, String> {
    let mut found = Found::new();
    for (attribute, names) in VARIABLES {
        if let Some(value) = names.iter().find_map(|name| machine.variable(name)) {
            found.push((attribute.to_owned(), value.into()));
        }
    }
    if found.iter().all(|(name, _)| name != "k8s.namespace.name") {
        found.extend(
            machine.line(NAMESPACE).map(|name| ("k8s.namespace.name".to_owned(), Json::String(name))),
        );
    }
    for (prefix, path) in LISTS {
        let list = machine.file(path).unwrap_or_default();
        found.extend(list.lines().filter_map(|line| entry(prefix, line)).take(MAX_ENTRIES));
    }
    if found.is_empty() {
        return Err("neither the downward API's variables nor the pod's files are there".to_owned());
    }
    Ok(found)
}

/// A line of the downward API's volume: `name="value"`, the value quoted as Go does it, which for what labels and
/// annotations are made of is as JSON does it.
fn entry(prefix: &str, line: &str) -> Option<(String, Json)> {
    let (name, value) = line.split_once('=')?;
    let value: String = serde_json::from_str(value).unwrap_or_else(|_| value.trim_matches('"').to_owned());
    (value.len() <= MAX_VALUE).then(|| (format!("{prefix}.{name}"), value.into()))
}
