use super::*;
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use tidewatch_otlp::views::ValueView;

/// 2025-03-01T00:00:00Z
const NOW: i64 = 1_740_787_200_000_000_000;

fn shown(nanos: Result<i64, NoTime>) -> Result<String, String> {
    nanos.map(show).map_err(|error| error.to_string())
}

fn show(nanos: i64) -> String {
    Timestamp::from_nanosecond(nanos.into()).unwrap_or_default().to_string()
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
        ("%d-%m-%Y %H:%M:%S%.f", "05-09-2025 16:45:26.191702", "2025-09-05T16:45:26.191702Z"),
        ("%d-%m-%Y %H:%M:%S%.f", "05-09-2025 16:45:26", "2025-09-05T16:45:26Z"),
        ("%F %T%.3f", "2025-09-05 16:45:26.191", "2025-09-05T16:45:26.191Z"),
        ("%FT%T%:z", "2025-09-05T16:45:26+02:00", "2025-09-05T14:45:26Z"),
        ("%FT%T%:z", "2025-09-05T16:45:26Z", "2025-09-05T16:45:26Z"),
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
        ("%Y-%m-%d", "2600-02-03"),
        ("%Y-%m-%d %H:%M", "2025-02-03 24:00"),
        ("%Y-%m-%d %H:%M:%S,%L", "2025-01-15T10:30:47"),
        ("%b %Y", "Foo 2025"),
        ("%Y %Z", "2025 XYZ"),
        ("%Y %z", "2025 0100"),
        ("%I", "13"),
        ("%Y", ""),
        ("%F %T%.3f", "2025-09-05 16:45:26.19"),
        ("%Y", "äöü"),
    ] {
        assert!(strptime(layout, text).is_err(), "{layout} of {text}");
    }
    assert!(gotime("15:04:05.000", "10:30:45.12").is_err());
}

#[test]
fn mistakes_in_layouts_are_found_in_the_configuration() {
    for (layout, at) in [
        ("%Y-%Q", 3),
        ("%H:%M:%S:%L", 9),
        ("%L", 0),
        ("%Y%", 2),
        ("yesterday", 0),
        ("%S%.0f", 2),
        ("%S%.q", 2),
        ("%S%:q", 2),
    ] {
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
        ("s", ValueView::from("1136214245"), 1_136_214_245_000_000_000),
        ("s", ValueView::from(1_136_214_245.0), 1_136_214_245_000_000_000),
        ("ms", ValueView::from(1_136_214_245_123), 1_136_214_245_123_000_000),
        ("us", ValueView::from("1136214245123456"), 1_136_214_245_123_456_000),
        ("ns", ValueView::from("1136214245123456789"), 1_136_214_245_123_456_789),
        ("s.ms", ValueView::from("1136214245.123"), 1_136_214_245_123_000_000),
        ("s.ms", ValueView::from(1_136_214_245), 1_136_214_245_000_000_000),
        ("s.us", ValueView::from("1136214245.123456"), 1_136_214_245_123_456_000),
        ("s.ns", ValueView::from("1136214245.123456789"), 1_136_214_245_123_456_789),
    ] {
        assert_eq!(Epoch::named(layout).unwrap().parse(value), Ok(nanos), "{layout} of {value:?}");
    }
    let milliseconds = Epoch::named("s.ms").unwrap().parse(1_136_214_245.123).unwrap();
    assert_eq!(milliseconds / 1_000_000, 1_136_214_245_123);
    for (layout, value) in [
        ("s", ValueView::from("1.5")),
        ("s", ValueView::from("x")),
        ("s", ValueView::from(f64::NAN)),
        ("s.ms", ValueView::from("1.2.3")),
        ("ns", ValueView::from(true)),
        ("s", ValueView::from(i64::MAX)),
    ] {
        assert!(Epoch::named(layout).unwrap().parse(value).is_err(), "{layout} of {value:?}");
    }
    assert!(Epoch::named("m").is_err());
}

#[test]
fn zones_have_names_or_are_offsets() {
    for (name, time) in [
        ("UTC", "2025-07-01T12:00:00Z"),
        ("Europe/Berlin", "2025-07-01T10:00:00Z"),
        ("+02:00", "2025-07-01T10:00:00Z"),
        ("-0530", "2025-07-01T17:30:00Z"),
        ("+3", "2025-07-01T09:00:00Z"),
    ] {
        let layout = Layout::strptime("%F %T", zone(name).unwrap()).unwrap();
        assert_eq!(shown(layout.parse("2025-07-01 12:00:00", NOW)), Ok(time.to_owned()), "{name}");
    }
    for name in ["+", "+-3", "+99:00", "+12345", "", "+ä", "Mars/Base"] {
        assert!(zone(name).is_err(), "{name}");
    }
}

