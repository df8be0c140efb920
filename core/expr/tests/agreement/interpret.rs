//! Statements carried out on messages.

use crate::converters;
use crate::editors;
use crate::fields;
use crate::record::Record;
use crate::statement::{Expr, Key, Path, Statement};
use crate::value::{Fault, Result, Value, entry, get, order, put};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use std::cmp::Ordering;

/// Whether the condition held. Where it fails, nothing is changed.
pub(crate) fn run(statement: &Statement, record: &mut Record<'_>) -> Result<bool> {
    if let Some(condition) = &statement.condition
        && !evaluate(condition, record)?.is_true()
    {
        return Ok(false);
    }
    editors::run(statement, record).map(|()| true)
}

pub(crate) fn evaluate(expr: &Expr, record: &Record<'_>) -> Result<Value> {
    let both = |operands: &[Expr; 2]| -> Result<(Value, Value)> {
        Ok((evaluate(&operands[0], record)?, evaluate(&operands[1], record)?))
    };
    Ok(match expr {
        Expr::Nil => Value::Nil,
        Expr::Bool(value) => Value::Bool(*value),
        Expr::Int(number) => Value::Int(*number),
        Expr::Float(number) => Value::Float(*number),
        Expr::Text(text) => Value::Text(text.clone()),
        Expr::Bytes(bytes) => Value::Bytes(bytes.clone()),
        Expr::List(values) => {
            let values = values.iter().map(|value| evaluate(value, record)?.store());
            Value::List(values.collect::<Result<_>>()?)
        }
        Expr::Map(entries) => {
            let entries =
                entries.iter().map(|(key, value)| Ok(entry(key, evaluate(value, record)?.store()?)));
            Value::Map(entries.collect::<Result<_>>()?)
        }
        Expr::Path(path) => read(path, record)?,
        // The first value that is there; those behind it are not looked at.
        Expr::Call("Coalesce", arguments) => {
            for value in written_list(arguments) {
                let value = evaluate(value, record)?;
                if !matches!(value, Value::Nil) {
                    return Ok(value);
                }
            }
            Value::Nil
        }
        Expr::Call("Concat", arguments) => {
            let delimiter = evaluate(&arguments[1], record)?.text()?;
            let mut shown = Vec::new();
            for value in written_list(arguments) {
                shown.push(evaluate(value, record)?.shown()?.unwrap_or_else(|| "<nil>".to_owned()));
            }
            Value::Text(shown.join(&delimiter))
        }
        Expr::Call(name, arguments) => {
            let values = arguments.iter().map(|argument| evaluate(argument, record));
            converters::call(name, values.collect::<Result<_>>()?)?
        }
        Expr::Negate(operand) => match evaluate(operand, record)? {
            Value::Int(number) => Value::Int(number.wrapping_neg()),
            Value::Float(number) => Value::Float(-number),
            Value::Duration(nanos) => Value::Duration(nanos.wrapping_neg()),
            _ => return Err(Fault::Fails),
        },
        Expr::Calculate(operator, operands) => {
            let (left, right) = both(operands)?;
            calculate(&left, *operator, &right)?
        }
        Expr::Compare(comparison, operands) => {
            let (left, right) = both(operands)?;
            let order = order(&left, &right);
            Value::Bool(match *comparison {
                "==" => order == Some(Ordering::Equal),
                "!=" => order != Some(Ordering::Equal),
                "<" => order == Some(Ordering::Less),
                ">" => order == Some(Ordering::Greater),
                "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                ">=" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                other => panic!("{other}"),
            })
        }
        Expr::Not(operand) => match evaluate(operand, record)? {
            Value::Bool(value) => Value::Bool(!value),
            _ => return Err(Fault::Fails),
        },
        // The first that decides ends it, so what stands behind it cannot fail.
        Expr::All(operands) => Value::Bool(!any(operands, false, record)?),
        Expr::Any(operands) => Value::Bool(any(operands, true, record)?),
    })
}

/// The values of a list that is the first argument.
fn written_list(arguments: &[Expr]) -> &[Expr] {
    if let Some(Expr::List(values)) = arguments.first() { values } else { panic!("a list is written") }
}

