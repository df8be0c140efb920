//! Addresses.

use super::{Function, lists::list, plain};
use crate::{Failure, Value, limits::fits, text::text};
use std::net::IpAddr;
use tidewatch_otlp::{edit::Arena, views::AttributesView, write::MapWriter};

pub(super) static TABLE: &[Function] =
    &[plain("IsInCIDR", &["target", "networks"], is_in_cidr), plain("URL", &["url_string"], url)];

fn is_in_cidr<'a>(values: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let address: IpAddr = text(&values[0])?.parse().map_err(|_| Failure::new("the text is no IP address"))?;
    for network in list(&values[1])?.iter() {
        let written = network.as_str().ok_or_else(|| Failure::expected("text", &network.into()))?;
        let network = network_of(written)
            .ok_or_else(|| Failure::new(format!("`{written}` is no network such as 10.0.0.0/8")))?;
        if contains(network, address) {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn network_of(written: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = written.split_once('/')?;
    let (address, bits) = (address.parse::<IpAddr>().ok()?, bits.parse().ok()?);
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, bits))
}

fn contains((network, bits): (IpAddr, u32), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

/// A map with the names of the semantic conventions: `url.scheme`, `url.domain`, `url.path` and so on.
fn url<'a>(values: &[Value<'a>], arena: &'a Arena) -> Result<Value<'a>, Failure> {
    let original = text(&values[0])?;
    // Parts of it are there up to four times.
    fits(original.len().saturating_mul(4))?;
    let no_url = || Failure::new("the text is no URL such as https://example.com/path");
    let (scheme, rest) = original.split_once("://").ok_or_else(no_url)?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme || original.contains(|c: char| c.is_ascii_control()) {
        return Err(no_url());
    }
    let (rest, fragment) = rest.split_once('#').map_or((rest, None), |(rest, part)| (rest, Some(part)));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, part)| (rest, Some(part)));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user_info, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    // Colons within brackets are those of an IPv6 address.
    let (domain, port) = match host.rfind(':').filter(|colon| host.rfind(']').is_none_or(|end| end < *colon))
    {
        Some(colon) => (&host[..colon], &host[colon + 1..]),
        None => (host, ""),
    };
    let port: Option<u16> = if port.is_empty() { None } else { Some(port.parse().map_err(|_| no_url())?) };
    let path = decoded(path).ok_or_else(no_url)?;
    let fragment = decoded(fragment.unwrap_or_default()).ok_or_else(no_url)?;
    let (user, password) =
        user_info.unwrap_or_default().split_once(':').unwrap_or((user_info.unwrap_or_default(), ""));
    let (user, password) = (decoded(user).ok_or_else(no_url)?, decoded(password).ok_or_else(no_url)?);
    let bytes = arena.write(|out| {
        let mut map = MapWriter::new(1, out);
        map.put("url.original", original);
        map.put("url.scheme", scheme.to_ascii_lowercase().as_str());
        map.put("url.domain", domain.trim_start_matches('[').trim_end_matches(']'));
        map.put("url.path", path.as_str());
        if let Some(port) = port {
            map.put("url.port", i64::from(port));
        }
        let extension =
            path.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map_or("", |(_, end)| end);
        for (key, value) in [
            ("url.extension", extension),
            ("url.query", query.unwrap_or_default()),
            ("url.fragment", &fragment),
            ("url.user_info", user_info.unwrap_or_default()),
            ("url.username", &user),
            ("url.password", &password),
        ] {
            if !value.is_empty() {
                map.put(key, value);
            }
        }
    });
    Ok(Value::Map(AttributesView::of_map(bytes)))
}

/// None: a `%` without two hexadecimal digits, or what is no UTF-8.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, behind) = more.split_at_checked(2)?;
        bytes.extend(hex::decode(digits).ok()?);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}
