use tidewatch_component::Alert;
use tidewatch_config::Mistake;
use tidewatch_expr::{Condition, Context, ParseError, Record};

/// A severity, and when it holds.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) severity: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Bound(Bound),
    Condition(Condition),
}

/// A comparison of the judged number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bound {
    comparison: Comparison,
    limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
}

/// Longer ones first.
const COMPARISONS: [(&str, Comparison); 6] = [
    (">=", Comparison::GreaterOrEqual),
    ("<=", Comparison::LessOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    (">", Comparison::Greater),
    ("<", Comparison::Less),
];

impl Level {
    /// `text` stands at `path`.
    pub(super) fn parse(severity: &str, text: &str, context: Context, path: &str) -> Result<Self, Mistake> {
        let severity = severity.to_owned();
        let text = text.trim();
        let compared = COMPARISONS.into_iter().find_map(|(symbol, comparison)| {
            text.strip_prefix(symbol).map(|number| (number.trim(), comparison))
        });
        for (wrong, right) in [("=>", ">="), ("=<", "<=")] {
            if text.starts_with(wrong) {
                let mistake = Mistake::new(path, format!("`{wrong}` is not a comparison"));
                return Err(mistake.help(format!("did you mean `{right}`?")));
            }
        }
        let test = match compared {
            Some((number, comparison)) => {
                let parsed = number.parse().ok().filter(|limit: &f64| !limit.is_nan());
                let limit = parsed.filter(|limit| limit.is_finite()).ok_or_else(|| {
                    let kind = if parsed.is_some() { "finite number" } else { "number" };
                    Mistake::new(path, format!("`{number}` is not a {kind}"))
                        .help("levels look like `'>= 80'`, `'< 1e6'`, or are OTTL conditions")
                })?;
                Test::Bound(Bound { comparison, limit })
            }
            None if text.parse::<f64>().is_ok() => {
                return Err(Mistake::new(path, format!("`{text}` does not say what to do with the number"))
                    .help(format!("write `'> {text}'` or `'>= {text}'`")));
            }
            None => Test::Condition(
                Condition::parse(text, context).map_err(|error| expression_mistake(path, error))?,
            ),
        };
        Ok(Self { severity, test })
    }

    /// Whether it compares a number.
    pub(super) fn needs_value(&self) -> bool {
        matches!(self.test, Test::Bound(_))
    }

    pub(super) fn holds(&self, value: Option<f64>, record: &Record<'_, '_>) -> bool {
        match &self.test {
            Test::Bound(bound) => value.is_some_and(|value| bound.holds(value)),
            Test::Condition(condition) => condition.holds(record),
        }
    }

    /// The number it compares with.
    pub(super) fn limit(&self) -> Option<f64> {
        match &self.test {
            Test::Bound(bound) => Some(bound.limit),
            Test::Condition(_) => None,
        }
    }

    /// Writes severity, bounds and score into an alert, from its value.
    pub(super) fn stamp(&self, alert: &mut Alert) {
        self.severity.clone_into(&mut alert.severity);
        let Test::Bound(bound) = &self.test else { return };
        (alert.lower, alert.upper) = match bound.comparison {
            Comparison::Greater | Comparison::GreaterOrEqual => (None, Some(bound.limit)),
            Comparison::Less | Comparison::LessOrEqual => (Some(bound.limit), None),
            Comparison::Equal | Comparison::NotEqual => (None, None),
        };
        alert.score = alert.value.and_then(|value| bound.score(value));
    }
}

impl Bound {
    #[allow(clippy::float_cmp)] // `== 1` means exactly 1.
    fn holds(self, value: f64) -> bool {
        match self.comparison {
            Comparison::Greater => value > self.limit,
            Comparison::GreaterOrEqual => value >= self.limit,
            Comparison::Less => value < self.limit,
            Comparison::LessOrEqual => value <= self.limit,
            Comparison::Equal => value == self.limit,
            Comparison::NotEqual => value != self.limit,
        }
    }

    /// How far out: 1.0 is the limit itself, 2.0 is as far beyond it as it is from zero.
    fn score(self, value: f64) -> Option<f64> {
        let beyond = match self.comparison {
            Comparison::Greater | Comparison::GreaterOrEqual => value - self.limit,
            Comparison::Less | Comparison::LessOrEqual => self.limit - value,
            Comparison::Equal | Comparison::NotEqual => return None,
        };
        Some(1.0 + beyond / self.limit.abs()).filter(|score| score.is_finite())
    }
}

pub(super) fn expression_mistake(path: &str, error: ParseError) -> Mistake {
    let mistake = Mistake::new(path, error.message).at(error.position.offset);
    match error.help {
        Some(help) => mistake.help(help),
        None => mistake,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(text: &str, value: f64) -> Option<f64> {
        let level = Level::parse("critical", text, Context::DataPoint, "levels.critical").unwrap();
        let mut alert = Alert { value: Some(value), ..Alert::firing("a", "", Default::default(), 0) };
        level.stamp(&mut alert);
        alert.score.map(|score| (score * 100.0).round() / 100.0)
    }

    #[test]
    fn the_score_is_one_at_the_limit_and_grows_outwards() {
        assert_eq!(score(">= 90", 92.0), Some(1.02));
        assert_eq!(score("> 90", 180.0), Some(2.0));
        assert_eq!(score("< 10", 5.0), Some(1.5));
        assert_eq!(score("< 10", 0.0), Some(2.0));
        assert_eq!(score("> -10", -5.0), Some(1.5));
        assert_eq!(score("> 0", 5.0), None);
        assert_eq!(score("== 3", 3.0), None);
    }

    #[test]
    fn comparisons_mean_what_they_say() {
        for (text, value, expected) in [
            (">= 80", 80.0, true),
            ("> 80", 80.0, false),
            (">80", 80.1, true),
            ("<= 1e6", 1e6, true),
            ("< -5", -5.5, true),
            ("== 0", 0.0, true),
            ("!= 0", 0.0, false),
            ("> 1", f64::NAN, false),
        ] {
            let Test::Bound(bound) = Level::parse("x", text, Context::Log, "").unwrap().test else {
                panic!("{text}")
            };
            assert_eq!(bound.holds(value), expected, "{text} of {value}");
        }
    }
}
