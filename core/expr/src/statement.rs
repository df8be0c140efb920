use crate::{Context, Failure, ParseError, RecordMut, editors::Editor, node::Node, parser, path::Names};
use std::sync::Arc;

/// A compiled OTTL statement: an edit, and when it is made.
#[derive(Debug, Clone)]
pub struct Statement {
    text: String,
    editor: Arc<dyn Editor>,
    condition: Option<Node>,
}

impl Statement {
    /// Compiles `text` for records of `context`.
    ///
    /// # Errors
    /// Where the text is not a statement of OTTL, names what does not exist, or is too deep.
    pub fn parse(text: &str, context: Context) -> Result<Self, ParseError> {
        Self::compile(text, Names { context, prefixed: false })
    }

    /// As [`parse`](Self::parse), where each path starts with the name of its context, as in `log.body`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_prefixed(text: &str, context: Context) -> Result<Self, ParseError> {
        Self::compile(text, Names { context, prefixed: true })
    }

    fn compile(text: &str, names: Names) -> Result<Self, ParseError> {
        let (editor, condition) = parser::statement(text, names).map_err(|wrong| wrong.locate(text))?;
        Ok(Self { text: text.to_owned(), editor, condition })
    }

    /// Carries it out. False: its `where` does not hold, and nothing is done.
    ///
    /// # Errors
    /// Where a value cannot be calculated, or the target does not take it; nothing is changed then.
    pub fn run<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<bool, Failure> {
        if let Some(condition) = &self.condition
            && !condition.evaluate(&record.read())?.is_true()
        {
            return Ok(false);
        }
        self.editor.edit(record)?;
        Ok(true)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}
