/// Where in its text an expression is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// In bytes from the start.
    pub offset: usize,
    /// In characters from the start, counted from 1.
    pub column: usize,
}

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {}", position.column)]
pub struct ParseError {
    /// Where it is wrong.
    pub position: Position,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that can be guessed.
    pub help: Option<String>,
}

/// An error before its column is known.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Wrong {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the candidate that was probably meant, if one is near.
    pub(crate) fn nearest<T: AsRef<str>>(self, word: &str, candidates: impl Iterator<Item = T>) -> Self {
        let allowed = (word.len() / 3).clamp(1, 4);
        let near = candidates
            .map(|candidate| (strsim::damerau_levenshtein(word, candidate.as_ref()), candidate))
            .filter(|(distance, _)| *distance <= allowed)
            .min_by(|(left, one), (right, other)| (left, one.as_ref()).cmp(&(right, other.as_ref())));
        match near {
            Some((_, candidate)) => self.help(format!("did you mean `{}`?", candidate.as_ref())),
            None => self,
        }
    }

    pub(crate) fn locate(self, text: &str) -> ParseError {
        let column = text.get(..self.offset).map_or(0, |before| before.chars().count()) + 1;
        ParseError {
            position: Position { offset: self.offset, column },
            message: self.message,
            help: self.help,
        }
    }
}
