use super::*;
use serde_json::json;
use std::fs;
use tempfile::TempDir;

/// A machine with these files and variables.
fn machine(files: &[(&str, &str)], variables: &[(&str, &str)]) -> (TempDir, Machine) {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, text).expect("written");
    }
    let machine = Machine::new(root.path(), variables);
    (root, machine)
}

fn json_of(found: Found) -> Json {
    Json::Object(found.into_iter().collect())
}

#[test]
fn attributes_of_the_environment_are_percent_encoded() {
    let of = |value| {
        let (_root, machine) = machine(&[], &[("OTEL_RESOURCE_ATTRIBUTES", value)]);
        run(Detector::Env, &machine).map(json_of)
    };
    assert_eq!(
        of("service.name=shop%2Ccart, a = b=c ,"),
        Ok(json!({"service.name": "shop,cart", "a": "b=c"}))
    );
    assert_eq!(of("a=1,b"), Err("OTEL_RESOURCE_ATTRIBUTES: `b` is not `name=value`".to_owned()));
    assert!(of("a=%zz").is_err() && of("a=%4").is_err() && of("=1").is_err());
    assert_eq!(of(" "), Err("OTEL_RESOURCE_ATTRIBUTES is not set".to_owned()));
}

#[test]
fn a_system_has_a_name_an_id_and_an_operating_system() {
    let release = "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nPRETTY_NAME='Debian 12'\n";
    let files = [
        ("proc/sys/kernel/hostname", "web-1\n"),
        ("etc/machine-id", "0123456789abcdef\n"),
        ("etc/os-release", release),
    ];
    let (_root, machine) = machine(&files, &[]);
    let found = json_of(run(Detector::System, &machine).expect("a system"));
    assert_eq!(found["host.name"], "web-1");
    assert_eq!(found["host.id"], "0123456789abcdef");
    assert_eq!(found["os.type"], "linux");
    assert_eq!(found["os.name"], "Debian GNU/Linux");
    assert_eq!((&found["os.version"], &found["os.description"]), (&json!("12"), &json!("Debian 12")));
    assert_ne!(found["host.arch"], "x86_64", "which the conventions call amd64");
}

#[test]
fn the_process_is_the_agents_own_without_its_arguments() {
    let found = json_of(run(Detector::Process, &Machine::own()).expect("a process"));
    assert_eq!(found["process.pid"], std::process::id());
    assert_eq!(found["process.parent_pid"], std::os::unix::process::parent_id());
    let path = found["process.executable.path"].as_str().expect("a path").to_owned();
    assert!(path.ends_with(found["process.executable.name"].as_str().expect("a name")));
    assert!(found.get("process.command_args").is_none() && found.get("process.command_line").is_none());
    let files = [
        ("proc/self/status", "Name:\tx\nPPid:\t7\nUid:\t1000\t1000\n"),
        ("etc/passwd", "root:x:0:\nann:x:1000:\n"),
    ];
    let (_root, machine) = machine(&files, &[]);
    let found = json_of(run(Detector::Process, &machine).expect("a process"));
    assert_eq!((&found["process.owner"], &found["process.parent_pid"]), (&json!("ann"), &json!(7)));
}

#[test]
fn a_containers_id_is_in_its_control_groups_or_its_mounts() {
    let id = "3f4e5d".repeat(10) + "abcd";
    let groups = [
        format!("12:memory:/docker/{id}\n"),
        format!("1:name=systemd:/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-{id}.scope\n"),
        format!("0::/system.slice/docker-{id}.scope\n"),
        format!("0::/kubepods/besteffort/pod12/cri-containerd:{id}\n"),
    ];
    for groups in groups {
        let (_root, machine) = machine(&[("proc/self/cgroup", &groups)], &[]);
        assert_eq!(
            run(Detector::Container, &machine),
            Ok(vec![("container.id".into(), json!(id))]),
            "{groups}"
        );
    }
    let other = "0".repeat(64);
    let mounts = format!(
        "640 631 0:5 /var/lib/docker/overlay2/{other}/merged / rw - overlay\n\
         641 631 8:1 /var/lib/docker/containers/{id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"
    );
    let (_root, own) = machine(&[("proc/self/cgroup", "0::/\n"), ("proc/self/mountinfo", &mounts)], &[]);
    assert_eq!(run(Detector::Container, &own), Ok(vec![("container.id".into(), json!(id))]));
    let (_root, bare) = machine(&[("proc/self/cgroup", "0::/user.slice\n")], &[]);
    assert!(run(Detector::Container, &bare).is_err());
}

#[test]
fn a_pod_knows_itself_from_the_downward_api() {
    let files = [
        ("var/run/secrets/kubernetes.io/serviceaccount/namespace", "shop"),
        ("etc/podinfo/labels", "app=\"cart\"\nteam=\"a \\\"b\\\"\"\n"),
        ("etc/podinfo/annotations", &format!("note=\"x\"\nlarge=\"{}\"\n", "y".repeat(2000))),
    ];
    let variables =
        [("MY_POD_NAME", "cart-1"), ("K8S_NODE_NAME", "node-7"), ("NODE_NAME", "other"), ("POD_UID", "")];
    let (_root, own) = machine(&files, &variables);
    assert_eq!(
        json_of(run(Detector::K8s, &own).expect("a pod")),
        json!({
            "k8s.node.name": "node-7", "k8s.pod.name": "cart-1", "k8s.namespace.name": "shop",
            "k8s.pod.label.app": "cart", "k8s.pod.label.team": "a \"b\"", "k8s.pod.annotation.note": "x",
        })
    );
    let (_root, bare) = machine(&[], &[]);
    assert!(run(Detector::K8s, &bare).is_err());
}

#[test]
fn clouds_say_where_the_agent_runs() {
    let variables = [
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
        ("K_SERVICE", "run"),
        ("K_REVISION", "run-1"),
        ("WEBSITE_SITE_NAME", "site"),
        ("WEBSITE_OWNER_NAME", "id+group-WestEuropewebspace"),
        ("HEROKU_APP_ID", "app"),
        ("HEROKU_DYNO_ID", "dyno"),
    ];
    let file = r#"{"deployment_id": 32, "version_label": "v1", "environment_name": "live"}"#;
    let (_root, cloud) = machine(&[("var/elasticbeanstalk/xray/environment.conf", file)], &variables);
    let found = |detector| json_of(run(detector, &cloud).expect("a cloud"));
    let lambda = found(Detector::Lambda);
    assert_eq!(
        (&lambda["cloud.region"], &lambda["faas.max_memory"]),
        (&json!("eu-central-1"), &json!(134_217_728))
    );
    assert_eq!((&lambda["faas.instance"], &lambda["aws.log.stream.names"]), (&json!("s"), &json!(["s"])));
    let beanstalk = found(Detector::ElasticBeanstalk);
    assert_eq!(beanstalk["service.instance.id"], "32");
    assert_eq!(beanstalk["deployment.environment.name"], "live");
    let run_ = found(Detector::CloudRun);
    assert_eq!((&run_["faas.name"], &run_["faas.version"]), (&json!("run"), &json!("run-1")));
    assert_eq!(found(Detector::AzureAppService)["cloud.account.id"], "id");
    assert_eq!(found(Detector::Heroku)["service.instance.id"], "dyno");
    let (_root, bare) = machine(&[], &[]);
    for detector in [
        Detector::Lambda,
        Detector::ElasticBeanstalk,
        Detector::CloudRun,
        Detector::AzureAppService,
        Detector::Heroku,
    ] {
        assert!(run(detector, &bare).is_err());
    }
}
