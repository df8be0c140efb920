//! Upper and lower case, words in one.

use super::{Function, plain};
use crate::{Failure, Value, limits::fits, text::text};
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[
    plain("ConvertCase", &["target", "to_case"], convert_case),
    plain("ToCamelCase", &["target"], |values, arena| converted(&values[0], camel, arena)),
    plain("ToLowerCase", &["target"], |values, arena| converted(&values[0], str::to_lowercase, arena)),
    plain("ToSnakeCase", &["target"], |values, arena| converted(&values[0], snake, arena)),
    plain("ToUpperCase", &["target"], |values, arena| converted(&values[0], str::to_uppercase, arena)),
];

fn convert_case<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let to: fn(&str) -> String = match text(&values[1])? {
        "lower" => str::to_lowercase,
        "upper" => str::to_uppercase,
        "snake" => snake,
        "camel" => camel,
        other => {
            let message = format!("there is no case `{other}`: it is lower, upper, snake or camel");
            return Err(Failure::new(message));
        }
    };
    converted(&values[0], to, arena)
}

fn converted<'a>(
    value: &Value<'a>,
    to: impl Fn(&str) -> String,
    arena: &'a Arena,
) -> Result<Value<'a>, Failure> {
    let text = text(value)?;
    // A character grows to three at most.
    fits(text.len().saturating_mul(3))?;
    Ok(Value::Text(arena.text(&to(text))))
}

const SEPARATORS: [char; 4] = ['_', '-', ' ', '.'];

/// `my_metric` becomes `MyMetric`.
fn camel(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut next_is_upper = true;
    for character in text.trim().chars() {
        if SEPARATORS.contains(&character) {
            next_is_upper = true;
        } else if next_is_upper {
            out.extend(character.to_uppercase());
            next_is_upper = character.is_ascii_digit();
        } else {
            out.push(character);
            next_is_upper = character.is_ascii_digit();
        }
    }
    out
}

/// `myMetric` becomes `my_metric`, `HTTPServer` becomes `http_server`.
fn snake(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut characters = text.trim().chars().peekable();
    let mut last: Option<char> = None;
    while let Some(character) = characters.next() {
        if SEPARATORS.contains(&character) {
            out.push('_');
            last = None;
            continue;
        }
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        let is_border = last.is_some_and(|last| {
            (character.is_uppercase() && (last.is_lowercase() || next_is_lower))
                || character.is_ascii_digit() != last.is_ascii_digit()
        });
        if is_border {
            out.push('_');
        }
        out.extend(character.to_lowercase());
        last = Some(character);
    }
    out
}
