//! Templates in configurations, within limits: a mistake in one costs its text, never the agent.

use minijinja::{Environment, Error, ErrorKind, Template, Value, value::Serde};
use serde::Serialize;
use std::{collections::BTreeSet, fmt::Display, io};

/// The longest template, in bytes: 16 KiB.
pub const MAX_SOURCE_BYTES: usize = 16 << 10;

/// Reserved, and used only as far as a template is deep.
const COMPILER_STACK: usize = 64 << 20;

/// The longest text that a template makes, in bytes: 1 MiB.
pub const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// Steps of one rendering: some tenths of a second.
const FUEL: u64 = 1_000_000;

/// Macros and loops that call themselves.
const MAX_RECURSION: usize = 32;

/// Elements of a `range`.
const MAX_RANGE: usize = 10_000;

/// An environment whose templates end: steps and recursion are limited, and what makes much of little
/// (`format`, `indent`, `batch`, `slice`, `namespace`) is not there.
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_RECURSION);
    for filter in ["format", "indent", "batch", "slice", "pprint"] {
        environment.remove_filter(filter);
    }
    for function in ["namespace", "debug"] {
        environment.remove_global(function);
    }
    environment.add_function("range", range);
    environment.add_filter("replace", replace);
    environment.add_filter("join", join);
    environment
}

/// Says whether a template is short enough to be compiled.
///
/// # Errors
/// It is longer than [`MAX_SOURCE_BYTES`].
pub fn check_length(source: &str) -> Result<(), Error> {
    if source.len() <= MAX_SOURCE_BYTES {
        return Ok(());
    }
    let detail = format!("it has {} bytes; at most {MAX_SOURCE_BYTES} are allowed", source.len());
    Err(Error::new(ErrorKind::SyntaxError, detail))
}

/// Does what compiles a template on a stack that is deep enough for the longest one: the compiler calls
/// itself for each `+` of `1+1+1`.
///
/// # Errors
/// What `work` says, or that there is no thread for it.
pub fn with_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let failed = || Error::new(ErrorKind::InvalidOperation, "the template could not be compiled");
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("template".into()).stack_size(COMPILER_STACK);
        let thread = builder.spawn_scoped(scope, work).map_err(|error| failed().with_source(error))?;
        thread.join().unwrap_or_else(|_| Err(failed()))
    })
}

/// The names that the template `source` uses and does not set.
///
/// # Errors
/// It is no template, or too long.
pub fn names(environment: &Environment, name: &str, source: &str) -> Result<BTreeSet<String>, Error> {
    check_length(source)?;
    with_deep_stack(|| {
        let template = environment.template_from_named_str(name, source)?;
        Ok(template.undeclared_variables(false).into_iter().collect())
    })
}

/// Compiles the template `source`, which errors call `name`, and renders it.
///
/// # Errors
/// What is wrong with the template, what it cannot do with `context`, or the limit that it broke.
pub fn render(
    environment: &Environment,
    name: &str,
    source: &str,
    context: impl Serialize,
) -> Result<String, Error> {
    check_length(source)?;
    let template = with_deep_stack(|| environment.template_from_named_str(name, source))?;
    render_bounded(&template, context)
}

/// Renders a compiled template.
///
/// # Errors
/// What it cannot do with `context`, or the limit that it broke.
pub fn render_bounded(template: &Template, context: impl Serialize) -> Result<String, Error> {
    let mut text = Bounded::default();
    let rendered = template.render_captured_to(Value::from(Serde(context)), &mut text).map(drop);
    if text.full {
        return Err(too_long());
    }
    rendered?;
    String::from_utf8(text.bytes).map_err(|error| Error::new(ErrorKind::WriteFailure, error.to_string()))
}

fn too_long() -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("a text of more than {MAX_OUTPUT_BYTES} bytes"))
}

/// A text that stays short.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_OUTPUT_BYTES {
            self.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn range(lower: isize, upper: Option<isize>, step: Option<isize>) -> Result<Value, Error> {
    let range = minijinja::functions::range(lower, upper, step)?;
    match range.len() {
        Some(len) if len <= MAX_RANGE => Ok(range),
        _ => {
            Err(Error::new(ErrorKind::InvalidOperation, format!("a range of more than {MAX_RANGE} elements")))
        }
    }
}

