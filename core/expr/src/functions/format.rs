//! Texts by a format string, as Go's `fmt.Sprintf`.

use super::{Function, lists::list, plain};
use crate::{Failure, Value, limits::fits, text::text};
use tidewatch_otlp::{edit::Arena, views::ValueView};

pub(super) static TABLE: &[Function] = &[plain("Format", &["format", "arguments"], format)];

/// A width or precision beyond this is a mistake.
const MAX_WIDTH: usize = 10_000;

/// What stands between `%` and the verb.
#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

fn format<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let (format, arguments) = (text(&values[0])?, list(&values[1])?);
    let mut arguments = arguments.iter();
    let mut out = String::with_capacity(format.len() + 16);
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (spec, behind) = spec(&rest[at + 1..])?;
        let Some(verb) = behind.chars().next() else {
            out.push_str("%!(NOVERB)");
            rest = "";
            break;
        };
        rest = &behind[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
        } else if let Some(argument) = arguments.next() {
            out.push_str(&spec.pad(&spec.show(verb, argument), &argument));
        } else {
            out.extend(["%!", verb.encode_utf8(&mut [0; 4]), "(MISSING)"]);
        }
        fits(out.len())?;
    }
    out.push_str(rest);
    let extra: Vec<_> =
        arguments.map(|argument| format!("{}={}", go_type(&argument), plain_text(&argument))).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    fits(out.len())?;
    Ok(Value::Text(arena.text(&out)))
}

fn spec(text: &str) -> Result<(Spec, &str), Failure> {
    let mut spec = Spec::default();
    let flags = text.find(|c| !"+-# 0".contains(c)).unwrap_or(text.len());
    for flag in text[..flags].chars() {
        match flag {
            '-' => spec.left = true,
            '+' => spec.plus = true,
            '#' => spec.alternate = true,
            ' ' => spec.space = true,
            _ => spec.zero = true,
        }
    }
    let (width, rest) = digits(&text[flags..])?;
    spec.width = width.unwrap_or(0);
    if let Some(precision) = rest.strip_prefix('.') {
        let (precision, rest) = digits(precision)?;
        spec.precision = Some(precision.unwrap_or(0));
        return Ok((spec, rest));
    }
    Ok((spec, rest))
}

fn digits(text: &str) -> Result<(Option<usize>, &str), Failure> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Ok((None, text));
    }
    match text[..end].parse() {
        Ok(number) if number <= MAX_WIDTH => Ok((Some(number), &text[end..])),
        _ => Err(Failure::new(format!("a width in a format is at most {MAX_WIDTH}"))),
    }
}

impl Spec {
    /// The value as the verb says, or what Go writes of a verb that does not fit.
    fn show(&self, verb: char, value: ValueView<'_>) -> String {
        match (verb, value) {
            ('v', ValueView::Double(number)) => self.signed(number, shortest(number)),
            ('v' | 's', ValueView::Str(text)) => self.cut(text),
            ('q', ValueView::Str(text)) => format!("{text:?}"),
            ('x' | 'X', ValueView::Str(text)) => cased(hex::encode(text), verb),
            ('s', ValueView::Bytes(bytes)) => self.cut(&String::from_utf8_lossy(bytes)),
            ('x' | 'X', ValueView::Bytes(bytes)) => cased(hex::encode(bytes), verb),
            ('v' | 'd', ValueView::Int(number)) => self.integer(number, 10, false),
            ('b', ValueView::Int(number)) => self.integer(number, 2, false),
            ('o', ValueView::Int(number)) => self.integer(number, 8, false),
            ('x' | 'X', ValueView::Int(number)) => self.integer(number, 16, verb == 'X'),
            ('c', ValueView::Int(number)) => {
                let character = u32::try_from(number).ok().and_then(char::from_u32);
                character.unwrap_or(char::REPLACEMENT_CHARACTER).to_string()
            }
            ('f' | 'F', ValueView::Double(number)) => {
                self.signed(number, format!("{:.*}", self.precision.unwrap_or(6), number.abs()))
            }
            ('e' | 'E', ValueView::Double(number)) => {
                let written = format!("{:.*e}", self.precision.unwrap_or(6), number.abs());
                self.signed(number, cased(exponent(&written), if verb == 'E' { 'X' } else { 'x' }))
            }
            ('g' | 'G', ValueView::Double(number)) if self.precision.is_none() => {
                self.signed(number, shortest(number))
            }
            ('t', ValueView::Bool(value)) => value.to_string(),
            ('v', other) => plain_text(&other),
            (verb, ValueView::Empty) => format!("%!{verb}(<nil>)"),
            (verb, other) => format!("%!{verb}({}={})", go_type(&other), plain_text(&other)),
        }
    }

