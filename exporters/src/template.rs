//! Text made of alerts by a minijinja template: the `body` key of exporters.

use minijinja::{Environment, Error, ErrorKind, Value, value::Rest};
use rand::Rng;
use serde_json::Map;
use std::collections::BTreeMap;
use tidewatch_component::{
    Alert,
    template::{check_length, environment, names, render_bounded, with_deep_stack},
    timestamp,
};
use tidewatch_config::Mistake;

const NAME: &str = "body";

/// A compiled `body`.
///
/// It sees the fields of the alert (of several: of the first), the same as one map `record`, what the
/// exporter adds, and the functions `now()` (RFC 3339, UTC) and `uuid4()`. The filter `tojson` writes JSON
/// without spaces, in the order of the template; `labels | without("a", "b")` is a map without these keys. The limits are those of [`tidewatch_component::template`].
#[derive(Debug)]
pub(crate) struct Template {
    environment: Environment<'static>,
}

impl Template {
    /// Compiles the template at key `path`, where the names `extra` are known beside the alert's fields.
    ///
    /// # Errors
    /// A syntax error, a template that is too long, or a name, filter or function that does not exist.
    pub(crate) fn compile(path: &str, source: &str, extra: &[&str]) -> Result<Self, Mistake> {
        let mistake = |error: Error| Mistake::new(path, describe(&error));
        check_length(source).map_err(mistake)?;
        let mut environment = environment();
        environment.add_function("now", || timestamp::to_rfc3339(timestamp::now()));
        environment.add_function("uuid4", uuid4);
        environment.add_filter("tojson", tojson);
        environment.add_filter("without", without);
        with_deep_stack(|| environment.add_template_owned(NAME, source.to_owned())).map_err(mistake)?;
        let template = Self { environment };
        template.check_names(path, source, extra)?;
        template.check_calls(path, extra)?;
        Ok(template)
    }

    fn check_names(&self, path: &str, source: &str, extra: &[&str]) -> Result<(), Mistake> {
        let known = fields(&sample());
        let unknown: Vec<String> = names(&self.environment, NAME, source)
            .map_err(|error| Mistake::new(path, describe(&error)))?
            .into_iter()
            .filter(|name| !known.contains_key(name) && !extra.contains(&name.as_str()))
            .filter(|name| self.environment.globals().all(|(global, _)| global != name))
            .collect();
        let Some(name) = unknown.first() else { return Ok(()) };
        let mut names: Vec<&str> = known.keys().map(String::as_str).chain(extra.iter().copied()).collect();
        names.sort_unstable();
        Err(Mistake::new(path, format!("the template uses `{name}`, which does not exist"))
            .help(format!("it knows {}, now() and uuid4()", names.join(", "))))
    }

    /// Filters and functions are looked up only when they are called: a trial finds what is not there.
    fn check_calls(&self, path: &str, extra: &[&str]) -> Result<(), Mistake> {
        let mut context = fields(&sample());
        for name in extra {
            context.entry(*name).or_insert_with(|| serde_json::Value::Array(Vec::new()));
        }
        match self.try_render(context) {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnknownFilter
                        | ErrorKind::UnknownFunction
                        | ErrorKind::UnknownTest
                        | ErrorKind::TooManyArguments
                        | ErrorKind::MissingArgument
                ) =>
            {
                Err(Mistake::new(path, describe(&error)))
            }
            _ => Ok(()),
        }
    }

    /// The text for one alert.
    ///
    /// # Errors
    /// What the template cannot do with this alert.
    pub(crate) fn render(&self, alert: &Alert) -> Result<String, String> {
        self.render_fields(fields(alert))
    }

    /// The text for these fields.
    ///
    /// # Errors
    /// What the template cannot do with them.
    pub(crate) fn render_fields(&self, fields: Map<String, serde_json::Value>) -> Result<String, String> {
        self.try_render(fields).map_err(|error| describe(&error))
    }

    fn try_render(&self, fields: Map<String, serde_json::Value>) -> Result<String, Error> {
        render_bounded(&self.environment.get_template(NAME)?, fields)
    }
}

/// The fields of an alert, and all of them as `record`.
pub(crate) fn fields(alert: &Alert) -> Map<String, serde_json::Value> {
    let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(alert) else {
        unreachable!("an alert serializes as an object");
    };
    let record = fields.clone();
    fields.insert("record".into(), record.into());
    fields
}

