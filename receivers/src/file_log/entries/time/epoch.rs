use tidewatch_otlp::write::Value;

/// Times as seconds since 1970, or parts of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::file_log::entries) struct Epoch {
    /// Nanoseconds of a unit.
    unit: u64,
    /// How many digits a fraction has; `None`: there is none.
    decimals: Option<usize>,
}

/// What the Collector calls them.
const LAYOUTS: [(&str, u64, Option<usize>); 7] = [
    ("s", 1_000_000_000, None),
    ("ms", 1_000_000, None),
    ("us", 1_000, None),
    ("ns", 1, None),
    ("s.ms", 1_000_000_000, Some(3)),
    ("s.us", 1_000_000_000, Some(6)),
    ("s.ns", 1_000_000_000, Some(9)),
];

impl Epoch {
    /// By its layout.
    ///
    /// # Errors
    /// That there is no such layout.
    pub(in crate::file_log::entries) fn named(layout: &str) -> Result<Self, String> {
        let found = LAYOUTS.iter().find(|(name, ..)| *name == layout);
        let (_, unit, decimals) = found.ok_or_else(|| {
            let names: Vec<_> = LAYOUTS.iter().map(|(name, ..)| *name).collect();
            format!("a layout of `epoch` is one of {}", names.join(", "))
        })?;
        Ok(Self { unit: *unit, decimals: *decimals })
    }

    /// Unix nanoseconds of a number, or of a text that holds one.
    ///
    /// # Errors
    /// What is no such number, or before 1970.
    pub(in crate::file_log::entries) fn parse(self, value: &Value<'_>) -> Result<u64, String> {
        let wrong = || "the time is no number of this layout".to_owned();
        let nanos = match value {
            Value::Text(text) => self.text(text),
            Value::Int(number) => u64::try_from(*number).ok().and_then(|units| units.checked_mul(self.unit)),
            Value::Double(number) => match self.decimals {
                Some(decimals) => self.text(&format!("{number:.decimals$}")),
                None => self.text(&format!("{:.0}", number.trunc())),
            },
            _ => None,
        };
        nanos.ok_or_else(wrong)
    }

    fn text(self, text: &str) -> Option<u64> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if self.decimals.is_some() => (whole, fraction),
            Some(_) => return None,
            None => (text, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (digits(whole) && digits(fraction)).then_some(())?;
        let nanos: u64 = format!("{fraction:0<9.9}").parse().ok()?;
        whole.parse::<u64>().ok()?.checked_mul(self.unit)?.checked_add(nanos)
    }
}
