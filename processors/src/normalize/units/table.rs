//! Units by their UCUM codes, and what people write instead.

use super::Ratio;

/// Units of one dimension can be converted into each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    Number,
    Time,
    Data,
    Length,
    Mass,
    Frequency,
    Power,
    Energy,
    Voltage,
    Current,
    /// Kept apart: conversion would take an offset.
    Celsius,
    Fahrenheit,
    Kelvin,
}

use Dimension::{
    Celsius, Current, Data, Energy, Fahrenheit, Frequency, Kelvin, Length, Mass, Number, Power, Time, Voltage,
};

const KILO: u64 = 1_000;
const MEGA: u64 = 1_000_000;
const GIGA: u64 = 1_000_000_000;
const TERA: u64 = 1_000_000_000_000;
const PETA: u64 = 1_000_000_000_000_000;
const HOUR: u64 = 3_600;

/// Code, dimension, and how many of the dimension's base units it is: seconds, bits, metres, grams and so on.
const UNITS: &[(&str, Dimension, Ratio)] = &[
    ("1", Number, Ratio::whole(1)),
    ("%", Number, Ratio::part(100)),
    ("[ppth]", Number, Ratio::part(KILO)),
    ("[ppm]", Number, Ratio::part(MEGA)),
    ("[ppb]", Number, Ratio::part(GIGA)),
    ("ps", Time, Ratio::part(TERA)),
    ("ns", Time, Ratio::part(GIGA)),
    ("us", Time, Ratio::part(MEGA)),
    ("ms", Time, Ratio::part(KILO)),
    ("s", Time, Ratio::whole(1)),
    ("min", Time, Ratio::whole(60)),
    ("h", Time, Ratio::whole(HOUR)),
    ("d", Time, Ratio::whole(24 * HOUR)),
    ("wk", Time, Ratio::whole(7 * 24 * HOUR)),
    ("bit", Data, Ratio::whole(1)),
    ("kbit", Data, Ratio::whole(KILO)),
    ("Mbit", Data, Ratio::whole(MEGA)),
    ("Gbit", Data, Ratio::whole(GIGA)),
    ("Tbit", Data, Ratio::whole(TERA)),
    ("Kibit", Data, Ratio::whole(1 << 10)),
    ("Mibit", Data, Ratio::whole(1 << 20)),
    ("Gibit", Data, Ratio::whole(1 << 30)),
    ("By", Data, Ratio::whole(8)),
    ("kBy", Data, Ratio::whole(8 * KILO)),
    ("MBy", Data, Ratio::whole(8 * MEGA)),
    ("GBy", Data, Ratio::whole(8 * GIGA)),
    ("TBy", Data, Ratio::whole(8 * TERA)),
    ("PBy", Data, Ratio::whole(8 * PETA)),
    ("KiBy", Data, Ratio::whole(8 << 10)),
    ("MiBy", Data, Ratio::whole(8 << 20)),
    ("GiBy", Data, Ratio::whole(8 << 30)),
    ("TiBy", Data, Ratio::whole(8 << 40)),
    ("PiBy", Data, Ratio::whole(8 << 50)),
    ("mm", Length, Ratio::part(KILO)),
    ("cm", Length, Ratio::part(100)),
    ("m", Length, Ratio::whole(1)),
    ("km", Length, Ratio::whole(KILO)),
    ("mg", Mass, Ratio::part(KILO)),
    ("g", Mass, Ratio::whole(1)),
    ("kg", Mass, Ratio::whole(KILO)),
    ("t", Mass, Ratio::whole(MEGA)),
    ("Hz", Frequency, Ratio::whole(1)),
    ("kHz", Frequency, Ratio::whole(KILO)),
    ("MHz", Frequency, Ratio::whole(MEGA)),
    ("GHz", Frequency, Ratio::whole(GIGA)),
    ("mW", Power, Ratio::part(KILO)),
    ("W", Power, Ratio::whole(1)),
    ("kW", Power, Ratio::whole(KILO)),
    ("MW", Power, Ratio::whole(MEGA)),
    ("J", Energy, Ratio::whole(1)),
    ("kJ", Energy, Ratio::whole(KILO)),
    ("MJ", Energy, Ratio::whole(MEGA)),
    ("W.h", Energy, Ratio::whole(HOUR)),
    ("kW.h", Energy, Ratio::whole(KILO * HOUR)),
    ("mV", Voltage, Ratio::part(KILO)),
    ("V", Voltage, Ratio::whole(1)),
    ("kV", Voltage, Ratio::whole(KILO)),
    ("mA", Current, Ratio::part(KILO)),
    ("A", Current, Ratio::whole(1)),
    ("Cel", Celsius, Ratio::whole(1)),
    ("[degF]", Fahrenheit, Ratio::whole(1)),
    ("K", Kelvin, Ratio::whole(1)),
];

