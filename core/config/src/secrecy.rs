//! Keeping secrets out of what is printed.

/// What the names of keys that hold secrets contain, in lower case and without separators.
const SECRET_NAMES: [&str; 9] = [
    "password",
    "passwd",
    "token",
    "secret",
    "apikey",
    "authorization",
    "credential",
    "privatekey",
    "accesskey",
];

/// What such names end with when they hold something about a secret, not the secret: `token_url`, `password_file`.
const HARMLESS_ENDS: [&str; 9] =
    ["file", "url", "path", "type", "name", "header", "scheme", "timeout", "endpoint"];

/// Whether a key of this name holds a secret, by the look of it.
pub(crate) fn looks_secret(key: &str) -> bool {
    let name: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
        && !HARMLESS_ENDS.iter().any(|end| name.ends_with(end))
}

/// `url` with the password in it (`postgres://user:password@host`) redacted; `None` if there is none.
pub(crate) fn redact_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let (user_info, _) = authority.rsplit_once('@')?;
    let (user, password) = user_info.split_once(':')?;
    let host = &rest[user_info.len()..];
    (!password.is_empty()).then(|| format!("{scheme}://{user}:[REDACTED]{host}"))
}

/// YAML lines, with `*` for every byte of the values of keys that look secret, so that positions stay the same.
pub(crate) fn mask(lines: &str) -> String {
    lines.split('\n').map(mask_line).collect::<Vec<_>>().join("\n")
}

fn mask_line(line: &str) -> String {
    let separators: Vec<usize> = line.match_indices([':', '=']).map(|(at, _)| at).collect();
    let secret = separators.into_iter().find(|at| {
        let before = line[..*at].trim_end_matches(['"', '\'']);
        let key = before.rsplit([' ', '{', ',', '"', '\'', ':']).next().unwrap_or_default();
        looks_secret(key)
    });
    let Some(at) = secret else { return line.to_owned() };
    let value = &line[at + 1..];
    if value.trim_start_matches([' ', '"', '\'', ':']).starts_with("${") || value.trim().is_empty() {
        return line.to_owned();
    }
    let stars: String = value.bytes().map(|byte| if byte == b' ' { ' ' } else { '*' }).collect();
    format!("{}{stars}", &line[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for key in ["password", "api_key", "Authorization", "X-Api-Key", "bearer_token", "client_secret"] {
            assert!(looks_secret(key), "{key}");
        }
        for key in ["endpoint", "token_url", "password_file", "key", "routing_key"] {
            assert!(!looks_secret(key), "{key}");
        }
    }

    #[test]
    fn passwords_in_urls_are_redacted() {
        let redacted = redact_url("postgres://me:hunter2@db:5432/x?y=z");
        assert_eq!(redacted.as_deref(), Some("postgres://me:[REDACTED]@db:5432/x?y=z"));
        assert_eq!(redact_url("http://me@host/a:b@c"), None);
    }

    #[test]
    fn lines_are_masked_in_place() {
        assert_eq!(mask("  passwort: a\n  password: abc d"), "  passwort: a\n  password: *** *");
        assert_eq!(mask("{\"token\": x}"), "{\"token\": **");
        assert_eq!(mask("token: ${env:T}"), "token: ${env:T}");
    }
}