    fn cut(&self, text: &str) -> String {
        match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        }
    }

    fn integer(&self, number: i64, base: u32, upper: bool) -> String {
        let size = number.unsigned_abs();
        let mut digits = match base {
            2 => format!("{size:b}"),
            8 => format!("{size:o}"),
            16 if upper => format!("{size:X}"),
            16 => format!("{size:x}"),
            _ => size.to_string(),
        };
        let missing = self.precision.unwrap_or(0).saturating_sub(digits.len());
        digits.insert_str(0, &"0".repeat(missing));
        let prefix = match (self.alternate, base, upper) {
            (true, 16, false) => "0x",
            (true, 16, true) => "0X",
            (true, 8, _) => "0",
            (true, 2, _) => "0b",
            _ => "",
        };
        format!("{}{prefix}{digits}", self.sign(number < 0))
    }

    fn signed(&self, number: f64, size: String) -> String {
        if number.is_nan() {
            return "NaN".to_owned();
        }
        let size = if number.is_infinite() { "Inf".to_owned() } else { size };
        let sign = if number == f64::INFINITY { "+" } else { self.sign(number.is_sign_negative()) };
        format!("{sign}{size}")
    }

    fn sign(&self, is_negative: bool) -> &'static str {
        match is_negative {
            true => "-",
            false if self.plus => "+",
            false if self.space => " ",
            false => "",
        }
    }

    fn pad(&self, shown: &str, value: &ValueView<'_>) -> String {
        let missing = self.width.saturating_sub(shown.chars().count());
        if missing == 0 {
            return shown.to_owned();
        }
        if self.left {
            return format!("{shown}{}", " ".repeat(missing));
        }
        let is_number = match value {
            ValueView::Int(_) => self.precision.is_none(),
            ValueView::Double(number) => number.is_finite(),
            _ => false,
        };
        if self.zero && is_number {
            let sign = shown.len() - shown.trim_start_matches(['+', '-', ' ']).len();
            return format!("{}{}{}", &shown[..sign], "0".repeat(missing), &shown[sign..]);
        }
        format!("{}{shown}", " ".repeat(missing))
    }
}

/// Go writes an exponent with its sign and at least two digits.
fn exponent(written: &str) -> String {
    let Some((number, exponent)) = written.split_once('e') else { return written.to_owned() };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{number}e{sign}{digits:0>2}")
}

/// `%g` and `%v`: as few digits as tell the number; beyond 21 of them, or below 0.0001, with an exponent.
fn shortest(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        exponent(&format!("{size:e}"))
    } else {
        size.to_string()
    }
}

fn cased(text: String, verb: char) -> String {
    if verb == 'X' { text.to_uppercase() } else { text }
}

fn plain_text(value: &ValueView<'_>) -> String {
    match value {
        ValueView::Empty => "<nil>".to_owned(),
        ValueView::Double(number) => Spec::default().signed(*number, shortest(*number)),
        ValueView::Bytes(bytes) => {
            let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
            format!("[{}]", numbers.join(" "))
        }
        other => other.to_string(),
    }
}

/// The type as Go names it in such messages.
fn go_type(value: &ValueView<'_>) -> &'static str {
    match value {
        ValueView::Empty => "<nil>",
        ValueView::Str(_) => "string",
        ValueView::Bool(_) => "bool",
        ValueView::Int(_) => "int64",
        ValueView::Double(_) => "float64",
        ValueView::Bytes(_) => "[]uint8",
        ValueView::Array(_) => "[]interface {}",
        ValueView::KvList(_) => "map[string]interface {}",
    }
}
