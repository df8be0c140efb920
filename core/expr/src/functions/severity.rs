//! Severities by a mapping that stands in the statement.

use super::{Function, lists::map, plain};
use crate::{Failure, Value};
use tidewatch_otlp::{edit::Arena, views::ValueView};

pub(super) static TABLE: &[Function] =
    &[plain("ParseSeverity", &["target", "severity_mapping"], parse_severity)];

/// The first level of which a criterion fits: `{"info": [{"equals": ["inf"]}, {"range": {"min": 200, "max": 299}}]}`.
fn parse_severity<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    if !matches!(values[0], Value::Text(_) | Value::Int(_)) {
        return Err(Failure::expected("text or an integer", &values[0]));
    }
    for (level, criteria) in map(&values[1])?.iter() {
        let ValueView::Array(criteria) = criteria else { return Err(not_a_criterion(level)) };
        for criterion in criteria.iter() {
            if fits(&values[0], criterion).ok_or_else(|| not_a_criterion(level))? {
                return Ok(Value::Text(level));
            }
        }
    }
    Err(Failure::new("no level has a criterion that fits"))
}

fn not_a_criterion(level: &str) -> Failure {
    Failure::new(format!(
        r#"`{level}` needs a list of criteria: `{{"equals": ["a"]}}` or `{{"range": {{"min": 200, "max": 299}}}}`"#
    ))
}

/// None: this is no criterion.
fn fits(target: &Value<'_>, criterion: ValueView<'_>) -> Option<bool> {
    let ValueView::KvList(criterion) = criterion else { return None };
    if let Some(equals) = criterion.get("equals") {
        let ValueView::Array(equals) = equals else { return None };
        return Some(equals.iter().any(|one| one.as_str().is_some() && one.as_str() == target.as_str()));
    }
    let (min, max) = match criterion.get("range")? {
        ValueView::Str(placeholder) => {
            let hundreds =
                placeholder.strip_suffix("xx")?.parse::<i64>().ok().filter(|n| (2..=5).contains(n))?;
            (hundreds * 100, hundreds * 100 + 99)
        }
        ValueView::KvList(range) => match (range.get("min")?, range.get("max")?) {
            (ValueView::Int(min), ValueView::Int(max)) => (min, max),
            _ => return None,
        },
        _ => return None,
    };
    Some(matches!(target, Value::Int(number) if (min..=max).contains(number)))
}
