//! Configuration to plans: everything that a schema cannot say is checked here.

use super::{
    cast::Type,
    constant::Constant,
    fields::{Field, Instead},
    plan::{Metric, Plan, Severity},
    text::Text,
    time::{Rewrite, Time},
};
use crate::normalize::config::{Cast, FieldConfig, MetricConfig, OneOrMore, Others, RecordsConfig, Target};
use serde_json::Value as Json;
use tidewatch_config::Mistake;
use tidewatch_expr::{Condition, Context, ParseError, Statement};
use tidewatch_parse::severity::Severities;

/// All plans, or all mistakes.
pub(in crate::normalize) fn plans(config: Vec<RecordsConfig>) -> Result<Vec<Plan>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let last = config.len().saturating_sub(1);
    let mut plans = Vec::new();
    for (index, entry) in config.into_iter().enumerate() {
        if entry.when.is_none() && index < last {
            let message = "an entry without `when` is used for every record, so that no entry below it is";
            mistakes.push(Mistake::new(format!("records[{index}]"), message).help("put it last"));
        }
        plans.extend(Compiler { path: format!("records[{index}]"), mistakes: &mut mistakes }.plan(entry));
    }
    if mistakes.is_empty() { Ok(plans) } else { Err(mistakes) }
}

/// The fields in which a value may stand for one that was not valid.
pub(in crate::normalize) fn replaceable(plans: &[Plan]) -> impl Iterator<Item = &str> {
    plans.iter().flat_map(|plan| {
        let invalid = plan.fields.iter().filter(|field| field.invalid.is_some()).map(|field| &field.name);
        let times = plan.time.iter().filter(|time| time.default_now).flat_map(|time| &time.from);
        invalid.chain(times).map(String::as_str)
    })
}

struct Compiler<'m> {
    /// Of the entry.
    path: String,
    mistakes: &'m mut Vec<Mistake>,
}