/// Whether any of the operands is (or is not) true.
fn any(operands: &[Expr], wanted: bool, record: &Record<'_>) -> Result<bool> {
    for operand in operands {
        if evaluate(operand, record)?.is_true() == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

fn calculate(left: &Value, operator: char, right: &Value) -> Result<Value> {
    Ok(match (left, operator, right) {
        (Value::Int(_), '/', Value::Int(0)) => return Err(Fault::Fails),
        (Value::Int(left), _, Value::Int(right)) => Value::Int(match operator {
            '+' => left.wrapping_add(*right),
            '-' => left.wrapping_sub(*right),
            '*' => left.wrapping_mul(*right),
            _ => left.wrapping_div(*right),
        }),
        (Value::Time(left), '-', Value::Time(right))
        | (Value::Duration(left), '-', Value::Duration(right)) => {
            Value::Duration(left.saturating_sub(*right))
        }
        (Value::Time(time), '+', Value::Duration(span)) | (Value::Duration(span), '+', Value::Time(time)) => {
            Value::Time(time.saturating_add(*span))
        }
        (Value::Time(time), '-', Value::Duration(span)) => Value::Time(time.saturating_sub(*span)),
        (Value::Duration(left), '+', Value::Duration(right)) => Value::Duration(left.saturating_add(*right)),
        _ => {
            let (left, right) = (left.number().ok_or(Fault::Fails)?, right.number().ok_or(Fault::Fails)?);
            Value::Float(match operator {
                '+' => left + right,
                '-' => left - right,
                '*' => left * right,
                _ if right == 0.0 => return Err(Fault::Fails),
                _ => left / right,
            })
        }
    })
}

/// A key of which the value is known.
enum Step {
    Name(String),
    Index(usize),
}

fn steps(path: &Path, record: &Record<'_>) -> Result<Vec<Step>> {
    let step = |key: &Key| {
        Ok(match key {
            Key::Name(name) => Step::Name(name.clone()),
            Key::Index(index) => Step::Index(*index),
            Key::Computed(path) => match read(path, record)? {
                Value::Text(name) => Step::Name(name),
                // No list has an index below 0.
                Value::Int(index) => Step::Index(usize::try_from(index).unwrap_or(usize::MAX)),
                _ => return Err(Fault::Fails),
            },
        })
    };
    path.keys.iter().map(step).collect()
}

pub(crate) fn read(path: &Path, record: &Record<'_>) -> Result<Value> {
    let mut value = fields::read(record, path.owner, path.field);
    for step in steps(path, record)? {
        value = match (value, step) {
            (Value::Map(map), Step::Name(name)) => get(&map, &name),
            (Value::List(list), Step::Index(index)) => Value::of(list.get(index)),
            _ => Value::Nil,
        };
    }
    Ok(value)
}

pub(crate) fn write(path: &Path, record: &mut Record<'_>, value: Value) -> Result<()> {
    let mut whole = fields::read(record, path.owner, path.field);
    replace(&mut whole, &steps(path, record)?, value)?;
    fields::write(record, path.owner, path.field, whole)
}

fn replace(whole: &mut Value, steps: &[Step], value: Value) -> Result<()> {
    let Some((step, rest)) = steps.split_first() else {
        *whole = value;
        return Ok(());
    };
    if matches!((&*whole, step), (Value::Nil, Step::Name(_))) {
        *whole = Value::Map(Vec::new());
    }
    match (whole, step) {
        (Value::Map(map), Step::Name(name)) => {
            let mut inner = get(map, name);
            replace(&mut inner, rest, value)?;
            put(map, name, inner.store()?);
        }
        (Value::List(list), Step::Index(index)) => {
            let old = list.get_mut(*index).ok_or(Fault::Fails)?;
            let mut inner = Value::of(Some(old));
            replace(&mut inner, rest, value)?;
            *old = inner.store()?;
        }
        _ => return Err(Fault::Fails),
    }
    Ok(())
}

/// Takes out what repeats of the keys of a path.
pub(crate) fn leave(path: &Path, record: &mut Record<'_>) -> Result<()> {
    let mut whole = fields::read(record, path.owner, path.field);
    if leave_first(&mut whole, &steps(path, record)?) {
        fields::write(record, path.owner, path.field, whole)?;
    }
    Ok(())
}

/// Whether anything was taken out.
fn leave_first(value: &mut Value, steps: &[Step]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return false };
    let inner = match (&mut *value, step) {
        (Value::Map(map), Step::Name(name)) => {
            let before = map.len();
            let mut seen = false;
            map.retain(|entry| entry.key != *name || !std::mem::replace(&mut seen, true));
            let removed = map.len() < before;
            let entry = map.iter_mut().find(|entry| entry.key == *name);
            return entry.is_some_and(|entry| leave_in(entry.value.get_or_insert_default(), rest)) || removed;
        }
        (Value::List(list), Step::Index(index)) => list.get_mut(*index),
        _ => None,
    };
    inner.is_some_and(|inner| leave_in(inner, rest))
}

fn leave_in(stored: &mut AnyValue, steps: &[Step]) -> bool {
    let mut value = Value::of(Some(stored));
    let removed = leave_first(&mut value, steps);
    if removed {
        *stored = value.store().expect("it was stored");
    }
    removed
}
