//! Headers that are written in the configuration.

use std::collections::BTreeMap;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use tidewatch_config::Mistake;
use tidewatch_config::values::Secret;

/// The headers of a block `key`; their values are never printed.
pub(super) fn parse(key: &str, headers: &BTreeMap<String, Secret>) -> Result<HeaderMap, Vec<Mistake>> {
    let mut parsed = HeaderMap::with_capacity(headers.len());
    let mut mistakes = Vec::new();
    for (name, value) in headers {
        let path = format!("{key}.{name}");
        match (HeaderName::try_from(name), HeaderValue::try_from(value.expose())) {
            (Err(_), _) => mistakes.push(Mistake::new(path, format!("`{name}` is not a name of a header"))),
            (_, Err(_)) => mistakes.push(Mistake::new(path, "the value cannot stand in a header")),
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                parsed.insert(name, value);
            }
        }
    }
    if mistakes.is_empty() { Ok(parsed) } else { Err(mistakes) }
}
