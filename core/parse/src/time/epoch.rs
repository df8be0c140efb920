use super::NoTime;
use tidewatch_otlp::views::ValueView;

/// Times as seconds since 1970, or parts of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Nanoseconds of a unit.
    unit: i64,
    /// Whether there may be a fraction, and how many digits of it are written.
    decimals: Option<usize>,
}

/// What the Collector calls them.
const LAYOUTS: [(&str, i64, Option<usize>); 7] = [
    ("s", SECOND, None),
    ("ms", 1_000_000, None),
    ("us", 1_000, None),
    ("ns", 1, None),
    ("s.ms", SECOND, Some(3)),
    ("s.us", SECOND, Some(6)),
    ("s.ns", SECOND, Some(9)),
];

const SECOND: i64 = 1_000_000_000;

impl Epoch {
    /// By its layout in the Collector: `s`, `ms`, `us`, `ns`, `s.ms`, `s.us`, `s.ns`.
    ///
    /// # Errors
    /// That there is no such layout.
    pub fn named(layout: &str) -> Result<Self, String> {
        let found = LAYOUTS.iter().find(|(name, ..)| *name == layout);
        let (_, unit, decimals) = found.ok_or_else(|| {
            let names: Vec<_> = LAYOUTS.iter().map(|(name, ..)| *name).collect();
            format!("a layout of `epoch` is one of {}", names.join(", "))
        })?;
        Ok(Self { unit: *unit, decimals: *decimals })
    }

    /// A number of units of so many nanoseconds, perhaps with a fraction.
    pub(super) fn of_unit(unit: i64) -> Self {
        Self { unit, decimals: Some(9) }
    }

    /// Unix nanoseconds of a number, or of a text that holds one.
    ///
    /// # Errors
    /// It is no such number, or too large.
    pub fn parse<'v>(self, value: impl Into<ValueView<'v>>) -> Result<i64, NoTime> {
        let nanos = match value.into() {
            ValueView::Str(text) => self.text(text),
            ValueView::Int(number) => number.checked_mul(self.unit),
            ValueView::Double(number) if !number.is_finite() => None,
            // The shortest text that means this number is the one that was written.
            ValueView::Double(number) if self.decimals.is_some() => self.text(&number.to_string()),
            ValueView::Double(number) => self.text(&number.trunc().to_string()),
            _ => None,
        };
        nanos.ok_or(NoTime::NoNumber)
    }

    fn text(self, text: &str) -> Option<i64> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if self.decimals.is_some() => (whole, fraction),
            Some(_) => return None,
            None => (digits, ""),
        };
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (number(whole) && number(fraction)).then_some(())?;
        // Billionths of a unit.
        let parts: i64 = format!("{fraction:0<9.9}").parse().ok()?;
        let nanos = i128::from(whole.parse::<u64>().ok()?) * i128::from(self.unit)
            + i128::from(parts) * i128::from(self.unit) / i128::from(SECOND);
        i64::try_from(sign * nanos).ok()
    }

    /// Writes Unix nanoseconds as such a number.
    pub fn write(self, nanos: i64, out: &mut String) {
        let (whole, rest) = (nanos / self.unit, nanos % self.unit);
        if nanos < 0 {
            out.push('-');
        }
        out.push_str(&whole.unsigned_abs().to_string());
        let Some(decimals) = self.decimals.filter(|_| self.unit > 1) else { return };
        let billionths = i128::from(rest.unsigned_abs()) * i128::from(SECOND) / i128::from(self.unit);
        let fraction = format!("{billionths:09}");
        let fraction = fraction[..decimals].trim_end_matches('0');
        if !fraction.is_empty() {
            out.push('.');
            out.push_str(fraction);
        }
    }
}
