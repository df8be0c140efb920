//! Texts for people, written with templates.

use super::text;
use minijinja::{AutoEscape, Environment, Template, context};
use std::collections::BTreeMap;
use tidewatch_component::{Alert, AlertStatus, template};

/// What templates may name.
const NAMES: [&str; 8] = ["name", "status", "severity", "metric", "unit", "value", "threshold", "labels"];

/// Bytes of one text, at the most; longer ones are cut.
const LONGEST: usize = 8 << 10;

/// The templates of one rule.
#[derive(Debug)]
pub(super) struct Annotations {
    /// Holds them compiled, by annotation.
    environment: Environment<'static>,
}

impl Annotations {
    /// Takes templates by annotation.
    ///
    /// # Errors
    /// Each annotation that is no template, or names what there is not, with the reason.
    pub(super) fn compile(templates: BTreeMap<String, String>) -> Result<Self, Vec<(String, String)>> {
        let mut environment = template::environment();
        // Texts for people, whatever the annotation's name ends with.
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        let mut mistakes = Vec::new();
        for (annotation, source) in templates {
            match add(&mut environment, &annotation, source) {
                Ok(unknown) => mistakes.extend(
                    unknown
                        .into_iter()
                        .map(|name| (annotation.clone(), format!("there is no `{name}` here"))),
                ),
                Err(error) => mistakes.push((annotation, describe(&error))),
            }
        }
        if mistakes.is_empty() { Ok(Self { environment }) } else { Err(mistakes) }
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
        for (annotation, template) in self.environment.templates() {
            let mut text = render(&template, alert, threshold).unwrap_or_else(|_| {
                failed += 1;
                template.source().to_owned()
            });
            text::cut(&mut text, LONGEST);
            texts.insert(annotation.to_owned(), text);
        }
        alert.summary = texts.remove("summary").unwrap_or_default();
        alert.annotations = texts;
        failed
    }
}

/// Compiles a template; the names in it that do not exist.
fn add(
    environment: &mut Environment<'static>,
    annotation: &str,
    source: String,
) -> Result<Vec<String>, minijinja::Error> {
    let names = template::names(environment, annotation, &source)?;
    template::with_deep_stack(|| environment.add_template_owned(annotation.to_owned(), source))?;
    let exists = |name: &String| {
        NAMES.contains(&name.as_str()) || environment.globals().any(|(global, _)| global == name)
    };
    Ok(names.into_iter().filter(|name| !exists(name)).collect())
}

fn render(
    template: &Template<'_, '_>,
    alert: &Alert,
    threshold: Option<f64>,
) -> Result<String, minijinja::Error> {
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
    template::render_bounded(template, values)
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
    fn what_would_not_end_or_fill_the_memory_stands_there_unrendered() {
        for template in [
            "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            r#"{{ "%9999999999s"|format(1) }}"#,
            r#"{{ "a\nb"|indent(value|int) }}"#,
        ] {
            assert_eq!(render(template), (template.to_owned(), 1));
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let (text, failed) = render("{% for i in range(9000) %}x{% endfor %}");
        assert_eq!((text.len(), failed), (LONGEST, 0));
        assert!(text.ends_with("x…"));
    }

    #[test]
    fn nothing_is_escaped_whatever_an_annotation_is_called() {
        let templates = BTreeMap::from([("mail.html".to_owned(), "{{ name }}".to_owned())]);
        let mut alert = Alert::firing("a < b", "critical", BTreeMap::new(), 0);
        Annotations::compile(templates).unwrap().render(&mut alert, None);
        assert_eq!(alert.annotations["mail.html"], "a < b");
    }

    #[test]
    fn mistakes_are_found_before_there_is_an_alert() {
        let templates = BTreeMap::from([
            ("a".to_owned(), "{{ value".to_owned()),
            ("b".to_owned(), "{{ vlaue }} {{ range(3) }}".to_owned()),
            ("c".to_owned(), "{{ value | nosuch }}".to_owned()),
            ("d".to_owned(), "x".repeat(template::MAX_SOURCE_BYTES + 1)),
        ]);
        let mistakes = Annotations::compile(templates).unwrap_err();
        assert!(mistakes[0].0 == "a" && mistakes[0].1.starts_with("syntax error"), "{mistakes:?}");
        assert_eq!(mistakes[1], ("b".to_owned(), "there is no `vlaue` here".to_owned()));
        assert!(
            mistakes.last().is_some_and(|(annotation, reason)| annotation == "d" && reason.contains("bytes"))
        );
    }
}
