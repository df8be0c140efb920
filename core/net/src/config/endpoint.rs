//! Where servers listen and clients connect to.

use std::path::PathBuf;

use http::uri::Authority;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidewatch_config::Mistake;

use crate::stream::Address;

/// What an endpoint is an address of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// `host:port`.
    #[default]
    Tcp,
    /// The path of a Unix domain socket.
    Unix,
}

/// Where a server listens. As in Go, an address without a host means all addresses of the machine.
pub(super) fn listen(endpoint: &str, transport: Transport) -> Result<Address, Mistake> {
    match transport {
        Transport::Unix if endpoint.is_empty() => Err(Mistake::new("endpoint", "the path is missing")),
        Transport::Unix => Ok(Address::Unix(endpoint.into())),
        Transport::Tcp => {
            let address = match endpoint.strip_prefix(':') {
                Some(port) => format!("[::]:{port}"),
                None => endpoint.to_owned(),
            };
            host_and_port(&address).map(Address::Tcp)
        }
    }
}

/// Where a gRPC client connects to, and whether the scheme asks for TLS (`https`) or against it (`http`).
pub(super) fn connect(endpoint: &str) -> Result<(Address, Option<bool>), Mistake> {
    let endpoint = endpoint.trim_end_matches('/');
    if let Some(path) = endpoint.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return Ok((Address::Unix(PathBuf::from(path)), None));
    }
    let (rest, tls) = match endpoint.split_once("://") {
        None => (endpoint, None),
        Some(("http", rest)) => (rest, Some(false)),
        Some(("https", rest)) => (rest, Some(true)),
        Some(("dns" | "passthrough", rest)) => (rest.trim_start_matches('/'), None),
        Some((scheme, _)) => {
            return Err(Mistake::new("endpoint", format!("the scheme `{scheme}` is unknown"))
                .help("use `host:port`, `http://`, `https://`, `dns:///` or `unix://`"));
        }
    };
    let rest = rest.strip_prefix("dns:").unwrap_or(rest);
    let address = match (tls, rest.parse::<Authority>().is_ok_and(|host| host.port().is_none())) {
        (Some(true), true) => format!("{rest}:443"),
        (Some(false), true) => format!("{rest}:80"),
        _ => rest.to_owned(),
    };
    Ok((Address::Tcp(host_and_port(&address)?), tls))
}

fn host_and_port(address: &str) -> Result<String, Mistake> {
    let parsed = address.parse::<Authority>();
    let complete = parsed.is_ok_and(|authority| {
        authority.port_u16().is_some() && !authority.host().is_empty() && !address.contains('@')
    });
    match complete {
        true => Ok(address.to_owned()),
        false => {
            Err(Mistake::new("endpoint", what_is_wrong(address))
                .help("an address looks like `localhost:4317`"))
        }
    }
}

/// Why `address` is none. A password in it is not repeated.
fn what_is_wrong(address: &str) -> String {
    let host_end = address.rfind(']').map_or(0, |bracket| bracket + 1);
    let port = address[host_end..].rsplit_once(':').map_or("", |(_, port)| port);
    if address.contains('@') {
        "an address has no user and no password".to_owned()
    } else if port.is_empty() && !address.contains([' ', '/']) {
        "the port is missing".to_owned()
    } else if port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_err()
        && !port.is_empty()
    {
        "the port is above 65535".to_owned()
    } else {
        format!("`{address}` is not an address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(address: &str) -> Address {
        Address::Tcp(address.to_owned())
    }

    #[test]
    fn servers_listen() {
        let listen = |endpoint| listen(endpoint, Transport::Tcp);
        assert_eq!(listen("localhost:4317"), Ok(tcp("localhost:4317")));
        assert_eq!(listen("[::1]:0"), Ok(tcp("[::1]:0")));
        assert_eq!(listen(":4317"), Ok(tcp("[::]:4317")));
        for wrong in ["", "localhost", "localhost:", "localhost:99999", "http://localhost:1", "a b:1"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_passwords() {
        let message = |endpoint| connect(endpoint).unwrap_err().message;
        assert_eq!(message("localhost"), "the port is missing");
        assert_eq!(message("[::1]"), "the port is missing");
        assert_eq!(listen(":99999", Transport::Tcp).unwrap_err().message, "the port is above 65535");
        assert_eq!(message("u:SECRET@b:4317"), "an address has no user and no password");
        assert_eq!(message("a b:1"), "`a b:1` is not an address");
    }

    #[test]
    fn clients_connect() {
        for (endpoint, address, tls) in [
            ("backend:4317", "backend:4317", None),
            ("http://backend:4317", "backend:4317", Some(false)),
            ("https://backend:4317/", "backend:4317", Some(true)),
            ("https://backend", "backend:443", Some(true)),
            ("dns:///backend:4317", "backend:4317", None),
            ("dns:backend:4317", "backend:4317", None),
        ] {
            assert_eq!(connect(endpoint), Ok((tcp(address), tls)), "{endpoint}");
        }
        assert_eq!(connect("unix:///run/a.sock"), Ok((Address::Unix("/run/a.sock".into()), None)));
        assert!(connect("ftp://backend:1").is_err());
        assert!(connect("backend").is_err());
    }
}
