//! What a configuration means: types, references, merging, and the structs that come of it.

mod common;

use common::{Body, Compression, Flattened, OtlpExporter, OtlpReceiver, When, catalog, env, exporter, read};
use tidewatch_config::values::{ByteSize, Secret};
use tidewatch_config::{Component, ComponentId, Config, Mistake, Signal, Source, load};

/// The configuration of `yaml`, which has no mistakes.
#[track_caller]
fn valid(yaml: &str) -> Config {
    let loaded = read(yaml);
    assert!(!loaded.diagnostics.has_errors(), "{}", loaded.diagnostics);
    loaded.config.expect("there are no mistakes")
}

#[track_caller]
fn otlp(config: &Config) -> OtlpExporter {
    exporter_of(config).deserialize().expect("the schema holds")
}

fn exporter_of(config: &Config) -> &Component {
    &config.exporters[&ComponentId::new("otlp")]
}

#[test]
fn scalars_become_what_their_keys_want() {
    let config = valid(&exporter(
        "    endpoint: 0123\n    timeout: 0\n    headers: {a: 1.50, b: yes, c: true, d: '${env:PORT}'}\n    rate: 1\n    compression: GZIP\n    sending_queue: {queue_size: 1e3, size: 512MiB}\n    extra: {n: 1.50, s: '${env:PORT}'}",
    ));
    let otlp = otlp(&config);
    assert_eq!(otlp.endpoint, "0123");
    assert_eq!(otlp.timeout.get(), std::time::Duration::ZERO);
    let headers: Vec<_> = otlp.headers.values().map(String::as_str).collect();
    assert_eq!(headers, ["1.50", "yes", "true", "8080"]);
    assert_eq!((otlp.rate, otlp.compression), (Some(1.0), Some(Compression::Gzip)));
    assert_eq!(
        (otlp.sending_queue.queue_size, otlp.sending_queue.size.map(ByteSize::get)),
        (1000, Some(512 << 20))
    );
    assert_eq!(otlp.extra, Some(serde_json::json!({"n": 1.5, "s": 8080})));
}

#[test]
fn references_become_what_their_keys_want() {
    let config = valid(&exporter(
        "    endpoint: ${env:ZEROS}\n    token: ${env:PASSWORD}\n    brokers: ${env:BROKERS}\n    sending_queue: {queue_size: '${env:PORT}', enabled: '${env:NONE:-false}'}\n    headers: {a: 'x${env:PORT}y$$z', b: '$${env:PORT}', c: '${env:NONE:-${env:PORT}}', d: '${env:EMPTY}', e: '${env:PORT:-${env:NONE}}', f: '^a$'}\n    extra: ${env:LIST}\n    rate: ${env:PORT}.5",
    ));
    let otlp = otlp(&config);
    assert_eq!(otlp.endpoint, "0123");
    assert_eq!(otlp.token.as_ref().map(Secret::expose), Some("pa$$w: ord ${env:X} #1"), "taken as it is");
    assert_eq!(otlp.brokers, ["a:9092", "b:9092"]);
    assert_eq!((otlp.sending_queue.queue_size, otlp.sending_queue.enabled), (8080, false));
    let headers: Vec<_> = otlp.headers.values().map(String::as_str).collect();
    assert_eq!(headers, ["x8080y$z", "${env:PORT}", "8080", "", "8080", "^a$"]);
    assert_eq!(otlp.extra, Some(serde_json::json!(["x", 8080])), "lists and mappings are configuration");
    assert_eq!(otlp.rate, Some(8080.5));
}

#[test]
fn files_are_taken_whole_or_as_configuration() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(path("secret"), "a: b\nc\n").expect("a file");
    std::fs::write(path("queue.yaml"), "queue_size: ${env:PORT}\nenbled: true\n").expect("a file");
    std::fs::write(path("loop.yaml"), format!("a: ${{file:{}}}\n", path("loop.yaml"))).expect("a file");
    let body = |queue: &str| {
        format!(
            "    endpoint: x\n    token: ${{file:{}}}\n    sending_queue: ${{file:{}}}",
            path("secret"),
            path(queue)
        )
    };
    let loaded = read(&exporter(&body("queue.yaml")));
    let shown = loaded.diagnostics.render(false).replace(&directory.path().display().to_string(), "");
    assert!(shown.contains(" --> /queue.yaml:2:1\n"), "shown where it is written: {shown}");
    assert!(shown.contains("did you mean `enabled`?"), "{shown}");
    std::fs::write(path("queue.yaml"), "queue_size: ${env:PORT}\n").expect("a file");
    let otlp = otlp(&valid(&exporter(&body("queue.yaml"))));
    assert_eq!(otlp.token.as_ref().map(Secret::expose), Some("a: b\nc"));
    assert_eq!(otlp.sending_queue.queue_size, 8080);
    let shown = read(&exporter(&body("loop.yaml"))).diagnostics.to_string();
    assert!(shown.contains("more than 10 times"), "{shown}");
}

