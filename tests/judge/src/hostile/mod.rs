//! Hostile input: what an open port must withstand.

mod bombs;
mod idle;
mod malformed;
mod mutation;
mod slow;

pub use idle::Idle;
pub use malformed::malformed;
pub use mutation::mutations;
pub use slow::Slow;

use crate::{
    protocol::{GRPC_LOGS, Protocol},
    wire::{HttpClient, Outgoing, Reply, frame},
};
use bytes::Bytes;
use http::{Request, header};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// The ports under attack.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// OTLP/gRPC.
    pub grpc: SocketAddr,
    /// OTLP/HTTP.
    pub http: SocketAddr,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Findings {
    /// How often each answer came, by kind of attack.
    pub answers: BTreeMap<String, BTreeMap<String, u64>>,
    /// Answers other than those the standard gives.
    pub wrong: Vec<String>,
}

/// An attack that is one request, and the answers that are right.
struct Attack {
    name: &'static str,
    protocol: Protocol,
    request: Outgoing,
    /// HTTP statuses; of gRPC, statuses in trailers, or HTTP's where it is no gRPC call at all.
    right: &'static [u16],
}

/// An answer takes no longer than this, whatever was asked.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

impl Findings {
    /// Adds what another attacker found.
    pub fn merge(&mut self, other: Self) {
        for (attack, answers) in other.answers {
            for (answer, count) in answers {
                *self.answers.entry(attack.clone()).or_default().entry(answer).or_default() += count;
            }
        }
        self.wrong.extend(other.wrong);
    }

    fn add(&mut self, attack: &str, answer: &str) {
        let answers = self.answers.entry(attack.to_owned()).or_default();
        *answers.entry(answer.to_owned()).or_default() += 1;
    }

    fn judge(&mut self, attack: &Attack, answer: Result<u16, String>) {
        let text = answer.as_ref().map_or_else(Clone::clone, u16::to_string);
        if !answer.is_ok_and(|code| attack.right.contains(&code)) {
            self.wrong.push(format!("{} is answered {text}, not {:?}", attack.name, attack.right));
        }
        self.add(attack.name, &text);
    }
}

/// Sends each attack over a connection that others may share, and judges the answers.
async fn launch(attacks: Vec<Attack>) -> Findings {
    let (http1, http2) = (HttpClient::http1(), HttpClient::http2());
    let mut findings = Findings::default();
    for attack in attacks {
        let client = if attack.protocol == Protocol::Grpc { &http2 } else { &http1 };
        let answer = answer(client, attack.request.clone()).await.map(|reply| code(attack.protocol, &reply));
        findings.judge(&attack, answer);
    }
    findings
}

async fn answer(client: &HttpClient, request: Outgoing) -> Result<Reply, String> {
    match tokio::time::timeout(ANSWER_WITHIN, client.send(request)).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(error)) => Err(format!("nothing ({error})")),
        Err(_) => Err(format!("nothing within {ANSWER_WITHIN:?}")),
    }
}

fn code(protocol: Protocol, reply: &Reply) -> u16 {
    match protocol {
        Protocol::Grpc => reply.grpc_status().unwrap_or(reply.status.as_u16()),
        Protocol::Http => reply.status.as_u16(),
    }
}

/// A POST with these headers.
fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Outgoing {
    let request = Request::post(format!("http://{address}{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(body.into().into()).expect("a valid request")
}

/// A gRPC call of the logs service with one message.
fn call(address: SocketAddr, headers: &[(&str, &str)], message: &[u8], compressed: bool) -> Outgoing {
    let mut request = post(address, GRPC_LOGS, headers, frame(message, compressed));
    request.headers_mut().insert(header::CONTENT_TYPE, "application/grpc".parse().expect("a constant"));
    request.headers_mut().insert(header::TE, "trailers".parse().expect("a constant"));
    request
}
