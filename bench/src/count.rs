//! Counts items in encoded requests without decoding them, and without the code under test.

use crate::signal::Signal;

/// What a request holds.
#[derive(Default, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Spans, data points or log records.
    pub(crate) items: u64,
    /// The timestamp of the first item of each resource, in Unix nanoseconds.
    pub(crate) times: Vec<u64>,
}

/// Counts an OTLP export request. What is malformed counts for nothing.
pub(crate) fn otlp(signal: Signal, request: &[u8]) -> Counts {
    let mut counts = Counts::default();
    for resource in messages(request, 1) {
        let before = counts.items;
        let mut first = None;
        for item in messages(resource, 2).flat_map(|scope| messages(scope, 2)) {
            match signal {
                Signal::Traces | Signal::Logs => counts.items += 1,
                Signal::Metrics => counts.items += points(item).count() as u64,
            }
            if first.is_none() {
                first = match signal {
                    Signal::Traces => fixed64(item, 7),
                    Signal::Logs => fixed64(item, 1),
                    Signal::Metrics => points(item).find_map(|point| fixed64(point, 3)),
                };
            }
        }
        if counts.items > before {
            counts.times.extend(first);
        }
    }
    counts
}

/// Samples in a Prometheus remote-write request: series are field 1 in version 1 and field 5 in version 2.
pub(crate) fn remote_write(request: &[u8]) -> u64 {
    [1, 5]
        .into_iter()
        .flat_map(|field| messages(request, field))
        .map(|series| messages(series, 2).count() as u64)
        .sum()
}

/// Data points of gauge, sum, histogram, exponential histogram and summary.
fn points(metric: &[u8]) -> impl Iterator<Item = &[u8]> {
    [5, 7, 9, 10, 11]
        .into_iter()
        .flat_map(move |kind| messages(metric, kind))
        .flat_map(|data| messages(data, 1))
}

struct Fields<'a>(&'a [u8]);

enum Value<'a> {
    Fixed64(u64),
    Bytes(&'a [u8]),
    Other,
}

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => self.varint().map(|_| Value::Other)?,
            1 => Value::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Other)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

fn messages(message: &[u8], field: u64) -> impl Iterator<Item = &[u8]> {
    Fields(message).filter_map(move |(number, value)| match value {
        Value::Bytes(bytes) if number == field => Some(bytes),
        _ => None,
    })
}

fn fixed64(message: &[u8], field: u64) -> Option<u64> {
    Fields(message).find_map(|(number, value)| match value {
        Value::Fixed64(value) if number == field => Some(value),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;
    use tidewatch_otlp::testing::{realistic_logs, realistic_metrics, realistic_traces};

    #[test]
    fn counts_what_is_there_and_finds_the_first_time() {
        let logs = realistic_logs(7);
        let time = logs.resource_logs[0].scope_logs[0].log_records[0].time_unix_nano;
        assert_eq!(otlp(Signal::Logs, &logs.encode_to_vec()), Counts { items: 7, times: vec![time] });
        assert_eq!(otlp(Signal::Traces, &realistic_traces(5).encode_to_vec()).items, 5);
        assert_eq!(otlp(Signal::Metrics, &realistic_metrics(6).encode_to_vec()).items, 60);
    }

    #[test]
    fn cut_off_requests_count_what_is_whole() {
        let logs = realistic_logs(7).encode_to_vec();
        for length in 0..logs.len() {
            assert_eq!(otlp(Signal::Logs, &logs[..length]).items, 0);
        }
    }

    #[test]
    fn counts_samples_of_remote_write() {
        // Two series of one and two samples; a sample is {value: double = 1, timestamp: int64 = 2}.
        let request = [0x0a, 4, 0x12, 2, 0x10, 1, 0x0a, 8, 0x12, 2, 0x10, 1, 0x12, 2, 0x10, 2];
        assert_eq!(remote_write(&request), 3);
    }
}