impl Compiler<'_> {
    /// None: there is a mistake.
    fn plan(&mut self, config: RecordsConfig) -> Option<Plan> {
        let before = self.mistakes.len();
        let when = config
            .when
            .as_deref()
            .map(|text| Condition::parse(text, Context::Log).map_err(|error| self.expression("when", error)));
        let compute = config.compute.iter().enumerate().map(|(index, text)| {
            Statement::parse(text, Context::Fields)
                .map_err(|error| self.expression(&format!("compute[{index}]"), error))
        });
        let compute: Vec<_> = compute.collect();
        let text = config
            .parse
            .map(|form| Text::new(form).map_err(|mistake| self.mistakes.push(self.below("parse", mistake))));
        let fields: Vec<_> =
            config.fields.into_iter().map(|(name, field)| self.field(name, &field)).collect();
        if let Some(Ok(text)) = &text {
            self.check_sources(text, &fields);
        }
        let time = config.time.map(|time| {
            let fields: Vec<&Field> = fields.iter().flatten().collect();
            Time::new(&time, &fields).map_err(|mistakes| {
                let mistakes: Vec<_> =
                    mistakes.into_iter().map(|mistake| self.below("time", mistake)).collect();
                self.mistakes.extend(mistakes);
            })
        });
        let severity = config.severity.map(|severity| Severity {
            from: self.sources("severity", &severity.from),
            names: Severities::common(),
        });
        for (key, moved) in [("resource", &config.resource), ("attributes", &config.attributes)] {
            for (attribute, _) in moved.iter().filter(|(_, field)| field.is_empty()) {
                self.wrong(&format!("{key}.{attribute}"), "a field has a name");
            }
        }
        if config.metric.is_some() && !config.attributes.is_empty() {
            let message = "a record that becomes a point has the attributes of the point";
            self.wrong("attributes", message);
        }
        if config.metric.is_some() && config.into != Target::Body {
            self.wrong("into", "a record that becomes a point has no fields left to put anywhere");
        }
        let metric = config.metric.map(|metric| self.metric(metric));
        if self.mistakes.len() > before {
            return None;
        }
        let fields: Vec<Field> = fields.into_iter().flatten().collect();
        let mut named: Vec<String> =
            fields.iter().flat_map(|field| field.from.iter().chain([&field.name])).cloned().collect();
        named.sort_unstable();
        named.dedup();
        Some(Plan {
            when: when.transpose().ok()?,
            text: text.transpose().ok()?,
            fields,
            keep_others: config.others == Others::Keep,
            named,
            compute: compute.into_iter().collect::<Result<_, _>>().ok()?,
            time: time.transpose().ok()?,
            severity,
            resource: config.resource.into_iter().collect(),
            attributes: config.attributes.into_iter().collect(),
            into: config.into,
            metric,
            on_error: config.on_error,
        })
    }

    /// Of a text whose fields are known, a field comes from one of these, unless it has a default.
    fn check_sources(&mut self, text: &Text, fields: &[Option<Field>]) {
        let Some(known) = text.names() else { return };
        for field in fields.iter().flatten().filter(|field| field.default.is_none()) {
            if !field.from.iter().any(|from| known.contains(&from.as_str())) {
                let message = format!("`parse` makes no field `{}`", field.from.join("` or `"));
                let mistake = Mistake::new(self.at(&format!("fields.{}", field.name)), message);
                self.mistakes.push(mistake.help(format!("there are `{}`", known.join("`, `"))));
            }
        }
    }

    fn field(&mut self, name: String, config: &FieldConfig) -> Option<Field> {
        let path = format!("fields.{name}");
        let before = self.mistakes.len();
        if name.is_empty() {
            self.wrong(&path, "a field has a name");
        }
        let from = match config.from.as_slice() {
            [] => vec![name.clone()],
            from => from.to_vec(),
        };
        if from.iter().any(String::is_empty) {
            self.wrong(&format!("{path}.from"), "a field has a name");
        }
        if config.required && !config.default.is_null() {
            self.wrong(&format!("{path}.required"), "with a `default`, the field is never missing");
        }
        let as_ = self.type_of(&path, config);
        let default = self.instead(&format!("{path}.default"), &config.default, as_.as_ref());
        let invalid = match &config.invalid {
            Json::String(error) if error == "error" => None,
            Json::Null => None,
            _ if config.as_.is_none() && config.one_of.is_empty() => {
                self.wrong(&format!("{path}.invalid"), "without `as` or `one_of`, every value is valid");
                None
            }
            value => self.instead(&format!("{path}.invalid"), value, as_.as_ref()),
        };
        let mut one_of = Vec::new();
        for (index, value) in config.one_of.iter().enumerate() {
            let path = format!("{path}.one_of[{index}]");
            if value.is_null() || value.is_array() || value.is_object() {
                self.wrong(&path, "a text, a number or a boolean is expected");
            }
            one_of.extend(self.constant(&path, value, as_.as_ref()));
        }
        (self.mistakes.len() == before).then_some(Field {
            name,
            from,
            as_,
            default,
            invalid,
            required: config.required,
            one_of,
        })
    }

    /// What a field should be; none where it stays what it is, or is configured wrong.
    fn type_of(&mut self, path: &str, config: &FieldConfig) -> Option<Type> {
        if config.as_ != Some(Cast::Time) {
            let given = [
                ("formats", !config.formats.as_slice().is_empty()),
                ("zone", config.zone.is_some()),
                ("write", config.write.is_some()),
            ];
            for (key, _) in given.into_iter().filter(|(_, given)| *given) {
                self.wrong(&format!("{path}.{key}"), "this is for `as: time`");
            }
        }
        Some(match config.as_? {
            Cast::Double => Type::Double,
            Cast::Int => Type::Int,
            Cast::Bool => Type::Bool,
            Cast::String => Type::String,
            Cast::Time => match Rewrite::new(config) {
                Ok(form) => Type::Time(Box::new(form)),
                Err(mistakes) => {
                    for mistake in mistakes {
                        let mistake = self.below(path, mistake);
                        self.mistakes.push(mistake);
                    }
                    return None;
                }
            },
        })
    }

    /// None where there is none, too.
    fn instead(&mut self, key: &str, value: &Json, as_: Option<&Type>) -> Option<Instead> {
        match (value, as_) {
            (Json::String(now), Some(Type::Time(_))) if now == "now" => Some(Instead::Now),
            _ => self.constant(key, value, as_).map(Instead::Constant),
        }
    }

    /// None where there is none, too.
    fn constant(&mut self, key: &str, value: &Json, as_: Option<&Type>) -> Option<Constant> {
        if value.is_null() {
            return None;
        }
        let constant = Constant::new(value, as_);
        if constant.is_none() {
            self.wrong(key, format!("`{value}` cannot be made into {}", as_.map_or("text", Type::name)));
        }
        constant
    }

    fn sources(&mut self, key: &str, from: &OneOrMore) -> Vec<String> {
        let from = from.as_slice().to_vec();
        if from.is_empty() || from.iter().any(String::is_empty) {
            let mistake = Mistake::new(self.at(key), "a field has to be named");
            self.mistakes.push(mistake.help("write e.g. `from: level`"));
        }
        from
    }

    fn metric(&mut self, config: MetricConfig) -> Metric {
        let names = config.attributes.as_slice();
        let given = [Some(&config.value), config.name.as_ref(), config.unit.as_ref()];
        if given.into_iter().flatten().chain(names).any(String::is_empty) {
            let mistake = Mistake::new(self.at("metric"), "a point needs a number, and fields have names");
            self.mistakes.push(mistake.help("write e.g. `value: value`, the field that holds the number"));
        }
        Metric { name: config.name, value: config.value, unit: config.unit, attributes: names.to_vec() }
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn wrong(&mut self, key: &str, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(self.at(key), message));
    }

    /// A mistake whose path starts at `key`.
    fn below(&self, key: &str, mistake: Mistake) -> Mistake {
        let path = match mistake.path.as_str() {
            "" => self.at(key),
            path => self.at(&format!("{key}.{path}")),
        };
        Mistake { path, ..mistake }
    }

    fn expression(&mut self, key: &str, error: ParseError) {
        let mistake = Mistake::new(self.at(key), error.message).at(error.position.offset);
        self.mistakes.push(match error.help {
            Some(help) => mistake.help(help),
            None => mistake,
        });
    }
}
