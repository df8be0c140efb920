//! Texts for people, written with templates.

use minijinja::{Environment, context};
use std::collections::BTreeMap;
use tidewatch_component::{Alert, AlertStatus};

/// What templates may name.
const NAMES: [&str; 8] = ["name", "status", "severity", "metric", "unit", "value", "threshold", "labels"];

/// The templates of one rule.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    templates: BTreeMap<String, String>,
}

impl Annotations {
    /// Takes templates by annotation.
    ///
    /// # Errors
    /// Each annotation that is no template, or names what there is not, with the reason.
    pub(super) fn compile(templates: BTreeMap<String, String>) -> Result<Self, Vec<(String, String)>> {
        let environment = Environment::new();
        let mut mistakes = Vec::new();
        for (annotation, source) in &templates {
            match environment.template_from_str(source) {
                Err(error) => mistakes.push((annotation.clone(), describe(&error))),
                Ok(template) => {
                    let globals: Vec<_> = environment.globals().map(|(name, _)| name).collect();
                    let mut unknown: Vec<_> = template.undeclared_variables(false).into_iter().collect();
                    unknown
                        .retain(|name| !NAMES.contains(&name.as_str()) && !globals.contains(&name.as_str()));
                    unknown.sort();
                    mistakes.extend(
                        unknown
                            .into_iter()
                            .map(|name| (annotation.clone(), format!("there is no `{name}` here"))),
                    );
                }
            }
        }
        if mistakes.is_empty() { Ok(Self { templates }) } else { Err(mistakes) }
    }

    /// What templates may name, for people.
    pub(super) fn help() -> String {
        format!(
            "templates know {}, e.g. `{{{{ labels[\"host.name\"] }}}}`",
            NAMES.map(|name| format!("`{name}`")).join(", ")
        )
    }

    /// Writes the texts into `alert`, `summary` into its own field; how many of them failed and stand there unrendered.
    pub(super) fn render(&self, alert: &mut Alert, threshold: Option<f64>) -> usize {
        let mut failed = 0;
        let mut texts = BTreeMap::new();
        if !self.templates.is_empty() {
            let environment = Environment::new();
            let values = context! {
                name => &alert.name,
                status => match alert.status {
                    AlertStatus::Firing => "firing",
                    AlertStatus::Resolved => "resolved",
                },
                severity => &alert.severity,
                metric => &alert.metric,
                unit => &alert.unit,
                value => alert.value,
                threshold,
                labels => &alert.labels,
            };
            for (annotation, source) in &self.templates {
                let text = environment.render_str(source, &values).unwrap_or_else(|_| {
                    failed += 1;
                    source.clone()
                });
                texts.insert(annotation.clone(), text);
            }
        }
        alert.summary = texts.remove("summary").unwrap_or_default();
        alert.annotations = texts;
        failed
    }
}

fn describe(error: &minijinja::Error) -> String {
    match (error.detail(), error.line()) {
        (Some(detail), Some(line)) if line > 1 => format!("{}: {detail} in line {line}", error.kind()),
        (Some(detail), _) => format!("{}: {detail}", error.kind()),
        (None, _) => error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str) -> (String, usize) {
        let templates = BTreeMap::from([("summary".to_owned(), template.to_owned())]);
        let labels = BTreeMap::from([("host.name".to_owned(), "host-a".to_owned())]);
        let mut alert = Alert {
            value: Some(92.0),
            metric: Some("cpu_load".to_owned()),
            ..Alert::firing("CpuLoadHigh", "critical", labels, 0)
        };
        let failed = Annotations::compile(templates).unwrap().render(&mut alert, Some(90.0));
        assert!(alert.annotations.is_empty(), "the summary is lifted");
        (alert.summary, failed)
    }

    #[test]
    fn numbers_and_labels_print_as_people_write_them() {
        assert_eq!(
            render("{{ metric }}={{ value }} exceeds {{ severity }} threshold").0,
            "cpu_load=92.0 exceeds critical threshold"
        );
        assert_eq!(
            render(r#"{{ name }} on {{ labels["host.name"] }}: over {{ threshold }}{{ unit or "" }}"#).0,
            "CpuLoadHigh on host-a: over 90.0"
        );
    }

    #[test]
    fn what_fails_only_with_values_stands_there_unrendered() {
        let template = "{{ value | join | dictsort }}";
        assert_eq!(render(template), (template.to_owned(), 1));
    }

    #[test]
    fn mistakes_are_found_before_there_is_an_alert() {
        let templates = BTreeMap::from([
            ("a".to_owned(), "{{ value".to_owned()),
            ("b".to_owned(), "{{ vlaue }} {{ range(3) }}".to_owned()),
            ("c".to_owned(), "{{ value | nosuch }}".to_owned()),
        ]);
        let mistakes = Annotations::compile(templates).unwrap_err();
        assert!(mistakes[0].0 == "a" && mistakes[0].1.starts_with("syntax error"), "{mistakes:?}");
        assert_eq!(mistakes[1], ("b".to_owned(), "there is no `vlaue` here".to_owned()));
    }
}
