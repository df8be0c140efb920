//! A component of a configuration, checked, and not yet built.

use serde::de::DeserializeOwned;

use crate::{ComponentId, Diagnostic, Diagnostics, Kind, Node, Span, variables};

/// A component of a configuration. Two are equal if they would be built the same.
#[derive(Clone, Debug)]
pub struct Component {
    /// What it is called.
    pub id: ComponentId,
    /// The section it stands in.
    pub kind: Kind,
    /// The canonical name of its type: aliases are resolved.
    pub type_name: &'static str,
    /// Where its id was written.
    pub span: Span,
    /// Its configuration: a mapping that its schema holds for.
    pub body: Node,
}

impl PartialEq for Component {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, self.kind, self.type_name) == (&other.id, other.kind, other.type_name)
            && self.body.is_written_as(&other.body)
    }
}

/// What is wrong with a value, by a component that has looked at what a schema cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The key, from the component's body down, e.g. `protocols.grpc.endpoint` or `rules[0].for`; empty for the
    /// component as a whole.
    pub path: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Which byte of the text at `path` is wrong, where it is a text that has a syntax of its own.
    pub at: Option<usize>,
}

impl Mistake {
    /// A mistake at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), help: None, at: None }
    }

    /// At byte `offset` of the text.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.at = Some(offset);
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Component {
    /// The component's configuration struct.
    ///
    /// # Errors
    ///
    /// What serde refuses although the schema allows it, at the place where it stands.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Diagnostics> {
        deserialize(&self.body, &self.span)
    }

    /// Shows where a mistake stands.
    pub fn diagnose(&self, mistake: Mistake) -> Diagnostic {
        let span = self.body.span_of(&mistake.path, &self.span);
        let span = mistake.at.and_then(|offset| span.tail(offset)).unwrap_or(span);
        variables::advise(Diagnostic::error(span, mistake.message).maybe_help(mistake.help))
    }
}

/// A struct from the tree; `key` is where the tree's root is shown.
pub(crate) fn deserialize<T: DeserializeOwned>(body: &Node, key: &Span) -> Result<T, Diagnostics> {
    serde_path_to_error::deserialize(body.to_json()).map_err(|error| {
        let span = body.span_of(&error.path().to_string(), key);
        Diagnostic::error(span, error.into_inner().to_string()).into()
    })
}