/// As the built-in filter, bounded.
fn replace(text: &Value, from: &Value, to: &Value) -> Result<String, Error> {
    let [text, from, to] = [text, from, to].map(Value::to_string);
    bounded(text.len() + text.matches(&from).count().saturating_mul(to.len()))?;
    Ok(text.replace(&from, &to))
}

/// As the built-in filter, bounded.
fn join(values: &Value, joiner: Option<String>) -> Result<String, Error> {
    if values.is_undefined() || values.is_none() {
        return Ok(String::new());
    }
    let joiner = joiner.unwrap_or_default();
    let mut joined = String::new();
    let mut append = |index: usize, value: &dyn Display| {
        if index > 0 {
            joined.push_str(&joiner);
        }
        joined.push_str(&value.to_string());
        bounded(joined.len())
    };
    match values.as_str() {
        Some(text) => text.chars().enumerate().try_for_each(|(index, char)| append(index, &char))?,
        None => values.try_iter()?.enumerate().try_for_each(|(index, value)| append(index, &value))?,
    }
    Ok(joined)
}

fn bounded(len: usize) -> Result<(), Error> {
    if len > MAX_OUTPUT_BYTES { Err(too_long()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_render(source: &str) -> Result<String, Error> {
        render(&environment(), "test", source, serde_json::json!({"name": "a", "all": ["x", "y"]}))
    }

    #[test]
    fn what_people_write_works() {
        let text = try_render(
            "{{ name ~ '!' }} {{ all | join(', ') }} {{ 'a.b' | replace('.', '_') }}{% for i in range(2) %} {{ i }}{% endfor %}",
        );
        assert_eq!(text.unwrap(), "a! x, y a_b 0 1");
        assert_eq!(try_render("{{ 1.5 | replace('.', ',') }}").unwrap(), "1,5");
        assert_eq!(try_render("{{ 'abc' | join('-') }}{{ absent | join }}").unwrap(), "a-b-c");
    }

    #[test]
    fn what_would_take_long_or_much_is_an_error() {
        let again = |what: &str| format!("{{{{ 'ab'{} }}}}", what.repeat(8));
        for source in [
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}".to_owned(),
            "{{ range(100000) | list | length }}".to_owned(),
            "{{ 'x' * 2000000 }}".to_owned(),
            "{% for a in range(9999) %}{{ 'x' * 1000 }}{% endfor %}".to_owned(),
            "{{ '%999999999d' | format(1) }}".to_owned(),
            "{{ 'a' | indent(999999999) }}".to_owned(),
            "{% macro f(s) %}{{ f(s ~ s) }}{% endmacro %}{{ f('x') }}".to_owned(),
            "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"
                .to_owned(),
            again(" | replace('', 'abcdefghijklmnopqrst')"),
            again(" | join('abcdefghijklmnopqrst')"),
            "x".repeat(MAX_SOURCE_BYTES + 1),
        ] {
            assert!(try_render(&source).is_err(), "{source}");
        }
        assert!(try_render("{{ 'x' * 2000000 }}").unwrap_err().to_string().contains("1048576 bytes"));
    }

    #[test]
    fn the_deepest_template_fits_a_workers_stack() {
        for (first, more, last) in [
            ("1", "+1", ""),
            ("'a'", "~1", ""),
            ("a", ".a", ""),
            ("1", "|abs", ""),
            ("", "-", "1"),
            ("", "(", "1"),
            ("", "not ", "1"),
            ("1", "**1", ""),
            ("1", " if 1 else 1", ""),
        ] {
            let times = (MAX_SOURCE_BYTES - 16) / more.len();
            let source = format!("{{{{ {first}{}{last} }}}}", more.repeat(times));
            let stack = std::thread::Builder::new().stack_size(2 << 20);
            let thread = stack
                .spawn(move || {
                    names(&environment(), "test", &source).ok();
                    drop(try_render(&source));
                })
                .unwrap();
            thread.join().unwrap();
        }
    }
}
