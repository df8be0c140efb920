use super::*;
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use tidewatch_otlp::write::Value;

/// 2025-03-01T00:00:00Z
const NOW: u64 = 1_740_787_200_000_000_000;

fn shown(nanos: Result<u64, String>) -> Result<String, String> {
    nanos.map(|nanos| Timestamp::from_nanosecond(nanos.into()).unwrap().to_string())
}

fn strptime(layout: &str, text: &str) -> Result<String, String> {
    shown(
        Layout::strptime(layout, TimeZone::UTC).unwrap_or_else(|error| panic!("{error:?}")).parse(text, NOW),
    )
}

fn gotime(layout: &str, text: &str) -> Result<String, String> {
    shown(Layout::gotime(layout, TimeZone::UTC).unwrap_or_else(|error| panic!("{error:?}")).parse(text, NOW))
}

#[test]
fn strptime_directives_are_those_of_the_collector() {
    for (layout, text, time) in [
        ("%Y-%m-%d %H:%M:%S,%L", "2025-01-15 10:30:45,120", "2025-01-15T10:30:45.12Z"),
        ("%Y-%m-%d %H:%M:%S.%f", "2019-01-02 15:04:05.666666", "2019-01-02T15:04:05.666666Z"),
        ("%Y-%m-%d %l:%M:%S.%L %P, %a", "2019-01-02 3:04:05.666 pm, Wed", "2019-01-02T15:04:05.666Z"),
        ("%Y-%m-%d %T.%s +0000", "2025-07-07 01:07:27.123456789 +0000", "2025-07-07T01:07:27.123456789Z"),
        ("%Y-%m-%dT%H:%M:%S.%L%z", "2019-01-02T15:04:05.666666Z", "2019-01-02T15:04:05.666666Z"),
        ("%Y-%m-%dT%H:%M:%S.%L%z", "2019-01-02T15:04:05.666666-0100", "2019-01-02T16:04:05.666666Z"),
        ("%Y-%m-%dT%H:%M:%S%j", "2019-01-02T15:04:05+05:30", "2019-01-02T09:34:05Z"),
        ("%Y-%m-%dT%H:%M:%S%i", "2019-01-02T15:04:05-05", "2019-01-02T20:04:05Z"),
        ("%Y-%m-%dT%H:%M:%S%k", "2019-01-02T15:04:05+00:00:05", "2019-01-02T15:04:00Z"),
        ("%Y-%m-%dT%H:%M:%S%w", "2019-01-02T15:04:05+000005", "2019-01-02T15:04:00Z"),
        ("%a %b %e %H:%M:%S %Z %Y", "Mon Jan  2 15:04:05 UTC 2006", "2006-01-02T15:04:05Z"),
        ("%a %b %e %H:%M:%S %Z %Y", "Mon Jan 12 15:04:05 EST 2026", "2026-01-12T20:04:05Z"),
        ("%a %b %e %H:%M:%S %Z %Y", "mon jan 2 15:04:05 GMT+3 2006", "2006-01-02T12:04:05Z"),
        ("%d/%b/%Y:%H:%M:%S %z", "10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"),
        ("%A, %d. %B %Y", "Friday, 03. July 2020", "2020-07-03T00:00:00Z"),
        ("%D %r", "07/03/2020 02:55:02 pm", "2020-07-03T14:55:02Z"),
        ("%x %R", "07/03/2020 14:55", "2020-07-03T14:55:00Z"),
        ("%c", "Fri Jul 03 14:55:02 2020", "2020-07-03T14:55:02Z"),
        ("%F %I %p", "2020-07-03 12 AM", "2020-07-03T00:00:00Z"),
        ("%y%m%d %X", "200703 14:55:02", "2020-07-03T14:55:02Z"),
        ("%y", "70", "1970-01-01T00:00:00Z"),
        ("%q/%g/%Y", "7/3/2020", "2020-07-03T00:00:00Z"),
        ("%o/%e/%Y", " 7/ 3/2020", "2020-07-03T00:00:00Z"),
        ("%F%t%T%n", "2020-07-03\t14:55:02\n", "2020-07-03T14:55:02Z"),
        ("%Y-%m-%d %H:%M:%S", "2020-07-03 14:55:02.5", "2020-07-03T14:55:02.5Z"),
        ("%Y-%m-%d %H:%M:%S.%L", "2020-07-03 14:55:02", "2020-07-03T14:55:02Z"),
        ("%Y-%m-%d  %H", "2020-07-03 14", "2020-07-03T14:00:00Z"),
        ("100%% %Y", "100% 2020", "2020-01-01T00:00:00Z"),
    ] {
        assert_eq!(strptime(layout, text), Ok(time.to_owned()), "{layout} of {text}");
    }
}