fn format(format: &str, zone: TimeZone) -> Format {
    Format::new(format, zone).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn formats_have_names_or_are_patterns() {
    let berlin = || zone("Europe/Berlin").unwrap();
    for (name, value, time) in [
        ("rfc3339", ValueView::from("2025-09-05T16:45:26.191702Z"), "2025-09-05T16:45:26.191702Z"),
        ("rfc3339", ValueView::from("2025-09-05T16:45:26+02:00"), "2025-09-05T14:45:26Z"),
        ("iso8601", ValueView::from("2025-09-05T16:45:26.191702"), "2025-09-05T14:45:26.191702Z"),
        ("iso8601", ValueView::from("2025-09-05 16:45:26,5Z"), "2025-09-05T16:45:26.5Z"),
        ("iso8601", ValueView::from("2025-09-05T16:45:26+0530"), "2025-09-05T11:15:26Z"),
        ("iso8601", ValueView::from("2025-09-05T16:45:26-05"), "2025-09-05T21:45:26Z"),
        ("unix", ValueView::from(1_736_071_380), "2025-01-05T10:03:00Z"),
        ("unix", ValueView::from(1_757_090_726.191_702), "2025-09-05T16:45:26.191702Z"),
        ("unix", ValueView::from("1757090726.191702"), "2025-09-05T16:45:26.191702Z"),
        ("unix", ValueView::from(-1), "1969-12-31T23:59:59Z"),
        ("unix", ValueView::from("-0.5"), "1969-12-31T23:59:59.5Z"),
        ("unix_ms", ValueView::from(1_736_071_380_123), "2025-01-05T10:03:00.123Z"),
        ("unix_ms", ValueView::from("1736071380123.5"), "2025-01-05T10:03:00.1235Z"),
        ("unix_us", ValueView::from("1736071380123456"), "2025-01-05T10:03:00.123456Z"),
        ("unix_ns", ValueView::from(1_736_071_380_123_456_789), "2025-01-05T10:03:00.123456789Z"),
        ("%Y%m%d", ValueView::from(20_250_905), "2025-09-04T22:00:00Z"),
        ("%d-%m-%Y %H:%M:%S,%L", ValueView::from("05-09-2025 16:45:26,191"), "2025-09-05T14:45:26.191Z"),
    ] {
        assert_eq!(
            shown(format(name, berlin()).parse(value, NOW)),
            Ok(time.to_owned()),
            "{name} of {value:?}"
        );
    }
    for (name, value) in [
        ("rfc3339", ValueView::from("2025-09-05T16:45:26")),
        ("rfc3339", ValueView::from("2025-09-05T16:45:26+00:00Z")),
        ("iso8601", ValueView::from("2025-09-05")),
        ("iso8601", ValueView::from("2025-09-05T16:45:26x")),
        ("unix", ValueView::from(i64::MAX)),
        ("unix", ValueView::from(f64::INFINITY)),
        ("unix", ValueView::from(1e300)),
        ("unix", ValueView::from("1.2.3")),
        ("unix", ValueView::from("--1")),
        ("unix", ValueView::from("")),
        ("unix", ValueView::Empty),
        ("%Y", ValueView::from(true)),
    ] {
        assert!(format(name, berlin()).parse(value, NOW).is_err(), "{name} of {value:?}");
    }
    assert!(Format::new("rfc822", TimeZone::UTC).is_err());
    assert_eq!(Format::new("%Y-%Q", TimeZone::UTC).unwrap_err().1, 3);
}

#[test]
fn formats_are_tried_in_order() {
    let all = ["rfc3339", "unix_ms", "%d-%m-%Y %H:%M:%S%.f"].map(|name| format(name, TimeZone::UTC));
    let formats = Formats::new(all.to_vec());
    assert_eq!(shown(formats.parse("05-09-2025 16:45:26", NOW)), Ok("2025-09-05T16:45:26Z".into()));
    assert_eq!(shown(formats.parse(1_736_071_380_000, NOW)), Ok("2025-01-05T10:03:00Z".into()));
    assert_eq!(formats.parse("yesterday", NOW), Err(NoTime::NoFormat));
    let one = Formats::new(vec![format("%d-%m-%Y", TimeZone::UTC)]);
    assert_eq!(one.parse("30-02-2025", NOW), Err(NoTime::DoesNotExist));
}

#[test]
fn times_are_written_as_they_are_read() {
    const TIME: i64 = 1_757_090_726_191_702_000;
    const WHOLE: i64 = 1_757_090_700_000_000_000;
    let berlin = || zone("Europe/Berlin").unwrap();
    for (name, zone, time, text) in [
        ("iso8601", TimeZone::UTC, WHOLE, "2025-09-05T16:45:00"),
        ("iso8601", TimeZone::UTC, TIME, "2025-09-05T16:45:26.191702"),
        ("iso8601", berlin(), TIME + 1, "2025-09-05T18:45:26.191702001"),
        ("iso8601", TimeZone::UTC, WHOLE + 100_000_000, "2025-09-05T16:45:00.100000"),
        ("rfc3339", berlin(), TIME, "2025-09-05T16:45:26.191702Z"),
        ("%Y-%m-%d %H:%M:%S.%L %z", TimeZone::UTC, WHOLE + 120_000_000, "2025-09-05 16:45:00.12 Z"),
        ("%d/%b/%Y:%H:%M:%S,%f %z %Z", berlin(), TIME, "05/Sep/2025:18:45:26,191702 +0200 CEST"),
        ("%A %a %B %e %g %q %o %y", TimeZone::UTC, WHOLE, "Friday Fri September  5 5 9  9 25"),
        ("%I:%M %p %l %P", TimeZone::UTC, WHOLE, "04:45 PM 4 pm"),
        ("%T%.3f %w %i %j %k %:z", berlin(), TIME, "18:45:26.191 +020000 +02 +02:00 +02:00:00 +02:00"),
        ("%T%.f", TimeZone::UTC, WHOLE, "16:45:00"),
        ("%T.%s", TimeZone::UTC, TIME, "16:45:26.191702"),
        ("%I", TimeZone::UTC, 0, "12"),
        ("unix", TimeZone::UTC, TIME, "1757090726.191702"),
        ("unix", TimeZone::UTC, -500_000_000, "-0.5"),
        ("unix_ms", TimeZone::UTC, WHOLE, "1757090700000"),
        ("unix_ns", TimeZone::UTC, TIME, "1757090726191702000"),
    ] {
        let mut out = String::new();
        format(name, zone).write(time, &mut out);
        assert_eq!(out, text, "{name}");
    }
    let mut out = String::new();
    Layout::gotime("2006-002 .000000", TimeZone::UTC).unwrap().write(TIME, &mut out);
    assert_eq!(out, "2025-248 .191702");
}

proptest! {
    #[test]
    fn any_time_comes_back(nanos: i64) {
        let time = Timestamp::from_nanosecond(nanos.into()).unwrap();
        let text = time.strftime("%Y-%m-%d %H:%M:%S.%f").to_string();
        prop_assert_eq!(Layout::strptime("%Y-%m-%d %H:%M:%S.%L", TimeZone::UTC).unwrap().parse(&text, NOW), Ok(nanos));
        prop_assert_eq!(Layout::rfc3339().parse(&time.to_string(), NOW), Ok(nanos));
        for name in ["rfc3339", "iso8601", "unix", "unix_ms", "unix_us", "unix_ns", "%c%.f %:z", "%F %r%.9f"] {
            let format = format(name, zone("+05:30").unwrap());
            let mut text = String::new();
            format.write(nanos, &mut text);
            prop_assert_eq!(format.parse(text.as_str(), NOW), Ok(nanos), "{} is {}", name, text);
        }
    }

    #[test]
    fn nothing_makes_it_panic(layout in "(%[a-zA-Z%]|[ -~]){0,12}", text in "[ -~ä]{0,24}", go in "([0-9_]|Jan|Mon|Z07|[.,]0*|PM| ){0,12}") {
        for layout in [Layout::strptime(&layout, TimeZone::UTC), Layout::gotime(&go, TimeZone::UTC)].into_iter().flatten() {
            if let Ok(time) = layout.parse(&text, NOW) {
                layout.write(time, &mut String::new());
            }
        }
    }

    #[test]
    fn nothing_that_is_a_number_makes_it_panic(number: f64, text in "-?[0-9]{0,40}[.]?[0-9]{0,20}", whole: i64) {
        for name in ["rfc3339", "iso8601", "unix", "unix_ms", "unix_us", "unix_ns", "%Y"] {
            let format = format(name, TimeZone::UTC);
            format.parse(number, NOW).ok();
            format.parse(text.as_str(), NOW).ok();
            format.parse(whole, NOW).ok();
            format.write(whole, &mut String::new());
        }
    }
}
