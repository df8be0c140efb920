//! Layouts in Go's way: the time 2006-01-02 15:04:05 -0700 as it would be written.

use super::layout::{Digits, Fraction, FractionDigits, Item, Name, Offset, push_literal};

/// What stands for what; longer ones first where one begins with another.
static CHUNKS: [(&str, Item); 34] = [
    ("January", Item::MonthName(Name::Long)),
    ("Jan", Item::MonthName(Name::Short)),
    ("Monday", Item::Weekday(Name::Long)),
    ("Mon", Item::Weekday(Name::Short)),
    ("MST", Item::ZoneName),
    ("002", Item::DayOfYear),
    ("01", Item::Month(Digits::Two)),
    ("02", Item::Day(Digits::Two)),
    ("03", Item::Hour12(Digits::Two)),
    ("04", Item::Minute(Digits::Two)),
    ("05", Item::Second(Digits::Two)),
    ("06", Item::YearOfCentury),
    ("15", Item::Hour24),
    ("1", Item::Month(Digits::OneOrTwo)),
    ("2006", Item::Year),
    ("2", Item::Day(Digits::OneOrTwo)),
    ("_2006", Item::Year),
    ("_2", Item::Day(Digits::Padded)),
    ("3", Item::Hour12(Digits::OneOrTwo)),
    ("4", Item::Minute(Digits::OneOrTwo)),
    ("5", Item::Second(Digits::OneOrTwo)),
    ("PM", Item::HalfDay { small: false }),
    ("pm", Item::HalfDay { small: true }),
    ("-070000", offset(false, false, true, true)),
    ("-07:00:00", offset(false, true, true, true)),
    ("-0700", offset(false, false, true, false)),
    ("-07:00", offset(false, true, true, false)),
    ("-07", offset(false, false, false, false)),
    ("Z070000", offset(true, false, true, true)),
    ("Z07:00:00", offset(true, true, true, true)),
    ("Z0700", offset(true, false, true, false)),
    ("Z07:00", offset(true, true, true, false)),
    ("Z07", offset(true, false, false, false)),
    ("_1", Item::Month(Digits::Padded)),
];

const fn offset(z: bool, colons: bool, minutes: bool, seconds: bool) -> Item {
    Item::Offset(Offset { z, colons, minutes, seconds })
}

pub(super) fn compile(layout: &str) -> Result<Vec<Item>, (String, usize)> {
    let mut items = Vec::new();
    let mut rest = layout;
    while let Some(char) = rest.chars().next() {
        if let Some((fraction, length)) = fraction(rest) {
            items.push(Item::Fraction(fraction));
            rest = &rest[length..];
        } else if let Some((chunk, item)) = chunk(rest) {
            if *chunk == "_2006" {
                push_literal('_', &mut items);
            }
            items.push(item.clone());
            rest = &rest[chunk.len()..];
        } else if rest.starts_with("999") && rest.len() < layout.len() {
            return Err((
                "a fraction of a second stands behind `.` or `,`".into(),
                layout.len() - rest.len(),
            ));
        } else {
            push_literal(char, &mut items);
            rest = &rest[char.len_utf8()..];
        }
    }
    if items.iter().all(|item| matches!(item, Item::Literal(_))) {
        return Err((
            "the layout names no part of a time; it shows how 2006-01-02 15:04:05 is written".into(),
            0,
        ));
    }
    Ok(items)
}

/// The longest piece that the layout begins with. `Jan` and `Mon` are none within a word.
fn chunk(layout: &str) -> Option<&'static (&'static str, Item)> {
    let fits = |(chunk, item): &&(&str, Item)| {
        let word = matches!(item, Item::MonthName(Name::Short) | Item::Weekday(Name::Short));
        let goes_on = || layout[chunk.len()..].starts_with(|next: char| next.is_ascii_lowercase());
        layout.starts_with(chunk) && !(word && goes_on())
    };
    CHUNKS.iter().filter(fits).max_by_key(|(chunk, _)| chunk.len())
}

/// `.000` or `,999`, and how long it is in the layout.
fn fraction(layout: &str) -> Option<(Fraction, usize)> {
    let mark = layout.chars().next().filter(|char| matches!(char, '.' | ','))?;
    let digits = &layout[1..];
    let first = digits.chars().next().filter(|char| ['0', '9'].contains(char))?;
    let count = digits.chars().take_while(|char| *char == first).count();
    let ends = !digits[count..].starts_with(|char: char| char.is_ascii_digit());
    let kind = if first == '0' { FractionDigits::Exactly } else { FractionDigits::UpTo };
    ends.then_some((Fraction { mark, digits: kind(count) }, count + 1))
}
