//! Requests that are wrong in one known way, and the answers that are right.

use super::{Attack, Findings, Target, bombs, call, launch, post};
use crate::{
    Result, items,
    protocol::{GRPC_LOGS, HTTP_LOGS, Protocol},
    wire::frame,
};
use bytes::Bytes;
use http::{Method, header};
use rand::{RngCore, SeedableRng, rngs::SmallRng};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");
const GZIP: (&str, &str) = ("content-encoding", "gzip");
const ZSTD: (&str, &str) = ("content-encoding", "zstd");
/// Above the 20 MiB that a receiver takes by default.
const TOO_LARGE: usize = 21 << 20;
const NESTED: usize = 10_000;

/// Sends every malformed request once over each protocol.
///
/// # Errors
/// When a bomb cannot be built.
pub async fn malformed(target: Target) -> Result<Findings> {
    let (gzip, zstd) = tokio::task::spawn_blocking(|| (bombs::gzip(), bombs::zstd())).await?;
    let bodies = Bodies { gzip: gzip?.into(), zstd: zstd?.into(), random: random(), ..Bodies::new() };
    let mut findings = launch(over_http(target, &bodies)).await;
    findings.merge(launch(over_grpc(target, &bodies)).await);
    Ok(findings)
}

struct Bodies {
    truncated: Bytes,
    too_large: Bytes,
    nested: Bytes,
    random: Bytes,
    gzip: Bytes,
    zstd: Bytes,
}

impl Bodies {
    fn new() -> Self {
        let valid = items::request(0..10, 0);
        Self {
            truncated: valid.slice(..valid.len() - 7),
            too_large: too_large(),
            nested: nested(),
            random: Bytes::new(),
            gzip: Bytes::new(),
            zstd: Bytes::new(),
        }
    }
}

