//! Layouts in the C way, with the directives that the Collector has; and `%.f`, a fraction with its point, if there is
//! one, `%.3f` with so many digits, and `%:z`, an offset with a colon.

use super::layout::{Digits, Fraction, FractionDigits, Item, Name, Offset, push_literal};

const DIRECTIVES: &str = "%Y %y %m %o %q %b %h %B %d %e %g %a %A %H %I %l %p %P %M %S %L %f %s %z %w %i %j %k %Z %D %x \
                          %F %T %X %r %R %c %n %t %% %.f %.3f %.6f %.9f %:z";

pub(super) fn compile(layout: &str) -> Result<Vec<Item>, (String, usize)> {
    let mut items = Vec::new();
    add(layout, &mut items)?;
    if items.iter().all(|item| matches!(item, Item::Literal(_))) {
        return Err(("the layout names no part of a time".into(), 0));
    }
    Ok(items)
}

fn add(layout: &str, items: &mut Vec<Item>) -> Result<(), (String, usize)> {
    let mut chars = layout.char_indices();
    while let Some((at, char)) = chars.next() {
        if char != '%' {
            push_literal(char, items);
            continue;
        }
        let Some((_, directive)) = chars.next() else {
            return Err(("a directive is missing behind `%`".into(), at));
        };
        match directive {
            'L' | 'f' | 's' => {
                let most = match directive {
                    'L' => 3,
                    'f' => 6,
                    _ => 9,
                };
                let mark = take_mark(items).ok_or_else(|| {
                    ("a fraction of a second stands behind `.` or `,`; `%.f` has its own".into(), at)
                })?;
                items.push(Item::Fraction(Fraction { mark, digits: FractionDigits::UpTo(most) }));
            }
            '.' => {
                let rest = chars.as_str();
                let count =
                    rest.chars().next().and_then(|count| count.to_digit(10)).filter(|count| *count > 0);
                let directive = rest.chars().nth(usize::from(count.is_some()));
                if directive != Some('f') {
                    return Err((
                        "a fraction with its point is `%.f`, or `%.3f` for so many digits".into(),
                        at,
                    ));
                }
                let digits = match count {
                    Some(count) => FractionDigits::Exactly(count as usize),
                    None => FractionDigits::UpTo(9),
                };
                items.push(Item::Fraction(Fraction { mark: '.', digits }));
                chars.nth(usize::from(count.is_some()));
            }
            ':' if chars.as_str().starts_with('z') => {
                chars.next();
                items.push(Item::Offset(Offset { z: true, colons: true, minutes: true, seconds: false }));
            }
            _ => match (composite(directive), single(directive)) {
                (Some(layout), _) => add(layout, items)?,
                (None, Some(Item::Literal(text))) => text.chars().for_each(|char| push_literal(char, items)),
                (None, Some(item)) => items.push(item),
                (None, None) => {
                    return Err((format!("there is no `%{directive}`; there are {DIRECTIVES}"), at));
                }
            },
        }
    }
    Ok(())
}

/// The `.` or `,` before a fraction, which becomes part of it.
fn take_mark(items: &mut Vec<Item>) -> Option<char> {
    let Some(Item::Literal(text)) = items.last_mut() else { return None };
    let mark = text.chars().next_back().filter(|char| matches!(char, '.' | ','))?;
    text.pop();
    if text.is_empty() {
        items.pop();
    }
    Some(mark)
}

fn composite(directive: char) -> Option<&'static str> {
    Some(match directive {
        'D' | 'x' => "%m/%d/%Y",
        'F' => "%Y-%m-%d",
        'T' | 'X' => "%H:%M:%S",
        'r' => "%I:%M:%S %P",
        'R' => "%H:%M",
        'c' => "%a %b %d %H:%M:%S %Y",
        _ => return None,
    })
}

fn single(directive: char) -> Option<Item> {
    let offset = |z, colons, minutes, seconds| Item::Offset(Offset { z, colons, minutes, seconds });
    Some(match directive {
        'Y' => Item::Year,
        'y' => Item::YearOfCentury,
        'm' => Item::Month(Digits::Two),
        'o' => Item::Month(Digits::Padded),
        'q' => Item::Month(Digits::OneOrTwo),
        'b' | 'h' => Item::MonthName(Name::Short),
        'B' => Item::MonthName(Name::Long),
        'd' => Item::Day(Digits::Two),
        'e' => Item::Day(Digits::Padded),
        'g' => Item::Day(Digits::OneOrTwo),
        'a' => Item::Weekday(Name::Short),
        'A' => Item::Weekday(Name::Long),
        'H' => Item::Hour24,
        'I' => Item::Hour12(Digits::Two),
        'l' => Item::Hour12(Digits::OneOrTwo),
        'p' => Item::HalfDay { small: false },
        'P' => Item::HalfDay { small: true },
        'M' => Item::Minute(Digits::Two),
        'S' => Item::Second(Digits::Two),
        'z' => offset(true, false, true, false),
        'w' => offset(false, false, true, true),
        'i' => offset(false, false, false, false),
        'j' => offset(false, true, true, false),
        'k' => offset(false, true, true, true),
        'Z' => Item::ZoneName,
        'n' => Item::Literal("\n".into()),
        't' => Item::Literal("\t".into()),
        '%' => Item::Literal("%".into()),
        _ => return None,
    })
}
