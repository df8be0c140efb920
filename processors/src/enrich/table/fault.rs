use std::fmt;

/// Why a table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::enrich) struct Fault {
    /// Line and column of the file, both from 1, in characters; none for the table as a whole.
    pub(in crate::enrich) place: Option<(usize, usize)>,
    pub(in crate::enrich) message: String,
    /// The key of the configuration that is at odds with the table, such as `match.host.name`, where there is one.
    pub(in crate::enrich) key: Option<String>,
}

impl Fault {
    /// Of the table as a whole.
    pub(in crate::enrich) fn new(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into(), key: None }
    }

    /// At a byte of the text.
    pub(super) fn at(text: &str, byte: usize, message: impl Into<String>) -> Self {
        Self { place: Some(line_column(text, byte)), ..Self::new(message) }
    }

    /// At odds with a key of the configuration.
    pub(super) fn of_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }
}

/// `line:column: message`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Line and column of a byte, both from 1, in characters.
fn line_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// What the numbers mean that readers give to rows and cells.
#[derive(Clone, Copy)]
pub(super) enum Places<'t> {
    /// Bytes of a text.
    Bytes(&'t str),
    /// Elements of the list or object that a JSON text is.
    Elements(&'t str),
    /// Rows in the configuration itself: a list, or an object with these keys.
    Inline(Option<&'t [String]>),
}

impl Places<'_> {
    /// Something is wrong there.
    pub(super) fn fault(&self, at: usize, message: impl Into<String>) -> Fault {
        match self {
            Self::Bytes(text) => Fault::at(text, at, message),
            Self::Elements(text) => Fault::at(text, super::json::element(text, at), message),
            Self::Inline(keys) => {
                let row = match keys.and_then(|keys| keys.get(at)) {
                    Some(key) => format!("from.inline.{key}"),
                    None => format!("from.inline[{at}]"),
                };
                Fault::new(message).of_key(row)
            }
        }
    }

    /// How people are told about it.
    pub(super) fn name(&self, at: usize) -> String {
        match self.fault(at, "").place {
            Some((line, _)) => format!("in line {line}"),
            None => format!("as row {}", at + 1),
        }
    }
}