fn over_http(target: Target, bodies: &Bodies) -> Vec<Attack> {
    let http = |name, right, headers: &[(&str, &str)], body: &Bytes| Attack {
        name,
        protocol: Protocol::Http,
        request: post(target.http, HTTP_LOGS, headers, body.clone()),
        right,
    };
    let deep_json = Bytes::from(format!(r#"{{"resourceLogs":{}"#, "[".repeat(NESTED)));
    let half = Bytes::from_static(br#"{"resourceLogs":[{"scopeLogs":"#);
    let mut attacks = vec![
        http("http truncated", &[400], &[PROTOBUF], &bodies.truncated),
        http("http too large", &[413], &[PROTOBUF], &bodies.too_large),
        http("http nested", &[400], &[PROTOBUF], &bodies.nested),
        http("http random", &[400], &[PROTOBUF], &bodies.random),
        http("http json truncated", &[400], &[JSON], &half),
        http("http json nested", &[400], &[JSON], &deep_json),
        http("http json that is protobuf", &[400], &[JSON], &bodies.truncated),
        http("http gzip bomb", &[413], &[PROTOBUF, GZIP], &bodies.gzip),
        http("http zstd bomb", &[413], &[PROTOBUF, ZSTD], &bodies.zstd),
        http("http gzip that is none", &[400], &[PROTOBUF, GZIP], &bodies.random),
        http("http zstd that is none", &[400], &[PROTOBUF, ZSTD], &bodies.random),
        http("http unknown encoding", &[400, 415], &[PROTOBUF, ("content-encoding", "br")], &bodies.random),
        http("http wrong content type", &[415], &[("content-type", "text/plain")], &bodies.truncated),
        http("http no content type", &[415], &[], &bodies.truncated),
    ];
    let mut wrong_path = http("http wrong path", &[404], &[PROTOBUF], &bodies.truncated);
    wrong_path.request = post(target.http, "/v1/nothing", &[PROTOBUF], bodies.truncated.clone());
    let mut wrong_method = http("http wrong method", &[405], &[PROTOBUF], &Bytes::new());
    *wrong_method.request.method_mut() = Method::GET;
    attacks.extend([wrong_path, wrong_method]);
    attacks
}

fn over_grpc(target: Target, bodies: &Bodies) -> Vec<Attack> {
    const GZIP: (&str, &str) = ("grpc-encoding", "gzip");
    const ZSTD: (&str, &str) = ("grpc-encoding", "zstd");
    let attack = |name, right, request| Attack { name, protocol: Protocol::Grpc, request, right };
    let grpc = |name, right, message: &Bytes| attack(name, right, call(target.grpc, &[], message, false));
    let packed = |name, right, encoding, message: &Bytes| {
        attack(name, right, call(target.grpc, &[encoding], message, true))
    };
    let elsewhere = |path: &str| {
        let mut request = call(target.grpc, &[], &bodies.truncated, false);
        *request.uri_mut() = format!("http://{}{path}", target.grpc).parse().expect("a valid address");
        request
    };
    let mut no_grpc = call(target.grpc, &[], &bodies.truncated, false);
    no_grpc.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().expect("a constant"));
    let mut lying = call(target.grpc, &[], &[], false);
    let framed = frame(&bodies.truncated, false);
    *lying.body_mut() = framed.slice(..framed.len() - 3).into();
    let unknown_method = GRPC_LOGS.replace("Export", "Import");
    vec![
        grpc("grpc truncated", &[3], &bodies.truncated),
        grpc("grpc too large", &[8], &bodies.too_large),
        grpc("grpc nested", &[3], &bodies.nested),
        grpc("grpc random", &[3], &bodies.random),
        packed("grpc gzip bomb", &[8], GZIP, &bodies.gzip),
        packed("grpc zstd bomb", &[8], ZSTD, &bodies.zstd),
        packed("grpc gzip that is none", &[3, 13], GZIP, &bodies.random),
        packed("grpc zstd that is none", &[3, 13], ZSTD, &bodies.random),
        packed("grpc unknown encoding", &[12], ("grpc-encoding", "br"), &bodies.random),
        attack("grpc packed without encoding", &[3, 13], call(target.grpc, &[], &bodies.random, true)),
        attack("grpc frame longer than its data", &[3, 13], lying),
        attack("grpc unknown method", &[12], elsewhere(&unknown_method)),
        attack("grpc unknown service", &[12], elsewhere("/nobody.Knows/This")),
        attack("grpc wrong content type", &[415], no_grpc),
    ]
}

/// Ten thousand values, each inside the next.
fn nested() -> Bytes {
    let mut value = Vec::new();
    for _ in 0..NESTED {
        // AnyValue { array_value: ArrayValue { values: [inner] } }
        value = field(5, &field(1, &value));
    }
    // ExportLogsServiceRequest { ResourceLogs { ScopeLogs { LogRecord { body } } } }
    [5, 2, 2, 1].into_iter().fold(value, |inner, tag| field(tag, &inner)).into()
}

fn too_large() -> Bytes {
    // A valid request, but for its size.
    let body = field(1, &vec![b'x'; TOO_LARGE]);
    [5, 2, 2, 1].into_iter().fold(body, |inner, tag| field(tag, &inner)).into()
}

/// A length-delimited field.
fn field(tag: u8, inner: &[u8]) -> Vec<u8> {
    let mut outer = vec![tag << 3 | 2];
    prost::encode_length_delimiter(inner.len(), &mut outer).expect("a Vec has room");
    outer.extend_from_slice(inner);
    outer
}

fn random() -> Bytes {
    let mut bytes = vec![0; 10_000];
    SmallRng::seed_from_u64(8).fill_bytes(&mut bytes);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_requests_are_malformed() {
        assert!(items::read(&Bodies::new().truncated).is_err());
        assert!(items::read(&nested()).is_err());
        assert!(items::read(&random()).is_err());
        assert_eq!(items::read(&too_large()).unwrap().unnumbered, 1, "wrong in nothing but its size");
    }
}
