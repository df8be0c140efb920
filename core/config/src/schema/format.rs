//! What schemas say about scalars: listed values, ranges, formats.

use serde_json::{Number, Value as Json};

use super::shape::{Shape, join, show};
use crate::values::{ByteSize, ByteSizeError, DurationError, GoDuration};
use crate::{ComponentId, Diagnostic, Node, PipelineId, Value, nearest};

/// What is wrong with a scalar that is of a kind that `shape` takes. Marks it if it is secret.
pub(super) fn check(shape: &Shape, node: &mut Node) -> Option<Diagnostic> {
    node.secret |= shape.format.as_deref() == Some("secret");
    if let Some(values) = &shape.values {
        return listed(values, node);
    }
    match &node.value {
        Value::String(text) => string(shape, text, node),
        Value::Number(number) => range(shape, number, node),
        _ => None,
    }
}

/// Listed values may be written in any case, and are brought to the listed one.
fn listed(values: &[Json], node: &mut Node) -> Option<Diagnostic> {
    let own = node.to_json();
    if values.contains(&own) {
        return None;
    }
    let names = || values.iter().filter_map(Json::as_str);
    let text = own.as_str().unwrap_or_default();
    if let Some(name) = names().find(|name| name.eq_ignore_ascii_case(text)) {
        node.value = Value::String(name.to_owned());
        return None;
    }
    let subject = match node.span.via() {
        Some(reference) => format!("the value of `{reference}`"),
        None => show(std::slice::from_ref(&own)).concat(),
    };
    let expected = format!("expected {}", join(&show(values)));
    let suggestion = nearest::suggest(text, names()).filter(|_| node.span.via().is_none());
    let diagnostic =
        Diagnostic::error(node.span.clone(), format!("{subject} is not possible here: {expected}"));
    Some(diagnostic.maybe_help(suggestion))
}

fn string(shape: &Shape, text: &str, node: &Node) -> Option<Diagnostic> {
    let error = |message: String| Diagnostic::error(node.span.clone(), message);
    match shape.min_length.filter(|least| (text.chars().count() as u64) < *least) {
        Some(1) => return Some(error("the string is empty".into())),
        Some(least) => return Some(error(format!("the string has fewer than {least} characters"))),
        None => {}
    }
    match shape.format.as_deref()? {
        "duration" => {
            let problem = text.parse::<GoDuration>().err()?;
            if let Some(reference) = node.span.via() {
                return Some(
                    error(format!("the value of `{reference}` is not a duration"))
                        .help(DurationError::Malformed.help()),
                );
            }
            Some(error(problem.to_string()).help(problem.help()))
        }
        "byte-size" => {
            let problem = text.parse::<ByteSize>().err()?;
            if let Some(reference) = node.span.via() {
                return Some(
                    error(format!("the value of `{reference}` is not a size in bytes"))
                        .help(ByteSizeError::Malformed.help()),
                );
            }
            Some(error(problem.to_string()).help(problem.help()))
        }
        "component-id" => {
            let problem = text.parse::<ComponentId>().err()?;
            let message = format!("`{text}` is not the name of a component: {problem}");
            Some(error(message).help("components are named `type` or `type/name`"))
        }
        "pipeline-id" => {
            let problem = text.parse::<PipelineId>().err()?;
            Some(error(format!("`{text}` is not the name of a pipeline: {problem}")))
        }
        _ => None,
    }
}

fn range(shape: &Shape, number: &Number, node: &Node) -> Option<Diagnostic> {
    let value = number.as_f64()?;
    let outside = |wrong: fn(f64, f64) -> bool, limit: Option<Number>| {
        limit.filter(|limit| limit.as_f64().is_some_and(|limit| wrong(value, limit)))
    };
    let type_limits = shape.format.as_deref().and_then(type_limits);
    let minimum = shape.minimum.clone().or(type_limits.clone().map(|(least, _)| least));
    let maximum = shape.maximum.clone().or(type_limits.map(|(_, most)| most));
    let rule = if let Some(limit) = outside(|value, limit| value < limit, minimum) {
        format!("at least {limit}")
    } else if let Some(limit) = outside(|value, limit| value > limit, maximum) {
        format!("at most {limit}")
    } else if let Some(limit) = outside(|value, limit| value <= limit, shape.exclusive_minimum.clone()) {
        format!("greater than {limit}")
    } else {
        let limit = outside(|value, limit| value >= limit, shape.exclusive_maximum.clone())?;
        format!("less than {limit}")
    };
    let subject = match node.span.via() {
        Some(reference) => format!("the value of `{reference}`"),
        None => number.to_string(),
    };
    Some(Diagnostic::error(node.span.clone(), format!("{subject} is out of range: it must be {rule}")))
}

/// The range of Rust's integer types, which schemars names, but spells out only for small ones.
fn type_limits(format: &str) -> Option<(Number, Number)> {
    Some(match format {
        "uint8" => (0.into(), u8::MAX.into()),
        "uint16" => (0.into(), u16::MAX.into()),
        "uint32" => (0.into(), u32::MAX.into()),
        "uint64" | "uint" => (0.into(), u64::MAX.into()),
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int64" | "int" => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    })
}