fn sample() -> Alert {
    Alert {
        ends_at: Some(0),
        value: Some(1.0),
        expected: Some(1.0),
        lower: Some(1.0),
        upper: Some(1.0),
        score: Some(1.0),
        z: Some(1.0),
        confidence: Some(1.0),
        metric: Some(String::new()),
        unit: Some(String::new()),
        ..Alert::firing("", "", BTreeMap::new(), 0)
    }
}

fn describe(error: &Error) -> String {
    let what = error
        .detail()
        .map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    match error.line() {
        Some(line) => format!("line {line} of the template: {what}"),
        None => format!("the template: {what}"),
    }
}

/// As the built-in filter, but neither spaced out nor escaped for HTML.
fn tojson(value: &Value) -> Result<Value, Error> {
    let json = serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    Ok(Value::from_safe_string(json))
}

/// A map without some of its keys.
#[allow(clippy::needless_pass_by_value)] // What filters take.
fn without(map: &Value, keys: Rest<String>) -> Result<Value, Error> {
    let mut left = BTreeMap::new();
    for key in map.try_iter()? {
        if !keys.iter().any(|other| key.as_str() == Some(other)) {
            let value = map.get_item(&key)?;
            left.insert(key, value);
        }
    }
    Ok(Value::from(left))
}

/// A random UUID of version 4.
fn uuid4() -> String {
    let mut bytes: [u8; 16] = rand::rng().random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        let labels = BTreeMap::from([("host.name".to_owned(), "a <b> 'c'".to_owned())]);
        Alert {
            value: Some(92.0),
            ..Alert::firing("CpuLoadHigh", "critical", labels, 1_767_607_380_000_000_000)
        }
    }

    fn render(source: &str) -> String {
        Template::compile("body", source, &[]).unwrap().render(&alert()).unwrap()
    }

    #[test]
    fn fields_keep_their_types_and_their_order() {
        assert_eq!(
            render(
                r#"{{ {"ts": starts_at, "rule": name, "value": value, "host": labels["host.name"]} | tojson }}"#
            ),
            r#"{"ts":"2026-01-05T10:03:00Z","rule":"CpuLoadHigh","value":92.0,"host":"a <b> 'c'"}"#
        );
        assert_eq!(render("{{ record.name }} {{ ends_at is none }}"), "CpuLoadHigh True");
        assert_eq!(serde_json::from_str::<Alert>(&render("{{ record | tojson }}")).unwrap(), alert());
    }

    #[test]
    fn a_map_can_be_taken_without_some_of_its_keys() {
        let all = r#"{{ {"a": 1, "b": 2, "c": 3} | without("a", "c", "x") | tojson }}"#;
        assert_eq!(render(all), r#"{"b":2}"#);
        assert_eq!(render(r#"{{ labels | without("host.name") | tojson }}"#), "{}");
    }

    #[test]
    fn ids_and_times_are_made_anew() {
        let two = render("{{ uuid4() }} {{ uuid4() }} {{ now() }}");
        let [one, other, now] = two.split(' ').collect::<Vec<_>>()[..] else { panic!("{two}") };
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[14..15]), (36, "4"));
        assert!(timestamp::from_rfc3339(now).unwrap() > alert().starts_at);
    }

    #[test]
    fn mistakes_are_found_before_the_first_alert() {
        let mistake = |source| Template::compile("body", source, &["alerts"]).unwrap_err();
        let typo = mistake("{{ nmae }}");
        assert_eq!((typo.path.as_str(), typo.message.contains("`nmae`")), ("body", true));
        assert!(typo.help.unwrap().contains("alerts, annotations"));
        assert!(mistake("a\n{{ name ").message.starts_with("line 2 of the template: syntax error"));
        assert!(mistake("{{ name | shout }}").message.contains("unknown filter"));
        assert!(mistake("{{ name | tojson(2) }}").message.contains("too many arguments"));
        assert!(mistake(&"x".repeat(20_000)).message.contains("at most 16384 are allowed"));
        assert!(Template::compile("body", "{{ labels.absent }}{{ alerts | length }}", &["alerts"]).is_ok());
    }

    #[test]
    fn a_template_without_end_costs_only_its_alert() {
        for source in [
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            "{% for a in range(9999) %}{{ name * 99 }}{% endfor %}",
        ] {
            let template = Template::compile("body", source, &[]).unwrap();
            assert!(template.render(&alert()).is_err(), "{source}");
        }
        let sum = format!("{{{{ 1{} }}}}", "+1".repeat(8000));
        assert_eq!(render(&sum), "8001");
    }
}
