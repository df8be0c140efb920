//! Valid requests with small damages. Many are still valid, and are to be accepted.

use super::{Findings, Target, answer, code, post};
use crate::{
    items::{attribute, logs, text},
    protocol::{HTTP_LOGS, Protocol},
    wire::HttpClient,
};
use opentelemetry_proto::tonic::{common::v1::any_value::Value, logs::v1::LogRecord};
use prost::Message;
use rand::{Rng, SeedableRng, rngs::SmallRng};

const ATTACK: &str = "http mutation";

/// Sends so many mutations of valid requests, and says what share of them was accepted. The right answers
/// are 200 and 400. None of the records carries a number.
pub async fn mutations(target: Target, count: u64, seed: u64) -> (Findings, f64) {
    let mut random = SmallRng::seed_from_u64(seed);
    let client = HttpClient::http1();
    let mut findings = Findings::default();
    let mut accepted = 0;
    for _ in 0..count {
        let body = mutate(valid(&mut random), &mut random);
        let request = post(target.http, HTTP_LOGS, &[("content-type", "application/x-protobuf")], body);
        match answer(&client, request).await {
            Ok(reply) => {
                let code = code(Protocol::Http, &reply);
                accepted += u64::from(code == 200);
                findings.add(ATTACK, &code.to_string());
                // A busy agent may turn anything away for now.
                if !matches!(code, 200 | 400 | 503) {
                    findings.wrong.push(format!("a mutation is answered {code}"));
                }
            }
            Err(error) => {
                findings.add(ATTACK, &error);
                findings.wrong.push(format!("a mutation is answered {error}"));
            }
        }
    }
    (findings, accepted as f64 / count.max(1) as f64)
}

fn valid(random: &mut SmallRng) -> Vec<u8> {
    let records = (0..random.random_range(1..5)).map(|_| LogRecord {
        time_unix_nano: random.random(),
        body: Some(text(&"hostile ".repeat(random.random_range(1..20)))),
        attributes: vec![
            attribute("h", Value::IntValue(random.random())),
            attribute("share", Value::DoubleValue(random.random())),
        ],
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        ..LogRecord::default()
    });
    logs(records.collect()).encode_to_vec()
}

fn mutate(mut bytes: Vec<u8>, random: &mut SmallRng) -> Vec<u8> {
    for _ in 0..random.random_range(1..3) {
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..16)).min(bytes.len());
        match random.random_range(0..12) {
            0..=4 => bytes[at] ^= 1 << random.random_range(0..8),
            5..=8 => bytes[at] = random.random(),
            9 => drop(bytes.drain(at..end)),
            10 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_mutations_stay_valid() {
        let mut random = SmallRng::seed_from_u64(1);
        let read = (0..1000)
            .filter(|_| crate::items::read(&mutate(valid(&mut random), &mut random)).is_ok())
            .count();
        assert!((200..900).contains(&read), "{read} of 1000");
    }
}