#[test]
fn null_means_defaults_and_keeps_presence() {
    let config = valid(
        "receivers:\n  otlp:\n    protocols: {grpc: }\nexporters: {debug: }\nservice:\n  telemetry:\n  pipelines:\n    main: {receivers: [otlp], processors: , exporters: [debug]}\n",
    );
    let receiver: OtlpReceiver =
        config.receivers[&ComponentId::new("otlp")].deserialize().expect("the schema holds");
    assert_eq!(receiver.protocols.grpc.map(|grpc| grpc.endpoint).as_deref(), Some("localhost:4317"));
    assert!(receiver.protocols.http.is_none());
    assert_eq!(config.service.shutdown_timeout.to_string(), "30s");
    assert_eq!(config.service.telemetry.metrics.listen(), ["localhost:8888"]);
}

#[test]
fn anchors_and_merge_keys_work() {
    let yaml = "receivers: {otlp: }\nexporters:\n  otlp/base: &base\n    endpoint: a\n    timeout: 1s\n    sending_queue: &queue {queue_size: 5}\n  otlp:\n    <<: *base\n    timeout: 2s\n    sending_queue:\n      <<: [{enabled: false}, *queue]\nservice: {pipelines: {main: {receivers: [otlp], exporters: [otlp]}}}\n";
    let otlp = otlp(&valid(yaml));
    assert_eq!((otlp.endpoint.as_str(), otlp.timeout.to_string().as_str()), ("a", "2s"));
    assert_eq!((otlp.sending_queue.queue_size, otlp.sending_queue.enabled), (5, false));
}

#[test]
fn variants_are_read() {
    let config = valid(&exporter("    endpoint: a\n    body: {csv: {separator: ';'}}\n    compress: zstd"));
    let otlp = otlp(&config);
    assert_eq!(otlp.body, Some(Body::Csv { separator: ";".into() }));
    assert_eq!(otlp.compression, Some(Compression::Zstd), "by its older name");
}

#[test]
fn flattened_structs_are_read() {
    let config = valid(
        "receivers: {flat: {cron: {line: 5}, queue_size: 7, pair: [1, 2]}}\nexporters: {debug: }\nservice: {pipelines: {main: {receivers: [flat], exporters: [debug]}}}\n",
    );
    let flat: Flattened = config.receivers[0].deserialize().expect("the schema holds");
    assert_eq!((flat.queue.queue_size, flat.when), (7, When::Cron { line: "5".into() }));
    assert_eq!(flat.pair, Some((1, "2".into())));
}

#[test]
fn later_sources_lie_on_top() {
    let base = exporter("    endpoint: a\n    brokers: [x, y]\n    headers: {a: '1', b: '2'}");
    let over = "exporters::otlp::brokers: [z]\nexporters: {otlp: {headers: {b: '3'}}}\n";
    let sources = [
        Source::Yaml(base),
        Source::Yaml(over.into()),
        Source::Yaml(String::new()),
        Source::Env("CONFIG".into()),
    ];
    let sets = ["exporters::otlp::timeout=1m".to_owned(), "exporters::otlp::headers::c=[=]".to_owned()];
    let loaded = load(&sources, &sets[..1], &catalog(), &env);
    let otlp = otlp(&loaded.config.unwrap_or_else(|| panic!("{}", loaded.diagnostics)));
    assert_eq!((otlp.endpoint.as_str(), otlp.timeout.to_string().as_str()), ("a", "1m"));
    assert_eq!(otlp.brokers, ["z"], "lists replace");
    assert_eq!(
        otlp.headers.into_iter().collect::<Vec<_>>(),
        [("a".into(), "1".into()), ("b".into(), "3".into())]
    );
    let shown = load(&sources, &sets, &catalog(), &env).diagnostics.to_string();
    assert!(shown.contains(" --> --set:1:1\n"), "mistakes are shown in the argument: {shown}");
}

#[test]
fn sources_that_cannot_be_read_are_all_named() {
    let sources = [
        Source::parse("/no/such.yaml"),
        Source::parse("env:NO_CONFIG"),
        Source::parse("https://example.org/x.yaml"),
        Source::parse("yaml:a: ["),
    ];
    let loaded = load(&sources, &["a.b".to_owned()], &catalog(), &env);
    assert_eq!(loaded.diagnostics.errors().count(), 5, "{}", loaded.diagnostics);
    assert!(loaded.config.is_none());
    assert_eq!(load(&[], &[], &catalog(), &env).diagnostics.len(), 1);
}