/// What is written exactly so, and the code that is meant.
const SYMBOLS: &[(&str, &str)] = &[
    ("", "1"),
    ("\u{b5}s", "us"),
    ("\u{3bc}s", "us"),
    ("B", "By"),
    ("kB", "kBy"),
    ("KB", "kBy"),
    ("MB", "MBy"),
    ("GB", "GBy"),
    ("TB", "TBy"),
    ("PB", "PBy"),
    ("KiB", "KiBy"),
    ("MiB", "MiBy"),
    ("GiB", "GiBy"),
    ("TiB", "TiBy"),
    ("PiB", "PiBy"),
    ("kWh", "kW.h"),
    ("Wh", "W.h"),
    ("\u{b0}C", "Cel"),
    ("\u{b0}F", "[degF]"),
];

/// Words, in small letters and without a plural's `s`, and the code that is meant.
const WORDS: &[(&str, &str)] = &[
    ("nanosecond", "ns"),
    ("nano", "ns"),
    ("nsec", "ns"),
    ("microsecond", "us"),
    ("micro", "us"),
    ("usec", "us"),
    ("millisecond", "ms"),
    ("milli", "ms"),
    ("msec", "ms"),
    ("second", "s"),
    ("sec", "s"),
    ("minute", "min"),
    ("min", "min"),
    ("hour", "h"),
    ("hr", "h"),
    ("day", "d"),
    ("week", "wk"),
    ("byte", "By"),
    ("kilobyte", "kBy"),
    ("megabyte", "MBy"),
    ("gigabyte", "GBy"),
    ("terabyte", "TBy"),
    ("kibibyte", "KiBy"),
    ("mebibyte", "MiBy"),
    ("gibibyte", "GiBy"),
    ("tebibyte", "TiBy"),
    ("bit", "bit"),
    ("kilobit", "kbit"),
    ("megabit", "Mbit"),
    ("gigabit", "Gbit"),
    ("percent", "%"),
    ("percentage", "%"),
    ("pct", "%"),
    ("ratio", "1"),
    ("fraction", "1"),
    ("count", "1"),
    ("none", "1"),
    ("hertz", "Hz"),
    ("metre", "m"),
    ("meter", "m"),
    ("gram", "g"),
    ("watt", "W"),
    ("joule", "J"),
    ("volt", "V"),
    ("ampere", "A"),
    ("celsiu", "Cel"),
    ("fahrenheit", "[degF]"),
    ("kelvin", "K"),
    ("request", "{request}"),
    ("error", "{error}"),
    ("call", "{call}"),
    ("operation", "{operation}"),
    ("op", "{operation}"),
    ("event", "{event}"),
    ("message", "{message}"),
    ("packet", "{packet}"),
    ("connection", "{connection}"),
    ("thread", "{thread}"),
    ("process", "{process}"),
    ("item", "{item}"),
    ("object", "{object}"),
    ("record", "{record}"),
    ("row", "{row}"),
    ("query", "{query}"),
    ("querie", "{query}"),
    ("transaction", "{transaction}"),
];

/// The code that is meant by a unit without a `/` in it; as it is written if that is not known.
pub(super) fn code(written: &str) -> &str {
    let known = |code: &str| UNITS.iter().any(|(own, ..)| *own == code);
    if known(written) {
        return written;
    }
    if let Some((_, code)) = SYMBOLS.iter().find(|(symbol, _)| *symbol == written) {
        return code;
    }
    let is = |word: &str| {
        written.eq_ignore_ascii_case(word)
            || written.strip_suffix(['s', 'S']).is_some_and(|single| single.eq_ignore_ascii_case(word))
    };
    WORDS.iter().find(|(word, _)| is(word)).map_or(written, |(_, code)| code)
}

/// Dimension and size of a code without a `/` in it. What stands in braces is a note: it counts for nothing.
pub(super) fn unit(code: &str) -> Option<(Dimension, Ratio)> {
    if code.starts_with('{') && code.ends_with('}') {
        return Some((Number, Ratio::whole(1)));
    }
    UNITS.iter().find(|(own, ..)| *own == code).map(|(_, dimension, size)| (*dimension, *size))
}

/// Every code.
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    UNITS.iter().map(|(code, ..)| *code)
}
