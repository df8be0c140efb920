//! Fuzz targets: run over some random inputs with every test run, and longer on demand.

use crate::batch::check;
use crate::common;
use crate::generate::Generator;
use bolero::check as fuzz;
use tidewatch_expr::{Condition, Context, Expression, ParseError, Statement};
use tidewatch_otlp::testing::{Source, arb_request, damage, rearrange};
use tidewatch_otlp::{Request, Signal};

const ITERATIONS: usize = 1_000;

/// Parses a text as everything it may be.
fn parse(text: &str, context: Context) {
    let inside = |error: Option<ParseError>| {
        assert!(error.is_none_or(|error| error.position.offset <= text.len()), "{text}");
    };
    inside(Statement::parse(text, context).err());
    inside(Statement::parse_prefixed(text, context).err());
    inside(Condition::parse(text, context).err());
    inside(Expression::parse(text, context).err());
}

/// The first byte chooses the context and what the rest is: a text, or a seed for a statement that is damaged.
#[test]
fn fuzz_texts() {
    fuzz!().with_iterations(ITERATIONS).for_each(|input: &[u8]| {
        let Some((&head, rest)) = input.split_first() else { return };
        let context = Context::ALL[usize::from(head) % Context::ALL.len()];
        if head < 128 {
            return parse(&String::from_utf8_lossy(rest), context);
        }
        let mut source = Source::from_seed(Source::from_bytes(rest).word());
        let statement = Generator { source: &mut source, context }.statement().to_string();
        parse(&String::from_utf8_lossy(&damage(statement.into_bytes(), &mut source)), context);
    });
}

/// What nests, nests to a limit.
#[test]
fn depth_is_bounded_wherever_something_nests() {
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        (r#"{"a": "#, "1", "}"),
        ("Len(", "1", ")"),
        ("attributes[attributes[", "body", "]]"),
        ("-", "1", ""),
        ("not ", "true", ""),
        ("1 + ", "1", ""),
        ("1 * ", "1", ""),
    ] {
        for depth in [10_000, 3_000, 100] {
            let expression = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            let statement = format!("set(body, {expression})");
            let error = Statement::parse(&statement, Context::Log).expect_err(open).to_string();
            assert!(error.contains("too deeply") || error.contains("64 KiB"), "{error}");
            parse(&statement[..statement.len().min(1_000)], Context::Log);
        }
    }
}

fn programs(signal: Signal) -> &'static [(Context, &'static [&'static str])] {
    match signal {
        Signal::Logs => &[
            (Context::Resource, &[r#"set(attributes["a"]["b"], schema_url)"#]),
            (Context::Scope, &[r#"set(attributes, resource.attributes)"#, r#"delete_key(attributes, "k")"#]),
            (
                Context::Log,
                &[
                    r#"set(cache["body"], body)"#,
                    r#"set(body["nested"]["again"], attributes) where body != nil"#,
                    r#"set(body, cache["body"]) where Len(cache["body"]) > 3"#,
                    r#"set(severity_number, severity_number + 1) where severity_number < 24"#,
                    r#"set(attributes["event"], [time_unix_nano, body, resource.attributes])"#,
                    r#"delete_key(body, "k")"#,
                    r#"set(resource.attributes["last"], trace_id.string)"#,
                    r#"set(trace_id.string, attributes["host"])"#,
                    r#"merge_maps(attributes, resource.attributes, "insert")"#,
                    r#"flatten(attributes, "flat", 2)"#,
                    r#"flatten(body, resolve_conflicts=true)"#,
                    r#"keep_matching_keys(body, "^[a-z]")"#,
                    r#"replace_all_patterns(attributes, "value", "[a-z]", "$0$0")"#,
                    r#"replace_all_patterns(attributes, "key", "e", "E")"#,
                    r#"replace_pattern(body, "(.)(.)", "$2$1")"#,
                    r#"append(attributes["list"], values=[severity_text, body])"#,
                    r#"limit(attributes, 5, ["event"])"#,
                    r#"truncate_all(attributes, 9, truncation_marker="...")"#,
                    r#"stringify_all(attributes)"#,
                ],
            ),
        ],
        Signal::Traces => &[
            (
                Context::Span,
                &[
                    r#"set(name, "long") where Len(name) > 3"#,
                    r#"set(attributes["took"], end_time_unix_nano - start_time_unix_nano)"#,
                    r#"set(status.message, kind.string)"#,
                    r#"set(end_time, start_time + (end_time - start_time))"#,
                    r#"delete_key(attributes, "service.name")"#,
                    r#"delete_matching_keys(resource.attributes, "s.*e")"#,
                    r#"set(attributes["upper"], ToUpperCase(Concat([name, trace_state], "-")))"#,
                    r#"set(attributes["short"], Substring(trace_id.string, 0, 8))"#,
                ],
            ),
            (
                Context::SpanEvent,
                &[
                    r#"set(span.attributes["event"], name)"#,
                    r#"set(attributes["span"], span.attributes)"#,
                    r#"set(time, span.start_time)"#,
                ],
            ),
        ],
        Signal::Metrics => &[
            (
                Context::Metric,
                &[
                    r#"set(metadata["type"], type)"#,
                    r#"set(unit, name) where unit == """#,
                    r#"convert_sum_to_gauge()"#,
                    r#"convert_gauge_to_sum("delta", true) where Len(name) > 3"#,
                ],
            ),
            (
                Context::DataPoint,
                &[
                    r#"set(attributes["metric"], metric.name)"#,
                    r#"set(value_double, value_int * 2) where value_int != nil"#,
                    r#"set(metric.is_monotonic, true)"#,
                    r#"set(metric.aggregation_temporality, 1)"#,
                    r#"set(attributes["buckets"], bucket_counts)"#,
                    r#"set(sum, Max(sum, 0)) where sum != nil"#,
                    r#"keep_keys(attributes, ["metric", "k", "buckets"])"#,
                    r#"replace_all_matches(attributes, "*.*", "dotted")"#,
                ],
            ),
        ],
    }
}

/// The first byte chooses the signal and what the rest is: wire bytes, or a seed for a request that is damaged.
fn request(input: &[u8]) -> Option<Request> {
    let (&head, rest) = input.split_first()?;
    let signal = Signal::ALL[usize::from(head) % 3];
    let mut seeded = Source::from_seed(Source::from_bytes(rest).word());
    let bytes = match head / 3 % 3 {
        0 => rest.to_vec(),
        1 => damage(arb_request(signal, &mut seeded), &mut seeded.clone()),
        _ => rearrange(&arb_request(signal, &mut seeded), &mut seeded.clone()),
    };
    check(signal, bytes)
}

#[test]
fn fuzz_batches() {
    fuzz!().with_iterations(ITERATIONS).for_each(|input: &[u8]| {
        let Some(mut request) = request(input) else { return };
        for (context, texts) in programs(request.signal()) {
            let statements: Vec<_> =
                texts.iter().map(|text| Statement::parse(text, *context).expect(text)).collect();
            let (edited, _) = common::run(&statements, *context, &request);
            let checked = Request::check(edited.signal(), edited.bytes().clone()).expect("it is well formed");
            assert_eq!(checked.request, edited);
            request = edited;
        }
    });
}
