use super::{Found, Machine};
use serde_json::Value as Json;

/// As SDKs read it: `name=value,name=value`, percent-encoded.
const VARIABLE: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// What somebody has written into the environment. One entry that cannot be read costs all of them, as the
/// specification wants it.
pub(super) fn detect(machine: &Machine) -> Result<Found, String> {
    let list = machine.variable(VARIABLE).ok_or_else(|| format!("{VARIABLE} is not set"))?;
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|item| entry(item).ok_or_else(|| format!("{VARIABLE}: `{item}` is not `name=value`")))
        .collect()
}

fn entry(entry: &str) -> Option<(String, Json)> {
    let (name, value) = entry.split_once('=')?;
    let name = decode(name.trim())?;
    (!name.is_empty()).then_some((name, Json::String(decode(value.trim())?)))
}

/// Percent-decoded text.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, more)) = rest.split_first() {
        rest = more;
        if byte == b'%' {
            let (digits, more) = more.split_at_checked(2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = more;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
