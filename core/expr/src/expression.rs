use crate::{
    Context, Failure, ParseError, Record, Value,
    error::Wrong,
    node::{Kind, Node},
    parser,
    path::Names,
};

/// A compiled OTTL expression.
#[derive(Debug, Clone)]
pub struct Expression {
    node: Node,
}

impl Expression {
    /// Compiles `text` for records of `context`.
    ///
    /// # Errors
    /// Where the text is not OTTL, names a path that the context does not have, or is too deep.
    pub fn parse(text: &str, context: Context) -> Result<Self, ParseError> {
        Self::compile(text, Names { context, prefixed: false })
    }

    fn compile(text: &str, names: Names) -> Result<Self, ParseError> {
        let node = parser::expression(text, names).map_err(|wrong| wrong.locate(text))?;
        Ok(Self { node })
    }

    /// The value for a record.
    ///
    /// # Errors
    /// Where it cannot be calculated: a sum with a text, a division by zero, a text that is no number.
    pub fn try_evaluate<'a>(&'a self, record: &Record<'_, 'a>) -> Result<Value<'a>, Failure> {
        self.node.evaluate(record)
    }

    /// Writes the value for a record as JSON; what is written out as a list or a map in the expression is not made first.
    ///
    /// # Errors
    /// As [`try_evaluate`](Self::try_evaluate), and for times. What has been written until then is to be thrown away.
    pub fn write_json<'a>(&'a self, record: &Record<'_, 'a>, out: &mut Vec<u8>) -> Result<(), Failure> {
        self.node.put_json(record, out)
    }

    /// Whether it is a list or a map that is written out.
    pub fn is_written_out(&self) -> bool {
        matches!(self.node, Node::List(_) | Node::Map(_))
    }

    /// The value for a record. What cannot be calculated is [`Value::Nil`].
    pub fn evaluate<'a>(&'a self, record: &Record<'_, 'a>) -> Value<'a> {
        self.try_evaluate(record).unwrap_or_default()
    }
}

/// A compiled OTTL expression that is true or false.
#[derive(Debug, Clone)]
pub struct Condition {
    expression: Expression,
}

impl Condition {
    /// Compiles `text` for records of `context`.
    ///
    /// # Errors
    /// As [`Expression::parse`], and where the text is surely a number or a text.
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
        let expression = Expression::compile(text, names)?;
        match expression.node.kind() {
            Kind::Condition | Kind::Unknown => Ok(Self { expression }),
            Kind::Number | Kind::Other => {
                let wrong = Wrong::new(0, "a condition is true or false, this is a value");
                Err(wrong.help("compare it, e.g. with `==` or `>`").locate(text))
            }
        }
    }

    /// Whether it is true of a record. A value other than `true`, nil too, is not.
    ///
    /// # Errors
    /// Where it cannot be calculated.
    pub fn try_holds(&self, record: &Record<'_, '_>) -> Result<bool, Failure> {
        Ok(self.expression.try_evaluate(record)?.is_true())
    }

    /// Whether it is true of a record. What cannot be calculated is not.
    pub fn holds(&self, record: &Record<'_, '_>) -> bool {
        self.expression.evaluate(record).is_true()
    }
}