#[test]
fn files_that_are_too_large_or_no_text_are_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("x.yaml");
    let shown = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("a file");
        load(&[Source::File(path.clone())], &[], &catalog(), &env).diagnostics.to_string()
    };
    assert!(shown(&vec![b' '; (10 << 20) + 1]).contains("larger than 10 MiB"));
    assert!(shown(b"a: 1\nb: \xff\n").contains("not UTF-8, see line 2"));
    let byte_order_mark = shown("\u{feff}recievers:\n".as_bytes());
    assert!(byte_order_mark.contains("did you mean `receivers`?"), "{byte_order_mark}");
}

#[test]
fn components_say_what_a_schema_cannot() {
    let config = valid(&exporter("    endpoint: nowhere\n    headers:\n      x.y: z\n    brokers: [a, b]"));
    let component = exporter_of(&config);
    let place = |path: &str| {
        let diagnostic = component.diagnose(Mistake::new(path, "wrong").help("do better"));
        diagnostic.span.map(|span| span.line_column())
    };
    assert_eq!(place("endpoint"), Some((4, 15)), "a scalar itself");
    assert_eq!(place("headers.x.y"), Some((6, 12)), "keys may have dots");
    assert_eq!(place("brokers[1]"), Some((7, 18)));
    assert_eq!(place("brokers.1"), Some((7, 18)));
    assert_eq!(place("headers.absent"), Some((5, 5)), "the last key that exists");
    assert_eq!(place(""), Some((3, 3)), "the component");
}

#[test]
fn what_serde_refuses_is_shown_where_it_stands() {
    #[derive(Debug, serde::Deserialize)]
    struct Strict {
        #[serde(rename = "brokers")]
        _brokers: (String, u8),
    }
    let config = valid(&exporter("    endpoint: a\n    brokers: [a, b]"));
    let problems = exporter_of(&config).deserialize::<Strict>().expect_err("`b` is no number");
    assert!(problems.to_string().contains(" --> yaml:5:18\n"), "{problems}");
}

#[test]
fn aliases_of_types_are_resolved_and_equality_ignores_places() {
    let yaml = "receivers: {otlp: }\nexporters: {otlphttp/x: {endpoint: a}}\nservice: {pipelines: {traces/x: {receivers: [otlp], exporters: [otlphttp/x]}}}\n";
    let (one, other) = (valid(yaml), valid(&format!("# moved\n{yaml}")));
    let id = ComponentId::with_name("otlphttp", "x");
    assert_eq!(one.exporters[&id].type_name, "otlp_http");
    assert_eq!(one.exporters[&id], other.exporters[&id]);
    assert_ne!(one.exporters[&id], valid(&yaml.replace("endpoint: a", "endpoint: b")).exporters[&id]);
    let (name, pipeline) = one.service.pipelines.first().expect("a pipeline");
    assert_eq!((name.signal(), pipeline), (Some(Signal::Traces), &other.service.pipelines[0]));
}

#[test]
fn no_text_is_too_broken_to_say_so() {
    let whole = exporter(
        "    endpoint: \"ä\\n\"\n    headers: &h {a: '${env:PORT:-${env:X}}', <<: {b: |\n\t x}}\n    body: [*h, !!str 1, ? x]",
    );
    for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        for broken in [
            whole[..end].to_owned(),
            whole[end..].to_owned(),
            format!("{}\t{}", &whole[..end], &whole[end..]),
        ] {
            let loaded = read(&broken);
            assert!(loaded.diagnostics.has_errors(), "{broken}");
            assert!(loaded.diagnostics.render(true).contains("error"), "{broken}");
        }
    }
}

#[test]
fn debug_output_has_no_secrets() {
    let config =
        valid(&exporter("    endpoint: a\n    token: hunter2\n    headers: {authorization: hunter2}"));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn an_exporter_of_dead_letters_needs_no_pipeline() {
    let yaml = "receivers: {otlp: }\nexporters: {debug: , debug/dead: }\nservice:\n  dead_letter: debug/dead\n  pipelines: {logs: {receivers: [otlp], exporters: [debug]}}\n";
    let loaded = read(yaml);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics);
    let service = loaded.config.expect("there are no mistakes").service;
    assert_eq!(service.dead_letter, Some(ComponentId::with_name("debug", "dead")));
}