#[test]
fn gos_layouts_are_understood() {
    for (layout, text, time) in [
        ("2006-01-02T15:04:05Z07:00", "2020-07-03T14:55:02+02:00", "2020-07-03T12:55:02Z"),
        (
            "2006-01-02T15:04:05.999999999Z07:00",
            "2024-04-13T07:59:37.505201169-05:00",
            "2024-04-13T12:59:37.505201169Z",
        ),
        ("2006-01-02T15:04:05.000Z", "2024-04-13T07:59:37.505Z", "2024-04-13T07:59:37.505Z"),
        ("2006-01-02 15:04:05,000", "2024-04-13 07:59:37,505", "2024-04-13T07:59:37.505Z"),
        ("Mon Jan _2 15:04:05 2006", "Sat Apr  3 07:59:37 2021", "2021-04-03T07:59:37Z"),
        ("Monday, 02-Jan-06 15:04:05 MST", "Saturday, 03-Apr-21 07:59:37 UTC", "2021-04-03T07:59:37Z"),
        ("January 2, 2006 3:04PM", "April 3, 2021 7:59PM", "2021-04-03T19:59:00Z"),
        ("1/2/06 03:4:5 pm", "4/3/21 07:9:7 am", "2021-04-03T07:09:07Z"),
        ("2006-002", "2024-366", "2024-12-31T00:00:00Z"),
        ("Month 01 2006", "Month 02 2020", "2020-02-01T00:00:00Z"),
        ("02/Jan/2006:15:04:05 -0700", "10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"),
    ] {
        assert_eq!(gotime(layout, text), Ok(time.to_owned()), "{layout} of {text}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for (layout, text) in [
        ("%Y-%m-%d", "2025-02-30"),
        ("%Y-%m-%d", "2025-02-3"),
        ("%Y-%m-%d", "2025-02-03 "),
        ("%Y-%m-%d", "0025-02-03"),
        ("%Y-%m-%d %H:%M", "2025-02-03 24:00"),
        ("%Y-%m-%d %H:%M:%S,%L", "2025-01-15T10:30:47"),
        ("%b %Y", "Foo 2025"),
        ("%Y %Z", "2025 XYZ"),
        ("%Y %z", "2025 0100"),
        ("%I", "13"),
        ("%Y", ""),
        ("%Y", "äöü"),
    ] {
        assert!(strptime(layout, text).is_err(), "{layout} of {text}");
    }
    assert!(gotime("15:04:05.000", "10:30:45.12").is_err());
}

#[test]
fn mistakes_in_layouts_are_found_in_the_configuration() {
    for (layout, at) in [("%Y-%Q", 3), ("%H:%M:%S:%L", 9), ("%L", 0), ("%Y%", 2), ("yesterday", 0)] {
        assert_eq!(Layout::strptime(layout, TimeZone::UTC).unwrap_err().1, at, "{layout}");
    }
    assert!(Layout::gotime("yyyy", TimeZone::UTC).is_err());
    assert_eq!(Layout::gotime("15:04:05:999", TimeZone::UTC).unwrap_err().1, 9);
    assert!(zone("Europe/Atlantis").is_err());
}

#[test]
fn times_without_a_zone_are_of_the_one_that_is_configured() {
    let berlin = Layout::strptime("%F %T", zone("Europe/Berlin").unwrap()).unwrap();
    let parse = |text| shown(berlin.parse(text, NOW)).unwrap();
    assert_eq!(parse("2025-07-01 12:00:00"), "2025-07-01T10:00:00Z");
    assert_eq!(parse("2025-01-01 12:00:00"), "2025-01-01T11:00:00Z");
    let named = Layout::strptime("%F %T %Z", zone("America/New_York").unwrap()).unwrap();
    let parse = |text| shown(named.parse(text, NOW)).unwrap();
    assert_eq!(parse("2025-07-01 12:00:00 EDT"), "2025-07-01T16:00:00Z");
    assert_eq!(parse("2025-07-01 12:00:00 EST"), "2025-07-01T17:00:00Z");
    assert_eq!(parse("2025-01-01 12:00:00 EST"), "2025-01-01T17:00:00Z");
}

#[test]
fn times_without_a_year_are_of_the_last_months() {
    assert_eq!(strptime("%b %e %T", "Feb 27 10:00:00"), Ok("2025-02-27T10:00:00Z".into()));
    assert_eq!(strptime("%b %e %T", "Mar  5 10:00:00"), Ok("2025-03-05T10:00:00Z".into()), "clocks differ");
    assert_eq!(strptime("%b %e %T", "Dec 31 10:00:00"), Ok("2024-12-31T10:00:00Z".into()));
    assert_eq!(strptime("%b %e", "Feb 29"), Ok("2024-02-29T00:00:00Z".into()));
    assert!(strptime("%b %e", "Feb 30").is_err());
}

#[test]
fn epochs_are_numbers_or_texts() {
    for (layout, value, nanos) in [
        ("s", Value::from("1136214245"), 1_136_214_245_000_000_000),
        ("s", Value::from(1_136_214_245.0), 1_136_214_245_000_000_000),
        ("ms", Value::from(1_136_214_245_123), 1_136_214_245_123_000_000),
        ("us", Value::from("1136214245123456"), 1_136_214_245_123_456_000),
        ("ns", Value::from("1136214245123456789"), 1_136_214_245_123_456_789),
        ("s.ms", Value::from("1136214245.123"), 1_136_214_245_123_000_000),
        ("s.ms", Value::from(1_136_214_245), 1_136_214_245_000_000_000),
        ("s.us", Value::from("1136214245.123456"), 1_136_214_245_123_456_000),
        ("s.ns", Value::from("1136214245.123456789"), 1_136_214_245_123_456_789),
    ] {
        assert_eq!(Epoch::named(layout).unwrap().parse(&value), Ok(nanos), "{layout} of {value:?}");
    }
    let milliseconds = Epoch::named("s.ms").unwrap().parse(&Value::from(1_136_214_245.123)).unwrap();
    assert_eq!(milliseconds / 1_000_000, 1_136_214_245_123);
    for (layout, value) in [
        ("s", Value::from("1.5")),
        ("s", Value::from(-1)),
        ("s", Value::from("x")),
        ("s", Value::from(f64::NAN)),
        ("s.ms", Value::from("1.2.3")),
        ("ns", Value::from(true)),
        ("s", Value::from(i64::MAX)),
    ] {
        assert!(Epoch::named(layout).unwrap().parse(&value).is_err(), "{layout} of {value:?}");
    }
    assert!(Epoch::named("m").is_err());
}

proptest! {
    #[test]
    fn any_time_comes_back(nanos in 0u64..4_000_000_000_000_000_000) {
        let time = Timestamp::from_nanosecond(nanos.into()).unwrap();
        let text = time.strftime("%Y-%m-%d %H:%M:%S.%f").to_string();
        prop_assert_eq!(Layout::strptime("%Y-%m-%d %H:%M:%S.%L", TimeZone::UTC).unwrap().parse(&text, NOW), Ok(nanos));
        prop_assert_eq!(Layout::rfc3339().parse(&time.to_string(), NOW), Ok(nanos));
    }

    #[test]
    fn nothing_makes_it_panic(layout in "(%[a-zA-Z%]|[ -~]){0,12}", text in "[ -~ä]{0,24}", go in "([0-9_]|Jan|Mon|Z07|[.,]0*|PM| ){0,12}") {
        for layout in [Layout::strptime(&layout, TimeZone::UTC), Layout::gotime(&go, TimeZone::UTC)].into_iter().flatten() {
            layout.parse(&text, NOW).ok();
        }
    }
}
