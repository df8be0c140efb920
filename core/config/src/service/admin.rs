//! The port at which the agent is administered.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The port at which the agent is administered. Whoever reaches it can reload the agent and read its configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Admin {
    /// Where to listen: `localhost:PORT`, or another address that only this machine can reach.
    pub endpoint: String,
}

impl Admin {
    /// Why the endpoint cannot be used, and what would do.
    pub(crate) fn mistake(&self) -> Option<(&'static str, &'static str)> {
        let port = self.endpoint.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        match port {
            None | Some((_, Err(_))) => {
                Some(("this is not an address with a port", "write it like `localhost:13134`"))
            }
            Some((host, Ok(_))) if !is_local(host) => Some((
                "only this machine may reach this port: it tells the configuration, and changes what runs",
                "write `localhost`, `127.0.0.1` or `[::1]`",
            )),
            Some(_) => None,
        }
    }
}

/// Whether `host`, a name or an address without a port, is this machine where nobody else can reach it.
pub fn is_local(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_listened_to() {
        let mistake = |endpoint: &str| Admin { endpoint: endpoint.into() }.mistake();
        for endpoint in
            ["localhost:1", "LOCALHOST:1", "127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"]
        {
            assert_eq!(mistake(endpoint), None, "{endpoint}");
        }
        for endpoint in
            ["0.0.0.0:1", ":1", "[::]:1", "10.0.0.1:1", "example.com:1", "localhost.example.com:1"]
        {
            assert!(mistake(endpoint).is_some_and(|(what, _)| what.starts_with("only")), "{endpoint}");
        }
        for endpoint in ["localhost", "localhost:", "localhost:99999", ""] {
            assert!(mistake(endpoint).is_some_and(|(what, _)| what.contains("port")), "{endpoint}");
        }
    }
}
