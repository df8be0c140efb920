//! Every mistake and warning, as it is shown.

mod common;

use std::fmt::Write;

use common::{exporter, read};

/// Compares what is said about the configurations with the snapshot called `group`.
fn check(group: &str, cases: &[(&str, String)]) {
    let mut all = String::new();
    for (what, yaml) in cases {
        let loaded = read(yaml);
        assert!(!loaded.diagnostics.is_empty(), "{what}: nothing is said");
        assert_eq!(loaded.config.is_none(), loaded.diagnostics.has_errors(), "{what}");
        assert!(!loaded.diagnostics.render(false).contains("SECRET"), "{what}: {}", loaded.diagnostics);
        writeln!(all, "----- {what}\n{}", loaded.diagnostics.render(false))
            .expect("strings can be written to");
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.bind(|| insta::assert_snapshot!(group, all));
}

/// A configuration whose service is `service`, with one of each component.
fn service(service: &str) -> String {
    format!(
        "receivers: {{otlp: , prometheus: }}\nprocessors: {{batch: , threshold: }}\nexporters: {{debug: , prometheus: }}\nextensions: {{health_check: }}\nservice:\n{service}"
    )
}

/// A configuration with the receiver `flat`.
fn flat(body: &str) -> String {
    format!(
        "receivers:\n  flat: {{{body}}}\nexporters: {{debug: }}\nservice: {{pipelines: {{main: {{receivers: [flat], exporters: [debug]}}}}}}\n"
    )
}

#[test]
fn keys_that_only_the_collector_has_are_told_from_unknown_ones() {
    check(
        "unsupported_keys",
        &[
            ("unsupported", exporter("    endpoint: a\n    sending_queue: {storage: file_storage}")),
            ("unknown", exporter("    endpoint: a\n    sending_queue: {store: file_storage}")),
            ("unsupported variant", exporter("    endpoint: a\n    auth: {type: digest, user: x}")),
        ],
    );
}

#[test]
fn yaml() {
    let deep = format!("a: {}{}", "[".repeat(70), "]".repeat(70));
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..7 {
        let alias = format!("*a{}", level - 1);
        writeln!(laughs, "a{level}: &a{level} [{}]", [alias.as_str(); 10].join(", "))
            .expect("strings can be written to");
    }
    check(
        "yaml",
        &[
            ("syntax", "receivers:\n  otlp: {protocols: [}\n".into()),
            ("unclosed quote", "receivers:\n  otlp: \"abc\n".into()),
            ("colon in a value", "receivers:\n  otlp: a: b\n".into()),
            ("reference in braces", "receivers:\n  otlp: {endpoint: ${env:A}}\n".into()),
            ("tab", "receivers:\n\totlp:\n".into()),
            ("tab after spaces", "receivers:\n  otlp:\n  \tprotocols:\n".into()),
            ("tab after a key", "receivers:\n  otlp:\n    protocols:\n\t  grpc:\n".into()),
            ("tab after a value", "receivers:\n  otlp:\n    a: b\n\tc: d\n".into()),
            (
                "comparison without quotes",
                "rules:\n  - levels:\n      warning: >= 80\n      critical: >= 90\n".into(),
            ),
            ("duplicate key", "receivers:\n  otlp:\n  # twice\n  otlp:\n".into()),
            ("number as key", exporter("    8080: x\n    endpoint: a")),
            ("list as key", "? [a, b]\n: c\n".into()),
            ("two documents", "receivers:\n---\nexporters:\n".into()),
            ("unknown anchor", "receivers: *x\n".into()),
            ("merge of a scalar", "receivers:\n  otlp:\n    <<: 5\n".into()),
            ("tag", exporter("    endpoint: !!binary aGk=")),
            ("too deep", deep),
            ("billion laughs", laughs),
            ("empty", String::new()),
            ("only comments", "# nothing\n".into()),
            ("a list", "- receivers\n".into()),
        ],
    );
}

#[test]
fn keys_and_values() {
    check(
        "keys_and_values",
        &[
            ("unknown key, near", exporter("    endpont: a")),
            ("unknown key, far", exporter("    endpoint: a\n    sending_queue: {colour: red}")),
            ("unknown key where there are none", service("  x: {}\n").replace("debug: ", "debug: {a: 1}")),
            ("missing key", exporter("    timeout: 5s")),
            ("key without value", exporter("    endpoint:")),
            ("both names of a key", exporter("    endpoint: a\n    compress: gzip\n    compression: zstd")),
            ("string for a number", exporter("    endpoint: a\n    sending_queue:\n      queue_size: many")),
            ("quoted number", exporter("    endpoint: a\n    sending_queue: {queue_size: '100'}")),
            ("leading zero", exporter("    endpoint: a\n    sending_queue: {queue_size: 0100}")),
            ("number with fraction", exporter("    endpoint: a\n    sending_queue: {queue_size: 1.5}")),
            ("yes", exporter("    endpoint: a\n    sending_queue: {enabled: yes}")),
            ("list for a mapping", exporter("    endpoint: a\n    sending_queue:\n      - enabled")),
            ("number for a list", exporter("    endpoint: a\n    signals: 5")),
            ("mapping for a string", exporter("    endpoint: {host: a}")),
            ("scalar for a component", exporter("    just text")),
            ("too large", exporter("    endpoint: a\n    sending_queue: {queue_size: 100001}")),
            ("too small", exporter("    endpoint: a\n    sending_queue: {queue_size: 0}")),
            (
                "beyond the type",
                "receivers: {otlp: {protocols: {grpc: {max_recv_msg_size_mib: 70000}}}}".into(),
            ),
            ("duration without unit", exporter("    endpoint: a\n    timeout: 30")),
            ("unknown unit", exporter("    endpoint: a\n    timeout: 3 minutes")),
            ("bad size", exporter("    endpoint: a\n    sending_queue: {size: 5 apples}")),
            ("enum, near", exporter("    endpoint: a\n    compression: gzipp")),
            ("enum, far", exporter("    endpoint: a\n    compression: lz4")),
            ("enum in a list", exporter("    endpoint: a\n    signals: [traces, metric]")),
            ("variant, near", exporter("    endpoint: a\n    body: {regexp: x}")),
            ("variant, wrong name", exporter("    endpoint: a\n    body: jsno")),
            ("variant, wrong inside", exporter("    endpoint: a\n    body: {csv: {seperator: x}}")),
            ("two variants", exporter("    endpoint: a\n    body: {regex: x, csv: {separator: y}}")),
            ("tag, near", exporter("    endpoint: a\n    auth: {type: basik, user: x}")),
            ("tag, missing", exporter("    endpoint: a\n    auth: {user: x}")),
            ("tag, wrong inside", exporter("    endpoint: a\n    auth: {type: basic, usr: x}")),
            ("flattened, wrong inside", flat("every: 5, queue_size: 0, pair: [x, 1]")),
            ("flattened, none", flat("queue_size: 0")),
            ("flattened, near", flat("crom: {line: x}, enabld: true")),
            (
                "required below an option",
                "receivers: {otlp: {protocols: {grpc: {tls: {key_file: x}}}}}".into(),
            ),
            ("secrets are masked", exporter("    endpoint: a\n    token: {password: hunter2}")),
            (
                "secrets by their schema",
                exporter("    {endpoint: a, hook: 'https://SECRET', tokn: 'SECRET', formatt: slack}"),
            ),
            (
                "secrets by their schema in lines of others",
                exporter(
                    "    {endpoint: 'https://me:SECRET@a/b?key=SECRET', hook: 'https://SECRET/x', rate: x, more_headers: {x: {y: SECRET}}, x: 'me:SECRET@b:1'}",
                ),
            ),
            (
                "secrets of a wrong kind",
                exporter("    endpoint: a\n    hook: [SECRET]\n    more_headers: SECRET"),
            ),
            ("logins in messages", exporter("    endpoint: a\n    rate: 'http://me:SECRET@host?SECRET'")),
        ],
    );
}

#[test]
fn a_mistake_in_a_text_is_shown_where_it_is() {
    let loaded = read(&exporter("    endpoint: 'a == b'\n    extra: {text: b == a, lines: \"a\\n==\"}"));
    let config = loaded.config.expect("it is right");
    let component = config.exporters.values().next().expect("there is one");
    let shown = |path: &str| component.diagnose(tidewatch_config::Mistake::new(path, "").at(2)).to_string();
    assert_eq!(shown("endpoint"), "yaml:4:18: ");
    assert_eq!(shown("extra.text"), "yaml:5:21: ");
    assert_eq!(shown("extra.lines"), "yaml:5:34: ", "what is escaped is shown as a whole");
}

#[test]
fn references() {
    check(
        "references",
        &[
            ("missing variable", exporter("    endpoint: http://${env:NOPE}:4317")),
            ("no scheme", exporter("    endpoint: ${HOST}")),
            ("unknown scheme", exporter("    endpoint: ${vault:secret/x}")),
            ("scheme, near", exporter("    endpoint: ${evn:HOST}")),
            (
                "shell variable",
                exporter("    endpoint: $BACKEND\n    token: $SECRET\n    brokers: ['$$A', 'a$B']"),
            ),
            (
                "shell variable in a wrong value",
                exporter("    endpoint: a\n    timeout: ${env:PORT}$UNIT\n    rate: $RATE"),
            ),
            ("not closed", exporter("    endpoint: ${env:HOST")),
            ("single dash", exporter("    endpoint: ${env:HOST-localhost}")),
            ("missing file", exporter("    endpoint: ${file:/no/such/file}")),
            (
                "wrong type by reference",
                exporter("    endpoint: a\n    sending_queue: {queue_size: '${env:WORD}'}"),
            ),
            (
                "nothing by reference",
                exporter("    endpoint: a\n    sending_queue: {queue_size: '${env:EMPTY}'}"),
            ),
            (
                "out of range by reference",
                exporter("    endpoint: a\n    sending_queue: {queue_size: '${env:PORT}00'}"),
            ),
            ("enum by reference", exporter("    endpoint: a\n    compression: ${env:WORD}")),
            ("duration by reference", exporter("    endpoint: a\n    timeout: ${env:PORT}")),
        ],
    );
}

#[test]
fn components() {
    let only = |section: &str, id: &str| format!("{section}:\n  {id}:\n");
    check(
        "components",
        &[
            ("unknown top-level key", "recievers:\n  otlp:\n".into()),
            ("path with dots", "service.telemetry.logs.level: debug\n".into()),
            ("unknown type, near", only("receivers", "otpl")),
            ("unknown type, far", only("receivers", "telepathy/2")),
            ("of the Collector", only("receivers", "hostmetrics")),
            ("renamed by the Collector", only("exporters", "logging")),
            ("another kind", only("receivers", "batch")),
            ("connector", only("connectors", "spanmetrics")),
            ("unknown connector", only("connectors", "magic")),
            ("no name after the slash", only("receivers", "otlp/")),
            ("two slashes", only("receivers", "a/b/c")),
            ("list of components", "receivers: [otlp]\n".into()),
        ],
    );
}

#[test]
fn services() {
    let used = "  extensions: [health_check]\n  pipelines:\n    main: {receivers: [otlp, prometheus], processors: [batch, threshold], exporters: [debug, prometheus]}\n";
    let more = |yaml: &str| service(&format!("{used}{yaml}"));
    check(
        "services",
        &[
            ("no service", "receivers:\n  otlp:\n".into()),
            ("no pipelines", "receivers: {otlp: }\nservice:\n  extensions: []\n".into()),
            ("no receiver, no exporter", more("    empty:\n")),
            ("not defined, near", more("    x: {receivers: [otlp/2], exporters: [debgu]}\n")),
            (
                "not defined, another kind",
                more("    x: {receivers: [otlp], processors: [debug], exporters: [debug]}\n"),
            ),
            (
                "listed twice",
                more(
                    "    x: {receivers: [otlp], processors: [batch, threshold, batch], exporters: [debug]}\n",
                ),
            ),
            ("extension not defined", more("").replace("[health_check]", "[health_chek]")),
            ("bad id in a list", more("    x: {receivers: [otlp/], exporters: [debug]}\n")),
            (
                "unused and deprecated",
                service("  pipelines: {main: {receivers: [otlp], exporters: [debug, prometheus]}}\n")
                    .replace("health_check:", "pprof:"),
            ),
            (
                "unsupported and not used",
                service(used).replace("processors: {", "processors: {groupbyattrs: , magic: , "),
            ),
            ("near a signal", more("    trace: {receivers: [otlp], exporters: [debug]}\n")),
            ("case of a signal", more("    Metrics/2: {receivers: [otlp], exporters: [debug]}\n")),
            ("signal of the Collector", more("    profiles: {receivers: [otlp], exporters: [debug]}\n")),
            ("bad pipeline name", more("    traces/: {receivers: [otlp], exporters: [debug]}\n")),
            (
                "signals nobody takes",
                more("    x: {receivers: [otlp], processors: [threshold], exporters: [prometheus]}\n"),
            ),
            (
                "signals nobody has",
                more("    traces: {receivers: [otlp, prometheus], exporters: [debug, prometheus]}\n"),
            ),
            (
                "telemetry",
                more(
                    "  telemetry:\n    logs: {level: verbose}\n    traces: {level: basic}\n    resource: {a: b}\n    metrics:\n      readers: [{periodic: {exporter: {otlp: {}}}}]\n",
                ),
            ),
            ("metrics address", more("  telemetry: {metrics: {address: localhost}}\n")),
            ("no readers", more("  telemetry: {metrics: {readers: []}}\n")),
            ("dead letters nowhere", more("  dead_letter: file/dead\n")),
            ("dead letters that are not taken", more("  dead_letter: prometheus\n")),
            ("dead letters to several", more("  dead_letter: [debug]\n")),
            ("shutdown timeout", more("  shutdown_timeout: 30\n  memory_limit: 1 GB of RAM\n")),
        ],
    );
}
