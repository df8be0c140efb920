//! Component ids as names of directories, and back.

/// What a file system takes for one name, less what a suffix may need.
const LONGEST: usize = 240;

/// `otlp/backup` becomes `otlp%2Fbackup`. None for an id that is too long for a name.
pub(crate) fn escape(id: &str) -> Option<String> {
    let mut name = String::with_capacity(id.len());
    for (index, byte) in id.bytes().enumerate() {
        // A leading dot would hide it, or be `.` or `..`.
        let plain = byte.is_ascii_alphanumeric() || b"_-".contains(&byte) || (byte == b'.' && index > 0);
        if plain {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    (!name.is_empty() && name.len() <= LONGEST).then_some(name)
}

/// The id of which this is the name; none if it is no such name.
pub(crate) fn unescape(name: &str) -> Option<String> {
    let mut id = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            id.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            id.push(*first);
            rest = after;
        }
    }
    let id = String::from_utf8(id).ok()?;
    (escape(&id).as_deref() == Some(name)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_names_that_stay_where_they_are() {
        assert_eq!(escape("otlp/backup").as_deref(), Some("otlp%2Fbackup"));
        assert_eq!(escape("..").as_deref(), Some("%2E."));
        assert_eq!(escape("otlp/é").as_deref(), Some("otlp%2F%C3%A9"));
        assert_eq!((escape(""), escape(&"x".repeat(300))), (None, None));
        assert_eq!((unescape("a%2"), unescape("a%2f"), unescape("a b")), (None, None, None));
    }

    proptest! {
        #[test]
        fn every_id_comes_back(id in "\\PC{1,60}") {
            let name = escape(&id);
            prop_assume!(name.is_some());
            let name = name.unwrap();
            prop_assert!(!name.contains('/') && !name.starts_with('.'));
            prop_assert_eq!(unescape(&name), Some(id));
        }
    }
}
