//! What lasts as long as the process: a change of it takes a restart.

use tidewatch_config::{Mistake, service::Service};

/// A mistake for each key that differs.
pub(super) fn mistakes(running: &Service, wanted: &Service) -> Vec<Mistake> {
    let (old, new) = (&running.telemetry, &wanted.telemetry);
    let keys = [
        ("service.threads", running.threads == wanted.threads),
        ("service.admin", running.admin == wanted.admin),
        ("service.telemetry.logs", old.logs == new.logs),
        ("service.telemetry.metrics", old.metrics == new.metrics),
    ];
    let differing = keys.into_iter().filter(|(_, same)| !same);
    differing
        .map(|(key, _)| {
            Mistake::new(key, format!("`{key}` takes a restart"))
                .help("restart the agent, or take the change back")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidewatch_config::{Source, load};

    fn service(keys: &str) -> Service {
        let yaml = format!(
            "{{receivers: {{otlp: {{protocols: {{http: }}}}}}, exporters: {{debug: }},
              service: {{{keys} pipelines: {{main: {{receivers: [otlp], exporters: [debug]}}}}}}}}"
        );
        let loaded = load(&[Source::Yaml(yaml)], &[], crate::components().catalog(), &|_| None);
        loaded.config.unwrap_or_else(|| panic!("{}", loaded.diagnostics)).service
    }

    #[test]
    fn each_key_is_named() {
        let running = service("");
        assert_eq!(mistakes(&running, &service("shutdown_timeout: 5s, memory_limit: 1GiB,")), []);
        let wanted = service(
            "threads: 7, admin: {endpoint: 'localhost:1'},
             telemetry: {logs: {level: debug}, metrics: {address: 'localhost:1'}},",
        );
        let paths: Vec<String> =
            mistakes(&running, &wanted).into_iter().map(|mistake| mistake.path).collect();
        let keys = ["threads", "admin", "telemetry.logs", "telemetry.metrics"];
        assert_eq!(paths, keys.map(|key| format!("service.{key}")));
    }
}
